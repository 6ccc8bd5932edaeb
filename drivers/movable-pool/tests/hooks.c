// SPDX-License-Identifier: GPL-2.0
/*
 * What takes the place of wait points in the KUnit build, and listens to
 * mp_misuse(): a thread that comes to a point does there what a test wants to
 * have done, and a complaint is kept for the test that provoked it.
 */

#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "tests.h"

static DEFINE_SPINLOCK(mp_hooks_lock);

static struct {
	void (*run)(void *arg);
	void *arg;
} mp_hooks[MP_NR_WAITS];

static bool mp_fails[MP_NR_FAILS];

static bool mp_listening;
static unsigned int mp_said;
static char mp_sentence[160];

void mp_hook(enum mp_wait wait, void (*run)(void *arg), void *arg)
{
	spin_lock_irq(&mp_hooks_lock);
	mp_hooks[wait].run = run;
	mp_hooks[wait].arg = arg;
	spin_unlock_irq(&mp_hooks_lock);
}

void mp_wait_point(enum mp_wait wait, struct page *page)
{
	void (*run)(void *arg);
	unsigned long flags;
	void *arg;

	spin_lock_irqsave(&mp_hooks_lock, flags);
	run = mp_hooks[wait].run;
	arg = mp_hooks[wait].arg;
	mp_hooks[wait].run = NULL;
	spin_unlock_irqrestore(&mp_hooks_lock, flags);
	if (run)
		run(arg);
}

void mp_hook_fail(enum mp_fail fail)
{
	WRITE_ONCE(mp_fails[fail], true);
}

bool mp_fail(enum mp_fail fail)
{
	return xchg(&mp_fails[fail], false);
}

bool mp_hooks_left(void)
{
	bool left = false;
	int i;

	for (i = 0; i < MP_NR_FAILS; i++)
		left |= mp_fail(i);
	spin_lock_irq(&mp_hooks_lock);
	for (i = 0; i < MP_NR_WAITS; i++) {
		left |= !!mp_hooks[i].run;
		mp_hooks[i].run = NULL;
	}
	spin_unlock_irq(&mp_hooks_lock);
	return left;
}

void mp_wait_points_init(struct dentry *dir)
{
}

void mp_faults_init(void)
{
}

void mp_faults_debugfs(struct dentry *dir)
{
}

void mp_faults_exit(void)
{
}

void mp_wait_points_exit(void)
{
	/* After the last test: nobody looks any more, but the log's reader. */
	WARN(mp_said, "movable_pool: %s", mp_sentence);
}

/* Built in, the framework is used by others before and after the tests. */
void mp_hooks_listen(bool listen)
{
	spin_lock_irq(&mp_hooks_lock);
	mp_listening = listen;
	spin_unlock_irq(&mp_hooks_lock);
}

/* The framework complains about its user; see mp_misuse(). */
bool mp_kunit_heard(const char *format, ...)
{
	unsigned long flags;
	va_list args;
	bool heard;

	va_start(args, format);
	spin_lock_irqsave(&mp_hooks_lock, flags);
	heard = mp_listening;
	if (heard) {
		mp_said++;
		vscnprintf(mp_sentence, sizeof(mp_sentence), format, args);
	}
	spin_unlock_irqrestore(&mp_hooks_lock, flags);
	va_end(args);
	return heard;
}

unsigned int mp_hooks_said(char *sentence, size_t size)
{
	unsigned int said;

	spin_lock_irq(&mp_hooks_lock);
	said = mp_said;
	mp_said = 0;
	if (said)
		strscpy(sentence, mp_sentence, size);
	else
		*sentence = '\0';
	spin_unlock_irq(&mp_hooks_lock);
	return said;
}
