#!/usr/bin/env bash
# Puts the andon program of this action in place and prints its path on stdout.
#
#   scripts/install.sh auto|download|build [VERSION]
#
# A release asset counts only if its SHA-256 is the one in checksums.txt beside
# this script: whoever pins the action by commit pins the program too. Without a
# VERSION, it must also be of this very source. Whatever cannot be had that way
# is built from the source with Go. A copy kept in the tool cache is the asset
# as it was downloaded, and is checked again each time.
set -euo pipefail

how=${1:-auto}
version=${2:-}
version=${version#v}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sums=$here/checksums.txt
releases=${ANDON_RELEASES:-https://github.com/andon-ci/andon/releases/download}

# unix PATH: as bash and tar take it. To tar, the colon of D:\ ends a host's name.
unix() { if command -v cygpath >/dev/null; then cygpath -u "$1"; else printf '%s' "$1"; fi; }
bin=$(mktemp -d "$(unix "${RUNNER_TEMP:-${TMPDIR:-/tmp}}")/andon-bin-XXXXXX")

note() { printf 'andon: %s\n' "$*" >&2; }
die() {
  note "$1"
  printf 'hint: %s\n' "$2" >&2
  exit 3
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

platform() {
  local os arch
  case ${RUNNER_OS:-$(uname -s)} in
    Linux) os=linux ;;
    macOS | Darwin) os=darwin ;;
    Windows | MINGW* | MSYS*) os=windows ;;
    *) return 1 ;;
  esac
  case ${RUNNER_ARCH:-$(uname -m)} in
    X64 | x86_64) arch=amd64 ;;
    ARM64 | arm64 | aarch64) arch=arm64 ;;
    *) return 1 ;;
  esac
  printf '%s_%s' "$os" "$arch"
}

exe=
case ${RUNNER_OS:-$(uname -s)} in Windows | MINGW* | MSYS*) exe=.exe ;; esac

# asset prints "SHA256 NAME" of the archive for this platform, if there is one.
asset() {
  local on
  on=$(platform) && [ -r "$sums" ] || return 1
  if [ -z "$version" ]; then
    [ "$(awk '$1 == "#" && $2 == "source" { print $3 }' "$sums")" = "$(bash "$here/source.sh")" ] || return 1
  fi
  awk -v v="$version" -v on="$on" '
    $1 != "#" && $2 ~ /^andon_[0-9A-Za-z.-]+_[a-z]+_[a-z0-9]+\.tar\.gz$/ {
      split($2, part, "_")
      if (substr($2, length(part[2]) + 8) == on ".tar.gz" && (v == "" || v == part[2])) { print $1, $2; found = 1; exit }
    }
    END { exit !found }' "$sums"
}

# matches FILE SHA256
matches() { [ -f "$1" ] && [ "$(sha256 <"$1" | cut -d' ' -f1)" = "$2" ]; }

download() {
  local sum name release cache=
  read -r sum name < <(asset) || return 1
  release=${name#andon_}
  release=v${release%%_*}
  [ -z "${RUNNER_TOOL_CACHE:-}" ] || cache=$(unix "$RUNNER_TOOL_CACHE")/andon/$name
  if [ -n "$cache" ] && matches "$cache" "$sum"; then
    cp "$cache" "$bin/$name"
  else
    note "downloading $name of $release"
    curl --fail --silent --show-error --location --retry 3 --max-time 120 --output "$bin/$name" "$releases/$release/$name" || return 1
  fi
  # checked where it is used: the cache is open to whoever else runs here
  if ! matches "$bin/$name" "$sum"; then
    die "$name is not what the repository's checksums say" 'do not use it; report it, and set the input install to build meanwhile'
  fi
  tar -xzf "$bin/$name" -C "$bin" "andon$exe" || return 1
  if [ -n "$cache" ]; then
    { mkdir -p "$(dirname "$cache")" && mv "$bin/$name" "$cache"; } 2>/dev/null || true
  fi
}

build() {
  command -v go >/dev/null ||
    die 'there is no release for this version and platform, and no Go to build it with' 'put a step with actions/setup-go before this one'
  note 'building from source'
  (cd "$here/.." && CGO_ENABLED=0 GOWORK=off go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$bin/andon$exe" ./cmd/andon) >&2 ||
    die 'the program could not be built from its source' 'the lines above say why; go.mod names the version of Go that it needs'
}

case $how in
  auto) download || { [ -z "$version" ] && build; } || die "version $version cannot be had" 'leave the input version empty, or name one that checksums.txt lists' ;;
  download) download || die 'no release asset can be had for this version and platform' 'set the input install to build, or to auto' ;;
  build) build ;;
  *) die "install does not take \"$how\"" 'it takes auto, download or build' ;;
esac
printf '%s\n' "$bin/andon$exe"
