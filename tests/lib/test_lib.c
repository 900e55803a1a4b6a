/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libverpd as a stranger's program sees it: this links the library and has no
   header of ours but the public ones. */

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <verpd/classify.h>
#include <verpd/token.h>

#define KEY_A "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define KEY_B "31://79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=\n"
#define NOW   INT64_C(1795294382)
#define DAYS  86400

static const char *const domains[] = { "bounces.example", NULL };
static const unsigned char epoch[VP_EPOCH_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8,
	9, 10, 11, 12, 13, 14, 15 };
static char scratch[] = "/tmp/test_lib.XXXXXX";

static struct vp_tokens *tokens_new(const char *keys, const char *sub)
{
	static const struct vp_pattern patterns[] = {
		{ "postfix", NULL, 0 },
		{ "ours", "(?<campaign>\\w+)\\.b\\.(?<local>.+)=(?<domain>.+)",
		    1 },
	};
	struct vp_tokens_spec spec = { NULL, keys, domains, sub, epoch,
		patterns, 2 };
	struct vp_tokens *tokens = NULL;
	struct vp_error error = { "" };

	ck_assert_msg(vp_tokens_new(&spec, &tokens, &error) == VP_STATUS_OK,
	    "%s", error.text);
	return tokens;
}

/* ---- tokens ---- */

static void check_vector(char **field)
{
	char key[128];
	char got[VP_MINTED_SIZE];
	enum vp_token_kind kind = *field[2] == 'u' ? VP_TOKEN_UNSUBSCRIBE
						   : VP_TOKEN_BOUNCE;
	int is_opaque = strcmp(field[0], "opaque") == 0;
	int64_t now = atoll(field[4]);
	struct vp_tokens *tokens;
	struct vp_token token;
	enum vp_status status;

	(void)snprintf(key, sizeof(key), "%s\n", field[1]);
	tokens = tokens_new(key, *field[3] == '-' ? NULL : field[3]);
	if (is_opaque)
		status = vp_token_mint_opaque(tokens, kind, atoll(field[5]),
		    atoll(field[6]), now, got, sizeof(got), NULL);
	else
		status = vp_token_mint(tokens, kind, field[5], field[6], now,
		    got, sizeof(got), NULL);
	ck_assert_int_eq(status, VP_STATUS_OK);
	ck_assert_str_eq(got, field[7]);
	status = vp_token_verify(tokens, got, now, 30 * DAYS, &token);
	ck_assert_int_eq(status, VP_STATUS_OK);
	ck_assert_int_eq(token.check, VP_TOKEN_GENUINE);
	ck_assert_int_eq(token.kind, kind);
	ck_assert_int_eq(token.form,
	    is_opaque ? VP_TOKEN_OPAQUE : VP_TOKEN_READABLE);
	ck_assert_int_eq(token.key_id, atoi(key));
	ck_assert_int_eq(token.day, now / DAYS);
	if (is_opaque) {
		ck_assert_int_eq(token.campaign_id, atoll(field[5]));
		ck_assert_int_eq(token.recipient_id, atoll(field[6]));
		ck_assert_str_eq(token.campaign, "");
	} else {
		ck_assert_str_eq(token.campaign, field[5]);
		ck_assert_ptr_nonnull(strchr(token.recipient, '@'));
	}
	vp_tokens_free(tokens);
}

START_TEST(test_vectors)
{
	FILE *file = fopen(getenv("VERPD_VECTORS"), "r");
	char line[1024];
	unsigned n = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *rest = line;
		char *field[8];

		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		for (unsigned i = 0; i < 8; i++)
			ck_assert_ptr_nonnull(field[i] = strsep(&rest, "\t"));
		check_vector(field);
		n++;
	}
	(void)fclose(file);
	ck_assert_uint_ge(n, 8);
}
END_TEST

static const struct {
	const char *address;
	enum vp_status status;
	enum vp_token_check check;
	const char *campaign;
	const char *recipient;
} addresses[] = {
	{ "SRS0=x=y=bounces.example=news-42+ana=example.org+ebisu7r3rvtetywh2a"
	  "@forwarder.example",
	    VP_STATUS_OK, VP_TOKEN_GENUINE, "news-42", "ana@example.org" },
	{ "news 42@bounces.example", VP_STATUS_UNPROVEN, VP_TOKEN_UNKNOWN, "",
	    "" },
	{ "NEWS-42+Ana=example.org+EBISU7r3rvtetywh2a@Bounces.Example",
	    VP_STATUS_OK, VP_TOKEN_GENUINE, "news-42", "ana@example.org" },
	{ "news-42+eve=example.org+ebisu7r3rvtetywh2a@bounces.example",
	    VP_STATUS_UNPROVEN, VP_TOKEN_FORGED, "", "" },
	{ "news+ana=example.org@bounces.example", VP_STATUS_UNPROVEN,
	    VP_TOKEN_UNSIGNED, "news", "ana@example.org" },
	{ "news.b.ana=example.org@bounces.example", VP_STATUS_OK,
	    VP_TOKEN_TRUSTED, "news", "ana@example.org" },
	{ "news@bounces.example", VP_STATUS_UNPROVEN, VP_TOKEN_UNSIGNED, "news",
	    "" },
	{ "ana@example.org", VP_STATUS_UNPROVEN, VP_TOKEN_NOT_OURS, "", "" },
	{ "", VP_STATUS_UNPROVEN, VP_TOKEN_NOT_OURS, "", "" },
};

START_TEST(test_verify)
{
	struct vp_tokens *tokens = tokens_new(KEY_B KEY_A, NULL);
	struct vp_token token;

	memset(&token, 'x', sizeof(token));
	ck_assert_int_eq(vp_token_verify(tokens, addresses[_i].address, NOW,
			     30 * DAYS, &token),
	    addresses[_i].status);
	ck_assert_int_eq(token.check, addresses[_i].check);
	ck_assert_str_eq(token.campaign, addresses[_i].campaign);
	ck_assert_str_eq(token.recipient, addresses[_i].recipient);
	ck_assert_int_eq(*token.why != '\0',
	    token.check == VP_TOKEN_FORGED || token.check == VP_TOKEN_UNKNOWN);
	vp_tokens_free(tokens);
}
END_TEST

START_TEST(test_expiry)
{
	struct vp_tokens *tokens = tokens_new(KEY_A, NULL);
	struct vp_token token;
	const char *address = addresses[0].address;

	ck_assert_int_eq(vp_token_verify(tokens, address, NOW + 29 * DAYS,
			     30 * DAYS, &token),
	    VP_STATUS_OK);
	ck_assert_int_eq(vp_token_verify(tokens, address, NOW + 32 * DAYS,
			     30 * DAYS, &token),
	    VP_STATUS_EXPIRED);
	ck_assert_str_eq(token.recipient, "ana@example.org");
	ck_assert(!vp_token_is_current(&token, NOW + 32 * DAYS, 30 * DAYS));
	/* what bears no day does not expire */
	vp_token_decode(tokens, "news.b.ana=x.example@bounces.example", &token);
	ck_assert_int_eq(token.check, VP_TOKEN_TRUSTED);
	ck_assert(vp_token_is_current(&token, NOW + 9000 * DAYS, DAYS));
	vp_tokens_free(tokens);
}
END_TEST

/* The domain's A-label is longer than the domain: what is made of an address
   that fits may not fit, and is refused whole. */
START_TEST(test_never_cut)
{
	static const char *const idna[] = { "b\xc3\xbc"
					    "cher.example",
		NULL };
	static const struct vp_pattern based = { "based",
		"(?<base>b+-(?<campaign>c)-(?<local>l)=(?<domain>d))", 1 };
	struct vp_tokens_spec spec = { .keys_text = KEY_A,
		.domains = idna,
		.patterns = &based,
		.n_patterns = 1 };
	static const size_t added = sizeof("-c-l=d@xn--bcher-kva.example") - 1;
	char address[VP_ADDRESS_SIZE];
	struct vp_tokens *tokens;
	struct vp_token token;

	ck_assert_int_eq(vp_tokens_new(&spec, &tokens, NULL), VP_STATUS_OK);
	for (size_t n = 990; n <= 1002; n++) {
		memset(address, 'b', n);
		(void)snprintf(address + n, sizeof(address) - n, "-c-l=d@%s",
		    idna[0]);
		vp_token_decode(tokens, address, &token);
		if (n + added < VP_ADDRESS_SIZE) {
			ck_assert_int_eq(token.check, VP_TOKEN_TRUSTED);
			ck_assert_uint_eq(strlen(token.base), n + added);
		} else {
			ck_assert_int_eq(token.check, VP_TOKEN_UNKNOWN);
			ck_assert_str_eq(token.recipient, "");
		}
	}
	vp_tokens_free(tokens);
}
END_TEST

START_TEST(test_mint_failures)
{
	struct vp_tokens_spec spec = { .keys_text = KEY_A, .domains = domains };
	struct vp_tokens *full = tokens_new(KEY_A, NULL);
	struct vp_tokens *bare = NULL;
	struct vp_error error = { "" };
	char got[VP_MINTED_SIZE] = "untouched";

	ck_assert_int_eq(vp_token_mint(full, VP_TOKEN_BOUNCE, "News 42",
			     "ana@example.org", NOW, got, sizeof(got), &error),
	    VP_STATUS_SYNTAX);
	ck_assert_str_ne(error.text, "");
	ck_assert_int_eq(vp_token_mint(full, VP_TOKEN_BOUNCE, "news", "ana",
			     NOW, got, sizeof(got), NULL),
	    VP_STATUS_SYNTAX);
	ck_assert_int_eq(vp_token_mint(full, VP_TOKEN_BOUNCE, "news",
			     "a.name.as.long.as.can.be@very.long.example.org",
			     NOW, got, sizeof(got), NULL),
	    VP_STATUS_LIMIT);
	ck_assert_int_eq(vp_token_mint_opaque(full, VP_TOKEN_BOUNCE, 0, 1, NOW,
			     got, sizeof(got), NULL),
	    VP_STATUS_LIMIT);
	/* 47 octets: one more for the NUL */
	ck_assert_int_eq(vp_token_mint_opaque(full, VP_TOKEN_BOUNCE, 1, 1, NOW,
			     got, 47, NULL),
	    VP_STATUS_LIMIT);
	ck_assert_str_eq(got, "untouched");
	ck_assert_int_eq(vp_token_mint_opaque(full, VP_TOKEN_BOUNCE, 1, 1, NOW,
			     got, 48, NULL),
	    VP_STATUS_OK);
	ck_assert_uint_eq(strlen(got), 47);
	ck_assert_int_eq(vp_tokens_new(&spec, &bare, NULL), VP_STATUS_OK);
	ck_assert_int_eq(vp_token_mint_opaque(bare, VP_TOKEN_BOUNCE, 1, 1, NOW,
			     got, sizeof(got), NULL),
	    VP_STATUS_CONFIG);
	vp_tokens_free(full);
	vp_tokens_free(bare);
}
END_TEST

/* ---- files ---- */

static const char *write_file(const char *name, const char *text, mode_t mode)
{
	static char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	return path;
}

static enum vp_status keys_status(const char *path, const char *text,
    struct vp_error *ret_error)
{
	struct vp_tokens_spec spec = {
		.keys_file = path, .keys_text = text, .domains = domains
	};
	struct vp_tokens *tokens = NULL;
	enum vp_status status = vp_tokens_new(&spec, &tokens, ret_error);

	ck_assert_int_eq(status == VP_STATUS_OK, tokens != NULL);
	vp_tokens_free(tokens);
	return status;
}

START_TEST(test_keys_file)
{
	static const char secret[] = "Zm9vYmFy";
	struct vp_error error = { "" };
	const char *path;

	path = write_file("keys", "# ours\n" KEY_A, 0640);
	ck_assert_int_eq(keys_status(path, NULL, NULL), VP_STATUS_OK);
	ck_assert_int_eq(keys_status(path, KEY_A, NULL), VP_STATUS_CONFIG);
	ck_assert_int_eq(keys_status(NULL, NULL, NULL), VP_STATUS_CONFIG);
	path = write_file("keys", KEY_A, 0644);
	ck_assert_int_eq(keys_status(path, NULL, &error), VP_STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "others"));
	path = write_file("keys", KEY_A "1:Zm9vYmFy\n", 0600);
	ck_assert_int_eq(keys_status(path, NULL, &error), VP_STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "keys:2: "));
	ck_assert_ptr_null(strstr(error.text, secret));
	ck_assert_int_eq(keys_status(scratch, NULL, NULL), VP_STATUS_CONFIG);
	ck_assert_int_eq(keys_status("/nowhere/at/all", NULL, &error),
	    VP_STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/at/all"));
}
END_TEST

START_TEST(test_rules_files)
{
	const char *here[] = { scratch, NULL };
	const char *nowhere[] = { "/nowhere/at/all", NULL };
	struct vp_rules *rules = NULL;
	struct vp_error error = { "" };
	const char *path;

	ck_assert_int_eq(vp_rules_load(nowhere, &rules, &error),
	    VP_STATUS_NOT_FOUND);
	ck_assert_int_eq(vp_rules_load(here, &rules, &error),
	    VP_STATUS_NOT_FOUND);
	path = write_file("10-bad.rules", "[bad]\nnonsense\n", 0644);
	ck_assert_int_eq(vp_rules_load(here, &rules, &error), VP_STATUS_CONFIG);
	ck_assert_msg(strstr(error.text, "10-bad.rules:2: ") != NULL, "%s",
	    error.text);
	ck_assert_ptr_null(rules);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

/* ---- messages ---- */

static char message[64 * 1024];

static size_t read_message(const char *name)
{
	char path[1024];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("VERPD_MESSAGES"),
	    name);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	len = fread(message, 1, sizeof(message), file);
	(void)fclose(file);
	return len;
}

/* Rules of a site's own come after those that are shipped. */
static struct vp_rules *rules_load(void)
{
	const char *directories[] = { getenv("VERPD_RULES"), scratch, NULL };
	struct vp_rules *rules = NULL;
	struct vp_error error = { "" };

	ck_assert_msg(vp_rules_load(directories, &rules, &error) ==
			  VP_STATUS_OK,
	    "%s", error.text);
	return rules;
}

static const struct {
	const char *name;
	enum vp_kind kind;
	size_t n_events;
	const char *recipient;
	enum vp_reason reason;
	const char *status;
	unsigned smtp_code;
	const char *action;
	const char *diagnostic;
} messages[] = {
	{ "postfix-user-unknown.eml", VP_KIND_BOUNCE, 1, "ana@example.org",
	    VP_REASON_BAD_MAILBOX, "5.1.1", 550, "failed", "550 5.1.1 <ana@" },
	{ "postfix-several.eml", VP_KIND_BOUNCE, 3, "ana@example.org",
	    VP_REASON_BAD_MAILBOX, "5.1.1", 550, "failed", "550 5.1.1 no" },
	{ "postfix-greeting.eml", VP_KIND_BOUNCE, 1, "ana@example.org",
	    VP_REASON_BLOCKED, "4.7.1", 554, "failed", "554 5.7.1" },
	{ "postfix-delayed.eml", VP_KIND_DELAY, 1, "ana@example.org",
	    VP_REASON_THROTTLED, "4.7.1", 451, "delayed", "451 4.7.1" },
	{ "postfix-success.eml", VP_KIND_DELIVERED, 1, "ana@example.org",
	    VP_REASON_DELIVERED, "2.0.0", 250, "relayed", "250 2.0.0" },
	{ "arf-abuse.eml", VP_KIND_COMPLAINT, 2, "ana@example.org",
	    VP_REASON_COMPLAINT, "", 0, "", "" },
	{ "vacation.eml", VP_KIND_AUTO_REPLY, 1, NULL, VP_REASON_AUTO_REPLY, "",
	    0, "", "" },
	{ "challenge.eml", VP_KIND_CHALLENGE, 1, NULL, VP_REASON_CHALLENGE, "",
	    0, "", "" },
	{ "mdn.eml", VP_KIND_RECEIPT, 1, "ana@home.example", VP_REASON_RECEIPT,
	    NULL, 0, NULL, "" },
	{ "ordinary.eml", VP_KIND_NONE, 0, "", VP_REASON_UNKNOWN, "", 0, "",
	    "" },
};

START_TEST(test_classify)
{
	struct vp_rules *rules = rules_load();
	size_t len = read_message(messages[_i].name);
	struct vp_report *report = vp_classify(rules, message, len);
	const struct vp_event *event = report->events;

	/* neither is needed any longer */
	vp_rules_free(rules);
	memset(message, 0, sizeof(message));
	ck_assert_str_eq(vp_kind_name(report->kind),
	    vp_kind_name(messages[_i].kind));
	ck_assert_uint_eq(report->n_events, messages[_i].n_events);
	if (report->n_events > 0) {
		ck_assert_str_eq(vp_reason_name(event->reason),
		    vp_reason_name(messages[_i].reason));
		ck_assert_int_eq(event->class_,
		    messages[_i].kind == VP_KIND_DELAY
			? VP_CLASS_DELAYED
			: vp_reason_class(event->reason));
		ck_assert(event->confidence > 0.7 && event->confidence <= 1);
		ck_assert_str_ne(event->rule, "");
		ck_assert_ptr_nonnull(event->provider);
		if (messages[_i].recipient != NULL)
			ck_assert_str_eq(event->recipient,
			    messages[_i].recipient);
		if (messages[_i].status != NULL)
			ck_assert_str_eq(event->status, messages[_i].status);
		ck_assert_uint_eq(event->smtp_code, messages[_i].smtp_code);
		if (messages[_i].action != NULL)
			ck_assert_str_eq(event->action, messages[_i].action);
		ck_assert_int_eq(strncmp(event->diagnostic,
				     messages[_i].diagnostic,
				     strlen(messages[_i].diagnostic)),
		    0);
	}
	vp_report_free(report);
}
END_TEST

START_TEST(test_site_rules)
{
	static const char name[] = "postfix-user-unknown.eml";
	const char *path = write_file("50-site.rules",
	    "[site.unknown]\nlevel = first\nmatch = user unknown\n"
	    "reason = moved\nconfidence = 0.8\n"
	    "example = 550 5.1.1 user unknown\n",
	    0644);
	struct vp_rules *rules = rules_load();
	struct vp_report *report = vp_classify(rules, message,
	    read_message(name));

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_uint_eq(report->n_events, 1);
	ck_assert_str_eq(report->events[0].rule, "site.unknown");
	ck_assert_int_eq(report->events[0].reason, VP_REASON_MOVED);
	vp_report_free(report);
	vp_rules_free(rules);
}
END_TEST

START_TEST(test_malformed)
{
	struct vp_rules *rules = rules_load();
	static const char nul[] = "Subject: \0\xff\n\n\0\0";
	const struct {
		const char *bytes;
		size_t len;
	} inputs[] = {
		{ NULL, 0 },
		{ "", 0 },
		{ nul, sizeof(nul) },
		{ "no header", 9 },
	};

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		struct vp_report *report = vp_classify(rules, inputs[i].bytes,
		    inputs[i].len);

		ck_assert_int_eq(report->kind, VP_KIND_NONE);
		ck_assert_uint_eq(report->n_events, 0);
		vp_report_free(report);
	}
	vp_rules_free(rules);
}
END_TEST

/* ---- threads ---- */

static void *work(void *data)
{
	const struct vp_rules *rules = data;

	for (unsigned i = 0; i < 50; i++) {
		struct vp_report *report = vp_classify(rules, message,
		    strlen(message));

		if (report->n_events != 3 ||
		    report->events[1].reason != VP_REASON_MAILBOX_FULL)
			return message;
		vp_report_free(report);
	}
	return NULL;
}

START_TEST(test_threads)
{
	struct vp_rules *rules = rules_load();
	pthread_t threads[4];

	message[read_message("postfix-several.eml")] = '\0';
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, rules),
		    0);
	for (unsigned i = 0; i < 4; i++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_ptr_null(wrong);
	}
	vp_rules_free(rules);
}
END_TEST

/* ---- names ---- */

START_TEST(test_names)
{
	for (int i = 0; i < VP_CLASS_COUNT; i++)
		ck_assert_int_eq(
		    vp_class_from_name(vp_class_name((enum vp_class)i)), i);
	for (int i = 0; i < VP_REASON_COUNT; i++)
		ck_assert_int_eq(
		    vp_reason_from_name(vp_reason_name((enum vp_reason)i)), i);
	for (int i = 0; i < VP_KIND_COUNT; i++)
		ck_assert_str_ne(vp_kind_name((enum vp_kind)i), "unknown");
	for (int i = 0; i < VP_STATUS_COUNT; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(vp_status_text((enum vp_status)i),
			    vp_status_text((enum vp_status)j));
	ck_assert_str_eq(vp_kind_name((enum vp_kind)99), "unknown");
	ck_assert_str_eq(vp_class_name((enum vp_class)99), "unknown");
	ck_assert_str_eq(vp_status_text((enum vp_status)99), "unknown status");
	ck_assert_int_eq(vp_class_from_name("soggy"), -1);
	ck_assert_int_eq(vp_reason_from_name(""), -1);
}
END_TEST

START_TEST(test_free_nothing)
{
	vp_tokens_free(NULL);
	vp_rules_free(NULL);
	vp_report_free(NULL);
}
END_TEST

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *lib_suite(void)
{
	Suite *suite = suite_create("lib");
	TCase *tokens = tcase_create("tokens");
	TCase *messages_case = tcase_create("messages");

	tcase_add_test(tokens, test_vectors);
	tcase_add_loop_test(tokens, test_verify, 0, N(addresses));
	tcase_add_test(tokens, test_expiry);
	tcase_add_test(tokens, test_never_cut);
	tcase_add_test(tokens, test_mint_failures);
	tcase_add_test(tokens, test_keys_file);
	suite_add_tcase(suite, tokens);
	tcase_set_timeout(messages_case, 60);
	tcase_add_test(messages_case, test_rules_files);
	tcase_add_loop_test(messages_case, test_classify, 0, N(messages));
	tcase_add_test(messages_case, test_site_rules);
	tcase_add_test(messages_case, test_malformed);
	tcase_add_test(messages_case, test_threads);
	tcase_add_test(messages_case, test_names);
	tcase_add_test(messages_case, test_free_nothing);
	suite_add_tcase(suite, messages_case);
	return suite;
}

int main(void)
{
	SRunner *runner;
	char path[256];
	int failed;

	if (mkdtemp(scratch) == NULL)
		return EXIT_FAILURE;
	runner = srunner_create(lib_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	(void)snprintf(path, sizeof(path), "%s/keys", scratch);
	(void)unlink(path); /* if a test got so far */
	(void)rmdir(scratch);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
