#pragma once

/* Compiled for three generations of processors and chosen at run time. The choice is made before a sanitizer is ready for
   instrumented code. */
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CLONES
#elif defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CLONES
#endif
