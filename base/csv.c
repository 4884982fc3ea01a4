#include "base/csv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/utf8.h"

struct rg_csv {
    struct rg_lines *in;
    struct rg_line line; /* where the reader stands; data is NULL at the end */
    size_t pos;          /* offset in it */
    struct rg_buf text;  /* the fields of the record, each followed by a NUL */
    struct rg_csv_field *fields;
    size_t n_fields, cap_fields;
    struct rg_names *header; /* numbers the distinct names */
    char **names;            /* by column */
    int *column;             /* of a number in header */
    size_t columns;
    bool bom, crlf, unterminated;
    bool spoilt; /* the record has an error, which is kept: */
    struct rg_err *err;
};

static struct rg_place
place_at(const struct rg_csv *csv, size_t pos)
{
    return (struct rg_place){rg_csv_name(csv), csv->line.number, pos + 1};
}

/* Whether the error about to be made is the record's first: the others follow from it. */
static bool
first_fault(struct rg_csv *csv)
{
    bool first = !csv->spoilt;

    csv->spoilt = true;
    return first;
}

/* Reads a line, and notes when it is not UTF-8. */
static enum rg_status
next_line(struct rg_csv *csv)
{
    enum rg_status rc = rg_lines_next(csv->in, &csv->line, csv->err);
    size_t good;

    csv->pos = 0;
    if (rc || !csv->line.data)
        return rc;
    csv->unterminated = csv->line.unterminated;
    good = rg_utf8_check(csv->line.data, csv->line.len);
    if (good < csv->line.len && first_fault(csv))
        rg_err_at(csv->err, place_at(csv, good), "invalid UTF-8 (found byte 0x%02x)",
                  (unsigned char)csv->line.data[good]);
    return RG_OK;
}

/* ---- fields ---- */
static struct rg_csv_field *
add_field(struct rg_csv *csv, bool quoted)
{
    struct rg_csv_field *f;

    csv->fields = rg_grow(csv->fields, &csv->cap_fields, csv->n_fields + 1, sizeof *csv->fields);
    f = &csv->fields[csv->n_fields++];
    *f = (struct rg_csv_field){.line = csv->line.number, .col = csv->pos + 1, .quoted = quoted};
    return f;
}

/* Length of the rest of the line up to the next comma. */
static size_t
up_to_comma(const struct rg_csv *csv)
{
    const char *rest = csv->line.data + csv->pos;
    size_t left = csv->line.len - csv->pos;
    const char *comma = left > 0 ? memchr(rest, ',', left) : NULL;

    return comma ? (size_t)(comma - rest) : left;
}

static void
read_plain(struct rg_csv *csv)
{
    const char *rest = csv->line.data + csv->pos;
    size_t n = up_to_comma(csv);
    const char *quote = n > 0 ? memchr(rest, '"', n) : NULL;

    if (quote && first_fault(csv))
        rg_err_at(csv->err, place_at(csv, csv->pos + (size_t)(quote - rest)),
                  "a quote inside an unquoted field (expected the whole field in quotes)");
    add_field(csv, false)->len = n;
    rg_buf_add(&csv->text, rest, n);
    csv->pos += n;
}

/* Goes on with a quoted field in the next line. */
static enum rg_status
cross_line(struct rg_csv *csv, struct rg_place opened)
{
    enum rg_status rc;
    bool unterminated = csv->line.unterminated;

    if (!unterminated)
        rg_buf_puts(&csv->text, csv->line.crlf ? "\r\n" : "\n");
    if (csv->text.len > RG_LINE_MAX) {
        if (first_fault(csv))
            rg_err_at(csv->err, opened, "the quoted field is too long (expected at most %d bytes)",
                      RG_LINE_MAX);
        csv->pos = csv->line.len;
        return RG_EINPUT;
    }
    rc = next_line(csv);
    if (!rc && !csv->line.data) {
        if (first_fault(csv))
            rg_err_at(csv->err, opened, "unclosed quote (found the end of the file)");
        rc = RG_EINPUT;
    }
    if (rc)
        csv->spoilt = true;
    return rc;
}

/* A quoted field; csv->pos is at its quote. */
static enum rg_status
read_quoted(struct rg_csv *csv)
{
    size_t start = csv->text.len, field = csv->n_fields, junk;
    struct rg_place opened = place_at(csv, csv->pos);

    add_field(csv, true);
    csv->pos++;
    for (;;) {
        const char *rest = csv->line.data + csv->pos;
        size_t left = csv->line.len - csv->pos;
        const char *quote = left > 0 ? memchr(rest, '"', left) : NULL;
        size_t n = quote ? (size_t)(quote - rest) : left;

        rg_buf_add(&csv->text, rest, n);
        csv->pos += n + (quote != NULL);
        if (!quote) {
            enum rg_status rc = cross_line(csv, opened);

            if (rc)
                return rc;
        } else if (csv->pos < csv->line.len && csv->line.data[csv->pos] == '"') {
            rg_buf_putc(&csv->text, '"');
            csv->pos++;
        } else {
            break;
        }
    }
    csv->fields[field].len = csv->text.len - start;
    junk = up_to_comma(csv);
    if (junk > 0 && first_fault(csv))
        rg_err_at(csv->err, place_at(csv, csv->pos),
                  "text behind a closing quote (expected a comma or the end of the line)");
    csv->pos += junk;
    return RG_OK;
}

/* The fields of one record, whose first line is there. An error that is not of the reader's making
 * (damaged file) or that swallowed the rest of the file is returned at once. */
static enum rg_status
read_fields(struct rg_csv *csv)
{
    for (;;) {
        if (csv->n_fields == RG_CSV_FIELDS) { /* read on, to find its end, but keep no more */
            if (first_fault(csv))
                rg_err_at(csv->err, place_at(csv, csv->pos),
                          "too many fields (expected at most %d)", RG_CSV_FIELDS);
            csv->n_fields = 0;
            rg_buf_reset(&csv->text);
        }
        if (csv->pos < csv->line.len && csv->line.data[csv->pos] == '"') {
            enum rg_status rc = read_quoted(csv);

            if (rc)
                return rc;
        } else {
            read_plain(csv);
        }
        rg_buf_putc(&csv->text, '\0');
        if (csv->pos == csv->line.len)
            return RG_OK;
        csv->pos++; /* the comma */
    }
}

/* The texts may have moved while they grew: the pointers are set last. */
static void
point_fields(struct rg_csv *csv)
{
    const char *p = csv->text.data;

    for (size_t i = 0; i < csv->n_fields; i++) {
        csv->fields[i].data = p;
        p += csv->fields[i].len + 1;
    }
}

/* One record of any number of fields; *found is false at the end. A byte order mark at the
 * beginning of the file is left out. */
static enum rg_status
read_record(struct rg_csv *csv, bool *found, struct rg_err *err)
{
    enum rg_status rc;

    csv->err = err;
    csv->spoilt = false;
    csv->n_fields = 0;
    rg_buf_reset(&csv->text);
    rc = next_line(csv);
    *found = !rc && csv->line.data;
    if (!*found)
        return rc;
    if (csv->line.number == 1 && csv->line.len >= 3 &&
        memcmp(csv->line.data, "\xef\xbb\xbf", 3) == 0) {
        csv->bom = true;
        csv->pos = 3;
    }
    if (csv->pos == csv->line.len)
        return rg_err_at(err, place_at(csv, 0), "empty record (found a blank line)");
    rc = read_fields(csv);
    if (rc || csv->spoilt)
        return rc ? rc : RG_EINPUT;
    point_fields(csv);
    return RG_OK;
}

/* ---- header ---- */
static enum rg_status
take_header(struct rg_csv *csv, struct rg_err *err)
{
    csv->columns = csv->n_fields;
    csv->names = rg_zalloc(csv->columns, sizeof *csv->names);
    csv->column = rg_alloc(csv->columns, sizeof *csv->column);
    csv->crlf = csv->line.crlf;
    for (size_t i = 0; i < csv->columns; i++) {
        const struct rg_csv_field *f = &csv->fields[i];
        uint32_t number;
        bool added;

        csv->names[i] = rg_strndup(f->data, f->len);
        if (f->len == 0)
            continue;
        number = rg_names_add(csv->header, f->data, f->len, &added);
        if (!added)
            return rg_err_at(err, rg_csv_place(csv, f),
                             "the column \"%s\" occurs twice in the header", f->data);
        csv->column[number] = (int)i;
    }
    return RG_OK;
}

enum rg_status
rg_csv_open(struct rg_csv **out, const char *path, struct rg_err *err)
{
    struct rg_csv *csv = rg_zalloc(1, sizeof *csv);
    enum rg_status rc;
    bool found;

    *out = NULL;
    csv->header = rg_names_new();
    rc = rg_lines_open(&csv->in, path, err);
    if (!rc) {
        rc = read_record(csv, &found, err);
        if (!rc && !found)
            rc = rg_err_at(err, (struct rg_place){rg_csv_name(csv), 1, 1},
                           "the file is empty (expected a header line)");
    }
    if (!rc)
        rc = take_header(csv, err);
    if (rc) {
        rg_csv_close(csv);
        return rc;
    }
    *out = csv;
    return RG_OK;
}

void
rg_csv_close(struct rg_csv *csv)
{
    if (!csv)
        return;
    for (size_t i = 0; i < csv->columns; i++)
        free(csv->names[i]);
    free(csv->names);
    free(csv->column);
    free(csv->fields);
    rg_buf_clear(&csv->text);
    rg_names_free(csv->header);
    rg_lines_close(csv->in);
    free(csv);
}

const char *
rg_csv_name(const struct rg_csv *csv)
{
    return rg_lines_name(csv->in);
}

size_t
rg_csv_columns(const struct rg_csv *csv)
{
    return csv->columns;
}

const char *
rg_csv_header(const struct rg_csv *csv, size_t column)
{
    assert(column < csv->columns);
    return csv->names[column];
}

int
rg_csv_find(const struct rg_csv *csv, const char *name)
{
    uint32_t number = rg_names_find(csv->header, name, strlen(name));

    return number == RG_NAMES_NONE ? -1 : csv->column[number];
}

bool
rg_csv_bom(const struct rg_csv *csv)
{
    return csv->bom;
}

bool
rg_csv_crlf(const struct rg_csv *csv)
{
    return csv->crlf;
}

bool
rg_csv_unterminated(const struct rg_csv *csv)
{
    return csv->unterminated;
}

struct rg_place
rg_csv_place(const struct rg_csv *csv, const struct rg_csv_field *field)
{
    return (struct rg_place){rg_csv_name(csv), field->line, field->col};
}

/* ---- records ---- */
static enum rg_status
wrong_count(const struct rg_csv *csv, struct rg_err *err)
{
    bool many = csv->n_fields > csv->columns;
    struct rg_place place =
        many ? rg_csv_place(csv, &csv->fields[csv->columns]) : place_at(csv, csv->line.len);

    return rg_err_at(err, place, "too %s fields (found %zu, expected %zu)", many ? "many" : "few",
                     csv->n_fields, csv->columns);
}

enum rg_status
rg_csv_next(struct rg_csv *csv, const struct rg_csv_field **fields, struct rg_err *err)
{
    enum rg_status rc;
    bool found;

    *fields = NULL;
    rc = read_record(csv, &found, err);
    if (rc || !found)
        return rc;
    if (csv->n_fields != csv->columns)
        return wrong_count(csv, err);
    *fields = csv->fields;
    return RG_OK;
}

/* ---- writing ---- */
void
rg_csv_put(struct rg_buf *buf, const char *s, size_t n)
{
    bool quote = n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0; /* would be taken for a mark */

    for (size_t i = 0; i < n && !quote; i++)
        quote = s[i] == ',' || s[i] == '"' || s[i] == '\r' || s[i] == '\n';
    if (!quote) {
        rg_buf_add(buf, s, n);
        return;
    }
    rg_buf_putc(buf, '"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"')
            rg_buf_putc(buf, '"');
        rg_buf_putc(buf, s[i]);
    }
    rg_buf_putc(buf, '"');
}
