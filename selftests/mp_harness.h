/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_HARNESS_H
#define _SELFTESTS_MP_HARNESS_H

/* The kernel's test harness, with the patience that our machines need. */

#include "kselftest_harness.h"

/*
 * Seconds.  Emulated and busy machines: a limit for hangs, not for slowness.
 * TEST() and TEST_F() take it from here when they are used.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	180

#endif /* _SELFTESTS_MP_HARNESS_H */
