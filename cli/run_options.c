/* The options of `run`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run.h"
#include "sim/engine/arrivals.h"
#include "stats/table.h"

const char *const rg_run_arrival_names[] = {"all",    "constant", "poisson", "gamma", "weibull",
                                            "closed", "recorded", "mmpp",    NULL};
static const enum rg_arrivals_law arrival_laws[] = {
    RG_ARRIVALS_ALL,     RG_ARRIVALS_CONSTANT, RG_ARRIVALS_POISSON,  RG_ARRIVALS_GAMMA,
    RG_ARRIVALS_WEIBULL, RG_ARRIVALS_CLOSED,   RG_ARRIVALS_RECORDED, RG_ARRIVALS_MMPP};
static const char *const sample_names[] = {"random", "first", NULL};
static const char *const prompt_names[] = {"any", "plain", "contract", NULL};
static const char *const classifier_names[] = {"auto", "none", "recorded", "tfidf", NULL};
static const char *const retriever_names[] = {"bm25", "dense", "hybrid", NULL};
static const char *const missing_label_names[] = {"wrong", "skip", NULL};

static const uint64_t NOT_GIVEN = UINT64_MAX;

#define OPT(NAME, LETTER, KIND, MEMBER, ARG, HELP)                                                 \
    {                                                                                              \
        .name = NAME, .letter = LETTER, .kind = KIND,                                              \
        .offset = offsetof(struct rg_run_values, MEMBER), .arg = ARG, .help = HELP                 \
    }
#define NUM(NAME, KIND, MEMBER, ARG, HELP, MIN, MAX)                                               \
    {                                                                                              \
        .name = NAME, .kind = KIND, .offset = offsetof(struct rg_run_values, MEMBER), .arg = ARG,  \
        .help = HELP, .min = MIN, .max = MAX                                                       \
    }
#define CHOICE(NAME, MEMBER, ARG, HELP, CHOICES)                                                   \
    {                                                                                              \
        .name = NAME, .kind = RG_OPT_CHOICE, .offset = offsetof(struct rg_run_values, MEMBER),     \
        .arg = ARG, .help = HELP, .choices = CHOICES                                               \
    }

const struct rg_opt rg_run_options[RG_N_RUN_OPTIONS] = {
    OPT("trace", 't', RG_OPT_STRING, trace, "TRACE",
        "trace file or any file that import reads\n(default: the bundled tickets.jsonl.gz)"),
    OPT("router", 'r', RG_OPT_LIST, routers, "ROUTER",
        "router with its options, or a comma-separated list, e.g.\nllm-only,slm-dominant("
        "confidence=0.6); `routers` lists them\n(default: llm-only,slm-only,slm-dominant,random,"
        "oracle)"),
    OPT("where", 'w', RG_OPT_LIST, where, "CONDITION",
        "only queries that meet COLUMN OP VALUE, e.g.\ncategory=Access (several: all must hold)"),
    OPT("slm", 0, RG_OPT_STRING, slm, "MODEL", "the small model (default: the cheapest slm)"),
    OPT("llm", 0, RG_OPT_STRING, llm, "MODEL", "the large model (default: the cheapest llm)"),
    NUM("train", RG_OPT_DOUBLE, train, "SHARE",
        "set this share of the queries apart for routers and\nclassifiers to learn from, by "
        "category (default 0)",
        0, 1),
    NUM("split-seed", RG_OPT_U64, split_seed, "N", "seed of that split (default 1)", 0, 0),
    CHOICE("classifier", classifier, "KIND",
           "label and confidence of a query: none, recorded (in the\nattributes --label and "
           "--confidence), tfidf (learnt from\n--train), auto (default: recorded where it is)",
           classifier_names),
    OPT("label", 0, RG_OPT_STRING, label, "COLUMN",
        "attribute of the query with the classifier's label\n(default: classifier_label)"),
    OPT("confidence", 0, RG_OPT_STRING, confidence, "COLUMN",
        "attribute with the classifier's confidence\n(default: classifier_confidence)"),
    OPT("retrieval", 0, RG_OPT_STRING, retrieval, "COLUMN",
        "attribute with a recorded retrieval score, where no memory\nretrieves"),
    OPT("escalate-if", 0, RG_OPT_STRING, escalate_if, "COLUMN",
        "slm-dominant, hybrid-specialist: the large model where this\nattribute of the query is "
        "not 0"),
    OPT("safety", 0, RG_OPT_STRING, safety, "RULES",
        "texts that force a model: off (default), default (built-in\nrules), or a file of rules "
        "(a path)"),
    OPT("memory", 'm', RG_OPT_STRING, memory, "MODE",
        "what prompts carry: none, static, dynamic, transcript,\nsalience, or any memory that was "
        "recorded (default: none,\nelse the most frequent)"),
    CHOICE("retriever", retriever, "KIND", "dynamic: bm25 (default), dense, hybrid",
           retriever_names),
    NUM("top", RG_OPT_U64, top, "N", "static, dynamic: articles (default 3)", 1, 1000),
    NUM("k1", RG_OPT_DOUBLE, k1, "X", "bm25: weight of repeated words (default 1.5)", 0, 1000),
    NUM("b", RG_OPT_DOUBLE, b, "X", "bm25: correction for long articles (default 0.75)", 0, 1),
    NUM("fusion", RG_OPT_DOUBLE, fusion, "W", "hybrid: weight of bm25 (default 0.6)", 0, 1),
    NUM("window", RG_OPT_U64, window, "N", "transcript: earlier turns (default 3)", 1, 1000),
    NUM("budget", RG_OPT_U64, budget, "TOKENS", "salience: at most so many (default 256)", 0, 1e9),
    NUM("gate", RG_OPT_DOUBLE, gate, "SCORE", "salience: lowest that is used (default 0)", 0, 1e9),
    OPT("kb", 0, RG_OPT_STRING, kb, "DIR",
        "Markdown files as the knowledge base (default: the trace's)"),
    OPT("context", 0, RG_OPT_STRING, context, "FILE",
        "static: this text (default: the first articles)"),
    NUM("retrieval-ms", RG_OPT_DOUBLE, retrieval_ms, "MS",
        "a retrieval takes this (default: as measured)", 0, 1e9),
    CHOICE("prompt", prompt, "KIND",
           "recorded prompts: any (default: contract where recorded),\nplain, contract",
           prompt_names),
    OPT("exact-prompt", 0, RG_OPT_FLAG, exact_prompt, NULL,
        "a call recorded with another prompt is not replayed in the\nplace of a missing one"),
    NUM("prefill-ms", RG_OPT_DOUBLE, prefill_ms, "MS",
        "what a thousand tokens that were not recorded add to a\nrecorded latency (default 50)", 0,
        1e9),
    OPT("contract", 0, RG_OPT_STRING, contract, "CONTRACT",
        "what an answer must be: off, recorded (default), json,\nticket, or a JSON Schema (a "
        "path)"),
    OPT("repair", 0, RG_OPT_LIST, repair, "STEP",
        "what may be done to an answer before it is judged, e.g. all,\nno-prose; see "
        "routergym-sim-contract(1) (default: none)"),
    NUM("retries", RG_OPT_U64, retries, "N",
        "further calls of a model whose answer is refused (default 0)", 0, 99),
    NUM("retry-tokens", RG_OPT_U64, retry_tokens, "N",
        "that a retry's prompt has beside the refused answer\n(default 30)", 0, 1e6),
    NUM("max-calls", RG_OPT_U64, max_calls, "N", "of a request (default 16)", 1, 100),
    CHOICE("missing-label", missing_label, "RULE",
           "an answer without a label of its own is wrong (default), or\nskip it",
           missing_label_names),
    CHOICE("missing", missing, "POLICY",
           "a call that is not recorded: error (default), skip, fail,\nmask (routers choose among "
           "what is recorded)",
           rg_missing_names),
    CHOICE("samples", samples, "RULE", "recorded repeats: random (default) or first", sample_names),
    CHOICE("arrivals", arrivals, "LAW",
           "all (at once), constant, poisson (default), gamma,\nweibull, closed, recorded, mmpp "
           "(bursts)",
           rg_run_arrival_names),
    NUM("rate", RG_OPT_DOUBLE, rate, "R", "arrivals a second (default 1)", 1e-9, 1e9),
    NUM("cv", RG_OPT_DOUBLE, cv, "CV",
        "gamma, weibull: coefficient of variation of the gaps\n(default 2)", 0.01, 100),
    OPT("rates", 0, RG_OPT_LIST, rates, "R,R...",
        "mmpp: arrivals a second in each state, e.g. 0.5,8"),
    OPT("stays", 0, RG_OPT_LIST, stays, "SECONDS,...", "mmpp: mean time in each state, e.g. 60,10"),
    NUM("users", RG_OPT_U64, users, "N", "closed: number of users (default 10)", 1, 1e9),
    NUM("think", RG_OPT_DOUBLE, think, "SECONDS", "closed: mean time between requests (default 5)",
        0, 1e9),
    NUM("speed", RG_OPT_DOUBLE, speed, "X", "recorded: so many times as fast (default 1)", 1e-9,
        1e9),
    OPT("loop", 0, RG_OPT_FLAG, loop, NULL, "recorded: begin again after the last arrival"),
    NUM("requests", RG_OPT_U64, requests, "N",
        "requests in a replication (default: one for each query,\nor recorded arrival)", 1, 4e9),
    NUM("warm-up", RG_OPT_AUTO, warm_up, "N",
        "first requests of a replication that count for nothing;\nauto: as many as MSER-5 finds "
        "(default 0)",
        0, 4e9),
    NUM("until", RG_OPT_DOUBLE, until_s, "SECONDS", "end a replication then at the latest", 1e-9,
        1e15),
    OPT("endpoints", 'e', RG_OPT_STRING, endpoints, "FILE",
        "how models are served (or the JSON itself): see\nroutergym-config(5)"),
    NUM("slots", RG_OPT_U64, slots, "N",
        "calls that a model's endpoint serves at once (default 8;\n0: any number)", 0, 4e9),
    OPT("service", 0, RG_OPT_STRING, service, "MODEL",
        "how long a call takes: recorded (default), zero, the name\nof a profile, or a file of "
        "profiles (a path)"),
    OPT("priority", 0, RG_OPT_STRING, priority, "COLUMN",
        "attribute of the query, low first, for endpoints that\nserve by priority"),
    NUM("overhead-ms", RG_OPT_DOUBLE, overhead_ms, "MS",
        "time spent once a request before its first call (default 0)", 0, 1e9),
    NUM("router-ms", RG_OPT_DOUBLE, router_ms, "MS",
        "time of classification and routing, once a request\n(default 0)", 0, 1e9),
    NUM("contract-ms", RG_OPT_DOUBLE, contract_ms, "MS",
        "time to check an answer, unless the contract is off\n(default 0)", 0, 1e9),
    NUM("feedback-ms", RG_OPT_DOUBLE, feedback_ms, "MS",
        "routers that learn: a score is known so long after its\nanswer (default 0)", 0, 1e12),
    NUM("slo-ms", RG_OPT_DOUBLE, slo_ms, "MS",
        "goodput counts requests completed within this time\n(default: completed at all)", 1e-9,
        1e12),
    NUM("replications", RG_OPT_U64, replications, "N",
        "independent repeats (default 10); 1: batch means", 1, 1e6),
    NUM("precision", RG_OPT_DOUBLE, precision, "P",
        "go on until the interval of the mean latency is +- this\nshare of it, e.g. 0.01", 1e-6, 1),
    NUM("max-replications", RG_OPT_U64, max_replications, "N",
        "... but make no more than these (default 1000)", 2, 1e6),
    NUM("seed", RG_OPT_U64, seed, "N", "seed of all random streams (default 1)", 0, 0),
    NUM("level", RG_OPT_DOUBLE, level, "P", "confidence of the intervals (default 0.95)", 0.5,
        0.9999),
    OPT("details", 0, RG_OPT_FLAG, details, NULL, "also print endpoints and reasons"),
    OPT("trace-events", 0, RG_OPT_STRING, trace_events, "FILE",
        "write the first replication of the first router as\nChrome trace events (JSON)"),
    OPT("export", 0, RG_OPT_STRING, export_to, "FILE",
        "write its arrivals, with the recorded calls, as a trace"),
    RG_OPT_FORMAT_ROW(struct rg_run_values, format),
};

enum rg_arrivals_law
rg_run_arrivals_law(const struct rg_run_values *v)
{
    return arrival_laws[v->arrivals];
}

enum rg_memory_mode
rg_run_memory_mode(const struct rg_run_values *v)
{
    for (size_t i = 0; v->memory && i < rg_n_memory_modes; i++)
        if (strcmp(rg_memory_modes[i].name, v->memory) == 0)
            return (enum rg_memory_mode)i;
    return RG_MEMORY_NONE;
}

struct rg_run_values
rg_run_defaults(void)
{
    return (struct rg_run_values){.split_seed = 1,
                                  .retriever = -1,
                                  .top = NOT_GIVEN,
                                  .window = NOT_GIVEN,
                                  .budget = NOT_GIVEN,
                                  .k1 = NAN,
                                  .b = NAN,
                                  .fusion = NAN,
                                  .gate = NAN,
                                  .retrieval_ms = NAN,
                                  .prefill_ms = 50,
                                  .contract = "recorded",
                                  .retry_tokens = 30,
                                  .max_calls = 16,
                                  .arrivals = 2,
                                  .rate = NAN,
                                  .cv = NAN,
                                  .think = NAN,
                                  .speed = NAN,
                                  .slots = 8,
                                  .until_s = INFINITY,
                                  .slo_ms = INFINITY,
                                  .replications = 10,
                                  .precision = NAN,
                                  .seed = 1,
                                  .level = 0.95};
}

void
rg_run_values_clear(struct rg_run_values *v)
{
    rg_opt_list_clear(&v->routers);
    rg_opt_list_clear(&v->where);
    rg_opt_list_clear(&v->rates);
    rg_opt_list_clear(&v->stays);
    rg_opt_list_clear(&v->repair);
}

static void
set_default(double *x, double value)
{
    if (isnan(*x))
        *x = value;
}

static bool
names_twice(const struct rg_opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(list->items[i], list->items[k]) == 0)
                return true;
    return false;
}

static const char *
complete_arrivals(struct rg_run_values *v)
{
    enum rg_arrivals_law law = arrival_laws[v->arrivals];

    if (!isnan(v->rate) && (law == RG_ARRIVALS_ALL || law == RG_ARRIVALS_CLOSED ||
                            law == RG_ARRIVALS_RECORDED || law == RG_ARRIVALS_MMPP))
        return "--rate does nothing with --arrivals all, closed, recorded or mmpp";
    if (law != RG_ARRIVALS_MMPP && (v->rates.n || v->stays.n))
        return "--rates and --stays need --arrivals mmpp";
    if (law == RG_ARRIVALS_MMPP && (v->rates.n < 2 || v->rates.n != v->stays.n))
        return "--arrivals mmpp needs --rates and --stays, two or more of each";
    if (!isnan(v->cv) && law != RG_ARRIVALS_GAMMA && law != RG_ARRIVALS_WEIBULL)
        return "--cv needs --arrivals gamma or weibull";
    if ((v->users || !isnan(v->think)) && law != RG_ARRIVALS_CLOSED)
        return "--users and --think need --arrivals closed";
    if ((!isnan(v->speed) || v->loop) && law != RG_ARRIVALS_RECORDED)
        return "--speed and --loop need --arrivals recorded";
    if (law == RG_ARRIVALS_RECORDED && v->where.n)
        return "--where does not choose among recorded arrivals";
    if (v->loop && !v->requests)
        return "--loop needs --requests, or it never ends";
    set_default(&v->rate, 1);
    set_default(&v->cv, 2);
    set_default(&v->think, 5);
    set_default(&v->speed, 1);
    v->users = v->users ? v->users : 10;
    return NULL;
}

/* The options of a mode are refused with others. Returns what is wrong, or NULL. */
static const char *
check_memory(const struct rg_run_values *v)
{
    enum rg_memory_mode mode = rg_run_memory_mode(v);
    bool dynamic = mode == RG_MEMORY_DYNAMIC;
    bool articles = dynamic || (mode == RG_MEMORY_STATIC && !v->context);

    if (v->retriever >= 0 && !dynamic)
        return "--retriever needs --memory dynamic";
    if (v->context && mode != RG_MEMORY_STATIC)
        return "--context needs --memory static";
    if (v->kb && !articles)
        return "--kb needs --memory dynamic, or static without --context";
    if (v->top != NOT_GIVEN && !articles)
        return "--top needs --memory dynamic, or static without --context";
    if ((!isnan(v->k1) || !isnan(v->b)) && (!dynamic || v->retriever == RG_RETRIEVER_DENSE))
        return "--k1 and --b need --memory dynamic with --retriever bm25 or hybrid";
    if (!isnan(v->fusion) && (!dynamic || v->retriever != RG_RETRIEVER_HYBRID))
        return "--fusion needs --memory dynamic with --retriever hybrid";
    if (v->window != NOT_GIVEN && mode != RG_MEMORY_TRANSCRIPT)
        return "--window needs --memory transcript";
    if ((v->budget != NOT_GIVEN || !isnan(v->gate)) && mode != RG_MEMORY_SALIENCE)
        return "--budget and --gate need --memory salience";
    if (!isnan(v->retrieval_ms) && !dynamic)
        return "--retrieval-ms needs --memory dynamic";
    return NULL;
}

static bool
set_count(uint64_t *x, uint64_t value)
{
    bool other = *x != NOT_GIVEN && *x != value;

    *x = *x == NOT_GIVEN ? value : *x;
    return other;
}

static bool
set_number(double *x, double value)
{
    bool other = !isnan(*x) && !(*x >= value && *x <= value);

    set_default(x, value);
    return other;
}

static void
complete_memory(struct rg_run_values *v)
{
    const struct rg_memory_config def = rg_memory_config_default();

    if (v->retriever < 0)
        v->retriever = (int)def.retriever;
    v->own_memory = v->kb || v->context || v->retriever != (int)def.retriever;
    v->own_memory |= set_count(&v->top, def.top);
    v->own_memory |= set_count(&v->window, def.window);
    v->own_memory |= set_count(&v->budget, def.budget_tok);
    v->own_memory |= set_number(&v->k1, def.k1);
    v->own_memory |= set_number(&v->b, def.b);
    v->own_memory |= set_number(&v->fusion, def.fusion);
    v->own_memory |= set_number(&v->gate, def.gate);
}

static const char *
complete_replay(struct rg_run_values *v)
{
    if (names_twice(&v->routers))
        return "--router names a router twice";
    if (v->classifier == RG_CLASSIFIER_TFIDF && !(v->train > 0))
        return "--classifier tfidf learns from --train";
    if (v->classifier == RG_CLASSIFIER_NONE && (v->label || v->confidence))
        return "--label and --confidence do nothing with --classifier none";
    if (v->classifier == RG_CLASSIFIER_TFIDF && (v->label || v->confidence))
        return "--label and --confidence do nothing with --classifier tfidf";
    if (v->train > 0 && rg_run_arrivals_law(v) == RG_ARRIVALS_RECORDED)
        return "--train does not go with --arrivals recorded, which name their queries";
    if (v->repair.n && strcmp(v->contract, "off") == 0)
        return "--repair does nothing with --contract off";
    return NULL;
}

static const char *
complete_experiment(struct rg_run_values *v)
{
    if (isnan(v->precision))
        return v->max_replications ? "--max-replications needs --precision" : NULL;
    if (v->replications < 2)
        return "--precision needs two --replications or more to begin with";
    if (v->max_replications && v->max_replications < v->replications)
        return "--max-replications is less than --replications, which are made anyway";
    if (!v->max_replications)
        v->max_replications = v->replications > 1000 ? v->replications : 1000;
    return NULL;
}

const char *
rg_run_complete(struct rg_run_values *v)
{
    const char *wrong = complete_arrivals(v);

    if (!wrong)
        wrong = check_memory(v);
    if (wrong)
        return wrong;
    complete_memory(v);
    wrong = complete_replay(v);
    return wrong ? wrong : complete_experiment(v);
}
