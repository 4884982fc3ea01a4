#include "base/hint.h"

#include <string.h>

/* Distances are counted in halves, so that a change of case costs 1 and any other edit 2. */
enum { CASE = 1, EDIT = 2, FAR = 6, WORD_MAX = 100 };

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int
cost(char a, char b)
{
    if (a == b)
        return 0;
    return lower(a) == lower(b) ? CASE : EDIT;
}

static int
min(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: three rows of the table are enough to see a swap of neighbours.
 * Both lengths are at most WORD_MAX + FAR. */
static int
distance(const char *a, size_t n, const char *b, size_t m)
{
    int rows[3][WORD_MAX + FAR + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= m; j++)
        above[j] = (int)j * EDIT;
    for (size_t i = 1; i <= n; i++) {
        int *next = before;

        row[0] = (int)i * EDIT;
        for (size_t j = 1; j <= m; j++) {
            int d = above[j - 1] + cost(a[i - 1], b[j - 1]);

            d = min(d, min(above[j], row[j - 1]) + EDIT);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = min(d, before[j - 2] + EDIT);
            row[j] = d;
        }
        before = above;
        above = row;
        row = next;
    }
    return above[m];
}

const char *
rg_hint(const char *word, const char *const *names, size_t n)
{
    size_t len = strlen(word);
    const char *best = NULL;
    int least = min(FAR, (int)(len <= WORD_MAX ? len * EDIT / 3 : 0)) + 1;

    if (len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(names[i]);
        int d;

        if (m > len + FAR / EDIT || len > m + FAR / EDIT)
            continue;
        d = distance(word, len, names[i], m);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}
