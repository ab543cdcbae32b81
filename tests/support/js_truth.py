# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the names of JavaScript frames with what V8 wrote of the same code itself.

usage: js_truth.py map FRAMES MAP [--least N] [--agree PERCENT] [--tier TIER=N]... [--no-callers]
           FRAMES: of tests/bpf/v8-frames, names with tiers; MAP: of node --perf-basic-prof, of the same run. At least N frames of
           code made at run time, of them so many of a TIER, PERCENT of them with the same function, file, line;
           linkN is called by linkN-1 unless --no-callers
       js_truth.py names REPORT [--least N] [--named PERCENT] [--like PATTERN]
           REPORT: of cpu-sample -f json, of a program whose functions are called after their place
           (tests/live/v8-brief.js). At least N JavaScript frames, PERCENT of them with a name, none with a wrong one
       js_truth.py shares REPORT OTHER FUNCTION... --clocks CLOCKS,CLOCKS [--points N] [--least N] [--inlined PERCENT]
           of cpu-sample -f json: the shares of functions, by themselves, are within so many points what the program's own
           clock said in that run, and in both reports the same but for what these clocks differ by; PERCENT of each was
           inlined in the first report, and not in the other
           CLOCKS: {"FUNCTION": ns}, of nothing but these functions
exit: 0 it agrees, 1 it does not (said is why), 2 misuse"""
import argparse
import bisect
import collections
import json
import re
import sys

TIERS = {"~": "interpreted", "^": "baseline", "+": "maglev", "*": "turbofan"}
SCRIPTS = ("Script", "Eval")
KINDS = (*SCRIPTS, "JS", "LazyCompile", "Function")
FILES = r"/|node:|file:|evalmachine\.|\[eval\]|[\w-]+\.js"
ENTRY = re.compile(r"(?P<kind>%s):(?P<mark>[~^+*])'?(?P<function>.*?) (?P<file>(?:%s).*?)?:(?P<line>\d+)(?::\d+)?$"
                   % ("|".join(KINDS), FILES))
UNNAMED = ("[js]", None, "")
SEVERAL_PCT = 2  # frames of which the map says several things, as code came and went there
WRONG_PCT = 0.5  # of tiers, and of callers that are left out: a function that is entered has no frame of its own yet
SAID = 12
# A script may name itself by a comment, of which the map does not tell; one in tests/live/v8-shapes.js does.
SOURCE_URL = "named-by-url.js"


class Code(collections.namedtuple("Code", "function file line tier")):
    """What V8 says of a piece of code; function is None for what is none (RegExp, Builtin)."""

    def place(self):
        return self.function, self.file, self.line


def code_of(name):
    found = ENTRY.match(name)
    if not found:
        return Code(None, None, None, name.partition(":")[0])
    none = "(top level)" if found["kind"] in SCRIPTS else "(anonymous)"
    return Code(found["function"] or none, found["file"] or "", int(found["line"]), TIERS[found["mark"]])


class Map:
    """All that was ever at an address: code is thrown away, and its place is taken."""

    def __init__(self, lines):
        self.pieces, self.places = [], set()
        for line in lines:
            start, size, name = line.rstrip("\n").split(" ", 2)
            code = code_of(name)
            self.places.add(code.place())
            self.pieces.append((int(start, 16), int(start, 16) + int(size, 16), code))
        self.pieces.sort(key=lambda piece: piece[0])
        self.starts = [piece[0] for piece in self.pieces]
        self.widest = max((end - start for start, end, _ in self.pieces), default=0)

    def at(self, address):
        last = bisect.bisect_right(self.starts, address)
        first = bisect.bisect_left(self.starts, address - self.widest)
        return {code for _, end, code in self.pieces[first:last] if address < end}


class Verdict:
    def __init__(self):
        self.classes = collections.Counter()  # of differences
        self.examples = {}
        self.tiers = collections.Counter()
        self.counts = collections.Counter()

    def differs(self, name, count, example):
        self.classes[name] += count
        self.examples.setdefault(name, example)


TIER = re.compile(r" \[(\w+)\]$")


def tell_tier(frame):
    """A name ends with the tier of its code."""
    found = TIER.search(frame["function"] or "")
    return frame | {"function": frame["function"][:found.start()] if found else frame["function"],
                    "tier": found[1] if found else None}


def place_of(frame):
    return frame["function"], frame["file"] or "", frame["line"] or 0


def difference(frame, code):
    if frame["function"] in UNNAMED:
        return "unreadable"
    for name, found, truth in zip(("function", "file", "line"), place_of(frame), code.place()):
        if found != truth and not (name == "file" and (found, truth) == (SOURCE_URL, "")):
            return name
    return None


def compare_place(place, count, truth, verdict):
    """One frame of the walk; the last of its frames has the code, the others are inlined into it."""
    address = int(place["pc"], 16)
    codes = truth.at(address)
    frames = [tell_tier(frame) for frame in place["frames"]]
    own = frames[-1]
    # A builtin, in the frame of a function or its own. The map has those in the binary at a second place only.
    if frames[0]["tier"] == "builtin" and not codes or codes and all(code.function is None for code in codes):
        verdict.counts["no function"] += count
        return
    compare_inlined(frames, count, truth, verdict)
    if not codes:
        verdict.counts["unmapped"] += count
    elif len({code.place() for code in codes}) > 1:
        verdict.counts["several"] += count
    else:
        compare_function(own, codes, count, verdict, hex(address))


def compare_inlined(frames, count, truth, verdict):
    for frame in frames[:-1]:
        verdict.counts["inlined"] += count
        if not frame["inlined"]:
            verdict.differs("not said to be inlined", count, frame)
        elif place_of(frame) not in truth.places and frame["file"] != SOURCE_URL:
            verdict.differs("inlined, and no function of the program", count, frame)
    if frames[-1]["inlined"]:
        verdict.differs("inlined into nothing", count, frames[-1])


def compare_function(own, codes, count, verdict, address):
    code = next(iter(codes))
    verdict.counts["frames"] += count
    tiers = {code.tier for code in codes}
    if len(tiers) == 1:
        verdict.tiers[code.tier] += count
    what = difference(own, code)
    if what:
        verdict.differs(what, count, f"{address}: {own} is {code}")
    elif own["tier"] not in tiers:
        verdict.counts["tier"] += count
        verdict.examples.setdefault("tier", f"{address}: {own} is {code}")


LINK = re.compile(r"link(\d+)$")


def check_callers(stack, verdict):
    """linkN is called by linkN-1."""
    names = [tell_tier(frame)["function"] or "" for place in stack["places"] for frame in place["frames"]]
    for callee, caller in zip(names, names[1:]):
        found = LINK.match(callee)
        if found and int(found[1]) > 0:
            verdict.counts["callers"] += stack["count"]
            if caller != f"link{int(found[1]) - 1}":
                verdict.counts["wrong callers"] += stack["count"]
                verdict.examples.setdefault("wrong callers", names)


def compare_map(arguments):
    with open(arguments.map, errors="replace") as f:
        truth = Map(f)
    verdict = Verdict()
    with open(arguments.frames) as f:
        for line in f:
            stack = json.loads(line)
            for place in stack["places"]:
                if place["frames"]:
                    compare_place(place, stack["count"], truth, verdict)
            if not arguments.no_callers:
                check_callers(stack, verdict)
    return say_map(arguments, verdict)


def say_map(arguments, verdict):
    frames, counts = verdict.counts["frames"], verdict.counts
    wrong = sum(verdict.classes.values())
    agree = 100 * (frames - wrong) / frames if frames else 0
    print(f"{frames} frames, {agree:.3f} % agree, {dict(verdict.tiers)}, {dict(counts)}")
    for name, count in verdict.classes.most_common():
        print(f"  {name}: {count}, e. g. {verdict.examples[name]}")
    bad = []
    if frames < arguments.least:
        bad.append(f"{frames} frames are fewer than {arguments.least}")
    if agree < arguments.agree:
        bad.append(f"{agree:.3f} % are fewer than {arguments.agree} %")
    for tier, least in arguments.tier:
        if verdict.tiers[tier] < least:
            bad.append(f"{verdict.tiers[tier]} frames of {tier} are fewer than {least}")
    for name, pct, of in (("several", SEVERAL_PCT, frames), ("unmapped", SEVERAL_PCT, frames),
                          ("tier", WRONG_PCT, frames), ("wrong callers", WRONG_PCT, counts["callers"])):
        if counts[name] > of * pct / 100:
            bad.append(f"{name}: {counts[name]} of {of}, e. g. {verdict.examples.get(name)}")
    return bad


# --- functions that are called after their place --------------------------------------------------

BRIEF = re.compile(r"brief_(?P<file>\w+?)_line(?P<line>\d+)_(?P<batch>\d+)$")


def is_js(frame):
    return frame["kind"] in ("js", "jit")


def is_wrong(frame, found):
    return not (frame["file"] or "").endswith(f"/{found['file']}.js") or frame["line"] != int(found["line"])


def compare_names(arguments):
    with open(arguments.report) as f:
        report = json.load(f)
    counts, wrong = collections.Counter(), []
    for stack in report["data"]:
        count, batches = stack["count"], set()
        for frame in (report["frames"][i] for i in stack["frames"]):
            if not is_js(frame):
                continue
            counts["frames"] += count
            found = BRIEF.match(frame["function"] or "")
            if frame["function"] in UNNAMED:
                counts["unnamed"] += count
            elif found and not (frame["file"] and frame["line"]):
                counts["unnamed"] += count  # its script, or the text of it, was gone when it was asked for
            elif found:
                counts["brief"] += count
                batches.add(found["batch"])
                if is_wrong(frame, found):
                    wrong.append(frame)
        if len(batches) > 1:
            wrong.append(f"batches {batches} in one stack")
    return say_names(arguments, counts, wrong)


def say_names(arguments, counts, wrong):
    frames = counts["frames"]
    named = 100 * (frames - counts["unnamed"]) / frames if frames else 0
    print(f"{frames} frames, {named:.3f} % named, {dict(counts)}")
    bad = [f"wrong: {what}" for what in wrong[:SAID]]
    if counts["brief"] < arguments.least:
        bad.append(f"{counts['brief']} frames are fewer than {arguments.least}")
    if named < arguments.named:
        bad.append(f"{named:.3f} % are fewer than {arguments.named} %")
    return bad


# --- shares ----------------------------------------------------------------------------------------

Shares = collections.namedtuple("Shares", "self_pct inlined_pct count")


def read_json(file):
    with open(file, encoding="utf-8") as text:
        return json.load(text)


def shares_of(file):
    """Of each function the share by itself of what ran on the CPU, and how much of that was inlined. What it calls that is
    in no script (Maglev calls Math.imul) is its own."""
    report = read_json(file)
    weights, inlined = collections.Counter(), collections.Counter()
    for stack in report["data"]:
        frames = (report["frames"][i] for i in stack["frames"])
        leaf = next((frame for frame in frames if is_js(frame) and frame["file"]), None)
        if leaf:
            weights[leaf["function"]] += stack["weight_ns"]
            inlined[leaf["function"]] += stack["weight_ns"] * leaf["inlined"]
    return Shares({name: 100 * weight / report["weight_ns"] for name, weight in weights.items()},
                  {name: 100 * inlined[name] / weight for name, weight in weights.items() if weight}, report["count"])


def clocked_shares(file):
    clocks = read_json(file)
    return {name: 100 * ns / sum(clocks.values()) for name, ns in clocks.items()}


def compare_share(function, shares, clocks, points):
    """What is wrong with the shares of @function in both reports, by the clocks of both."""
    errors = [share - clock for share, clock in zip(shares, clocks)]
    bad = [f"{function}: {share:.1f} %, by the program's clock {clock:.1f} %"
           for share, clock in zip(shares, clocks) if abs(share - clock) > points]
    if abs(errors[0] - errors[1]) > points:
        bad.append(f"{function}: {shares[0]:.1f} % and {shares[1]:.1f} %, by the clocks {clocks[0]:.1f} % and {clocks[1]:.1f} %")
    return bad


def compare_shares(arguments):
    reports = [shares_of(arguments.report), shares_of(arguments.other)]
    clocks = [clocked_shares(file) for file in arguments.clocks.split(",")]
    bad = []
    print(f"{reports[0].count} and {reports[1].count} samples")
    if min(report.count for report in reports) < arguments.least:
        bad.append(f"{reports[0].count} and {reports[1].count} samples: fewer than {arguments.least}")
    for function in arguments.functions:
        shares = [report.self_pct.get(function, 0) for report in reports]
        clocked = [clock.get(function, 0) for clock in clocks]
        inlined, kept = [report.inlined_pct.get(function, 0) for report in reports]
        print(f"  {function}: {shares[0]:.1f} %, {shares[1]:.1f} %; by the clock {clocked[0]:.1f} %, {clocked[1]:.1f} %; "
              f"inlined {inlined:.0f} %, {kept:.0f} %")
        if not all(shares):
            bad.append(f"{function} is not there")
        else:
            bad += compare_share(function, shares, clocked, arguments.points)
        if arguments.inlined is not None and (inlined < arguments.inlined or kept > 100 - arguments.inlined):
            bad.append(f"{function}: of it {inlined:.0f} % and {kept:.0f} % are inlined")
    return bad


def tier_of(text):
    tier, _, least = text.partition("=")
    if tier not in TIERS.values():
        raise argparse.ArgumentTypeError(f"no tier: {tier}")
    return tier, int(least)


def main(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ways = parser.add_subparsers(required=True, dest="way")
    way = ways.add_parser("map")
    way.add_argument("frames")
    way.add_argument("map")
    way.add_argument("--least", type=int, default=20000)
    way.add_argument("--agree", type=float, default=99.5)
    way.add_argument("--tier", type=tier_of, action="append", default=[])
    way.add_argument("--no-callers", action="store_true")
    way = ways.add_parser("names")
    way.add_argument("report")
    way.add_argument("--least", type=int, default=20000)
    way.add_argument("--named", type=float, default=99)
    way = ways.add_parser("shares")
    way.add_argument("report")
    way.add_argument("other")
    way.add_argument("functions", nargs="+")
    way.add_argument("--clocks", required=True)
    way.add_argument("--points", type=float, default=3)
    way.add_argument("--least", type=int, default=2000)
    way.add_argument("--inlined", type=float)
    arguments = parser.parse_args(words)
    bad = {"map": compare_map, "names": compare_names, "shares": compare_shares}[arguments.way](arguments)
    for line in bad:
        print(f"js_truth: {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
