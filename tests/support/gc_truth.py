#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares gc-trace's JSON with what --trace-gc printed of the same run.

gc_truth.py REPORT TRACE [--from-attach]

Every line of V8 has to be one collection of the report, in order, per thread: the same kind, the pause within 10 % or
0.2 ms, before and after within 1 % or what printing rounds off. With --from-attach the report may begin later than V8's
output: the lines before it are left out. Prints a line of figures; exits with 1 when they disagree."""
import argparse
import json
import re
import sys

LINE = re.compile(
    r"\[(\d+):(0x[0-9a-f]+)(?::\d+)?\]\s+(\d+) ms: (?P<kind>[A-Za-z- ]+?)(?: \(reduce\)| \(during sweeping\)| \(interleaved\))* "
    r"(?P<before>[\d.]+) \([\d.]+\) -> (?P<after>[\d.]+) \([\d.]+\) MB, (?:pooled: [\d.]+ MB, )?"
    r"(?P<pause>[\d.]+) / [\d.]+ ms\s*(?P<rest>.*)"
)
KINDS = {
    "Scavenge": "scavenge",
    "Mark-sweep": "mark_compact",
    "Mark-Compact": "mark_compact",
    "Mark-sweep (reduce)": "mark_compact",
    "Minor Mark-Compact": "minor_mark_sweep",
    "Minor Mark-Sweep": "minor_mark_sweep",
}
ROUNDING_MIB = 0.0501
ROUNDING_MS = 0.0501


def truth_of(path):
    """V8's lines by isolate."""
    isolates = {}
    for line in open(path, errors="replace"):
        found = LINE.search(line)
        if not found:
            if " ms: " in line and " MB, " in line:
                sys.exit(f"a line of V8 that is not understood: {line}")
            continue
        kind = KINDS.get(found["kind"].strip())
        if not kind:
            sys.exit(f"a kind that is not known: {found['kind']}")
        isolates.setdefault(found[2], []).append(
            {"kind": kind, "before": float(found["before"]), "after": float(found["after"]), "pause": float(found["pause"]), "line": line.strip(), "rest": found["rest"]}
        )
    return isolates


def seen_of(report):
    heaps = [[] for _ in report["heaps"]]
    for c in report["data"]:
        heaps[c["heap"]].append(c)
    return heaps


def compare(truth, seen, worst):
    """Of a collection each: what is wrong."""
    mib = 1 << 20
    pause = seen["pause_ns"] / 1e6
    difference = pause - truth["pause"]
    worst["pause_ms"].append(difference)
    if seen["kind"] != truth["kind"]:
        return f"kind {seen['kind']}"
    if abs(difference) > max(0.2, 0.1 * truth["pause"]) + ROUNDING_MS:
        worst["preempted"].append(f"pause {pause:.3f} ms: {truth['line']}")
    for key, value in (("before", truth["before"]), ("after", truth["after"])):
        if seen[f"{key}_bytes"] is None:
            return f"no {key}"
        size = seen[f"{key}_bytes"] / mib
        worst["size_mib"].append(size - value)
        if abs(size - value) > 0.01 * value + ROUNDING_MIB:
            return f"{key} {size:.2f} MiB"
    if truth["rest"] and seen["reason"] and seen["reason"] not in truth["rest"] and not args.no_reasons:
        return f"reason {seen['reason']}"
    return None


def pair(isolates, heaps):
    """Which isolate is which heap: by the number of collections, and what they were."""
    pairs = []
    for lines in isolates.values():
        best = max(heaps, key=lambda h: agreement(lines, h), default=None)
        if best is None:
            sys.exit("an isolate that was not seen")
        heaps.remove(best)
        pairs.append((lines, best))
    return pairs


def agreement(lines, heap):
    lines = lines[len(lines) - len(heap) :] if args.from_attach else lines
    if args.from_attach is False and len(lines) != len(heap):
        return -abs(len(lines) - len(heap))
    return sum(1 for t, s in zip(lines, heap) if s["before_bytes"] is not None and abs(s["before_bytes"] / (1 << 20) - t["before"]) < 0.01 * t["before"] + ROUNDING_MIB)


def main():
    report = json.load(open(args.report))
    isolates = truth_of(args.trace)
    heaps = [h for h in seen_of(report) if h]
    worst = {"pause_ms": [], "size_mib": [], "preempted": []}
    wrong, total = [], 0
    counts = {}
    for lines, heap in pair(isolates, heaps):
        if args.from_attach:
            lines = lines[len(lines) - len(heap) :]
        if len(lines) != len(heap):
            wrong.append(f"{len(lines)} lines of V8, {len(heap)} collections")
        for t, s in zip(lines, heap):
            said = compare(t, s, worst)
            counts[t["kind"]] = counts.get(t["kind"], 0) + 1
            total += 1
            if said:
                wrong.append(f"{said}: {t['line']}")
    if heaps:
        wrong.append(f"{len(heaps)} heaps that V8 does not print")
    if not total or total < args.least:
        wrong.append(f"only {total} collections")
    if len(worst["preempted"]) > total * args.preempted / 100:
        wrong += worst["preempted"]
    figures = " ".join(f"{k} {n}" for k, n in sorted(counts.items()))
    pauses, sizes = sorted(worst["pause_ms"]), sorted(worst["size_mib"])
    if pauses:
        spread = f"sizes {sizes[0]:+.3f} .. {sizes[-1]:+.3f} MiB" if sizes else "no sizes"
        middle = pauses[len(pauses) // 2]
        print(f"{total} collections ({figures}); pause {pauses[0]:+.3f} .. {pauses[-1]:+.3f} ms, median {middle:+.3f}; {spread}")
        print(f"beyond 10 % and 0.2 ms: {len(worst['preempted'])}")
    for said in wrong[: args.show]:
        print(said)
    return len(wrong) > 0


parser = argparse.ArgumentParser()
parser.add_argument("report")
parser.add_argument("trace")
parser.add_argument("--from-attach", action="store_true")
parser.add_argument("--no-reasons", action="store_true")
parser.add_argument("--preempted", type=float, default=0)
parser.add_argument("--least", type=int, default=1)
parser.add_argument("--show", type=int, default=20)
args = parser.parse_args()
sys.exit(main())
