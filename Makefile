# SPDX-License-Identifier: GPL-2.0
# The verbs of this tree.  As an external module, `make -C KDIR M=$PWD` reads
# Kbuild instead and needs nothing of what is here.

KDIR   ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= 6.1
ONLY   ?=
PYTHON := /usr/bin/python3 -B

.PHONY: modules test demo check clean help

modules:
	@[ -d "$(KDIR)" ] || { echo "error: no kernel headers in $(KDIR):" \
		"install linux-headers-$$(uname -r), or say KDIR=directory" \
		"(make test and make demo need none)" >&2; exit 1; }
	@$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

test:
	@tools/setup test
	@$(PYTHON) tools/run-tests.py --kernel "$(KERNEL)" $(if $(ONLY),--only "$(ONLY)")

demo:
	@tools/setup demo
	@$(PYTHON) tools/demo.py --kernel "$(KERNEL)"

check:
	@tools/setup check
	@$(PYTHON) tools/check.py

clean:
	@[ ! -d "$(KDIR)" ] || $(MAKE) -s -C "$(KDIR)" M="$(CURDIR)" clean
	@[ ! -x /usr/bin/python3 ] || $(PYTHON) tools/build.py clean

help:
	@echo "make              build the modules for the running kernel"
	@echo "make KDIR=dir     build them for the kernel whose headers are in dir"
	@echo "make demo         watch driver pages move, in a virtual machine"
	@echo "make test         run all tests, in virtual machines"
	@echo "make test ONLY=x  run one group, program or test, or tests named for x"
	@echo "make check        style, static analysis, documentation comments"
	@echo "make clean        drop what was built (fetched kernels are kept)"
	@echo ""
	@echo "test and demo take KERNEL=version; there is: 6.1 (the default)"
	@echo "What they fetch and build is in ~/.cache/movable-pool; set"
	@echo "MOVABLE_POOL_CACHE to have it elsewhere."
