/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_FAKE_UAPI_H
#define _MP_FAKE_UAPI_H

/*
 * What the selftests say to mp_fake_host.ko: a virtio balloon device whose host
 * is that module.  It answers when it is told to, and keeps an account of each
 * frame.
 */

#include <linux/ioctl.h>
#include <linux/types.h>

#define MP_FAKE_DEVICE		"/dev/mp_fake_host"

/* In the order in which a driver asks for them. */
enum mp_fake_queue {
	MP_FAKE_INFLATE,
	MP_FAKE_DEFLATE,
	MP_FAKE_STATS,
	MP_FAKE_HINT,
	MP_FAKE_REPORT,
	MP_FAKE_QUEUES
};

/* For the next driver that is bound. */
struct mp_fake_setup {
	__u64 features;		/* offered: bits, beside VERSION_1 */
	__u32 queue_size;	/* a power of 2 */
	__s32 find_error;	/* 0, or a negative errno: no queues */
	__u32 poison;		/* in the configuration before it is written */
	__u32 deaf;		/* no kick gets through */
	__u32 hint_size;	/* of that queue, 0: as the others */
	__u32 pad;
};

/*
 * How many messages are read, and answered, from now on; what comes later waits
 * in the queue.  Statistics are of no use to a host before it wants them, so
 * their queue begins with 0; the others with MP_FAKE_ALL.  A host that is
 * silent gives in after 60 s: a test that died leaves a machine that works.
 */
#define MP_FAKE_ALL		0xffffffffU

struct mp_fake_allow {
	__u32 queue;
	__u32 messages;
};

enum mp_fake_bogus {
	MP_FAKE_NO_SUCH_ID,	/* larger than the queue */
	MP_FAKE_NOT_SENT,	/* an entry that is not in use */
};

/* An answer to nothing. */
struct mp_fake_answer {
	__u32 queue;
	__u32 bogus;		/* enum mp_fake_bogus */
};

struct mp_fake_queue_state {
	__u32 size;		/* 0: the driver has no such queue */
	__u32 pending;		/* sent and not answered */
	__u64 messages;		/* answered */
	__u64 pages;		/* in these, in units of 4 KiB */
};

/* What no driver may do. */
struct mp_fake_faults {
	__u64 twice;		/* inflate of a frame that is in */
	__u64 absent;		/* deflate of one that is not */
	__u64 free;		/* the frame was free when that was read */
	__u64 written;		/* somebody wrote to a frame that was in */
	__u64 odd;		/* no frame; a message of a wrong form; */
				/* a kick of a device that is not running */
};

struct mp_fake_state {
	__u64 features;		/* accepted */
	__u64 frames;		/* in the balloon */
	__u64 resets;		/* of a device that was running */
	__u64 hints;		/* pages hinted, of 4 KiB */
	__u32 hint_id;		/* the last that was sent */
	__u32 status;		/* VIRTIO_CONFIG_S_* */
	__u32 plugged;
	__u32 target;
	__u32 actual;
	__u32 poison;
	struct mp_fake_faults faults;
	struct mp_fake_queue_state queues[MP_FAKE_QUEUES];
};

#define MP_FAKE_PFNS		256

/* The oldest message that is not answered. */
struct mp_fake_peek {
	__u32 queue;
	__u32 count;		/* returned: of pfns, 0 if there is none */
	__u32 pfns[MP_FAKE_PFNS];	/* returned, in units of 4 KiB */
};

struct mp_fake_range {
	__u64 pfn;
	__u64 count;
	__u64 in;		/* returned: frames of these in the balloon */
};

#define MP_FAKE_STATS_MAX	32

struct mp_fake_stats {
	__u32 count;		/* returned */
	__u32 pad;
	struct {
		__u64 tag;
		__u64 value;
	} stats[MP_FAKE_STATS_MAX];	/* returned: of the last message */
};

#define MP_FAKE_IOC_SETUP	_IOW('h', 0, struct mp_fake_setup)
#define MP_FAKE_IOC_PLUG	_IO('h', 1)
/* Says whether it goes by surprise: first all queues break. */
#define MP_FAKE_IOC_UNPLUG	_IOW('h', 2, __u32)
#define MP_FAKE_IOC_BREAK	_IO('h', 3)
/* num_pages of the configuration, and the interrupt that tells of it. */
#define MP_FAKE_IOC_TARGET	_IOW('h', 4, __u32)
/* The same for the id of free page hinting. */
#define MP_FAKE_IOC_HINT	_IOW('h', 5, __u32)
#define MP_FAKE_IOC_ALLOW	_IOW('h', 6, struct mp_fake_allow)
#define MP_FAKE_IOC_ANSWER	_IOW('h', 7, struct mp_fake_answer)
#define MP_FAKE_IOC_STATE	_IOR('h', 8, struct mp_fake_state)
#define MP_FAKE_IOC_PEEK	_IOWR('h', 9, struct mp_fake_peek)
#define MP_FAKE_IOC_RANGE	_IOWR('h', 10, struct mp_fake_range)
#define MP_FAKE_IOC_STATS	_IOR('h', 11, struct mp_fake_stats)

#endif /* _MP_FAKE_UAPI_H */
