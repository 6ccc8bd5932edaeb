// SPDX-License-Identifier: GPL-2.0
/*
 * What a host may offer and ask for, and what samples/balloon makes of it:
 * features, sizes of queues, targets, statistics, hints.
 */

#include <sys/mman.h>

#include "mp_fake_test.h"

/* What the host has in the configuration before anybody writes to it. */
#define UNTOLD		0x12345678
#define ACCEPTED(features) \
	((features) | MP_FAKE_BIT(VIRTIO_F_VERSION_1))

static int plug_untold(int host, __u64 features)
{
	return mp_fake_plug(host, (struct mp_fake_setup) {
		.features = features,
		.queue_size = MP_FAKE_SIZE,
		.poison = UNTOLD,
	});
}

/* Was the kernel told this? */
static int word(const char *text)
{
	char cmdline[1024];

	return mp_read_file("/proc/cmdline", cmdline, sizeof(cmdline)) > 0 &&
	       strstr(cmdline, text);
}

/* Group fake_freed: the kernel clears what it frees, and relies on that. */
static int freed_pages_are_clear(void)
{
	return word("init_on_free=1");
}

FAKE_F(what_pages_look_like_is_told)
{
	struct mp_fake_state state;

	ASSERT_EQ(0, plug_untold(self->host, MP_FAKE_POISON));
	state = mp_fake_state(self->host);
	if (freed_pages_are_clear()) {
		EXPECT_EQ(ACCEPTED(MP_FAKE_POISON), state.features);
		EXPECT_EQ(0, state.poison);
	} else {
		EXPECT_EQ(ACCEPTED(0), state.features);
		EXPECT_EQ(UNTOLD, state.poison);
	}
}

/* A host that does not say how it treats free memory gets it only if we care */
FAKE_F(reporting_takes_poison)
{
	__u64 accepted = freed_pages_are_clear() ? 0 : MP_FAKE_REPORTING;

	ASSERT_EQ(0, plug_untold(self->host, MP_FAKE_REPORTING));
	EXPECT_EQ(ACCEPTED(accepted), mp_fake_state(self->host).features);
	EXPECT_EQ(accepted ? MP_FAKE_SIZE : 0,
		  mp_fake_queue(self->host, MP_FAKE_REPORT).size);
}

/* Return: words that are not 0 in new memory, of half of what is free. */
static long words_not_clear(void)
{
	size_t size = mp_read_field("/proc/meminfo", "MemFree") * 1024 / 2;
	unsigned long *words = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
				    -1, 0);
	long i, n = 0;

	if (words == MAP_FAILED)
		return -errno;
	for (i = 0; i < size / sizeof(*words); i++)
		n += !!words[i];
	munmap(words, size);
	return n;
}

/*
 * The host makes of it what it was told it has to look like, or if it was not,
 * anything.
 */
FAKE_F(free_memory_is_reported)
{
	ASSERT_EQ(0, plug_untold(self->host,
				 MP_FAKE_REPORTING | MP_FAKE_POISON));
	EXPECT_EQ(0, mp_fake_answers(self->host, MP_FAKE_REPORT, 1));
	EXPECT_LE(512, mp_fake_queue(self->host, MP_FAKE_REPORT).pages);
	EXPECT_EQ(0, words_not_clear());
	EXPECT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
	EXPECT_EQ(0, mp_fake_reach(self->host, 0));
}

FAKE_F(silent_host_has_free_memory)
{
	struct mp_once unbind;

	ASSERT_EQ(0, plug_untold(self->host,
				 MP_FAKE_REPORTING | MP_FAKE_POISON));
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_REPORT, 0));
	/* So that there is free memory that was not reported before. */
	ASSERT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_reach(self->host, 0));
	ASSERT_EQ(0, mp_fake_pends(self->host, MP_FAKE_REPORT, 1));
	ASSERT_EQ(0, mp_write_long(MP_FAKE_DRIVER "patience", 1));
	ASSERT_EQ(0, mp_fake_unbind(&unbind));
	EXPECT_EQ(0, mp_once_join(&unbind));
	EXPECT_EQ(1, mp_fake_state(self->host).resets);
}

/* What would cost an allocation in reclaim, and what needs DMA addresses. */
FAKE_F(unwanted_features_are_refused)
{
	__u64 unwanted = MP_FAKE_BIT(VIRTIO_RING_F_INDIRECT_DESC) |
			 MP_FAKE_BIT(VIRTIO_F_ACCESS_PLATFORM);

	ASSERT_EQ(0, mp_fake_plug_features(self->host, unwanted |
					   MP_FAKE_MUST_TELL));
	EXPECT_EQ(ACCEPTED(MP_FAKE_MUST_TELL),
		  mp_fake_state(self->host).features);
	EXPECT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
}

/* The probe fails, leaves nothing, and a better device is welcome. */
static void not_bound(struct __test_metadata *_metadata, int host,
		      struct mp_fake_setup setup)
{
	ASSERT_EQ(0, mp_fake_plug(host, setup));
	EXPECT_EQ(NULL, mp_vb_device());
	EXPECT_EQ(-ENOENT, mp_vb_stat("pages"));
	EXPECT_NE(0, mp_fake_state(host).status & VIRTIO_CONFIG_S_FAILED);
	EXPECT_EQ(0, mp_fake_state(host).status & VIRTIO_CONFIG_S_DRIVER_OK);
	EXPECT_EQ(0, mp_fake_queue(host, MP_FAKE_INFLATE).size);
	EXPECT_EQ(0, mp_fake_queue(host, MP_FAKE_DEFLATE).size);
	ASSERT_EQ(0, mp_fake_unplug(host, 0));
	ASSERT_EQ(0, mp_fake_plug_features(host, MP_FAKE_MUST_TELL));
	EXPECT_EQ(0, mp_fake_reach(host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_unplug(host, 0));
}

FAKE_F(queues_are_too_small)
{
	not_bound(_metadata, self->host, (struct mp_fake_setup) {
		.queue_size = 1,
	});
	not_bound(_metadata, self->host, (struct mp_fake_setup) {
		.queue_size = 2,
		.features = MP_FAKE_STATS_VQ | MP_FAKE_HINTING |
			    MP_FAKE_REPORTING | MP_FAKE_MUST_TELL,
	});
}

/* Found out late: the device is running by then. */
FAKE_F(hint_queue_is_too_small)
{
	not_bound(_metadata, self->host, (struct mp_fake_setup) {
		.queue_size = MP_FAKE_SIZE,
		.hint_size = 1,
		.features = MP_FAKE_STATS_VQ | MP_FAKE_HINTING |
			    MP_FAKE_ON_OOM | MP_FAKE_MUST_TELL,
	});
}

FAKE_F(there_are_no_queues)
{
	not_bound(_metadata, self->host, (struct mp_fake_setup) {
		.queue_size = MP_FAKE_SIZE,
		.find_error = -ENOMEM,
	});
}

/* Room for two moves at a time. */
FAKE_F(smallest_queues)
{
	struct mp_once vm;

	ASSERT_EQ(0, mp_fake_plug(self->host, (struct mp_fake_setup) {
		.queue_size = 4,
		.features = MP_FAKE_STATS_VQ | MP_FAKE_HINTING |
			    MP_FAKE_MUST_TELL,
	}));
	ASSERT_EQ(0, mp_fake_reach(self->host, MP_FAKE_IN));
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_INFLATE, 0));
	ASSERT_NE(0, mp_fake_move(self->host, &vm, self->fd));
	ASSERT_EQ(0, mp_fake_allow_all(self->host));
	EXPECT_EQ(0, mp_once_join(&vm));
	EXPECT_EQ(1, mp_vb_stat("migrated"));
	EXPECT_EQ(0, mp_fake_reach(self->host, 0));
}

/*
 * All that a host can ask for: it gets what can be spared, and then is not
 * asked whether it has changed its mind as fast as the machine can.
 */
FAKE_F(target_of_all_ones)
{
	long spare = mp_read_long(MP_FAKE_DRIVER "spare");
	long frames, tries = 600;
	__u64 messages;

	ASSERT_LT(0, spare);
	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_MUST_TELL));
	ASSERT_EQ(0, mp_fake_want(self->host, 0xffffffff));
	do {
		frames = mp_fake_state(self->host).frames;
		sleep(1);
	} while (frames != mp_fake_state(self->host).frames && tries--);
	EXPECT_LT(self->total / 4 / 2, frames);
	EXPECT_LT(spare / 2, mp_read_field("/proc/meminfo",
					   "MemAvailable") / 1024);
	messages = mp_fake_queue(self->host, MP_FAKE_INFLATE).messages;
	sleep(3);
	EXPECT_GE(messages + 50,
		  mp_fake_queue(self->host, MP_FAKE_INFLATE).messages);
	EXPECT_EQ(0, mp_fake_reach(self->host, 0));
}

static __u64 stat_of(int host, int tag)
{
	struct mp_fake_stats stats = mp_fake_stats(host);
	int i;

	for (i = 0; i < stats.count; i++)
		if (stats.stats[i].tag == tag)
			return stats.stats[i].value;
	return 0;
}

/* The host has one message from the beginning, and a new one for each. */
FAKE_F(statistics_when_asked)
{
	int i;

	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_STATS_VQ |
					   MP_FAKE_ON_OOM));
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, mp_fake_pends(self->host, MP_FAKE_STATS, 1));
		ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_STATS, 1));
		ASSERT_EQ(0, mp_fake_answers(self->host, MP_FAKE_STATS, i));
		EXPECT_EQ(self->total * 1024ULL,
			  stat_of(self->host, VIRTIO_BALLOON_S_MEMTOT));
		EXPECT_LT(0, stat_of(self->host, VIRTIO_BALLOON_S_MEMFREE));
		EXPECT_LT(0, stat_of(self->host, VIRTIO_BALLOON_S_CACHES));
	}
}

/* A migration: free memory is kept for the host until it is done. */
FAKE_F(free_memory_is_hinted)
{
	long before = mp_read_field("/proc/meminfo", "MemFree"), kept;
	int tries = MP_FAKE_TRIES;

	ASSERT_EQ(0, mp_fake_plug_features(self->host, MP_FAKE_HINTING));
	ASSERT_EQ(0, mp_fake_hint(self->host, 7));
	while ((!mp_fake_state(self->host).hints ||
		mp_fake_state(self->host).hint_id) && tries--)
		usleep(10000);
	EXPECT_EQ(VIRTIO_BALLOON_CMD_ID_STOP,
		  mp_fake_state(self->host).hint_id);
	kept = mp_fake_state(self->host).hints * 4;
	EXPECT_LT(before / 4, kept);
	EXPECT_GT(before - kept / 2, mp_read_field("/proc/meminfo", "MemFree"));
	ASSERT_EQ(0, mp_fake_hint(self->host, VIRTIO_BALLOON_CMD_ID_DONE));
	for (tries = MP_FAKE_TRIES; tries--; usleep(10000))
		if (mp_read_field("/proc/meminfo", "MemFree") >
		    before - kept / 2)
			break;
	EXPECT_LT(0, tries);
}

static int hint_id_becomes(int host, __u32 id)
{
	int tries = MP_FAKE_TRIES;

	while (mp_fake_state(host).hint_id != id && tries--)
		usleep(10000);
	return mp_fake_state(host).hint_id == id ? 0 : -ETIMEDOUT;
}

/*
 * QEMU names an id until it has got that back, and says STOP while it reads.
 * If the driver looks then, for the interrupt was late, it goes on anyway.
 */
FAKE_F(stop_is_not_the_end_of_hints)
{
	long before = mp_read_field("/proc/meminfo", "MemFree");
	struct mp_fake_setup setup = {
		.queue_size = MP_FAKE_SIZE,
		.hint_size = 8,
		.features = MP_FAKE_HINTING,
	};

	ASSERT_EQ(0, mp_fake_plug(self->host, setup));
	/* The id is read, nothing more until the driver can know of STOP. */
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_HINT, 1));
	ASSERT_EQ(0, mp_fake_hint(self->host, 7));
	ASSERT_EQ(0, hint_id_becomes(self->host, 7));
	ASSERT_EQ(0, mp_fake_hint(self->host, VIRTIO_BALLOON_CMD_ID_STOP));
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_HINT, MP_FAKE_ALL));
	EXPECT_EQ(0, hint_id_becomes(self->host, VIRTIO_BALLOON_CMD_ID_STOP));
	EXPECT_LT(before / 4, mp_fake_state(self->host).hints * 4);
	EXPECT_EQ(0, mp_fake_hint(self->host, VIRTIO_BALLOON_CMD_ID_DONE));
}

/* A host that has read the id and no more: the queue is full of blocks. */
static void hints_unread(struct __test_metadata *_metadata, int host)
{
	struct mp_fake_setup setup = {
		.queue_size = MP_FAKE_SIZE,
		.hint_size = 8,
		.features = MP_FAKE_HINTING,
	};

	ASSERT_EQ(0, mp_fake_plug(host, setup));
	ASSERT_EQ(0, mp_fake_allow(host, MP_FAKE_HINT, 1));
	ASSERT_EQ(0, mp_fake_hint(host, 7));
	ASSERT_EQ(0, hint_id_becomes(host, 7));
	ASSERT_EQ(0, mp_fake_pends(host, MP_FAKE_HINT, 7));
}

/* QEMU is not reset while its other thread reads hints (see hint.c). */
FAKE_F(unbind_lets_the_host_read_hints)
{
	struct mp_once unbind;

	hints_unread(_metadata, self->host);
	ASSERT_EQ(0, mp_fake_unbind(&unbind));
	EXPECT_EQ(1, mp_once_waits(&unbind));
	EXPECT_EQ(0, mp_fake_state(self->host).resets);
	EXPECT_EQ(0, mp_fake_state(self->host).hints);
	ASSERT_EQ(0, mp_fake_allow(self->host, MP_FAKE_HINT, MP_FAKE_ALL));
	EXPECT_EQ(0, mp_once_join(&unbind));
	EXPECT_EQ(1, mp_fake_state(self->host).resets);
	EXPECT_EQ(VIRTIO_BALLOON_CMD_ID_STOP,
		  mp_fake_state(self->host).hint_id);
	EXPECT_LT(0, mp_fake_state(self->host).hints);
}

/* Not for ever: nothing is lost with hints. */
FAKE_F(unbind_does_not_need_hints_read)
{
	long before = mp_read_field("/proc/meminfo", "MemFree");
	struct mp_once unbind;

	hints_unread(_metadata, self->host);
	ASSERT_EQ(0, mp_fake_unbind(&unbind));
	EXPECT_EQ(1, mp_once_waits(&unbind));
	EXPECT_EQ(0, mp_once_join(&unbind));
	EXPECT_EQ(1, mp_fake_state(self->host).resets);
	EXPECT_EQ(0, mp_fake_state(self->host).hints);
	EXPECT_LT(before - 16 * 1024,
		  mp_read_field("/proc/meminfo", "MemFree"));
}

TEST_HARNESS_MAIN
