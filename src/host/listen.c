/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens what clients connect to, or takes it over from systemd.  An LMTP server
   believes what it is told of a message's origin, so it listens where only this
   host can reach it, unless the admin insists. */
#include "listen.h"

#include "errors.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Any kind of socket address we listen on. */
typedef union Address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
} Address;

#define SD_LISTEN_FDS_START 3

static bool fail(GError **error, VpError code, const char *name,
    const char *what)
{
	int saved = errno;

	if (saved != 0)
		g_set_error(error, VP_ERROR, (int)code, "%s: %s: %s", name,
		    what, g_strerror(saved));
	else
		g_set_error(error, VP_ERROR, (int)code, "%s: %s", name, what);
	return false;
}

static bool fail_config(GError **error, const char *name, const char *what)
{
	errno = 0;
	return fail(error, VP_ERROR_CONFIG, name, what);
}

static Listener *listener_new(const char *name)
{
	Listener *listener = g_new0(Listener, 1);

	listener->fd = -1;
	listener->name = g_strdup(name);
	listener->path = g_strdup("");
	listener->service = g_strdup("");
	return listener;
}

void listener_free(Listener *listener)
{
	struct stat st;

	if (listener == NULL)
		return;
	/* Somebody may have put another there by now; while ours is open, no
	   other has its inode. */
	if (listener->path[0] != '\0' && lstat(listener->path, &st) == 0 &&
	    st.st_dev == listener->device && st.st_ino == listener->inode)
		(void)unlink(listener->path); /* we are leaving anyway */
	if (listener->fd >= 0)
		(void)close(listener->fd);
	g_free(listener->name);
	g_free(listener->service);
	g_free(listener->path);
	g_free(listener);
}

/* ---- unix ---- */

/* Removes a socket file that nobody answers on any more. */
static bool stale_remove(const char *name, const Address *address,
    GError **error)
{
	const char *path = address->local.sun_path;
	struct stat st;
	int fd;
	int rc;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return true;
		return fail(error, VP_ERROR_CONFIG, name, "cannot look at it");
	}
	if (!S_ISSOCK(st.st_mode))
		return fail_config(error, name,
		    "there is a file there that is no socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, VP_ERROR_TEMPORARY, name, "socket");
	rc = connect(fd, &address->any, sizeof(address->local));
	int why = rc < 0 ? errno : 0;

	(void)close(fd);
	/* EAGAIN is a full backlog: somebody is behind it */
	if (why == 0 || why == EAGAIN) {
		errno = 0;
		return fail(error, VP_ERROR_TEMPORARY, name,
		    "another process is listening there");
	}
	if (why != ECONNREFUSED) {
		errno = why;
		return fail(error, VP_ERROR_TEMPORARY, name,
		    "cannot tell whether it is in use");
	}
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(error, VP_ERROR_CONFIG, name,
		    "cannot remove the old socket");
	return true;
}

/* Nobody gets in before the socket has the owner and mode it is to have. */
static bool unix_bind(Listener *listener, const Address *address,
    const ListenOptions *options, GError **error)
{
	const char *path = address->local.sun_path;
	const char *name = listener->name;
	gid_t gid = (gid_t)-1;
	mode_t old_umask;
	struct stat st;
	int rc;

	if (options->group[0] != '\0') {
		const struct group *group = getgrnam(options->group);

		if (group == NULL)
			return fail_config(error, name,
			    "listen_group names no group of this host");
		gid = group->gr_gid;
	}
	old_umask = umask(0777);
	rc = bind(listener->fd, &address->any, sizeof(address->local));
	(void)umask(old_umask);
	if (rc < 0)
		return fail(error,
		    errno == EADDRINUSE ? VP_ERROR_TEMPORARY : VP_ERROR_CONFIG,
		    name, "bind");
	if (lstat(path, &st) < 0)
		return fail(error, VP_ERROR_TEMPORARY, name, "stat");
	g_free(listener->path);
	listener->path = g_strdup(path);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	if (gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) < 0)
		return fail(error, VP_ERROR_CONFIG, name,
		    "cannot give it to listen_group (the user who runs "
		    "verpd must be in it, see usermod -a -G)");
	if (chmod(path, (mode_t)options->mode) < 0)
		return fail(error, VP_ERROR_CONFIG, name, "chmod");
	return true;
}

static bool unix_open(Listener *listener, const char *path,
    const ListenOptions *options, GError **error)
{
	Address address = { .local = { .sun_family = AF_UNIX } };

	if (path[0] != '/' || strlen(path) >= sizeof(address.local.sun_path))
		return fail_config(error, listener->name,
		    "needs an absolute path of at most 107 octets");
	memcpy(address.local.sun_path, path, strlen(path));
	if (!stale_remove(listener->name, &address, error))
		return false;
	listener->fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return fail(error, VP_ERROR_TEMPORARY, listener->name,
		    "socket");
	return unix_bind(listener, &address, options, error);
}

/* ---- inet ---- */

static bool is_loopback(const Address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

/* Whether we may listen on ADDRESS at all. */
static bool inet_check(const char *name, const Address *address,
    const ListenOptions *options, GError **error)
{
	in_port_t port = address->any.sa_family == AF_INET
			     ? address->v4.sin_port
			     : address->v6.sin6_port;

	if (ntohs(port) == 25)
		return fail_config(error, name,
		    "LMTP must not be spoken on port 25 (RFC 2033)");
	if (!is_loopback(address) && !options->allow_remote)
		return fail_config(error, name,
		    "is not a loopback address, and allow_remote is off");
	return true;
}

/* "192.0.2.1:2424", "[2001:db8::1]:2424" or "localhost:2424". */
static bool inet_parse(const char *text, Address *ret_address,
    socklen_t *ret_len)
{
	const char *colon = strrchr(text, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *info = NULL;

	/* getaddrinfo() would take 99999 for 34463 */
	if (colon == NULL || colon == text ||
	    !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, NULL, NULL))
		return false;
	if (text[0] == '[' && colon[-1] == ']')
		hints.ai_family = AF_INET6;
	else
		hints.ai_family = AF_INET;
	size_t trim = hints.ai_family == AF_INET6 ? 1 : 0;
	g_autofree char *host = g_strndup(text + trim,
	    (size_t)(colon - text) - 2 * trim);

	const char *number = g_ascii_strcasecmp(host, "localhost") == 0
				 ? "127.0.0.1"
				 : host;

	if (getaddrinfo(number, colon + 1, &hints, &info) != 0)
		return false;
	memcpy(ret_address, info->ai_addr, info->ai_addrlen);
	*ret_len = info->ai_addrlen;
	freeaddrinfo(info);
	return true;
}

static bool inet_open(Listener *listener, const char *text,
    const ListenOptions *options, GError **error)
{
	Address address = { 0 };
	socklen_t len = 0;
	int on = 1;

	if (!inet_parse(text, &address, &len))
		return fail_config(error, listener->name,
		    "needs inet:ADDRESS:PORT, the address in numbers");
	if (!inet_check(listener->name, &address, options, error))
		return false;
	listener->fd = socket(address.any.sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return fail(error, VP_ERROR_TEMPORARY, listener->name,
		    "socket");
	/* or a restart would have to wait for old connections to fade */
	if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on,
		sizeof(on)) < 0)
		return fail(error, VP_ERROR_TEMPORARY, listener->name,
		    "setsockopt");
	if (bind(listener->fd, &address.any, len) < 0)
		return fail(error,
		    errno == EADDRINUSE ? VP_ERROR_TEMPORARY : VP_ERROR_CONFIG,
		    listener->name, "bind");
	return true;
}

Listener *listener_open(const char *address, const ListenOptions *options,
    GError **error)
{
	g_autoptr(Listener) listener = listener_new(address);
	bool is_open;

	if (g_str_has_prefix(address, "unix:"))
		is_open = unix_open(listener, address + 5, options, error);
	else if (g_str_has_prefix(address, "inet:"))
		is_open = inet_open(listener, address + 5, options, error);
	else
		is_open = fail_config(error, address,
		    "is neither unix:/PATH nor inet:ADDRESS:PORT");
	if (is_open && listen(listener->fd, SOMAXCONN) < 0)
		is_open = fail(error, VP_ERROR_TEMPORARY, address, "listen");
	return is_open ? g_steal_pointer(&listener) : NULL;
}

/* ---- socket activation ---- */

static char *address_name(const Address *address, socklen_t len)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address->any.sa_family == AF_UNIX) {
		size_t path_len = len - offsetof(struct sockaddr_un, sun_path);
		g_autofree char *path = text_printable(address->local.sun_path,
		    strnlen(address->local.sun_path, path_len), path_len);

		return g_strconcat("unix:", path, NULL);
	}
	if (address->any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &address->v4.sin_addr, host,
		    sizeof(host));
		return g_strdup_printf("inet:%s:%u", host,
		    ntohs(address->v4.sin_port));
	}
	(void)inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
	return g_strdup_printf("inet:[%s]:%u", host,
	    ntohs(address->v6.sin6_port));
}

static Listener *adopt_one(int fd, const ListenOptions *options, GError **error)
{
	g_autofree char *which = g_strdup_printf("LISTEN_FDS: fd %d", fd);
	Address address = { 0 };
	socklen_t len = sizeof(address);
	int is_listening = 0;
	int type = 0;
	socklen_t int_len = sizeof(int);

	if (getsockname(fd, &address.any, &len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &int_len) <
		0) {
		(void)fail(error, VP_ERROR_CONFIG, which, "is no socket");
		return NULL;
	}
	if (type != SOCK_STREAM || is_listening == 0 ||
	    (address.any.sa_family != AF_UNIX &&
		address.any.sa_family != AF_INET &&
		address.any.sa_family != AF_INET6)) {
		(void)fail_config(error, which,
		    "is no listening stream socket");
		return NULL;
	}

	g_autofree char *name = address_name(&address, len);

	if (address.any.sa_family != AF_UNIX &&
	    !inet_check(name, &address, options, error))
		return NULL;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		(void)fail(error, VP_ERROR_TEMPORARY, which, "fcntl");
		return NULL;
	}

	Listener *listener = listener_new(name);

	listener->fd = fd;
	return listener;
}

bool listener_adopt(GPtrArray *listeners, const ListenOptions *options,
    GError **error)
{
	const char *pid = g_getenv("LISTEN_PID");
	const char *fds = g_getenv("LISTEN_FDS");
	g_auto(GStrv) names =
	    g_strsplit(text_or_empty(g_getenv("LISTEN_FDNAMES")), ":", 0);
	guint n_names = g_strv_length(names);
	guint64 number = 0;
	guint64 count = 0;
	bool is_ours = pid != NULL && fds != NULL &&
		       g_ascii_string_to_unsigned(pid, 10, 1, G_MAXINT32,
			   &number, NULL) &&
		       number == (guint64)getpid();

	if (is_ours &&
	    !g_ascii_string_to_unsigned(fds, 10, 0, 1000, &count, NULL))
		return fail_config(error, "LISTEN_FDS", "is not a number");
	/* not meant for whoever we may start */
	g_unsetenv("LISTEN_PID");
	g_unsetenv("LISTEN_FDS");
	g_unsetenv("LISTEN_FDNAMES");
	for (guint64 i = 0; i < count; i++) {
		Listener *listener = adopt_one(SD_LISTEN_FDS_START + (int)i,
		    options, error);

		if (listener == NULL)
			return false;
		if (i < n_names)
			text_take(&listener->service, g_strdup(names[i]));
		g_ptr_array_add(listeners, listener);
	}
	return true;
}
