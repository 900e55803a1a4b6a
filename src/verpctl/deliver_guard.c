/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes sure of the exit status of `verpctl deliver`. */
#include "deliver_guard.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Before the configuration has said something else. */
#define FIRST_ALARM 60

static void say_and_leave(const char *text)
{
	/* nobody can be told if this fails; the status says enough */
	ssize_t ignored = write(STDOUT_FILENO, text, strlen(text));

	(void)ignored;
	_exit(EX_TEMPFAIL);
}

static void on_signal(int number)
{
	if (number == SIGALRM)
		say_and_leave("4.3.0 deliver_timeout is over\n");
	if (number == SIGABRT || number == SIGTRAP)
		say_and_leave("4.3.0 out of memory, or a mistake in verpctl\n");
	say_and_leave("4.3.0 ended by a signal\n");
}

/* A library that leaves by itself, as flex(1)'s scanners do for want of
   memory. */
static void on_leaving(int status, void *data)
{
	(void)data;
	if (status != EX_OK && status != EX_TEMPFAIL)
		say_and_leave("4.3.0 out of memory, or a mistake in verpctl\n");
}

void deliver_guard(void)
{
	static const int caught[] = { SIGALRM, SIGTERM, SIGHUP, SIGINT, SIGQUIT,
		SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGABRT, SIGTRAP,
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS };
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t none;

	sigemptyset(&act.sa_mask);
	for (unsigned i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)sigaction(caught[i], &act, NULL); /* they all exist */
	/* a write that fails says so by its return value */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)on_exit(on_leaving, NULL); /* it has room for the first 32 */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	deliver_guard_alarm(FIRST_ALARM);
}

void deliver_guard_alarm(int64_t seconds)
{
	(void)alarm((unsigned)seconds);
}
