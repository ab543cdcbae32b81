# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What our tools cost: every benchmark, its raw numbers into BUILD/bench, its table to stdout.
Run by scripts/bench.sh; docs/benchmarks.md explains the method and keeps a result."""
import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time

from bench_run import (Target, Tracer, bpf_programs, bpf_stats, cpu_seconds, example_server,
                       library_text, map_bytes, redis, redis_requests, traced,
                       tracer_report_with_peak, wrk)
from bench_stats import alternate, median_of, number, ratio_text, side, table, with_spread
import bench_always_on
import bench_buffers
import bench_exporter
import bench_gc
import bench_heap
import bench_js
import bench_loops
import bench_optimizations
import bench_sampling
import bench_unwind

# bcc's libbpf-tools memleak (6d0a964c) on another machine (KVM guest, 2 shared CPUs of an AMD EPYC,
# Linux 6.18, glibc 2.36, redis 7.0.15): CPU per pair, server CPU per SET; see docs/benchmarks.md.
BCC_PAIR_US = {(1, 0): "20.5", (2, 0): "22.7", (8, 0): "19.3 to 24.0", (1, 20): "20.6"}
BCC_REDIS_US = {"libc": "121 to 150", "jemalloc": "cannot attach"}

# How stacks are walked; None: nothing is traced.
METHODS = (None, "auto", "fp")

LIBC = r"/libc[.-]"


class Bench:
    def __init__(self, options):
        self.rounds = options.rounds
        self.quick = options.quick
        self.build = os.path.abspath(options.build)
        self.tracer = self.program("bin/memleak-trace")

    def program(self, path):
        return os.path.join(self.build, path)

    def say(self, text):
        print(text, flush=True)

    def keep(self, name, raw):
        """Raw numbers, with what is needed to understand them later."""
        folder = self.program("bench")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name + ".json"), "w") as f:
            json.dump({"benchmark": name, "machine": machine(), "runs": raw}, f, indent=1)

    # --- malloc+free pairs -------------------------------------------------------------------

    def pairs(self):
        rows, raw = [], {}
        for threads, depth in BCC_PAIR_US:
            with Target(self.program("tests/live/pair-cost")) as target:
                target.ask("1 0 100000")
                runs = alternate(self.rounds, *(
                    lambda method=method: self.pair_run(target, threads, depth, method)
                    for method in METHODS))
            raw[f"{threads} threads, depth {depth}"] = runs
            rows.append([str(threads), str(depth), with_spread(side(runs, 0), "ns"),
                         *(with_spread([{"us": (b["ns"] - a["ns"]) / 1000}
                                        for a, b in side(runs, 0, i)], "us") for i in (1, 2)),
                         ratio_text(side(runs, 2, 1), "ns"), BCC_PAIR_US[threads, depth]])
        self.keep("pairs", raw)
        self.say(table(["threads", "frames deep", "untraced, ns per pair",
                        "cost of tracing, µs", "with `--stacks=fp`, µs", "traced: auto / fp",
                        "bcc libbpf memleak, µs"], rows))

    def pair_run(self, target, threads, depth, method):
        pairs = (20000 if method else 2000000) * (1 if self.quick else 5)
        with traced(self.tracer, target.pid, method, f"--stacks={method}"):
            result = target.ask(f"{threads} {depth} {pairs}")
        return {"ns": result["ns_per_pair"], "pairs_per_second": result["pairs_per_second"]}

    # --- servers -----------------------------------------------------------------------------

    def redis(self):
        libc = re.search(r"libc\.so\S* => (\S+)", subprocess.run(
            ["ldd", subprocess.getoutput("command -v redis-server")], check=True,
            capture_output=True, text=True).stdout).group(1)
        rows, raw = [], {}
        for name, environment in (("jemalloc", {}), ("libc", {"LD_PRELOAD": libc})):
            runs = alternate(self.rounds, *(
                lambda method=method: self.redis_run(environment, method) for method in METHODS))
            raw[name] = runs
            rows += [server_row(f"redis SET, {name}, `--stacks={METHODS[i]}`", side(runs, 0, i)) +
                     [ratio_text(side(runs, 2, 1), "us_per_request") if i == 1 else "",
                      BCC_REDIS_US[name]] for i in (1, 2)]
        self.keep("redis", raw)
        self.say(table(SERVER_HEADER + ["traced: auto / fp",
                                        "bcc libbpf memleak, µs per request"], rows))

    def redis_run(self, environment, method):
        count = 20000 if self.quick else 100000
        with redis(environment) as (pid, port):
            redis_requests(port, 20000)  # warm
            with traced(self.tracer, pid, method, f"--stacks={method}") as tracer:
                cpu = cpu_seconds(pid)
                rate = redis_requests(port, count)
                cpu = cpu_seconds(pid) - cpu
                hits = tracer.end()["counts"]["hits"] if tracer else 0
        return {"us_per_request": cpu / count * 1e6, "requests_per_second": rate,
                "hits_per_request": hits / count}

    def server(self):
        rows, raw = [], {}
        for route in ("/clean", "/listener"):
            runs = alternate(self.rounds, lambda: self.server_run(route, False),
                             lambda: self.server_run(route, True))
            raw[route] = runs
            rows.append(server_row(f"leak-example `{route}`", runs))
        self.keep("server", raw)
        self.say(table(SERVER_HEADER, rows))

    def server_run(self, route, is_traced):
        seconds = 1 if self.quick else 3
        with example_server(self.program("examples/memory/leak-example")) as (pid, port):
            url = f"http://127.0.0.1:{port}{route}"
            wrk(url, 1)  # warm
            with traced(self.tracer, pid, is_traced) as tracer:
                cpu = cpu_seconds(pid)
                requests, rate, errors = wrk(url, seconds)
                cpu = cpu_seconds(pid) - cpu
                hits = tracer.end()["counts"]["hits"] if tracer else 0
        if errors:
            raise RuntimeError("clients saw errors")
        return {"us_per_request": cpu / requests * 1e6, "requests_per_second": rate,
                "hits_per_request": hits / requests}

    # --- detach ------------------------------------------------------------------------------

    def detach(self):
        runs = []
        with Target(self.program("tests/live/scenario"), "storm", "1") as target:
            target.say()
            target.read()
            clean = library_text(target.pid, LIBC)
            for _ in range(self.rounds):
                runs.append(self.detach_run(target.pid, clean))
        self.keep("detach", runs)
        self.say(table(["a thread that only allocates, after Ctrl-C", "ms"],
                       [["its memory is as before", with_spread(runs, "restored_ms")],
                        ["the report is written, memleak-trace has ended",
                         with_spread(runs, "ended_ms")]]))

    def detach_run(self, pid, clean):
        tracer = Tracer(self.tracer, pid)
        time.sleep(1)
        if library_text(pid, LIBC) == clean:
            raise RuntimeError("no probe in memory while tracing")
        begin = time.monotonic()
        tracer.interrupt()
        restored = ended = None
        while restored is None or ended is None:
            now = (time.monotonic() - begin) * 1000
            if ended is None and tracer.process.poll() is not None:
                ended = now
            if restored is None and library_text(pid, LIBC) == clean:
                restored = now
            if now > 60000:
                raise RuntimeError("probes left in memory")
        return {"restored_ms": restored, "ended_ms": ended}

    # --- memory ------------------------------------------------------------------------------

    def memory(self):
        rows, raw = [], {}
        for blocks in (0, 100000, 1000000):
            with Target(self.program("tests/live/scenario"), "hold", str(blocks), "32") as target:
                tracer = Tracer(self.tracer, target.pid)
                target.ask()
                time.sleep(2)
                run = {"maps_bytes": map_bytes(tracer.process.pid)}
                report = tracer_report_with_peak(tracer, run)
            run.update(report["cost"])
            raw[blocks] = run
            rows.append([f"{blocks:,}", *(f"{run[key] / 2**20:.1f}" for key in
                                          ("peak_rss_bytes", "rss_bytes", "table_bytes")),
                         f"{(run['rss_bytes'] + run['table_bytes']) / 2**20:.1f}",
                         str(report["data"][0]["blocks"] if report["data"] else 0)])
        self.keep("memory", raw)
        self.say(table(["live blocks", "peak resident, MB", "resident (its footer), MB",
                        "tables (its footer), MB", "sum, MB", "blocks reported"], rows))

    # --- BPF programs ------------------------------------------------------------------------

    def bpf(self):
        with Target(self.program("tests/live/pair-cost")) as target, bpf_stats():
            before = {p["id"] for p in bpf_programs()}
            with traced(self.tracer, target.pid):
                target.ask("1 0 50000")
                ran = [p for p in bpf_programs() if p["id"] not in before and p.get("run_cnt")]
        self.keep("bpf", ran)
        self.say(table(["BPF program", "runs", "ns per run"], [
            [p.get("name", "?"), f"{p['run_cnt']:,}", number(p["run_time_ns"] / p["run_cnt"])]
            for p in sorted(ran, key=lambda p: -p["run_cnt"])]))


SERVER_HEADER = ["server", "untraced, µs of server CPU per request",
                 "traced, µs of server CPU per request", "CPU ratio", "requests/s ratio",
                 "probe hits per request"]


def server_row(name, runs):
    return [name, with_spread([a for a, _ in runs], "us_per_request"),
            with_spread([b for _, b in runs], "us_per_request"),
            ratio_text(runs, "us_per_request"), ratio_text(runs, "requests_per_second"),
            number(median_of([b for _, b in runs], "hits_per_request"))]


def machine():
    with open("/proc/cpuinfo") as f:
        cpu = re.search(r"model name\s*: (.*)", f.read())
    return {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "kernel": platform.release(), "cpus": os.cpu_count(),
            "cpu": cpu.group(1) if cpu else platform.machine(),
            "libc": " ".join(platform.libc_ver()), "load": os.getloadavg()}


BENCHMARKS = {
    "pairs": ("CPU time per malloc(64)+free pair", Bench.pairs),
    "redis": ("redis-server, SET by 50 clients", Bench.redis),
    "server": ("leak-example under wrk, 8 connections", Bench.server),
    "detach": ("Detaching", Bench.detach),
    "memory": ("Memory of memleak-trace", Bench.memory),
    "bpf": ("BPF programs alone (kernel.bpf_stats_enabled)", Bench.bpf),
    "unwind": ("Unwinding: one walk", bench_unwind.walks),
    "perf": ("Unwinding: beside perf's copies of stacks", bench_unwind.samples),
    "tables": ("Unwinding: tables", bench_unwind.tables),
    "sampling": ("cpu-sample: what the sampled program pays", bench_sampling.load),
    "sampling-node": ("cpu-sample: node beside other profilers", bench_sampling.node),
    "sampling-memory": ("cpu-sample: tables and memory", bench_sampling.memory),
    "js-load": ("cpu-sample: a server in JavaScript", bench_js.load),
    "js-names": ("cpu-sample: names of JavaScript functions", bench_js.names),
    "heap-diff": ("heap-diff beside memlab diff-leaks", bench_heap.heap_diff),
    "heap-diff-top": ("heap-diff top beside memlab analyze object-size", bench_heap.heap_diff_top),
    "heap-diff-library": ("heap-diff beside memlab's library", bench_heap.heap_diff_library),
    "heap-diff-huge": ("heap-diff on snapshots of 2 GB", bench_heap.heap_diff_huge),
    "flame": ("flame-render", bench_sampling.flame),
    "loops": ("loop-stall: BPF programs alone (kernel.bpf_stats_enabled)", bench_loops.programs),
    "loops-node": ("loop-stall: node under load", bench_loops.node),
    "loops-redis": ("loop-stall: redis under load", bench_loops.redis),
    "loops-server": ("loop-stall: a server in C under load", bench_loops.server),
    "buffers-work": ("mem-watch --buffers: so many Buffers", bench_buffers.work),
    "buffers": ("mem-watch --buffers: node under load", bench_buffers.load),
    "gc": ("gc-trace: node under load", bench_gc.load),
    "gc-work": ("gc-trace: a fixed amount of work", bench_gc.work),
    "always-on": ("Watched for weeks: a node server under load", bench_always_on.node),
    "always-on-others": ("Watched for weeks: what others pay", bench_always_on.others),
    "exporter": ("vitals-exporter: its own CPU time and memory", bench_exporter.own),
    "optimizations": ("Examples: slow against fast", bench_optimizations.optimizations),
    "gc-programs": ("gc-trace: BPF programs alone (kernel.bpf_stats_enabled)", bench_gc.programs),
}


def main():
    parser = argparse.ArgumentParser(prog="bench.sh")
    parser.add_argument("--build", default="build", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="A/B rounds (5)")
    parser.add_argument("--only", default=",".join(BENCHMARKS), help=" ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="a fifth of the work per run")
    options = parser.parse_args()
    bench = Bench(options)
    names = options.only.split(",")
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark is called {name}")
    m = machine()
    bench.say(f"{m['cpu']}, {m['cpus']} CPUs, Linux {m['kernel']}, {m['libc']}; "
              f"{options.rounds} rounds; median (smallest to largest)")
    failed = False
    for name in names:
        title, run = BENCHMARKS[name]
        bench.say(f"\n### {title}\n")
        try:
            run(bench)
        except (RuntimeError, TimeoutError, subprocess.SubprocessError) as error:
            failed = True
            bench.say(f"failed: {error}")
    return 1 if failed else 0


sys.exit(main())
