/* The kernels for one scalar type: REAL, NAME, and the elementary functions are defined by the file that includes
   this one. Loops are kept simple, for the compiler to vectorise. */
#include <math.h>
#include <string.h>

#include "clones.h"
#include "cvectormath.h"

/* Klambauer et al. 2017. */
#define SELU_LAMBDA ((REAL)1.0507009873554804934193349852946)
#define SELU_ALPHA ((REAL)1.6732632423543772848170429916717)
#define LEAKY_SLOPE ((REAL)0.01)
/* Between 1/8 and 1/3, Xu et al. 2015. */
#define MEAN_RANDOM_SLOPE ((REAL)(11.0 / 48))

CLONES static void tanh_values(size_t n, const REAL *restrict z, REAL *restrict h) {
  for (size_t i = 0; i < n; ++i) h[i] = TANH(z[i]);
}

CLONES static void tanh_derivatives(size_t n, const REAL *restrict h, REAL *restrict d1,
                                    REAL *restrict d2) {
  for (size_t i = 0; i < n; ++i) d1[i] = 1 - h[i] * h[i];
  if (d2 == NULL) return;
  for (size_t i = 0; i < n; ++i) d2[i] = -2 * h[i] * d1[i];
}

/* Straight below and above zero: relu and leaky relu. */
CLONES static void broken_line(size_t n, REAL slope, const REAL *restrict z, REAL *restrict h,
                               REAL *restrict d1, REAL *restrict d2) {
  for (size_t i = 0; i < n; ++i) h[i] = z[i] > 0 ? z[i] : slope * z[i];
  if (d1 == NULL) return;
  for (size_t i = 0; i < n; ++i) d1[i] = z[i] > 0 ? 1 : slope;
  if (d2 == NULL) return;
  for (size_t i = 0; i < n; ++i) d2[i] = 0;
}

/* lambda z above zero, lambda alpha (e^z - 1) below: elu and selu. */
static void exponential_line(size_t n, REAL lambda, REAL alpha, const REAL *restrict z,
                             REAL *restrict h, REAL *restrict d1, REAL *restrict d2) {
  REAL size = lambda * alpha;
  for (size_t i = 0; i < n; ++i) h[i] = z[i] > 0 ? lambda * z[i] : size * EXPM1(z[i]);
  if (d1 == NULL) return;
  for (size_t i = 0; i < n; ++i) d1[i] = z[i] > 0 ? lambda : h[i] + size;
  if (d2 == NULL) return;
  for (size_t i = 0; i < n; ++i) d2[i] = z[i] > 0 ? 0 : h[i] + size;
}

static inline REAL softplus(REAL z) { return (z > 0 ? z : 0) + LOG1P(EXP(z > 0 ? -z : z)); }

/* sign softplus(sign z): softplus for +1, log sigmoid for -1. */
static void softplus_line(size_t n, REAL sign, const REAL *restrict z, REAL *restrict h,
                          REAL *restrict d1, REAL *restrict d2) {
  for (size_t i = 0; i < n; ++i) h[i] = sign * softplus(sign * z[i]);
  if (d1 == NULL) return;
  /* e^(-softplus(u)) = 1 - sigmoid(u). */
  for (size_t i = 0; i < n; ++i) d1[i] = -EXPM1(-sign * h[i]);
  if (d2 == NULL) return;
  for (size_t i = 0; i < n; ++i) d2[i] = sign * d1[i] * (1 - d1[i]);
}

CLONES static void sigmoid_line(size_t n, const REAL *restrict z, REAL *restrict h,
                                REAL *restrict d1, REAL *restrict d2) {
  for (size_t i = 0; i < n; ++i) h[i] = (REAL)0.5 + (REAL)0.5 * TANH((REAL)0.5 * z[i]);
  if (d1 == NULL) return;
  for (size_t i = 0; i < n; ++i) d1[i] = h[i] * (1 - h[i]);
  if (d2 == NULL) return;
  for (size_t i = 0; i < n; ++i) d2[i] = d1[i] * (1 - 2 * h[i]);
}

void NAME(activate)(enum cvm_activation kind, size_t n, const REAL *z, REAL *h, REAL *d1,
                    REAL *d2) {
  switch (kind) {
    case CVM_TANH:
      tanh_values(n, z, h);
      if (d1 != NULL) tanh_derivatives(n, h, d1, d2);
      break;
    case CVM_RELU: broken_line(n, 0, z, h, d1, d2); break;
    case CVM_LEAKY_RELU: broken_line(n, LEAKY_SLOPE, z, h, d1, d2); break;
    case CVM_ELU: exponential_line(n, 1, 1, z, h, d1, d2); break;
    case CVM_SELU: exponential_line(n, SELU_LAMBDA, SELU_ALPHA, z, h, d1, d2); break;
    case CVM_SOFTPLUS: softplus_line(n, 1, z, h, d1, d2); break;
    case CVM_SIGMOID: sigmoid_line(n, z, h, d1, d2); break;
    case CVM_LOG_SIGMOID: softplus_line(n, -1, z, h, d1, d2); break;
    case CVM_RANDOM_LEAKY_RELU: broken_line(n, MEAN_RANDOM_SLOPE, z, h, d1, d2); break;
  }
}

CLONES void NAME(drop_out)(size_t n, size_t width, size_t stride, const uint16_t *restrict bits,
                           uint32_t threshold, REAL *restrict h, REAL *restrict d1,
                           REAL *restrict d2) {
  REAL kept = (REAL)65536 / (REAL)threshold;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < width; ++j) {
      REAL factor = bits[i * width + j] < threshold ? kept : 0;
      h[i * stride + j] *= factor;
      d1[i * stride + j] *= factor;
      if (d2 != NULL) d2[i * stride + j] *= factor;
    }
}

CLONES void NAME(random_slopes)(size_t n, size_t width, size_t stride,
                                const uint16_t *restrict bits, REAL lower, REAL upper,
                                const REAL *restrict z, REAL *restrict h, REAL *restrict d1) {
  REAL step = (upper - lower) / (REAL)65536;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < width; ++j) {
      size_t at = i * stride + j;
      REAL slope = z[at] > 0 ? 1 : lower + step * ((REAL)bits[i * width + j] + (REAL)0.5);
      h[at] = slope * z[at];
      d1[at] = slope;
    }
}

CLONES void NAME(push_tangents)(size_t n, size_t streams, const REAL *restrict d1,
                                const REAL *restrict in, REAL *restrict out) {
  for (size_t k = 0; k < streams; ++k)
    for (size_t i = 0; i < n; ++i) out[k * n + i] = d1[i] * in[k * n + i];
}

CLONES void NAME(pull_tangents)(size_t n, size_t streams, const REAL *restrict d1,
                                const REAL *restrict d2, const REAL *restrict zdot,
                                REAL *restrict bar) {
  for (size_t i = 0; i < n; ++i) bar[i] *= d1[i];
  for (size_t k = 0; k < streams; ++k) {
    const REAL *restrict dot = zdot + k * n;
    REAL *restrict tangent = bar + (k + 1) * n;
    for (size_t i = 0; i < n; ++i) {
      bar[i] += d2[i] * dot[i] * tangent[i];
      tangent[i] *= d1[i];
    }
  }
}

void NAME(gather)(size_t n, const int32_t *rows, size_t width, const REAL *table, size_t stride,
                  REAL *y) {
  for (size_t i = 0; i < n; ++i) {
    const REAL *row = table + (size_t)rows[i] * width;
    for (size_t j = 0; j < width; ++j) y[i * stride + j] = row[j];
  }
}

/* Four values of a row. */
typedef REAL four __attribute__((vector_size(4 * sizeof(REAL)), aligned(sizeof(REAL))));

CLONES void NAME(transpose)(size_t n, size_t width, size_t block, const REAL *restrict x,
                            REAL *restrict y) {
  size_t rows = n / 4 * 4, columns = width / 4 * 4;
  /* Tiles of four by four in registers; what is left over after them. */
  for (size_t i = 0; i < rows; i += 4)
    for (size_t j = 0; j < columns; j += 4) {
      four a = *(const four *)(x + i * width + j), b = *(const four *)(x + (i + 1) * width + j);
      four c = *(const four *)(x + (i + 2) * width + j), d = *(const four *)(x + (i + 3) * width + j);
      four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
      four ef = __builtin_shufflevector(a, b, 2, 6, 3, 7), gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      *(four *)(y + j * block + i) = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
      *(four *)(y + (j + 1) * block + i) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
      *(four *)(y + (j + 2) * block + i) = __builtin_shufflevector(ef, gh, 0, 1, 4, 5);
      *(four *)(y + (j + 3) * block + i) = __builtin_shufflevector(ef, gh, 2, 3, 6, 7);
    }
  for (size_t j = 0; j < width; ++j) {
    for (size_t i = j < columns ? rows : 0; i < n; ++i) y[j * block + i] = x[i * width + j];
    for (size_t i = n; i < block; ++i) y[j * block + i] = 0;
  }
}

/* A cache line of values: one, two or four registers. */
typedef REAL line __attribute__((vector_size(64), aligned(4)));
#define LINE (64 / sizeof(REAL))

/* `count` units of `lines` lines at once, to use what is loaded often and to have sums enough under way; constants, so that
   sums stay in registers. */
static inline __attribute__((always_inline)) void affine_tile(size_t count, size_t lines,
                                                              size_t inputs, size_t columns,
                                                              const REAL *w, size_t stride,
                                                              int with_bias, const REAL *h,
                                                              REAL *z) {
  for (size_t c = 0; c < columns; c += lines * LINE) {
    line sums[6][2];
    for (size_t u = 0; u < count; ++u)
      for (size_t v = 0; v < lines; ++v)
        sums[u][v] = (line){0} + (with_bias ? w[u * stride + inputs] : (REAL)0);
    for (size_t k = 0; k < inputs; ++k) {
      line values[2];
      for (size_t v = 0; v < lines; ++v)
        values[v] = *(const line *)(h + k * columns + c + v * LINE);
      for (size_t u = 0; u < count; ++u)
        for (size_t v = 0; v < lines; ++v) sums[u][v] += w[u * stride + k] * values[v];
    }
    for (size_t u = 0; u < count; ++u)
      for (size_t v = 0; v < lines; ++v)
        *(line *)(z + u * columns + c + v * LINE) = sums[u][v];
  }
}

static inline __attribute__((always_inline)) void affine_units(size_t lines, size_t units,
                                                               size_t inputs, size_t columns,
                                                               const REAL *w, size_t stride,
                                                               int with_bias, const REAL *h,
                                                               REAL *z) {
  size_t u = 0;
  for (; u + 6 <= units; u += 6)
    affine_tile(6, lines, inputs, columns, w + u * stride, stride, with_bias, h, z + u * columns);
  for (; u + 2 <= units; u += 2)
    affine_tile(2, lines, inputs, columns, w + u * stride, stride, with_bias, h, z + u * columns);
  for (; u < units; ++u)
    affine_tile(1, lines, inputs, columns, w + u * stride, stride, with_bias, h, z + u * columns);
}

CLONES static void affine_narrow(size_t units, size_t inputs, size_t columns, const REAL *w,
                                 size_t stride, int with_bias, const REAL *h, REAL *z) {
  affine_units(1, units, inputs, columns, w, stride, with_bias, h, z);
}

#if defined(__x86_64__) && defined(__linux__)
/* 32 registers of a line each: 12 sums, where six wait for one another. Each sum has the same order. */
__attribute__((target("arch=x86-64-v4"), min_vector_width(512))) static void affine_wide(
    size_t units, size_t inputs, size_t columns, const REAL *w, size_t stride, int with_bias,
    const REAL *h, REAL *z) {
  affine_units(2, units, inputs, columns, w, stride, with_bias, h, z);
}
#endif

void NAME(affine)(size_t units, size_t inputs, size_t columns, const REAL *w, size_t stride,
                  int with_bias, const REAL *h, REAL *z) {
#if defined(__x86_64__) && defined(__linux__)
  if (columns % (2 * LINE) == 0 && __builtin_cpu_supports("x86-64-v4")) {
    affine_wide(units, inputs, columns, w, stride, with_bias, h, z);
    return;
  }
#endif
  affine_narrow(units, inputs, columns, w, stride, with_bias, h, z);
}

CLONES void NAME(shift)(size_t units, size_t columns, const REAL *restrict x, const REAL *shift,
                        size_t stride, REAL *restrict z) {
  for (size_t u = 0; u < units; ++u) {
    REAL own = shift[u * stride];
    for (size_t c = 0; c < columns; ++c) z[u * columns + c] = x[u * columns + c] + own;
  }
}

CLONES void NAME(shift_tanh)(size_t units, size_t columns, const REAL *restrict x,
                             const REAL *shift, size_t stride, REAL *restrict h) {
  for (size_t u = 0; u < units; ++u) {
    REAL own = shift[u * stride];
    for (size_t c = 0; c < columns; ++c) h[u * columns + c] = TANH(x[u * columns + c] + own);
  }
}

void NAME(set_column)(size_t n, size_t stride, REAL value, REAL *y) {
  for (size_t i = 0; i < n; ++i) y[i * stride] = value;
}

void NAME(repeat_row)(size_t n, size_t width, size_t stride, const REAL *x, REAL *y) {
  for (size_t i = 0; i < n; ++i) memcpy(y + i * stride, x, width * sizeof(REAL));
}

CLONES void NAME(add_columns)(size_t n, size_t width, size_t stride, const REAL *restrict x,
                              REAL *restrict y, size_t y_stride) {
  enum { COLUMNS = 64 };
  for (size_t first = 0; first < width; first += COLUMNS) {
    size_t count = width - first < COLUMNS ? width - first : COLUMNS;
    REAL sums[COLUMNS] = {0};
    for (size_t j = 0; j < count; ++j) sums[j] = y[(first + j) * y_stride];
    if (stride - first >= COLUMNS) /* what is there after the last column is added for nothing */
      for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < COLUMNS; ++j) sums[j] += x[i * stride + first + j];
    else
      for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < count; ++j) sums[j] += x[i * stride + first + j];
    for (size_t j = 0; j < count; ++j) y[(first + j) * y_stride] = sums[j];
  }
}

CLONES void NAME(scale)(size_t n, REAL factor, REAL *restrict y) {
  for (size_t i = 0; i < n; ++i) y[i] *= factor;
}

CLONES void NAME(add)(size_t n, const REAL *restrict x, REAL *restrict y) {
  for (size_t i = 0; i < n; ++i) y[i] += x[i];
}

CLONES double NAME(add_rows)(size_t n, size_t rows, size_t stride, const REAL *restrict x,
                             REAL *restrict y) {
#pragma clang fp reassociate(on) contract(fast)
  double sum = 0;
  /* In parts that stay in the first cache. */
  for (size_t first = 0; first < n; first += 512) {
    size_t last = first + 512 < n ? first + 512 : n;
    for (size_t i = first; i < last; ++i) y[i] = rows > 0 ? x[i] : 0;
    for (size_t r = 1; r < rows; ++r)
      for (size_t i = first; i < last; ++i) y[i] += x[r * stride + i];
    for (size_t i = first; i < last; ++i) sum += (double)y[i] * (double)y[i];
  }
  return sum;
}

CLONES int NAME(is_finite)(size_t n, const REAL *restrict x) {
  /* x - x is NaN where x is not finite. */
  int finite = 1;
  for (size_t i = 0; i < n; ++i) finite &= x[i] - x[i] == 0;
  return finite;
}

CLONES void NAME(to_double)(size_t n, const REAL *restrict x, double *restrict y) {
  for (size_t i = 0; i < n; ++i) y[i] = x[i];
}

CLONES void NAME(from_double)(size_t n, const double *restrict x, REAL *restrict y) {
  for (size_t i = 0; i < n; ++i) y[i] = (REAL)x[i];
}

CLONES static void adam_step(size_t n, REAL scale, REAL rate, REAL beta1, REAL beta2,
                             REAL epsilon, const REAL *restrict g, REAL *restrict w,
                             REAL *restrict m, REAL *restrict v) {
  for (size_t i = 0; i < n; ++i) {
    REAL gradient = scale * g[i];
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    w[i] -= rate * m[i] / (__builtin_elementwise_sqrt(v[i]) + epsilon);
  }
}

CLONES static void amsgrad_step(size_t n, REAL scale, REAL rate, REAL beta1, REAL beta2,
                                REAL epsilon, const REAL *restrict g, REAL *restrict w,
                                REAL *restrict m, REAL *restrict v, REAL *restrict vmax) {
  for (size_t i = 0; i < n; ++i) {
    REAL gradient = scale * g[i];
    m[i] = beta1 * m[i] + (1 - beta1) * gradient;
    v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    vmax[i] = vmax[i] > v[i] ? vmax[i] : v[i];
    w[i] -= rate * m[i] / (__builtin_elementwise_sqrt(vmax[i]) + epsilon);
  }
}

/* rate m / (sqrt(v) / root + epsilon) with one division instead of two. */
void NAME(adam)(size_t n, REAL scale, REAL rate, REAL root, REAL beta1, REAL beta2, REAL epsilon,
                const REAL *g, REAL *w, REAL *m, REAL *v, REAL *vmax) {
  if (vmax == NULL)
    adam_step(n, scale, rate * root, beta1, beta2, epsilon * root, g, w, m, v);
  else
    amsgrad_step(n, scale, rate * root, beta1, beta2, epsilon * root, g, w, m, v, vmax);
}

CLONES void NAME(sgd)(size_t n, REAL scale, REAL rate, REAL momentum, int nesterov,
                      const REAL *restrict g, REAL *restrict w, REAL *restrict m) {
  if (nesterov) {
    for (size_t i = 0; i < n; ++i) {
      m[i] = momentum * m[i] + scale * g[i];
      w[i] -= rate * (momentum * m[i] + scale * g[i]);
    }
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    m[i] = momentum * m[i] + scale * g[i];
    w[i] -= rate * m[i];
  }
}
