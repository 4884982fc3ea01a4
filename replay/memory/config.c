#include <math.h>
#include <string.h>

#include "base/hint.h"
#include "base/utf8.h"
#include "replay/memory/memory_private.h"

const struct rg_memory_word rg_memory_modes[] = {
    {"none", "nothing is added"},
    {"static", "one context for all queries: a text, or the first articles"},
    {"dynamic", "articles that a retriever finds for the query"},
    {"transcript", "the last turns of the query's session"},
    {"salience", "the most salient turns of its session within a token budget"},
};
const size_t rg_n_memory_modes = sizeof rg_memory_modes / sizeof *rg_memory_modes;

const struct rg_memory_word rg_memory_retrievers[] = {
    {"bm25", "words in common, BM25"},
    {"dense", "cosine of embeddings: recorded ones, else hashed TF-IDF"},
    {"hybrid", "the best of both, fused"},
};
const size_t rg_n_memory_retrievers = sizeof rg_memory_retrievers / sizeof *rg_memory_retrievers;

const struct rg_memory_word rg_memory_vectors[] = {
    {"auto", "recorded embeddings if all are there, else hashed TF-IDF"},
    {"recorded", "recorded embeddings"},
    {"hashed", "hashed TF-IDF"},
};
const size_t rg_n_memory_vectors = sizeof rg_memory_vectors / sizeof *rg_memory_vectors;

struct rg_memory_config
rg_memory_config_default(void)
{
    return (struct rg_memory_config){
        .k1 = 1.5,
        .b = 0.75,
        .top = 3,
        .fusion = 0.6,
        .window = 3,
        .keep = 5,
        .use = 3,
        .budget_tok = 256,
        .tokens_per_char = 0.25,
        .retrieval_ms = NAN,
        .retrieval_ms_per_1000 = NAN,
    };
}

/* Number of the word s[0..n) in a table, or -1. */
static int
find(const struct rg_memory_word *words, size_t n_words, const char *s, size_t n)
{
    for (size_t i = 0; i < n_words; i++)
        if (strncmp(words[i].name, s, n) == 0 && words[i].name[n] == '\0')
            return (int)i;
    return -1;
}

static enum rg_status
unknown(const char *what, const struct rg_memory_word *words, size_t n, const char *word,
        struct rg_err *err)
{
    enum { WORDS_MAX = 8 };
    const char *names[WORDS_MAX], *near;
    struct rg_buf list = {0};

    for (size_t i = 0; i < n && i < WORDS_MAX; i++) {
        names[i] = words[i].name;
        rg_buf_printf(&list, "%s%s", i > 0 ? ", " : "", words[i].name);
    }
    near = rg_hint(word, names, n);
    rg_err_set(err, RG_EUSAGE, "unknown %s '%s'%s%s%s (known: %s)", what, word,
               near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", list.data);
    rg_buf_clear(&list);
    return RG_EUSAGE;
}

enum rg_status
rg_memory_select(struct rg_memory_config *config, const char *word, struct rg_err *err)
{
    const char *colon = strchr(word, ':');
    size_t n = colon ? (size_t)(colon - word) : strlen(word);
    int mode = find(rg_memory_modes, rg_n_memory_modes, word, n);
    int retriever;

    if (mode < 0)
        return unknown("memory mode", rg_memory_modes, rg_n_memory_modes, word, err);
    config->mode = (enum rg_memory_mode)mode;
    if (!colon)
        return RG_OK;
    if (mode != RG_MEMORY_DYNAMIC)
        return rg_err_set(err, RG_EUSAGE, "memory mode '%s' has no retriever (found '%s')",
                          rg_memory_modes[mode].name, word);
    retriever = find(rg_memory_retrievers, rg_n_memory_retrievers, colon + 1, strlen(colon + 1));
    if (retriever < 0)
        return unknown("retriever", rg_memory_retrievers, rg_n_memory_retrievers, colon + 1, err);
    config->retriever = (enum rg_retriever)retriever;
    return RG_OK;
}

/* ---- values ---- */

static enum rg_status
check_number(const char *name, double x, double low, double high, struct rg_err *err)
{
    if (x >= low && x <= high)
        return RG_OK;
    return rg_err_set(err, RG_EUSAGE, "memory: %s is out of range (found %.17g, expected %g to %g)",
                      name, x, low, high);
}

static enum rg_status
check_time(const char *name, double x, struct rg_err *err)
{
    return isnan(x) ? RG_OK : check_number(name, x, 0, 1e9, err);
}

enum rg_status
rg_memory_check(const struct rg_memory_config *c, struct rg_err *err)
{
    enum rg_status status;

    if ((status = check_number("k1", c->k1, 0, 1e6, err)) != RG_OK ||
        (status = check_number("b", c->b, 0, 1, err)) != RG_OK ||
        (status = check_number("top", c->top, 1, RG_MEMORY_TOP_MAX, err)) != RG_OK ||
        (status = check_number("fusion weight", c->fusion, 0, 1, err)) != RG_OK ||
        (status = check_number("window", c->window, 1, RG_MEMORY_TOP_MAX, err)) != RG_OK ||
        (status = check_number("keep", c->keep, 1, RG_MEMORY_TOP_MAX, err)) != RG_OK ||
        (status = check_number("use", c->use, 1, RG_MEMORY_TOP_MAX, err)) != RG_OK ||
        (status = check_number("gate", c->gate, 0, 1e9, err)) != RG_OK ||
        (status = check_number("tokens per character", c->tokens_per_char, 0, 16, err)) != RG_OK ||
        (status = check_time("retrieval time", c->retrieval_ms, err)) != RG_OK ||
        (status = check_time("retrieval time per 1,000 articles", c->retrieval_ms_per_1000, err)) !=
            RG_OK)
        return status;
    if (c->static_text &&
        rg_utf8_check(c->static_text, strlen(c->static_text)) < strlen(c->static_text))
        return rg_err_set(err, RG_EUSAGE, "memory: the static context is not valid UTF-8");
    return RG_OK;
}
