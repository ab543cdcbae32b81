#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares mem-watch's JSON with what the watched node said of itself.

memory_truth.py REPORT SAID [--steps N] [--within PCT]

SAID has lines of process.memoryUsage() with their time for each step (tests/live/memory-usage.js): after the last of a step
the process holds still for a while. The sample that counts is the first one that began at least 30 ms later, and before the next
step. rss, heapTotal, heapUsed, external and arrayBuffers have to agree within PCT (1) per hundred, in at least N (8)
steps; heapTotal within one page of V8's, 256 KiB, if that is more: from V8 12 on the question itself gives back the page
that is allocated from, and the object of the answer takes another. Of rss and heapUsed one step is left out, the worst:
threads of V8 sweep, and give pages back, some time after a collection. Prints a line with the largest difference of each; exits with 1 when one is larger."""
import argparse
import datetime
import json
import sys

FIGURES = {"rss": "rss", "heapTotal": "heap_total", "heapUsed": "heap_used", "external": "external", "arrayBuffers": "array_buffers"}
LATE = ("rss", "heapUsed")  # what V8's threads change after a collection
PAGE_BYTES = 256 << 10
SETTLED_MS = 30
STILL_MS = 380


def time_ms(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def said_by(path):
    lines = [json.loads(line) for line in open(path, errors="replace") if line.startswith("{")]
    return list({line["step"]: line for line in lines}.values())


def sample_after(samples, said):
    """The first sample in the time in which the process held still after @said."""
    for sample in samples:
        began = time_ms(sample["time"])
        if said["time_ms"] + SETTLED_MS <= began < said["time_ms"] + STILL_MS:
            return sample
    return None


def difference(said, seen):
    if seen is None:
        return float("inf")
    return 100 * abs(seen - said) / said if said else (0 if not seen else float("inf"))


def compare(samples, said):
    """The steps that were seen, and of each figure the largest difference and where."""
    worst = {name: [(0.0, None)] * 2 for name in FIGURES}
    steps = 0
    for truth in said:
        sample = sample_after(samples, truth)
        if sample is None:
            continue
        steps += 1
        for name, ours in FIGURES.items():
            seen = sample[ours]
            if name == "heapTotal" and seen is not None and abs(seen - truth[name]) <= PAGE_BYTES:
                continue
            pct = difference(truth[name], seen)
            worst[name].append((pct, f"step {truth['step']}: said {truth[name]}, seen {sample[ours]}"))
    return steps, {name: largest(name, sorted(found, key=lambda one: -one[0])) for name, found in worst.items()}


def largest(name, found):
    """What was not seen at all is never left out."""
    return found[name in LATE and found[0][0] != float("inf")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("said")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--within", type=float, default=1.0)
    args = parser.parse_args()
    report = json.load(open(args.report))
    steps, worst = compare(report["data"][0]["samples"], said_by(args.said))
    print(f"{steps} steps; largest differences: " + ", ".join(f"{name} {pct:.2f} %" for name, (pct, _) in worst.items()))
    wrong = [f"{name}: {pct:.2f} %, {where}" for name, (pct, where) in worst.items() if pct > args.within]
    if steps < args.steps:
        wrong.append(f"only {steps} steps were seen")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
