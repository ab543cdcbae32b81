# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What names of JavaScript functions cost: a server of fastify and handlebars that is sampled, and
the CPU of cpu-sample by the function. Each function is a benchmark of bench.py and gets its Bench;
docs/benchmarks.md explains."""
import contextlib
import os
import subprocess
import time

from bench_run import Sampler, process, wrk
from bench_sampling import loads
from bench_stats import alternate, median_of, side, table, with_spread

APP = ("node", "tests/apps/server.js")
MANY = ("node", "tests/live/v8-many.js")
COUNTS = (10, 1000, 10000)  # functions; the first is what there is without them


@contextlib.contextmanager
def app_server(quick):
    """Yields a PID and a function that has it answer for a moment: requests, requests a second."""
    if not os.path.exists("tests/apps/node_modules"):
        raise RuntimeError("needs npm ci in tests/apps")
    with process(APP, stdout=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{server.stdout.readline().split()[2]}/"
        yield server.pid, lambda: wrk(url, 1 if quick else 3)[:2]


LOADS = (("node, fastify and handlebars under wrk", app_server,
          {"99 Hz": ("-F", "99"), "999 Hz": ("-F", "999")}),)


def load(bench):
    loads(bench, "js-load", LOADS)


def names(bench):
    runs = alternate(bench.rounds, *(lambda count=count: names_run(bench, count)
                                     for count in COUNTS))
    bench.keep("js-names", runs)
    rows = []
    for i, count in enumerate(COUNTS):
        own = side(runs, i)
        more = [{"ms": (b["cpu_s"] - a["cpu_s"]) * 1e6 / (b["functions"] - a["functions"])}
                for a, b in side(runs, 0, i)] if i else None
        rows.append([f"{count:,}", f"{median_of(own, 'functions'):,.0f}",
                     f"{median_of(own, 'samples'):,.0f}", with_spread(own, "cpu_s"),
                     with_spread(more, "ms") if more else "", with_spread(own, "mb")])
    bench.say(table(["functions", "of them sampled", "samples", "CPU of cpu-sample, s",
                     "more CPU per 1,000 functions, ms", "peak resident, MB"], rows))


def names_run(bench, count):
    with process((*MANY, str(count)), stdout=subprocess.PIPE, text=True) as target:
        target.stdout.readline()
        time.sleep(0.5)
        sampler = Sampler(bench.program("bin/cpu-sample"), target.pid, "-F", "4999", "-U",
                          "--max-stacks", "65536")
        time.sleep(1 if bench.quick else 4)
        report = sampler.end()
    seen = {f["function"] for f in report["frames"] if (f["function"] or "").startswith("many")}
    return {"functions": len(seen), "samples": report["count"], "cpu_s": report["cost"]["cpu_s"],
            "mb": report["cost"]["rss_bytes"] / 2**20}
