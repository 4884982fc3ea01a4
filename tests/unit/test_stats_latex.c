/* Tables as LaTeX on the pages of an article, and letters that pdflatex can set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "stats/table.h"
#include "stats/tex.h"

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
times(const char *text, const char *word)
{
    size_t n = 0;

    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        n++;
    return n;
}

/* "9.0 [0.0, 99.0]" is 58 pt wide in Computer Modern at 10 pt, a column has gaps of 12 pt: beside a
 * narrow key four go on the 345 pt of a page. */
static void
latex_blocks(void **state)
{
    (void)state;
    for (size_t n = 0; n < 23; n++) {
        struct rg_table *t = rg_table_new(NULL);
        struct rg_buf out = {0};
        size_t blocks = n == 0 ? 1 : (n + 3) / 4;

        rg_table_column(t, "key", NULL, RG_COL_TEXT, 0, true);
        columns(t, RG_COL_ESTIMATE, n);
        rg_table_row(t);
        rg_table_text(t, 0, "k");
        for (size_t i = 0; i < n; i++)
            rg_table_estimate(t, i + 1, (double)i, 0, 99);
        rg_table_print(t, RG_LATEX, 0, &out);
        assert_int_equal(times(rg_buf_text(&out), "\\begin{tabular}"), blocks);
        assert_int_equal(times(rg_buf_text(&out), "\\end{tabular}"), blocks);
        assert_int_equal(times(rg_buf_text(&out), "\n  k"), 2 * blocks);
        assert_int_equal(times(rg_buf_text(&out), "[0.0, 99.0]"), n);
        rg_buf_clear(&out);
        rg_table_free(t);
    }
}

/* One key that is wider than a page is scaled, with its column. */
static void
latex_too_wide(void **state)
{
    struct rg_table *t = rg_table_new(NULL);
    struct rg_buf out = {0};

    (void)state;
    rg_table_column(t, "key", NULL, RG_COL_TEXT, 0, true);
    columns(t, RG_COL_NUMBER, 2);
    rg_table_row(t);
    rg_table_text(t, 0,
                  "a key of more than eighty letters, which is by far too many of them for a page");
    rg_table_print(t, RG_LATEX, 0, &out);
    assert_int_equal(
        times(rg_buf_text(&out),
              "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
              "\\begin{tabular}"),
        2);
    assert_int_equal(times(rg_buf_text(&out), "\\end{tabular}}\n"), 2);
    rg_buf_clear(&out);
    rg_table_free(t);
}

/* Rows beyond a page go on the next one, as a float of their own. */
static void
latex_too_long(void **state)
{
    struct rg_table *t = rg_table_new("T");
    struct rg_buf out = {0};

    (void)state;
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, true);
    for (int i = 0; i < 1000; i++) {
        rg_table_row(t);
        rg_table_integer(t, 0, i);
    }
    rg_table_print(t, RG_LATEX, 0, &out);
    assert_int_equal(times(rg_buf_text(&out), "\\begin{table}"), 27); /* 38 on a page */
    assert_int_equal(times(rg_buf_text(&out), "\\end{table}"), 27);
    assert_int_equal(times(rg_buf_text(&out), "\\caption{T (continued)}"), 26);
    assert_int_equal(times(rg_buf_text(&out), "\\clearpage"), 3); /* TeX's limit is 18 or 52 */
    assert_int_equal(times(rg_buf_text(&out), "\\toprule"), 27);
    for (int i = 0; i < 1000; i++) {
        char row[32];

        snprintf(row, sizeof row, "\n  %d \\\\", i);
        assert_int_equal(times(rg_buf_text(&out), row), 1);
    }
    rg_buf_clear(&out);
    rg_table_free(t);
}

static void
latex_letters(void **state)
{
    struct rg_buf out = {0};

    (void)state;
    rg_tex_put(&out,
               "a \"b\" \xce\xbb = 2 \xe2\x89\xa4 \xc3\xa9 \xc4\x85 \xe7\xa5\xa8 \xce\xa9\xce\xbf");
    assert_string_equal(rg_buf_text(&out),
                        "a {\\ttfamily\\char34}b{\\ttfamily\\char34} $\\lambda$ = 2 $\\leq$ "
                        "\xc3\xa9 {[}U+0105] {[}U+7968] $\\Omega$o");
    rg_buf_clear(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latex_blocks),
        cmocka_unit_test(latex_too_wide),
        cmocka_unit_test(latex_too_long),
        cmocka_unit_test(latex_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
