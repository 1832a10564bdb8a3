#include <stdint.h>
#include <string.h>

#define REAL double
#define NAME CVM_DOUBLE
#define EXP exp
#define EXPM1 expm1
#define LOG1P log1p
#define TANH tanh_by_expm1

/* tanh a = t/(t+2) with t = e^(2a) - 1 = 2^n (e^r - 1) + (2^n - 1), r = 2a - n ln 2 (in two parts): no branches, so
   that the compiler vectorises it, and at most 3 ulp off, small arguments too. */
static inline double tanh_by_expm1(double x) {
  double a = __builtin_fabs(x);
  a = a > 22 ? 22 : a; /* e^-44 is below half an ulp of 1; NaN stays */
  double y = 2 * a;
  double shifted = y * 1.4426950408889634 + 0x1.8p52; /* n in the low bits */
  double n = shifted - 0x1.8p52;
  double r = (y - n * 0x1.62e42fefap-1) - n * 0x1.cf79abc9e3b3ap-40;
  double s = 1.0 / 6227020800; /* Taylor's series: |r| <= 0.347, the next term is below 1e-17 r */
  s = s * r + 1.0 / 479001600;
  s = s * r + 1.0 / 39916800;
  s = s * r + 1.0 / 3628800;
  s = s * r + 1.0 / 362880;
  s = s * r + 1.0 / 40320;
  s = s * r + 1.0 / 5040;
  s = s * r + 1.0 / 720;
  s = s * r + 1.0 / 120;
  s = s * r + 1.0 / 24;
  s = s * r + 1.0 / 6;
  s = s * r + 0.5;
  s = s * r * r + r;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << 52) + 0x3ff0000000000000;
  double power;
  memcpy(&power, &bits, sizeof power);
  double t = power * s + (power - 1);
  return __builtin_copysign(t / (t + 2), x);
}

#include "kernels.h"
