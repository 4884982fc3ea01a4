#include "sim/service/profile.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/num.h"

enum { PROFILE_VERSION = 1, FILE_MAX = 64 << 20 };

/* Beyond this no coefficient makes sense, and no sum of them can overflow. */
static const double COEFFICIENT_MAX = 1e9;

/* --- names ----------------------------------------------------------------------------------- */

static const char *const kinds[] = {
    [RG_PROFILE_TOKENS] = "tokens",
    [RG_PROFILE_SLOTS] = "slots",
    [RG_PROFILE_BATCH] = "batch",
};
static const char *const noises[] = {
    [RG_NOISE_NONE] = "none",
    [RG_NOISE_LOGNORMAL] = "lognormal",
    [RG_NOISE_RESIDUALS] = "residuals",
};
static const char *const admissions[] = {
    [RG_BATCH_RESERVE] = "reserve",
    [RG_BATCH_OPTIMISTIC] = "optimistic",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const char *
rg_profile_kind_name(enum rg_profile_kind kind)
{
    return kinds[kind];
}

/* --- the numbers of a profile ---------------------------------------------------------------- */

enum {
    T = 1 << RG_PROFILE_TOKENS,
    S = 1 << RG_PROFILE_SLOTS,
    B = 1 << RG_PROFILE_BATCH,
};

enum type { REAL, U32, U64 };

static const struct field {
    const char *name;
    unsigned kinds;
    bool required;
    enum type type;
    double absent; /* value of a key that is left out; NAN and, for U64, 0: none, not written */
    double min, max;
    size_t offset;
} fields[] = {
#define AT(member) offsetof(struct rg_profile, member)
    {"a_ms", T | S, true, REAL, 0, 0, 1e9, AT(a_ms)},
    {"b_ms_per_token", T | S, false, REAL, 0, 0, 1e9, AT(b_ms_per_token)},
    {"c_ms_per_token", T | S, true, REAL, 0, 0, 1e9, AT(c_ms_per_token)},
    {"d_ms_per_token_context", T | S, false, REAL, 0, 0, 1e9, AT(d_ms_per_token_context)},
    {"ttft_a_ms", T | S, false, REAL, NAN, 0, 1e9, AT(ttft_a_ms)},
    {"ttft_b_ms_per_token", T | S, false, REAL, NAN, 0, 1e9, AT(ttft_b_ms_per_token)},
    {"slots", S, true, U32, 0, 1, 1e9, AT(slots)},
    {"slowdown", S, false, REAL, 1, 1, 1e6, AT(slowdown)},
    {"b0_ms", B, true, REAL, 0, 0, 1e9, AT(b0_ms)},
    {"b1_ms_per_token", B, true, REAL, 0, 0, 1e9, AT(b1_ms_per_token)},
    {"b2_ms", B, false, REAL, 0, 0, 1e9, AT(b2_ms)},
    {"b3_ms", B, false, REAL, 0, 0, 1e9, AT(b3_ms)},
    {"b4_ms", B, false, REAL, 0, 0, 1e9, AT(b4_ms)},
    {"a0_ms", B, false, REAL, 0, 0, 1e9, AT(a0_ms)},
    {"a1_ms", B, false, REAL, 0, 0, 1e9, AT(a1_ms)},
    {"a2_ms", B, false, REAL, 0, 0, 1e9, AT(a2_ms)},
    {"max_sequences", B, false, U32, 256, 1, 1e9, AT(max_sequences)},
    {"kv_tokens", B, false, U64, 0, 1, 0x1p53, AT(kv_tokens)},
    {"token_budget", B, false, U32, 2048, 1, 1e9, AT(token_budget)},
    {"block_tokens", B, false, U32, 16, 1, 65536, AT(block_tokens)},
#undef AT
};

enum { FIELDS = COUNT(fields) };

static void
field_set(struct rg_profile *p, const struct field *f, double x)
{
    void *at = (char *)p + f->offset;

    if (f->type == REAL)
        *(double *)at = x;
    else if (f->type == U32)
        *(uint32_t *)at = (uint32_t)x;
    else
        *(uint64_t *)at = (uint64_t)x;
}

static double
field_get(const struct rg_profile *p, const struct field *f)
{
    const void *at = (const char *)p + f->offset;

    if (f->type == REAL)
        return *(const double *)at;
    return f->type == U32 ? (double)*(const uint32_t *)at : (double)*(const uint64_t *)at;
}

/* --- reading --------------------------------------------------------------------------------- */

/* The members of the object; NULL: left out. */
struct members {
    const cJSON *version, *name, *source, *kind, *noise, *admission;
    const cJSON *field[FIELDS];
};

/* Index of a text among names, or an error that shows them. */
static enum rg_status
choose(const struct rg_json *doc, const cJSON *node, const char *const *names, size_t n,
       unsigned *choice, struct rg_err *err)
{
    struct rg_buf known = {0};
    enum rg_status rc;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(node->valuestring, names[i]) == 0) {
            *choice = (unsigned)i;
            rg_buf_clear(&known);
            return RG_OK;
        }
        rg_buf_printf(&known, "%s\"%s\"", i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i]);
    }
    rc = rg_json_fail(doc, node, err, "\"%s\" is not known (found \"%.60s\", expected %s)",
                      node->string, node->valuestring, rg_buf_text(&known));
    rg_buf_clear(&known);
    return rc;
}

static enum rg_status
check_range(const struct rg_json *doc, const cJSON *node, double min, double max, const char *name,
            struct rg_err *err)
{
    char found[RG_NUM_MAX], least[RG_NUM_MAX], most[RG_NUM_MAX];

    if (node->valuedouble >= min && node->valuedouble <= max)
        return RG_OK;
    rg_num_print(found, node->valuedouble);
    rg_num_print(least, min);
    rg_num_print(most, max);
    return rg_json_fail(doc, node, err, "\"%s\" is out of range (found %s, expected %s to %s)",
                        name, found, least, most);
}

static enum rg_status
get_members(struct members *m, const struct rg_json *doc, const cJSON *object, struct rg_err *err)
{
    struct rg_json_key key[FIELDS + 6] = {
        {"profile", RG_JSON_INT | RG_JSON_REQUIRED, &m->version},
        {"name", RG_JSON_STRING | RG_JSON_REQUIRED, &m->name},
        {"source", RG_JSON_STRING | RG_JSON_REQUIRED, &m->source},
        {"kind", RG_JSON_STRING | RG_JSON_REQUIRED, &m->kind},
        {"noise", RG_JSON_OBJECT, &m->noise},
        {"admission", RG_JSON_STRING, &m->admission},
    };

    for (size_t i = 0; i < FIELDS; i++)
        key[6 + i] = (struct rg_json_key){
            .name = fields[i].name,
            .type = fields[i].type == REAL ? RG_JSON_NUMBER : RG_JSON_INT,
            .out = &m->field[i],
        };
    return rg_json_object(doc, object, key, FIELDS + 6, NULL, err);
}

static enum rg_status
foreign_key(const struct rg_json *doc, const cJSON *node, const struct rg_profile *p,
            struct rg_err *err)
{
    return rg_json_fail(doc, node, err, "key \"%s\" is not for a profile of kind \"%s\"",
                        node->string, kinds[p->kind]);
}

static enum rg_status
read_head(struct rg_profile *p, const struct members *m, const struct rg_json *doc,
          struct rg_err *err)
{
    const cJSON *text[] = {m->name, m->source};
    enum rg_status rc;
    unsigned kind;

    if (m->version->valuedouble != PROFILE_VERSION)
        return rg_json_fail(doc, m->version, err,
                            "unknown version of profiles (found %.15g, expected %d)",
                            m->version->valuedouble, PROFILE_VERSION);
    for (size_t i = 0; i < COUNT(text); i++)
        if (text[i]->valuestring[0] == '\0')
            return rg_json_fail(doc, text[i], err, "\"%s\" is empty", text[i]->string);
    if ((rc = choose(doc, m->kind, kinds, COUNT(kinds), &kind, err)) == RG_OK)
        p->kind = kind;
    return rc;
}

static enum rg_status
read_fields(struct rg_profile *p, const struct members *m, const struct rg_json *doc,
            const cJSON *object, struct rg_err *err)
{
    enum rg_status rc;

    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        const cJSON *node = m->field[i];

        if (!(f->kinds & (1U << p->kind))) {
            if (node)
                return foreign_key(doc, node, p, err);
            continue;
        }
        if (!node && f->required)
            return rg_json_fail(doc, object, err, "missing key \"%s\" of kind \"%s\"", f->name,
                                kinds[p->kind]);
        if (node && (rc = check_range(doc, node, f->min, f->max, f->name, err)) != RG_OK)
            return rc;
        field_set(p, f, node ? node->valuedouble : f->absent);
    }
    return RG_OK;
}

/* Factors, into an array that goes to *residuals (free()). */
static enum rg_status
read_residuals(struct rg_profile *p, double **residuals, const struct rg_json *doc,
               const cJSON *array, struct rg_err *err)
{
    const cJSON *node;
    double previous = 0;
    size_t cap = 0;
    enum rg_status rc;

    cJSON_ArrayForEach(node, array)
    {
        if (!cJSON_IsNumber(node))
            return rg_json_fail(doc, node, err,
                                "a residual has the wrong type (found %s, expected a number)",
                                rg_json_kind(node));
        if ((rc = check_range(doc, node, 0, COEFFICIENT_MAX, "residuals", err)) != RG_OK)
            return rc;
        if (node->valuedouble < previous)
            return rg_json_fail(doc, node, err,
                                "residuals are not ascending (found %.15g after %.15g)",
                                node->valuedouble, previous);
        *residuals = rg_grow(*residuals, &cap, p->n_residuals + 1, sizeof **residuals);
        (*residuals)[p->n_residuals++] = previous = node->valuedouble;
    }
    if (p->n_residuals == 0)
        return rg_json_fail(doc, array, err, "\"residuals\" is empty");
    return RG_OK;
}

static enum rg_status
read_noise(struct rg_profile *p, double **residuals, const struct rg_json *doc, const cJSON *object,
           struct rg_err *err)
{
    const cJSON *kind, *sigma, *array;
    const struct rg_json_key keys[] = {
        {"kind", RG_JSON_STRING | RG_JSON_REQUIRED, &kind},
        {"sigma", RG_JSON_NUMBER, &sigma},
        {"residuals", RG_JSON_ARRAY, &array},
    };
    enum rg_status rc;
    unsigned noise;

    if ((rc = rg_json_object(doc, object, keys, COUNT(keys), NULL, err)) != RG_OK ||
        (rc = choose(doc, kind, noises, COUNT(noises), &noise, err)) != RG_OK)
        return rc;
    p->noise = noise;
    if (sigma && p->noise != RG_NOISE_LOGNORMAL)
        return rg_json_fail(doc, sigma, err, "key \"sigma\" is not for noise of kind \"%s\"",
                            noises[noise]);
    if (array && p->noise != RG_NOISE_RESIDUALS)
        return rg_json_fail(doc, array, err, "key \"residuals\" is not for noise of kind \"%s\"",
                            noises[noise]);
    if (p->noise == RG_NOISE_NONE)
        return RG_OK;
    if (p->noise == RG_NOISE_RESIDUALS && array)
        return read_residuals(p, residuals, doc, array, err);
    if (!sigma)
        return rg_json_fail(doc, object, err, "missing key \"%s\" of noise \"%s\"",
                            p->noise == RG_NOISE_LOGNORMAL ? "sigma" : "residuals", noises[noise]);
    p->sigma = sigma->valuedouble;
    return check_range(doc, sigma, 0, 10, "sigma", err);
}

/* What no single key decides. */
static enum rg_status
read_rest(struct rg_profile *p, double **residuals, const struct members *m,
          const struct rg_json *doc, const cJSON *object, struct rg_err *err)
{
    enum rg_status rc;
    unsigned admission = RG_BATCH_RESERVE;

    if (p->kind != RG_PROFILE_BATCH && m->admission)
        return foreign_key(doc, m->admission, p, err);
    if (p->kind == RG_PROFILE_BATCH && m->noise)
        return foreign_key(doc, m->noise, p, err);
    if (m->noise)
        return read_noise(p, residuals, doc, m->noise, err);
    if (m->admission &&
        (rc = choose(doc, m->admission, admissions, COUNT(admissions), &admission, err)) != RG_OK)
        return rc;
    p->admission = admission;
    if (p->kv_tokens != 0 && p->kv_tokens < p->block_tokens)
        return rg_json_fail(doc, object, err,
                            "\"kv_tokens\" is less than a block (found %.15g, expected at least "
                            "\"block_tokens\", %.15g)",
                            (double)p->kv_tokens, (double)p->block_tokens);
    return RG_OK;
}

static enum rg_status
read_split(struct rg_profile *p, const struct rg_json *doc, const cJSON *object, struct rg_err *err)
{
    if (p->kind == RG_PROFILE_BATCH)
        return RG_OK;
    if (isnan(p->ttft_a_ms) && !isnan(p->ttft_b_ms_per_token))
        return rg_json_fail(doc, object, err, "\"ttft_b_ms_per_token\" without \"ttft_a_ms\"");
    if (!isnan(p->ttft_a_ms) && isnan(p->ttft_b_ms_per_token))
        p->ttft_b_ms_per_token = 0;
    return RG_OK;
}

/* Copies what p points to into one piece. */
static void
own(struct rg_profile *p, const char *name, const char *source, const double *residuals)
{
    size_t numbers = p->n_residuals * sizeof *residuals;
    size_t n = strlen(name) + 1, m = strlen(source) + 1;
    char *memory = rg_alloc(numbers + n + m, 1);

    if (numbers > 0)
        memcpy(memory, residuals, numbers);
    memcpy(memory + numbers, name, n);
    memcpy(memory + numbers + n, source, m);
    p->memory = memory;
    p->residuals = numbers > 0 ? (const double *)p->memory : NULL;
    p->name = memory + numbers;
    p->source = memory + numbers + n;
}

enum rg_status
rg_profile_parse(struct rg_profile *p, const struct rg_json *doc, const cJSON *object,
                 struct rg_err *err)
{
    struct members m = {0};
    double *residuals = NULL;
    enum rg_status rc;

    *p = (struct rg_profile){0};
    if ((rc = get_members(&m, doc, object, err)) == RG_OK &&
        (rc = read_head(p, &m, doc, err)) == RG_OK &&
        (rc = read_fields(p, &m, doc, object, err)) == RG_OK &&
        (rc = read_rest(p, &residuals, &m, doc, object, err)) == RG_OK &&
        (rc = read_split(p, doc, object, err)) == RG_OK)
        own(p, m.name->valuestring, m.source->valuestring, residuals);
    free(residuals);
    return rc;
}

enum rg_status
rg_profile_read(struct rg_profile *p, const char *path, struct rg_err *err)
{
    struct rg_buf text = {0};
    struct rg_json doc = {0};
    enum rg_status rc = rg_file_read(path, FILE_MAX, &text, err);

    if (rc == RG_OK)
        rc = rg_json_parse(&doc, rg_buf_text(&text), text.len, path, 1, RG_JSON_COMMENTS, err);
    if (rc == RG_OK)
        rc = rg_profile_parse(p, &doc, doc.root, err);
    rg_json_clear(&doc);
    rg_buf_clear(&text);
    return rc;
}

void
rg_profile_clear(struct rg_profile *p)
{
    free(p->memory);
    *p = (struct rg_profile){0};
}

/* --- writing --------------------------------------------------------------------------------- */

static void
put_text(struct rg_buf *out, const char *key, const char *text)
{
    rg_buf_printf(out, ",\"%s\":", key);
    rg_json_put_string(out, text, strlen(text));
}

static void
put_noise(struct rg_buf *out, const struct rg_profile *p)
{
    rg_buf_printf(out, ",\"noise\":{\"kind\":\"%s\"", noises[p->noise]);
    if (p->noise == RG_NOISE_LOGNORMAL) {
        rg_buf_puts(out, ",\"sigma\":");
        rg_json_put_number(out, p->sigma);
    }
    if (p->noise == RG_NOISE_RESIDUALS) {
        rg_buf_puts(out, ",\"residuals\":[");
        for (size_t i = 0; i < p->n_residuals; i++) {
            if (i > 0)
                rg_buf_putc(out, ',');
            rg_json_put_number(out, p->residuals[i]);
        }
        rg_buf_putc(out, ']');
    }
    rg_buf_putc(out, '}');
}

void
rg_profile_write(struct rg_buf *out, const struct rg_profile *p)
{
    rg_buf_printf(out, "{\"profile\":%d", PROFILE_VERSION);
    put_text(out, "name", p->name);
    put_text(out, "source", p->source);
    put_text(out, "kind", kinds[p->kind]);
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        double x = field_get(p, f);

        if (!(f->kinds & (1U << p->kind)) || isnan(x) || (f->type == U64 && x == 0))
            continue;
        rg_buf_printf(out, ",\"%s\":", f->name);
        rg_json_put_number(out, x);
    }
    if (p->kind == RG_PROFILE_BATCH)
        put_text(out, "admission", admissions[p->admission]);
    else
        put_noise(out, p);
    rg_buf_puts(out, "}\n");
}

/* --- use ------------------------------------------------------------------------------------- */

void
rg_profile_batch(const struct rg_profile *p, struct rg_batch_config *config,
                 struct rg_batch_overhead *overhead)
{
    assert(p->kind == RG_PROFILE_BATCH);
    *config = (struct rg_batch_config){
        .b0 = p->b0_ms / 1000,
        .b1 = p->b1_ms_per_token / 1000,
        .b2 = p->b2_ms / 1000,
        .b3 = p->b3_ms / 1000,
        .b4 = p->b4_ms / 1000,
        .max_sequences = p->max_sequences,
        .token_budget = p->token_budget,
        .block_tokens = p->block_tokens,
        .kv_tokens = p->kv_tokens == 0 ? RG_BATCH_KV_UNLIMITED : p->kv_tokens,
        .admission = p->admission,
        .discipline = RG_FCFS,
        .queue = RG_STATION_UNLIMITED,
    };
    *overhead = (struct rg_batch_overhead){
        .a0 = p->a0_ms / 1000,
        .a1 = p->a1_ms / 1000,
        .a2 = p->a2_ms / 1000,
    };
}
