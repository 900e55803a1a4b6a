/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* What the rows of the table in verpctl.c run, by the file it is in.  ARGV[0]
   is the command's name. */

/* cmd_token.c */
int cmd_token_mint(Ctl *ctl, int argc, char **argv);
int cmd_token_decode(Ctl *ctl, int argc, char **argv);
int cmd_token_verify(Ctl *ctl, int argc, char **argv);
/* cmd_key.c */
int cmd_key_new(Ctl *ctl, int argc, char **argv);
int cmd_key_rotate(Ctl *ctl, int argc, char **argv);
int cmd_key_list(Ctl *ctl, int argc, char **argv);
/* cmd_config.c */
int cmd_config(Ctl *ctl, int argc, char **argv);
int cmd_config_check(Ctl *ctl, int argc, char **argv);
/* cmd_doctor.c */
int cmd_doctor(Ctl *ctl, int argc, char **argv);
/* cmd_postfix_config.c */
int cmd_postfix_config(Ctl *ctl, int argc, char **argv);
/* cmd_deliver.c */
int cmd_deliver(Ctl *ctl, int argc, char **argv);
/* cmd_classify.c */
int cmd_classify(Ctl *ctl, int argc, char **argv);
/* cmd_rules.c */
int cmd_rules_lint(Ctl *ctl, int argc, char **argv);
int cmd_rules_test(Ctl *ctl, int argc, char **argv);
int cmd_rules_list(Ctl *ctl, int argc, char **argv);
/* cmd_rules_stats.c */
int cmd_rules_stats(Ctl *ctl, int argc, char **argv);
/* cmd_quarantine.c */
int cmd_quarantine_list(Ctl *ctl, int argc, char **argv);
int cmd_quarantine_show(Ctl *ctl, int argc, char **argv);
int cmd_quarantine_reclassify(Ctl *ctl, int argc, char **argv);
int cmd_quarantine_drop(Ctl *ctl, int argc, char **argv);
/* cmd_unknown.c */
int cmd_unknown(Ctl *ctl, int argc, char **argv);
/* cmd_store.c */
int cmd_init(Ctl *ctl, int argc, char **argv);
int cmd_expire(Ctl *ctl, int argc, char **argv);
int cmd_stats(Ctl *ctl, int argc, char **argv);
int cmd_verify(Ctl *ctl, int argc, char **argv);
/* cmd_backup.c */
int cmd_backup(Ctl *ctl, int argc, char **argv);
int cmd_restore(Ctl *ctl, int argc, char **argv);
/* cmd_erase.c */
int cmd_erase(Ctl *ctl, int argc, char **argv);
/* cmd_purge.c */
int cmd_purge(Ctl *ctl, int argc, char **argv);
/* cmd_suppression.c */
int cmd_check(Ctl *ctl, int argc, char **argv);
int cmd_add(Ctl *ctl, int argc, char **argv);
int cmd_release(Ctl *ctl, int argc, char **argv);
/* cmd_import.c */
int cmd_import(Ctl *ctl, int argc, char **argv);
/* cmd_export.c */
int cmd_export(Ctl *ctl, int argc, char **argv);
/* cmd_scrub.c */
int cmd_scrub(Ctl *ctl, int argc, char **argv);
/* cmd_selftest.c */
int cmd_selftest(Ctl *ctl, int argc, char **argv);
/* cmd_delivered.c */
int cmd_delivered(Ctl *ctl, int argc, char **argv);
/* cmd_ingest.c */
int cmd_ingest_log(Ctl *ctl, int argc, char **argv);
/* cmd_entry.c */
int cmd_allow(Ctl *ctl, int argc, char **argv);
int cmd_disallow(Ctl *ctl, int argc, char **argv);
/* cmd_revert.c */
int cmd_revert(Ctl *ctl, int argc, char **argv);
/* cmd_audit.c */
int cmd_audit(Ctl *ctl, int argc, char **argv);
/* cmd_list.c */
int cmd_list(Ctl *ctl, int argc, char **argv);
/* cmd_why.c */
int cmd_why(Ctl *ctl, int argc, char **argv);
/* cmd_campaign.c */
int cmd_campaign_list(Ctl *ctl, int argc, char **argv);
int cmd_campaign_show(Ctl *ctl, int argc, char **argv);
int cmd_campaign_pause(Ctl *ctl, int argc, char **argv);
int cmd_campaign_resume(Ctl *ctl, int argc, char **argv);
int cmd_campaign_set(Ctl *ctl, int argc, char **argv);
/* cmd_breaker.c */
int cmd_breaker_list(Ctl *ctl, int argc, char **argv);
int cmd_breaker_show(Ctl *ctl, int argc, char **argv);
int cmd_breaker_confirm(Ctl *ctl, int argc, char **argv);
int cmd_breaker_drop(Ctl *ctl, int argc, char **argv);
int cmd_breaker_close(Ctl *ctl, int argc, char **argv);
int cmd_alert_check(Ctl *ctl, int argc, char **argv);
