#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "stats/tablespec.h"

/* ---- data: model, score, ok (truth value), label (with gaps) ---- */

static const char *const columns[] = {"model", "score", "ok", "label", "mixed"};
enum { MODEL, SCORE, OK, LABEL, MIXED, N_COLUMNS };

static struct rg_frame *
data(void)
{
    static const struct {
        const char *model;
        double score;
        int ok; /* -1: missing */
        const char *label;
    } rows[] = {
        {"b", 0.5, 1, "x"}, {"a", 0.1, 1, "y"}, {"b", 0.7, 0, NULL}, {"a", 0.2, -1, "x"},
        {"b", NAN, 1, "x"}, {"a", 0.4, 0, "x"}, {"b", 0.9, 1, NULL}, {"B", NAN, -1, NULL},
    };
    struct rg_frame *f = rg_frame_new(columns, N_COLUMNS);

    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        rg_frame_row(f);
        rg_frame_set_text(f, r, MODEL, rows[r].model);
        rg_frame_set_number(f, r, SCORE, rows[r].score);
        if (rows[r].ok >= 0)
            rg_frame_set_bool(f, r, OK, rows[r].ok);
        rg_frame_set_text(f, r, LABEL, rows[r].label);
    }
    rg_frame_set_number(f, 0, MIXED, 2);
    rg_frame_set_text(f, 1, MIXED, "two");
    rg_frame_set_bool(f, 2, MIXED, true);
    return f;
}

/* ---- helpers ---- */

static struct rg_tablespec *
parse(const char *text)
{
    struct rg_tablespec *spec;
    struct rg_err err = {0};

    if (rg_tablespec_parse(&spec, text, strlen(text), "spec", &err) != RG_OK)
        fail_msg("%s", err.text);
    return spec;
}

static void
refuses(const char *text, const char *message)
{
    struct rg_tablespec *spec;
    struct rg_err err = {0};

    assert_int_equal(rg_tablespec_parse(&spec, text, strlen(text), "spec", &err), RG_EINPUT);
    assert_null(spec);
    assert_string_equal(err.text, message);
}

/* The table of spec text over f. */
static void
gives_form(const struct rg_frame *f, const char *text, double level, enum rg_format form,
           const char *expected)
{
    struct rg_tablespec *spec = parse(text);
    struct rg_buf out = {0};
    struct rg_err err = {0};
    struct rg_table *t;

    if (rg_tablespec_run(spec, f, level, &t, &err) != RG_OK)
        fail_msg("%s", err.text);
    rg_table_print(t, form, 0, &out);
    assert_string_equal(rg_buf_text(&out), expected);
    rg_buf_clear(&out);
    rg_table_free(t);
    rg_tablespec_free(spec);
}

static void
gives(const char *text, const char *csv)
{
    struct rg_frame *f = data();

    gives_form(f, text, 0, RG_CSV, csv);
    rg_frame_free(f);
}

static void
fails(const char *text, const char *message)
{
    struct rg_tablespec *spec = parse(text);
    struct rg_frame *f = data();
    struct rg_err err = {0};
    struct rg_table *t;

    assert_int_equal(rg_tablespec_run(spec, f, 0, &t, &err), RG_EINPUT);
    assert_null(t);
    assert_string_equal(err.text, message);
    rg_frame_free(f);
    rg_tablespec_free(spec);
}

/* ---- summaries ---- */

static void
numbers(void **state)
{
    (void)state;
    /* In Python: statistics.stdev([0.5, 0.7, 0.9]) == 0.2, of [0.1, 0.2, 0.4]
     * == 0.15275252316519466; numpy.quantile([0.1, 0.2, 0.4], 0.9) == 0.36000000000000004 */
    gives("{\"group_by\":[\"model\"],\"columns\":["
          "{\"name\":\"n\",\"agg\":\"count\"},"
          "{\"name\":\"scored\",\"agg\":\"count\",\"column\":\"score\"},"
          "{\"name\":\"mean\",\"agg\":\"mean\",\"column\":\"score\"},"
          "{\"name\":\"median\",\"agg\":\"median\",\"column\":\"score\"},"
          "{\"name\":\"q\",\"agg\":\"quantile\",\"q\":0.9,\"column\":\"score\","
          "\"style\":{\"decimals\":4}},"
          "{\"name\":\"sum\",\"agg\":\"sum\",\"column\":\"score\"},"
          "{\"name\":\"min\",\"agg\":\"min\",\"column\":\"score\"},"
          "{\"name\":\"max\",\"agg\":\"max\",\"column\":\"score\"},"
          "{\"name\":\"sd\",\"agg\":\"sd\",\"column\":\"score\",\"style\":{\"decimals\":12}}]}",
          "model,n,scored,mean,median,q,sum,min,max,sd\n"
          "B,1,0,,,,,,,\n"
          "a,3,3,0.23333333333333336,0.2,0.3600,0.7000000000000001,0.1,0.4,0.152752523165\n"
          "b,4,3,0.7000000000000001,0.7,0.8600,2.1,0.5,0.9,0.200000000000\n");
}

static void
counts(void **state)
{
    (void)state;
    gives("{\"group_by\":[\"model\"],\"columns\":["
          "{\"name\":\"ok\",\"agg\":\"mean\",\"column\":\"ok\",\"style\":\"python\"},"
          "{\"name\":\"oks\",\"agg\":\"sum\",\"column\":\"ok\",\"style\":\"int\"},"
          "{\"name\":\"there\",\"agg\":\"present\",\"column\":\"ok\"},"
          "{\"name\":\"x\",\"agg\":\"share\",\"column\":\"label\",\"is\":\"x\"},"
          "{\"name\":\"x_all\",\"agg\":\"share\",\"column\":\"label\",\"is\":\"x\","
          "\"missing\":\"false\"},"
          "{\"name\":\"xy\",\"agg\":\"share\",\"column\":\"label\",\"in\":[\"x\",\"y\"]},"
          "{\"name\":\"high\",\"agg\":\"rate\",\"column\":\"score\",\"ge\":0.4,\"lt\":0.9},"
          "{\"name\":\"high_all\",\"agg\":\"rate\",\"column\":\"score\",\"gt\":0.4,"
          "\"missing\":\"false\"},"
          "{\"name\":\"labels\",\"agg\":\"distinct\",\"column\":\"label\"},"
          "{\"name\":\"first\",\"agg\":\"first\",\"column\":\"label\"},"
          "{\"name\":\"first_ok\",\"agg\":\"first\",\"column\":\"ok\"}]}",
          "model,ok,oks,there,x,x_all,xy,high,high_all,labels,first,first_ok\n"
          "B,,,0,,0,,,0,0,,\n"
          "a,0.5,1,0.6666666666666666,0.6666666666666666,0.6666666666666666,1,"
          "0.3333333333333333,0,2,y,true\n"
          "b,0.75,3,1,1,0.5,1,0.6666666666666666,0.75,1,x,true\n");
}

/* Column filters; a summary of nothing is missing, a count of nothing is 0. */
static void
column_where(void **state)
{
    (void)state;
    gives("{\"columns\":["
          "{\"name\":\"n\",\"agg\":\"count\",\"where\":[{\"column\":\"ok\",\"is\":true}]},"
          "{\"name\":\"m\",\"agg\":\"mean\",\"column\":\"score\","
          "\"where\":[{\"column\":\"ok\",\"is\":1},{\"column\":\"label\",\"present\":true}]},"
          "{\"name\":\"none\",\"agg\":\"max\",\"column\":\"score\","
          "\"where\":[{\"column\":\"score\",\"gt\":1}]},"
          "{\"name\":\"zero\",\"agg\":\"count\",\"where\":[{\"column\":\"score\",\"lt\":0}]},"
          "{\"name\":\"rate\",\"agg\":\"rate\",\"column\":\"score\",\"ge\":0,"
          "\"where\":[{\"column\":\"score\",\"gt\":1}]}]}",
          "n,m,none,zero,rate\n4,0.3,,0,\n");
}

static void
filters(void **state)
{
    static const struct {
        const char *filter;
        int n;
    } known[] = {
        {"{\"column\":\"model\",\"is\":\"a\"}", 3},
        {"{\"column\":\"model\",\"not\":\"a\"}", 5},
        {"{\"column\":\"model\",\"not\":[\"a\",\"B\"]}", 4},
        {"{\"column\":\"model\",\"in\":[\"a\",\"B\"]}", 4},
        {"{\"column\":\"label\",\"present\":false}", 3},
        {"{\"column\":\"label\",\"present\":true}", 5},
        {"{\"column\":\"label\",\"not\":\"x\"}", 1}, /* a missing label is not "not x" */
        {"{\"column\":\"score\",\"ge\":0.4}", 4},
        {"{\"column\":\"score\",\"gt\":0.4}", 3},
        {"{\"column\":\"score\",\"le\":0.4}", 3},
        {"{\"column\":\"score\",\"lt\":0.4}", 2},
        {"{\"column\":\"score\",\"ge\":0.2,\"lt\":0.7}", 3},
        {"{\"column\":\"score\",\"ge\":0.2,\"not\":0.4}", 4},
        {"{\"column\":\"score\",\"is\":0.9}", 1},
        {"{\"column\":\"ok\",\"is\":false}", 2},
        {"{\"column\":\"ok\",\"is\":0}", 2},
        {"{\"column\":\"ok\",\"ge\":0.5}", 4},
        {"{\"column\":\"score\",\"present\":false,\"ge\":0}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[512], csv[64];

        snprintf(text, sizeof text,
                 "{\"where\":[%s],\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
                 known[i].filter);
        snprintf(csv, sizeof csv, "n\n%d\n", known[i].n);
        gives(text, csv);
    }
}

/* ---- groups ---- */

static void
groups(void **state)
{
    (void)state;
    /* two keys, missing ones last, named anew; truth values as such */
    gives("{\"group_by\":[{\"column\":\"label\",\"name\":\"l\"},\"ok\"],"
          "\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
          "l,ok,n\nx,false,1\nx,true,2\nx,,1\ny,true,1\n,false,1\n,true,1\n,,1\n");
    gives("{\"group_by\":[\"score\"],\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
          "score,n\n0.1,1\n0.2,1\n0.4,1\n0.5,1\n0.7,1\n0.9,1\n,2\n");
    gives("{\"group_by\":[\"mixed\"],\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
          "mixed,n\n2,1\ntrue,1\ntwo,1\n,5\n");
    /* nothing left: no groups, but a table without keys has its one row */
    gives("{\"where\":[{\"column\":\"score\",\"gt\":9}],\"group_by\":[\"model\"],"
          "\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
          "model,n\n");
    gives("{\"where\":[{\"column\":\"score\",\"gt\":9}],"
          "\"columns\":[{\"name\":\"n\",\"agg\":\"count\"},"
          "{\"name\":\"m\",\"agg\":\"mean\",\"column\":\"score\"}]}",
          "n,m\n0,\n");
}

/* Numeric keys are in numeric, not in text order, and -0 is 0. */
static void
numeric_keys(void **state)
{
    static const double keys[] = {10, 9, -0.0, 100, 0, 9, -5};
    const char *const names[] = {"k"};
    struct rg_frame *f = rg_frame_new(names, 1);

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        rg_frame_row(f);
        rg_frame_set_number(f, i, 0, keys[i]);
    }
    gives_form(f, "{\"group_by\":[\"k\"],\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}", 0,
               RG_CSV, "k,n\n-5,1\n0,2\n9,2\n10,1\n100,1\n");
    rg_frame_free(f);
}

/* Groups against a plain count, over many rows. */
static void
many_groups(void **state)
{
    const char *const names[] = {"k", "x"};
    struct rg_frame *f = rg_frame_new(names, 2);
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);
    static uint64_t n[97], sum[97];
    struct rg_buf want = {0};

    (void)state;
    for (size_t i = 0; i < 30000; i++) {
        uint64_t k = rg_rng_below(rng, 97), x = rg_rng_below(rng, 1000);

        rg_frame_row(f);
        rg_frame_set_number(f, i, 0, (double)k);
        rg_frame_set_number(f, i, 1, (double)x);
        n[k]++;
        sum[k] += x;
    }
    rg_buf_puts(&want, "k,n,sum\n");
    for (int k = 0; k < 97; k++)
        rg_buf_printf(&want, "%d,%llu,%llu\n", k, (unsigned long long)n[k],
                      (unsigned long long)sum[k]);
    gives_form(f,
               "{\"group_by\":[\"k\"],\"columns\":[{\"name\":\"n\",\"agg\":\"count\"},"
               "{\"name\":\"sum\",\"agg\":\"sum\",\"column\":\"x\",\"style\":\"int\"}]}",
               0, RG_CSV, rg_buf_text(&want));
    rg_buf_clear(&want);
    gsl_rng_free(rng);
    rg_frame_free(f);
}

/* ---- intervals ---- */

/* Wilson where all values are 0 or 1, Student where they are not, and none for a median. In Python,
 * z = statistics.NormalDist().inv_cdf(0.975):
 * ((3 + z*z/2) + s * z*math.sqrt(3*1/4 + z*z/4)) / (4 + z*z) for s = -1, 1
 * 0.7 + s * 4.30265272974946 * 0.2 / math.sqrt(3), the quantile being R's qt(0.975, 2); 4 / (4 +
 * z*z). */
static void
intervals(void **state)
{
    struct rg_frame *f = data();

    (void)state;
    gives_form(
        f,
        "{\"where\":[{\"column\":\"model\",\"is\":\"b\"}],\"columns\":["
        "{\"name\":\"ok\",\"agg\":\"mean\",\"column\":\"ok\",\"style\":{\"decimals\":6}},"
        "{\"name\":\"s\",\"agg\":\"mean\",\"column\":\"score\",\"style\":{\"decimals\":6}},"
        "{\"name\":\"m\",\"agg\":\"median\",\"column\":\"score\"},"
        "{\"name\":\"r\",\"agg\":\"rate\",\"column\":\"ok\",\"is\":true,"
        "\"style\":{\"decimals\":3}},"
        "{\"name\":\"none\",\"agg\":\"mean\",\"column\":\"score\","
        "\"where\":[{\"column\":\"score\",\"gt\":9}]},"
        "{\"name\":\"one\",\"agg\":\"mean\",\"column\":\"score\","
        "\"where\":[{\"column\":\"score\",\"gt\":0.8}]}]}",
        0.95, RG_LATEX,
        "\\begin{tabular}{rrr}\n\\toprule\n  ok & s & m \\\\\n\\midrule\n"
        "  0.750000 [0.300642, 0.954413] & 0.700000 [0.203172, 1.196828] & 0.7000 \\\\\n"
        "\\bottomrule\n\\end{tabular}\n\n\\medskip\n\n"
        "\\begin{tabular}{rrr}\n\\toprule\n  r & none & one \\\\\n\\midrule\n"
        "  0.750 [0.301, 0.954] & - & 0.9000 \\\\\n"
        "\\bottomrule\n\\end{tabular}\n"
        "\\par{\\footnotesize {[}lo, hi]: 95 \\% confidence interval over rows; Wilson score "
        "for rates and means of truth values, Student t for other means.\\par}\n");
    gives_form(f,
               "{\"where\":[{\"column\":\"model\",\"is\":\"b\"}],\"columns\":["
               "{\"name\":\"ok\",\"agg\":\"present\",\"column\":\"ok\",\"style\":\"python\"},"
               "{\"name\":\"one\",\"agg\":\"mean\",\"column\":\"score\","
               "\"where\":[{\"column\":\"score\",\"gt\":0.8}]}]}",
               0.95, RG_CSV, "ok,ok_lo,ok_hi,one,one_lo,one_hi\n1.0,0.5101091635454028,1,0.9,,\n");
    rg_frame_free(f);
}

/* ---- errors ---- */

static void
bad_data(void **state)
{
    (void)state;
    fails("{\"columns\":[{\"name\":\"m\",\"agg\":\"mean\",\"column\":\"mixed\"}]}",
          "spec:1:13: column \"mixed\", row 2: not a number, which mean needs (found the text "
          "\"two\")");
    fails(
        "{\"columns\":[{\"name\":\"m\",\"agg\":\"max\",\"column\":\"model\"}]}",
        "spec:1:13: column \"model\", row 1: not a number, which max needs (found the text \"b\")");
    fails("{\"columns\":[{\"name\":\"m\",\"agg\":\"rate\",\"column\":\"model\",\"ge\":1}]}",
          "spec:1:13: column \"model\", row 1: compared with a number (found the text \"b\")");
    fails("{\"where\":[{\"column\":\"score\",\"is\":\"0.5\"}],"
          "\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
          "spec:1:11: column \"score\", row 1: compared with a text (found the number 0.5)");
    fails("{\"where\":[{\"column\":\"model\",\"in\":[\"b\",true]}],"
          "\"columns\":[{\"name\":\"n\",\"agg\":\"count\"}]}",
          "spec:1:11: column \"model\", row 1: compared with a truth value (found the text \"b\")");
    fails("{\"columns\":[\n{\"name\":\"m\",\"agg\":\"mean\",\"column\":\"score\","
          "\"style\":\"int\"}]}",
          "spec:2:1: column \"m\": style int needs whole numbers (found 0.46666666666666662)");
}

static void
overflow(void **state)
{
    const char *const names[] = {"x"};
    struct rg_frame *f = rg_frame_new(names, 1);
    struct rg_tablespec *spec =
        parse("{\"columns\":[{\"name\":\"s\",\"agg\":\"sum\",\"column\":\"x\"}]}");
    struct rg_err err = {0};
    struct rg_table *t;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rg_frame_row(f);
        rg_frame_set_number(f, i, 0, 1.7e308);
    }
    assert_int_equal(rg_tablespec_run(spec, f, 0, &t, &err), RG_EINPUT);
    assert_string_equal(err.text, "spec:1:13: column \"s\": sum of 2 values is out of range");
    rg_frame_free(f);
    rg_tablespec_free(spec);
}

static void
bad_specs(void **state)
{
    (void)state;
    refuses("", "spec:1:1: not valid JSON: no value (found the end of the text, expected a value)");
    refuses("[]", "spec:1:1: wrong type (found array, expected an object)");
    refuses("{\"columns\":[]}", "spec:1:12: a table without columns");
    refuses("{}", "spec:1:1: missing key \"columns\"");
    refuses("{\"colums\":[]}", "spec:1:11: unknown key \"colums\" (did you mean \"columns\"?)");
    refuses("{\"rows\":\"call\",\"columns\":[]}",
            "spec:1:9: unknown kind of rows \"call\" (did you mean \"calls\"?)");
    refuses("{\"where\":[{\"column\":\"x\"}],\"columns\":[]}",
            "spec:1:11: filter without a test (expected is, not, in, ge, gt, le, lt or present)");
    refuses("{\"where\":[{\"column\":\"x\",\"is\":1,\"in\":[2]}],\"columns\":[]}",
            "spec:1:37: \"in\" beside \"is\" (expected one of them)");
    refuses("{\"where\":[{\"column\":\"x\",\"in\":[]}],\"columns\":[]}",
            "spec:1:30: empty list of values");
    refuses("{\"where\":[{\"column\":\"x\",\"in\":[null]}],\"columns\":[]}",
            "spec:1:31: wrong value (found null, expected a string, number or truth value)");
    refuses("{\"where\":[{\"column\":\"\",\"is\":1}],\"columns\":[]}",
            "spec:1:21: empty column name");
    refuses("{\"group_by\":[1],\"columns\":[]}",
            "spec:1:14: wrong group_by entry (found number, expected a column name or an object)");
    refuses("{\"group_by\":[\"a\",\"a\"],\"columns\":[]}",
            "spec:1:18: two columns of the table are named \"a\"");
    refuses("{\"group_by\":[\"a\"],\"columns\":[{\"name\":\"a\",\"agg\":\"count\"}]}",
            "spec:1:38: two columns of the table are named \"a\"");
    refuses("{\"columns\":[{\"name\":\"\",\"agg\":\"count\"}]}", "spec:1:21: empty name");
}

static void
bad_columns(void **state)
{
    static const struct {
        const char *column, *message;
    } known[] = {
        {"\"agg\":\"meen\"", "spec:1:31: unknown agg \"meen\" (did you mean \"mean\"?)"},
        {"\"agg\":\"mean\"", "spec:1:13: missing key \"column\" (mean needs one)"},
        {"\"agg\":\"quantile\",\"column\":\"x\"",
         "spec:1:13: missing key \"q\" (quantile needs one)"},
        {"\"agg\":\"quantile\",\"column\":\"x\",\"q\":1.5",
         "spec:1:59: \"q\" out of range (found 1.5, expected 0 to 1)"},
        {"\"agg\":\"mean\",\"column\":\"x\",\"q\":0.5", "spec:1:55: \"q\" does not go with mean"},
        {"\"agg\":\"rate\",\"column\":\"x\"",
         "spec:1:13: rate without a test (expected ge, gt, le, lt, is or in)"},
        {"\"agg\":\"share\",\"column\":\"x\",\"ge\":1",
         "spec:1:13: share is of a value (expected is or in, and no bounds)"},
        {"\"agg\":\"mean\",\"column\":\"x\",\"ge\":1",
         "spec:1:13: tests do not go with mean; use \"where\""},
        {"\"agg\":\"mean\",\"column\":\"x\",\"missing\":\"drop\"",
         "spec:1:61: \"missing\" does not go with mean"},
        {"\"agg\":\"rate\",\"column\":\"x\",\"ge\":1,\"missing\":\"fals\"",
         "spec:1:68: unknown way with missing values \"fals\" (did you mean \"false\"?)"},
        {"\"agg\":\"mean\",\"column\":\"x\",\"style\":\"pyton\"",
         "spec:1:59: unknown style \"pyton\" (did you mean \"python\"?)"},
        {"\"agg\":\"mean\",\"column\":\"x\",\"style\":{\"decimals\":18}",
         "spec:1:71: decimals out of range (found 18, expected 0 to 17)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[512];

        snprintf(text, sizeof text, "{\"columns\":[{\"name\":\"n\",%s}]}", known[i].column);
        refuses(text, known[i].message);
    }
}

/* Cutting a good specification anywhere gives an error with a place, and nothing leaks. */
static void
cut_short(void **state)
{
    static const char text[] =
        "{\"title\":\"t\",\"rows\":\"runs\",\"where\":[{\"column\":\"a\",\"not\":[\"x\",1]}],"
        "\"group_by\":[\"b\",{\"column\":\"c\",\"name\":\"d\"}],\"columns\":[{\"name\":\"n\","
        "\"agg\":\"share\",\"column\":\"e\",\"in\":[\"u\",\"v\"],\"where\":[{\"column\":\"f\","
        "\"is\":\"w\"}],\"style\":{\"decimals\":2}}]}";
    struct rg_tablespec *spec = parse(text);
    struct rg_err err;

    (void)state;
    assert_string_equal(rg_tablespec_title(spec), "t");
    assert_int_equal(rg_tablespec_rows(spec), RG_ROWS_RUNS);
    assert_int_equal(rg_tablespec_sources(spec), 5);
    for (size_t i = 0; i < 5; i++) {
        static const char *const names[] = {"a", "b", "c", "e", "f"};

        assert_string_equal(rg_tablespec_source(spec, i), names[i]);
        assert_string_equal(rg_tablespec_place(spec, i).file, "spec");
    }
    assert_int_equal(rg_tablespec_place(spec, 0).col, 47);
    rg_tablespec_free(spec);
    for (size_t n = 0; n + 1 < sizeof text; n++) {
        assert_int_equal(rg_tablespec_parse(&spec, text, n, "spec", &err), RG_EINPUT);
        assert_memory_equal(err.text, "spec:1:", 7);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),     cmocka_unit_test(counts),    cmocka_unit_test(column_where),
        cmocka_unit_test(filters),     cmocka_unit_test(groups),    cmocka_unit_test(numeric_keys),
        cmocka_unit_test(many_groups), cmocka_unit_test(intervals), cmocka_unit_test(bad_data),
        cmocka_unit_test(overflow),    cmocka_unit_test(bad_specs), cmocka_unit_test(bad_columns),
        cmocka_unit_test(cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
