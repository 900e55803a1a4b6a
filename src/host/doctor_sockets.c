/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether Postfix's programs reach our sockets: out of their chroot, as their
   user. */
#include "doctor_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

/* Since Postfix 3.0 "-" is "n"; before, or compatible with that, "y". */
static bool is_chrooted(const Doctor *doctor, const PostfixService *service)
{
	if (strcmp(service->is_chrooted, "-") == 0)
		return g_ascii_strtod(doctor_value(doctor,
					  "compatibility_level"),
			   NULL) < 1;
	return strcmp(service->is_chrooted, "y") == 0;
}

typedef struct Who {
	uid_t uid;
	gid_t groups[64];
	int n_groups;
} Who;

static bool postfix_user(const Doctor *doctor, Who *who)
{
	const struct passwd *user = getpwnam(doctor_value(doctor,
	    "mail_owner"));

	who->n_groups = G_N_ELEMENTS(who->groups);
	if (user == NULL)
		return false;
	who->uid = user->pw_uid;
	return getgrouplist(user->pw_name, user->pw_gid, who->groups,
		   &who->n_groups) >= 0;
}

/* Whether WHO has BITS (of 7) on ST. */
static bool may(const Who *who, const struct stat *st, unsigned bits)
{
	if (st->st_uid == who->uid)
		return ((unsigned)st->st_mode >> 6 & bits) == bits;
	for (int i = 0; i < who->n_groups; i++)
		if (who->groups[i] == st->st_gid)
			return ((unsigned)st->st_mode >> 3 & bits) == bits;
	return ((unsigned)st->st_mode & bits) == bits;
}

bool postfix_may(const Doctor *doctor, const char *path, unsigned bits,
    char **ret_where)
{
	g_autofree char *directory = g_path_get_dirname(path);
	struct stat st;
	Who who;

	*ret_where = NULL;
	if (!postfix_user(doctor, &who))
		return true;
	for (;;) {
		g_autofree char *above = g_path_get_dirname(directory);

		if (stat(directory, &st) == 0 && !may(&who, &st, 1)) {
			*ret_where = g_strdup(directory);
			return false;
		}
		if (strcmp(above, directory) == 0)
			break;
		g_free(directory);
		directory = g_steal_pointer(&above);
	}
	if (stat(path, &st) == 0 && !may(&who, &st, bits)) {
		*ret_where = g_strdup(path);
		return false;
	}
	return true;
}

/* Whether SERVICE reaches the socket NAME; tells it if not. */
static void reach(Doctor *doctor, const PostfixService *service,
    const char *name)
{
	g_autofree char *path = NULL;
	g_autofree char *where = NULL;
	struct stat st;

	if (!g_str_has_prefix(name, "unix:"))
		return;
	if (name[5] == '/' && is_chrooted(doctor, service)) {
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("postconf -Fe '%s/%s/chroot=n'",
			service->name, service->type),
		    "%s is chrooted and cannot see %s", service->name,
		    name + 5);
		return;
	}
	path = name[5] == '/' ? g_strdup(name + 5)
			      : postconf_queue_path(doctor->postconf, name + 5);
	if (stat(path, &st) != 0) {
		found(doctor, errno == EACCES ? FINDING_NOTE : FINDING_ERROR,
		    g_strdup(errno == EACCES ? "run verpctl doctor as root"
					     : "systemctl start verpd.socket"),
		    "%s: %s", path, g_strerror(errno));
		return;
	}
	if (!S_ISSOCK(st.st_mode))
		found(doctor, FINDING_ERROR, NULL, "%s is not a socket", path);
	else if (!postfix_may(doctor, path, 2, &where))
		found(doctor, FINDING_ERROR,
		    g_strdup_printf("listen_group, listen_mode in verpd.conf, "
				    "or chown %s %s",
			doctor_value(doctor, "mail_owner"), where),
		    "%s is closed to %s: Postfix cannot reach %s", where,
		    doctor_value(doctor, "mail_owner"), path);
}

void check_socket(Doctor *doctor)
{
	const PostfixService *service = doctor_transport(doctor);
	const char *name;

	if (service == NULL || strcmp(service->command, "lmtp") != 0)
		return;
	name = strchr(doctor->transport, ':');
	if (name != NULL)
		reach(doctor, service, name + 1);
}

void check_map_sockets(Doctor *doctor)
{
	const GPtrArray *services = postconf_services(doctor->postconf);

	for (unsigned i = 0; i < services->len; i++) {
		const PostfixService *service = services->pdata[i];
		bool is_smtpd = strcmp(service->command, "smtpd") == 0;

		if (is_smtpd && doctor->is_verifying)
			reach(doctor, service, doctor->map);
		if (is_smtpd && doctor->is_enforcing)
			reach(doctor, service, doctor->policy);
		if (strcmp(service->command, "smtp") == 0 &&
		    asks_to_sign(doctor->postconf, service))
			reach(doctor, service, doctor->map);
	}
}
