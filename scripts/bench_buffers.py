# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What mem-watch --buffers costs a node that makes Buffers: a fixed number of them, and a server
saturated by wrk, with and without it in turn. Benchmarks of bench.py, which gives its Bench;
docs/benchmarks.md explains."""
import contextlib
import re
import subprocess

from bench_run import MemoryWatcher, cpu_seconds, process, traced, wait_for_cpu, wrk
from bench_stats import alternate, interval_text, median_of, number, side, table, with_spread

PROGRAM = "tests/live/buffer-server.js"
BUFFERS = 200000
# None: nothing watches. That stands there twice: what the two differ by is chance.
WAYS = {"with `--buffers`": ("--buffers",), "without it": (), "not at all, again": None}


def counts_of(watcher):
    """Of its report: counters, and whether nothing was lost."""
    buffers = watcher.end()["data"][0]["buffers"]
    if buffers and any(buffers["lost"].values()):
        raise RuntimeError(f"lost: {buffers['lost']}")
    return buffers["counts"] if buffers else {}


def buffer_count(bench):
    return BUFFERS // 5 if bench.quick else BUFFERS


def work(bench):
    runs = alternate(bench.rounds, *(lambda options=options: work_run(bench, options)
                                     for options in (None, *WAYS.values())))
    bench.keep("buffers-work", runs)
    bench.say(table([f"{buffer_count(bench):,} Buffers made and freed", "alone, s of CPU", "watched, s of CPU",
                     "CPU ratio, median and its 95 % interval", "µs per Buffer",
                     "probe hits per Buffer"],
                    [work_row(way, side(runs, 0, i + 1)) for i, way in enumerate(WAYS)]))


def work_run(bench, options):
    """The program waits for a second, in which the tool attaches, and ends by itself."""
    count = buffer_count(bench)
    with process(["node", PROGRAM, "work", str(count)]) as p:
        with traced(bench.program("bin/mem-watch"), p.pid, options is not None, *(options or ()),
                    kind=MemoryWatcher) as watcher:
            cpu = wait_for_cpu(p)
            if not watcher:
                return {"cpu": cpu, "us": cpu / count * 1e6, "hits": 0}
            watcher.process.wait(60)  # it ends with the program
            counts = counts_of(watcher)
    return {"cpu": cpu, "us": cpu / count * 1e6, "hits": counts.get("hits", 0) / count}


def work_row(way, pairs):
    watched = side(pairs, 1)
    extra = [{"us": b["us"] - a["us"]} for a, b in pairs]
    hits = median_of(watched, "hits")
    return [way, with_spread(side(pairs, 0), "cpu"), with_spread(watched, "cpu"),
            interval_text(pairs, "cpu"), with_spread(extra, "us"), f"{hits:.2f}" if hits else ""]


@contextlib.contextmanager
def server(bench):
    """A PID and a function that has it answer for a moment: requests, requests a second."""
    with process(["node", PROGRAM, "serve"], stdout=subprocess.PIPE, text=True) as p:
        port = re.search(r":(\d+)$", p.stdout.readline().strip()).group(1)
        yield p.pid, lambda: wrk(f"http://127.0.0.1:{port}/", 1 if bench.quick else 3)[:2]


def load(bench):
    with server(bench) as (pid, serve):
        serve()
        runs = alternate(bench.rounds, *(lambda options=options: load_run(bench, pid, serve, options)
                                         for options in (None, *WAYS.values())))
    bench.keep("buffers", runs)
    bench.say(table(["a Buffer of 10,000 bytes a request", "alone, µs of CPU per request",
                     "watched, µs of CPU per request", "CPU ratio, median and its 95 % interval",
                     "requests/s ratio", "Buffers a second"],
                    [load_row(way, side(runs, 0, i + 1)) for i, way in enumerate(WAYS)]))


def load_run(bench, pid, serve, options):
    with traced(bench.program("bin/mem-watch"), pid, options is not None, *(options or ()),
                kind=MemoryWatcher) as watcher:
        cpu = cpu_seconds(pid)
        requests, rate = serve()
        cpu = cpu_seconds(pid) - cpu
        counts = counts_of(watcher) if watcher else {}
    return {"us_per_request": cpu / requests * 1e6, "requests_per_second": rate,
            "buffers_per_second": counts.get("allocs", 0) / requests * rate}


def load_row(way, pairs):
    watched = side(pairs, 1)
    rate = median_of(watched, "buffers_per_second")
    return [way, with_spread(side(pairs, 0), "us_per_request"),
            with_spread(watched, "us_per_request"), interval_text(pairs, "us_per_request"),
            interval_text(pairs, "requests_per_second"), number(rate) if rate else ""]
