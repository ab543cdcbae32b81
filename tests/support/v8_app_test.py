# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""v8_app.py agrees with two profiles of one program, and says in which function they differ.
usage: python3 v8_app_test.py"""
import contextlib
import io
import json
import os
import tempfile
import unittest

import v8_app

# Function, file, line, samples by themselves; what each calls outside of JavaScript has as many again.
FUNCTIONS = [("render", "/srv/a.js", 3, 400), ("(anonymous)", "/srv/a.js", 9, 300), ("parse", "node:buffer", 5, 200),
             ("serve", "/srv/b.js", 1, 100)]


def native(function):
    return {"function": function, "file": None, "line": None, "kind": "native"}


def report_of(functions, collected=50):
    frames, data = [native("memcpy"), native("v8::internal::Heap::CollectGarbage(int)")], []
    for function, file, line, count in functions:
        at = len(frames)
        frames.append({"function": function, "file": file, "line": line, "kind": "jit"})
        data += [{"count": count, "frames": [at]}, {"count": count, "frames": [0, at]},
                 {"count": collected, "frames": [0, 1, at]}]
    data.append({"count": 70, "frames": [0]})
    return {"frames": frames, "data": data}


def cpuprofile_of(functions, starting=0):
    nodes = [{"id": 1, "callFrame": {"functionName": "(root)", "url": "", "lineNumber": -1}, "children": []}]
    samples = []

    def node(parent, name, url, line):
        nodes.append({"id": len(nodes) + 1, "children": [],
                      "callFrame": {"functionName": name, "url": url, "lineNumber": line - 1}})
        nodes[parent - 1]["children"].append(len(nodes))
        return len(nodes)

    samples += [node(1, "starts", "/srv/a.js", 1)] * starting
    samples += [node(1, "writevGeneric", "node:internal/stream_base_commons", 1)] * 700
    for function, file, line, count in functions:
        own = node(1, "" if function == "(anonymous)" else function, "file://" * file.startswith("/") + file, line)
        samples += [own] * count + [node(own, "memcpy", "", 0)] * count
    for name in ("(idle)", "(program)", "(garbage collector)"):
        samples += [node(1, name, "", 0)] * 333
    return {"nodes": nodes, "startTime": 1000, "samples": samples, "timeDeltas": [10] * len(samples)}


def changed(i, **fields):
    functions = list(FUNCTIONS)
    row = dict(zip(("function", "file", "line", "count"), functions[i])) | fields
    functions[i] = tuple(row.values())
    return functions


class AppTest(unittest.TestCase):
    def compare(self, one, other, *options):
        out = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out):
            files = [os.path.join(folder, name) for name in ("one", "other")]
            for file, document in zip(files, (one, other)):
                with open(file, "w") as f:
                    json.dump(document, f)
            status = v8_app.main([*files, "--least", "2000", *options])
        return status, out.getvalue()

    def test_right(self):
        for other in (cpuprofile_of(FUNCTIONS), report_of(FUNCTIONS, collected=0)):
            status, text = self.compare(report_of(FUNCTIONS), other)
            self.assertEqual(status, 0, text)
            self.assertIn("4 functions, at most 0.0 points apart", text)

    def fails(self, why, functions, *options):
        status, text = self.compare(report_of(functions), cpuprofile_of(FUNCTIONS), *options)
        self.assertEqual(status, 1, text)
        self.assertIn(why, text)

    def test_another_share(self):
        self.fails("render /srv/a.js:3: 45.5 %, 40.0 % are 5.5 points apart", changed(0, count=500))

    def test_points(self):
        self.fails("3.8 points apart", changed(2, count=250), "--points", "3.7")
        status, text = self.compare(report_of(changed(2, count=250)), cpuprofile_of(FUNCTIONS))
        self.assertEqual(status, 0, text)

    def test_another_name(self):
        self.fails("sender /srv/a.js:3: 40.0 %, 0.0 %", changed(0, function="sender"))
        self.fails("render /srv/a.js:3: 0.0 %, 40.0 %", changed(0, function="sender"))

    def test_another_place(self):
        self.fails("apart", changed(1, line=10))
        self.fails("apart", changed(1, file="/srv/b.js"))

    def test_not_read(self):
        self.fails("[js]", changed(3, function="[js]", file=None, line=None))

    def test_too_few(self):
        self.fails("fewer than 2001", FUNCTIONS, "--least", "2001")

    def test_start_of_the_program_is_left_out(self):
        other = cpuprofile_of(FUNCTIONS, starting=500)
        self.assertEqual(self.compare(report_of(FUNCTIONS), other)[0], 1)
        status, text = self.compare(report_of(FUNCTIONS), other, "--since", str((1000 + 501 * 10) * 1000))
        self.assertEqual(status, 0, text)


if __name__ == "__main__":
    unittest.main()
