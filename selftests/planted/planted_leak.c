// SPDX-License-Identifier: GPL-2.0
/*
 * A driver that has a fault: one of its error paths keeps a pin.  Requests are
 * served one after the other, each in a page; what is asked for is now and then
 * longer than a page, and is refused.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/movable_array.h>
#include <linux/random.h>

#define LEAK_PAGES	256

struct leak_request {
	unsigned int slot;
	size_t bytes;
};

static struct movable_pool *leak_pool;
static struct movable_page leak_slots[LEAK_PAGES];
static struct task_struct *leak_server;

static int leak_begin(const struct leak_request *request)
{
	int err = movable_page_pin(&leak_slots[request->slot]);

	if (err)
		return err;
	/* The fault: the pin is not let go. */
	if (request->bytes > PAGE_SIZE)
		return -EMSGSIZE;
	return 0;
}

static noinline int leak_serve(const struct leak_request *request)
{
	struct movable_page *mp = &leak_slots[request->slot];
	int err = leak_begin(request);
	void *addr;

	if (err)
		return err;
	addr = movable_page_map(mp);
	if (!IS_ERR(addr)) {
		memset(addr, request->slot, request->bytes);
		movable_page_unmap(mp);
	}
	movable_page_unpin(mp);
	return PTR_ERR_OR_ZERO(addr);
}

static int leak_serving(void *unused)
{
	unsigned int n = 0;

	while (!kthread_should_stop()) {
		struct leak_request request = {
			.slot = get_random_u32() % LEAK_PAGES,
			.bytes = ++n % 200 ? 100 : PAGE_SIZE + 1,
		};

		leak_serve(&request);
		if (n % 10 == 0)
			msleep(20);
	}
	return 0;
}

static void leak_end(void)
{
	unsigned int i;

	/* Whoever looks for the fault has seen enough. */
	for (i = 0; i < LEAK_PAGES; i++)
		while (movable_page_pins(&leak_slots[i]))
			movable_page_unpin(&leak_slots[i]);
	WARN_ON(movable_array_free(leak_slots, LEAK_PAGES));
	movable_pool_destroy(leak_pool);
}

static int __init leak_init(void)
{
	static const struct movable_pool_attr attr = { .name = "leak" };
	int err;

	leak_pool = movable_pool_create(&attr);
	if (IS_ERR(leak_pool))
		return PTR_ERR(leak_pool);
	err = movable_array_alloc(leak_pool, leak_slots, LEAK_PAGES,
				  GFP_KERNEL | __GFP_ZERO);
	if (err) {
		movable_pool_destroy(leak_pool);
		return err;
	}
	WARN_ON(movable_array_publish(leak_slots, LEAK_PAGES));
	leak_server = kthread_run(leak_serving, NULL, "leak-server");
	if (IS_ERR(leak_server))
		leak_end();
	return PTR_ERR_OR_ZERO(leak_server);
}

static void __exit leak_exit(void)
{
	kthread_stop(leak_server);
	leak_end();
}

module_init(leak_init);
module_exit(leak_exit);
MODULE_DESCRIPTION("A driver that keeps pins, to be found");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
