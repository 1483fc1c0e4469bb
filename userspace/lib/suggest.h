/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mistyped word was meant to be.
 */
#ifndef VHDX_LIB_SUGGEST_H
#define VHDX_LIB_SUGGEST_H

/**
 * struct suggestion - the likeliest of some words
 * @typed:	what was typed
 * @best:	the likeliest; NULL if none is like it
 * @distance:	how many letters are wrong in it
 */
struct suggestion {
	const char *typed;
	const char *best;
	unsigned int distance;
};

void suggest_begin(struct suggestion *suggestion, const char *typed);
void suggest_word(struct suggestion *suggestion, const char *word);

#endif /* VHDX_LIB_SUGGEST_H */
