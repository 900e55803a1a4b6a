/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Old mail systems east of Latin-1 send eight bits and do not say of what.  Each
   charset in question is tried, and what comes out is looked at: prose has its
   commonest letters, and with a wrong charset it has not.  Russian is in small
   letters, Japanese a third hiragana, Korean nothing but Hangul, and a few dozen
   characters make up a good part of Chinese. */

#include "charset_guess.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#define LATIN "iso-8859-1" /* fits everything */

enum {
	SAMPLE_OCTETS = 2048,
	LEAST_OCTETS = 6, /* fewer say nothing */
};

typedef struct Candidate {
	const char *charset;
	gunichar first, last; /* the commonest letters */
	const char *common;   /* or these */
	double share;         /* of what is not ASCII, at least */
	double alone;         /* octets without one of their kind beside them */
} Candidate;

static const char hans[] =
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对"
    "生能而子那得于着下自之年过发后作用道行所然家方多经么去如都同现当没"
    "还进其些主样理前但因只从系统邮件收您无法送达户存址箱退信原名服务器"
    "请被拒绝该用错误地失败已满空间";
static const char hant[] =
    "的一是不了在有人我他這個們中來上大為和國地到以說時要就出會可也你對"
    "生能而子那得於著下自之年過發後作用道行所然家方多經麼去如都同現當沒"
    "還進其些主樣理前但因只從系統郵件收您無法送達戶存址箱退信原名伺服器"
    "請被拒絕該用錯誤失敗已滿空間寄者";

static const Candidate candidates[] = {
	{ "windows-1251", 0x430, 0x44f, "", 0.7, 0.25 },
	{ "koi8-r", 0x430, 0x44f, "", 0.7, 0.25 },
	{ "shift_jis", 0x3041, 0x3093, "", 0.25, 0.7 },
	{ "euc-jp", 0x3041, 0x3093, "", 0.25, 0.25 },
	{ "euc-kr", 0xac00, 0xd7a3, "", 0.95, 0.25 },
	{ "gb18030", 0, 0, hans, 0.25, 0.25 },
	{ "big5", 0, 0, hant, 0.25, 0.7 },
};

/* Of the octets that are not ASCII, how many have none of their kind beside them:
   the accents of Latin letters do, and a double byte that ends in ASCII; 1 if
   there are too few to say. */
static double share_alone(const char *bytes, size_t len)
{
	unsigned n_high = 0;
	unsigned n_alone = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)bytes[i] < 0x80)
			continue;
		n_high++;
		n_alone += (i == 0 || (unsigned char)bytes[i - 1] < 0x80) &&
			   (i + 1 == len || (unsigned char)bytes[i + 1] < 0x80);
	}
	return n_high >= LEAST_OCTETS ? (double)n_alone / n_high : 1;
}

static bool is_common(const Candidate *candidate, gunichar c)
{
	if (*candidate->common == '\0')
		return c >= candidate->first && c <= candidate->last;
	return g_utf8_strchr(candidate->common, -1, c) != NULL;
}

/* How much commoner the letters are than they must be; 0 if they are not. */
static double fit(const Candidate *candidate, const char *bytes, size_t len)
{
	gsize n_read;
	g_autofree char *text = g_convert(bytes, (gssize)len, "UTF-8",
	    candidate->charset, &n_read, NULL, NULL);
	unsigned n_wide = 0;
	unsigned n_common = 0;
	double share;

	/* the sample may end within a character */
	if (text == NULL || n_read + 4 < len)
		return 0;
	/* g_utf8_next_char() casts const away */
	for (const char *p = text; *p != '\0';
	     p += g_utf8_skip[(unsigned char)*p]) {
		gunichar c = g_utf8_get_char(p);

		if (c < 0x80)
			continue;
		n_wide++;
		n_common += is_common(candidate, c);
	}
	share = n_wide > 0 ? (double)n_common / n_wide : 0;
	return share >= candidate->share ? share / candidate->share : 0;
}

const char *charset_guess(const char *bytes, size_t len)
{
	const Candidate *best = NULL;
	double best_fit = 0;
	double alone;

	len = MIN(len, SAMPLE_OCTETS);
	alone = share_alone(bytes, len);
	for (unsigned i = 0; i < G_N_ELEMENTS(candidates); i++) {
		double fits;

		if (alone > candidates[i].alone)
			continue;
		fits = fit(&candidates[i], bytes, len);
		if (fits <= best_fit)
			continue;
		best = &candidates[i];
		best_fit = fits;
	}
	return best != NULL ? best->charset : LATIN;
}
