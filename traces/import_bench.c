#include "traces/import_bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "base/utf8.h"

/* ---- names of files ---- */

static bool
cut_end(struct rg_buf *buf, const char *end)
{
    size_t n = strlen(end);

    if (buf->len <= n || memcmp(buf->data + buf->len - n, end, n) != 0)
        return false;
    buf->len -= n;
    buf->data[buf->len] = '\0';
    return true;
}

void
rg_bench_name_read(struct rg_bench_name *name, const char *path)
{
    static const char *const splits[] = {"train", "test", "dev", "val"};
    static const char *const ends[] = {".gz", ".csv", ".json", ".jsonl", "_responses"};
    const char *slash = strrchr(path, '/');

    rg_buf_reset(&name->dataset);
    name->split = "";
    rg_buf_puts(&name->dataset, slash ? slash + 1 : path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        cut_end(&name->dataset, ends[i]);
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        size_t n = strlen(splits[i]);

        if (name->dataset.len <= n + 1 ||
            !strchr("-_", name->dataset.data[name->dataset.len - n - 1]))
            continue;
        if (cut_end(&name->dataset, splits[i])) {
            name->split = splits[i];
            name->dataset.data[--name->dataset.len] = '\0'; /* the '-' or '_' */
            break;
        }
    }
}

void
rg_bench_name_clear(struct rg_bench_name *name)
{
    rg_buf_clear(&name->dataset);
}

/* ---- Python's lists of strings ---- */

struct reader {
    const char *s, *end;
};

static void
skip_blanks(struct reader *r)
{
    while (r->s < r->end && strchr(" \t\r\n", *r->s) && *r->s)
        r->s++;
}

static bool
take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->s == r->end || *r->s != c)
        return false;
    r->s++;
    return true;
}

static bool
read_hex(struct reader *r, size_t digits, struct rg_buf *out)
{
    char bytes[4];
    uint32_t c = 0;

    for (size_t i = 0; i < digits; i++) {
        static const char all[] = "0123456789abcdef0123456789ABCDEF";
        const char *at = r->s < r->end && *r->s ? strchr(all, *r->s) : NULL;

        if (!at)
            return false;
        c = c << 4 | (uint32_t)((at - all) % 16);
        r->s++;
    }
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    rg_buf_add(out, bytes, rg_utf8_put(bytes, c));
    return true;
}

/* What stands behind a backslash. As in Python, an unknown escape stands for itself. */
static bool
read_escape(struct reader *r, struct rg_buf *out)
{
    static const char from[] = "nrt\\'\"abfv", to[] = "\n\r\t\\'\"\a\b\f\v";
    const char *at;
    char c;

    if (r->s == r->end || !*r->s)
        return false;
    c = *r->s++;
    if (c == 'x')
        return read_hex(r, 2, out);
    if (c == 'u')
        return read_hex(r, 4, out);
    if (c == 'U')
        return read_hex(r, 8, out);
    at = strchr(from, c);
    if (!at)
        rg_buf_putc(out, '\\');
    rg_buf_putc(out, at ? to[at - from] : c);
    return true;
}

static bool
read_string(struct reader *r, struct rg_buf *out)
{
    char quote;

    skip_blanks(r);
    if (r->s == r->end || (*r->s != '\'' && *r->s != '"'))
        return false;
    quote = *r->s++;
    while (r->s < r->end && *r->s != quote) {
        if (*r->s != '\\')
            rg_buf_putc(out, *r->s++);
        else if (r->s++, !read_escape(r, out))
            return false;
    }
    return take(r, quote);
}

static bool
read_list(struct reader *r, struct rg_buf *out)
{
    if (!take(r, '['))
        return false;
    for (size_t n = 0; !take(r, ']'); n++) {
        if (n > 0) {
            if (!take(r, ','))
                return false;
            if (take(r, ']'))
                break;
            rg_buf_putc(out, '\n');
        }
        if (!read_string(r, out))
            return false;
    }
    skip_blanks(r);
    return r->s == r->end;
}

bool
rg_bench_unlist(struct rg_buf *out, const char *s, size_t n)
{
    struct reader r = {s, s + n};

    rg_buf_reset(out);
    if (read_list(&r, out))
        return true;
    rg_buf_reset(out);
    return false;
}

/* ---- places ---- */

struct rg_place
rg_bench_place(struct rg_bench_places *p, const struct rg_json *doc, const cJSON *node)
{
    size_t to = (size_t)node->valueint; /* its offset, see base/json.h */
    const char *s;

    while (p->at < to && (s = memchr(doc->text + p->at, '\n', to - p->at)) != NULL) {
        p->at = p->line_start = (size_t)(s - doc->text) + 1;
        p->lines++;
    }
    p->at = to > p->at ? to : p->at;
    return (struct rg_place){doc->file, doc->line + p->lines, to - p->line_start + 1};
}

/* ---- tables ---- */

enum rg_status
rg_bench_rows(struct rg_import *im, struct rg_csv *csv, const struct rg_csv_field **fields,
              enum rg_status (*row)(void *ctx, struct rg_err *err), void *ctx, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    while (status == RG_OK) {
        status = rg_csv_next(csv, fields, err);
        if (status == RG_OK && !*fields)
            break;
        status = status == RG_OK ? row(ctx, err) : rg_import_reject(im, "bad row", err);
    }
    return status;
}

/* ---- the report ---- */

void
rg_bench_supersede(struct rg_import *im, size_t n, const char *why, const struct rg_place *place)
{
    im->report->read += n;
    im->report->superseded += n;
    for (size_t i = 0; i < n; i++)
        rg_import_note(im, why, place);
}

void
rg_bench_remark_models(struct rg_import *im, const char *path)
{
    const struct rg_place place = {.file = path};

    rg_import_note(im, "tiers, prices and latencies of the models are not in the file", &place);
}

/* ---- what was asked for ---- */

/* Names as their kind, a letter, and the text. */
struct met {
    struct rg_names *names;
    struct rg_buf key;
};

static void
free_met(void *state)
{
    struct met *m = state;

    rg_names_free(m->names);
    rg_buf_clear(&m->key);
    free(m);
}

static struct met *
met_of(struct rg_import *im)
{
    void **state = rg_import_state(im, free_met);

    if (!*state) {
        struct met *m = rg_zalloc(1, sizeof *m);

        m->names = rg_names_new();
        *state = m;
    }
    return *state;
}

static void
set_key(struct met *m, char kind, const char *name)
{
    rg_buf_reset(&m->key);
    rg_buf_putc(&m->key, kind);
    rg_buf_puts(&m->key, name);
}

void
rg_bench_met(struct rg_import *im, const char *dataset, const char *model, const char *split)
{
    const char *const names[] = {dataset, model, split};
    struct met *m = met_of(im);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        set_key(m, "dms"[i], names[i]);
        rg_names_add(m->names, m->key.data, m->key.len, NULL);
    }
}

void
rg_bench_remark_words(struct rg_import *im)
{
    const struct rg_import_options *o = im->options;
    const struct {
        const struct rg_import_list *list;
        char kind;
        const char *option;
    } all[] = {
        {&o->datasets, 'd', "datasets"},
        {&o->models, 'm', "models"},
        {&o->splits, 's', "splits"},
        {&o->not_datasets, 'd', "exclude-datasets"},
        {&o->not_models, 'm', "exclude-models"},
        {&o->not_splits, 's', "exclude-splits"},
    };
    struct met *m = met_of(im);
    struct rg_buf what = {0};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t k = 0; k < all[i].list->n; k++) {
            set_key(m, all[i].kind, all[i].list->list[k]);
            if (rg_names_find(m->names, m->key.data, m->key.len) != RG_NAMES_NONE)
                continue;
            rg_buf_reset(&what);
            rg_buf_printf(&what, "--%s: no result file has '%.80s'", all[i].option,
                          all[i].list->list[k]);
            rg_import_note(im, rg_buf_text(&what), NULL);
        }
    }
    rg_buf_clear(&what);
}
