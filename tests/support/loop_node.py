# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a report of loop-stall says about event-loop-stalls beyond times, which are loop_truth.py's: the function of each
kind, garbage collection, controls.

usage: loop_node.py kinds|controls REPORT TRUTH     both JSON
  kinds     each of them was seen in its function, as collection of garbage what node counts as that
  controls  no stall while they ran, each of them
exit: 0 it agrees, 1 it does not"""
import collections
import json
import re
import sys

from loop_truth import MS, Gap, length, overlap, read_node, read_report, stalls_of, taken

# In JavaScript, and what that calls; most of the time that was seen must have both.
FUNCTIONS = {
    "json": ("parseCatalog", r"Builtin_JsonParse|JsonParser"),
    "pbkdf2": ("hashPassword", "kdf_pbkdf2_derive|PBKDF2Traits"),
    "regex": ("matchBacktracking", "Irregexp|RegExp"),
    "gc": ("makeGarbage", ""),
    "faults": ("touchMemory", ""),
    "read": ("readList", "uv_fs_read|node::fs::|Builtins"),
    "fsync": ("syncLog", "uv_fs_fsync|fsync|uv_fs_write"),  # where the disk is fast, it mostly writes
    "lock": ("waitForLock", "Builtin_AtomicsWait"),
    "child": ("runChild", "SyncProcessRunner::Spawn|uv_spawn"),
}
CONTROLS = {"dns", "pool", "immediates"}
MOST = 0.6
HELD = 0.8  # of a stall, by calls of one kind
# Where a collection happens is chance: they are looked at by themselves.
COLLECTING = re.compile(r"Heap::CollectGarbage|Scaveng|MarkCompact|GCTracer")


class Check:
    def __init__(self, report, document):
        self.truth = read_node(document)[0]
        self.report, self.document, self.failed = report, document, False
        loop = [i for i, one in enumerate(report["loops"]) if one["tid"] == self.truth.tid]
        rows = [s for s in report["data"] if s["loop"] in loop]
        # the same order: both go through the report
        self.stalls = list(zip(stalls_of(report, self.truth.tid), rows))

    def expect(self, is_so, text):
        self.failed |= not is_so
        print(text if is_so else f"FAILED: {text}")

    def kinds(self):
        """Stalls with calls of one kind, by kind."""
        by_kind = collections.defaultdict(list)
        for stall, row in self.stalls:
            calls = [call for call in self.truth.calls if overlap(call, stall) > 0]
            if len({call.kind for call in calls}) == 1 and sum(map(length, calls)) >= HELD * stall.ns:
                by_kind[calls[0].kind].append((stall, row))
        return by_kind

    def functions(self, by_kind):
        for kind, (script, native) in FUNCTIONS.items():
            stacks = [stack for _, row in by_kind[kind] for stack in row["stacks"]
                      if not any(COLLECTING.search(f["function"] or "") for f in stack["frames"])]
            seen = sum(stack["ns"] for stack in stacks)
            for what, is_it in [(script, lambda f: f["kind"] == "jit" and f["function"] == script),
                                (native, lambda f: re.search(native, f["function"] or ""))]:
                if what:
                    share = sum(s["ns"] for s in stacks if any(map(is_it, s["frames"]))) / seen if seen else 0
                    self.expect(share >= MOST, f"{kind}: {what} in {100 * share:.0f} % of {seen / MS:.0f} ms seen "
                                               f"in {len(by_kind[kind])} stalls")

    def collected(self, stall):
        spans = [Gap(c["began_ns"], c["ended_ns"]) for c in self.document["collections"]]
        return sum(max(overlap(span, stall), 0) for span in spans)

    def garbage(self, by_kind):
        """Node has what a collection took by the clock, and counts steps of marking; we have the pauses, less what the
        thread waited for a CPU."""
        for stall, _ in self.stalls:
            gc = stall.parts["gc"]
            if gc > self.collected(stall) + MS:
                self.expect(False, f"{gc / MS:.3f} ms of garbage collection at {stall.began}, node has "
                                   f"{self.collected(stall) / MS:.3f}")
        those = [stall for stall, _ in by_kind["gc"]]
        gc = sum(stall.parts["gc"] for stall in those)
        most = sum(map(self.collected, those))
        least = most - sum(map(taken, those))
        self.expect(gc > 0 and gc >= 0.7 * least, f"garbage collection: {gc / MS:.1f} ms, node has {most / MS:.1f}, "
                                                  f"of it on a CPU {max(least, 0) / MS:.1f} or more")

    @staticmethod
    def own(stall, row):
        """What the loop did itself. A lock of the thread pool is short, but whoever holds it may have no CPU."""
        longest = row.get("longest") or {}
        return stall.ns - taken(stall) - stall.parts["gc"] - (longest["ns"] if longest.get("wait") == "futex" else 0)

    def controls(self):
        self.expect({c["kind"] for c in self.document["controls"]} == CONTROLS, "all controls ran")
        for control in self.document["controls"]:
            span = Gap(control["began_ns"], control["ended_ns"])
            those = [(self.own(stall, row), stall) for stall, row in self.stalls if overlap(stall, span) > 0]
            longest, stall = max(those, default=(0, None))
            self.expect(longest < self.report["threshold_ns"],
                        f"{control['kind']}, {length(span) / MS:.0f} ms: the loop held itself up for {longest / MS:.1f}"
                        f"{f' in {stall}' if longest else ''}")


def main(what, report, truth):
    with open(truth, encoding="utf-8") as file:
        check = Check(read_report(report), json.load(file))
    if what == "controls":
        check.controls()
    else:
        by_kind = check.kinds()
        check.functions(by_kind)
        check.garbage(by_kind)
    return int(check.failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
