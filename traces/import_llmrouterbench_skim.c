/* Records of LLMRouterBench, quickly: one pass over the text, no tree. Whatever is not exactly as
 * the project writes it is left to the strict parser, which reads it again and says what is wrong;
 * so the two need not agree on errors, only on what is read without one. */
#include "traces/import_llmrouterbench.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"

enum {
    INDEX,
    ORIGIN_QUERY,
    PROMPT,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    COST,
    SCORE,
    PREDICTION,
    GROUND_TRUTH,
    RAW_OUTPUT,
    EXTRA_FIELDS,
    N_FIELDS
};

static const char *const names[N_FIELDS] = {
    "index", "origin_query", "prompt",       "prompt_tokens", "completion_tokens", "cost",
    "score", "prediction",   "ground_truth", "raw_output",    "extra_fields"};

struct skim {
    const char *s;
    size_t n, at;
    bool answers;
    struct rg_bench_record *r;
    struct rg_bench_texts *texts;
};

void
rg_bench_texts_clear(struct rg_bench_texts *t)
{
    rg_buf_clear(&t->query);
    rg_buf_clear(&t->prompt);
    rg_buf_clear(&t->prediction);
    rg_buf_clear(&t->truth);
    rg_buf_clear(&t->output);
}

static void
blanks(struct skim *k)
{
    while (k->at < k->n && (k->s[k->at] == ' ' || k->s[k->at] == '\n' || k->s[k->at] == '\r' ||
                            k->s[k->at] == '\t'))
        k->at++;
}

static bool
take(struct skim *k, char c)
{
    blanks(k);
    if (k->at == k->n || k->s[k->at] != c)
        return false;
    k->at++;
    return true;
}

/* Behind the plain bytes from i on: neither quote nor backslash nor control nor non-ASCII byte.
 * Subtracting raises the high bit of a byte that is one of them, perhaps of one behind it, too. */
static size_t
plain(const char *s, size_t i, size_t n)
{
    const uint64_t one = 0x0101010101010101u, high = 0x8080808080808080u;

    while (n - i >= 8) {
        uint64_t x, stop;

        memcpy(&x, s + i, 8);
        stop = ((x ^ (one * '"')) - one) | ((x ^ (one * '\\')) - one) | (x - one * 0x20) | x;
        if (stop & high)
            break;
        i += 8;
    }
    while (i < n && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x80 && s[i] != '"' &&
           s[i] != '\\')
        i++;
    return i;
}

/* One character that is not plain, behind which it returns; to out where that is not NULL. False
 * for what the strict parser has to see, among it all escapes by number. */
static bool
special(struct skim *k, struct rg_buf *out)
{
    static const char from[] = "nt\"\\/rbf", to[] = "\n\t\"\\/\r\b\f";
    const char *s = k->s + k->at, *at;
    size_t n;

    if (*s == '\\') {
        if (k->n - k->at < 2 || !s[1] || !(at = strchr(from, s[1])))
            return false;
        if (out)
            rg_buf_putc(out, to[at - from]);
        k->at += 2;
        return true;
    }
    n = rg_utf8_len(s, k->n - k->at);
    if ((unsigned char)*s < 0x80 || n == 0)
        return false;
    if (out)
        rg_buf_add(out, s, n);
    k->at += n;
    return true;
}

static bool
string(struct skim *k, struct rg_buf *out)
{
    if (!take(k, '"'))
        return false;
    if (out)
        rg_buf_reset(out);
    while (k->at < k->n) {
        size_t end = plain(k->s, k->at, k->n);

        if (out && end > k->at)
            rg_buf_add(out, k->s + k->at, end - k->at);
        k->at = end;
        if (end == k->n)
            return false;
        if (k->s[end] == '"') {
            k->at++;
            return true;
        }
        if (!special(k, out))
            return false;
    }
    return false;
}

/* JSON is stricter than rg_num_double: no sign '+', no leading zeros, digits around the point. */
static bool
number(struct skim *k, double *out)
{
    size_t start, n;
    const char *s;

    blanks(k);
    start = k->at;
    while (k->at < k->n && k->s[k->at] && strchr("0123456789+-.eE", k->s[k->at]))
        k->at++;
    s = k->s + start;
    n = k->at - start;
    if (n > 0 && *s == '-') {
        s++;
        n--;
    }
    if (n == 0 || *s < '0' || *s > '9' || (n > 1 && *s == '0' && s[1] != '.') ||
        !(s[n - 1] >= '0' && s[n - 1] <= '9'))
        return false;
    for (size_t i = 0; i + 1 < n; i++)
        if (s[i] == '.' && !(s[i + 1] >= '0' && s[i + 1] <= '9'))
            return false;
    return rg_num_double(k->s + start, k->at - start, out) == NULL;
}

static bool
integer(struct skim *k, int64_t *out)
{
    int64_t x = 0;
    size_t start;

    blanks(k);
    start = k->at;
    while (k->at < k->n && k->s[k->at] >= '0' && k->s[k->at] <= '9' && k->at - start < 10)
        x = x * 10 + (k->s[k->at++] - '0');
    *out = x;
    if (k->at == start || (k->s[start] == '0' && k->at - start > 1))
        return false;
    return k->at < k->n && strchr(", \n\r\t}", k->s[k->at]) && k->s[k->at];
}

/* A text that is wanted only sometimes. */
static bool
text(struct skim *k, bool wanted, struct rg_buf *buf, const char **out)
{
    if (!string(k, wanted ? buf : NULL))
        return false;
    *out = wanted && buf->len > 0 ? buf->data : NULL;
    return true;
}

static bool
value(struct skim *k, int field)
{
    struct rg_bench_record *r = k->r;
    struct rg_bench_texts *t = k->texts;

    switch (field) {
    case INDEX:
        return integer(k, &r->index);
    case ORIGIN_QUERY:
        return text(k, true, &t->query, &r->query);
    case PROMPT:
        return text(k, true, &t->prompt, &r->prompt);
    case PROMPT_TOKENS:
        return integer(k, &r->prompt_tokens);
    case COMPLETION_TOKENS:
        return integer(k, &r->completion_tokens);
    case COST:
        return number(k, &r->cost);
    case SCORE:
        return number(k, &r->score);
    case PREDICTION:
        return text(k, k->answers, &t->prediction, &r->prediction);
    case GROUND_TRUTH:
        return text(k, true, &t->truth, &r->truth);
    case RAW_OUTPUT:
        blanks(k);
        r->failed = rg_bench_failed(k->s + k->at + 1, k->n > k->at + 1 ? k->n - k->at - 1 : 0);
        return text(k, k->answers, &t->output, &r->output);
    default:
        return take(k, '{') && take(k, '}');
    }
}

/* Which field comes next, in any order; -1: none that is known. */
static int
key(struct skim *k, int expected)
{
    const char *s;
    size_t n;

    if (!take(k, '"'))
        return -1;
    s = k->s + k->at;
    for (int i = 0; i < N_FIELDS; i++) {
        int field = (expected + i) % N_FIELDS;

        n = strlen(names[field]);
        if (k->n - k->at > n && memcmp(s, names[field], n) == 0 && s[n] == '"') {
            k->at += n + 1;
            return field;
        }
    }
    return -1;
}

bool
rg_bench_skim(struct rg_bench_record *r, struct rg_bench_texts *texts, bool answers,
              const char *text_of_record, size_t n)
{
    struct skim k = {text_of_record, n, 0, answers, r, texts};
    unsigned seen = 0;
    int field = -1;

    *r = (struct rg_bench_record){.cost = NAN, .score = NAN, .seconds = NAN};
    if (!take(&k, '{'))
        return false;
    do {
        field = key(&k, field + 1);
        if (field < 0 || (seen & 1u << field) || !take(&k, ':') || !value(&k, field))
            return false;
        seen |= 1u << field;
    } while (take(&k, ','));
    if (!take(&k, '}'))
        return false;
    blanks(&k);
    return k.at == k.n && seen == (1u << N_FIELDS) - 1;
}
