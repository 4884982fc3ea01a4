#include "traces/import.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/hint.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "traces/folder.h"
#include "traces/import_bench.h"

enum {
    HEAD_MAX = 64 << 10, /* bytes of a file that are shown to detect functions */
    NOTES_MAX = 500,     /* kinds of remarks that are told apart */
    SHOWN_MAX = 40,      /* characters of a file of unknown format that a message shows */
};

/* ---- the report ---- */

void
rg_import_report_clear(struct rg_import_report *report)
{
    for (size_t i = 0; i < report->n_notes; i++) {
        free(report->notes[i].what);
        free(report->notes[i].first);
    }
    free(report->notes);
    *report = (struct rg_import_report){0};
}

static void
note(struct rg_import_report *report, const char *what, const char *first, bool rejected)
{
    struct rg_import_note *n;

    if (report->n_notes >= NOTES_MAX)
        what = rejected ? "further rejections" : "further remarks";
    for (size_t i = 0; i < report->n_notes; i++) {
        n = &report->notes[i];
        if (n->rejected == rejected && strcmp(n->what, what) == 0) {
            n->count++;
            return;
        }
    }
    report->notes =
        rg_grow(report->notes, &report->notes_cap, report->n_notes + 1, sizeof *report->notes);
    report->notes[report->n_notes++] = (struct rg_import_note){
        .what = rg_strdup(what),
        .first = first ? rg_strdup(first) : NULL,
        .count = 1,
        .rejected = rejected,
    };
}

void
rg_import_note(struct rg_import *im, const char *what, const struct rg_place *place)
{
    struct rg_err text;
    size_t n;

    if (place) {
        rg_err_at(&text, *place, "%s", "");
        n = strlen(text.text);
        text.text[n >= 2 ? n - 2 : 0] = '\0'; /* without the ": " before an empty message */
    }
    note(im->report, what, place ? text.text : NULL, false);
}

enum rg_status
rg_import_reject(struct rg_import *im, const char *reason, struct rg_err *err)
{
    if (!im->options->keep_going || err->status != RG_EINPUT)
        return err->status;
    im->report->read++;
    im->report->rejected++;
    note(im->report, reason, err->text, true);
    return RG_OK;
}

void
rg_import_count(struct rg_import *im, enum rg_put what, const struct rg_place *place)
{
    assert(what != RG_PUT_DUPLICATE);
    im->report->read++;
    if (what == RG_PUT_NEW) {
        im->report->kept++;
    } else {
        im->report->superseded++;
        rg_import_note(im, "repeated record, equal to an earlier one", place);
    }
}

/* ---- what formats keep ---- */

struct rg_import_state {
    void *state;
    void (*free_state)(void *state);
    struct rg_import_state *next;
};

void **
rg_import_state(struct rg_import *im, void (*free_state)(void *state))
{
    struct rg_import_state *s = im->states;

    while (s && s->free_state != free_state)
        s = s->next;
    if (!s) {
        s = rg_zalloc(1, sizeof *s);
        s->free_state = free_state;
        s->next = im->states;
        im->states = s;
    }
    return &s->state;
}

void
rg_import_end(struct rg_import *im)
{
    while (im->states) {
        struct rg_import_state *s = im->states;

        im->states = s->next;
        if (s->state)
            s->free_state(s->state);
        free(s);
    }
}

/* ---- formats ---- */

/* Does the importer answer to this name: its own, or the group's before a '-'? */
static bool
answers_to(const struct rg_importer *importer, const char *name)
{
    size_t n = strlen(name);

    return strncmp(importer->name, name, n) == 0 &&
           (importer->name[n] == '\0' || importer->name[n] == '-');
}

/* The names of all formats, or of those that answer to a group's name. */
static void
list_formats(struct rg_buf *buf, const char *group)
{
    for (size_t i = 0; i < rg_n_importers; i++)
        if (!group || answers_to(&rg_importers[i], group))
            rg_buf_printf(buf, "%s%s", buf->len > 0 ? ", " : "", rg_importers[i].name);
}

bool
rg_import_is_format(const char *name)
{
    for (size_t i = 0; i < rg_n_importers; i++) {
        if (answers_to(&rg_importers[i], name))
            return true;
    }
    return false;
}

static enum rg_status
check_format(const char *name, struct rg_err *err)
{
    const char **names;
    const char *near;
    struct rg_buf list = {0};

    if (rg_import_is_format(name))
        return RG_OK;
    names = rg_alloc(rg_n_importers, sizeof *names);
    for (size_t i = 0; i < rg_n_importers; i++)
        names[i] = rg_importers[i].name;
    near = rg_hint(name, names, rg_n_importers);
    free(names);
    list_formats(&list, NULL);
    rg_err_set(err, RG_EUSAGE, "unknown format '%s'%s%s%s (known: %s)", name,
               near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "", list.data);
    rg_buf_clear(&list);
    return RG_EUSAGE;
}

/* The beginning of the first line, for a message. */
static void
show_beginning(struct rg_buf *out, const struct rg_import_head *head)
{
    size_t at = 0;

    for (size_t chars = 0; chars < SHOWN_MAX && at < head->len; chars++) {
        size_t n = rg_utf8_len(head->data + at, head->len - at);

        if (strchr("\r\n", head->data[at]) && head->data[at] != '\0')
            break;
        if (n == 0 || head->data[at] == '\0')
            rg_buf_putc(out, '?');
        else
            rg_buf_add(out, head->data + at, n);
        at += n > 0 ? n : 1;
    }
}

static bool
is_marked_json(const struct rg_import_head *head)
{
    size_t i = 3;

    if (head->len <= i || memcmp(head->data, "\xef\xbb\xbf", i) != 0)
        return false;
    while (i < head->len && strchr(" \t\r\n", head->data[i]))
        i++;
    return i < head->len && (head->data[i] == '{' || head->data[i] == '[');
}

static enum rg_status
unknown_format(const struct rg_import_head *head, const char *wanted, struct rg_err *err)
{
    const struct rg_place place = {head->path, 1, 1};
    struct rg_buf list = {0}, shown = {0};

    if (rg_store_is_file(head->path))
        return rg_err_set(err, RG_EINPUT, "%s: an SQLite database (expected format %s)", head->path,
                          wanted);
    if (head->len == 0)
        return rg_err_set(err, RG_EINPUT, "%s: empty file", head->path);
    if (is_marked_json(head))
        return rg_err_at(err, place,
                         "a UTF-8 byte order mark before JSON (expected the JSON alone)");
    list_formats(&list, wanted);
    show_beginning(&shown, head);
    rg_err_at(err, place, "format not recognised (found \"%s\", expected one of: %s)%s",
              rg_buf_text(&shown), rg_buf_text(&list),
              wanted ? "; naming one of them with --from tells more" : "");
    rg_buf_clear(&list);
    rg_buf_clear(&shown);
    return RG_EINPUT;
}

/* What stops the reading behind a beginning that is recognised is left to the importer, which reads
 * again and names the place. */
static enum rg_status
detect(const char *path, const char *wanted, const struct rg_importer **out, struct rg_err *err)
{
    struct rg_import_head head = {.path = path};
    struct rg_buf data = {0};
    enum rg_status status = rg_file_head(path, HEAD_MAX, &data, err);

    head.data = rg_buf_text(&data);
    head.len = data.len;
    *out = NULL;
    for (size_t i = 0; i < rg_n_importers && !*out && head.len > 0; i++) {
        const struct rg_importer *importer = &rg_importers[i];

        if ((!wanted || answers_to(importer, wanted)) && importer->detect(&head))
            *out = importer;
    }
    if (*out)
        status = RG_OK;
    else if (status == RG_OK)
        status = unknown_format(&head, wanted, err);
    rg_buf_clear(&data);
    return status;
}

static const struct rg_importer *
find(const char *name)
{
    for (size_t i = 0; i < rg_n_importers; i++) {
        if (strcmp(rg_importers[i].name, name) == 0)
            return &rg_importers[i];
    }
    return NULL;
}

/* A pipe cannot be looked at before it is read, so without a name it is taken for the native
 * format. */
static enum rg_status
choose(const char *path, const char *wanted, const struct rg_importer **out, struct rg_err *err)
{
    struct stat st;
    bool pipe = strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));

    if (!wanted && pipe)
        wanted = "jsonl";
    *out = wanted ? find(wanted) : NULL;
    if (*out)
        return RG_OK;
    if (pipe)
        return rg_err_set(err, RG_EUSAGE, "%s: format '%s' cannot be told from a pipe, name one",
                          path, wanted);
    return detect(path, wanted, out, err);
}

/* ---- the import ---- */

struct formats {
    bool used[64]; /* by index in rg_importers */
};

static enum rg_status
import_file(struct rg_import *im, const char *path, const char *wanted, struct formats *formats,
            struct rg_err *err)
{
    const struct rg_importer *importer;
    enum rg_status status = choose(path, wanted, &importer, err);
    uint64_t before;

    if (status == RG_EINPUT)
        return rg_import_reject(im, "file of unknown format", err);
    if (status != RG_OK)
        return status;
    im->report->files++;
    formats->used[importer - rg_importers] = true;
    before = im->report->read;
    status = importer->file(im, path, err);
    if (status == RG_OK && im->report->read == before) {
        struct rg_place place = {.file = path};

        rg_import_note(im, "no records", &place);
    }
    return status == RG_EINPUT ? rg_import_reject(im, "file given up", err) : status;
}

static enum rg_status
import_files(struct rg_import *im, const char *path, const char *wanted, struct formats *formats,
             struct rg_err *err)
{
    struct rg_folder folder = {0};
    enum rg_status status = rg_folder_list(&folder, path, err);

    for (size_t i = 0; status == RG_OK && i < folder.n_passed; i++) {
        struct rg_place place = {.file = folder.passed[i]};

        rg_import_note(im, "not a regular file or hidden, passed over", &place);
    }
    if (status == RG_OK && folder.n == 0)
        status = rg_err_set(err, RG_EINPUT, "%s: no files in this folder", path);
    for (size_t i = 0; status == RG_OK && i < folder.n; i++)
        status = import_file(im, folder.files[i], wanted, formats, err);
    rg_folder_clear(&folder);
    return status;
}

static enum rg_status
import_path(struct rg_import *im, const char *path, const char *wanted, struct formats *formats,
            struct rg_err *err)
{
    const struct rg_importer *importer = wanted ? find(wanted) : NULL;
    struct stat st;

    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return import_file(im, path, wanted, formats, err);
    if (!importer || !importer->folder)
        return import_files(im, path, wanted, formats, err);
    formats->used[importer - rg_importers] = true;
    return importer->folder(im, path, err);
}

static void
put_list(struct rg_buf *out, const char *name, const struct rg_import_list *list)
{
    if (list->list)
        rg_buf_printf(out, "%s=", name);
    for (size_t i = 0; i < list->n; i++)
        rg_buf_printf(out, "%s%s", i > 0 ? "," : "", list->list[i]);
    if (list->list)
        rg_buf_putc(out, '\n');
}

/* The options of single formats that make a difference to what is stored. */
static void
put_options(struct rg_buf *out, const struct rg_import_options *o)
{
    put_list(out, "datasets", &o->datasets);
    put_list(out, "models", &o->models);
    put_list(out, "splits", &o->splits);
    put_list(out, "exclude-datasets", &o->not_datasets);
    put_list(out, "exclude-models", &o->not_models);
    put_list(out, "exclude-splits", &o->not_splits);
    if (o->demo)
        rg_buf_puts(out, "demo\n");
    if (o->raw_text)
        rg_buf_puts(out, "raw-text\n");
    if (o->columns)
        rg_buf_printf(out, "columns=%s\n", o->columns);
    if (o->space)
        rg_buf_printf(out, "space=%s\n", o->space);
}

/* Where the trace comes from and how it was made. */
static enum rg_status
put_meta(struct rg_import *im, const char *const *paths, size_t n, const struct formats *formats,
         struct rg_err *err)
{
    const struct rg_import_options *o = im->options;
    struct rg_buf source = {0}, format = {0}, options = {0};
    enum rg_status status;

    for (size_t i = 0; i < n; i++)
        rg_buf_printf(&source, "%s%s", i > 0 ? "\n" : "", paths[i]);
    for (size_t i = 0; i < rg_n_importers; i++) {
        if (formats->used[i])
            rg_buf_printf(&format, "%s%s", format.len ? "," : "", rg_importers[i].name);
    }
    if (o->dataset)
        rg_buf_printf(&options, "dataset=%s\n", o->dataset);
    if (o->no_text)
        rg_buf_puts(&options, "no-text\n");
    put_options(&options, o);
    if (im->report->rejected > 0)
        rg_buf_printf(&options, "rejected=%" PRIu64 "\n", im->report->rejected);
    status = rg_store_put_meta(im->store, "source", rg_buf_text(&source), err);
    if (status == RG_OK)
        status = rg_store_put_meta(im->store, "format", rg_buf_text(&format), err);
    if (status == RG_OK && options.len > 0)
        status = rg_store_put_meta(im->store, "options", rg_buf_text(&options), err);
    rg_buf_clear(&source);
    rg_buf_clear(&format);
    rg_buf_clear(&options);
    return status;
}

/* The format that path i is said to have, or NULL. */
static const char *
format_of(const struct rg_import_options *options, size_t i)
{
    return options->formats && options->formats[i] ? options->formats[i] : options->format;
}

static enum rg_status
import_all(struct rg_store *store, const char *const *paths, size_t n,
           const struct rg_import_options *options, struct rg_import_report *report,
           struct rg_err *err)
{
    struct rg_import im = {.options = options, .store = store, .report = report};
    struct formats formats = {{false}};
    enum rg_status status = RG_OK;

    assert(rg_n_importers <= sizeof formats.used / sizeof formats.used[0]);
    for (size_t i = 0; status == RG_OK && i < n; i++)
        status = import_path(&im, paths[i], format_of(options, i), &formats, err);
    if (status == RG_OK)
        rg_bench_remark_words(&im);
    rg_import_end(&im);
    return status == RG_OK ? put_meta(&im, paths, n, &formats, err) : status;
}

static enum rg_status
rejections(const struct rg_import_report *report, bool nothing, struct rg_err *err)
{
    const char *first = NULL;

    for (size_t i = 0; i < report->n_notes && !first; i++) {
        if (report->notes[i].rejected)
            first = report->notes[i].first;
    }
    if (report->rejected == 0)
        return RG_OK;
    return rg_err_set(
        err, RG_EINPUT, "%" PRIu64 " of %" PRIu64 " records rejected%s, the first: %s",
        report->rejected, report->read, nothing ? ", nothing written" : "", first ? first : "");
}

/* Does a remark tell why records are not there? */
static bool
tells_why(const char *what)
{
    return strncmp(what, "--", 2) == 0 || strstr(what, "left out") ||
           strcmp(what, "no records") == 0;
}

/* Nothing at all: why, as far as the remarks tell. A word of an option that nothing has comes last,
 * but explains most. */
static enum rg_status
nothing_kept(const struct rg_import_report *report, struct rg_err *err)
{
    const struct rg_import_note *why = NULL;

    if (report->rejected > 0)
        return rejections(report, true, err);
    for (size_t i = 0; i < report->n_notes; i++)
        if (tells_why(report->notes[i].what) &&
            (!why || strncmp(report->notes[i].what, "--", 2) == 0 ||
             report->notes[i].count > why->count))
            why = &report->notes[i];
    return rg_err_set(err, RG_EINPUT,
                      "%" PRIu64 " records read and none kept, nothing written%s%.400s%s",
                      report->read, why ? " (" : "", why ? why->what : "", why ? ")" : "");
}

enum rg_status
rg_import_run(const char *out, const char *const *paths, size_t n,
              const struct rg_import_options *options, struct rg_import_report *report,
              struct rg_err *err)
{
    struct rg_store *store;
    enum rg_status status = options->format ? check_format(options->format, err) : RG_OK;
    bool nothing;

    for (size_t i = 0; status == RG_OK && options->formats && i < n; i++)
        if (options->formats[i])
            status = check_format(options->formats[i], err);
    if (status == RG_OK)
        status = rg_store_create(&store, out, err);
    if (status != RG_OK)
        return status;
    status = import_all(store, paths, n, options, report, err);
    nothing = report->kept == 0;
    if (status != RG_OK || nothing) {
        rg_store_abandon(store);
        return status == RG_OK ? nothing_kept(report, err) : status;
    }
    status = rg_store_commit(store, err);
    return status == RG_OK ? rejections(report, false, err) : status;
}

enum rg_status
rg_store_load(struct rg_store **out, const char *path, struct rg_import_report *report,
              struct rg_err *err)
{
    const struct rg_import_options options = {0};
    struct rg_import_report own = {0};
    enum rg_status status;

    *out = NULL;
    if (strcmp(path, "-") != 0 && rg_store_is_file(path))
        return rg_store_open(out, path, err);
    status = rg_store_create_memory(out, path, err);
    if (status != RG_OK)
        return status;
    status = import_all(*out, &path, 1, &options, report ? report : &own, err);
    rg_import_report_clear(&own);
    if (status == RG_OK) {
        status = rg_store_finish_memory(*out, err);
    } else {
        rg_store_abandon(*out);
    }
    if (status != RG_OK)
        *out = NULL;
    return status;
}

/* ---- placeholders ---- */

/* What known clients write in place of an answer when a call has failed. Origin: RouterGym's remote
 * engine, whose answer object then has the first one as final_answer. */
static const char *const placeholders[] = {"LLM unavailable", "Model unavailable"};

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
begins_with(const char *s, const char *word)
{
    while (*word && lower(*s) == lower(*word)) {
        s++;
        word++;
    }
    return !*word;
}

static const char *
skip_blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* The text of final_answer in an answer object, JSON or the text of a Python dict; NULL if none. */
static const char *
final_answer(const char *text)
{
    static const char key[] = "final_answer";
    const char *s = *text == '{' ? strstr(text, key) : NULL;

    if (!s)
        return NULL;
    s += sizeof key - 1;
    if (*s != '"' && *s != '\'')
        return NULL;
    s = skip_blanks(s + 1);
    if (*s != ':')
        return NULL;
    s = skip_blanks(s + 1);
    return *s == '"' || *s == '\'' ? s + 1 : NULL;
}

bool
rg_import_is_placeholder(const char *text)
{
    const char *answer;

    if (!text)
        return false;
    text = skip_blanks(text);
    answer = final_answer(text);
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
        if (begins_with(answer ? skip_blanks(answer) : text, placeholders[i]))
            return true;
    }
    return false;
}
