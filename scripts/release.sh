#!/usr/bin/env bash
# Builds the release assets of a version, byte for byte the same each time.
#
#   scripts/release.sh VERSION DIR            builds into DIR
#   scripts/release.sh VERSION DIR --check    and compares with checksums.txt
#
# The checksums are committed before the version is tagged, so that the tag
# holds them: write the version into internal/cli/version.txt, run this, copy
# DIR/checksums.txt to scripts/checksums.txt, commit, tag. Nothing of git is in
# the binaries, for the commit is not known yet.
set -euo pipefail

version=${1:?usage: scripts/release.sh VERSION DIR [--check]}
out=${2:?usage: scripts/release.sh VERSION DIR [--check]}
check=${3:-}
version=${version#v}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || {
  echo "release: $version is no version such as 1.2.3" >&2
  exit 2
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ "$(cat "$here/internal/cli/version.txt")" != "$version" ]; then
  echo "release: internal/cli/version.txt does not say $version" >&2
  exit 1
fi
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"

export GOTOOLCHAIN=go1.26.8 # another toolchain gives other bytes
export CGO_ENABLED=0 GOWORK=off GOFLAGS='-mod=readonly -trimpath -buildvcs=false' GOAMD64=v1 GOARM64=v8.0

{
  echo '# SHA-256 of the release assets, as scripts/release.sh writes them. The source'
  echo '# line says which source they were built from; without one they are of none.'
  echo "# source $(bash scripts/source.sh)"
} >"$work/checksums.txt"

for platform in darwin_amd64 darwin_arm64 linux_amd64 linux_arm64 windows_amd64 windows_arm64; do
  exe=
  [ "${platform%_*}" != windows ] || exe=.exe
  name=andon_${version}_$platform.tar.gz
  rm -rf "$work/tree"
  mkdir "$work/tree"
  GOOS=${platform%_*} GOARCH=${platform#*_} go build -ldflags '-s -w -buildid=' -o "$work/tree/andon$exe" ./cmd/andon
  cp LICENSE "$work/tree/"
  chmod 755 "$work/tree/andon$exe"
  chmod 644 "$work/tree/LICENSE"
  tar --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work/tree" -cf - LICENSE "andon$exe" |
    gzip -n -9 >"$out/$name"
  (cd "$out" && sha256sum "$name") >>"$work/checksums.txt"
  echo "release: $name" >&2
done
cp "$work/checksums.txt" "$out/checksums.txt"

if [ "$check" = --check ] && ! diff -u scripts/checksums.txt "$out/checksums.txt" >&2; then
  echo 'release: the assets are not those that scripts/checksums.txt names' >&2
  echo "hint: copy $out/checksums.txt to scripts/checksums.txt, commit, and tag that commit" >&2
  exit 1
fi
