// SPDX-License-Identifier: GPL-2.0
/* What a request wants of which bytes. */

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "ramdisk.h"

/*
 * Pieces of any length at any byte: sectors are the unit of requests, but not
 * of the memory they come from.
 */
static int ramdisk_copy(struct ramdisk_store *store, struct bio *bio, u64 pos)
{
	bool write = op_is_write(bio_op(bio));
	struct bvec_iter iter;
	struct bio_vec bv;
	int err = 0;

	bio_for_each_segment(bv, bio, iter) {
		if (write)
			err = ramdisk_store_write(store, pos, bv.bv_page,
						  bv.bv_offset, bv.bv_len);
		else
			err = ramdisk_store_read(store, pos, bv.bv_page,
						 bv.bv_offset, bv.bv_len);
		if (err)
			break;
		pos += bv.bv_len;
		cond_resched();
	}
	return err;
}

/*
 * There is no cache to be flushed: what is written is there.  The block layer
 * knows, and passes on neither flushes nor FUA.
 */
static int ramdisk_serve(struct ramdisk *rd, struct bio *bio)
{
	u64 pos = (u64)bio->bi_iter.bi_sector << SECTOR_SHIFT;
	u64 len = bio->bi_iter.bi_size;

	if (pos > rd->bytes || len > rd->bytes - pos)
		return -EIO;
	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
		return ramdisk_copy(rd->store, bio, pos);
	case REQ_OP_WRITE_ZEROES:
		/* Who says so wants that no later write lacks memory. */
		if (bio->bi_opf & REQ_NOUNMAP)
			return ramdisk_store_zero(rd->store, pos, len);
		fallthrough;
	case REQ_OP_DISCARD:
		return ramdisk_store_discard(rd->store, pos, len);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * ramdisk_submit() - serve a request
 * @rd: the disk
 * @bio: the request; ended when this returns
 *
 * The last of a chain may have the error of an earlier one already.
 *
 * Context: May sleep; in reclaim, too.
 */
void ramdisk_submit(struct ramdisk *rd, struct bio *bio)
{
	int err = ramdisk_serve(rd, bio);

	if (err)
		bio->bi_status = errno_to_blk_status(err);
	bio_endio(bio);
}
