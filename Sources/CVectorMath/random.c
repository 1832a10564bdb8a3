#include "clones.h"
#include "cvectormath.h"

#define LANES 16

/* Philox 4x32-10 of Salmon et al., SC11 (2011), of LANES counters at once. */
CLONES void cvm_philox(uint32_t key0, uint32_t key1, const uint32_t *counter, size_t n,
                       uint64_t *draws) {
  for (size_t first = 0; first < n; first += LANES) {
    uint32_t x0[LANES], x1[LANES], x2[LANES], x3[LANES];
    uint32_t k0 = key0, k1 = key1;
    for (size_t i = 0; i < LANES; ++i) {
      x0[i] = counter[0] + (uint32_t)(first + i);
      x1[i] = counter[1];
      x2[i] = counter[2];
      x3[i] = counter[3];
    }
    for (int round = 0; round < 10; ++round) {
      for (size_t i = 0; i < LANES; ++i) {
        uint64_t p0 = (uint64_t)x0[i] * 0xD2511F53, p1 = (uint64_t)x2[i] * 0xCD9E8D57;
        x0[i] = (uint32_t)(p1 >> 32) ^ x1[i] ^ k0;
        x1[i] = (uint32_t)p1;
        x2[i] = (uint32_t)(p0 >> 32) ^ x3[i] ^ k1;
        x3[i] = (uint32_t)p0;
      }
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    size_t count = n - first < LANES ? n - first : LANES;
    for (size_t i = 0; i < count; ++i) {
      draws[2 * (first + i)] = x0[i] | (uint64_t)x1[i] << 32;
      draws[2 * (first + i) + 1] = x2[i] | (uint64_t)x3[i] << 32;
    }
  }
}
