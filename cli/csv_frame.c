#include "cli/csv_frame.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "base/csv.h"
#include "base/hint.h"
#include "base/mem.h"
#include "base/num.h"

/* Words that stand for a number, or for none. */
static const struct {
    const char *word;
    double x;
    bool truth;
} words[] = {
    {"na", NAN, false},
    {"nan", NAN, false},
    {"null", NAN, false},
    {"none", NAN, false},
    {"inf", INFINITY, false},
    {"+inf", INFINITY, false},
    {"-inf", -INFINITY, false},
    {"infinity", INFINITY, false},
    {"+infinity", INFINITY, false},
    {"-infinity", -INFINITY, false},
    {"true", 1, true},
    {"false", 0, true},
};

static enum rg_status
set_number(struct rg_frame *f, size_t row, size_t column, const struct rg_csv *csv,
           const struct rg_csv_field *field, struct rg_err *err)
{
    const char *wrong;
    double x;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(field->data, words[i].word) != 0)
            continue;
        if (words[i].truth)
            rg_frame_set_bool(f, row, column, words[i].x != 0);
        else
            rg_frame_set_number(f, row, column, words[i].x);
        return RG_OK;
    }
    wrong = rg_num_double(field->data, field->len, &x);
    if (wrong != NULL)
        return rg_err_at(err, rg_csv_place(csv, field),
                         "column \"%.60s\" is %s (found \"%.40s\", expected a number)",
                         rg_frame_name(f, column), wrong, field->data);
    rg_frame_set_number(f, row, column, x);
    return RG_OK;
}

static enum rg_status
no_such_column(const struct rg_csv *csv, const char *name, struct rg_err *err)
{
    size_t n = rg_csv_columns(csv);
    const char **names = rg_alloc(n, sizeof *names), *near;
    enum rg_status rc;

    for (size_t i = 0; i < n; i++)
        names[i] = rg_csv_header(csv, i);
    near = rg_hint(name, names, n);
    rc = rg_err_at(err, (struct rg_place){rg_csv_name(csv), 1, 0},
                   "no column \"%.60s\" in the header%s%.60s%s", name,
                   near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    free(names);
    return rc;
}

static enum rg_status
find_columns(const struct rg_csv *csv, const struct rg_csv_column *columns, size_t n, size_t *at,
             struct rg_err *err)
{
    for (size_t c = 0; c < n; c++) {
        int found = rg_csv_find(csv, columns[c].name);

        if (found < 0)
            return no_such_column(csv, columns[c].name, err);
        at[c] = (size_t)found;
    }
    return RG_OK;
}

static enum rg_status
read_rows(struct rg_frame *f, struct rg_csv *csv, const struct rg_csv_column *columns, size_t n,
          const size_t *at, struct rg_err *err)
{
    for (size_t row = 0;; row++) {
        const struct rg_csv_field *fields;
        enum rg_status rc = rg_csv_next(csv, &fields, err);

        if (rc != RG_OK || fields == NULL)
            return rc;
        rg_frame_row(f);
        for (size_t c = 0; c < n; c++) {
            const struct rg_csv_field *field = &fields[at[c]];

            if (field->len == 0)
                continue;
            if (!columns[c].number)
                rg_frame_set_text(f, row, c, field->data);
            else if ((rc = set_number(f, row, c, csv, field, err)) != RG_OK)
                return rc;
        }
    }
}

enum rg_status
rg_csv_frame(struct rg_frame **out, const char *path, const struct rg_csv_column *columns, size_t n,
             struct rg_err *err)
{
    size_t *at = rg_alloc(n, sizeof *at);
    const char **names = rg_alloc(n, sizeof *names);
    struct rg_frame *f;
    struct rg_csv *csv = NULL;
    enum rg_status rc = rg_csv_open(&csv, path, err);

    for (size_t c = 0; c < n; c++)
        names[c] = columns[c].name;
    f = rg_frame_new(names, n);
    if (rc == RG_OK)
        rc = find_columns(csv, columns, n, at, err);
    if (rc == RG_OK)
        rc = read_rows(f, csv, columns, n, at, err);
    if (rc != RG_OK) {
        rg_frame_free(f);
        f = NULL;
    }
    *out = f;
    rg_csv_close(csv);
    free(names);
    free(at);
    return rc;
}
