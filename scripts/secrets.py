"""Measures andon scan against its peers and prints Markdown tables: scripts/secrets.sh says how."""

import collections
import glob
import json
import os
import platform
import random
import re
import shutil
import statistics
import string
import subprocess
import sys
import time

ENV = os.environ
ANDON, GITLEAKS, RG, WORK = ENV["ANDON"], ENV["GITLEAKS"], ENV["RG"], ENV["WORK"]
ROUNDS = int(ENV.get("ROUNDS", "5"))
MEGABYTES = float(ENV.get("MEGABYTES", "5"))

# Beginnings of credentials that need no context, for ripgrep.
PREFIXES = [
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AKIA", "ASIA", "AIza", "sk-ant-", "sk-proj-",
    "xoxb-", "npm_", "pypi-", "hf_", "sk_live_", "-----BEGIN",
]


def run(command, cores=(0,), out=subprocess.DEVNULL):
    """Runs a process on some cores. Returns its CPU seconds, its wall seconds and its output."""
    env = dict(ENV, GOMAXPROCS=str(len(cores)))
    pin = lambda: hasattr(os, "sched_setaffinity") and os.sched_setaffinity(0, cores)
    begun = time.monotonic()
    p = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, env=env, preexec_fn=pin, cwd=WORK)
    text, errors = p.communicate() if out == subprocess.PIPE else (b"", b"")
    if out != subprocess.PIPE:
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        errors = p.stderr.read()
        cpu = usage.ru_utime + usage.ru_stime
    else:
        cpu = 0
    if p.returncode not in (0, 1):  # 1 says that there are findings
        sys.exit("%s: exit %d: %s" % (command[0], p.returncode, errors.decode(errors="replace")[-500:]))
    return cpu, time.monotonic() - begun, text


def gitleaks(path, report):
    return [GITLEAKS, "dir", "--no-banner", "--log-level", "error", "--report-format", "json", "--report-path", report, path]


def table(*rows):
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows[1:]:
        print("| " + " | ".join(str(c) for c in row) + " |")
    print()


# The file for speed.


def generated():
    """Writes a transcript of 100 MB from Go's own sources, the same for the same Go, with 400 planted credentials."""
    r = random.Random(7)
    alnum, upper = string.ascii_letters + string.digits, string.ascii_uppercase + "234567"
    word = lambda n, a=alnum: "".join(r.choice(a) for _ in range(n))
    kinds = [
        lambda: ("github_pat_" + word(22) + "_" + word(59),) * 2,
        lambda: ("AKIA" + word(16, upper),) * 2,
        lambda: ("glpat-" + word(20),) * 2,
        lambda: ("sk-ant-api03-" + word(93) + "AA",) * 2,
        lambda: ("npm_" + word(36),) * 2,
        lambda: ("AIza" + word(35),) * 2,
        lambda: ("xoxb-" + word(12, string.digits) + "-" + word(12, string.digits) + "-" + word(24),) * 2,
        lambda: (lambda v: ("postgres://app:" + v + "@db.internal:5432/app", v))(word(18)),
        lambda: ("-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(word(64) for _ in range(8)) + "\n-----END RSA PRIVATE KEY-----",) * 2,
    ]
    sources = sorted(p for p in glob.glob(ENV["GOROOT_SRC"] + "/**/*.go", recursive=True) if os.path.isfile(p) and os.path.getsize(p) > 1000)
    r.shuffle(sources)
    path, size, planted = os.path.join(WORK, "generated.jsonl"), 0, []
    with open(path, "w", encoding="utf-8") as f:
        for n in range(1 << 30):
            with open(sources[n % len(sources)], encoding="utf-8", errors="replace") as source:
                text = source.read()
            start = r.randrange(max(1, len(text) - 8000))
            text = text[start : start + r.randrange(500, 12000)]
            if len(planted) < 400 and size > len(planted) * 250_000:
                said, value = kinds[len(planted) % len(kinds)]()
                at = text.rfind("\n", 0, r.randrange(1, len(text) + 1)) + 1
                text = text[:at] + said + "\n" + text[at:]
                planted.append(value)
            record = {"type": "user", "uuid": word(32, "0123456789abcdef"), "message": {"role": "user", "content": [{"type": "tool_result", "content": text}]}}
            if n % 9 == 0:
                record["message"]["content"][0]["content"] = json.dumps({"stdout": text})
            size += f.write(json.dumps(record, ensure_ascii=n % 2 == 0) + "\n")
            if size >= 100_000_000 and len(planted) == 400:
                break
    with open(path + ".planted", "w") as f:
        f.writelines(json.dumps({"v": v}) + "\n" for v in planted)
    return path


def depths(text):
    """The forms of a text in JSON, JSON in JSON, and so on."""
    out = [text]
    for _ in range(4):
        for ascii in (True, False):
            out.append(json.dumps(out[-1 if ascii else -2], ensure_ascii=ascii)[1:-1])
    return set(out)


def missing(values, text):
    """The values that stand in a text, in some form."""
    return [v for v in values if any(form in text for form in depths(v))]


def speed(path):
    size = os.path.getsize(path) / 1e6
    some = os.path.join(WORK, "some.jsonl")
    with open(path, "rb") as f, open(some, "wb") as g:
        g.write(f.read(int(MEGABYTES * 1e6)).rsplit(b"\n", 1)[0] + b"\n")
    small = os.path.getsize(some) / 1e6
    one = os.path.join(WORK, "one.jsonl")
    with open(one, "w") as f:
        f.write("{}\n")
    scan = [ANDON, "scan", "--quiet", path]
    jobs = [("`wc -l`", ["wc", "-l", path], size, (0,))]
    if RG:
        jobs.append(("ripgrep, %d prefixes" % len(PREFIXES), [RG, "-c", "--no-config"] + [a for p in PREFIXES for a in ("-e", re.escape(p))] + [path], size, (0,)))
    jobs += [("`andon scan`", scan, size, (0,)), ("`andon scan`, start alone", [ANDON, "scan", "--quiet", one], 0, (0,))]
    if GITLEAKS:
        report = os.path.join(WORK, "speed.json")
        jobs += [("gitleaks, the first %.1f MB" % small, gitleaks(some, report), small, (0,)), ("gitleaks, start alone", gitleaks(one, report), 0, (0,))]
    cpu, wall = collections.defaultdict(list), collections.defaultdict(list)
    for _ in range(ROUNDS):  # interleaved, so that a load from elsewhere falls on all
        for name, command, _, cores in jobs:
            seconds, _, _ = run(command, cores)
            cpu[name].append(seconds)
        for cores in ((0,), (0, 1)) if (os.cpu_count() or 1) > 1 else ():
            wall[len(cores)].append(run(scan, cores)[1])
    rate = {name: mb / statistics.median(cpu[name]) for name, _, mb, _ in jobs if mb}
    base = rate["`andon scan`"]
    rows = [("", "CPU time", "MB/s", "`andon scan` is")]
    for name, _, mb, _ in jobs:
        seconds = statistics.median(cpu[name])
        if not mb:
            rows.append((name, "%.0f ms" % (seconds * 1000), "", ""))
        else:
            ratio = base / rate[name]
            rows.append((name, "%.2f s" % seconds, "%.*f" % (rate[name] < 10, rate[name]), "" if ratio == 1 else "%.0f times as fast" % ratio if ratio > 1 else "1/%.1f as fast" % (1 / ratio)))
    table(*rows)
    if wall:
        print("A second core makes `andon scan` %.2f times as fast (wall time).\n" % (statistics.median(wall[1]) / statistics.median(wall[2])))
    found(path, some)


def found(path, some):
    with open(path + ".planted") as f:
        values = [json.loads(line)["v"] for line in f]
    copies = os.path.join(WORK, "copies")
    run([ANDON, "scan", "--quiet", "--redact", copies, path])
    text = ""
    for copy in glob.glob(copies + "/**/*", recursive=True):
        if os.path.isfile(copy):
            with open(copy, encoding="utf-8", errors="replace") as f:
                text += f.read()
    rows = [("planted credentials", "in", "found"), ("`andon scan`", "the file", "%d of %d" % (len(values) - len(missing(values, text)), len(values)))]
    if GITLEAKS:
        with open(some, encoding="utf-8", errors="replace") as f:
            there = missing(values, f.read())
        report = os.path.join(WORK, "found.json")
        run(gitleaks(some, report))
        with open(report) as f:
            said = "\n".join(r["Match"] + "\n" + r["Secret"] for r in json.load(f))
        # gitleaks may name a part: of a key its lines, of a URL the password
        hits = [v for v in there if any(form in said for form in depths(v)) or any(s and s in form for s in said.split("\n") if len(s) > 15 for form in depths(v))]
        rows.append(("gitleaks", "the first %.1f MB" % (os.path.getsize(some) / 1e6), "%d of %d" % (len(hits), len(there))))
    table(*rows)


# The corpora.


def levels(text):
    once = json.dumps({"content": text}, ensure_ascii=False)
    return [text, once, json.dumps({"content": once}, ensure_ascii=False)]


def laid(name, texts):
    """Writes each text to a file of its own, in folders of 300: one command lists 5,000 findings at most."""
    root = os.path.join(WORK, "items", name)
    for n, text in enumerate(texts):
        folder = os.path.join(root, "%03d" % (n // 300))
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "%05d.txt" % n), "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
    return root


def number(path):
    return int(os.path.basename(path)[:5])


def by_andon(root):
    """The items with any finding, and those with an error."""
    any_, errors = set(), set()
    for folder in sorted(glob.glob(root + "/*")):
        _, _, out = run([ANDON, "scan", "--quiet", "--format", "json", folder], out=subprocess.PIPE)
        for f in json.loads(out)["findings"]:
            if f["rule"].startswith("secret/") and f.get("file"):
                any_.add(number(f["file"]))
                if f["severity"] == "error":
                    errors.add(number(f["file"]))
    return any_, errors


def by_gitleaks(root):
    """The items with any finding, and those with one of a rule that is not the generic one."""
    report = root + ".json"
    run(gitleaks(root, report))
    with open(report) as f:
        found = json.load(f) or []
    return {number(r["File"]) for r in found}, {number(r["File"]) for r in found if r["RuleID"] != "generic-api-key"}


def share(n, of):
    return "%.1f%%" % (100 * n / of) if of else ""


def corpora(folder):
    rows = [("corpus", "items", "Andon: raw", "JSON", "JSON in JSON", "gitleaks: raw", "JSON", "JSON in JSON")]
    alarms = [("corpus", "negatives", "Andon, errors", "Andon, any", "gitleaks, not generic", "gitleaks, any")]
    for path in sorted(glob.glob(folder + "/*.jsonl")):
        name = os.path.basename(path)[: -len(".jsonl")]
        with open(path, encoding="utf-8") as f:
            items = [json.loads(line) for line in f if line.strip()]
        texts = {kind: [i["text"] for i in items if i["kind"] == kind] for kind in ("positive", "negative")}
        ours, theirs = [], []
        for level in range(3):
            root = laid("%s-%d" % (name, level), [levels(t)[level] for t in texts["positive"]])
            ours.append(len(by_andon(root)[0]))
            if GITLEAKS:
                theirs.append(len(by_gitleaks(root)[0]))
            shutil.rmtree(root, ignore_errors=True)
        of = len(texts["positive"])
        rows.append((name, of, *(share(n, of) for n in ours), *(share(n, of) for n in theirs), *("",) * (3 - len(theirs))))
        if texts["negative"]:
            root = laid(name + "-n", texts["negative"])
            any_, errors = by_andon(root)
            theirs = by_gitleaks(root) if GITLEAKS else None
            alarms.append((name, len(texts["negative"]), len(errors), len(any_), *((len(theirs[1]), len(theirs[0])) if theirs else ("", ""))))
    table(*rows)
    table(*alarms)


# The transcripts.


def transcripts(folder):
    rows = [("transcripts", "MB", "Andon, errors", "Andon, distinct credentials", "gitleaks, any")]
    groups = collections.defaultdict(list)
    for path in sorted(glob.glob(folder + "/**/*", recursive=True)):
        rel = os.path.relpath(path, folder)
        if os.path.isfile(path) and "/" in rel and not path.endswith(".md"):
            top = rel.split("/")[0]
            groups[top + "/secret-leak" if "secret-leak" in rel else "all others"].append(path)
    for name in sorted(groups):
        root = os.path.join(WORK, "transcripts", name.replace("/", "-"))
        for n, path in enumerate(groups[name]):
            os.makedirs(root, exist_ok=True)
            shutil.copy(path, os.path.join(root, "%05d-%s" % (n, os.path.basename(path))))
        _, _, out = run([ANDON, "scan", "--quiet", "--format", "json", root], out=subprocess.PIPE)
        errors = [f for f in json.loads(out)["findings"] if f["rule"].startswith("secret/") and f["severity"] == "error"]
        theirs = ""
        if GITLEAKS:
            run(gitleaks(root, root + ".json"))
            with open(root + ".json") as f:
                theirs = len(json.load(f) or [])
        size = sum(os.path.getsize(p) for p in groups[name]) / 1e6
        rows.append((name, "%.1f" % size, len(errors), len({f["fingerprint"] for f in errors}), theirs))
    table(*rows)


def machine():
    model = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as f:
            model = next((l.split(":")[1].strip() for l in f if l.startswith("model name")), model)
    load = "%.1f" % os.getloadavg()[0]
    rg = subprocess.run([RG, "--version"], capture_output=True, text=True).stdout.split("\n")[0] if RG else "no ripgrep"
    andon = subprocess.run([ANDON, "version"], capture_output=True, text=True).stdout.split("\n")[0].strip()
    print("%s; %s, gitleaks %s, %s; %s, %d cores, %s; load %s; medians of %d.\n" % (
        time.strftime("%Y-%m-%d"), andon, ENV["GITLEAKS_VERSION"] if GITLEAKS else "none", rg, model, os.cpu_count(), platform.platform(terse=True), load, ROUNDS))


def main():
    machine()
    speed(ENV["FILE"] or generated())
    if ENV["CORPORA"]:
        corpora(ENV["CORPORA"])
    if ENV["TRANSCRIPTS"]:
        transcripts(ENV["TRANSCRIPTS"])


main()
