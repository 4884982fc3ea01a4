/* The RouterArena importer on small invented files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_trial.h"

#define ARENA(id, question, model, answer, in, out, total, success, error, more, evaluation)       \
    "{\"global_index\":\"" id "\",\"question\":\"" question "\",\"llm_selected\":\"" model         \
    "\",\"generated_answer\":" answer ",\"token_usage\":{\"input_tokens\":" in                     \
    ",\"output_tokens\":" out ",\"total_tokens\":" total "},\"success\":" success                  \
    ",\"provider\":\"home\",\"error\":" error "," more "\"evaluation_result\":" evaluation "}\n"
#define EVAL(extracted, truth, score, cost)                                                        \
    "{\"extracted_answer\":" extracted ",\"ground_truth\":" truth ",\"score\":" score              \
    ",\"metric\":\"match\",\"inference_cost\":" cost "}"
#define BATCH                                                                                      \
    "\"batch_size\":2,\"batch_number\":1,\"batch_index\":0,\"processing_mode\":\"single\","
#define GOOD                                                                                       \
    ARENA("Sums_7", "1 + 1?", "m-1", "\"It is \\\"2\\\"\"", "11", "5", "16", "true", "null",       \
          BATCH, EVAL("\"2\"", "\"2\"", "1.0", "0.25"))

static void
records(void **state)
{
    const struct trial_file files[] = {
        {"m-1.jsonl", GOOD ARENA("Open-DB_Art: Film & TV_12_3", "Who?", "m-1", "\"me\"", "9", "2",
                                 "11", "true", "null", BATCH,
                                 EVAL("\"me\"", "[\"you\", {\"b\": 1, \"a\": 2}]", "-0.125", "0"))},
        {"m-2.jsonl", ARENA("Sums_7", "1 + 1?", "m-2", "\"two\"", "10", "4", "15", "true", "null",
                            "", EVAL("null", "2", "0.5", "0.125"))},
    };
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, files, 2, &options);
    assert_string_equal(t.status ? t.err.text : "", "");
    assert_string_equal(
        rg_buf_text(&t.records),
        "model m-1 unknown\n"
        "model m-2 unknown\n"
        "query Sums/Sums_7 text=1 + 1? reference=2 attrs={\"metric\":\"match\"}\n"
        "query Open-DB/Open-DB_Art: Film & TV_12_3 category=Art: Film & TV_12 text=Who? "
        "reference=[\"you\",{\"b\":1,\"a\":2}] attrs={\"metric\":\"match\"}\n"
        "call Sums/Sums_7 m-1 none contract=-1 sample=0 ok tokens=11+5 cost=0.25 score=1 "
        "text=It is \"2\" attrs={\"batch_index\":0,\"batch_number\":1,\"batch_size\":2,"
        "\"extracted_answer\":\"2\",\"processing_mode\":\"single\",\"provider\":\"home\"}\n"
        "call Open-DB/Open-DB_Art: Film & TV_12_3 m-1 none contract=-1 sample=0 ok tokens=9+2 "
        "cost=0 score=-0.125 text=me attrs={\"batch_index\":0,\"batch_number\":1,"
        "\"batch_size\":2,\"extracted_answer\":\"me\",\"processing_mode\":\"single\","
        "\"provider\":\"home\"}\n"
        "call Sums/Sums_7 m-2 none contract=-1 sample=0 ok tokens=10+4 cost=0.125 score=0.5 "
        "text=two attrs={\"provider\":\"home\",\"total_tokens\":15}\n");
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 3 kept 3 superseded 0 rejected 0 calls 3 runs 0\n"
                        "1 x tier and prices of m-1 are not in the file\n"
                        "1 x negative score kept as recorded\n"
                        "1 x tier and prices of m-2 are not in the file\n"
                        "1 x total_tokens is not input + output tokens\n");
    trial_clear(&t);
}

/* A failed call is no answer, however it is recorded. */
static void
failures(void **state)
{
    const struct trial_file file = {
        "f.jsonl",
        ARENA("S_1", "q", "m", "null", "0", "0", "0", "false", "\"429\"", "",
              "null") ARENA("S_2", "q", "m", "\"LLM unavailable\"", "3", "4", "7", "true", "null",
                            "", EVAL("\"\"", "\"x\"", "0", "0"))
            ARENA(
                "S_3", "q", "m", "\"half\"", "3", "4", "7", "true", "\"cut\"", "",
                EVAL("\"\"", "\"x\"", "null",
                     "null")) "{\"global_index\":\"S_4\",\"question\":\"q\",\"llm_selected\":\"m\","
                              "\"generated_answer\":null,\"token_usage\":null,\"success\":false,"
                              "\"error\":null,\"evaluation_result\":null}"};
    const struct rg_import_options options = {.dataset = "d"};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_string_equal(t.status ? t.err.text : "", "");
    assert_string_equal(
        rg_buf_text(&t.records),
        "model m unknown\n"
        "query d/S_1 text=q\n"
        "query d/S_2 text=q reference=x attrs={\"metric\":\"match\"}\n"
        "query d/S_3 text=q reference=x attrs={\"metric\":\"match\"}\n"
        "query d/S_4 text=q\n"
        "call d/S_1 m none contract=-1 sample=0 error tokens=0+0 "
        "attrs={\"error\":\"429\",\"provider\":\"home\"}\n"
        "call d/S_2 m none contract=-1 sample=0 error tokens=3+4 cost=0 score=0 "
        "text=LLM unavailable attrs={\"extracted_answer\":\"\",\"provider\":\"home\"}\n"
        "call d/S_3 m none contract=-1 sample=0 error tokens=3+4 text=half "
        "attrs={\"error\":\"cut\",\"extracted_answer\":\"\",\"provider\":\"home\"}\n"
        "call d/S_4 m none contract=-1 sample=0 error\n");
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 4 kept 4 superseded 0 rejected 0 calls 4 runs 0\n"
                        "1 x tier and prices of m are not in the file\n"
                        "2 x failed call (status error)\n"
                        "1 x placeholder of a failed call (status error)\n"
                        "1 x success with an error text (status error)\n"
                        "1 x last line without a line end\n");
    trial_clear(&t);
}

/* 16 code points, in 48 bytes, still fit one token; 17 do not. */
#define HAN "\xE5\xB0\x86\xE9\x95\xBF\xE5\xB0\x86\xE9\x95\xBF"
#define HAN16 HAN HAN HAN HAN

static void
token_counts(void **state)
{
    const struct trial_file file = {
        "t.jsonl", ARENA("S_1", "q", "m", "\"" HAN16 "\"", "1", "1", "2", "true", "null", "",
                         EVAL("null", "null", "0", "0"))
                       ARENA("S_2", "q", "m", "\"" HAN16 "x\"", "1", "0", "1", "true", "null", "",
                             EVAL("null", "null", "0", "0"))
                           ARENA("S_3", "q", "m", "\"" HAN16 HAN16 "x\"", "1", "2", "null", "true",
                                 "null", "", EVAL("null", "null", "0", "0"))
                               ARENA("S_4", "q", "m", "\"\"", "1", "0", "1", "true", "null", "",
                                     EVAL("null", "null", "0", "0"))};
    const struct rg_import_options options = {.no_text = true};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 4 kept 4 superseded 0 rejected 0 calls 4 runs 0\n"
                        "1 x tier and prices of m are not in the file\n"
                        "2 x at most one output token recorded\n"
                        "2 x answer too long for its output tokens: cost too low\n");
    assert_null(strstr(rg_buf_text(&t.records), HAN));
    trial_clear(&t);
}

static void
conflicts(void **state)
{
    const struct trial_file file = {
        "c.jsonl", GOOD GOOD ARENA("Sums_7", "1 + 1?", "m-1", "\"3\"", "11", "5", "16", "true",
                                   "null", "", EVAL("\"3\"", "\"2\"", "0", "0.25"))
                       ARENA("Sums_7", "1 + 2?", "m-2", "\"3\"", "11", "5", "16", "true", "null",
                             "", EVAL("\"3\"", "\"2\"", "0", "0.25"))};
    const struct rg_import_options options = {.keep_going = true};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_EINPUT);
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 4 kept 1 superseded 1 rejected 2 calls 1 runs 0\n"
                        "1 x tier and prices of m-1 are not in the file\n"
                        "1 x repeated record, equal to an earlier one\n"
                        "REJECTED 1 x key taken by another record\n"
                        "    c.jsonl:3:1: another call of model 'm-1' on query 'Sums_7' with the "
                        "same variant and sample 0 was read before, with other content\n"
                        "REJECTED 1 x question recorded otherwise\n"
                        "    c.jsonl:4:1: query 'Sums_7' was read before, with other content\n");
    assert_null(strstr(rg_buf_text(&t.records), "m-2"));
    trial_clear(&t);
}

static void
faults(void **state)
{
    const char *format = "routerarena";

    (void)state;
    trial_fails("a.jsonl", GOOD "[]\n", format,
                "a.jsonl:2:1: wrong type (found array, expected an object)");
    trial_fails(
        "a.jsonl", GOOD "\n", format,
        "a.jsonl:2:1: not valid JSON: no value (found the end of the text, expected a value)");
    trial_fails("a.jsonl", GOOD "{\"global_index\":\"S_1\",\"qestion\":\"x\"}\n", format,
                "a.jsonl:2:33: unknown key \"qestion\" (did you mean \"question\"?)");
    trial_fails("a.jsonl", "{\"global_index\":\"S_1\"}\n", format,
                "a.jsonl:1:1: missing key \"question\"");
    trial_fails("a.jsonl", ARENA("S", "q", "m", "\"a\"", "1", "2", "3", "true", "null", "", "null"),
                format,
                "a.jsonl:1:17: global_index names no question (found \"S\", expected "
                "<benchmark>_<number>)");
    trial_fails("a.jsonl",
                ARENA("S_", "q", "m", "\"a\"", "1", "2", "3", "true", "null", "", "null"), format,
                "a.jsonl:1:17: global_index names no question (found \"S_\", expected "
                "<benchmark>_<number>)");
    trial_fails("a.jsonl",
                ARENA("_1", "q", "m", "\"a\"", "1", "2", "3", "true", "null", "", "null"), format,
                "a.jsonl:1:17: global_index names no question (found \"_1\", expected "
                "<benchmark>_<number>)");
    trial_fails("a.jsonl",
                ARENA("S_1", "q", "", "\"a\"", "1", "2", "3", "true", "null", "", "null"), format,
                "a.jsonl:1:53: llm_selected is empty (expected a name)");
    trial_fails("a.jsonl",
                ARENA("S_1", "q", "m", "null", "1", "2", "3", "true", "null", "", "null"), format,
                "a.jsonl:1:159: success without a generated_answer");
    trial_fails(
        "a.jsonl", ARENA("S_1", "q", "m", "\"a\"", "1", "2.5", "3", "true", "null", "", "null"),
        format,
        "a.jsonl:1:128: \"output_tokens\" has the wrong type (found number, expected an integer)");
    trial_fails("a.jsonl",
                ARENA("S_1", "q", "m", "\"a\"", "1", "-2", "3", "true", "null", "", "null"), format,
                "a.jsonl:1:128: output_tokens is negative (found -2, expected 0 or more)");
    trial_fails(
        "a.jsonl",
        ARENA("S_1", "q", "m", "\"a\"", "9007199254740993", "2", "3", "true", "null", "", "null"),
        format,
        "a.jsonl:1:110: \"input_tokens\" has the wrong type (found big integer, expected an "
        "integer)");
    trial_fails(
        "a.jsonl",
        ARENA("S_1", "q", "m", "\"a\"", "1", "99999999999", "3", "true", "null", "", "null"),
        format,
        "a.jsonl:1:1: completion_tokens out of range (found 99999999999, expected 0 to "
        "2147483647)");
    trial_fails(
        "a.jsonl",
        ARENA("S_1", "q", "m", "\"a\"", "1", "2", "3", "true", "null", "",
              EVAL("null", "null", "\"1\"", "0")),
        format,
        "a.jsonl:1:267: \"score\" has the wrong type (found string, expected a number or null)");
    trial_fails("a.jsonl",
                ARENA("S_1", "q", "m", "\"a\"", "1", "2", "3", "true", "null", "",
                      EVAL("null", "null", "1", "-0.5")),
                format,
                "a.jsonl:1:303: inference_cost is negative (found -0.5, expected 0 or more)");
    trial_fails("a.jsonl",
                ARENA("S_1", "q", "m", "\"a\"", "1", "2", "3", "true", "null", "",
                      EVAL("null", "null", "1e999", "1")),
                format,
                "a.jsonl:1:267: not valid JSON: the number is beyond the range of a double");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records),   cmocka_unit_test(failures), cmocka_unit_test(token_counts),
        cmocka_unit_test(conflicts), cmocka_unit_test(faults),
    };

    return cmocka_run_group_tests_name("traces_arena", tests, NULL, NULL);
}
