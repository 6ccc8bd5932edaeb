# SPDX-License-Identifier: GPL-2.0
# Which backings this kernel can have, and whether it is one for us at all.

mp-lacks := $(strip $(if $(CONFIG_MIGRATION),,CONFIG_MIGRATION) \
	$(if $(CONFIG_COMPACTION),,CONFIG_COMPACTION))

ifneq ($(mp-lacks),)
ccflags-y += -DMP_LACKS='"$(subst $(space), and ,$(mp-lacks))"'
else
ccflags-y += -DMP_HAVE_MIGRATION
mp-cache := $(firstword $(call mp-has,cache_folio cache_page))
mp-objs += cache.o settle.o $(patsubst cache_%,compat/cache-%.o,$(mp-cache))
mp-nonlru := $(firstword $(call mp-has,nonlru_typed nonlru_mops nonlru_aops))
mp-objs += $(patsubst nonlru_%,compat/nonlru-%.o,\
	$(filter-out nonlru_typed,$(mp-nonlru)))
# Not compat: what will be left of these one day.
mp-objs += $(patsubst nonlru_%,%.o,$(filter nonlru_typed,$(mp-nonlru)))
ccflags-y += $(if $(mp-nonlru),-DMP_HAVE_NONLRU)
# Balloon pools: by our own hand where that is possible.
mp-balloon := $(if $(mp-nonlru),,$(call mp-has,balloon_kernel))
mp-objs += $(addsuffix .o,$(mp-balloon))
ccflags-y += $(if $(mp-balloon),-DMP_HAVE_BALLOON_BACKING)
endif

mp-kernel := movable_pool: this kernel ($(KERNELVERSION))
ifeq ($(findstring Makefile.clean,$(MAKEFILE_LIST)),)
ifndef CONFIG_MMU
$(error $(mp-kernel) is built without CONFIG_MMU)
endif
ifndef CONFIG_64BIT
$(error $(mp-kernel) is built without CONFIG_64BIT)
endif
ifeq ($(call mp-has,base),)
$(error $(mp-kernel) is older than 5.10, or its headers are incomplete: \
	compat/probe/base.c does not compile)
endif
ifeq ($(mp-lacks)$(mp-cache),)
$(error $(mp-kernel) is outside of what is supported, 5.10 to 5.17 and 6.0 \
	or later: neither form of page cache in compat/probe compiles)
endif
endif
