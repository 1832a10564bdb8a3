#!/usr/bin/env bash
# Squared errors of log r(x|-0.8, -0.6) against the exact one, by method and number of runs; run by
# `make physics`. SEEDS and SIZES may be given.
set -euo pipefail
cd "$(dirname "$0")"
PATH=${BIN:+$(cd "$BIN" && pwd):}$PATH
SEEDS=${SEEDS:-1 2 3 4 5}
SIZES=${SIZES:-200 1000 10000 100000}
out=$OUT
. ../table.sh
start_tables "$out/tables.md"

# epochs RUNS: small samples see as many steps as large ones, within reason.
epochs() { awk -v n="$1" 'BEGIN { e = int(1e6 / n); print (e > 500 ? 500 : e < 20 ? 20 : e) }'; }

# paper METHOD: errors at 200, 1,000 and 10,000 runs, read off the figure of arXiv:1805.12244 (to 10 %).
paper() {
  case $1 in
    carl) echo 0.133 0.115 0.020 ;;
    rolr) echo 0.058 0.013 0.003 ;;
    rascal) echo 0.019 0.007 0.002 ;;
    nde) echo 0.082 0.069 0.004 ;;
    scandal) echo 0.018 0.004 0.001 ;;
    *) echo - - - ;;
  esac
}

# error METHOD RUNS SEED
error() {
  local method=$1 program=train-ratio kind=ratio
  local options=(--method "$method" --hidden 10,10 --batch-size 32 --epochs "$(epochs "$2")" --rate 3e-3:1e-4)
  case $method in
    nde | scandal) program=train-density kind=one options+=(--flows 1 --base mixture:5) ;;
  esac
  case $method in
    cascal | rascal | alices | scandal) options+=(--alpha 0.5) ;;
  esac
  awk -v N="$2" -v SEED="$3" -v KIND=$kind -v THETA1="$THETA1" -v LOW="$LOW" -v HIGH="$HIGH" -f board.awk -f simulate.awk |
    augment import --x x --parameters "theta=$LOW:$HIGH" --theta0 theta --theta1 "theta=$THETA1" --y y --log-r log_r \
      --score score -o "$out/physics.h5"
  $program "$out/physics.h5" "${options[@]}" --seed "$3" -q -o "$out/physics-model.h5"
  evaluate "$out/bins.h5" --model "$out/physics-model.h5" --theta theta=-0.8 --theta theta=-0.6 -O tsv > "$out/physics.tsv"
  awk -f board.awk -f table.awk "$out/physics.tsv" | awk '/mean squared error/ { print $NF }'
}

say '### Mean squared error of log r(x|-0.8, -0.6), x from p(x|-0.7)'
say ''
head_row method $(printf '%s_runs ' $SIZES) 'paper, 200' 'paper, 1000' 'paper, 10000'
for method in carl rolr alice cascal rascal alices nde scandal; do
  cells=()
  for n in $SIZES; do
    errors=()
    for seed in $SEEDS; do
      value=$(error $method "$n" "$seed")
      errors+=("$value")
    done
    cells+=("$(mean "${errors[@]}")")
  done
  read -r -a published <<< "$(paper $method)"
  row $method "${cells[@]}" "${published[@]}"
done
