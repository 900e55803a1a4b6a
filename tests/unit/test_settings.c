/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verpd.conf(5): what is taken, what is refused with which line, and that
   what is printed reads back the same. */
#include "main.h"

#include "settings.h"
#include "settings_table.h"

#include "errors.h"

#include <string.h>

#define ROW_DAY 86400

static Settings *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	Settings *settings = settings_parse("verpd.conf", text, strlen(text),
	    &error);

	if (settings == NULL)
		ck_abort_msg("%s: %s", text, error->message);
	return settings;
}

typedef struct Bad {
	const char *text;
	const char *complaint; /* how the message begins */
} Bad;

static const Bad bad[] = {
	/* names */
	{ "no_such = 1\n", "verpd.conf:1: no such option 'no_such'" },
	{ "\n\nbatch = 5\nno_such = 1\n",
	    "verpd.conf:4: no such option 'no_such'" },
	{ "# one\n// two\n/* three\n   four */ # again\nno_such = 1\n",
	    "verpd.conf:5: no such option 'no_such'" },
	{ "batch = 5 # one\n\nbatch 7\n", "verpd.conf:3: missing equal sign" },
	{ "policy {\n soft_limits = 4\n}\n",
	    "verpd.conf:2: no such option 'soft_limits'" },
	{ "soft_limit = 4\n", "verpd.conf:1: no such option 'soft_limit' "
			      "here; it belongs into section policy" },
	{ "policy { campaigns = x }\n",
	    "verpd.conf:1: no such option 'campaigns' here; it belongs into "
	    "section stream" },
	{ "nonsense {\n}\n", "verpd.conf:1: no such option 'nonsense'" },
	{ "stream { campaigns = {\"a\"} }\n",
	    "verpd.conf:1: missing title for section 'stream'" },
	/* repeated */
	{ "batch = 5\nworkers = 2\nbatch = 5\n",
	    "verpd.conf:3: batch is set before, on line 1" },
	{ "rules = {}\nrules = {\"/a\"}\n",
	    "verpd.conf:2: rules is set before, on line 1" },
	{ "rules = {\"/a\"}\nrules = {}\n",
	    "verpd.conf:2: rules is set before, on line 1" },
	{ "rules = {\"/a\",\n \"/b\"\n}\n\nrules = \"/c\"\n",
	    "verpd.conf:5: rules is set before, on line 1" },
	{ "rules = {\"/a\"}\nrules += {\"/b\"}\n",
	    "verpd.conf:2: rules: \"+=\" is not known here" },
	{ "policy { soft_limit = 4 }\npolicy { soft_days = 2 }\n",
	    "verpd.conf:2: section policy is there before, on line 1" },
	{ "policy {\n soft_limit = 4\n soft_limit = 5\n}\n",
	    "verpd.conf:3: soft_limit is set before, on line 2" },
	{ "stream \"a\" { campaigns = {\"x\"} }\n"
	  "stream \"b\" { campaigns = {\"y\"} }\n"
	  "stream 'a' { campaigns = {\"z\"} }\n",
	    "verpd.conf:3: section stream \"a\" is there before, on line 1" },
	{ "pattern qmail { }\npattern \"qmail\" { trusted = yes }\n",
	    "verpd.conf:2: section pattern \"qmail\" is there before" },
	/* ... behind comments and strings that look like other things */
	{ "# batch = 1\n// batch = 2\n/* batch\n= 3 */ batch = 4\n"
	  "store = \"/a#b//c/*\"\nbatch = 6\n",
	    "verpd.conf:6: batch is set before, on line 4" },
	{ "store = '/a\\'b'\nkeys = \"/a\\\"\n\"\nstore = /c\n",
	    "verpd.conf:4: store is set before, on line 1" },
	/* syntax */
	{ "batch 5\n", "verpd.conf:1: missing equal sign" },
	{ "batch = \n\n}", "verpd.conf:3: " },
	{ "batch =", "verpd.conf:" },
	{ "policy {\n soft_limit = 4\n",
	    "verpd.conf:1: section policy is not closed" },
	{ "}\n", "verpd.conf:1: unexpected closing brace" },
	{ "store = \"/a", "verpd.conf:" },
	{ "batch = 1\n/* never ends", "verpd.conf:2: the comment is not" },
	/* a name that libConfuse would read as another */
	{ "\n\"ba\\x74ch\" = 5\n", "verpd.conf:2: neither" },
	{ "pattern \"a\\x62\" { trusted = yes }\n", "verpd.conf:1: neither" },
	{ "stream ${HOME} { campaigns = x }\n", "verpd.conf:1: neither" },
	{ "pattern \"a b\" { trusted = yes }\n",
	    "verpd.conf:1: pattern: the name must be" },
	/* values */
	{ "\nbatch = many\n", "verpd.conf:2: batch: \"many\" is not a number" },
	{ "batch = 0\n", "verpd.conf:1: batch: 0 is not between 1 and 10000" },
	{ "batch = -1\n", "verpd.conf:1: batch: \"-1\" is not a number" },
	{ "batch = 99999999999999999999\n", "verpd.conf:1: batch: " },
	{ "busy_timeout = 5x\n",
	    "verpd.conf:1: busy_timeout: \"5x\" is not a duration" },
	{ "deliver_timeout = 1000s\n",
	    "verpd.conf:1: deliver_timeout: 1000s is not between 1s and 15m" },
	{ "listen_mode = 0888\n",
	    "verpd.conf:1: listen_mode: \"0888\" is not an octal mode" },
	{ "listen_mode = 01777\n",
	    "verpd.conf:1: listen_mode: 01777 is not between" },
	{ "message_size_limit = 1t\n",
	    "verpd.conf:1: message_size_limit: \"1t\" is not a size" },
	{ "allow_remote = perhaps\n",
	    "verpd.conf:1: allow_remote: \"perhaps\" is not yes or no" },
	{ "store = verpd.db\n",
	    "verpd.conf:1: store: \"verpd.db\" is not an absolute path" },
	{ "rules = {\"/a\", \"b\"}\n",
	    "verpd.conf:1: rules: \"b\" is not an absolute path" },
	{ "bounce_domains = {\"a@b\"}\n",
	    "verpd.conf:1: bounce_domains: \"a@b\" is not a domain" },
	{ "bounce_domains = {\"\"}\n", "verpd.conf:1: bounce_domains: " },
	{ "bounce_domains = a..b\n", "verpd.conf:1: bounce_domains: " },
	{ "bounce_domains = .a\n", "verpd.conf:1: bounce_domains: " },
	{ "bounce_domains = a.b.\n", "verpd.conf:1: bounce_domains: " },
	{ "bounce_domains = *.a.b\n", "verpd.conf:1: bounce_domains: " },
	{ "bounce_domains = \"[192.0.2.1]\"\n",
	    "verpd.conf:1: bounce_domains: " },
	{ "sub_address = \"b+\"\n", "verpd.conf:1: sub_address: " },
	{ "listen = \"inet:127.0.0.1\"\n", "verpd.conf:1: listen: " },
	{ "listen = \"inet:::1:2400\"\n",
	    "verpd.conf:1: listen: \"inet:::1:2400\" is not inet:[" },
	{ "listen = \"inet:127.0.0.1:0\"\n", "verpd.conf:1: listen: " },
	{ "listen = \"inet::25\"\n", "verpd.conf:1: listen: " },
	{ "listen = \"inet:127.0.0.1:25\"\n",
	    "verpd.conf:1: listen: \"inet:127.0.0.1:25\" is not allowed" },
	{ "listen = \"unix:relative\"\n", "verpd.conf:1: listen: " },
	{ "log = \"/var/log/verpd\"\n", "verpd.conf:1: log: " },
	{ "log_level = loud\n", "verpd.conf:1: log_level: " },
	{ "default_stream = \"A b\"\n", "verpd.conf:1: default_stream: " },
	{ "policy {\n\n threshold = 1.5\n}\n",
	    "verpd.conf:3: threshold: \"1.5\" is not a number between" },
	{ "policy { threshold = nan }\n", "verpd.conf:1: threshold: " },
	{ "policy { soft_limit = 17 }\n", "verpd.conf:1: soft_limit: 17" },
	{ "policy { ladder = {} }\n", "verpd.conf:1: ladder: 1 to 8 rungs" },
	{ "policy { ladder = {7d, 7d} }\n", "verpd.conf:1: ladder: \"7d\"" },
	{ "policy { ladder = {forever, 7d} }\n",
	    "verpd.conf:1: ladder: \"7d\"" },
	{ "policy { ladder = {1d,2d,3d,4d,5d,6d,7d,8d,9d} }\n",
	    "verpd.conf:1: ladder: 1 to 8 rungs" },
	{ "stream \"No Good\" { campaigns = {\"a\"} }\n",
	    "verpd.conf:1: stream: the name must be" },
	{ "stream \"ok\" { campaigns = {\"\"} }\n",
	    "verpd.conf:1: campaigns: " },
	/* contradictions: the line is of what the file does set */
	{ "\nbounce_lifetime = 90d\n",
	    "verpd.conf:2: bounce_lifetime: must not be more than "
	    "delivery_key_retention" },
	{ "delivery_key_retention = 29d\n",
	    "verpd.conf:1: delivery_key_retention: must not be less than "
	    "bounce_lifetime" },
	{ "command_timeout = 20m\n",
	    "verpd.conf:1: command_timeout: must not be more" },
	{ "session_timeout = 2m\n",
	    "verpd.conf:1: session_timeout: must not be less" },
	{ "busy_timeout = 2m\n", "verpd.conf:1: busy_timeout: must not be" },
	{ "forged_total = 5\n", "verpd.conf:1: forged_total: must not be" },
	/* rules of a site's own */
	{ "policy \"x\" { limit = 3 }\n",
	    "verpd.conf:1: policy: it names neither class nor reason" },
	{ "policy \"x\" {\n class = {soft}\n reason = {full}\n}\n",
	    "verpd.conf:3: reason: \"full\" is not a reason that is counted" },
	{ "policy \"x\" {\n class = {receipt}\n}\n",
	    "verpd.conf:2: class: \"receipt\" is not one of hard" },
	{ "policy \"x\" {\n class = {block}\n reason = {mailbox-full}\n}\n",
	    "verpd.conf:3: reason: \"mailbox-full\" does not go with the "
	    "class" },
	{ "policy \"x\" {\n class = {soft, block}\n reason = {auth}\n}\n",
	    "verpd.conf:2: class: \"soft\" does not go with the reasons" },
	{ "policy \"x\" { class = {soft}\n limit = 0\n ladder = {7d} }\n",
	    "verpd.conf:3: ladder: limit = 0 records only" },
	{ "policy \"x\" { class = {soft}\n limit = 0\n continue = yes }\n",
	    "verpd.conf:3: continue: with limit = 0" },
	{ "policy \"x\" { class = {soft}\n limit = 2\n days = 3 }\n",
	    "verpd.conf:3: days: days must not be more than limit" },
	{ "policy \"x\" { class = {soft}\n days = 6 }\n",
	    "verpd.conf:2: days: days must not be more than limit" },
	{ "policy \"x\" { class = {soft}\n window = 1d }\n",
	    "verpd.conf:2: window: so many different days do not fit" },
	{ "policy \"x\" { class = {block}\n ladder = {7d} }\n",
	    "verpd.conf:1: policy: it has no limit, and bounces of its class" },
	{ "policy \"x\" { class = {soft}\n limit = 9\n days = 9\n"
	  " window = 3d }\n",
	    "verpd.conf:3: days: so many different days do not fit" },
	{ "policy \"x\" { class = {unsubscribe}\n limit = 2 }\n",
	    "verpd.conf:2: limit: an unsubscription counts at once" },
	{ "policy \"x\" { class = {soft}\n soft_limit = 2 }\n",
	    "verpd.conf:2: soft_limit: it belongs into section policy without "
	    "a name" },
	{ "policy {\n limit = 2 }\n",
	    "verpd.conf:2: limit: it belongs into a section policy \"name\"" },
	{ "policy \"x\" { class = {soft} }\npolicy \"x\" { class = {hard} }\n",
	    "verpd.conf:2: section policy \"x\" is there before" },
	{ "policy \"X y\" { class = {soft} }\n",
	    "verpd.conf:1: policy: the name must be" },
	{ "policy \"x\" { class = {complaint} window = 1h }\n"
	  "policy { complaint_hold = no }\n",
	    "verpd.conf:1: policy: it has no limit, and bounces of its class" },
	{ "policy \"a\" { class = {soft} }\n\n"
	  "policy \"b\" { reason = {mailbox-full} }\n",
	    "verpd.conf:3: policy: it is never reached: \"a\" takes all of "
	    "it" },
	{ "policy \"a\" { reason = {auth} }\npolicy \"b\" { reason = "
	  "{content} }\npolicy \"c\" { reason = {auth, content}\n"
	  " provider = {\"google\"} }\n",
	    "verpd.conf:3: policy: it is never reached: \"b\" takes" },
	{ "policy \"a\" { class = {soft} provider = {\"g*\"} }\n"
	  "policy \"b\" { class = {soft} provider = {\"google\"} }\n",
	    "verpd.conf:2: policy: it is never reached" },
	{ "provider \"google\" {\n retry = {1h, forever}\n}\n",
	    "verpd.conf:2: retry: " },
	{ "provider 'a\"b' { }\n", "verpd.conf:1: provider: the name must be" },
	{ "provider \"google\" {\n retry = {1h, 2y}\n}\n",
	    "verpd.conf:2: retry: \"2y\" is more than 1y" },
	{ "stream \"s\" { campaigns = {\"a\"}\n ignore = {hard} }\n",
	    "verpd.conf:2: ignore: \"hard\" is not one of soft, block" },
	{ "policy { soft_days = 6 }\n",
	    "verpd.conf:1: soft_days: must not be more than soft_limit" },
	{ "policy { soft_window = 1d }\n",
	    "verpd.conf:1: soft_window: soft_days different days" },
	{ "workers = 1\nlisten = \"inet:192.0.2.1:2424\"\n",
	    "verpd.conf:2: listen: inet:192.0.2.1:2424 is not a loopback" },
	{ "listen = \"inet:[::]:2424\"\n",
	    "verpd.conf:1: listen: inet:[::]:2424 is not a loopback" },
	{ "listen = \"inet:127.0.0.1.example.org:2424\"\n",
	    "verpd.conf:1: listen: " },
	{ "\nstream \"a\" { complaint_exempt = yes }\n",
	    "verpd.conf:2: stream: it has no campaigns" },
};

START_TEST(test_bad)
{
	const Bad *row = &bad[_i];
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = settings_parse("verpd.conf", row->text,
	    strlen(row->text), &error);

	ck_assert_msg(settings == NULL, "taken: %s", row->text);
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_msg(g_str_has_prefix(error->message, row->complaint),
	    "%s\nsays  %s\nnot   %s", row->text, error->message,
	    row->complaint);
}
END_TEST

static const char *const good[] = {
	"",
	"# nothing",
	"batch = 1",
	"bounce_domains = {}\n",
	"rules = {}",
	"listen = { }",
	"listen = {\"inet:127.0.0.1:2424\", \"inet:[::1]:2424\",\n"
	"  inet:localhost:2424, unix:/run/verpd/lmtp}",
	"allow_remote = yes listen = {\"inet:192.0.2.1:2424\"}",
	"sub_address = b",
	"sub_address = \"\"",
	"policy { }",
	"policy { ladder = forever }",
	"/* a policy { */ policy\n{ decay = 0 }\n"
	"policy \"soft\" { class = {soft, block} limit = 0 }",
	"policy \"a\" { class = {soft} provider = {\"google\"} }\n"
	"policy \"b\" { class = {soft} limit = 3 days = 2 window = 10d\n"
	" ladder = {1d, forever} continue = yes }\n"
	"policy \"c\" { reason = {bad-mailbox} limit = 2 }\n"
	"provider \"google\" { retry = {1h, 3h} full_retry = {2d} }\n"
	"stream \"s\" { campaigns = {\"a\"} ignore = {soft, held} }",
	"policy { ladder = {forever} block_hold = 7d hard_hold = no }",
	"stream \"marketing\" { complaint_exempt = yes }",
	"stream a { campaigns = \"news-*\" } stream b { campaigns = {x,y} }",
	"pattern \"qmail\" { }\npattern own { regex = '^(?<campaign>\\w+)$' "
	"trusted = yes }",
	/* a name may stand in another section again */
	"stream a { campaigns = x complaint_exempt = no }\n"
	"stream b { campaigns = x complaint_exempt = no }",
	"pattern a { regex = 'a\\'b\"c\\\\d$' }",
};

START_TEST(test_round_trip)
{
	g_autoptr(Settings) settings = parse(good[_i]);

	for (int only_changed = 0; only_changed < 2; only_changed++) {
		g_autofree char *once = settings_print(settings,
		    only_changed == 1);
		g_autoptr(Settings) again = parse(once);
		g_autofree char *twice = settings_print(again,
		    only_changed == 1);
		g_autofree char *all = settings_print(settings, false);
		g_autofree char *all_again = settings_print(again, false);

		ck_assert_str_eq(once, twice);
		ck_assert_str_eq(all, all_again);
	}
}
END_TEST

START_TEST(test_values)
{
	g_autoptr(Settings) settings = parse(
	    "bounce_domains = {\"bounces.example.org\", b.example}\n"
	    "listen_mode = 0600\nallow_remote = on\n"
	    "message_size_limit = 50m\nbusy_timeout = 0\n"
	    "hostname = \"mx.example.org\"\n"
	    "policy { ladder = {1d, 2w, forever} threshold = 0.5\n"
	    "  soft_limit = 3 soft_days = 1 complaint_hold = off }\n"
	    "stream \"t\" { campaigns = {\"receipt-*\", \"alert\"}\n"
	    "  complaint_exempt = true }\n\n"
	    "pattern \"own\" { regex = '^x\\.(?<local>a\"b)$' trusted = yes }\n"
	    "pattern \"qmail\" { }\n");
	const Stream *stream = g_ptr_array_index(settings->streams, 0);
	const SettingsPattern *own = g_ptr_array_index(settings->patterns, 0);
	const SettingsPattern *qmail = g_ptr_array_index(settings->patterns, 1);

	ck_assert_str_eq(settings->bounce_domains[0], "bounces.example.org");
	ck_assert_str_eq(settings->bounce_domains[1], "b.example");
	ck_assert_ptr_null(settings->bounce_domains[2]);
	ck_assert_uint_eq(settings->listen_mode, 0600);
	ck_assert(settings->allow_remote);
	ck_assert_uint_eq(settings->message_size_limit, 50 * 1024 * 1024);
	ck_assert_int_eq(settings->busy_timeout, 0);
	/* own_hosts follows hostname */
	ck_assert_str_eq(settings->own_hosts[0], "mx.example.org");
	ck_assert_uint_eq(settings->policy.ladder.n, 3);
	ck_assert_int_eq(settings->policy.ladder.rungs[1], 14 * ROW_DAY);
	ck_assert_int_eq(settings->policy.ladder.rungs[2], HOLD_FOREVER);
	ck_assert_double_eq(settings->policy.threshold, 0.5);
	ck_assert(!settings->policy.complaint_hold);
	ck_assert(settings->policy.hard_hold);
	ck_assert_str_eq(stream->name, "t");
	ck_assert_str_eq(stream->campaigns[1], "alert");
	ck_assert(stream->is_exempt);
	ck_assert_str_eq(own->regex, "^x\\.(?<local>a\"b)$");
	ck_assert(own->is_trusted);
	ck_assert_uint_eq(own->line, 12);
	ck_assert_ptr_null(qmail->regex);
	ck_assert_uint_eq(qmail->line, 13);
}
END_TEST

START_TEST(test_defaults)
{
	g_autoptr(Settings) settings = settings_new();
	g_autofree char *changed = settings_print(settings, true);
	g_autofree char *all = settings_print(settings, false);

	ck_assert_str_eq(changed, "");
	ck_assert_str_eq(settings->default_stream, "marketing");
	ck_assert_str_eq(settings->listen[0], "unix:/run/verpd/lmtp");
	ck_assert_int_eq(settings->bounce_lifetime, 30 * ROW_DAY);
	ck_assert_ptr_null(settings->bounce_domains[0]);
	ck_assert_ptr_nonnull(strstr(all, "\nbatch = 256\n"));
	ck_assert_ptr_nonnull(strstr(all, "\tsoft_limit = 5\n"));
}
END_TEST

START_TEST(test_policy_rules)
{
	g_autoptr(Settings) settings =
	    parse("policy \"full\" { class = {soft}\n reason = {mailbox-full, "
		  "too-big}\n provider = {\"g*\"} limit = 9 days = 4\n"
		  " window = 60d ladder = {30d, forever} }\n"
		  "policy \"seen\" { class = {block} limit = 0 }\n"
		  "policy { soft_limit = 4 }\n"
		  "stream \"s\" { campaigns = {\"a\"} ignore = {soft, block}\n"
		  " complaint_exempt = yes }\n");
	const Policy *policy = &settings->policy;
	const Stream *stream = g_ptr_array_index(settings->streams, 0);
	PolicyRule rule = policy_rule(policy, 0, VP_CLASS_SOFT);

	ck_assert_uint_eq(policy->n_rules, 2);
	ck_assert_uint_eq(policy->soft_limit, 4);
	ck_assert_str_eq(rule.name, "full");
	ck_assert_uint_eq(rule.limit, 9);
	ck_assert_uint_eq(rule.days, 4);
	ck_assert_int_eq(rule.window, 60 * ROW_DAY);
	ck_assert_int_eq(rule.ladder.rungs[0], 30 * ROW_DAY);
	ck_assert(policy_rule_matches(&rule, VP_CLASS_SOFT,
	    VP_REASON_MAILBOX_FULL, "google"));
	ck_assert(!policy_rule_matches(&rule, VP_CLASS_SOFT,
	    VP_REASON_MAILBOX_FULL, "yahoo"));
	ck_assert(!policy_rule_matches(&rule, VP_CLASS_SOFT, VP_REASON_NETWORK,
	    "google"));
	rule = policy_rule(policy, 1, VP_CLASS_BLOCK);
	ck_assert_uint_eq(rule.limit, 0);
	ck_assert_uint_eq(stream->ignored, CAUSE_BIT(CAUSE_SOFT) |
					       CAUSE_BIT(CAUSE_BLOCK) |
					       CAUSE_BIT(CAUSE_COMPLAINT));
}
END_TEST

START_TEST(test_print_changed)
{
	g_autoptr(Settings) settings = parse("batch = 256 workers = 3\n"
					     "hostname = mx.example.org\n"
					     "policy { soft_limit = 4 }");
	g_autofree char *text = settings_print(settings, true);

	ck_assert_str_eq(text, "hostname = \"mx.example.org\"\nworkers = 3\n"
			       "policy {\n\tsoft_limit = 4\n}\n");
}
END_TEST

/* With its "#" taken off, the sample is a configuration of defaults. */
START_TEST(test_sample)
{
	g_autofree char *sample = settings_sample();
	g_autoptr(Settings) as_it_is = parse(sample);
	g_autofree char *changed = settings_print(as_it_is, true);
	g_autoptr(GString) bare = g_string_new(NULL);
	g_auto(GStrv) lines = g_strsplit(sample, "\n", 0);
	g_autoptr(Settings) settings = NULL;

	ck_assert_str_eq(changed, "");
	for (char **line = lines; *line != NULL; line++) {
		const char *text = *line;

		while (*text == '\t')
			text++;
		if (*text == '#' && text[1] != ' ')
			text++;
		g_string_append_printf(bare, "%s\n", text);
	}
	settings = parse(bare->str);
	for (unsigned i = 0; i < settings_table_len; i++) {
		const Setting *row = &settings_table[i];
		g_autofree char *assignment = g_strdup_printf("%s = ",
		    row->name);

		ck_assert_msg(strstr(bare->str, assignment) != NULL,
		    "%s is not in the sample", row->name);
		ck_assert_msg(row->doc[0] != '\0', "%s has no doc", row->name);
	}
}
END_TEST

START_TEST(test_nul)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(settings_parse("f", "batch\0 = 1", 10, &error));
	ck_assert_str_eq(error->message, "f: there is a NUL in it");
}
END_TEST

START_TEST(test_missing_file)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(settings_read("/nonexistent/verpd.conf", &error));
	ck_assert(g_error_matches(error, VP_ERROR, VP_ERROR_CONFIG));
	ck_assert_ptr_nonnull(strstr(error->message,
	    "/nonexistent/verpd.conf: open: No such file"));
}
END_TEST

static Suite *settings_suite(void)
{
	Suite *suite = suite_create("settings");
	TCase *tests = tcase_create("settings");

	tcase_add_loop_test(tests, test_bad, 0, G_N_ELEMENTS(bad));
	tcase_add_loop_test(tests, test_round_trip, 0, G_N_ELEMENTS(good));
	tcase_add_test(tests, test_values);
	tcase_add_test(tests, test_defaults);
	tcase_add_test(tests, test_policy_rules);
	tcase_add_test(tests, test_print_changed);
	tcase_add_test(tests, test_sample);
	tcase_add_test(tests, test_nul);
	tcase_add_test(tests, test_missing_file);
	suite_add_tcase(suite, tests);
	return suite;
}

RUN_SUITE(settings_suite)
