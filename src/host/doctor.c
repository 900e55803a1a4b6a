/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of checks, and how they are run.  Each looks at one thing, says in
   one line what is wrong, and gives the line that mends it. */
#include "doctor_private.h"

#include <string.h>

static const struct {
	const char *name;
	const char *about;
	DoctorCheck run;
	bool is_of_postfix;
} checks[] = {
	{ "files",
	    "the daemon's user can read verpd.conf, the rules and the "
	    "address key",
	    check_files, false },
	{ "keys", "the keys file: there, sound, closed to others", check_keys,
	    false },
	{ "rules", "the rules can be read", check_rules, false },
	/* before the next, which lets SQLite mend owners when run by root */
	{ "store-access",
	    "the daemon's user can write the store and its "
	    "directory, others cannot read them",
	    check_store_writable, false },
	{ "store", "the store opens, is sound and of this version", check_store,
	    false },
	{ "disk", "there is room, on a disk that locks", check_disk, false },
	{ "clock", "the clock is not before or far behind the last event",
	    check_clock, false },

	{ "domain", "Postfix takes mail for the bounce domain",
	    check_domain_taken, true },
	{ "transport", "bounces are delivered to verpd and nothing else is",
	    check_transport, true },
	{ "service",
	    "that transport is in master.cf, with what keeps bounces "
	    "from being lost",
	    check_transport_service, true },
	{ "rewriting", "nothing makes another address of a return path",
	    check_rewriting, true },
	{ "deferred", "no transport of ours is switched off", check_deferred,
	    true },
	{ "daemon", "verpd answers on every socket that it should",
	    check_daemon, false },
	{ "socket", "Postfix reaches the LMTP socket, from its chroot, too",
	    check_socket, true },
	{ "soft-bounce", "soft_bounce is off in main.cf", check_soft_bounce,
	    true },
	{ "notify", "a bounce that cannot be delivered reaches a human",
	    check_notify, true },
	{ "own-hosts", "own_hosts knows this Postfix's name", check_own_hosts,
	    true },
	{ "newline", "no message can be smuggled behind a bare newline",
	    check_newline, true },
	{ "smtputf8", "bounces of internationalized addresses are taken",
	    check_smtputf8, true },
	{ "delimiter", "recipient_delimiter suits sub_address", check_delimiter,
	    true },
	{ "lifetimes", "tokens outlive Postfix's queues", check_lifetimes,
	    true },
	{ "timeouts", "nobody gives up while verpd still waits", check_timeouts,
	    true },
	{ "processes", "there are no more clients than verpd lets in",
	    check_processes, true },
	{ "size", "verpd takes messages as large as Postfix does", check_size,
	    true },
	{ "verp",
	    "XVERP is written as verpd reads it, and allowed to programs "
	    "here only",
	    check_verp, true },
	{ "generic", "no generic map signs for everybody", check_generic,
	    true },
	{ "pause-map",
	    "the table of paused campaigns is there, is named, and stands "
	    "first",
	    check_pause_map, true },
	{ "signing", "campaigns leave by the signing transport", check_signing,
	    true },
	{ "bypass", "transport_maps sends no campaign by another transport",
	    check_bypass, true },
	{ "outsiders", "nobody outside sends as a return path of ours",
	    check_outsiders, true },
	{ "reinjection",
	    "filters hand mail back without its headers being "
	    "rewritten",
	    check_reinjection, true },
	{ "filter", "campaigns are signed before a content filter has them",
	    check_filter, true },
	{ "verifying", "return paths that are not genuine are refused",
	    check_verifying, true },
	{ "enforcing", "campaign mail asks before it is accepted",
	    check_enforcing, true },
	{ "map-sockets", "Postfix reaches the sockets it asks on",
	    check_map_sockets, true },
};

const char *finding_level_name(FindingLevel level)
{
	static const char *const names[] = {
		[FINDING_NOTE] = "note",
		[FINDING_WARNING] = "warning",
		[FINDING_ERROR] = "error",
	};

	return names[level];
}

unsigned doctor_count(bool with_postfix)
{
	unsigned n = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++)
		n += with_postfix || !checks[i].is_of_postfix;
	return n;
}

const char *doctor_check(unsigned i, const char **ret_about)
{
	*ret_about = checks[i].about;
	return checks[i].name;
}

static void finding_free(gpointer data)
{
	Finding *finding = data;

	g_free(finding->what);
	g_free(finding->mend);
	g_free(finding);
}

void found(Doctor *doctor, FindingLevel level, char *mend, const char *format,
    ...)
{
	Finding *finding = g_new0(Finding, 1);
	va_list args;

	va_start(args, format);
	finding->level = level;
	finding->check = doctor->check;
	finding->what = g_strdup_vprintf(format, args);
	finding->mend = mend != NULL ? mend : g_strdup("");
	va_end(args);
	g_ptr_array_add(doctor->findings, finding);
}

bool asks_to_sign(const Postconf *postconf, const PostfixService *service)
{
	return strstr(postconf_of(postconf, service, "smtp_generic_maps"),
		   ":sign") != NULL;
}

/* Whether any smtp(8) of master.cf, or main.cf, asks our `sign`. */
static bool is_signing(const Postconf *postconf)
{
	const GPtrArray *services = postconf_services(postconf);

	for (unsigned i = 0; i < services->len; i++)
		if (asks_to_sign(postconf, services->pdata[i]))
			return true;
	return false;
}

static bool is_verifying(const Postconf *postconf)
{
	return strstr(postconf_value(postconf, "relay_recipient_maps"),
		   ":token") != NULL ||
	       postconf_value(postconf, "verpd_verify")[0] != '\0';
}

bool asks_policy(const Doctor *doctor, const char *restrictions)
{
	return strstr(restrictions, "verpd_policy") != NULL ||
	       strstr(restrictions, doctor->policy) != NULL;
}

static bool is_enforcing(const Doctor *doctor)
{
	const GPtrArray *services = postconf_services(doctor->postconf);

	for (unsigned i = 0; i < services->len; i++)
		if (asks_policy(doctor,
			postconf_of(doctor->postconf, services->pdata[i],
			    "smtpd_recipient_restrictions")))
			return true;
	return false;
}

GPtrArray *doctor_examine(const Patient *patient)
{
	Doctor doctor = { .settings = patient->settings,
		.postconf = patient->postconf,
		.now = patient->now,
		.findings = g_ptr_array_new_with_free_func(finding_free) };

	if (doctor.postconf != NULL) {
		doctor.lmtp = wiring_lmtp(doctor.settings, doctor.postconf);
		doctor.map = wiring_map(doctor.settings, doctor.postconf);
		doctor.policy = wiring_policy(doctor.settings, doctor.postconf);
		doctor.is_signing = is_signing(doctor.postconf);
		doctor.is_verifying = is_verifying(doctor.postconf);
		doctor.is_enforcing = is_enforcing(&doctor);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
		if (checks[i].is_of_postfix && doctor.postconf == NULL)
			continue;
		doctor.check = checks[i].name;
		checks[i].run(&doctor);
	}
	g_free(doctor.lmtp);
	g_free(doctor.map);
	g_free(doctor.policy);
	g_free(doctor.transport);
	return doctor.findings;
}
