// SPDX-License-Identifier: GPL-2.0
/* Requests name the device, not the disk: since 5.12. */
#include <linux/bio.h>
#include <linux/blkdev.h>

void *probe(struct bio *bio);
void *probe(struct bio *bio)
{
	return bio->bi_bdev->bd_disk->private_data;
}
