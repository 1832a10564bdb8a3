# N runs of the board: x, the theta of the numerator, y, joint log ratio to THETA1 and joint score at theta.
# Runs alternate between theta (y = 0) and THETA1 (y = 1), or with -v KIND=one are all at theta; x is then anywhere in its
# bin, since a density has no spikes. Give -v N=, -v SEED=, -v THETA1=, -v LOW= and -v HIGH=.
BEGIN {
  RANDOM = SEED * 7919 + 1
  print "x\ttheta\ty\tlog_r\tscore"
  for (run = 0; run < N; run++) {
    y = KIND != "one" && run % 2
    theta = LOW + (HIGH - LOW) * uniform()
    h = ratio = score = 0
    for (v = 0; v < ROWS; v++) {
      p1 = left(THETA1, v, h)
      p0 = left(theta, v, h)
      if (uniform() < (y ? p1 : p0)) {
        ratio += log(p0 / p1)
        score += SLOPE / p0
      } else {
        ratio += log((1 - p0) / (1 - p1))
        score -= SLOPE / (1 - p0)
        h++
      }
    }
    if (KIND == "one") h += uniform() - 0.5
    printf "%.17g\t%.17g\t%d\t%.17g\t%.17g\n", h, theta, y, ratio, score
  }
}
