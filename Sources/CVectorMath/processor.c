#define _GNU_SOURCE
#include <sched.h>
#include <unistd.h>

#include "cvectormath.h"

int cvm_available_cores(void) {
  /* The kernel refuses masks smaller than its own, so machines with many cores need a second try. */
  for (int cores = CPU_SETSIZE; cores <= 1 << 20; cores *= 4) {
    cpu_set_t *mask = CPU_ALLOC(cores);
    if (mask == NULL) break;
    size_t size = CPU_ALLOC_SIZE(cores);
    int count = sched_getaffinity(0, size, mask) == 0 ? CPU_COUNT_S(size, mask) : 0;
    CPU_FREE(mask);
    if (count > 0) return count;
  }
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}
