/* What a result file of LLMRouterBench says of itself beside its records: names, marks and totals.
 * The project writes all of them; its loader needs the three names and the records only, so the
 * others may be absent, or null, but not of another type. */
#include "traces/import_llmrouterbench.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

enum kind { NAME, FLAG, COUNT, AMOUNT, NUMBER, TEXT, OBJECT, RECORDS };

static const struct field {
    const char *name;
    enum kind kind;
    int total; /* in rg_bench_file.total, or -1 */
} fields[] = {
    {"performance", NUMBER, RG_BENCH_PERFORMANCE},
    {"time_taken", AMOUNT, -1},
    {"prompt_tokens", COUNT, RG_BENCH_PROMPT_TOKENS},
    {"completion_tokens", COUNT, RG_BENCH_COMPLETION_TOKENS},
    {"cost", AMOUNT, RG_BENCH_COST},
    {"counts", COUNT, RG_BENCH_COUNTS},
    {"model_name", NAME, -1},
    {"dataset_name", NAME, -1},
    {"split", NAME, -1},
    {"demo", FLAG, -1},
    {"extra_metrics", OBJECT, -1},
    {"data_fingerprint", TEXT, -1},
    {"records", RECORDS, -1},
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static const char *const expected[] = {
    [NAME] = "a string",
    [FLAG] = "true or false",
    [COUNT] = "an integer of 0 or more",
    [AMOUNT] = "a number of 0 or more",
    [NUMBER] = "a number",
    [TEXT] = "a string",
    [OBJECT] = "an object",
    [RECORDS] = "an array",
};

void
rg_bench_fields_begin(struct rg_bench_file *f)
{
    f->seen = 0;
    for (int i = 0; i < RG_BENCH_TOTALS; i++)
        f->total[i] = NAN;
}

static bool
is_amount(const cJSON *node)
{
    return cJSON_IsNumber(node) && node->valuedouble >= 0;
}

static bool
fits(enum kind kind, const cJSON *node)
{
    if (cJSON_IsNull(node))
        return kind != NAME && kind != RECORDS;
    switch (kind) {
    case NAME:
        return cJSON_IsString(node) && *node->valuestring;
    case FLAG:
        return cJSON_IsBool(node);
    case COUNT:
        return is_amount(node) && node->valuedouble == floor(node->valuedouble) &&
               node->valuedouble <= 0x1p53;
    case AMOUNT:
        return is_amount(node);
    case NUMBER:
        return cJSON_IsNumber(node);
    case TEXT:
        return cJSON_IsString(node);
    case OBJECT:
        return cJSON_IsObject(node);
    default:
        return false; /* an array of records never comes as a member */
    }
}

/* A member's text begins behind its key, so that only its line is that of the file. */
static struct rg_place
line_of(const struct rg_json *doc)
{
    return (struct rg_place){.file = doc->file, .line = doc->line};
}

static enum rg_status
wrong(const struct rg_json *doc, const struct field *field, struct rg_err *err)
{
    const cJSON *node = doc->root;
    char found[40];

    if (cJSON_IsNumber(node))
        snprintf(found, sizeof found, "%.17g", node->valuedouble);
    else if (cJSON_IsString(node) && !*node->valuestring)
        snprintf(found, sizeof found, "an empty one");
    else
        snprintf(found, sizeof found, "%s", rg_json_kind(node));
    if (field->kind == NAME)
        return rg_err_at(err, line_of(doc), "%s is no name (found %s, expected a string)",
                         field->name, found);
    return rg_err_at(err, line_of(doc), "%s of the file is wrong (found %s, expected %s)",
                     field->name, found, expected[field->kind]);
}

static void
keep_name(struct rg_bench_file *f, const char *field, const char *name)
{
    char **to = strcmp(field, "dataset_name") == 0 ? &f->dataset
                : strcmp(field, "split") == 0      ? &f->split
                                                   : &f->model;

    if (!*to) /* read again, it is the same */
        *to = rg_strdup(name);
}

static void
keep(struct rg_bench_file *f, const struct field *field, const cJSON *node)
{
    if (field->kind == NAME)
        keep_name(f, field->name, node->valuestring);
    else if (field->kind == FLAG)
        f->demo = cJSON_IsTrue(node);
    else if (field->kind == TEXT)
        f->synthetic = cJSON_IsString(node) && strcmp(node->valuestring, "synthetic") == 0;
    else if (field->total >= 0 && cJSON_IsNumber(node))
        f->total[field->total] = node->valuedouble;
}

static const struct field *
find(const struct rg_json_piece *piece)
{
    for (size_t i = 0; i < N_FIELDS; i++)
        if (piece->key_len == strlen(fields[i].name) &&
            memcmp(piece->key, fields[i].name, piece->key_len) == 0)
            return &fields[i];
    return NULL;
}

static enum rg_status
take(struct rg_bench_file *f, const struct field *field, const struct rg_json *doc,
     struct rg_err *err)
{
    unsigned bit = 1u << (field - fields);

    if (f->seen & bit)
        return rg_err_at(err, line_of(doc), "%s comes twice", field->name);
    f->seen |= bit;
    if (!fits(field->kind, doc->root))
        return wrong(doc, field, err);
    keep(f, field, doc->root);
    return RG_OK;
}

enum rg_status
rg_bench_field(struct rg_import *im, struct rg_bench_file *f, const struct rg_json_piece *piece,
               struct rg_err *err)
{
    const struct field *field = find(piece);
    const struct rg_place place = {.file = f->path, .line = piece->line};
    struct rg_json doc = {0};
    enum rg_status status;

    status = rg_json_parse(&doc, piece->text, piece->len, f->path, piece->line, 0, err);
    if (status == RG_OK && field)
        status = take(f, field, &doc, err);
    rg_json_clear(&doc);
    if (status == RG_OK && !field && im) {
        struct rg_buf what = {0};

        rg_buf_printf(&what, "unknown field %.*s of a file, not kept",
                      (int)(piece->key_len < 80 ? piece->key_len : 80), piece->key);
        rg_import_note(im, rg_buf_text(&what), &place);
        rg_buf_clear(&what);
    }
    return status;
}

/* ---- totals ---- */

void
rg_bench_totals_add(struct rg_bench_totals *t, const struct rg_bench_record *r)
{
    if (!isnan(r->score)) {
        t->scores += r->score;
        t->scored++;
    }
    t->cost += isnan(r->cost) ? 0 : r->cost;
    t->prompt_tokens += r->prompt_tokens < 0 ? 0 : r->prompt_tokens;
    t->completion_tokens += r->completion_tokens < 0 ? 0 : r->completion_tokens;
}

/* The project rounds nothing, but a sum in another order may differ in its last digits. */
static bool
differs(double stated, double sum)
{
    return fabs(sum - stated) > 1e-6 * (fabs(stated) > 1 ? fabs(stated) : 1);
}

void
rg_bench_totals_check(struct rg_import *im, const struct rg_bench_file *f,
                      const struct rg_bench_totals *t)
{
    static const char *const said[RG_BENCH_TOTALS] = {
        "the file's own performance is not the mean of its scores",
        "the file's own counts is not the number of its records",
        "the file's own prompt_tokens are not the sum of its records'",
        "the file's own completion_tokens are not the sum of its records'",
        "the file's own cost is not the sum of its records'",
    };
    const double sums[RG_BENCH_TOTALS] = {
        t->scored > 0 ? t->scores / (double)t->scored : 0,
        (double)t->records,
        (double)t->prompt_tokens,
        (double)t->completion_tokens,
        t->cost,
    };
    const struct rg_place place = {.file = f->path};

    for (int i = 0; i < RG_BENCH_TOTALS; i++)
        if (!isnan(f->total[i]) && differs(f->total[i], sums[i]))
            rg_import_note(im, said[i], &place);
}
