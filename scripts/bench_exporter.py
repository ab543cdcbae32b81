# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What vitals-exporter needs itself, for so many node processes: CPU time and memory of its two processes. A benchmark of
bench.py, which gets its Bench; docs/benchmarks.md explains."""
import contextlib
import os
import statistics
import tempfile
import time
import urllib.request

from bench_run import cpu_seconds, free_port, process, resident_bytes, wait_until
from bench_stats import number, table, with_spread

COUNTS = (1, 10, 50)
SCRAPE_SECONDS = 5
# A hundred turns of the loop a second, and some garbage in each.
SERVER = "let a; setInterval(() => { a = Array.from({length: 200}, (_, i) => ({i})); }, 10)"


@contextlib.contextmanager
def servers(count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(process(["node", "-e", SERVER])) for _ in range(count)]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def page(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read()


def watches(port, count):
    try:
        return f'vitals_target_processes{{process="node"}} {count}\n'.encode() in page(port)
    except OSError:
        return False


def run(bench, count):
    """So many seconds of being scraped, after everything is attached and known."""
    seconds = 20 if bench.quick else 60
    port = free_port()
    with servers(count) as nodes, tempfile.TemporaryFile() as said:
        targets = [word for node in nodes for word in ("-p", str(node.pid))]
        with process([bench.program("bin/vitals-exporter"), *targets, "--web.listen-address", f"127.0.0.1:{port}"],
                     stderr=said) as exporter:
            wait_until(lambda: watches(port, count), f"{count} targets watched", 60)
            time.sleep(5)
            if exporter.poll() is not None:
                raise RuntimeError("vitals-exporter ended: " + os.pread(said.fileno(), 1 << 16, 0).decode())
            pids = {"collector": exporter.pid, "server": children(exporter.pid)[0]}
            before = {role: cpu_seconds(pid) for role, pid in pids.items()}
            began = time.monotonic()
            took = []
            for _ in range(seconds // SCRAPE_SECONDS):
                at = time.monotonic()
                size = len(page(port))
                took.append(time.monotonic() - at)
                time.sleep(SCRAPE_SECONDS)
            passed = time.monotonic() - began
            result = {f"{role}_cpu_pct": (cpu_seconds(pid) - before[role]) / passed * 100 for role, pid in pids.items()}
            return result | {
                "collector_mib": resident_bytes(exporter.pid, "VmRSS") / 2**20,
                "server_mib": resident_bytes(pids["server"], "VmRSS") / 2**20,
                "descriptors": len(os.listdir(f"/proc/{exporter.pid}/fd")),
                "page_kib": size / 1024,
                "scrape_ms": statistics.median(took) * 1000,
            }


def own(bench):
    rounds = max(1, bench.rounds // 2)
    runs = {count: [run(bench, count) for _ in range(rounds)] for count in COUNTS}
    bench.keep("exporter", runs)
    columns = {"collector_cpu_pct": "collector, % of a CPU", "server_cpu_pct": "server, % of a CPU", "collector_mib": "collector, MiB",
               "server_mib": "server, MiB", "descriptors": "descriptors", "page_kib": "page, KiB", "scrape_ms": "a scrape, ms"}
    bench.say(table(["node processes", *columns.values()],
                    [[number(count), *(with_spread(runs[count], key) for key in columns)] for count in COUNTS]))
