/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "deliver.h"
#include "policy.h"
#include "retry.h"

/* verpd.conf(5) as read: one table row per parameter stands behind it. */
typedef struct Settings {
	char *file;   /* where it was read from */
	char *store;  /* path of the database */
	char *keys;   /* path of the keys file */
	char **rules; /* directories of *.rules, in order */
	char **bounce_domains;
	char *sub_address;
	char **own_hosts;

	char **listen; /* "unix:/run/verpd/lmtp", "inet:127.0.0.1:2424" */
	unsigned listen_mode;
	char *listen_group; /* "" leaves it */
	bool allow_remote;  /* addresses other than loopback may be listened on
			    */
	char **map_listen;  /* socketmap, as LISTEN */
	char **policy_listen; /* policy delegation, as LISTEN */
	unsigned map_connection_limit;
	char *enforce_failure; /* "defer" or "accept" */
	char *pause_action;    /* "hold" or "defer" */
	char *pause_map;       /* path, or "" */
	char **campaigns;      /* glob patterns: names that are one of ours */
	char *hostname;
	uint64_t message_size_limit;
	unsigned connection_limit;
	int64_t command_timeout, data_timeout, session_timeout; /* seconds */
	unsigned workers;        /* analysing threads; 0: one per core */
	unsigned batch;          /* messages per disk sync at most */
	int64_t busy_timeout;    /* seconds to wait for a locked store */
	int64_t deliver_timeout; /* pipe(8) front end's own alarm */

	int64_t bounce_lifetime, complaint_lifetime;
	unsigned forged_per_source, forged_total; /* rows an hour */
	int64_t delivery_key_retention;           /* seconds */
	int64_t quarantine_retention;             /* seconds */
	uint64_t quarantine_size;
	char *addresses;   /* "plain", "hashed" */
	char *address_key; /* a file */
	/* seconds, 0 for ever */
	int64_t event_retention, reply_retention, unknown_retention;
	int64_t recipient_retention;
	int64_t forged_retention, rule_hit_retention, feed_retention;

	Policy policy; /* policies are its rules */
	BreakerPolicy breaker;
	GPtrArray *policies;  /* of SettingsPolicy, as they were written */
	GPtrArray *providers; /* of SettingsProvider */
	GPtrArray *streams;   /* of Stream */
	char *default_stream;
	char *mail_log;              /* Postfix's */
	int64_t feed_deferred_after; /* seconds */
	bool feed_bounces;
	char **feed_inner_relays;
	GPtrArray *patterns; /* of SettingsPattern */
	char *log;           /* "syslog", "stderr" */
	char *log_level;     /* "error", "warning", "info", "debug" */
} Settings;

typedef struct SettingsPattern {
	char *name;
	char *regex; /* NULL for a built-in */
	bool is_trusted;
	unsigned line; /* of the section, for what is wrong with the regex */
} SettingsPattern;

/* A section `policy "name"`. */
typedef struct SettingsPolicy {
	char *name;
	char **classes, **reasons, **providers;
	unsigned limit; /* POLICY_LIMIT_UNSET */
	unsigned days;  /* 0: not set; and so are window and ladder */
	int64_t window;
	Ladder ladder;
	bool continues;
	unsigned line; /* of the section */
} SettingsPolicy;

/* A section `provider "name"`. */
typedef struct SettingsProvider {
	char *name;
	RetryProfile retry;
	unsigned line;
} SettingsProvider;

/* Reads FILE.  NULL with VP_ERROR_CONFIG and "file:line: what": unknown or
   repeated names, bad values, values that contradict each other. */
Settings *settings_read(const char *file, GError **error);
/* The same from TEXT, LEN octets that bear the name FILE in errors. */
Settings *settings_parse(const char *file, const char *text, gsize len,
    GError **error);
/* The built-in defaults. */
Settings *settings_new(void);
void settings_free(Settings *settings);

/* As postconf(1): "name = value" lines of all defaults (`-d`), or of what
   differs from them (`-n`).  g_free() it. */
char *settings_print(const Settings *settings, bool only_changed);
/* A verpd.conf to start from: every parameter with what it is for and its
   default, as comments.  g_free() it. */
char *settings_sample(void);

/* Where verpd.conf is when nobody says otherwise. */
const char *settings_default_file(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)
