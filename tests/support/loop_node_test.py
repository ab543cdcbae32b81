# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""loop_node.py agrees with a report that is right, and says what is wrong with one that is not.
usage: python3 loop_node_test.py"""
import contextlib
import copy
import io
import json
import os
import tempfile
import unittest

import loop_node

MS = loop_node.MS
START = 10**12
PERIOD = 300 * MS
LENGTH = 100 * MS
NATIVE = {"json": "Builtin_JsonParse", "pbkdf2": "kdf_pbkdf2_derive", "regex": "IrregexpInterpreter", "gc": "x",
          "faults": "x", "read": "uv_fs_read", "fsync": "fsync", "lock": "Builtin_AtomicsWait", "child": "uv_spawn"}
PARTS = ["running", "run_queue", "throttled", "disk", "sleep", "nested", "fault", "stopped", "gc"]


def right_truth():
    calls = [{"kind": kind, "began_ns": START + i * PERIOD, "ended_ns": START + i * PERIOD + LENGTH, "slept_ns": 0}
             for i, kind in enumerate(loop_node.FUNCTIONS)]
    gc = next(call for call in calls if call["kind"] == "gc")
    controls = [{"kind": kind, "began_ns": START - (i + 1) * PERIOD, "ended_ns": START - i * PERIOD}
                for i, kind in enumerate(sorted(loop_node.CONTROLS))]
    return {"tid": 7, "left_out": 0, "calls": calls, "controls": controls, "notes": [],
            "collections": [{"began_ns": gc["began_ns"], "ended_ns": gc["began_ns"] + 40 * MS}]}


def stall(began, kind):
    parts = dict.fromkeys(PARTS, 0)
    parts["gc"] = 39 * MS if kind == "gc" else 0
    parts["running"] = LENGTH - parts["gc"]
    frames = [{"function": NATIVE[kind], "kind": "native"},
              {"function": loop_node.FUNCTIONS[kind][0], "kind": "jit"}]
    return {"loop": 0, "began_ns": began, "ns": LENGTH, "parts_ns": parts, "at_least": False, "going_on": False,
            "steal_pct": 0, "stacks": [{"ns": LENGTH, "frames": frames}]}


def right_report():
    return {"threshold_ns": 20 * MS, "complete": True, "loops": [{"tid": 7}],
            "data": [stall(call["began_ns"], call["kind"]) for call in right_truth()["calls"]]}


def of(report, kind):
    return report["data"][list(loop_node.FUNCTIONS).index(kind)]


class LoopNode(unittest.TestCase):
    def says(self, what, report, truth):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("report", "truth")]
            for path, document in zip(paths, (report, truth)):
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(document, file)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                status = loop_node.main(what, *paths)
        failures = [line for line in said.getvalue().splitlines() if line.startswith("FAILED: ")]
        self.assertEqual(status, int(bool(failures)), said.getvalue())
        return failures

    def fails(self, text, what, report, truth=None):
        failures = self.says(what, report, truth or right_truth())
        self.assertEqual(len(failures), 1, failures)
        self.assertIn(text, failures[0])

    def test_right(self):
        for what in ("kinds", "controls"):
            self.assertEqual(self.says(what, right_report(), right_truth()), [])

    def test_another_function(self):
        for kind, (script, _) in loop_node.FUNCTIONS.items():
            report = right_report()
            of(report, kind)["stacks"][0]["frames"][1]["function"] = "other"
            self.fails(f"{kind}: {script}", "kinds", report)

    def test_native_code_that_is_another(self):
        report = right_report()
        of(report, "fsync")["stacks"][0]["frames"][0]["function"] = "read"
        self.fails("fsync: uv_fs_fsync", "kinds", report)

    def test_no_stall_of_a_kind(self):
        report = right_report()
        report["data"].remove(of(report, "gc"))
        failures = self.says("kinds", report, right_truth())
        self.assertEqual(len(failures), 2, failures)

    def test_collections_are_looked_at_by_themselves(self):
        report = right_report()
        of(report, "json")["stacks"].append({"ns": 5 * LENGTH, "frames": [
            {"function": "v8::internal::Heap::CollectGarbage(x)", "kind": "native"}]})
        self.assertEqual(self.says("kinds", report, right_truth()), [])

    def test_more_garbage_than_there_was(self):
        report = right_report()
        of(report, "gc")["parts_ns"]["gc"] += 5 * MS
        self.fails("ms of garbage collection at", "kinds", report)

    def test_less_garbage_than_there_was(self):
        for gc, run_queue, is_right in ((20, 0, False), (20, 20, True), (0, 60, False)):
            report = right_report()
            parts = of(report, "gc")["parts_ns"]
            parts.update(gc=gc * MS, run_queue=run_queue * MS)
            if is_right:
                self.assertEqual(self.says("kinds", report, right_truth()), [])
            else:
                self.fails("garbage collection: ", "kinds", report)

    def test_a_control_that_held_it_up(self):
        report = right_report()
        began = right_truth()["controls"][1]["began_ns"] + MS
        report["data"].insert(0, stall(began, "json"))
        self.fails("held itself up for 100.0", "controls", report)
        report["data"][0]["parts_ns"].update(running=10 * MS, run_queue=90 * MS)
        self.assertEqual(self.says("controls", report, right_truth()), [])
        report["data"][0]["parts_ns"].update(running=10 * MS, run_queue=0, sleep=90 * MS)
        for wait, is_right in (("futex", True), ("poll", False)):
            report["data"][0]["longest"] = {"ns": 90 * MS, "wait": wait}
            self.assertEqual(not self.says("controls", report, right_truth()), is_right)

    def test_a_control_that_did_not_run(self):
        truth = copy.deepcopy(right_truth())
        del truth["controls"][0]
        self.fails("all controls ran", "controls", right_report(), truth)


if __name__ == "__main__":
    unittest.main()
