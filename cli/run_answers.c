/* What the options of `run` say about prompts and answers: memory, which recordings are replayed,
 * the contract, and what answers are measured against. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/line.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/run_parts.h"
#include "replay/memory/grounding.h"
#include "replay/router/types.h"
#include "stats/table.h"
#include "traces/kb.h"

enum { FEEDBACK_FAULTS = 3 }; /* that a model is told about a refused answer, at most */

/* ---- memory ---- */

struct memory_part {
    struct rg_kb *kb;
    struct rg_memory *memory;
    struct rg_buf context;
};

static void
memory_clear(void *part)
{
    struct memory_part *p = part;

    rg_memory_free(p->memory);
    rg_kb_free(p->kb);
    rg_buf_clear(&p->context);
}

static bool
is_recorded(const struct rg_trace *t, const char *memory)
{
    for (size_t i = 0; i < t->n_variants; i++)
        if (strcmp(t->variants[i].memory, memory) == 0)
            return true;
    return false;
}

static enum rg_status
read_context(struct memory_part *p, const char *path, struct rg_err *err)
{
    enum { CONTEXT_MAX = 16 << 20 };
    size_t bad;

    if (rg_file_read(path, CONTEXT_MAX, &p->context, err) != RG_OK)
        return err->status;
    bad = rg_utf8_check(rg_buf_text(&p->context), p->context.len);
    if (bad < p->context.len || strlen(rg_buf_text(&p->context)) < p->context.len)
        return rg_err_set(err, RG_EINPUT, "%s: not a text in UTF-8 (expected a context)", path);
    return RG_OK;
}

static enum rg_status
make_memory(struct memory_part *p, const struct rg_trace *t, const struct rg_run_values *v,
            struct rg_err *err)
{
    struct rg_memory_config config = rg_memory_config_default();
    enum rg_status status = RG_OK;

    config.mode = rg_run_memory_mode(v);
    config.retriever = (enum rg_retriever)v->retriever;
    config.k1 = v->k1;
    config.b = v->b;
    config.fusion = v->fusion;
    config.gate = v->gate;
    config.top = (uint32_t)v->top;
    config.window = (uint32_t)v->window;
    config.budget_tok = (uint32_t)v->budget;
    config.retrieval_ms = v->retrieval_ms;
    if (v->context)
        status = read_context(p, v->context, err);
    config.static_text = v->context ? rg_buf_text(&p->context) : NULL;
    if (status == RG_OK && v->kb)
        status = rg_kb_read_dir(&p->kb, v->kb, err);
    return status == RG_OK ? rg_memory_new(&p->memory, t, p->kb, &config, NULL, 0, err) : status;
}

/* A mode of our own retrieves, if there is something to retrieve from. */
static enum rg_status
load_memory(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "memory"};
    const struct rg_trace *t = s->trace;
    enum rg_memory_mode mode = rg_run_memory_mode(v);
    bool articles = mode == RG_MEMORY_DYNAMIC || (mode == RG_MEMORY_STATIC && !v->context);
    struct memory_part *p;
    enum rg_status status = RG_OK;
    bool made;

    if (mode == RG_MEMORY_NONE ||
        (articles && !v->own_memory && t->n_kb == 0 && is_recorded(t, v->memory)))
        return RG_OK;
    rg_run_key_number(&key, mode);
    rg_run_key_number(&key, v->retriever);
    rg_run_key_number(&key, (double)v->top);
    rg_run_key_number(&key, (double)v->window);
    rg_run_key_number(&key, (double)v->budget);
    rg_run_key_number(&key, v->k1);
    rg_run_key_number(&key, v->b);
    rg_run_key_number(&key, v->fusion);
    rg_run_key_number(&key, v->gate);
    rg_run_key_number(&key, v->retrieval_ms);
    rg_run_key_text(&key, v->context);
    rg_run_key_text(&key, v->kb);
    rg_buf_puts(&s->memory_key, rg_buf_text(&key.text));
    p = rg_run_part(s, &key, sizeof *p, memory_clear, &made);
    if (made)
        status = make_memory(p, t, v, err);
    s->memory = p->memory;
    if (status == RG_OK && mode == RG_MEMORY_DYNAMIC)
        s->policy.query.retrieval = s->memory->score;
    return status;
}

/* ---- which prompts are replayed, and the best answer to them ---- */

struct prompts_part {
    uint16_t *others;
    uint32_t *samples;
    double *best;
    size_t *best_first;
};

static void
prompts_clear(void *part)
{
    struct prompts_part *p = part;

    free(p->others);
    free(p->samples);
    free(p->best);
    free(p->best_first);
}

/* What regret is measured against. */
static void
find_best(struct prompts_part *p, const struct rg_trace *t, const struct rg_lookup *l)
{
    size_t n = 0;

    p->best_first = rg_alloc(t->n_queries, sizeof *p->best_first);
    for (size_t q = 0; q < t->n_queries; q++) {
        p->best_first[q] = n;
        n += p->samples[q];
    }
    p->best = rg_alloc(n, sizeof *p->best);
    for (uint32_t q = 0; q < t->n_queries; q++)
        for (uint32_t k = 0; k < p->samples[q]; k++) {
            uint32_t call = rg_router_oracle_call(l, NULL, q, k);

            p->best[p->best_first[q] + k] = call == RG_NO_CALL ? NAN : t->calls.score[call];
        }
}

static enum rg_status
choose_prompts(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    static const enum rg_truth prompts[] = {RG_UNKNOWN, RG_FALSE, RG_TRUE};
    struct rg_run_key key = {.kind = "prompts"};
    const struct rg_trace *t = s->trace;
    struct rg_lookup *l = &s->policy.lookup;
    struct prompts_part *p;
    enum rg_status status;
    bool made;

    /* With other options than a mode's defaults its prompts are not those that were recorded. */
    l->adds = s->memory && (v->own_memory || !is_recorded(t, v->memory));
    status =
        rg_lookup_variant(t, l->adds ? "none" : v->memory, prompts[v->prompt], &l->variant, err);
    if (status != RG_OK)
        return status;
    l->context = s->memory ? s->memory->added_tokens : NULL;
    /* l->context matters for none of what is made here */
    rg_run_key_number(&key, l->variant);
    rg_run_key_number(&key, l->adds);
    rg_run_key_number(&key, v->exact_prompt);
    p = rg_run_part(s, &key, sizeof *p, prompts_clear, &made);
    if (made)
        p->others = rg_alloc(t->n_variants, sizeof *p->others);
    l->others = p->others;
    l->n_others = v->exact_prompt ? 0 : rg_lookup_others(t, l->variant, p->others);
    if (made) {
        p->samples = rg_alloc(t->n_queries, sizeof *p->samples);
        rg_lookup_samples(t, l->variant, p->samples);
        find_best(p, t, l);
    }
    s->policy.samples = p->samples;
    s->columns.best = p->best;
    s->columns.best_first = p->best_first;
    return RG_OK;
}

/* ---- the contract ---- */

struct contract_part {
    struct rg_contract_rules *rules;
    uint8_t *valid;
    struct rg_verdict *verdicts;
    uint16_t *feedback;
};

static void
contract_clear(void *part)
{
    struct contract_part *p = part;

    rg_contract_rules_free(p->rules);
    free(p->valid);
    free(p->verdicts);
    free(p->feedback);
}

/* Contracts that read no text know only what the recording says. */
static bool
reads_texts(const struct rg_contract_rules *rules)
{
    enum rg_contract kind = rg_contract_rules_kind(rules);

    return kind != RG_CONTRACT_OFF && kind != RG_CONTRACT_RECORDED;
}

static enum rg_status
judge_answers(struct contract_part *p, const struct rg_trace *t, struct rg_err *err)
{
    enum rg_status status;

    p->valid = rg_alloc(t->n_calls, 1);
    if (!reads_texts(p->rules))
        return rg_contract_verdicts(t, rg_contract_rules_kind(p->rules), p->valid, err);
    rg_contract_rules_labels(p->rules, t->categories, t->n_categories);
    p->verdicts = rg_alloc(t->n_calls, sizeof *p->verdicts);
    p->feedback = rg_alloc(t->n_calls, sizeof *p->feedback);
    status = rg_contract_records(t, p->rules, p->verdicts, p->feedback, FEEDBACK_FAULTS, err);
    for (size_t i = 0; i < t->n_calls && status == RG_OK; i++)
        p->valid[i] = rg_verdict_has(p->verdicts[i], RG_VERDICT_ACCEPTED);
    return status;
}

static enum rg_status
make_contract(struct contract_part *p, const struct rg_trace *t, const struct rg_run_values *v,
              struct rg_err *err)
{
    struct rg_contract_options options = {0};
    enum rg_status status = RG_OK;

    if (v->repair.n)
        status =
            rg_steps_parse((const char *const *)v->repair.items, v->repair.n, &options.steps, err);
    if (status == RG_OK)
        status = rg_contract_rules_open(&p->rules, v->contract, &options, err);
    return status == RG_OK ? judge_answers(p, t, err) : status;
}

static enum rg_status
load_contract(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    struct rg_run_key key = {.kind = "contract"};
    struct contract_part *p;
    enum rg_status status = RG_OK;
    bool made;

    rg_run_key_text(&key, v->contract);
    rg_run_key_list(&key, &v->repair);
    p = rg_run_part(s, &key, sizeof *p, contract_clear, &made);
    if (made)
        status = make_contract(p, s->trace, v, err);
    s->policy.valid = p->valid;
    s->policy.verdicts = s->columns.verdicts = p->verdicts;
    s->policy.feedback = p->feedback;
    s->columns.labels = p->verdicts && s->trace->n_categories > 0;
    s->columns.skip_missing_label = v->missing_label == 1;
    return status;
}

/* ---- groundedness ---- */

struct grounding_part {
    struct rg_grounding *grounding;
};

static void
grounding_clear(void *part)
{
    struct grounding_part *p = part;

    free(p->grounding);
}

static enum rg_status
judge_grounding(struct grounding_part *p, const struct rg_run_setup *s, struct rg_err *err)
{
    struct rg_grounder *g = rg_grounder_new(s->memory);
    enum rg_status status;

    p->grounding = rg_alloc(s->trace->n_calls, sizeof *p->grounding);
    status = rg_grounder_calls(g, s->trace, s->policy.lookup.variant, p->grounding, err);
    rg_grounder_free(g);
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
    struct rg_run_key key = {.kind = "grounding"};
    struct grounding_part *p;
    enum rg_status status = RG_OK;
    bool made;

    if (!shown || !s->memory || !s->policy.verdicts)
        return RG_OK;
    /* What was injected when the calls were recorded cannot be found: 0 would be wrong. */
    if (!s->policy.lookup.adds && !rg_run_memory_adds(s))
        return RG_OK;
    rg_run_key_text(&key, rg_buf_text(&s->memory_key));
    rg_run_key_number(&key, s->policy.lookup.variant);
    p = rg_run_part(s, &key, sizeof *p, grounding_clear, &made);
    if (made)
        status = judge_grounding(p, s, err);
    s->columns.grounding = p->grounding;
    return status;
}

enum rg_status
rg_run_answers(struct rg_run_setup *s, const struct rg_run_values *v, struct rg_err *err)
{
    enum rg_status status = load_memory(s, v, err);

    if (status == RG_OK)
        status = choose_prompts(s, v, err);
    if (status == RG_OK)
        status = load_contract(s, v, err);
    return status == RG_OK ? ground_answers(s, v, err) : status;
}
