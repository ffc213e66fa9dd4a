#!/usr/bin/env bash
# Prints the SHA-256 of the source that the program is built from: a release
# binary stands for exactly this source and for no later one. Used by install.sh
# and release.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

find go.mod go.sum cmd internal schemas -type f ! -name '*_test.go' ! -path '*/testdata/*' -print0 |
  LC_ALL=C sort -z | xargs -0 cat | sha256 | cut -d' ' -f1
