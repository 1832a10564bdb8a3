#pragma once
#include <stddef.h>
/* tanh of n floats, rational 13/6 form, at most 4 ulp off. */
void cvm_tanh(const float *x, float *y, size_t n);

/* The number of cores in this process's affinity mask, at least 1. */
int cvm_available_cores(void);

/* Tells the processor that the caller waits in a loop. */
static inline void cvm_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
