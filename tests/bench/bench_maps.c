/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a socketmap or a policy service over some connections, one question at a
   time on each, as Postfix does.

   usage: bench_maps SOCKET QUESTIONS-FILE COUNT CONNECTIONS

   The file holds questions as they go over the wire, each ended by a NUL; they
   are asked in turn.  Prints "PER-SECOND P50 P99 WAITED", the latter in
   microseconds: WAITED is how long the asker itself could have run and had no
   processor, while answers lay there and grew old. */
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct Asker {
	gint64 asked_at;
	bool is_waiting;
} Asker;

static void die(const char *what)
{
	fprintf(stderr, "bench_maps: %s: %s\n", what, g_strerror(errno));
	exit(1);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return fd;
}

static int compare(const void *a, const void *b)
{
	const gint64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* proc(5), schedstat: in microseconds. */
static gint64 waited(void)
{
	g_autofree char *text = NULL;
	char *end = NULL;

	if (!g_file_get_contents("/proc/thread-self/schedstat", &text, NULL,
		NULL))
		return 0;
	(void)g_ascii_strtoull(text, &end, 10);
	return (gint64)(g_ascii_strtoull(end, NULL, 10) / 1000);
}

int main(int argc, char **argv)
{
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) questions = g_ptr_array_new();
	gsize len;
	unsigned count, n, asked = 0, answered = 0;
	gint64 began, waited_before;

	if (argc != 5 || !g_file_get_contents(argv[2], &text, &len, NULL)) {
		fprintf(stderr, "usage: bench_maps SOCKET QUESTIONS-FILE COUNT "
				"CONNECTIONS\n");
		return 64;
	}
	count = (unsigned)atoi(argv[3]);
	n = (unsigned)atoi(argv[4]);
	for (char *p = text; p < text + len; p += strlen(p) + 1)
		g_ptr_array_add(questions, p);
	g_autofree struct pollfd *fds = g_new0(struct pollfd, n);
	g_autofree Asker *askers = g_new0(Asker, n);
	g_autofree gint64 *times = g_new0(gint64, count);

	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){ connect_to(argv[1]), POLLIN, 0 };
	waited_before = waited();
	began = g_get_monotonic_time();
	while (answered < count) {
		for (unsigned i = 0; i < n && asked < count; i++) {
			const char *question;
			ssize_t size;

			if (askers[i].is_waiting)
				continue;
			question = questions->pdata[asked++ % questions->len];
			size = (ssize_t)strlen(question);
			askers[i].asked_at = g_get_monotonic_time();
			askers[i].is_waiting = true;
			if (send(fds[i].fd, question, (size_t)size, 0) != size)
				die("send");
		}
		if (poll(fds, n, 10000) <= 0)
			die("poll");
		for (unsigned i = 0; i < n; i++) {
			char reply[4096];

			if ((fds[i].revents & POLLIN) == 0)
				continue;
			/* an answer is one write, and short */
			if (recv(fds[i].fd, reply, sizeof(reply), 0) <= 0)
				die("recv");
			times[answered++] = g_get_monotonic_time() -
					    askers[i].asked_at;
			askers[i].is_waiting = false;
		}
	}
	double seconds = (double)(g_get_monotonic_time() - began) / 1e6;

	qsort(times, count, sizeof(times[0]), compare);
	printf("%.0f %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
	       " %" G_GINT64_FORMAT "\n",
	    count / seconds, times[count / 2], times[count / 100 * 99],
	    waited() - waited_before);
	for (unsigned i = 0; i < n; i++)
		(void)close(fds[i].fd);
	return 0;
}
