// SPDX-License-Identifier: GPL-2.0
/* The balloon is unplugged while it is inflated, and plugged in again. */

#include "mp.h"
#include "mp_vb_fixture.h"
#include "mp_worker.h"

#define MIB_IN	64
#define UNPLUG	"device_del {'id': 'balloon'}"
#define PLUG	"device_add {'driver': 'virtio-balloon-pci', 'id': 'balloon'}"

/* Return: 0 when the driver has no device any more, within a minute. */
static int unplugged(void)
{
	char answer[MP_HOST_ANSWER];
	int err = mp_host_ask(answer, UNPLUG);
	int tries = 6000;

	while (!err && mp_vb_stat("pages") != -ENOENT && tries--)
		usleep(10000);
	return tries < 0 ? -ETIMEDOUT : err;
}

/* QEMU refuses it while it still has the one that was unplugged. */
static int plugged_in(void)
{
	char answer[MP_HOST_ANSWER];
	int tries = 600;
	int err;

	while ((err = mp_host_ask(answer, PLUG)) && tries--)
		usleep(100000);
	while (!err && mp_vb_stat("pages") < 0 && tries--)
		usleep(100000);
	return tries < 0 ? -ETIMEDOUT : err;
}

BALLOON_F(unplugged_while_inflated_R3)
{
	int i;

	for (i = 1; i <= 4; i++) {
		ASSERT_EQ(0, mp_vb_reach(i * MIB_IN));
		ASSERT_EQ(0, unplugged());
		EXPECT_EQ(self->total, mp_mem_total());
		EXPECT_EQ(-ENOENT, mp_vb_stat("pages"));
		ASSERT_EQ(0, plugged_in());
		EXPECT_EQ(0, mp_vb_stat("pages"));
		EXPECT_EQ(0, mp_vb_actual());
	}
}

static int step_compact(struct mp_worker *worker)
{
	return mp_compact();
}

/* Return: 0 when so many pages are in, or have moved. */
static int at_least(const char *name, long n)
{
	int tries = 6000;

	while (mp_vb_stat(name) < n && tries--)
		usleep(10000);
	return tries < 0 ? -ETIMEDOUT : 0;
}

BALLOON_F(unplugged_while_pages_go_in_and_move_R6)
{
	struct mp_worker compactor = { .step = step_compact };
	int i;

	ASSERT_EQ(0, mp_worker_start(&compactor));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, mp_vb_want(4 * MIB_IN));
		ASSERT_EQ(0, at_least("pages", mp_vb_pages_of(MIB_IN)));
		ASSERT_EQ(0, at_least("migrated", 20));
		ASSERT_EQ(0, unplugged());
		EXPECT_EQ(self->total, mp_mem_total());
		ASSERT_EQ(0, plugged_in());
	}
	EXPECT_EQ(0, mp_worker_stop(&compactor));
}

TEST_HARNESS_MAIN
