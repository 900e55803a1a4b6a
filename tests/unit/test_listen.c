/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets, readiness and log lines, in a directory of their own. */
#include "errors.h"
#include "listen.h"
#include "log.h"
#include "main.h"
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const ListenOptions defaults = { .mode = 0660, .group = "" };

static char *scratch;

static void setup(void)
{
	scratch = g_dir_make_tmp("verpd-listen-XXXXXX", NULL);
	ck_assert_ptr_nonnull(scratch);
}

static void teardown(void)
{
	ck_assert_msg(rmdir(scratch) == 0, "something was left in %s", scratch);
	g_free(scratch);
}

static char *socket_path(void)
{
	return g_build_filename(scratch, "lmtp", NULL);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    0)
		return fd;
	(void)close(fd);
	return -1;
}

typedef struct BadCase {
	const char *address;
	bool allow_remote;
	const char *what;
} BadCase;

static const BadCase bad_cases[] = {
	{ "", false, "neither" },
	{ "lmtp", false, "neither" },
	{ "unix:lmtp", false, "absolute path" },
	{ "unix:", false, "absolute path" },
	{ "unix:/no/such/directory/lmtp", false, "No such file" },
	{ "unix:/dev/null", false, "no socket" },
	{ "inet:127.0.0.1", false, "inet:ADDRESS:PORT" },
	{ "inet:127.0.0.1:", false, "inet:ADDRESS:PORT" },
	{ "inet::2424", false, "inet:ADDRESS:PORT" },
	{ "inet:[::1:2424", false, "inet:ADDRESS:PORT" },
	{ "inet:127.0.0.1:99999", false, "inet:ADDRESS:PORT" },
	{ "inet:mx.example.org:2424", false, "inet:ADDRESS:PORT" },
	{ "inet:127.0.0.1:25", true, "port 25" },
	{ "inet:[::1]:25", true, "port 25" },
	{ "inet:0.0.0.0:2424", false, "allow_remote" },
	{ "inet:[::]:2424", false, "allow_remote" },
	{ "inet:192.0.2.1:2424", false, "allow_remote" },
};

START_TEST(test_bad)
{
	const BadCase *c = &bad_cases[_i];
	ListenOptions options = defaults;
	g_autoptr(GError) error = NULL;

	options.allow_remote = c->allow_remote;
	ck_assert_ptr_null(listener_open(c->address, &options, &error));
	ck_assert_msg(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG),
	    "%s: %s", c->address, error->message);
	ck_assert_msg(strstr(error->message, c->what) != NULL,
	    "%s: \"%s\" does not say \"%s\"", c->address, error->message,
	    c->what);
}
END_TEST

START_TEST(test_unix)
{
	g_autofree char *path = socket_path();
	g_autofree char *name = g_strconcat("unix:", path, NULL);
	g_autoptr(Listener) listener = NULL;
	g_autoptr(GError) error = NULL;
	ListenOptions options = defaults;
	struct stat st;
	int fd;

	options.mode = 0606;
	listener = listener_open(name, &options, &error);
	ck_assert_ptr_nonnull(listener);
	ck_assert_str_eq(listener->name, name);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0606);
	ck_assert_int_ne(fcntl(listener->fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(listener->fd, F_GETFD) & FD_CLOEXEC, 0);
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);

	/* taken: someone answers */
	ck_assert_ptr_null(listener_open(name, &options, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_TEMPORARY));
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);

	/* and gone with its owner */
	g_clear_pointer(&listener, listener_free);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* What a killed daemon left behind. */
START_TEST(test_unix_stale)
{
	g_autofree char *path = socket_path();
	g_autofree char *name = g_strconcat("unix:", path, NULL);
	g_autoptr(Listener) dead = listener_open(name, &defaults, NULL);
	g_autoptr(Listener) next = NULL;
	int fd;

	ck_assert_ptr_nonnull(dead);
	(void)close(dead->fd);
	dead->fd = -1;
	dead->path[0] = '\0';
	next = listener_open(name, &defaults, NULL);
	ck_assert_ptr_nonnull(next);
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}
END_TEST

/* Only what is still ours is removed. */
START_TEST(test_unix_replaced)
{
	g_autofree char *path = socket_path();
	g_autofree char *name = g_strconcat("unix:", path, NULL);
	Listener *first = listener_open(name, &defaults, NULL);
	g_autoptr(Listener) second = NULL;
	int fd;

	ck_assert_ptr_nonnull(first);
	ck_assert_int_eq(unlink(path), 0);
	second = listener_open(name, &defaults, NULL);
	ck_assert_ptr_nonnull(second);
	listener_free(first);
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}
END_TEST

START_TEST(test_unix_group)
{
	g_autofree char *path = socket_path();
	g_autofree char *name = g_strconcat("unix:", path, NULL);
	ListenOptions options = defaults;
	g_autoptr(GError) error = NULL;

	options.group = "no such group";
	ck_assert_ptr_null(listener_open(name, &options, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* An unused port, as far as anyone can tell. */
static char *free_inet(void)
{
	g_autoptr(Listener)
	    any = listener_open("inet:127.0.0.1:0", &defaults, NULL);
	struct sockaddr_in address = { 0 };
	socklen_t len = sizeof(address);

	ck_assert_ptr_nonnull(any);
	ck_assert_int_eq(getsockname(any->fd, (struct sockaddr *)&address,
			     &len),
	    0);
	return g_strdup_printf("inet:localhost:%u", ntohs(address.sin_port));
}

START_TEST(test_inet)
{
	g_autofree char *name = free_inet();
	g_autoptr(Listener) listener = listener_open(name, &defaults, NULL);
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_nonnull(listener);
	ck_assert_ptr_null(listener_open(name, &defaults, &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_TEMPORARY));
}
END_TEST

/* ---- socket activation ---- */

/* Puts FD where systemd would, and adopts it.  Check speaks to its parent
   through that descriptor, so it is put back. */
static bool adopt_handed(int fd, const char *count, GPtrArray *listeners,
    GError **error)
{
	g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
	int saved = dup(3);
	bool is_adopted;

	(void)dup2(fd, 3); /* even an assertion that holds would be told */
	g_setenv("LISTEN_PID", pid, TRUE);
	g_setenv("LISTEN_FDS", count, TRUE);
	is_adopted = listener_adopt(listeners, &defaults, error);
	for (unsigned i = 0; i < listeners->len; i++) {
		Listener *listener = g_ptr_array_index(listeners, i);

		listener->fd = dup(listener->fd);
	}
	(void)dup2(saved, 3);
	(void)close(saved);
	return is_adopted;
}

static bool is_refused(int fd, const char *count, const char *what)
{
	g_autoptr(GPtrArray) listeners =
	    g_ptr_array_new_with_free_func((GDestroyNotify)listener_free);
	g_autoptr(GError) error = NULL;

	return !adopt_handed(fd, count, listeners, &error) &&
	       g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG) &&
	       strstr(error->message, what) != NULL;
}

START_TEST(test_adopt)
{
	g_autofree char *path = socket_path();
	g_autofree char *name = g_strconcat("unix:", path, NULL);
	g_autoptr(Listener) mine = listener_open(name, &defaults, NULL);
	g_autoptr(GPtrArray) listeners =
	    g_ptr_array_new_with_free_func((GDestroyNotify)listener_free);

	ck_assert_ptr_nonnull(mine);
	ck_assert(adopt_handed(mine->fd, "1", listeners, NULL));
	ck_assert_uint_eq(listeners->len, 1);

	const Listener *listener = g_ptr_array_index(listeners, 0);

	ck_assert_str_eq(listener->name, name);
	ck_assert_int_ne(fcntl(listener->fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_ptr_null(g_getenv("LISTEN_FDS"));
	ck_assert_ptr_null(g_getenv("LISTEN_PID"));
	g_ptr_array_set_size(listeners, 0);
	/* systemd's file is systemd's */
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert(listener_adopt(listeners, &defaults, NULL));
	ck_assert_uint_eq(listeners->len, 0);
}
END_TEST

/* Meant for whoever started us. */
START_TEST(test_adopt_others)
{
	g_autoptr(GPtrArray) listeners =
	    g_ptr_array_new_with_free_func((GDestroyNotify)listener_free);

	g_setenv("LISTEN_PID", "1", TRUE);
	g_setenv("LISTEN_FDS", "1", TRUE);
	ck_assert(listener_adopt(listeners, &defaults, NULL));
	ck_assert_uint_eq(listeners->len, 0);
}
END_TEST

START_TEST(test_adopt_bad)
{
	ListenOptions options = defaults;
	g_autoptr(Listener) any = NULL;

	ck_assert(is_refused(open("/dev/null", O_RDONLY), "1", "no socket"));
	ck_assert(is_refused(open("/dev/null", O_RDONLY), "many", "number"));
	ck_assert(is_refused(socket(AF_INET, SOCK_STREAM, 0), "1",
	    "no listening stream socket"));
	/* what ListenStream=2424 means */
	options.allow_remote = true;
	any = listener_open("inet:0.0.0.0:0", &options, NULL);
	ck_assert_ptr_nonnull(any);
	ck_assert(is_refused(any->fd, "1", "allow_remote"));
}
END_TEST

/* ---- notify ---- */

START_TEST(test_notify)
{
	bool is_abstract = _i == 1;
	g_autofree char *path = socket_path();
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	g_autofree char *name = is_abstract ? g_strconcat("@", path, NULL)
					    : g_strdup(path);
	char got[500];
	ssize_t len;

	memcpy(address.sun_path, name, strlen(name));
	if (is_abstract)
		address.sun_path[0] = '\0';
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un,
					     sun_path) +
					 strlen(name))),
	    0);

	notify_ready("nobody listens");
	ck_assert_int_eq(recv(fd, got, sizeof(got), 0), -1);
	g_setenv("NOTIFY_SOCKET", name, TRUE);
	notify_ready("all\nis\twell");
	len = recv(fd, got, sizeof(got) - 1, 0);
	ck_assert_int_gt(len, 0);
	got[len] = '\0';
	ck_assert_str_eq(got, "READY=1\nSTATUS=all is well");
	notify_reloading();
	len = recv(fd, got, sizeof(got) - 1, 0);
	ck_assert_int_gt(len, 0);
	got[len] = '\0';
	ck_assert(g_str_has_prefix(got, "RELOADING=1\nMONOTONIC_USEC="));
	notify_stopping();
	len = recv(fd, got, sizeof(got) - 1, 0);
	ck_assert_int_gt(len, 0);
	got[len] = '\0';
	ck_assert_str_eq(got, "STOPPING=1");
	(void)close(fd);
	if (!is_abstract)
		(void)unlink(path);
	/* nobody there any more, and no harm done */
	notify_stopping();
}
END_TEST

/* ---- log ---- */

START_TEST(test_log)
{
	g_autofree char *path = g_build_filename(scratch, "log", NULL);
	g_autofree char *text = NULL;
	g_autofree char *long_one = g_strnfill(5000, 'x');
	g_auto(GStrv) lines = NULL;
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	LogLevel level;

	ck_assert(log_level_parse("warning", &level));
	ck_assert(!log_level_parse("loud", &level));
	ck_assert_int_eq(level, LOG_LEVEL_WARNING);

	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	log_open("verpd", false, LOG_LEVEL_INFO);
	log_error("one\nline\x1b[31m");
	log_debug("not a word");
	log_info("%s", long_one);
	g_message("from GLib");
	g_printerr("an assertion\n");
	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	ck_assert_uint_eq(g_strv_length(lines), 5); /* the last is "" */
	ck_assert(g_str_has_prefix(lines[0], "verpd["));
	ck_assert(g_str_has_suffix(lines[0], "]: error: one line?[31m"));
	ck_assert_uint_lt(strlen(lines[1]), 2100);
	ck_assert(g_str_has_suffix(lines[2], "from GLib"));
	ck_assert(g_str_has_suffix(lines[3], "error: an assertion"));
	(void)unlink(path);
}
END_TEST

static Suite *listen_suite(void)
{
	Suite *suite = suite_create("listen");
	TCase *tcase = tcase_create("listen");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_bad, 0, (int)G_N_ELEMENTS(bad_cases));
	tcase_add_test(tcase, test_unix);
	tcase_add_test(tcase, test_unix_stale);
	tcase_add_test(tcase, test_unix_replaced);
	tcase_add_test(tcase, test_unix_group);
	tcase_add_test(tcase, test_inet);
	tcase_add_test(tcase, test_adopt);
	tcase_add_test(tcase, test_adopt_others);
	tcase_add_test(tcase, test_adopt_bad);
	tcase_add_loop_test(tcase, test_notify, 0, 2);
	tcase_add_test(tcase, test_log);
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(listen_suite)
