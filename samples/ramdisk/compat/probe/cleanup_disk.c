// SPDX-License-Identifier: GPL-2.0
/* And end together, by a call of their own: 5.14 to 5.19. */
#include <linux/blkdev.h>

void probe(struct gendisk *disk);
void probe(struct gendisk *disk)
{
	blk_cleanup_disk(disk);
}
