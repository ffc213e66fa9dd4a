#!/usr/bin/env bash
# Runs a command with a real Prometheus at hand: that of the PATH or of Debian's
# package and, with ANDON_PROMETHEUS_BUILD set, also one that takes OTLP, which
# Debian's does not yet: built once, at the version named here, into a folder. That
# takes a few minutes. Without a command, having them is all that is done.
#
#   scripts/prometheus.sh DIR go test -count=1 -run Prometheus ./internal/cli
#
# The command finds the folders of the programs in ANDON_PROMETHEUS, and starts
# them itself: on the loopback, with data that is gone afterwards.
set -euo pipefail

version=v0.308.1 # of the module: Prometheus 3.8.1, the last that builds from modules alone

dir=${1:?usage: scripts/prometheus.sh DIR [COMMAND...]}
shift
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

have() { command -v prometheus && command -v promtool; } >/dev/null

if ! have && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get install -y -qq prometheus || { apt-get update -qq && apt-get install -y -qq prometheus; }; } >"$dir/apt.log" 2>&1 || true
fi
have || {
  echo 'prometheus: there is none, and its package could not be installed' >&2
  exit 1
}

# build makes the program without the service discoveries, most of what it links.
build() {
  local to=$dir/$version work
  [ ! -x "$to/prometheus" ] || return 0
  work=$(mktemp -d)
  (
    cd "$work"
    export GOFLAGS=-mod=mod CGO_ENABLED=0
    go mod init build
    go get "github.com/prometheus/prometheus/cmd/prometheus@$version"
    go build -tags netgo,remove_all_sd -o "$to/prometheus" github.com/prometheus/prometheus/cmd/prometheus
  ) >"$dir/build.log" 2>&1 || {
    tail -n 5 "$dir/build.log" >&2
    rm -rf "$work"
    return 1
  }
  rm -rf "$work"
}

ANDON_PROMETHEUS=$(dirname "$(command -v prometheus)")
if [ -n "${ANDON_PROMETHEUS_BUILD:-}" ]; then
  build
  ANDON_PROMETHEUS+=:$dir/$version
fi
export ANDON_PROMETHEUS
[ $# = 0 ] && exit

# a group of its own, so that nothing is left of a test that was killed
set -m
"$@" &
trap 'kill -- -$! 2>/dev/null || true' EXIT
wait $!
