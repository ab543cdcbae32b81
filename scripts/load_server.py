# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The server under test: started anew for each run, pinned, and what CPU time it has used."""
import contextlib
import http.client
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import time
import urllib.parse

from bench_run import cpu_seconds, process

START_SECONDS = 30
LISTENING = re.compile(r"listening (?:on|at) (?:port |https?://)?(?:([\w.-]+|\[[\da-f:]+\]|::|\*)?:)?(\d+)\b", re.I)
ANY = ("0.0.0.0", "::", "*", "")


class ServerError(Exception):
    """It did not start, does not answer, or has ended."""


class Server:
    def __init__(self, host, port, pid=None, running=None, said=None):
        self.host, self.port, self.pid = host, port, pid
        self._running, self._said = running, said

    def url(self, path):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{path}"

    def cpu_seconds(self):
        """Of the process and those it has started; None: not known whose."""
        if self.pid is None:
            return None
        return sum(_cpu_of(pid) for pid in _family(self.pid))

    def check(self):
        if self._running and self._running.poll() is not None:
            raise ServerError(f"the server has ended with status {self._running.returncode}: {_last_line(self._said)}")

    def check_answer(self, path, headers):
        """One request, so that a wrong path is not found out a thousand times a second. Returns the
        address that answered: a name may have several."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            address = connection.sock.getpeername()[0]
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise ServerError(f"GET {self.url(path)}: {error}") from error
        finally:
            connection.close()
        if status >= 400:
            raise ServerError(f"GET {self.url(path)}: status {status}")
        return address


def _family(pid):
    """@pid and its descendants, as far as the kernel tells."""
    family = [pid]
    for member in family:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{member}/task"):
                children = pathlib.Path(f"/proc/{member}/task/{task}/children")
                family += map(int, children.read_text().split())
    return family


def _cpu_of(pid):
    """From the process's CPU clock, which is what /proc/PID/stat rounds to ticks of 10 ms."""
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)
    with contextlib.suppress(OSError):
        return cpu_seconds(pid)
    return 0.0


def _last_line(said):
    lines = os.pread(said.fileno(), 1 << 16, 0).decode(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def listening_at(said):
    """(host, port) of the first whole line that says so; None: none does."""
    found = LISTENING.search(said[:said.rfind("\n") + 1])
    if not found:
        return None
    host = (found.group(1) or "").strip("[]")
    return "localhost" if host in ANY else host, int(found.group(2))


def _wait_for_address(running, out, err):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        found = listening_at(os.pread(out.fileno(), 1 << 16, 0).decode(errors="replace"))
        if found:
            return found
        if running.poll() is not None:
            raise ServerError(f"the server has ended with status {running.returncode}: {_last_line(err)}")
        time.sleep(0.01)
    raise ServerError(f"the server has not said 'listening on HOST:PORT' within {START_SECONDS} s")


def pinned(cpus, command):
    return ["taskset", "-c", ",".join(map(str, cpus)), *command]


@contextlib.contextmanager
def started(command, cpus):
    """The server of @command, which is given --port 0 unless it names a port. Not of our session:
    Ctrl-C is for us, who end it."""
    words = shlex.split(command)
    if not any(word.startswith("--port") for word in words):
        words += ["--port", "0"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, process(
            pinned(cpus, words), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True) as running:
        host, port = _wait_for_address(running, out, err)
        yield Server(host, port, running.pid, running, err)


@contextlib.contextmanager
def already_running(url, pid):
    parts = urllib.parse.urlsplit(url)
    yield Server(parts.hostname, parts.port or 80, pid)
