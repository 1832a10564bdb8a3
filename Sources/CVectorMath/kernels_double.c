#define REAL double
#define NAME CVM_DOUBLE
#define EXP exp
#define EXPM1 expm1
#define LOG1P log1p
#define TANH tanh

#include "kernels.h"
