/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The names of classes, reasons and kinds, and which class a reason belongs to:
   the one table behind man pages, rules, database and JSON. */

#include <verpd/verdict.h>

#include <glib.h>

static const char *const class_names[VP_CLASS_COUNT] = {
	[VP_CLASS_UNKNOWN] = "unknown",
	[VP_CLASS_HARD] = "hard",
	[VP_CLASS_SOFT] = "soft",
	[VP_CLASS_BLOCK] = "block",
	[VP_CLASS_COMPLAINT] = "complaint",
	[VP_CLASS_UNSUBSCRIBE] = "unsubscribe",
	[VP_CLASS_AUTO_REPLY] = "auto-reply",
	[VP_CLASS_CHALLENGE] = "challenge",
	[VP_CLASS_DELAYED] = "delayed",
	[VP_CLASS_DELIVERED] = "delivered",
	[VP_CLASS_RECEIPT] = "receipt",
	[VP_CLASS_FORGED] = "forged",
};

static const struct {
	const char *name;
	enum vp_class class_;
} reasons[VP_REASON_COUNT] = {
	[VP_REASON_UNKNOWN] = { "unknown", VP_CLASS_UNKNOWN },
	[VP_REASON_BAD_MAILBOX] = { "bad-mailbox", VP_CLASS_HARD },
	[VP_REASON_BAD_DOMAIN] = { "bad-domain", VP_CLASS_HARD },
	[VP_REASON_MOVED] = { "moved", VP_CLASS_HARD },
	[VP_REASON_SUPPRESSED] = { "suppressed", VP_CLASS_HARD },
	[VP_REASON_MAILBOX_FULL] = { "mailbox-full", VP_CLASS_SOFT },
	[VP_REASON_DISABLED] = { "disabled", VP_CLASS_SOFT },
	[VP_REASON_EXPIRED] = { "expired", VP_CLASS_SOFT },
	[VP_REASON_NETWORK] = { "network", VP_CLASS_SOFT },
	[VP_REASON_SYSTEM] = { "system", VP_CLASS_SOFT },
	[VP_REASON_THROTTLED] = { "throttled", VP_CLASS_SOFT },
	[VP_REASON_TOO_BIG] = { "too-big", VP_CLASS_SOFT },
	[VP_REASON_REFUSED] = { "refused", VP_CLASS_SOFT },
	[VP_REASON_BLOCKED] = { "blocked", VP_CLASS_BLOCK },
	[VP_REASON_POLICY] = { "policy", VP_CLASS_BLOCK },
	[VP_REASON_AUTH] = { "auth", VP_CLASS_BLOCK },
	[VP_REASON_CONTENT] = { "content", VP_CLASS_BLOCK },
	[VP_REASON_SENDER_FAULT] = { "sender-fault", VP_CLASS_BLOCK },
	[VP_REASON_COMPLAINT] = { "complaint", VP_CLASS_COMPLAINT },
	[VP_REASON_UNSUBSCRIBE] = { "unsubscribe", VP_CLASS_UNSUBSCRIBE },
	[VP_REASON_AUTO_REPLY] = { "auto-reply", VP_CLASS_AUTO_REPLY },
	[VP_REASON_CHALLENGE] = { "challenge", VP_CLASS_CHALLENGE },
	[VP_REASON_DELAYED] = { "delayed", VP_CLASS_DELAYED },
	[VP_REASON_DELIVERED] = { "delivered", VP_CLASS_DELIVERED },
	[VP_REASON_RECEIPT] = { "receipt", VP_CLASS_RECEIPT },
	[VP_REASON_FORGED] = { "forged", VP_CLASS_FORGED },
};

static const char *const kind_names[VP_KIND_COUNT] = {
	[VP_KIND_NONE] = "not-a-report",
	[VP_KIND_BOUNCE] = "bounce",
	[VP_KIND_DELAY] = "delay",
	[VP_KIND_DELIVERED] = "delivered",
	[VP_KIND_COMPLAINT] = "complaint",
	[VP_KIND_AUTO_REPLY] = "auto-reply",
	[VP_KIND_CHALLENGE] = "challenge",
	[VP_KIND_UNSUBSCRIBE] = "unsubscribe",
	[VP_KIND_RECEIPT] = "receipt",
};

const char *vp_class_name(enum vp_class class_)
{
	return (unsigned)class_ < VP_CLASS_COUNT ? class_names[class_]
						 : "unknown";
}

const char *vp_reason_name(enum vp_reason reason)
{
	return (unsigned)reason < VP_REASON_COUNT ? reasons[reason].name
						  : "unknown";
}

const char *vp_kind_name(enum vp_kind kind)
{
	return (unsigned)kind < VP_KIND_COUNT ? kind_names[kind] : "unknown";
}

int vp_class_from_name(const char *name)
{
	for (int i = 0; i < VP_CLASS_COUNT; i++)
		if (g_ascii_strcasecmp(name, class_names[i]) == 0)
			return i;
	return -1;
}

int vp_reason_from_name(const char *name)
{
	for (int i = 0; i < VP_REASON_COUNT; i++)
		if (g_ascii_strcasecmp(name, reasons[i].name) == 0)
			return i;
	return -1;
}

enum vp_class vp_reason_class(enum vp_reason reason)
{
	return (unsigned)reason < VP_REASON_COUNT ? reasons[reason].class_
						  : VP_CLASS_UNKNOWN;
}
