#include <math.h>

#include "replay/memory/memory_private.h"

uint32_t
rg_memory_tokens(const struct rg_memory_config *config, size_t chars)
{
    double tokens = ceil(config->tokens_per_char * (double)chars);

    return tokens < UINT32_MAX ? (uint32_t)tokens : UINT32_MAX;
}

static void
put_articles(const struct rg_memory *m, const struct rg_hit *hits, size_t n, struct rg_buf *buf)
{
    for (size_t i = 0; i < n; i++) {
        rg_buf_printf(buf, "%s### KB article #%zu: %s", i > 0 ? "\n\n" : "", i + 1,
                      m->kb->id[hits[i].at]);
        if (m->config.mode == RG_MEMORY_DYNAMIC)
            rg_buf_printf(buf, " (score %.2f)", hits[i].score);
        rg_buf_puts(buf, "\n> ");
        rg_buf_puts(buf, m->kb->text[hits[i].at]);
    }
}

void
rg_memory_context(const struct rg_memory *m, uint32_t query, struct rg_buf *buf)
{
    size_t n = m->first[query + 1] - m->first[query];
    const struct rg_hit *hits = n > 0 ? m->hits + m->first[query] : NULL;

    if (m->config.mode == RG_MEMORY_STATIC && m->config.static_text) {
        if (m->priv->asked[query])
            rg_buf_puts(buf, m->config.static_text);
        return;
    }
    if (rg_memory_has_articles(m)) {
        put_articles(m, hits, n, buf);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            rg_buf_putc(buf, '\n');
        rg_buf_puts(buf, m->priv->turn[hits[i].at]);
    }
}

size_t
rg_memory_snippets(const struct rg_memory *m, uint32_t query, const char **out, size_t max)
{
    size_t n = m->first[query + 1] - m->first[query];
    const struct rg_hit *hits = n > 0 ? m->hits + m->first[query] : NULL;

    if (m->config.mode == RG_MEMORY_STATIC && m->config.static_text) {
        if (max > 0)
            out[0] = m->config.static_text;
        return m->priv->asked[query];
    }
    for (size_t i = 0; i < n && i < max; i++)
        out[i] = rg_memory_has_articles(m) ? m->kb->text[hits[i].at] : m->priv->turn[hits[i].at];
    return n;
}

const char *const *
rg_memory_texts(const struct rg_memory *m, size_t *n)
{
    *n = 0;
    switch (m->config.mode) {
    case RG_MEMORY_NONE:
        return NULL;
    case RG_MEMORY_STATIC:
        if (m->config.static_text) {
            *n = 1;
            return &m->config.static_text;
        }
        break;
    case RG_MEMORY_DYNAMIC:
        break;
    case RG_MEMORY_TRANSCRIPT:
    case RG_MEMORY_SALIENCE:
        *n = m->priv->n_turns;
        return m->priv->turns;
    }
    *n = m->kb->n;
    return (const char *const *)m->kb->text;
}

double
rg_memory_cost_usd(const struct rg_memory *m, uint32_t query, double input_usd_per_mtok)
{
    return m->added_tokens[query] * input_usd_per_mtok / 1e6;
}
