# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares a report of loop-stall with what servers knew of themselves: what stalling-server wrote
(lines) or event-loop-stalls served (JSON). A finding is printed as "FAILED: ..." and fails.

usage: loop_truth.py [OPTION...] REPORT TRUTH...
  REPORT  JSON of loop-stall; the last line counts
  TRUTH   a file for each process, of Node for each thread
exit: 0 it agrees, 1 it does not, 2 wrong usage

Nothing may be missed between --from and --to (CLOCK_MONOTONIC in ns: the tracer was there, and still
was); nothing may be invented at any time.

The gaps of a loop in C are known, by clock reads on both sides of each wait: the kernel sees a
little more of each, and all the time for which the loop had no CPU just there. Those of Node are
known from below, by the calls that the loop was held up by, and from above, by notes in each
iteration (examples/profiling/loop-log.ts)."""
import argparse
import bisect
import collections
import json
import statistics
import sys

MS = 1_000_000

Gap = collections.namedtuple("Gap", "began ended")
Call = collections.namedtuple("Call", "kind began ended cpu slept")  # cpu: None where not known
Stall = collections.namedtuple("Stall", "began ended ns parts is_open stolen unseen")

PARTS_BLOCKED = ("disk", "sleep", "nested", "fault")
# Where a kind waits: the parts that have nine tenths of its time asleep.
PARTS_OF = {"sleep": {"sleep"}, "lock": {"sleep"}, "resolve": {"sleep"}, "nested": {"nested"},
            "read": {"disk"}, "fsync": {"disk"}, "mapped": {"fault"},
            # posix_spawn sleeps in D until the child has started
            "child": {"sleep", "nested", "disk"}}
# Node's buffers are freed by another thread, and whoever makes one may wait for the allocator's lock meanwhile.
PARTS_OF_NODE = {**PARTS_OF, "read": {"disk", "sleep"}}
# A child needs time to start and to end, in which its parent sleeps, too; the thread that has the lock, and the one
# that answers, need a CPU first.
AT_LEAST = {"child", "lock", "resolve"}
# It sleeps until a time that it took before: what it then waits for a CPU, still awake, is of that.
UNTIL_A_TIME = {"lock"}
# Hundreds of short sleeps in one call: what a tracer costs at each switch to a thread counts as CPU
# time of the thread, and not as its running. Told, but no bound.
MANY_SLEEPS = {"read", "mapped", "fsync"}
PERCENTILES = {"p50_ns": 0.5, "p90_ns": 0.9, "p95_ns": 0.95, "p99_ns": 0.99, "p99_9_ns": 0.999}
BUCKET = 0.032   # widest of the histogram
SLACK_NS = 50_000  # between two clock reads that are one after the other
TAKEN = ("run_queue", "throttled")
# Of the stalls, where a switch in or out may be missing: on some kernels one in 500 is not traced, for perf as little
# as for us (docs/testing.md); one may be, of few as well.
UNSEEN = 0.008


def length(span):
    return span.ended - span.began


def overlap(a, b):
    return min(a.ended, b.ended) - max(a.began, b.began)


def touching(spans, ends, span):
    """Those of @spans, which are in order and do not overlap, that @span has time in common with."""
    at = bisect.bisect_right(ends, span.began)
    while at < len(spans) and spans[at].began < span.ended:
        yield at
        at += 1


def quantile(values, q):
    values = sorted(values)
    return values[min(int(q * len(values)), len(values) - 1)] if values else 0


class Truth:
    """One loop. gaps: known ones, from the first wait in the log to the last; notes: spans and how long the loop was busy in
    each."""

    def __init__(self, tid):
        self.tid, self.gaps, self.calls, self.notes, self.busy, self.left_out = tid, [], [], [], [], 0
        self.has_all_loops = False  # of its process
        self.last_wait_ended = None  # the last in the log


def read_lines(file):
    loops, waits = {}, collections.defaultdict(list)
    for line in file:
        word, index, *rest = line.rstrip("\n").split(",")
        if word == "loop":
            loops[index] = Truth(int(rest[0]))
            loops[index].left_out = int(rest[2]) + int(rest[3])
            loops[index].has_all_loops = True
        elif word == "wait":
            waits[index].append((int(rest[0]), int(rest[1])))
        else:
            loops[index].calls.append(Call(rest[0], *map(int, rest[1:])))
    for index, loop in loops.items():
        loop.gaps = [Gap(a[1], b[0]) for a, b in zip(waits[index], waits[index][1:])]
        loop.last_wait_ended = waits[index][-1][1] if waits[index] else None
    return list(loops.values())


def read_node(document):
    loop = Truth(document["tid"])
    loop.left_out = document["left_out"]
    loop.calls = [Call(c["kind"], c["began_ns"], c["ended_ns"], None, c["slept_ns"]) for c in document["calls"]]
    for (began, idle), (ended, idle_then) in zip(document["notes"], document["notes"][1:]):
        loop.notes.append(Gap(began, ended))
        loop.busy.append(ended - began - (idle_then - idle))
    return [loop]


def read_truth(path):
    with open(path, encoding="utf-8") as file:
        first = file.read(1)
        file.seek(0)
        return read_node(json.load(file)) if first == "{" else read_lines(file)


def read_report(path):
    with open(path, encoding="utf-8") as file:
        return json.loads(file.read().strip().splitlines()[-1])


def unseen_ns(report, row):
    """Running, but the clock found it so at less than half of its ticks: the kernel did not tell of a switch."""
    if not report.get("frequency_hz") or not row["parts_ns"]:
        return 0
    running = row["parts_ns"]["running"]
    tick_ns = 1_000_000_000 // report["frequency_hz"]
    seen = sum(stack["count"] for stack in row.get("stacks", ()) if stack["part"] == "running")
    expected = (running - report["threshold_ns"] // 2) / tick_ns
    return running - seen * tick_ns if seen + 1 < expected / 2 else 0


def stalls_of(report, tid):
    at = [i for i, loop in enumerate(report["loops"]) if loop["tid"] == tid]
    return [Stall(s["began_ns"], s["began_ns"] + s["ns"], s["ns"], s["parts_ns"] or {},
                  s["at_least"] or s["going_on"], s["ns"] * s["steal_pct"] // 100, unseen_ns(report, s))
            for s in report["data"] if s["loop"] in at]


def taken(stall):
    """The loop wanted a CPU and had none: that can be before its first or after its last clock read."""
    return sum(stall.parts.get(part, 0) for part in TAKEN) + stall.stolen


class Check:
    def __init__(self, report, options):
        self.report, self.options, self.failed = report, options, False
        self.idle_to_node_ns = 0  # busy to us: it had no CPU on its way back from the call that it waits in
        self.threshold = report["threshold_ns"]
        self.window = Gap(options.begin if options.begin is not None else 0,
                          options.end if options.end is not None else 1 << 63)

    def say(self, text):
        print(text)

    def fail(self, text):
        self.failed = True
        print(f"FAILED: {text}")

    def bound(self, what, value, most):
        text = f"{what} {value / MS:.3f} ms (at most {most / MS:g})"
        self.fail(text) if value > most else self.say(text)

    def between(self, what, value, least, most):
        text = f"{what} {value:.4f} (truth {least:.4f} to {most:.4f})"
        self.say(text) if least <= value <= most else self.fail(text)

    def is_inside(self, span):
        return self.window.began <= span.began and span.ended <= self.window.ended

    # --- a loop in C: gaps are known ----------------------------------------------------------------

    def pair(self, truth, stalls):
        """Each stall with the gap that it has most in common with, each gap with one stall at most. The log has whole waits:
        what came after the last of them, while the log was written, is not known."""
        ends = [gap.ended for gap in truth.gaps]
        best = {}
        for stall in stalls:
            gap = max(touching(truth.gaps, ends, stall), default=None,
                      key=lambda i: overlap(truth.gaps[i], stall))
            if truth.last_wait_ended is not None and stall.began + SLACK_NS >= truth.last_wait_ended:
                self.say(f"after the log's last wait: {stall.ns / MS:.3f} ms at {stall.began}")
                continue
            if gap is None or length(truth.gaps[gap]) + taken(stall) < self.threshold - self.options.tolerance:
                if not stall.is_open:
                    self.fail(f"invented: {stall.ns / MS:.3f} ms at {stall.began}, where the longest gap is "
                              f"{0 if gap is None else length(truth.gaps[gap]) / MS:.3f} ms")
                continue
            other = best.get(gap)
            if other:
                self.fail(f"invented: two stalls, at {other.began} and {stall.began}, in one gap at "
                          f"{truth.gaps[gap].began}")
            if not other or overlap(truth.gaps[gap], stall) > overlap(truth.gaps[gap], other):
                best[gap] = stall
        return best

    def missed(self, truth, best):
        for i, gap in enumerate(truth.gaps):
            if length(gap) >= 2 * self.threshold and i not in best and self.is_inside(gap):
                self.fail(f"missed: {length(gap) / MS:.3f} ms at {gap.began}")

    def lengths(self, pairs):
        errors = [stall.ns - length(gap) for gap, stall in pairs]
        for gap, stall in pairs:
            is_short = overlap(gap, stall) < length(gap) - self.options.below
            if is_short or stall.ns > length(gap) + taken(stall) + self.options.length_max:
                self.fail(f"wrong length: {stall.ns / MS:.3f} ms at {stall.began}, the gap has "
                          f"{length(gap) / MS:.3f} ms at {gap.began}")
        self.bound(f"length error of {len(errors)}: median", statistics.median(map(abs, errors)),
                   self.options.length_median)
        self.bound("length error: p99", quantile(map(abs, errors), 0.99), self.options.length_p99)

    def lag(self, busy, total, tolerance, sure=None):
        """By the formula over @busy, pairs of a span and for how long the loop was busy in it; where that is not sure to be
        in one piece, @sure is the same of what is. The report's window is ours and somewhat more, on either side: what
        the loop did there may count or not."""
        if self.options.begin is None or self.options.end is None:
            return
        window_ns, inner_ns = total["window_ns"], length(self.window)
        slack = window_ns - inner_ns
        if slack < -MS:
            self.fail(f"lag: the report's window has {window_ns / MS:.0f} ms, ours {inner_ns / MS:.0f}")
            return
        outer = Gap(self.window.began - slack, self.window.ended + slack)
        inside = [ns for span, ns in busy if self.is_inside(span)]
        pieces = [ns for span, ns in sure or busy if self.is_inside(span)]
        around = [ns for span, ns in busy if overlap(span, outer) > 0]
        for key, q in PERCENTILES.items():
            least = lag_quantile(pieces, window_ns, q) * (1 - BUCKET) - tolerance
            most = lag_quantile(around, window_ns, q) * (1 + BUCKET) + tolerance
            if total["lag"][key] is not None:
                self.between(f"lag {key[:-3]}, ms", total["lag"][key] / MS, least / MS, most / MS)
        self.between("utilisation", total["elu"],
                     sum(inside) / window_ns - self.options.elu_error,
                     sum(around) / window_ns + self.options.elu_error)

    # --- what a stall was made of -------------------------------------------------------------------

    def sums(self, stalls):
        for stall in stalls:
            if stall.parts and abs(sum(stall.parts.values()) - stall.ns) > self.options.sum_error:
                self.fail(f"wrong sum: parts of {sum(stall.parts.values()) / MS:.3f} ms in {stall.ns / MS:.3f} ms "
                          f"at {stall.began}")

    def divisions(self, held, parts_of):
        """@held: (stall, its calls), where nearly all of the stall is calls of one kind."""
        by_kind = collections.defaultdict(list)
        for stall, calls in held:
            if stall.parts and len({call.kind for call in calls}) == 1:
                by_kind[calls[0].kind].append((stall, calls))
        wrong = []
        for kind, those in sorted(by_kind.items()):
            self.sleep_of(kind, those, wrong)
            self.running_of(kind, those)
            self.part_of(kind, those, parts_of)
        compared = sum(map(len, by_kind.values()))
        for text in wrong:
            if len(wrong) > max(1, UNSEEN * compared):
                self.fail(text)
            else:
                self.say(f"{text}: a switch was not traced")

    def sleep_of(self, kind, those, wrong):
        over = []
        for stall, calls in those:
            if not all(call.slept for call in calls):
                continue
            least = sum(call.slept for call in calls)
            if kind in UNTIL_A_TIME:
                least -= sum(stall.parts[part] for part in TAKEN)
            most = stall.ns - sum(call.cpu or 0 for call in calls)
            blocked = sum(stall.parts[part] for part in PARTS_BLOCKED)
            over.append(blocked - least)
            if not least - self.options.sleep_error <= blocked <= most + self.options.sleep_error:
                wrong.append(f"division of {kind}: asleep {blocked / MS:.3f} ms at {stall.began}, truth "
                             f"{least / MS:.3f} to {most / MS:.3f}")
        if over and kind not in AT_LEAST:
            self.bound(f"asleep in {kind}, {len(over)} of them, beyond what is sure: median",
                       statistics.median(over), self.options.sleep_error)

    def running_of(self, kind, those):
        errors = []
        for stall, calls in those:
            if all(call.cpu is not None for call in calls):
                cpu = sum(call.cpu for call in calls)
                errors.append(abs(stall.parts["running"] + stall.parts["gc"] - cpu) - 0.05 * cpu)
        text = f"running in {kind}, {len(errors)} of them, beyond 5 %: median"
        if errors and kind in MANY_SLEEPS:
            self.say(f"{text} {max(statistics.median(errors), 0) / MS:.3f} ms")
        elif errors:
            self.bound(text, max(statistics.median(errors), 0), self.options.running_error)

    def part_of(self, kind, those, parts_of):
        if kind not in parts_of:
            return
        shares = []
        for stall, _ in those:
            blocked = sum(stall.parts[part] for part in PARTS_BLOCKED)
            if blocked > MS:
                shares.append(sum(stall.parts[part] for part in parts_of[kind]) / blocked)
        if shares and statistics.median(shares) < 0.9:
            self.fail(f"division of {kind}: {100 * statistics.median(shares):.0f} % of what is asleep is in "
                      f"{' or '.join(sorted(parts_of[kind]))}")

    # --- a loop of Node: gaps are known from both sides -----------------------------------------------

    def node_missed(self, truth, stalls):
        ends = [stall.ended for stall in stalls]
        for call in truth.calls:
            if length(call) < 2 * self.threshold or not self.is_inside(call):
                continue
            if not any(overlap(call, stalls[i]) >= length(call) - self.options.below
                       for i in touching(stalls, ends, call)):
                self.fail(f"missed: {call.kind} of {length(call) / MS:.3f} ms at {call.began}")
        for note, busy in zip(truth.notes, truth.busy):
            # the end of one gap and the beginning of the next: one of them has half of it
            if busy >= 4 * self.threshold and self.is_inside(note) and not list(touching(stalls, ends, note)):
                self.fail(f"missed: busy for {busy / MS:.3f} ms from {note.began} to {note.ended}")

    def node_held(self, truth, stalls):
        note_ends = [note.ended for note in truth.notes]
        call_ends = [call.ended for call in truth.calls]
        held, over = [], []
        for stall in stalls:
            busy = sum(truth.busy[i] for i in touching(truth.notes, note_ends, stall))
            is_noted = truth.notes[0].began <= stall.began and stall.ended <= truth.notes[-1].ended
            away = taken(stall) + stall.unseen
            if is_noted and not stall.is_open and busy + away < stall.ns - self.options.tolerance:
                self.fail(f"invented: {stall.ns / MS:.3f} ms at {stall.began}, where the loop was busy for "
                          f"{busy / MS:.3f} ms: {stall.parts}")
            if is_noted and self.is_inside(stall):
                self.idle_to_node_ns += min(max(stall.ns - busy, 0), away)
            calls = [truth.calls[i] for i in touching(truth.calls, call_ends, stall)]
            calls = [call for call in calls if overlap(call, stall) >= length(call) - self.options.below]
            if calls and not stall.is_open:
                rest = stall.ns - sum(map(length, calls))
                # what comes after the call in its iteration may wait for a CPU, or be a collection
                over.append(max(rest - taken(stall) - stall.parts.get("gc", 0), 0))
                if rest <= MS:
                    held.append((stall, calls))
        if over:
            self.bound(f"longer than the calls, {len(over)} stalls: p90", quantile(over, 0.9),
                       self.options.node_over)
        return held

    # --- all ------------------------------------------------------------------------------------------

    def loop(self, truth):
        loops = [loop for loop in self.report["loops"] if loop["tid"] == truth.tid]
        stalls = sorted(stalls_of(self.report, truth.tid))
        self.say(f"loop {truth.tid}: {len(stalls)} stalls, {len(truth.calls)} calls in the truth")
        if truth.left_out:
            self.fail(f"the truth has left out {truth.left_out} records")
        if len(loops) != 1:
            self.fail(f"loop {truth.tid} is in the report {len(loops)} times")
            return
        self.sums(stalls)
        if truth.notes:
            self.node_missed(truth, stalls)
            self.divisions(self.node_held(truth, stalls), PARTS_OF_NODE)
            # a note has the end of one gap and the beginning of the next
            self.lag(list(zip(truth.notes, truth.busy)), loops[0]["total"], self.options.node_lag,
                     [(call, length(call)) for call in truth.calls])
            return
        best = self.pair(truth, stalls)
        self.missed(truth, best)
        pairs = [(truth.gaps[i], stall) for i, stall in sorted(best.items()) if not stall.is_open]
        if pairs:
            self.lengths(pairs)
        self.divisions(held_by_calls(truth, pairs), PARTS_OF)
        self.lag([(gap, length(gap)) for gap in truth.gaps], loops[0]["total"], self.options.lag)

    def strangers(self, truths):
        """Threads of those processes of which all loops are known."""
        known = {truth.tid for truth in truths}
        whole = {loop["pid"] for loop in self.report["loops"]
                 for truth in truths if loop["tid"] == truth.tid and truth.has_all_loops}
        for loop in self.report["loops"]:
            if loop["pid"] in whole and loop["tid"] not in known:
                self.fail(f"no loop: thread {loop['tid']} ({loop['thread']})")

    def elu(self, paths, tid):
        """Two answers of /elu, at the edges of our window: outside of it, the loop has little to do."""
        first, last = (read_report(path) for path in paths)
        active_ns = (last["active"] - first["active"]) * MS
        for loop in self.report["loops"]:
            if loop["tid"] == tid:
                truth = active_ns / loop["total"]["window_ns"]
                self.between("utilisation, by node", loop["total"]["elu"], truth - self.options.elu_error,
                             truth + self.options.elu_error + self.idle_to_node_ns / loop["total"]["window_ns"])


def lag_quantile(gaps, window_ns, q):
    """The x for which P(lag > x) = (S(x) - x N(x)) / window is 1 - q."""
    target = (1 - q) * window_ns
    total = count = 0
    for value in sorted(gaps, reverse=True):
        if total - value * count >= target:
            return (total - target) / count
        total += value
        count += 1
    return max((total - target) / count, 0) if count else 0


def held_by_calls(truth, pairs):
    """Stalls whose gap is calls but for a millisecond."""
    ends = [call.ended for call in truth.calls]
    for gap, stall in pairs:
        calls = [truth.calls[i] for i in touching(truth.calls, ends, gap)]
        if calls and length(gap) - sum(map(length, calls)) < MS:
            yield stall, calls


def duration(text):
    """Milliseconds on the command line, ns here."""
    return float(text) * MS


def options_of(argv):
    parser = argparse.ArgumentParser(description="Compares a report of loop-stall with the truth.")
    parser.add_argument("--from", dest="begin", type=int, help="CLOCK_MONOTONIC in ns")
    parser.add_argument("--to", dest="end", type=int)
    parser.add_argument("--stalls", type=int, default=1, help="so many must have been compared")
    parser.add_argument("--elu", nargs=2, metavar="FILE", help="two answers of /elu of the first TRUTH, at --from and --to")
    parser.add_argument("--elu-error", type=float, default=0.005, metavar="SHARE")
    for name, default, what in [
            ("tolerance", 1, "a gap so much shorter than the threshold can be a stall"),
            ("below", 0.2, "a stall may be so much shorter than its gap"),
            ("length-median", 0.05, "error of the length"), ("length-p99", 1, "the same"),
            ("length-max", 3, "the same, beyond what it waited for a CPU"),
            ("sum-error", 0.1, "of the parts"), ("sleep-error", 1, "of known sleep"),
            ("running-error", 1, "beyond 5 % of the CPU time"), ("lag", 0.1, "beyond the width of a bucket"),
            ("node-lag", 1, "the same for Node, where gaps are known as notes"),
            ("node-over", 5, "a stall may be so much longer than its calls, 90 % of them")]:
        parser.add_argument(f"--{name}", type=duration, default=duration(default), metavar="MS",
                            help=f"{what} (default {default})".replace("%", "%%"))
    parser.add_argument("report")
    parser.add_argument("truth", nargs="+")
    return parser.parse_args(argv)


def main(argv):
    options = options_of(argv)
    report = read_report(options.report)
    truths = [loop for path in options.truth for loop in read_truth(path)]
    check = Check(report, options)
    for truth in truths:
        check.loop(truth)
    check.strangers(truths)
    compared = sum(len(stalls_of(report, truth.tid)) for truth in truths)
    if compared < options.stalls:
        check.fail(f"{compared} stalls, {options.stalls} were to be compared")
    if options.elu:
        check.elu(options.elu, truths[0].tid)
    if not report["complete"]:
        check.fail("the report is not complete")
    return int(check.failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
