#include <assert.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "traces/gen_tickets.h"
#include "traces/generate.h"

/* Streams, with what the replication number counts. Never renumber: bundled traces depend on it. Of
 * six beginnings tried, this one gives a default trace whose means all lie near their expectations.
 */
enum {
    STREAM_BLOCK = RG_PURPOSE_GENERATE + 151, /* blocks of tickets */
    STREAM_TICKET,                            /* tickets */
    STREAM_OUTER,                             /* (ticket, model) */
    STREAM_VARIANT,                           /* (ticket, model, memory, contract) */
    STREAM_SAMPLE,                            /* (ticket, model, memory, contract, sample) */
};

const struct rg_generator rg_generators[] = {
    {"tickets", "support tickets in 8 categories, answered by 5 models under 8 variants"},
    {"llmrouterbench", "a folder of result files of 13 models on 10 datasets"},
};
const size_t rg_n_generators = sizeof(rg_generators) / sizeof(rg_generators[0]);

/* ---- parameters of tickets and variants ---- */

static const double difficulty_sd = 1.2, fit_sd = 0.5; /* logit scale; fit is of model to ticket */
static const double long_share = 0.10, security_share = 0.05, pii_share = 0.06, outage_share = 0.05;
static const double weak_share = 0.04; /* tickets that the search finds hardly anything for */

/* What a memory mode adds to the ability, relative to dynamic; and what plain text does. */
static const double memory_gain[2][RG_TICKETS_MEMORIES] = {
    {-0.45, -0.30, 0, -0.15}, /* slm */
    {-0.27, -0.18, 0, -0.09}, /* llm */
};
static const double plain_gain[2] = {0.10, 0};

/* Reference tokens of a prompt besides the ticket: system text, contract, memory (mean and sd). */
static const double prompt_base = 357, prompt_contract = 110;
static const double memory_tok[RG_TICKETS_MEMORIES][2] = {{0, 0}, {200, 0}, {350, 40}, {150, 25}};

/* What the answer's grade, the category and the steps contribute to the score; grader's noise. */
static const double weight_grade = 0.45, weight_label = 0.20, weight_steps = 0.35;
static const double grader_sd = 0.05;
static const unsigned steps_wanted = 3;

static const struct {
    double grade, steps;
} content_score[] = {
    [RG_TICKETS_RIGHT] = {1, 0},       [RG_TICKETS_WRONG] = {0.25, 0.30},
    [RG_TICKETS_VAGUE] = {0.45, 0.20}, [RG_TICKETS_REFUSAL] = {0, 0},
    [RG_TICKETS_SHORT] = {0.15, 0},
};
static const double form_penalty[RG_TICKETS_FORMS] = {
    [RG_TICKETS_MISTYPED] = 0.03,  [RG_TICKETS_INCOMPLETE] = 0.08, [RG_TICKETS_NEAR] = 0.12,
    [RG_TICKETS_TRUNCATED] = 0.25, [RG_TICKETS_PLAIN] = 0.10,
};

/* Chances of the redraws of quality: per variant, per sample. */
static const double quality_by_variant = 0.3, quality_by_sample = 0.25;

/* The two categories that each one is taken for most often. */
static const unsigned char confused[RG_TICKETS_CATEGORIES][2] = {
    {1, 7}, {0, 7}, {5, 4}, {6, 7}, {2, 5}, {3, 2}, {3, 5}, {0, 3},
};

/* ---- state ---- */

struct ticket {
    uint64_t index;
    unsigned category;
    const struct rg_tickets_topic *topic;
    double difficulty;
    double memory_tok[RG_TICKETS_MEMORIES];
    size_t chars;      /* code points of the text */
    double misleading; /* uniform: which way most wrong answers go */
    bool security, pii, outage, weak;
    struct rg_tickets_fill fill;
    struct rg_buf id, thing, text;
    unsigned classifier_label;
    double confidence, retrieval;
};

struct generator {
    const struct rg_generate_tickets_options *o;
    unsigned char block[RG_TICKETS_BLOCK]; /* categories of the current block */
    struct ticket ticket;
    struct rg_buf answer; /* text of one call */
    struct rg_buf out;    /* lines not yet written */
};

/* One call before it is written down. */
struct call {
    unsigned model, memory;
    bool contract;
    uint64_t sample;
    enum rg_call_status status;
    unsigned prompt_tokens, completion_tokens;
    double latency_ms, ttft_ms, score;
};

/* ---- numbers ---- */

static double
normal(gsl_rng *rng)
{
    return gsl_cdf_ugaussian_Pinv(rg_rng_unit(rng) + 0x1p-54); /* never 0 */
}

/* A positive factor with mean 1. */
static double
lognormal(gsl_rng *rng, double cv)
{
    double var = log1p(cv * cv);

    return exp(sqrt(var) * normal(rng) - var / 2);
}

static double
logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static double
round_to(double x, double per_unit)
{
    return round(x * per_unit) / per_unit + 0.0; /* no negative zero */
}

static double
clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static const char *
draw_phrase(gsl_rng *rng, enum rg_tickets_pool pool)
{
    return rg_tickets_phrase(pool, rg_rng_below(rng, rg_tickets_pool_size(pool)));
}

/* Another category than the given one: mostly one that it is often taken for. */
static unsigned
mistake(unsigned category, double u)
{
    if (u < 0.75)
        return confused[category][u < 0.45 ? 0 : 1];
    return (category + 1 + (unsigned)((u - 0.75) * 4 * (RG_TICKETS_CATEGORIES - 1))) %
           RG_TICKETS_CATEGORIES;
}

/* ---- tickets ---- */

static unsigned
category_of(struct generator *g, uint64_t index)
{
    if (index % RG_TICKETS_BLOCK == 0) {
        gsl_rng *rng = rg_rng_new(g->o->seed, index / RG_TICKETS_BLOCK, STREAM_BLOCK);
        uint32_t order[RG_TICKETS_BLOCK];
        unsigned n = 0;

        for (uint32_t i = 0; i < RG_TICKETS_BLOCK; i++)
            order[i] = i;
        rg_rng_shuffle(rng, order, RG_TICKETS_BLOCK);
        for (unsigned c = 0; c < RG_TICKETS_CATEGORIES; c++)
            for (unsigned k = 0; k < rg_tickets_share[c]; k++)
                g->block[order[n++]] = (unsigned char)c;
        assert(n == RG_TICKETS_BLOCK);
        gsl_rng_free(rng);
    }
    return g->block[index % RG_TICKETS_BLOCK];
}

static void
add_sentence(struct ticket *t, const char *text)
{
    if (t->text.len)
        rg_buf_putc(&t->text, ' ');
    rg_tickets_expand(&t->text, text, &t->fill);
}

static void
write_ticket(struct ticket *t, gsl_rng *rng)
{
    bool is_long = rg_rng_unit(rng) < long_share;

    rg_buf_reset(&t->text);
    if (rg_rng_unit(rng) < 0.4)
        add_sentence(t, draw_phrase(rng, RG_POOL_GREETING));
    add_sentence(t, t->topic->leads[rg_rng_below(rng, 4)]);
    if (is_long)
        for (size_t i = rg_rng_below(rng, 3), n = i + 4; i < n; i++)
            add_sentence(t, rg_tickets_phrase(RG_POOL_CONTEXT, i));
    if (is_long || rg_rng_unit(rng) < 0.6)
        add_sentence(t, t->topic->details[rg_rng_below(rng, 3)]);
    if (rg_rng_unit(rng) < 0.3)
        add_sentence(t, draw_phrase(rng, RG_POOL_TRIED));
    if (t->security)
        add_sentence(t, draw_phrase(rng, RG_POOL_SECURITY));
    if (t->outage)
        add_sentence(t, draw_phrase(rng, RG_POOL_OUTAGE));
    if (t->pii)
        add_sentence(t, draw_phrase(rng, RG_POOL_PII));
    if (rg_rng_unit(rng) < 0.35)
        add_sentence(t, draw_phrase(rng, RG_POOL_IMPACT));
    if (rg_rng_unit(rng) < 0.3)
        add_sentence(t, draw_phrase(rng, RG_POOL_THANKS));
    t->chars = rg_utf8_count(t->text.data, t->text.len);
    t->difficulty += is_long ? 0.3 : 0;
}

/* The classifier's confidence is its chance of being right: it is calibrated by construction. */
static void
classify(struct ticket *t, gsl_rng *rng)
{
    double conf = logistic(2.20 - 0.60 * t->difficulty + 1.0 * normal(rng));
    bool right;

    t->confidence = round_to(clamp(conf, 0.25, 0.99), 100);
    right = rg_rng_unit(rng) < t->confidence;
    t->classifier_label = right ? t->category : mistake(t->category, rg_rng_unit(rng));
    t->misleading = rg_rng_unit(rng);
    t->weak = rg_rng_unit(rng) < weak_share;
    t->retrieval = t->weak ? 0.01 + 0.08 * rg_rng_unit(rng)
                           : 7.5 * exp(0.3 * normal(rng) - 0.1 * t->difficulty);
    t->retrieval = round_to(t->retrieval, 100);
    for (unsigned m = 0; m < RG_TICKETS_MEMORIES; m++)
        t->memory_tok[m] = memory_tok[m][0] + memory_tok[m][1] * clamp(normal(rng), -3, 3);
}

static void
draw_ticket(struct generator *g, uint64_t index)
{
    struct ticket *t = &g->ticket;
    gsl_rng *rng = rg_rng_new(g->o->seed, index, STREAM_TICKET);

    t->index = index;
    t->category = category_of(g, index);
    t->topic = &rg_tickets_topics[t->category * RG_TICKETS_TOPICS_EACH +
                                  rg_rng_below(rng, RG_TICKETS_TOPICS_EACH)];
    t->security = rg_rng_unit(rng) < security_share;
    t->pii = rg_rng_unit(rng) < pii_share;
    t->outage = rg_rng_unit(rng) < outage_share;
    t->difficulty = difficulty_sd * normal(rng) + 0.5 * t->security + 0.3 * t->outage;
    t->fill = (struct rg_tickets_fill){.when = draw_phrase(rng, RG_POOL_WHEN),
                                       .since = draw_phrase(rng, RG_POOL_SINCE),
                                       .place = draw_phrase(rng, RG_POOL_PLACE),
                                       .number = 11 + (unsigned)rg_rng_below(rng, 79)};
    rg_buf_reset(&t->thing);
    rg_buf_putc(&t->thing, ' '); /* not at the beginning of a sentence */
    rg_tickets_expand(&t->thing, t->topic->things[rg_rng_below(rng, 5)], &t->fill);
    t->fill.thing = t->thing.data + 1;
    rg_buf_reset(&t->id);
    rg_buf_printf(&t->id, "T%04llu", (unsigned long long)index + 1);
    write_ticket(t, rng);
    t->difficulty = round_to(t->difficulty, 100);
    classify(t, rng);
    gsl_rng_free(rng);
}

/* ---- calls ---- */

/* Tokens of a text under a model's tokenizer: a quarter of its characters, up to 6 percent more or
 * less by a hash (FNV-1a) of both, so that equal answers have equal counts. */
static unsigned
count_tokens(const struct rg_buf *text, unsigned model)
{
    uint64_t h = 0xcbf29ce484222325u ^ model;
    double quarter = ceil((double)rg_utf8_count(text->data, text->len) / 4);

    for (size_t i = 0; i < text->len; i++)
        h = (h ^ (unsigned char)text->data[i]) * 0x100000001b3u;
    return (unsigned)fmax(1, round(quarter * (0.94 + 0.12 * (double)(h >> 40) * 0x1p-24)));
}

/* A call that failed: a placeholder of the client would be no answer, so there is no text. */
static void
draw_failure(struct call *c, double u, gsl_rng *rng)
{
    const struct rg_tickets_model *m = &rg_tickets_models[c->model];
    double z = normal(rng);

    c->status = RG_CALL_OK;
    if (u < m->error) {
        c->status = RG_CALL_ERROR;
        c->latency_ms = round(180 * exp(0.6 * z));
    } else if (u < m->error + m->timeout) {
        c->status = RG_CALL_TIMEOUT;
        c->latency_ms = 30000 + round(20 * fabs(z));
    } else if (u < m->error + m->timeout + m->rate_limited) {
        c->status = RG_CALL_RATE_LIMITED;
        c->latency_ms = round(45 * exp(0.4 * z));
    }
}

static enum rg_tickets_form
draw_form(const struct rg_tickets_model *m, bool contract, const struct rg_tickets_dice *dice)
{
    double u = rg_tickets_draw(dice, 0.5, 0.6);

    if (!contract)
        return u < m->json_anyway ? RG_TICKETS_CLEAN : RG_TICKETS_PLAIN;
    for (int f = 1; f < RG_TICKETS_FORMS; f++) {
        if (u < m->form[f])
            return (enum rg_tickets_form)f;
        u -= m->form[f];
    }
    return RG_TICKETS_CLEAN;
}

static enum rg_tickets_content
bad_content(double u)
{
    if (u < 0.60)
        return RG_TICKETS_WRONG;
    if (u < 0.88)
        return RG_TICKETS_VAGUE;
    return u < 0.93 ? RG_TICKETS_REFUSAL : RG_TICKETS_SHORT;
}

/* The article that a wrong answer follows: one of the predicted category, never the right one. */
static const struct rg_tickets_topic *
wrong_topic(const struct ticket *t, unsigned predicted, double u)
{
    unsigned own = (unsigned)(t->topic - rg_tickets_topics) % RG_TICKETS_TOPICS_EACH;
    unsigned k = predicted == t->category ? (own + 1 + (u < 0.5)) % RG_TICKETS_TOPICS_EACH
                                          : (unsigned)(u * RG_TICKETS_TOPICS_EACH);

    return &rg_tickets_topics[predicted * RG_TICKETS_TOPICS_EACH + k];
}

/* Decide what the answer says. Returns the predicted category. */
static unsigned
draw_quality(const struct ticket *t, const struct call *c, struct rg_tickets_answer *a,
             const struct rg_tickets_dice *dice)
{
    const struct rg_tickets_model *m = &rg_tickets_models[c->model];
    unsigned llm = m->tier == RG_TIER_LLM;
    double x = m->ability + memory_gain[llm][c->memory] + (c->contract ? 0 : plain_gain[llm]) -
               t->difficulty + fit_sd * normal(dice->outer);
    double u[5];
    unsigned predicted = t->category;
    bool good;

    for (int i = 0; i < 5; i++)
        u[i] = rg_tickets_draw(dice, quality_by_variant, quality_by_sample);
    good = u[0] < logistic(x);
    if (u[u[1] < 0.5 ? 0 : 2] >= logistic(x + m->label_shift))
        predicted = mistake(t->category, u[3] < 0.8 ? t->misleading : (u[3] - 0.8) * 5);
    a->content = good ? RG_TICKETS_RIGHT : bad_content(u[4]);
    a->topic = good ? t->topic : wrong_topic(t, predicted, t->misleading);
    a->caution = good && t->security;
    a->category = rg_tickets_categories[predicted];
    return predicted;
}

static void
draw_flags(const struct ticket *t, struct rg_tickets_answer *a, const struct rg_tickets_dice *dice)
{
    bool good = a->content == RG_TICKETS_RIGHT, llm = a->model->tier == RG_TIER_LLM;
    double human = t->security || t->outage ? (good ? 0.9 : 0.4) : t->pii ? 0.3 : 0.04;
    double doubt = (good ? 0.04 : 0.35) * (llm ? 0.4 : 1);

    a->needs_human = rg_tickets_draw(dice, 0.2, 0.2) < human;
    a->needs_llm = rg_tickets_draw(dice, 0.2, 0.2) < doubt;
    a->policy_gap = rg_tickets_draw(dice, 0.2, 0.2) < (t->weak ? 0.6 : 0.03);
}

static double
score_of(const struct rg_tickets_answer *a, bool label, unsigned right_steps, double noise)
{
    double covered = content_score[a->content].steps;
    double s;

    if (a->content == RG_TICKETS_RIGHT)
        covered = fmin(right_steps, steps_wanted) / steps_wanted;
    s = weight_grade * content_score[a->content].grade + weight_label * label +
        weight_steps * covered;
    if (a->contract)
        s -= form_penalty[a->form];
    return round_to(clamp(s + noise, 0, 1), 100);
}

static void
draw_answer(struct generator *g, struct call *c, const struct rg_tickets_dice *dice)
{
    const struct ticket *t = &g->ticket;
    const struct rg_tickets_model *m = &rg_tickets_models[c->model];
    double noise = grader_sd * normal(dice->sample);
    double slow = lognormal(dice->sample, m->cv);
    struct rg_tickets_answer a = {.model = m,
                                  .contract = c->contract,
                                  .memory = c->memory != RG_TICKETS_NONE,
                                  .thing = t->fill.thing};
    unsigned predicted = draw_quality(t, c, &a, dice);
    unsigned steps;

    a.form = draw_form(m, c->contract, dice);
    draw_flags(t, &a, dice);
    steps = rg_tickets_write(&g->answer, &a, dice);
    c->score = score_of(&a, predicted == t->category, steps, noise);
    c->completion_tokens = count_tokens(&g->answer, c->model);
    c->ttft_ms = round(slow * (m->base_ms + m->per_prompt_ms * c->prompt_tokens));
    c->latency_ms = c->ttft_ms + round(slow * m->per_completion_ms * c->completion_tokens);
}

static void
draw_call(struct generator *g, struct call *c)
{
    const struct ticket *t = &g->ticket;
    uint64_t outer = t->index * RG_TICKETS_MODELS + c->model;
    uint64_t variant = (outer * RG_TICKETS_MEMORIES + c->memory) * 2 + c->contract;
    struct rg_tickets_dice dice = {
        rg_rng_new(g->o->seed, outer, STREAM_OUTER),
        rg_rng_new(g->o->seed, variant, STREAM_VARIANT),
        rg_rng_new(g->o->seed, variant * RG_GENERATE_MAX_SAMPLES + c->sample, STREAM_SAMPLE),
    };
    double tok = prompt_base + ceil((double)t->chars / 4) + t->memory_tok[c->memory] +
                 (c->contract ? prompt_contract : 0);
    double u = rg_rng_unit(dice.sample);

    c->prompt_tokens = (unsigned)round(tok * rg_tickets_models[c->model].prompt_ratio);
    draw_failure(c, u, dice.sample);
    if (c->status == RG_CALL_OK)
        draw_answer(g, c, &dice);
    gsl_rng_free(dice.outer);
    gsl_rng_free(dice.variant);
    gsl_rng_free(dice.sample);
}

/* ---- lines ---- */

static void
put_string(struct rg_buf *out, const char *key, const char *s)
{
    rg_buf_printf(out, ",\"%s\":", key);
    rg_json_put_string(out, s, strlen(s));
}

static void
put_number(struct rg_buf *out, const char *key, double x)
{
    rg_buf_printf(out, ",\"%s\":", key);
    rg_json_put_number(out, x);
}

static void
put_bool(struct rg_buf *out, const char *key, bool truth)
{
    rg_buf_printf(out, ",\"%s\":%s", key, truth ? "true" : "false");
}

static void
put_head(struct rg_buf *out, const struct rg_generate_tickets_options *o)
{
    rg_buf_puts(out, "{\"type\":\"trace\",\"version\":1,\"synthetic\":true,\"meta\":{");
    rg_buf_puts(out, "\"generator\":\"routergym-sim generate tickets\",\"generator_model\":\"1\"");
    rg_buf_printf(out, ",\"samples\":\"%llu\",\"seed\":\"%llu\"", (unsigned long long)o->samples,
                  (unsigned long long)o->seed);
    rg_buf_puts(out, ",\"statement\":\"synthetic: for demonstration and scale tests, no evidence "
                     "about real models\"");
    rg_buf_printf(out, ",\"tickets\":\"%llu\"}}\n", (unsigned long long)o->tickets);
    for (unsigned m = 0; m < RG_TICKETS_MODELS; m++) {
        const struct rg_tickets_model *p = &rg_tickets_models[m];

        rg_buf_puts(out, "{\"type\":\"model\"");
        put_string(out, "name", p->name);
        put_string(out, "tier", rg_tier_name(p->tier));
        put_number(out, "input_usd_per_mtok", p->usd_per_mtok);
        put_number(out, "output_usd_per_mtok", p->usd_per_mtok);
        rg_buf_puts(out, "}\n");
    }
    for (unsigned k = 0; k < RG_TICKETS_TOPICS; k++) {
        rg_buf_puts(out, "{\"type\":\"kb\"");
        put_string(out, "id", rg_tickets_topics[k].id);
        put_string(out, "title", rg_tickets_topics[k].title);
        put_string(out, "text", rg_tickets_topics[k].text);
        rg_buf_puts(out, ",\"attrs\":{\"category\":");
        rg_json_put_string(out, rg_tickets_categories[k / RG_TICKETS_TOPICS_EACH],
                           strlen(rg_tickets_categories[k / RG_TICKETS_TOPICS_EACH]));
        rg_buf_puts(out, "}}\n");
    }
}

static void
put_query(struct rg_buf *out, const struct ticket *t)
{
    struct rg_buf reference = {0};

    rg_tickets_expand(&reference, t->topic->answers[0], &t->fill);
    rg_buf_printf(&reference, " %s", t->topic->policy);
    rg_buf_puts(out, "{\"type\":\"query\",\"dataset\":\"tickets\"");
    put_string(out, "id", t->id.data);
    put_string(out, "category", rg_tickets_categories[t->category]);
    put_string(out, "text", t->text.data);
    put_string(out, "reference", reference.data);
    rg_buf_puts(out, ",\"attrs\":{\"classifier_confidence\":");
    rg_json_put_number(out, t->confidence);
    put_string(out, "classifier_label", rg_tickets_categories[t->classifier_label]);
    put_string(out, "kb_article", t->topic->id);
    put_number(out, "latent_difficulty", t->difficulty);
    put_bool(out, "outage", t->outage);
    put_bool(out, "pii", t->pii);
    put_number(out, "retrieval_score", t->retrieval);
    put_bool(out, "security", t->security);
    rg_buf_puts(out, "}}\n");
    rg_buf_clear(&reference);
}

/* As export writes it: what is the default is left out. */
static void
put_call(struct generator *g, const struct call *c)
{
    struct rg_buf *out = &g->out;
    bool ok = c->status == RG_CALL_OK;

    rg_buf_puts(out, "{\"type\":\"call\",\"dataset\":\"tickets\"");
    put_string(out, "query", g->ticket.id.data);
    put_string(out, "model", rg_tickets_models[c->model].name);
    if (c->memory != RG_TICKETS_NONE)
        put_string(out, "memory", rg_tickets_memories[c->memory]);
    put_bool(out, "contract", c->contract);
    if (c->sample)
        put_number(out, "sample", (double)c->sample);
    if (!ok)
        put_string(out, "status", rg_call_status_name(c->status));
    put_number(out, "prompt_tokens", ok ? c->prompt_tokens : 0);
    put_number(out, "completion_tokens", ok ? c->completion_tokens : 0);
    put_number(out, "latency_ms", c->latency_ms);
    if (ok) {
        put_number(out, "ttft_ms", c->ttft_ms);
        put_number(out, "score", c->score);
        put_string(out, "text", g->answer.data);
    }
    rg_buf_puts(out, "}\n");
}

/* Like calls stand together: that keeps the compressed trace small. */
static void
put_calls(struct generator *g)
{
    for (unsigned k = 0; k < 2 * RG_TICKETS_MODELS * RG_TICKETS_MEMORIES; k++) {
        for (uint64_t s = 0; s < g->o->samples; s++) {
            struct call c = {.model = k / RG_TICKETS_MEMORIES % RG_TICKETS_MODELS,
                             .memory = k % RG_TICKETS_MEMORIES,
                             .contract = k < RG_TICKETS_MODELS * RG_TICKETS_MEMORIES,
                             .sample = s};

            draw_call(g, &c);
            put_call(g, &c);
        }
    }
}

struct rg_generate_tickets_options
rg_generate_tickets_defaults(void)
{
    return (struct rg_generate_tickets_options){.seed = 1, .tickets = 240, .samples = 3};
}

static enum rg_status
check_options(const struct rg_generate_tickets_options *o, struct rg_err *err)
{
    if (o->tickets < RG_GENERATE_MIN_TICKETS || o->tickets > RG_GENERATE_MAX_TICKETS)
        return rg_err_set(err, RG_EUSAGE, "tickets out of range (found %llu, expected %d to %d)",
                          (unsigned long long)o->tickets, RG_GENERATE_MIN_TICKETS,
                          RG_GENERATE_MAX_TICKETS);
    if (o->samples < 1 || o->samples > RG_GENERATE_MAX_SAMPLES)
        return rg_err_set(err, RG_EUSAGE, "samples out of range (found %llu, expected 1 to %d)",
                          (unsigned long long)o->samples, RG_GENERATE_MAX_SAMPLES);
    return RG_OK;
}

enum rg_status
rg_generate_tickets(const struct rg_generate_tickets_options *o,
                    enum rg_status (*write)(void *ctx, const char *bytes, size_t n,
                                            struct rg_err *err),
                    void *ctx, struct rg_err *err)
{
    struct generator g = {.o = o};
    enum rg_status status = check_options(o, err);

    if (status != RG_OK)
        return status;
    put_head(&g.out, o);
    for (uint64_t i = 0; i < o->tickets && status == RG_OK; i++) {
        draw_ticket(&g, i);
        put_query(&g.out, &g.ticket);
        put_calls(&g);
        status = write(ctx, g.out.data, g.out.len, err);
        rg_buf_reset(&g.out);
    }
    rg_buf_clear(&g.ticket.id);
    rg_buf_clear(&g.ticket.thing);
    rg_buf_clear(&g.ticket.text);
    rg_buf_clear(&g.answer);
    rg_buf_clear(&g.out);
    return status;
}
