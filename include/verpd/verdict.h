/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VERPD_VERDICT_H
#define VERPD_VERDICT_H

#ifdef __cplusplus
extern "C" {
#endif

#define VP_API __attribute__((visibility("default")))

/* What a message can be, and so what it does to a recipient. */
enum vp_class {
	VP_CLASS_UNKNOWN, /* not understood: recorded for review */
	VP_CLASS_HARD,    /* the address takes no mail and will not */
	VP_CLASS_SOFT,    /* it did not take this mail now */
	VP_CLASS_BLOCK,   /* the sender or the message was refused */
	VP_CLASS_COMPLAINT,
	VP_CLASS_UNSUBSCRIBE,
	VP_CLASS_AUTO_REPLY,
	VP_CLASS_CHALLENGE,
	VP_CLASS_DELAYED, /* still being tried */
	VP_CLASS_DELIVERED,
	VP_CLASS_RECEIPT, /* a message disposition notification */
	VP_CLASS_FORGED,  /* not ours, or not proven to be */
};
#define VP_CLASS_COUNT (VP_CLASS_FORGED + 1)

/* Why, one step finer.  Each reason belongs to one class. */
enum vp_reason {
	VP_REASON_UNKNOWN,
	/* hard */
	VP_REASON_BAD_MAILBOX,
	VP_REASON_BAD_DOMAIN,
	VP_REASON_MOVED,
	VP_REASON_SUPPRESSED, /* on the list of a provider we sent through */
	/* soft */
	VP_REASON_MAILBOX_FULL,
	VP_REASON_DISABLED, /* inactive account */
	VP_REASON_EXPIRED,  /* the queue gave up */
	VP_REASON_NETWORK,
	VP_REASON_SYSTEM,
	VP_REASON_THROTTLED,
	VP_REASON_TOO_BIG,
	VP_REASON_REFUSED, /* by the recipient's own choice or filter */
	/* block */
	VP_REASON_BLOCKED,
	VP_REASON_POLICY,
	VP_REASON_AUTH, /* SPF, DKIM, DMARC, PTR, TLS */
	VP_REASON_CONTENT,
	VP_REASON_SENDER_FAULT,
	/* and those that bear the name of their class */
	VP_REASON_COMPLAINT,
	VP_REASON_UNSUBSCRIBE,
	VP_REASON_AUTO_REPLY,
	VP_REASON_CHALLENGE,
	VP_REASON_DELAYED,
	VP_REASON_DELIVERED,
	VP_REASON_RECEIPT,
	VP_REASON_FORGED,
};
#define VP_REASON_COUNT (VP_REASON_FORGED + 1)

/* What a message is, taken as a whole. */
enum vp_kind {
	VP_KIND_NONE, /* an ordinary message: not a report */
	VP_KIND_BOUNCE,
	VP_KIND_DELAY,     /* of all its recipients */
	VP_KIND_DELIVERED, /* the same */
	VP_KIND_COMPLAINT,
	VP_KIND_AUTO_REPLY,
	VP_KIND_CHALLENGE,
	VP_KIND_UNSUBSCRIBE,
	VP_KIND_RECEIPT,
};
#define VP_KIND_COUNT (VP_KIND_RECEIPT + 1)

/* The name as in the man pages ("hard", "mailbox-full", "not-a-report").
   Never NULL: a value out of range is named "unknown".  The text is static. */
VP_API const char *vp_class_name(enum vp_class class_);
VP_API const char *vp_reason_name(enum vp_reason reason);
VP_API const char *vp_kind_name(enum vp_kind kind);

/* The value of a name, or -1 when there is none such. */
VP_API int vp_class_from_name(const char *name);
VP_API int vp_reason_from_name(const char *name);

/* The class a reason belongs to. */
VP_API enum vp_class vp_reason_class(enum vp_reason reason);

#ifdef __cplusplus
}
#endif

#endif
