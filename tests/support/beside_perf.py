# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Samples a process with cpu-sample and with `perf record --call-graph dwarf` at the same time, and
compares what they found: shares of functions with what they call, and stacks that are whole.

usage: beside_perf.py CPU_SAMPLE PID FOLDER
The table is printed. exit: 0 they agree, 1 they do not.

Why the same time: what a server does changes (the load goes through its commands, tables grow), and
two runs one after the other differ by that. Why `perf record -a` and not -p: a timer that belongs to
a thread is stopped at each switch and set anew with what was left of it, at least 10 us, which gives
more samples to what follows a switch. A timer that belongs to a CPU is not. Why not both at the same
rate: two timers of one period keep their distance for ever. A server and its clients, who wait for
each other, fall into step with what interrupts them, so that one timer finds the server in its
writes, and the other in its reads, all the time: write() of redis was seen 5 points apart.

Both sample the same stretch of time, each by its own clock, so a share differs by chance: with N
samples on each side its standard error is sqrt(2 p (1 - p) / N). Rounds are added up until N is
SAMPLES, where that is at most 0.71 points, and MAX_POINTS are more than four of them. No round is
thrown away, and none is added because of what was found."""
import collections
import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

SAMPLES = 10000
MAX_ROUNDS = 24
ROUND_S = 4
PERF_HZ = 999
OUR_HZ = 997
MAX_POINTS = 3
TOP = 10
FROM_PCT = 5  # so large a function is compared, even when it is not one of the first
ENTRIES = {"_start", "clone", "clone3"}
KERNEL = "[kernel]"


class Side:
    """What one of the two has found: in how many stacks each function is, once per stack."""

    def __init__(self):
        self.functions = collections.Counter()
        self.samples = self.user_stacks = self.whole = 0

    def add(self, frames, count=1):
        """@frames: (function or None, module), innermost first."""
        names = [same_name(*frame) for frame in frames]
        user = [name for name, frame in zip(names, frames) if frame[1] != KERNEL]
        self.samples += count
        for name in set(names) - {None}:
            self.functions[name] += count
        if user:
            self.user_stacks += count
            self.whole += count * (user[-1] in ENTRIES)

    def pct(self, name):
        return 100 * self.functions[name] / self.samples

    def whole_pct(self):
        return 100 * self.whole / self.user_stacks


def same_name(function, module):
    """One name for what has several: the C library's functions have aliases at the same address
    (write, __write, __libc_write, __GI___libc_write), versions are perf's way to tell symbols apart,
    and of a function that the compiler made parts or copies of, both show it."""
    if function is None or function == "[unknown]":
        return None
    function = re.sub(r"@.*", "", plain_name(function))
    function = re.sub(r"\.(isra|part|constprop|cold|lto_priv)(\.\d+)?", "", function)
    if module.startswith("libc.so"):
        function = re.sub(r"^(__GI_)?_*(libc_(?!start))?", "", function)
        function = re.sub("^cfree$", "free", function)
    return function


@functools.cache
def plain_name(function):
    """Of C++, without parameters and type of the result, which perf leaves out: pair_of::area."""
    if function.startswith("_Z"):  # very long ones are left as they are by cpu-sample
        return subprocess.run(["c++filt", "-p", function], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    if not function.endswith((")", ") const")):
        return function
    depth, parts = 0, [""]  # words outside of all brackets
    for c in re.sub(r" const$", "", function):
        depth += (c in "(<") - (c in ")>")
        if c == " " and not depth and not parts[-1].endswith("operator"):
            parts.append("")
        else:
            parts[-1] += c
    return without_last_brackets(parts[-1])


def without_last_brackets(name):
    depth = 0
    for at in range(len(name) - 1, -1, -1):
        depth += (name[at] == ")") - (name[at] == "(")
        if depth == 0:
            return name[:at]
    return name


def start_perf(folder):
    """perf, recording already: it answers when it does."""
    pipes = [os.path.join(folder, name) for name in ("perf.control", "perf.ack")]
    for pipe in pipes:
        if not os.path.exists(pipe):
            os.mkfifo(pipe)
    control, ack = (os.open(pipe, os.O_RDWR) for pipe in pipes)
    perf = subprocess.Popen(
        ["perf", "record", "-q", "-a", "-e", "cpu-clock", "-F", str(PERF_HZ), "--call-graph", "dwarf", "-m", "16M",
         "-k", "CLOCK_MONOTONIC", "-D", "-1", "--control", "fifo:" + ",".join(pipes),
         "-o", os.path.join(folder, "perf.data")], stdout=subprocess.DEVNULL)
    os.write(control, b"enable\n")
    answer = os.read(ack, 16)
    os.close(control)
    os.close(ack)
    if not answer.startswith(b"ack"):
        sys.exit(f"perf said {answer}")
    return perf


def run_ours(tool, pid):
    """Its report, and the time that it is of: from its first word to Ctrl-C, as CLOCK_MONOTONIC."""
    ours = subprocess.Popen([tool, "-p", pid, "-F", str(OUR_HZ), "-f", "json"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    said = ours.stderr.readline()
    begin = time.monotonic()
    if "sampling" not in said:
        sys.exit(f"cpu-sample said: {said}")
    threading.Timer(ROUND_S, ours.send_signal, [signal.SIGINT]).start()
    report = ours.communicate()[0]
    if ours.returncode != 0:
        sys.exit(f"cpu-sample ended with status {ours.returncode}")
    return json.loads(report), begin, begin + ROUND_S


def add_ours(side, report):
    frames = report["frames"]
    if not report["complete"]:
        sys.exit(f"cpu-sample lost {report['lost']}")
    for stack in report["data"]:
        # perf is asked for functions that have code of their own, and so are we
        side.add([(f["function"], f["module"]) for f in map(frames.__getitem__, stack["frames"])
                  if not f["inlined"]], stack["count"])


def add_perf(side, folder, pid, window):
    """The samples of @pid within @window. Printed stacks: a line with the time, a line a frame,
    an empty line."""
    script = subprocess.run(
        ["perf", "script", "-i", os.path.join(folder, "perf.data"), "--pid", pid, "--no-inline", "--show-lost-events",
         "-F", "pid,time,ip,sym,dso"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    lost = 0
    for text in script.stdout.decode(errors="replace").split("\n\n"):
        head, *lines = text.strip("\n").split("\n")
        lost += len(re.findall(r"PERF_RECORD_LOST", text))
        at = re.match(r"\s*\d+\s+(\d+\.\d+):", head)
        if not at or not window[0] <= float(at[1]) <= window[1]:
            continue
        found = [re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", line) for line in lines]
        side.add([(f[1], KERNEL if f[2].startswith("[kernel") else os.path.basename(f[2])) for f in found if f])
    return lost


def compare(ours, perf):
    """Prints the table; whether they agree."""
    first = [name for side in (ours, perf) for name, _ in side.functions.most_common(TOP)]
    large = [name for side in (ours, perf) for name in side.functions if side.pct(name) >= FROM_PCT]
    names = sorted(set(first + large), key=lambda name: -perf.pct(name))
    apart = max(names, key=lambda name: abs(ours.pct(name) - perf.pct(name)))
    for name in names:
        print(f"{ours.pct(name):6.2f} %  perf {perf.pct(name):6.2f} %  {ours.pct(name) - perf.pct(name):+5.2f}  {name}")
    worst = abs(ours.pct(apart) - perf.pct(apart))
    print(f"{ours.samples} samples, perf {perf.samples}; {len(names)} functions, at most {worst:.2f} points apart; "
          f"whole {ours.whole_pct():.2f} %, perf {perf.whole_pct():.2f} %")
    return len(names) >= TOP and worst <= MAX_POINTS and ours.whole_pct() >= perf.whole_pct()


def main(tool, pid, folder):
    ours, perf, lost = Side(), Side(), 0
    for _ in range(MAX_ROUNDS):
        recorder = start_perf(folder)
        report, *window = run_ours(tool, pid)
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
        add_ours(ours, report)
        lost += add_perf(perf, folder, pid, window)
        if min(ours.samples, perf.samples) >= SAMPLES:
            break
    agree = compare(ours, perf)
    if min(ours.samples, perf.samples) < SAMPLES:
        sys.exit("too few samples")
    if lost:
        sys.exit(f"perf lost samples {lost} times")
    return 0 if agree else 1


sys.exit(main(*sys.argv[1:]))
