# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What gc-trace costs: gc-server, saturated by wrk, with and without it in turn. A benchmark of
bench.py, which gives its Bench; docs/benchmarks.md explains."""
import contextlib
import re
import subprocess
import time

from bench_run import (Collector, bpf_programs, bpf_stats, cpu_seconds, process, traced,
                       wait_for_cpu, wrk)
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


# --- fixed work ------------------------------------------------------------------------------------

CHURN = "tests/live/gc-churn.js"
OBJECTS = 10000000


def work(bench):
    """A program that makes so many objects: its CPU time does not depend on what else runs."""
    runs = alternate(bench.rounds, *(lambda options=options: work_run(bench, options)
                                     for options in (None, *WAYS.values())))
    bench.keep("gc-work", runs)
    bench.say(table(["gc-churn", "alone, s of CPU", "watched, s of CPU",
                     "CPU ratio, median and its 95 % interval", "collections"],
                    [work_row(way, side(runs, 0, i + 1)) for i, way in enumerate(WAYS)]))


def work_run(bench, options):
    """The program waits for a second, in which the tool attaches."""
    count = OBJECTS // 5 if bench.quick else OBJECTS
    with process(["node", CHURN, str(count), "0", "1000"]) as p:
        with traced(bench.program("bin/gc-trace"), p.pid, options is not None, *(options or ()),
                    kind=Collector) as collector:
            cpu = wait_for_cpu(p)
            if not collector:
                return {"cpu": cpu, "collections": 0}
            collector.process.wait(60)  # it ends with the program
            heaps = collector.end()["heaps"]
    return {"cpu": cpu, "collections": sum(h["total"]["collections"] for h in heaps)}


def work_row(way, pairs):
    watched = side(pairs, 1)
    count = median_of(watched, "collections")
    return [way, with_spread(side(pairs, 0), "cpu"), with_spread(watched, "cpu"),
            interval_text(pairs, "cpu"), number(count) if count else ""]


# Others may trace meanwhile.
PROGRAMS = {"pause_begins", "pause_ends", "collect", "perform", "scavenge", "minor",
            "mark_compact", "size_of_objects", "step_begins", "step_ends", "marking"}


# --- programs alone ------------------------------------------------------------------------------

def programs(bench):
    """By the kernel's own clock (kernel.bpf_stats_enabled)."""
    with process(["node", CHURN, str(50 * OBJECTS)]) as p, bpf_stats():
        before = {program["id"] for program in bpf_programs()}
        with traced(bench.program("bin/gc-trace"), p.pid, True, kind=Collector) as collector:
            time.sleep(3)
            ran = [q for q in bpf_programs() if q["id"] not in before and q.get("run_cnt") and
                   q.get("name") in PROGRAMS]
            collections = collector.end()["heaps"][0]["total"]["collections"]
    bench.keep("gc-programs", ran)
    total = sum(q["run_time_ns"] for q in ran)
    bench.say(table(["BPF program", "runs per collection", "ns per run"], [
        [q.get("name", "?"), f"{q['run_cnt'] / collections:.2f}",
         number(q["run_time_ns"] / q["run_cnt"])]
        for q in sorted(ran, key=lambda q: -q["run_time_ns"])]
        + [["all, per collection", f"{sum(q['run_cnt'] for q in ran) / collections:.1f}",
            number(total / collections)]]))
