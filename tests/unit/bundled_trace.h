/* The bundled trace, for tests. Include after cmocka.h. */
#ifndef RG_TESTS_BUNDLED_TRACE_H
#define RG_TESTS_BUNDLED_TRACE_H

#include <stdlib.h>

#include "base/buf.h"
#include "traces/trace.h"

static inline struct rg_trace *
bundled_trace(void)
{
    const char *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0};
    struct rg_trace *t = NULL;
    struct rg_err err;

    if (!top)
        top = getenv("srcdir");
    rg_buf_printf(&path, "%s/traces/tickets.jsonl.gz", top ? top : ".");
    if (rg_trace_load(&t, path.data, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    rg_buf_clear(&path);
    return t;
}

#endif
