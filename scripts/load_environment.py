# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a load test runs on, and what is wrong with that."""
import glob
import os
import pathlib
import platform
import re
import subprocess

BUSY_LOAD = 0.5         # load average per CPU from others
BUSY_PRESSURE_PCT = 5   # of the last 10 s in which something waited for a CPU


def _read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def _said_by(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def parse_cpus(text):
    """'0,2-3' as a list; ValueError for anything else."""
    cpus = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    if not cpus or not cpus <= os.sched_getaffinity(0):
        raise ValueError(f"'{text}' are no CPUs that may be used here")
    return sorted(cpus)


def default_cpus():
    """(the server's, the client's): one for the server, the others for the client."""
    cpus = sorted(os.sched_getaffinity(0))
    return cpus[:1], cpus[1:] or cpus[:1]


def pressure_us():
    """How long something waited for a CPU since the start of the machine; None: the kernel does not tell."""
    found = re.search(r"^some .*total=(\d+)", _read("/proc/pressure/cpu"), re.M)
    return int(found.group(1)) if found else None


def _pressure_pct():
    found = re.search(r"^some avg10=([\d.]+)", _read("/proc/pressure/cpu"), re.M)
    return float(found.group(1)) if found else None


def _governors():
    return sorted({_read(path).strip() for path in
                   glob.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")})


def _siblings(cpus):
    """All hardware threads of the cores of @cpus."""
    result = set()
    for cpu in cpus:
        text = _read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").strip()
        for part in filter(None, text.split(",")):
            first, _, last = part.partition("-")
            result.update(range(int(first), int(last or first) + 1))
    return result | set(cpus)


def describe(server_cpus, client_cpus, folder):
    cpuinfo = _read("/proc/cpuinfo")
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    return {
        "kernel": platform.release(),
        "cpu": model.group(1) if model else platform.machine(),
        "cpus": os.cpu_count(),
        "is_virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.M)),
        "governors": _governors(),
        "load_1m": os.getloadavg()[0],
        "pressure_pct": _pressure_pct(),
        "node": _said_by("node", "--version"),
        "git": _said_by("git", "-C", str(folder), "describe", "--always", "--dirty"),
        "server_cpus": server_cpus,
        "client_cpus": client_cpus,
    }


def complaints(about):
    """What makes figures worth less, of what describe() found."""
    found = []
    if about["load_1m"] > BUSY_LOAD * about["cpus"]:
        found.append(f"others are at work: load average {about['load_1m']:.2f} on {about['cpus']} CPUs")
    if (about["pressure_pct"] or 0) > BUSY_PRESSURE_PCT:
        found.append(f"others are at work: somebody waited for a CPU in {about['pressure_pct']:.0f} % of the last 10 s")
    if set(about["governors"]) - {"performance"}:
        found.append(f"the clock of the CPUs may change: governor {', '.join(about['governors'])}")
    if set(about["server_cpus"]) & set(about["client_cpus"]):
        found.append("server and client share a CPU: each takes the other's time")
    elif _siblings(about["server_cpus"]) & _siblings(about["client_cpus"]):
        found.append("server and client share a core: each slows the other down")
    return found
