# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What comparing heap snapshots costs: heap-diff against memlab's library, on generated snapshots.
The function is a benchmark of bench.py and gets its Bench; docs/benchmarks.md explains the method."""
import os
import subprocess
import sys
import time

from bench_stats import alternate, ratio_text, side, table, with_spread

MAKE_HEAP = "tests/support/make_heap.py"
PACKAGES = "tests/heap/node_modules"
# Sessions in the older snapshot, 5, 60 and 600 MB; the newer has a twentieth more.
SIZES = (10000, 115000, 1050000)
LARGE = 500000    # from here on, a third of the rounds: memlab takes minutes
MEMLAB_MB = 5500  # memory that node may have


def snapshot(bench, sessions):
    """Made once, kept in BUILD/bench."""
    path = bench.program(f"bench/{sessions}.heapsnapshot")
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as f:
            subprocess.run([sys.executable, MAKE_HEAP, str(sessions)], stdout=f, check=True)
        os.rename(path + ".part", path)
    return path


def run(arguments, good=(0,)):
    """Seconds, CPU seconds and the peak of memory of it and its children."""
    start = time.monotonic()
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "NODE_PATH": os.path.abspath(PACKAGES)}) as p:
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode not in good:
        raise RuntimeError(f"{arguments[0]}: status {p.returncode}")
    return {"seconds": time.monotonic() - start, "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024}


def ours(bench, files):
    return run([bench.program("bin/heap-diff"), *files], good=(1,))


def memlab(files):
    return run(["node", f"--max-old-space-size={MEMLAB_MB}", "tests/heap/memlab-diff.mjs", *files])


def compare(bench, sessions, rows, raw):
    files = [snapshot(bench, n) for n in (sessions, sessions + sessions // 20)]
    rounds = bench.rounds if sessions < LARGE else max(1, bench.rounds // 3)
    mb = " + ".join(f"{os.path.getsize(f) / 1e6:.0f}" for f in files)
    runs = raw[mb] = alternate(rounds, lambda: ours(bench, files), lambda: memlab(files))
    keys = ("seconds", "cpu_s", "peak_mb")
    rows.append([mb, str(rounds), *(with_spread(side(runs, i), key) for i in (0, 1) for key in keys),
                 *(ratio_text(side(runs, 0, 1), key) for key in keys)])


def heap_diff(bench):
    if not os.path.isdir(PACKAGES):
        raise RuntimeError("needs npm ci in tests/heap")
    rows, raw = [], {}
    for sessions in SIZES[:2] if bench.quick else SIZES:
        compare(bench, sessions, rows, raw)
    bench.keep("heap-diff", raw)
    bench.say(table(["files, MB", "rounds", "heap-diff, s", "CPU s", "peak MB", "memlab, s", "CPU s", "peak MB",
                     "memlab / heap-diff: time", "CPU", "peak memory"], rows))
