# N runs of the simulator z ~ N(theta, 2), x ~ N(z, 1), of which x is seen: x, the theta of the numerator, y, log ratio to
# THETA1 and score at theta. Both are the joint ones, known since z is; with -v EXACT=1 they are those of x alone, which
# nobody knows outside a toy, to compare with.
# theta lies between LOW and HIGH. -v KIND=ratio alternates between theta (y = 0) and THETA1 (y = 1); -v KIND=one draws
# every run at theta. Give -v SEED= too.

# Numbers from 0 to 1 that are the same in every awk (Park and Miller 1988).
function uniform() {
  RANDOM = (RANDOM * 16807) % 2147483647
  return RANDOM / 2147483647
}

# Box and Muller 1958, one of the pair.
function normal() { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()) }

# log N(a; THETA1 or theta, variance): the difference of both, at theta less at THETA1.
function log_ratio(a, theta, variance) { return ((a - THETA1) ^ 2 - (a - theta) ^ 2) / (2 * variance) }

BEGIN {
  RANDOM = SEED * 7919 + 1
  for (i = 0; i < 10; i++) uniform()
  print "x\ttheta\ty\tlog_r\tscore"
  for (run = 0; run < N; run++) {
    y = KIND == "ratio" && run % 2
    theta = LOW + (HIGH - LOW) * uniform()
    z = (y ? THETA1 : theta) + 2 * normal()
    x = z + normal()
    if (EXACT) { known = x; variance = 5 } else { known = z; variance = 4 }
    printf "%.17g\t%.17g\t%d\t%.17g\t%.17g\n", x, theta, y, log_ratio(known, theta, variance), (known - theta) / variance
  }
}
