// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/suggest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX 32

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Edit distance: the number of letters to insert, delete, change or exchange with the next one to
 * turn @a into @b. Rows are prefixes of @a, columns are prefixes of @b.
 */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[3][WORD_MAX + 1];
	unsigned int *before = row[0], *last = row[1], *now = row[2], *spare;
	size_t width = strlen(b), i, j;

	for (j = 0; j <= width; j++)
		now[j] = (unsigned int)j;
	for (i = 1; a[i - 1]; i++) {
		spare = before;
		before = last;
		last = now;
		now = spare;
		now[0] = (unsigned int)i;
		for (j = 1; j <= width; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1, now[j]);
		}
	}
	return now[width];
}

/**
 * suggest_begin() - begin without a suggestion
 * @suggestion:	filled
 * @typed:	the typed word; must outlive @suggestion
 */
void suggest_begin(struct suggestion *suggestion, const char *typed)
{
	suggestion->typed = typed;
	suggestion->best = NULL;
	suggestion->distance = strlen(typed) < 6 ? 1 : (unsigned int)strlen(typed) / 3;
}

/**
 * suggest_word() - add a candidate
 * @suggestion:	keeps the best match, in which at most a third of the letters are wrong
 * @word:	candidate; must outlive @suggestion
 */
void suggest_word(struct suggestion *suggestion, const char *word)
{
	const char *typed = suggestion->typed;
	size_t length = strlen(typed);
	unsigned int wrong;

	if (length > WORD_MAX || strlen(word) > WORD_MAX)
		return;
	/* The beginning of a word counts as one wrong letter. */
	if (length > 1 && !strncmp(typed, word, length) && word[length])
		wrong = 1;
	else
		wrong = distance(typed, word);
	if (wrong >= suggestion->distance + !suggestion->best)
		return;
	suggestion->best = word;
	suggestion->distance = wrong;
}
