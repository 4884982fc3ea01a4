/* RouterGym's result CSV of the 200-ticket run: one row per router, memory, model cell and ticket,
 * in the older generation of 16 columns or the later one of 30. Every row is a recorded run: which
 * calls were made, and what was answered, is not in the file. */
#include "traces/importers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "traces/columns.h"
#include "traces/import_routergym.h"

enum { OWN, OF_ROW };

enum {
    ROUTER,
    MEMORY,
    MODEL,
    TICKET_ID,
    KB_ATTACHED,
    RESULT,
    ACCURACY,
    GROUNDEDNESS,
    SCHEMA_VALIDITY,
    LATENCY_MS,
    COST_USD,
    MODEL_USED,
    JSON_VALID,
    SCHEMA_VALID,
    GOLD_CATEGORY,
    PREDICTED_CATEGORY,
    N_OLD_COLUMNS,
    MEMORY_MODE = N_OLD_COLUMNS,
    CLASSIFIER_MODE,
    CLASSIFIER_LABEL,
    CLASSIFIER_CONFIDENCE,
    CLASSIFIER_LATENCY_MS,
    CLASSIFIER_TOKEN_COST,
    CLASSIFIER_ACCURACY,
    CLASSIFIER_EFFICIENCY,
    CONTEXT_LENGTH,
    RETRIEVAL_LATENCY_MS,
    MEMORY_COST_TOKENS,
    MEMORY_RELEVANCE,
    MEMORY_CONTEXT,
    CLASSIFIER_METADATA,
    N_COLUMNS
};

/* The older file has the first N_OLD_COLUMNS of these. */
static const struct rg_column columns[N_COLUMNS] = {
    [ROUTER] = {"router", RG_COLUMN_TEXT, true, OF_ROW},
    [MEMORY] = {"memory", RG_COLUMN_TEXT, true, OWN},
    [MODEL] = {"model", RG_COLUMN_TEXT, true, OF_ROW},
    [TICKET_ID] = {"ticket_id", RG_COLUMN_TEXT, true, OWN},
    [KB_ATTACHED] = {"kb_attached", RG_COLUMN_BOOL, false, OF_ROW},
    [RESULT] = {"result", RG_COLUMN_TEXT, true, OF_ROW},
    [ACCURACY] = {"accuracy", RG_COLUMN_NUMBER, false, OF_ROW},
    [GROUNDEDNESS] = {"groundedness", RG_COLUMN_NUMBER, false, OF_ROW},
    [SCHEMA_VALIDITY] = {"schema_validity", RG_COLUMN_NUMBER, false, OF_ROW},
    [LATENCY_MS] = {"latency_ms", RG_COLUMN_NUMBER, false, OWN},
    [COST_USD] = {"cost_usd", RG_COLUMN_NUMBER, false, OWN},
    [MODEL_USED] = {"model_used", RG_COLUMN_TEXT, true, OF_ROW},
    [JSON_VALID] = {"json_valid", RG_COLUMN_BOOL, false, OF_ROW},
    [SCHEMA_VALID] = {"schema_valid", RG_COLUMN_BOOL, false, OF_ROW},
    [GOLD_CATEGORY] = {"gold_category", RG_COLUMN_TEXT, true, OF_ROW},
    [PREDICTED_CATEGORY] = {"predicted_category", RG_COLUMN_TEXT, false, OF_ROW},
    [MEMORY_MODE] = {"memory_mode", RG_COLUMN_TEXT, true, OF_ROW},
    [CLASSIFIER_MODE] = {"classifier_mode", RG_COLUMN_TEXT, false, OF_ROW},
    [CLASSIFIER_LABEL] = {"classifier_label", RG_COLUMN_TEXT, false, OF_ROW},
    [CLASSIFIER_CONFIDENCE] = {"classifier_confidence", RG_COLUMN_NUMBER, false, OF_ROW},
    [CLASSIFIER_LATENCY_MS] = {"classifier_latency_ms", RG_COLUMN_NUMBER, false, OF_ROW},
    [CLASSIFIER_TOKEN_COST] = {"classifier_token_cost", RG_COLUMN_NUMBER, false, OF_ROW},
    [CLASSIFIER_ACCURACY] = {"classifier_accuracy", RG_COLUMN_NUMBER, false, OF_ROW},
    [CLASSIFIER_EFFICIENCY] = {"classifier_efficiency_score", RG_COLUMN_NUMBER, false, OF_ROW},
    [CONTEXT_LENGTH] = {"retrieved_context_length", RG_COLUMN_NUMBER, false, OF_ROW},
    [RETRIEVAL_LATENCY_MS] = {"retrieval_latency_ms", RG_COLUMN_NUMBER, false, OF_ROW},
    [MEMORY_COST_TOKENS] = {"memory_cost_tokens", RG_COLUMN_NUMBER, false, OF_ROW},
    [MEMORY_RELEVANCE] = {"memory_relevance_score", RG_COLUMN_NUMBER, false, OF_ROW},
    [MEMORY_CONTEXT] = {"memory_context_used", RG_COLUMN_TEXT, false, OF_ROW},
    [CLASSIFIER_METADATA] = {"classifier_metadata", RG_COLUMN_JSON, false, OF_ROW},
};

static const char *const routers[] = {"llm_first", "slm_dominant", "hybrid_specialist"};
static const char *const memories[] = {"none", "transcript", "salience", "rag"};

struct row {
    const char *model; /* used: slm or llm */
    enum rg_call_status status;
    double cost_usd, latency_ms, score;
};

struct results {
    struct rg_import *im;
    struct rg_columns csv;
    struct rg_names *models_seen;
    /* To see whether the model cells of a (router, memory, ticket) differ in anything but time: the
     * outcome of each one's first row, by number in cells. */
    struct rg_names *cells, *outcomes;
    uint32_t *first_outcome;
    size_t cap;
    struct rg_attrs attrs;
    const char *reason;
};

bool
rg_import_results_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"router", "memory", "ticket_id", "model_used",
                                        "schema_validity"};

    return rg_columns_detect(head, names, sizeof names / sizeof *names);
}

static enum rg_status
check_names(struct results *r, struct row *row, struct rg_err *err)
{
    const struct rg_columns *csv = &r->csv;
    enum rg_status status;
    size_t i;

    r->reason = "unknown name";
    status =
        rg_columns_name(csv, ROUTER, "router", routers, sizeof routers / sizeof *routers, &i, err);
    if (status == RG_OK)
        status = rg_columns_name(csv, MEMORY, "memory mode", memories,
                                 sizeof memories / sizeof *memories, &i, err);
    if (status == RG_OK)
        status =
            rg_columns_name(csv, MODEL, "model", rg_routergym_models, RG_ROUTERGYM_MODELS, &i, err);
    if (status == RG_OK)
        status = rg_columns_name(csv, GOLD_CATEGORY, "category", rg_routergym_labels_lower,
                                 RG_ROUTERGYM_LABELS, &i, err);
    if (status == RG_OK)
        status = rg_columns_name(csv, MODEL_USED, "tier", rg_routergym_tiers, RG_ROUTERGYM_TIERS,
                                 &i, err);
    if (status == RG_OK)
        row->model = rg_routergym_tiers[i];
    return status;
}

static enum rg_status
check_memory_mode(struct results *r, struct rg_err *err)
{
    const char *memory = rg_columns_text(&r->csv, MEMORY);

    r->reason = "contradiction within a row";
    if (r->csv.n <= MEMORY_MODE || strcmp(rg_columns_text(&r->csv, MEMORY_MODE), memory) == 0)
        return RG_OK;
    return rg_err_at(err, rg_columns_place(&r->csv, MEMORY_MODE),
                     "memory_mode differs from memory (found \"%s\", expected \"%s\")",
                     rg_columns_text(&r->csv, MEMORY_MODE), memory);
}

/* The file holds no answers, only what the recorder found. */
static enum rg_status
read_status(const struct rg_columns *csv, enum rg_call_status *out, struct rg_err *err)
{
    enum rg_truth json = RG_UNKNOWN, schema = RG_UNKNOWN;
    enum rg_status status = rg_columns_bool(csv, JSON_VALID, &json, err);

    if (status == RG_OK)
        status = rg_columns_bool(csv, SCHEMA_VALID, &schema, err);
    if (strcmp(rg_columns_text(csv, RESULT), "success") != 0)
        *out = RG_CALL_ERROR;
    else if (json == RG_FALSE || schema == RG_FALSE)
        *out = RG_CALL_INVALID;
    else
        *out = RG_CALL_OK;
    return status;
}

static enum rg_status
read_row(struct results *r, struct row *row, struct rg_err *err)
{
    enum rg_status status;

    r->reason = "missing value";
    status = rg_columns_check(&r->csv, err);
    if (status == RG_OK)
        status = check_names(r, row, err);
    if (status == RG_OK)
        status = check_memory_mode(r, err);
    if (status)
        return status;
    r->reason = "bad value";
    status = rg_columns_amount(&r->csv, COST_USD, &row->cost_usd, err);
    if (status == RG_OK)
        status = rg_columns_amount(&r->csv, LATENCY_MS, &row->latency_ms, err);
    if (status == RG_OK)
        status = rg_columns_number(&r->csv, ACCURACY, &row->score, err);
    if (status == RG_OK)
        status = read_status(&r->csv, &row->status, err);
    return status ? status : rg_columns_attrs(&r->csv, OF_ROW, &r->attrs, err);
}

/* The query and the model of a row. A ticket has one gold category; another one is refused. */
static enum rg_status
put_parts(struct results *r, const struct row *row, const struct rg_place *place,
          struct rg_err *err)
{
    struct rg_query_rec query = {
        .dataset = rg_routergym_dataset(r->im),
        .id = rg_columns_text(&r->csv, TICKET_ID),
        .category = rg_columns_text(&r->csv, GOLD_CATEGORY),
    };
    struct rg_place where = rg_columns_place(&r->csv, GOLD_CATEGORY);
    enum rg_status status;

    r->reason = "query recorded otherwise";
    status = rg_import_query(r->im, &query, &where, err);
    if (status)
        return status;
    r->reason = "model recorded otherwise";
    return rg_routergym_put_model(r->im, r->models_seen, row->model, place, err);
}

/* Did this model cell give what another one gave for the same router, memory and ticket? In the
 * published run all four do: the column `model` named cells, but the models called did not depend
 * on it. */
static void
remark_cell(struct results *r, const struct rg_place *place)
{
    static const int parts[] = {PREDICTED_CATEGORY, ACCURACY, GROUNDEDNESS, COST_USD, MODEL_USED};
    static const int key[] = {ROUTER, MEMORY, TICKET_ID};
    struct rg_buf text = {0};
    uint32_t cell, outcome;
    bool added;

    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        rg_buf_printf(&text, "%s,", rg_columns_field(&r->csv, (size_t)key[i])->data);
    cell = rg_names_add(r->cells, rg_buf_text(&text), text.len, &added);
    rg_buf_reset(&text);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        rg_buf_printf(&text, "%s,", rg_columns_field(&r->csv, (size_t)parts[i])->data);
    outcome = rg_names_add(r->outcomes, rg_buf_text(&text), text.len, NULL);
    rg_buf_clear(&text);
    if (added) {
        r->first_outcome =
            rg_grow(r->first_outcome, &r->cap, (size_t)cell + 1, sizeof *r->first_outcome);
        r->first_outcome[cell] = outcome;
    } else if (r->first_outcome[cell] == outcome) {
        rg_import_note(r->im,
                       "model cell repeats another one's outcome (category, accuracy, "
                       "groundedness, cost, model_used)",
                       place);
    }
}

static enum rg_status
put_run(struct results *r, const struct row *row, const struct rg_place *place, struct rg_err *err)
{
    struct rg_run_rec rec = rg_run_rec_empty();
    struct rg_buf config = {0};
    enum rg_status status;

    rg_buf_printf(&config, "%s__%s__%s", rg_columns_text(&r->csv, ROUTER),
                  rg_columns_text(&r->csv, MEMORY), rg_columns_text(&r->csv, MODEL));
    rec.dataset = rg_routergym_dataset(r->im);
    rec.query = rg_columns_text(&r->csv, TICKET_ID);
    rec.config = rg_buf_text(&config);
    rec.memory = rg_columns_text(&r->csv, MEMORY);
    rec.model = row->model;
    rec.status = row->status;
    rec.cost_usd = row->cost_usd;
    rec.latency_ms = row->latency_ms;
    rec.score = row->score;
    rec.attrs = rg_attrs_text(&r->attrs);
    status = rg_import_run_rec(r->im, &rec, place, err);
    rg_buf_clear(&config);
    return status;
}

static enum rg_status
import_row(struct results *r, struct rg_err *err)
{
    struct row row = {0};
    struct rg_place place = rg_columns_place(&r->csv, ROUTER);
    enum rg_status status;

    rg_attrs_reset(&r->attrs);
    status = read_row(r, &row, err);
    if (status == RG_OK)
        status = put_parts(r, &row, &place, err);
    if (status)
        return rg_import_reject(r->im, r->reason, err);
    if (row.status == RG_CALL_OK)
        rg_import_note(r->im,
                       "success is taken from the column result: the file has no answers, so a "
                       "client's placeholder cannot be told",
                       &place);
    remark_cell(r, &place);
    return put_run(r, &row, &place, err);
}

static enum rg_status
import_rows(struct results *r, struct rg_err *err)
{
    for (;;) {
        enum rg_status status = rg_columns_next(&r->csv, err);

        if (status)
            status = rg_import_reject(r->im, "malformed CSV", err);
        else if (r->csv.fields)
            status = import_row(r, err);
        else
            break;
        if (status)
            return status;
    }
    rg_columns_remark(&r->csv, r->im);
    return RG_OK;
}

enum rg_status
rg_import_results_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct results r = {
        .im = im,
        .models_seen = rg_names_new(),
        .cells = rg_names_new(),
        .outcomes = rg_names_new(),
    };
    enum rg_status status = rg_columns_open(&r.csv, path, columns, N_COLUMNS, N_OLD_COLUMNS, err);

    if (status == RG_OK)
        status = import_rows(&r, err);
    rg_columns_close(&r.csv);
    rg_attrs_clear(&r.attrs);
    rg_names_free(r.models_seen);
    rg_names_free(r.cells);
    rg_names_free(r.outcomes);
    free(r.first_outcome);
    return status;
}
