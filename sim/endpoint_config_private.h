/* What the parts of the endpoint configuration share: endpoint_config.c (life, files, what must
 * hold between keys and between models), endpoint_config_keys.c (the tables of keys) and
 * endpoint_config_values.c (values that need more than a table). Nobody else includes this. */
#ifndef RG_SIM_ENDPOINT_CONFIG_PRIVATE_H
#define RG_SIM_ENDPOINT_CONFIG_PRIVATE_H

#include "base/json.h"
#include "sim/endpoint_config.h"

/* An endpoint of which nothing is configured. It owns nothing. */
extern const struct rg_endpoint_config rg_endpoint_config_none;

/* Frees what it owns. */
void rg_endpoint_config_clear(struct rg_endpoint_config *e);

/* Where one or more patches go. */
struct rg_endpoint_config_patch {
    struct rg_endpoint_config *e;
    unsigned given; /* groups (retry, hedge, ...) that have been configured: begin with 0 */
    const struct rg_json *doc;
    const struct rg_trace *trace;
};

/* Puts the keys of an ENDPOINT object over what p->e has. After an error p->e is partly patched. */
RG_MUST_USE enum rg_status rg_endpoint_config_patch(struct rg_endpoint_config_patch *p,
                                                    const cJSON *object, struct rg_err *err);

/* ---- values ---- */

/* Largest time. A clock of 1e9 s still tells 0.12 microseconds apart. */
#define RG_SECONDS_MAX 1e9

enum rg_range_flag {
    RG_RANGE_OVER = 1,  /* above lo, not lo itself */
    RG_RANGE_UNDER = 2, /* below hi, not hi itself */
    RG_RANGE_NULL = 4,  /* null is accepted, too */
};

struct rg_range {
    double lo, hi;
    unsigned flags;
    bool whole; /* for the message: the type is checked before */
};

RG_MUST_USE enum rg_status rg_endpoint_config_check_range(const struct rg_json *doc,
                                                          const cJSON *node, const char *key,
                                                          const struct rg_range *range,
                                                          struct rg_err *err);

/* Index of a string node's text in names, which end in NULL. */
RG_MUST_USE enum rg_status rg_endpoint_config_choose(const struct rg_json *doc, const cJSON *node,
                                                     const char *key, const char *const *names,
                                                     unsigned *out, struct rg_err *err);

/* Index of a model by its name; an unknown one is an error at the node. */
RG_MUST_USE enum rg_status rg_endpoint_config_model(const struct rg_json *doc,
                                                    const struct rg_trace *t, const cJSON *node,
                                                    const char *name, uint32_t *model,
                                                    struct rg_err *err);

/* Takes over the profile (NULL: none) and releases the one before. */
void rg_endpoint_config_set_service(struct rg_endpoint_config *e, enum rg_service service,
                                    struct rg_profile *profile);

RG_MUST_USE enum rg_status rg_endpoint_config_read_window(struct rg_endpoint_config_patch *p,
                                                          const cJSON *node, struct rg_err *err);
RG_MUST_USE enum rg_status
rg_endpoint_config_read_failure_status(struct rg_endpoint_config_patch *p, const cJSON *node,
                                       struct rg_err *err);
RG_MUST_USE enum rg_status rg_endpoint_config_read_retry_on(struct rg_endpoint_config_patch *p,
                                                            const cJSON *node, struct rg_err *err);
RG_MUST_USE enum rg_status rg_endpoint_config_read_fallback(struct rg_endpoint_config_patch *p,
                                                            const cJSON *node, struct rg_err *err);
RG_MUST_USE enum rg_status rg_endpoint_config_read_outages(struct rg_endpoint_config_patch *p,
                                                           const cJSON *node, struct rg_err *err);
RG_MUST_USE enum rg_status rg_endpoint_config_read_service(struct rg_endpoint_config_patch *p,
                                                           const cJSON *node, struct rg_err *err);

#endif
