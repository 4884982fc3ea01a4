#include <math.h>
#include <string.h>

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
