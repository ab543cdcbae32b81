# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What it costs to be watched for weeks, with what vitals-exporter watches by: a node server,
saturated by wrk, and the system calls of a process that nobody watches. Each function is a benchmark
of bench.py and gets its Bench; docs/benchmarks.md explains."""
import contextlib
import json
import re
import subprocess
import tempfile
import time
import urllib.request

from bench_run import Tracer, cpu_seconds, free_port, process, resident_bytes, traced, wait_until, wrk
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


# --- its own ---------------------------------------------------------------------------------------

TARGETS = (1, 10, 50)
# A hundred iterations a second each.
TICKING = ["node", "-e", "setInterval(() => {}, 10)"]


def own(bench):
    """vitals-exporter itself, scraped each second: so many node processes that tick are watched."""
    seconds = 5 if bench.quick else 20
    rows, raw = [], {}
    for count in TARGETS:
        with contextlib.ExitStack() as targets:
            for _ in range(count):
                targets.enter_context(process(TICKING + ["always-on-own"]))
            time.sleep(1 + count / 10)  # they start
            runs = raw[count] = [own_run(bench, count, seconds) for _ in range(bench.rounds)]
        rows.append([str(count)] + [with_spread(runs, key) for key in
                                    ("cpu_pct", "rss_mb", "own_mb", "server_mb", "scrape_ms", "failed", "series")])
    bench.keep("always-on-own", raw)
    bench.say(table(["targets", "CPU of the exporter, % of one", "resident, MB", "of it its own, MB",
                     "its server, MB", "a scrape, ms", "of them failed", "series"], rows))


def scrape(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def watches(url, count):
    with contextlib.suppress(OSError):
        return f'vitals_target_processes{{process="ticking"}} {count}\n' in scrape(url)
    return False


def own_run(bench, count, seconds):
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(f"listen: 127.0.0.1:{port}\ntargets:\n"
                     "  - name: ticking\n    cmdline: always-on-own\n")
        config.flush()
        with process([bench.program("bin/vitals-exporter"), "-q", "--config", config.name]) as exporter:
            wait_until(lambda: watches(url, count), "all targets", 60)
            server = int(subprocess.check_output(["pgrep", "-P", str(exporter.pid)], text=True).split()[0])
            time.sleep(3)  # what is read once of each is read
            cpu, took = cpu_seconds(exporter.pid) + cpu_seconds(server), []
            began = time.monotonic()
            for _ in range(seconds):
                time.sleep(1)
                asked = time.monotonic()
                with contextlib.suppress(OSError):
                    page = scrape(url)
                    took.append((time.monotonic() - asked) * 1000)
            cpu = cpu_seconds(exporter.pid) + cpu_seconds(server) - cpu
            return {"cpu_pct": 100 * cpu / (time.monotonic() - began),
                    "rss_mb": resident_bytes(exporter.pid, "VmRSS") / 2**20,
                    "own_mb": resident_bytes(exporter.pid, "RssAnon") / 2**20,
                    "server_mb": resident_bytes(server, "VmRSS") / 2**20,
                    "scrape_ms": sorted(took)[len(took) // 2], "failed": seconds - len(took),
                    "series": sum(not line.startswith("#") for line in page.splitlines())}
