#!/usr/bin/env bash
# Downloads the four files of MNIST (11 MB) and checks them.
#
# Usage: data/download.sh [DIR=datasets/mnist]
#
# FOVEA_MIRROR=URL takes them from there instead; file:///folder works too. Files that are already
# there are kept. A file appears under its name only when it is whole and its checksum is right.
# Ends with status 1 and one line on stderr if a file cannot be had; never waits longer than
# FOVEA_TIMEOUT seconds (default 180).
set -uo pipefail

readonly files=(
  440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609:train-images-idx3-ubyte.gz
  3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c:train-labels-idx1-ubyte.gz
  8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6:t10k-images-idx3-ubyte.gz
  f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6:t10k-labels-idx1-ubyte.gz
)
mirrors=(
  https://storage.googleapis.com/cvdf-datasets/mnist
  https://ossci-datasets.s3.amazonaws.com/mnist
)
if [[ -n ${FOVEA_MIRROR:-} ]]; then mirrors=("${FOVEA_MIRROR%/}"); fi

dir=${1:-datasets/mnist}
dir=${dir%/}
readonly deadline=${FOVEA_TIMEOUT:-180}
part=''

die() {
  printf 'download.sh: %s\n' "$*" >&2
  exit 1
}

cleanup() {
  if [[ -n $part ]]; then rm -f -- "$part"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

has_checksum() { # file sha256
  [[ -f $1 ]] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status 2>/dev/null
}

# Gets one file from one mirror; says on stdout why it failed.
fetch() { # url sha256
  local left=$((deadline - SECONDS))
  if ((left <= 0)); then
    echo "no time left of $deadline s"
    return 1
  fi
  # Gives up on a mirror that is slower than 1 kB/s for 10 s.
  curl --fail --silent --show-error --location --proto '=https,http,file' \
    --connect-timeout 5 --max-time "$left" --speed-limit 1000 --speed-time 10 \
    --output "$part" -- "$1" 2>&1 </dev/null | tr '\n' ' ' || return 1
  if ! has_checksum "$part" "$2"; then
    echo 'wrong checksum'
    return 1
  fi
}

get() { # name sha256
  local name=$1 sum=$2 target=$dir/$1 mirror reason reasons=''
  if has_checksum "$target" "$sum"; then
    echo "have $target"
    return
  fi
  # A whole gzip file with other contents is somebody's data (Fashion-MNIST has these names too).
  if [[ -e $target ]] && gzip --test -- "$target" 2>/dev/null </dev/null; then
    die "$target is there but is not MNIST's: move it away or name another folder"
  fi
  part=$dir/.$name.part.$$
  for mirror in "${mirrors[@]}"; do
    if reason=$(fetch "$mirror/$name" "$sum"); then
      mv -f -- "$part" "$target" || die "cannot write $target"
      part=''
      echo "got $target"
      return
    fi
    reasons+="${reasons:+; }$mirror: ${reason% }"
  done
  die "cannot get $name ($reasons): check the network, or set FOVEA_MIRROR=URL, or copy the four" \
    "files of MNIST to $dir"
}

for tool in curl sha256sum gzip; do
  command -v "$tool" >/dev/null || die "needs $tool, which is not installed"
done
[[ $deadline =~ ^[0-9]+$ ]] || die "FOVEA_TIMEOUT=$deadline is not a number of seconds"
mkdir -p -- "$dir" 2>/dev/null || die "cannot create the folder $dir"
[[ -w $dir ]] || die "cannot write to the folder $dir"
for file in "${files[@]}"; do get "${file#*:}" "${file%%:*}"; done
