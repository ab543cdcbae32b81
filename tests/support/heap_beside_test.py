# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""heap_beside.py of reports that were made wrong: each difference must be found."""

import copy
import unittest

import heap_beside


def row(name, count, size, retained, new=0, deleted=0):
    return {"class": name, "counts": [count], "bytes": [size], "retained_bytes": [retained],
            "by_id": {"new": new, "deleted": deleted, "new_bytes": 10 * new, "deleted_bytes": 10 * deleted}}


TOP = {"classes": [row("Map", 2, 200, 900), row("(string)", 5, 100, 100), row("Detached A", 1, 10, 10), row("A", 2, 20, 20)]}
DIFF = {"classes": [row("Map", 2, 200, 900, 1, 0), row("(string)", 5, 100, 100)]}
DEVTOOLS = {"classes": {"Map": [2, 200, 900], "(string)": [5, 100, 100], "Detached A": [1, 10, 10], "A": [2, 20, 20]},
            "diff": {"Map": [1, 0, 10, 0]}}
MEMLAB = {"classes": {"Map": [2, 200], "(string)": [5, 100], "A": [3, 30]}, "retained": {"7": 900, "9": 50, "11": 5}}
RETAINERS = [{"holders": [{"id": i, "retained_bytes": b}]} for i, b in ((7, 900), (9, 50), (11, 5))]


def changed(value, *path):
    """A copy with 1 more at @path."""
    value = copy.deepcopy(value)
    at = value
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] += 1
    return value


class Beside(unittest.TestCase):
    def devtools(self, other=None, top=None, diff=None):
        return heap_beside.beside_devtools(other or DEVTOOLS, top or TOP, diff or DIFF)[0]

    def memlab(self, other=None, top=None, retainers=None):
        return heap_beside.beside_memlab(other or MEMLAB, top or TOP, RETAINERS if retainers is None else retainers)[0]

    def test_the_same(self):
        self.assertEqual(self.devtools(), [])
        self.assertEqual(self.memlab(), [])

    def test_each_figure_of_a_class(self):
        for key in ("counts", "bytes", "retained_bytes"):
            self.assertEqual(len(self.devtools(top=changed(TOP, "classes", 0, key, 0))), 1, key)
        for key in ("counts", "bytes"):
            self.assertEqual(len(self.memlab(top=changed(TOP, "classes", 0, key, 0))), 1, key)

    def test_each_figure_of_a_change(self):
        for key in ("new", "deleted", "new_bytes", "deleted_bytes"):
            self.assertEqual(len(self.devtools(diff=changed(DIFF, "classes", 0, "by_id", key))), 1, key)

    def test_a_class_that_one_side_lacks(self):
        self.assertEqual(len(self.devtools(top={"classes": TOP["classes"][1:]})), 1)
        self.assertEqual(len(self.devtools(top={"classes": TOP["classes"] + [row("B", 1, 1, 1)]})), 1)

    def test_nothing_that_was_compared(self):
        self.assertEqual(len(self.devtools(other={**DEVTOOLS, "diff": {}}, diff={"classes": []})), 1)
        self.assertEqual(len(self.memlab(retainers=RETAINERS[:1])), 1)

    def test_a_retained_size(self):
        self.assertEqual(len(self.memlab(retainers=changed(RETAINERS, 1, "holders", 0, "retained_bytes"))), 1)


if __name__ == "__main__":
    unittest.main()
