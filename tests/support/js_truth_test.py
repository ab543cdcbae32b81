# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""js_truth.py agrees with a report that is right, and says what is wrong with one that is not.
usage: python3 js_truth_test.py"""
import contextlib
import copy
import io
import json
import os
import tempfile
import unittest

import js_truth

MAP = """\
1000 100 Builtin:ArrayMap
2000 5 RegExp:a b
10000 100 LazyCompile:~old /srv/app.js:12
10200 100 JS:^run /srv/app.js:12:34
10400 100 JS:+'run /srv/app.js:12:34
10600 100 JS:*get size /srv/with blanks.js:7:1
10800 100 JS:~a b c node:internal/timers:5:6
10a00 100 Script:~ made-up.js:1:1
10c00 100 JS:~ /srv/app.js:3:4
10e00 100 Eval:~ :1:1
11000 100 JS:*link0 /srv/app.js:20:1
11200 100 JS:~link1 /srv/app.js:21:1
20000 100 JS:*first /srv/app.js:30:1
20080 100 JS:*second /srv/app.js:31:1
"""


def frame(function, file, line, tier, inlined=False):
    return {"function": f"{function} [{tier}]" if tier else function, "file": file, "line": line, "column": 1,
            "inlined": inlined}


def place(pc, *frames):
    return {"pc": hex(pc), "frames": list(frames)}


RIGHT = [
    place(0x10001, frame("old", "/srv/app.js", 12, "interpreted")),
    place(0x10200, frame("run", "/srv/app.js", 12, "baseline")),
    place(0x104ff, frame("run", "/srv/app.js", 12, "maglev")),
    place(0x10680, frame("link1", "/srv/app.js", 21, "turbofan", inlined=True),
          frame("link0", "/srv/app.js", 20, "turbofan", inlined=True),
          frame("get size", "/srv/with blanks.js", 7, "turbofan")),
    place(0x10800, frame("a b c", "node:internal/timers", 5, "interpreted")),
    place(0x10a00, frame("(top level)", "made-up.js", 1, "interpreted")),
    place(0x10c00, frame("(anonymous)", "/srv/app.js", 3, "interpreted")),
    place(0x10e00, frame("(top level)", None, 1, "interpreted")),
    {"pc": "0x1010", "frames": []},
]


class Compared(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def said(self, *words):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = js_truth.main(list(words))
        return status, out.getvalue()


class MapTest(Compared):
    def compare(self, places, *options, more=()):
        stacks = [{"count": 1000, "places": places}, *more]
        frames = self.write("frames", "".join(json.dumps(stack) + "\n" for stack in stacks))
        return self.said("map", frames, self.write("map", MAP), "--least", "8000", *options)

    def fails(self, why, change, *options):
        places = copy.deepcopy(RIGHT)
        change(places)
        status, text = self.compare(places, *options)
        self.assertEqual(status, 1, text)
        self.assertIn(why, text)

    def test_right(self):
        status, text = self.compare(RIGHT, "--tier", "maglev=1000", "--tier", "interpreted=4000")
        self.assertEqual(status, 0, text)
        self.assertIn("8000 frames, 100.000 % agree", text)
        self.assertIn("'inlined': 2000", text)

    def test_another_function(self):
        self.fails("function: 1000", lambda p: p[0]["frames"][0].update(function="new [interpreted]"))

    def test_another_file(self):
        self.fails("file: 1000", lambda p: p[3]["frames"][2].update(file="/srv/with"))

    def test_another_line(self):
        self.fails("line: 1000", lambda p: p[1]["frames"][0].update(line=13))

    def test_another_tier(self):
        self.fails("tier: 1000", lambda p: p[2]["frames"][0].update(function="run [turbofan]"))

    def test_a_name_where_there_is_none(self):
        self.fails("function: 1000", lambda p: p[6]["frames"][0].update(function="guessed [interpreted]"))

    def test_not_read(self):
        self.fails("unreadable: 1000", lambda p: p[4]["frames"][0].update(function="[js]"))

    def test_inlined_function_that_does_not_exist(self):
        self.fails("no function of the program", lambda p: p[3]["frames"][0].update(function="ghost [turbofan]"))

    def test_inlined_function_in_another_line(self):
        self.fails("no function of the program", lambda p: p[3]["frames"][0].update(line=22))

    def test_inlined_and_not_said(self):
        self.fails("not said to be inlined", lambda p: p[3]["frames"][0].update(inlined=False))

    def test_inlined_into_nothing(self):
        self.fails("inlined into nothing", lambda p: p[0]["frames"][0].update(inlined=True))

    def test_caller_left_out(self):
        self.fails("wrong callers: 1000", lambda p: p[3]["frames"].pop(1))

    def test_no_tier(self):
        self.fails("tier: 1000", lambda p: p[2]["frames"][0].update(function="run"))

    def test_nothing_known_at_an_address(self):
        self.fails("unmapped: 1000", lambda p: p[0].update(pc="0x30000"))

    def test_several_things_known_at_an_address(self):
        def change(places):
            places[0].update(pc="0x20090")
        self.fails("several: 1000", change)

    def test_no_function_is_told_apart(self):
        more = [{"count": 500, "places": [place(0x2001, frame("[js]", None, 0, None))]}]
        status, text = self.compare(RIGHT, more=more)
        self.assertEqual(status, 0, text)
        self.assertIn("'no function': 500", text)

    def test_too_few(self):
        self.fails("fewer than 8001", lambda p: None, "--least", "8001")

    def test_too_few_of_a_tier(self):
        self.fails("1000 frames of maglev are fewer than 1001", lambda p: None, "--tier", "maglev=1001")

    def test_bound_is_kept(self):
        more = [{"count": 30, "places": [place(0x10200, frame("ran", "/srv/app.js", 12, "baseline"))]}]
        self.assertEqual(self.compare(RIGHT, more=more)[0], 0)
        more[0]["count"] = 50
        self.assertEqual(self.compare(RIGHT, more=more)[0], 1)


class ReportTest(Compared):
    def report(self, name, rows):
        """rows: (weight, frames...), each (function, file, line, inlined)."""
        frames, data = [], []
        for weight, *stack in rows:
            at = [len(frames) + i for i in range(len(stack))]
            frames += [{"function": f, "file": file, "line": line, "kind": "jit", "inlined": inlined}
                       for f, file, line, inlined in stack]
            data.append({"count": weight, "weight_ns": weight, "frames": at})
        total = sum(row[0] for row in rows)
        return self.write(name, json.dumps({"count": total, "weight_ns": total, "frames": frames, "data": data}))


def brief(line=7, serial=5, file="f3", name=None):
    return name or f"brief_f3_line7_{serial}", f"/brief/{file}.js", line, False


class NamesTest(ReportTest):
    def names(self, *rows, options=()):
        return self.said("names", self.report("report", rows), "--least", "900", *options)

    def test_right(self):
        status, text = self.names((990, brief(), brief()), (10, ("[js]", None, None, False)))
        self.assertEqual(status, 0, text)

    def test_another_line(self):
        status, text = self.names((2000, brief()), (1, brief(line=8)))
        self.assertEqual(status, 1)
        self.assertIn("wrong", text)

    def test_another_file(self):
        self.assertEqual(self.names((2000, brief()), (1, brief(file="f4")))[0], 1)

    def test_functions_of_two_batches_in_a_stack(self):
        status, text = self.names((2000, brief()), (1, brief(serial=5), brief(serial=6)))
        self.assertEqual(status, 1)
        self.assertIn("batches", text)

    def test_not_named(self):
        status, text = self.names((2000, brief()), (30, ("[js]", None, None, False)))
        self.assertEqual(status, 1)
        self.assertIn("% are fewer than 99", text)

    def test_name_without_a_place(self):
        for file in (None, "/brief/f3.js"):
            half = ("brief_f3_line7_5", file, None, False)
            self.assertEqual(self.names((2000, brief()), (10, half))[0], 0)
            self.assertEqual(self.names((2000, brief()), (30, half))[0], 1)

    def test_too_few(self):
        self.assertEqual(self.names((899, brief()))[0], 1)


class SharesTest(ReportTest):
    CLOCKS = ({"hot": 50, "serve": 50}, {"hot": 50, "serve": 50})

    def said_of(self, reports, clocks, *options):
        files = ",".join(self.write(f"clocks{i}", json.dumps(clock)) for i, clock in enumerate(clocks))
        return self.said("shares", *reports, "hot", "--clocks", files, *options)

    def shares(self, one, other, *options, clocks=CLOCKS):
        def rows(hot, inlined):
            return ((hot, ("hot", "/a.js", 1, inlined), ("serve", "/a.js", 9, False)),
                    (10000 - hot, ("serve", "/a.js", 9, False)))
        return self.said_of((self.report("one", rows(*one)), self.report("other", rows(*other))), clocks, *options)

    def test_right(self):
        status, text = self.shares((4900, True), (5190, False), "--inlined", "90")
        self.assertEqual(status, 0, text)

    def test_apart(self):
        self.assertEqual(self.shares((4850, True), (5160, False))[0], 1)

    def test_apart_as_the_clocks_say(self):
        clocks = ({"hot": 45, "serve": 55}, {"hot": 52, "serve": 48})
        status, text = self.shares((4600, True), (5300, False), clocks=clocks)
        self.assertEqual(status, 0, text)
        self.assertEqual(self.shares((4300, True), (5400, False), clocks=clocks)[0], 1)

    def test_not_what_the_clock_says(self):
        self.assertEqual(self.shares((4690, True), (4690, False))[0], 1)
        self.assertEqual(self.shares((5000, True), (5000, False), clocks=({"hot": 54, "serve": 46}, self.CLOCKS[0]))[0], 1)

    def test_not_there(self):
        self.assertEqual(self.shares((0, True), (200, False), clocks=({"hot": 1, "serve": 99},) * 2)[0], 1)

    def test_not_inlined(self):
        self.assertEqual(self.shares((5000, False), (5000, False), "--inlined", "90")[0], 1)
        self.assertEqual(self.shares((5000, True), (5000, True), "--inlined", "90")[0], 1)

    def test_builtins_are_of_who_calls_them(self):
        def report(name, called):
            rows = ((5000, *called, ("hot", "/a.js", 1, False)), (5000, ("serve", "/a.js", 9, False)))
            return self.report(name, rows)
        reports = report("one", [("MathImul", "", None, False)]), report("other", [])
        status, text = self.said_of(reports, self.CLOCKS)
        self.assertEqual(status, 0, text)

    def test_too_few(self):
        self.assertEqual(self.shares((5000, True), (5000, False), "--least", "10001")[0], 1)


if __name__ == "__main__":
    unittest.main()
