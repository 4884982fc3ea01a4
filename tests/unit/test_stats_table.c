#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_randist.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/num.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "base_temp.h"
#include "stats/table.h"

static void
prints(const struct rg_table *t, enum rg_format format, size_t width, const char *expected)
{
    struct rg_buf out = {0};

    rg_table_print(t, format, width, &out);
    assert_string_equal(rg_buf_text(&out), expected);
    rg_buf_clear(&out);
}

/* One of each kind of column; a full row and an empty one. */
static struct rg_table *
sample(void)
{
    struct rg_table *t = rg_table_new("A title");
    size_t name = rg_table_column(t, "name", NULL, RG_COL_TEXT, 0, true);
    size_t n = rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    size_t x = rg_table_column(t, "mean_x", "mean x", RG_COL_NUMBER, 2, false);
    size_t e = rg_table_column(t, "e", NULL, RG_COL_ESTIMATE, -1, false);

    rg_table_row(t);
    rg_table_text(t, name, "first");
    rg_table_integer(t, n, 1234567);
    rg_table_number(t, x, 0.1 + 0.2);
    rg_table_estimate(t, e, 0.5, 0.4, 0.6);
    rg_table_row(t);
    rg_table_text(t, name, "second");
    rg_table_number(t, x, -12.345);
    rg_table_estimate(t, e, 0.25, -INFINITY, INFINITY);
    rg_table_row(t);
    rg_table_note(t, "Note %d.", 1);
    return t;
}

static void
text(void **state)
{
    struct rg_table *t = sample();

    (void)state;
    assert_int_equal(rg_table_rows(t), 3);
    assert_int_equal(rg_table_columns(t), 4);
    prints(t, RG_TEXT, 80,
           "A title\n"
           "\n"
           "name          n  mean x                        e\n"
           "------------------------------------------------\n"
           "first   1234567    0.30  0.5000 [0.4000, 0.6000]\n"
           "second        -  -12.35  0.2500\n"
           "-             -       -       -\n"
           "\n"
           "Note 1.\n");
    rg_table_free(t);
}

static void
csv(void **state)
{
    struct rg_table *t = sample();

    (void)state;
    prints(t, RG_CSV, 0,
           "name,n,mean_x,e,e_lo,e_hi\n"
           "first,1234567,0.30000000000000004,0.5,0.4,0.6\n"
           "second,,-12.345,0.25,,\n"
           ",,,,,\n");
    rg_table_free(t);
}

static void
json(void **state)
{
    struct rg_table *t = sample();

    (void)state;
    prints(
        t, RG_JSON, 0,
        "{\"title\": \"A title\",\n"
        " \"rows\": [\n"
        "  {\"name\": \"first\", \"n\": 1234567, \"mean_x\": 0.30000000000000004, \"e\": 0.5, "
        "\"e_lo\": 0.4, \"e_hi\": 0.6},\n"
        "  {\"name\": \"second\", \"n\": null, \"mean_x\": -12.345, \"e\": 0.25, \"e_lo\": null, "
        "\"e_hi\": null},\n"
        "  {\"name\": null, \"n\": null, \"mean_x\": null, \"e\": null, \"e_lo\": null, "
        "\"e_hi\": null}],\n"
        " \"notes\": [\n"
        "  \"Note 1.\"]}\n");
    rg_table_free(t);
}

static void
markdown(void **state)
{
    struct rg_table *t = sample();

    (void)state;
    prints(t, RG_MARKDOWN, 0,
           "**A title**\n"
           "\n"
           "| name   |       n | mean x |                       e |\n"
           "| :----- | ------: | -----: | ----------------------: |\n"
           "| first  | 1234567 |   0.30 | 0.5000 [0.4000, 0.6000] |\n"
           "| second |       - | -12.35 |                  0.2500 |\n"
           "| -      |       - |      - |                       - |\n"
           "\n"
           "Note 1.\n");
    rg_table_free(t);
}

static void
latex(void **state)
{
    struct rg_table *t = sample();

    (void)state;
    prints(t, RG_LATEX, 0,
           "\\begin{table}\n\\centering\n\\caption{A title}\n"
           "\\begin{tabular}{lrrr}\n\\toprule\n"
           "  name & n & mean x & e \\\\\n\\midrule\n"
           "  first & 1234567 & 0.30 & 0.5000 [0.4000, 0.6000] \\\\\n"
           "  second & - & $-$12.35 & 0.2500 \\\\\n"
           "  - & - & - & - \\\\\n"
           "\\bottomrule\n\\end{tabular}\n"
           "\\par{\\footnotesize Note 1.\\par}\n"
           "\\end{table}\n");
    rg_table_free(t);
}

/* ---- numbers for people ---- */

static void
shows(double x, int decimals, const char *expected)
{
    struct rg_table *t = rg_table_new(NULL);
    struct rg_buf want = {0};

    rg_table_column(t, "x", NULL, RG_COL_NUMBER, decimals, false);
    rg_table_row(t);
    rg_table_number(t, 0, x);
    rg_buf_printf(&want, "%*s\n", (int)strlen(expected), "x");
    for (size_t i = 0; i < strlen(expected); i++)
        rg_buf_putc(&want, '-');
    rg_buf_printf(&want, "\n%s\n", expected);
    prints(t, RG_TEXT, 80, rg_buf_text(&want));
    rg_buf_clear(&want);
    rg_table_free(t);
}

static void
numbers(void **state)
{
    (void)state;
    shows(0, -1, "0");
    shows(-0.0, -1, "0");
    shows(0.99999, -1, "1.000");
    shows(9999.5, -1, "10000"); /* a tie that "%.3e" rounds up in its exponent */
    shows(123456, -1, "123456");
    shows(0.00012344, -1, "0.0001234");
    shows(1.5e-7, -1, "1.500e-07");
    shows(1e15, -1, "1.000e+15");
    shows(-1e300, 2, "-1.00e+300");
    shows(-0.004, 2, "0.00");
    shows(-0.006, 2, "-0.01");
    shows(2, 0, "2");
    shows(NAN, 3, "-");
    shows(-INFINITY, 3, "-inf");
}

/* NaN is missing in all forms, whatever its limits are. */
static void
nan_is_missing(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "k", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "x", NULL, RG_COL_NUMBER, -1, false);
    rg_table_row(t);
    rg_table_number(t, 1, NAN);
    rg_table_row(t);
    rg_table_digits(t, 1, INFINITY, "inf");
    prints(t, RG_CSV, 0, "k,x\n,\n,\n");
    prints(t, RG_JSON, 0,
           "{\"rows\": [\n  {\"k\": null, \"x\": null},\n"
           "  {\"k\": null, \"x\": null}]}\n");
    rg_table_free(t);
    t = rg_table_new(NULL);
    rg_table_column(t, "x", NULL, RG_COL_ESTIMATE, 1, false);
    rg_table_row(t);
    rg_table_estimate(t, 0, NAN, 0.5, 1.5);
    rg_table_row(t);
    rg_table_estimate(t, 0, 1, NAN, 1.5);
    rg_table_row(t);
    rg_table_estimate(t, 0, INFINITY, -INFINITY, INFINITY);
    prints(t, RG_TEXT, 80, "  x\n---\n  -\n1.0\ninf\n");
    prints(t, RG_MARKDOWN, 0, "|   x |\n| --: |\n|   - |\n| 1.0 |\n| inf |\n");
    prints(t, RG_LATEX, 0,
           "\\begin{tabular}{r}\n\\toprule\n  x \\\\\n\\midrule\n  - \\\\\n  1.0 \\\\\n"
           "  inf \\\\\n\\bottomrule\n\\end{tabular}\n");
    rg_table_free(t);
}

/* Published digits are kept as they are; json takes them only when they are JSON. */
static void
digits(void **state)
{
    static const struct {
        double x;
        const char *digits, *json;
    } known[] = {
        {1, "1.0", "1.0"},    {0.5, ".5", "0.5"},       {7, "007", "7"},      {1, "1.", "1"},
        {-2, "-2.0", "-2.0"}, {1e-7, "1e-07", "1e-07"}, {1000, "1E3", "1E3"}, {3, "+3", "3"},
        {10, "1e", "10"},     {0, "-0", "-0"},          {12, "12abc", "12"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct rg_table *t = rg_table_new(NULL);
        char want[64];

        rg_table_column(t, "x", NULL, RG_COL_NUMBER, 1, false);
        rg_table_row(t);
        rg_table_digits(t, 0, known[i].x, known[i].digits);
        snprintf(want, sizeof want, "x\n%s\n", known[i].digits);
        prints(t, RG_CSV, 0, want);
        snprintf(want, sizeof want, "{\"rows\": [\n  {\"x\": %s}]}\n", known[i].json);
        prints(t, RG_JSON, 0, want);
        rg_table_free(t);
    }
}

/* An estimate keeps its limits when its digits are given afterwards. */
static void
digits_of_estimate(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "x", NULL, RG_COL_ESTIMATE, 1, false);
    rg_table_row(t);
    rg_table_estimate(t, 0, 1, 0.5, 1.5);
    rg_table_digits(t, 0, 1, "1.0");
    prints(t, RG_CSV, 0, "x,x_lo,x_hi\n1.0,0.5,1.5\n");
    prints(t, RG_TEXT, 80, "             x\n--------------\n1.0 [0.5, 1.5]\n");
    rg_table_free(t);
}

/* ---- hostile texts ---- */

static void
hostile(void **state)
{
    struct rg_table *t = rg_table_new("a_b\x1b[31m");

    (void)state;
    rg_table_column(t, "t", "h|_&", RG_COL_TEXT, 0, false);
    rg_table_row(t);
    rg_table_text(t, 0, "a,\"b\"\nc");
    rg_table_row(t);
    rg_table_text(t, 0, "[x] a_b _c_ 5 % & $ # {~^\\} <|>*");
    rg_table_row(t);
    rg_table_text(t, 0,
                  "bad \xff\xc2 \xc2\x9b"
                  "31m");
    prints(t, RG_TEXT, 0,
           "a_b?[31m\n\nh|_&\n--------------------------------\na,\"b\"?c\n"
           "[x] a_b _c_ 5 % & $ # {~^\\} <|>*\nbad ?? ?31m\n");
    prints(t, RG_MARKDOWN, 0,
           "**a_b?\\[31m**\n\n"
           "| h\\|\\_\\&                                   |\n"
           "| :---------------------------------------- |\n"
           "| a,\"b\"?c                                   |\n"
           "| \\[x] a_b \\_c\\_ 5 % \\& $ # {\\~^\\\\} \\<\\|>\\* |\n"
           "| bad ?? ?31m                               |\n");
    rg_table_free(t);
}

static void
hostile_latex(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "a_b", NULL, RG_COL_TEXT, 0, false);
    rg_table_row(t);
    rg_table_text(t, 0, "[x] 5 % & $ # {~^\\} <|>*");
    prints(t, RG_LATEX, 0,
           "\\begin{tabular}{l}\n\\toprule\n  a\\_b \\\\\n\\midrule\n"
           "  {[}x] 5 \\% \\& \\$ \\# \\{\\textasciitilde{}\\textasciicircum{}\\textbackslash{}\\} "
           "\\textless{}\\textbar{}\\textgreater{}{*} \\\\\n\\bottomrule\n\\end{tabular}\n");
    rg_table_free(t);
}

/* Wide and combining characters take the columns that a terminal gives them. */
static void
wide_characters(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "t", NULL, RG_COL_TEXT, 0, false);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_row(t);
    rg_table_text(t, 0, "\xe7\xa5\xa8"); /* two columns */
    rg_table_integer(t, 1, 1);
    rg_table_row(t);
    rg_table_text(t, 0, "e\xcc\x81zzz"); /* four */
    rg_table_integer(t, 1, 2);
    prints(t, RG_TEXT, 80, "t     n\n-------\n\xe7\xa5\xa8    1\ne\xcc\x81zzz  2\n");
    rg_table_free(t);
}

/* ---- widths ---- */

static void
blocks(void **state)
{
    struct rg_table *t = rg_table_new(NULL);
    char name[32];

    (void)state;
    rg_table_column(t, "key", NULL, RG_COL_TEXT, 0, true);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "column_%d", i);
        rg_table_column(t, name, NULL, RG_COL_INTEGER, 0, false);
    }
    rg_table_row(t);
    rg_table_text(t, 0, "a");
    for (int i = 0; i < 5; i++)
        rg_table_integer(t, (size_t)i + 1, i);
    /* heads are broken before the table is */
    prints(t, RG_TEXT, 50,
           "     column_  column_  column_  column_  column_\n"
           "key        0        1        2        3        4\n"
           "------------------------------------------------\n"
           "a          0        1        2        3        4\n");
    prints(t, RG_TEXT, 25,
           "     column_  column_\n"
           "key        0        1\n"
           "---------------------\n"
           "a          0        1\n"
           "\n"
           "     column_  column_\n"
           "key        2        3\n"
           "---------------------\n"
           "a          2        3\n"
           "\n"
           "     column_\n"
           "key        4\n"
           "------------\n"
           "a          4\n");
    /* no width at all would still show each column once */
    prints(t, RG_TEXT, 0,
           "key  column_0  column_1  column_2  column_3  column_4\n"
           "-----------------------------------------------------\n"
           "a           0         1         2         3         4\n");
    rg_table_free(t);
}

/* Long texts are broken at blanks, or anywhere where they have none; names stay with their rows. */
static void
long_texts(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "code", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "what", NULL, RG_COL_TEXT, 0, false);
    rg_table_row(t);
    rg_table_text(t, 0, "a");
    rg_table_integer(t, 1, 12);
    rg_table_text(t, 2, "one two three four five six seven eight nine ten");
    rg_table_row(t);
    rg_table_text(t, 0, "b");
    rg_table_text(t, 2, "/a/path/of/0123456789012345678901234567890123456789");
    prints(t, RG_TEXT, 42,
           "code   n  what\n"
           "------------------------------------------\n"
           "a     12  one two three four five six\n"
           "          seven eight nine ten\n"
           "b      -  /a/path/of/012345678901234567890\n"
           "          1234567890123456789\n");
    rg_table_text(t, 0, "a name of two lines or even of three lines");
    prints(t, RG_TEXT, 40,
           "code                                   n\n"
           "----------------------------------------\n"
           "a                                     12\n"
           "a name of two lines or even of three   -\n"
           "lines\n"
           "\n"
           "code                 what\n"
           "----------------------------------------\n"
           "a                    one two three four\n"
           "                     five six seven\n"
           "                     eight nine ten\n"
           "a name of two lines  /a/path/of/01234567\n"
           "or even of three     8901234567890123456\n"
           "lines                7890123456789\n");
    rg_table_free(t);
}

static void
columns(struct rg_table *t, enum rg_col_kind kind, size_t n)
{
    char name[32];

    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "c%zu", i);
        rg_table_column(t, name, NULL, kind, 1, false);
    }
}

static size_t
lines_of(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == '\n';
    return n;
}

/* Any table of short cells fits 80 columns, and every number reads back equal from its csv form. */
static void
random_tables(void **state)
{
    gsl_rng *rng = rg_rng_new(4, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int round = 0; round < 50; round++) {
        size_t n_cols = 1 + rg_rng_below(rng, 30), n_rows = rg_rng_below(rng, 6);
        struct rg_table *t = rg_table_new("title");
        double *x = calloc(n_rows * n_cols + 1, sizeof *x);
        struct rg_buf out = {0};
        const struct rg_csv_field *fields;
        struct rg_csv *in;
        struct rg_err err;
        char name[40], path[TEMP_PATH];

        for (size_t c = 0; c < n_cols; c++) {
            snprintf(name, sizeof name, "some_name_of_%zu", c);
            rg_table_column(t, name, NULL, RG_COL_NUMBER, -1, c == 0);
        }
        for (size_t r = 0; r < n_rows; r++) {
            rg_table_row(t);
            for (size_t c = 0; c < n_cols; c++) {
                x[r * n_cols + c] =
                    gsl_ran_gaussian(rng, 1) * pow(10, 10 * gsl_ran_flat(rng, -1, 1));
                rg_table_number(t, c, x[r * n_cols + c]);
            }
        }
        rg_table_print(t, RG_TEXT, 80, &out);
        assert_true(lines_of(rg_buf_text(&out)) >= n_rows + 3);
        for (const char *p = rg_buf_text(&out); *p; p += strcspn(p, "\n") + 1)
            assert_true(strcspn(p, "\n") <= 80);
        rg_buf_reset(&out);
        rg_table_print(t, RG_CSV, 0, &out);
        temp_write(path, out.data, out.len);
        assert_int_equal(rg_csv_open(&in, path, &err), RG_OK);
        assert_int_equal(rg_csv_columns(in), n_cols);
        for (size_t r = 0; r < n_rows; r++) {
            assert_int_equal(rg_csv_next(in, &fields, &err), RG_OK);
            for (size_t c = 0; c < n_cols; c++)
                assert_true(strtod(fields[c].data, NULL) == x[r * n_cols + c]);
        }
        assert_int_equal(rg_csv_next(in, &fields, &err), RG_OK);
        assert_null(fields);
        rg_csv_close(in);
        unlink(path);
        rg_buf_clear(&out);
        rg_table_free(t);
        free(x);
    }
    gsl_rng_free(rng);
}

/* Whatever the texts are, text forms keep to the width and lose nothing but blanks. */
static void
random_texts(void **state)
{
    static const char *const pieces[] = {
        " ",        "  ",           "a",         "bcd",
        "\xc3\xa9", "\xe7\xa5\xa8", "e\xcc\x81", "0123456789abcdefghijklmnopqrstuvwxyz"};
    enum { N_PIECES = sizeof pieces / sizeof *pieces };
    gsl_rng *rng = rg_rng_new(5, 0, RG_PURPOSE_TEST);

    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t n_cols = 1 + rg_rng_below(rng, 5), width = 40 + rg_rng_below(rng, 60), letters = 0;
        struct rg_table *t = rg_table_new(NULL);
        struct rg_buf out = {0}, cell = {0};

        columns(t, RG_COL_TEXT, n_cols);
        rg_table_row(t);
        for (size_t c = 0; c < n_cols; c++) {
            rg_buf_reset(&cell);
            for (size_t i = rg_rng_below(rng, 30); i > 0; i--)
                rg_buf_puts(&cell, pieces[rg_rng_below(rng, N_PIECES)]);
            rg_table_text(t, c, rg_buf_text(&cell));
            for (const char *p = rg_buf_text(&cell); *p; p++)
                letters += *p != ' ';
        }
        rg_table_print(t, RG_TEXT, width, &out);
        for (const char *p = rg_buf_text(&out); *p; p += strcspn(p, "\n") + 1) {
            assert_true(rg_utf8_width(p, strcspn(p, "\n")) <= width);
            for (size_t i = 0; p[i] != '\n'; i++)
                letters -= p[i] != ' ' && p[i] != '-';
        }
        assert_int_equal(letters + 2 * n_cols, 0); /* the heads are two letters each */
        rg_buf_clear(&cell);
        rg_buf_clear(&out);
        rg_table_free(t);
    }
    gsl_rng_free(rng);
}

/* ---- edges ---- */

static void
empty(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "only", NULL, RG_COL_TEXT, 0, true);
    prints(t, RG_TEXT, 80, "only\n----\n");
    prints(t, RG_CSV, 0, "only\n");
    prints(t, RG_JSON, 0, "{\"rows\": []}\n");
    prints(t, RG_MARKDOWN, 0, "| only |\n| :--- |\n");
    rg_table_row(t);
    prints(t, RG_CSV, 0, "only\n\"\"\n"); /* a blank line would be no record */
    rg_table_text(t, 0, "x");
    rg_table_text(t, 0, NULL);
    prints(t, RG_TEXT, 80, "only\n----\n-\n");
    rg_table_free(t);
    rg_table_free(NULL);
}

/* A mark is for csv alone. */
static void
marked(void **state)
{
    struct rg_table *t = rg_table_new(NULL);

    (void)state;
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, true);
    rg_table_row(t);
    rg_table_integer(t, 0, 1);
    rg_table_mark(t, "first", "x");
    rg_table_mark(t, "made up", "yes, \"all\"");
    prints(t, RG_CSV, 0, "n,made up\n1,\"yes, \"\"all\"\"\"\n");
    prints(t, RG_TEXT, 80, "n\n-\n1\n");
    prints(t, RG_JSON, 0, "{\"rows\": [\n  {\"n\": 1}]}\n");
    rg_table_free(t);
}

static void
several(void **state)
{
    struct rg_table *tables[2];
    struct rg_buf out = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        tables[i] = rg_table_new(NULL);
        rg_table_column(tables[i], i ? "b" : "a", NULL, RG_COL_INTEGER, 0, false);
        rg_table_row(tables[i]);
        rg_table_integer(tables[i], 0, INT64_MIN + i);
    }
    rg_tables_print(tables, 2, RG_CSV, 0, &out);
    assert_string_equal(rg_buf_text(&out), "a\n-9223372036854775808\n\nb\n-9223372036854775807\n");
    rg_buf_reset(&out);
    rg_tables_print(tables, 2, RG_JSON, 0, &out);
    assert_int_equal(rg_json_parse(&doc, out.data, out.len, "out", 1, 0, &err), RG_OK);
    assert_int_equal(cJSON_GetArraySize(doc.root), 2);
    rg_json_clear(&doc);
    rg_buf_reset(&out);
    rg_tables_print(tables, 0, RG_JSON, 0, &out);
    assert_int_equal(rg_json_parse(&doc, out.data, out.len, "out", 1, 0, &err), RG_OK);
    rg_json_clear(&doc);
    rg_buf_clear(&out);
    rg_table_free(tables[0]);
    rg_table_free(tables[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text),
        cmocka_unit_test(csv),
        cmocka_unit_test(json),
        cmocka_unit_test(markdown),
        cmocka_unit_test(latex),
        cmocka_unit_test(numbers),
        cmocka_unit_test(nan_is_missing),
        cmocka_unit_test(digits),
        cmocka_unit_test(digits_of_estimate),
        cmocka_unit_test(hostile),
        cmocka_unit_test(hostile_latex),
        cmocka_unit_test(wide_characters),
        cmocka_unit_test(blocks),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(random_texts),
        cmocka_unit_test(random_tables),
        cmocka_unit_test(empty),
        cmocka_unit_test(marked),
        cmocka_unit_test(several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
