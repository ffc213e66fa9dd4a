#!/usr/bin/env bash
# Compares whole processes in one run, on one core: andon collect, andon
# validate and andon scan against jq -c . on the same file.
#
#   scripts/bench.sh FILE.jsonl [ROUNDS]
#
# Prints the fastest of ROUNDS (default 3) of each as MB/s, the ratio to jq, and
# the most memory that a process held. Rounds are interleaved, so that a load
# from elsewhere falls on all of them.
set -euo pipefail

file=${1:?usage: scripts/bench.sh FILE.jsonl [ROUNDS]}
rounds=${2:-3}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$work/andon" ./cmd/andon)
megabytes=$(awk -v n="$(wc -c <"$file")" 'BEGIN { printf "%.3f", n / 1e6 }')
cat "$file" >/dev/null # into the page cache

pin=()
command -v taskset >/dev/null && pin=(taskset -c 0)

# measure NAME COMMAND...: appends "seconds kilobytes" to the name's file.
measure() {
  local name=$1 status=0
  shift
  "${pin[@]}" /usr/bin/env time -f '%e %M' -o "$work/one" "$@" >/dev/null 2>"$work/stderr" || status=$?
  if [ "$status" -gt 1 ]; then # 1 says that there are findings
    cat "$work/stderr" >&2
    exit 1
  fi
  tail -n 1 "$work/one" >>"$work/$name"
}

for _ in $(seq "$rounds"); do
  measure jq jq -c . "$file"
  measure collect "$work/andon" collect --quiet --format json "$file"
  measure validate "$work/andon" validate --quiet "$file"
  measure scan "$work/andon" scan --quiet "$file"
done

printf '%s MB, fastest of %s rounds on one core, load %s\n' "$megabytes" "$rounds" "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown)"
base=$(sort -n "$work/jq" | head -n 1 | cut -d' ' -f1)
for name in jq collect validate scan; do
  sort -n "$work/$name" | awk -v name="$name" -v mb="$megabytes" -v base="$base" '
    NR == 1 { best = $1 } $2 > kb { kb = $2 }
    END { printf "%-9s %7.2f s %8.0f MB/s %6.1f x jq %6.0f MB resident\n", name, best, mb / best, base / best, kb / 1024 }'
done
