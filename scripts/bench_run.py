# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The processes of a benchmark: the tracer, the target programs, the servers, the load."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


def cpu_seconds(pid):
    """User and system time of all threads, from /proc/PID/stat (fields 14 and 15)."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main_thread_cpu_ms(pid):
    """Finer than the ticks of cpu_seconds."""
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e6


def cpu_when_ended(p):
    """CPU seconds of a process that has ended, and of those it waited for; None: it runs."""
    pid, status, usage = os.wait4(p.pid, os.WNOHANG)
    if pid == 0:
        return None
    p.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def wait_for_cpu(p):
    os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)
    return cpu_when_ended(p)


def resident_bytes(pid, field="VmHWM"):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(rf"^{field}:\s*(\d+) kB", f.read(), re.M).group(1)) * 1024


@contextlib.contextmanager
def process(arguments, **options):
    """Ended by SIGTERM at the latest when the block is left."""
    p = subprocess.Popen(arguments, **options)
    try:
        yield p
    finally:
        if p.poll() is None:
            p.terminate()
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


class Tracer:
    """memleak-trace on one process, without its overhead guard."""
    HAS_BEGUN = "memleak-trace: tracing"
    OPTIONS = ("--max-hits", "0")

    def __init__(self, program, pid, *options):
        self.out = tempfile.TemporaryFile("w+")
        self.err = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [program, "-p", str(pid), "-f", "json", *self.OPTIONS, *options],
            stdout=self.out, stderr=self.err)
        try:
            wait_until(self._has_begun, f"“{self.HAS_BEGUN}”")
        except TimeoutError:
            self.process.kill()
            raise

    def _has_begun(self):
        if self.process.poll() is not None:
            raise RuntimeError("the tool ended: " + self._said(self.err))
        return self.HAS_BEGUN in self._said(self.err)

    @staticmethod
    def _said(file):
        return os.pread(file.fileno(), 1 << 20, 0).decode(errors="replace")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """Its report."""
        self.interrupt()
        self.process.wait(60)
        self.out.seek(0)
        return json.loads(self.out.readlines()[-1])


class Sampler(Tracer):
    """cpu-sample on one process, until it is told to end."""
    HAS_BEGUN = "cpu-sample: sampling"
    OPTIONS = ()


class Watcher(Tracer):
    """loop-stall on one process, until it is told to end."""
    HAS_BEGUN = "loop-stall: watching"
    OPTIONS = ()


class Collector(Tracer):
    """gc-trace on one process, until it is told to end."""
    HAS_BEGUN = "gc-trace: watching"
    OPTIONS = ()


class MemoryWatcher(Tracer):
    """mem-watch on one process, until it is told to end."""
    HAS_BEGUN = "mem-watch: watching"
    OPTIONS = ()


@contextlib.contextmanager
def traced(program, pid, is_traced=True, *options, kind=Tracer):
    """Traces within the block (or not: the A side)."""
    if not is_traced:
        yield None
        return
    tracer = kind(program, pid, *options)
    try:
        yield tracer
    finally:
        if tracer.process.poll() is None:
            tracer.end()


def tracer_report_with_peak(tracer, run):
    """Its report; its highest resident size until just before it ended goes into @run."""
    tracer.interrupt()
    run["peak_rss_bytes"] = 0
    while tracer.process.poll() is None:
        with contextlib.suppress(OSError, AttributeError):
            run["peak_rss_bytes"] = resident_bytes(tracer.process.pid)
        time.sleep(0.001)
    return tracer.end()


class Target:
    """A program of tests/live, which waits for lines."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.pid = int(self.read().split()[1])

    def read(self):
        return self.process.stdout.readline()

    def say(self, line=""):
        self.process.stdin.write(line + "\n")

    def ask(self, line=""):
        self.say(line)
        return json.loads(self.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def map_bytes(pid):
    """What the kernel charges for the BPF maps that @pid holds, each counted once."""
    maps = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{fd}") as f:
            info = dict(re.findall(r"^(\w+):\s*(\d+)$", f.read(), re.M))
        if "map_id" in info:
            maps[info["map_id"]] = int(info.get("memlock", 0))
    return sum(maps.values())


def bpftool(*arguments):
    return json.loads(subprocess.run(["bpftool", "-j", *arguments], check=True,
                                     capture_output=True, text=True).stdout)


def bpf_programs():
    return bpftool("prog", "show")


@contextlib.contextmanager
def bpf_stats():
    path = "/proc/sys/kernel/bpf_stats_enabled"
    with open(path) as f:
        before = f.read()
    try:
        with open(path, "w") as f:
            f.write("1")
        yield
    finally:
        with open(path, "w") as f:
            f.write(before)


def library_text(pid, pattern):
    """The bytes of the executable mappings whose maps line matches."""
    text = b""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            if " r-x" in line and re.search(pattern, line):
                first, last = (int(n, 16) for n in line.split()[0].split("-"))
                memory.seek(first)
                text += memory.read(last - first)
    return text


def redis_requests(port, count):
    """Requests per second of SET by 50 clients."""
    out = subprocess.run(
        ["redis-benchmark", "-p", str(port), "-t", "set", "-n", str(count), "-c", "50", "--csv"],
        check=True, capture_output=True, text=True).stdout
    return float(re.search(r'^"SET","([0-9.]+)"', out, re.M).group(1))


@contextlib.contextmanager
def redis(environment):
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, process(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", folder],
            env={**os.environ, **environment}, stdout=subprocess.DEVNULL) as server:
        wait_until(lambda: subprocess.run(["redis-cli", "-p", str(port), "ping"],
                                          capture_output=True).stdout == b"PONG\n", "redis")
        yield server.pid, port


def wrk(url, seconds, connections=8):
    """(requests, requests per second, errors)"""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", "--timeout", "10s", f"-d{seconds}s", url], check=True,
                         capture_output=True, text=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s*([0-9.]+)", out).group(1))
    return requests, rate, len(re.findall(r"Socket errors|Non-2xx", out))


@contextlib.contextmanager
def example_server(*command):
    with process([*command, "--port", "0"], stdout=subprocess.PIPE,
                 stderr=subprocess.DEVNULL, text=True) as server:
        yield server.pid, re.search(r":(\d+)$", server.stdout.readline().strip()).group(1)
