#!/usr/bin/env bash
# Measures andon scan against gitleaks, ripgrep and wc, and prints Markdown tables
# for docs/secrets.md: speed, planted credentials, recall by depth of JSON, false
# alarms, and recorded transcripts.
#
#   scripts/secrets.sh [CORPORA [TRANSCRIPTS [FILE.jsonl]]]
#
# CORPORA holds <name>.jsonl with {"kind":"positive"|"negative","text":…} a line,
# TRANSCRIPTS <cli>-<version>/<scenario>/ as scripts/ccusage.sh reads them. FILE is
# what speed is measured on, with FILE.planted beside it, {"v":…} a line. Without
# it a file of 100 MB is made of the sources on this machine. "-" leaves one out.
#
# gitleaks is installed by go, ripgrep unpacked from Debian's package where it is
# not there already. ROUNDS (default 5) is how often speed is measured, MEGABYTES
# (default 5) how much of the file gitleaks is given. ANDON and GITLEAKS may be
# absolute paths of programs to run instead.
#
# Needs go and python3.
set -euo pipefail

gitleaks_version=v8.30.1
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

andon=${ANDON:-$work/andon}
[ -x "$andon" ] || (cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$andon" ./cmd/andon)

gitleaks=${GITLEAKS:-$work/bin/gitleaks}
[ -x "$gitleaks" ] || GOFLAGS=-mod=mod GOBIN=$work/bin go install "github.com/zricethezav/gitleaks/v8@$gitleaks_version" >&2 || {
  echo "gitleaks $gitleaks_version cannot be installed; its columns stay empty" >&2
  gitleaks=
}

rg=$(command -v rg || true)
if [ -z "$rg" ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
  if (cd "$work" && apt-get download ripgrep >/dev/null 2>&1 && dpkg-deb -x ripgrep_*.deb ripgrep); then
    rg=$work/ripgrep/usr/bin/rg
  else
    echo "ripgrep cannot be had; its row stays empty" >&2
  fi
fi

path() { # of an argument that may be left out
  case ${1:--} in -) ;; *) readlink -f "$1" ;; esac
}

ANDON=$andon GITLEAKS=$gitleaks GITLEAKS_VERSION=$gitleaks_version RG=$rg WORK=$work \
  CORPORA=$(path "${1:--}") TRANSCRIPTS=$(path "${2:--}") FILE=$(path "${3:--}") \
  GOROOT_SRC=$(go env GOROOT)/src python3 "$here/scripts/secrets.py"
