// SPDX-License-Identifier: GPL-2.0
/*
 * One transfer.  movable_page_dma_map() holds the page where it is, so what the
 * device is told stays true, and movable_page_dma_unmap() lets it go.
 *
 * A device that does not answer may still write to the page some time: it is
 * held until the device has been told to do no DMA at all.
 */

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/movable_dma.h>

#include "edu.h"

/* Registers. */
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_ACK		0x64
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98

#define EDU_COMMAND_RUN		0x1
#define EDU_COMMAND_TO_RAM	0x2
#define EDU_COMMAND_IRQ		0x4

#define EDU_IRQ_DMA		0x100

#define EDU_BUFFER		0x40000	/* as the device calls it */

/* It takes 100 ms, of a machine that may be busy. */
#define EDU_TIMEOUT		(30 * HZ)

irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->mmio + EDU_IRQ_STATUS);

	/* All ones: it is not there any more. */
	if (!status || status == ~0U)
		return IRQ_NONE;
	writel(status, edu->mmio + EDU_IRQ_ACK);
	if (status & EDU_IRQ_DMA)
		complete(&edu->done);
	return IRQ_HANDLED;
}

static void edu_start(struct edu *edu, u32 src, u32 dst, u32 command)
{
	writel(src, edu->mmio + EDU_DMA_SRC);
	writel(dst, edu->mmio + EDU_DMA_DST);
	writel(MOVABLE_EDU_BYTES, edu->mmio + EDU_DMA_COUNT);
	writel(command | EDU_COMMAND_RUN | EDU_COMMAND_IRQ,
	       edu->mmio + EDU_DMA_COMMAND);
}

static int edu_run(struct edu *edu, dma_addr_t addr,
		   enum dma_data_direction dir)
{
	reinit_completion(&edu->done);
	if (dir == DMA_TO_DEVICE)
		edu_start(edu, addr, EDU_BUFFER, 0);
	else
		edu_start(edu, EDU_BUFFER, addr, EDU_COMMAND_TO_RAM);
	return wait_for_completion_timeout(&edu->done, EDU_TIMEOUT) ? 0 : -EIO;
}

static void edu_stuck(struct edu *edu, struct movable_page *mp,
		      dma_addr_t addr, enum dma_data_direction dir)
{
	dev_err(&edu->pdev->dev, "a transfer has not ended\n");
	edu->gone = true;
	edu->stuck = mp;
	edu->stuck_addr = addr;
	edu->stuck_dir = dir;
}

static int edu_transfer_locked(struct edu *edu, struct movable_page *mp,
			       enum dma_data_direction dir)
{
	unsigned long pfn;
	dma_addr_t addr;
	int err;

	if (edu->gone)
		return -ENODEV;
	err = movable_page_dma_map(mp, &edu->pdev->dev, dir, &addr);
	if (err)
		return err;
	pfn = movable_page_pfn(mp);
	err = edu_run(edu, addr, dir);
	if (err) {
		edu_stuck(edu, mp, addr, dir);
		return err;
	}
	edu->transfers++;
	edu->astray += movable_page_pfn(mp) != pfn;
	movable_page_dma_unmap(mp, &edu->pdev->dev, dir, addr);
	return 0;
}

/* Return: 0; -ENODEV, -EIO; or as movable_page_dma_map(). */
int edu_transfer(struct edu *edu, struct movable_page *mp,
		 enum dma_data_direction dir)
{
	int err;

	mutex_lock(&edu->lock);
	err = edu_transfer_locked(edu, mp, dir);
	mutex_unlock(&edu->lock);
	return err;
}

/* Nothing of it is to be done any more, and nothing is under way. */
void edu_transfers_end(struct edu *edu)
{
	mutex_lock(&edu->lock);
	edu->gone = true;
	pci_clear_master(edu->pdev);
	if (edu->stuck)
		movable_page_dma_unmap(edu->stuck, &edu->pdev->dev,
				       edu->stuck_dir, edu->stuck_addr);
	edu->stuck = NULL;
	mutex_unlock(&edu->lock);
}
