// SPDX-License-Identifier: GPL-2.0
/*
 * Long-term pins and CMA: who set memory apart gets it, whatever movable pages
 * have used it meanwhile.  On a machine with cma=64M.
 */

#include "mp.h"
#include "mp_directed.h"

#define SEED	59
#define MIB		(1ULL << 20)
#define CMA		(48 * MIB)	/* that are asked for */
#define MANY	81920		/* pages, most of memory */
#define LONG	100		/* of them have long-term pins */
#define ROOM	20000		/* pages, for what has to leave the area */

/* Frames: [first, end) */
struct area {
	__u64 first;
	__u64 end;
};

static int want(int fd, struct area *area)
{
	struct mp_test_cma cma = { .bytes = CMA };
	int err = mp_ioctl(fd, MP_TEST_IOC_CMA, &cma);

	area->first = cma.pfn;
	area->end = cma.pfn + CMA / mp_page_size();
	return err;
}

/* Of 48 MiB out of 64 what is in use wherever they are. */
static struct area middle(const struct area *area)
{
	return (struct area) {
		.first = area->first + 20 * MIB / mp_page_size(),
		.end = area->first + 28 * MIB / mp_page_size(),
	};
}

static int want_retry(int fd, struct area *area)
{
	int err, tries = 20;

	while ((err = want(fd, area)) && tries--) {
		mp_drain_lru();
		usleep(50000);
	}
	return err;
}

/* Return: how many of the pool's objects are in the area; the first of them. */
static int inside(int fd, int pool, const struct area *area, int *first)
{
	struct mp_test_info *infos = calloc(MANY, sizeof(*infos));
	int i, n = infos ? mp_infos(fd, pool, 0, MANY, infos) : -ENOMEM;

	*first = -1;
	for (i = 0; n >= 0 && i < MANY; i++) {
		if (infos[i].pfn < area->first || infos[i].pfn >= area->end)
			continue;
		if (!n++)
			*first = i;
	}
	free(infos);
	return n;
}

MP_TEST_F(cma_has_its_memory_back)
{
	int pool = mp_create(self->fd, "cma", MANY, 0);
	struct area area, part;
	int i, n, first, room;
	__u64 pfn;

	ASSERT_LE(0, pool);
	ASSERT_EQ(0, want(self->fd, &area));
	ASSERT_EQ(0, mp_make(self->fd, pool, 0, MANY, SEED));
	part = middle(&area);
	n = inside(self->fd, pool, &part, &first);
	/* The VM gives such frames to movable pages when others are few. */
	ASSERT_LE(500, n);
	/* A short pin is in the way. */
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN, first, 1));
	EXPECT_EQ(-ENOMEM, want(self->fd, &area));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_UNPIN, first, 1));
	/* A long one is not. */
	for (i = first; i < first + LONG; i++)
		ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_PIN_LONGTERM, i,
				   1));
	pfn = mp_pfn(self->fd, pool, first);
	EXPECT_TRUE(pfn < area.first || pfn >= area.end);
	room = first < ROOM ? first + LONG : 0;
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, MANY, SEED));
	ASSERT_EQ(0, mp_do(self->fd, pool, MP_TEST_FREE, room, ROOM));
	EXPECT_EQ(0, want_retry(self->fd, &area));
	EXPECT_EQ(pfn, mp_pfn(self->fd, pool, first));
	EXPECT_EQ(0, inside(self->fd, pool, &area, &i));
	EXPECT_EQ(0, mp_verify(self->fd, pool, 0, room, SEED));
	EXPECT_EQ(0, mp_verify(self->fd, pool, room + ROOM,
			       MANY - room - ROOM, SEED));
}

TEST_HARNESS_MAIN
