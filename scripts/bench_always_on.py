# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What it costs to be watched for weeks, with what vitals-exporter watches by: a node server,
saturated by wrk, and the system calls of a process that nobody watches. Each function is a benchmark
of bench.py and gets its Bench; docs/benchmarks.md explains."""
import contextlib
import json
import re
import subprocess

from bench_run import Tracer, process, traced, wrk
from bench_sampling import thread_seconds
from bench_stats import alternate, interval_text, median_of, number, side, table, with_spread

# None: nothing watches. That stands there twice: what the two differ by is chance.
WAYS = {
    "loops": ("loop",),
    "loops, stalls divided by switches": ("split",),
    "collections": ("gc",),
    "memory": ("memory",),
    "loops, collections, memory": ("loop", "gc", "memory"),
    "all of it": ("split", "gc", "memory"),
    "nothing, again": None,
}


class AlwaysOn(Tracer):
    """The collectors of the exporter on one process, until they are told to end."""
    HAS_BEGUN = "always-on: watching"
    OPTIONS = ()


@contextlib.contextmanager
def json_server(bench):
    """A PID and a function that has it answer for a moment: requests, requests a second."""
    program = bench.program("examples/benchmark/benchmark-server.js")
    with process(["node", program, "--port", "0"], stdout=subprocess.PIPE,
                 stderr=subprocess.DEVNULL, text=True) as server:
        port = re.search(r":(\d+)$", server.stdout.readline().strip()).group(1)
        url = f"http://127.0.0.1:{port}/json"
        yield server.pid, lambda: wrk(url, 1 if bench.quick else 3)[:2]


def node(bench):
    with json_server(bench) as (pid, work):
        work()
        runs = alternate(bench.rounds, *(lambda words=words: node_run(bench, pid, work, words)
                                         for words in (None, *WAYS.values())))
    bench.keep("always-on", runs)
    bench.say(table(["watched", "alone, µs of its CPU per request",
                     "watched, µs of its CPU per request",
                     "CPU ratio, median and its 95 % interval", "requests/s ratio",
                     "iterations a request", "collections a second"],
                    [node_row(way, side(runs, 0, i + 1)) for i, way in enumerate(WAYS)]))


def node_run(bench, pid, work, words):
    with traced(bench.program("tests/bpf/always-on"), pid, words is not None, *(words or ()),
                kind=AlwaysOn) as watcher:
        cpu = thread_seconds(pid)
        requests, rate = work()
        cpu = thread_seconds(pid) - cpu
        saw = watcher.end() if watcher else {"iterations": 0, "collections": 0}
    return {"us_per_request": cpu / requests * 1e6, "requests_per_second": rate,
            "iterations_per_request": saw["iterations"] / requests,
            "collections_per_second": saw["collections"] * rate / requests}


def node_row(way, pairs):
    watched = side(pairs, 1)
    seen = [median_of(watched, key) for key in ("iterations_per_request", "collections_per_second")]
    return [way, with_spread(side(pairs, 0), "us_per_request"),
            with_spread(watched, "us_per_request"), interval_text(pairs, "us_per_request"),
            interval_text(pairs, "requests_per_second"), *(number(n) if n else "" for n in seen)]


# --- others ----------------------------------------------------------------------------------------

OTHERS = {"loops": ("loop",), "loops, stalls divided by switches": ("split",),
          "collections, memory": ("gc", "memory"), "nothing, again": None}


def others(bench):
    """A node that idles is watched; another process makes system calls."""
    with json_server(bench) as (pid, work):
        work()
        runs = alternate(bench.rounds, *(lambda words=words: others_run(bench, pid, words)
                                         for words in (None, *OTHERS.values())))
    bench.keep("always-on-others", runs)
    bench.say(table(["watched on the machine", "alone, ns per getppid", "then",
                     "ratio, median and its 95 % interval", "alone, ns per epoll_wait", "then",
                     "ratio, median and its 95 % interval"],
                    [others_row(way, side(runs, 0, i + 1)) for i, way in enumerate(OTHERS)]))


def others_run(bench, pid, words):
    program = bench.program("tests/bpf/always-on")
    with traced(program, pid, words is not None, *(words or ()), kind=AlwaysOn):
        return json.loads(subprocess.run([program, "calls", "100000" if bench.quick else "1000000"],
                                         check=True, capture_output=True, text=True).stdout)


def others_row(way, pairs):
    row = [way]
    for key in ("call_ns", "wait_ns"):
        row += [with_spread(side(pairs, 0), key), with_spread(side(pairs, 1), key),
                interval_text(pairs, key)]
    return row
