/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What servers say, each once more in words that no rule was written from.  A
   change of the rules that fixes one sentence and breaks three is seen here. */

#include "rules.h"

#include "envelope.h"
#include "main.h"
#include "shipped_rules.h"

#include <string.h>

static RuleSet *rules;

static void setup(void)
{
	rules = shipped_rules();
}

static void teardown(void)
{
	g_clear_pointer(&rules, rules_free);
}

#define HARD    VP_CLASS_HARD
#define SOFT    VP_CLASS_SOFT
#define BLOCK   VP_CLASS_BLOCK
#define UNKNOWN VP_CLASS_UNKNOWN

static const struct {
	enum vp_class class_;
	const char *said;
} phrases[] = {
	/* a server may not work; a person no longer works there */
	{ UNKNOWN, "It did not work." },
	{ UNKNOWN, "Our server is not working just now" },
	{ UNKNOWN, "The gateway no longer works" },
	{ HARD, "550 Ana no longer works here" },
	{ HARD, "550 she is no longer employed" },
	{ BLOCK, "550-Verification failed for <x@example.org> 550-Unrouteable "
		 "address 550 Sender verify failed" },
	{ BLOCK, "550-Verification failed for <bounce@example.com> 550-No Such "
		 "User Here 550 Sender verify failed" },
	{ BLOCK, "550 5.7.1 Sender IP reverse lookup rejected" },
	{ BLOCK, "550 5.7.1 <bounce@example.com>: Sender address rejected: "
		 "Access denied" },
	{ BLOCK, "554 5.7.1 <mx.example.com[192.0.2.1]>: Client host rejected: "
		 "Access denied" },
	{ BLOCK,
	    "554 5.7.1 Rejected, 192.0.2.1 is listed at dnsbl.example.test" },
	{ BLOCK, "550 SPF check failed" },
	{ BLOCK, "550 5.7.1 message content rejected due to suspected spam" },
	{ BLOCK, "550 High probability of spam" },
	{ BLOCK,
	    "552 5.2.0 message rejected: attachment type .exe not allowed" },
	{ BLOCK, "550 5.7.1 Your message was blocked by our content filter" },
	{ BLOCK, "554 5.7.1 Message scored as spam" },
	{ BLOCK, "550 5.7.1 Unauthenticated email from example.com is not "
		 "accepted due to domain's DMARC policy" },
	{ BLOCK, "554 mail server permanently rejected message (#5.3.0)" },
	{ BLOCK, "550 5.7.1 relaying denied" },
	{ BLOCK, "530 5.7.0 Authentication required" },
	{ BLOCK, "550 relay not permitted" },
	{ BLOCK, "501 5.5.4 HELO: invalid domain name" },
	{ BLOCK, "550 5.7.1 Domain of sender address bounce@example.com does "
		 "not resolve" },
	{ BLOCK, "554 5.7.1 The sending IP is on our block list" },
	{ BLOCK, "571 Delivery not authorized, message refused" },
	{ BLOCK, "550 Message contains a virus: Eicar" },
	{ BLOCK, "421 4.7.0 IP not in whitelist for RCPT domain, closing "
		 "connection" },
	{ BLOCK, "550 5.7.1 Mail from 192.0.2.1 refused by blackhole site "
		 "list.dnsbl.test" },
	{ BLOCK, "550 Blocked: your server's reputation is poor" },
	{ BLOCK, "421 4.7.1 : (DYN:T1) dynamic IP addresses are not accepted" },
	{ BLOCK, "550 5.7.705 Access denied, tenant has exceeded threshold" },
	{ BLOCK, "550 5.7.501 Access denied, spam abuse detected" },
	{ BLOCK, "550 5.7.520 Access denied, Your organization does not allow "
		 "external forwarding" },
	{ BLOCK, "550 5.7.1 Rejected: see http://www.spamhaus.org/query" },
	{ BLOCK, "554 Your access to this mail system has been rejected due to "
		 "the sending MTA's poor reputation" },
	{ BLOCK, "550 IP 192.0.2.1 is blacklisted" },
	{ BLOCK, "554 5.7.1 Sender IP blocked" },
	{ BLOCK, "550-5.7.1 Your IP address 192.0.2.1 has been blocked by the "
		 "administrator" },
	{ BLOCK, "421 Your IP is temporarily banned" },
	{ BLOCK, "554 no SMTP service for you: listed in local RBL" },
	{ BLOCK, "554 5.7.1 Access denied" },
	{ BLOCK, "550 Administrative prohibition" },
	{ BLOCK, "550 5.7.1 Mail rejected by policy" },
	{ BLOCK,
	    "550 JunkMail rejected - mx.example.com [192.0.2.1] is in an RBL" },
	{ BLOCK, "550 5.7.1 The message appears to be spam" },
	{ BLOCK, "550 This message was classified as SPAM and may not be "
		 "delivered" },
	{ BLOCK, "550 We think your email is spam" },
	{ BLOCK, "554 The message was rejected because it contains prohibited "
		 "virus or spam content" },
	{ BLOCK, "552 Blocked file extension detected" },
	{ BLOCK, "550 5.7.1 URL in this message is blacklisted" },
	{ BLOCK, "550 permanent failure: message refused by DKIM policy" },
	{ BLOCK, "550 5.7.26 DMARC policy violation" },
	{ BLOCK, "451 4.7.24 The SPF record of the sending domain has a "
		 "suspicious entry" },
	{ BLOCK, "550 5.7.1 SPF unauthorized mail is prohibited" },
	{ BLOCK, "450 4.1.8 <bounce@example.com>: Sender address rejected: "
		 "Domain not found" },
	{ BLOCK, "553 5.1.8 <bounce@example.com>... Domain of sender address "
		 "does not exist" },
	{ BLOCK, "550 Sender address is not valid" },
	{ BLOCK, "553 sorry, your envelope sender is in my badmailfrom list" },
	{ BLOCK, "550 HELO/EHLO rejected: invalid hostname" },
	{ BLOCK, "550 5.7.1 Client host rejected: cannot find your reverse "
		 "hostname, [192.0.2.1]" },
	{ BLOCK, "550 rDNS/DNS validation failed" },
	{ BLOCK, "500 5.5.1 Command unrecognized" },
	{ BLOCK, "503 5.5.1 Bad sequence of commands" },
	{ BLOCK, "550 5.6.0 Header error: duplicate From" },
	{ BLOCK, "550 maximum allowed line length is 998 octets" },
	{ BLOCK, "535 5.7.8 Authentication credentials invalid" },
	{ BLOCK, "550 authentication required for relay" },
	{ BLOCK, "553 that domain isn't allowed to be relayed thru this MTA" },
	{ BLOCK, "550-The sender has been rejected as a known spammer" },
	{ BLOCK, "554 5.7.1 virus found in message" },
	{ BLOCK,
	    "550 you are not authorized to send on behalf of this domain" },
	{ HARD, "550 5.1.1 <x@example.org>: Recipient address rejected: "
		"undeliverable address: User unknown in virtual alias table" },
	{ HARD, "550 Invalid recipient <x@example.org> (#5.1.1)" },
	{ HARD, "550 5.1.1 Mailbox \"x\" does not exist" },
	{ HARD, "550 #5.1.0 Address rejected." },
	{ HARD, "550 5.1.1 Sorry, we don't have a mailbox called x here" },
	{ HARD, "553 5.3.0 <x@example.org>... Addressee unknown, "
		"relay=[192.0.2.1]" },
	{ HARD, "550 5.1.1 Unknown recipient address" },
	{ HARD, "550 RCPT TO:<x@example.org> User unknown" },
	{ HARD, "550 x@example.org is not a valid mailbox" },
	{ HARD, "511 5.1.1 unknown address or alias: x@example.org" },
	{ HARD, "550 5.2.1 Mailbox not available: no such account" },
	{ HARD, "550 That user does not have an account on this system" },
	{ HARD, "553 sorry, this recipient is not in my validrcptto list "
		"(#5.7.1)" },
	{ HARD, "550 unknown or invalid address" },
	{ HARD, "554 5.1.1 Error: no such recipient" },
	{ HARD, "550 <x@example.org> is an invalid address" },
	{ HARD, "550 User account does not exist" },
	{ HARD, "550 5.1.1 Account not found" },
	{ HARD, "550 5.1.1 invalid address" },
	{ HARD, "550 No such person at this address" },
	{ HARD, "550 5.1.1 <x@example.org>... User has left the company" },
	{ HARD, "550 email address no longer exists" },
	{ HARD, "550 no mailbox by that name is currently available" },
	{ HARD, "501 5.1.3 Bad recipient address syntax" },
	{ HARD, "Recipient's mailbox was deleted" },
	{ HARD, "550 5.4.4 Domain not found" },
	{ HARD, "550 5.1.2 The domain example.invalid does not exist" },
	{ HARD, "Domain example.invalid has no MX or A record" },
	{ HARD, "Delivery failed, answer was: 550 5.1.1 no such user" },
	{ HARD, "550 5.1.351 Remote server returned unknown recipient or "
		"mailbox unavailable" },
	{ HARD, "5.1.1 Empfaenger x@example.de unbekannt" },
	{ HARD, "550 5.1.1 Adresse inconnue" },
	{ HARD, "550 El usuario no existe en este servidor" },
	{ HARD, "550 Użytkownik nie istnieje" },
	{ HARD, "550 邮箱地址不存在" },
	{ HARD, "550 このメールアドレスは存在しません" },
	{ HARD, "550 Пользователь не найден" },
	{ HARD, "550 kullanıcı bulunamadı" },
	{ HARD, "550 Uživatel neexistuje" },
	{ HARD, "550 Unbekannter Empfaenger" },
	{ HARD, "x@example.org: 550 User is unknown at this site" },
	{ HARD, "550 5.1.1 x@example.org... No such user in this domain" },
	{ HARD, "550 5.1.1 <x@example.org> Recipient unknown (in reply to RCPT "
		"TO command)" },
	{ HARD, "550 Mailbox not found for x@example.org" },
	{ HARD, "550 5.1.1 recipient email address is possibly incorrect: no "
		"such mailbox" },
	{ HARD, "553 5.1.1 unknown recipient: x@example.org" },
	{ HARD, "550 Unable to find user x" },
	{ HARD, "550 cannot find your mailbox x@example.org: no such account" },
	{ HARD, "550 5.1.1 Invalid Recipient - https://example.org/help" },
	{ HARD, "User x (x@example.org) not listed in Domino Directory" },
	{ HARD, "550 5.7.1 <x@example.org>: unable to find the user" },
	{ HARD, "550 5.0.0 The specified recipient does not exist" },
	{ HARD, "No such user - psmtp" },
	{ HARD, "550 x: unknown local-part in domain" },
	{ HARD, "550 unknown local part" },
	{ HARD, "550 Unknown Recipient (#5.1.1)" },
	{ HARD, "550 this user doesn't have an example.org account" },
	{ HARD, "550 #5.1.1 bad address x@example.org" },
	{ HARD,
	    "550 5.1.1 Email address could not be found, or was misspelled" },
	{ HARD, "550 address unknown" },
	{ HARD, "The following addresses had permanent fatal errors: 550 5.1.1 "
		"unknown user account" },
	{ HARD, "550 5.1.1 sorry, no such address" },
	{ HARD, "550 5.1.1 recipient not in our system" },
	{ HARD, "550 5.1.1 user not on this server" },
	{ HARD, "Unknown account" },
	{ HARD, "This address no longer accepts mail because the account was "
		"deleted" },
	{ HARD, "550 Mailbox terminated" },
	{ HARD, "550 5.1.6 the mailbox has moved permanently" },
	{ HARD, "550 Host unknown" },
	{ HARD, "Name server: example.invalid: host not found" },
	{ HARD, "550 5.1.2 Bad destination host 'DNS Hard Error looking up "
		"example.invalid (MX): NXDomain'" },
	{ HARD, "550 no such domain here" },
	{ SOFT, "550 5.2.2 Mailbox quota exceeded for this recipient" },
	{ SOFT, "552 5.7.0 Message exceeded the quota of the user" },
	{ SOFT, "550 The user's mailbox is full, try again later" },
	{ SOFT, "554 5.2.2 The recipient's inbox is out of storage space" },
	{ SOFT, "552 Mailbox limit exceeded for this email address" },
	{ SOFT, "550 Recipient is over the disk quota" },
	{ SOFT, "452 4.2.2 insufficient storage for user x" },
	{ SOFT, "550 5.2.1 This account has been suspended" },
	{ SOFT, "550 User x is inactive" },
	{ SOFT, "550 Account disabled" },
	{ SOFT, "550 Mailbox disabled for inactivity" },
	{ SOFT, "550 The mailbox has expired" },
	{ SOFT, "451 Temporary local problem - please try later" },
	{ SOFT, "450 4.1.1 <x@example.org>: Recipient address rejected: "
		"unverified address: connect timeout" },
	{ SOFT, "421 4.4.5 Server busy, try again later" },
	{ SOFT, "451 4.3.2 Please try again later" },
	{ SOFT, "451 4.7.1 Try again later" },
	{ SOFT, "550 5.4.6 Routing loop detected" },
	{ SOFT, "554 5.4.0 Error: too many hops" },
	{ SOFT, "550 Connection frequency limited" },
	{ SOFT, "452 4.5.3 Error: too many recipients" },
	{ SOFT, "550 5.7.1 Too many emails sent in this session" },
	{ SOFT, "552 5.3.4 Message size exceeds limit of 10485760" },
	{ SOFT, "550 mail size limit exceeded" },
	{ BLOCK, "550 5.7.1 You are not a member of this list" },
	{ SOFT, "550 5.7.1 recipient only accepts mail from a whitelist" },
	{ SOFT, "554 5.3.0 Error processing message: disk full" },
	{ SOFT, "550 5.3.5 system misconfigured" },
	{ SOFT, "Delivery time expired, last answer: 450 4.2.1 mailbox busy" },
	{ SOFT, "x@example.org: Connection timed out" },
	{ SOFT, "550 5.4.300 Message expired" },
	{ SOFT, "550 5.4.316 Message expired, connection refused(Socket error "
		"code 10061)" },
	{ SOFT, "451 4.7.500 Server busy. Please try again later from "
		"[192.0.2.1]." },
	{ SOFT, "552 Quota de stockage dépassé" },
	{ SOFT, "552 A caixa postal do destinatário está cheia" },
	{ SOFT, "552 用户邮箱空间已满" },
	{ SOFT, "550 受信者のメールボックスが容量オーバーです" },
	{ SOFT, "550 Почтовый ящик переполнен" },
	{ SOFT, "4.4.3 Unable to resolve name: temporary failure in name "
		"resolution" },
	{ SOFT, "550 5.2.2 user has no space left in mailbox" },
	{ SOFT, "552 5.2.2 The recipient's mailbox exceeds its storage limit" },
	{ SOFT, "550 user quota exhausted" },
	{ SOFT, "mailbox size limit exceeded" },
	{ SOFT, "Quota exceeded (mailbox for user is full)" },
	{ SOFT, "can't create user output file" },
	{ SOFT, "550 mail quota exceeded for user x" },
	{ SOFT, "5.2.2 Over quota" },
	{ SOFT, "554 delivery error: dd requested mail action aborted: "
		"exceeded storage allocation" },
	{ SOFT, "552 maximum storage exceeded" },
	{ SOFT, "550 recipient storage full" },
	{ SOFT, "550 mailbox is over limit" },
	{ SOFT, "user's box is full" },
	{ SOFT, "550 The account is locked" },
	{ SOFT, "550 5.2.1 user account is not activated" },
	{ SOFT, "550 Mailbox has been suspended" },
	{ SOFT, "550 This user has been inactive for too long" },
	{ SOFT, "550 customer account is on hold" },
	{ SOFT, "554 5.2.1 account closed due to inactivity" },
	{ SOFT, "Connection refused" },
	{ SOFT, "connect to mx.example.org[192.0.2.1]:25: No route to host" },
	{ SOFT, "Host mx.example.org is unreachable" },
	{ SOFT, "timed out while waiting for initial greeting" },
	{ SOFT, "451 4.4.2 Timeout - closing connection" },
	{ SOFT, "the remote server did not respond" },
	{ SOFT, "conversation with mx.example.org[192.0.2.1] timed out while "
		"sending RCPT TO" },
	{ SOFT, "451 Internal resource temporarily unavailable" },
	{ SOFT, "451 4.3.5 Server configuration problem" },
	{ SOFT, "452 4.3.1 Mail system full" },
	{ SOFT, "421 mx.example.org Service not available, closing "
		"transmission channel" },
	{ SOFT, "450 4.2.0 mailbox temporarily locked" },
	{ SOFT, "451 4.7.1 Please try again in 300 seconds" },
	{ SOFT, "450 4.7.1 Recipient address rejected: Policy Rejection- "
		"Please try later, greylisting" },
	{ SOFT, "421 too many sessions from your IP" },
	{ SOFT, "421 4.7.0 Rate limit reached" },
	{ SOFT, "450 4.7.1 Error: too much mail from 192.0.2.1" },
	{ SOFT, "550 5.7.0 sending limit for this recipient reached" },
	{ SOFT, "message is larger than 20 MB" },
	{ SOFT, "550 5.3.4 this message is bigger than allowed" },
	{ SOFT,
	    "552 size of the message exceeds the fixed maximum message size" },
	{ SOFT, "Retry timeout exceeded" },
	{ SOFT, "message has been deferred too long, giving up" },
	{ SOFT, "554 5.4.7 Delivery expired (message too old)" },
	{ SOFT, "550 Rejected by user's filter" },
	{ SOFT, "550 The user has chosen not to receive mail from you" },
	{ BLOCK, "550 5.7.1 only members may post to this group" },
	{ BLOCK, "Your message to the list was rejected: not subscribed" },
	{ BLOCK, "550 5.7.1 The group you wrote to may not exist, or you may "
		 "not have permission to post messages to it" },
	{ SOFT, "550 This account was suspended. Contact your hosting "
		"provider" },
	{ HARD, "550 5.4.310 DNS domain no.example.org does not exist "
		"[Message=InfoDomainNonexistent]" },
	{ HARD, "550 такого адреса в нашей системе не существует" },
	{ SOFT, "550 5.1.1 <x@example.org>: he is over his quota again" },
	{ SOFT, "550 5.7.1 Mailbox unavailable for external senders" },
	{ SOFT, "552 La cassetta postale del destinatario è piena" },
	{ SOFT, "552 A caixa de correio do destinatário está cheia" },
	{ SOFT, "552 A címzett postaládája megtelt" },
	{ SOFT, "552 Cutia poștală este plină" },
	{ SOFT, "552 받는 사람의 사서함이 꽉 차서 받을 수 없습니다" },
	{ HARD, "550 Het e-mailadres dat u gaf, is niet gevonden" },
	{ HARD, "550 Den adresse, du har angivet, blev ikke fundet" },
	{ HARD, "550 Det gick inte att hitta den adressen" },
	{ HARD, "550 Antamaasi osoitetta ei löytynyt" },
	{ HARD, "550 Zadaná adresa nebyla nalezena" },
	{ HARD, "550 Не вдалося знайти введену адресу" },
	{ HARD, "550 Η διεύθυνση δεν βρέθηκε" },
	{ HARD, "550 Girdiğiniz e-posta adresi bulunamadı" },
	{ HARD, "550 找不到您輸入的郵件地址" },
	{ HARD, "554 nobody by that name gets mail here" },
	{ HARD, "550 We have no record of x among our users" },
	{ BLOCK, "550 5.1.1 User unknown, or this smells like spam" },
	{ BLOCK, "554 5.7.1 the message contains a link listed at SURBL" },
	{ BLOCK, "550 Your sending IP is restricted because of complaints" },
	{ SOFT, "550 5.7.1 The addressee receives mail only from friends" },
	{ SOFT, "550 bu hesap kapatılmış" },
	{ HARD, "550 Brugeren er ukendt" },
	{ HARD, "550 Der Empfaenger wurde geloescht" },
	{ HARD, "550 la cuenta no esta dada de alta" },
	{ BLOCK, "554 5.7.1 reputation of 192.0.2.1 is too low" },
	{ UNKNOWN, "550 Requested action not taken" },
	{ UNKNOWN, "554 Transaction failed" },
};

START_TEST(test_phrases)
{
	g_autoptr(Report) report = report_new();
	ReportRecipient *recipient = report_add_recipient(report);
	g_autoptr(Verdict) verdict = NULL;

	report->kind = REPORT_DSN;
	recipient->action = ACTION_FAILED;
	envelope_set(&recipient->diagnostic, phrases[_i].said);
	verdict = rules_judge(rules, report, recipient, NULL);
	ck_assert_msg(verdict->class_ == phrases[_i].class_,
	    "%s: %s/%s by %s (%s)", phrases[_i].said,
	    vp_class_name(verdict->class_), vp_reason_name(verdict->reason),
	    verdict->rule, verdict->matched);
}
END_TEST

static Suite *phrases_suite(void)
{
	Suite *suite = suite_create("phrases");
	TCase *tcase = tcase_create("phrases");

	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_phrases, 0, G_N_ELEMENTS(phrases));
	suite_add_tcase(suite, tcase);
	return suite;
}

RUN_SUITE(phrases_suite)
