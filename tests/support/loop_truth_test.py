# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""loop_truth.py agrees with a report that is right, and says what is wrong with one that is not.
usage: python3 loop_truth_test.py"""
import contextlib
import copy
import io
import json
import os
import tempfile
import unittest

import loop_truth

MS = loop_truth.MS
START = 10**12
PERIOD = 300 * MS
COUNT = 120
THRESHOLD = 20 * MS
KINDS = ["compute", "sleep", "nested", "lock", "fsync", "mapped"]
PART_OF = {"compute": "running", "sleep": "sleep", "nested": "nested", "lock": "sleep", "fsync": "disk",
           "mapped": "fault"}
PARTS = ["running", "run_queue", "throttled", "disk", "sleep", "nested", "fault", "stopped", "gc"]
END = START + COUNT * PERIOD


def planned():
    """(kind, began, ns): gaps of 5 to 249 ms, in turn."""
    return [(KINDS[i % len(KINDS)], START + i * PERIOD, (5 + (i * 61) % 245) * MS) for i in range(COUNT)]


def lines():
    """The log of a loop in C: a gap has one call, 10 us shorter."""
    text = ["loop,0,7,server,0,0\n", f"wait,0,{START - PERIOD},{START}\n"]
    for _, began, ns in planned():
        text.append(f"wait,0,{began + ns},{began + PERIOD}\n")
    for kind, began, ns in planned():
        is_asleep = kind in ("sleep", "nested", "lock")
        cpu = ns - 20_000 if kind == "compute" else 100_000
        text.append(f"call,0,{kind},{began + 5000},{began + ns - 5000},{cpu},"
                    f"{ns - 200_000 if is_asleep else 0}\n")
    return "".join(text)


def node():
    """What Node would serve of the same: a note is taken just before the call."""
    notes, idle = [], 0
    for _, began, ns in planned():
        notes.append([began + 1000, idle])
        idle += PERIOD - ns
    notes.append([END + 1000, idle])
    calls = [{"kind": "lock", "began_ns": began + 2000, "ended_ns": began + ns - 300_000,
              "slept_ns": ns - 500_000, "process_cpu_ns": 0} for _, began, ns in planned()]
    return json.dumps({"tid": 7, "left_out": 0, "calls": calls, "controls": [], "notes": notes})


def stall(kind, began, ns):
    parts = dict.fromkeys(PARTS, 0)
    parts[PART_OF[kind]] = ns - 80_000
    parts["running"] += 80_000
    return {"loop": 0, "began_ns": began - 2000, "ns": ns + 4000, "parts_ns": {**parts, "run_queue": 4000},
            "at_least": False, "going_on": False, "steal_pct": 0}


def right_report(is_node=False):
    gaps = [ns for _, _, ns in planned()]
    window = COUNT * PERIOD
    lag = {key: loop_truth.lag_quantile(gaps, window, q) for key, q in loop_truth.PERCENTILES.items()}
    total = {"window_ns": window, "elu": sum(gaps) / window, "lag": {**lag, "p99_9_ns": None}}
    stalls = [stall("lock" if is_node else kind, began, ns) for kind, began, ns in planned() if ns >= THRESHOLD]
    return {"threshold_ns": THRESHOLD, "complete": True, "data": stalls,
            "loops": [{"pid": 5, "tid": 7, "thread": "server", "total": total}]}


def longest(report):
    return max(report["data"], key=lambda s: s["ns"])


class LoopTruth(unittest.TestCase):
    def compare(self, report, truth, *options):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("report", "truth")]
            for path, text in zip(paths, (json.dumps(report), truth)):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                status = loop_truth.main(["--from", str(START - 1), "--to", str(END), *options, *paths])
        return status, said.getvalue()

    def agrees(self, report, truth, *options):
        status, said = self.compare(report, truth, *options)
        self.assertEqual(status, 0, said)
        self.assertNotIn("FAILED", said)
        return said

    def differs(self, word, report, truth, *options):
        """It fails by that word and by no other."""
        status, said = self.compare(report, truth, *options)
        failures = [line for line in said.splitlines() if line.startswith("FAILED: ")]
        self.assertEqual(status, 1, said)
        self.assertTrue(failures and all(line.startswith(f"FAILED: {word}") for line in failures), said)
        return failures

    def test_right_report(self):
        said = self.agrees(right_report(), lines(), "--stalls", "100")
        self.assertIn("lag p99,", said)
        self.assertIn("asleep in nested", said)
        self.assertIn("running in compute", said)

    def test_one_missed(self):
        report = right_report()
        report["data"].remove(longest(report))
        self.assertEqual(len(self.differs("missed", report, lines())), 1)

    def test_missed_below_twice_the_threshold_is_allowed(self):
        report = right_report()
        report["data"] = [s for s in report["data"] if s["ns"] >= 2 * THRESHOLD]
        self.agrees(report, lines())

    def test_missed_outside_of_the_window_is_allowed(self):
        report = right_report()
        report["data"] = [s for s in report["data"] if s["began_ns"] > START]
        text = lines()
        self.agrees(report, text, "--from", str(START + PERIOD))

    def test_one_invented_in_a_wait(self):
        report = right_report()
        report["data"].append(stall("compute", START + 260 * MS, 25 * MS))
        self.assertEqual(len(self.differs("invented", report, lines())), 1)

    def test_one_after_the_end_of_the_log_is_not_known(self):
        report = right_report()
        report["data"].append(stall("compute", END, 40 * MS))
        self.assertIn("after the log's last wait: 40.004 ms", self.agrees(report, lines()))

    def test_one_invented_in_the_last_wait(self):
        report = right_report()
        report["data"].append(stall("compute", END - 30 * MS, 30 * MS))
        self.differs("invented", report, lines())

    def test_one_invented_in_a_short_gap(self):
        report = right_report()
        report["data"].append(stall("compute", START, 25 * MS))
        self.assertEqual(len(self.differs("invented", report, lines())), 1)

    def test_time_that_was_taken_from_a_short_gap_is_no_invention(self):
        report = right_report()
        late = stall("compute", START, 25 * MS)
        late["parts_ns"].update(running=5 * MS, run_queue=20 * MS)
        late["ns"] = 25 * MS
        report["data"].append(late)
        self.agrees(report, lines())

    def test_one_reported_twice(self):
        report = right_report()
        first = longest(report)
        half = copy.deepcopy(first)
        first["ns"] = half["ns"] = first["ns"] // 2
        half["began_ns"] += half["ns"]
        for s in (first, half):
            s["parts_ns"] = {part: ns // 2 for part, ns in s["parts_ns"].items()}
        report["data"].append(half)
        status, said = self.compare(report, lines())
        self.assertEqual(status, 1)
        self.assertIn("FAILED: invented: two stalls", said)

    def test_one_too_short(self):
        report = right_report()
        wrong = longest(report)
        wrong["ns"] -= 3 * MS
        wrong["parts_ns"][max(wrong["parts_ns"], key=wrong["parts_ns"].get)] -= 3 * MS
        _, said = self.compare(report, lines())
        self.assertIn("FAILED: wrong length", said)

    def too_long(self, count, ns):
        report = right_report()
        for wrong in [s for s in report["data"] if s["parts_ns"]["fault"]][:count]:
            wrong["ns"] += ns
            wrong["parts_ns"]["fault"] += ns
        return report

    def test_one_too_long(self):
        self.assertEqual(len(self.differs("wrong length", self.too_long(1, 4 * MS), lines())), 1)

    def test_some_too_long(self):
        self.differs("length error: p99", self.too_long(3, 2 * MS), lines())

    def test_all_a_little_long(self):
        report = right_report()
        for s in report["data"]:
            s["ns"] += 60_000
            s["parts_ns"]["run_queue"] += 60_000
        self.differs("length error of", report, lines())

    def test_one_at_another_time(self):
        report = right_report()
        longest(report)["began_ns"] += 5 * MS
        self.differs("wrong length", report, lines())

    def test_parts_that_do_not_add_up(self):
        report = right_report()
        next(s for s in report["data"] if s["parts_ns"]["fault"])["parts_ns"]["fault"] -= 200_000
        self.assertEqual(len(self.differs("wrong sum", report, lines())), 1)

    def test_sleep_that_is_called_running(self):
        report = right_report()
        first, second = [s["parts_ns"] for s in report["data"] if s["parts_ns"]["nested"]][:2]
        first["nested"] -= 2 * MS
        first["running"] += 2 * MS
        self.assertIn("a switch was not traced", self.agrees(report, lines()))
        second["nested"] -= 2 * MS
        second["running"] += 2 * MS
        self.assertEqual(len(self.differs("division of nested", report, lines())), 2)

    def test_a_sleep_until_a_time_that_began_late(self):
        report = right_report()
        for parts in [s["parts_ns"] for s in report["data"] if s["parts_ns"]["sleep"]]:
            parts["sleep"] -= 4 * MS
            parts["run_queue"] += 4 * MS
        self.differs("division of sleep", report, lines())

    def test_sleep_in_the_wrong_part(self):
        report = right_report()
        for s in report["data"]:
            s["parts_ns"]["sleep"] += s["parts_ns"].pop("nested")
            s["parts_ns"]["nested"] = 0
        self.differs("division of nested: 0 %", report, lines())

    def test_running_that_is_called_waiting_for_a_cpu(self):
        report = right_report()
        for s in report["data"]:
            taken = s["parts_ns"]["running"] // 4 if s["parts_ns"]["running"] > 8 * MS else 0
            s["parts_ns"]["running"] -= taken
            s["parts_ns"]["run_queue"] += taken
        self.differs("running in compute", report, lines())

    def test_lag_by_iterations(self):
        report = right_report()
        report["loops"][0]["total"]["lag"]["p50_ns"] += 10 * MS
        self.assertEqual(len(self.differs("lag p50", report, lines())), 1)

    def test_a_window_that_is_too_short(self):
        report = right_report()
        report["loops"][0]["total"]["window_ns"] -= 10 * MS
        self.differs("lag: the report's window", report, lines())

    def test_a_window_that_is_longer_than_ours(self):
        report = right_report()
        total = report["loops"][0]["total"]
        gaps = [ns for _, _, ns in planned()]
        total["window_ns"] *= 2
        total["elu"] /= 2
        for key, q in loop_truth.PERCENTILES.items():
            total["lag"][key] = loop_truth.lag_quantile(gaps, total["window_ns"], q)
        self.agrees(report, lines())
        total["lag"]["p99_ns"] *= 1.1
        self.differs("lag p99", report, lines())

    def test_utilisation(self):
        report = right_report()
        report["loops"][0]["total"]["elu"] += 0.01
        self.differs("utilisation", report, lines())

    def test_a_thread_that_is_no_loop(self):
        report = right_report()
        report["loops"].append({**report["loops"][0], "tid": 8, "thread": "pool"})
        self.differs("no loop: thread 8 (pool)", report, lines())

    def test_a_loop_that_is_not_there(self):
        report = right_report()
        report["loops"][0]["tid"] = 9
        _, said = self.compare(report, lines())
        self.assertIn("FAILED: loop 7 is in the report 0 times", said)
        self.assertIn("FAILED: 0 stalls, 1 were to be compared", said)

    def test_a_truth_that_is_not_whole(self):
        self.differs("the truth has left out 3 records", right_report(), lines().replace("server,0,0", "server,3,0"))

    def test_a_report_that_is_not_complete(self):
        self.differs("the report is not complete", {**right_report(), "complete": False}, lines())

    def test_stalls_that_were_not_seen_whole_count_as_found(self):
        report = right_report()
        first = report["data"][0]
        first["began_ns"] += 10 * MS
        first["ns"] -= 10 * MS
        first["parts_ns"][max(first["parts_ns"], key=first["parts_ns"].get)] -= 10 * MS
        first["at_least"] = True
        self.agrees(report, lines())

    def test_node_right_report(self):
        said = self.agrees(right_report(True), node())
        self.assertIn("longer than the calls", said)
        self.assertIn("lag p95", said)

    def test_node_one_missed(self):
        report = right_report(True)
        report["data"].remove(longest(report))
        failures = self.differs("missed", report, node())
        self.assertTrue(any("lock of" in line for line in failures), failures)

    def test_node_one_invented(self):
        report = right_report(True)
        report["data"].append(stall("lock", START + 100 * MS, 150 * MS))
        self.assertEqual(len(self.differs("invented", report, node())), 1)

    def test_node_what_is_not_noted_is_not_known(self):
        report = right_report(True)
        report["data"].append(stall("lock", END + 100 * MS, 50 * MS))
        self.agrees(report, node())

    def test_node_running_that_no_tick_saw(self):
        report = right_report(True)
        report["frequency_hz"] = 99
        wrong = stall("compute", START + 100 * MS, 150 * MS)
        report["data"].append(wrong)
        self.agrees(report, node())
        wrong["stacks"] = [{"part": "running", "count": 12}]
        self.assertEqual(len(self.differs("invented", report, node())), 1)

    def test_node_one_too_short(self):
        report = right_report(True)
        wrong = longest(report)
        wrong["ns"] -= MS
        wrong["parts_ns"]["sleep"] -= MS
        self.assertEqual(len(self.differs("missed", report, node())), 1)

    def test_node_all_too_long(self):
        self.differs("longer than the calls", right_report(True), node(), "--node-over", "0.2")

    def test_node_lag(self):
        for factor in (0.9, 1.1):
            report = right_report(True)
            report["loops"][0]["total"]["lag"]["p95_ns"] *= factor
            self.assertEqual(len(self.differs("lag p95", report, node())), 1)

    def test_node_gaps_that_two_notes_have_as_one(self):
        document = json.loads(node())
        del document["notes"][1::2]
        self.agrees(right_report(True), json.dumps(document))

    def test_node_utilisation(self):
        report = right_report(True)
        active_ms = sum(ns for _, _, ns in planned()) / MS
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("first", "last")]
            for path, active in zip(paths, (5, 5 + active_ms)):
                with open(path, "w", encoding="utf-8") as file:
                    json.dump({"active": active, "idle": 0}, file)
            self.assertIn("by node", self.agrees(report, node(), "--elu", *paths))
            with open(paths[1], "w", encoding="utf-8") as file:
                json.dump({"active": 5 + 1.02 * active_ms, "idle": 0}, file)
            self.differs("utilisation, by node", report, node(), "--elu", *paths)

    def test_lag_formula(self):
        # one gap of 40 of a window of 100: an arrival meets more than 20 with a chance of a fifth
        self.assertAlmostEqual(loop_truth.lag_quantile([40], 100, 0.8), 20)
        self.assertAlmostEqual(loop_truth.lag_quantile([40], 100, 0.5), 0)
        self.assertAlmostEqual(loop_truth.lag_quantile([], 100, 0.5), 0)
        self.assertAlmostEqual(loop_truth.lag_quantile([10, 40], 100, 0.55), 2.5)


if __name__ == "__main__":
    unittest.main()
