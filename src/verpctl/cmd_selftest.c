/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `verpctl selftest`: a synthetic bounce through the real Postfix and the
   whole path, and every place where Postfix asks.  Nothing stays behind. */
#include "commands.h"
#include "row.h"
#include "selftest_mail.h"

#include "ask.h"
#include "doctor.h"
#include "errors.h"
#include "selftest.h"
#include "site.h"
#include "site_store.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How long somebody may hold the store's lock before it is told. */
enum { LOCK_MS = 5000 };

/* How often the store is asked, and how many of those times the queue. */
enum { POLL_US = 100000, POLLS_A_LOOK = 10 };

typedef struct SelfTest {
	Ctl *ctl;
	const Settings *settings;
	const Postconf *postconf;
	int64_t timeout;
	Store *store;       /* or NULL: it cannot be written */
	TokenSpace *tokens; /* or NULL: there are no keys */
	char *recipient;
	char *genuine, *forged, *unsigned_;
	char *map, *policy;
	bool is_map_broken, is_policy_broken, is_store_broken;
	unsigned broken;
} SelfTest;

static void selftest_clear(SelfTest *test)
{
	store_close(test->store);
	token_space_free(test->tokens);
	g_free(test->recipient);
	g_free(test->genuine);
	g_free(test->forged);
	g_free(test->unsigned_);
	g_free(test->map);
	g_free(test->policy);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SelfTest, selftest_clear)

/* ---- telling ---- */

static void tell(SelfTest *test, const char *place, const char *state,
    const char *what, const char *mend)
{
	g_autofree char *what_ = printable(what);
	g_autofree char *mend_ = printable(mend);
	Row *row;

	if (!test->ctl->is_json) {
		printf("%s: %s: %s\n", state, place, what_);
		if (mend[0] != '\0')
			printf("    %s\n", mend_);
		return;
	}
	row = row_new();
	row_text(row, "place", place);
	row_text(row, "state", state);
	row_text(row, "what", what);
	row_text(row, "mend", mend);
	row_print(row);
}

static void well(SelfTest *test, const char *place, const char *what)
{
	tell(test, place, "well", what, "");
}

static void broken(SelfTest *test, const char *place, const char *mend,
    const char *format, ...) G_GNUC_PRINTF(4, 5);

static void broken(SelfTest *test, const char *place, const char *mend,
    const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	tell(test, place, "broken", what, mend);
	test->broken++;
}

/* ---- what doctor sees ---- */

/* What stands between a bounce and the store; all else may be wrong and the
   bounce is recorded. */
static bool is_on_the_way(const char *check)
{
	static const char *const checks[] = { "files", "keys", "rules",
		"store-access", "store", "disk", "daemon", "domain",
		"transport", "service", "rewriting", "pause-map", "socket",
		"map-sockets", NULL };

	return g_strv_contains(checks, check);
}

static void look_around(SelfTest *test)
{
	const Patient patient = { test->settings, test->postconf,
		test->ctl->now };
	g_autoptr(GPtrArray) findings = doctor_examine(&patient);

	for (unsigned i = 0; i < findings->len; i++) {
		const Finding *finding = findings->pdata[i];
		const char *place = finding->check;

		if (finding->level != FINDING_ERROR ||
		    !is_on_the_way(finding->check))
			continue;
		if (strcmp(place, "daemon") == 0 &&
		    g_str_has_prefix(finding->what, test->map)) {
			place = "map";
			test->is_map_broken = true;
		} else if (strcmp(place, "daemon") == 0 &&
			   g_str_has_prefix(finding->what, test->policy)) {
			place = "policy";
			test->is_policy_broken = true;
		}
		test->is_store_broken |= strcmp(place, "store") == 0;
		broken(test, place, finding->mend, "%s", finding->what);
	}
}

/* ---- the store ---- */

/* Whether the bounce is there; it is taken away again.  False: the store cannot
   be written, and says why. */
static bool take_back(SelfTest *test, bool *ret_there, GError **error)
{
	uint8_t key[STORE_KEY];

	*ret_there = false;
	selftest_key(test->recipient, key);
	if (!store_begin(test->store, error))
		return false;
	if (store_unsee(test->store, key, ret_there, error) &&
	    store_commit(test->store, error))
		return true;
	store_rollback(test->store);
	return false;
}

static void store_broken(SelfTest *test, const GError *error)
{
	g_autofree char *mend = g_strdup_printf("verpctl doctor; fuser -v %s",
	    test->settings->store);

	broken(test, "store", mend, "%s", error->message);
}

static void open_store(SelfTest *test)
{
	g_auto(SiteStore) site = site_store_of(test->settings);
	g_autoptr(GError) error = NULL;
	bool is_there;

	test->store = site_store_open(&site, STORE_WRITE, LOCK_MS, &error);
	if (test->store == NULL && test->is_store_broken)
		return; /* it is told already, with what mends it */
	if (test->store == NULL || !take_back(test, &is_there, &error))
		store_broken(test, error);
	else
		well(test, "store", "can be written");
}

/* ---- return paths ---- */

static char *forge(const char *genuine)
{
	char *forged = g_strdup(genuine);
	char *last = strrchr(forged, '@') - 1;

	*last = *last == 'a' ? 'b' : 'a';
	return forged;
}

/* The XVERP form of the campaign's address. */
static char *unsigned_path(const SelfTest *test)
{
	const char *sub = test->settings->sub_address;
	g_autofree char *verp = g_strdelimit(g_strdup(test->recipient), "@",
	    '=');

	return g_strdup_printf("%s%s" SELFTEST_CAMPAIGN "+%s@%s", sub,
	    sub[0] != '\0' ? "+" : "", verp, test->settings->bounce_domains[0]);
}

static bool mint(SelfTest *test, GError **error)
{
	test->tokens = site_tokens(test->settings, NULL, error);
	if (test->tokens != NULL)
		test->genuine = token_mint_readable(test->tokens, TOKEN_BOUNCE,
		    SELFTEST_CAMPAIGN, test->recipient, test->ctl->now, error);
	if (test->genuine == NULL)
		return false;
	test->forged = forge(test->genuine);
	test->unsigned_ = unsigned_path(test);
	return true;
}

/* ---- the places where Postfix asks ---- */

/* What map NAME answers: "OK ...", "NOTFOUND "; "" when nothing does. */
static char *ask_map(const SelfTest *test, const char *name, const char *key)
{
	g_autofree char *text = g_strdup_printf("%s %s", name, key);
	g_autofree char *question = g_strdup_printf("%zu:%s,", strlen(text),
	    text);
	g_autofree char *got = socket_ask(test->postconf, test->map, question);
	const char *colon = got != NULL ? strchr(got, ':') : NULL;

	return g_strdup(colon != NULL ? colon + 1 : "");
}

static void test_token(SelfTest *test)
{
	g_autofree char *genuine = ask_map(test, "token", test->genuine);
	g_autofree char *forged = ask_map(test, "token", test->forged);

	if (genuine[0] == '\0' || forged[0] == '\0')
		broken(test, "map", "systemctl restart verpd", "%s: no answer",
		    test->map);
	else if (g_str_has_prefix(genuine, "NOTFOUND"))
		broken(test, "keys", "systemctl reload verpd",
		    "verpd knows other keys than %s: a return path that was "
		    "signed just now is forged to it",
		    test->settings->keys);
	else if (!g_str_has_prefix(genuine, "OK") ||
		 !g_str_has_prefix(forged, "NOTFOUND"))
		broken(test, "map", "systemctl restart verpd",
		    "token takes a forged return path: %s", forged);
	else
		well(test, "map", "token knows genuine from forged");
}

static void test_sign(SelfTest *test)
{
	g_autofree char *answer = ask_map(test, "sign", test->unsigned_);

	if (g_str_has_prefix(answer, "OK " SELFTEST_CAMPAIGN) ||
	    strstr(answer, "+" SELFTEST_CAMPAIGN "+") != NULL)
		well(test, "sign", "campaigns are signed");
	else
		broken(test, "sign", "systemctl restart verpd",
		    "sign does not sign %s: %s", test->unsigned_, answer);
}

static void test_policy(SelfTest *test)
{
	g_autofree char *question =
	    g_strdup_printf("request=smtpd_access_policy\nprotocol_state=RCPT\n"
			    "sender=%s\nrecipient=%s\n\n",
		test->genuine, test->recipient);
	g_autofree char *got = socket_ask(test->postconf, test->policy,
	    question);

	if (got != NULL && g_str_has_prefix(got, "action=DUNNO"))
		well(test, "policy", "answers for campaign mail");
	else
		broken(test, "policy",
		    "systemctl restart verpd; verpctl doctor", "%s: %s",
		    test->policy,
		    got == NULL      ? g_strerror(errno)
		    : got[0] == '\0' ? "no answer within 2 seconds"
				     : g_strchomp(got));
}

/* smtpd(8) takes what is genuine, and if verify is wired refuses the rest. */
static void test_smtpd(SelfTest *test, bool is_verifying)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *genuine = selftest_ask_smtpd(test->postconf,
	    test->genuine, &error);
	g_autofree char *forged = NULL;

	if (genuine != NULL && is_verifying)
		forged = selftest_ask_smtpd(test->postconf, test->forged,
		    &error);
	if (error != NULL)
		broken(test, "smtpd", "postfix status", "%s", error->message);
	else if (genuine[0] != '\0' && genuine[0] != '2')
		broken(test, "smtpd", "verpctl doctor",
		    "refuses a genuine return path: %s", genuine);
	else if (is_verifying && forged[0] != '\0' && forged[0] != '5')
		broken(test, "verify", "verpctl postfix-config --places verify",
		    "a forged return path is not refused: %s", forged);
	else if (genuine[0] != '\0')
		well(test, "smtpd",
		    is_verifying ? "takes genuine return paths, refuses forged"
				 : "takes bounces");
}

/* Whether any smtp(8) or main.cf asks SOCKET in parameter NAME. */
static bool is_wired(const SelfTest *test, const char *name, const char *text)
{
	const GPtrArray *services = postconf_services(test->postconf);

	for (unsigned i = 0; i < services->len; i++)
		if (strstr(postconf_of(test->postconf, services->pdata[i],
			       name),
			text) != NULL)
			return true;
	return strstr(postconf_value(test->postconf, name), text) != NULL;
}

static void ask_places(SelfTest *test)
{
	bool is_signing = is_wired(test, "smtp_generic_maps", ":sign");
	bool is_verifying = is_wired(test, "relay_recipient_maps", ":token") ||
			    is_wired(test, "verpd_verify", ":token");

	if ((is_signing || is_verifying) && !test->is_map_broken) {
		test_token(test);
		if (is_signing)
			test_sign(test);
	}
	if (!test->is_policy_broken &&
	    (is_wired(test, "smtpd_recipient_restrictions", test->policy) ||
		is_wired(test, "smtpd_recipient_restrictions", "verpd_policy")))
		test_policy(test);
	if (!test->is_map_broken)
		test_smtpd(test, is_verifying);
}

/* ---- the bounce ---- */

typedef struct Search {
	const char *address;
	bool is_found;
} Search;

static bool look_at_forgery(const Forgery *row, void *data)
{
	Search *search = data;

	search->is_found = strcmp(row->address, search->address) == 0;
	return !search->is_found;
}

/* Whether verpd took the bounce for forged: without maps the only way to see
   that its keys are others. */
static bool was_forged(SelfTest *test)
{
	StoreFilter filter = STORE_FILTER_ANY;
	Search search = { test->genuine, false };

	filter.since = test->ctl->now - 1;
	(void)store_each_forgery(test->store, &filter, look_at_forgery, &search,
	    NULL); /* then nothing is said of it */
	return search.is_found;
}

/* It will not arrive: says why, and takes it out of the queue. */
static void tell_stuck(SelfTest *test, const QueuedBounce *queued)
{
	g_autofree char *grep = g_strdup_printf("grep %s in the mail log",
	    queued->id[0] != '\0' ? queued->id : test->recipient);

	if (queued->id[0] != '\0')
		broken(test, "delivery", grep, "%s waits in the queue: %s",
		    queued->id,
		    queued->reason[0] != '\0' ? queued->reason
					      : "no reason given");
	else if (was_forged(test))
		broken(test, "keys", "systemctl restart verpd",
		    "verpd knows other keys than %s: it took the bounce for "
		    "forged",
		    test->settings->keys);
	else
		broken(test, "delivery", grep,
		    "the bounce left the queue and was not recorded");
	if (queued->id[0] != '\0' &&
	    !selftest_delete(test->postconf, queued->id))
		ctl_warn(test->ctl,
		    "%s stays in the queue: only root may delete it; when it "
		    "arrives it counts for nothing",
		    queued->id);
}

/* Waits for the bounce until the time is up or Postfix says why it waits. */
static void await(SelfTest *test)
{
	gint64 start = g_get_monotonic_time();
	gint64 end = start + test->timeout * G_USEC_PER_SEC;
	g_auto(QueuedBounce) queued = { 0 };

	for (unsigned i = 0;; i++) {
		g_autoptr(GError) error = NULL;
		bool is_there, is_over = g_get_monotonic_time() >= end;

		if (!take_back(test, &is_there, &error)) {
			store_broken(test, error);
			return;
		}
		if (is_there) {
			g_autofree char *what = g_strdup_printf(
			    "recorded after %.1f s, and taken back",
			    (double)(g_get_monotonic_time() - start) /
				G_USEC_PER_SEC);

			well(test, "delivery", what);
			return;
		}
		if (is_over || i % POLLS_A_LOOK == POLLS_A_LOOK - 1) {
			queued_bounce_clear(&queued);
			if (!selftest_find(test->postconf, test->genuine,
				&queued, &error)) {
				broken(test, "postfix", "postfix start", "%s",
				    error->message);
				return;
			}
			if (is_over || queued.reason[0] != '\0') {
				tell_stuck(test, &queued);
				return;
			}
		}
		g_usleep(POLL_US);
	}
}

static void send_bounce(SelfTest *test)
{
	g_auto(QueuedBounce) queued = { 0 };
	g_autoptr(GError) error = NULL;

	if (!selftest_find(test->postconf, test->genuine, &queued, &error))
		broken(test, "postfix", "postfix start", "%s", error->message);
	else if (!selftest_send(test->postconf, test->genuine, test->recipient,
		     &error))
		broken(test, "sendmail", "postfix check", "%s", error->message);
	else
		await(test);
}

static void run_all(SelfTest *test)
{
	g_autoptr(GError) error = NULL;

	look_around(test);
	open_store(test);
	if (!mint(test, &error)) {
		if (test->broken == 0)
			broken(test, "keys", "verpctl config check", "%s",
			    error->message);
		return;
	}
	ask_places(test);
	if (test->broken == 0)
		send_bounce(test);
	else if (!test->ctl->is_json)
		printf("No bounce was sent: it would go astray, or wait.\n");
}

int cmd_selftest(Ctl *ctl, int argc, char **argv)
{
	g_autofree char *directory = NULL;
	g_autofree char *timeout = NULL;
	const GOptionEntry entries[] = {
		{ "postfix", 0, 0, G_OPTION_ARG_FILENAME, &directory,
		    "the Postfix whose configuration is in DIR", "DIR" },
		{ "timeout", 0, 0, G_OPTION_ARG_STRING, &timeout,
		    "how long the bounce may take (default: 30s)", "TIME" },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(Postconf) postconf = NULL;
	g_auto(SelfTest) test = { .ctl = ctl };
	int status;

	if (!ctl_parse(ctl, entries, &argc, &argv, &status))
		return status;
	if (!duration_parse(timeout != NULL ? timeout : "30s", &test.timeout,
		&error))
		return ctl_usage(ctl, "--timeout: %s", error->message);
	test.settings = ctl_settings(ctl, &error);
	if (test.settings == NULL)
		return ctl_fail(ctl, error);
	if (test.settings->bounce_domains[0] == NULL)
		return ctl_usage(ctl, "bounce_domains is not set in %s",
		    test.settings->file);
	test.postconf = postconf = postconf_read(directory, &error);
	if (postconf == NULL)
		return ctl_fail(ctl, error);
	test.map = wiring_map(test.settings, postconf);
	test.policy = wiring_policy(test.settings, postconf);
	test.recipient = g_strdup_printf("%08x@" SELFTEST_DOMAIN,
	    g_random_int());
	run_all(&test);
	return test.broken > 0 ? EXIT_NO : EX_OK;
}
