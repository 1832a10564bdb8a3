# Learned beside exact log r(x|-0.8, -0.6). Reads the estimates of each method: the last two columns are log r at
# -0.8 and at -0.6 for the bins in order. Mean squared errors are over p(x|-0.7).
FNR == 1 { method[++methods] = FILENAME; sub(/.*\//, "", method[methods]); sub(/\.tsv$/, "", method[methods]); next }
/^#/ { next }
{ learned[methods, FNR - 2] = $(NF - 1) - $NF }
END {
  exact(-0.8); for (x = 0; x <= ROWS; x++) truth[x] = LOG_P[x]
  exact(-0.6); for (x = 0; x <= ROWS; x++) truth[x] -= LOG_P[x]
  exact(-0.7)
  printf "# %-4s %9s %9s", "x", "p", "exact"
  for (m = 1; m <= methods; m++) printf " %9s", method[m]
  printf "\n"
  for (x = 0; x <= ROWS; x++) {
    p = exp(LOG_P[x])
    printf "%6d %9.5f %9.4f", x, p, truth[x]
    for (m = 1; m <= methods; m++) {
      printf " %9.4f", learned[m, x]
      error[m] += p * (learned[m, x] - truth[x]) ^ 2
    }
    printf "\n"
  }
  printf "# mean squared error%8s", ""
  for (m = 1; m <= methods; m++) printf " %9.2g", error[m]
  printf "\n"
}
