# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the optimisations of the example servers are worth: slow against fast, in each language that is
built. A benchmark of bench.sh, which gets its Bench; docs/benchmarks.md explains."""
import os

from bench_run import example_server, redis, wrk
from bench_sampling import thread_seconds
from bench_stats import alternate, ratio_text, side, table, with_spread

# Server, slow and fast route.
PAIRS = (
    ("stream-processing", "/slow", "/fast"),
    ("caching-example", "/slow?id=1", "/fast?id=1"),
    ("fast-json", "/slow", "/fast"),
    ("connection-pool", "/slow/http", "/fast/http"),
    ("connection-pool", "/slow/redis", "/fast/redis"),
    ("object-reuse", "/slow", "/fast"),
)
CONNECTIONS = 2  # a slow answer takes a good part of a second of a busy machine
WITH_REDIS = ("caching-example", "connection-pool")
ENOUGH = 20  # requests; a slow route on a crowded machine answers few in a few seconds
SECONDS_MAX = 24


def optimizations(bench):
    rows, raw = [], {}
    for language, suffix, runner in (("C", "", ()), ("TypeScript", ".js", ("node",))):
        for name, slow, fast in PAIRS:
            program = bench.program(f"examples/optimization/{name}{suffix}")
            if not os.path.exists(program):
                continue
            command = (*runner, program)
            runs = alternate(bench.rounds, lambda: route_run(bench, name, command, slow),
                             lambda: route_run(bench, name, command, fast))
            raw[f"{language} {name} {slow}"] = runs
            rows.append(row(f"{name} `{fast}`", language, runs))
    bench.keep("optimizations", raw)
    bench.say(table(["server", "language", "slow, µs of its CPU per request",
                     "fast, µs of its CPU per request", "CPU, slow / fast",
                     "requests/s, fast / slow"], rows))


def row(name, language, runs):
    return [name, language, with_spread(side(runs, 0), "us_per_request"),
            with_spread(side(runs, 1), "us_per_request"),
            ratio_text(side(runs, 1, 0), "us_per_request"), ratio_text(runs, "requests_per_second")]


def route_run(bench, name, command, route):
    if name not in WITH_REDIS:
        return load_run(bench, command, route)
    with redis({}) as (_, port):
        return load_run(bench, (*command, "--redis", f"127.0.0.1:{port}"), route)


def load_run(bench, command, route):
    with example_server(*command) as (pid, port):
        url = f"http://127.0.0.1:{port}{route}"
        wrk(url, 1, CONNECTIONS)  # warm
        seconds, requests = 1 if bench.quick else 3, 0
        while requests < ENOUGH and seconds <= SECONDS_MAX:
            cpu = thread_seconds(pid)
            requests, rate, errors = wrk(url, seconds, CONNECTIONS)
            cpu = thread_seconds(pid) - cpu
            seconds *= 2
    if errors or not requests:
        raise RuntimeError(f"clients saw errors, or nothing: {' '.join(command)}, {route}")
    return {"us_per_request": cpu / requests * 1e6, "requests_per_second": rate}
