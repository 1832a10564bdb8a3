# The generalised Galton board (arXiv:1805.12244, section 3): a ball falls through 20 rows of nails. What is
# seen is the bin x it ends in, 0 to 20; what is not seen is its path z.
#
# At row v and position u in [-1, 1] it goes left with probability
#   (1 - f)/2 + f/(1 + exp(-5 theta u)),  f = sin(pi v/(ROWS - 1)),
# so that log p(x,z|theta) and its slope by theta are sums over the path.

BEGIN { PI = atan2(0, -1); ROWS = 20 }

# Numbers from 0 to 1 that are the same in every awk (Park and Miller 1988): RANDOM holds the state.
function uniform() {
  RANDOM = (RANDOM * 16807) % 2147483647
  return RANDOM / 2147483647
}

# Probability of left at row v after h steps to the right; SLOPE is its derivative by theta.
function left(theta, v, h,    f, u, s) {
  f = sin(PI * v / (ROWS - 1))
  u = (2 * h - v) / ROWS
  s = 1 / (1 + exp(-5 * theta * u))
  SLOPE = f * s * (1 - s) * 5 * u
  return (1 - f) / 2 + f * s
}

# log p(x|theta) for every bin, summed over all paths row by row, into LOG_P[0..ROWS].
function exact(theta,    v, h, p, now, next_row) {
  delete now
  now[0] = 1
  for (v = 0; v < ROWS; v++) {
    for (h = 0; h <= v + 1; h++) next_row[h] = 0
    for (h = 0; h <= v; h++) {
      p = left(theta, v, h)
      next_row[h] += now[h] * p
      next_row[h + 1] += now[h] * (1 - p)
    }
    for (h = 0; h <= v + 1; h++) now[h] = next_row[h]
  }
  for (h = 0; h <= ROWS; h++) LOG_P[h] = log(now[h])
}
