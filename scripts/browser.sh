#!/usr/bin/env bash
# Puts into a folder what the tests need to draw a report as GitHub would: Mermaid
# and GitHub's style sheet, from the npm registry at the versions named here. The
# browser itself is Chromium or Chrome.
#
#   ANDON_BROWSER=$(scripts/browser.sh DIR) go test ./internal/report -run Browser
set -euo pipefail

dir=${1:?usage: scripts/browser.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# fetch PACKAGE VERSION SHA512 FILE: unpacks one file of a package.
fetch() {
  local package=$1 version=$2 sum=$3 file=$4 work
  local to=$dir/$package-$version-${file##*/}
  if [ ! -s "$to" ]; then
    work=$(mktemp -d)
    (
      cd "$work"
      npm pack --silent "$package@$version" >/dev/null
      [ "$(openssl dgst -sha512 -binary "$package-$version.tgz" | openssl base64 -A)" = "$sum" ] || {
        printf '%s@%s is not the package that was pinned\n' "$package" "$version" >&2
        exit 1
      }
      tar -xzf "$package-$version.tgz" "package/$file"
      mv "package/$file" "$to"
    ) || {
      rm -rf "$work"
      return 1
    }
    rm -rf "$work"
  fi
  ln -f "$to" "$dir/${file##*/}"
}

fetch mermaid 11.17.2 \
  V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg== dist/mermaid.min.js
fetch github-markdown-css 5.9.0 \
  tmT5sY+zvg2302XLYEfH2mtkViIM1SWf2nvYoF5N1ZsO0V6B2qZTiw3GOzw4vpjLygK/KG35qRlPFweHqfzz5w== github-markdown-light.css
printf '%s\n' "$dir"
