# SPDX-License-Identifier: GPL-2.0
"""The handle's word, as drivers/movable-pool/word.h has it.

The bits are macros there, which debug information does not know.  A test
holds these against that file.
"""
STATE = 0x3
DYING = 1 << 2
ASYNC = 1 << 3
PIN_SHIFT = 4
MAX_PINS = (1 << 18) - 1
POISONED = 1 << 22
PLACED = 1 << 23
PFN_SHIFT = 24
# enum movable_page_state
EMPTY, PRIVATE, LIVE, MOVING = range(4)
STATES = ("empty", "private", "live", "moving")


class Word:
    """What a handle says."""

    def __init__(self, value):
        self.value = value
        self.state = value & STATE
        self.dying = bool(value & DYING)
        self.has_freed = bool(value & ASYNC)
        self.pins = value >> PIN_SHIFT & MAX_PINS
        self.poisoned = bool(value & POISONED)
        self.placed = bool(value & PLACED)
        self.pfn = value >> PFN_SHIFT

    def __repr__(self):
        words = [STATES[self.state], f"frame {self.pfn}", f"{self.pins} pins"]
        words += [name for name in ("dying", "poisoned", "placed")
                  if getattr(self, name)]
        return f"<{', '.join(words)}>"

    def broken(self):
        """Why no handle that has a page can say this for long, or None."""
        if self.state == EMPTY:
            return "its handle is empty"
        if self.state == MOVING and self.pins:
            return f"its handle is moving with {self.pins} pins"
        if self.state == MOVING and self.poisoned:
            return "its handle is moving and poisoned"
        return None
