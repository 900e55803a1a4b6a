/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own side: keys, rules, store, disk, clock, and whether the daemon
   answers. */
#include "doctor_private.h"

#include "ask.h"
#include "errors.h"
#include "site.h"
#include "site_store.h"
#include "store.h"
#include "units.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* ---- keys and rules ---- */

/* Whether the owner of the store, who runs the daemon, has BITS (of 7) on
   ST. */
static bool daemon_may(const Doctor *doctor, const struct stat *st,
    unsigned bits)
{
	struct stat store;

	if (stat(doctor->settings->store, &store) != 0 || store.st_uid == 0)
		return true; /* another check's matter */
	if (st->st_uid == store.st_uid)
		return (st->st_mode >> 6 & bits) == bits;
	if (st->st_gid == store.st_gid)
		return (st->st_mode >> 3 & bits) == bits;
	return (st->st_mode & bits) == bits;
}

static void check_readable(Doctor *doctor, const char *path, unsigned bits)
{
	struct stat st;

	if (stat(path, &st) != 0 || daemon_may(doctor, &st, bits))
		return;
	found(doctor, FINDING_ERROR,
	    g_strdup_printf("chgrp --reference=%s %s && chmod g+rX %s",
		doctor->settings->store, path, path),
	    "%s: the owner of the store, who runs verpd, cannot read it", path);
}

/* Root can read whatever it has just written. */
void check_files(Doctor *doctor)
{
	const Settings *settings = doctor->settings;
	g_autofree char *directory = g_path_get_dirname(settings->file);

	check_readable(doctor, directory, 1);
	check_readable(doctor, settings->file, 4);
	check_readable(doctor, settings->address_key, 4);
	for (char **rules = settings->rules; *rules != NULL; rules++) {
		g_autoptr(GDir) files = g_dir_open(*rules, 0, NULL);
		const char *name;

		check_readable(doctor, *rules, 5);
		while (files != NULL &&
		       (name = g_dir_read_name(files)) != NULL) {
			g_autofree char *path = g_build_filename(*rules, name,
			    NULL);

			if (g_str_has_suffix(name, ".rules"))
				check_readable(doctor, path, 4);
		}
	}
}

void check_keys(Doctor *doctor)
{
	const char *path = doctor->settings->keys;
	g_autoptr(GError) error = NULL;
	g_autoptr(KeyRing) keys = site_keys(doctor->settings, &error);
	struct stat st;

	if (keys == NULL) {
		bool is_there = stat(path, &st) == 0;

		found(doctor, FINDING_ERROR,
		    !is_there ? g_strdup("verpctl key new")
		    : (st.st_mode & 0007) != 0
			? g_strdup_printf("chmod o= %s", path)
			: NULL,
		    "%s", error->message);
		return;
	}
	if (stat(path, &st) == 0 && !daemon_may(doctor, &st, 4))
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("chgrp verpd %s; chmod 0640 %s", path,
			path),
		    "%s: the owner of the store, who runs verpd, cannot read "
		    "it",
		    path);
}

void check_rules(Doctor *doctor)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RuleSet) rules = site_rules(doctor->settings, &error);

	if (rules == NULL)
		found(doctor, FINDING_ERROR, g_strdup("verpctl rules lint"),
		    "%s", error->message);
}

/* ---- the store ---- */

/* What is wrong with it is of its settings. */
static bool is_sound(const char *path)
{
	g_autoptr(Store) store = store_open(path, STORE_READ, 1000, NULL);

	return store != NULL;
}

/* What mends a store at PATH that does not open, or NULL. */
static char *store_mended(const char *path, const GError *error)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? g_strdup("verpctl init") : NULL;
	if (st.st_size == 0)
		return g_strdup_printf("rm %s && verpctl init", path);
	if (!g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG) ||
	    access(path, R_OK) != 0 || is_sound(path))
		return NULL;
	return g_strdup_printf("systemctl stop verpd.socket verpd; move %s* "
			       "away; verpctl restore BACKUP --reason WHY",
	    path);
}

void check_store(Doctor *doctor)
{
	const char *path = doctor->settings->store;
	g_autofree char *wal = g_strconcat(path, "-wal", NULL);
	g_autoptr(GError) error = NULL;
	g_auto(SiteStore) site = site_store_of(doctor->settings);
	/* with the key of its addresses, as the daemon does */
	g_autoptr(Store)
	    store = site_store_open(&site, STORE_READ, 1000, &error);
	struct stat st;

	if (store == NULL) {
		found(doctor, FINDING_ERROR, store_mended(path, error), "%s",
		    error->message);
		return;
	}
	if (stat(wal, &st) == 0 && st.st_size > 256 * 1024 * 1024)
		found(doctor, FINDING_WARNING,
		    g_strdup("systemctl restart verpd"),
		    "%s has %" G_GINT64_FORMAT " MB: somebody holds a read "
		    "that keeps it from being written back",
		    wal, (int64_t)st.st_size / (1024 * 1024));
}

/* Whether PATH is of the owner of MODEL. */
static void check_owner(Doctor *doctor, const char *path, const char *model)
{
	struct stat st, other;

	if (stat(path, &st) != 0 || stat(model, &other) != 0 ||
	    st.st_uid == other.st_uid)
		return;
	found(doctor, FINDING_ERROR,
	    g_strdup_printf("chown --reference=%s %s", model, path),
	    "%s is another user's than %s: one of them cannot write both", path,
	    model);
}

void check_store_writable(Doctor *doctor)
{
	const char *path = doctor->settings->store;
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *wal = g_strconcat(path, "-wal", NULL);
	g_autofree char *shm = g_strconcat(path, "-shm", NULL);
	struct stat store, around;
	/* A store that root copied into place is root's; the directory is as
	   it was made for verpd. */
	bool is_copied = stat(directory, &around) == 0 && around.st_uid != 0;
	const char *model = is_copied ? directory : path;

	if (stat(path, &store) != 0)
		return;
	if ((store.st_mode & 0007) != 0)
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("chmod o= %s", path),
		    "%s is open to every user: addresses are in it", path);
	if ((store.st_mode & 0200) == 0)
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("chmod u+w %s", path),
		    "%s: its owner, who runs verpd, cannot write it", path);
	check_owner(doctor, is_copied ? path : directory, model);
	check_owner(doctor, wal, model);
	check_owner(doctor, shm, model);
}

/* ---- disk and clock ---- */

/* statfs(2); by name, for linux/magic.h has not all. */
static const char *remote_name(const struct statfs *fs)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} remote[] = {
		{ 0x6969, "NFS" },
		{ 0x517b, "SMB" },
		{ 0xfe534d42, "SMB" },
		{ 0xff534d42, "CIFS" },
		{ 0x5346414f, "AFS" },
		{ 0x00c36400, "Ceph" },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(remote); i++)
		if ((unsigned long)fs->f_type == remote[i].magic)
			return remote[i].name;
	return NULL;
}

void check_disk(Doctor *doctor)
{
	g_autofree char *directory =
	    g_path_get_dirname(doctor->settings->store);
	struct statvfs room;
	struct statfs fs;
	uint64_t left;

	if (statfs(directory, &fs) == 0 && remote_name(&fs) != NULL)
		found(doctor, FINDING_ERROR,
		    g_strdup("put the store on a local disk"),
		    "%s is on %s: SQLite's write-ahead log needs shared memory",
		    directory, remote_name(&fs));
	if (statvfs(directory, &room) != 0)
		return;
	left = (uint64_t)room.f_bavail * room.f_frsize;
	if (left < 64 * 1024 * 1024)
		found(doctor, FINDING_ERROR, NULL,
		    "%s: %" G_GUINT64_FORMAT " MB are left: bounces will be "
		    "deferred (452)",
		    directory, left / (1024 * 1024));
	else if (left < 1024 * 1024 * 1024)
		found(doctor, FINDING_WARNING, NULL,
		    "%s: only %" G_GUINT64_FORMAT " MB are left", directory,
		    left / (1024 * 1024));
}

static bool note_event(const Event *event, void *data)
{
	*(int64_t *)data = event->at;
	return false;
}

/* Long after anything that this program may find in a store of its own. */
#define BEFORE_ALL INT64_C(1767225600) /* 2026-01-01 */

void check_clock(Doctor *doctor)
{
	StoreFilter filter = STORE_FILTER_ANY;
	g_autoptr(Store)
	    store = store_open(doctor->settings->store, STORE_READ, 1000, NULL);
	int64_t ahead = 0;

	if (doctor->now < BEFORE_ALL) {
		g_autofree char *now = time_format(doctor->now);

		found(doctor, FINDING_ERROR,
		    g_strdup("timedatectl set-ntp yes"), "the clock says %s",
		    now);
		return;
	}
	if (store == NULL)
		return;
	filter.since = doctor->now + 3600;
	filter.now = doctor->now;
	filter.limit = 1;
	if (store_each_event(store, &filter, note_event, &ahead, NULL) &&
	    ahead != 0) {
		g_autofree char *at = time_format(ahead);

		found(doctor, FINDING_WARNING,
		    g_strdup("timedatectl set-ntp yes"),
		    "an event is of %s: the clock was ahead, or is behind now",
		    at);
	}
}

/* ---- the daemon ---- */

void ask_socket(Doctor *doctor, const char *name, const char *question,
    const char *answer)
{
	g_autofree char *got = socket_ask(doctor->postconf, name, question);

	if (got == NULL) {
		/* only Postfix knows where systemd listens */
		bool is_unsure = errno == EACCES ||
				 (errno == ENOENT && doctor->postconf == NULL);

		found(doctor, is_unsure ? FINDING_NOTE : FINDING_ERROR,
		    g_strdup(errno == EACCES ? "run verpctl doctor as root"
			     : errno == ENOENT
				 /* it may run, and the socket be removed */
				 ? "systemctl restart verpd.socket verpd"
				 : "systemctl start verpd.socket verpd"),
		    "%s: %s", name, g_strerror(errno));
		return;
	}
	if (strstr(got, answer) == NULL)
		found(doctor, FINDING_ERROR,
		    g_strdup("systemctl restart verpd"), "%s: %s", name,
		    got[0] == '\0' ? "no answer within 2 seconds"
				   : "somebody else than verpd answers");
}

void check_daemon(Doctor *doctor)
{
	char **listen = doctor->settings->listen;

	/* by pipe(8) there need not be one */
	if (!is_by_pipe(doctor) && doctor->lmtp != NULL)
		ask_socket(doctor, doctor->lmtp, "", " LMTP verpd");
	else if (!is_by_pipe(doctor))
		for (; *listen != NULL; listen++)
			ask_socket(doctor, *listen, "", " LMTP verpd");
	if (doctor->is_signing || doctor->is_verifying)
		ask_socket(doctor, doctor->map, "7:token x,", "NOTFOUND");
	if (doctor->is_enforcing)
		ask_socket(doctor, doctor->policy,
		    "request=smtpd_access_policy\nprotocol_state=RCPT\n\n",
		    "action=DUNNO");
}
