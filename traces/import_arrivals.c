/* Recorded arrival times in seconds, in three forms that are told apart by the first line:
 *
 *     plain        one number a line, nothing else
 *     CSV          a header with one column of times and perhaps two of token counts
 *     JSON Lines   objects with such keys
 *
 * Times: arrived_at (Vidur), arrival_s, at_s or timestamp. Tokens: prompt_tokens and
 * completion_tokens, or Vidur's num_prefill_tokens and num_decode_tokens. Other columns are
 * refused. Times from 1e8 on are seconds since 1970: they become seconds from the file's first one.
 * A time before its predecessor is refused. */
#include "traces/importers.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/hint.h"
#include "base/json.h"
#include "base/line.h"
#include "base/num.h"
#include "traces/json_lines.h"

#define LENGTH(array) (sizeof(array) / sizeof *(array))

enum role { TIME, PROMPT, COMPLETION, N_ROLES };

static const struct name {
    const char *name;
    enum role role;
} names[] = {
    {"arrived_at", TIME},
    {"arrival_s", TIME},
    {"at_s", TIME},
    {"timestamp", TIME},
    {"prompt_tokens", PROMPT},
    {"num_prefill_tokens", PROMPT},
    {"completion_tokens", COMPLETION},
    {"num_decode_tokens", COMPLETION},
};

static const double EPOCH = 1e8;      /* s: three years; 1e8 s after 1970 was March 1973 */
static const double EPOCH_MAX = 1e11; /* s: the year 5138; beyond are milliseconds and smaller */

struct arrivals {
    struct rg_import *im;
    struct rg_csv *csv;
    const struct rg_csv_field *fields;
    int column[N_ROLES]; /* of the CSV, -1: none */
    bool begun;
    double start, last; /* s; start is what times are counted from */
    const char *reason;
};

static const struct name *
find_name(const char *s, size_t n)
{
    for (size_t i = 0; i < LENGTH(names); i++)
        if (strlen(names[i].name) == n && memcmp(names[i].name, s, n) == 0)
            return &names[i];
    return NULL;
}

/* ---- what form a file has ---- */

enum form { PLAIN, CSV, JSON, UNKNOWN };

/* All keys of a JSON object are ours, one of them a time. */
static bool
is_object(const char *text, size_t n)
{
    struct rg_json doc = {0};
    struct rg_err err;
    bool time = false, ours = true;

    if (rg_json_parse(&doc, text, n, NULL, 1, 0, &err) == RG_OK && cJSON_IsObject(doc.root)) {
        for (const cJSON *key = doc.root->child; key; key = key->next) {
            const struct name *name = find_name(key->string, strlen(key->string));

            ours = ours && name;
            time = time || (name && name->role == TIME);
        }
    }
    rg_json_clear(&doc);
    return time && ours;
}

/* All fields of a header line are ours, one of them a time. */
static bool
is_header(const char *text, size_t n)
{
    const char *end = text + n;
    bool time = false;

    for (const char *at = text; at <= end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        const struct name *name = find_name(at, (size_t)(stop - at));

        if (!name)
            return false;
        time = time || name->role == TIME;
        at = stop + 1;
    }
    return time;
}

/* The first line of a file, as far as it is at hand. */
static enum form
form_of(const char *text, size_t n)
{
    double unused;

    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        n -= 3;
    }
    if (n == 0)
        return UNKNOWN;
    if (!rg_num_double(text, n, &unused))
        return PLAIN;
    if (is_header(text, n))
        return CSV;
    return is_object(text, n) ? JSON : UNKNOWN;
}

bool
rg_import_arrivals_detect(const struct rg_import_head *head)
{
    const char *end = memchr(head->data, '\n', head->len);
    size_t n = end ? (size_t)(end - head->data) : head->len;

    if (n > 0 && head->data[n - 1] == '\r')
        n--;
    return form_of(head->data, n) != UNKNOWN;
}

/* ---- one arrival ---- */

static enum rg_status
begin(struct arrivals *a, double first, const struct rg_place *place, struct rg_err *err)
{
    struct rg_buf what = {0};
    char text[RG_NUM_MAX];

    if (first >= EPOCH_MAX)
        return rg_err_at(err, *place,
                         "no time in seconds (found %.17g, expected less than 1e11; milliseconds?)",
                         first);
    a->start = first >= EPOCH ? first : 0;
    if (first >= EPOCH) {
        rg_num_print(text, first);
        rg_buf_printf(&what, "times since 1970 made seconds from the first one, %s", text);
        rg_import_note(a->im, rg_buf_text(&what), place);
        rg_buf_clear(&what);
    }
    return RG_OK;
}

static enum rg_status
check_time(struct arrivals *a, double time, const struct rg_place *place, struct rg_err *err)
{
    a->reason = "bad value";
    if (time < 0)
        return rg_err_at(err, *place, "arrival time is negative (found %.17g, expected 0 or more)",
                         time);
    if (!a->begun)
        return begin(a, time, place, err);
    a->reason = "out of order";
    if (time < a->last)
        return rg_err_at(err, *place,
                         "arrival before its predecessor (found %.17g, expected %.17g or more)",
                         time, a->last);
    if (a->start == 0 && time >= EPOCH)
        return rg_err_at(err, *place,
                         "times from the start and since 1970 in one file (found %.17g behind "
                         "%.17g)",
                         time, a->last);
    return RG_OK;
}

static enum rg_status
put(struct arrivals *a, double time, struct rg_arrival_rec *rec, const struct rg_place *place,
    struct rg_err *err)
{
    enum rg_status status = check_time(a, time, place, err);

    if (status)
        return rg_import_reject(a->im, a->reason, err);
    rec->at_s = time - a->start;
    status = rg_import_put_request(a->im, rec, place, err);
    if (status)
        return rg_import_reject(a->im, "value out of range", err);
    a->begun = true;
    a->last = time;
    rg_import_count(a->im, RG_PUT_NEW, place);
    return RG_OK;
}

static struct rg_arrival_rec
empty(void)
{
    return (struct rg_arrival_rec){.prompt_tokens = -1, .completion_tokens = -1};
}

/* ---- plain ---- */

static void
remark_form(struct arrivals *a, const char *file, bool crlf, bool unterminated)
{
    struct rg_place place = {file, 0, 0};

    if (crlf)
        rg_import_note(a->im, "lines end in CR LF", &place);
    if (unterminated)
        rg_import_note(a->im, "last line without a line end", &place);
}

static enum rg_status
plain_line(struct arrivals *a, const char *file, const struct rg_line *line, struct rg_err *err)
{
    struct rg_arrival_rec rec = empty();
    struct rg_place place = {file, line->number, 1};
    size_t mark = line->number == 1 && strncmp(line->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    double time;
    const char *wrong = rg_num_double(line->data + mark, line->len - mark, &time);

    if (mark)
        rg_import_note(a->im, "byte order mark skipped", &place);
    if (!wrong)
        return put(a, time, &rec, &place, err);
    rg_err_at(err, place, "%s (found \"%.60s\", expected a time in seconds)", wrong, line->data);
    return rg_import_reject(a->im, "bad value", err);
}

static enum rg_status
read_plain(struct arrivals *a, struct rg_lines *in, struct rg_line *line, struct rg_err *err)
{
    bool crlf = false, unterminated = false;
    enum rg_status status = RG_OK;

    while (status == RG_OK && line->data) {
        crlf = crlf || line->crlf;
        unterminated = line->unterminated;
        status = plain_line(a, rg_lines_name(in), line, err);
        if (status == RG_OK)
            status = rg_lines_next(in, line, err);
        else
            return status;
    }
    remark_form(a, rg_lines_name(in), crlf, unterminated);
    return status ? rg_import_reject(a->im, "unreadable line", err) : RG_OK;
}

/* ---- CSV ---- */

static enum rg_status
bad_header(struct arrivals *a, const char *what, const char *name, struct rg_err *err)
{
    struct rg_place place = {rg_csv_name(a->csv), 1, 0};
    const char *known[LENGTH(names)], *near;

    for (size_t i = 0; i < LENGTH(names); i++)
        known[i] = names[i].name;
    near = rg_hint(name, known, LENGTH(names));
    return rg_err_at(err, place, "%s \"%.60s\"%s%s%s", what, name, near ? " (did you mean \"" : "",
                     near ? near : "", near ? "\"?)" : "");
}

static enum rg_status
read_header(struct arrivals *a, struct rg_err *err)
{
    struct rg_place place = {rg_csv_name(a->csv), 1, 0};

    for (int r = 0; r < N_ROLES; r++)
        a->column[r] = -1;
    for (size_t i = 0; i < rg_csv_columns(a->csv); i++) {
        const char *head = rg_csv_header(a->csv, i);
        const struct name *name = find_name(head, strlen(head));

        if (!name)
            return bad_header(a, "unknown column", head, err);
        if (a->column[name->role] >= 0)
            return rg_err_at(err, place, "columns \"%s\" and \"%s\" say the same",
                             rg_csv_header(a->csv, (size_t)a->column[name->role]), head);
        a->column[name->role] = (int)i;
    }
    if (a->column[TIME] < 0)
        return rg_err_at(err, place,
                         "no column of times (expected arrived_at, arrival_s, at_s or timestamp)");
    return RG_OK;
}

static enum rg_status
csv_tokens(struct arrivals *a, enum role role, int64_t *out, struct rg_err *err)
{
    const struct rg_csv_field *f;
    const char *wrong;

    if (a->column[role] < 0)
        return RG_OK;
    f = &a->fields[a->column[role]];
    if (f->len == 0)
        return RG_OK;
    wrong = rg_num_i64(f->data, f->len, out);
    if (!wrong && *out >= 0)
        return RG_OK;
    return rg_err_at(err, rg_csv_place(a->csv, f), "%s: %s (found \"%.60s\", expected a count)",
                     rg_csv_header(a->csv, (size_t)a->column[role]), wrong ? wrong : "negative",
                     f->data);
}

static enum rg_status
csv_record(struct arrivals *a, struct rg_err *err)
{
    const struct rg_csv_field *f = &a->fields[a->column[TIME]];
    struct rg_place place = rg_csv_place(a->csv, f);
    struct rg_arrival_rec rec = empty();
    double time;
    const char *wrong = rg_num_double(f->data, f->len, &time);
    enum rg_status status;

    if (wrong)
        status = rg_err_at(err, place, "%s: %s (found \"%.60s\", expected a time in seconds)",
                           rg_csv_header(a->csv, (size_t)a->column[TIME]), wrong, f->data);
    else
        status = csv_tokens(a, PROMPT, &rec.prompt_tokens, err);
    if (status == RG_OK)
        status = csv_tokens(a, COMPLETION, &rec.completion_tokens, err);
    return status ? rg_import_reject(a->im, "bad value", err) : put(a, time, &rec, &place, err);
}

static enum rg_status
read_csv(struct arrivals *a, const char *path, struct rg_err *err)
{
    enum rg_status status = rg_csv_open(&a->csv, path, err);

    if (status == RG_OK)
        status = read_header(a, err);
    while (status == RG_OK) {
        status = rg_csv_next(a->csv, &a->fields, err);
        if (status)
            status = rg_import_reject(a->im, "malformed CSV", err);
        else if (a->fields)
            status = csv_record(a, err);
        else
            break;
    }
    if (status == RG_OK) {
        struct rg_place place = {rg_csv_name(a->csv), 1, 0};

        if (rg_csv_bom(a->csv))
            rg_import_note(a->im, "byte order mark skipped", &place);
        remark_form(a, rg_csv_name(a->csv), rg_csv_crlf(a->csv), rg_csv_unterminated(a->csv));
    }
    rg_csv_close(a->csv);
    return status;
}

/* ---- JSON Lines ---- */

/* The one node that was given for a role. */
static enum rg_status
one_of(const struct rg_json *doc, const cJSON *const *nodes, enum role role, const cJSON **out,
       struct rg_err *err)
{
    *out = NULL;
    for (size_t i = 0; i < LENGTH(names); i++) {
        if (names[i].role != role || !nodes[i])
            continue;
        if (*out)
            return rg_json_fail(doc, nodes[i], err, "keys \"%s\" and \"%s\" say the same",
                                (*out)->string, nodes[i]->string);
        *out = nodes[i];
    }
    return RG_OK;
}

static enum rg_status
json_values(const struct rg_json *doc, const cJSON *role[N_ROLES], struct rg_err *err)
{
    const cJSON *nodes[LENGTH(names)] = {NULL};
    struct rg_json_key keys[LENGTH(names)];
    enum rg_status status;
    double unused;

    for (size_t i = 0; i < LENGTH(names); i++)
        keys[i] = (struct rg_json_key){names[i].name,
                                       names[i].role == TIME ? RG_JSON_NUMBER | RG_JSON_INT
                                                             : RG_JSON_INT | RG_JSON_NULL,
                                       &nodes[i]};
    status = rg_json_object(doc, doc->root, keys, LENGTH(keys), NULL, err);
    for (int r = 0; r < N_ROLES && status == RG_OK; r++)
        status = one_of(doc, nodes, (enum role)r, &role[r], err);
    if (status == RG_OK && !role[TIME])
        status = rg_json_fail(doc, doc->root, err,
                              "no time (expected arrived_at, arrival_s, at_s or timestamp)");
    for (int r = PROMPT; r < N_ROLES && status == RG_OK; r++)
        status = rg_json_lines_amount(doc, role[r], &unused, err);
    return status;
}

static enum rg_status
json_line(void *ctx, const struct rg_json *doc, struct rg_err *err)
{
    struct arrivals *a = ctx;
    struct rg_place place = rg_json_place(doc, doc->root);
    struct rg_arrival_rec rec = empty();
    const cJSON *role[N_ROLES] = {NULL};

    if (json_values(doc, role, err))
        return rg_import_reject(a->im, "bad record", err);
    if (role[PROMPT])
        rec.prompt_tokens = (int64_t)role[PROMPT]->valuedouble;
    if (role[COMPLETION])
        rec.completion_tokens = (int64_t)role[COMPLETION]->valuedouble;
    return put(a, role[TIME]->valuedouble, &rec, &place, err);
}

/* ---- the file ---- */

static enum rg_status
unknown_form(const char *file, struct rg_err *err)
{
    struct rg_place place = {file, 1, 1};

    return rg_err_at(err, place,
                     "no arrival times (expected a number a line, or CSV or JSON Lines with "
                     "arrived_at, arrival_s, at_s or timestamp)");
}

/* What the file is to be read as. One with an unusual header or a stray key is none of ours to
 * recognise, but when it was called ours it gets a message about just that. */
static enum form
named_form(const struct rg_line *line)
{
    enum form form = line->data ? form_of(line->data, line->len) : UNKNOWN;

    if (form != UNKNOWN || !line->data)
        return form;
    if (*line->data == '{')
        return JSON;
    return strchr(line->data, ',') || strchr(line->data, '"') ? CSV : UNKNOWN;
}

static bool
is_regular(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

enum rg_status
rg_import_arrivals_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct arrivals a = {.im = im};
    struct rg_lines *in = NULL;
    struct rg_line line = {0};
    enum form form = UNKNOWN;
    enum rg_status status = rg_lines_open(&in, path, err);

    if (status)
        return status;
    status = rg_lines_next(in, &line, err);
    if (status == RG_OK)
        form = named_form(&line);
    if (status == RG_OK && form == PLAIN)
        status = read_plain(&a, in, &line, err);
    else if (status == RG_OK && form == UNKNOWN)
        status = unknown_form(rg_lines_name(in), err);
    rg_lines_close(in);
    if (status || form == PLAIN)
        return status;
    if (!is_regular(path))
        return rg_err_set(err, RG_EUSAGE,
                          "%s: from a pipe only one number a line can be read as arrivals", path);
    return form == CSV ? read_csv(&a, path, err) : rg_json_lines_each(im, path, json_line, &a, err);
}
