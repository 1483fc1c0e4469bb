/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Suggestions for a mistyped word.
 */
#ifndef VHDX_LIB_SUGGEST_H
#define VHDX_LIB_SUGGEST_H

/**
 * struct suggestion - the word that is most like the typed one
 * @typed:	the typed word
 * @best:	the best match; NULL: none is close enough
 * @distance:	number of wrong letters in @best, or the limit
 */
struct suggestion {
	const char *typed;
	const char *best;
	unsigned int distance;
};

void suggest_begin(struct suggestion *suggestion, const char *typed);
void suggest_word(struct suggestion *suggestion, const char *word);

#endif /* VHDX_LIB_SUGGEST_H */
