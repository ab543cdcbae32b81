# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What cpu-sample costs: the program that is sampled, beside other profilers on node, its memory;
and flame-render. Each function is a benchmark of bench.py and gets its Bench; docs/benchmarks.md
explains."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from bench_run import (Sampler, bpf_programs, bpf_stats, bpftool, map_bytes, process, redis,
                       redis_requests, resident_bytes, tracer_report_with_peak, wrk)
from bench_stats import alternate, median_of, number, ratio_text, side, table, with_spread

SERVER = ["node", "-e", """
require('http').createServer((request, response) => {
    response.end(JSON.stringify({ path: request.url, at: Date.now() }));
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
"""]
FLAME_BENCH = "scripts/flame-bench.sh"
FORMATS = ("text", "folded", "svg", "speedscope", "pprof", "cpuprofile", "json")


# --- servers under load --------------------------------------------------------------------------

@contextlib.contextmanager
def node_server(quick):
    """Yields a PID and a function that has it answer for a moment: requests, requests a second."""
    with process(SERVER, stdout=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/"
        yield server.pid, lambda: wrk(url, 1 if quick else 2)[:2]


@contextlib.contextmanager
def redis_server(quick):
    count = 30000 if quick else 150000
    with redis({}) as (pid, port):
        yield pid, lambda: (count, redis_requests(port, count))


def thread_seconds(pid):
    """CPU time of the threads that live; finer than the ticks of /proc/PID/stat."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{tid}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


@contextlib.contextmanager
def sampled(bench, pid, options):
    """Samples within the block; None: nothing does."""
    if options is None:
        yield None
        return
    sampler = Sampler(bench.program("bin/cpu-sample"), pid, *options)
    try:
        yield sampler
    finally:
        if sampler.process.poll() is None:
            sampler.end()


# --- what the sampled program pays ---------------------------------------------------------------

LOADS = (
    ("node, http under wrk", node_server, {"99 Hz": ("-F", "99"), "999 Hz": ("-F", "999")}),
    ("redis SET", redis_server, {"99 Hz": ("-F", "99"), "999 Hz": ("-F", "999"),
                                 "`--off-cpu`": ("--off-cpu",)}),
)


def load(bench):
    loads(bench, "sampling", LOADS)


def loads(bench, benchmark, servers):
    """Each of @servers, (name, server, ways), sampled in its ways and not at all."""
    rows, raw = [], {}
    for name, server, ways in servers:
        with server(bench.quick) as (pid, work):
            work()
            runs = raw[name] = alternate(bench.rounds, *(
                lambda options=options: load_run(bench, pid, work, options)
                for options in (None, *ways.values(), None)))
        rows += [load_row(name, way, side(runs, 0, i + 1))
                 for i, way in enumerate((*ways, "not at all, again"))]
    bench.keep(benchmark, raw)
    bench.say(table(["server", "sampled", "alone, µs of server CPU per request",
                     "sampled, µs of server CPU per request", "CPU ratio", "requests/s ratio",
                     "samples (waits) a second"], rows))


def load_run(bench, pid, work, options):
    with sampled(bench, pid, options) as sampler:
        began, cpu = time.monotonic(), thread_seconds(pid)
        requests, rate = work()
        cpu, seconds = thread_seconds(pid) - cpu, time.monotonic() - began
        count = sampler.end()["count"] if sampler else 0
    return {"us_per_request": cpu / requests * 1e6, "requests_per_second": rate,
            "samples_per_second": count / seconds}


def load_row(name, way, runs):
    return [name, way, with_spread(side(runs, 0), "us_per_request"),
            with_spread(side(runs, 1), "us_per_request"), ratio_text(runs, "us_per_request"),
            ratio_text(runs, "requests_per_second"),
            number(median_of(side(runs, 1), "samples_per_second"))]


# --- node beside other profilers -----------------------------------------------------------------

def run_measured(arguments, folder, stdout="stdout"):
    """Elapsed time, CPU time of it and of those it waited for, highest resident size, when it
    began; what it said is in @folder. Not ru_maxrss: it begins with the size of who started it."""
    with open(os.path.join(folder, stdout), "w") as out, \
            open(os.path.join(folder, "stderr"), "w") as err:
        began = time.monotonic()
        p = subprocess.Popen([str(a) for a in arguments], cwd=folder, stdout=out, stderr=err)
        seen = {"begun": None, "rss_bytes": 0, "child_bytes": 0}
        watch = threading.Thread(target=watch_process, args=(err.name, p, seen))
        watch.start()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        ended = time.monotonic()
        watch.join()
    if p.returncode:
        raise RuntimeError(reason_of(folder, arguments[0], p.returncode))
    return {"began": began, "s": ended - began,
            "cpu_s": usage.ru_utime + usage.ru_stime} | seen


def watch_process(path, p, seen):
    """Its highest resident size, that of the largest process it starts, and the moment in which
    cpu-sample says that it samples."""
    while p.returncode is None:
        if not seen["begun"]:
            with open(path, errors="replace") as f:
                if Sampler.HAS_BEGUN in f.read():
                    seen["begun"] = time.monotonic()
        with contextlib.suppress(OSError, AttributeError):
            seen["rss_bytes"] = resident_bytes(p.pid)
            for child in children_of(p.pid):
                seen["child_bytes"] = max(seen["child_bytes"], resident_bytes(child))
        time.sleep(0.002)


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return f.read().split()


def reason_of(folder, program, status):
    """Why a profiler cannot run here: the line that tells, or its last one."""
    lines = []
    for name in ("stdout", "stderr"):
        with contextlib.suppress(OSError), \
                open(os.path.join(folder, name), errors="replace") as f:
            lines += [line.strip() for line in f if line.strip()]
    telling = [line for line in lines if line.startswith("Unable")] or lines[-1:]
    return telling[0].split(". ")[0] if telling else f"{program} ended with status {status}"


def bytes_of(folder, *names):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in names)


def cpu_sample_run(bench, pid, seconds, folder):
    run = run_measured([bench.program("bin/cpu-sample"), "-p", pid, "-d", f"{seconds}s",
                        "-f", ",".join(FORMATS), "-o", "report"], folder)
    sizes = {name.partition(".")[2]: bytes_of(folder, name) for name in os.listdir(folder)
             if name.startswith("report.")}
    with open(os.path.join(folder, "report.json")) as f:
        samples = json.load(f)["count"]
    return run | {"samples": samples, "bytes": sizes["folded"], "sizes": sizes,
                  "ready_s": run["begun"] - run["began"],
                  "after_s": run["s"] - (run["begun"] - run["began"]) - seconds}


def perf_run(pid, seconds, folder, *script_options):
    record = run_measured(["perf", "record", "-q", "-k", "CLOCK_MONOTONIC", "-F", 99, "-g",
                           "--call-graph", "dwarf", "-p", pid, "-o", "perf.data", "--",
                           "sleep", seconds], folder)
    script = run_measured(["perf", "script", *script_options, "-i", "perf.data"], folder,
                          "perf.txt")
    with open(os.path.join(folder, "perf.txt"), errors="replace") as f:
        times = [float(m) for m in re.findall(r"^\S.*? (\d+\.\d+): ", f.read(), re.M)]
    ready = min(times) - record["began"]
    return {"samples": len(times), "ready_s": ready,
            "after_s": record["s"] - ready - seconds + script["s"],
            "cpu_s": record["cpu_s"] + script["cpu_s"],
            "rss_bytes": max(record["rss_bytes"], script["rss_bytes"]),
            "child_bytes": script["child_bytes"],
            "bytes": bytes_of(folder, "perf.data", "perf.txt"),
            "parts": {"record": record, "script": script,
                      "data_bytes": bytes_of(folder, "perf.data")}}


def bcc_run(pid, seconds, folder):
    run = run_measured([shutil.which("profile-bpfcc") or "/usr/sbin/profile-bpfcc",
                        "-F", 99, "-f", "-p", pid, seconds], folder)
    with open(os.path.join(folder, "stdout"), errors="replace") as f:
        samples = sum(int(line.split()[-1]) for line in f if line.strip())
    return run | {"samples": samples, "ready_s": None, "after_s": run["s"] - seconds,
                  "bytes": bytes_of(folder, "stdout")}


def ways_of(bench, pid, seconds):
    return {
        "cpu-sample, all 7 formats": lambda f: cpu_sample_run(bench, pid, seconds, f),
        "perf, `script --no-inline`": lambda f: perf_run(pid, seconds, f, "--no-inline"),
        "perf, `script`": lambda f: perf_run(pid, seconds, f),
        "bcc's `profile`": lambda f: bcc_run(pid, seconds, f),
    }


def profiler_run(way):
    with tempfile.TemporaryDirectory() as folder:
        return way(folder)


def node(bench):
    """A profiler that cannot run here has a row with the reason."""
    with node_server(bench.quick) as (pid, work):
        stop = threading.Event()
        busy = threading.Thread(target=keep_working, args=(work, stop))
        busy.start()
        try:
            ways = ways_of(bench, pid, 1 if bench.quick else 3)
            failures = {name: why for name in ways if (why := failure_of(ways[name]))}
            able = {name: way for name, way in ways.items() if name not in failures}
            runs = alternate(bench.rounds, *(lambda way=way: profiler_run(way)
                                             for way in able.values()))
        finally:
            stop.set()
            busy.join()
    by_way = {name: side(runs, i) for i, name in enumerate(able)}
    bench.keep("sampling-node", {"runs": by_way, "failures": failures})
    bench.say(table(["profiler", "samples", "from its start to the first, ms",
                     "from the last to its exit, ms", "CPU in all, ms", "peak resident, MB",
                     "largest process it starts, MB", "files, KB"],
                    [node_row(name, by_way.get(name), failures.get(name)) for name in ways]))
    sizes = [run["sizes"] for run in by_way.get("cpu-sample, all 7 formats", [])]
    if sizes:
        bench.say("\n" + table(["format", "KB"], [
            [name, with_spread([{"kb": one[name] / 1024} for one in sizes], "kb")]
            for name in sorted(sizes[0])]))


def keep_working(work, stop):
    while not stop.is_set():
        work()


def failure_of(way):
    """The reason why a profiler cannot run; a first run that is not counted, too."""
    try:
        profiler_run(way)
    except (RuntimeError, OSError) as error:
        return str(error)
    return None


def node_row(name, runs, why):
    if why:
        return [name, f"does not run: {why}"] + [""] * 6
    each = [{"ready": run["ready_s"] and run["ready_s"] * 1000, "after": run["after_s"] * 1000,
             "cpu": run["cpu_s"] * 1000, "mb": run["rss_bytes"] / 2**20,
             "child": run["child_bytes"] / 2**20, "kb": run["bytes"] / 1024} for run in runs]
    return [name, f"{median_of(runs, 'samples'):,.0f}",
            with_spread(each, "ready") if each[0]["ready"] else "-",
            *(with_spread(each, key) for key in ("after", "cpu", "mb", "child", "kb"))]


# --- tables and memory ---------------------------------------------------------------------------

def memory(bench):
    rows, raw = [], {}
    for name, server, ways in LOADS:
        with server(bench.quick) as (pid, work), bpf_stats():
            work()
            for way, options in ways.items():
                raw[f"{name}, {way}"] = runs = [memory_run(bench, pid, work, options)
                                                for _ in range(bench.rounds)]
                rows.append(memory_row(name, way, runs))
    bench.keep("sampling-memory", raw)
    bench.say(table(["server", "sampled", "samples (waits)", "stacks", "counts",
                     "bytes of tables a sample", "BPF programs, µs a sample",
                     "BPF programs, % of a CPU", "kernel memory set aside, MB",
                     "peak resident, MB"], rows))


def memory_run(bench, pid, work, options):
    before = {p["id"] for p in bpf_programs()}
    sampler = Sampler(bench.program("bin/cpu-sample"), pid, *options)
    began = time.monotonic()
    for _ in range(2):
        work()
    ran = [p for p in bpf_programs() if p["id"] not in before]
    seconds = time.monotonic() - began
    run = {"kernel_bytes": map_bytes(sampler.process.pid)} | elements(sampler.process.pid)
    report = {}
    count = tracer_report_with_peak(sampler, report)["count"]
    ns = sum(p.get("run_time_ns", 0) for p in ran)
    return run | {"samples": count, "rss_bytes": report["peak_rss_bytes"],
                  "us_a_sample": ns / count / 1000, "cpu_pct": ns / 1e7 / seconds,
                  "bytes_a_sample": (run["stacks"] * run["stack_bytes"] +
                                     run["samples_kept"] * run["sample_bytes"]) / count}


def elements(pid):
    """Elements in use of its tables, and what one takes of the kernel's memory."""
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}") as f:
            ids.update(re.findall(r"^map_id:\s*(\d+)$", f.read(), re.M))
    maps = {m["name"]: m for m in (bpftool("map", "show", "id", i) for i in ids) if "name" in m}
    used = {name: len(bpftool("map", "dump", "id", str(maps[name]["id"])))
            for name in ("stacks", "samples")}
    each = {name: maps[name]["bytes_memlock"] / maps[name]["max_entries"] for name in used}
    return {"stacks": used["stacks"], "stack_bytes": each["stacks"],
            "samples_kept": used["samples"], "sample_bytes": each["samples"]}


def memory_row(name, way, runs):
    each = [{"kernel": run["kernel_bytes"] / 2**20, "rss": run["rss_bytes"] / 2**20}
            for run in runs]
    return [name, way, *(f"{median_of(runs, key):,.0f}"
                         for key in ("samples", "stacks", "samples_kept")),
            *(with_spread(runs, key) for key in ("bytes_a_sample", "us_a_sample", "cpu_pct")),
            number(median_of(each, "kernel")), with_spread(each, "rss")]


# --- flame-render --------------------------------------------------------------------------------

def flame(bench):
    if not os.path.exists(FLAME_BENCH):
        bench.say(f"{FLAME_BENCH} is not in this tree")
        return
    lines = 200000 if bench.quick else 1000000
    runs = [flame_run(bench, lines) for _ in range(min(bench.rounds, 3))]
    bench.keep("flame", runs)
    bench.say(table(["lines", "MB", "seconds", "of them CPU", "peak resident, MB", "SVG, MB"], [
        [f"{lines:,}", number(runs[0]["mb"]),
         *(with_spread(runs, key) for key in ("s", "cpu_s", "rss_mb")),
         number(runs[0]["svg_mb"])]]))


def flame_run(bench, lines):
    said = subprocess.run([FLAME_BENCH, str(lines), bench.program("bench.folded")], check=True,
                          capture_output=True, text=True,
                          env={**os.environ, "BUILD": bench.build}).stdout
    numbers = re.search(r"lines, (\d+) MB: ([\d.]+) s \(([\d.]+) s of CPU\), (\d+) MiB, "
                        r"SVG of ([\d.]+) MB", said)
    if not numbers:
        raise RuntimeError(f"{FLAME_BENCH} said: {said}")
    return dict(zip(("mb", "s", "cpu_s", "rss_mb", "svg_mb"), map(float, numbers.groups())))
