# SPDX-License-Identifier: GPL-2.0
"""The map of physical memory: captures, what they say, pictures of them."""
