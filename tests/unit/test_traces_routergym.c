/* RouterGym's CSV importers on small invented files: everything a file says must be in the trace,
 * and everything wrong with a file must be named with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_trial.h"

/* ---- gold scores ---- */

#define GOLD_HEAD                                                                                  \
    "ticket_id,gold_ticket_index,analysis_config,router_family,base_model,escalation_model,"       \
    "memory_mode,gold_topic_group,gold_label,classifier_predicted_category,"                       \
    "generated_predicted_category,generated_category_correct,gold_match_found,"                    \
    "gold_review_status,step_coverage_score,acceptance_criteria_alignment_score,"                  \
    "escalation_correctness_score,policy_grounding_match_score,overall_gold_quality_score,"        \
    "cost_usd,latency_ms,generation_valid,raw_response_saved,parse_error,validation_error,"        \
    "escalated\n"
/* step .5, the others 1, 1, .5: .4 * .5 + .2 + .2 + .2 * .5 = .7 */
#define GOLD_SCORES "0.5,1.0,1.0,0.5,0.7,"

/* Rows of two tickets, interleaved. 2,000 tokens of slm1 at 0.5 USD a million are 0.001 USD. */
#define GOLD_SLM                                                                                   \
    "7,70,slm_only__base_slm1__mem_m,slm_only,slm1,,m,Disks,Storage,Storage,Hardware,False,True,"  \
    "approved," GOLD_SCORES "0.001,250.5,True,True,,,False\n"
#define GOLD_LLM                                                                                   \
    "8,80,llm_only__base_llm2__mem_m,llm_only,llm2,,m,Leave,HR Support,Access,HR Support,True,"    \
    "True,approved," GOLD_SCORES "0.003,900,True,True,,,False\n"
#define GOLD_ESCALATED                                                                             \
    "7,70,slm_dominant__base_slm1__esc_llm2__mem_m,slm_dominant,slm1,llm2,m,Disks,Storage,"        \
    "Storage,Storage,True,True,approved," GOLD_SCORES "0.004,1150.5,True,True,,,True\n"
#define GOLD_INVALID                                                                               \
    "8,80,slm_dominant__base_slm1__esc_llm2__mem_m,slm_dominant,slm1,llm2,m,Leave,HR Support,"     \
    "Access,,,True,approved," GOLD_SCORES "0.002,500,True,True,no object,,False\n"

static void
gold_records(void **state)
{
    const struct trial_file file = {"gold.csv",
                                    GOLD_HEAD GOLD_SLM GOLD_LLM GOLD_ESCALATED GOLD_INVALID};
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(
        rg_buf_text(&t.records),
        "model llm2 llm in=3 out=3\n"
        "model slm1 slm in=0.5 out=0.5\n"
        "query tickets/7 category=Storage attrs={\"classifier_predicted_category\":\"Storage\","
        "\"escalated_slm1\":true,\"gold_match_found\":true,\"gold_review_status\":\"approved\","
        "\"gold_ticket_index\":70,\"gold_topic_group\":\"Disks\"}\n"
        "query tickets/8 category=HR Support attrs={\"classifier_predicted_category\":\"Access\","
        "\"escalated_slm1\":false,\"gold_match_found\":true,\"gold_review_status\":\"approved\","
        "\"gold_ticket_index\":80,\"gold_topic_group\":\"Leave\"}\n"
        "call tickets/7 slm1 m contract=-1 sample=0 ok cost=0.001 latency=250.5 score=0.7 "
        "attrs={\"acceptance_criteria_alignment_score\":1,"
        "\"analysis_config\":\"slm_only__base_slm1__mem_m\",\"base_model\":\"slm1\","
        "\"escalated\":false,\"escalation_correctness_score\":1,"
        "\"generated_category_correct\":false,\"generated_predicted_category\":\"Hardware\","
        "\"generation_valid\":true,\"policy_grounding_match_score\":0.5,"
        "\"raw_response_saved\":true,\"router_family\":\"slm_only\","
        "\"step_coverage_score\":0.5,\"total_tokens\":2000}\n"
        "call tickets/8 llm2 m contract=-1 sample=0 ok cost=0.003 latency=900 score=0.7 "
        "attrs={\"acceptance_criteria_alignment_score\":1,"
        "\"analysis_config\":\"llm_only__base_llm2__mem_m\",\"base_model\":\"llm2\","
        "\"escalated\":false,\"escalation_correctness_score\":1,"
        "\"generated_category_correct\":true,\"generated_predicted_category\":\"HR Support\","
        "\"generation_valid\":true,\"policy_grounding_match_score\":0.5,"
        "\"raw_response_saved\":true,\"router_family\":\"llm_only\","
        "\"step_coverage_score\":0.5,\"total_tokens\":1000}\n"
        "run tickets/7 slm_dominant__base_slm1__esc_llm2__mem_m m contract=-1 sample=0 ok "
        "chain=slm1>llm2 model=llm2 escalated=1 cost=0.004 latency=1150.5 score=0.7 "
        "attrs={\"acceptance_criteria_alignment_score\":1,"
        "\"analysis_config\":\"slm_dominant__base_slm1__esc_llm2__mem_m\","
        "\"base_model\":\"slm1\",\"escalated\":true,\"escalation_correctness_score\":1,"
        "\"escalation_model\":\"llm2\",\"generated_category_correct\":true,"
        "\"generated_predicted_category\":\"Storage\",\"generation_valid\":true,"
        "\"policy_grounding_match_score\":0.5,\"raw_response_saved\":true,"
        "\"router_family\":\"slm_dominant\",\"step_coverage_score\":0.5}\n"
        "run tickets/8 slm_dominant__base_slm1__esc_llm2__mem_m m contract=-1 sample=0 invalid "
        "chain=slm1 model=slm1 escalated=0 cost=0.002 latency=500 score=0.7 "
        "attrs={\"acceptance_criteria_alignment_score\":1,"
        "\"analysis_config\":\"slm_dominant__base_slm1__esc_llm2__mem_m\","
        "\"base_model\":\"slm1\",\"escalated\":false,\"escalation_correctness_score\":1,"
        "\"escalation_model\":\"llm2\",\"generation_valid\":true,\"parse_error\":\"no object\","
        "\"policy_grounding_match_score\":0.5,\"raw_response_saved\":true,"
        "\"router_family\":\"slm_dominant\",\"step_coverage_score\":0.5,\"total_tokens\":4000}\n");
    assert_string_equal(
        rg_buf_text(&t.notes),
        "read 4 kept 4 superseded 0 rejected 0 calls 2 runs 2\n"
        "3 x total_tokens derived from cost and price\n"
        "1 x answer that the recorder could not parse or validate (status invalid)\n"
        "1 x column memory_mode is m in every record\n"
        "1 x column gold_match_found is True in every record\n"
        "1 x column gold_review_status is approved in every record\n"
        "1 x column step_coverage_score is 0.5 in every record\n"
        "1 x column acceptance_criteria_alignment_score is 1.0 in every record\n"
        "1 x column escalation_correctness_score is 1.0 in every record\n"
        "1 x column policy_grounding_match_score is 0.5 in every record\n"
        "1 x column overall_gold_quality_score is 0.7 in every record\n"
        "1 x column generation_valid is True in every record\n"
        "1 x column raw_response_saved is True in every record\n"
        "1 x column validation_error is empty in every record\n");
    trial_clear(&t);
}

/* Columns in another order, CR LF, a byte order mark and no last line end say nothing else. */
static void
gold_form_does_not_matter(void **state)
{
    struct rg_import_options options = {.dataset = "other"};
    const struct trial_file plain = {"a.csv", GOLD_HEAD GOLD_SLM};
    const struct trial_file moved = {
        "a.csv",
        "\xEF\xBB\xBF"
        "escalated,gold_ticket_index,analysis_config,router_family,base_model,escalation_model,"
        "memory_mode,gold_topic_group,gold_label,classifier_predicted_category,"
        "generated_predicted_category,generated_category_correct,gold_match_found,"
        "gold_review_status,step_coverage_score,acceptance_criteria_alignment_score,"
        "escalation_correctness_score,policy_grounding_match_score,overall_gold_quality_score,"
        "cost_usd,latency_ms,generation_valid,raw_response_saved,parse_error,validation_error,"
        "ticket_id\r\n"
        "False,70,slm_only__base_slm1__mem_m,slm_only,slm1,,m,Disks,Storage,\"Storage\",Hardware,"
        "False,True,approved," GOLD_SCORES "1e-3,250.50,True,True,,,7"};
    struct trial a, b;

    (void)state;
    trial_import(&a, &plain, 1, &options);
    trial_import(&b, &moved, 1, &options);
    assert_int_equal(a.status, RG_OK);
    assert_int_equal(b.status, RG_OK);
    assert_string_equal(rg_buf_text(&a.records), rg_buf_text(&b.records));
    assert_string_equal(a.digest, b.digest);
    assert_non_null(strstr(rg_buf_text(&b.records), "query other/7 "));
    assert_string_equal(rg_buf_text(&b.notes),
                        "read 1 kept 1 superseded 0 rejected 0 calls 1 runs 0\n"
                        "1 x total_tokens derived from cost and price\n"
                        "1 x byte order mark skipped\n"
                        "1 x lines end in CR LF\n"
                        "1 x last line without a line end\n");
    trial_clear(&a);
    trial_clear(&b);
}

/* A row like GOLD_SLM with one thing changed. */
#define GOLD_WITH(config, family, base, esc, label, scores, cost, escalated)                       \
    GOLD_HEAD "7,70," config "," family "," base "," esc ",m,Disks," label                         \
              ",Storage,Hardware,False,True,approved," scores cost ",250.5,True,True,,," escalated \
              "\n"

static void
gold_faults(void **state)
{
    (void)state;
    trial_fails("g.csv",
                GOLD_WITH("x", "slm_lonely", "slm1", "", "Storage", GOLD_SCORES, "1", "False"),
                NULL,
                "g.csv:2:8: unknown router in router_family (found \"slm_lonely\", expected "
                "llm_only, slm_only or slm_dominant)");
    trial_fails("g.csv",
                GOLD_WITH("x", "slm_only", "slm3", "", "Storage", GOLD_SCORES, "1", "False"), NULL,
                "g.csv:2:17: unknown model in base_model (found \"slm3\", expected slm1, slm2, "
                "llm1 or llm2)");
    trial_fails("g.csv",
                GOLD_WITH("x", "slm_only", "slm1", "", "storage", GOLD_SCORES, "1", "False"), NULL,
                "g.csv:2:31: unknown category in gold_label (found \"storage\", expected Access, "
                "Administrative rights, HR Support, Hardware, Internal Project, Miscellaneous, "
                "Purchase or Storage)");
    trial_fails("g.csv",
                GOLD_WITH("slm_only__base_slm2__mem_m", "slm_only", "slm1", "", "Storage",
                          GOLD_SCORES, "1", "False"),
                NULL,
                "g.csv:2:6: analysis_config does not fit the other columns (found "
                "\"slm_only__base_slm2__mem_m\", expected \"slm_only__base_slm1__mem_m\")");
    trial_fails("g.csv",
                GOLD_WITH("slm_only__base_slm1__mem_m", "slm_only", "slm1", "", "Storage",
                          GOLD_SCORES, "1", "True"),
                NULL,
                "g.csv:2:141: escalated without an escalation_model (found True, expected False)");
    trial_fails("g.csv",
                GOLD_WITH("x", "slm_dominant", "slm1", "", "Storage", GOLD_SCORES, "1", "False"),
                NULL, "g.csv:2:26: escalation_model is empty (expected a model for slm_dominant)");
    trial_fails("g.csv",
                GOLD_WITH("x", "slm_only", "slm1", "llm1", "Storage", GOLD_SCORES, "1", "False"),
                NULL,
                "g.csv:2:22: escalation_model in a row of a single model (found \"llm1\", "
                "expected none)");
    trial_fails("g.csv",
                GOLD_WITH("x", "llm_only", "slm1", "", "Storage", GOLD_SCORES, "1", "False"), NULL,
                "g.csv:2:17: base_model does not fit router_family llm_only (found \"slm1\")");
    trial_fails("g.csv",
                GOLD_WITH("slm_only__base_slm1__mem_m", "slm_only", "slm1", "", "Storage",
                          "half,1,1,1,1,", "1", "False"),
                NULL,
                "g.csv:2:101: step_coverage_score: not a number (found \"half\", expected a "
                "number)");
    trial_fails("g.csv",
                GOLD_WITH("x", "slm_only", "slm1", "", "Storage", GOLD_SCORES, "-1", "False"), NULL,
                "g.csv:2:96: cost_usd is negative (found -1, expected 0 or more)");
    trial_fails("g.csv", GOLD_WITH("x", "slm_only", "slm1", "", "Storage", GOLD_SCORES, "1", "no"),
                NULL,
                "g.csv:2:116: escalated is no truth value (found \"no\", expected True or False)");
    trial_fails("g.csv", GOLD_WITH("x", "slm_only", "slm1", "", "Storage", GOLD_SCORES, "1", ""),
                NULL, "g.csv:2:116: escalated is empty (expected a value)");
}

static void
gold_header_faults(void **state)
{
    (void)state;
    trial_fails("g.csv", "ticket_id,gold_lable\n7,x\n", "routergym-gold",
                "g.csv:1:11: unknown column \"gold_lable\" (did you mean \"gold_label\"?)");
    trial_fails("g.csv", "ticket_id,gold_label\n7,x\n", "routergym-gold",
                "g.csv:1: column \"gold_ticket_index\" is missing (found 2 columns, expected 26)");
}

/* Rows of one ticket must agree on it, wherever they stand. */
static void
gold_rows_disagree(void **state)
{
    (void)state;
    trial_fails("g.csv",
                GOLD_HEAD GOLD_SLM GOLD_LLM
                "7,70,llm_only__base_llm2__mem_m,llm_only,llm2,,m,Disks,Purchase,Storage,,,True,"
                "approved," GOLD_SCORES "0.003,1,True,True,,,False\n",
                NULL,
                "g.csv:4:56: gold_label differs from the ticket's first row (found \"Purchase\", "
                "expected \"Storage\" as in line 2)");
    trial_fails("g.csv",
                GOLD_HEAD GOLD_SLM
                "7,71,llm_only__base_llm2__mem_m,llm_only,llm2,,m,Disks,Storage,Storage,,,True,"
                "approved," GOLD_SCORES "0.003,1,True,True,,,False\n",
                NULL,
                "g.csv:3:3: gold_ticket_index differs from the ticket's first row (found \"71\", "
                "expected \"70\" as in line 2)");
    trial_fails("g.csv",
                GOLD_HEAD GOLD_ESCALATED
                "7,70,slm_dominant__base_slm1__esc_llm1__mem_m,slm_dominant,slm1,llm1,m,Disks,"
                "Storage,Storage,,,True,approved," GOLD_SCORES "0.003,1,True,True,,,False\n",
                NULL,
                "g.csv:3:150: escalated differs from an earlier row of this ticket with "
                "base_model slm1");
}

/* With keep_going the good rows stay, the report says what was rejected, and the sums add up. */
static void
gold_keep_going(void **state)
{
    const struct trial_file file = {
        "g.csv",
        GOLD_HEAD "broken,row\n" GOLD_SLM "9,90,x,slm_only,slm9,,m,,Storage,,,,,,,,,,,,,,,,,False\n"
                  "7,70,slm_only__base_slm1__mem_m,slm_only,slm1,,m,Disks,Storage,Storage,"
                  "Hardware,False,True,approved," GOLD_SCORES "0.002,250.5,True,True,,,"
                  "False\n" GOLD_SLM};
    const struct rg_import_options options = {.keep_going = true};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_EINPUT);
    assert_int_equal(t.report.read, 5);
    assert_int_equal(t.report.kept, 1);
    assert_int_equal(t.report.superseded, 1);
    assert_int_equal(t.report.rejected, 3);
    assert_non_null(strstr(rg_buf_text(&t.notes), "REJECTED 1 x malformed CSV\n    g.csv:2"));
    assert_non_null(strstr(rg_buf_text(&t.notes), "REJECTED 1 x unknown name\n    g.csv:4:17: "));
    assert_non_null(strstr(rg_buf_text(&t.records), "cost=0.001 "));
    assert_null(strstr(rg_buf_text(&t.records), "cost=0.002 "));
    assert_null(strstr(rg_buf_text(&t.records), "tickets/9"));
    trial_clear(&t);
}

/* What cannot be so but does no harm is remarked: the score, a label, tokens that are no whole
 * number. */
static void
gold_remarks(void **state)
{
    const struct trial_file file = {
        "g.csv", GOLD_HEAD
        "7,70,slm_only__base_slm1__mem_m,slm_only,slm1,,m,Disks,Storage,Storage,Hardware,True,"
        "True,approved,0.5,1.0,1.0,0.5,0.7000000001,0.00100000001,250.5,True,True,,,False\n"};
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 1 kept 1 superseded 0 rejected 0 calls 1 runs 0\n"
                        "1 x score is not the weighted sum of its parts\n"
                        "1 x generated_category_correct contradicts the labels\n"
                        "1 x cost is no whole number of tokens\n");
    assert_null(strstr(rg_buf_text(&t.records), "total_tokens"));
    trial_clear(&t);
}

/* ---- result CSV ---- */

#define OLD_HEAD                                                                                   \
    "router,memory,model,ticket_id,kb_attached,result,accuracy,groundedness,schema_validity,"      \
    "latency_ms,cost_usd,model_used,json_valid,schema_valid,gold_category,predicted_category\n"
#define NEW_HEAD                                                                                   \
    "router,memory,memory_mode,model,classifier_mode,classifier_label,classifier_confidence,"      \
    "classifier_latency_ms,classifier_token_cost,classifier_accuracy,"                             \
    "classifier_efficiency_score,ticket_id,kb_attached,result,accuracy,groundedness,"              \
    "schema_validity,latency_ms,cost_usd,retrieved_context_length,retrieval_latency_ms,"           \
    "memory_cost_tokens,memory_relevance_score,memory_context_used,model_used,json_valid,"         \
    "schema_valid,gold_category,predicted_category,classifier_metadata\r\n"

static void
results_old(void **state)
{
    const struct trial_file file = {
        "r.csv", OLD_HEAD
        "llm_first,none,slm1,3,False,success,0,0.0,1,320.25,0.0001605,slm,True,True,hr support,"
        "access\n"
        "llm_first,none,llm2,3,False,success,0,0.0,1,331.5,0.0001605,slm,True,True,hr support,"
        "access\n"
        "slm_dominant,rag,slm1,3,True,success,1,0.5,1,3000,0.02,llm,True,False,hr support,"
        "hr support\n"
        "slm_dominant,rag,slm2,3,True,timeout,1,0.5,1,3000,0.02,llm,True,True,hr support,\n"};
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(
        rg_buf_text(&t.records),
        "model llm llm in=20 out=20\n"
        "model slm slm in=0.5 out=0.5\n"
        "query tickets/3 category=hr support\n"
        "run tickets/3 llm_first__none__slm1 none contract=-1 sample=0 ok model=slm "
        "cost=0.0001605 latency=320.25 score=0 attrs={\"accuracy\":0,"
        "\"gold_category\":\"hr support\",\"groundedness\":0,\"json_valid\":true,"
        "\"kb_attached\":false,\"model\":\"slm1\",\"model_used\":\"slm\","
        "\"predicted_category\":\"access\",\"result\":\"success\",\"router\":\"llm_first\","
        "\"schema_valid\":true,\"schema_validity\":1}\n"
        "run tickets/3 llm_first__none__llm2 none contract=-1 sample=0 ok model=slm "
        "cost=0.0001605 latency=331.5 score=0 attrs={\"accuracy\":0,"
        "\"gold_category\":\"hr support\",\"groundedness\":0,\"json_valid\":true,"
        "\"kb_attached\":false,\"model\":\"llm2\",\"model_used\":\"slm\","
        "\"predicted_category\":\"access\",\"result\":\"success\",\"router\":\"llm_first\","
        "\"schema_valid\":true,\"schema_validity\":1}\n"
        "run tickets/3 slm_dominant__rag__slm1 rag contract=-1 sample=0 invalid model=llm "
        "cost=0.02 latency=3000 score=1 attrs={\"accuracy\":1,"
        "\"gold_category\":\"hr support\",\"groundedness\":0.5,\"json_valid\":true,"
        "\"kb_attached\":true,\"model\":\"slm1\",\"model_used\":\"llm\","
        "\"predicted_category\":\"hr support\",\"result\":\"success\","
        "\"router\":\"slm_dominant\",\"schema_valid\":false,\"schema_validity\":1}\n"
        "run tickets/3 slm_dominant__rag__slm2 rag contract=-1 sample=0 error model=llm "
        "cost=0.02 latency=3000 score=1 attrs={\"accuracy\":1,"
        "\"gold_category\":\"hr support\",\"groundedness\":0.5,\"json_valid\":true,"
        "\"kb_attached\":true,\"model\":\"slm2\",\"model_used\":\"llm\","
        "\"result\":\"timeout\",\"router\":\"slm_dominant\",\"schema_valid\":true,"
        "\"schema_validity\":1}\n");
    assert_string_equal(
        rg_buf_text(&t.notes),
        "read 4 kept 4 superseded 0 rejected 0 calls 0 runs 4\n"
        "2 x success is taken from the column result: the file has no answers, so a client's "
        "placeholder cannot be told\n"
        "1 x model cell repeats another one's outcome (category, accuracy, groundedness, cost, "
        "model_used)\n"
        "1 x column ticket_id is 3 in every record\n"
        "1 x column schema_validity is 1 in every record\n"
        "1 x column json_valid is True in every record\n"
        "1 x column gold_category is hr support in every record\n");
    trial_clear(&t);
}

static void
results_new(void **state)
{
    const struct trial_file file = {
        "r.csv", NEW_HEAD
        "hybrid_specialist,salience,salience,llm1,,,0.0,0.0,0.0,0.0,0.0,0,True,success,0,0.25,1,"
        "1200.125,0.016,0,0.0,0,0.0,,llm,True,True,storage,unknown,{}\r\n"
        "hybrid_specialist,salience,salience,llm1,tfidf,access,0.5,4,0.25,1,4,1,True,success,0,"
        "0.25,1,1200.125,0.016,12,1.5,3,0.75,some text,llm,True,True,storage,unknown,"
        "\"{\"\"b\"\":[1,{\"\"d\"\":null,\"\"c\"\":2}],\"\"a\"\":\"\"x\"\"}\"\r\n"};
    const struct rg_import_options options = {.dataset = "desk"};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(
        rg_buf_text(&t.records),
        "model llm llm in=20 out=20\n"
        "query desk/0 category=storage\n"
        "query desk/1 category=storage\n"
        "run desk/0 hybrid_specialist__salience__llm1 salience contract=-1 sample=0 ok model=llm "
        "cost=0.016 latency=1200.125 score=0 attrs={\"accuracy\":0,\"classifier_accuracy\":0,"
        "\"classifier_confidence\":0,\"classifier_efficiency_score\":0,"
        "\"classifier_latency_ms\":0,\"classifier_token_cost\":0,\"gold_category\":\"storage\","
        "\"groundedness\":0.25,\"json_valid\":true,\"kb_attached\":true,"
        "\"memory_cost_tokens\":0,\"memory_mode\":\"salience\",\"memory_relevance_score\":0,"
        "\"model\":\"llm1\",\"model_used\":\"llm\",\"predicted_category\":\"unknown\","
        "\"result\":\"success\",\"retrieval_latency_ms\":0,\"retrieved_context_length\":0,"
        "\"router\":\"hybrid_specialist\",\"schema_valid\":true,\"schema_validity\":1}\n"
        "run desk/1 hybrid_specialist__salience__llm1 salience contract=-1 sample=0 ok model=llm "
        "cost=0.016 latency=1200.125 score=0 attrs={\"accuracy\":0,\"classifier_accuracy\":1,"
        "\"classifier_confidence\":0.5,\"classifier_efficiency_score\":4,"
        "\"classifier_label\":\"access\",\"classifier_latency_ms\":4,"
        "\"classifier_metadata\":{\"a\":\"x\",\"b\":[1,{\"c\":2,\"d\":null}]},"
        "\"classifier_mode\":\"tfidf\",\"classifier_token_cost\":0.25,"
        "\"gold_category\":\"storage\","
        "\"groundedness\":0.25,\"json_valid\":true,\"kb_attached\":true,"
        "\"memory_context_used\":\"some text\",\"memory_cost_tokens\":3,"
        "\"memory_mode\":\"salience\",\"memory_relevance_score\":0.75,"
        "\"model\":\"llm1\",\"model_used\":\"llm\",\"predicted_category\":\"unknown\","
        "\"result\":\"success\",\"retrieval_latency_ms\":1.5,\"retrieved_context_length\":12,"
        "\"router\":\"hybrid_specialist\",\"schema_valid\":true,\"schema_validity\":1}\n");
    assert_non_null(strstr(rg_buf_text(&t.notes), "1 x lines end in CR LF\n"));
    trial_clear(&t);
}

static void
results_faults(void **state)
{
    (void)state;
    trial_fails("r.csv",
                OLD_HEAD "llm_last,none,slm1,3,False,success,0,0,1,1,1,slm,True,True,access,\n",
                NULL,
                "r.csv:2:1: unknown router in router (found \"llm_last\", expected llm_first, "
                "slm_dominant or hybrid_specialist)");
    trial_fails("r.csv",
                OLD_HEAD "llm_first,ram,slm1,3,False,success,0,0,1,1,1,slm,True,True,access,\n",
                NULL,
                "r.csv:2:11: unknown memory mode in memory (found \"ram\", expected none, "
                "transcript, salience or rag)");
    trial_fails(
        "r.csv", OLD_HEAD "llm_first,none,slm1,3,False,success,0,0,1,1,1,mlm,True,True,access,\n",
        NULL, "r.csv:2:47: unknown tier in model_used (found \"mlm\", expected slm or llm)");
    trial_fails("r.csv",
                OLD_HEAD "llm_first,none,slm1,3,False,success,0,0,1,0x10,1,slm,True,True,access,\n",
                NULL, "r.csv:2:43: latency_ms: not a number (found \"0x10\", expected a number)");
    /* The same ticket with another gold category. */
    trial_fails("r.csv",
                OLD_HEAD "llm_first,none,slm1,3,False,success,0,0,1,1,1,slm,True,True,access,\n"
                         "llm_first,none,slm2,3,False,success,0,0,1,1,1,slm,True,True,storage,\n",
                NULL, "r.csv:3:61: query '3' was read before, with other content");
    trial_fails(
        "r.csv",
        NEW_HEAD "llm_first,none,rag,slm1,,,0,0,0,0,0,3,False,success,0,0,1,1,1,0,0,0,0,,slm,True,"
                 "True,access,,{}\r\n",
        NULL, "r.csv:2:16: memory_mode differs from memory (found \"rag\", expected \"none\")");
    trial_fails("r.csv",
                NEW_HEAD
                "llm_first,none,none,slm1,,,0,0,0,0,0,3,False,success,0,0,1,1,1,0,0,0,0,,slm,"
                "True,True,access,,[1]\r\n",
                NULL, "r.csv:2:95: classifier_metadata: found JSON array, expected an object");
    /* One column of the later generation makes the others necessary. */
    trial_fails("r.csv", "router,memory,memory_mode,schema_validity,ticket_id,model_used\n", NULL,
                "r.csv:1: column \"model\" is missing (found 6 columns, expected 30)");
    trial_fails("r.csv", "router,memory,tokens,schema_validity,ticket_id,model_used\n", NULL,
                "r.csv:1:15: unknown column \"tokens\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gold_records),       cmocka_unit_test(gold_form_does_not_matter),
        cmocka_unit_test(gold_faults),        cmocka_unit_test(gold_header_faults),
        cmocka_unit_test(gold_rows_disagree), cmocka_unit_test(gold_keep_going),
        cmocka_unit_test(gold_remarks),       cmocka_unit_test(results_old),
        cmocka_unit_test(results_new),        cmocka_unit_test(results_faults),
    };

    return cmocka_run_group_tests_name("traces_routergym", tests, NULL, NULL);
}
