# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the stacks that stack-stops took with those that gdb found at the same stops, frame by
frame. A difference that none of EXPLANATIONS covers fails.

usage: compare_stacks.py NAME STOPS_OUT GDB_OUT MINIMUM
  MINIMUM  so many stops must have been compared
The last line: "NAME: N stops, F frames: E equal, X explained, U not".
exit: 0 all equal or explained, 1 not, or too few stops."""
import collections
import json
import sys

Stop = collections.namedtuple("Stop", "tid sp end by_fp frames")


def is_beyond_end(stop, record, at):
    """gdb has more, and none of it lies in code."""
    rest = record["frames"][at:]
    return at == len(stop.frames) and rest and all(kind == "no code" for _, kind, _ in rest)


# What may differ and why: a name, the reason, and a function of (stop, gdb's record, index of the
# first difference) that says whether this is such a case.
EXPLANATIONS = [
    ("coroutine",
     "glibc's makecontext does not mark where a stack ends: the link to the next context lies where a "
     "return address would. gdb goes on to addresses that are no code; we end there.",
     is_beyond_end),
]


def read_stops(path):
    stops = []
    with open(path, encoding="utf-8") as lines:
        for words in map(str.split, lines):
            if words and words[0] == "stop":
                stops.append(Stop(int(words[1]), int(words[2], 16), words[3], words[4] == "1",
                                  [int(w, 16) for w in words[5:]]))
    return stops


def read_gdb(path):
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    for record in records:
        if "other" in record:
            print(f"gdb stopped for something else: {record['other']}")
    return [r for r in records if "tid" in r]


def places(record):
    """Where gdb's frames are, as ours are told: a caller's is the call, before the return address;
    what a signal interrupted is where it is."""
    found, is_return = [], True
    for pc, kind, _name in record["frames"]:
        found.append(pc - is_return)
        is_return = kind != "signal"
    return found


def first_difference(a, b):
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return i
    return None if len(a) == len(b) else min(len(a), len(b))


def explanation_of(stop, record, at):
    for name, _reason, fits in EXPLANATIONS:
        if fits(stop, record, at):
            return name
    return None


def show(stop, expected, record, at):
    print(f"  thread {stop.tid}, sp {stop.sp:x}, ended {stop.end}, gdb: {record['end']}")
    for i in range(max(0, at - 2), min(at + 3, max(len(expected), len(stop.frames)))):
        ours = f"{stop.frames[i]:x}" if i < len(stop.frames) else "-"
        theirs = f"{expected[i]:x} {record['frames'][i][2]}" if i < len(expected) else "-"
        print(f"  {'>' if i == at else ' '} #{i} ours {ours} gdb {theirs}")


def paired(stops, records):
    """The n-th stop of a thread is the n-th that gdb saw of it, at the same stack pointer."""
    by_thread = collections.defaultdict(list)
    for record in records:
        by_thread[record["tid"]].append(record)
    for stop in stops:
        queue = by_thread[stop.tid]
        record = queue.pop(0) if queue else None
        yield stop, record if record and record["sp"] == stop.sp else None


def main():
    name, minimum = sys.argv[1], int(sys.argv[4])
    stops, records = read_stops(sys.argv[2]), read_gdb(sys.argv[3])
    counts = collections.Counter()
    frames = 0
    for stop, record in paired(stops, records):
        if record is None:
            print(f"{name}: no stop of gdb's for thread {stop.tid} at sp {stop.sp:x}")
            counts["not"] += 1
            continue
        expected = places(record)
        at = first_difference(stop.frames, expected)
        if at is None and stop.end == "complete":
            counts["equal"] += 1
            frames += len(expected)
            continue
        at = len(expected) if at is None else at
        why = explanation_of(stop, record, at)
        counts["explained" if why else "not"] += 1
        print(f"{name}: {why or 'NOT EXPLAINED'}")
        show(stop, expected, record, at)
    print(f"{name}: {len(stops)} stops, {frames} frames: {counts['equal']} equal, "
          f"{counts['explained']} explained, {counts['not']} not")
    sys.exit(counts["not"] > 0 or len(stops) < minimum or counts["equal"] == 0)


main()
