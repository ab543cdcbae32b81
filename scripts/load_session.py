# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The course of a load test: the search, then rounds in which the sides take turns. Everything that
was measured is in the result at once, so that an interruption loses only the run it falls into."""
import contextlib
import os
import sys
import time

from bench_run import Collector, MemoryWatcher, Sampler, Tracer, Watcher, resident_bytes, wait_for_cpu
from load_environment import pressure_us
from load_generator import Load
from load_knee import KneeSearch
from load_server import ServerError, already_running, started

WARM_CONNECTIONS = 8    # before the knee is known
STEADY_PCT = 5          # windows that differ by less are warm
MOST_WARM_WINDOWS = 6
TOOLS = {"memleak-trace": Tracer, "cpu-sample": Sampler, "loop-stall": Watcher, "gc-trace": Collector,
         "mem-watch": MemoryWatcher}


class LimitReached(Exception):
    """As much time was taken, or as many requests were sent, as is allowed."""


def is_steady(warm):
    """Whether the last two windows are alike: in CPU time per request, which others cannot disturb, or
    in requests per second where whose CPU time it is is not known."""
    measured = warm["server_cpu_us_per_request"]
    last = (measured if all(measured) else warm["qps"])[-2:]
    return len(last) == 2 and abs(last[1] - last[0]) * 100 < STEADY_PCT * last[0]


def progress(text):
    print(f"load-test: {text}", file=sys.stderr, flush=True)


class Session:
    """@settings: see load_options.py; @result: the document, which is filled."""

    def __init__(self, settings, result):
        self.settings = settings
        self.result = result
        self.began = time.monotonic()
        self.requests = 0

    # --- one run ---------------------------------------------------------------------------------

    def _limits(self):
        if time.monotonic() - self.began > self.settings["time_limit_s"]:
            raise LimitReached(f"the time limit of {self.settings['time_limit_s']:g} s is reached")
        if self.requests > self.settings["max_requests"]:
            raise LimitReached(f"the limit of {self.settings['max_requests']} requests is reached")

    def _counted(self, run):
        self.requests += run["requests"]
        return run

    @contextlib.contextmanager
    def _server(self, side):
        command = side["command"]
        running = started(command, self.settings["server_cpus"]) if command else \
            already_running(side["url"], self.settings["pid"])
        with running as server:
            yield Load(server, self.settings)

    def _closed(self, load, connections, seconds):
        self._limits()
        return self._counted(load.closed(connections, seconds))

    def _warm_up(self, load, connections):
        """Windows until two in a row are alike."""
        warm = {"qps": [], "server_cpu_us_per_request": [], "is_steady": False}
        while len(warm["qps"]) < MOST_WARM_WINDOWS and not warm["is_steady"]:
            run = self._closed(load, connections, self.settings["warm_up_s"])
            for measure in ("qps", "server_cpu_us_per_request"):
                warm[measure].append(run[measure])
            warm["is_steady"] = is_steady(warm)
        return warm

    # --- the search ------------------------------------------------------------------------------

    def search(self):
        """Connections and capacity, of the first side."""
        search = KneeSearch(self.settings["max_connections"])
        with self._server(self.result["sides"][0]) as load:
            self._warm_up(load, self.settings["connections"] or WARM_CONNECTIONS)
            fixed = self.settings["connections"]
            connections = fixed or search.next_connections()
            while connections:
                run = self._closed(load, connections, self.settings["window_s"])
                search.add(connections, run["qps"], run["errors_pct"])
                progress(f"{connections} connections: {run['qps']:,.0f} requests/s, {run['errors_pct']:.1f} % errors")
                connections = None if fixed else search.next_connections()
        knee = search.knee()
        if not knee:
            raise ServerError(f"no capacity: {search.why or 'errors only'}")
        self.result["search"] = {"steps": search.steps, "connections": knee["connections"], "qps": knee["qps"],
                                 "why": search.why or "the connections were given"}
        self.result["rates"] = [{"share_pct": share, "qps": knee["qps"] * share / 100}
                                for share in self.settings["shares_pct"]]

    # --- rounds ----------------------------------------------------------------------------------

    def _runs(self, load, turn, name):
        """The closed loop and each rate; every second round the other way round."""
        who = f"round {turn['number']} of {self.settings['rounds']}, {name}"
        connections = self.result["search"]["connections"]
        steps = [None, *self.result["rates"]]
        for rate in steps if turn["number"] % 2 else reversed(steps):
            if rate is None:
                progress(f"{who}: closed loop (server {load.server.pid})")
                turn["runs"].append(self._closed(load, connections, self.settings["window_s"]))
                continue
            self._limits()
            progress(f"{who}: {rate['qps']:,.0f} requests/s, {rate['share_pct']} % (server {load.server.pid})")
            turn["runs"].append(self._counted(load.fixed(rate["share_pct"], rate["qps"], self.settings["window_s"])))

    @contextlib.contextmanager
    def _tool(self, side, pid, turn):
        """Attached within the block; what it has cost itself is in the round."""
        if side["tool"] in (None, "none"):
            yield
            return
        tool = TOOLS[side["tool"]](self.settings["tool_program"], pid)
        try:
            os.sched_setaffinity(tool.process.pid, self.settings["client_cpus"])
            yield
            if tool.process.poll() is not None:
                raise ServerError(f"{side['tool']} has ended with status {tool.process.returncode}")
            turn["tool_rss_bytes"] = resident_bytes(tool.process.pid)
        finally:
            if tool.process.poll() is None:
                tool.interrupt()
                turn["tool_cpu_s"] = wait_for_cpu(tool.process)

    def _turn(self, side, number):
        """One round of one side: a fresh server, warm, then its runs."""
        turn = {"number": number, "warm_up": None, "runs": [], "waited_pct": None,
                "tool_cpu_s": None, "tool_rss_bytes": None}
        side["rounds"].append(turn)
        waited, began = pressure_us(), time.monotonic()
        with self._server(side) as load:
            turn["warm_up"] = self._warm_up(load, self.result["search"]["connections"])
            with self._tool(side, load.server.pid, turn):
                self._runs(load, turn, side["name"])
        if waited is not None:
            turn["waited_pct"] = (pressure_us() - waited) / (time.monotonic() - began) / 1e4

    def measure(self):
        if not self.result["search"]:
            self.search()
        sides = self.result["sides"]
        for number in range(1, self.settings["rounds"] + 1):
            for side in sides if number % 2 else reversed(sides):
                self._turn(side, number)


# --- what is wrong with what was measured --------------------------------------------------------

SPREAD_PCT = 10
FULL_PCT = 90
LATE_MS = 1


def _of_turns(side):
    turns = side["rounds"]
    unsteady = sum(1 for turn in turns if turn["warm_up"] and not turn["warm_up"]["is_steady"])
    if unsteady:
        yield f"{side['name']}: {unsteady} of {len(turns)} rounds were still getting faster or slower after {MOST_WARM_WINDOWS} warm-up windows"
    runs = [run for turn in turns for run in turn["runs"]]
    limited = sum(1 for run in runs if run["kind"] == "closed" and run["client_cpu_pct"] > FULL_PCT
                  and (run["server_cpu_pct"] or 0) < FULL_PCT)
    if limited:
        yield f"{side['name']}: in {limited} closed loops the client was busier than the server: its limit, not the server's"
    late = [run["late_p99_ms"] for run in runs if (run["late_p99_ms"] or 0) > LATE_MS]
    if late:
        yield (f"{side['name']}: in {len(late)} runs the client sent 1 % of the requests {min(late):.1f} ms late or more "
               f"(up to {max(late):.1f} ms): it waited for a CPU, and that is in the latencies")


def complaints(result):
    """Of rounds that did not go as they should, and of figures that swing."""
    found = [text for side in result["sides"] for text in _of_turns(side)]
    wide = [row for row in result["summary"] if row["measure"] in ("qps", "cpu") and row["sd"]
            and row["sd"] / row["mean"] * 100 > SPREAD_PCT]
    if wide:
        found.append(f"{len(wide)} of the rates and CPU times swing by more than {SPREAD_PCT} % from round to round")
    return found
