# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The clients: wrk, which asks again as soon as it is answered, and fixed-rate, which does not wait."""
import ipaddress
import json
import math
import pathlib
import re
import resource
import signal
import socket
import subprocess
import time

from bench_run import process, wait_until
from load_histogram import Histogram, without_correction
from load_server import pinned

LEAD_SECONDS = 0.3  # of fixed-rate, not counted: its connections are opened
GRACE_SECONDS = 60  # after that a generator is ended, whatever it does


class GeneratorError(Exception):
    """It could not be run, or what it said is not what was expected."""


def check_host(host, allowed_host):
    """ValueError unless @host is this machine, or the one that is named."""
    try:
        addresses = {found[4][0] for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise ValueError(f"{host}: {error.strerror}") from error
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses) and allowed_host != host:
        raise ValueError(f"{host} is another machine; if it is yours to load: --allow-host {host}")


def _children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _has_begun(client):
    """Both catch SIGINT when they begin; before, it would be the end of them."""
    if client.poll() is not None:
        return True
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", pathlib.Path(f"/proc/{client.pid}/status").read_text(), re.M)
    return bool(int(caught.group(1), 16) >> (signal.SIGINT - 1) & 1)


def _output_of(command, seconds):
    """What it prints until it has ended, which it is told to after @seconds at the latest."""
    with process(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                 start_new_session=True) as client:
        try:
            wait_until(lambda: _has_begun(client), f"{command[3]} does not begin")
            try:
                out, err = client.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                client.send_signal(signal.SIGINT)
                out, err = client.communicate(timeout=GRACE_SECONDS)
        except BaseException:
            client.kill()
            raise
    if client.returncode:
        raise GeneratorError(f"{command[3]}: {err.strip() or out.strip()}")
    return out


class Load:
    """How to ask: @settings has path, headers, timeout_s, fixed_rate (a program), lua (a file), client_cpus
    and allowed_host. ServerError: it is not answered."""

    def __init__(self, server, settings):
        self.server = server
        self.settings = settings
        check_host(server.host, settings["allowed_host"])
        self.address = server.check_answer(settings["path"], settings["headers"])

    def _measured(self, command, seconds):
        """What the client said, and the CPU seconds and the seconds that it took."""
        server_s, client_s, began = self.server.cpu_seconds(), _children_cpu(), time.monotonic()
        out = _output_of(pinned(self.settings["client_cpus"], command), seconds)
        took = time.monotonic() - began
        self.server.check()
        server_end = self.server.cpu_seconds()
        return out, {"server_s": None if server_s is None else server_end - server_s,
                     "client_s": _children_cpu() - client_s, "took_s": took}

    def closed(self, connections, seconds):
        """A run of wrk."""
        headers = [word for name, value in self.settings["headers"].items() for word in ("-H", f"{name}: {value}")]
        out, cpu = self._measured(
            ["wrk", "-t1", f"-c{connections}", f"-d{math.ceil(seconds) + 5}s", "-s", self.settings["lua"],
             "--timeout", f"{math.ceil(self.settings['timeout_s'])}s", *headers,
             self.server.url(self.settings["path"])], seconds)
        found = re.search(r"^JSON (.*)$", out, re.M)
        if not found:
            raise GeneratorError(f"wrk said: {out.strip()[-200:]}")
        return closed_run(json.loads(found.group(1)), connections, cpu)

    def fixed(self, share_pct, qps, seconds):
        """A run of fixed-rate."""
        rate = max(1, round(qps))
        headers = [word for name, value in self.settings["headers"].items() for word in ("--header", f"{name}: {value}")]
        out, cpu = self._measured(
            [self.settings["fixed_rate"], "--rate", str(rate), "--requests", str(max(1, round(rate * seconds))),
             "--lead", str(round(rate * LEAD_SECONDS)), "--timeout-ms", str(round(self.settings["timeout_s"] * 1000)),
             *headers, self.address, str(self.server.port), self.settings["path"]],
            seconds + LEAD_SECONDS + self.settings["timeout_s"] + 5)
        return fixed_run(json.loads(out), share_pct, cpu)


def _share_pct(part, whole):
    return part / whole * 100 if whole else 0.0


def _cost(cpu, answered):
    server_s = cpu["server_s"]
    return {"server_cpu_us_per_request": server_s / answered * 1e6 if server_s is not None and answered else None,
            "server_cpu_pct": None if server_s is None else _share_pct(server_s, cpu["took_s"]),
            "client_cpu_pct": _share_pct(cpu["client_s"], cpu["took_s"])}


def closed_run(said, connections, cpu):
    """wrk's figures as a run; latencies as its clients saw them, and with wrk's own correction."""
    seconds = said["duration_us"] / 1e6
    answers = said["requests"] - said["status"]
    per_connection = said["requests"] // connections
    expected_us = said["duration_us"] // per_connection if per_connection else 0
    seen = Histogram(without_correction([tuple(pair) for pair in said["latency_us"]], expected_us))
    errors = {"connect": said["connect"], "timeout": said["timeout"], "reset": said["read"] + said["write"],
              "malformed": 0, "status": said["status"]} # timeouts of wrk are late answers
    asked = said["requests"] + errors["connect"] + errors["reset"]
    return {"kind": "closed", "share_pct": None, "offered_qps": None, "connections": connections,
            "seconds": seconds, "requests": said["requests"], "qps": answers / seconds, "errors": errors,
            "errors_pct": _share_pct(sum(errors.values()), asked),
            "latency_ms": seen.in_ms(), "corrected_ms": Histogram(said["latency_us"]).in_ms(),
            "late_p99_ms": None, **_cost(cpu, said["requests"])}


def fixed_run(said, share_pct, cpu):
    due, seconds = said["due"], said["due"] / said["rate"]
    late = Histogram(said["late_us"], said["late_max_us"])
    return {"kind": "fixed", "share_pct": share_pct, "offered_qps": said["rate"], "connections": None,
            "seconds": seconds, "requests": due, "qps": said["answered"] / seconds if seconds else 0.0,
            "errors": said["errors"], "errors_pct": _share_pct(sum(said["errors"].values()), due),
            "latency_ms": Histogram(said["latency_us"], said["latency_max_us"]).in_ms(), "corrected_ms": None,
            "late_p99_ms": late.in_ms() and late.in_ms()["p99"], **_cost(cpu, said["all_answered"])}
