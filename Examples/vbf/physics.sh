#!/usr/bin/env bash
# Prints the tables of make DATA=DIR, and keeps them in out/tables.md.
set -euo pipefail
cd "$(dirname "$0")"
: "${DATA:?the folder of vbf_smeft.lhe.gz}"
PATH=${BIN:+$(cd "$BIN" && pwd):}$PATH
SEEDS=${SEEDS:-1 2 3 4 5}
out=${OUT:-out}
mkdir -p "$out"
. ../table.sh
start_tables "$out/tables.md"

seen=log_pt_j1,log_pt_j2,deta_jj,eta_star,y_jjh,log_m_jj,log_pt_h,dphi_jj
morph setup analysis.yaml -o "$out/setup.h5"
lhe-read --setup "$out/setup.h5" --sample "sm:$DATA/vbf_smeft.lhe.gz" -o "$out/events.h5"

# information FILE MATRIX PARAMETER: a diagonal element of a matrix that fisher printed; with COLUMN=5 its error.
information() { awk -v m="$2" -v p="$3" -v c="${COLUMN:-4}" '$1 == m && $2 == p && $3 == p { print $c }' "$1"; }
# print_row NAME FILE MATRIX: information on both parameters with the errors that the number of events gives.
print_row() {
  local cells=() p
  for p in cHW cHWtil; do
    cells+=("$(awk -v v="$(information "$2" "$3" $p)" -v e="$(COLUMN=5 information "$2" "$3" $p)" \
      'BEGIN { printf "%.3g ± %.2g", v, e }')")
  done
  row "$1" "${cells[@]}"
}

say '### Information at the Standard Model, 300/fb'
say ''
head_row 'all 20,000 events' cHW cHWtil
fisher truth "$out/events.h5" --luminosity 300/fb > "$out/truth.txt"
print_row truth "$out/truth.txt" truth
for name in dphi_jj abs_dphi_jj; do
  fisher histogram "$out/events.h5" --observable $name --bins 12 --luminosity 300/fb > "$out/$name.txt"
done
print_row 'signed Δφ(jj), 12 bins' "$out/dphi_jj.txt" histogram
print_row '\|Δφ(jj)\|, 12 bins' "$out/abs_dphi_jj.txt" histogram
say ''

# Trained on the part train, measured on the part test.
for seed in $SEEDS; do
  augment score "$out/events.h5" --theta sm -n 200000 --seed "$seed" |
    train-score --observables $seen --hidden 50,50 --epochs 12 --rate 1e-3:3e-5 --seed "$seed" -o "$out/sally-$seed.h5"
  augment ratio "$out/events.h5" --theta0 flat:cHW=-.6:.6,cHWtil=-.6:.6 --theta1 sm -n 300000 --seed "$seed" |
    train-ratio --method alices --alpha 1 --observables $seen --hidden 50,50 --epochs 12 --rate 1e-3:3e-5 \
      --seed "$seed" -o "$out/alices-$seed.h5"
done
head_row "share of the test events' truth, without the rate" cHW cHWtil
for kind in sally alices; do
  cells=()
  for p in cHW cHWtil; do
    shares=()
    for seed in $SEEDS; do
      fisher full "$out/events.h5" --model "$out/$kind-$seed.h5" --theta sm --luminosity 300/fb -q > "$out/$kind.txt"
      shares+=("$(awk -v e="$(information "$out/$kind.txt" kinematic_retained $p)" \
        -v t="$(information "$out/$kind.txt" kinematic_truth $p)" 'BEGIN { printf "%.6f", e / t }')")
    done
    cells+=("$(mean "${shares[@]}")")
  done
  row "${kind^^}, retained" "${cells[@]}"
done
say ''

say '### The sign of CP'
say ''
say 'Events and their mirror images (Δφ → −Δφ): the score must keep its cHW and change the sign of its cHWtil component.'
say 'Root mean square of what does not, over that of the score.'
say ''
events convert "$out/events.h5" -O tsv > "$out/events.tsv"
# table SIGN: the observables as text, dphi_jj times SIGN.
table() {
  awk -F '\t' -v sign="$1" -v names=$seen '
    NR == 1 { sub(/^# /, ""); n = split(names, name, ","); for (i = 1; i <= NF; i++) at["" $i] = i
      line = name[1]; for (k = 2; k <= n; k++) line = line "\t" name[k]; print line; next }
    { line = ""
      for (k = 1; k <= n; k++) {
        v = $(at["observations." name[k]]); if (name[k] == "dphi_jj") v *= sign
        line = line (k > 1 ? "\t" : "") v }
      print line }' "$out/events.tsv" |
    augment import --x $seen --parameters cHW,cHWtil -o "$out/mirror.h5"
}
head_row '' cHW cHWtil
for kind in sally; do
  even=() odd=()
  for seed in $SEEDS; do
    table 1 && evaluate "$out/mirror.h5" --model "$out/$kind-$seed.h5" -O tsv > "$out/seen.tsv"
    table -1 && evaluate "$out/mirror.h5" --model "$out/$kind-$seed.h5" -O tsv > "$out/mirrored.tsv"
    read -r first second <<< "$(paste "$out/seen.tsv" "$out/mirrored.tsv" | awk '/^#/ { next }
      { a += ($2 - $5) ^ 2 / 4; b += ($3 + $6) ^ 2 / 4; s += $2 ^ 2; t += $3 ^ 2 }
      END { print sqrt(a / s), sqrt(b / t) }')"
    even+=("$first") odd+=("$second")
  done
  row "${kind^^}" "$(mean "${even[@]}")" "$(mean "${odd[@]}")"
done
