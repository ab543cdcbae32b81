# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""compare_stacks.py tells stacks that are equal, those that may differ, and those that may not.
usage: python3 compare_stacks_test.py"""
import contextlib
import io
import unittest

import compare_stacks as cs

OURS = [0x1010, 0x2020, 0x3030]
HANDLER, RESTORE = [0x9000, "", "on_signal"], [0x9100, "signal", "__restore_rt"]
OTHER = [0x9200, "", "on_other"]
BELOW = [[0x1010, "", "leaf"], [0x2021, "", "middle"], [0x3031, "", "main"]]
NO_CODE = [[0x77, "no code", ""]]


def judged(frames, is_return=False, end="complete", sp=8, ours=None):
    stop = cs.Stop(7, 8, is_return, end, ours or OURS)
    record = {"tid": 7, "sp": sp, "frames": frames, "end": "outermost", "generated": 0}
    pairs = list(cs.paired([stop], [record]))
    equal = []
    with contextlib.redirect_stdout(io.StringIO()):
        said = [cs.judge("test", *pair, equal) for pair in pairs]
    return said


class Judging(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(judged(BELOW), ["equal"])

    def test_a_wrong_caller(self):
        wrong = [BELOW[0], [0x2051, "", "other"], BELOW[2]]
        self.assertEqual(judged(wrong), ["not"])
        self.assertEqual(judged([[0x1011, "", "leaf"], *wrong[1:]], is_return=True), ["not"])

    def test_one_frame_more_or_less(self):
        self.assertEqual(judged([*BELOW, [0x4041, "", "_start"]]), ["not"])
        self.assertEqual(judged(BELOW[:2]), ["not"])

    def test_a_handler_came_first(self):
        self.assertEqual(judged([HANDLER, RESTORE, *BELOW], sp=4), ["a signal came first"])

    def test_two_handlers_came_first(self):
        self.assertEqual(judged([OTHER, RESTORE, HANDLER, RESTORE, *BELOW], sp=4), ["a signal came first"])

    def test_a_handler_over_another_stack(self):
        wrong = [BELOW[0], [0x2051, "", "other"], BELOW[2]]
        self.assertEqual(judged([HANDLER, RESTORE, *wrong], sp=4), [cs.UNSEEN, "not"])
        self.assertEqual(judged([OTHER, *BELOW], sp=4), [cs.UNSEEN, "not"])

    def test_a_handler_had_ended(self):
        self.assertEqual(judged(BELOW, sp=16, ours=[0x9999, *OURS]), ["a handler had ended"])

    def test_a_handler_had_ended_and_another_begun(self):
        self.assertEqual(judged([HANDLER, RESTORE, *BELOW], sp=4, ours=[0x9999, *OURS]), ["a handler had ended"])

    def test_cut_where_no_code_follows(self):
        self.assertEqual(judged([*BELOW, *NO_CODE], end="no_table"), ["coroutine"])
        self.assertEqual(judged([HANDLER, RESTORE, *BELOW, *NO_CODE], sp=4, end="no_table"), ["a signal came first"])

    def test_a_return_has_no_signals(self):
        frames = [HANDLER, RESTORE, [0x1011, "", "leaf"], *BELOW[1:]]
        self.assertEqual(judged(frames, is_return=True, ours=[0x9999, *OURS]), ["not"])


if __name__ == "__main__":
    unittest.main()
