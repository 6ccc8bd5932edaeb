/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_EDU_STORM_H
#define _SELFTESTS_MP_EDU_STORM_H

/*
 * All devices at work, and everybody moving their pages between transfers: the
 * driver, and the VM, which is asked for their frames.
 */

#include "mp_edu.h"
#include "mp_lever.h"

#define MP_EDU_HOLES	131072	/* pages, all that is not ZONE_MOVABLE */

/*
 * Others' pages, which are left with a hole beside each: compaction has no use
 * for blocks that are all free.  Return: the pool, or -errno.
 */
static inline int mp_edu_holes(int driver)
{
	struct mp_test_create create = {
		.name = "holes",
		.capacity = MP_EDU_HOLES,
		.zone = MP_TEST_ZONE_DMA32,
	};
	int pool = mp_create_as(driver, &create);
	struct mp_test_call fill = {
		.verb = MP_TEST_ALLOC,
		.pool = pool,
		.count = MP_EDU_HOLES,
		.arg = MP_TEST_GFP_NORETRY,
	};
	int i, err;

	if (pool < 0)
		return pool;
	/* Until there is no more. */
	if (mp_call(driver, &fill) != -ENOMEM)
		return -EIO;
	err = mp_do(driver, pool, MP_TEST_PUBLISH, 0, fill.done);
	for (i = 0; i < fill.done && !err; i += 2)
		err = mp_do(driver, pool, MP_TEST_FREE, i, 1);
	return err ?: pool;
}

/**
 * struct mp_edu_storm - who is at work
 * @nr: devices
 * @devices: one each, with pairs of transfers
 * @owner: has the drivers move all pages
 * @vm: compacts memory, and wants the frames of pages
 * @driver: mp_test.ko, which evicts
 */
struct mp_edu_storm {
	int nr;
	struct mp_worker devices[MP_EDU_MAX];
	struct mp_worker owner;
	struct mp_worker vm;
	int driver;
};

/* What came of it, of all devices together. */
struct mp_edu_sum {
	long transfers;
	long astray;
	long migrated;
	long directed;
	long refused_pinned;
	long refused_target;
	int beyond;
};

static inline int mp_edu_owner_step(struct mp_worker *worker)
{
	struct mp_edu_storm *storm = (void *)((char *)worker -
			__builtin_offsetof(struct mp_edu_storm, owner));

	mp_edu_move(storm->devices[worker->random++ % storm->nr].fd);
	usleep(5000);
	return 0;
}

/*
 * Compaction has frames from the end of the zone, out of reach, to give; who
 * wants a certain frame takes others from anywhere in it.  Soft offline uses
 * frames up, so it is not for each step.
 */
static inline int mp_edu_vm_step(struct mp_worker *worker)
{
	struct mp_edu_storm *storm = (void *)((char *)worker -
			__builtin_offsetof(struct mp_edu_storm, vm));
	unsigned int n = worker->random++;
	struct movable_edu_status status =
		mp_edu_status(storm->devices[n % storm->nr].fd);
	__u64 pfn = status.pfn[n % MOVABLE_EDU_PAGES];

	if (n % 16 == 8)
		mp_compact();
	else if (n % 4 == 1)
		mp_soft_offline(pfn);
	else
		mp_evict(storm->driver, pfn, 1);
	usleep(5000);
	return 0;
}

static inline int mp_edu_storm_start(struct mp_edu_storm *storm, int driver,
				     unsigned int pairs)
{
	int i, err = 0;

	memset(storm, 0, sizeof(*storm));
	storm->driver = driver;
	storm->nr = mp_edu_devices();
	if (!storm->nr)
		return -ENODEV;
	for (i = 0; i < storm->nr && !err; i++) {
		storm->devices[i] = (struct mp_worker) {
			.step = mp_edu_step,
			.fd = mp_edu_open(i),
			.first = pairs,
			.random = 1000 * i,
		};
		err = storm->devices[i].fd < 0 ? storm->devices[i].fd :
		      mp_worker_start(&storm->devices[i]);
	}
	storm->owner.step = mp_edu_owner_step;
	storm->vm.step = mp_edu_vm_step;
	return err ?: mp_worker_start(&storm->owner) ?:
	       mp_worker_start(&storm->vm);
}

/* Until each device has done its part.  Return: 0, or the first error. */
static inline int mp_edu_storm_end(struct mp_edu_storm *storm)
{
	int i, err = 0;

	for (i = 0; i < storm->nr; i++) {
		pthread_join(storm->devices[i].thread, NULL);
		if (storm->devices[i].err != -ESHUTDOWN && !err)
			err = storm->devices[i].err;
	}
	mp_worker_stop(&storm->owner);
	mp_worker_stop(&storm->vm);
	return err;
}

/* And the devices are closed. */
static inline struct mp_edu_sum mp_edu_storm_sum(struct mp_edu_storm *storm)
{
	struct mp_edu_sum sum = {};
	int i;

	for (i = 0; i < storm->nr; i++) {
		int fd = storm->devices[i].fd;
		struct movable_edu_status status = mp_edu_status(fd);

		sum.transfers += status.transfers;
		sum.astray += status.astray;
		sum.migrated += status.migrated;
		sum.directed += status.directed;
		sum.refused_pinned += status.refused_pinned;
		sum.refused_target += status.refused_target;
		sum.beyond += mp_edu_beyond(fd);
		close(fd);
	}
	return sum;
}

static inline void mp_edu_sum_print(const struct mp_edu_sum *sum)
{
	printf("# transfers %ld, moves by the driver %ld, by the VM %ld\n",
	       sum->transfers, sum->directed, sum->migrated);
	printf("# refused: in a transfer %ld, out of reach %ld\n",
	       sum->refused_pinned, sum->refused_target);
}

#endif /* _SELFTESTS_MP_EDU_STORM_H */
