/* What the options of `run` make of a trace: the columns that decisions and tables look at. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/run.h"
#include "replay/classify/classifier.h"
#include "replay/memory/grounding.h"
#include "replay/router/categories.h"
#include "replay/router/types.h"
#include "replay/split.h"
#include "stats/table.h"
#include "traces/kb.h"

enum { FEEDBACK_FAULTS = 3 }; /* that a model is told about a refused answer, at most */

/* ---- the trace, and which of its queries ---- */

static enum rg_status
load_trace(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = rg_cli_trace(&s->trace, v->trace ? v->trace : "tickets.jsonl.gz", err);

    if (status == RG_OK && (s->trace->n_calls == 0 || s->trace->n_queries == 0))
        return rg_err_set(err, RG_EINPUT,
                          "%s: nothing to replay: the trace holds no recorded calls (found %zu "
                          "queries, %zu recorded runs)",
                          s->trace->path, s->trace->n_queries, s->trace->n_runs);
    return status;
}

static enum rg_status
load_signal(const struct rg_trace *t, const char *column, double **out, struct rg_err *err)
{
    if (!column)
        return RG_OK;
    *out = rg_alloc(t->n_queries, sizeof **out);
    return rg_trace_query_attr(t, column, *out, err);
}

/* Priorities are whole numbers; a query without one comes last. */
static enum rg_status
load_priority(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    double *x = NULL;
    enum rg_status status = load_signal(s->trace, v->priority, &x, err);

    if (status == RG_OK && x) {
        s->priority = rg_alloc(s->trace->n_queries, sizeof *s->priority);
        for (size_t q = 0; q < s->trace->n_queries; q++)
            s->priority[q] = x[q] >= -1e9 && x[q] <= 1e9 ? (int32_t)x[q] : INT32_MAX;
    }
    free(x);
    return status;
}

/* All that pass the conditions, less those that are learnt from. */
static enum rg_status
choose_queries(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    uint32_t *all = rg_alloc(t->n_queries, sizeof *all);
    size_t n = 0;
    enum rg_status status = rg_filter_queries(t, &v->where, all, &n, err);

    s->queries = rg_alloc(t->n_queries, sizeof *s->queries);
    s->train = rg_alloc(t->n_queries, sizeof *s->train);
    if (status == RG_OK) {
        rg_split(t, all, n, v->train, v->split_seed, s->train, &s->policy.n_train, s->queries,
                 &s->policy.n_queries);
        s->policy.queries = s->queries;
        s->policy.train = s->train;
        if (s->policy.n_queries == 0)
            status =
                rg_err_set(err, RG_EUSAGE, "run: --train %g leaves none of %zu queries to replay",
                           v->train, n);
    }
    free(all);
    return status;
}

/* ---- what is known of a query ---- */

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static uint32_t
count_words(const char *text)
{
    uint32_t n = 0;

    for (const char *p = text; *p; p++)
        n += !is_blank(*p) && (p == text || is_blank(p[-1]));
    return n;
}

static enum rg_status
measure_texts(struct rg_run_setup *s, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;

    s->length = rg_zalloc(t->n_queries, sizeof *s->length);
    s->words = rg_zalloc(t->n_queries, sizeof *s->words);
    for (size_t q = 0; q < t->n_queries && status == RG_OK; q++) {
        rg_buf_reset(&text);
        if (t->queries.text[q] == 0)
            continue;
        status = rg_trace_text(t, t->queries.text[q], &text, err);
        if (status != RG_OK)
            break;
        s->length[q] = (uint32_t)rg_utf8_count(rg_buf_text(&text), text.len);
        s->words[q] = count_words(rg_buf_text(&text));
    }
    rg_buf_clear(&text);
    s->policy.query.length = s->length;
    s->policy.query.words = s->words;
    return status;
}

/* Labels as the trace's categories; one that is none of them says nothing. */
static enum rg_status
load_labels(struct rg_run_setup *s, const char *column, bool must, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    char **texts = rg_zalloc(t->n_queries, sizeof *texts);
    enum rg_status status = rg_trace_query_attr_text(t, column, texts, err);

    if (status == RG_OK) {
        s->label = rg_alloc(t->n_queries, sizeof *s->label);
        for (size_t q = 0; q < t->n_queries; q++)
            s->label[q] =
                texts[q] ? rg_router_category(t, texts[q], strlen(texts[q])) : RG_NAMES_NONE;
    } else if (status == RG_EUSAGE && !must) {
        status = RG_OK;
    }
    for (size_t q = 0; q < t->n_queries; q++)
        free(texts[q]);
    free(texts);
    s->policy.query.label = s->label;
    return status;
}

static enum rg_status
load_confidence(struct rg_run_setup *s, const char *column, bool must, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    char **texts;
    enum rg_status status;

    if (!must) { /* is it there at all? */
        texts = rg_zalloc(t->n_queries, sizeof *texts);
        status = rg_trace_query_attr_text(t, column, texts, err);
        for (size_t q = 0; q < t->n_queries; q++)
            free(texts[q]);
        free(texts);
        if (status != RG_OK)
            return status == RG_EUSAGE ? RG_OK : status;
    }
    status = load_signal(t, column, &s->confidence, err);
    s->policy.query.confidence = s->confidence;
    return status;
}

static enum rg_status
classify(struct rg_run_setup *s, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    struct rg_classifier *c = NULL;
    enum rg_status status = rg_classifier_train(&c, t, s->train, s->policy.n_train, err);

    if (status == RG_OK) {
        s->label = rg_alloc(t->n_queries, sizeof *s->label);
        s->confidence = rg_alloc(t->n_queries, sizeof *s->confidence);
        status = rg_classifier_queries(c, t, s->label, s->confidence, err);
        s->policy.query.label = s->label;
        s->policy.query.confidence = s->confidence;
    }
    rg_classifier_free(c);
    return status;
}

static enum rg_status
load_classifier(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    bool must = v->classifier == RG_CLASSIFIER_RECORDED;
    enum rg_status status;

    if (v->classifier == RG_CLASSIFIER_NONE)
        return RG_OK;
    if (v->classifier == RG_CLASSIFIER_TFIDF)
        return classify(s, err);
    status = load_labels(s, v->label ? v->label : "classifier_label", must || v->label, err);
    if (status != RG_OK)
        return status;
    return load_confidence(s, v->confidence ? v->confidence : "classifier_confidence",
                           must || v->confidence, err);
}

static bool
has_texts(const struct rg_trace *t)
{
    for (size_t q = 0; q < t->n_queries; q++)
        if (t->queries.text[q])
            return true;
    return false;
}

static enum rg_status
load_safety(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    bool builtin = v->safety && strcmp(v->safety, "default") == 0;
    enum rg_status status;

    if (!v->safety || strcmp(v->safety, "off") == 0)
        return RG_OK;
    if (!has_texts(s->trace))
        return rg_err_set(err, RG_EINPUT,
                          "%s: no query has a text, so --safety has nothing to search",
                          s->trace->path);
    status = rg_safety_new(&s->rules, builtin ? NULL : v->safety, err);
    if (status != RG_OK)
        return status;
    s->safety = rg_alloc(s->trace->n_queries, sizeof *s->safety);
    s->safety_model = rg_alloc(rg_safety_rules(s->rules) + 1, sizeof *s->safety_model);
    status = rg_safety_models(s->rules, s->trace, s->safety_model, err);
    if (status == RG_OK)
        status = rg_safety_queries(s->rules, s->trace, s->safety, err);
    s->policy.query.safety = s->safety;
    s->policy.safety_model = s->safety_model;
    return status;
}

static enum rg_status
load_query_signals(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = load_signal(s->trace, v->escalate_if, &s->flag, err);

    s->policy.query.flag = s->flag;
    if (status == RG_OK)
        status = load_signal(s->trace, v->retrieval, &s->retrieval, err);
    s->policy.query.retrieval = s->retrieval;
    if (status == RG_OK)
        status = measure_texts(s, err);
    if (status == RG_OK)
        status = load_classifier(s, v, err);
    if (status == RG_OK)
        status = load_safety(s, v, err);
    return status == RG_OK ? load_priority(s, v, err) : status;
}

/* ---- memory, and which prompts are replayed ---- */

static bool
is_recorded(const struct rg_trace *t, const char *memory)
{
    for (size_t i = 0; i < t->n_variants; i++)
        if (strcmp(t->variants[i].memory, memory) == 0)
            return true;
    return false;
}

static enum rg_status
read_context(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum { CONTEXT_MAX = 16 << 20 };
    size_t bad;

    if (!v->context)
        return RG_OK;
    if (rg_file_read(v->context, CONTEXT_MAX, &s->context, err) != RG_OK)
        return err->status;
    bad = rg_utf8_check(rg_buf_text(&s->context), s->context.len);
    if (bad < s->context.len || strlen(rg_buf_text(&s->context)) < s->context.len)
        return rg_err_set(err, RG_EINPUT, "%s: not a text in UTF-8 (expected a context)",
                          v->context);
    return RG_OK;
}

/* A mode of our own retrieves, if there is something to retrieve from. */
static enum rg_status
load_memory(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_memory_config config = rg_memory_config_default();
    const struct rg_trace *t = s->trace;
    enum rg_memory_mode mode = rg_run_memory_mode(v);
    bool articles = mode == RG_MEMORY_DYNAMIC || (mode == RG_MEMORY_STATIC && !v->context);
    enum rg_status status = RG_OK;

    if (mode == RG_MEMORY_NONE ||
        (articles && !v->own_memory && t->n_kb == 0 && is_recorded(t, v->memory)))
        return RG_OK;
    config.mode = mode;
    config.retriever = (enum rg_retriever)v->retriever;
    config.k1 = v->k1;
    config.b = v->b;
    config.fusion = v->fusion;
    config.gate = v->gate;
    config.top = (uint32_t)v->top;
    config.window = (uint32_t)v->window;
    config.budget_tok = (uint32_t)v->budget;
    config.retrieval_ms = v->retrieval_ms;
    config.static_text = v->context ? rg_buf_text(&s->context) : NULL;
    if (v->kb)
        status = rg_kb_read_dir(&s->kb, v->kb, err);
    if (status == RG_OK)
        status = rg_memory_new(&s->memory, t, s->kb, &config, NULL, 0, err);
    if (status == RG_OK && mode == RG_MEMORY_DYNAMIC)
        s->policy.query.retrieval = s->memory->score;
    return status;
}

static enum rg_status
choose_prompts(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    static const enum rg_truth prompts[] = {RG_UNKNOWN, RG_FALSE, RG_TRUE};
    const struct rg_trace *t = s->trace;
    struct rg_lookup *l = &s->policy.lookup;
    const char *memory = v->memory;
    enum rg_status status;

    /* With other options than a mode's defaults its prompts are not those that were recorded. */
    l->adds = s->memory && (v->own_memory || !is_recorded(t, memory));
    status = rg_lookup_variant(t, l->adds ? "none" : memory, prompts[v->prompt], &l->variant, err);
    if (status != RG_OK)
        return status;
    l->context = s->memory ? s->memory->added_tokens : NULL;
    s->others = rg_alloc(t->n_variants, sizeof *s->others);
    l->others = s->others;
    l->n_others = v->exact_prompt ? 0 : rg_lookup_others(t, l->variant, s->others);
    s->samples = rg_alloc(t->n_queries, sizeof *s->samples);
    rg_lookup_samples(t, l->variant, s->samples);
    s->policy.samples = s->samples;
    return RG_OK;
}

/* ---- answers ---- */

/* Contracts that read no text know only what the recording says. */
static bool
reads_texts(const struct rg_contract_rules *rules)
{
    enum rg_contract kind = rg_contract_rules_kind(rules);

    return kind != RG_CONTRACT_OFF && kind != RG_CONTRACT_RECORDED;
}

static enum rg_status
judge_answers(struct rg_run_setup *s, struct rg_err *err)
{
    const struct rg_trace *t = s->trace;
    enum rg_status status;

    s->valid = rg_alloc(t->n_calls, 1);
    s->policy.valid = s->valid;
    if (!reads_texts(s->contract))
        return rg_contract_verdicts(t, rg_contract_rules_kind(s->contract), s->valid, err);
    rg_contract_rules_labels(s->contract, t->categories, t->n_categories);
    s->verdicts = rg_alloc(t->n_calls, sizeof *s->verdicts);
    s->feedback = rg_alloc(t->n_calls, sizeof *s->feedback);
    status = rg_contract_records(t, s->contract, s->verdicts, s->feedback, FEEDBACK_FAULTS, err);
    for (size_t i = 0; i < t->n_calls && status == RG_OK; i++)
        s->valid[i] = rg_verdict_has(s->verdicts[i], RG_VERDICT_ACCEPTED);
    s->policy.verdicts = s->verdicts;
    s->policy.feedback = s->feedback;
    s->columns.verdicts = s->verdicts;
    s->columns.labels = t->n_categories > 0;
    return status;
}

static enum rg_status
load_contract(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_contract_options options = {0};
    enum rg_status status = RG_OK;

    if (v->repair.n)
        status =
            rg_steps_parse((const char *const *)v->repair.items, v->repair.n, &options.steps, err);
    if (status == RG_OK)
        status = rg_contract_rules_open(&s->contract, v->contract, &options, err);
    if (status == RG_OK)
        status = judge_answers(s, err);
    s->columns.skip_missing_label = v->missing_label == 1;
    return status;
}

bool
rg_run_memory_adds(const struct rg_run_setup *s)
{
    for (size_t i = 0; s->memory && i < s->policy.n_queries; i++)
        if (s->memory->added_tokens[s->queries[i]] > 0)
            return true;
    return false;
}

/* A pass over all texts that takes seconds: only where the numbers are shown, and where texts are
 * read anyway. */
static enum rg_status
ground_answers(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    bool shown = v->details || v->format == RG_CSV || v->format == RG_JSON;
    struct rg_grounder *g;
    enum rg_status status;

    if (!shown || !s->memory || !s->verdicts)
        return RG_OK;
    /* What was injected when the calls were recorded cannot be found: 0 would be wrong. */
    if (!s->policy.lookup.adds && !rg_run_memory_adds(s))
        return RG_OK;
    g = rg_grounder_new(s->memory);
    s->grounding = rg_alloc(s->trace->n_calls, sizeof *s->grounding);
    status = rg_grounder_calls(g, s->trace, s->policy.lookup.variant, s->grounding, err);
    s->columns.grounding = s->grounding;
    rg_grounder_free(g);
    return status;
}

/* What regret is measured against. */
static void
find_best(struct rg_run_setup *s)
{
    const struct rg_trace *t = s->trace;
    size_t n = 0;

    s->best_first = rg_alloc(t->n_queries, sizeof *s->best_first);
    for (size_t q = 0; q < t->n_queries; q++) {
        s->best_first[q] = n;
        n += s->samples[q];
    }
    s->best = rg_alloc(n, sizeof *s->best);
    for (uint32_t q = 0; q < t->n_queries; q++)
        for (uint32_t k = 0; k < s->samples[q]; k++) {
            uint32_t call = rg_router_oracle_call(&s->policy.lookup, q, k);

            s->best[s->best_first[q] + k] = call == RG_NO_CALL ? NAN : t->calls.score[call];
        }
    s->columns.best = s->best;
    s->columns.best_first = s->best_first;
}

/* ---- arrivals and endpoints ---- */

static enum rg_status
load_endpoints(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    rg_endpoint_configs_init(&s->endpoints, s->trace->n_models,
                             v->slots ? (uint32_t)v->slots : RG_STATION_UNLIMITED,
                             RG_SERVICE_RECORDED);
    if (v->service)
        status = rg_endpoint_configs_service(&s->endpoints, s->trace, v->service, err);
    if (status == RG_OK && v->endpoints)
        status = rg_endpoint_configs_read(&s->endpoints, s->trace, v->endpoints, err);
    return status;
}

static enum rg_status
read_numbers(const struct rg_opt_list *list, const char *option, double **out, struct rg_err *err)
{
    *out = rg_alloc(list->n, sizeof **out);
    for (size_t i = 0; i < list->n; i++) {
        const char *why = rg_num_double(list->items[i], strlen(list->items[i]), &(*out)[i]);

        if (why)
            return rg_err_set(err, RG_EUSAGE, "run: --%s: %s (found '%.60s', expected a number)",
                              option, why, list->items[i]);
    }
    return RG_OK;
}

static enum rg_status
load_states(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = read_numbers(&v->rates, "rates", &s->rates, err);

    if (status == RG_OK)
        status = read_numbers(&v->stays, "stays", &s->stays, err);
    return status;
}

static enum rg_status
load_arrivals(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    if (rg_run_arrivals_law(v) == RG_ARRIVALS_MMPP)
        return load_states(s, v, err);
    if (rg_run_arrivals_law(v) != RG_ARRIVALS_RECORDED)
        return RG_OK;
    return rg_trace_arrivals_load(s->trace, &s->arrivals, err);
}

/* ---- all of it ---- */

enum rg_status
rg_run_setup(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status;

    *s = (struct rg_run_setup){0};
    status = load_trace(s, v, err);
    if (status != RG_OK)
        return status;
    s->policy = rg_policy_of(s->trace);
    s->policy.missing = (enum rg_missing)v->missing;
    s->policy.retries = (uint32_t)v->retries;
    s->policy.retry_tokens = (uint32_t)v->retry_tokens;
    s->policy.max_calls = (uint32_t)v->max_calls;
    s->policy.prefill_s_per_token = v->prefill_ms * 1e-6;
    status = choose_queries(s, v, err);
    if (status == RG_OK)
        status = load_query_signals(s, v, err);
    if (status == RG_OK)
        status = read_context(s, v, err);
    if (status == RG_OK)
        status = load_memory(s, v, err);
    if (status == RG_OK)
        status = choose_prompts(s, v, err);
    if (status == RG_OK)
        status = load_contract(s, v, err);
    if (status == RG_OK)
        status = ground_answers(s, v, err);
    if (status == RG_OK)
        find_best(s);
    if (status == RG_OK)
        status = load_endpoints(s, v, err);
    return status == RG_OK ? load_arrivals(s, v, err) : status;
}

void
rg_run_setup_clear(struct rg_run_setup *s)
{
    free(s->queries);
    free(s->train);
    free(s->samples);
    free(s->priority);
    free(s->flag);
    free(s->confidence);
    free(s->retrieval);
    free(s->label);
    free(s->length);
    free(s->words);
    free(s->safety);
    free(s->safety_model);
    rg_safety_free(s->rules);
    rg_memory_free(s->memory);
    rg_kb_free(s->kb);
    rg_buf_clear(&s->context);
    free(s->others);
    rg_contract_rules_free(s->contract);
    free(s->valid);
    free(s->verdicts);
    free(s->feedback);
    free(s->grounding);
    free(s->best);
    free(s->best_first);
    free(s->rates);
    free(s->stays);
    rg_trace_arrivals_clear(&s->arrivals);
    rg_endpoint_configs_clear(&s->endpoints);
    rg_trace_close(s->trace);
    *s = (struct rg_run_setup){0};
}
