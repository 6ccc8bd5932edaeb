# SPDX-License-Identifier: GPL-2.0
"""What the fragments of a kernel's configuration say together."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import built


class LastWord(unittest.TestCase):
    def test_a_later_line_holds(self):
        self.assertEqual(
            built.last_word("CONFIG_A=y\n# Why not.\nCONFIG_B=y\n"
                            "# CONFIG_A is not set\n"),
            "# Why not.\nCONFIG_B=y\n# CONFIG_A is not set\n")

    def test_whatever_the_form(self):
        self.assertEqual(built.last_word("#? CONFIG_A=y\nCONFIG_A=m\n"),
                         "CONFIG_A=m\n")

    def test_options_with_a_common_beginning(self):
        text = "CONFIG_A=y\n# CONFIG_A_B is not set\nCONFIG_A_BC=3\n"
        self.assertEqual(built.last_word(text), text)

    def test_remarks_stay(self):
        text = "# One.\n#\n# One.\nCONFIG_A=y\n"
        self.assertEqual(built.last_word(text), text)


if __name__ == "__main__":
    unittest.main()
