/* The importer of RouterGym's raw lines on small invented files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_trial.h"

#define RAW_TICKET(id, router, memory, tier)                                                       \
    "{\"ticket_id\":" id ",\"router\":\"" router "\",\"memory\":\"" memory                         \
    "\",\"target_model\":\"" tier "\",\"kb_attached\":false,"
#define RAW_META(steps) "\"routing_meta\":{\"strategy\":\"s\"" steps "},"
/* A prompt of 19 code points; answer and reasoning come to it. */
#define RAW_PROMPT "Caf\xC3\xA9 is cold.\\n\\nJSON"
#define RAW_REST(context, answer, gold, cost, snippets)                                            \
    "\"memory_context\":\"" context "\",\"result\":\"success\",\"accuracy\":1.0,"                  \
    "\"groundedness\":0.0,\"schema_validity\":1,\"latency_ms\":320.5,\"cost_usd\":" cost           \
    ",\"output\":{\"final_answer\":\"" answer                                                      \
    "\",\"reasoning\":\"why\",\"predicted_category\":\"access\"},\"model_used\":\"slm\","          \
    "\"json_valid\":true,\"schema_valid\":true,\"predicted_category\":\"access\","                 \
    "\"gold_category\":\"" gold "\",\"routing_time\":320,\"retrieval_time\":0.0,"                  \
    "\"generation_time\":0.25,\"repair_time\":0.0,\"metrics_time\":0.125,"                         \
    "\"latency_escalated\":false,\"kb_snippets\":" snippets ","
#define RAW_END(prompt) "\"prompt\":\"" prompt "\"}\n"
#define RAW_30 "\"classifier_label\":\"\",\"classifier_confidence\":0.0,\"classifier_probs\":{},"
#define RAW_45                                                                                     \
    "\"classifier_label\":\"access\",\"classifier_confidence\":0.75,\"classifier_mode\":"          \
    "\"tfidf\","                                                                                   \
    "\"classifier_latency_ms\":2.0,\"classifier_token_cost\":0.0,\"classifier_accuracy\":1.0,"     \
    "\"classifier_efficiency_score\":1.0,\"classifier_metadata\":{\"name\":\"T\"},"                \
    "\"classifier_probabilities\":{\"b\":0.25,\"a\":0.75},\"memory_mode\":\"rag\","                \
    "\"memory_relevance_score\":0.5,\"memory_cost_tokens\":7,\"memory_context_used\":\"abc\","     \
    "\"memory_retrieval_metadata\":{\"mode\":\"rag\"},\"retrieval_latency_ms\":1.5,"               \
    "\"retrieved_context_length\":3,\"router_confidence_score\":0.5,"                              \
    "\"router_decision_reason\":\"low\","

/* 19 + 7 + 3 code points are 7 tokens: 3.5e-06 USD at 0.0005 USD a thousand. */
#define RAW_GENUINE                                                                                \
    RAW_TICKET("4", "llm_first", "none", "slm")                                                    \
    RAW_META(",\"steps\":[{\"stage\":\"generate\"},{}]")                                           \
    RAW_REST("", "Warm it", "access", "3.5e-06", "[]") RAW_END(RAW_PROMPT)
/* 19 + 15 + 3 code points are 9 tokens. */
#define RAW_PLACEHOLDER                                                                            \
    RAW_TICKET("4", "llm_first", "none", "slm")                                                    \
    RAW_META("")                                                                                   \
    RAW_REST("\\ufeffx\xC3\xA9", "LLM unavailable", "access", "4.5e-06", "[\"a\",\"b\"]")          \
    RAW_END(RAW_PROMPT)
#define RAW_STUB_30                                                                                \
    RAW_TICKET("4", "llm_first", "none", "slm")                                                    \
    RAW_META("")                                                                                   \
    RAW_REST("", "answer 12", "network", "1", "[]") RAW_30 RAW_END("")
#define RAW_STUB_45                                                                                \
    RAW_TICKET("5", "llm_first", "rag", "llm")                                                     \
    RAW_META("") RAW_REST("", "ok", "access", "1", "[]") RAW_45 RAW_END("")

#define RAW_ATTRS                                                                                  \
    "\"generation_time\":0.25,\"gold_category\":\"access\",\"groundedness\":0,"                    \
    "\"json_valid\":true,\"kb_attached\":false,"

static void
raw_records(void **state)
{
    const struct trial_file file = {
        "raw.jsonl", RAW_STUB_30 RAW_GENUINE RAW_PLACEHOLDER RAW_STUB_45 RAW_GENUINE};
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_string_equal(t.status ? t.err.text : "", "");
    assert_string_equal(
        rg_buf_text(&t.records),
        "model slm slm in=0.5 out=0.5\n"
        "query tickets/4 category=access text=Caf\xC3\xA9 is cold.\n"
        "query tickets/5\n"
        "run tickets/4 llm_first__none none contract=-1 sample=0 invalid model=slm cost=1 "
        "latency=320.5 score=1 text={\"final_answer\":\"answer 12\",\"reasoning\":\"why\","
        "\"predicted_category\":\"access\"} attrs={\"accuracy\":1,\"classifier_confidence\":0,"
        "\"generation_time\":0.25,\"gold_category\":\"network\",\"groundedness\":0,"
        "\"json_valid\":true,\"kb_attached\":false,\"kb_snippet_count\":0,"
        "\"latency_escalated\":false,\"memory_context_length\":0,\"metrics_time\":0.125,"
        "\"model_used\":\"slm\",\"predicted_category\":\"access\",\"repair_time\":0,"
        "\"result\":\"success\",\"retrieval_time\":0,\"router\":\"llm_first\","
        "\"routing_time\":320,\"schema_valid\":true,\"schema_validity\":1,"
        "\"target_model\":\"slm\"}\n"
        "run tickets/4 llm_first__none none contract=-1 sample=1 ok model=slm cost=3.5e-06 "
        "latency=320.5 score=1 text={\"final_answer\":\"Warm it\",\"reasoning\":\"why\","
        "\"predicted_category\":\"access\"} prompt=Caf\xC3\xA9 is cold.\n\nJSON "
        "attrs={\"accuracy\":1," RAW_ATTRS "\"kb_snippet_count\":0,"
        "\"latency_escalated\":false,\"memory_context_length\":0,\"metrics_time\":0.125,"
        "\"model_used\":\"slm\",\"predicted_category\":\"access\",\"repair_time\":0,"
        "\"result\":\"success\",\"retrieval_time\":0,\"router\":\"llm_first\","
        "\"routing_steps\":2,\"routing_time\":320,\"schema_valid\":true,"
        "\"schema_validity\":1,\"target_model\":\"slm\"}\n"
        "run tickets/4 llm_first__none none contract=-1 sample=2 error model=slm cost=4.5e-06 "
        "latency=320.5 score=1 text={\"final_answer\":\"LLM unavailable\","
        "\"reasoning\":\"why\",\"predicted_category\":\"access\"} "
        "prompt=Caf\xC3\xA9 is cold.\n\nJSON "
        "attrs={\"accuracy\":1," RAW_ATTRS "\"kb_snippet_count\":2,"
        "\"latency_escalated\":false,\"memory_context_length\":3,\"metrics_time\":0.125,"
        "\"model_used\":\"slm\",\"predicted_category\":\"access\",\"repair_time\":0,"
        "\"result\":\"success\",\"retrieval_time\":0,\"router\":\"llm_first\","
        "\"routing_time\":320,\"schema_valid\":true,"
        "\"schema_validity\":1,\"target_model\":\"slm\"}\n"
        "run tickets/5 llm_first__rag__tfidf rag contract=-1 sample=0 invalid model=slm cost=1 "
        "latency=320.5 score=1 text={\"final_answer\":\"ok\",\"reasoning\":\"why\","
        "\"predicted_category\":\"access\"} attrs={\"accuracy\":1,\"classifier_accuracy\":1,"
        "\"classifier_confidence\":0.75,\"classifier_efficiency_score\":1,"
        "\"classifier_label\":\"access\",\"classifier_latency_ms\":2,"
        "\"classifier_metadata\":{\"name\":\"T\"},\"classifier_mode\":\"tfidf\","
        "\"classifier_probabilities\":{\"a\":0.75,\"b\":0.25},\"classifier_token_cost\":"
        "0," RAW_ATTRS "\"kb_snippet_count\":0,\"latency_escalated\":false,"
        "\"memory_context_length\":0,\"memory_context_used_length\":3,"
        "\"memory_cost_tokens\":7,\"memory_mode\":\"rag\",\"memory_relevance_score\":0.5,"
        "\"metrics_time\":0.125,\"model_used\":\"slm\",\"predicted_category\":\"access\","
        "\"repair_time\":0,\"result\":\"success\",\"retrieval_latency_ms\":1.5,"
        "\"retrieval_time\":0,\"retrieved_context_length\":3,\"router\":\"llm_first\","
        "\"router_confidence_score\":0.5,\"router_decision_reason\":\"low\","
        "\"routing_time\":320,\"schema_valid\":true,\"schema_validity\":1,"
        "\"target_model\":\"llm\"}\n");
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 5 kept 4 superseded 1 rejected 0 calls 0 runs 4\n"
                        "5 x nested routing_meta kept as step count\n"
                        "2 x unit-test stub of the recording project (status invalid)\n"
                        "1 x gold category is none of the eight labels\n"
                        "3 x cost follows the recorded price rule\n"
                        "3 x latency is the sum of its recorded parts, scoring included\n"
                        "1 x text memory_context kept as its length\n"
                        "1 x nested kb_snippets kept as its count\n"
                        "1 x U+FEFF within texts kept\n"
                        "1 x placeholder of a failed call (status error)\n"
                        "1 x text memory_context_used kept as its length\n"
                        "1 x nested memory_retrieval_metadata left out\n"
                        "1 x repeated record, equal to an earlier one\n");
    trial_clear(&t);
}

/* A ticket's category and text come from genuine lines only, whichever file is read first. */
static void
raw_order_of_files(void **state)
{
    const struct trial_file one[] = {{"a.jsonl", RAW_STUB_45 RAW_STUB_30},
                                     {"b.jsonl", RAW_GENUINE}};
    const struct trial_file two[] = {{"b.jsonl", RAW_GENUINE}, {"a.jsonl", RAW_STUB_45}};
    const struct rg_import_options options = {.no_text = true};
    struct trial a, b;

    (void)state;
    trial_import(&a, one, 2, &options);
    trial_import(&b, two, 2, &options);
    assert_int_equal(a.status, RG_OK);
    assert_int_equal(b.status, RG_OK);
    assert_non_null(strstr(rg_buf_text(&a.records), "query tickets/4 category=access text="));
    assert_non_null(strstr(rg_buf_text(&b.records), "query tickets/4 category=access text="));
    assert_non_null(strstr(rg_buf_text(&a.records), "query tickets/5\n"));
    assert_null(strstr(rg_buf_text(&a.records), "final_answer"));
    assert_null(strstr(rg_buf_text(&a.records), "prompt="));
    trial_clear(&a);
    trial_clear(&b);
}

static void
raw_conflicting_tickets(void **state)
{
    const struct trial_file file = {
        "raw.jsonl", RAW_GENUINE RAW_TICKET("4", "llm_first", "none", "slm") RAW_META("")
                         RAW_REST("", "Heat it", "storage", "7", "[]") RAW_END("")};
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_non_null(strstr(rg_buf_text(&t.records), "query tickets/4 category=access "));
    assert_non_null(strstr(rg_buf_text(&t.records), "\"gold_category\":\"storage\""));
    assert_non_null(strstr(rg_buf_text(&t.notes),
                           "1 x ticket with another text or category: the first one is kept\n"));
    assert_non_null(
        strstr(rg_buf_text(&t.notes), "1 x cost differs from the recorded price rule\n"));
    trial_clear(&t);
}

static void
raw_faults(void **state)
{
    (void)state;
    trial_fails("r.jsonl",
                RAW_GENUINE RAW_TICKET("4", "llm_first", "none", "slm") "\"rsult\":1," RAW_META("")
                    RAW_REST("", "x", "access", "1", "[]") RAW_END(""),
                NULL, "r.jsonl:2:102: unknown key \"rsult\" (did you mean \"result\"?)");
    trial_fails("r.jsonl",
                RAW_TICKET("4", "llm_first", "none", "slm") RAW_META("")
                    RAW_REST("", "x", "access", "1", "[]") "\"classifier_label\":\"\"," RAW_END(""),
                NULL,
                "r.jsonl:1:605: unexpected key \"classifier_label\" (expected the 27 keys of this "
                "kind of line)");
    trial_fails(
        "r.jsonl",
        "{\"ticket_id\":1,\"router\":\"llm_first\",\"memory\":\"none\"," RAW_META(
            "") "\"prompt\":\"\"}\n",
        NULL,
        "r.jsonl:1:1: key \"target_model\" is missing (expected the 27 keys of this kind of "
        "line)");
    trial_fails(
        "r.jsonl",
        RAW_TICKET("4", "slm_dominat", "none", "slm") RAW_META("")
            RAW_REST("", "x", "access", "1", "[]") RAW_END(""),
        NULL,
        "r.jsonl:1:25: unknown router (found \"slm_dominat\", expected llm_first, slm_dominant "
        "or hybrid_specialist)");
    trial_fails("r.jsonl",
                RAW_TICKET("4", "llm_first", "none", "slm") RAW_META("")
                    RAW_REST("", "x", "network", "1", "[]") RAW_END(""),
                NULL,
                "r.jsonl:1:432: unknown gold_category (found \"network\", expected access, "
                "administrative rights, hr support, hardware, internal project, miscellaneous, "
                "purchase or storage)");
    trial_fails("r.jsonl",
                RAW_TICKET("4", "llm_first", "none", "slm") RAW_META("")
                    RAW_REST("", "x", "access", "-0.5", "[]") RAW_END(""),
                NULL, "r.jsonl:1:249: cost_usd is negative (found -0.5, expected 0 or more)");
    trial_fails("r.jsonl",
                RAW_TICKET("4", "llm_first", "none", "slm") RAW_META("")
                    RAW_REST("", "x", "access", "\"1\"", "[]") RAW_END(""),
                NULL,
                "r.jsonl:1:249: \"cost_usd\" has the wrong type (found string, expected a number)");
    trial_fails("r.jsonl", RAW_GENUINE "{\"ticket_id\":01}\n", NULL,
                "r.jsonl:2:14: not valid JSON: bad number (found a leading zero)");
}

/* Thousands of runs of one key, and then all of them again in another file: every line becomes the
 * next sample, none twice. */
static void
raw_many(void **state)
{
    enum { N = 6000 };
    static const char latency[] = "\"latency_ms\":";
    const char *genuine = RAW_GENUINE, *at = strstr(genuine, latency) + strlen(latency);
    const struct rg_import_options options = {.no_text = true};
    struct rg_buf lines = {0};
    struct trial_file files[2];
    struct trial t;

    (void)state;
    for (int i = 0; i < N; i++)
        rg_buf_printf(&lines, "%.*s%d%s", (int)(at - genuine), genuine, i + 1, at);
    files[0] = (struct trial_file){"a.jsonl", lines.data};
    files[1] = (struct trial_file){"b.jsonl", lines.data};
    trial_import(&t, files, 2, &options);
    assert_int_equal(t.status, RG_OK);
    assert_non_null(strstr(rg_buf_text(&t.notes),
                           "read 12000 kept 6000 superseded 6000 rejected 0 calls 0 runs 6000\n"));
    assert_non_null(
        strstr(rg_buf_text(&t.records), "sample=0 ok model=slm cost=3.5e-06 latency=1320.5 "));
    assert_non_null(strstr(rg_buf_text(&t.records),
                           "sample=5999 ok model=slm cost=3.5e-06 latency=6000320.5 "));
    trial_clear(&t);
    rg_buf_clear(&lines);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_records),
        cmocka_unit_test(raw_order_of_files),
        cmocka_unit_test(raw_conflicting_tickets),
        cmocka_unit_test(raw_faults),
        cmocka_unit_test(raw_many),
    };

    return cmocka_run_group_tests_name("traces_raw", tests, NULL, NULL);
}
