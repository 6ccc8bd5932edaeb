/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_MAPPED_FIXTURE_H
#define _SELFTESTS_MP_MAPPED_FIXTURE_H

/* Tests use MAPPED_F(), in which self->it is a mapped pool, all of it ready. */

#include "mp.h"
#include "mp_mapped.h"

#define PAGES	16

FIXTURE(mapped) {
	struct mp_world world;
	struct mp_mapped it;
	int fd;
};

FIXTURE_SETUP(mapped)
{
	ASSERT_EQ(0, mp_world_open(&self->world));
	self->fd = self->world.fd;
	ASSERT_EQ(0, mp_mapped_make(&self->it, self->fd, PAGES, 0));
}

FIXTURE_TEARDOWN(mapped)
{
	mp_mapped_end(&self->it);
	EXPECT_STREQ("", mp_world_close(&self->world));
}

#define MAPPED_F(name)	TEST_F(mapped, name)

#endif /* _SELFTESTS_MP_MAPPED_FIXTURE_H */
