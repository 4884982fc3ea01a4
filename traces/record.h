/* The records a trace is made of, as they travel between importers, the trace file, export and
 * check.
 *
 * All strings are NUL-terminated UTF-8 and borrowed for the duration of a call. NULL means "not
 * recorded"; so do NaN for a double, -1 for a count and RG_UNKNOWN for a truth value. Latencies are
 * in milliseconds and costs in US dollars, as they were recorded: a trace keeps what it was given.
 */
#ifndef RG_TRACES_RECORD_H
#define RG_TRACES_RECORD_H

#include <stdint.h>

enum rg_tier { RG_TIER_UNKNOWN = 0, RG_TIER_SLM = 1, RG_TIER_LLM = 2 };

enum rg_truth { RG_UNKNOWN = -1, RG_FALSE = 0, RG_TRUE = 1 };

/* How a recorded call ended. Only ok and invalid carry an answer of the model. */
enum rg_call_status {
    RG_CALL_OK = 0,
    RG_CALL_ERROR = 1, /* the call failed; a placeholder of the client is no answer */
    RG_CALL_TIMEOUT = 2,
    RG_CALL_RATE_LIMITED = 3,
    RG_CALL_INVALID = 4, /* answered, but the recorder could not parse or validate it */
};
enum { RG_N_CALL_STATUS = 5 };

const char *rg_tier_name(enum rg_tier tier);            /* "slm", "llm", "unknown" */
int rg_tier_parse(const char *s);                       /* enum rg_tier, or -1 */
const char *rg_call_status_name(enum rg_call_status s); /* "ok", "error", ... */
int rg_call_status_parse(const char *s);                /* enum rg_call_status, or -1 */

struct rg_model_rec {
    const char *name;
    enum rg_tier tier;
    double input_usd_per_mtok;  /* price of a million prompt tokens */
    double output_usd_per_mtok; /* price of a million completion tokens */
    const char *attrs;
};

/* attrs everywhere: a JSON object (compact, keys sorted, see attrs.h) of further recorded columns.
 */
struct rg_query_rec {
    const char *dataset; /* never NULL; "" is a valid name */
    const char *id;      /* unique within its dataset */
    const char *category;
    const char *text;
    const char *reference; /* reference answer */
    const char *attrs;
};

/* One recorded answer of one model. Key: dataset, query, model, memory, contract, sample. */
struct rg_call_rec {
    const char *dataset;
    const char *query;
    const char *model;
    const char *memory;     /* variant: memory mode of the prompt; never NULL, "none" by default */
    enum rg_truth contract; /* variant: the prompt asked for the contract's format */
    uint32_t sample;        /* repeat number, from 0 */
    enum rg_call_status status;
    int64_t prompt_tokens;
    int64_t completion_tokens;
    double cost_usd;
    double latency_ms; /* request sent to last token received */
    double ttft_ms;    /* request sent to first token received */
    double score;      /* quality of the answer, usually in [0, 1] */
    const char *text;  /* the answer */
    const char *prompt;
    const char *attrs;
};

/* One published outcome of a composite system (router, memory, contract) on a query: a reference to
 * compare with, never replay input. Key: dataset, query, config, sample. */
struct rg_run_rec {
    const char *dataset;
    const char *query;
    const char *config;
    uint32_t sample;
    const char *memory;
    enum rg_truth contract;
    const char *chain; /* models called in order, separated by '>' ("slm2>llm2"); NULL if unknown */
    const char *model; /* whose answer was the final one; NULL if unknown */
    enum rg_truth escalated;
    enum rg_call_status status;
    int64_t prompt_tokens;
    int64_t completion_tokens;
    double cost_usd;
    double latency_ms;
    double score;
    const char *text;
    const char *prompt;
    const char *attrs;
};

/* An article of the knowledge base. */
struct rg_kb_rec {
    const char *id;
    const char *title;
    const char *text;
    const char *attrs;
};

struct rg_embedding_rec {
    const char *dataset;
    const char *query;
    const char *space; /* name of the encoder */
    const float *values;
    uint32_t n;
};

/* A recorded arrival, in seconds from the start of the recording. */
struct rg_arrival_rec {
    double at_s;
    const char *dataset; /* with query: NULL when the arrival is not tied to a query */
    const char *query;
    int64_t prompt_tokens;
    int64_t completion_tokens;
};

/* Defaults: every field "not recorded". */
struct rg_call_rec rg_call_rec_empty(void);
struct rg_run_rec rg_run_rec_empty(void);

#endif
