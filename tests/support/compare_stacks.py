# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the stacks that stack-stops took with those that gdb found at the same stops, frame by
frame. A difference that none of EXPLANATIONS covers fails.

usage: compare_stacks.py NAME STOPS_OUT GDB_OUT MINIMUM MISSING [FUNCTION...]
  MINIMUM   so many stops must have been compared
  MISSING   file for the names of functions that are in no stack that is equal
The last line: "NAME: N stops, F frames, the deepest D, ...: E equal, X explained, U not; ...".
exit: 0 all equal or explained, 1 not, or too few stops."""
import collections
import json
import re
import sys

Stop = collections.namedtuple("Stop", "tid sp is_return end frames")

UNSEEN = "ticks without a stop"
MAX_FRAMES = 468  # STACK_MAX_FRAMES of bpf/abi/stacks.h


def places(record, is_return):
    """Where gdb's frames are, as ours are told: a caller's is the call, before the return address;
    what a signal or the clock interrupted is where it is."""
    found = []
    for pc, kind, _name in record["frames"]:
        found.append(pc if kind == "signal" else pc - is_return)
        is_return = kind != "signal"
    return found


def is_beyond_end(stop, record, at):
    """gdb has more, and none of it lies in code."""
    rest = record["frames"][at:]
    return at == len(stop.frames) and rest and all(kind == "no code" for _, kind, _ in rest)


def is_beyond_ours(stop, frames):
    """Is @frames what gdb may have where our stack has ended?"""
    is_cut = stop.end == "too_deep" and len(stop.frames) == MAX_FRAMES
    return is_cut or all(kind == "no code" for _, kind, _ in frames)


def is_signalled(stop, record, dropped, handlers):
    """gdb has @handlers or more, that have just begun, and below them our stack less its first @dropped frames."""
    kinds, at, ours = [kind for _, kind, _ in record["frames"]], places(record, False), stop.frames[dropped:]
    while ours:
        end = 2 * handlers + len(ours)
        if at[2 * handlers:end] == ours and is_beyond_ours(stop, record["frames"][end:]):
            return True
        if kinds[2 * handlers + 1:2 * handlers + 2] != ["signal"]:
            break
        handlers += 1
    return False


def is_in_handler(stop, record, _at):
    """Below handlers that have just begun, gdb has our stack."""
    return is_signalled(stop, record, 0, 1) and record["frames"][1][1] == "signal"


def is_after_handler(stop, record, _at):
    """gdb has our stack less its first frame, and maybe another handler that has just begun."""
    return not stop.is_return and is_signalled(stop, record, 1, 0)


def is_landing(stop, record, at):
    """Equal down to what threw; then gdb goes on to an address that is no code."""
    names = [name for _, _, name in record["frames"][:3]]
    return (not stop.is_return and at == len(stop.frames) and record["frames"][at:] and
            record["frames"][at][1] == "no code" and
            any(name.startswith("_Unwind_") for name in names))


# What may differ and why: a name, the reason, and a function of (stop, gdb's record, index of the
# first difference) that says whether this is such a case.
EXPLANATIONS = [
    ("an exception was landing",
     "libgcc had put the place where an exception is caught over its own return address, and not yet "
     "moved the stack pointer: the stack is not what the tables say. gdb goes on to what is no code.",
     is_landing),
    ("coroutine",
     "glibc's makecontext does not mark where a stack ends: the link to the next context lies where a "
     "return address would. gdb goes on to addresses that are no code; we end there.",
     is_beyond_end),
    ("too deep",
     "We keep the innermost frames only.",
     lambda stop, record, at: stop.end == "too_deep" and at == len(stop.frames) == MAX_FRAMES),
    ("a signal came first",
     "The clock ticked when the thread was about to get a signal of its own, which is delivered before "
     "the one that stops it: gdb finds it at the first instruction of the handler, or of two of them.",
     is_in_handler),
    ("a handler had ended",
     "The clock ticked in the system call by which a handler returns: gdb finds what was interrupted, or what "
     "another signal did next.",
     is_after_handler),
]


def read_stops(path):
    stops = []
    with open(path, encoding="utf-8") as lines:
        for words in map(str.split, lines):
            if words and words[0] == "stop":
                stops.append(Stop(int(words[1]), int(words[2], 16), words[3] == "return", words[4],
                                  [int(w, 16) for w in words[5:]]))
    return stops


def read_gdb(path):
    with open(path, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    for record in records:
        if "other" in record:
            print(f"gdb stopped for something else: {record['other']}")
    return [r for r in records if "tid" in r]


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
    print(f"  thread {stop.tid}, sp {stop.sp:x}, gdb {record['sp']:x}, ended {stop.end}, gdb: {record['end']}")
    for i in range(max(0, at - 2), min(at + 3, max(len(expected), len(stop.frames)))):
        ours = f"{stop.frames[i]:x}" if i < len(stop.frames) else "-"
        theirs = f"{expected[i]:x} {record['frames'][i][2]}" if i < len(expected) else "-"
        print(f"  {'>' if i == at else ' '} #{i} ours {ours} gdb {theirs}")


def is_of(stop, record):
    """Is it the same moment? At another place than where the thread was only when a signal of the
    thread's own came between."""
    same = record["sp"] == stop.sp and stop.frames[:1] == places(record, stop.is_return)[:1]
    return same or is_in_handler(stop, record, 0) or is_after_handler(stop, record, 0)


def paired(stops, records):
    """The stops of a thread in their order. The clock may tick twice before a thread can stop: gdb
    sees one stop then, of which the other has no record. Nothing is skipped of what gdb saw."""
    by_thread = collections.defaultdict(list)
    for record in records:
        by_thread[record["tid"]].append(record)
    for stop in stops:
        queue = by_thread[stop.tid]
        if queue and (stop.is_return or is_of(stop, queue[0])):
            yield stop, queue.pop(0)
        else:
            yield stop, None
    for queue in by_thread.values():
        for record in queue:
            yield None, record


def judge(name, stop, record, equal):
    """"equal", an explanation, or "not"; what differs is printed, what is equal added to @equal."""
    if stop is None:
        print(f"{name}: only gdb saw thread {record['tid']} at sp {record['sp']:x}, {record['frames'][:2]}")
        return "not"
    if record is None:
        print(f"{name}: gdb saw no stop of thread {stop.tid} at sp {stop.sp:x}, {stop.frames[0]:x}")
        return "not" if stop.is_return else UNSEEN
    expected = places(record, stop.is_return)
    at = first_difference(stop.frames, expected)
    if at is None and stop.end == "complete" and stop.sp == record["sp"]:
        equal.append(record)
        return "equal"
    at = len(expected) if at is None else at
    why = explanation_of(stop, record, at)
    print(f"{name}: {why or 'NOT EXPLAINED'}")
    show(stop, expected, record, at)
    return why or "not"


def missing_functions(wanted, equal):
    seen = {re.sub(r"[(<].*", "", frame[2]) for record in equal for frame in record["frames"]}
    return [function for function in wanted if function not in seen]


def main():
    name, minimum = sys.argv[1], int(sys.argv[4])
    stops, records = read_stops(sys.argv[2]), read_gdb(sys.argv[3])
    equal = []
    counts = collections.Counter(judge(name, *pair, equal) for pair in paired(stops, records))
    with open(sys.argv[5], "w", encoding="utf-8") as file:
        file.write("\n".join(missing_functions(sys.argv[6:], equal)))
    explained = {what: counts[what] for what, _, _ in EXPLANATIONS if counts[what]}
    depths = [len(record["frames"]) for record in equal] or [0]
    generated = sum(record["generated"] for record in equal)
    print(f"{name}: {len(stops)} stops, {sum(depths)} frames, the deepest {max(depths)}, "
          f"{generated} frames of generated code: {counts['equal']} equal, "
          f"{sum(explained.values())} explained, {counts['not']} not" +
          "".join(f"; {count} {what}" for what, count in explained.items()) +
          (f"; {counts[UNSEEN]} {UNSEEN}" if counts[UNSEEN] else ""))
    few = len(equal) + sum(explained.values()) < minimum
    sys.exit(bool(counts["not"] or few or not equal))


if __name__ == "__main__":
    main()
