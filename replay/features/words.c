#include "replay/features/words.h"

#include <string.h>

static const char blanks[] = " \t\n\v\f\r";

bool
rg_words_next(const char **text, struct rg_buf *word)
{
    const char *s = *text + strspn(*text, blanks);
    size_t n = strcspn(s, blanks);
    char *to;

    rg_buf_reset(word);
    rg_buf_add(word, s, n);
    to = word->data;
    for (size_t i = 0; i < n; i++)
        if (to[i] >= 'A' && to[i] <= 'Z')
            to[i] = (char)(to[i] - 'A' + 'a');
    *text = s + n;
    return n > 0;
}

size_t
rg_words_add(struct rg_names *set, const char *text)
{
    struct rg_buf word = {0};
    size_t n = 0;

    for (; rg_words_next(&text, &word); n++)
        if (set)
            rg_names_add(set, word.data, word.len, NULL);
    rg_buf_clear(&word);
    return n;
}

size_t
rg_words_common(const struct rg_names *a, const struct rg_names *b)
{
    size_t common = 0;

    for (size_t i = 0; i < rg_names_count(a); i++) {
        const char *word = rg_names_at(a, (uint32_t)i);

        common += rg_names_find(b, word, strlen(word)) != RG_NAMES_NONE;
    }
    return common;
}
