/* routergym-sim fit: service-time profiles from recorded latencies. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hint.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "cli/fit_times.h"
#include "stats/fit.h"
#include "stats/table.h"
#include "traces/trace.h"

struct values {
    struct rg_opt_list models;
    const char *memory, *output;
    double level;
    uint64_t seed;
    int format;
};

#define VALUE(member) offsetof(struct values, member)
static const struct rg_opt options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = RG_OPT_LIST,
     .offset = VALUE(models),
     .arg = "NAME",
     .help = "only these models (default: all with a call)"},
    {.name = "memory",
     .kind = RG_OPT_STRING,
     .offset = VALUE(memory),
     .arg = "MODE",
     .help = "only calls recorded under this memory mode (default: all)"},
    {.name = "output",
     .letter = 'o',
     .kind = RG_OPT_STRING,
     .offset = VALUE(output),
     .arg = "FILE",
     .help = "write the profiles to FILE, for run"},
    {.name = "level",
     .kind = RG_OPT_DOUBLE,
     .offset = VALUE(level),
     .arg = "P",
     .help = "confidence of the intervals (default 0.95)",
     .min = 0.5,
     .max = 0.9999},
    {.name = "seed",
     .letter = 's',
     .kind = RG_OPT_U64,
     .offset = VALUE(seed),
     .arg = "N",
     .help = "of the resampling behind the intervals (default 1)"},
    RG_OPT_FORMAT_ROW(struct values, format),
};
#undef VALUE

struct fitted {
    uint32_t model;
    size_t failed; /* calls that gave no answer */
    struct rg_fit fit;
};

struct work {
    struct values v;
    struct rg_trace *trace;
    double *at_s; /* of each call; NULL: no times */
    struct fitted *fits;
    size_t n;
};

static void
work_clear(struct work *w)
{
    free(w->fits);
    free(w->at_s);
    rg_trace_close(w->trace);
    rg_opt_list_clear(&w->v.models);
}

/* ---- fitting ---- */

enum { PROMPT, COMPLETION, LATENCY, TTFT, AT, N_COLUMNS };

static int
by_order(const void *pa, const void *pb)
{
    uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

    return (a > b) - (a < b);
}

/* The answered calls of a model: position in the recording above, index below. */
static uint64_t *
pick(const struct work *w, uint32_t model, size_t *n, size_t *failed)
{
    const struct rg_trace_calls *c = &w->trace->calls;
    uint64_t *picked = rg_alloc(w->trace->n_calls, sizeof *picked);

    *n = *failed = 0;
    for (uint32_t i = 0; i < w->trace->n_calls; i++) {
        if (c->model[i] != model)
            continue;
        if (w->v.memory && strcmp(w->trace->variants[c->variant[i]].memory, w->v.memory) != 0)
            continue;
        if (c->status[i] == RG_CALL_OK || c->status[i] == RG_CALL_INVALID)
            picked[(*n)++] = (uint64_t)c->order[i] << 32 | i;
        else
            ++*failed;
    }
    if (*n > 0)
        qsort(picked, *n, sizeof *picked, by_order);
    return picked;
}

static double
count(int32_t tokens)
{
    return tokens < 0 ? (double)NAN : (double)tokens;
}

static void
fit_model(struct work *w, uint32_t model)
{
    const struct rg_trace_calls *c = &w->trace->calls;
    const struct rg_fit_options options_of = {.level = w->v.level, .seed = w->v.seed};
    struct fitted *f = &w->fits[w->n];
    size_t n;
    uint64_t *picked = pick(w, model, &n, &f->failed);
    double *column[N_COLUMNS];
    struct rg_fit_data data;

    for (int k = 0; k < N_COLUMNS; k++)
        column[k] = rg_alloc(n, sizeof *column[k]);
    for (size_t k = 0; k < n; k++) {
        uint32_t i = (uint32_t)picked[k];

        column[PROMPT][k] = count(c->prompt_tokens[i]);
        column[COMPLETION][k] = count(c->completion_tokens[i]);
        column[LATENCY][k] = c->latency_ms[i];
        column[TTFT][k] = c->ttft_ms[i];
        column[AT][k] = w->at_s ? w->at_s[i] : NAN;
    }
    data = (struct rg_fit_data){n,
                                column[PROMPT],
                                column[COMPLETION],
                                column[LATENCY],
                                column[TTFT],
                                w->at_s ? column[AT] : NULL};
    rg_fit_run(&f->fit, &data, &options_of);
    f->model = model;
    w->n += n + f->failed > 0;
    for (int k = 0; k < N_COLUMNS; k++)
        free(column[k]);
    free(picked);
}

static enum rg_status
unknown_model(const struct work *w, const char *name, struct rg_err *err)
{
    const char **names = rg_alloc(w->trace->n_models, sizeof *names);
    const char *near;

    for (size_t i = 0; i < w->trace->n_models; i++)
        names[i] = w->trace->models[i].name;
    near = rg_hint(name, names, w->trace->n_models);
    free(names);
    return rg_err_set(err, RG_EUSAGE, "--model: %s has no model '%s'%s%s%s", w->trace->path, name,
                      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum rg_status
check_choice(const struct work *w, struct rg_err *err)
{
    const struct rg_trace *t = w->trace;
    bool known = !w->v.memory;

    for (size_t i = 0; i < w->v.models.n; i++)
        if (rg_trace_model_find(t, w->v.models.items[i]) < 0)
            return unknown_model(w, w->v.models.items[i], err);
    for (size_t i = 0; i < t->n_variants && !known; i++)
        known = strcmp(t->variants[i].memory, w->v.memory) == 0;
    if (!known)
        return rg_err_set(err, RG_EUSAGE, "--memory: %s has no call under '%s'", t->path,
                          w->v.memory);
    if (t->n_calls == 0)
        return rg_err_set(err, RG_EINPUT, "%s: nothing to fit: the trace holds no calls", t->path);
    return RG_OK;
}

static bool
wanted(const struct work *w, const char *model)
{
    for (size_t i = 0; i < w->v.models.n; i++)
        if (strcmp(w->v.models.items[i], model) == 0)
            return true;
    return w->v.models.n == 0;
}

static enum rg_status
fit_all(struct work *w, struct rg_err *err)
{
    enum rg_status status = check_choice(w, err);

    if (status == RG_OK)
        status = rg_fit_times(w->trace, &w->at_s, err);
    if (status)
        return status;
    w->fits = rg_zalloc(w->trace->n_models, sizeof *w->fits);
    for (uint32_t m = 0; m < w->trace->n_models; m++)
        if (wanted(w, w->trace->models[m].name))
            fit_model(w, m);
    if (w->n == 0)
        return rg_err_set(err, RG_EUSAGE, "no call of the wanted models meets the conditions");
    return RG_OK;
}

/* ---- words ---- */

/* Why there is no number, or why it is 0; "" for a plain one. */
static void
remark(struct rg_buf *out, const struct rg_fit *f, enum rg_fit_coefficient k)
{
    bool prompt = k == RG_FIT_B || k == RG_FIT_TTFT_B;

    switch (f->terms[k].why) {
    case RG_FIT_FITTED:
        break;
    case RG_FIT_AT_ZERO:
        rg_buf_puts(out, "came out negative, set to 0");
        break;
    case RG_FIT_TOO_FEW:
        rg_buf_printf(out, "not fitted: %zu usable calls (%d needed)", f->n, RG_FIT_MIN);
        break;
    case RG_FIT_NOT_RECORDED:
        rg_buf_printf(out, "not recorded: %s tokens", prompt ? "prompt" : "completion");
        break;
    case RG_FIT_CONSTANT:
        rg_buf_puts(out, "not identifiable: constant prompt tokens");
        break;
    case RG_FIT_LITTLE:
        rg_buf_printf(out, "not identifiable: CV of completions %.2f < 0.2", f->cv_completion);
        break;
    case RG_FIT_COLLINEAR:
        rg_buf_puts(out, "not identifiable: collinear with the others");
        break;
    case RG_FIT_STEADY:
        rg_buf_printf(out, "not identifiable: CV of the load %.2f <= 0.3", f->cv_load);
        break;
    case RG_FIT_NO_GAIN:
        rg_buf_puts(out, "left out: does not improve the fit");
        break;
    }
}

/* Terms that concern a fit: d only with times, those of two parts only where there are. */
static bool
concerns(const struct rg_fit *f, enum rg_fit_coefficient k)
{
    if (k == RG_FIT_D)
        return f->timed && f->terms[k].why != RG_FIT_NOT_RECORDED;
    return k < RG_FIT_D || f->model.two_part;
}

static size_t
dropped(const struct rg_fit *f)
{
    return f->dropped_latency + f->dropped_tokens + f->dropped_ttft;
}

/* ---- tables ---- */

/* A coefficient for people: the number with its interval, or why there is none. */
static void
describe(struct rg_buf *out, const struct rg_fit *f, enum rg_fit_coefficient k)
{
    const struct rg_estimate *e = &f->terms[k].est;
    struct rg_buf why = {0};

    remark(&why, f, k);
    if (!isnan(e->value))
        rg_buf_printf(out, "%.4g [%.4g, %.4g]%s", e->value, e->lo, e->hi, why.len ? ": " : "");
    rg_buf_puts(out, rg_buf_text(&why));
    rg_buf_clear(&why);
}

static struct rg_table *
coefficient_table(const struct work *w)
{
    enum { MODEL, TERM, ESTIMATE };
    struct rg_table *t = rg_table_new("Service times: latency = a + b * prompt tokens + c * "
                                      "completion tokens");
    struct rg_buf text = {0};

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "coefficient", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "estimate", NULL, RG_COL_TEXT, 0, false);
    for (size_t i = 0; i < w->n; i++) {
        const struct rg_fit *f = &w->fits[i].fit;

        for (int c = 0; c < (rg_fit_done(f) ? RG_FIT_N : 1); c++) {
            enum rg_fit_coefficient k = (enum rg_fit_coefficient)c;

            if (!concerns(f, k))
                continue;
            rg_table_row(t);
            rg_table_text(t, MODEL, w->trace->models[w->fits[i].model].name);
            rg_buf_reset(&text);
            rg_buf_printf(&text, "%s (%s)", rg_fit_name(k), rg_fit_unit(k));
            if (rg_fit_done(f))
                rg_table_text(t, TERM, rg_buf_text(&text));
            rg_buf_reset(&text);
            describe(&text, f, k);
            rg_table_text(t, ESTIMATE, rg_buf_text(&text));
        }
    }
    rg_buf_clear(&text);
    return t;
}

/* One row a model, for people in percent, for programs as fractions. */
static size_t
quality_columns(struct rg_table *t, bool people)
{
    static const struct {
        const char *name, *head;
        enum rg_col_kind kind;
    } columns[] = {
        {"held_out", "held out", RG_COL_INTEGER},
        {"mape", "MAPE %", RG_COL_NUMBER},
        {"median_ape", "median APE %", RG_COL_NUMBER},
        {"bias", "bias %", RG_COL_NUMBER},
        {"p50_error", "p50 error %", RG_COL_ESTIMATE},
        {"p90_error", "p90 error %", RG_COL_ESTIMATE},
        {"p99_error", "p99 error %", RG_COL_ESTIMATE},
        {"ks", "KS", RG_COL_NUMBER},
        {"r", "r", RG_COL_NUMBER},
        {"r2", "R2", RG_COL_NUMBER},
        {"grade", "grade", RG_COL_TEXT},
    };
    size_t first = rg_table_columns(t);

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        rg_table_column(t, columns[i].name, people ? columns[i].head : NULL, columns[i].kind,
                        i < 7 ? 1 : 3, false);
    return first;
}

static void
put_quality(struct rg_table *t, size_t at, const struct rg_fit *f, double scale)
{
    const struct rg_fit_quality *q = &f->held_out;
    const struct rg_estimate *quantiles[] = {&q->p50, &q->p90, &q->p99};

    rg_table_integer(t, at, (int64_t)q->n);
    rg_table_text(t, at + 10, rg_fit_grade_name(f->grade));
    if (q->n == 0)
        return;
    rg_table_number(t, at + 1, scale * q->mape);
    rg_table_number(t, at + 2, scale * q->median_ape);
    rg_table_number(t, at + 3, scale * q->bias);
    for (size_t k = 0; k < 3; k++)
        rg_table_estimate(t, at + 4 + k, scale * quantiles[k]->value, scale * quantiles[k]->lo,
                          scale * quantiles[k]->hi);
    rg_table_number(t, at + 7, q->ks);
    if (!isnan(q->r))
        rg_table_number(t, at + 8, q->r);
    if (!isnan(q->r2))
        rg_table_number(t, at + 9, q->r2);
}

static size_t
count_columns(struct rg_table *t, bool people)
{
    static const char *const names[] = {"n", "failed", "dropped"};
    static const char *const heads[] = {"calls used", "failed", "dropped"};
    size_t first = rg_table_columns(t);

    for (size_t i = 0; i < 3; i++)
        rg_table_column(t, names[i], people ? heads[i] : NULL, RG_COL_INTEGER, 0, false);
    return first;
}

static void
put_counts(struct rg_table *t, size_t at, const struct fitted *f)
{
    rg_table_integer(t, at, (int64_t)f->fit.n);
    rg_table_integer(t, at + 1, (int64_t)f->failed);
    rg_table_integer(t, at + 2, (int64_t)dropped(&f->fit));
}

static struct rg_table *
quality_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("Quality: the last fifth of the calls against a fit of the "
                                      "others");
    size_t counts, quality;

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    counts = count_columns(t, true);
    quality = quality_columns(t, true);
    for (size_t i = 0; i < w->n; i++) {
        rg_table_row(t);
        rg_table_text(t, 0, w->trace->models[w->fits[i].model].name);
        put_counts(t, counts, &w->fits[i]);
        put_quality(t, quality, &w->fits[i].fit, 100);
    }
    return t;
}

static const char *const term_columns[RG_FIT_N] = {
    "a_ms",      "b_ms_per_token",      "c_ms_per_token",  "d_ms_per_token_context",
    "ttft_a_ms", "ttft_b_ms_per_token", "itl_ms_per_token"};

/* One wide table for programs. */
static struct rg_table *
data_table(const struct work *w)
{
    struct rg_table *t = rg_table_new("fit");
    struct rg_buf text = {0};
    size_t counts, terms, quality;

    rg_table_column(t, "model", NULL, RG_COL_TEXT, 0, true);
    counts = count_columns(t, false);
    terms = rg_table_columns(t);
    for (size_t k = 0; k < RG_FIT_N; k++) {
        rg_buf_reset(&text);
        rg_buf_printf(&text, "%s_remark", rg_fit_name((enum rg_fit_coefficient)k));
        rg_table_column(t, term_columns[k], NULL, RG_COL_ESTIMATE, -1, false);
        rg_table_column(t, rg_buf_text(&text), NULL, RG_COL_TEXT, 0, false);
    }
    rg_table_column(t, "sigma", NULL, RG_COL_NUMBER, 3, false);
    quality = quality_columns(t, false);
    for (size_t i = 0; i < w->n; i++) {
        const struct rg_fit *f = &w->fits[i].fit;

        rg_table_row(t);
        rg_table_text(t, 0, w->trace->models[w->fits[i].model].name);
        put_counts(t, counts, &w->fits[i]);
        for (size_t k = 0; k < RG_FIT_N; k++) {
            const struct rg_estimate *e = &f->terms[k].est;

            if (!isnan(e->value))
                rg_table_estimate(t, terms + 2 * k, e->value, e->lo, e->hi);
            rg_buf_reset(&text);
            if (!rg_fit_done(f) || concerns(f, (enum rg_fit_coefficient)k))
                remark(&text, f, (enum rg_fit_coefficient)k);
            if (text.len > 0)
                rg_table_text(t, terms + 2 * k + 1, rg_buf_text(&text));
        }
        if (rg_fit_done(f))
            rg_table_number(t, quality - 1, f->noise.sigma);
        put_quality(t, quality, f, 1);
    }
    rg_buf_clear(&text);
    return t;
}

static void
dropped_notes(const struct work *w, struct rg_table *t)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct rg_fit *f = &w->fits[i].fit;

        if (dropped(f) > 0)
            rg_table_note(t,
                          "%s: dropped %zu calls without a latency above 0, %zu without token "
                          "counts, %zu without a time to the first token.",
                          w->trace->models[w->fits[i].model].name, f->dropped_latency,
                          f->dropped_tokens, f->dropped_ttft);
    }
}

static void
notes(const struct work *w, struct rg_table *t)
{
    bool two_part = false, timed = false;
    size_t resamples = 0;

    for (size_t i = 0; i < w->n; i++) {
        const struct rg_fit *f = &w->fits[i].fit;

        two_part = two_part || f->model.two_part;
        timed = timed || f->timed;
        if (rg_fit_done(f) && (resamples == 0 || f->resamples < resamples))
            resamples = f->resamples;
    }
    dropped_notes(w, t);
    if (two_part)
        rg_table_note(t, "TTFT = ttft_a + ttft_b * prompt tokens; each further token takes itl; "
                         "a = ttft_a - itl, b = ttft_b, c = itl.");
    rg_table_note(t,
                  "Coefficients are of the median latency, from all calls used (robust regression "
                  "on relative residuals, none below 0), with %g %% intervals from at least %zu "
                  "resamples (seed %" PRIu64 ").",
                  100 * w->v.level, resamples, w->v.seed);
    rg_table_note(t,
                  "Held out by %s. r is given where completion tokens vary (CV >= 0.2), R2 "
                  "where latencies do (CV > 0.3); the grade counts r where it is given and p99 "
                  "from 100 calls held out.",
                  timed ? "arrival time" : "order of the recording");
    rg_table_note(t, "Recorded latencies hold the queueing of their recording: a profile is good "
                     "for loads up to that one.");
    if (w->trace->synthetic)
        rg_table_note(t, "The trace is synthetic: no evidence about real models.");
    rg_table_note(t, "Trace %s, digest %s, routergym-sim " PACKAGE_VERSION ".", w->trace->path,
                  w->trace->digest);
}

static void
print(const struct work *w)
{
    bool people = w->v.format != RG_CSV && w->v.format != RG_JSON;
    struct rg_table *tables[2];
    struct rg_buf out = {0};
    size_t n = 0;

    if (people)
        tables[n++] = coefficient_table(w);
    tables[n++] = people ? quality_table(w) : data_table(w);
    notes(w, tables[n - 1]);
    rg_tables_print(tables, n, (enum rg_format)w->v.format, rg_cli_width(), &out);
    rg_cli_out(&out);
    rg_buf_clear(&out);
    while (n > 0)
        rg_table_free(tables[--n]);
}

/* ---- the profiles ---- */

static void
put_member(struct rg_buf *out, const char *key, double x)
{
    rg_buf_printf(out, ", \"%s\": ", key);
    rg_json_put_number(out, x);
}

/* Where the numbers come from, with what they do not say. */
static void
put_source(struct rg_buf *out, const struct work *w, const struct fitted *f)
{
    struct rg_buf text = {0}, why = {0};

    rg_buf_printf(&text, "fitted to %s%s, digest %s, %zu calls",
                  w->trace->synthetic ? "synthetic " : "", w->trace->path, w->trace->digest,
                  f->fit.n);
    if (w->v.memory)
        rg_buf_printf(&text, " under memory %s", w->v.memory);
    for (int c = 0; c < RG_FIT_ITL; c++) {
        enum rg_fit_coefficient k = (enum rg_fit_coefficient)c;

        rg_buf_reset(&why);
        /* b says it for ttft_b */
        if (concerns(&f->fit, k) && k != RG_FIT_TTFT_B)
            remark(&why, &f->fit, k);
        if (why.len > 0)
            rg_buf_printf(&text, "; %s %s", rg_fit_name(k), rg_buf_text(&why));
    }
    rg_buf_printf(&text, "; sigma of log noise %.3g; grade %s (MAPE %.1f %%)", f->fit.noise.sigma,
                  rg_fit_grade_name(f->fit.grade), 100 * f->fit.held_out.mape);
    rg_json_put_string(out, rg_buf_text(&text), text.len);
    rg_buf_clear(&why);
    rg_buf_clear(&text);
}

static void
put_profile(struct rg_buf *out, const struct work *w, const struct fitted *f)
{
    const struct rg_fit_model *m = &f->fit.model;
    const char *name = w->trace->models[f->model].name;

    rg_buf_puts(out, "{\"profile\": 1, \"name\": ");
    rg_json_put_string(out, name, strlen(name));
    rg_buf_puts(out, ",\n \"source\": ");
    put_source(out, w, f);
    rg_buf_puts(out, ",\n \"kind\": \"tokens\"");
    /* With a first token faster than the others, a would be below 0 and a profile refused. */
    put_member(out, "a_ms", fmax(m->a, 0));
    put_member(out, "b_ms_per_token", m->b);
    put_member(out, "c_ms_per_token", m->c);
    if (m->d > 0)
        put_member(out, "d_ms_per_token_context", m->d);
    if (m->two_part) {
        put_member(out, "ttft_a_ms", m->ttft_a);
        put_member(out, "ttft_b_ms_per_token", m->ttft_b);
    }
    rg_buf_puts(out, ",\n \"noise\": {\"kind\": \"residuals\"");
    rg_buf_puts(out, ",\n  \"residuals\": [");
    for (int k = 0; k < RG_FIT_QUANTILES; k++) {
        if (k > 0)
            rg_buf_puts(out, k % 5 == 0 ? ",\n   " : ", ");
        rg_json_put_number(out, f->fit.noise.quantiles[k]);
    }
    rg_buf_puts(out, "]}}");
}

static enum rg_status
write_profiles(const struct work *w, struct rg_err *err)
{
    struct rg_buf text = {0};
    struct rg_outfile *file = NULL;
    size_t done = 0;
    enum rg_status status;

    rg_buf_puts(&text, "[");
    for (size_t i = 0; i < w->n; i++) {
        if (!rg_fit_done(&w->fits[i].fit)) {
            rg_cli_say("no profile of %s: %zu usable calls, at least %d needed",
                       w->trace->models[w->fits[i].model].name, w->fits[i].fit.n, RG_FIT_MIN);
            continue;
        }
        rg_buf_puts(&text, done++ > 0 ? ",\n" : "");
        put_profile(&text, w, &w->fits[i]);
    }
    rg_buf_puts(&text, "]\n");
    if (done == 0)
        status = rg_err_set(err, RG_EINPUT,
                            "%s: no model has enough calls with a latency: no "
                            "profile written",
                            w->trace->path);
    else
        status = rg_outfile_open(&file, w->v.output, err);
    if (status == RG_OK) {
        status = rg_outfile_write(file, text.data, text.len, err);
        if (status == RG_OK)
            status = rg_outfile_commit(file, err);
        else
            rg_outfile_abandon(file);
    }
    rg_buf_clear(&text);
    return status;
}

/* ---- the command ---- */

static int
fit(struct work *w, const char *path)
{
    struct rg_err err;
    enum rg_status status = RG_OK;
    struct stat in, out;

    if (w->v.output && stat(path, &in) == 0 && stat(w->v.output, &out) == 0 &&
        S_ISREG(out.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        status = rg_err_set(&err, RG_EUSAGE, "%s: read and written at once", path);
    if (status == RG_OK)
        status = rg_cli_trace(&w->trace, path, &err);
    if (status == RG_OK)
        status = fit_all(w, &err);
    if (status == RG_OK && w->v.output)
        status = write_profiles(w, &err);
    if (status)
        return rg_cli_fail(&err);
    if (!w->v.output || strcmp(w->v.output, "-") != 0)
        print(w);
    return 0;
}

static int
run(int argc, char **argv)
{
    struct work w = {.v = {.level = 0.95, .seed = 1}};
    char **args;
    size_t n_args;
    int status = rg_options_parse(&rg_cmd_fit, argc, argv, &w.v, &args, &n_args);

    if (status < 0)
        status = fit(&w, args[0]);
    work_clear(&w);
    return status;
}

const struct rg_command rg_cmd_fit = {
    .name = "fit",
    .usage = "[OPTIONS] TRACE",
    .brief = "estimate service times from recorded latencies",
    .opts = options,
    .n_opts = sizeof options / sizeof *options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
