/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postconf.h"
#include "settings.h"

/* What main.cf and master.cf must say so that Postfix asks verpd: computed from
   the settings and from what the Postfix here says already. */

/* The four places (verpd-postfix(7)). */
typedef enum WiringPlace {
	WIRING_INTAKE,
	WIRING_SIGN,
	WIRING_VERIFY,
	WIRING_ENFORCE,
} WiringPlace;
#define WIRING_PLACES (WIRING_ENFORCE + 1)

const char *wiring_place_name(WiringPlace place);

typedef enum WiringKind {
	WIRING_MAIN,    /* main.cf: NAME = VALUE */
	WIRING_SERVICE, /* master.cf: NAME is "service/type", VALUE its line */
	WIRING_OPTION,  /* master.cf: NAME is "service/type/parameter" */
} WiringKind;

typedef struct WiringLine {
	WiringPlace place;
	WiringKind kind;
	char *name;
	char *value; /* whole: what is there already is in it */
	const char *why;
	bool is_done; /* nothing is to be changed */
} WiringLine;

typedef struct WiringWish {
	unsigned places; /* bits: 1 << WiringPlace; intake always */
	bool is_pipe;    /* intake by pipe(8) */
} WiringWish;

/* LINE as the postconf(1) command that makes it so, for a shell; g_free() it.
 */
char *wiring_command(const WiringLine *line);

/* The names under which Postfix here finds verpd's sockets: "unix:private/...",
   "unix:/...", "inet:...".  POSTCONF may be NULL.  g_free() each. */
char *wiring_lmtp(const Settings *settings, const Postconf *postconf);
char *wiring_map(const Settings *settings, const Postconf *postconf);
char *wiring_policy(const Settings *settings, const Postconf *postconf);

/* The type of the pause map that Postfix here can be given, the best it has; -1
   when there is none, or it is not there yet, and naming it would stop all
   mail.  POSTCONF NULL: a Postfix that has its defaults. */
int wiring_pause_type(const Settings *settings, const Postconf *postconf);

/* The content_filter of main.cf or, if that has none, of the first smtpd(8) that
   has one; "" is none.  Lent. */
const char *wiring_filter(const Postconf *postconf);
/* Whether LINE is one of those by which campaigns are signed on their way to
   that filter. */
bool wiring_is_about_filter(const WiringLine *line);

/* Every line, those that are done too, in the order to be applied.  POSTCONF
   NULL: as for a Postfix that has its defaults. */
GPtrArray *wiring_lines(const Settings *settings, const Postconf *postconf,
    const WiringWish *wish); /* of WiringLine */
