# Tables of figures, for the scripts of these examples: . ../table.sh

# start_tables FILE: what say prints goes there too.
start_tables() {
  tables=$1
  : > "$tables"
}
say() { printf '%s\n' "$*" | tee -a "$tables"; }

# head CELL...: a first row and the rule below it.
head_row() {
  row "$@"
  local rule='|' cell
  for cell; do rule+='---|'; done
  say "$rule"
}
# row CELL...
row() {
  local line='|' cell
  for cell; do line+=" $cell |"; done
  say "$line"
}

# mean VALUE...: mean and, of several values, the error of the mean.
mean() {
  printf '%s\n' "$@" | awk '{ s += $1; q += $1 * $1 } END {
    m = s / NR; v = NR > 1 ? (q - s * m) / (NR - 1) / NR : 0
    if (NR > 1) printf "%.4g ± %.2g\n", m, sqrt(v > 0 ? v : 0); else printf "%.4g\n", m }'
}
# spread VALUE...: mean and standard deviation.
spread() {
  printf '%s\n' "$@" | awk '{ s += $1; q += $1 * $1 } END {
    m = s / NR; v = NR > 1 ? (q - s * m) / (NR - 1) : 0
    printf "%.4g (spread %.2g)\n", m, sqrt(v > 0 ? v : 0) }'
}
# squared_error COLUMN: mean squared difference of two texts' values pasted beside each other, the last of the line and
# column COLUMN; lines with # and words are passed over.
squared_error() {
  awk -v c="$1" '/^#/ || $c !~ /^[-+0-9.]/ { next } { d = $NF - $c; s += d * d; n++ } END { printf "%.6g\n", s / n }'
}
