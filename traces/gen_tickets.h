/* The parts of the ticket generator (generate.h): parameters of its statistical model, its texts,
 * and the writing of one answer. Only gen_tickets*.c and the tests include this.
 *
 * Texts hold markers that are filled in when a ticket or an answer is written: $t what the ticket
 * is about, $c the predicted category, $a the title of the policy article, $n a number of the
 * ticket, $w a point in time, $s a time since then, $o a place. */
#ifndef RG_TRACES_GEN_TICKETS_H
#define RG_TRACES_GEN_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gsl/gsl_rng.h>

#include "base/buf.h"
#include "traces/record.h"

enum {
    RG_TICKETS_CATEGORIES = 8,
    RG_TICKETS_TOPICS = 24, /* = articles; three per category, in the order of the categories */
    RG_TICKETS_TOPICS_EACH = 3,
    RG_TICKETS_MODELS = 5,
    RG_TICKETS_MEMORIES = 4,
    RG_TICKETS_BLOCK = 40, /* tickets over which the shares of the categories are exact */
    RG_TICKETS_STEPS = 5,
};

enum rg_tickets_memory {
    RG_TICKETS_NONE = 0,
    RG_TICKETS_STATIC = 1,
    RG_TICKETS_DYNAMIC = 2,
    RG_TICKETS_SALIENCE = 3,
};

/* What an answer looks like when the prompt asked for the contract's JSON. */
enum rg_tickets_form {
    RG_TICKETS_CLEAN = 0,  /* the bare object */
    RG_TICKETS_FENCED,     /* the object in a ```json block */
    RG_TICKETS_PROSE,      /* a sentence, then the object */
    RG_TICKETS_MISTYPED,   /* steps as one string or flags as strings */
    RG_TICKETS_INCOMPLETE, /* one or two fields missing */
    RG_TICKETS_NEAR,       /* no JSON: a comma too many, or single quotes */
    RG_TICKETS_TRUNCATED,  /* the end is missing */
    RG_TICKETS_PLAIN,      /* no object at all */
};
enum { RG_TICKETS_FORMS = 8 };

/* Parameters of one model. See routergym-sim-generate(1) for what they are calibrated to. */
struct rg_tickets_model {
    const char *name;
    enum rg_tier tier;
    double usd_per_mtok; /* input and output alike */
    double ability;      /* logit scale, under dynamic memory */
    double label_shift;  /* added to it for the predicted category */
    double prompt_ratio; /* tokens of its tokenizer per reference token */
    /* Style: chance of an opening, a sentence on the policy (without memory: half of it), general
     * advice, a closing, a second reason; number of steps. */
    double opener, policy, extra, closer, second_reason;
    unsigned steps_min, steps_max;
    bool terse; /* a short reason, and JSON without blanks between its parts */
    /* ttft_ms = (base + prompt_tokens * per_prompt) * noise, latency_ms = ttft_ms +
     * completion_tokens * per_completion * noise; one noise for both, log-normal with mean 1 and
     * this coefficient of variation */
    double base_ms, per_prompt_ms, per_completion_ms, cv;
    double form[RG_TICKETS_FORMS]; /* chances; clean gets what is left of 1 */
    double json_anyway;            /* chance of JSON although plain text was asked for */
    double error, timeout, rate_limited;
};

/* gen_tickets_models.c */
extern const struct rg_tickets_model rg_tickets_models[RG_TICKETS_MODELS];
extern const char *const rg_tickets_memories[RG_TICKETS_MEMORIES];
extern const char *const rg_tickets_categories[RG_TICKETS_CATEGORIES];
/* Tickets of each category in every block. */
extern const unsigned rg_tickets_share[RG_TICKETS_CATEGORIES];

/* ---- texts (gen_tickets_text.c) ---- */

/* A subject that people write tickets about, with the policy article that settles it. */
struct rg_tickets_topic {
    const char *id;
    const char *title;
    const char *text; /* of the article */
    const char *things[5];
    const char *leads[4];
    const char *details[3];
    const char *answers[2];
    const char *policy;
    const char *steps[RG_TICKETS_STEPS];
};

extern const struct rg_tickets_topic rg_tickets_topics[RG_TICKETS_TOPICS];

/* Sentences that fit every subject (gen_tickets_phrases.c). */
enum rg_tickets_pool {
    RG_POOL_GREETING,
    RG_POOL_WHEN,
    RG_POOL_SINCE,
    RG_POOL_PLACE,
    RG_POOL_TRIED,
    RG_POOL_IMPACT,
    RG_POOL_CONTEXT, /* long tickets are made of these */
    RG_POOL_THANKS,
    RG_POOL_SECURITY,
    RG_POOL_PII,
    RG_POOL_OUTAGE,
    RG_POOL_OPENER,
    RG_POOL_CLOSER,
    RG_POOL_EXTRA,
    RG_POOL_REASON_TERSE,
    RG_POOL_REASON_ARTICLE,
    RG_POOL_REASON_GENERAL,
    RG_POOL_REASON_MORE,
    RG_POOL_WRONG,
    RG_POOL_VAGUE,
    RG_POOL_VAGUE_STEP,
    RG_POOL_REFUSAL,
    RG_POOL_SHORT,
    RG_POOL_PROSE,
    RG_POOL_SAFETY,
};
enum { RG_N_POOLS = 25 };

size_t rg_tickets_pool_size(enum rg_tickets_pool pool);
const char *rg_tickets_phrase(enum rg_tickets_pool pool, size_t i);

/* ---- one answer (gen_tickets_answer.c) ---- */

/* Random numbers of one call on three levels: those of (ticket, model), of the variant, and of the
 * sample. A draw takes one number from each and mostly keeps the outermost one, so that answers of
 * a model to a ticket are alike, as they are at a low temperature. */
struct rg_tickets_dice {
    gsl_rng *outer, *variant, *sample;
};

/* Uniform in [0, 1): the variant's own with chance by_variant, then the sample's own with chance
 * by_sample. */
double rg_tickets_draw(const struct rg_tickets_dice *dice, double by_variant, double by_sample);

enum rg_tickets_content {
    RG_TICKETS_RIGHT = 0, /* follows the right article */
    RG_TICKETS_WRONG,     /* follows another one */
    RG_TICKETS_VAGUE,     /* general advice */
    RG_TICKETS_REFUSAL,   /* a language model that cannot */
    RG_TICKETS_SHORT,     /* a few words without steps */
};

/* What is to be written. */
struct rg_tickets_answer {
    const struct rg_tickets_model *model;
    const struct rg_tickets_topic *topic; /* the one the answer follows */
    enum rg_tickets_content content;
    enum rg_tickets_form form;
    bool contract;
    bool memory;  /* the prompt carried articles */
    bool caution; /* begins with a warning about a security incident */
    const char *thing;
    const char *category; /* predicted */
    bool needs_human, needs_llm, policy_gap;
};

/* Write the answer into text (reset first); returns the number of steps that the article has too.
 */
unsigned rg_tickets_write(struct rg_buf *text, const struct rg_tickets_answer *answer,
                          const struct rg_tickets_dice *dice);

/* What the markers of a text stand for; unused ones may be NULL. */
struct rg_tickets_fill {
    const char *thing, *category, *article, *when, *since, *place;
    unsigned number;
};
void rg_tickets_expand(struct rg_buf *out, const char *text, const struct rg_tickets_fill *fill);

#endif
