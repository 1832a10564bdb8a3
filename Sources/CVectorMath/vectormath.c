#include "cvectormath.h"
__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
void cvm_tanh(const float *restrict x, float *restrict y, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    float a = x[i];
    a = a < -7.90531110763549805f ? -7.90531110763549805f : a;
    a = a > 7.90531110763549805f ? 7.90531110763549805f : a;
    float s = a * a;
    float p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = s * p + -8.60467152213735e-11f;
    p = s * p + 5.12229709037114e-08f;
    p = s * p + 1.48572235717979e-05f;
    p = s * p + 6.37261928875436e-04f;
    p = a * (s * p + 4.89352455891786e-03f);
    float q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = s * q + 2.26843463243900e-03f;
    y[i] = p / (s * q + 4.89352518554385e-03f);
  }
}
