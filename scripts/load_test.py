#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The load test: docs/04-load-testing.md. scripts/load-test.sh runs it."""
import datetime
import json
import os
import pathlib
import shutil
import signal
import sys

import load_chart
import load_environment
import load_options
import load_report
import load_session
import load_slo
import load_verdict
from load_generator import GeneratorError
from load_server import ServerError

DONE, FAILED, MISUSE, NOT_PERMITTED, MISSING, INCOMPLETE, GATE = 0, 1, 2, 4, 5, 6, 10


def fail(status, text):
    print(f"load-test: {text}", file=sys.stderr)
    sys.exit(status)


def write(path, text):
    try:
        pathlib.Path(path).write_text(text)
    except OSError as error:
        fail(FAILED, f"cannot write {path}: {error.strerror}")


def new_result(options, settings, about):
    shown = {key: value for key, value in settings.items() if key not in
             ("headers", "pid", "server_cpus", "client_cpus", "allowed_host", "lua", "fixed_rate", "tool_program")}
    return {"schema": "load-test/1", "tool": "load-test", "version": (load_options.ROOT / "VERSION").read_text().strip(),
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "complete": False, "note": None, "environment": about, "settings": shown, "search": None,
            "rates": [], "sides": load_options.sides_of(options), "summary": [], "comparison": None,
            "slo": None, "warnings": []}


def take_over(result, path):
    """Connections and rates of an earlier result."""
    earlier = load_options.read_result(path)
    if not earlier["search"]:
        raise ValueError(f"{path}: no capacity was found in it")
    result["search"] = {**earlier["search"], "why": f"taken over from {pathlib.Path(path).name}"}
    result["rates"] = earlier["rates"]
    result["settings"]["shares_pct"] = [rate["share_pct"] for rate in earlier["rates"]]


def find_programs(options, settings):
    for program in ("wrk", "taskset"):
        if not shutil.which(program):
            fail(MISSING, f"{program} is not installed")
    build = load_options.build_folder()
    settings["fixed_rate"] = str(build / "examples/benchmark/fixed-rate")
    settings["lua"] = str(load_options.ROOT / "scripts/load-report.lua")
    settings["tool_program"] = str(build / "bin" / (options.tool or ""))
    needed = [settings["fixed_rate"]]
    if options.tool and options.tool != "none":
        needed.append(settings["tool_program"])
        if os.geteuid() != 0:
            fail(NOT_PERMITTED, f"{options.tool} needs root")
    if not options.server and not options.url:
        needed.append(str(build / "examples/benchmark/benchmark-server"))
    for path in needed:
        if not os.access(path, os.X_OK):
            fail(MISSING, f"{path} is not built: make")


def has_runs(result):
    return any(turn["runs"] for side in result["sides"] for turn in side["rounds"])


def measure(session, result):
    """Fills @result; an error before anything was measured is the end."""
    try:
        session.measure()
        result["complete"] = True
    except KeyboardInterrupt:
        result["note"] = "interrupted"
    except load_session.LimitReached as limit:
        result["note"] = str(limit)
    except (ServerError, GeneratorError, RuntimeError, TimeoutError, ValueError, OSError) as error:
        if not has_runs(result):
            fail(FAILED, str(error))
        result["note"] = str(error)


def conclude(result, confidence, threshold_pct):
    sides = result["sides"]
    result["summary"] = load_verdict.summary_rows(sides, confidence)
    if len(sides) == 2:
        result["comparison"] = load_verdict.compare(
            *sides, (result["rates"], result["rates"]),
            {"confidence": confidence, "threshold_pct": threshold_pct, "is_paired": True})


def overhead_pct(result):
    """Of the closed loop's CPU time per request; None: not measured."""
    rows = (result["comparison"] or {}).get("rows", [])
    return next(((row["ratio"] - 1) * 100 for row in rows if row["measure"] == "cpu" and row["share_pct"] is None), None)


def judge(result, terms):
    """Objectives are for what runs last: the other server, or the one with the tool."""
    result["slo"] = load_slo.judge(terms, result["sides"][-1], overhead_pct(result)) if terms else None


def put_out(result, options):
    print(load_report.text(result))
    if options.output:
        write(options.output, json.dumps(result) + "\n")
    if options.svg:
        drawn = load_chart.svg(result)
        if drawn:
            write(options.svg, drawn)
        else:
            print("load-test: no fixed rate was measured: no picture", file=sys.stderr)


def status_of(result, is_slower_a_failure):
    if any(not row["is_kept"] for row in result["slo"] or []):
        return GATE
    if not result["complete"]:
        return INCOMPLETE
    is_slower = (result["comparison"] or {}).get("verdict") == "slower"
    return GATE if is_slower and is_slower_a_failure else DONE


def interrupt_once(*_):
    """What follows is not to be disturbed: servers are ended, results written."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def test(options, settings):
    find_programs(options, settings)
    about = load_environment.describe(settings["server_cpus"], settings["client_cpus"], load_options.ROOT)
    result = new_result(options, settings, about)
    if options.like:
        take_over(result, options.like)
    result["warnings"] = load_environment.complaints(about)
    for warning in result["warnings"]:
        print(f"load-test: warning: {warning}", file=sys.stderr)
    if options.strict and result["warnings"]:
        fail(MISSING, "this machine is not fit for a load test (--strict)")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt_once)
    measure(load_session.Session(settings, result), result)
    conclude(result, settings["confidence"], settings["threshold_pct"])
    result["warnings"] += load_session.complaints(result)
    judge(result, options.slo)
    put_out(result, options)
    return status_of(result, bool(options.against))


def compare(options):
    first, second = (load_options.read_result(path) for path in options.compare)
    sides = [{**result["sides"][0], "name": pathlib.Path(path).name}
             for result, path in zip((first, second), options.compare)]
    found = load_verdict.compare(*sides, (first["rates"], second["rates"]), {
        "confidence": options.confidence / 100, "threshold_pct": options.threshold, "is_paired": False})
    if not found:
        fail(FAILED, f"nothing to compare: {load_verdict.FEWEST_ROUNDS} rounds on each side are the least")
    print(load_report.comparison_text(found))
    for path, result in zip(options.compare, (first, second)):
        for warning in [*result["warnings"], *([] if result["complete"] else ["it is incomplete"])]:
            print(f"Warning: {pathlib.Path(path).name}: {warning}.")
    return GATE if found["verdict"] == "slower" else DONE


def show(options):
    result = load_options.read_result(options.show)
    if options.slo:
        judge(result, options.slo)
    put_out(result, options)
    return status_of(result, False)


def main():
    options, settings = load_options.parse(sys.argv[1:])
    try:
        if options.compare:
            return compare(options)
        return show(options) if options.show else test(options, settings)
    except ValueError as error:
        return fail(FAILED, str(error))


if __name__ == "__main__":
    sys.exit(main())
