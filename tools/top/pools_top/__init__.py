# SPDX-License-Identifier: GPL-2.0
"""Pools at a glance: what they are doing, second by second.

    books.py      what debugfs says now
    rates.py      what has happened between two readings
    screen.py     both as lines of text, as wide and high as there is room
    __main__.py   the program
"""
