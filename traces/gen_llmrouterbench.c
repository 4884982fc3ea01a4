#include "traces/gen_llmrouterbench.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gsl/gsl_randist.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/outfile.h"
#include "base/rng.h"
#include "base/utf8.h"

/* Streams, with what the replication number counts. Never renumber. */
enum {
    STREAM_POOL = RG_PURPOSE_GENERATE + 301, /* one */
    STREAM_DATASET,                          /* datasets */
    STREAM_CELL,                             /* (dataset, model) */
};

enum { POOL = 1 << 20, MIN_QUESTIONS = 10, LEAST_OUTPUT = 30, MOST_OUTPUT = 30000 };
static const double output_chars = 2300; /* mean of an answer */

/* hardness is in logits, tokens are those of an answer; both for a tree without the tables. */
static const struct set {
    const char *name, *split, *column;
    unsigned questions;
    double prompt_chars, hardness, tokens;
    bool halves; /* scores 0, 0.5 and 1 */
} sets[] = {
    {"aime", "hybrid", "AIME", 60, 420, -0.9, 14000, false},
    {"livemathbench", "test", "LiveMathBench", 121, 420, -0.8, 10000, false},
    {"livecodebench", "test", "LiveCodeBench", 1055, 1900, -0.4, 9000, false},
    {"swe-bench", "verified", "SWE-Bench", 500, 2600, 0.5, 6000, false},
    {"gpqa", "test", "GPQA", 198, 800, -1.1, 6000, false},
    {"hle", "test", "HLE", 2158, 700, 2.2, 9000, false},
    {"mmlupro", "test_3000", "MMLUPro", 3000, 750, -1.6, 2500, false},
    {"simpleqa", "test", "SimpleQA", 4326, 180, 0.9, 900, false},
    {"arenahard", "test", "ArenaHard", 750, 900, -0.3, 3500, true},
    {"tau2", "test", "Tau2", 278, 1500, -0.2, 3000, false},
};
enum { SETS = sizeof sets / sizeof sets[0] };

/* Prices in USD per million tokens; ability in logits. */
static const struct model {
    const char *name, *row;
    double input, output, ability;
} models[] = {
    {"claude-sonnet-4", "Claude-v4", 3, 15, -0.4},
    {"deepseek-r1-0528", "DeepSeek-R1", 0.5, 2.15, 0.3},
    {"deepseek-v3-0324", "DeepSeek-V3", 0.25, 0.88, -0.5},
    {"deepseek-v3.1-terminus", "DS-V3.1-Tms", 0.27, 1, 0},
    {"gemini-2.5-flash", "Gemini-Flash", 0.3, 2.5, -0.2},
    {"gemini-2.5-pro", "Gemini-Pro", 1.25, 10, 0.5},
    {"glm-4.6", "GLM-4.6", 0.6, 2.2, 0.1},
    {"gpt-5", "GPT-5", 1.25, 10, 0.8},
    {"gpt-5-chat", "GPT-5-Chat", 1.25, 10, 0},
    {"intern-s1", "Intern-S1", 0.18, 0.54, -0.4},
    {"kimi-k2-0905", "Kimi-K2", 0.5, 2, 0},
    {"qwen3-235b-a22b-2507", "Qwen3-235B", 0.09, 0.6, 0.1},
    {"qwen3-235b-a22b-thinking-2507", "Qwen3-Thinking", 0.3, 2.9, 0.3},
};
enum { MODELS = sizeof models / sizeof models[0], NO_TAU2 = 8 };

struct tree {
    const struct rg_generate_bench_options *o;
    struct rg_buf root, path, pool, out;
    double share[SETS][MODELS], cost[SETS][MODELS]; /* NaN: no file; cost of the full dataset */
    /* Of the dataset at hand. */
    const struct set *set;
    size_t n;
    double *difficulty;
    struct rg_buf *questions;
    char *truth;
    /* Of the cell at hand. */
    const struct model *model;
    double *score, *usd;
    gsl_rng *rng;
};

struct rg_generate_bench_options
rg_generate_bench_defaults(void)
{
    return (struct rg_generate_bench_options){.seed = 1, .scale = 0.05};
}

/* ---- shares and costs ---- */

static void
own_tables(struct tree *t)
{
    for (size_t d = 0; d < SETS; d++) {
        for (size_t m = 0; m < MODELS; m++) {
            double tokens = sets[d].tokens * exp(0.4 * models[m].ability);
            bool none = d == SETS - 1 && m == NO_TAU2; /* as in the published tables */

            t->share[d][m] = none ? NAN : 1 / (1 + exp(sets[d].hardness - models[m].ability));
            t->cost[d][m] =
                sets[d].questions / 1e6 *
                (sets[d].prompt_chars / 4 * models[m].input + tokens * models[m].output);
        }
    }
}

static enum rg_status
read_cell(struct rg_csv *csv, const struct rg_csv_field *f, double *out, struct rg_err *err)
{
    const char *wrong;

    *out = NAN;
    if (f->len == 0)
        return RG_OK;
    wrong = rg_num_double(f->data, f->len, out);
    if (!wrong && *out < 0)
        wrong = "negative";
    return wrong ? rg_err_at(err, rg_csv_place(csv, f), "%s (found \"%s\")", wrong, f->data)
                 : RG_OK;
}

static enum rg_status
read_row(struct rg_csv *csv, const struct rg_csv_field *fields, double out[SETS][MODELS],
         bool seen[MODELS], struct rg_err *err)
{
    enum rg_status status = RG_OK;

    for (size_t m = 0; m < MODELS; m++) {
        if (strcmp(fields[0].data, models[m].row) != 0)
            continue;
        seen[m] = true;
        for (size_t d = 0; d < SETS && status == RG_OK; d++) {
            int at = rg_csv_find(csv, sets[d].column);

            if (at < 0)
                return rg_err_at(err, (struct rg_place){rg_csv_name(csv), 1, 0},
                                 "column \"%s\" is missing", sets[d].column);
            status = read_cell(csv, &fields[at], &out[d][m], err);
        }
    }
    return status;
}

static enum rg_status
read_table(const char *folder, const char *name, double out[SETS][MODELS], struct rg_err *err)
{
    const struct rg_csv_field *fields;
    bool seen[MODELS] = {false};
    struct rg_buf path = {0};
    struct rg_csv *csv = NULL;
    enum rg_status status;

    rg_buf_printf(&path, "%s/%s", folder, name);
    status = rg_csv_open(&csv, rg_buf_text(&path), err);
    while (status == RG_OK && (status = rg_csv_next(csv, &fields, err)) == RG_OK && fields)
        status = read_row(csv, fields, out, seen, err);
    for (size_t m = 0; m < MODELS && status == RG_OK; m++)
        if (!seen[m])
            status =
                rg_err_set(err, RG_EINPUT, "%s: no row \"%s\"", rg_buf_text(&path), models[m].row);
    rg_csv_close(csv);
    rg_buf_clear(&path);
    return status;
}

static enum rg_status
read_tables(struct tree *t, struct rg_err *err)
{
    enum rg_status status = read_table(t->o->tables, "table9.csv", t->share, err);

    if (status == RG_OK)
        status = read_table(t->o->tables, "table10.csv", t->cost, err);
    for (size_t i = 0; i < SETS * MODELS && status == RG_OK; i++) {
        size_t d = i / MODELS, m = i % MODELS;

        t->share[d][m] /= 100;
        if (t->share[d][m] > 1)
            status = rg_err_set(err, RG_EINPUT, "%s/table9.csv: %s on %s is above 100",
                                t->o->tables, models[m].row, sets[d].column);
    }
    return status;
}

/* ---- texts ---- */

/* Invented words, with what texts of models hold besides: line ends, quotes, formulas, other
 * scripts. */
static void
make_pool(struct tree *t)
{
    static const char *const parts[] = {"ka",  "lo", "min", "ter", "ro", "su",  "vel", "an",
                                        "dor", "pi", "est", "qua", "ne", "bri", "to",  "ul"};
    static const char *const extras[] = {"\n",
                                         "\n\n",
                                         "$a_{1} \\le b$",
                                         "\\frac{x}{y}",
                                         "\"so\"",
                                         "\tif x:\n\t\treturn",
                                         "na\xc3\xafve",
                                         "\xe7\xad\x94\xe6\xa1\x88",
                                         "\xe2\x87\x92",
                                         "**Note**",
                                         "3.14",
                                         "\xf0\x9f\x99\x82"};
    gsl_rng *rng = rg_rng_new(t->o->seed, 0, STREAM_POOL);

    while (t->pool.len < POOL) {
        if (rg_rng_unit(rng) < 0.05) {
            rg_buf_puts(&t->pool, extras[rg_rng_below(rng, sizeof extras / sizeof *extras)]);
        } else {
            for (uint64_t n = 1 + rg_rng_below(rng, 4); n > 0; n--)
                rg_buf_puts(&t->pool, parts[rg_rng_below(rng, sizeof parts / sizeof *parts)]);
        }
        rg_buf_putc(&t->pool, ' ');
    }
    gsl_rng_free(rng);
}

/* About n bytes from anywhere in the pool, from one character's beginning to another's. */
static void
put_text(struct tree *t, gsl_rng *rng, size_t n, struct rg_buf *out)
{
    size_t from = rg_rng_below(rng, t->pool.len - MOST_OUTPUT - 1), to = from + n;

    while (((unsigned char)t->pool.data[from] & 0xc0) == 0x80)
        from++;
    while (((unsigned char)t->pool.data[to] & 0xc0) == 0x80)
        to++;
    rg_buf_add(out, t->pool.data + from, to - from);
}

static size_t
draw_length(gsl_rng *rng, double mean, double sd, double least)
{
    double n = mean * exp(gsl_ran_gaussian(rng, sd) - sd * sd / 2);

    return (size_t)fmin(fmax(n, least), MOST_OUTPUT);
}

static void
make_questions(struct tree *t, size_t d)
{
    gsl_rng *rng = rg_rng_new(t->o->seed, d, STREAM_DATASET);

    t->difficulty = rg_alloc(t->n, sizeof *t->difficulty);
    t->questions = rg_zalloc(t->n, sizeof *t->questions);
    t->truth = rg_alloc(t->n, 1);
    for (size_t i = 0; i < t->n; i++) {
        t->difficulty[i] = gsl_ran_gaussian(rng, 1);
        t->truth[i] = (char)('A' + rg_rng_below(rng, 10));
        rg_buf_printf(&t->questions[i], "[%s %zu] ", t->set->name, i + 1);
        put_text(t, rng, draw_length(rng, 0.75 * t->set->prompt_chars, 0.4, 40), &t->questions[i]);
    }
    gsl_rng_free(rng);
}

static void
free_questions(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++)
        rg_buf_clear(&t->questions[i]);
    free(t->questions);
    free(t->difficulty);
    free(t->truth);
}

/* ---- scores and costs of a cell ---- */

struct place {
    double key;
    size_t i;
};

static int
by_key(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

/* The questions that come first are right; with halves, a fifth of them at most gets 0.5. */
static void
draw_scores(struct tree *t, double share)
{
    struct place *order = rg_alloc(t->n, sizeof *order);
    size_t units = (size_t)lround(share * (double)t->n * (t->set->halves ? 2 : 1)), ones = units;

    for (size_t i = 0; i < t->n; i++)
        order[i] = (struct place){0.66 * gsl_ran_gaussian(t->rng, 1) - 0.75 * t->difficulty[i], i};
    qsort(order, t->n, sizeof *order, by_key);
    if (t->set->halves) {
        size_t halves = t->n / 5 < units ? t->n / 5 : units;

        halves -= (units - halves) % 2;
        ones = (units - halves) / 2;
    }
    for (size_t i = 0; i < t->n; i++)
        t->score[order[i].i] = i < ones ? 1 : t->set->halves && i < units - ones ? 0.5 : 0;
    free(order);
}

static void
draw_costs(struct tree *t, double total)
{
    double sum = 0;

    for (size_t i = 0; i < t->n; i++)
        sum += t->usd[i] = exp(gsl_ran_gaussian(t->rng, 0.7));
    for (size_t i = 0; i < t->n; i++)
        t->usd[i] *= total / sum;
}

/* ---- files ---- */

static void
put_string(struct rg_buf *out, const char *key, const char *s, size_t n)
{
    rg_buf_printf(out, "      \"%s\": ", key);
    rg_json_put_string(out, s, n);
    rg_buf_puts(out, ",\n");
}

static void
put_float(struct rg_buf *out, double x)
{
    char text[RG_NUM_MAX];

    rg_buf_add(out, text, rg_num_python(text, x));
}

/* How a file differs from a plain one. */
struct form {
    const char *stamp; /* NULL: an old name, result.json */
    bool demo, nulls, types, zeros;
    size_t records; /* at most */
};

static void
put_record(struct tree *t, const struct form *form, size_t i, struct rg_buf *scratch)
{
    static const char ask[] = "\n\nAnswer the question. Put the answer in \\boxed{}.\n";
    const struct model *m = t->model;
    bool failed = form->nulls && i < 3;
    char truth[2] = {t->truth[i], '\0'};
    double in, out;

    rg_buf_reset(scratch);
    rg_buf_add(scratch, t->questions[i].data, t->questions[i].len);
    rg_buf_puts(scratch, ask);
    in = floor(fmin((double)(scratch->len / 4), 0.5 * t->usd[i] * 1e6 / m->input));
    out = fmax(1, round((t->usd[i] * 1e6 - in * m->input) / m->output));
    rg_buf_printf(&t->out, "%s    {\n      \"index\": %zu,\n", i > 0 ? ",\n" : "", i + 1);
    put_string(&t->out, "origin_query", t->questions[i].data, t->questions[i].len);
    put_string(&t->out, "prompt", scratch->data, scratch->len);
    rg_buf_printf(&t->out,
                  "      \"prompt_tokens\": %.0f,\n      \"completion_tokens\": %.0f,\n"
                  "      \"cost\": ",
                  in, out);
    put_float(&t->out, in / 1e6 * m->input + out / 1e6 * m->output);
    rg_buf_puts(&t->out, ",\n      \"score\": ");
    if (failed)
        rg_buf_puts(&t->out, "null");
    else
        put_float(&t->out, form->zeros ? 0 : t->score[i]);
    rg_buf_puts(&t->out, ",\n");
    if (form->types)
        rg_buf_printf(&t->out,
                      "      \"prediction\": null,\n      \"ground_truth\": [\"%s\", 1],\n", truth);
    else
        rg_buf_printf(&t->out, "      \"prediction\": \"%s\",\n      \"ground_truth\": \"%s\",\n",
                      t->score[i] > 0 ? truth : "?", truth);
    rg_buf_reset(scratch);
    if (failed)
        rg_buf_puts(scratch, "Processing failed: x");
    else
        put_text(t, t->rng, draw_length(t->rng, output_chars, 0.6, LEAST_OUTPUT), scratch);
    if (form->types)
        rg_buf_puts(&t->out, "      \"raw_output\": {\"text\": ");
    else
        rg_buf_puts(&t->out, "      \"raw_output\": ");
    rg_json_put_string(&t->out, scratch->data, scratch->len);
    rg_buf_printf(&t->out, "%s,\n      \"extra_fields\": {}\n    }", form->types ? "}" : "");
}

static void
put_head(struct tree *t, const struct form *form, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += form->zeros || (form->nulls && i < 3) ? 0 : t->score[i];
    rg_buf_puts(&t->out, "{\n  \"performance\": ");
    put_float(&t->out, sum / (double)n);
    rg_buf_printf(&t->out, ",\n  \"time_taken\": 0.0,\n  \"counts\": %zu,\n  \"model_name\": ", n);
    rg_json_put_string(&t->out, t->model->name, strlen(t->model->name));
    rg_buf_puts(&t->out, ",\n  \"dataset_name\": ");
    rg_json_put_string(&t->out, t->set->name, strlen(t->set->name));
    rg_buf_puts(&t->out, ",\n  \"split\": ");
    rg_json_put_string(&t->out, t->set->split, strlen(t->set->split));
    rg_buf_printf(&t->out,
                  ",\n  \"demo\": %s,\n  \"extra_metrics\": {},\n  \"data_fingerprint\": "
                  "\"synthetic\",\n  \"records\": [\n",
                  form->demo ? "true" : "false");
}

/* All folders of a path below the root, which is there. */
static enum rg_status
make_folders(const struct tree *t, char *path, struct rg_err *err)
{
    for (char *s = path + t->root.len; (s = strchr(s + 1, '/')) != NULL;) {
        *s = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return rg_err_sys(err, path, errno, "cannot make the folder");
        *s = '/';
    }
    return RG_OK;
}

static void
set_path(struct tree *t, const char *stamp)
{
    const struct set *s = t->set;
    const char *m = t->model->name;

    rg_buf_reset(&t->path);
    rg_buf_printf(&t->path, "%s/results/bench/%s/%s/%s/", rg_buf_text(&t->root), s->name, s->split,
                  m);
    if (stamp)
        rg_buf_printf(&t->path, "%s-%s-%s-%s.json", s->name, s->split, m, stamp);
    else
        rg_buf_puts(&t->path, "result.json");
}

static enum rg_status
write_file(struct tree *t, const struct form *form, struct rg_err *err)
{
    size_t n = form->records < t->n ? form->records : t->n;
    struct rg_buf scratch = {0};
    struct rg_outfile *f;
    enum rg_status status;

    set_path(t, form->stamp);
    status = make_folders(t, t->path.data, err);
    if (status == RG_OK)
        status = rg_outfile_open(&f, rg_buf_text(&t->path), err);
    if (status != RG_OK)
        return status;
    rg_buf_reset(&t->out);
    put_head(t, form, n);
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        put_record(t, form, i, &scratch);
        status = rg_outfile_write(f, t->out.data, t->out.len, err);
        rg_buf_reset(&t->out);
    }
    if (status == RG_OK)
        status = rg_outfile_write(f, "\n  ]\n}\n", 7, err);
    rg_buf_clear(&scratch);
    if (status == RG_OK)
        return rg_outfile_commit(f, err);
    rg_outfile_abandon(f);
    return status;
}

static enum rg_status
write_odd(struct tree *t, size_t m, struct rg_err *err)
{
    static const char cut[] = "{\"demo\": false,";
    const struct form forms[] = {
        {.stamp = "20250901_080000", .zeros = true, .records = SIZE_MAX}, /* older */
        {.stamp = "20261231_235959", .demo = true, .records = MIN_QUESTIONS},
        {.stamp = "20251202_010101", .nulls = true, .records = SIZE_MAX},
        {.stamp = NULL, .records = SIZE_MAX},
        {.stamp = "20251203_010101", .types = true, .records = SIZE_MAX},
    };
    enum { FORMS = sizeof forms / sizeof forms[0] };

    if (m < FORMS)
        return write_file(t, &forms[m], err);
    if (m > FORMS)
        return RG_OK;
    set_path(t, "20270101_000000");
    return rg_outfile_put(rg_buf_text(&t->path), cut, strlen(cut), err);
}

static enum rg_status
write_cell(struct tree *t, size_t d, size_t m, struct rg_err *err)
{
    char stamp[40];
    const struct form form = {.stamp = stamp, .records = SIZE_MAX};
    enum rg_status status;

    snprintf(stamp, sizeof stamp, "202510%02zu_%02zu3000", d + 1, m + 10);
    t->model = &models[m];
    t->rng = rg_rng_new(t->o->seed, d * 1000 + m, STREAM_CELL);
    draw_scores(t, t->share[d][m]);
    draw_costs(t, t->cost[d][m] * (double)t->n / sets[d].questions);
    status = write_file(t, &form, err);
    if (status == RG_OK && t->o->odd && d == 0)
        status = write_odd(t, m, err);
    gsl_rng_free(t->rng);
    return status;
}

static enum rg_status
write_set(struct tree *t, size_t d, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    t->set = &sets[d];
    t->n = (size_t)lround(sets[d].questions * t->o->scale);
    t->n = t->n < MIN_QUESTIONS ? MIN_QUESTIONS : t->n;
    make_questions(t, d);
    t->score = rg_alloc(t->n, sizeof *t->score);
    t->usd = rg_alloc(t->n, sizeof *t->usd);
    for (size_t m = 0; m < MODELS && status == RG_OK; m++)
        if (!isnan(t->share[d][m]) && !isnan(t->cost[d][m]))
            status = write_cell(t, d, m, err);
    free(t->score);
    free(t->usd);
    free_questions(t);
    return status;
}

static enum rg_status
make_root(const char *dir, struct rg_err *err)
{
    struct dirent *e;
    bool empty = true;
    DIR *d;

    if (mkdir(dir, 0777) == 0)
        return RG_OK;
    if (errno != EEXIST)
        return rg_err_sys(err, dir, errno, "cannot make the folder");
    d = opendir(dir);
    if (!d)
        return rg_err_sys(err, dir, errno, "cannot open");
    while ((e = readdir(d)) != NULL)
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    closedir(d);
    return empty ? RG_OK : rg_err_set(err, RG_EUSAGE, "%s: the folder is not empty", dir);
}

enum rg_status
rg_generate_bench(const char *dir, const struct rg_generate_bench_options *o, struct rg_err *err)
{
    struct tree *t;
    enum rg_status status = RG_OK;

    if (!(o->scale > 0 && o->scale <= 1000))
        return rg_err_set(err, RG_EUSAGE, "scale out of range (found %g, expected 0 to 1000)",
                          o->scale);
    t = rg_zalloc(1, sizeof *t);
    t->o = o;
    rg_buf_puts(&t->root, dir);
    if (o->tables)
        status = read_tables(t, err);
    else
        own_tables(t);
    if (status == RG_OK)
        status = make_root(dir, err);
    if (status == RG_OK)
        make_pool(t);
    for (size_t d = 0; d < SETS && status == RG_OK; d++)
        status = write_set(t, d, err);
    rg_buf_clear(&t->root);
    rg_buf_clear(&t->path);
    rg_buf_clear(&t->pool);
    rg_buf_clear(&t->out);
    free(t);
    return status;
}
