/* RouterGym's gold scores of April 2026: one row per ticket and configuration.
 *
 * Rows of a single model are calls; rows of the router slm_dominant are recorded runs. What is said
 * of a ticket stands in all its rows: it is collected while reading and becomes the query at the
 * end, together with the recorded escalations, so that a router can replay them. */
#include "traces/importers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/names.h"
#include "traces/columns.h"
#include "traces/import_routergym.h"

enum { OWN, OF_QUERY, OF_ROW }; /* what a column is used for */

enum {
    TICKET_ID,
    GOLD_TICKET_INDEX,
    ANALYSIS_CONFIG,
    ROUTER_FAMILY,
    BASE_MODEL,
    ESCALATION_MODEL,
    MEMORY_MODE,
    GOLD_TOPIC_GROUP,
    GOLD_LABEL,
    CLASSIFIER_CATEGORY,
    GENERATED_CATEGORY,
    GENERATED_CORRECT,
    GOLD_MATCH_FOUND,
    GOLD_REVIEW_STATUS,
    STEP_SCORE,
    ACCEPTANCE_SCORE,
    ESCALATION_SCORE,
    POLICY_SCORE,
    OVERALL_SCORE,
    COST_USD,
    LATENCY_MS,
    GENERATION_VALID,
    RAW_SAVED,
    PARSE_ERROR,
    VALIDATION_ERROR,
    ESCALATED,
    N_COLUMNS
};

static const struct rg_column columns[N_COLUMNS] = {
    [TICKET_ID] = {"ticket_id", RG_COLUMN_TEXT, true, OWN},
    [GOLD_TICKET_INDEX] = {"gold_ticket_index", RG_COLUMN_NUMBER, false, OF_QUERY},
    [ANALYSIS_CONFIG] = {"analysis_config", RG_COLUMN_TEXT, true, OF_ROW},
    [ROUTER_FAMILY] = {"router_family", RG_COLUMN_TEXT, true, OF_ROW},
    [BASE_MODEL] = {"base_model", RG_COLUMN_TEXT, true, OF_ROW},
    [ESCALATION_MODEL] = {"escalation_model", RG_COLUMN_TEXT, false, OF_ROW},
    [MEMORY_MODE] = {"memory_mode", RG_COLUMN_TEXT, true, OWN},
    [GOLD_TOPIC_GROUP] = {"gold_topic_group", RG_COLUMN_TEXT, false, OF_QUERY},
    [GOLD_LABEL] = {"gold_label", RG_COLUMN_TEXT, true, OWN},
    [CLASSIFIER_CATEGORY] = {"classifier_predicted_category", RG_COLUMN_TEXT, false, OF_QUERY},
    [GENERATED_CATEGORY] = {"generated_predicted_category", RG_COLUMN_TEXT, false, OF_ROW},
    [GENERATED_CORRECT] = {"generated_category_correct", RG_COLUMN_BOOL, false, OF_ROW},
    [GOLD_MATCH_FOUND] = {"gold_match_found", RG_COLUMN_BOOL, false, OF_QUERY},
    [GOLD_REVIEW_STATUS] = {"gold_review_status", RG_COLUMN_TEXT, false, OF_QUERY},
    [STEP_SCORE] = {"step_coverage_score", RG_COLUMN_NUMBER, false, OF_ROW},
    [ACCEPTANCE_SCORE] = {"acceptance_criteria_alignment_score", RG_COLUMN_NUMBER, false, OF_ROW},
    [ESCALATION_SCORE] = {"escalation_correctness_score", RG_COLUMN_NUMBER, false, OF_ROW},
    [POLICY_SCORE] = {"policy_grounding_match_score", RG_COLUMN_NUMBER, false, OF_ROW},
    [OVERALL_SCORE] = {"overall_gold_quality_score", RG_COLUMN_NUMBER, false, OWN},
    [COST_USD] = {"cost_usd", RG_COLUMN_NUMBER, false, OWN},
    [LATENCY_MS] = {"latency_ms", RG_COLUMN_NUMBER, false, OWN},
    [GENERATION_VALID] = {"generation_valid", RG_COLUMN_BOOL, false, OF_ROW},
    [RAW_SAVED] = {"raw_response_saved", RG_COLUMN_BOOL, false, OF_ROW},
    [PARSE_ERROR] = {"parse_error", RG_COLUMN_TEXT, false, OF_ROW},
    [VALIDATION_ERROR] = {"validation_error", RG_COLUMN_TEXT, false, OF_ROW},
    [ESCALATED] = {"escalated", RG_COLUMN_BOOL, true, OF_ROW},
};

/* Columns that say the same in all rows of a ticket. */
static const int ticket_columns[] = {
    GOLD_LABEL,          GOLD_TICKET_INDEX, GOLD_TOPIC_GROUP,
    CLASSIFIER_CATEGORY, GOLD_MATCH_FOUND,  GOLD_REVIEW_STATUS,
};
enum { N_TICKET_COLUMNS = sizeof ticket_columns / sizeof *ticket_columns };

enum family { LLM_ONLY, SLM_ONLY, SLM_DOMINANT, N_FAMILIES };
static const char *const families[N_FAMILIES] = {"llm_only", "slm_only", "slm_dominant"};

struct ticket {
    struct rg_place place; /* of its first row */
    char *value[N_TICKET_COLUMNS];
    struct rg_attrs attrs;
    enum rg_truth escalated[RG_ROUTERGYM_MODELS]; /* by base model of a router */
};

/* A row as values. */
struct row {
    enum family family;
    size_t base, escalation; /* indices of models; escalation RG_ROUTERGYM_MODELS: none */
    enum rg_truth escalated;
    enum rg_call_status status;
    double cost_usd, latency_ms, score;
};

struct gold {
    struct rg_import *im;
    struct rg_columns csv;
    struct rg_names *ids, *models_seen;
    struct ticket *tickets; /* by number in ids */
    size_t n_tickets, cap;
    struct rg_attrs attrs;
    const char *reason; /* kind of the fault found last */
};

bool
rg_import_gold_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"ticket_id", "analysis_config", "gold_label",
                                        "overall_gold_quality_score"};

    return rg_columns_detect(head, names, sizeof names / sizeof *names);
}

/* The configuration's name repeats what other columns say. */
static enum rg_status
check_config(const struct gold *g, const struct row *row, struct rg_err *err)
{
    struct rg_buf name = {0};
    enum rg_status status = RG_OK;
    const char *found = rg_columns_text(&g->csv, ANALYSIS_CONFIG);

    rg_buf_printf(&name, "%s__base_%s", families[row->family], rg_routergym_models[row->base]);
    if (row->escalation < RG_ROUTERGYM_MODELS)
        rg_buf_printf(&name, "__esc_%s", rg_routergym_models[row->escalation]);
    rg_buf_printf(&name, "__mem_%s", rg_columns_text(&g->csv, MEMORY_MODE));
    if (strcmp(found, rg_buf_text(&name)) != 0)
        status = rg_err_at(err, rg_columns_place(&g->csv, ANALYSIS_CONFIG),
                           "analysis_config does not fit the other columns (found \"%s\", expected "
                           "\"%s\")",
                           found, rg_buf_text(&name));
    rg_buf_clear(&name);
    return status;
}

static enum rg_status
check_escalation(const struct gold *g, const struct row *row, struct rg_err *err)
{
    bool has_model = row->escalation < RG_ROUTERGYM_MODELS;

    if (row->family == SLM_DOMINANT && !has_model)
        return rg_err_at(err, rg_columns_place(&g->csv, ESCALATION_MODEL),
                         "escalation_model is empty (expected a model for slm_dominant)");
    if (row->family != SLM_DOMINANT && has_model)
        return rg_err_at(
            err, rg_columns_place(&g->csv, ESCALATION_MODEL),
            "escalation_model in a row of a single model (found \"%s\", expected none)",
            rg_routergym_models[row->escalation]);
    if (row->escalated == RG_TRUE && !has_model)
        return rg_err_at(err, rg_columns_place(&g->csv, ESCALATED),
                         "escalated without an escalation_model (found True, expected False)");
    if (row->family != SLM_DOMINANT) {
        bool llm = rg_routergym_models[row->base][0] == 'l';

        if (llm != (row->family == LLM_ONLY))
            return rg_err_at(err, rg_columns_place(&g->csv, BASE_MODEL),
                             "base_model does not fit router_family %s (found \"%s\")",
                             families[row->family], rg_routergym_models[row->base]);
    }
    return RG_OK;
}

static enum rg_status
read_names(struct gold *g, struct row *row, struct rg_err *err)
{
    struct rg_columns *csv = &g->csv;
    enum rg_status status;
    size_t i;

    g->reason = "unknown name";
    status = rg_columns_name(csv, ROUTER_FAMILY, "router", families, N_FAMILIES, &i, err);
    if (status)
        return status;
    row->family = (enum family)i;
    status = rg_columns_name(csv, BASE_MODEL, "model", rg_routergym_models, RG_ROUTERGYM_MODELS,
                             &row->base, err);
    row->escalation = RG_ROUTERGYM_MODELS;
    if (status == RG_OK && rg_columns_text(csv, ESCALATION_MODEL))
        status = rg_columns_name(csv, ESCALATION_MODEL, "model", rg_routergym_models,
                                 RG_ROUTERGYM_MODELS, &row->escalation, err);
    if (status == RG_OK)
        status = rg_columns_name(csv, GOLD_LABEL, "category", rg_routergym_labels,
                                 RG_ROUTERGYM_LABELS, &i, err);
    if (status == RG_OK && rg_columns_text(csv, CLASSIFIER_CATEGORY))
        status = rg_columns_name(csv, CLASSIFIER_CATEGORY, "category", rg_routergym_labels,
                                 RG_ROUTERGYM_LABELS, &i, err);
    return status;
}

static enum rg_status
read_values(struct gold *g, struct row *row, struct rg_err *err)
{
    struct rg_columns *csv = &g->csv;
    enum rg_truth valid = RG_UNKNOWN;
    enum rg_status status;

    g->reason = "bad value";
    status = rg_columns_amount(csv, COST_USD, &row->cost_usd, err);
    if (status == RG_OK)
        status = rg_columns_amount(csv, LATENCY_MS, &row->latency_ms, err);
    if (status == RG_OK)
        status = rg_columns_number(csv, OVERALL_SCORE, &row->score, err);
    if (status == RG_OK)
        status = rg_columns_bool(csv, ESCALATED, &row->escalated, err);
    if (status == RG_OK)
        status = rg_columns_bool(csv, GENERATION_VALID, &valid, err);
    row->status = valid == RG_FALSE || rg_columns_text(csv, PARSE_ERROR) ||
                          rg_columns_text(csv, VALIDATION_ERROR)
                      ? RG_CALL_INVALID
                      : RG_CALL_OK;
    return status;
}

static enum rg_status
read_row(struct gold *g, struct row *row, struct rg_err *err)
{
    enum rg_status status;

    g->reason = "missing value";
    status = rg_columns_check(&g->csv, err);
    if (status == RG_OK)
        status = read_names(g, row, err);
    if (status == RG_OK)
        status = read_values(g, row, err);
    if (status)
        return status;
    g->reason = "contradiction within a row";
    status = check_escalation(g, row, err);
    return status ? status : check_config(g, row, err);
}

/* The score's parts and the truth of the label are recorded twice; a difference is worth a remark,
 * not a rejection, because the score itself is what was published. */
static enum rg_status
remark_scores(struct gold *g, const struct row *row, struct rg_err *err)
{
    static const int parts[] = {STEP_SCORE, ACCEPTANCE_SCORE, ESCALATION_SCORE, POLICY_SCORE};
    static const double weights[] = {0.4, 0.2, 0.2, 0.2};
    struct rg_place place = rg_columns_place(&g->csv, OVERALL_SCORE);
    const char *generated = rg_columns_text(&g->csv, GENERATED_CATEGORY);
    enum rg_truth correct = RG_UNKNOWN;
    enum rg_status status;
    double sum = 0, part;

    for (size_t i = 0; i < 4; i++) {
        status = rg_columns_number(&g->csv, (size_t)parts[i], &part, err);
        if (status)
            return status;
        sum += weights[i] * part;
    }
    if (fabs(sum - row->score) > 1e-12)
        rg_import_note(g->im, "score is not the weighted sum of its parts", &place);
    status = rg_columns_bool(&g->csv, GENERATED_CORRECT, &correct, err);
    if (status)
        return status;
    if (generated && correct != RG_UNKNOWN &&
        (strcmp(generated, rg_columns_text(&g->csv, GOLD_LABEL)) == 0) != (correct == RG_TRUE)) {
        place = rg_columns_place(&g->csv, GENERATED_CORRECT);
        rg_import_note(g->im, "generated_category_correct contradicts the labels", &place);
    }
    return RG_OK;
}

static enum rg_status
new_ticket(struct gold *g, const char *id, struct rg_err *err)
{
    struct ticket t = {.place = rg_columns_place(&g->csv, TICKET_ID)};
    enum rg_status status = rg_columns_attrs(&g->csv, OF_QUERY, &t.attrs, err);

    if (status) {
        rg_attrs_clear(&t.attrs);
        return status;
    }
    for (size_t i = 0; i < N_TICKET_COLUMNS; i++)
        t.value[i] = rg_strdup(rg_columns_field(&g->csv, (size_t)ticket_columns[i])->data);
    for (size_t i = 0; i < RG_ROUTERGYM_MODELS; i++)
        t.escalated[i] = RG_UNKNOWN;
    rg_names_add(g->ids, id, strlen(id), NULL);
    g->tickets = rg_grow(g->tickets, &g->cap, g->n_tickets + 1, sizeof *g->tickets);
    g->tickets[g->n_tickets++] = t;
    return RG_OK;
}

/* All rows of a ticket must say the same of it. */
static enum rg_status
same_ticket(const struct gold *g, const struct ticket *t, struct rg_err *err)
{
    for (size_t i = 0; i < N_TICKET_COLUMNS; i++) {
        size_t column = (size_t)ticket_columns[i];
        const char *found = rg_columns_field(&g->csv, column)->data;

        if (strcmp(found, t->value[i]) != 0)
            return rg_err_at(err, rg_columns_place(&g->csv, column),
                             "%s differs from the ticket's first row (found \"%s\", expected "
                             "\"%s\" as in line %llu)",
                             columns[column].name, found, t->value[i],
                             (unsigned long long)t->place.line);
    }
    return RG_OK;
}

/* The same base model escalates a ticket or not, whatever it escalates to: the decision is taken
 * before the larger model is asked. */
static enum rg_status
note_escalation(const struct gold *g, struct ticket *t, const struct row *row, struct rg_err *err)
{
    enum rg_truth *known = &t->escalated[row->base];

    if (row->family != SLM_DOMINANT)
        return RG_OK;
    if (*known != RG_UNKNOWN && *known != row->escalated)
        return rg_err_at(err, rg_columns_place(&g->csv, ESCALATED),
                         "escalated differs from an earlier row of this ticket with base_model %s",
                         rg_routergym_models[row->base]);
    *known = row->escalated;
    return RG_OK;
}

static enum rg_status
note_ticket(struct gold *g, const struct row *row, struct rg_err *err)
{
    const char *id = rg_columns_text(&g->csv, TICKET_ID);
    uint32_t number = rg_names_find(g->ids, id, strlen(id));
    enum rg_status status;

    if (number == RG_NAMES_NONE) {
        g->reason = "bad value";
        number = (uint32_t)g->n_tickets;
        status = new_ticket(g, id, err);
    } else {
        g->reason = "rows of a ticket disagree";
        status = same_ticket(g, &g->tickets[number], err);
    }
    if (status)
        return status;
    g->reason = "rows of a ticket disagree";
    return note_escalation(g, &g->tickets[number], row, err);
}

/* In and out tokens cost the same in this price list, so the cost of a single model's row tells
 * their sum: a whole number when the row follows the list. */
static void
derive_tokens(struct gold *g, const struct row *row)
{
    struct rg_place place = rg_columns_place(&g->csv, COST_USD);
    double price = rg_routergym_usd_per_mtok(rg_routergym_models[row->base]);
    double tokens = row->cost_usd / price * 1e6, whole = round(tokens);

    if (isnan(tokens) || row->escalated == RG_TRUE)
        return;
    if (fabs(tokens - whole) > 1e-6) {
        rg_import_note(g->im, "cost is no whole number of tokens", &place);
        return;
    }
    rg_attrs_number(&g->attrs, "total_tokens", whole);
    rg_import_note(g->im, "total_tokens derived from cost and price", &place);
}

static enum rg_status
put_call(struct gold *g, const struct row *row, const struct rg_place *place, struct rg_err *err)
{
    struct rg_call_rec rec = rg_call_rec_empty();

    rec.dataset = rg_routergym_dataset(g->im);
    rec.query = rg_columns_text(&g->csv, TICKET_ID);
    rec.model = rg_routergym_models[row->base];
    rec.memory = rg_columns_text(&g->csv, MEMORY_MODE);
    rec.status = row->status;
    rec.cost_usd = row->cost_usd;
    rec.latency_ms = row->latency_ms;
    rec.score = row->score;
    rec.attrs = rg_attrs_text(&g->attrs);
    return rg_import_call(g->im, &rec, place, err);
}

static enum rg_status
put_run(struct gold *g, const struct row *row, const struct rg_place *place, struct rg_err *err)
{
    struct rg_run_rec rec = rg_run_rec_empty();
    struct rg_buf chain = {0};
    enum rg_status status;

    rg_buf_puts(&chain, rg_routergym_models[row->base]);
    if (row->escalated == RG_TRUE)
        rg_buf_printf(&chain, ">%s", rg_routergym_models[row->escalation]);
    rec.dataset = rg_routergym_dataset(g->im);
    rec.query = rg_columns_text(&g->csv, TICKET_ID);
    rec.config = rg_columns_text(&g->csv, ANALYSIS_CONFIG);
    rec.memory = rg_columns_text(&g->csv, MEMORY_MODE);
    rec.chain = rg_buf_text(&chain);
    rec.model = rg_routergym_models[row->escalated == RG_TRUE ? row->escalation : row->base];
    rec.escalated = row->escalated;
    rec.status = row->status;
    rec.cost_usd = row->cost_usd;
    rec.latency_ms = row->latency_ms;
    rec.score = row->score;
    rec.attrs = rg_attrs_text(&g->attrs);
    status = rg_import_run_rec(g->im, &rec, place, err);
    rg_buf_clear(&chain);
    return status;
}

static enum rg_status
put_models(struct gold *g, const struct row *row, const struct rg_place *place, struct rg_err *err)
{
    enum rg_status status;

    g->reason = "model recorded otherwise";
    status =
        rg_routergym_put_model(g->im, g->models_seen, rg_routergym_models[row->base], place, err);
    if (status == RG_OK && row->escalation < RG_ROUTERGYM_MODELS)
        status = rg_routergym_put_model(g->im, g->models_seen, rg_routergym_models[row->escalation],
                                        place, err);
    return status;
}

/* Everything that may be wrong with a row by itself; nothing is stored when it fails. */
static enum rg_status
accept_row(struct gold *g, struct row *row, struct rg_err *err)
{
    struct rg_place place;
    enum rg_status status = read_row(g, row, err);

    rg_attrs_reset(&g->attrs);
    if (status)
        return status;
    g->reason = "bad value";
    status = rg_columns_attrs(&g->csv, OF_ROW, &g->attrs, err);
    if (status == RG_OK)
        status = note_ticket(g, row, err);
    if (status)
        return status;
    place = rg_columns_place(&g->csv, TICKET_ID);
    return put_models(g, row, &place, err);
}

static enum rg_status
import_row(struct gold *g, struct rg_err *err)
{
    struct row row;
    struct rg_place place = rg_columns_place(&g->csv, TICKET_ID);
    enum rg_status status = accept_row(g, &row, err);

    if (status)
        return rg_import_reject(g->im, g->reason, err);
    status = remark_scores(g, &row, err);
    if (status)
        return status;
    derive_tokens(g, &row);
    if (row.status == RG_CALL_INVALID)
        rg_import_note(
            g->im, "answer that the recorder could not parse or validate (status invalid)", &place);
    return row.family == SLM_DOMINANT ? put_run(g, &row, &place, err)
                                      : put_call(g, &row, &place, err);
}

static enum rg_status
put_query(struct gold *g, uint32_t number, struct rg_err *err)
{
    struct ticket *t = &g->tickets[number];
    struct rg_query_rec rec = {
        .dataset = rg_routergym_dataset(g->im),
        .id = rg_names_at(g->ids, number),
        .category = t->value[0],
    };
    struct rg_buf key = {0};
    enum rg_status status;

    for (size_t i = 0; i < RG_ROUTERGYM_MODELS; i++) {
        if (t->escalated[i] == RG_UNKNOWN)
            continue;
        rg_buf_reset(&key);
        rg_buf_printf(&key, "escalated_%s", rg_routergym_models[i]);
        rg_attrs_bool(&t->attrs, rg_buf_text(&key), t->escalated[i] == RG_TRUE);
    }
    rec.attrs = rg_attrs_text(&t->attrs);
    status = rg_import_query(g->im, &rec, &t->place, err);
    rg_buf_clear(&key);
    return status ? rg_import_reject(g->im, "query recorded otherwise", err) : RG_OK;
}

static enum rg_status
import_rows(struct gold *g, struct rg_err *err)
{
    for (;;) {
        enum rg_status status = rg_columns_next(&g->csv, err);

        if (status)
            status = rg_import_reject(g->im, "malformed CSV", err);
        else if (g->csv.fields)
            status = import_row(g, err);
        else
            break;
        if (status)
            return status;
    }
    for (uint32_t i = 0; i < g->n_tickets; i++) {
        enum rg_status status = put_query(g, i, err);

        if (status)
            return status;
    }
    rg_columns_remark(&g->csv, g->im);
    return RG_OK;
}

enum rg_status
rg_import_gold_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct gold g = {.im = im, .ids = rg_names_new(), .models_seen = rg_names_new()};
    enum rg_status status = rg_columns_open(&g.csv, path, columns, N_COLUMNS, N_COLUMNS, err);

    if (status == RG_OK)
        status = import_rows(&g, err);
    for (size_t i = 0; i < g.n_tickets; i++) {
        for (size_t k = 0; k < N_TICKET_COLUMNS; k++)
            free(g.tickets[i].value[k]);
        rg_attrs_clear(&g.tickets[i].attrs);
    }
    free(g.tickets);
    rg_attrs_clear(&g.attrs);
    rg_names_free(g.ids);
    rg_names_free(g.models_seen);
    rg_columns_close(&g.csv);
    return status;
}
