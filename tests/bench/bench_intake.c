/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Delivers messages over LMTP as fast as the other side takes them, the way
   Postfix does (MAIL, RCPT and DATA in one segment), and prints how many it
   took a second.  Each message has a Message-Id of its own. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>

/* What all clients share. */
typedef struct Load {
	const char *path;
	char **recipients;
	unsigned n_recipients;
	char *message; /* from after its Message-Id line, with the end */
	unsigned n_messages;
	bool is_kept; /* one connection each, for all its messages */
	int next;     /* atomic */
} Load;

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		die(path);
	memcpy(address.sun_path, path, strlen(path));
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return fd;
}

static void say(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		bytes += n;
		len -= (size_t)n;
	}
}

/* Reads N replies, the first of which begin with the digits of CODES. */
static void hear(int fd, const char *codes)
{
	char line[4096];
	size_t len = 0;

	while (*codes != '\0') {
		char *end = memchr(line, '\n', len);

		if (end == NULL) {
			ssize_t n = recv(fd, line + len, sizeof(line) - len, 0);

			if (n <= 0)
				die("recv");
			len += (size_t)n;
			continue;
		}
		if (line[0] != *codes) {
			(void)fprintf(stderr, "refused: %.*s\n",
			    (int)(end - line), line);
			exit(EXIT_FAILURE);
		}
		if (line[3] != '-')
			codes++;
		len -= (size_t)(end + 1 - line);
		memmove(line, end + 1, len);
	}
}

static void deliver(const Load *load, int fd, unsigned number)
{
	g_autofree char *envelope =
	    g_strdup_printf("MAIL FROM:<> BODY=8BITMIME\r\n"
			    "RCPT TO:<%s>\r\nDATA\r\n",
		load->recipients[number % load->n_recipients]);
	g_autofree char *text =
	    g_strdup_printf("Message-Id: <%u.%d@bench>\r\n%s", number,
		(int)getpid(), load->message);

	say(fd, envelope, strlen(envelope));
	hear(fd, "223");
	say(fd, text, strlen(text));
	hear(fd, "2");
}

static gpointer client_main(gpointer data)
{
	Load *load = data;
	int fd = -1;
	unsigned number;

	while ((number = (unsigned)g_atomic_int_add(&load->next, 1)) <
	       load->n_messages) {
		if (fd < 0) {
			fd = dial(load->path);
			hear(fd, "2");
			say(fd, "LHLO bench.test\r\n", 17);
			hear(fd, "2");
		}
		deliver(load, fd, number);
		if (load->is_kept)
			continue;
		say(fd, "QUIT\r\n", 6);
		hear(fd, "2");
		(void)close(fd);
		fd = -1;
	}
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

/* FILE as it goes over the wire: CRLF, dots stuffed, and the end. */
static char *message_read(const char *file)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GString) wire = g_string_new(NULL);

	if (!g_file_get_contents(file, &text, NULL, NULL))
		die(file);
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		if (g_ascii_strncasecmp(*line, "Message-Id:", 11) == 0)
			continue;
		g_string_append_printf(wire, "%s%s\r\n",
		    (*line)[0] == '.' ? "." : "", g_strchomp(*line));
	}
	g_string_append(wire, ".\r\n");
	return g_string_free(g_steal_pointer(&wire), FALSE);
}

int main(int argc, char **argv)
{
	Load load = { 0 };
	g_autofree char *recipients = NULL;
	g_autofree GThread **threads = NULL;
	unsigned n_clients;
	gint64 began;

	if (argc != 7) {
		(void)fprintf(stderr, "usage: bench_intake SOCKET RECIPIENTS "
				      "MESSAGE COUNT CLIENTS kept|new\n");
		return EXIT_FAILURE;
	}
	load.path = argv[1];
	if (!g_file_get_contents(argv[2], &recipients, NULL, NULL))
		die(argv[2]);
	load.recipients = g_strsplit(g_strchomp(recipients), "\n", -1);
	load.n_recipients = g_strv_length(load.recipients);
	load.message = message_read(argv[3]);
	load.n_messages = (unsigned)atoi(argv[4]);
	n_clients = (unsigned)atoi(argv[5]);
	load.is_kept = strcmp(argv[6], "kept") == 0;

	began = g_get_monotonic_time();
	threads = g_new0(GThread *, n_clients);
	for (unsigned i = 0; i < n_clients; i++)
		threads[i] = g_thread_new("client", client_main, &load);
	for (unsigned i = 0; i < n_clients; i++)
		(void)g_thread_join(threads[i]);
	(void)printf("%.0f\n", load.n_messages * (double)G_USEC_PER_SEC /
				   (double)(g_get_monotonic_time() - began));
	g_strfreev(load.recipients);
	g_free(load.message);
	return EXIT_SUCCESS;
}
