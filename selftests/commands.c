// SPDX-License-Identifier: GPL-2.0
/*
 * What Documentation/ tells root to type, as it stands there.  A command is a
 * line of a literal block that begins with "# "; one that ends in "# fails" has
 * to.  Those of a document are one session of the shell, which begins where
 * modules lie.  The group says which documents are in /.  How long it takes
 * from a module's insmod to its rmmod is a figure.
 */

#include <glob.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mp_file.h"
#include "mp_harness.h"
#include "mp_module.h"

#define PROMPT		"    # "
#define MAX_COMMANDS	100
#define SCRIPT		"/tmp/commands.sh"
#define OUTPUT		"/tmp/commands.out"
#define TIMES		"/tmp/commands.times"
/* What the package has: tools/ that the guest was given (groups.ini). */
#define PACKAGE		"/tmp/movable-pool"
#define PACKAGED \
	"#!/bin/sh\n" \
	"word=$1\n" \
	"shift\n" \
	"case $word in\n" \
	"top) exec /usr/bin/python3 -B /python/pools_top \"$@\" ;;\n" \
	"inspect) exec /usr/bin/python3 -B /python/movable_pool" \
	" --symbols /modules/movable_pool.ko \"$@\" ;;\n" \
	"esac\n" \
	"exit 2\n"

static struct session {
	const char *document;
	char text[1 << 16];
	char *commands[MAX_COMMANDS];
	int nr;
} session;

static int session_read(const char *path)
{
	char *line, *at = session.text;

	session.document = path;
	session.nr = 0;
	if (mp_read_file(path, session.text, sizeof(session.text)) < 0)
		return -EIO;
	while ((line = strsep(&at, "\n")) && session.nr < MAX_COMMANDS)
		if (!strncmp(line, PROMPT, strlen(PROMPT)))
			session.commands[session.nr++] = line + strlen(PROMPT);
	return session.nr;
}

static bool session_names(const char *word)
{
	int i;

	for (i = 0; i < session.nr; i++)
		if (strstr(session.commands[i], word))
			return true;
	return false;
}

static bool command_fails(const char *command)
{
	const char *mark = strstr(command, "# fails");

	return mark && !strcmp(mark, "# fails");
}

static int session_package(void)
{
	FILE *program = fopen(PACKAGE, "w");

	if (!program)
		return -errno;
	fputs(PACKAGED, program);
	return fclose(program) || chmod(PACKAGE, 0755) ? -errno : 0;
}

/* The number of the command that does not do as it should is the status. */
static int session_write(void)
{
	FILE *script = fopen(SCRIPT, "w");
	int i;

	if (!script)
		return -errno;
	/* Programs of the machine that the guest was given. */
	fprintf(script, "PATH=$PATH:/programs:/tmp\ncd /modules\n");
	for (i = 0; i < session.nr; i++)
		fprintf(script,
			"%s\n[ $? %s 0 ] || exit %d\ncat /proc/uptime >>%s\n",
			session.commands[i],
			command_fails(session.commands[i]) ? "!=" : "=", i + 1,
			TIMES);
	return fclose(script) ? -errno : 0;
}

/* Return: 0; the number of a command; or -errno. */
static int session_run(void)
{
	int err = session_package() ?: session_write();

	unlink(TIMES);
	if (!err)
		err = system("sh " SCRIPT " >" OUTPUT " 2>&1");
	if (err < 0)
		return err;
	return WIFEXITED(err) ? WEXITSTATUS(err) : -EINTR;
}

static const char *core(void)
{
	return access("/modules/movable_pool.ko", F_OK) ? "movable_pool_test" :
							  "movable_pool";
}

/* What a reader has loaded by then; who begins with insmod has nothing. */
static void session_prepare(void)
{
	if (strncmp(session.commands[0], "insmod", 6))
		mp_module_load(core(), "");
	if (session_names("first-"))
		mp_module_load("movable_first", "");
	if (session_names("movable_balloon"))
		mp_module_load("movable_balloon", "");
}

static void session_clean(void)
{
	mp_module_unload("movable_ramdisk");
	mp_module_unload("movable_balloon");
	mp_module_unload("movable_first");
	mp_module_unload(core());
}

/* The number of the insmod whose module the command @to unloads, or -1. */
static int session_loads(int to)
{
	const char *name = session.commands[to];
	int at, len;

	if (strncmp(name, "rmmod ", 6))
		return -1;
	name += 6;
	len = strlen(name);
	for (at = to; at >= 0; at--)
		if (!strncmp(session.commands[at], "insmod ", 7) &&
		    !strncmp(session.commands[at] + 7, name, len))
			return at;
	return -1;
}

static void session_figures(void)
{
	double ended[MAX_COMMANDS] = {};
	FILE *times = fopen(TIMES, "r");
	int i, from;

	for (i = 0; times && i < session.nr; i++)
		if (fscanf(times, "%lf %*f", &ended[i]) != 1)
			break;
	if (times)
		fclose(times);
	while (--i >= 0) {
		from = session_loads(i);
		if (from >= 0)
			printf("# figure: %s: %.1f s from %s to %s\n",
			       session.document + 1, ended[i] - ended[from],
			       session.commands[from], session.commands[i]);
	}
}

static const char *session_output(void)
{
	static char output[4096];

	mp_read_file(OUTPUT, output, sizeof(output));
	return output;
}

FIXTURE(shell) {};

FIXTURE_SETUP(shell) {}

FIXTURE_TEARDOWN(shell) {}

/* One that looks for faults waits for memory that does not go offline. */
TEST_F_TIMEOUT(shell, documents, 500)
{
	glob_t found;
	size_t i;
	int at;

	ASSERT_EQ(0, glob("/*.rst", 0, NULL, &found));
	for (i = 0; i < found.gl_pathc; i++) {
		ASSERT_LT(0, session_read(found.gl_pathv[i]));
		session_prepare();
		at = session_run();
		session_clean();
		ASSERT_EQ(0, at) {
			TH_LOG("%s: %s\n%s", session.document,
			       at > 0 ? session.commands[at - 1] : "",
			       session_output());
		}
		printf("# figure: %s: %d commands\n", session.document + 1,
		       session.nr);
		session_figures();
	}
	globfree(&found);
}

TEST_HARNESS_MAIN
