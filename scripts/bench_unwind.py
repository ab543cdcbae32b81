# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What walking stacks by unwind tables costs: one walk, samples beside perf's copies, the tables.
Each function is a benchmark of bench.py and gets its Bench; docs/benchmarks.md explains."""
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from bench_run import (Target, Tracer, cpu_seconds, cpu_when_ended, main_thread_cpu_ms, process,
                       redis, redis_requests, wait_for_cpu)
from bench_stats import alternate, median_of, number, ratio_text, side, table, with_spread

DEPTHS = (5, 20, 60)
# What is at the probe (tests/bpf/unwind-cost.bpf.c), and in which build of tests/live/deep.
WALKS = {
    "an empty program": ("nothing", "deep"),
    "walk by tables": ("walk", "deep"),
    "walk by tables, kept (`stack_intern`)": ("intern", "deep"),
    "`bpf_get_stack`": ("kernel", "deep"),
    "`bpf_get_stack`, built with frame pointers": ("kernel", "deep-fp"),
}

HZ = 999
COPY_BYTES = 16384
ELEMENT_BYTES = 952  # struct stack in bpf/abi/stacks.h: up to 117 frames
COUNT_BYTES = 16  # an id and a number for each distinct stack

NODE = ["node", "-e", "setInterval(() => {}, 1000)"]
FILES = ("node", "redis-server", "nginx", "libc.so.6", "libstdc++.so.6", "libcrypto.so.3")


# --- one walk ------------------------------------------------------------------------------------

def walks(bench):
    rows, raw = [], {}
    with contextlib.ExitStack() as stack:
        targets = {name: stack.enter_context(Target(bench.program("tests/live/" + name)))
                   for name in {build for _, build in WALKS.values()}}
        for depth in DEPTHS:
            raw[depth] = alternate(bench.rounds, *(
                lambda w=w: walk_run(bench, targets[w[1]], w[0], depth) for w in WALKS.values()))
    for i, name in enumerate(WALKS):
        runs = {depth: side(raw[depth], i) for depth in DEPTHS}
        cells = []
        for depth in DEPTHS:
            cells += [with_spread(runs[depth], "ns"), f"{median_of(runs[depth], 'frames'):.0f}"]
        rows.append([name, *cells, per_frame(runs)])
    bench.keep("unwind", raw)
    bench.say(table(["at the probe"] + [cell for depth in DEPTHS for cell in
                                        (f"{depth} deep, ns", "frames")]
                    + ["ns per further frame"], rows))


def walk_run(bench, target, program, depth):
    """One program at the function that deep calls at its bottom."""
    calls = 4000 if bench.quick else 20000
    with Target(bench.program("tests/bpf/unwind-cost"), str(target.pid), program) as cost:
        target.ask(f"{depth} {calls}")
        return cost.ask()


def per_frame(runs):
    """From the shallowest to the deepest stack, round by round."""
    pairs = list(zip(runs[DEPTHS[0]], runs[DEPTHS[-1]]))
    if pairs[0][0]["frames"] == pairs[0][1]["frames"]:
        return "-"
    return with_spread([{"ns": (b["ns"] - a["ns"]) / (b["frames"] - a["frames"])}
                        for a, b in pairs], "ns")


# --- samples -------------------------------------------------------------------------------------

@contextlib.contextmanager
def busy_deep(bench):
    """Yields a PID and a function that has it work for a moment: CPU time of a unit of work."""
    with Target(bench.program("tests/live/deep")) as target:
        yield target.pid, lambda: target.ask("20 4000000")["ns_per_call"]


@contextlib.contextmanager
def busy_redis(_):
    with redis({}) as (pid, port):
        def work(count=50000):
            before = cpu_seconds(pid)
            redis_requests(port, count)
            return (cpu_seconds(pid) - before) / count * 1e9

        yield pid, work


def nothing_command(_bench, _pid, seconds):
    return ["sleep", seconds]


def nothing_read(_folder, _cpu):
    return {}


def perf_command(_bench, pid, seconds):
    return ["perf", "record", "-q", "-F", HZ, "--user-callchains", "--call-graph",
            f"dwarf,{COPY_BYTES}", "-p", pid, "-o", "perf.data", "--", "sleep", seconds]


def perf_read(folder, cpu):
    """Has perf walk its copies; without inlined functions, which would take it longer still."""
    data, text = os.path.join(folder, "perf.data"), os.path.join(folder, "perf.txt")
    with open(text, "w") as out, process(["perf", "script", "--no-inline", "-i", data],
                                         stdout=out, stderr=subprocess.DEVNULL) as p:
        later = wait_for_cpu(p)
    samples = frames = 0
    with open(text, errors="replace") as f:
        for line in f:
            samples += not line[0].isspace()
            frames += line[0].isspace() and not line.isspace()
    return {"samples": samples, "frames": frames, "bytes": os.path.getsize(data),
            "during_s": cpu, "later_s": later}


def walks_command(bench, pid, seconds):
    return [bench.program("tests/bpf/unwind-cost"), "sample", pid, seconds, HZ]


def walks_read(folder, cpu):
    with open(os.path.join(folder, "stdout"), errors="replace") as f:
        run = json.loads(f.readlines()[-1])
    return run | {"bytes": run["elements"] * ELEMENT_BYTES + run["distinct"] * COUNT_BYTES,
                  "during_s": run["until_detached_s"], "later_s": cpu - run["until_detached_s"]}


WAYS = {"": (nothing_command, nothing_read), "copies, by perf": (perf_command, perf_read),
        "walks by tables": (walks_command, walks_read)}


def sample_run(bench, pid, work, way):
    """Samples a program while it works; with the CPU time of a unit of its work."""
    command, read = way
    arguments = [str(a) for a in command(bench, pid, 1 if bench.quick else 3)]
    with tempfile.TemporaryDirectory() as folder, \
            open(os.path.join(folder, "stdout"), "w") as out, \
            process(arguments, cwd=folder, stdout=out, stderr=subprocess.DEVNULL) as sampler:
        units, cpu = [], None
        while cpu is None:
            units.append(work())
            cpu = cpu_when_ended(sampler)
        if sampler.returncode:
            raise RuntimeError(f"{arguments[0]} ended with status {sampler.returncode}")
        run = read(folder, cpu)
    return run | {"unit_ns": statistics.median(units)}


def samples(bench):
    rows, raw = [], {}
    ways = {name: way for name, way in WAYS.items()
            if shutil.which("perf") or way[0] is not perf_command}
    for program, busy in (("deep", busy_deep), ("redis-server", busy_redis)):
        with busy(bench) as (pid, work):
            work()
            runs = raw[program] = alternate(bench.rounds, *(
                lambda way=way: sample_run(bench, pid, work, way) for way in ways.values()))
        rows += [sample_row(program, name, side(runs, i), side(runs, 0, i))
                 for i, name in enumerate(ways) if name]
    if len(ways) < len(WAYS):
        rows.append(["", "perf is not installed"] + [""] * 7)
    bench.keep("perf", raw)
    bench.say(table(["program", "sampled by", "samples", "frames each", "bytes a sample",
                     "BPF program, µs a sample", "CPU time while sampling, ms",
                     "and for the names, ms", "CPU of the program, ratio"], rows))


def sample_row(program, name, runs, with_unsampled):
    each = [{key: run[key] / run["samples"] for key in ("frames", "bytes")} |
            {key: run[key] * 1000 for key in ("during_s", "later_s")} for run in runs]
    return [program, name, f"{median_of(runs, 'samples'):,.0f}", number(median_of(each, "frames")),
            with_spread(each, "bytes"),
            with_spread([{"us": run["walk_ns"] / 1000} for run in runs], "us")
            if "walk_ns" in runs[0] else "-",
            *(with_spread(each, key) for key in ("during_s", "later_s")),
            ratio_text(with_unsampled, "unit_ns")]


# --- tables --------------------------------------------------------------------------------------

def file_of(name):
    """A program in the PATH or a library that the loader would find; None."""
    if ".so" not in name:
        path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    else:
        known = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True,
                               text=True).stdout
        found = re.search(rf"^\s*{re.escape(name)} .*x86-64.*=> (\S+)$", known, re.M)
        path = found and found.group(1)
    return path and os.path.realpath(path)


def ask_cost(bench, *arguments):
    return json.loads(subprocess.run([bench.program("tests/bpf/unwind-cost"), *arguments],
                                     check=True, capture_output=True, text=True).stdout)


def tables(bench):
    files = {name: file_of(name) for name in FILES}
    raw = {name: [ask_cost(bench, "file", path) for _ in range(bench.rounds)]
           for name, path in files.items() if path}
    bench.say(table(["file", "code, MB", "rows", "rules", "table, KB", "KB per MB of code",
                     "compiled in, ms of CPU"],
                    [file_row(name, raw.get(name)) for name in FILES]))
    if files["node"]:
        bench.say("\n" + table(["a whole node process", ""], whole_node(bench, raw)))
    bench.keep("tables", raw)


def file_row(name, runs):
    if not runs:
        return [name, "not installed"] + [""] * 5
    one = runs[0]
    text = one["text_bytes"] / 2**20
    return [name, f"{text:.2f}", f"{one['rows']:,}", str(one["rules"]),
            f"{one['table_bytes'] / 1024:,.0f}", f"{one['table_bytes'] / 1024 / text:.0f}",
            with_spread(runs, "cpu_ms")]


def whole_node(bench, raw):
    with process(NODE) as node:
        time.sleep(1)
        runs = raw["process"] = [ask_cost(bench, "tables", str(node.pid))
                                 for _ in range(bench.rounds)]
        begins = raw["begin"] = alternate(bench.rounds, *(
            lambda method=method: begin_run(bench, node.pid, method)
            for method in ("auto", "fp")))
    return [["files with a table", str(runs[0]["files"])],
            ["code, MB", f"{runs[0]['text_bytes'] / 2**20:.1f}"],
            ["kernel memory of the tables, MB", f"{runs[0]['kernel_bytes'] / 2**20:.2f}"],
            ["read, compiled and told to the kernel in, ms", with_spread(runs, "refresh_ms")],
            ["of it CPU time, ms", with_spread(runs, "cpu_ms")],
            *([what + option, with_spread(side(begins, i), key)]
              for i, option in enumerate(("", ", `--stacks=fp`"))
              for what, key in (("memleak-trace, from its start to \"tracing\", ms", "ms"),
                                ("of it CPU time, ms", "cpu_ms")))]


def begin_run(bench, pid, method):
    began = time.monotonic()
    tracer = Tracer(bench.tracer, pid, f"--stacks={method}")
    run = {"ms": (time.monotonic() - began) * 1000,
           "cpu_ms": main_thread_cpu_ms(tracer.process.pid)}
    tracer.end()
    return run
