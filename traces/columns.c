#include "traces/columns.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/hint.h"
#include "base/json.h"
#include "base/num.h"

/* Where the header field of a file's column begins. The reader keeps no places of the header, so
 * the column is counted from the names; gratuitous quotes would move it. */
static struct rg_place
header_place(const struct rg_csv *csv, size_t column)
{
    struct rg_buf line = {0};
    struct rg_place place = {rg_csv_name(csv), 1, 1};

    for (size_t i = 0; i < column; i++) {
        rg_csv_put(&line, rg_csv_header(csv, i), strlen(rg_csv_header(csv, i)));
        rg_buf_putc(&line, ',');
    }
    place.col = 1 + line.len + (rg_csv_bom(csv) ? 3 : 0);
    rg_buf_clear(&line);
    return place;
}

static int
find_column(const struct rg_columns *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

static enum rg_status
unknown_column(const struct rg_columns *c, size_t column, struct rg_err *err)
{
    const char *names[RG_COLUMNS_MAX], *name = rg_csv_header(c->csv, column), *near;

    for (size_t i = 0; i < c->n; i++)
        names[i] = c->columns[i].name;
    near = rg_hint(name, names, c->n);
    return rg_err_at(err, header_place(c->csv, column), "unknown column \"%s\"%s%s%s", name,
                     near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static enum rg_status
resolve(struct rg_columns *c, size_t n_old, struct rg_err *err)
{
    size_t found = rg_csv_columns(c->csv);
    struct rg_place end = {rg_csv_name(c->csv), 1, 0};
    bool old = true;

    for (size_t i = 0; i < found; i++) {
        int known = find_column(c, rg_csv_header(c->csv, i));

        if (known < 0)
            return unknown_column(c, i, err);
        c->at[known] = i;
        old = old && (size_t)known < n_old;
    }
    if (old)
        c->n = n_old;
    for (size_t i = 0; i < c->n; i++)
        if (rg_csv_find(c->csv, c->columns[i].name) < 0)
            return rg_err_at(err, end, "column \"%s\" is missing (found %zu columns, expected %zu)",
                             c->columns[i].name, found, c->n);
    return RG_OK;
}

static bool
has_field(const char *line, size_t n, const char *name)
{
    size_t length = strlen(name);
    const char *end = line + n;

    for (const char *at = line; at < end; at++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t field = (size_t)((comma ? comma : end) - at);

        if (field == length && memcmp(at, name, length) == 0)
            return true;
        at += field;
    }
    return false;
}

bool
rg_columns_detect(const struct rg_import_head *head, const char *const *names, size_t n)
{
    const char *end = memchr(head->data, '\n', head->len);
    size_t length = end ? (size_t)(end - head->data) : head->len;
    size_t mark = length >= 3 && memcmp(head->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    if (length > mark && head->data[length - 1] == '\r')
        length--;
    for (size_t i = 0; i < n; i++)
        if (!has_field(head->data + mark, length - mark, names[i]))
            return false;
    return true;
}

enum rg_status
rg_columns_open(struct rg_columns *c, const char *path, const struct rg_column *columns, size_t n,
                size_t n_old, struct rg_err *err)
{
    enum rg_status status;

    assert(n <= RG_COLUMNS_MAX && n_old <= n);
    c->columns = columns;
    c->n = n;
    status = rg_csv_open(&c->csv, path, err);
    return status ? status : resolve(c, n_old, err);
}

void
rg_columns_close(struct rg_columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        rg_buf_clear(&c->first[i]);
    rg_csv_close(c->csv);
    c->csv = NULL;
    c->fields = NULL;
}

static void
watch(struct rg_columns *c, size_t i)
{
    const struct rg_csv_field *f = rg_columns_field(c, i);

    if (c->records == 0)
        rg_buf_add(&c->first[i], f->data, f->len);
    else if (f->len != c->first[i].len || memcmp(f->data, rg_buf_text(&c->first[i]), f->len) != 0)
        c->varies[i] = true;
}

enum rg_status
rg_columns_next(struct rg_columns *c, struct rg_err *err)
{
    enum rg_status status = rg_csv_next(c->csv, &c->fields, err);

    if (status || !c->fields)
        return status;
    for (size_t i = 0; i < c->n; i++)
        if (!c->varies[i])
            watch(c, i);
    c->records++;
    return RG_OK;
}

const struct rg_csv_field *
rg_columns_field(const struct rg_columns *c, size_t i)
{
    assert(i < c->n && c->fields);
    return &c->fields[c->at[i]];
}

struct rg_place
rg_columns_place(const struct rg_columns *c, size_t i)
{
    return rg_csv_place(c->csv, rg_columns_field(c, i));
}

const char *
rg_columns_text(const struct rg_columns *c, size_t i)
{
    const struct rg_csv_field *f = rg_columns_field(c, i);

    return f->len ? f->data : NULL;
}

enum rg_status
rg_columns_number(const struct rg_columns *c, size_t i, double *out, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(c, i);
    const char *wrong;

    *out = NAN;
    if (f->len == 0)
        return RG_OK;
    wrong = rg_num_double(f->data, f->len, out);
    if (!wrong)
        return RG_OK;
    return rg_err_at(err, rg_columns_place(c, i), "%s: %s (found \"%s\", expected a number)",
                     c->columns[i].name, wrong, f->data);
}

enum rg_status
rg_columns_amount(const struct rg_columns *c, size_t i, double *out, struct rg_err *err)
{
    enum rg_status status = rg_columns_number(c, i, out, err);

    if (status || !(*out < 0))
        return status;
    return rg_err_at(err, rg_columns_place(c, i), "%s is negative (found %s, expected 0 or more)",
                     c->columns[i].name, rg_columns_field(c, i)->data);
}

enum rg_status
rg_columns_bool(const struct rg_columns *c, size_t i, enum rg_truth *out, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(c, i);

    if (f->len == 0)
        *out = RG_UNKNOWN;
    else if (strcmp(f->data, "True") == 0)
        *out = RG_TRUE;
    else if (strcmp(f->data, "False") == 0)
        *out = RG_FALSE;
    else
        return rg_err_at(err, rg_columns_place(c, i),
                         "%s is no truth value (found \"%s\", expected True or False)",
                         c->columns[i].name, f->data);
    return RG_OK;
}

enum rg_status
rg_columns_name(const struct rg_columns *c, size_t i, const char *what, const char *const *names,
                size_t n, size_t *out, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(c, i);
    struct rg_buf known = {0};
    enum rg_status status;

    for (*out = 0; *out < n; ++*out)
        if (strcmp(f->data, names[*out]) == 0)
            return RG_OK;
    for (size_t k = 0; k < n; k++)
        rg_buf_printf(&known, "%s%s", k == 0 ? "" : k + 1 < n ? ", " : " or ", names[k]);
    status = rg_err_at(err, rg_columns_place(c, i), "unknown %s in %s (found \"%s\", expected %s)",
                       what, c->columns[i].name, f->data, rg_buf_text(&known));
    rg_buf_clear(&known);
    return status;
}

/* A JSON object in a field. Its places are counted in the unquoted text, which are not those of the
 * file when the field is quoted: the message gives the field's place and says what is wrong inside.
 */
static enum rg_status
attr_json(const struct rg_columns *c, size_t i, struct rg_attrs *attrs, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(c, i);
    struct rg_json doc = {0};
    struct rg_err inner;
    enum rg_status status = rg_json_parse(&doc, f->data, f->len, NULL, 0, 0, &inner);

    if (status)
        status = rg_err_at(err, rg_columns_place(c, i), "%s is no JSON object: %s",
                           c->columns[i].name, inner.text);
    else if (!cJSON_IsObject(doc.root))
        status = rg_err_at(err, rg_columns_place(c, i), "%s: found JSON %s, expected an object",
                           c->columns[i].name, rg_json_kind(doc.root));
    else if (doc.root->child)
        rg_attrs_node(attrs, c->columns[i].name, doc.root);
    rg_json_clear(&doc);
    return status;
}

enum rg_status
rg_columns_attr(const struct rg_columns *c, size_t i, struct rg_attrs *attrs, struct rg_err *err)
{
    const struct rg_column *column = &c->columns[i];
    const struct rg_csv_field *f = rg_columns_field(c, i);
    enum rg_status status = RG_OK;
    enum rg_truth truth;
    double x;

    if (f->len == 0)
        return RG_OK;
    switch (column->kind) {
    case RG_COLUMN_TEXT:
        rg_attrs_string(attrs, column->name, f->data, f->len);
        break;
    case RG_COLUMN_NUMBER:
        status = rg_columns_number(c, i, &x, err);
        if (status == RG_OK)
            rg_attrs_number(attrs, column->name, x);
        break;
    case RG_COLUMN_BOOL:
        status = rg_columns_bool(c, i, &truth, err);
        if (status == RG_OK)
            rg_attrs_bool(attrs, column->name, truth == RG_TRUE);
        break;
    case RG_COLUMN_JSON:
        status = attr_json(c, i, attrs, err);
        break;
    }
    return status;
}

enum rg_status
rg_columns_attrs(const struct rg_columns *c, int use, struct rg_attrs *attrs, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; i < c->n && status == RG_OK; i++)
        if (c->columns[i].use == use)
            status = rg_columns_attr(c, i, attrs, err);
    return status;
}

enum rg_status
rg_columns_check(const struct rg_columns *c, struct rg_err *err)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->columns[i].required && rg_columns_field(c, i)->len == 0)
            return rg_err_at(err, rg_columns_place(c, i), "%s is empty (expected a value)",
                             c->columns[i].name);
    return RG_OK;
}

static void
remark_constant(const struct rg_columns *c, size_t i, struct rg_import *im)
{
    enum { SHORT = 40 };
    struct rg_place head = header_place(c->csv, c->at[i]);
    const struct rg_buf *value = &c->first[i];
    struct rg_buf what = {0};

    rg_buf_printf(&what, "column %s is %s in every record", c->columns[i].name,
                  value->len == 0      ? "empty"
                  : value->len > SHORT ? "the same text"
                                       : rg_buf_text(value));
    rg_import_note(im, rg_buf_text(&what), &head);
    rg_buf_clear(&what);
}

void
rg_columns_remark(const struct rg_columns *c, struct rg_import *im)
{
    struct rg_place head = {rg_csv_name(c->csv), 1, 0}, file = {rg_csv_name(c->csv), 0, 0};

    if (rg_csv_bom(c->csv))
        rg_import_note(im, "byte order mark skipped", &head);
    if (rg_csv_crlf(c->csv))
        rg_import_note(im, "lines end in CR LF", &head);
    if (rg_csv_unterminated(c->csv))
        rg_import_note(im, "last line without a line end", &file);
    for (size_t i = 0; i < c->n && c->records > 1; i++)
        if (!c->varies[i])
            remark_constant(c, i, im);
}
