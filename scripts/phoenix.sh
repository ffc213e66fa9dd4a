#!/usr/bin/env bash
# Runs a command beside a real Arize Phoenix: from PyPI at the version named here,
# on the loopback, with a database that is gone afterwards. What it needs is put
# into a folder once. Without a command that is all that is done.
#
#   scripts/phoenix.sh DIR go test -count=1 -run Phoenix ./internal/cli
#
# The command finds the server's URL in ANDON_PHOENIX.
set -euo pipefail

version=20.26.1
pins=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/phoenix.txt # what it needs, as it was tested

dir=${1:?usage: scripts/phoenix.sh DIR [COMMAND...]}
shift
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

fail() {
  printf 'phoenix: %s\n' "$*" >&2
  exit 1
}

install() {
  local python=${PYTHON:-python3} at=$dir/$version
  [ ! -e "$at/installed" ] || return 0
  command -v "$python" >/dev/null || fail 'there is no Python'
  "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null ||
    fail 'Phoenix needs Python 3.11 to 3.14 with venv'
  rm -rf "$at"
  "$python" -m venv "$at"
  "$at/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-compile --only-binary :all: \
    --constraint "$pins" "arize-phoenix==$version" || fail 'PyPI did not give it'
  touch "$at/installed"
}

# ports prints two that nobody listens on.
ports() {
  "$dir/$version/bin/python" - <<'PY'
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))
PY
}

# ready waits until the server answers, or is gone.
ready() {
  "$dir/$version/bin/python" - "$1" "$2" <<'PY'
import os, sys, time, urllib.request
url, pid = sys.argv[1], int(sys.argv[2])
end = time.monotonic() + 180
while time.monotonic() < end:
    try:
        os.kill(pid, 0)
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url + "/readyz", timeout=5)
        sys.exit(0)
    except ProcessLookupError:
        break
    except OSError:
        time.sleep(0.1)
sys.exit(1)
PY
}

install
[ $# -gt 0 ] || exit 0

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

read -r http grpc < <(ports)
env -i PATH="$PATH" HOME="$work" PHOENIX_HOST=127.0.0.1 PHOENIX_PORT="$http" PHOENIX_GRPC_PORT="$grpc" \
  PHOENIX_WORKING_DIR="$work" PHOENIX_SQL_DATABASE_URL="sqlite:///$work/phoenix.db" \
  PHOENIX_TELEMETRY_ENABLED=false PHOENIX_ALLOW_EXTERNAL_RESOURCES=false PHOENIX_DISABLE_AGENT_ASSISTANT=true \
  "$dir/$version/bin/phoenix" serve >"$work/log" 2>&1 &
server=$!
ready "http://127.0.0.1:$http" "$server" || {
  tail -n 40 "$work/log" >&2
  fail 'it did not start'
}
ANDON_PHOENIX=http://127.0.0.1:$http "$@"
