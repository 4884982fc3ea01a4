/* Export: a trace as JSON Lines of the native format (routergym-trace(5)). What it writes, imported
 * again, has the same digest. */
#ifndef RG_TRACES_EXPORT_H
#define RG_TRACES_EXPORT_H

#include <stddef.h>

#include "base/err.h"
#include "traces/store.h"

/* Where the lines go: write takes whole lines, one or more at a time. */
struct rg_export_sink {
    void *ctx;
    enum rg_status (*write)(void *ctx, const char *bytes, size_t n, struct rg_err *err);
};

/* The trace line, models by name, queries, knowledge base, embeddings, arrivals, then calls and
 * runs in recorded order. Absent fields and defaults are left out, but cost_usd is null where
 * importing would derive it. An error of the sink ends it. */
RG_MUST_USE enum rg_status rg_export_write(struct rg_store *s, const struct rg_export_sink *sink,
                                           struct rg_err *err);

/* The same trace with these arrivals, in their order, in place of its own. */
RG_MUST_USE enum rg_status rg_export_write_arrivals(struct rg_store *s,
                                                    const struct rg_arrival_rec *arrivals, size_t n,
                                                    const struct rg_export_sink *sink,
                                                    struct rg_err *err);

#endif
