/* LLMRouterBench: which files and records count, and what is said of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench_files.h"

#define HEAD(dataset, split, model, more)                                                          \
    "{\n  \"performance\": 1.0,\n  \"model_name\": \"" model "\",\n  \"dataset_name\": \"" dataset \
    "\",\n  \"split\": \"" split "\",\n" more "  \"records\": ["
#define RECORD(index, score, output)                                                               \
    "\n    {\"index\": " index ", \"origin_query\": \"p\", \"prompt\": \"p" index                  \
    "\", \"prompt_tokens\": 3, \"completion_tokens\": 4, \"cost\": 0.5, \"score\": " score         \
    ", \"prediction\": \"x\", \"ground_truth\": \"g\", \"raw_output\": " output                    \
    ", \"extra_fields\": {}}"
#define TAIL "\n  ]\n}\n"
#define ONE(dataset, split, model, score)                                                          \
    HEAD(dataset, split, model, "") RECORD("1", score, "\"a\"") TAIL
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct rg_import_options plain = {.no_text = true},
                                      going = {.no_text = true, .keep_going = true};

static void
assert_records(const struct trial *t, const char *expected)
{
    assert_string_equal(t->status ? t->err.text : "", "");
    assert_string_equal(rg_buf_text(&t->records), expected);
}

#define QUERY(set, id) "query " set "/" id " text=p" id " reference=g\n"
#define CALL(set, id, model, score)                                                                \
    "call " set "/" id " " model " none contract=-1 sample=0 ok tokens=3+4 cost=0.5 score=" score  \
    "\n"

/* The newest that counts wins: demonstrations are gone before that. A name's time beats a file's.
 * '/' sorts before '-'. */
static void
files(void **state)
{
    const struct bench_member members[] = {
        {"b/gpt-5-chat/d-test-gpt-5-chat-20250101_000000.json", ONE("d", "test", "gpt-5-chat", "1"),
         0, NULL},
        {"b/gpt-5/d-test-gpt-5-20250102_000000.json", ONE("d", "test", "gpt-5", "1.0"), 0, NULL},
        {"b/gpt-5/d-test-gpt-5-20250101_235959.json", ONE("d", "test", "gpt-5", "0"), 0, NULL},
        {"b/gpt-5/d-test-gpt-5-20270102_000000.json",
         HEAD("d", "test", "gpt-5", "  \"demo\": true,\n") RECORD("1", "0.25", "\"a\"") TAIL, 0,
         NULL},
        {"b/gpt-5/result.json", ONE("d", "test", "gpt-5", "0.125"), 0, NULL},
        {"b/gpt-5/x-checkpoint.json", "{\"records\": [null]}", 0, NULL},
        {"b/gpt-5/notes.txt", "hello", 0, NULL},
        {"b/other/d-dev-gpt-5-20250101_000000.json", ONE("d", "dev", "gpt-5", "0.5"), 0, NULL},
    };
    static const char expected[] = "model gpt-5 unknown\nmodel gpt-5-chat unknown\n" //
        QUERY("d/test", "1") QUERY("d/dev", "1") CALL("d/test", "1", "gpt-5", "1")   //
        CALL("d/test", "1", "gpt-5-chat", "1") CALL("d/dev", "1", "gpt-5", "0.5");
    static const char notes[] = "read 3 kept 3 superseded 0 rejected 0 calls 3 runs 0\n"
                                "1 x no .json file, left out\n"
                                "1 x file of a checkpoint, left out\n"
                                "1 x file of a demonstration, left out\n"
                                "2 x file with an older recording, left out\n"
                                "1 x the file's own performance is not the mean of its scores\n";
    struct trial t;

    (void)state;
    bench_folder(&t, members, COUNT(members), &plain);
    assert_records(&t, expected);
    assert_string_equal(rg_buf_text(&t.notes), notes);
    bench_end(&t);
    /* An archive in another order gives the same. */
    bench_archive(&t, members, COUNT(members), &plain);
    assert_records(&t, expected);
    bench_end(&t);
}

static void
lists(void **state)
{
    const struct bench_member members[] = {
        {"1.json", ONE("d", "test", "a b:c", "1"), 0, NULL},
        {"2.json", ONE("d", "test", "\\u00e9", "1"), 0, NULL},
        {"3.json", ONE("e", "hybrid", "a b:c", "1"), 0, NULL},
    };
    static const char *const names[] = {"d", "hybrid", "a b:c", "\xc3\xa9"};
    struct rg_import_options o = plain;
    struct trial t;

    (void)state;
    o.datasets = (struct rg_import_list){names, 1};
    o.not_datasets = (struct rg_import_list){names, 1}; /* void beside the other */
    o.not_models = (struct rg_import_list){names + 2, 1};
    bench_folder(&t, members, COUNT(members), &o);
    assert_records(&t, "model \xc3\xa9 unknown\n" QUERY("d/test", "1")
                           CALL("d/test", "1", "\xc3\xa9", "1"));
    bench_end(&t);
    o = plain;
    o.splits = (struct rg_import_list){names + 1, 1};
    bench_folder(&t, members, COUNT(members), &o);
    assert_records(&t, "model a b:c unknown\n" QUERY("e/hybrid", "1")
                           CALL("e/hybrid", "1", "a b:c", "1"));
    bench_end(&t);
    o = plain;
    o.models = (struct rg_import_list){names, 0}; /* an empty list wants nothing */
    bench_folder(&t, members, COUNT(members), &o);
    assert_int_equal(t.status, RG_EINPUT); /* a trace without anything is not made */
    assert_string_equal(t.err.text, "0 records read and none kept, nothing written (file of a "
                                    "model that is not wanted, left out)");
    bench_end(&t);
    /* A word that nothing has is named, and is no error beside one that something has. */
    o = plain;
    o.models = (struct rg_import_list){names + 1, 2};
    bench_folder(&t, members, COUNT(members), &o);
    assert_int_equal(t.status, RG_OK);
    assert_non_null(strstr(rg_buf_text(&t.notes), "1 x --models: no result file has 'hybrid'\n"));
    bench_end(&t);
    o.models = (struct rg_import_list){names + 1, 1};
    bench_folder(&t, members, COUNT(members), &o);
    assert_int_equal(t.status, RG_EINPUT);
    assert_non_null(strstr(t.err.text, "(--models: no result file has 'hybrid')"));
    bench_end(&t);
}

/* Every field of a file: absent and null are fine, a wrong type, a negative number and a second
 * one are not, wherever it stands. */
static void
file_fields(void **state)
{
    static const struct {
        const char *name, *good, *bad[6];
    } all[] = {
        {"performance", "-0.5", {"\"1\"", "[]", "true", "NaN", "1e999", NULL}},
        {"time_taken", "0", {"\"1\"", "-1", "{}", "false", NULL}},
        {"prompt_tokens", "9", {"1e300", "-1", "1.5", "\"3\"", "9007199254740994", NULL}},
        {"completion_tokens", "9", {"1e300", "-1", "1.5", "\"3\"", "[]", NULL}},
        {"cost", "0.5", {"\"abc\"", "-0.1", "{}", "true", NULL}},
        {"counts", "3", {"-7", "1e300", "2.5", "\"3\"", NULL}},
        {"demo", "false", {"\"yes\"", "{}", "0", "[]", NULL}},
        {"extra_metrics", "{}", {"1", "[]", "\"\"", NULL}},
        {"data_fingerprint", "\"\"", {"1", "{}", "true", NULL}},
    };
    static const char names[] = "{\"model_name\":\"m\",\"split\":\"t\",\"dataset_name\":\"d\"",
                      records[] = "\"records\":[" RECORD("1", "1", "\"a\"") "]";

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        for (int place = 0; place < 2; place++) { /* before and behind the records */
            for (int k = -3; k < 0 || all[i].bad[k]; k++) {
                const char *value = k == -2 ? "null" : k < 0 ? all[i].good : all[i].bad[k];
                struct rg_buf text = {0}, field = {0};
                struct bench_member member = {.name = "m.json"};
                bool good = k == -3 || k == -2;
                struct trial t;

                rg_buf_printf(&field, "\"%s\":%s", all[i].name, value);
                if (k == -1)
                    rg_buf_printf(&field, ",\"%s\":%s", all[i].name, value);
                rg_buf_printf(&text, "%s,%s,%s}", names, place ? records : rg_buf_text(&field),
                              place ? rg_buf_text(&field) : records);
                member.text = rg_buf_text(&text);
                bench_folder(&t, &member, 1, &plain);
                if (t.status != (good ? RG_OK : RG_EINPUT))
                    fail_msg("%s: %s", rg_buf_text(&text), t.status ? t.err.text : "accepted");
                if (!good && !strstr(t.err.text, "not valid JSON") &&
                    !strstr(t.err.text, all[i].name))
                    fail_msg("%s: %s", rg_buf_text(&text), t.err.text);
                assert_int_equal(t.report.kept, good || place ? 1 : 0);
                bench_end(&t);
                rg_buf_clear(&field);
                rg_buf_clear(&text);
            }
        }
    }
}

/* A name that comes twice, a list of records that is none, and totals that are not those of the
 * records, which is a remark. */
static void
odd_files(void **state)
{
#define NAMES "{\"model_name\":\"m\",\"split\":\"t\",\"dataset_name\":\"d\""
#define LIST ",\"records\":[" RECORD("1", "1", "\"a\"") "]"
    static const struct {
        const char *text, *said;
    } bad[] = {
        {NAMES "}", "m.json: no records (expected an array)"},
        {NAMES ",\"records\":{\"a\":1}}", "m.json:1: records of the file is wrong (found "
                                          "object, expected an array)"},
        {NAMES ",\"records\":null}", "records of the file is wrong (found null"},
        {NAMES ",\"records\":1e308}", "records of the file is wrong (found 1e+308"},
        {NAMES ",\"records\":[],\"records\":[]}", "the array of records comes twice"},
        {NAMES ",\"records\":[],\"records\":1}", "records of the file is wrong (found 1"},
        {NAMES ",\"model_name\":\"n\"" LIST "}", "model_name comes twice"},
        {NAMES LIST ",\"model_name\":\"n\"}", "model_name comes twice"},
        {NAMES LIST ",\"split\":\"t\"}", "split comes twice"},
        {NAMES LIST ",\"dataset_name\":7}", "dataset_name comes twice"},
    };
    const struct bench_member odd = {
        "m.json",
        NAMES ",\"performance\":1,\"counts\":2,\"prompt_tokens\":4,\"completion_tokens\":5,"
              "\"cost\":0.6,\"colour\":1" LIST "}",
        0, NULL};
    struct trial t;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct bench_member member = {"m.json", bad[i].text, 0, NULL};

        bench_folder(&t, &member, 1, &plain);
        assert_int_equal(t.status, RG_EINPUT);
        if (!strstr(t.err.text, bad[i].said))
            fail_msg("%s: %s", bad[i].text, t.err.text);
        bench_end(&t);
    }
    bench_folder(&t, &odd, 1, &plain);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 1 kept 1 superseded 0 rejected 0 calls 1 runs 0\n"
                        "1 x unknown field colour of a file, not kept\n"
                        "1 x the file's own counts is not the number of its records\n"
                        "1 x the file's own prompt_tokens are not the sum of its records'\n"
                        "1 x the file's own completion_tokens are not the sum of its records'\n"
                        "1 x the file's own cost is not the sum of its records'\n");
    bench_end(&t);
}

/* Odd values, each of which the project's loader takes, and how. */
static void
values(void **state)
{
    const struct bench_member members[] = {
        {"m.json",
         HEAD("d", "t", "m", "") RECORD("-3", "null", "\"Processing failed: x\"") "," RECORD(
             "2", "true",
             "{\"b\": [1, 2]}") ",{\"index\": 9, \"prompt\": [\"\\u00e9\\ud83d\\ude00\", 1.50, "
                                "null], \"score\": -0.033,"
                                " \"cost\": null, \"ground_truth\": 7.0, \"prediction\": null, "
                                "\"raw_output\": null,"
                                " \"processing_time\": 1.5, \"other\": 1, \"extra_fields\": "
                                "{\"z\": 1, \"a\": 2}}" TAIL,
         0, NULL}};
    struct rg_import_options o = {.keep_going = false};
    struct trial t;

    (void)state;
    bench_folder(&t, members, 1, &o);
    assert_records(&t,
                   "model m unknown\n"
                   "query d/t/-3 text=p-3 reference=g\n"
                   "query d/t/2 text=p2 reference=g\n"
                   "query d/t/9 text=[\"\\u00e9\\ud83d\\ude00\",1.5,null] reference=7.0\n"
                   "call d/t/-3 m none contract=-1 sample=0 error tokens=3+4 cost=0.5 score=0 "
                   "text=Processing failed: x attrs={\"prediction\":\"x\",\"score_null\":true}\n"
                   "call d/t/2 m none contract=-1 sample=0 ok tokens=3+4 cost=0.5 score=1 "
                   "text={\"b\":[1,2]} attrs={\"prediction\":\"x\"}\n"
                   "call d/t/9 m none contract=-1 sample=0 ok tokens=0+0 cost=0 latency=1500 "
                   "score=-0.033 attrs={\"extra_fields\":{\"a\":2,\"z\":1}}\n");
    assert_string_equal(rg_buf_text(&t.notes),
                        "read 3 kept 3 superseded 0 rejected 0 calls 3 runs 0\n"
                        "1 x score null or absent, counted as 0 as the project's loader does\n"
                        "1 x placeholder of a failed call (status error)\n"
                        "1 x unknown field other of a record, not kept\n"
                        "1 x cost null or absent, counted as 0\n"
                        "1 x tokens null or absent, counted as 0\n"
                        "1 x negative score kept as recorded\n"
                        "1 x the file's own performance is not the mean of its scores\n");
    bench_end(&t);
}

/* A prompt of its own is kept with the call, and told by its hash when texts are left out. */
static void
prompts(void **state)
{
    const struct bench_member members[] = {
        {"a.json", ONE("d", "t", "a", "1"), 0, NULL},
        {"b.json",
         HEAD("d", "t", "b", "") "{\"index\": 1, \"prompt\": \"other\", \"ground_truth\": \"h\", "
                                 "\"score\": 1, \"cost\": 1, \"prompt_tokens\": 1, "
                                 "\"completion_tokens\": 1}" TAIL,
         0, NULL}};
    struct rg_import_options o = {.keep_going = false};
    struct trial t;

    (void)state;
    bench_folder(&t, members, 2, &o);
    assert_non_null(strstr(rg_buf_text(&t.records),
                           "prompt=other attrs={\"prompt_hash\":\"")); /* XXH3, 16 digits */
    assert_non_null(strstr(rg_buf_text(&t.notes), "1 x ground truth that differs"));
    bench_end(&t);
    bench_folder(&t, members, 2, &plain);
    assert_null(strstr(rg_buf_text(&t.records), "prompt=other"));
    assert_non_null(strstr(rg_buf_text(&t.records), "attrs={\"prompt_hash\":\""));
    bench_end(&t);
}

/* Each a record that is wrong in one way, with what is said of it; the two around it are kept. */
static void
bad_records(void **state)
{
    static const struct {
        const char *record, *said;
    } all[] = {
        {"{\"prompt\": \"x\"}", "8:5: missing key \"index\""},
        {"{\"index\": null}", "\"index\""},
        {"{\"index\": \"1\"}", "\"index\""},
        {"{\"index\": 1.5}", "\"index\""},
        {"{\"index\": 1e300}", "\"index\""},
        {"{\"index\": 3, \"index\": 4}", "occurs twice"},
        {"{\"index\": 3, \"score\": NaN}", "not valid JSON"},
        {"{\"index\": 3, \"score\": 1e999}", "not valid JSON"},
        {"{\"index\": 3, \"score\": \"1\"}", "\"score\""},
        {"{\"index\": 3, \"score\": 1e10}", "score"},
        {"{\"index\": 3, \"cost\": -1}", "cost is negative"},
        {"{\"index\": 3, \"cost\": 1e13}", "cost"},
        {"{\"index\": 3, \"prompt_tokens\": -1}", "prompt_tokens is negative"},
        {"{\"index\": 3, \"prompt_tokens\": 1e12}", "token"},
        {"{\"index\": 3, \"prompt\": \"\\ud800\"}", "not valid JSON"},
        {"{\"index\": 3, \"prompt\": \"\xff\"}", "UTF-8"},
        {"{\"index\": 3, \"extra_fields\": []}", "\"extra_fields\""},
        {"[3]", "object"},
        {"null", "object"},
        {"{\"index\": 1, \"score\": 0}", "read before, with other content"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct rg_buf text = {0};
        struct bench_member member = {.name = "m.json"};
        struct trial t;

        rg_buf_printf(&text, "%s%s,\n    %s,%s%s", HEAD("d", "t", "m", ""),
                      RECORD("1", "1", "\"a\""), all[i].record, RECORD("2", "1", "\"a\""), TAIL);
        member.text = rg_buf_text(&text);
        bench_folder(&t, &member, 1, &plain);
        assert_int_equal(t.status, RG_EINPUT);
        assert_string_equal(rg_buf_text(&t.records), "");
        if (!strstr(t.err.text, all[i].said))
            fail_msg("%s: %s", all[i].record, t.err.text);
        if (!strstr(t.err.text, "m.json:8"))
            fail_msg("%s: no place in: %s", all[i].record, t.err.text);
        bench_end(&t);
        bench_folder(&t, &member, 1, &going);
        assert_int_equal(t.status, RG_EINPUT);
        assert_int_equal(t.report.kept, 2);
        assert_int_equal(t.report.rejected, 1);
        bench_end(&t);
        rg_buf_clear(&text);
    }
}

static void
bad_files(void **state)
{
    static const struct {
        const char *text, *said;
    } all[] = {
        {"", ": "},
        {"[]", "expected '{'"},
        {"{\"model_name\": \"m\", \"split\": \"t\", \"records\": []}", "no dataset_name"},
        {"{\"model_name\": \"m\", \"dataset_name\": \"t\", \"records\": []}", "no split"},
        {"{\"split\": \"m\", \"dataset_name\": \"t\", \"records\": []}", "no model_name"},
        {"{\"split\": 1, \"dataset_name\": \"t\", \"records\": []}", "split is no name"},
        {"{\"split\": null, \"dataset_name\": \"t\", \"records\": []}", "split is no name"},
        {"{\"split\": \"\", \"dataset_name\": \"t\", \"records\": []}", "an empty one"},
        {"{\"split\": \"s\", \"split\": \"t\", \"records\": []}", "split comes twice"},
        {"{\"model_name\": \"m\", \"split\": \"t\", \"dataset_name\": \"a/b\", \"records\": []}",
         "a '/' in dataset_name"},
        {HEAD("d", "t", "m", "") RECORD("1", "1", "\"a\""), "the file breaks off here"},
        {HEAD("d", "t", "m", "") RECORD("1", "1", "\"a\"") ",\n{\"index\": 2, \"prompt\": \"x",
         "the file breaks off here"},
        {HEAD("d", "t", "m", "") RECORD("1", "1", "\"a\"") TAIL "x", "text behind the object"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        const struct bench_member member = {"m.json", all[i].text, 0, NULL};
        struct trial t;

        bench_folder(&t, &member, 1, &plain);
        assert_int_equal(t.status, RG_EINPUT);
        if (!strstr(t.err.text, all[i].said))
            fail_msg("%s: %s", all[i].text, t.err.text);
        bench_end(&t);
        bench_folder(&t, &member, 1, &going);
        assert_int_equal(t.status, RG_EINPUT);
        assert_int_equal(t.report.rejected, 1);
        assert_int_equal(t.report.kept, strncmp(all[i].text, "{\n", 2) == 0 ? 1 : 0);
        bench_end(&t);
    }
}

/* A cut file makes way for an older one that is whole. */
static void
cut_winner(void **state)
{
    const struct bench_member members[] = {
        {"d-t-m-20260101_000000.json", HEAD("d", "t", "m", "") RECORD("1", "0", "\"a\"") ",", 0,
         NULL},
        {"d-t-m-20250101_000000.json", ONE("d", "t", "m", "1"), 0, NULL},
    };
    struct trial t;

    (void)state;
    bench_folder(&t, members, 2, &going);
    assert_int_equal(t.status, RG_EINPUT);
    assert_string_equal(rg_buf_text(&t.records),
                        "model m unknown\n" QUERY("d/t", "1") CALL("d/t", "1", "m", "1"));
    bench_end(&t);
    bench_folder(&t, members, 2, &plain);
    assert_int_equal(t.status, RG_EINPUT);
    assert_string_equal(rg_buf_text(&t.records), "");
    bench_end(&t);
}

/* What must not be in an archive, one by one: named, and nothing is written. */
static void
bad_archives(void **state)
{
    static const struct {
        struct bench_member member;
        const char *said;
    } all[] = {
        {{"/etc/x.json", "{}", 0, NULL}, "b.tar.gz:/etc/x.json: refused: an absolute name"},
        {{"a/../../x.json", "{}", 0, NULL}, "refused: a name with .."},
        {{"..", "{}", 0, NULL}, "refused: a name with .."},
        {{"a.json", NULL, AE_IFLNK, "/etc/passwd"}, "b.tar.gz:a.json: refused: a symbolic link"},
        {{"b.json", NULL, 0, "good.json"}, "refused: a hard link"},
        {{"a.json", NULL, AE_IFCHR, NULL}, "refused: a device"},
        {{"a.json", NULL, AE_IFBLK, NULL}, "refused: a device"},
        {{"a.json", NULL, AE_IFIFO, NULL}, "refused: a pipe"},
        {{"\xff.json", "{}", 0, NULL}, "refused: a name that is not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        const struct bench_member members[] = {{"good.json", ONE("d", "t", "m", "1"), 0, NULL},
                                               all[i].member};
        struct trial t;

        bench_archive(&t, members, 2, &plain);
        assert_int_equal(t.status, RG_EINPUT);
        assert_string_equal(rg_buf_text(&t.records), "");
        if (!strstr(t.err.text, all[i].said))
            fail_msg("%s: %s", all[i].said, t.err.text);
        bench_end(&t);
        bench_archive(&t, members, 2, &going);
        assert_int_equal(t.report.kept, 1);
        assert_int_equal(t.report.rejected, 1);
        bench_end(&t);
    }
    assert_int_equal(access("/etc/x.json", F_OK), -1);
}

/* An archive cut at each of many places: an error, whatever it is that is missing. */
static void
cut_archives(void **state)
{
    const struct bench_member members[] = {{"a.json", ONE("d", "t", "m", "1"), 0, NULL},
                                           {"b.json", ONE("d", "t", "n", "1"), 0, NULL}};
    char path[TRIAL_PATH + 64];
    struct trial t;
    struct stat st;

    (void)state;
    bench_begin(&t);
    snprintf(path, sizeof path, "%s/b.tar.gz", t.dir);
    bench_tar(path, members, 2);
    assert_int_equal(stat(path, &st), 0);
    for (off_t n = st.st_size - 1; n > 0; n -= 7) {
        struct rg_import_options o = plain;

        o.format = "llmrouterbench";
        assert_int_equal(truncate(path, n), 0);
        rg_import_report_clear(&t.report);
        bench_import(&t, path, &o);
        assert_int_equal(t.status, RG_EINPUT);
        assert_string_equal(rg_buf_text(&t.records), "");
    }
    unlink(path);
    bench_end(&t);
}

/* 80 MB of blanks in 80 kB. */
static void
bomb(void **state)
{
    enum { SIZE = 80 << 20 };
    char *text = malloc(SIZE + 1);
    struct bench_member member = {"a.json", text, 0, NULL};
    struct trial t;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', SIZE);
    text[0] = '{';
    text[SIZE] = '\0';
    bench_archive(&t, &member, 1, &plain);
    assert_int_equal(t.status, RG_EINPUT);
    assert_non_null(strstr(t.err.text, "a.json: refused: packed more than 200 to 1"));
    bench_end(&t);
    free(text);
}

/* The same records in the form that is read quickly and in one that is not (an escape by number in
 * a key that is skipped over makes no difference to the content). */
static void
two_ways(void **state)
{
    static const char *const texts[] = {
        "plain",
        "\\\"quoted\\\" \\\\ \\/ \\b\\f\\n\\r\\t",
        "\xc3\xa9 \xe5\x9b\xa0 \xf0\x9f\x98\x80",
        "$x^{2}\\\\ge 0$",
        "a very long text of more than eight bytes\\n",
        "\\\\\\\\\\\"",
    };
    static const char *const numbers[] = {"0", "1", "0.5", "-0.0", "1e-3", "12.5E+1", "0.0000123"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t k = 0; k < COUNT(numbers); k++) {
            char digest[2][RG_DIGEST_HEX];

            for (int slow = 0; slow < 2; slow++) {
                struct rg_buf text = {0};
                struct bench_member member = {.name = "m.json"};
                struct rg_import_options o = {.keep_going = false};
                struct trial t;

                rg_buf_printf(&text,
                              "%s{\"index\":1,\"origin_query\":\"%s\",\"prompt\":\"%s\","
                              "\"prompt_tokens\":0,\"completion_tokens\":12,\"cost\":%s,"
                              "\"score\":%s,\"prediction\":\"%s\",\"ground_truth\":\"%s\","
                              "\"raw_output\":\"%s\",\"extra_fields\":{}%s}%s",
                              HEAD("d", "t", "m", ""), texts[i], texts[i],
                              *numbers[k] == '-' ? "0" : numbers[k], numbers[k], texts[i], texts[i],
                              texts[i], slow ? ",\"processing_time\":null" : "", TAIL);
                member.text = rg_buf_text(&text);
                bench_folder(&t, &member, 1, &o);
                assert_string_equal(t.status ? t.err.text : "", "");
                memcpy(digest[slow], t.digest, sizeof t.digest);
                bench_end(&t);
                rg_buf_clear(&text);
            }
            assert_string_equal(digest[0], digest[1]);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),        cmocka_unit_test(lists),
        cmocka_unit_test(values),       cmocka_unit_test(prompts),
        cmocka_unit_test(bad_records),  cmocka_unit_test(bad_files),
        cmocka_unit_test(cut_winner),   cmocka_unit_test(bad_archives),
        cmocka_unit_test(cut_archives), cmocka_unit_test(bomb),
        cmocka_unit_test(two_ways),     cmocka_unit_test(file_fields),
        cmocka_unit_test(odd_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
