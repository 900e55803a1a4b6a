/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VERPD_CLASSIFY_H
#define VERPD_CLASSIFY_H

#include <stddef.h>

#include <verpd/status.h>
#include <verpd/verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a message says of the mail it answers, judged by rules.  libverpd(3)
   tells of each function.  Absent text is "", never NULL. */

/* Rules, as verpd-rules(5) describes them.  Never changes once it is made: any
   number of threads may use it. */
struct vp_rules;

/* DIRECTORIES is NULL-ended; NULL stands for the rules that come with the
   library. */
VP_API enum vp_status vp_rules_load(const char *const *directories,
    struct vp_rules **ret_rules, struct vp_error *ret_error);
VP_API void vp_rules_free(struct vp_rules *rules);

/* The verdict on one recipient.  The text is the report's. */
struct vp_event {
	const char *recipient;
	const char *status;    /* "5.1.1", RFC 3463 */
	unsigned smtp_code;    /* 550; 0 when there is none */
	const char *action;    /* "failed", RFC 3464 */
	enum vp_class class_;  /* what it does to the recipient */
	enum vp_reason reason; /* why */
	const char *rule;      /* id of the rule that said so */
	double confidence;     /* 0 to 1 */
	const char *provider;  /* who runs the recipient's mail */
	const char *diagnostic;
};

struct vp_report {
	enum vp_kind kind;
	size_t n_events; /* none in VP_KIND_NONE, at least one in others */
	const struct vp_event *events;
};

/* Never NULL and never fails: a message that nobody understands is a report
   with less in it. */
VP_API struct vp_report *vp_classify(const struct vp_rules *rules,
    const void *message, size_t len);
VP_API void vp_report_free(struct vp_report *report);

#ifdef __cplusplus
}
#endif

#endif
