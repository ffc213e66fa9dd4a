#!/usr/bin/env bash
# Measures andon report over a large history against DuckDB, and prints a Markdown
# table for docs/report.md.
#
#   scripts/history.sh [RUNS [DAYS]]
#
# It makes a history of RUNS (default 1000000) rollups over DAYS (default 90) days,
# of 40 repositories, 8 agents and 5 models, and times four things over it, each
# a process of its own, round by round: the report from the days' files alone; from
# the summaries that `andon sync` keeps beside them; the report after one day's file
# has grown; and DuckDB's read_json with the columns named, which adds up runs,
# failures and cost by day, agent, repository and model, with a quantile of the time.
#
# Needs go and python3; duckdb comes from PyPI into a folder of its own. ROUNDS
# (default 5) is how often each is measured; ANDON may be the absolute path of a
# program, HISTORY a folder that was made before.
set -euo pipefail

version=1.4.4
runs=${1:-1000000}
days=${2:-90}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

andon=${ANDON:-$work/andon}
[ -x "$andon" ] || (cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$andon" ./cmd/andon)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"

history=${HISTORY:-$work/history}
[ -d "$history" ] || python3 "$here/scripts/history.py" make "$history" "$runs" "$days"
"$work/venv/bin/python" "$here/scripts/history.py" measure "$andon" "$history" "${ROUNDS:-5}"
