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

/* A number, or a truth value as 0 or 1; NaN for other texts. */
static double
number_of(const char *s)
{
    double x;

    if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
        return s[0] == 't' ? 1 : 0;
    return rg_num_double(s, strlen(s), &x) ? NAN : x;
}

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
    c->number = number_of(c->value);
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
passes(const struct condition *c, const char *s)
{
    double x = s ? number_of(s) : NAN;

    if (!s)
        return false;
    if (!isnan(c->number) && !isnan(x))
        return holds(c->op, (x > c->number) - (x < c->number));
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

/* The column of every query into values[0..n_queries), borrowed; owned (zeroed by the caller) holds
 * what is to be freed. */
static enum rg_status
column_of(const struct rg_trace *t, const char *column, const char **values, char **owned,
          struct rg_err *err)
{
    enum rg_status status = RG_OK;
    bool text = is_text(column);

    if (!text)
        status = rg_trace_query_attr_text(t, column, owned, err);
    for (uint32_t q = 0; status == RG_OK && q < t->n_queries; q++)
        values[q] = text ? text_of(t, column, q) : owned[q];
    return status;
}

/* Can the condition be true or false of the column at all? */
static enum rg_status
check(const struct condition *c, const char *const *values, size_t n, struct rg_err *err)
{
    bool equality = c->op == EQ || c->op == NE;
    size_t numbers = 0, texts = 0;

    for (size_t i = 0; i < n; i++)
        if (values[i])
            *(isnan(number_of(values[i])) ? &texts : &numbers) += 1;
    if (!equality && numbers == 0 && texts > 0)
        return rg_err_set(err, RG_EUSAGE, "%s is text: only = and != compare it", c->column);
    if (isnan(c->number) && (!equality || (texts == 0 && !is_text(c->column))))
        return rg_err_set(err, RG_EUSAGE, "condition on '%s': not a number (found '%s')", c->column,
                          c->value);
    return RG_OK;
}

static enum rg_status
apply(const struct rg_trace *t, const struct condition *c, uint32_t *queries, size_t *n,
      struct rg_err *err)
{
    const char **values = rg_zalloc(t->n_queries, sizeof *values);
    char **owned = rg_zalloc(t->n_queries, sizeof *owned);
    enum rg_status status = column_of(t, c->column, values, owned, err);
    size_t kept = 0;

    if (status == RG_OK)
        status = check(c, values, t->n_queries, err);
    for (size_t i = 0; status == RG_OK && i < *n; i++)
        if (passes(c, values[queries[i]]))
            queries[kept++] = queries[i];
    *n = kept;
    for (size_t q = 0; q < t->n_queries; q++)
        free(owned[q]);
    free(owned);
    free(values);
    return status;
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
