#!/usr/bin/env bash
# Tables of squared errors against the exact answers, by method and number of runs. Prints them, and keeps them
# in out/tables.md. Five minutes on two cores; SEEDS and SIZES may be given.
set -euo pipefail
cd "$(dirname "$0")"
PATH=${BIN:+$(cd "$BIN" && pwd):}$PATH
SEEDS=${SEEDS:-1 2 3 4 5}
SIZES=${SIZES:-1000 10000 100000}
out=${OUT:-out}
mkdir -p "$out"
. ../table.sh
start_tables "$out/tables.md"

# runs FILE OPTION...: text of the simulator's runs; sample FILE OPTION...: as a sample too.
runs() { awk -v THETA1=0 "${@:2}" -f simulate.awk > "$1"; }
sample() {
  runs "$out/runs.tsv" "${@:2}"
  augment import "$out/runs.tsv" --x x --parameters theta=-2:2 --theta0 theta --theta1 theta=0 --y y --log-r log_r \
    --score score -o "$1"
}
# epochs RUNS: small samples see as many steps as large ones, within reason.
epochs() { if (($1 <= 1000)); then echo 200; elif (($1 <= 10000)); then echo 60; else echo 15; fi; }

# train METHOD RUNS SEED: a model, in out/model.h5.
train() {
  local method=$1 n=$2 seed=$3 kind=one low=-2 high=2 program=train-ratio
  local options=(--hidden 50,50 --epochs "$(epochs "$n")" --rate 3e-3:1e-4 --seed "$seed" -q)
  case $method in
    nde | scandal) program=train-density options+=(--flows 1) ;;
    sally) program=train-score low=0 high=0 ;;
    *) kind=ratio ;;
  esac
  case $method in
    cascal | rascal | alices | scandal) options+=(--method "$method" --alpha 1) ;;
    sally) ;;
    *) options+=(--method "$method") ;;
  esac
  sample "$out/runs.h5" -v KIND=$kind -v N="$n" -v LOW=$low -v HIGH=$high -v SEED="$seed"
  $program "$out/runs.h5" "${options[@]}" -o "$out/model.h5"
}
# table METHOD...: rows of errors of what the model gives for the runs of out/exact.h5, whose exact values stand in
# COLUMN of out/exact.tsv.
table() {
  local method n seed cells errors value to
  head_row method $(printf '%s_runs ' $SIZES)
  for method; do
    cells=()
    to=()
    case $method in nde | scandal) to=(--theta1 theta=0) ;; esac
    for n in $SIZES; do
      errors=()
      for seed in $SEEDS; do
        train "$method" "$n" "$seed"
        value=$(evaluate "$out/exact.h5" --model "$out/model.h5" "${to[@]}" -O tsv |
          paste "$out/exact.tsv" - | squared_error "$COLUMN")
        errors+=("$value")
      done
      cells+=("$(mean "${errors[@]}")")
    done
    row "$method" "${cells[@]}"
  done
  say ''
}

say "### Mean squared error of log r(x|theta, 0), theta between -2 and 2"
say ''
sample "$out/exact.h5" -v KIND=ratio -v N=20000 -v LOW=-2 -v HIGH=2 -v SEED=999 -v EXACT=1
mv "$out/runs.tsv" "$out/exact.tsv"
COLUMN=4 table carl rolr alice cascal rascal alices nde scandal
say "### Mean squared error of the score at theta = 0"
say ''
sample "$out/exact.h5" -v KIND=one -v N=20000 -v LOW=0 -v HIGH=0 -v SEED=998 -v EXACT=1
mv "$out/runs.tsv" "$out/exact.tsv"
COLUMN=5 table sally
