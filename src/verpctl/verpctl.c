/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verpctl(8): one table of commands, and what happens before and after each.
   The commands are in the cmd_*.c files. */
#include "commands.h"
#include "deliver_guard.h"

#include "bounds.h"
#include "clock.h"
#include "report_read.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANY UINT_MAX

/* clang-format off */
static const Command commands[] = {
{ "init", "", "make an empty store and, if there is none, a signing key",
  COMMAND_JSON, 0, 0, cmd_init },
{ "config", "", "print the settings in force",
  0, 0, 0, cmd_config },
{ "config check", "", "read everything verpd reads, and say what is wrong",
  COMMAND_JSON, 0, 0, cmd_config_check },
{ "doctor", "", "look for what goes wrong between verpd and Postfix",
  COMMAND_JSON, 0, 0, cmd_doctor },
{ "selftest", "", "send a bounce through the whole path, and see it recorded",
  COMMAND_JSON, 0, 0, cmd_selftest },
{ "postfix-config", "", "print the lines that wire this Postfix to verpd",
  COMMAND_JSON, 0, 0, cmd_postfix_config },
{ "deliver", "", "take one message from pipe(8); exits 0 or 75, nothing else",
  0, 0, ANY, cmd_deliver },
{ "token mint", "[ADDRESS...]", "make return paths, one for each address or line of input",
  COMMAND_JSON, 0, ANY, cmd_token_mint },
{ "token decode", "[RETURN-PATH...]", "say what return paths mean",
  COMMAND_JSON, 0, ANY, cmd_token_decode },
{ "token verify", "[RETURN-PATH...]", "say whether return paths are genuine and current",
  COMMAND_JSON, 0, ANY, cmd_token_verify },
{ "key new", "", "make a keys file with one fresh key",
  0, 0, 0, cmd_key_new },
{ "key rotate", "", "put a fresh key in front; the old ones go on verifying",
  COMMAND_JSON | COMMAND_CHANGES, 0, 0, cmd_key_rotate },
{ "key list", "", "list the ids of the keys, never the keys",
  COMMAND_JSON, 0, 0, cmd_key_list },
{ "classify", "FILE...", "say what messages are, and why; needs no store",
  COMMAND_JSON, 1, ANY, cmd_classify },
{ "rules lint", "[FILE...]", "prove every rule by its examples",
  COMMAND_JSON, 0, ANY, cmd_rules_lint },
{ "rules test", "[TEXT...]", "say which rule wins for a diagnostic text",
  COMMAND_JSON, 0, ANY, cmd_rules_test },
{ "rules list", "", "list the rules in force",
  COMMAND_JSON, 0, 0, cmd_rules_list },
{ "rules stats", "", "say how often each rule decided, and when last",
  COMMAND_JSON, 0, 0, cmd_rules_stats },
{ "quarantine list", "", "list what waits for a person to look",
  COMMAND_JSON, 0, 0, cmd_quarantine_list },
{ "quarantine show", "EVENT", "show one: header and text",
  COMMAND_JSON, 1, 1, cmd_quarantine_show },
{ "quarantine reclassify", "[EVENT...]", "judge again, by the rules of today or by hand",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, ANY, cmd_quarantine_reclassify },
{ "quarantine drop", "[EVENT...]", "let go what waits: it changes nothing",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, ANY, cmd_quarantine_drop },
{ "unknown", "[N]", "group what nobody understood by shape",
  COMMAND_JSON, 0, 1, cmd_unknown },
{ "check", "ADDRESS", "may this address be mailed?  0: yes, 1: no, 2: error",
  COMMAND_JSON, 1, 1, cmd_check },
{ "why", "ADDRESS", "tell an address's story: every event, and what followed",
  COMMAND_JSON, 1, 1, cmd_why },
{ "list", "", "list suppressions, events or forged reports",
  COMMAND_JSON, 0, 0, cmd_list },
{ "add", "[ADDRESS...]", "suppress addresses or a domain by hand",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, ANY, cmd_add },
{ "release", "[ADDRESS...]", "lift suppressions by hand",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, ANY, cmd_release },
{ "allow", "[ADDRESS]", "set aside what bounces hold against an address or domain",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, 1, cmd_allow },
{ "disallow", "[ADDRESS]", "take an allow entry away",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, 1, cmd_disallow },
{ "revert", "", "take back what bounces did, as if they had never come",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 0, 0, cmd_revert },
{ "audit", "[ADDRESS]", "tell who changed what by hand, and why",
  COMMAND_JSON, 0, 1, cmd_audit },
{ "import", "FILE...", "take over the suppressions of somebody's list",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, ANY, cmd_import },
{ "export", "", "write the suppressions as a list",
  0, 0, 0, cmd_export },
{ "scrub", "[FILE]", "copy a list without those who are not to be mailed",
  0, 0, 1, cmd_scrub },
{ "campaign list", "", "list campaigns: what they sent, which are paused",
  COMMAND_JSON, 0, 0, cmd_campaign_list },
{ "campaign show", "CAMPAIGN", "show one: hour by hour what it sent and what came back",
  COMMAND_JSON, 1, 1, cmd_campaign_show },
{ "campaign pause", "CAMPAIGN", "stop a campaign: its mail is held",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_campaign_pause },
{ "campaign resume", "CAMPAIGN", "let it go on, and release its held mail",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_campaign_resume },
{ "campaign set", "CAMPAIGN", "set its stream, and whether it may be paused by itself",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_campaign_set },
{ "breaker list", "", "list receivers that are not believed just now",
  COMMAND_JSON, 0, 0, cmd_breaker_list },
{ "breaker show", "BREAKER", "show one: why, hour by hour, and what it holds",
  COMMAND_JSON, 1, 1, cmd_breaker_show },
{ "breaker confirm", "BREAKER", "what it holds were hard bounces: suppress them",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_breaker_confirm },
{ "breaker drop", "BREAKER", "what it holds were none: release them",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_breaker_drop },
{ "breaker close", "BREAKER", "believe a receiver again, or clear a campaign",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_breaker_close },
{ "alert check", "", "is anything wrong?  0: no, 1: yes, and it says what",
  COMMAND_JSON, 0, 0, cmd_alert_check },
{ "expire", "", "delete what is over; run it once a day",
  COMMAND_JSON | COMMAND_CHANGES, 0, 0, cmd_expire },
{ "delivered", "[FILE]", "take from the sender what was delivered",
  COMMAND_JSON, 0, 1, cmd_delivered },
{ "ingest-log", "[FILE...]", "learn from Postfix's log what was delivered",
  COMMAND_JSON, 0, ANY, cmd_ingest_log },
{ "stats", "", "count what is in the store",
  COMMAND_JSON, 0, 0, cmd_stats },
{ "purge", "", "delete what is older than it is to be kept; run it once a day",
  COMMAND_JSON | COMMAND_CHANGES, 0, 0, cmd_purge },
{ "erase", "ADDRESS", "forget an address, in whatever names it",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_erase },
{ "backup", "FILE", "copy the store, while verpd works on it",
  COMMAND_JSON, 1, 1, cmd_backup },
{ "restore", "FILE", "make a store of a backup, with a new epoch",
  COMMAND_JSON | COMMAND_CHANGES | COMMAND_REASON, 1, 1, cmd_restore },
{ "verify", "[FILE]", "recount everything from the events and compare",
  COMMAND_JSON, 0, 1, cmd_verify },
};
/* clang-format on */

/* How many words of ARGV the command's name takes, or 0. */
static int count_words(const Command *command, int argc, char **argv)
{
	const char *blank = strchr(command->name, ' ');
	size_t first = blank != NULL ? (size_t)(blank - command->name)
				     : strlen(command->name);

	if (argc < 1 || strlen(argv[0]) != first ||
	    strncmp(argv[0], command->name, first) != 0)
		return 0;
	if (blank == NULL)
		return 1;
	return argc > 1 && strcmp(argv[1], blank + 1) == 0 ? 2 : 0;
}

/* The command that most words of ARGV name, or NULL. */
static const Command *command_find(int argc, char **argv, int *ret_words)
{
	const Command *found = NULL;

	*ret_words = 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
		int words = count_words(&commands[i], argc, argv);

		if (words > *ret_words) {
			found = &commands[i];
			*ret_words = words;
		}
	}
	return found;
}

static bool is_group(const char *word)
{
	size_t len = strlen(word);

	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		if (strncmp(commands[i].name, word, len) == 0 &&
		    commands[i].name[len] == ' ')
			return true;
	return false;
}

static void print_usage(FILE *stream, const char *group)
{
	size_t len = group != NULL ? strlen(group) : 0;

	fprintf(stream, "usage: verpctl [-c FILE] COMMAND [OPTION...] "
			"[ARGUMENT...]\n\n");
	for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
		if (group == NULL || strncmp(commands[i].name, group, len) == 0)
			fprintf(stream, "  %-23s%s\n", commands[i].name,
			    commands[i].help);
	if (group == NULL)
		fprintf(stream,
		    "  %-23s%s\n\n"
		    "  -c, --config FILE  read FILE instead of %s\n"
		    "  --help             print this\n"
		    "  --version          print the version\n\n"
		    "`verpctl help COMMAND` tells a command's options.\n",
		    "help", "tell of all commands, or of one",
		    settings_default_file());
}

static int run(Ctl *ctl, const Command *command, int argc, char **argv)
{
	ctl->command = command;
	return command->run(ctl, argc, argv);
}

static int run_help(Ctl *ctl, int argc, char **argv)
{
	static char help[] = "--help";
	char *words[] = { argc > 0 ? argv[0] : NULL, help, NULL };
	const Command *command;
	int n;

	if (argc == 0) {
		print_usage(stdout, NULL);
		return EX_OK;
	}
	command = command_find(argc, argv, &n);
	if (command != NULL && n == argc)
		return run(ctl, command, 2, words);
	if (argc == 1 && is_group(argv[0])) {
		print_usage(stdout, argv[0]);
		return EX_OK;
	}
	return ctl_usage(ctl, "there is no command \"%s\"", argv[0]);
}

/* What stands before the command.  Returns how many of ARGV that was, or -1
   when all is said. */
static int take_globals(Ctl *ctl, int argc, char **argv, int *ret_status)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--version") == 0) {
			printf("verpctl %s\n", VERSION);
			*ret_status = EX_OK;
			return -1;
		}
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			print_usage(stdout, NULL);
			*ret_status = EX_OK;
			return -1;
		}
		if (g_str_has_prefix(argv[i], "--config=")) {
			ctl->config = argv[i] + strlen("--config=");
		} else if ((strcmp(argv[i], "-c") == 0 ||
			       strcmp(argv[i], "--config") == 0) &&
			   i + 1 < argc) {
			ctl->config = argv[++i];
		} else {
			*ret_status = ctl_usage(ctl,
			    "\"%s\" is not an option here", argv[i]);
			return -1;
		}
	}
	return i;
}

static int run_command(Ctl *ctl, int argc, char **argv)
{
	const Command *command;
	int status = EX_OK;
	int used = take_globals(ctl, argc, argv, &status);
	int words;

	if (used < 0)
		return status;
	if (used == argc) {
		print_usage(stderr, NULL);
		return EX_USAGE;
	}
	argc -= used;
	argv += used;
	if (strcmp(argv[0], "help") == 0)
		return run_help(ctl, argc - 1, argv + 1);
	command = command_find(argc, argv, &words);
	if (command != NULL)
		return run(ctl, command, argc - (words - 1), argv + words - 1);
	if (is_group(argv[0]) && argc == 1) {
		print_usage(stderr, argv[0]);
		return EX_USAGE;
	}
	if (is_group(argv[0]) &&
	    (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage(stdout, argv[0]);
		return EX_OK;
	}
	return ctl_usage(ctl, "there is no command \"%s%s%s\"", argv[0],
	    is_group(argv[0]) ? " " : "", is_group(argv[0]) ? argv[1] : "");
}

/* Whether pipe(8) is the caller, as far as can be told: then whatever is wrong
   with the arguments must not end in a status that bounces. */
static bool is_delivery(int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-')
		i += strcmp(argv[i], "-c") == 0 ||
			     strcmp(argv[i], "--config") == 0
			 ? 2
			 : 1;
	if (i < argc && (strcmp(argv[i], "help") == 0 || is_group(argv[i])))
		return false;
	for (unsigned k = 0; i < argc && k < G_N_ELEMENTS(commands); k++)
		if (strcmp(argv[i], commands[k].name) == 0)
			return strcmp(argv[i], "deliver") == 0;
	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "deliver") == 0)
			return true;
	return false;
}

/* A file opened later must not become standard input or output. */
static void hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDWR) != fd)
			_exit(EX_TEMPFAIL);
}

int main(int argc, char **argv)
{
	Ctl ctl = { .now = clock_now() };
	int status;

	g_set_prgname("verpctl");
	hold_standard_descriptors();
	ctl.is_delivery = is_delivery(argc, argv);
	if (ctl.is_delivery)
		deliver_guard();
	mail_init();
	status = run_command(&ctl, argc, argv);
	rules_free(ctl.rules);
	settings_free(ctl.settings);
	g_free(ctl.own_config);
	g_free(ctl.actor);
	g_free(ctl.reason);
	if ((fflush(stdout) != 0 || ferror(stdout) != 0) && !ctl.is_delivery &&
	    status == EX_OK) {
		perror("verpctl: standard output");
		status = ctl.command != NULL && ctl.command->run == cmd_check
			     ? EXIT_CHECK_ERROR
			     : EX_IOERR;
	}
	if (ctl.is_delivery && status != EX_OK)
		status = EX_TEMPFAIL;
	return status;
}
