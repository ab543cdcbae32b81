# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What comparing heap snapshots costs: heap-diff beside memlab's commands and its library, on generated snapshots.
The functions at the end are benchmarks of bench.py and get its Bench; docs/benchmarks.md explains the method."""
import os
import subprocess
import sys
import tempfile
import time

from bench_stats import alternate, number, ratio_text, side, table, with_spread

MAKE_HEAP = "tests/support/make_heap.py"
PACKAGES = "tests/heap/node_modules"
# Sessions in the older snapshot, for files of 5, 64 and 550 MB, and of 2 GB; the newer has a twentieth more.
SIZES = (10000, 115000, 935000)
HUGE = 3400000
LARGE = 300e6      # bytes; from here on, a third of the rounds: memlab takes minutes
LIBRARY_MB = 5500  # of JavaScript objects
LIMIT_GB = 14      # for a memlab that wants more: the machine is not ours alone
KEYS = ("seconds", "cpu_s", "peak_mb")


def snapshot(bench, sessions):
    """Made once, kept in BUILD/bench."""
    path = bench.program(f"bench/{sessions}.heapsnapshot")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as f:
            subprocess.run([sys.executable, MAKE_HEAP, str(sessions)], stdout=f, check=True)
        os.rename(path + ".part", path)
    return path


def snapshots(bench, sessions):
    return [snapshot(bench, n) for n in (sessions, sessions + sessions // 20)]


def megabytes(files):
    return " + ".join(f"{os.path.getsize(f) / 1e6:,.0f}" for f in files)


def run(arguments, good=(0,)):
    """Seconds, CPU seconds and the peak of memory of it and its children."""
    start = time.monotonic()
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "NODE_PATH": os.path.abspath(PACKAGES)}) as p:
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in good:
        raise RuntimeError(f"status {p.returncode}: {' '.join(arguments)}")
    return {"seconds": time.monotonic() - start, "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024, "status": p.returncode}


def library(bench, files):
    return run(["node", f"--max-old-space-size={LIBRARY_MB}", "tests/heap/memlab-diff.mjs", *files])


def memlab(*arguments, good=(0,)):
    """Its command, with the options for node of its own first line, which Linux does not pass on."""
    with tempfile.TemporaryDirectory() as folder:
        return run(["prlimit", f"--data={LIMIT_GB << 30}", "node", "--expose-gc", "--max-old-space-size=4096",
                    f"{PACKAGES}/memlab/bin/memlab", *arguments, "--work-dir", folder], good)


def diff_leaks(bench, files, good=(0,)):
    return memlab("diff-leaks", "--control-snapshot", files[0], "--treatment-snapshot", files[1], good=good)


def object_size(bench, files):
    return memlab("analyze", "object-size", "--snapshot", files[0])


def ours(bench, files):
    return run([bench.program("bin/heap-diff"), *files], good=(1,))


def ours_top(bench, files):
    return run([bench.program("bin/heap-diff"), "top", *files])


def header(name, theirs):
    return ["files, MB", "rounds", f"{name}, s", "CPU s", "peak MB", f"{theirs}, s", "CPU s", "peak MB",
            f"{theirs} / {name}: time", "CPU", "peak memory"]


def compare(bench, files, sides, raw):
    """A row of the table."""
    rounds = bench.rounds if os.path.getsize(files[0]) < LARGE else max(1, bench.rounds // 3)
    runs = raw[megabytes(files)] = alternate(rounds, *(lambda side=side: side(bench, files) for side in sides))
    return [megabytes(files), str(rounds), *(with_spread(side(runs, i), key) for i in (0, 1) for key in KEYS),
            *(ratio_text(side(runs, 0, 1), key) for key in KEYS)]


def compare_all(bench, name, sides, titles, count=2):
    if not os.path.isdir(PACKAGES):
        raise RuntimeError("needs npm ci in tests/heap")
    raw = {}
    rows = [compare(bench, snapshots(bench, sessions)[-count:], sides, raw)
            for sessions in (SIZES[:2] if bench.quick else SIZES)]
    bench.keep(name, raw)
    bench.say(table(header(*titles), rows))


def heap_diff(bench):
    compare_all(bench, "heap-diff", (ours, diff_leaks), ("heap-diff", "diff-leaks"))


def heap_diff_library(bench):
    compare_all(bench, "heap-diff-library", (ours, library), ("heap-diff", "library"))


def heap_diff_top(bench):
    compare_all(bench, "heap-diff-top", (ours_top, object_size), ("top", "object-size"), count=1)


def heap_diff_huge(bench):
    """One round: whether memlab survives it is part of the answer."""
    files = snapshots(bench, HUGE // 10 if bench.quick else HUGE)
    runs = {"heap-diff": ours(bench, files), "memlab diff-leaks": diff_leaks(bench, files, good=range(-64, 256))}
    bench.keep("heap-diff-huge", runs)
    bench.say(table(["files, MB", "program", "exit status", "s", "CPU s", "peak MB"],
                    [[megabytes(files), name, str(r["status"]), *(number(r[key]) for key in KEYS)]
                     for name, r in runs.items()]))
