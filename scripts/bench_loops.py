# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What loop-stall costs: its programs, each by the kernel's own clock (kernel.bpf_stats_enabled),
and servers under load. Each function is a benchmark of bench.py and gets its Bench;
docs/benchmarks.md explains."""
import contextlib
import json
import subprocess

from bench_run import Watcher, example_server, main_thread_cpu_ms, traced, wrk
from bench_sampling import node_server, redis_server
from bench_stats import alternate, interval_text, median_of, number, side, table, with_spread

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


# --- servers under load --------------------------------------------------------------------------

def node(bench):
    load(bench, "node", "node, http under wrk", node_server(bench.quick))


def redis(bench):
    load(bench, "redis", "redis SET", redis_server(bench.quick))


def server(bench):
    load(bench, "server", "stalling-server `/health` under wrk", stalling_server(bench))


@contextlib.contextmanager
def stalling_server(bench):
    """As the servers of bench_sampling: a PID and a function that has it answer for a moment."""
    with example_server(bench.program("examples/profiling/stalling-server")) as (pid, port):
        yield pid, lambda: wrk(f"http://127.0.0.1:{port}/health", 1 if bench.quick else 2)[:2]


# None: nothing watches. That stands there twice: what the two differ by is chance.
WAYS = {"by default": (), "with `--no-split`": ("--no-split",), "not at all, again": None}


def load(bench, short_name, name, running):
    with running as (pid, work):
        work()
        runs = alternate(bench.rounds, *(lambda options=options: load_run(bench, pid, work, options)
                                         for options in (None, *WAYS.values())))
    bench.keep("loops-" + short_name, runs)
    bench.say(table(["server", "watched", "alone, µs of its CPU per request",
                     "watched, µs of its CPU per request",
                     "CPU ratio, median and its 95 % interval",
                     "requests/s ratio", "iterations a request"],
                    [load_row(name, way, side(runs, 0, i + 1)) for i, way in enumerate(WAYS)]))


def load_run(bench, pid, work, options):
    """The CPU time is that of the thread that has the loop."""
    is_watched = options is not None
    with traced(bench.program("bin/loop-stall"), pid, is_watched, *(options or ()),
                kind=Watcher) as watcher:
        cpu_ms = main_thread_cpu_ms(pid)
        requests, rate = work()
        cpu_ms = main_thread_cpu_ms(pid) - cpu_ms
        loops = watcher.end()["loops"] if is_watched else []
    return {"us_per_request": cpu_ms / requests * 1000, "requests_per_second": rate,
            "iterations_per_request": sum(loop["total"]["iterations"] for loop in loops
                                          if loop["tid"] == pid) / requests}


def load_row(name, way, pairs):
    watched = side(pairs, 1)
    iterations = median_of(watched, "iterations_per_request")
    return [name, way, with_spread(side(pairs, 0), "us_per_request"),
            with_spread(watched, "us_per_request"), interval_text(pairs, "us_per_request"),
            interval_text(pairs, "requests_per_second"), number(iterations) if iterations else ""]
