/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_EDU_H
#define _MOVABLE_EDU_H

/*
 * A driver for QEMU's edu device (docs/specs/edu.txt there), whose pages move:
 *
 *	edu.c		the device comes and goes
 *	transfer.c	one transfer: the page is held for its time alone
 *	device.c	/dev/movable_eduN
 */

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/movable_pool.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "movable_edu_uapi.h"

#define EDU_MASK_BITS	28

/**
 * struct edu - a device
 * @kref: the driver's, and one for each open file
 * @pdev: the device
 * @mmio: its registers
 * @pool: pages that it reaches
 * @pages: their handles
 * @misc: /dev/movable_eduN
 * @number: N
 * @name: of that
 * @lock: one transfer at a time; guards what follows
 * @done: the device is
 * @gone: no transfers any more: it is unplugged, or does not answer
 * @stuck: the page of a transfer that did not end, held until the device can
 *	do no DMA any more
 * @stuck_addr: for the device
 * @stuck_dir: of the transfer
 * @transfers: done
 * @astray: of these: the page was somewhere else at the end
 */
struct edu {
	struct kref kref;
	struct pci_dev *pdev;
	void __iomem *mmio;
	struct movable_pool *pool;
	struct movable_page pages[MOVABLE_EDU_PAGES];
	struct miscdevice misc;
	int number;
	char name[24];
	struct mutex lock;	/* as said above */
	struct completion done;
	bool gone;
	struct movable_page *stuck;
	dma_addr_t stuck_addr;
	enum dma_data_direction stuck_dir;
	u64 transfers;
	u64 astray;
};

/* edu.c */
void edu_put(struct edu *edu);

/* transfer.c */
irqreturn_t edu_interrupt(int irq, void *data);
int edu_transfer(struct edu *edu, struct movable_page *mp,
		 enum dma_data_direction dir);
void edu_transfers_end(struct edu *edu);

/* device.c */
int edu_device_add(struct edu *edu);
void edu_device_remove(struct edu *edu);

#endif /* _MOVABLE_EDU_H */
