/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_H
#define _SELFTESTS_MP_H

/*
 * For every selftest:
 *
 *	mp_driver.h	calls of mp_test.ko
 *	mp_lever.h	what makes the VM move pages
 *	mp_books.h	what must hold after every test
 *	mp_warning.h	kernel warnings a test expects
 *	mp_file.h	files of /proc and /sys
 *
 * and for those that want them:
 *
 *	mp_worker.h	threads that do one thing again and again
 *	mp_fragment.h	a pool all over memory, with holes
 *	mp_point.h	wait points of the test build
 *	mp_fault.h	and what it lets fail
 *	mp_module.h	loading and unloading modules
 *
 * Tests use FIXTURE(pool), in which self->fd is the driver.
 */

#include <linux/types.h>

#include "mp_books.h"
#include "mp_driver.h"
#include "mp_harness.h"
#include "mp_lever.h"
#include "mp_warning.h"

FIXTURE(pool) {
	struct mp_world world;
	int fd;
};

FIXTURE_SETUP(pool)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
}

FIXTURE_TEARDOWN(pool)
{
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define MP_TEST_F(name)	TEST_F(pool, name)

#endif /* _SELFTESTS_MP_H */
