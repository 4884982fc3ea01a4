/* Importers of arrival times and of LLMPerf's calls, on small invented files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_trial.h"
#include "tests/unit/base_temp.h"

/* Arrivals of one file as text: "at prompt+completion" each; "" when the import failed. */
static enum rg_status
put_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    char at[RG_NUM_MAX];

    (void)err;
    /* With its tokens an arrival is a request: it has a query and a call of its own. */
    assert_int_equal(rec->query != NULL, rec->prompt_tokens >= 0 && rec->completion_tokens >= 0);
    rg_num_print(at, rec->at_s);
    rg_buf_printf(ctx, "%s", at);
    if (rec->prompt_tokens >= 0 || rec->completion_tokens >= 0)
        rg_buf_printf(ctx, " %" PRId64 "+%" PRId64, rec->prompt_tokens, rec->completion_tokens);
    rg_buf_puts(ctx, "; ");
    return RG_OK;
}

struct arrived {
    struct rg_import_report report;
    struct rg_buf text;
    struct rg_err err;
    enum rg_status status;
};

static void
arrive(struct arrived *a, const char *name, const char *text, const struct rg_import_options *o)
{
    const struct rg_visitor v = {.ctx = &a->text, .arrival = put_arrival};
    const char *tmp = getenv("TMPDIR");
    char dir[TEMP_PATH], path[TEMP_PATH + 64], out[TEMP_PATH + 64];
    const char *list[] = {path};
    struct rg_store *store;
    FILE *f;

    memset(a, 0, sizeof *a);
    snprintf(dir, sizeof dir, "%s/rg-arrive-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(out, sizeof out, "%s/out.trace", dir);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    a->status = rg_import_run(out, list, 1, o, &a->report, &a->err);
    if (access(out, F_OK) == 0) {
        struct rg_err err;

        assert_int_equal(rg_store_open(&store, out, &err), RG_OK);
        assert_int_equal(rg_store_walk(store, &v, &err), RG_OK);
        rg_store_close(store);
    }
    unlink(out);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

static void
arrived_clear(struct arrived *a)
{
    rg_buf_clear(&a->text);
    rg_import_report_clear(&a->report);
}

static bool
noted(const struct arrived *a, const char *what)
{
    for (size_t i = 0; i < a->report.n_notes; i++)
        if (!a->report.notes[i].rejected && strcmp(a->report.notes[i].what, what) == 0)
            return true;
    return false;
}

/* The file is recognised, and holds these arrivals and gives this remark (NULL: none wanted). */
static void
gives(const char *text, const char *expected, const char *remark)
{
    const struct rg_import_options options = {0};
    struct arrived a;

    arrive(&a, "f", text, &options);
    assert_string_equal(a.status ? a.err.text : "", "");
    assert_string_equal(rg_buf_text(&a.text), expected);
    assert_true(!remark || noted(&a, remark));
    assert_int_equal(a.report.read, a.report.kept);
    arrived_clear(&a);
}

/* ---- Azure ---- */

#define AZURE "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"

static void
azure(void **state)
{
    (void)state;
    gives(AZURE "2023-11-16 18:15:46.6805900,374,44\r\n"
                "2023-11-16 18:15:50.9951690,396,109\r\n"
                "2023-11-16 18:15:50.9951690,0,1\r\n"
                "2023-11-17 00:00:00,7,8",
          "0 374+44; 4.314579 396+109; 4.314579 0+1; 20653.31941 7+8; ",
          "times are seconds from the first row, 2023-11-16 18:15:46.6805900");
    /* leap day, end of year, fewer digits, other column order, plain line ends */
    gives("GeneratedTokens,TIMESTAMP,ContextTokens\n1,2024-02-28 23:59:59.5,2\n"
          "1,2024-02-29 00:00:00.25,2\n1,2024-03-01 00:00:00.0000001,2\n"
          "1,2025-01-01 00:00:00,2\n",
          "0 2+1; 0.75 2+1; 86400.5000001 2+1; 26524800.5 2+1; ", NULL);
    trial_fails("a.csv", AZURE, NULL, "0 records read and none kept, nothing written (no records)");
}

#define LINE1 "2023-11-16 18:15:46.6805900,374,44\r\n"

static void
azure_bad(void **state)
{
    static const struct {
        const char *row, *expected;
    } cases[] = {
        {"2023-11-16 18:15:46.6805899,1,1",
         "a.csv:3:1: arrival before its predecessor (found 2023-11-16 18:15:46.6805899, 0.0000001 "
         "s earlier, expected ascending times)"},
        {"2023-11-16T18:15:47.0000000,1,1",
         "a.csv:3:1: TIMESTAMP is no time (found \"2023-11-16T18:15:47.0000000\", expected "
         "YYYY-MM-DD HH:MM:SS.fffffff)"},
        {"2023-02-29 18:15:47.0,1,1", "a.csv:3:1: TIMESTAMP is no time (found \"2023-02-29 "
                                      "18:15:47.0\", expected YYYY-MM-DD HH:MM:SS.fffffff)"},
        {"2023-11-16 18:15:60,1,1", "a.csv:3:1: TIMESTAMP is no time (found \"2023-11-16 "
                                    "18:15:60\", expected YYYY-MM-DD HH:MM:SS.fffffff)"},
        {"2023-11-16 18:15:50.12345678,1,1",
         "a.csv:3:1: TIMESTAMP is no time (found \"2023-11-16 18:15:50.12345678\", expected "
         "YYYY-MM-DD HH:MM:SS.fffffff)"},
        {"2023-11-16 18:15:50.,1,1", "a.csv:3:1: TIMESTAMP is no time (found \"2023-11-16 "
                                     "18:15:50.\", expected YYYY-MM-DD HH:MM:SS.fffffff)"},
        {",1,1", "a.csv:3:1: TIMESTAMP is empty (expected a value)"},
        {"2023-11-16 18:15:47.0,-1,1",
         "a.csv:3:23: ContextTokens is negative (found -1, expected 0 or more)"},
        {"2023-11-16 18:15:47.0,1.5,1", "a.csv:3:23: ContextTokens is no count (found \"1.5\", "
                                        "expected a whole number up to 2147483647)"},
        {"2023-11-16 18:15:47.0,1,3e9", "a.csv:3:25: GeneratedTokens is no count (found \"3e9\", "
                                        "expected a whole number up to 2147483647)"},
        {"2023-11-16 18:15:47.0,1,x",
         "a.csv:3:25: GeneratedTokens: not a number (found \"x\", expected a number)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_buf text = {0};

        rg_buf_printf(&text, "%s%s%s\r\n", AZURE, LINE1, cases[i].row);
        trial_fails("a.csv", rg_buf_text(&text), NULL, cases[i].expected);
        rg_buf_clear(&text);
    }
    trial_fails("a.csv", "TIMESTAMP,ContextTokens,Generated\n", "azure",
                "a.csv:1:25: unknown column \"Generated\"");
    trial_fails("a.csv", "TIMESTAMP,ContextTokens\n", "azure",
                "a.csv:1: column \"GeneratedTokens\" is missing (found 2 columns, expected 3)");
}

/* A rejected row does not count as the predecessor of the next. */
static void
azure_keep_going(void **state)
{
    const struct rg_import_options options = {.keep_going = true};
    struct arrived a;

    (void)state;
    arrive(&a, "f",
           AZURE "2023-11-16 00:00:10,1,1\r\n2023-11-16 00:00:09,2,2\r\nx,3,3\r\n"
                 "2023-11-16 00:00:10,4,4\r\n5,5\r\n2023-11-16 00:00:11,6,6\r\n",
           &options);
    assert_int_equal(a.status, RG_EINPUT);
    assert_string_equal(rg_buf_text(&a.text), "0 1+1; 0 4+4; 1 6+6; ");
    assert_int_equal(a.report.read, 6);
    assert_int_equal(a.report.rejected, 3);
    arrived_clear(&a);
}

/* ---- seconds ---- */

static void
plain(void **state)
{
    (void)state;
    gives("0\n0.5\n0.5\n12\n", "0; 0.5; 0.5; 12; ", NULL);
    gives("3.25\r\n4", "3.25; 4; ", "last line without a line end");
    gives("\xEF\xBB\xBF"
          "1\n2\n",
          "1; 2; ", "byte order mark skipped");
    gives("1700000000.5\n1700000001.25\n", "0; 0.75; ",
          "times since 1970 made seconds from the first one, 1700000000.5");
    gives("99999999\n99999999.5\n", "99999999; 99999999.5; ", NULL);
}

static void
plain_bad(void **state)
{
    (void)state;
    trial_fails("p", "1\n0.5\n", NULL,
                "p:2:1: arrival before its predecessor (found 0.5, expected 1 or more)");
    trial_fails("p", "1\nabc\n", NULL,
                "p:2:1: not a number (found \"abc\", expected a time in seconds)");
    trial_fails("p", "1\n\n2\n", NULL, "p:2:1: empty (found \"\", expected a time in seconds)");
    trial_fails("p", "1\n2 3\n", NULL,
                "p:2:1: not a number (found \"2 3\", expected a time in seconds)");
    trial_fails("p", "-1\n2\n", NULL,
                "p:1:1: arrival time is negative (found -1, expected 0 or more)");
    trial_fails("p", "1\nnan\n", NULL,
                "p:2:1: not a number (found \"nan\", expected a time in seconds)");
    trial_fails("p", "1700000000000\n", NULL,
                "p:1:1: no time in seconds (found 1700000000000, expected less than 1e11; "
                "milliseconds?)");
    trial_fails("p", "0\n1700000000\n", NULL,
                "p:2:1: times from the start and since 1970 in one file (found 1700000000 behind "
                "0)");
    trial_fails("p", "hello\n", "arrivals",
                "p:1:1: no arrival times (expected a number a line, or CSV or JSON Lines with "
                "arrived_at, arrival_s, at_s or timestamp)");
    trial_fails("p", "", "arrivals",
                "p:1:1: no arrival times (expected a number a line, or CSV or JSON Lines with "
                "arrived_at, arrival_s, at_s or timestamp)");
}

static void
csv(void **state)
{
    (void)state;
    gives("arrived_at,num_prefill_tokens,num_decode_tokens\n0,374,44\n4.314579,396,109\n",
          "0 374+44; 4.314579 396+109; ", NULL);
    gives("completion_tokens,timestamp\r\n5,1700000000\r\n,1700000010\r\n", "0 -1+5; 10; ",
          "times since 1970 made seconds from the first one, 1700000000");
    gives("at_s\n1\n2\n", "1; 2; ", NULL);
    gives("arrival_s,prompt_tokens\n1,2\n", "1 2+-1; ", NULL);
}

static void
csv_bad(void **state)
{
    (void)state;
    trial_fails("c", "arrived_at,num_prefill_tokens\n1,2\n0,2\n", NULL,
                "c:3:1: arrival before its predecessor (found 0, expected 1 or more)");
    trial_fails("c", "arrived_at,num_prefil_tokens\n1,2\n", "arrivals",
                "c:1: unknown column \"num_prefil_tokens\" (did you mean \"num_prefill_tokens\"?)");
    trial_fails("c", "prompt_tokens,num_prefill_tokens,at_s\n1,2,3\n", "arrivals",
                "c:1: columns \"prompt_tokens\" and \"num_prefill_tokens\" say the same");
    trial_fails("c", "prompt_tokens,completion_tokens\n1,2\n", "arrivals",
                "c:1: no column of times (expected arrived_at, arrival_s, at_s or timestamp)");
    trial_fails("c", "at_s,prompt_tokens\n1,-2\n", NULL,
                "c:2:3: prompt_tokens: negative (found \"-2\", expected a count)");
    trial_fails("c", "at_s,prompt_tokens\n1,2.5\n", NULL,
                "c:2:3: prompt_tokens: not an integer (found \"2.5\", expected a count)");
    trial_fails("c", "at_s,prompt_tokens\n,2\n", NULL,
                "c:2:1: at_s: empty (found \"\", expected a time in seconds)");
    trial_fails("c", "at_s,prompt_tokens\n1,9999999999\n", NULL,
                "c:2:1: prompt_tokens out of range (found 9999999999, expected 0 to "
                "2147483647)");
}

static void
json(void **state)
{
    (void)state;
    gives("{\"arrived_at\":0.5,\"num_prefill_tokens\":10,\"num_decode_tokens\":3}\n"
          "{\"at_s\":0.5}\n{\"timestamp\":2,\"completion_tokens\":null}\n",
          "0.5 10+3; 0.5; 2; ", NULL);
    trial_fails("j", "{\"at_s\":2}\n{\"at_s\":1}\n", NULL,
                "j:2:1: arrival before its predecessor (found 1, expected 2 or more)");
    trial_fails("j", "{\"at_s\":2}\n{\"prompt_tokens\":1}\n", NULL,
                "j:2:1: no time (expected arrived_at, arrival_s, at_s or timestamp)");
    trial_fails("j", "{\"at_s\":2,\"timestamp\":2}\n", NULL,
                "j:1:23: keys \"at_s\" and \"timestamp\" say the same");
    trial_fails("j", "{\"at_s\":2,\"prompt_tokens\":-1}\n", NULL,
                "j:1:27: prompt_tokens is negative (found -1, expected 0 or more)");
}

/* ---- LLMPerf ---- */

#define LLMPERF                                                                                    \
    "provider,model_size,seq,prompt_tokens,completion_tokens,ttft_s,latency_s,error_code\n"

static void
llmperf(void **state)
{
    const struct trial_file file = {"l.csv", LLMPERF "home,7b,0,550,151,0.557560,1.528151,\n"
                                                     "home,7b,1,550,1,0.000000,0.000000,429\n"
                                                     "away,70b,0,551,39,8.5e-1,1.25,-100\n"};
    const struct rg_import_options options = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_string_equal(t.status ? t.err.text : "", "");
    assert_string_equal(
        rg_buf_text(&t.records),
        "model away/70b unknown\nmodel home/7b unknown\nquery llmperf/0\nquery llmperf/1\n"
        "call llmperf/0 home/7b none contract=-1 sample=0 ok tokens=550+151 latency=1528.151 "
        "ttft=557.56\n"
        "call llmperf/1 home/7b none contract=-1 sample=0 rate_limited tokens=550+1 latency=0 "
        "ttft=0 attrs={\"error_code\":429}\n"
        "call llmperf/0 away/70b none contract=-1 sample=0 error tokens=551+39 latency=1250 "
        "ttft=850 attrs={\"error_code\":-100}\n");
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 3 kept 3 superseded 0 rejected 0 calls 3 runs 0\n"
                        "1 x error 429 (status rate_limited); times kept as recorded\n"
                        "1 x failed call (status error); times kept as recorded\n");
    trial_clear(&t);
}

static void
llmperf_bad(void **state)
{
    (void)state;
    trial_fails("l.csv", LLMPERF "home,7b,0,550,151,-1,2,\n", NULL,
                "l.csv:2:19: ttft_s is negative (found -1, expected 0 or more)");
    trial_fails("l.csv", LLMPERF "home,7b,0,550,151,x,2,\n", NULL,
                "l.csv:2:19: ttft_s: not a number (found \"x\", expected a number)");
    trial_fails("l.csv", LLMPERF "home,7b,0,550,1.5,1,2,\n", NULL,
                "l.csv:2:15: completion_tokens: not an integer (found \"1.5\", expected a "
                "count)");
    trial_fails("l.csv", LLMPERF "home,7b,0,550,5,1,2,oops\n", NULL,
                "l.csv:2:21: error_code: not an integer (found \"oops\", expected a whole "
                "number or nothing)");
    trial_fails("l.csv", LLMPERF ",7b,0,550,5,1,2,\n", NULL,
                "l.csv:2:1: provider is empty (expected a value)");
    trial_fails("l.csv", LLMPERF "home,7b,0,550,5,3,2,\n", NULL,
                "l.csv:2:1: ttft_ms is beyond latency_ms (found 3000, expected at most 2000)");
    trial_fails("l.csv", LLMPERF "home,7b,0,550,5,1,2,\nhome,7b,0,550,5,1,3,\n", NULL,
                "l.csv:3:1: another call of model 'home/7b' on query '0' with the same variant and "
                "sample 0 was read before, with other content");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(azure),
        cmocka_unit_test(azure_bad),
        cmocka_unit_test(azure_keep_going),
        cmocka_unit_test(plain),
        cmocka_unit_test(plain_bad),
        cmocka_unit_test(csv),
        cmocka_unit_test(csv_bad),
        cmocka_unit_test(json),
        cmocka_unit_test(llmperf),
        cmocka_unit_test(llmperf_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
