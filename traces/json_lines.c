#include "traces/json_lines.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/line.h"

struct form {
    uint64_t crlf, unterminated; /* first line of each kind, 0: none */
};

static enum rg_status
one_line(struct rg_import *im, const char *file, const struct rg_line *line,
         enum rg_status (*record)(void *ctx, const struct rg_json *doc, struct rg_err *err),
         void *ctx, struct rg_err *err)
{
    struct rg_json doc = {0};
    enum rg_status status = rg_json_parse(&doc, line->data, line->len, file, line->number, 0, err);

    if (status)
        status = rg_import_reject(im, "malformed JSON", err);
    else
        status = record(ctx, &doc, err);
    rg_json_clear(&doc);
    return status;
}

static void
remark_form(struct rg_import *im, const char *file, const struct form *form)
{
    struct rg_place place = {file, form->crlf, 0};

    if (form->crlf)
        rg_import_note(im, "lines end in CR LF", &place);
    place.line = form->unterminated;
    if (form->unterminated)
        rg_import_note(im, "last line without a line end", &place);
}

enum rg_status
rg_json_lines_each(struct rg_import *im, const char *path,
                   enum rg_status (*record)(void *ctx, const struct rg_json *doc,
                                            struct rg_err *err),
                   void *ctx, struct rg_err *err)
{
    struct rg_lines *in = NULL;
    struct rg_line line;
    struct form form = {0};
    enum rg_status status = rg_lines_open(&in, path, err);

    if (status)
        return status;
    while (status == RG_OK) {
        status = rg_lines_next(in, &line, err);
        if (status) {
            status = rg_import_reject(im, "unreadable line", err);
            break;
        }
        if (!line.data)
            break;
        if (line.crlf && !form.crlf)
            form.crlf = line.number;
        if (line.unterminated)
            form.unterminated = line.number;
        status = one_line(im, rg_lines_name(in), &line, record, ctx, err);
    }
    if (status == RG_OK)
        remark_form(im, rg_lines_name(in), &form);
    rg_lines_close(in);
    return status;
}

enum rg_status
rg_json_lines_amount(const struct rg_json *doc, const cJSON *node, double *out, struct rg_err *err)
{
    *out = node ? node->valuedouble : NAN;
    if (!(*out < 0))
        return RG_OK;
    return rg_json_fail(doc, node, err, "%s is negative (found %.17g, expected 0 or more)",
                        node->string, *out);
}

/* A key in a text of JSON begins with an unescaped quote; inside a string value it would be
 * escaped. */
static bool
has_key(const struct rg_buf *text, const char *key)
{
    struct rg_buf quoted = {0};
    const char *at = rg_buf_text(text);
    bool found = false;

    rg_buf_printf(&quoted, "\"%s\"", key);
    while (!found && (at = strstr(at, rg_buf_text(&quoted))) != NULL) {
        at += quoted.len;
        found = at[strspn(at, " \t")] == ':';
    }
    rg_buf_clear(&quoted);
    return found;
}

bool
rg_json_lines_detect(const struct rg_import_head *head, const char *const *keys, size_t n)
{
    struct rg_buf text = {0};
    bool found;

    if (head->len > 0)
        rg_buf_add(&text, head->data, head->len);
    found = rg_buf_text(&text)[strspn(rg_buf_text(&text), " \t")] == '{';
    for (size_t i = 0; i < n && found; i++)
        found = has_key(&text, keys[i]);
    rg_buf_clear(&text);
    return found;
}
