"""Makes a large history, and measures reports of it. See history.sh."""

import datetime
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time

LAST = datetime.date(2026, 11, 20)


def make(folder, runs, days):
    """Writes a history of so many runs, the same for the same numbers."""
    rng = random.Random(1)
    for n in range(days):
        day = LAST - datetime.timedelta(days=days - 1 - n)
        path = os.path.join(folder, day.strftime("runs/%Y/%m/%d.jsonl"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            for i in range(runs * n // days, runs * (n + 1) // days):
                file.write(rollup(rng, day, i) + "\n")


def rollup(rng, day, i):
    agent, model, repository = rng.randrange(8), rng.randrange(5), rng.randrange(40)
    seconds, usd = rng.lognormvariate(5, 0.35), rng.lognormvariate(-1.5 + model / 4, 0.35)
    start = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(seconds=rng.uniform(0, 86399))
    sha = f"{rng.getrandbits(160):040x}"
    failed = rng.random() < 0.03
    record = {
        "run_id": f"{rng.getrandbits(128):032x}",
        "format": "claude-code/stream-json",
        "files": [],
        "agent": {"name": f"role-{agent}", "instructions": {"sha256": f"{agent:064x}"}},
        "runtime": {"name": "claude-code", "version": "2.1.0"},
        "models": [f"model-{model}"],
        "start": start.isoformat(timespec="milliseconds") + "Z",
        "end": (start + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds") + "Z",
        "duration_ms": int(seconds * 1000),
        "status": "failure" if failed else "success",
        "usage": {"input_tokens": int(usd * 9e4), "output_tokens": int(usd * 2e4)},
        "cost": {"usd": round(usd, 6), "source": "reported"},
        "turns": rng.randrange(3, 20),
        "llm_calls": rng.randrange(3, 20),
        "tool_calls": rng.randrange(3, 40),
        "tool_errors": int(rng.random() < 0.2),
        "tools": {"Bash": {"calls": 3, "errors": 0, "duration_ms": 900}},
        "decision": {"kind": rng.choice(["approve", "request_changes"]), "source": "text", "findings": 0},
        "findings": [],
        "repository": f"octo/repository-{repository}",
        "subject": {"kind": "pull_request", "number": rng.randrange(1, 5000)},
        "session_id": f"octo/r{repository}#1@{sha[:12]}",
        "workflow_run": {"id": 9_000_000_000 + i, "attempt": 1},
    }
    if failed:
        record["error"] = {"type": "api_error", "message": f"overloaded, request {i}"}
    return json.dumps(record, separators=(",", ":"))


QUERY = """
SELECT date_trunc('day', start), agent.name, repository, models[1], count(*), count(*) FILTER (status = 'failure'),
       sum(cost.usd), quantile_cont(duration_ms, 0.5)
FROM read_json('{}/runs/*/*/*.jsonl', format = 'newline_delimited', columns = {{
  start: 'TIMESTAMP', agent: 'STRUCT(name VARCHAR)', repository: 'VARCHAR', models: 'VARCHAR[]', status: 'VARCHAR',
  cost: 'STRUCT(usd DOUBLE)', duration_ms: 'BIGINT'}})
GROUP BY ALL
"""


def query(history):
    """What the measured DuckDB process does."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    rows = connection.execute(QUERY.format(history)).fetchall()
    print(sum(row[4] for row in rows))


def timed(*command):
    """Returns seconds of wall and CPU and the peak of memory in MB of a process."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command[0]} failed")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


def measure(andon, history, rounds):
    report = [andon, "report", "--history", history, "--as-of", LAST.isoformat(), "--format", "json"]
    kept = history.rstrip("/") + ".summaries"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(history, kept)
    subprocess.run([andon, "prune", "--keep", "9999d", "--history", kept], check=True, stdout=subprocess.DEVNULL)
    jobs = {
        "`andon report`, days' files alone": report,
        "`andon report`, with summaries": [*report[:3], kept, *report[4:]],
        "DuckDB, the days' files": [sys.executable, __file__, "query", history],
    }
    seen = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, command in jobs.items():
            seen[name].append(timed(*command))
    total = json.loads(seen["`andon report`, days' files alone"][0][3])["totals"]["runs"]
    if total != int(seen["DuckDB, the days' files"][0][3]):
        sys.exit(f"Andon has seen {total} runs, DuckDB another number")
    size = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(os.path.join(history, "runs")) for name in names)
    peer = statistics.median(wall for wall, *_ in seen["DuckDB, the days' files"])
    load = os.getloadavg()[0]
    print(f"{total} runs, {size / 1e6:.0f} MB; {os.cpu_count()} cores, {platform.machine()}, load {load:.1f}; medians of {rounds}.\n")
    print("| | wall | CPU | memory | to DuckDB |\n|---|--:|--:|--:|--:|")
    for name, results in seen.items():
        wall, cpu, memory = (statistics.median(r[i] for r in results) for i in range(3))
        print(f"| {name} | {wall:.2f} s | {cpu:.2f} s | {memory:.0f} MB | {wall / peer:.2f} |")
    shutil.rmtree(kept)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    elif sys.argv[1] == "query":
        query(sys.argv[2])
    else:
        measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))
