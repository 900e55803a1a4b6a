/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "dialogue.h"

/* What came of looking for one question in the octets at hand. */
typedef enum Taken {
	TAKEN_NONE,  /* it is not complete: more octets are wanted */
	TAKEN_ONE,   /* it was answered */
	TAKEN_BROKEN /* that is no question; a last reply may have been made */
} Taken;

/* A protocol.  Looks at LEN octets, answers the first question in them to the
   end of OUTPUT, and says how many octets it took. */
typedef Taken (*DialogueTake)(Dialogue *dialogue, const char *bytes, size_t len,
    size_t *ret_used);

struct Dialogue {
	DialogueTake take;
	MapLookUp look_up;
	PolicyDecide decide;
	void *data;
	GString *input;  /* of a question that is not complete */
	GString *output; /* not yet written */
	bool is_broken;
};

Dialogue *dialogue_new(DialogueTake take, void *data);
