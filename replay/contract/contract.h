/* Contracts: is an answer of the form that was asked for?
 *
 * An answer is judged as it is, and again after the steps that are allowed (steps.h): the JSON is
 * found in the text, mended, its values are turned into what the schema expects, its label is read.
 * Without steps a contract is strict. Answers to be accepted as they are, as the recording says, or
 * by a schema: a built-in one or the user's.
 *
 * A verdict belongs to a recorded call and depends on nothing else, so all verdicts are computed
 * once, before a replay, in one pass over the texts. */
#ifndef RG_REPLAY_CONTRACT_CONTRACT_H
#define RG_REPLAY_CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "replay/contract/schema.h"
#include "replay/contract/steps.h"
#include "traces/trace.h"

enum rg_contract {
    RG_CONTRACT_OFF,      /* every answer is accepted as it is */
    RG_CONTRACT_RECORDED, /* fails where the recording says so (status invalid) */
    RG_CONTRACT_JSON,     /* the answer must be one JSON object */
    RG_CONTRACT_TICKET,   /* ... with the five fields of a ticket answer, see below */
    RG_CONTRACT_SCHEMA,   /* the answer must satisfy the user's schema */
};
extern const char *const rg_contract_names[]; /* of the built-in ones, NULL-terminated, in the order
                                                 of the enum */

/* The built-in schemas (draft 2020-12). Ticket: final_answer, reasoning and predicted_category are
 * strings with something in them, resolution_steps is a list of strings, escalation_flags an
 * object; further members are allowed. */
extern const char rg_contract_json_schema[], rg_contract_ticket_schema[];

/* By these a model says that it is one, or that it will not; ours, NULL-terminated. Compared
 * without regard to case (ASCII). */
extern const char *const rg_contract_disclaimers[];

struct rg_contract_options {
    uint32_t steps;                 /* mask of what may be done (steps.h); 0: nothing */
    bool first;                     /* of several JSON values in a text the first, not the last */
    bool label_required;            /* an answer without a known label is not accepted */
    const char *label_key;          /* member that holds the label; NULL: predicted_category */
    const char *answer_key;         /* ... the answer for people; NULL: final_answer */
    const char *list_key;           /* ... the list of steps to take; NULL: resolution_steps */
    const char *const *disclaimers; /* NULL-terminated; NULL: rg_contract_disclaimers */
    struct rg_schema_options schema;
};

/* ---- rules ---- */
struct rg_contract_rules;

/* name: a built-in contract, else the path of a schema. options may be NULL: strict, all defaults;
 * the strings in it must outlive the rules. RG_EINPUT, RG_ESYSTEM for a schema that is bad or
 * cannot be read. */
RG_MUST_USE enum rg_status rg_contract_rules_open(struct rg_contract_rules **out, const char *name,
                                                  const struct rg_contract_options *options,
                                                  struct rg_err *err);
void rg_contract_rules_free(struct rg_contract_rules *rules); /* NULL is fine */

/* The labels that an answer may name, usually the trace's categories; copied. */
void rg_contract_rules_labels(struct rg_contract_rules *rules, const char *const *labels, size_t n);

enum rg_contract rg_contract_rules_kind(const struct rg_contract_rules *rules);

/* ---- one answer ---- */
enum rg_verdict_flag {
    RG_VERDICT_TEXT = 1,       /* there is a text: without it nothing else is known */
    RG_VERDICT_JSON_RAW = 2,   /* strict JSON as it is */
    RG_VERDICT_SCHEMA_RAW = 4, /* accepted as it is */
    RG_VERDICT_JSON = 8,       /* JSON after the steps */
    RG_VERDICT_ACCEPTED = 16,  /* accepted after the steps; under off always */
    RG_VERDICT_LIMIT = 32,     /* the check met a limit (schema.h): not accepted, not refuted */
    RG_VERDICT_BLANK = 64,     /* no answer for people, or a client's placeholder for one */
    RG_VERDICT_DISCLAIMER = 128,
};

enum { RG_VERDICT_NO_LABEL = UINT16_MAX };

/* 8 bytes a call. */
struct rg_verdict {
    uint32_t bits;  /* steps that were needed (24 bits), flags above: the functions below */
    uint16_t label; /* index of the answer's own label, or RG_VERDICT_NO_LABEL */
    uint8_t words;  /* of the answer for people; 255: as many or more */
    uint8_t steps;  /* items of its list of steps; likewise */
};
_Static_assert(sizeof(struct rg_verdict) == 8, "a verdict takes 8 bytes");
_Static_assert(RG_N_STEPS <= 24, "steps and flags share 32 bits");

static inline uint32_t
rg_verdict_steps(struct rg_verdict v)
{
    return v.bits & 0xffffffu;
}

static inline bool
rg_verdict_has(struct rg_verdict v, enum rg_verdict_flag flag)
{
    return (v.bits >> 24 & (uint32_t)flag) != 0;
}

/* An answer while it is judged: initialise with {0}, use for any number of answers, release with
 * rg_contract_trial_clear. */
struct rg_contract_trial {
    bool want_faults; /* set by the caller: faults are collected; else they are but for coercion */
    struct rg_verdict verdict;
    struct rg_json doc;             /* what was judged at last; root NULL: no JSON */
    struct rg_schema_faults faults; /* of doc, where it is not accepted */
    struct rg_err err;              /* why the text as it is is no JSON; empty if it is */
    struct rg_buf text;             /* of doc, where it was mended */
};
void rg_contract_trial_clear(struct rg_contract_trial *trial);

/* Judge text[0..n) by the schema of the rules (off and recorded have none: what is JSON is
 * accepted by recorded, anything by off). The text must outlive the use of trial->doc. */
void rg_contract_judge(const struct rg_contract_rules *rules, const char *text, size_t n,
                       struct rg_contract_trial *trial);

/* Why an answer is not accepted, where no fault of its schema says it: what is wrong with the JSON,
 * a client's placeholder, or the label. NULL when there are faults, or it is accepted. Borrowed. */
const char *rg_contract_reason(const struct rg_contract_trial *trial);

/* What the model is told about an answer that was not accepted, at most max faults; appended. */
void rg_contract_feedback(const struct rg_contract_trial *trial, unsigned max, struct rg_buf *out);

/* Tokens of a text, where no tokeniser is at hand: a quarter of its code points, rounded up, as for
 * generated traces. */
uint32_t rg_contract_tokens(const char *text, size_t n);

/* Signals of slm-dominant that only the answer's text has (RouterGym's routing policy of April
 * 2026; its schema_invalid is RG_VERDICT_ACCEPTED). Plain text is an answer for people, its
 * bulleted or numbered lines are the steps. */
enum rg_signal {
    RG_SIGNAL_NO_ANSWER = 1, /* blank */
    RG_SIGNAL_NO_STEPS = 2,  /* none in the list, or no list */
    RG_SIGNAL_DISCLAIMER = 4,
    RG_SIGNAL_SHORT = 8, /* not blank, and fewer words than short_words */
};
enum { RG_SIGNAL_SHORT_WORDS = 10 };
/* Mask; 0 when the call has no text. short_words at most 255. */
unsigned rg_contract_signals(struct rg_verdict v, unsigned short_words);

/* ---- all calls of a trace ---- */

/* Verdicts into out[0..n_calls), by the rules. Calls that have no answer (error, timeout, rate
 * limited) have no text and are not accepted, except under RG_CONTRACT_OFF, where nothing is
 * judged; what recorded accepts is said by the status. feedback (may be NULL) gets the tokens of
 * the feedback with at most max_faults faults, 0 for accepted answers. RG_EINPUT when the contract
 * judges texts and the trace has none. */
RG_MUST_USE enum rg_status rg_contract_records(const struct rg_trace *t,
                                               const struct rg_contract_rules *rules,
                                               struct rg_verdict *out, uint16_t *feedback,
                                               unsigned max_faults, struct rg_err *err);

/* Only whether each call is accepted, strictly, into valid[0..n_calls): 1 or 0. For a built-in
 * contract; off and recorded read no texts. */
RG_MUST_USE enum rg_status rg_contract_verdicts(const struct rg_trace *t, enum rg_contract contract,
                                                uint8_t *valid, struct rg_err *err);

#endif
