# SPDX-License-Identifier: GPL-2.0
"""The table of transitions becomes steps of the model, one each."""
import sys
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import model


class Transitions(unittest.TestCase):
    def test_every_row_is_read(self):
        """As many as the header has, and no name twice."""
        text = model.TABLE.read_text(encoding="ascii")
        names = [row[0] for row in model.transitions()]
        self.assertEqual(len(names), text.count("\nMP_TRANSITION("))
        self.assertEqual(len(names), len(set(names)))

    def test_every_row_is_used(self):
        """What the model does not do it cannot show to be right."""
        text = model.MODEL.read_text(encoding="ascii")
        for name, *_ in model.transitions():
            self.assertIn(f"go_{name}(", text)

    def test_step(self):
        step = model.promela(("pin_live", "LIVE", "0", "ANY", "LIVE", "0",
                              "ONE", "KEPT"))
        self.assertIn("inline go_pin_live()", step)
        self.assertIn("state == LIVE && !dying -> "
                      "state = LIVE; dying = 0; pins++", step)

    def test_step_with_a_frame(self):
        step = model.promela(("end", "MOVING", "0", "NO", "LIVE", "0",
                              "KEPT", "NEW"))
        self.assertIn("inline go_end(f)", step)
        self.assertIn("!dying && !pins -> ", step)
        self.assertIn("; pfn = f", step)

    def test_empty_handle_has_no_frame(self):
        step = model.promela(("die", "MOVING", "1", "NO", "EMPTY", "0",
                              "DROPPED", "DROPPED"))
        self.assertIn("state == MOVING && dying && !pins", step)
        self.assertIn("pins = 0; pfn = 0", step)


class Output(unittest.TestCase):
    """What spin prints is understood."""

    def check(self, text, code=0):
        check = model.Check.__new__(model.Check)
        check.read(text, code)
        return check

    def test_pass(self):
        check = self.check("State-vector 96 byte, depth reached 9, errors: 0\n"
                           "   665319 states, stored\n"
                           "  166.318\ttotal actual memory usage\n")
        self.assertTrue(check.passed())
        self.assertEqual((check.states, check.mib), (665319, 166))

    def test_many_states(self):
        check = self.check("State-vector 96 byte, depth reached 9, errors: 0\n"
                           "1.0789e+08 states, stored\n")
        self.assertEqual(check.states, 107890000)

    def test_error(self):
        self.assertFalse(self.check(
            "pan:1: assertion violated alive (at depth 3)\n"
            "State-vector 96 byte, depth reached 9, errors: 1\n").passed())

    def test_not_all_was_seen(self):
        """No error was found, for memory or depth came to an end."""
        for words in ("Warning: Search not completed\n",
                      "error: max search depth too small\n"):
            self.assertFalse(self.check(words + "errors: 0\n").passed())
        self.assertFalse(self.check("errors: 0\n", code=1).passed())
        self.assertFalse(self.check("killed\n").passed())


if __name__ == "__main__":
    unittest.main()
