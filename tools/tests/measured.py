# SPDX-License-Identifier: GPL-2.0
"""What tests of the bench's reports have in common."""


class Quiet:
    """A Progress that nobody sees."""

    def show(self, step, done, total):
        pass


class There:
    """What was built: all of these modules."""

    def __init__(self, *names):
        self.names = names

    def module(self, name):
        return name if name in self.names else None
