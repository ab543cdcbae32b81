# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What gc-trace costs: gc-server, saturated by wrk, with and without it in turn. A benchmark of
bench.py, which gives its Bench; docs/benchmarks.md explains."""
import contextlib
import re
import subprocess

from bench_run import Collector, cpu_seconds, process, traced, wrk
from bench_stats import alternate, interval_text, median_of, number, side, table, with_spread

# None: nothing watches. That stands there twice: what the two differ by is chance.
WAYS = {"by default": (), "with `--stacks`": ("--stacks",), "not at all, again": None}


@contextlib.contextmanager
def gc_server(bench):
    """A PID and a function that has it answer for a moment: requests, requests a second."""
    program = bench.program("examples/memory/gc-server.js")
    with process(["node", program, "--port", "0"], stdout=subprocess.PIPE,
                 stderr=subprocess.DEVNULL, text=True) as server:
        port = re.search(r":(\d+)$", server.stdout.readline().strip()).group(1)
        yield server.pid, lambda: wrk(f"http://127.0.0.1:{port}/", 1 if bench.quick else 3)[:2]


def load(bench):
    with gc_server(bench) as (pid, work):
        work()
        runs = alternate(bench.rounds, *(lambda options=options: load_run(bench, pid, work, options)
                                         for options in (None, *WAYS.values())))
    bench.keep("gc", runs)
    bench.say(table(["gc-server under wrk", "alone, requests/s", "watched, requests/s",
                     "requests/s ratio, median and its 95 % interval", "CPU ratio",
                     "collections a second", "of the time"],
                    [load_row(way, side(runs, 0, i + 1)) for i, way in enumerate(WAYS)]))


def load_run(bench, pid, work, options):
    is_watched = options is not None
    with traced(bench.program("bin/gc-trace"), pid, is_watched, *(options or ()),
                kind=Collector) as collector:
        cpu = cpu_seconds(pid)
        requests, rate = work()
        cpu = cpu_seconds(pid) - cpu
        heaps = collector.end()["heaps"] if is_watched else []
    return {"us_per_request": cpu / requests * 1e6, "requests_per_second": rate,
            "collections_per_second": sum(h["total"]["rate_per_s"] for h in heaps),
            "share_pct": sum(h["total"]["share_pct"] for h in heaps)}


def load_row(way, pairs):
    watched = side(pairs, 1)
    rate = median_of(watched, "collections_per_second")
    share = median_of(watched, "share_pct")
    return [way, with_spread(side(pairs, 0), "requests_per_second"),
            with_spread(watched, "requests_per_second"),
            interval_text(pairs, "requests_per_second"), interval_text(pairs, "us_per_request"),
            number(rate) if rate else "", f"{share:.1f} %" if share else ""]
