#pragma once
#include <stddef.h>
#include <stdint.h>

/* Elementwise steps of networks: plain C that the compiler vectorises, compiled for three generations of
   processors and chosen at run time. Bits are the same on one kind of processor only: newer ones
   fuse multiplication and addition. */

enum cvm_activation {
  CVM_TANH,
  CVM_RELU,
  CVM_LEAKY_RELU, /* slope 0.01 below zero */
  CVM_ELU,        /* alpha 1 */
  CVM_SELU,
  CVM_SOFTPLUS,
  CVM_SIGMOID,
  CVM_LOG_SIGMOID,
  CVM_RANDOM_LEAKY_RELU, /* slope below zero the mean of random ones, 11/48 */
};

#define CVM_DECLARE(REAL, NAME)                                                                    \
  /* h = f(z); d1 = f'(z) and d2 = f''(z) where not null. Tanh is at most 5 ulp off. */              \
  void NAME(activate)(enum cvm_activation kind, size_t n, const REAL *z, REAL *h, REAL *d1,        \
                      REAL *d2);                                                                   \
  /* The tangents of an activation: for each of `streams` vectors, out = d1 in. */                 \
  void NAME(push_tangents)(size_t n, size_t streams, const REAL *d1, const REAL *in, REAL *out);   \
  /* Backwards through value and tangents. `bar` holds the gradients of h and then of its tangents,\
     and becomes those of z and its tangents:                                                      \
     bar_0 = d1 bar_0 + d2 sum_k zdot_k bar_k,  bar_k = d1 bar_k. */                               \
  void NAME(pull_tangents)(size_t n, size_t streams, const REAL *d1, const REAL *d2,               \
                           const REAL *zdot, REAL *bar);                                           \
  /* Multiplies h, d1 and (unless NULL) d2 of n rows, `stride` values apart, by 65536/threshold where  \
     bits < threshold, else by 0; bits has n rows of `width`. */                                   \
  void NAME(drop_out)(size_t n, size_t width, size_t stride, const uint16_t *bits,                 \
                      uint32_t threshold, REAL *h, REAL *d1, REAL *d2);                            \
  /* h = a z, d1 = a where z <= 0, a = lower + (upper - lower) (bits + 1/2)/65536. */              \
  void NAME(random_slopes)(size_t n, size_t width, size_t stride, const uint16_t *bits,            \
                           REAL lower, REAL upper, const REAL *z, REAL *h, REAL *d1);              \
  /* Copies rows of `width` values, chosen by number from a table, to rows `stride` values apart. */\
  void NAME(gather)(size_t n, const int32_t *rows, size_t width, const REAL *table, size_t stride, \
                    REAL *y);                                                                      \
  /* Transposes n rows of `width` values to `width` rows of `block` values, with zeros after the n-th.*/\
  void NAME(transpose)(size_t n, size_t width, size_t block, const REAL *x, REAL *y);              \
  /* z = W h (+ b) for columns: h has `inputs` rows of `columns` values, z has `units`. A row of W is \
     `stride` long and ends in the bias, if that is wanted. `columns` is a multiple of 16. Every   \
     column gets the same operations in the same order, whatever its place or companions. */       \
  void NAME(affine)(size_t units, size_t inputs, size_t columns, const REAL *w, size_t stride,     \
                    int with_bias, const REAL *h, REAL *z);                                        \
  /* z = x + shift for each of `units` rows of `columns` values; shifts are `stride` apart. */      \
  void NAME(shift)(size_t units, size_t columns, const REAL *x, const REAL *shift, size_t stride,  \
                   REAL *z);                                                                       \
  /* The same with the tanh of it. */                                                              \
  void NAME(shift_tanh)(size_t units, size_t columns, const REAL *x, const REAL *shift,            \
                        size_t stride, REAL *h);                                                   \
  /* Sets every `stride`-th of n values. */                                                        \
  void NAME(set_column)(size_t n, size_t stride, REAL value, REAL *y);                             \
  /* Copies a row of `width` values to n rows, `stride` values apart. */                           \
  void NAME(repeat_row)(size_t n, size_t width, size_t stride, const REAL *x, REAL *y);            \
  /* Adds n rows of `width` values, `stride` apart, in order to values `y_stride` apart. x may be read\
     to the end of its rows. */                                                                    \
  void NAME(add_columns)(size_t n, size_t width, size_t stride, const REAL *x, REAL *y,            \
                         size_t y_stride);                                                         \
  /* y = factor y. */                                                                              \
  void NAME(scale)(size_t n, REAL factor, REAL *y);                                                \
  /* y = y + x. */                                                                                 \
  void NAME(add)(size_t n, const REAL *x, REAL *y);                                                \
  /* y = the sum of rows of n values, `stride` apart, added in order; the sum of its squares. */     \
  double NAME(add_rows)(size_t n, size_t rows, size_t stride, const REAL *x, REAL *y);              \
  /* Whether all values are finite. */                                                              \
  int NAME(is_finite)(size_t n, const REAL *x);                                                    \
  void NAME(to_double)(size_t n, const REAL *x, double *y);                                        \
  void NAME(from_double)(size_t n, const double *x, REAL *y);                                      \
  /* A step of Adam (Kingma and Ba 2014) with gradients scale*g; with `vmax` of AMSGrad            \
     (Reddi et al. 2018). `rate` is divided by 1-beta1^t, `root` is sqrt(1-beta2^t). */            \
  void NAME(adam)(size_t n, REAL scale, REAL rate, REAL root, REAL beta1, REAL beta2,              \
                  REAL epsilon, const REAL *g, REAL *w, REAL *m, REAL *v, REAL *vmax);             \
  /* A step of stochastic gradient descent: m = momentum m + scale g, w = w - rate m; with         \
     Nesterov's momentum w = w - rate (momentum m + scale g). */                                   \
  void NAME(sgd)(size_t n, REAL scale, REAL rate, REAL momentum, int nesterov, const REAL *g,      \
                 REAL *w, REAL *m);

#define CVM_FLOAT(name) cvm_float_##name
#define CVM_DOUBLE(name) cvm_double_##name
CVM_DECLARE(float, CVM_FLOAT)
CVM_DECLARE(double, CVM_DOUBLE)

/* Two draws of 64 bits, lower words first, for each of n counters of Philox 4x32-10. The first of a counter's four words
   counts up from that of `counter`. */
void cvm_philox(uint32_t key0, uint32_t key1, const uint32_t *counter, size_t n, uint64_t *draws);

/* The number of cores in this process's affinity mask, at least 1. */
int cvm_available_cores(void);

/* Asks for the cache line of an address before it is needed. */
static inline void cvm_prefetch(const void *address) { __builtin_prefetch(address); }

/* Tells the processor that the caller waits in a loop. */
static inline void cvm_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
