#!/usr/bin/env bash
# Accuracy of large batches on MNIST, a learning rate for each: as of batch 64; times batch / 64; the
# same after an epoch of warm-up; times the root of batch / 64 after it. Five epochs of AdamW, the best
# of them by 5,000 validation images; test accuracy in percent, and mean over seeds.
# Usage: apps/bench/batches.sh [DATA [SEEDS]]; PROGRAM=build/mnist_stn
set -euo pipefail
data=${1:-${FOVEA_DATA:-datasets/mnist}} seeds=${2:-3} program=${PROGRAM:-build/mnist_stn}
printf '%-28s %8s %8s %8s %8s\n' 'rate' 64 256 1024 4096
for rule in '1 0 as of batch 64' 'k 0 times k = batch / 64' 'k 1 the same, warm-up' 'sqrt(k) 1 times sqrt(k), warm-up'; do
  read -r factor warm name <<<"$rule"
  printf '%-28s' "$name"
  for batch in 64 256 1024 4096; do
    rate=$(awk "BEGIN { k = $batch / 64; print 0.002 * $factor }")
    for ((seed = 1; seed <= seeds; ++seed)); do
      "$program" train --data "$data" --validation 5000 --epochs 5 --schedule cosine --batch "$batch" --lr "$rate" \
        --warmup $((warm * (55000 + batch - 1) / batch)) --seed "$seed" --quiet | sed -n 's/^Test set:.*(\(.*\)%)$/\1/p'
    done | awk '{ sum += $1 } END { printf " %8.2f", sum / NR }'
  done
  echo
done
