/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices for people, in the words of many makes and of none, and mail of people
   that looks like them.  Each row is a make or a trap of its own; whole messages
   are in tests/messages. */

#include "report_read.h"

#include "main.h"
#include "shipped_rules.h"

#include <string.h>

static const struct {
	ReportKind kind;
	ReportAction action;
	const char *return_path;
	const char *from;
	const char *subject;
	const char *text;
	const char *recipients; /* with blanks between */
} notices[] = {
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Undeliverable mail",
	    "   ----- The following addresses had permanent fatal "
	    "errors -----\n"
	    "\n"
	    ">>> ana@example.org <ana@example.org>\n"
	    "\n"
	    "  550 sorry, no mailbox here by that name (#5.1.1)\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Mail could not be delivered",
	    "****** Message from InterScan E-Mail VirusWall NT ******\n"
	    "\n"
	    "Sent >>> RCPT TO:<ana@example.org>\n"
	    "Received <<< 550 5.1.1 unknown\n"
	    "Unable to deliver message to <ana@example.org>\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "sysadmin@vzwpix.example",
	    "Undeliverable Message",
	    "Message could not be delivered to mobile.\n"
	    "Error: No valid recipients for this MM\n"
	    "\n"
	    "To: 5551234567@vzwpix.example\n"
	    "From: b-mxw42c7k@bounces.example\n",
	    "5551234567@vzwpix.example" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Returned mail",
	    "We had trouble delivering your message. Full details "
	    "follow:\n"
	    "\n"
	    "Subject: 'March issue'\n"
	    "\n"
	    "ERROR: 550 nope\n"
	    "The following recipients returned permanent errors: "
	    "ana@example.org.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "failure notice",
	    "Hi. This is the qmail-send program at gw.example.\n"
	    "I'm afraid I wasn't able to deliver your message to the "
	    "following addresses.\n"
	    "This is a permanent error; I've given up. Sorry it didn't "
	    "work out.\n"
	    "\n"
	    "<ana@example.org>:\n"
	    "Sorry, no mailbox here by that name. (#5.1.1)\n"
	    "\n"
	    "<ben@example.net>:\n"
	    "mailbox full\n"
	    "\n"
	    "--- Below this line is a copy of the message.\n"
	    "\n"
	    "To: ana@example.org\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Delivery failure",
	    "The e-mail system was unable to deliver the message, but "
	    "did not report a specific reason.  Check the address and "
	    "try again.\n"
	    "  < gw.example #5.0.0 smtp; 5.1.0 - Unknown address error "
	    "550-'user unknown' (delivery attempts: 0)>\n"
	    "\n"
	    " ana@example.org on 3/2/2026 9:15 AM\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Échec de la remise",
	    "Ceci est une notification automatique.\n"
	    "\n"
	    "Échec de la remise aux destinataires suivants.\n"
	    "\n"
	    "       ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Undeliverable",
	    "Impossibile recapitare il messaggio ai seguenti "
	    "destinatari:\n"
	    "\n"
	    " ana@example.org\n"
	    "  Casella piena\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Não foi possível entregar",
	    "A mensagem para ana@example.org não foi entregue.\n"
	    "Motivo: caixa cheia.\n"
	    "Em caso de dúvidas escreva para suporte@gw.example\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Niedostarczona wiadomość",
	    "Nie można dostarczyć wiadomości do adresata "
	    "<ana@example.org>: nie ma takiego konta.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Onbestelbaar: Maart",
	    "Uw bericht aan ana@example.org kon niet worden bezorgd.\n"
	    "De mailbox bestaat niet.\n"
	    "Neem contact op met beheer@gw.example\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Недоставленное сообщение",
	    "Это письмо отправлено почтовым сервером gw.example.\n"
	    "\n"
	    "К сожалению, мы вынуждены сообщить Вам о том, что Ваше "
	    "письмо не может\n"
	    "быть отправлено одному или нескольким адресатам. Причина "
	    "указана ниже.\n"
	    "\n"
	    "<ana@example.org>: host mx.example.org said: 550 5.1.1 "
	    "нет такого ящика\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@qq.example",
	    "来自gw.example的退信",
	    "尊敬的用户，您好。\n"
	    "\n"
	    "很抱歉您发送的邮件被退回，以下是该邮件的相关信息：\n"
	    "被退回邮件\t主题：三月\n"
	    "时间：2026-03-02 09:15:07\n"
	    "无法发送到 ana@example.org\n"
	    "退信原因\t收件人邮件地址（ana@example."
	    "org）不存在，邮件无法送达。\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "Postmaster@163.example", "系统退信",
	    "抱歉，您的邮件被退回来了……\n"
	    "原邮件信息：\n"
	    "时 间 2026-03-02\n"
	    "主 题 March\n"
	    "收件人 ana@example.org\n"
	    "退信原因：收件人邮箱空间不足\n"
	    "发件人 news@lists.example\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "配信できませんでした",
	    "ana@example.org "
	    "宛のメールは、宛先不明のため配信できませんでした。\n"
	    "送信者：news@lists.example\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "mail-daemon@gw.example",
	    "メール送信エラーのお知らせ",
	    "このメールは自動送信されています。\n"
	    "ご指定の宛先「ana@example.org」にメールを送信できませんでした。\n"
	    "550 Unknown user\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Mail System Error - Returned Mail",
	    "This Message was undeliverable due to the following "
	    "reason:\n"
	    "\n"
	    "The user(s) account is temporarily over quota.\n"
	    "\n"
	    "<ana@example.org>\n"
	    "\n"
	    "Please reply to Postmaster@gw.example\n"
	    "if you feel this message to be in error.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Delivery Notification: Delivery has failed",
	    "This report relates to a message you sent with the "
	    "following header fields:\n"
	    "\n"
	    "  Message-id: <1@lists.example>\n"
	    "  From: news@lists.example\n"
	    "  To: readers@lists.example\n"
	    "\n"
	    "Your message cannot be delivered to the following "
	    "recipients:\n"
	    "\n"
	    "  Recipient address: @gw.example:ana@example.org\n"
	    "  Original address: ana@example.org\n"
	    "  Reason: Illegal host/domain name found\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "Administrator@gw.example",
	    "Undeliverable message",
	    "Unable to deliver message to the following recipients, "
	    "because the message was forwarded more than the maximum "
	    "allowed times.\n"
	    "\n"
	    "       ana@example.org\n"
	    "\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Returned mail: user unknown",
	    "Your message to <ana@example.org> was not delivered "
	    "because there is no such user.\n"
	    "For help contact <postmaster@gw.example> or "
	    "support@gw.example.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Message not delivered",
	    "Your message with subject \"March\" sent to "
	    "ana@example.org on Monday could not be delivered.\n"
	    "To contact us, write to abuse@gw.example.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Delivery failed",
	    "The mail box of ana@example.org is full. Please inform "
	    "the owner, for example by phone, or write to "
	    "help@gw.example.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Undelivered", "Error 550: user ana@example.org unknown\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Mail delivery failed",
	    "Message from news@lists.example to ana@example.org and "
	    "ben@example.net failed:\n"
	    " 550 no\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Undeliverable",
	    "Recipients:\n"
	    "  ana@example.org; ben@example.net\n"
	    "Reason: 550\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Undeliverable",
	    "The following recipients could not be reached: "
	    "ana@example.org, ben@example.net, cleo@example.com\n",
	    "ana@example.org ben@example.net cleo@example.com" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Undeliverable",
	    "Failed recipients: <ana@example.org> <ben@example.net>\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Undeliverable Mail",
	    "Your message:\n"
	    "   From:    b-mxw42c7k@bounces.example\n"
	    "   To:      ana@example.org\n"
	    "   Subject: x\n"
	    "\n"
	    "was blocked by our content policy. Contact "
	    "mailadmin@gw.example for details.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Delivery Status",
	    "Unable to deliver to ana@example.org (mailbox full); sent "
	    "by news@lists.example via relay@gw.example\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_DELAYED, "", "MAILER-DAEMON@gw.example",
	    "Warning: message delayed 24 hours",
	    "This message was created automatically by mail delivery "
	    "software.\n"
	    "A message that you sent has not yet been delivered to one "
	    "or more of its\n"
	    "recipients after more than 24 hours on the queue.\n"
	    "\n"
	    "The address to which the message has not yet been "
	    "delivered is:\n"
	    "\n"
	    "  ana@example.org\n"
	    "    Delay reason: timeout\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Delivery Status Notification (Failure)",
	    "Note: Forwarded message is attached.\n"
	    "\n"
	    "This is an automatically generated Delivery Status "
	    "Notification.\n"
	    "\n"
	    "Delivery to the following recipients failed permanently:\n"
	    "\n"
	    "   * ana@example.org\n"
	    "   * ben@example.net\n"
	    "\n"
	    "Reason: Permanent Error\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "DELIVERY FAILURE: 550",
	    "Your message\n"
	    "\n"
	    "  Subject: March issue\n"
	    "\n"
	    "was not delivered to:\n"
	    "\n"
	    "  ana@example.org\n"
	    "\n"
	    "because:\n"
	    "\n"
	    "  550 5.1.1 no\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Nondeliverable mail",
	    "------Transcript of session follows -------\n"
	    "ana@example.org\n"
	    "The user's email name is not found.\n"
	    "-------Returned Message Follows-----\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Delivery failure",
	    "ana@example.org\n"
	    "ana@example.org\n"
	    "remote said 550\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Returned mail", "550 5.1.1 <ana@example.org>... User unknown\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Undeliverable",
	    "Could not deliver mail to this user.\n"
	    "ana@example.org\n"
	    "*****************     End of message     ***************\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Your message could not be delivered",
	    "550 Administrative prohibition: your mail to Ana "
	    "(ana@example.org) was refused. If you think this is wrong "
	    "please forward this mail to unblock@gw.example.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Undelivered mail",
	    "The user has moved. New address: ana@new.example. Mail to "
	    "ana@example.org is not forwarded.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Mail failure",
	    "[smtp.gw.example] ana@example.org: host not found\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "",
	    "Mail Delivery System <MAILER-DAEMON@gw.example>",
	    "Undelivered Mail Returned to Sender",
	    "I'm sorry to have to inform you that your message could "
	    "not be delivered.\n"
	    "\n"
	    "\t\t\tThe Postfix program\n"
	    "\n"
	    "<\"ana b\"@example.org>: unknown user: \"ana b\"\n",
	    "\"ana b\"@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Returned mail",
	    "This Message was undeliverable due to the following "
	    "reason:\n"
	    "\n"
	    "The following destination addresses were unknown (please "
	    "check\n"
	    "the addresses and re-mail the message):\n"
	    "\n"
	    "SMTP <ana@example.org>\n"
	    "SMTP <ben@example.net>\n"
	    "\n"
	    "Please reply to Postmaster@gw.example\n"
	    "if you feel this message to be in error.\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_DELAYED, "", "postmaster@gw.example",
	    "Delivery Notification: Delivery has been delayed",
	    "Your message has been enqueued and undeliverable for 4 "
	    "hours to the\n"
	    "following recipients:\n"
	    "\n"
	    "  Recipient address: ana@example.org\n"
	    "  Reason: unable to deliver this message after 4 hours\n"
	    "\n"
	    "The mail system will continue to try to deliver your "
	    "message\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "IT Department <it@gw.example>",
	    "Automatic reply: mail",
	    "Your message to ana@example.org could not be delivered.\n", "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ben <ben@example.net>",
	    "Delivery failure of my parcel",
	    "Hello,\n"
	    "my parcel could not be delivered. Please contact me:\n"
	    "\n"
	    "ben@example.net\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ben <ben@example.net>",
	    "Fwd: Undelivered Mail Returned to Sender",
	    "---------- Forwarded message ----------\n"
	    "This is the mail system at host x.\n"
	    "\n"
	    "<ana@example.org>: unknown\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ben <ben@example.net>",
	    "Re: failure notice",
	    "See below\n"
	    "\n"
	    "Hi. This is the qmail-send program at x.\n"
	    "\n"
	    "<ana@example.org>:\n"
	    "no mailbox\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Shop <shop@gw.example>",
	    "Your order could not be delivered",
	    "Dear Ana,\n"
	    "Your order could not be delivered to Main Street 5.\n"
	    "Contact help@gw.example\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "news@lists.example",
	    "Newsletter: delivery failure rates explained",
	    "This week: why messages bounce.\n"
	    "user unknown means ...\n"
	    "ana@example.org\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Root <root@gw.example>",
	    "Cron <root@gw> mailstats",
	    "delivery failed: 5\n"
	    "ana@example.org 3\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ana <ana@example.org>",
	    "Re: March issue",
	    "Thank you! Please send the next issue to "
	    "ana.home@example.org instead.\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ana <ana@example.org>",
	    "Stop the war newsletter",
	    "I liked it, when will I get the next? You said one can "
	    "unsubscribe here, how nice.\n",
	    "" },
	{ REPORT_UNSUBSCRIBE, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "Re: March issue",
	    "STOP sending me emails!!!\n"
	    "\n"
	    "-----Original Message-----\n"
	    "From: News\n",
	    "ana@example.org" },
	{ REPORT_UNSUBSCRIBE, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "AW: Newsletter",
	    "Guten Tag\n"
	    "\n"
	    "bitte melden Sie mich ab.\n"
	    "\n"
	    "Mit freundlichen Grüßen\n"
	    "Ana\n",
	    "ana@example.org" },
	{ REPORT_UNSUBSCRIBE, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "RE: lettre",
	    "Bonjour,\n"
	    "merci de me désinscrire.\n"
	    "Cordialement\n"
	    "\n"
	    "De : News\n"
	    "Objet : lettre\n",
	    "ana@example.org" },
	{ REPORT_UNSUBSCRIBE, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "Re: 三月",
	    "请退订\n"
	    "\n"
	    "在 2026年3月2日 写道：\n"
	    "> x\n",
	    "ana@example.org" },
	{ REPORT_UNSUBSCRIBE, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "ответ", "Прошу отписать меня.\n",
	    "ana@example.org" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ana <ana@example.org>",
	    "Re: March",
	    "unsubscribe is a nice word, I read it every day at the "
	    "foot of your mail\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ana <ana@example.org>",
	    "Re: March",
	    "On Mon, Mar 2, 2026 at 9:15 AM News wrote:\n"
	    "unsubscribe\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "x@x.example", "Ana <ana@example.org>",
	    "Re: March",
	    "Great!\n"
	    "\n"
	    "Sent from my phone\n"
	    "\n"
	    "> To unsubscribe click here\n",
	    "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "Abwesenheitsnotiz: Newsletter",
	    "Ich bin bis 15.3. nicht im Büro. In dringenden Fällen: "
	    "ben@example.net\n",
	    "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "Réponse automatique : lettre",
	    "Je suis absente. Contactez ben@example.net.\n", "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "不在のお知らせ", "本日は休暇です\n", "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "Fraværende: nyhedsbrev", "x\n", "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "x@x.example",
	    "Ana <ana@example.org>", "Fuori sede: x", "x\n", "" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Undeliverable: March",
	    "Delivery has failed to these recipients or groups:\n"
	    "\n"
	    "ana@example.org (ana@example.org)\n"
	    "The email address you entered couldn't be found.\n"
	    "\n"
	    "The following organization rejected your message: "
	    "mx.example.org.\n"
	    "\n"
	    "Diagnostic information for administrators:\n"
	    "\n"
	    "Generating server: gw.example\n"
	    "\n"
	    "ana@example.org\n"
	    "mx.example.org\n"
	    "Remote Server returned '550 5.1.1 <ana@example.org>: user "
	    "unknown'\n"
	    "\n"
	    "Original message headers:\n"
	    "\n"
	    "Received: from x\n"
	    "To: Ben <ben@example.net>\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Undeliverable: March",
	    "mx.example.org rejected your message to the following "
	    "email addresses:\n"
	    "\n"
	    "Ana Example (ana@example.org)\n"
	    "The address isn't in the directory.\n"
	    "\n"
	    "mx.example.org gave this error:\n"
	    "550 5.1.1 no such user\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Undeliverable: March",
	    "Your message to ben@example.net and ana@example.org "
	    "couldn't be delivered.\n",
	    "ben@example.net ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "",
	    "Mail Delivery Subsystem <mailer-daemon@gw.example>",
	    "Delivery Status Notification (Failure)",
	    "** Message blocked **\n"
	    "\n"
	    "Your message to ana@example.org has been blocked. See "
	    "technical details below for more information.\n"
	    "\n"
	    "The response from the remote server was:\n"
	    "\n"
	    "550 5.7.1 nope\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "",
	    "Mail Delivery Subsystem <mailer-daemon@gw.example>",
	    "Notification d’état de remise (échec)",
	    "** Adresse introuvable **\n"
	    "\n"
	    "Votre message n'a pas été remis à ana@example.org, car "
	    "l'adresse est introuvable ou ne peut pas recevoir de "
	    "messages.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "",
	    "Mail Delivery Subsystem <mailer-daemon@gw.example>",
	    "Delivery Status Notification (Failure)",
	    "** Die Adresse wurde nicht gefunden **\n"
	    "\n"
	    "Ihre Nachricht wurde nicht an ana@example.org zugestellt, "
	    "weil die Adresse nicht gefunden wurde.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "",
	    "Mail Delivery Subsystem <mailer-daemon@gw.example>",
	    "Delivery Status Notification (Failure)",
	    "** No se ha encontrado la dirección **\n"
	    "\n"
	    "Tu mensaje no se ha entregado a ana@example.org porque no "
	    "se ha encontrado la dirección.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "",
	    "Mail Delivery Subsystem <mailer-daemon@gw.example>",
	    "Delivery Status Notification (Failure)",
	    "** 住所が見つかりません **\n"
	    "\n"
	    "ana@example.org "
	    "が見つからないため、メールは配信されませんでした。\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "Mail delivery failed: returning message to sender",
	    "This message was created automatically by mail delivery "
	    "software.\n"
	    "\n"
	    "A message that you sent could not be delivered to one or "
	    "more of its\n"
	    "recipients. This is a permanent error. The following "
	    "address(es) failed:\n"
	    "\n"
	    "  ana@example.org\n"
	    "    host mx.example.org [192.0.2.25]\n"
	    "    SMTP error from remote mail server after RCPT "
	    "TO:<ana.new@example.org>:\n"
	    "    550 5.1.1 no\n"
	    "  save to /var/mail/x\n"
	    "    generated by ben@example.net\n"
	    "    mailbox is full\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Returned mail: Host unknown",
	    "   ----- The following addresses have delivery "
	    "notifications -----\n"
	    "ana@example.org  (unrecoverable error)\n"
	    "\n"
	    "   ----- Transcript of session follows -----\n"
	    "550 Host unknown\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON (Mail Delivery System)",
	    "Undelivered", "<ana@example.org>: unknown user: \"ana\"\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "[MailServer Notification]Security Notification",
	    "The message to ana@example.org was rejected because it "
	    "contains a virus.\n"
	    "Sender: b-mxw42c7k@bounces.example\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Mail delivery failure",
	    "The user ana@example.org has exceeded the quota. Sender "
	    "news@lists.example has been informed.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Nicht zustellbar: März",
	    "Fehler bei der Nachrichtenzustellung an folgende "
	    "Empfänger oder Gruppen:\n"
	    "\n"
	    "Ana Beispiel (ana@example.org)\n"
	    "Ihre Nachricht wurde nicht zugestellt.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "MAILER-DAEMON@gw.example",
	    "메일 안내",
	    "아래 사람에게 메일을 보내지 못했습니다.\n"
	    "\n"
	    "ana@example.org\n"
	    "\n"
	    "존재하지 않는 계정입니다.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example", "Tölvupóstur",
	    "Ekki tókst að koma skeytinu til skila:\n"
	    "\n"
	    "ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_NONE, ACTION_NONE, "postmaster@example.net",
	    "postmaster@example.net", "Returned mail in your lists",
	    "Two of us got \"550 user unknown\" for their answers to you.\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "paul@example.net",
	    "postmaster@example.net", "The new list",
	    "These want to be on it:\n"
	    "\n"
	    "ana@example.org\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "b-77@letters.example",
	    "editor@letters.example\nList-Unsubscribe: <https://l.example/u>",
	    "Undelivered mail returned to sender: what it means",
	    "This week we read a bounce line by line:\n"
	    "\n"
	    "<ana@example.org>: user unknown\n"
	    "\n"
	    "You should take such an address off your list.\n",
	    "" },
	{ REPORT_NONE, ACTION_NONE, "admin@mail.example",
	    "Mail Delivery Subsystem <admin@mail.example>",
	    "Undelivered Mail Returned to Sender",
	    "Seven messages to ana@example.org could not be delivered: the "
	    "mailbox is full.  Sign in to see them: http://mail.example/x\n",
	    "" },
	{ REPORT_DSN, ACTION_DELAYED, "", "postmaster@gw.example",
	    "Vertraagd: maart", "Nog even geduld:\n\nana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_DELAYED, "", "postmaster@gw.example", "Nota",
	    "Il messaggio non è ancora stato consegnato a:\n"
	    "\n"
	    "ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_DELAYED, "", "postmaster@gw.example", "お知らせ",
	    "このメッセージはまだ配信されていません:\n"
	    "\n"
	    "ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Unzustellbar: März",
	    "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder "
	    "Gruppen:\n"
	    "\n"
	    "Ana Beispiel "
	    "(ana@example.org)<mailto:ana@example.org>\n"
	    "Die Adresse wurde nicht gefunden.\n"
	    "\n"
	    "Ben Beispiel<mailto:ben@example.net>\n"
	    "Das Postfach ist voll.\n",
	    "ana@example.org ben@example.net" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example",
	    "Returned mail",
	    "These did not get it:\n"
	    "\n"
	    "Ana Example <ana@example.org>\n"
	    "no such user\n"
	    "\n"
	    "Write to Ben (ben@example.net)\n"
	    "if in doubt.\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_DELIVERED, "", "postmaster@gw.example",
	    "Entregado: marzo",
	    "Su mensaje se ha entregado a los siguientes destinatarios:\n"
	    "\n"
	    "ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example", "Marzo",
	    "Su mensaje no se ha entregado a los siguientes destinatarios:\n"
	    "\n"
	    "ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_FAILED, "", "postmaster@gw.example", "Zpráva",
	    "Zpráva nebyla doručena následujícím příjemcům:\n"
	    "\n"
	    "ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "ana@example.org", "ana@example.org",
	    "پاسخ خودکار: خبرنامه", "من در مرخصی هستم.\n", "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "ana@example.org", "ana@example.org",
	    "Erantzun automatikoa: Berriak", "Oporretan nago.\n", "" },
	{ REPORT_AUTO_REPLY, ACTION_NONE, "ana@example.org", "ana@example.org",
	    "Tự động trả lời: Bản tin", "Tôi đang đi công tác.\n", "" },
	/* lines end wherever they do */
	{ REPORT_DSN, ACTION_FAILED, "relay@gw.example",
	    "MAILER-DAEMON@gw.example", "Your mail",
	    "Regrets: what you sent was not\n\t delivered to ana@example.org\n",
	    "ana@example.org" },
	{ REPORT_DSN, ACTION_DELAYED, "", "MAILER-DAEMON@gw.example",
	    "Your mail",
	    "What you sent to <ana@example.org> has not yet\r\nbeen "
	    "delivered.\n",
	    "ana@example.org" },
};

START_TEST(notices_are_read)
{
	g_autofree char *message =
	    g_strdup_printf("Return-Path: <%s>\nFrom: %s\n"
			    "To: b-mxw42c7k@bounces.example\nSubject: %s\n"
			    "Content-Type: text/plain; charset=utf-8\n\n%s",
		notices[_i].return_path, notices[_i].from, notices[_i].subject,
		notices[_i].text);
	g_autoptr(Report)
	    report = report_read(shipped_words(), message, strlen(message));
	g_autoptr(GString) found = g_string_new(NULL);

	ck_assert_msg(report->kind == notices[_i].kind, "%s: %s (%s)", message,
	    report_kind_name(report->kind), report->format);
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *recipient = report_recipient(report, i);

		g_string_append_printf(found, "%s%s", i > 0 ? " " : "",
		    recipient->final_recipient);
		ck_assert_msg(recipient->action == notices[_i].action, "%s: %s",
		    message, action_name(recipient->action));
	}
	if (*notices[_i].recipients != '\0' || notices[_i].kind == REPORT_NONE)
		ck_assert_msg(strcmp(found->str, notices[_i].recipients) == 0,
		    "%s: \"%s\"", message, found->str);
}
END_TEST

static Suite *notices_suite(void)
{
	Suite *suite = suite_create("notices");
	TCase *words = tcase_create("words");

	mail_init();
	tcase_add_loop_test(words, notices_are_read, 0, G_N_ELEMENTS(notices));
	suite_add_tcase(suite, words);
	return suite;
}

RUN_SUITE(notices_suite)
