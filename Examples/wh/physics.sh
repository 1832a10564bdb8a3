#!/usr/bin/env bash
# The figures of README.md, from the full samples: make physics DATA=DIR. Prints the tables, and keeps them in
# out/physics/tables.md. Six minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
: "${DATA:?the folder of wh_smeft_sm.lhe.gz and wh_smeft_bsm.lhe.gz}"
PATH=${BIN:+$(cd "$BIN" && pwd):}$PATH
out=out/physics
mkdir -p "$out"
. ../table.sh
start_tables "$out/tables.md"

# information FILE MATRIX ROW COLUMN: an element of a matrix that fisher printed.
information() { awk -v m="$2" -v r="$3" -v c="$4" '$1 == m && $2 == r && $3 == c { print $4 }' "$1"; }
# area FILE LEVEL: the area of a confidence region that limits printed, before those of its bands.
area() { awk -v l="$2" '$1 == "cHW,cHq3" && $2 == l { print $4; exit }' "$1"; }
# events NAME ANALYSIS: both samples read with an analysis file.
events() {
  morph setup "$2" -o "$out/$1-setup.h5"
  lhe-read --setup "$out/$1-setup.h5" --sample "sm:$DATA/wh_smeft_sm.lhe.gz" \
    --sample "chw_pos_chq3_pos:$DATA/wh_smeft_bsm.lhe.gz" -o "$out/$1.h5"
}
events truth truth.yaml
events reco analysis.yaml
{ cat analysis.yaml; printf 'cuts:\n  - (l[0] + v[0] + b[0] + b[1]).m < 1000\n'; } > "$out/below.yaml"
events below "$out/below.yaml"

bins=0,75,150,250,400,600
seen=pt_l,pt_v,pt_w,mt_w,eta_l,pt_h,y_h,pt_b1,pt_b2,eta_b1,eta_b2,dr_bb,deta_lh,dphi_lh,dphi_lv
seen=$seen,m_lh,mt_wh,m_wh1,m_wh2

# scores EVENTS SEEDS OPTION...: a SALLY model and its information on test events, for each seed.
scores() {
  local name=$1 seeds=$2 seed
  shift 2
  for seed in $seeds; do
    augment score "$out/$name.h5" --theta sm -n 300000 --seed "$seed" |
      train-score "$@" --seed "$seed" -o "$out/$name-sally-$seed.h5"
    fisher full "$out/$name.h5" --model "$out/$name-sally-$seed.h5" --luminosity 300/fb \
      > "$out/$name-sally-$seed.txt"
  done
}
# share NAME SEEDS MATRIX PARAMETER [rate]: an estimate over the truth of the same events, mean over seeds.
share() {
  local values=() seed file
  for seed in $2; do
    file=$out/$1-sally-$seed.txt
    values+=("$(awk -v e="$(information "$file" "$3" "$4" "$4")" \
      -v t="$(information "$file" kinematic_truth "$4" "$4")" \
      -v r="$(information "$file" rate "$4" "$4")" -v with="${5:-}" \
      'BEGIN { printf "%.6f", e / (t + (with == "" ? 0 : r)) }')")
  done
  mean "${values[@]}"
}

say '### Everything seen (truth.yaml): share of the information that SALLY finds'
say ''
say '300/fb, three seeds, kinematics without the rate, on the same test events as the truth.'
say ''
scores truth '1 2 3' --hidden 100,100 --epochs 30 --rate 2e-3:4e-5
say '| | cHW | cHq3 |'
say '|---|---|---|'
say "| retained | $(share truth '1 2 3' kinematic_retained cHW) | $(share truth '1 2 3' kinematic_retained cHq3) |"
say "| plug-in | $(share truth '1 2 3' kinematic cHW) | $(share truth '1 2 3' kinematic cHq3) |"
say ''

say '### Everything seen: squared error of log r on events that training never saw'
say ''
say '100,000 + 100,000 rows, theta0 flat in ±1 and ±0.3, theta1 = sm; three seeds; without the worst 5 % of the rows.'
say 'Gain: how many times smaller than that of CARL, which uses none of the gold.'
say 'Paper: the same without the worst 5 % and its gain in the follow-up of arXiv:1805.00020 (Higgs boson of weak-boson fusion'
say 'to four leptons, 10⁷ rows, another prior, ratios calibrated; alices with an alpha not tuned): only gains compare.'
say ''
prior=flat:cHW=-1:1,cHq3=-.3:.3
augment ratio "$out/truth.h5" --partition test --theta0 $prior --theta1 sm -n 50000 --seed 99 \
  -o "$out/ratio-test.h5"
say '| method | all rows | without the worst 5 % | gain | paper |'
say '|---|---|---|---|---|'
# paper NAME: from the table of the authors' repository.
paper() {
  case $1 in
    carl) echo '0.00259 (1)' ;;
    rolr) echo '0.00166 (1.6)' ;;
    alice) echo '0.00008 (32)' ;;
    cascal) echo '0.00024 (11)' ;;
    rascal) echo '0.00037 (7)' ;;
    alices) echo '0.00029 (8.9)' ;;
    *) echo - ;;
  esac
}
carl=''
# As in arXiv:1805.00020, what learns scores has one layer more; CARL with it, for comparison. CASCAL is anchored by default:
# without it, and ALICES with it, for comparison.
deep='--hidden 100,100,100'
for training in carl rolr alice cascal rascal alices "carl $deep" "cascal $deep --network perceptron" \
  "alices $deep --network anchored" 'carl --network polynomial' 'alice --network polynomial'; do
  read -r method options <<< "$training"
  name=$method${options:+-${options##* }}
  case $training in cascal | rascal | alices) options=$deep ;; esac
  all=() trimmed=()
  for seed in 1 2 3; do
    augment ratio "$out/truth.h5" --theta0 $prior --theta1 sm -n 200000 --seed $seed |
      train-ratio --method $method --hidden 100,100 $options --clip-score 10 --epochs 12 \
        --rate 2e-3:6e-5 --schedule cosine --validation-split 0.1 --seed $seed \
        -o "$out/ratio-$name-$seed.h5"
    evaluate "$out/ratio-test.h5" --model "$out/ratio-$name-$seed.h5" --compare \
      > "$out/ratio-$name-$seed.txt"
    all+=("$(awk '/^mean squared error of log r/ { print $NF }' "$out/ratio-$name-$seed.txt")")
    trimmed+=("$(awk '/without the worst/ { print $NF }' "$out/ratio-$name-$seed.txt")")
  done
  error=$(mean "${trimmed[@]}")
  carl=${carl:-$error}
  gain=$(awk -v a="${carl%% *}" -v b="${error%% *}" 'BEGIN { printf "%.2g", a / b }')
  say "| ${name/-/, } | $(mean "${all[@]}") | $error | $gain | $(paper "$name") |"
done
say ''

# ratios EVENTS SEEDS PRIOR OPTION...: ALICES models near the SM.
ratios() {
  local name=$1 seeds=$2 prior=$3 seed
  shift 3
  for seed in $seeds; do
    augment ratio "$out/$name.h5" --theta0 "$prior" --theta1 sm -n 600000 --seed "$seed" |
      train-ratio --method alices --alpha 0.1 --clip-score 50 --hidden 100,100 \
        --batch-size 256 --validation-split 0.1 "$@" --seed "$seed" \
        -o "$out/$name-alices-$seed.h5"
  done
}
near=flat:cHW=-0.12:0.12,cHq3=-0.036:0.036
region=(--grid cHW=-0.1:0.1:41 --grid cHq3=-0.03:0.03:41 --luminosity 300/fb)

say '### Everything seen: expected regions at 300/fb on ±0.1 × ±0.03 [area in TeV⁻⁴]'
say ''
ratios truth '1 2 3' $near --epochs 15 --rate 2e-3:4e-5
models=()
for seed in 1 2 3; do models+=(--model "$out/truth-alices-$seed.h5"); done
limits expected "$out/truth.h5" --truth "${region[@]}" > "$out/limits-truth.txt"
limits expected "$out/truth.h5" "${models[@]}" "${region[@]}" -q > "$out/limits-truth-alices.txt"
limits expected "$out/reco.h5" --observable pt_w --bins $bins "${region[@]}" > "$out/limits-histogram.txt"
limits expected "$out/reco.h5" "${region[@]}" > "$out/limits-rate.txt"
say '| | 68 % | 95 % |'
say '|---|---|---|'
for kind in truth truth-alices histogram rate; do
  case $kind in
    truth) name='exact joint ratio' ;;
    truth-alices) name='ALICES, mean of three seeds' ;;
    histogram) name='pT(W) histogram' ;;
    rate) name='rate alone (open at the grid)' ;;
  esac
  say "| $name | $(area "$out/limits-$kind.txt" 0.68) | $(area "$out/limits-$kind.txt" 0.95) |"
done
say ''

# measurable NAME TITLE: shares of the information with the rate, of the truth.
measurable() {
  say "$2"
  say ''
  scores "$1" '1 2 3' --observables $seen --hidden 100,100 --epochs 15 --rate 1e-3:3e-5
  fisher histogram "$out/$1.h5" --observable pt_w --bins $bins --luminosity 300/fb > "$out/$1-histogram.txt"
  fisher truth "$out/$1.h5" --luminosity 300/fb > "$out/$1-truth.txt"
  say '| | cHW | cHq3 |'
  say '|---|---|---|'
  say "| SALLY, retained | $(share "$1" '1 2 3' retained cHW rate) | $(share "$1" '1 2 3' retained cHq3 rate) |"
  say "| SALLY, plug-in | $(share "$1" '1 2 3' full cHW rate) | $(share "$1" '1 2 3' full cHq3 rate) |"
  local row=() p
  for p in cHW cHq3; do
    row+=("$(awk -v h="$(information "$out/$1-histogram.txt" histogram $p $p)" \
      -v t="$(information "$out/$1-truth.txt" truth $p $p)" 'BEGIN { printf "%.4g", h / t }')")
  done
  say "| pT(W) histogram | ${row[0]} | ${row[1]} |"
  say ''
}
measurable reco '### What can be measured (analysis.yaml), 300/fb: information with the rate over that of the truth'
measurable below '### The same for m(WH) < 1 TeV alone'

say '### What can be measured: expected regions at 300/fb on ±0.1 × ±0.03 [area in TeV⁻⁴]'
say ''
# Anchored: near the SM log r is small, and what it is at the SM itself, 0, must not be learned.
ratios reco '1 2 3 4 5' $near --network anchored --observables $seen --epochs 12 --rate 1e-3:3e-5
models=() narrow=() wide=()
for seed in 1 2 3 4 5; do
  models+=(--model "$out/reco-alices-$seed.h5")
  limits expected "$out/reco.h5" --model "$out/reco-alices-$seed.h5" "${region[@]}" -q > "$out/limits-reco-$seed.txt"
  narrow+=("$(area "$out/limits-reco-$seed.txt" 0.68)")
  wide+=("$(area "$out/limits-reco-$seed.txt" 0.95)")
done
limits expected "$out/reco.h5" "${models[@]}" "${region[@]}" -q > "$out/limits-reco.txt"
say '| | 68 % | 95 % |'
say '|---|---|---|'
say "| ALICES, one of five seeds | $(spread "${narrow[@]}") | $(spread "${wide[@]}") |"
say "| ALICES, mean of five seeds | $(area "$out/limits-reco.txt" 0.68) | $(area "$out/limits-reco.txt" 0.95) |"
say "| pT(W) histogram | $(area "$out/limits-histogram.txt" 0.68) | $(area "$out/limits-histogram.txt" 0.95) |"
