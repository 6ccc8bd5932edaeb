# SPDX-License-Identifier: GPL-2.0
"""What the demos show, and how: on a terminal, or on what is none.

What runs in a guest (samples/demo.h) reports a "word value..." a line.
"""
import os

from cache import say

BAR = 32


class Style:
    """How to draw on this terminal, or on what is none."""

    def __init__(self, stream):
        self.live = stream.isatty()
        self.colour = self.live and "NO_COLOR" not in os.environ
        fancy = (stream.encoding or "").lower().startswith("utf")
        self.free = "\u00b7" if fancy else "."
        self.shades = "\u2591\u2592\u2593\u2588" if fancy else "-+*@"
        self.rule = "\u2500" if fancy else "-"

    def paint(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def shade(self, part, whole):
        """One character for how much of it there is."""
        return self.shades[(part * 4 - 1) // whole] if part else self.free

    def bold(self, text):
        return self.paint(text, "1")


class Progress:
    """One line that fills up, or a line for each finished step."""

    def __init__(self, style, steps):
        self.style = style
        self.steps = steps              # {name: for people}

    def show(self, step, done, total):
        share = done / total if total else 1
        name = self.steps[step]
        if self.style.live:
            full = self.style.shades[3] * int(share * BAR)
            rest = self.style.free * (BAR - int(share * BAR))
            end = "\n" if done >= total else ""
            print(f"\r  {name:<16}{full}{rest} {int(share * 100):4} %", end=end,
                  flush=True)
        elif done >= total:
            say(f"  {name:<16}done")


class Report:
    """What a guest reports: a line "some-word 1 2" is on_some_word("1", "2")"""

    def __init__(self, progress):
        self.progress = progress
        self.problems = []

    def line(self, text):
        words = text.split()
        handler = words and getattr(self, "on_" + words[0].replace("-", "_"),
                                    None)
        if handler:
            handler(*words[1:])

    def judge(self, result):
        """What the guest's end says, beside what it reported before."""
        self.problems += ["\n  ".join(lines) for lines in result.problems]
        if result.status and not self.problems:
            self.problems.append(f"the guest failed; see {result.report}")

    def on_mp_begin(self):
        self.progress.show("boot", 1, 1)

    def on_progress(self, step, done, total):
        self.progress.show(step, int(done), int(total))

    def on_error(self, *words):
        self.problems.append("the guest says: " + " ".join(words))
