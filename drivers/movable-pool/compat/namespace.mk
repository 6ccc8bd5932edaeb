# SPDX-License-Identifier: GPL-2.0
# All that the core exports is in the namespace MOVABLE_POOL, which drivers
# import by MOVABLE_POOL_IMPORT(), from linux/movable_pool.h.

mp-namespace := $(if $(call mp-has,namespace_string),'"MOVABLE_POOL"',MOVABLE_POOL)
ccflags-y += -DDEFAULT_SYMBOL_NAMESPACE=$(mp-namespace)
