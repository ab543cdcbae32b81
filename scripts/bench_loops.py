# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What loop-stall's programs cost, each by the kernel's own clock (kernel.bpf_stats_enabled).
The function is a benchmark of bench.py and gets its Bench; docs/benchmarks.md explains."""
import json
import subprocess

from bench_stats import alternate, side, table, with_spread

# What tests/bpf/loop-cost does, and how often in one run.
KINDS = {
    "polls that hit, of a loop": ("polls", 100000),
    "waits that sleep, of a loop": ("waits", 30000),
    "blocks of 1.2 ms within iterations": ("blocks", 500),
    "an iteration that computes, ms": ("computes", 2000),
    "polls that hit, of another process": ("others-polls", 100000),
    "waits that sleep, of another process": ("others-waits", 30000),
}

# The programs that the kind of work is about, as columns.
COLUMNS = {
    "wait begins": "enter_epoll",
    "wait ends": "exit_epoll_",
    "switch": "on_switch",
    "wake-up": "on_wakeup",
    "clock": "on_clock",
}
SHOWN = {
    "polls": ("wait begins", "wait ends"),
    "waits": ("wait begins", "wait ends", "switch", "wake-up"),
    "blocks": ("switch", "wake-up"),
    "computes": ("clock",),
    "others-polls": ("wait begins", "wait ends"),
    "others-waits": ("wait begins", "wait ends", "switch", "wake-up"),
}


def programs(bench):
    runs = alternate(bench.rounds, *(lambda k=k: cost_run(bench, *k) for k in KINDS.values()))
    rows = []
    for i, (name, (kind, _)) in enumerate(KINDS.items()):
        rows.append([name, *(with_spread([{"ns": run[column]} for run in side(runs, i)], "ns")
                             if column in SHOWN[kind] else "" for column in COLUMNS)])
    bench.keep("loops", runs)
    bench.say(table(["what is done"] + [f"{column}, ns" for column in COLUMNS], rows))


def cost_run(bench, kind, count):
    """By column: ns per run of its programs."""
    out = subprocess.run([bench.program("tests/bpf/loop-cost"), kind,
                          str(count // 5 if bench.quick else count)],
                         check=True, capture_output=True, text=True).stdout
    ran = {name: p for name, p in json.loads(out).items() if "create" not in name}
    return {column: mean_ns([p for name, p in ran.items() if name.startswith(prefix)])
            for column, prefix in COLUMNS.items()}


def mean_ns(ran):
    count = sum(p["runs"] for p in ran)
    return sum(p["ns"] * p["runs"] for p in ran) / count if count else 0
