/* A trace from lines of JSON for tests of memory, and its queries by id. Include after cmocka.h. */
#ifndef RG_TESTS_MEMORY_TRIAL_H
#define RG_TESTS_MEMORY_TRIAL_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "replay/memory/memory.h"
#include "tests/unit/base_temp.h"

static inline struct rg_trace *
trial_trace(const char *lines)
{
    struct rg_buf text = {0};
    char path[TEMP_PATH];
    struct rg_trace *t;
    struct rg_err err;

    rg_buf_puts(&text, "{\"type\":\"trace\",\"version\":1}\n");
    rg_buf_puts(&text, lines);
    temp_write(path, text.data, text.len);
    if (rg_trace_load(&t, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(path);
    rg_buf_clear(&text);
    return t;
}

static inline void
trial_put(struct rg_buf *lines, const char *type, const char *id, const char *text,
          const char *attrs)
{
    rg_buf_printf(lines, "{\"type\":\"%s\",\"id\":", type);
    rg_json_put_string(lines, id, strlen(id));
    if (text) {
        rg_buf_puts(lines, ",\"text\":");
        rg_json_put_string(lines, text, strlen(text));
    }
    if (attrs)
        rg_buf_printf(lines, ",\"attrs\":%s", attrs);
    rg_buf_puts(lines, "}\n");
}

static inline uint32_t
trial_query(const struct rg_trace *t, const char *id)
{
    for (uint32_t q = 0; q < t->n_queries; q++)
        if (strcmp(t->queries.id[q], id) == 0)
            return q;
    fail_msg("no query %s", id);
    return 0;
}

static inline struct rg_memory *
trial_memory(const struct rg_trace *t, const struct rg_memory_config *config)
{
    struct rg_memory *m;
    struct rg_err err;

    if (rg_memory_new(&m, t, NULL, config, NULL, 0, &err) != RG_OK)
        fail_msg("%s", err.text);
    return m;
}

static inline void
trial_context(const struct rg_memory *m, uint32_t query, const char *expected)
{
    struct rg_buf buf = {0};

    rg_memory_context(m, query, &buf);
    assert_string_equal(rg_buf_text(&buf), expected);
    rg_buf_clear(&buf);
}

static inline void
trial_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* The hits of a query as "INDEX INDEX ...". */
static inline void
trial_hits(const struct rg_memory *m, uint32_t query, const char *expected)
{
    struct rg_buf buf = {0};

    for (size_t i = m->first[query]; i < m->first[query + 1]; i++)
        rg_buf_printf(&buf, "%s%u", i > m->first[query] ? " " : "", (unsigned)m->hits[i].at);
    assert_string_equal(rg_buf_text(&buf), expected);
    rg_buf_clear(&buf);
}

#endif
