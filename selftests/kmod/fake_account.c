// SPDX-License-Identifier: GPL-2.0
/*
 * The host's view of memory, and what it does with it: a frame that is in the
 * balloon is the host's, which writes to it, and nobody else does.
 */

#include <linux/bitmap.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "mp_fake.h"

/* Frames are of 4 KiB, whatever our pages are. */
#define FAKE_SIZE	BIT(VIRTIO_BALLOON_PFN_SHIFT)
#define FAKE_UNITS	(PAGE_SIZE / FAKE_SIZE)
#define FAKE_FRAMES	BIT(20)		/* 4 GiB, more than a guest has */
#define FAKE_PATTERN	0x5a

int fake_account_open(struct fake_host *host)
{
	host->in = vzalloc(BITS_TO_LONGS(FAKE_FRAMES) * sizeof(*host->in));
	return host->in ? 0 : -ENOMEM;
}

void fake_account_close(struct fake_host *host)
{
	vfree(host->in);
}

/* The device was reset: the host knows of nothing. */
void fake_account_clear(struct fake_host *host)
{
	bitmap_zero(host->in, FAKE_FRAMES);
	host->state.frames = 0;
}

u64 fake_account_range(struct fake_host *host, u64 pfn, u64 count)
{
	u64 in = 0;

	for (; count && pfn < FAKE_FRAMES; pfn++, count--)
		in += test_bit(pfn, host->in);
	return in;
}

/* Return: where it is, or NULL if nobody has the page. */
static void *fake_account_frame(struct fake_host *host, u32 pfn)
{
	struct page *page = NULL;

	if (pfn < FAKE_FRAMES)
		page = pfn_to_online_page(pfn / FAKE_UNITS);
	if (!page)
		host->state.faults.odd++;
	else if (!page_count(page))
		host->state.faults.free++;
	if (!page || !page_count(page))
		return NULL;
	return page_address(page) + pfn % FAKE_UNITS * FAKE_SIZE;
}

static void fake_account_in(struct fake_host *host, u32 pfn)
{
	void *frame = fake_account_frame(host, pfn);

	if (!frame)
		return;
	if (__test_and_set_bit(pfn, host->in))
		host->state.faults.twice++;
	else
		host->state.frames++;
	memset(frame, FAKE_PATTERN, FAKE_SIZE);
}

/* Only who must tell keeps the page until this is read. */
static void fake_account_out(struct fake_host *host, u32 pfn)
{
	bool must_tell = host->state.features &
			 BIT_ULL(VIRTIO_BALLOON_F_MUST_TELL_HOST);
	void *frame;

	if (pfn >= FAKE_FRAMES || !__test_and_clear_bit(pfn, host->in)) {
		host->state.faults.absent++;
		return;
	}
	host->state.frames--;
	frame = must_tell ? fake_account_frame(host, pfn) : NULL;
	if (frame && memchr_inv(frame, FAKE_PATTERN, FAKE_SIZE))
		host->state.faults.written++;
}

static void fake_account_pfns(struct fake_host *host, enum mp_fake_queue queue,
			      const struct fake_buffer *buffer)
{
	const __virtio32 *pfns = buffer->start;
	unsigned int i, n = buffer->len / sizeof(*pfns);

	if (buffer->writable || !n || n > MP_FAKE_PFNS ||
	    buffer->len % sizeof(*pfns)) {
		host->state.faults.odd++;
		return;
	}
	for (i = 0; i < n; i++) {
		u32 pfn = virtio32_to_cpu(host->vdev, pfns[i]);

		if (queue == MP_FAKE_INFLATE)
			fake_account_in(host, pfn);
		else
			fake_account_out(host, pfn);
	}
	host->queues[queue].pages += n;
}

static void fake_account_stats(struct fake_host *host,
			       const struct fake_buffer *buffer)
{
	const struct virtio_balloon_stat *stats = buffer->start;
	unsigned int i, n = buffer->len / sizeof(*stats);

	if (buffer->writable || buffer->len % sizeof(*stats) ||
	    n > MP_FAKE_STATS_MAX) {
		host->state.faults.odd++;
		return;
	}
	host->stats.count = n;
	for (i = 0; i < n; i++) {
		host->stats.stats[i].tag =
			virtio16_to_cpu(host->vdev, stats[i].tag);
		host->stats.stats[i].value =
			virtio64_to_cpu(host->vdev, stats[i].val);
	}
}

static void fake_account_hint(struct fake_host *host,
			      const struct fake_buffer *buffer)
{
	const __virtio32 *id = buffer->start;

	if (buffer->writable)
		host->state.hints += buffer->len >> VIRTIO_BALLOON_PFN_SHIFT;
	else if (buffer->len == sizeof(*id))
		host->state.hint_id = virtio32_to_cpu(host->vdev, *id);
	else
		host->state.faults.odd++;
}

/*
 * The host takes free memory, and when somebody wants it, it is not what it
 * was, unless there is something that it has to be.
 */
/* Free memory, to KASAN; on 5.10 modules cannot tell it to look away. */
static __no_sanitize_address void fake_fill_free(u32 *word, size_t n, u32 value)
{
	while (n--)
		WRITE_ONCE(*word++, value);
}

static void fake_account_report(struct fake_host *host,
				const struct fake_buffer *buffer)
{
	u32 value = FAKE_PATTERN * 0x01010101U;

	if (!buffer->writable) {
		host->state.faults.odd++;
		return;
	}
	if (host->state.features & BIT_ULL(VIRTIO_BALLOON_F_PAGE_POISON))
		value = le32_to_cpu(host->config.poison_val);
	fake_fill_free(buffer->start, buffer->len / sizeof(value), value);
	host->queues[MP_FAKE_REPORT].pages +=
		buffer->len >> VIRTIO_BALLOON_PFN_SHIFT;
}

void fake_account_read(struct fake_host *host, enum mp_fake_queue queue,
		       const struct fake_buffer *buffer)
{
	lockdep_assert_held(&host->lock);
	if (queue == MP_FAKE_STATS)
		fake_account_stats(host, buffer);
	else if (queue == MP_FAKE_HINT)
		fake_account_hint(host, buffer);
	else if (queue == MP_FAKE_REPORT)
		fake_account_report(host, buffer);
	else
		fake_account_pfns(host, queue, buffer);
}
