#!/usr/bin/env bash
# Runs andon collect and ccusage side by side over recorded transcripts, and
# prints what each counts as a Markdown table.
#
#   scripts/ccusage.sh TRANSCRIPTS
#
# TRANSCRIPTS holds <cli>-<version>/<scenario>/ with the files that a CLI wrote,
# TRUTH.tsv with the count of the server that the CLI talked to, and, without a
# truth, third-party/<format>/<file>. ccusage reads home folders only: each
# scenario's files are laid out in one as the CLI would have written them.
#
# Every cell is input / cache read / cache write / output in disjoint classes;
# output includes reasoning. "Andon, same files" was given what ccusage was
# given, "Andon" the whole scenario.
#
# Needs go, jq and npm; ccusage comes from npm and runs offline. ANDON and CCUSAGE
# may be absolute paths of programs to run instead.
set -euo pipefail

version=20.0.24
transcripts=$(cd "${1:?usage: scripts/ccusage.sh TRANSCRIPTS}" && pwd)
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

andon=${ANDON:-$work/andon}
[ -x "$andon" ] || (cd "$here" && CGO_ENABLED=0 go build -trimpath -o "$andon" ./cmd/andon)
ccusage=${CCUSAGE:-$work/npm/node_modules/.bin/ccusage}
[ -x "$ccusage" ] || npm install --prefix "$work/npm" --no-audit --no-fund --silent "ccusage@$version" >&2

home=$work/home

# lay CLI FOLDER: puts what a CLI wrote where ccusage looks for it. OpenCode keeps
# its messages in a database or, earlier, in files; its exports hold the same.
lay() {
  rm -rf "$home" && mkdir -p "$home"
  case $1 in
  claude) place "$2" .claude/projects ;;
  codex) place "$2" .codex/sessions ;;
  gemini) place "$2" .gemini/tmp ;;
  copilot) place "$2" .copilot/session-state ;;
  opencode)
    local messages=$home/.local/share/opencode/storage/message export
    mkdir -p "$messages"
    for export in "$2"/export-*.json; do
      jq -c '.messages[].info' "$export" | awk -v name="$messages/$(basename "$export" .json)" '{ f = name "-" NR ".json"; print > f; close(f) }'
    done
    ;;
  esac
}

# lay_telemetry FOLDER: adds the OpenTelemetry file that Copilot CLI writes when
# it is asked to.
lay_telemetry() {
  mkdir -p "$home/.copilot/otel"
  cp "$1/otel-file.jsonl" "$home/.copilot/otel/"
}

place() {
  mkdir -p "$home/$(dirname "$2")"
  cp -r "$1/session" "$home/$2"
}

cell='"\(.[0]) / \(.[1]) / \(.[2]) / \(.[3])"'

# ask_ccusage CLI: its totals of the home folder.
ask_ccusage() {
  env -i PATH="$PATH" HOME="$home" "$ccusage" "$1" session --json --offline 2>/dev/null |
    jq -r "(.totals // {}) | [.inputTokens, .cacheReadTokens, .cacheCreationTokens, .outputTokens] | map(. // 0) | $cell"
}

# ask_andon PATH...: the same of Andon.
ask_andon() {
  local status=0
  (cd "$work" && env -i PATH="$PATH" HOME="$work" "$andon" collect --quiet --format json "$@") >"$work/report" 2>/dev/null || status=$?
  [ "$status" -le 1 ] || return "$status" # 1 says that there are findings
  jq -r "[.sessions[].usage] | [map(.input_tokens), map(.cache_read_tokens), map(.cache_write_5m_tokens, .cache_write_1h_tokens), map(.output_tokens)] | map(add // 0) | $cell" "$work/report"
}

# against REFERENCE FIGURES: "equal", or what the figures have more or less.
against() {
  jq -nr --arg a "$1" --arg b "$2" '
    def n: split(" / ") | map(tonumber);
    [($b | n), ($a | n)] | transpose | map(.[0] - .[1]) |
    if all(. == 0) then "equal" else map(if . > 0 then "+\(.)" else tostring end) | join(" / ") end'
}

# row NAME TRUTH FOLDER CLI [FILE...]: one line of the table. FILEs are what Andon
# reads in place of the home folder.
row() {
  local name=$1 truth=$2 folder=$3 cli=$4 whole same other
  shift 4
  [ $# -gt 0 ] || set -- "$home"
  whole=$(ask_andon "$folder")
  same=$(ask_andon "$@")
  other=$(ask_ccusage "$cli")
  printf '| %s | %s | %s | %s | %s |\n' "$name" "$truth" "$(against "$truth" "$whole")" "$(against "$truth" "$same")" "$(against "$truth" "$other")"
}

printf '%s. Cells are input / cache read / cache write / output, or what is more or less than the truth.\n\n' "$("$ccusage" --version)"
printf '| scenario | truth | Andon | Andon, same files | ccusage |\n|---|---|---|---|---|\n'
tail -n +2 "$transcripts/TRUTH.tsv" | while IFS=$'\t' read -r name cli _ _ _ _ _ input read write5 write1 output _; do
  folder=$transcripts/$name
  truth="$input / $read / $((write5 + write1)) / $output"
  lay "$cli" "$folder"
  case $cli in
  opencode) row "$name" "$truth" "$folder" "$cli" "$folder"/export-*.json ;;
  copilot)
    row "$name, no telemetry" "$truth" "$folder" "$cli"
    lay_telemetry "$folder"
    row "$name" "$truth" "$folder" "$cli"
    ;;
  *) row "$name" "$truth" "$folder" "$cli" ;;
  esac
done

[ -d "$transcripts/third-party" ] || exit 0
printf '\nWithout a truth, each file by itself:\n\n| file | Andon | ccusage | ccusage - Andon |\n|---|---|---|---|\n'
for file in "$transcripts"/third-party/{claude-session,codex-rollout,copilot-events,gemini-session}/*.json*; do
  format=$(basename "$(dirname "$file")")
  cli=${format%%-*}
  folder=$work/one
  rm -rf "$folder"
  case $cli in
  copilot) inside=$folder/session/$(basename "$file" .jsonl)/events.jsonl ;;
  *) inside=$folder/session/project/chats/$(basename "$file") ;;
  esac
  mkdir -p "$(dirname "$inside")" && cp "$file" "$inside"
  lay "$cli" "$folder"
  ours=$(ask_andon "$file")
  other=$(ask_ccusage "$cli")
  printf '| %s/%s | %s | %s | %s |\n' "$format" "$(basename "$file")" "$ours" "$other" "$(against "$ours" "$other")"
done
