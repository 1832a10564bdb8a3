#!/bin/bash
# Prints a table of times of the commands, each beside another program's, and keeps it in Runs/.
# Every job and what stands beside it run in turn, so that both see the same machine.
# BIN, DATA, RUNS and PEERS come from the Makefile. Needs bash, GNU time for the column of memory.
set -euo pipefail
export LC_ALL=C OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")"
folder=$PWD
example=$folder/../Examples/wh
export PATH="$BIN:$PATH"

for name in wh_smeft_sm wh_smeft_bsm; do
  if [ ! -r "$DATA/$name.lhe.gz" ]; then
    echo "benchmark: no $name.lhe.gz in DATA ($DATA)" >&2
    exit 1
  fi
done
sm=$(cd "$DATA" && pwd)/wh_smeft_sm.lhe.gz
bsm=$(cd "$DATA" && pwd)/wh_smeft_bsm.lhe.gz
work=$(mktemp -d "${TMPDIR:-/tmp}/sluice-benchmark-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work"

gnu_time=$(type -P time || true)
if [ -n "$gnu_time" ] && ! "$gnu_time" -q -f %M -o memory true; then gnu_time=''; fi
TIMEFORMAT='%R %U %S'

# measure JOB COMMAND...: adds "wall CPU memory[KiB]" of one run to JOB.runs; output goes nowhere.
measure() {
  local job=$1 words
  shift
  echo 0 > memory
  if [ -n "$gnu_time" ]; then set -- "$gnu_time" -q -f %M -o memory "$@"; fi
  words=$({ time "$@" > output 2> error; } 2>&1) || {
    cat error >&2
    echo "benchmark: failed: $*" >&2
    exit 1
  }
  echo "$words $(cat memory)" | awk '{ print $1, $2 + $3, $4 }' >> "$job.runs"
}

# keep JOB VALUE: adds a time that a program measured itself.
keep() { echo "$2 0 0" >> "$1.runs"; }

# less NEW LONG SHORT SCALE: the runs of LONG minus those of SHORT in the same turn, times SCALE; memory of LONG. The smallest
# of such differences would be a lucky one: NEW.least has the difference of the smallest times instead.
less() {
  paste -d ' ' "$2.runs" "$3.runs" |
    awk -v scale="$4" '{ print ($1 - $4) * scale, ($2 - $5) * scale, $3 }' > "$1.runs"
  echo "$(of "$2" 1 min) $(of "$3" 1 min) $(of "$2" 2 min) $(of "$3" 2 min)" |
    awk -v scale="$4" '{ print ($1 - $2) * scale, ($3 - $4) * scale }' > "$1.least"
}

# scale NEW JOB FACTOR: the runs of JOB in another unit.
scale() {
  if [ -f "$2.runs" ]; then
    awk -v f="$3" '{ print $1 * f, $2 * f, $3 }' "$2.runs" > "$1.runs"
  fi
}

# of JOB COLUMN min|median|max
of() {
  if [ "$3" = min ] && [ -f "$1.least" ]; then
    cut -d ' ' -f "$2" "$1.least"
    return
  fi
  cut -d ' ' -f "$2" "$1.runs" | sort -g | awk -v what="$3" '
    { v[NR] = $1 }
    END {
      if (what == "min") print v[1]
      else if (what == "max") print v[NR]
      else print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
    }'
}

# row TITLE UNIT JOB BESIDE-TITLE BESIDE-JOB GOAL: a line of the table. GOAL is "ratio N", a bound on our time over the other's,
# or "N", a bound on the smallest time, or "cpu N", the same of CPU time (with one thread the time on a quiet machine), or "-".
row() {
  local other=- other_cpu=- ratio=- met=- bound=${6##* } value
  if [ -f "$5.runs" ]; then
    other=$(of "$5" 1 min)
    other_cpu=$(of "$5" 2 min)
    ratio=$(awk -v a="$(of "$3" 1 min)" -v b="$other" 'BEGIN { printf "%.3g", a / b }')
  fi
  case $6 in
    ratio*) value=$ratio ;;
    cpu*) value=$(of "$3" 2 min) ;;
    *) value=$(of "$3" 1 min) ;;
  esac
  if [ "$bound" != - ]; then
    met=$(awk -v a="$value" -v b="$bound" 'BEGIN { print a <= b ? "yes" : "no" }')
  fi
  awk -v OFS='\t' -v title="$1" -v unit="$2" -v min="$(of "$3" 1 min)" \
    -v median="$(of "$3" 1 median)" -v cpu="$(of "$3" 2 min)" -v memory="$(of "$3" 3 max)" \
    -v beside="$4" -v other="$other" -v other_cpu="$other_cpu" -v ratio="$ratio" \
    -v goal="${6/ /<=}" -v met="$met" '
    function f(x) { return x == "-" || x == 0 ? "-" : sprintf("%.3g", x) }
    BEGIN {
      if (goal ~ /^[0-9]/) goal = "min<=" goal
      memory = memory > 0 ? sprintf("%.0f", memory / 1024) : "-"
      print title, unit, f(min), f(median), f(cpu), memory, beside, f(other), f(other_cpu), ratio,
        goal, met
    }' >> table
}

# peer JOB SCRIPT ARGUMENT...: the time that a Python peer measured itself (without its imports), where the peers are installed.
peer() {
  local job=$1 value
  shift
  if [ ! -x "$PEERS" ]; then return 0; fi
  if value=$("$PEERS" "$folder/peers/$1" "${@:2}" 2> error); then
    keep "$job" "$value"
  else
    echo "benchmark: $1 failed: $(tail -n 1 error)" >&2
  fi
}

turns() { seq "$RUNS"; }

cores=$(getconf _NPROCESSORS_ONLN)
load() { cut -d ' ' -f 1 /proc/loadavg 2> /dev/null || echo unknown; }
load_before=$(load)
printf 'job\tunit\tmin\tmedian\tcpu\tMiB\tbeside\tits_min\tits_cpu\tratio\tgoal\tmet\n' > table

# Reading LHE, beside inflating the same file and looking for its line ends. That is a yardstick, no ceiling: gzip's inflate
# takes about twice the time of zlib's. The plain text is read on one thread, beside counting its lines.
morph setup "$example/analysis.yaml" -o setup.h5
morph setup "$folder/ten.yaml" -o ten.h5
zcat "$sm" > sm.lhe
megabytes=$(wc -c < sm.lhe | awk '{ print $1 / 1e6 }')
# Other programs get the first events, as plain text: more would take minutes.
first=2000
awk -v n=$first '{ print } /<\/event>/ && ++k == n { print "</LesHouchesEvents>"; exit }' sm.lhe > first.lhe
read_sm() {
  rm -f sm.h5
  measure "$1" lhe-read "${@:3}" --setup ten.h5 --sample "sm:$2" -o sm.h5
}
lines() { measure zcat bash -c 'zcat "$0" | wc -l' "$sm"; }
lhef=''
if type -P g++ > /dev/null && g++ -O2 -o lhef_read "$folder/peers/lhef_read.cc" 2> /dev/null; then
  lhef=yes
fi
lines
rm zcat.runs
for _ in $(turns); do
  lines
  read_sm read "$sm"
  read_sm read1 "$sm" -@ 1
  read_sm plain1 sm.lhe -@ 1
  measure stream1 lhe-read --setup ten.h5 --sample sm:sm.lhe -@ 1 -O stream -o /dev/null
  measure wc wc -l sm.lhe
  if [ -n "$lhef" ]; then keep lhef "$(./lhef_read sm.lhe 20000)"; fi
done
peer pylhe pylhe_read.py "$sm" 5000
peer lheutils lheutils_read.py first.lhe $first
peer madminer_lhe madminer_lhe.py ten.h5 first.lhe $first
row 'lhe-read, 100,000 events, 10 observables, gzip' s read 'zcat | wc -l' zcat 'ratio 1'
row 'lhe-read -@ 1' s read1 'zcat | wc -l' zcat -
bound=$(awk -v m="$megabytes" 'BEGIN { print m / 600 }')
row "lhe-read -@ 1, $megabytes MB of plain text to a stream" s stream1 'wc -l' wc "$bound"
row 'the same to a file' s plain1 'wc -l' wc -
scale read_us read 10
for other in 'LHEF of HepMC3, plain text:lhef' pylhe:pylhe lheinfo:lheutils MadMiner:madminer_lhe; do
  row 'lhe-read, per event' us read_us "${other%:*}" "${other##*:}" -
done

# Training rows: the ceiling is to write as many bytes again.
lhe-read --setup setup.h5 --sample "sm:$sm" --sample "chw_pos_chq3_pos:$bsm" -o signal.h5
ratio_rows() {
  augment ratio signal.h5 -n "$1" --theta0 prior --theta1 sm -o "$2" "${@:3}"
}
export -f ratio_rows
for _ in $(turns); do
  measure augment bash -c 'ratio_rows 1000000 rows.h5'
  measure copy bash -c 'cat rows.h5 > copy.h5'
done
row 'augment ratio, 1,000,000 rows and theta' s augment 'copy of its output' copy 3
rm copy.h5 rows.h5

# Training: what is done once drops out of the difference of two runs.
rows=100000
ratio_rows $rows sample.h5 --observables pt_l,pt_v,pt_w,mt_w,eta_l,pt_h,dphi_lh
train() {
  measure "$1" train-ratio sample.h5 --method alices --hidden 60,60 --batch-size 128 \
    --validation-split 0 --epochs "$2" -@ "$3" -f -o model.h5
}
# Both threads wait for the core that is slower at the moment, so it takes more turns than other jobs to meet a quiet machine.
for _ in {1..9}; do for _ in $(turns); do
  train short 2 1
  train long 12 1
  train short2 2 2
  train long2 12 2
done; done
for _ in $(turns); do peer madminer_training madminer_training.py sample.h5 20000; done
per_row=$(awk -v n=$rows 'BEGIN { print 1e6 / (10 * n) }')
less epochs long short "$per_row"
less epochs2 long2 short2 "$per_row"
# 1.2 us where MadMiner takes 17: what counts is the ratio on one machine.
row 'train-ratio, ALICES 60-60, per row, -@ 1' us epochs MadMiner madminer_training 'ratio 0.0706'
row 'the same, -@ 2' us epochs2 'one thread' epochs 'ratio 0.5556'

# Evaluation of every event at every point of a grid; reading and what is done once drop out, writing does not.
evaluate_grid() {
  measure "$1" evaluate signal.h5 --model model.h5 --partition all --grid "cHW=-0.1:0.1:$2" \
    --grid cHq3=-0.03:0.03:5 -@ 1 -O stream -o /dev/null
}
for _ in $(turns); do
  evaluate_grid few 5
  evaluate_grid many 25
done
less points many few "$(awk 'BEGIN { print 1e6 / (130000 * 100) }')"
row 'evaluate, 60-60, per event and theta, -@ 1' us points - - 'cpu 0.15'

# Information beyond reading: the rate reads the same columns and sums them.
for _ in $(turns); do
  measure truth fisher truth sm.h5 --theta sm --luminosity 300/fb
  measure rate fisher rate sm.h5 --theta sm --luminosity 300/fb
  peer madminer_truth madminer_truth.py sm.h5
done
less beyond truth rate 1
row 'fisher truth, 100,000 events, with reading' s truth MadMiner madminer_truth -
row 'the same beyond fisher rate' s beyond - - 0.05

# Limits of a histogram on a grid of 25 x 25, from the events and from a table of bins. MadMiner has no row: its limits end in
# an error of numpy.
histogram="--luminosity 300/fb --theta sm --grid cHW=-0.1:0.1:25 --grid cHq3=-0.03:0.03:25"
fisher bins sm.h5 --observable pt_w --bins 10 -o bins.h5
for _ in $(turns); do
  # shellcheck disable=SC2086 # options
  measure limits limits expected sm.h5 --observable pt_w --bins 10 $histogram
  # shellcheck disable=SC2086 # options
  measure limits_bins limits expected bins.h5 $histogram
  measure cat cat sm.h5
done
row 'limits of a histogram, 25 x 25, from events' s limits 'cat of the events' cat -
row 'the same from a table of bins' s limits_bins - - 0.1

# Toys of 48 events at one point: what the table of log r takes drops out of the difference.
toys() {
  measure "$1" limits toys sm.h5 --truth --theta sm --luminosity 0.07/fb --grid cHW=-0.4:0.4:25 \
    --grid cHq3=-0.1:0.1:25 --toys "$2" --experiments 100 --shard 1/625 -f -o toys.h5
}
for _ in $(turns); do
  toys toys_few 100
  toys toys_many 100000
done
less toys toys_many toys_few "$(awk 'BEGIN { print 10000 / 99900 }')"
row '10,000 toys of 48 events at one theta, 625 hypotheses' s toys - - 2

kept=$folder/Runs/$(date +%Y-%m-%d)-${cores}cores.tsv
mkdir -p "$folder/Runs"
# Aligned by hand: column(1) is not everywhere.
awk -F '\t' '
  function pad(n) { return n < 1 ? "" : sprintf("%" n "s", "") }
  { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
  END {
    for (r = 1; r <= NR; r++) {
      line = ""
      for (i = 1; i <= NF; i++) {
        space = pad(width[i] - length(cell[r, i]))
        line = line (i <= 2 || i == 7 ? cell[r, i] space : space cell[r, i]) (i < NF ? "  " : "")
      }
      print line
    }
  }' table
# Times of a machine that does other things too are too long.
{
  echo "# $cores cores, $RUNS runs, load average $load_before before"
  cat table
} > "$kept"
echo "# $cores cores, load average $load_before before the first run"
echo "# kept in Benchmarks/Runs/${kept##*/}"
