// SPDX-License-Identifier: GPL-2.0
/* Adding a disk can fail: since 5.15. */
#include <linux/blkdev.h>

int probe(struct gendisk *disk);
int probe(struct gendisk *disk)
{
	return add_disk(disk);
}
