#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""memory_truth.py finds each figure that is wrong in a report that was made wrong in one place, and no other."""
import copy
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).with_name("memory_truth.py")
BEGAN_MS = 1795415174000


def at(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def truth(step):
    usage = {"rss": 90000000, "heapTotal": 30000000, "heapUsed": 14000000, "external": 5000000, "arrayBuffers": 4000000}
    return {"step": step, "time_ms": BEGAN_MS + 800 * step, **{name: value + step * 100000 for name, value in usage.items()}}


def sample(said, after_ms):
    return {
        "time": at(said["time_ms"] + after_ms),
        "rss": said["rss"],
        "heap_total": said["heapTotal"],
        "heap_used": said["heapUsed"],
        "external": said["external"],
        "array_buffers": said["arrayBuffers"],
    }


class MemoryTruth(unittest.TestCase):
    def setUp(self):
        self.said = [truth(step) for step in range(10)]
        samples = []
        for said in self.said:
            wrong = {key: 1 for key in sample(said, 0)}
            samples.append({**wrong, "time": at(said["time_ms"] - 50)})  # while it changes
            samples.append(sample(said, 60))
            samples.append({**wrong, "time": at(said["time_ms"] + 500)})
        self.report = {"data": [{"samples": samples}]}

    def run_it(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            report, said = pathlib.Path(folder, "report"), pathlib.Path(folder, "said")
            report.write_text(json.dumps(self.report))
            said.write_text("ready 1\n" + "".join(json.dumps(line) + "\n" for line in self.said))
            return subprocess.run([sys.executable, PROGRAM, report, said, *options], capture_output=True, text=True, check=False)

    def test_right(self):
        done = self.run_it()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("10 steps", done.stdout)

    def test_each_figure(self):
        right = copy.deepcopy(self.report)
        for ours, name in [
            ("rss", "rss"),
            ("heap_total", "heapTotal"),
            ("heap_used", "heapUsed"),
            ("external", "external"),
            ("array_buffers", "arrayBuffers"),
        ]:
            for factor in (0.98, 1.02):
                self.report = copy.deepcopy(right)
                for step, by in ((4, factor), (7, 1 + 2 * (factor - 1))):
                    if step == 7 and name not in ("rss", "heapUsed"):
                        continue  # of these the worst is left out
                    found = self.report["data"][0]["samples"][3 * step + 1]
                    found[ours] = int(found[ours] * by)
                done = self.run_it()
                self.assertEqual(done.returncode, 1, ours)
                self.assertIn(f"{name}: 2.0", done.stderr)
                self.assertIn("step 4", done.stderr)
                self.assertEqual(len(done.stderr.strip().split("\n")), 1, done.stderr)

    def test_a_page(self):
        for sample_at, said in ((1, self.said[0]), (4, self.said[1])):
            self.report["data"][0]["samples"][sample_at]["heap_total"] = said["heapTotal"] + (256 << 10)
        self.assertEqual(self.run_it().returncode, 0)
        self.report["data"][0]["samples"][1]["heap_total"] = self.said[0]["heapTotal"] + (2 * 256 << 10)
        self.assertEqual(self.run_it().returncode, 1)

    def test_not_known(self):
        self.report["data"][0]["samples"][1]["heap_used"] = None
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("heapUsed: inf", done.stderr)

    def test_too_few(self):
        self.report["data"][0]["samples"] = self.report["data"][0]["samples"][:9]
        done = self.run_it()
        self.assertEqual(done.returncode, 1)
        self.assertIn("only 3 steps", done.stderr)
        self.assertEqual(self.run_it("--steps", "3").returncode, 0)

    def test_one_step_of_what_comes_late(self):
        for ours, name in (("rss", "rss"), ("heap_used", "heapUsed")):
            self.report["data"][0]["samples"][1][ours] = int(self.said[0][name] * 1.5)
        self.assertEqual(self.run_it().returncode, 0)

    def test_within(self):
        self.report["data"][0]["samples"][1]["external"] = int(self.said[0]["external"] * 1.03)
        self.assertEqual(self.run_it().returncode, 1)
        self.assertEqual(self.run_it("--within", "4").returncode, 0)


if __name__ == "__main__":
    unittest.main()
