/* Lists of categories in the options of routers. */
#ifndef RG_REPLAY_ROUTER_CATEGORIES_H
#define RG_REPLAY_ROUTER_CATEGORIES_H

#include "replay/router/router.h"

/* Marks the categories that list names, joined by '+', upper and lower case alike, into
 * (*marks)[0..n_categories), which the caller frees; NULL when there is none. A name that the trace
 * does not know is RG_EUSAGE with a near-miss hint, unless lenient (lists that are defaults). */
RG_MUST_USE enum rg_status rg_router_categories(const struct rg_trace *t, const char *router,
                                                const char *list, bool lenient, uint8_t **marks,
                                                struct rg_err *err);

/* The categories that RouterGym's policy holds for hard. No category of its own data is among them,
 * so as a default the list is lenient. */
#define RG_ROUTER_HARD "security+benefits+legal+compliance"
RG_MUST_USE enum rg_status rg_router_hard(const struct rg_trace *t, const char *router,
                                          const char *list, uint8_t **marks, struct rg_err *err);

/* Is a query's label among the marked ones? */
static inline bool
rg_router_in_category(const uint8_t *marks, const uint32_t *label, uint32_t query)
{
    return marks && label && label[query] != UINT32_MAX && marks[label[query]];
}

/* The category of that name[0..n), or RG_NO_CATEGORY. */
#define RG_NO_CATEGORY UINT32_MAX
uint32_t rg_router_category(const struct rg_trace *t, const char *name, size_t n);

/* RG_EUSAGE with a near-miss hint. */
enum rg_status rg_router_category_unknown(const struct rg_trace *t, const char *router,
                                          const char *name, size_t n, struct rg_err *err);

#endif
