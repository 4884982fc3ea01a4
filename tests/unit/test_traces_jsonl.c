/* The native format, reading and writing, and what all imports share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/json.h"
#include "base/line.h"
#include "base/rng.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/import_trial.h"
#include "traces/export.h"
#include "traces/trace.h"

#define HEAD "{\"type\":\"trace\",\"version\":1}\n"

/* ---- bad input: the place and the cause ---- */

static void
faults(void **state)
{
    static const struct {
        const char *line; /* the second of the file */
        const char *error;
    } faults[] = {
        {"", "2:1: "},
        {"{", "2:2: "},
        {"[]", "2:1: no record (found array, expected an object)"},
        {"7", "2:1: no record (found number, expected an object)"},
        {"{}", "2:1: a record has a \"type\" (found none)"},
        {"{\"type\":1}", "2:9: a record has a \"type\" (found number)"},
        {"{\"type\":\"cal\"}", "2:9: unknown type of a record (found 'cal', expected trace, model, "
                               "query, kb, call, run, embedding or arrival)"},
        {"{\"type\":\"call\"}", "\"query\""},
        {"{\"type\":\"call\",\"query\":\"q\"}", "\"model\""},
        {"{\"type\":\"call\",\"query\":7,\"model\":\"m\"}",
         "2:24: \"query\" has the wrong type (found number, expected a string)"},
        {"{\"type\":\"call\",\"query\":null,\"model\":\"m\"}", "2:24: \"query\""},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"scores\":1}", "\"score\""},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"query\":\"q\"}", "2:40: "},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"status\":\"Ok\"}",
         "2:49: unknown status (found 'Ok', expected ok, error, timeout, rate_limited or invalid)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":-1}",
         "2:49: sample out of range (found -1, expected 0 to 65535)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":0.5}", "2:49: \"sample\""},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"prompt_tokens\":2147483648}",
         "2:56: prompt_tokens out of range (found 2147483648, expected 0 to 2147483647)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"prompt_tokens\":9007199254740993}",
         "2:56: \"prompt_tokens\""},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"cost_usd\":-0.1}", "2:51: "},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"latency_ms\":1e400}", "2:53: "},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"latency_ms\":5,\"ttft_ms\":6}",
         "2:65: ttft_ms is beyond latency_ms (found 6, expected at most 5)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"cost_usd\":1.7e308}",
         "2:1: cost_usd out of range (found 1.69"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"latency_ms\":1.1e12}",
         "2:1: latency_ms out of range (found 1100000000000, expected 0 to 1e+12)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"score\":-1.1e9}",
         "2:1: score out of range (found -1100000000, expected -1e+09 to 1e+09)"},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"latency_ms\":1e13}",
         "2:1: latency_ms out of range"},
        {"{\"type\":\"arrival\",\"at_s\":1e13}", "2:1: at_s out of range"},
        {"{\"type\":\"model\",\"name\":\"m\",\"output_usd_per_mtok\":1e13}",
         "2:1: output_usd_per_mtok out of range"},
        {"{\"type\":\"embedding\",\"query\":\"q\",\"space\":\"e\",\"values\":[3.4028236e38]}",
         "bad value (found number, expected a number within the range of a 32-bit float)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"contract\":1}",
         "2:51: \"contract\""},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"text\":\"a\\u0000b\"}", "2:"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"text\":\"\xff\"}", "2:"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"attrs\":[]}", "2:48: \"attrs\""},
        {"{\"type\":\"call\",\"query\":\"\",\"model\":\"m\"}", "2:1: empty name (of query)"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"memory\":\"\"}",
         "2:1: empty name (of memory mode)"},
        {"{\"type\":\"model\",\"name\":\"m\",\"tier\":\"SLM\"}",
         "2:35: unknown tier (found 'SLM', expected slm, llm or unknown)"},
        {"{\"type\":\"model\",\"name\":\"m\",\"input_usd_per_mtok\":-1}", "2:49: "},
        {"{\"type\":\"query\",\"id\":null}", "2:22: \"id\""},
        {"{\"type\":\"query\",\"id\":\"q\",\"txt\":\"\"}", "\"text\""},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"chain\":[\"a\",1]}",
         "2:53: bad model in a chain (found number, expected a name without '>')"},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"chain\":[\"a>b\"]}",
         "2:49: bad model in a chain (found a>b, expected a name without '>')"},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"chain\":\"a\"}", "2:48: \"chain\""},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"ttft_ms\":1}", "ttft_ms"},
        {"{\"type\":\"embedding\",\"query\":\"q\",\"space\":\"s\",\"values\":[]}",
         "2:1: bad number of dimensions (found 0, expected 1 to 1048576)"},
        {"{\"type\":\"embedding\",\"query\":\"q\",\"space\":\"s\",\"values\":[1,\"2\"]}",
         "2:57: bad value (found string, expected a number within the range of a 32-bit float)"},
        {"{\"type\":\"embedding\",\"query\":\"q\",\"space\":\"s\",\"values\":[1e39]}",
         "2:55: bad value (found "},
        {"{\"type\":\"arrival\"}", "\"at_s\""},
        {"{\"type\":\"arrival\",\"at_s\":-1}", "2:26: "},
        {"{\"type\":\"arrival\",\"at_s\":null}", "2:26: \"at_s\""},
        {"{\"type\":\"kb\",\"id\":\"\"}", "2:1: empty name (of article)"},
        {"{\"type\":\"trace\",\"version\":2}",
         "2:27: unknown version of the format (found 2, expected 1)"},
        {"{\"type\":\"trace\"}", "\"version\""},
        {"{\"type\":\"trace\",\"version\":1,\"meta\":{\"a\":1}}",
         "2:41: value of meta key 'a' is no string (found number)"},
        {"{\"type\":\"trace\",\"version\":1,\"meta\":{\"digest\":\"x\"}}",
         "2:46: meta key 'digest' is written by the program alone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct rg_import_options options = {0};
        struct rg_buf text = {0};
        struct trial_file file = {"x.jsonl", NULL};
        struct trial t;
        char place[TRIAL_PATH + 64];

        rg_buf_printf(&text, HEAD "%s\n{\"type\":\"query\",\"id\":\"good\"}\n", faults[i].line);
        file.text = text.data;
        trial_import(&t, &file, 1, &options);
        assert_int_equal(t.status, RG_EINPUT);
        snprintf(place, sizeof place, "%s/x.jsonl:2:", t.dir);
        if (strstr(t.err.text, place) != t.err.text || !strstr(t.err.text, faults[i].error))
            fail_msg("%s: '%s' lacks '%s'", faults[i].line, t.err.text, faults[i].error);
        assert_string_equal(t.records.data ? t.records.data : "", "");
        trial_clear(&t);

        /* With keep_going the rest is kept, and the loss is counted. */
        options.keep_going = true;
        trial_import(&t, &file, 1, &options);
        assert_int_equal(t.status, RG_EINPUT);
        assert_int_equal(t.report.read, 2);
        assert_int_equal(t.report.kept, 1);
        assert_int_equal(t.report.rejected, 1);
        if (!strstr(t.records.data, "query /good"))
            fail_msg("%s: lost the next line: %s", faults[i].line, t.records.data);
        trial_clear(&t);
        rg_buf_clear(&text);
    }
}

/* All names in the order of the table, and the bracket that closes. */
static void
list_formats(struct rg_buf *out)
{
    for (size_t i = 0; i < rg_n_importers; i++)
        rg_buf_printf(out, "%s%s", i > 0 ? ", " : "", rg_importers[i].name);
    rg_buf_putc(out, ')');
}

/* The message for a file whose format is not known; group may be NULL. */
static void
not_recognised(const char *text, const char *shown, const char *group, const char *tail)
{
    struct rg_buf expected = {0};
    size_t n = 0;

    rg_buf_printf(&expected,
                  "x:1:1: format not recognised (found \"%s\", expected one of: ", shown);
    for (size_t i = 0; i < rg_n_importers; i++)
        if (!group || strncmp(rg_importers[i].name, group, strlen(group)) == 0)
            rg_buf_printf(&expected, "%s%s", n++ > 0 ? ", " : "", rg_importers[i].name);
    rg_buf_printf(&expected, ")%s", tail);
    trial_fails("x", text, group, rg_buf_text(&expected));
    rg_buf_clear(&expected);
}

static void
first_line(void **state)
{
    (void)state;
    trial_fails("x", "", NULL, "x: empty file");
    trial_fails("x", "", "jsonl",
                "x: no trace (found nothing, expected a first line of type trace)");
    trial_fails("x", "{\"type\":\"query\",\"id\":\"q\"}\n", NULL,
                "x:1:9: the first line must be of type trace (found query, expected "
                "{\"type\":\"trace\",\"version\":1})");
    trial_fails("x", "{\"type\":\"trace\",\"version\":7}\n", NULL,
                "x:1:27: unknown version of the format (found 7, expected 1)");
    not_recognised("hello\nand more", "hello", NULL, "");
    not_recognised("hello", "hello", "routergym", "; naming one of them with --from tells more");
    not_recognised("SQLite format 3", "SQLite format 3", NULL, "");
    not_recognised("0123456789012345678901234567890123456\xe7\xa5\xa8\xff\x01tail",
                   "0123456789012345678901234567890123456\xe7\xa5\xa8??", NULL, "");
    trial_fails("x", "\xef\xbb\xbf{\"type\":\"trace\",\"version\":1}\n", NULL,
                "x:1:1: a UTF-8 byte order mark before JSON (expected the JSON alone)");
    trial_fails("x", "\x1f\x8b\x08", NULL, "x: bad gzip data: truncated");
}

/* Names have at most 1,024 bytes, wherever they stand. */
static void
long_names(void **state)
{
    static const struct {
        const char *before, *behind, *what;
    } known[] = {
        {"{\"type\":\"query\",\"id\":\"", "\"}", "query"},
        {"{\"type\":\"query\",\"id\":\"q\",\"dataset\":\"", "\"}", "dataset"},
        {"{\"type\":\"query\",\"id\":\"q\",\"category\":\"", "\"}", "category"},
        {"{\"type\":\"model\",\"name\":\"", "\"}", "model"},
        {"{\"type\":\"kb\",\"id\":\"", "\"}", "article"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"", "\"}", "model"},
        {"{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"memory\":\"", "\"}", "memory mode"},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"", "\"}", "config"},
        {"{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"chain\":[\"m\",\"", "\"]}",
         "a model in a chain"},
        {"{\"type\":\"embedding\",\"query\":\"q\",\"values\":[1],\"space\":\"", "\"}", "space"},
        {"{\"type\":\"arrival\",\"at_s\":1,\"query\":\"", "\"}", "query"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct rg_buf text = {0}, expected = {0};
        const struct rg_import_options options = {0};
        struct trial_file file = {"x", NULL};
        struct trial t;

        rg_buf_printf(&text, HEAD "%s%01024d%s\n", known[i].before, 1, known[i].behind);
        file.text = rg_buf_text(&text);
        trial_import(&t, &file, 1, &options);
        assert_int_equal(t.status, RG_OK);
        trial_clear(&t);
        rg_buf_reset(&text);
        rg_buf_printf(&text, HEAD "%s%01025d%s\n", known[i].before, 1, known[i].behind);
        rg_buf_printf(&expected,
                      "x:2:1: name of %s is too long (found 1025 bytes, expected at most 1024)",
                      known[i].what);
        trial_fails("x", rg_buf_text(&text), NULL, rg_buf_text(&expected));
        rg_buf_clear(&text);
        rg_buf_clear(&expected);
    }
}

/* When everything was rejected an older trace file stays as it was. */
static void
nothing_kept(void **state)
{
    static const struct trial_file good = {"g", HEAD "{\"type\":\"query\",\"id\":\"q\"}\n"};
    static const struct trial_file bad = {"b", HEAD "{\"type\":\"quer\"}\n"};
    static const struct trial_file head = {"h", HEAD};
    const struct rg_import_options options = {.keep_going = true};
    struct trial t;

    (void)state;
    trial_import(&t, &bad, 1, &options);
    assert_int_equal(t.status, RG_EINPUT);
    assert_non_null(strstr(t.err.text, "1 of 1 records rejected, nothing written, the first: "));
    assert_string_equal(rg_buf_text(&t.records), "");
    trial_clear(&t);
    trial_import(&t, &good, 1, &options);
    assert_int_equal(t.status, RG_OK);
    assert_string_equal(rg_buf_text(&t.records), "query /q\n");
    trial_clear(&t);
    trial_import(&t, &head, 1, &options);
    assert_int_equal(t.status, RG_EINPUT);
    trial_assert_error(&t, "0 records read and none kept, nothing written (no records)");
    assert_string_equal(rg_buf_text(&t.records), "");
    trial_clear(&t);
}

static void
unknown_format(void **state)
{
    struct rg_import_options options = {.format = "jsnol"};
    struct trial_file file = {"x", HEAD};
    struct rg_buf expected = {0};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &options);
    assert_int_equal(t.status, RG_EUSAGE);
    rg_buf_puts(&expected, "unknown format 'jsnol', did you mean 'jsonl'? (known: ");
    list_formats(&expected);
    assert_string_equal(t.err.text, expected.data);
    rg_buf_clear(&expected);
    trial_clear(&t);
}

/* Cut anywhere, a compressed trace is refused, and nothing is written. */
static void
truncated(void **state)
{
    static const char text[] = HEAD "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"}\n"
                                    "{\"type\":\"call\",\"query\":\"r\",\"model\":\"m\"}\n";
    size_t n;
    unsigned char *packed = temp_gzip(text, strlen(text), &n);

    (void)state;
    for (size_t cut = 1; cut <= n; cut++) {
        char path[TEMP_PATH];
        struct rg_trace *t;
        struct rg_err err;
        enum rg_status status;

        temp_write(path, packed, cut);
        status = rg_trace_load(&t, path, NULL, &err);
        if (cut == n) {
            assert_int_equal(status, RG_OK);
            assert_int_equal(t->n_calls, 2);
            rg_trace_close(t);
        } else {
            assert_int_equal(status, RG_EINPUT);
            assert_null(t);
            assert_ptr_equal(strstr(err.text, path), err.text);
        }
        unlink(path);
    }
    free(packed);
}

/* ---- what is kept ---- */

static void
imported(const char *text, const struct rg_import_options *options, const char *records,
         const char *notes)
{
    struct trial_file file = {"x.jsonl", text};
    struct trial t;

    trial_import(&t, &file, 1, options);
    assert_string_equal(rg_buf_text(&t.records), records);
    assert_string_equal(rg_buf_text(&t.notes), notes);
    trial_clear(&t);
}

static void
defaults(void **state)
{
    const struct rg_import_options o = {0};

    (void)state;
    imported(HEAD "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"}", &o,
             "model m unknown\nquery /q\ncall /q m none contract=-1 sample=0 ok\n",
             "read 1 kept 1 superseded 0 rejected 0 calls 1 runs 0\n"
             "1 x last line without a line end\n");
    imported(HEAD "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"dataset\":null,"
                  "\"memory\":null,\"contract\":null,\"sample\":null,\"status\":null,"
                  "\"prompt_tokens\":null,\"completion_tokens\":null,\"cost_usd\":null,"
                  "\"latency_ms\":null,\"ttft_ms\":null,\"score\":null,\"text\":null,"
                  "\"prompt\":null,\"attrs\":null}\r\n",
             &o, "model m unknown\nquery /q\ncall /q m none contract=-1 sample=0 ok\n",
             "read 1 kept 1 superseded 0 rejected 0 calls 1 runs 0\n"
             "1 x lines end in CR LF\n");
    imported(HEAD "{\"type\":\"run\",\"query\":\"q\",\"config\":\"c\",\"chain\":[],"
                  "\"attrs\":{\"b\":1,\"a\":{\"d\":2,\"c\":[]},\"n\":null}}\n",
             &o,
             "query /q\nrun /q c none contract=-1 sample=0 ok chain= "
             "attrs={\"a\":{\"c\":[],\"d\":2},\"b\":1}\n",
             "read 1 kept 1 superseded 0 rejected 0 calls 0 runs 1\n");
}

static void
options_apply(void **state)
{
    const struct rg_import_options o = {.dataset = "mine", .no_text = true};

    (void)state;
    imported(HEAD "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q\",\"text\":\"stays\"}\n"
                  "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"text\":\"goes\","
                  "\"prompt\":\"goes\",\"score\":1}\n",
             &o,
             "model m unknown\nquery mine/q text=stays\n"
             "call mine/q m none contract=-1 sample=0 ok score=1\n",
             "read 2 kept 2 superseded 0 rejected 0 calls 1 runs 0\n");
}

#define PRICED                                                                                     \
    "{\"type\":\"model\",\"name\":\"m\",\"tier\":\"slm\",\"input_usd_per_mtok\":2,"                \
    "\"output_usd_per_mtok\":4}\n"
#define TOKENS "\"prompt_tokens\":1000,\"completion_tokens\":500"

/* 1,000 tokens at 2 USD and 500 at 4 USD a million are 0.004 USD. */
static void
derived_costs(void **state)
{
    const struct rg_import_options o = {0};

    (void)state;
    imported(HEAD PRICED "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"," TOKENS "}\n"
                         "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":1," TOKENS
                         ",\"cost_usd\":null}\n"
                         "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":2," TOKENS
                         ",\"cost_usd\":7}\n"
                         "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"sample\":3,"
                         "\"prompt_tokens\":5}\n"
                         "{\"type\":\"call\",\"query\":\"q\",\"model\":\"n\"," TOKENS "}\n",
             &o,
             "model m slm in=2 out=4\nmodel n unknown\nquery /q\n"
             "call /q m none contract=-1 sample=0 ok tokens=1000+500 cost=0.004\n"
             "call /q m none contract=-1 sample=1 ok tokens=1000+500\n"
             "call /q m none contract=-1 sample=2 ok tokens=1000+500 cost=7\n"
             "call /q m none contract=-1 sample=3 ok tokens=5+-1\n"
             "call /q n none contract=-1 sample=0 ok tokens=1000+500\n",
             "read 6 kept 6 superseded 0 rejected 0 calls 5 runs 0\n"
             "1 x cost derived from tokens and prices\n");
    /* The order of the lines must not decide: late prices are an error, where they would matter. */
    trial_fails("x", HEAD "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"," TOKENS "}\n" PRICED,
                NULL,
                "x:3:1: prices of model 'm' come after calls without cost_usd that need them");
    imported(HEAD "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"," TOKENS
                  ",\"cost_usd\":1}\n" PRICED,
             &o,
             "model m slm in=2 out=4\nquery /q\n"
             "call /q m none contract=-1 sample=0 ok tokens=1000+500 cost=1\n",
             "read 2 kept 2 superseded 0 rejected 0 calls 1 runs 0\n");
}

/* A price that is refused is not used, and only a call that is kept tells of its cost. */
static void
prices_kept(void **state)
{
    const struct rg_import_options o = {.keep_going = true};
    const struct trial_file file = {
        "t.jsonl",
        HEAD PRICED "{\"type\":\"model\",\"name\":\"m\",\"input_usd_per_mtok\":500,"
                    "\"output_usd_per_mtok\":500}\n"
                    "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"," TOKENS "}\n"
                    "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"," TOKENS "}\n"
                    "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"score\":1," TOKENS "}\n"};
    struct trial t;

    (void)state;
    trial_import(&t, &file, 1, &o);
    assert_non_null(strstr(rg_buf_text(&t.records),
                           "call /q m none contract=-1 sample=0 ok tokens=1000+500 cost=0.004\n"));
    assert_non_null(strstr(rg_buf_text(&t.notes), "1 x cost derived from tokens and prices"));
    assert_non_null(strstr(rg_buf_text(&t.notes), "read 5 kept 2 superseded 1 rejected 2"));
    trial_clear(&t);
}

static void
repeated(void **state)
{
    const struct rg_import_options o = {.keep_going = true};
    const char *call = "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"}\n";
    struct rg_buf text = {0};

    (void)state;
    rg_buf_printf(&text,
                  HEAD "%s%s%s{\"type\":\"kb\",\"id\":\"k\"}\n{\"type\":\"kb\",\"id\":\"k\"}\n",
                  call, call, "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\",\"score\":1}\n");
    imported(text.data, &o, "model m unknown\nquery /q\ncall /q m none contract=-1 sample=0 ok\n",
             "read 5 kept 2 superseded 2 rejected 1 calls 1 runs 0\n"
             "2 x repeated record, equal to an earlier one\n"
             "REJECTED 1 x key taken by another record\n"
             "    x.jsonl:4:1: another call of model 'm' on query 'q' with the same variant and "
             "sample 0 was read before, with other content\n");
    rg_buf_clear(&text);
    trial_fails("x",
                HEAD "{\"type\":\"query\",\"id\":\"q\",\"text\":\"a\"}\n"
                     "{\"type\":\"query\",\"id\":\"q\"}\n",
                NULL, "x:3:1: query 'q' was read before, with other content");
}

/* Files in one import share their records; each begins with its own trace line. */
static void
several_files(void **state)
{
    const struct trial_file files[] = {
        {"a.jsonl", HEAD "{\"type\":\"query\",\"id\":\"q\",\"text\":\"t\"}\n"},
        {"b.jsonl", "{\"type\":\"trace\",\"version\":1,\"synthetic\":true}\n"
                    "{\"type\":\"call\",\"query\":\"q\",\"model\":\"m\"}\n"},
    };
    const struct rg_import_options o = {0};
    struct trial t;

    (void)state;
    trial_import(&t, files, 2, &o);
    assert_int_equal(t.status, RG_OK);
    assert_int_equal(t.report.files, 2);
    assert_string_equal(t.records.data, "model m unknown\nquery /q text=t\n"
                                        "call /q m none contract=-1 sample=0 ok\n");
    trial_clear(&t);
}

/* A folder: regular files of all levels by path; links and hidden files are named, not read. */
static void
folders(void **state)
{
    static const char call[] = HEAD "{\"type\":\"call\",\"query\":\"%s\",\"model\":\"m\"}\n";
    static const char *const names[] = {"b.jsonl", "a/z.jsonl", "a/b/c.jsonl", ".hidden"};
    const char *tmp = getenv("TMPDIR");
    char dir[TEMP_PATH], path[TEMP_PATH + 64], text[200];
    struct rg_import_report report = {0};
    struct rg_trace *t;
    struct rg_err err;

    (void)state;
    snprintf(dir, sizeof dir, "%s/rg-folder-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/a/b", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < 4; i++) {
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        f = fopen(path, "wb");
        snprintf(text, sizeof text, call, names[i]);
        assert_true(f && fputs(text, f) >= 0 && fclose(f) == 0);
    }
    snprintf(path, sizeof path, "%s/link", dir);
    assert_int_equal(symlink("b.jsonl", path), 0);
    if (rg_trace_load(&t, dir, &report, &err) != RG_OK)
        fail_msg("%s", err.text);
    assert_int_equal(report.files, 3);
    assert_int_equal(report.n_notes, 1);
    assert_int_equal(report.notes[0].count, 2);
    assert_string_equal(report.notes[0].what, "not a regular file or hidden, passed over");
    assert_int_equal(t->n_queries, 3);
    assert_string_equal(t->queries.id[0], "a/b/c.jsonl");
    assert_string_equal(t->queries.id[1], "a/z.jsonl");
    assert_string_equal(t->queries.id[2], "b.jsonl");
    rg_trace_close(t);
    rg_import_report_clear(&report);
    unlink(path);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/a/b", dir);
    rmdir(path);
    snprintf(path, sizeof path, "%s/a", dir);
    rmdir(path);
    assert_int_equal(rg_trace_load(&t, dir, NULL, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "no files in this folder"));
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(rg_trace_load(&t, dir, NULL, &err), RG_ESYSTEM);
}

/* ---- writing ---- */

static enum rg_status
to_buf(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    (void)err;
    rg_buf_add(ctx, bytes, n);
    return RG_OK;
}

/* The text that a trace exports to, and its digest. */
static void
exported(const char *text, struct rg_buf *out, char hex[RG_DIGEST_HEX])
{
    struct rg_export_sink sink = {out, to_buf};
    struct rg_store *store;
    struct rg_err err;
    char path[TEMP_PATH];

    temp_write(path, text, strlen(text));
    if (rg_store_load(&store, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    assert_int_equal(rg_export_write(store, &sink, &err), RG_OK);
    assert_int_equal(rg_store_digest(store, hex, &err), RG_OK);
    assert_string_equal(rg_store_meta(store, "digest"), hex);
    rg_store_close(store);
    unlink(path);
}

static const char full[] =
    "{\"type\":\"trace\",\"version\":1,\"synthetic\":true,\"meta\":{\"a\":\"1\",\"b\":\"\\u0001\"}}"
    "\n"
    "{\"type\":\"model\",\"name\":\"m\",\"tier\":\"slm\",\"input_usd_per_mtok\":0.5,"
    "\"output_usd_per_mtok\":1e-07,\"attrs\":{\"big\":9007199254740993}}\n"
    "{\"type\":\"model\",\"name\":\"n\",\"tier\":\"unknown\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q1\",\"category\":\"\",\"text\":\"\\\"\\n\","
    "\"reference\":\"r\",\"attrs\":{\"x\":[1,{\"y\":null}]}}\n"
    "{\"type\":\"query\",\"id\":\"q1\"}\n"
    "{\"type\":\"kb\",\"id\":\"k\",\"title\":\"t\",\"text\":\"\"}\n"
    "{\"type\":\"embedding\",\"dataset\":\"d\",\"query\":\"q1\",\"space\":\"s\","
    "\"values\":[0.1,-3.4e-38,16777216,0]}\n"
    "{\"type\":\"arrival\",\"at_s\":0.5}\n"
    "{\"type\":\"arrival\",\"at_s\":0.5,\"dataset\":\"d\",\"query\":\"q1\",\"prompt_tokens\":3,"
    "\"completion_tokens\":0}\n"
    "{\"type\":\"call\",\"dataset\":\"d\",\"query\":\"q1\",\"model\":\"m\",\"memory\":\"static\","
    "\"contract\":false,\"sample\":2,\"status\":\"invalid\",\"prompt_tokens\":873,"
    "\"completion_tokens\":127,\"cost_usd\":0.0007,\"latency_ms\":1170.25,\"ttft_ms\":90,"
    "\"score\":-0.8,\"text\":\"\",\"prompt\":\"p\",\"attrs\":{\"z\":1}}\n"
    "{\"type\":\"run\",\"dataset\":\"d\",\"query\":\"q1\",\"config\":\"c\",\"sample\":1,"
    "\"memory\":\"x\",\"contract\":true,\"chain\":[\"m\",\"n\"],\"model\":\"n\",\"escalated\":true,"
    "\"status\":\"error\",\"prompt_tokens\":1,\"completion_tokens\":2,\"cost_usd\":3,"
    "\"latency_ms\":4,\"score\":5,\"text\":\"t\",\"prompt\":\"p\",\"attrs\":{\"z\":1}}\n"
    "{\"type\":\"call\",\"query\":\"q1\",\"model\":\"m\",\"prompt_tokens\":1,"
    "\"completion_tokens\":2,\"cost_usd\":null}\n"
    "{\"type\":\"run\",\"query\":\"q1\",\"config\":\"c\",\"chain\":[]}\n";

/* Every key in its place: a text in export's own form comes out byte for byte. */
static void
export_form(void **state)
{
    struct rg_buf out = {0};
    char hex[33];

    (void)state;
    exported(full, &out, hex);
    assert_string_equal(out.data, full);
    rg_buf_clear(&out);
}

/* Lines in any order behind the first give the same content; the export of the export is the same.
 */
static void
permuted(void **state)
{
    const char *lines[20], *s = full;
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    struct rg_buf out = {0};
    uint32_t index[20], n = 0;
    char hex[33], other[33];

    (void)state;
    exported(full, &out, hex);
    for (s = strchr(s, '\n') + 1; *s; s = strchr(s, '\n') + 1) {
        index[n] = n;
        lines[n++] = s;
    }
    assert_int_equal(n, 12);
    for (int k = 0; k < 100; k++) {
        struct rg_buf text = {0};

        rg_rng_shuffle(rng, index, n);
        rg_buf_puts(&text, HEAD);
        for (uint32_t i = 0; i < n; i++)
            rg_buf_add(&text, lines[index[i]], strcspn(lines[index[i]], "\n") + 1);
        rg_buf_reset(&out);
        exported(text.data, &out, other);
        assert_string_equal(other, hex);
        rg_buf_reset(&text);
        rg_buf_puts(&text, out.data);
        rg_buf_reset(&out);
        exported(text.data, &out, other);
        assert_string_equal(other, hex);
        assert_string_equal(out.data, text.data);
        rg_buf_clear(&text);
    }
    rg_buf_clear(&out);
    gsl_rng_free(rng);
}

/* The schema names every type and key that the export writes: no reader was forgotten there. */
static void
schema(void **state)
{
    const char *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0}, text = {0};
    struct rg_json doc = {0}, line = {0};
    const cJSON *defs;
    const char *s = full;
    struct rg_err err;

    (void)state;
    rg_buf_printf(&path, "%s/traces/trace.schema.json", top ? top : ".");
    assert_int_equal(rg_file_read(path.data, 1 << 20, &text, &err), RG_OK);
    assert_int_equal(rg_json_parse(&doc, text.data, text.len, "schema", 1, 0, &err), RG_OK);
    defs = cJSON_GetObjectItemCaseSensitive(doc.root, "$defs");
    for (; *s; s = strchr(s, '\n') + 1) {
        const cJSON *kind, *properties, *type;

        assert_int_equal(rg_json_parse(&line, s, strcspn(s, "\n"), "l", 1, 0, &err), RG_OK);
        type = cJSON_GetObjectItemCaseSensitive(line.root, "type");
        kind = cJSON_GetObjectItemCaseSensitive(defs, type->valuestring);
        properties = cJSON_GetObjectItemCaseSensitive(kind, "properties");
        for (const cJSON *m = line.root->child; m; m = m->next) {
            if (!cJSON_GetObjectItemCaseSensitive(properties, m->string))
                fail_msg("the schema of %s lacks %s", type->valuestring, m->string);
        }
        rg_json_clear(&line);
    }
    rg_json_clear(&doc);
    rg_buf_clear(&path);
    rg_buf_clear(&text);
}

static void
placeholders(void **state)
{
    (void)state;
    assert_true(rg_import_is_placeholder("LLM unavailable"));
    assert_true(rg_import_is_placeholder("  llm Unavailable: timeout"));
    assert_true(rg_import_is_placeholder("{\"final_answer\": \"LLM unavailable\"}"));
    assert_true(rg_import_is_placeholder("{\"a\":1,\"final_answer\":\"LLM unavailable\"}"));
    assert_true(rg_import_is_placeholder("{'final_answer': 'LLM unavailable', 'r': 'x'}"));
    assert_false(rg_import_is_placeholder(NULL));
    assert_false(rg_import_is_placeholder(""));
    assert_false(rg_import_is_placeholder("LLM unavail"));
    assert_false(rg_import_is_placeholder("If you read 'LLM unavailable', restart."));
    assert_false(rg_import_is_placeholder("{\"final_answer\": \"See: LLM unavailable\"}"));
    assert_false(rg_import_is_placeholder("{\"final_answer\""));
    assert_false(rg_import_is_placeholder("{\"final_answer\":"));
    assert_false(rg_import_is_placeholder("{\"final_answer\": 7}"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),         cmocka_unit_test(first_line),
        cmocka_unit_test(nothing_kept),   cmocka_unit_test(long_names),
        cmocka_unit_test(unknown_format), cmocka_unit_test(truncated),
        cmocka_unit_test(defaults),       cmocka_unit_test(options_apply),
        cmocka_unit_test(derived_costs),  cmocka_unit_test(prices_kept),
        cmocka_unit_test(repeated),       cmocka_unit_test(several_files),
        cmocka_unit_test(folders),        cmocka_unit_test(export_form),
        cmocka_unit_test(permuted),       cmocka_unit_test(schema),
        cmocka_unit_test(placeholders),
    };

    return cmocka_run_group_tests_name("traces_jsonl", tests, NULL, NULL);
}
