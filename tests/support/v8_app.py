# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the JavaScript functions of two profiles of a server, by themselves and what is not JavaScript below them.

usage: v8_app.py REPORT OTHER [--top 15] [--points 4] [--least 2000] [--since NS]
  REPORT  of cpu-sample -f json
  OTHER   the same, or of node --cpu-prof (.cpuprofile)
  NS      of OTHER only what is later, by CLOCK_MONOTONIC: without the start of the program
exit: 0 each of the top functions of both has the same share in the other, 1 not so (said is which), 2 misuse

What a function has called that has no place in a script (builtins, C++, the kernel) is its own. Garbage collection has no
function in V8's profile, and is left out; so is what runs without any, and what is sent: of the rest the shares are."""
import argparse
import collections
import json
import re
import sys

COLLECTS = re.compile(r"v8::internal::Heap::\w*Collect|v8::internal::Heap::AllocateRawWithRetry|"
                      r"v8::internal::(ScavengerCollector|MarkCompactCollector)::")
# What these call are system calls: V8's clock goes on while a thread sends and waits for a CPU. Left out in both.
SENDING = "node:internal/stream_base_commons"
NO_WORK = {"(garbage collector)", "(idle)", "(program)"}
UNREADABLE = "[js]"

Profile = collections.namedtuple("Profile", "shares count outside")


def profile_of(functions):
    """functions: (count, key or None)."""
    counts, outside = collections.Counter(), 0
    for count, key in functions:
        if key and key[1] != SENDING:
            counts[key] += count
        else:
            outside += count
    total = sum(counts.values())
    return Profile({key: 100 * count / total for key, count in counts.items()}, total, outside)


def of_report(report):
    frames = report["frames"]

    def function_of(stack):
        for i in stack["frames"]:
            frame = frames[i]
            if frame["kind"] in ("js", "jit") and (frame["file"] or frame["function"] == UNREADABLE):
                return frame["function"], frame["file"] or "", frame["line"] or 0
            if COLLECTS.search(frame["function"] or ""):
                return None
        return None

    return profile_of((stack["count"], function_of(stack)) for stack in report["data"])


def of_cpuprofile(profile, since_ns):
    nodes = {node["id"]: node["callFrame"] for node in profile["nodes"]}
    parents = {child: node["id"] for node in profile["nodes"] for child in node.get("children", ())}

    def function_of(node):
        while node is not None:
            frame = nodes[node]
            if frame["functionName"] in NO_WORK:
                return None
            if frame["url"]:
                return (frame["functionName"] or "(anonymous)", frame["url"].removeprefix("file://"),
                        frame["lineNumber"] + 1)
            node = parents.get(node)
        return None

    def functions():
        now = profile["startTime"]
        for node, delta in zip(profile["samples"], profile["timeDeltas"]):
            now += delta
            if now * 1000 >= since_ns:
                yield 1, function_of(node)

    return profile_of(functions())


def read(file, since_ns=0):
    with open(file) as f:
        document = json.load(f)
    return of_cpuprofile(document, since_ns) if "nodes" in document else of_report(document)


def top_of(profile, count):
    return sorted(profile.shares, key=profile.shares.get, reverse=True)[:count]


def compare(arguments):
    one, other = read(arguments.report), read(arguments.other, arguments.since)
    bad = [f"{p.count} samples of functions in {file}: fewer than {arguments.least}"
           for p, file in ((one, arguments.report), (other, arguments.other)) if p.count < arguments.least]
    print(f"{one.count} and {other.count} samples, without a function {one.outside} and {other.outside}")
    keys = dict.fromkeys(top_of(one, arguments.top) + top_of(other, arguments.top))
    worst = 0
    for key in keys:
        shares = one.shares.get(key, 0), other.shares.get(key, 0)
        apart = abs(shares[0] - shares[1])
        worst = max(worst, apart)
        text = f"{key[0]} {key[1]}:{key[2]}: {shares[0]:.1f} %, {shares[1]:.1f} %"
        print(f"  {text}")
        if apart > arguments.points:
            bad.append(f"{text} are {apart:.1f} points apart")
    print(f"{len(keys)} functions, at most {worst:.1f} points apart")
    return bad


def main(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("report")
    parser.add_argument("other")
    parser.add_argument("--top", type=int, default=15)
    parser.add_argument("--points", type=float, default=4)
    parser.add_argument("--least", type=int, default=2000)
    parser.add_argument("--since", type=int, default=0)
    bad = compare(parser.parse_args(words))
    for line in bad:
        print(f"v8_app: {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
