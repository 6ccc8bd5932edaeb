# SPDX-License-Identifier: GPL-2.0
"""movable_pool's pools, pages and handles, for drgn.

    >>> import movable_pool
    >>> kernel = movable_pool.Kernel(prog)
    >>> movable_pool.pools(kernel)
    >>> movable_pool.pages(kernel.pool("first-0"))
    >>> movable_pool.state(kernel, handle)      # of a struct movable_page *
    >>> movable_pool.validate(kernel)

As a program, `python3 -m movable_pool list`, it looks at the kernel that runs.
It only reads, and takes no lock: a page that moves meanwhile may be seen twice
or not at all.  What validate() says is wrong was so at each of several looks.

    kernel.py     where things are: debug information, /proc/kallsyms
    word.py       the eight bytes of a handle
    memmap.py     struct page, very many at a time
    page.py       one page of a pool, and its link
    pool.py       a pool, its books and pages
    check.py      what must hold of them
    __main__.py   the program
"""
from .check import validate
from .kernel import Failure, Kernel
from .pool import Pool, pages, pools, state
from .word import Word

__all__ = ("Failure", "Kernel", "Pool", "Word", "pages", "pools", "state",
           "validate")
