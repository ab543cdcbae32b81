# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The command line of the load test."""
import argparse
import json
import os
import pathlib
import re
import urllib.parse

import load_slo
from load_environment import default_cpus, parse_cpus
from load_generator import check_host
from load_session import TOOLS

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNITS = {"ms": 0.001, "s": 1, "m": 60}
SHORTEST_WINDOW_S = 0.2     # wrk looks ten times a second whether it shall end


def _duration(text):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no time, as 500ms, 5s or 1m are")
    seconds = float(found.group(1)) * UNITS[found.group(2)]
    if seconds < SHORTEST_WINDOW_S:
        raise argparse.ArgumentTypeError(f"'{text}' is less than {SHORTEST_WINDOW_S * 1000:.0f} ms")
    return seconds


def _count(most):
    def parse(text):
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to {most}")
        return int(text)
    return parse


def _shares(text):
    if text == "none":
        return []
    parts = text.split(",")
    if not all(part.isdecimal() and 1 <= int(part) <= 200 for part in parts):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of per cents, as 25,50 is")
    return sorted(set(map(int, parts)))


def _header(text):
    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(r"[!-9;-~]+", name) or not value.strip().isprintable():
        raise argparse.ArgumentTypeError(f"'{text}' is no header, as 'Accept: text/plain' is")
    return name, value.strip()


def _checked(parse):
    """A parser that raises ValueError, for argparse."""
    def checked(text):
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return checked


def _percent(text):
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no number") from error
    if not 0 <= value < 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not from 0 to 100")
    return value


def _add_subject(parser):
    group = parser.add_argument_group("what is loaded")
    group.add_argument("--server", metavar="COMMAND", help="start it anew for each round, with '--port 0' unless it "
                       "names a port; it says 'listening on HOST:PORT' (default: the benchmark-server that was built)")
    group.add_argument("--url", help="a server that runs already, http only; its path is what is asked for")
    group.add_argument("--pid", type=int, help="whose CPU time is measured, and to what --with attaches, with --url")
    group.add_argument("--path", default=None, help="what is asked for (default /text)")
    group.add_argument("--header", metavar="TEXT", action="append", type=_header, default=[], help="one more header; may be repeated")
    group.add_argument("--name", help="what the server is called in the report")
    group.add_argument("--allow-host", metavar="HOST", help="load this machine, which is not the one we are on")
    group.add_argument("--against", metavar="COMMAND", help="a second server, measured in turn with the first, and compared")
    group.add_argument("--with", metavar="TOOL", dest="tool", choices=[*TOOLS, "none"], help="the same server with this tool attached, in turn "
                       f"with and without: {', '.join(TOOLS)}, or none (what chance does). Root")


def _add_course(parser):
    group = parser.add_argument_group("how long, how often")
    group.add_argument("--rounds", type=_count(1000), default=5, metavar="N", help="of every run, of each side, in turn (5)")
    group.add_argument("--window", type=_duration, default=5.0, metavar="TIME", help="that a run takes (5s)")
    group.add_argument("--warm-up", type=_duration, default=3.0, metavar="TIME", help="of each window before, at least two, not counted (3s)")
    group.add_argument("--rates", type=_shares, default=[25, 50, 70, 85], metavar="LIST", help="per cent of the capacity, or none (25,50,70,85)")
    group.add_argument("--connections", type=_count(4096), metavar="N", help="of the closed loop, instead of the search")
    group.add_argument("--max-connections", type=_count(4096), default=256, metavar="N", help="of the search (256)")
    group.add_argument("--like", metavar="FILE", help="take connections and rates from an earlier result")
    group.add_argument("--timeout", type=_duration, default=2.0, metavar="TIME", help="after which an answer is an error (2s)")
    group.add_argument("--time-limit", type=_duration, default=1800.0, metavar="TIME", help="of everything (30m)")
    group.add_argument("--max-requests", type=_count(10 ** 10), default=100_000_000, metavar="N", help="of everything (100000000)")
    group.add_argument("--server-cpus", type=_checked(parse_cpus), metavar="LIST", help="as 0,2-3 (the first one)")
    group.add_argument("--client-cpus", type=_checked(parse_cpus), metavar="LIST", help="(all others)")
    group.add_argument("--strict", action="store_true", help="refuse a machine that is not fit (status 5)")


def _add_results(parser):
    group = parser.add_argument_group("results")
    group.add_argument("-o", "--output", metavar="FILE", help="the result as JSON")
    group.add_argument("--svg", metavar="FILE", help="latency over the offered rate, as a picture")
    group.add_argument("--slo", metavar="LIST", type=_checked(load_slo.parse), help="as 'p99<20ms,errors<0.1%%,p50@85<5ms,qps>1000,overhead<10%%'; status 10 when broken")
    group.add_argument("--compare", nargs=2, metavar=("A.json", "B.json"), help="two results; status 10 when B is slower")
    group.add_argument("--show", metavar="FILE", help="an earlier result once more (with --svg, --slo)")
    group.add_argument("--confidence", type=_percent, default=95.0, metavar="PERCENT", help="of intervals and of the verdict (95)")
    group.add_argument("--threshold", type=_percent, default=3.0, metavar="PERCENT", help="differences up to that are none (3)")


class Parser(argparse.ArgumentParser):
    """Misuse is told as all our tools do it."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'\n")


def _parser():
    parser = Parser(
        prog="load-test", allow_abbrev=False, description="Loads an HTTP server and says what it can do: capacity, latency at fixed rates, each "
        "with its interval; compares two results, two servers, or a server with and without one of our tools.",
        epilog="exit status: 0 done (compared: not slower); 1 failed; 2 misuse; 4 not permitted; 5 something is missing, or the "
        "machine is not fit (--strict); 6 interrupted or ended early, what was measured is written; 10 slower, or an objective broken")
    _add_subject(parser)
    _add_course(parser)
    _add_results(parser)
    return parser


def _path_of(options, parser):
    """With a URL the path is part of it."""
    path = options.path or "/text"
    if options.url:
        parts = urllib.parse.urlsplit(options.url)
        if parts.scheme != "http" or not parts.hostname or parts.fragment or options.path:
            parser.error("--url is http://HOST:PORT/PATH, with the path in it")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not re.fullmatch(r"/[!-~]*", path):
        parser.error(f"'{path}' is no path")
    return path


def _check(options, parser):
    if options.url and (options.server or options.against):
        parser.error("--url is instead of --server and --against")
    if options.pid and not options.url:
        parser.error("--pid is for --url")
    if options.against and options.tool:
        parser.error("--against and --with: one at a time")
    if options.tool and options.url and not options.pid:
        parser.error("--with and --url need --pid")
    if options.like and options.connections:
        parser.error("--like has the connections")
    if options.url:
        try:
            check_host(urllib.parse.urlsplit(options.url).hostname or "", options.allow_host)
        except ValueError as error:
            parser.error(str(error))
    if any(term["measure"] == "overhead" for term in options.slo or []) and not (options.tool or options.show):
        parser.error("an objective for overhead needs --with")


def _settings(options, path):
    server_cpus, client_cpus = default_cpus()
    return {"path": path, "headers": dict(options.header), "window_s": options.window, "warm_up_s": options.warm_up,
            "rounds": options.rounds, "shares_pct": options.rates, "connections": options.connections,
            "max_connections": options.max_connections, "timeout_s": options.timeout,
            "time_limit_s": options.time_limit, "max_requests": options.max_requests, "pid": options.pid,
            "server_cpus": options.server_cpus or server_cpus, "client_cpus": options.client_cpus or client_cpus,
            "allowed_host": options.allow_host, "confidence": options.confidence / 100, "threshold_pct": options.threshold}


def build_folder():
    return ROOT / os.environ.get("BUILD", "build")


def sides_of(options):
    """One or two: name, command or url, tool."""
    command = None if options.url else options.server or str(build_folder() / "examples/benchmark/benchmark-server")
    name = options.name or options.url or pathlib.Path(command.split()[0] if command.split() else "server").name
    side = {"name": name, "command": command, "url": options.url, "tool": None, "rounds": []}
    if options.tool:
        return [side, {**side, "name": f"{name} with {options.tool}", "tool": options.tool, "rounds": []}]
    if options.against:
        other = pathlib.Path((options.against.split() or ["other"])[0]).name
        return [side, {**side, "name": other if other != name else f"{other} (2)", "command": options.against, "rounds": []}]
    return [side]


def read_result(path):
    """ValueError: it is none."""
    try:
        result = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(result, dict) or result.get("schema") != "load-test/1":
        raise ValueError(f"{path}: no result of load-test/1")
    return result


def parse(arguments):
    """(options, settings)"""
    parser = _parser()
    options = parser.parse_args(arguments)
    _check(options, parser)
    return options, _settings(options, _path_of(options, parser))
