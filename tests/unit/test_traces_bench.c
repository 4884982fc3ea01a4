/* Importers of router benchmarks, logs, mapped CSV and embeddings on small invented files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_trial.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
check(const struct trial_file *files, size_t n, const struct rg_import_options *o,
      const char *records, const char *notes)
{
    struct trial t;

    trial_import(&t, files, n, o);
    assert_string_equal(t.status ? t.err.text : "", "");
    assert_string_equal(rg_buf_text(&t.records), records);
    if (notes)
        assert_string_equal(rg_buf_text(&t.notes), notes);
    trial_clear(&t);
}

/* Each text fails with what is said of it. */
struct fault {
    const char *name, *text, *said;
};

static void
check_faults(const char *format, const char *columns, const struct fault *all, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct trial_file file = {all[i].name, all[i].text};
        const struct rg_import_options o = {.format = format, .columns = columns};
        struct trial t;

        trial_import(&t, &file, 1, &o);
        if (t.status == RG_OK)
            fail_msg("%s was taken", all[i].text);
        if (!strstr(t.err.text, all[i].said))
            fail_msg("%s: %s", all[i].text, t.err.text);
        assert_string_equal(rg_buf_text(&t.records), "");
        trial_clear(&t);
    }
}

#define NO_PRICES " x tiers, prices and latencies of the models are not in the file\n"

/* ---- RouterBench ---- */

#define RB                                                                                         \
    ",sample_id,prompt,eval_name,a/1,b,b|model_response,a/1|model_response,b|total_cost,"          \
    "a/1|total_cost,oracle_model_to_route_to\n"

static void
routerbench(void **state)
{
    const struct trial_file files[] = {
        {"x_test.csv",
         RB "7,s.1,\"['It\\'s \\\\x', \"\"two\"\"]\",ev,1.0,,\"['B']\",['A'],0.5,"
            "0.25,a/1\n"
            "8,s.1,['other'],ev,0,1,plain,\"['\\u00e9\\x41']\",1,2,no_model_correct\n"},
        {"x_train.csv", RB "0,s.1,['third'],ev,NaN,1,[],[''],1,2,b\n"},
    };
    const struct rg_import_options o = {.no_text = false};

    (void)state;
    check(files, 2, &o,
          "model a/1 unknown\nmodel b unknown\n"
          "query ev/s.1 text=It's \\x\ntwo attrs={\"oracle\":\"a/1\",\"split\":\"test\"}\n"
          "query ev/s.1#2 text=other attrs={\"oracle\":\"no_model_correct\",\"repeat\":true,"
          "\"split\":\"test\"}\n"
          "query ev/s.1#3 text=third attrs={\"oracle\":\"b\",\"split\":\"train\"}\n"
          "call ev/s.1 b none contract=-1 sample=0 ok cost=0.5 text=B\n"
          "call ev/s.1 a/1 none contract=-1 sample=0 ok cost=0.25 score=1 text=A\n"
          "call ev/s.1#2 b none contract=-1 sample=0 ok cost=1 score=1 text=plain\n"
          "call ev/s.1#2 a/1 none contract=-1 sample=0 ok cost=2 score=0 text=\xc3\xa9"
          "A\n"
          "call ev/s.1#3 b none contract=-1 sample=0 ok cost=1 score=1 text=\n"
          "call ev/s.1#3 a/1 none contract=-1 sample=0 ok cost=2 text=\n",
          "read 6 kept 6 superseded 0 rejected 0 calls 6 runs 0\n"
          "2" NO_PRICES "2 x no score\n"
          "2 x sample id that comes again for another prompt (named <id>#2)\n"
          "1 x text that is no Python list of strings, kept as it stands\n");
}

static void
routerbench_bad(void **state)
{
    static const struct fault all[] = {
        {"a.csv", ",sample_id,prompt,eval_name,m|model_response\n", "column \"m\" is missing"},
        {"a.csv", ",sample_id,prompt,eval_name,m,m|model_response\n",
         "column \"m|total_cost\" is missing"},
        {"a.csv", ",sample_id,prompt,eval_name\n", "no models"},
        {"a.csv", ",sample_id,prompt,eval_name,m,m|model_response,m|total_cost,z\n",
         "unknown column \"z\""},
        {"a.csv", RB "0,,['x'],ev,1,1,a,b,1,2,\n", "a.csv:2:3: a row needs a sample_id"},
        {"a.csv", RB "0,s,['x'],ev,x,1,a,b,1,2,\n", "a.csv:2:14: a/1: not a number"},
        {"a.csv", RB "0,s,['x'],ev,1,1,a,b,-1,2,\n", "cost"},
        {"a.csv", RB "0,s,['x'],ev,1,1,a,b,inf,2,\n", "not a number"},
        {"a.csv", RB "0,s,['x'],ev,1,1,a,b,1\n", "fields"},
    };

    (void)state;
    check_faults("routerbench", NULL, all, COUNT(all));
}

/* ---- RouterDC ---- */

static void
routerdc(void **state)
{
    const struct trial_file files[] = {
        {"my-set_train.json", "[{\"question\": \"q\", \"scores\": {\"a/x\": 0.3, \"b\": 1}, "
                              "\"cluster_id\": 4},\n {\"question\": \"q\", \"scores\": {\"b\": 0, "
                              "\"a/x\": null}}]"},
        {"p.json", "[{\"question\": \"r\", \"scores\": {\"b\": 0.123}}]"},
    };
    const struct rg_import_options o = {.no_text = false};

    (void)state;
    check(files, 2, &o,
          "model a/x unknown\nmodel b unknown\n"
          "query my-set/train-1 text=q attrs={\"cluster_id\":4,\"score_kind\":\"attempts\","
          "\"split\":\"train\"}\n"
          "query my-set/train-2 text=q attrs={\"score_kind\":\"attempts\",\"split\":\"train\"}\n"
          "query p/1 text=r attrs={\"score_kind\":\"probability\"}\n"
          "call my-set/train-1 a/x none contract=-1 sample=0 ok score=0.3\n"
          "call my-set/train-1 b none contract=-1 sample=0 ok score=1\n"
          "call my-set/train-2 b none contract=-1 sample=0 ok score=0\n"
          "call my-set/train-2 a/x none contract=-1 sample=0 ok\n"
          "call p/1 b none contract=-1 sample=0 ok score=0.123\n",
          "read 5 kept 5 superseded 0 rejected 0 calls 5 runs 0\n2" NO_PRICES "1 x no score\n");
}

static void
routerdc_bad(void **state)
{
    static const struct fault all[] = {
        {"a.json", "{}", "no list of questions (found object)"},
        {"a.json",
         "[{\"question\": \"q\", \"scores\": {\"a\": 1}},\n {\"question\": \"r\", \"scores\": "
         "{\"b\": 1e10}}]",
         "a.json:2:"},
        {"a.json", "[1]", "a.json:1:2"},
        {"a.json", "[{\"scores\": {\"a\": 1}}]", "missing key \"question\""},
        {"a.json", "[{\"question\": null, \"scores\": {\"a\": 1}}]", "question"},
        {"a.json", "[{\"question\": \"q\", \"scores\": {}}]", "no scores"},
        {"a.json", "[{\"question\": \"q\", \"scores\": {\"a\": \"1\"}}]",
         "score of a is no number"},
        {"a.json", "[{\"question\": \"q\", \"scores\": {\"a\": 1, \"a\": 2}}]", "occurs twice"},
        {"a.json", "[{\"question\": \"q\", \"scores\": {\"\": 1}}]", "empty name"},
        {"a.json", "[{\"question\": \"q\", \"scores\": {\"a\": 1}, \"x\": 2}]", "unknown key"},
        {"a.json", "[{\"question\": \"q\", \"scores\": {\"a\": 1}}", "not valid JSON"},
    };

    (void)state;
    check_faults("routerdc", NULL, all, COUNT(all));
}

/* ---- RouteLLM ---- */

static void
routellm(void **state)
{
    const struct trial_file files[] = {
        {"contaminated.jsonl", "{\"train_prompt\":\"t\",\"eval_prompt\":\"b\\nc\",\"train_idx\":1,"
                               "\"eval_idx\":2}\n"},
        {"gsm8k_responses.csv",
         "prompt,w,s,w_response,s_response\n"
         "a,True,False,\"x\ny\",z\n\"b\nc\",True,True,1,2\nd,False,True,,4\n"},
        {"mmlu_high school.csv", "prompt,w,s\na,True,True\n"},
    };
    const struct rg_import_options o = {.no_text = false};

    (void)state;
    check(files, 3, &o,
          "model s unknown\nmodel w unknown\n"
          "query gsm8k/1 text=a\nquery gsm8k/3 text=d\n"
          "query mmlu/high school/1 category=high school text=a\n"
          "call gsm8k/1 w none contract=-1 sample=0 ok score=1 text=x\ny\n"
          "call gsm8k/1 s none contract=-1 sample=0 ok score=0 text=z\n"
          "call gsm8k/3 w none contract=-1 sample=0 ok score=0 text=\n"
          "call gsm8k/3 s none contract=-1 sample=0 ok score=1 text=4\n"
          "call mmlu/high school/1 w none contract=-1 sample=0 ok score=1\n"
          "call mmlu/high school/1 s none contract=-1 sample=0 ok score=1\n",
          "read 8 kept 6 superseded 2 rejected 0 calls 6 runs 0\n"
          "1 x prompt to be left out of the tables that follow\n"
          "1 x no records\n"
          "2" NO_PRICES "2 x left out: its prompt is in the list of contaminated ones\n");
}

static void
routellm_bad(void **state)
{
    static const struct fault all[] = {
        {"a.csv", "prompt\nx\n", "no models"},
        {"a.csv", "text,w\nx,True\n", "column \"prompt\" is missing"},
        {"a.csv", "prompt,w\nx,true\n", "a.csv:2:3: w: no truth value (found \"true\""},
        {"a.csv", "prompt,w\nx,\n", "no truth value"},
    };

    (void)state;
    check_faults("routellm", NULL, all, COUNT(all));
}

/* ---- any CSV ---- */

static void
csv(void **state)
{
    const struct trial_file wide = {"w-test.csv", "id,p,A,B,cost of A\n1,x,1,,0.5\n2,y,False,1,\n"};
    const struct trial_file tall = {"t.csv", "query,model,score,dataset,latency_s,status,note\n"
                                             "q,m,True,d,1.5,ok,hm\nq,n,,d,,timeout,hm\n"};
    const struct rg_import_options mapped = {
        .format = "csv", .columns = "query=id,text=p,score:a b=A,score:B=B,cost_usd:a b=cost of A"};
    const struct rg_import_options named = {.format = "csv"};

    (void)state;
    check(
        &wide, 1, &mapped,
        "model B unknown\nmodel a b unknown\n"
        "query w/1 text=x attrs={\"split\":\"test\"}\nquery w/2 text=y attrs={\"split\":\"test\"}\n"
        "call w/1 a b none contract=-1 sample=0 ok cost=0.5 score=1\n"
        "call w/2 a b none contract=-1 sample=0 ok score=0\n"
        "call w/2 B none contract=-1 sample=0 ok score=1\n",
        "read 3 kept 3 superseded 0 rejected 0 calls 3 runs 0\n");
    check(&tall, 1, &named,
          "model m unknown\nmodel n unknown\nquery d/q\n"
          "call d/q m none contract=-1 sample=0 ok latency=1500 score=1\n"
          "call d/q n none contract=-1 sample=0 timeout\n",
          "read 2 kept 2 superseded 0 rejected 0 calls 2 runs 0\n"
          "1 x column \"note\" is not used\n");
}

/* A score that is not a number is none, and said with its field, count and place. */
static void
csv_nan(void **state)
{
    const struct trial_file file = {"t.csv",
                                    "query,model,score,cost_usd\nq,m,nan,1\nq,n,NaN,NaN\n"};
    const struct rg_import_options o = {.format = "csv"};

    (void)state;
    check(&file, 1, &o,
          "model m unknown\nmodel n unknown\nquery t/q\n"
          "call t/q m none contract=-1 sample=0 ok cost=1\n"
          "call t/q n none contract=-1 sample=0 ok\n",
          "read 2 kept 2 superseded 0 rejected 0 calls 2 runs 0\n"
          "2 x score is nan, taken for none\n1 x cost_usd is nan, taken for none\n");
}

static void
csv_bad(void **state)
{
    static const struct fault maps[] = {
        {"a.csv", "scor=x", "unknown field 'scor', did you mean 'score'?"},
        {"a.csv", "score", "no '=' (found 'score', expected FIELD=COLUMN)"},
        {"a.csv", "score=y", "column \"y\" is missing"},
        {"a.csv", "query:m=x", "query cannot be given for a model"},
        {"a.csv", "score:=x", "score cannot be given for a model"},
        {"a.csv", "score:m=x,score:m=x", "score is given twice"},
        {"a.csv", "score=x", "no models"},
        {"a.csv", "model=x,score:m=x", "a column for the model, and columns for each"},
    };
    static const struct fault rows[] = {
        {"a.csv", "query,model,score\n,m,1\n", "a.csv:2:1: a row without the id"},
        {"a.csv", "query,model,score\nq,,1\n", "a row without its model"},
        {"a.csv", "query,model,score\nq,m,x\n", "a.csv:2:5: score: not a number"},
        {"a.csv", "query,model,cost_usd\nq,m,-1\n", "cost_usd is negative"},
        {"a.csv", "query,model,prompt_tokens\nq,m,1.5\n", "prompt_tokens is no count"},
        {"a.csv", "query,model,status\nq,m,fine\n", "unknown status (found \"fine\""},
        {"a.csv", "query,model,score\nq,m,1\nq,m,0\n", "read before, with other content"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(maps); i++) {
        const struct fault one = {maps[i].name, "x\n1\n", maps[i].said};

        check_faults("csv", maps[i].text, &one, 1);
    }
    check_faults("csv", NULL, rows, COUNT(rows));
}

/* ---- chat completions ---- */

#define ASK(model, text)                                                                           \
    "{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}]}"
#define ANSWER(text)                                                                               \
    "{\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"" text "\"},\"finish_reason\":"     \
    "\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"cost\":0.25}}"

static void
openai(void **state)
{
    const struct trial_file files[] = {
        {"log.jsonl",
         "{\"custom_id\":\"x\",\"request\":" ASK("m", "hi") ",\"response\":" ANSWER(
             "yo") ","
                   "\"latency_ms\":8,\"ttft_ms\":2,\"score\":0.5}\n"
                   "{\"custom_id\":\"x\",\"request\":" ASK("m", "hi") ",\"response\":" ANSWER(
                       "ya") "}\n"
                             "{\"custom_id\":\"x\",\"request\":" ASK(
                                 "n", "hi") ",\"response\":{\"status_code\":429,"
                                            "\"error\":{\"message\":\"slow\"}},\"who\":1}\n"},
        {"in.jsonl",
         "{\"custom_id\":\"r\",\"method\":\"POST\",\"url\":\"/v1\",\"body\":" ASK("m", "q") "}\n"},
        {"out.jsonl", "{\"id\":\"b\",\"custom_id\":\"r\",\"response\":{\"status_code\":200,"
                      "\"request_id\":\"z\",\"body\":" ANSWER("A") "},\"error\":null}\n"},
    };
    const struct rg_import_options o = {.no_text = false};
    static const char stop[] = "attrs={\"finish_reason\":\"stop\"}\n";
    struct rg_buf want = {0};

    (void)state;
    rg_buf_printf(&want,
                  "model m unknown\nmodel n unknown\nquery log/x text=hi\nquery log/r text=q\n"
                  "call log/x m none contract=-1 sample=0 ok tokens=5+2 cost=0.25 latency=8 ttft=2 "
                  "score=0.5 text=yo %s"
                  "call log/x m none contract=-1 sample=1 ok tokens=5+2 cost=0.25 text=ya %s"
                  "call log/x n none contract=-1 sample=0 rate_limited "
                  "attrs={\"error\":{\"message\":\"slow\"}}\n"
                  "call log/r m none contract=-1 sample=0 ok tokens=5+2 cost=0.25 text=A %s",
                  stop, stop, stop);
    check(files, 3, &o, rg_buf_text(&want),
          "read 4 kept 4 superseded 0 rejected 0 calls 4 runs 0\n"
          "1 x unknown key who, not kept\n"
          "1 x failed call (status error, timeout or rate_limited)\n"
          "1 x request, kept for its response\n"
          "1 x no records\n");
    rg_buf_clear(&want);
}

/* What answers nothing has not answered: no choices, an empty list of them, null. */
static void
openai_no_choices(void **state)
{
    static const char *const responses[] = {"{}", "{\"choices\":[]}", "{\"choices\":null}"};
    const struct rg_import_options o = {.no_text = false};

    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct trial_file file = {.name = "log.jsonl"};
        struct rg_buf text = {0};

        rg_buf_printf(&text,
                      "{\"custom_id\":\"x\",\"request\":" ASK("m", "hi") ",\"response\":%s}\n",
                      responses[i]);
        file.text = rg_buf_text(&text);
        check(&file, 1, &o,
              "model m unknown\nquery log/x text=hi\n"
              "call log/x m none contract=-1 sample=0 error\n",
              "read 1 kept 1 superseded 0 rejected 0 calls 1 runs 0\n"
              "1 x response without choices (status error)\n");
        rg_buf_clear(&text);
    }
}

static void
openai_bad(void **state)
{
    static const struct fault all[] = {
        {"a.jsonl", "{\"request\":{},\"response\":" ANSWER("a") "}\n",
         "a request without messages"},
        {"a.jsonl", "{\"request\":{\"messages\":[{}]},\"response\":{}}\n",
         "a message without its role"},
        {"a.jsonl", "{\"request\":" ASK("", "a") ",\"response\":{}}\n",
         "neither request nor response"},
        {"a.jsonl", "{\"request\":" ASK("m", "a") "}\n", "a request without response or custom_id"},
        {"a.jsonl", "{\"custom_id\":\"k\",\"response\":" ANSWER("a") "}\n",
         "a response without its request"},
        {"a.jsonl", "{\"request\":1,\"response\":{}}\n", "request"},
        {"a.jsonl",
         "{\"request\":" ASK("m", "a") ",\"response\":{\"usage\":{\"prompt_tokens\":-1}}}\n",
         "prompt_tokens is no count of tokens"},
        {"a.jsonl",
         "{\"request\":" ASK("m", "a") ",\"response\":{\"usage\":{\"prompt_tokens\":\"1\"}}}\n",
         "prompt_tokens is no count of tokens (found string)"},
        {"a.jsonl", "{\"request\":" ASK("m", "a") ",\"response\":{},\"latency_ms\":-1}\n",
         "latency_ms is negative"},
        {"a.jsonl", "{\"request\":" ASK("m", "a") ",\"response\":{\"choices\":{}}}\n",
         "choices are no array (found object)"},
        {"a.jsonl", "{\"request\":" ASK("m", "a") ",\"response\":{\"choices\":[1]}}\n",
         "a choice is no object (found number)"},
    };

    (void)state;
    check_faults("openai-log", NULL, all, COUNT(all));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routerbench), cmocka_unit_test(routerbench_bad),
        cmocka_unit_test(routerdc),    cmocka_unit_test(routerdc_bad),
        cmocka_unit_test(routellm),    cmocka_unit_test(routellm_bad),
        cmocka_unit_test(csv),         cmocka_unit_test(csv_bad),
        cmocka_unit_test(csv_nan),     cmocka_unit_test(openai_no_choices),
        cmocka_unit_test(openai),      cmocka_unit_test(openai_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
