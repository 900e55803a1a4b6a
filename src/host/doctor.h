/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postconf.h"
#include "settings.h"
#include "wiring.h"

/* Looks at everything that goes wrong in practice between verpd, its files and
   the Postfix here; changes nothing. */

typedef enum FindingLevel {
	FINDING_NOTE,    /* worth knowing */
	FINDING_WARNING, /* bites one day */
	FINDING_ERROR,   /* mail is lost, refused or not counted */
} FindingLevel;
const char *finding_level_name(FindingLevel level);

typedef struct Finding {
	FindingLevel level;
	const char *check; /* its name, as verpctl(8) lists them */
	char *what;
	char *mend; /* the line that mends it, or what to do; "" */
} Finding;

/* What is looked at.  POSTCONF NULL: Postfix's side is left out. */
typedef struct Patient {
	const Settings *settings;
	const Postconf *postconf;
	int64_t now;
} Patient;

/* Of Finding, by check; every check ran. */
GPtrArray *doctor_examine(const Patient *patient);

/* How many checks there are; without Postfix, those of verpd's own side. */
unsigned doctor_count(bool with_postfix);
/* For each its name and what it looks for; I below doctor_count(true). */
const char *doctor_check(unsigned i, const char **ret_about);
