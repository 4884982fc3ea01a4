#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "traces/gen_tickets.h"

/* How much of the phrasing is the variant's own, and the sample's own. */
static const double words_by_variant = 0.20, words_by_sample = 0.08;

double
rg_tickets_draw(const struct rg_tickets_dice *dice, double by_variant, double by_sample)
{
    double u = rg_rng_unit(dice->outer);
    bool vary = rg_rng_unit(dice->variant) < by_variant;
    double of_variant = rg_rng_unit(dice->variant);
    bool repeat = rg_rng_unit(dice->sample) >= by_sample;
    double of_sample = rg_rng_unit(dice->sample);

    if (!repeat)
        return of_sample;
    return vary ? of_variant : u;
}

static bool
chance(const struct rg_tickets_dice *dice, double p)
{
    return rg_tickets_draw(dice, words_by_variant, words_by_sample) < p;
}

static size_t
choose(const struct rg_tickets_dice *dice, size_t n)
{
    return (size_t)(rg_tickets_draw(dice, words_by_variant, words_by_sample) * (double)n);
}

static const char *
phrase(const struct rg_tickets_dice *dice, enum rg_tickets_pool pool)
{
    return rg_tickets_phrase(pool, choose(dice, rg_tickets_pool_size(pool)));
}

/* ---- markers ---- */

static bool
sentence_begins(const struct rg_buf *out)
{
    if (out->len < 2)
        return out->len == 0;
    return strchr(" \n", out->data[out->len - 1]) && strchr(".!?", out->data[out->len - 2]);
}

void
rg_tickets_expand(struct rg_buf *out, const char *text, const struct rg_tickets_fill *fill)
{
    for (const char *p = text; *p; p++) {
        const char *s = NULL;
        size_t at = out->len;
        bool begins = sentence_begins(out);

        if (*p != '$') {
            rg_buf_putc(out, *p);
            continue;
        }
        switch (*++p) {
        case 't':
            s = fill->thing;
            break;
        case 'c':
            s = fill->category;
            break;
        case 'a':
            s = fill->article;
            break;
        case 'w':
            s = fill->when;
            break;
        case 's':
            s = fill->since;
            break;
        case 'o':
            s = fill->place;
            break;
        case 'n':
            rg_buf_printf(out, "%u", fill->number);
            continue;
        default:
            assert(false && "unknown marker");
        }
        assert(s);
        rg_tickets_expand(out, s, fill); /* a thing may hold a number or a place */
        if (begins && out->data[at] >= 'a' && out->data[at] <= 'z')
            out->data[at] = (char)(out->data[at] - 'a' + 'A');
    }
}

/* ---- content ---- */

struct content {
    struct rg_buf answer, reasoning;
    const char *steps[RG_TICKETS_STEPS];
    size_t n_steps;
};

static void
add_sentence(struct rg_buf *out, const char *text, const struct rg_tickets_fill *fill)
{
    if (out->len)
        rg_buf_putc(out, ' ');
    rg_tickets_expand(out, text, fill);
}

/* Steps of the topic's article, in their order: n in a row from a chosen one. */
static void
take_steps(struct content *c, const struct rg_tickets_answer *a, const struct rg_tickets_dice *dice)
{
    const struct rg_tickets_model *m = a->model;
    size_t n = m->steps_min + choose(dice, m->steps_max - m->steps_min + 1);
    size_t first = choose(dice, RG_TICKETS_STEPS - n + 1);

    for (size_t i = 0; i < n; i++)
        c->steps[c->n_steps++] = a->topic->steps[first + i];
}

static void
take_vague_steps(struct content *c, const struct rg_tickets_dice *dice)
{
    size_t n = choose(dice, 3);
    size_t first = choose(dice, rg_tickets_pool_size(RG_POOL_VAGUE_STEP) - 1);

    for (size_t i = 0; i < n; i++)
        c->steps[c->n_steps++] = rg_tickets_phrase(RG_POOL_VAGUE_STEP, first + i);
}

static void
answer_body(struct content *c, const struct rg_tickets_answer *a,
            const struct rg_tickets_fill *fill, const struct rg_tickets_dice *dice)
{
    struct rg_buf *out = &c->answer;

    switch (a->content) {
    case RG_TICKETS_RIGHT:
        add_sentence(out, a->topic->answers[choose(dice, 2)], fill);
        break;
    case RG_TICKETS_WRONG: {
        struct rg_tickets_fill other = *fill;

        add_sentence(out, phrase(dice, RG_POOL_WRONG), fill);
        other.thing = a->topic->things[choose(dice, 5)];
        add_sentence(out, a->topic->answers[choose(dice, 2)], &other);
        break;
    }
    case RG_TICKETS_VAGUE:
        add_sentence(out, phrase(dice, RG_POOL_VAGUE), fill);
        break;
    case RG_TICKETS_REFUSAL:
        add_sentence(out, phrase(dice, RG_POOL_REFUSAL), fill);
        break;
    case RG_TICKETS_SHORT:
        add_sentence(out, phrase(dice, RG_POOL_SHORT), fill);
        break;
    }
}

static void
compose_answer(struct content *c, const struct rg_tickets_answer *a,
               const struct rg_tickets_fill *fill, const struct rg_tickets_dice *dice)
{
    bool article = a->content == RG_TICKETS_RIGHT || a->content == RG_TICKETS_WRONG;
    bool opener = chance(dice, a->model->opener),
         policy = chance(dice, a->model->policy * (a->memory ? 1 : 0.5));
    bool extra = chance(dice, a->model->extra), closer = chance(dice, a->model->closer);

    if (a->content == RG_TICKETS_SHORT) {
        answer_body(c, a, fill, dice);
        return;
    }
    if (a->caution)
        add_sentence(&c->answer, phrase(dice, RG_POOL_SAFETY), fill);
    if (opener)
        add_sentence(&c->answer, phrase(dice, RG_POOL_OPENER), fill);
    answer_body(c, a, fill, dice);
    if (policy && article)
        add_sentence(&c->answer, a->topic->policy, fill);
    if (extra)
        add_sentence(&c->answer, phrase(dice, RG_POOL_EXTRA), fill);
    if (closer)
        add_sentence(&c->answer, phrase(dice, RG_POOL_CLOSER), fill);
    if (article)
        take_steps(c, a, dice);
    else if (a->content == RG_TICKETS_VAGUE)
        take_vague_steps(c, dice);
}

static void
compose(struct content *c, const struct rg_tickets_answer *a, const struct rg_tickets_dice *dice)
{
    const struct rg_tickets_fill fill = {.thing = a->thing,
                                         .category = a->category,
                                         .article = a->topic->title,
                                         .place = rg_tickets_phrase(RG_POOL_PLACE, 0),
                                         .number = 12};
    bool article = a->memory && a->content <= RG_TICKETS_WRONG;
    bool more = chance(dice, a->model->second_reason);
    enum rg_tickets_pool reason = a->model->terse ? RG_POOL_REASON_TERSE
                                  : article       ? RG_POOL_REASON_ARTICLE
                                                  : RG_POOL_REASON_GENERAL;

    compose_answer(c, a, &fill, dice);
    add_sentence(&c->reasoning, phrase(dice, reason), &fill);
    if (more)
        add_sentence(&c->reasoning, phrase(dice, RG_POOL_REASON_MORE), &fill);
}

/* ---- the object ---- */

enum {
    HAS_ANSWER = 1,
    HAS_REASONING = 2,
    HAS_CATEGORY = 4,
    HAS_STEPS = 8,
    HAS_FLAGS = 16,
    HAS_ALL = 31,
};

struct style {
    unsigned has;
    bool compact;     /* no blanks between the parts */
    bool single;      /* single quotes and Python's truth values */
    bool steps_text;  /* steps as one string */
    bool flags_text;  /* truth values as strings */
    bool extra_comma; /* before the last brace */
};

static void
put_text(struct rg_buf *out, const char *s, const struct style *style)
{
    if (!style->single) {
        rg_json_put_string(out, s, strlen(s));
        return;
    }
    rg_buf_printf(out, "'%s'", s);
}

static void
put_key(struct rg_buf *out, const char *key, const struct style *style)
{
    if (out->data[out->len - 1] != '{')
        rg_buf_puts(out, style->compact ? "," : ", ");
    put_text(out, key, style);
    rg_buf_puts(out, style->compact ? ":" : ": ");
}

static void
put_flag(struct rg_buf *out, const char *key, bool truth, const struct style *style)
{
    put_key(out, key, style);
    if (style->flags_text)
        put_text(out, truth ? "yes" : "no", style);
    else if (style->single)
        rg_buf_puts(out, truth ? "True" : "False");
    else
        rg_buf_puts(out, truth ? "true" : "false");
}

static void
put_steps(struct rg_buf *out, const struct content *c, const struct style *style)
{
    put_key(out, "resolution_steps", style);
    if (style->steps_text) {
        struct rg_buf all = {0};

        for (size_t i = 0; i < c->n_steps; i++)
            rg_buf_printf(&all, "%s%zu. %s", i ? " " : "", i + 1, c->steps[i]);
        put_text(out, rg_buf_text(&all), style);
        rg_buf_clear(&all);
        return;
    }
    rg_buf_putc(out, '[');
    for (size_t i = 0; i < c->n_steps; i++) {
        if (i)
            rg_buf_puts(out, style->compact ? "," : ", ");
        put_text(out, c->steps[i], style);
    }
    rg_buf_putc(out, ']');
}

static void
put_flags(struct rg_buf *out, const struct rg_tickets_answer *a, const struct style *style)
{
    const struct {
        bool set;
        const char *key, *reason;
    } flags[] = {
        {a->needs_human, "needs_human", "a person has to decide"},
        {a->needs_llm, "needs_llm_escalation", "not sure about the answer"},
        {a->policy_gap, "policy_gap", "no article fits"},
    };
    const char *sep = "";

    put_key(out, "escalation_flags", style);
    rg_buf_putc(out, '{');
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        put_flag(out, flags[i].key, flags[i].set, style);
    put_key(out, "reasons", style);
    rg_buf_putc(out, '[');
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (!flags[i].set)
            continue;
        rg_buf_puts(out, sep);
        put_text(out, flags[i].reason, style);
        sep = style->compact ? "," : ", ";
    }
    rg_buf_puts(out, "]}");
}

static void
put_object(struct rg_buf *out, const struct content *c, const struct rg_tickets_answer *a,
           const struct style *style)
{
    rg_buf_putc(out, '{');
    if (style->has & HAS_ANSWER) {
        put_key(out, "final_answer", style);
        put_text(out, rg_buf_text(&c->answer), style);
    }
    if (style->has & HAS_REASONING) {
        put_key(out, "reasoning", style);
        put_text(out, rg_buf_text(&c->reasoning), style);
    }
    if (style->has & HAS_CATEGORY) {
        put_key(out, "predicted_category", style);
        put_text(out, a->category, style);
    }
    if (style->has & HAS_STEPS)
        put_steps(out, c, style);
    if (style->has & HAS_FLAGS)
        put_flags(out, a, style);
    rg_buf_puts(out, style->extra_comma ? ",}" : "}");
}

/* The object's deviations; what it has is never nothing. */
static struct style
draw_style(const struct rg_tickets_answer *a, const struct rg_tickets_dice *dice)
{
    static const unsigned drop[] = {
        HAS_REASONING,
        HAS_STEPS,
        HAS_FLAGS,
        HAS_CATEGORY,
        HAS_ANSWER,
        HAS_STEPS | HAS_FLAGS,
        HAS_REASONING | HAS_FLAGS,
    };
    struct style style = {.has = HAS_ALL, .compact = a->model->terse};
    size_t kind;

    switch (a->form) {
    case RG_TICKETS_MISTYPED:
        kind = choose(dice, 3);
        style.steps_text = kind != 1;
        style.flags_text = kind != 0;
        break;
    case RG_TICKETS_INCOMPLETE:
        style.has &= ~drop[choose(dice, sizeof(drop) / sizeof(drop[0]))];
        break;
    case RG_TICKETS_NEAR:
        style.single = chance(dice, 0.5);
        style.extra_comma = !style.single;
        break;
    default:
        break;
    }
    return style;
}

/* Cut the text at 40 to 95 percent, between two characters. */
static void
cut_end(struct rg_buf *text, const struct rg_tickets_dice *dice)
{
    size_t n = (size_t)((double)text->len * (0.40 + 0.55 * rg_rng_unit(dice->sample)));

    while (((unsigned char)text->data[n] & 0xc0) == 0x80)
        n--;
    text->len = n;
    text->data[n] = '\0';
}

static void
write_json(struct rg_buf *text, const struct content *c, const struct rg_tickets_answer *a,
           const struct rg_tickets_dice *dice)
{
    const struct style style = draw_style(a, dice);

    if (a->form == RG_TICKETS_FENCED)
        rg_buf_puts(text, "```json\n");
    if (a->form == RG_TICKETS_PROSE) {
        rg_buf_puts(text, phrase(dice, RG_POOL_PROSE));
        rg_buf_putc(text, '\n');
    }
    put_object(text, c, a, &style);
    if (a->form == RG_TICKETS_FENCED)
        rg_buf_puts(text, "\n```");
    if (a->form == RG_TICKETS_TRUNCATED)
        cut_end(text, dice);
}

/* ---- plain text ---- */

static void
write_plain(struct rg_buf *text, const struct content *c, const struct rg_tickets_answer *a,
            const struct rg_tickets_dice *dice)
{
    bool numbered = a->model->opener > 0.5;
    double no_category = a->model->tier == RG_TIER_SLM ? 0.10 : 0.02;

    rg_buf_printf(text, "Answer: %s\n", rg_buf_text(&c->answer));
    if (a->model->second_reason > 0)
        rg_buf_printf(text, "Reasoning: %s\n", rg_buf_text(&c->reasoning));
    for (size_t i = 0; i < c->n_steps; i++) {
        if (numbered)
            rg_buf_printf(text, "%zu. %s\n", i + 1, c->steps[i]);
        else
            rg_buf_printf(text, "- %s\n", c->steps[i]);
    }
    if (!chance(dice, no_category))
        rg_buf_printf(text, "Category: %s", a->category);
}

unsigned
rg_tickets_write(struct rg_buf *text, const struct rg_tickets_answer *a,
                 const struct rg_tickets_dice *dice)
{
    struct content c = {0};
    unsigned right;

    rg_buf_reset(text);
    compose(&c, a, dice);
    if (a->contract ? a->form != RG_TICKETS_PLAIN : a->form == RG_TICKETS_CLEAN)
        write_json(text, &c, a, dice);
    else
        write_plain(text, &c, a, dice);
    right = a->content == RG_TICKETS_RIGHT ? (unsigned)c.n_steps : 0;
    rg_buf_clear(&c.answer);
    rg_buf_clear(&c.reasoning);
    return right;
}
