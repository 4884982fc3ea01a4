#include "cli/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"

enum op { EQ, NE, LT, LE, GT, GE };

static const char *const op_names[] = {"=", "!=", "<", "<=", ">", ">="};

struct condition {
    char *column;
    enum op op;
    const char *value;
    double number; /* NaN when value is none */
};

static enum rg_status
parse(const char *text, struct condition *c, struct rg_err *err)
{
    size_t n = strcspn(text, "=!<>");
    size_t len = text[n] != '\0' && text[n] != '=' && text[n + 1] == '=' ? 2 : 1;
    int op = -1;

    for (int i = 0; i < 6; i++)
        if (strlen(op_names[i]) == len && strncmp(op_names[i], text + n, len) == 0)
            op = i;
    if (n == 0 || text[n] == '\0' || op < 0)
        return rg_err_set(err, RG_EUSAGE,
                          "cannot read the condition '%s' (expected COLUMN, one of = != < <= > >=, "
                          "and a value)",
                          text);
    c->column = rg_strndup(text, n);
    c->op = (enum op)op;
    c->value = text + n + len;
    if (rg_num_double(c->value, strlen(c->value), &c->number))
        c->number = NAN;
    return RG_OK;
}

static bool
holds(enum op op, int order)
{
    switch (op) {
    case EQ:
        return order == 0;
    case NE:
        return order != 0;
    case LT:
        return order < 0;
    case LE:
        return order <= 0;
    case GT:
        return order > 0;
    case GE:
        return order >= 0;
    }
    return false;
}

static bool
number_passes(const struct condition *c, double x)
{
    if (isnan(x))
        return false;
    return holds(c->op, (x > c->number) - (x < c->number));
}

static bool
text_passes(const struct condition *c, const char *s)
{
    double x;

    if (!s)
        return false;
    if (!isnan(c->number) && !rg_num_double(s, strlen(s), &x))
        return number_passes(c, x);
    return (c->op == EQ || c->op == NE) && holds(c->op, strcmp(s, c->value));
}

/* The text column that a name stands for, for query q. */
static const char *
text_of(const struct rg_trace *t, const char *column, uint32_t q)
{
    if (strcmp(column, "query") == 0)
        return t->queries.id[q];
    if (strcmp(column, "dataset") == 0)
        return t->datasets[t->queries.dataset[q]];
    return t->queries.category[q] == RG_NAMES_NONE ? NULL : t->categories[t->queries.category[q]];
}

static bool
is_text(const char *column)
{
    return strcmp(column, "query") == 0 || strcmp(column, "dataset") == 0 ||
           strcmp(column, "category") == 0;
}

static enum rg_status
apply(const struct rg_trace *t, const struct condition *c, uint32_t *queries, size_t *n,
      struct rg_err *err)
{
    double *x = NULL;
    size_t kept = 0;

    if (!is_text(c->column)) {
        enum rg_status status;

        if (isnan(c->number))
            return rg_err_set(err, RG_EUSAGE, "condition on '%s': not a number (found '%s')",
                              c->column, c->value);
        x = rg_alloc(t->n_queries, sizeof *x);
        status = rg_trace_query_attr(t, c->column, x, err);
        if (status != RG_OK) {
            free(x);
            return status;
        }
    }
    for (size_t i = 0; i < *n; i++) {
        uint32_t q = queries[i];

        if (x ? number_passes(c, x[q]) : text_passes(c, text_of(t, c->column, q)))
            queries[kept++] = q;
    }
    free(x);
    *n = kept;
    return RG_OK;
}

enum rg_status
rg_filter_queries(const struct rg_trace *t, const struct rg_opt_list *conditions, uint32_t *queries,
                  size_t *n, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    *n = t->n_queries;
    for (uint32_t q = 0; q < t->n_queries; q++)
        queries[q] = q;
    for (size_t i = 0; status == RG_OK && i < conditions->n; i++) {
        struct condition c = {0};

        status = parse(conditions->items[i], &c, err);
        if (status == RG_OK)
            status = apply(t, &c, queries, n, err);
        free(c.column);
    }
    if (status == RG_OK && *n == 0 && conditions->n > 0)
        return rg_err_set(err, RG_EUSAGE, "no query of %s meets the conditions", t->path);
    return status;
}
