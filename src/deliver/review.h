/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "deliver.h"

/* An event that waits for a person, judged once more: by the rules of today,
   or by that person.  What comes of it is an event of its own, at the time of
   the review; the old one stays as it was, and waits no longer. */
typedef struct Review {
	Verdict *verdict;
	bool counts;     /* it may act on the recipient */
	bool is_by_hand; /* then it never waits again */
} Review;
void review_clear(Review *review);

/* What KEPT, the message that EVENT came of, says of its recipient now. */
void review_by_rules(const Judge *judge, const Event *event,
    const KeptMessage *kept, Review *ret_review);
/* REASON, because a person says so. */
void review_by_hand(const Event *event, enum vp_reason reason,
    Review *ret_review);

/* Applies REVIEW in one transaction at change->now.  *RET_OUTCOME has no event
   where nothing is written: EVENT waits on (effect.needs_review), or
   IS_DRY_RUN.  VP_ERROR_NOT_FOUND: somebody was quicker. */
bool review_record(const Judge *judge, Store *store, const Event *event,
    const Review *review, const ManualChange *change, bool is_dry_run,
    Outcome **ret_outcome, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Review, review_clear)
