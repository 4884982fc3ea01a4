#include "traces/kb.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "traces/folder.h"
#include "traces/store_private.h"

void
rg_kb_free(struct rg_kb *kb)
{
    if (!kb)
        return;
    for (size_t i = 0; i < kb->n; i++) {
        free(kb->id[i]);
        free(kb->title[i]);
        free(kb->text[i]);
        free(kb->attrs[i]);
    }
    free(kb->id);
    free(kb->title);
    free(kb->text);
    free(kb->attrs);
    free(kb->source);
    free(kb);
}

/* ---- a Markdown file ---- */

/* Length of a Markdown name without its ending, or 0 when it is none. */
static size_t
stem(const char *name)
{
    static const char *const endings[] = {".md", ".markdown"};
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t len = strlen(endings[i]), k = 0;

        while (n > len && k < len && (name[n - len + k] | 0x20) == (endings[i][k] | 0x20))
            k++;
        if (k == len)
            return n - len;
    }
    return 0;
}

/* One name of the path, as a part of the id. False when nothing is left of it. */
static bool
put_slug(struct rg_buf *out, const char *name, size_t n)
{
    size_t begin = out->len;

    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool keep;

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               (unsigned char)c >= 0x80;
        if (keep)
            rg_buf_putc(out, c);
        else if (out->len > begin && out->data[out->len - 1] != '-')
            rg_buf_putc(out, '-');
    }
    if (out->len > begin && out->data[out->len - 1] == '-')
        out->data[--out->len] = '\0';
    return out->len > begin;
}

/* The id of the file `relative` within its folder. */
static enum rg_status
put_id(struct rg_buf *out, const char *path, const char *relative, struct rg_err *err)
{
    for (const char *slash; (slash = strchr(relative, '/')) != NULL; relative = slash + 1) {
        if (!put_slug(out, relative, (size_t)(slash - relative)))
            return rg_err_set(err, RG_EINPUT, "%s: no letter or digit in the name of its folder",
                              path);
        rg_buf_putc(out, '.');
    }
    if (!put_slug(out, relative, stem(relative)))
        return rg_err_set(err, RG_EINPUT, "%s: no letter or digit in its name", path);
    if (rg_utf8_check(out->data, out->len) < out->len)
        return rg_err_set(err, RG_EINPUT, "%s: its name is not valid UTF-8", path);
    return RG_OK;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *
trim(const char *s, size_t *n)
{
    while (*n > 0 && is_blank(s[*n - 1]))
        (*n)--;
    while (*n > 0 && is_blank(*s)) {
        s++;
        (*n)--;
    }
    return s;
}

/* The title in a line "## Title ##", or NULL. */
static const char *
marked_heading(const char *line, size_t *n)
{
    size_t level = 0;
    const char *s = trim(line, n);

    while (level < *n && s[level] == '#')
        level++;
    if (level == 0 || level > 6 || level == *n || !is_blank(s[level]))
        return NULL;
    *n -= level;
    s = trim(s + level, n);
    while (*n > 0 && s[*n - 1] == '#')
        (*n)--;
    s = trim(s, n);
    return *n > 0 ? s : NULL;
}

/* Is the line nothing but '=' (at least three, so that a stray one is no underline)? */
static bool
is_underline(const char *line, size_t n)
{
    const char *s = trim(line, &n);

    for (size_t i = 0; i < n; i++)
        if (s[i] != '=')
            return false;
    return n >= 3;
}

static bool
is_fence(const char *line, size_t n)
{
    const char *s = trim(line, &n);

    return n >= 3 && (strncmp(s, "```", 3) == 0 || strncmp(s, "~~~", 3) == 0);
}

/* The first heading of the text, to free, or NULL. */
static char *
title_of(const char *text)
{
    const char *before = NULL;
    size_t n_before = 0;
    bool fenced = false;

    for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
        size_t n, length;
        const char *heading;

        end = line + strcspn(line, "\n");
        n = length = (size_t)(end - line);
        if (is_fence(line, n))
            fenced = !fenced;
        heading = fenced ? NULL : marked_heading(line, &n);
        if (heading)
            return rg_strndup(heading, n);
        if (!fenced && n_before > 0 && is_underline(line, length))
            return rg_strndup(before, n_before);
        n_before = fenced ? 0 : length;
        before = trim(line, &n_before);
        if (n_before > 0 && *before == '#') /* a heading without text is no title either */
            n_before = 0;
    }
    return NULL;
}

/* Where text[0..at) ends. */
static struct rg_place
place_of(const char *path, const char *text, size_t at)
{
    struct rg_place place = {path, 1, 1};

    for (size_t i = 0; i < at; i++) {
        place.col = text[i] == '\n' ? 1 : place.col + 1;
        place.line += text[i] == '\n';
    }
    return place;
}

enum rg_status
rg_kb_read_text(const char *path, struct rg_buf *bytes, const char **text, struct rg_err *err)
{
    enum rg_status status = rg_file_read(path, RG_STORE_TEXT_MAX, bytes, err);
    const char *s = rg_buf_text(bytes);
    size_t n = bytes->len, bad;

    if (status != RG_OK)
        return status;
    bad = rg_utf8_check(s, n);
    if (bad < n)
        return rg_err_at(err, place_of(path, s, bad), "not valid UTF-8");
    bad = strlen(s);
    if (bad < n)
        return rg_err_at(err, place_of(path, s, bad), "a NUL byte");
    *text = strncmp(s, "\xef\xbb\xbf", 3) == 0 ? s + 3 : s;
    if ((*text)[strspn(*text, " \t\r\n")] == '\0')
        return rg_err_set(err, RG_EINPUT, "%s: nothing in it (expected a text)", path);
    return RG_OK;
}

static enum rg_status
visit_file(const char *path, const char *relative, const struct rg_kb_visitor *v,
           struct rg_err *err)
{
    struct rg_buf bytes = {0}, id = {0};
    struct rg_kb_rec rec = {0};
    enum rg_status status = rg_kb_read_text(path, &bytes, &rec.text, err);
    char *title = NULL;

    if (status == RG_OK)
        status = put_id(&id, path, relative, err);
    if (status == RG_OK) {
        assert(rec.text);
        title = title_of(rec.text);
        rec.title = title;
        rec.id = id.data;
        status = v->article(v->ctx, path, &rec, err);
    } else if (status == RG_EINPUT) {
        status = v->bad(v->ctx, err);
    }
    free(title);
    rg_buf_clear(&bytes);
    rg_buf_clear(&id);
    return status;
}

/* ---- a folder ---- */

static bool
is_link(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static const char *
last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What the folder holds besides plain files. */
static enum rg_status
visit_passed(const struct rg_folder *folder, const struct rg_kb_visitor *v, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t i = 0; status == RG_OK && i < folder->n_passed; i++) {
        const char *path = folder->passed[i];

        if (last_name(path)[0] == '.') {
            v->passed(v->ctx, path);
            continue;
        }
        rg_err_set(err, RG_EINPUT, "%s: %s (expected a regular file or a folder)", path,
                   is_link(path) ? "a symbolic link" : "not a regular file");
        status = v->bad(v->ctx, err);
    }
    return status;
}

static enum rg_status
visit_files(const struct rg_folder *folder, const char *root, const struct rg_kb_visitor *v,
            struct rg_err *err)
{
    enum rg_status status = RG_OK;
    size_t skip = strlen(root), articles = 0;

    for (size_t i = 0; status == RG_OK && i < folder->n; i++) {
        const char *path = folder->files[i], *relative = path + skip;

        while (*relative == '/')
            relative++;
        if (stem(last_name(path)) == 0) {
            v->passed(v->ctx, path);
            continue;
        }
        articles++;
        status = visit_file(path, relative, v, err);
    }
    if (status == RG_OK && articles == 0)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: no articles (found %zu other files, expected names that end in "
                            ".md or .markdown)",
                            root, folder->n);
    return status;
}

enum rg_status
rg_kb_walk(const char *path, const struct rg_kb_visitor *v, struct rg_err *err)
{
    struct rg_folder folder = {0};
    enum rg_status status = rg_folder_list(&folder, path, err);

    if (status == RG_OK)
        status = visit_passed(&folder, v, err);
    if (status == RG_OK)
        status = visit_files(&folder, path, v, err);
    rg_folder_clear(&folder);
    return status;
}

enum rg_status
rg_kb_walk_file(const char *path, const struct rg_kb_visitor *v, struct rg_err *err)
{
    if (stem(last_name(path)) == 0) {
        rg_err_set(err, RG_EINPUT, "%s: no article (expected a folder, or a name that ends in .md)",
                   path);
        return v->bad(v->ctx, err);
    }
    return visit_file(path, last_name(path), v, err);
}

/* ---- into memory ---- */

/* An article on its way, with the file that it came from. */
struct item {
    char *id, *title, *text, *attrs, *path;
};

struct items {
    struct item *of;
    size_t n, cap;
};

static char *
copy(const char *s)
{
    return s ? rg_strdup(s) : NULL;
}

static void
add(struct items *items, const struct rg_kb_rec *rec, const char *path)
{
    items->of = rg_grow(items->of, &items->cap, items->n + 1, sizeof *items->of);
    items->of[items->n++] = (struct item){
        .id = rg_strdup(rec->id),
        .title = copy(rec->title),
        .text = rg_strdup(rec->text ? rec->text : ""),
        .attrs = copy(rec->attrs),
        .path = copy(path),
    };
}

static int
compare(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return strcmp(x->id, y->id);
}

/* Sorted columns of what was gathered; items are emptied. */
static struct rg_kb *
take_items(struct items *items, const char *source)
{
    struct rg_kb *kb = rg_zalloc(1, sizeof *kb);
    size_t n = items->n;

    if (n > 1)
        qsort(items->of, n, sizeof *items->of, compare);
    kb->n = n;
    kb->id = rg_alloc(n, sizeof *kb->id);
    kb->title = rg_alloc(n, sizeof *kb->title);
    kb->text = rg_alloc(n, sizeof *kb->text);
    kb->attrs = rg_alloc(n, sizeof *kb->attrs);
    kb->source = rg_strdup(source);
    for (size_t i = 0; i < n; i++) {
        kb->id[i] = items->of[i].id;
        kb->title[i] = items->of[i].title;
        kb->text[i] = items->of[i].text;
        kb->attrs[i] = items->of[i].attrs;
        free(items->of[i].path);
    }
    free(items->of);
    *items = (struct items){0};
    return kb;
}

static enum rg_status
gather_record(void *ctx, const struct rg_kb_rec *rec, struct rg_err *err)
{
    (void)err;
    add(ctx, rec, NULL);
    return RG_OK;
}

enum rg_status
rg_kb_load(struct rg_kb **out, const struct rg_trace *t, struct rg_err *err)
{
    struct items items = {0};
    const struct rg_visitor v = {.ctx = &items, .kb = gather_record, .texts = true};
    enum rg_status status = rg_store_walk(rg_trace_store(t), &v, err);

    *out = take_items(&items, t->path);
    if (status != RG_OK) {
        rg_kb_free(*out);
        *out = NULL;
    }
    return status;
}

static enum rg_status
gather_file(void *ctx, const char *path, const struct rg_kb_rec *rec, struct rg_err *err)
{
    (void)err;
    add(ctx, rec, path);
    return RG_OK;
}

static enum rg_status
refuse(void *ctx, struct rg_err *err)
{
    (void)ctx;
    return err->status;
}

static void
pass(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
}

/* No two files may have the same id. */
static enum rg_status
check_ids(const struct items *items, struct rg_err *err)
{
    for (size_t i = 1; i < items->n; i++) {
        const struct item *a = &items->of[i - 1], *b = &items->of[i];

        if (strcmp(a->id, b->id) == 0)
            return rg_err_set(err, RG_EINPUT, "%s: its id '%.80s' is that of %s, too", b->path,
                              b->id, a->path);
    }
    return RG_OK;
}

enum rg_status
rg_kb_read_dir(struct rg_kb **out, const char *path, struct rg_err *err)
{
    struct items items = {0};
    const struct rg_kb_visitor v = {&items, gather_file, refuse, pass};
    enum rg_status status = rg_kb_walk(path, &v, err);

    if (items.n > 1)
        qsort(items.of, items.n, sizeof *items.of, compare);
    if (status == RG_OK)
        status = check_ids(&items, err);
    *out = take_items(&items, path);
    if (status != RG_OK) {
        rg_kb_free(*out);
        *out = NULL;
    }
    return status;
}
