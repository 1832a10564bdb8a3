#define REAL float
#define NAME CVM_FLOAT
#define EXP expf
#define EXPM1 expm1f
#define LOG1P log1pf
#define TANH rational_tanh

/* Rational approximation of degrees 13 and 6, the one of the Eigen library: 40 times the speed of tanhf. */
static inline float rational_tanh(float x) {
  float a = x < -7.90531110763549805f ? -7.90531110763549805f : x;
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
  return p / (s * q + 4.89352518554385e-03f);
}

#include "kernels.h"
