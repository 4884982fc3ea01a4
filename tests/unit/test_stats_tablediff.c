#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base_temp.h"
#include "stats/tablediff.h"

/* key,n,x,label with two rows. */
static struct rg_table *
sample(void)
{
    struct rg_table *t = rg_table_new(NULL);

    rg_table_column(t, "key", NULL, RG_COL_TEXT, 0, true);
    rg_table_column(t, "n", NULL, RG_COL_INTEGER, 0, false);
    rg_table_column(t, "x", NULL, RG_COL_NUMBER, -1, false);
    rg_table_column(t, "label", NULL, RG_COL_TEXT, 0, false);
    rg_table_row(t);
    rg_table_text(t, 0, "a");
    rg_table_integer(t, 1, 3);
    rg_table_digits(t, 2, 1, "1.0");
    rg_table_text(t, 3, "07");
    rg_table_row(t);
    rg_table_text(t, 0, "b,c");
    rg_table_number(t, 2, 0.1 + 0.2);
    return t;
}

static const char same[] = "key,n,x,label\na,3,1.0,07\n\"b,c\",,0.30000000000000004,\n";

static struct rg_tablediff
against(struct rg_table *t, const char *csv, double tolerance)
{
    struct rg_tablediff diff;
    struct rg_err err = {0};
    char path[TEMP_PATH];

    temp_write(path, csv, strlen(csv));
    if (rg_tablediff(&diff, t, path, tolerance, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(path);
    return diff;
}

static void
counts(const struct rg_tablediff *diff, size_t n, size_t equal, size_t within, size_t cells)
{
    assert_int_equal(diff->n, n);
    assert_int_equal(diff->equal, equal);
    assert_int_equal(diff->within, within);
    assert_int_equal(diff->cells, cells);
}

static void
item(const struct rg_tablediff *diff, size_t i, enum rg_tablediff_what what, const char *key,
     const char *column, const char *published, const char *computed)
{
    assert_true(i < diff->n);
    assert_int_equal(diff->items[i].what, what);
    assert_string_equal(diff->items[i].key, key);
    assert_string_equal(diff->items[i].column, column);
    assert_string_equal(diff->items[i].published, published);
    assert_string_equal(diff->items[i].computed, computed);
}

static void
identical(void **state)
{
    struct rg_table *t = sample();
    struct rg_tablediff diff = against(t, same, 0);
    struct rg_buf out = {0};

    (void)state;
    counts(&diff, 0, 6, 6, 6);
    assert_true(diff.identical && !diff.reordered && diff.largest == 0);
    rg_tablediff_summary(&diff, 0, &out);
    assert_string_equal(rg_buf_text(&out), "6 of 6 cells equal\nidentical byte for byte\n");
    rg_buf_clear(&out);
    rg_tablediff_clear(&diff);
    /* the same numbers in other digits; other line ends */
    diff = against(t, "key,n,x,label\na,3.0,1,07\n\"b,c\",,3.0000000000000004e-1,\n", 0);
    counts(&diff, 0, 6, 6, 6);
    assert_false(diff.identical);
    rg_tablediff_clear(&diff);
    diff = against(t, "key,n,x,label\r\na,3,1.0,07\r\n\"b,c\",,0.30000000000000004,\r\n", 0);
    counts(&diff, 0, 6, 6, 6);
    assert_false(diff.identical);
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

static void
differing(void **state)
{
    struct rg_table *t = sample();
    /* an ulp; a text that is the same number; a number against nothing, nothing against a text */
    struct rg_tablediff diff = against(t, "key,n,x,label\na,,1.0,7\n\"b,c\",,0.3,z\n", 0);

    (void)state;
    counts(&diff, 4, 2, 2, 6);
    item(&diff, 0, RG_DIFF_CELL, "a", "n", "", "3");
    assert_true(isnan(diff.items[0].relative));
    item(&diff, 1, RG_DIFF_CELL, "a", "label", "7", "07");
    item(&diff, 2, RG_DIFF_CELL, "b,c", "x", "0.3", "0.30000000000000004");
    assert_true(fabs(diff.items[2].relative - 1.8503717077085942e-16) < 1e-30);
    item(&diff, 3, RG_DIFF_CELL, "b,c", "label", "z", "");
    assert_true(diff.largest == diff.items[2].relative);
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

static void
tolerance(void **state)
{
    struct rg_table *t = sample();
    struct rg_tablediff diff = against(t, "key,n,x,label\na,3,1.0,07\n\"b,c\",,0.3,\n", 1e-12);
    struct rg_buf out = {0};

    (void)state;
    counts(&diff, 0, 5, 6, 6);
    rg_tablediff_summary(&diff, 1e-12, &out);
    assert_string_equal(rg_buf_text(&out),
                        "5 of 6 cells equal\n"
                        "6 of 6 cells within a relative difference of 1.000e-12\n"
                        "largest relative difference: 1.850e-16\n"
                        "not identical byte for byte\n");
    rg_buf_clear(&out);
    rg_tablediff_clear(&diff);
    /* the bound itself agrees: |4 - 3| <= 0.25 * 4 */
    diff = against(t, "key,n,x,label\na,4,1.0,07\n\"b,c\",,0.30000000000000004,\n", 0.25);
    counts(&diff, 0, 5, 6, 6);
    rg_tablediff_clear(&diff);
    diff = against(t, "key,n,x,label\na,4,1.0,07\n\"b,c\",,0.30000000000000004,\n", 0.2499);
    counts(&diff, 1, 5, 5, 6);
    rg_tablediff_clear(&diff);
    /* opposite signs differ by 2 at most, also when huge */
    diff = against(t, "key,n,x,label\na,-3,-1.7e308,07\n\"b,c\",,0.30000000000000004,\n", 1);
    counts(&diff, 1, 4, 5, 6);
    assert_true(diff.largest == 2);
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

/* Extremes of the relative difference are numbers. */
static void
extremes(void **state)
{
    struct rg_table *t = rg_table_new(NULL);
    struct rg_tablediff diff;

    (void)state;
    rg_table_column(t, "x", NULL, RG_COL_NUMBER, -1, false);
    rg_table_row(t);
    rg_table_number(t, 0, 5e-324);
    rg_table_row(t);
    rg_table_number(t, 0, DBL_MAX);
    rg_table_row(t);
    rg_table_number(t, 0, 0);
    diff = against(t, "x\n0\n-1.7976931348623157e308\n-0.0\n", 0);
    counts(&diff, 2, 1, 1, 3);
    assert_true(diff.items[0].relative == 1 && diff.items[1].relative == 2);
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

static void
rows(void **state)
{
    struct rg_table *t = sample();
    struct rg_tablediff diff =
        against(t, "key,n,x,label\n\"b,c\",,0.30000000000000004,\na,3,1.0,07\n", 0);
    struct rg_buf out = {0};

    (void)state;
    counts(&diff, 0, 6, 6, 6);
    assert_true(diff.reordered && !diff.identical);
    rg_tablediff_summary(&diff, 0, &out);
    assert_string_equal(rg_buf_text(&out),
                        "6 of 6 cells equal\nnot identical byte for byte: rows in another order\n");
    rg_buf_clear(&out);
    rg_tablediff_clear(&diff);
    diff = against(t, "key,n,x,label\nz,1,2,3\na,3,1.0,07\na,3,1.0,07\n", 0);
    counts(&diff, 3, 3, 3, 12);
    item(&diff, 0, RG_DIFF_ROW_MISSING, "z", "", "", "");
    item(&diff, 1, RG_DIFF_ROW_MISSING, "a", "", "", ""); /* the second a */
    item(&diff, 2, RG_DIFF_ROW_EXTRA, "b,c", "", "", "");
    assert_false(diff.reordered);
    rg_tablediff_clear(&diff);
    diff = against(t, "key,n,x,label\n", 0);
    counts(&diff, 2, 0, 0, 6);
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

static void
columns(void **state)
{
    struct rg_table *t = sample();
    struct rg_tablediff diff = against(t, "label,more,key,x\n07,1,a,1\n,2,\"b,c\",0.5\n", 0);

    (void)state;
    counts(&diff, 3, 3, 3, 8);
    item(&diff, 0, RG_DIFF_COLUMN_MISSING, "", "more", "", "");
    item(&diff, 1, RG_DIFF_COLUMN_EXTRA, "", "n", "", "");
    item(&diff, 2, RG_DIFF_CELL, "b,c", "x", "0.5", "0.30000000000000004");
    rg_tablediff_clear(&diff);
    /* without the key, rows go by position, and the key is a column that is not there */
    diff = against(t, "n,x,label\n3,1,07\n,0.5,\n", 0);
    counts(&diff, 2, 5, 5, 8);
    item(&diff, 0, RG_DIFF_COLUMN_EXTRA, "", "key", "", "");
    item(&diff, 1, RG_DIFF_CELL, "row 2", "x", "0.5", "0.30000000000000004");
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

/* Limits of intervals are compared only with a file that has them. */
static void
interval_columns(void **state)
{
    struct rg_table *t = rg_table_new(NULL);
    struct rg_tablediff diff;

    (void)state;
    rg_table_column(t, "x", NULL, RG_COL_ESTIMATE, -1, false);
    rg_table_column(t, "own_lo", NULL, RG_COL_NUMBER, -1, false);
    rg_table_row(t);
    rg_table_estimate(t, 0, 1, 0.5, INFINITY);
    rg_table_number(t, 1, 2);
    diff = against(t, "x,own_lo\n1,2\n", 0);
    counts(&diff, 0, 2, 2, 2);
    rg_tablediff_clear(&diff);
    diff = against(t, "x,x_lo,x_hi,own_lo\n1,0.5,9,2\n", 0);
    counts(&diff, 1, 3, 3, 4);
    item(&diff, 0, RG_DIFF_CELL, "row 1", "x_hi", "9", "");
    rg_tablediff_clear(&diff);
    diff = against(t, "x\n1\n", 0);
    counts(&diff, 1, 1, 1, 2);
    item(&diff, 0, RG_DIFF_COLUMN_EXTRA, "", "own_lo", "", "");
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

static void
report(void **state)
{
    struct rg_table *t = sample(), *shown;
    struct rg_tablediff diff = against(t, "key,n,x,more\na,3,1.5,\nz,1,1,1\n", 0);
    struct rg_buf out = {0};

    (void)state;
    shown = rg_tablediff_table(&diff, "Title", 0);
    rg_table_print(shown, RG_CSV, 0, &out);
    assert_string_equal(rg_buf_text(&out), "key,column,published,computed,relative_difference\n"
                                           ",more,,(column missing),\n"
                                           ",label,(column not in the file),,\n"
                                           "a,x,1.5,1.0,0.3333333333333333\n"
                                           "z,,,(row missing),\n"
                                           "\"b,c\",,(row not in the file),,\n");
    rg_buf_clear(&out);
    rg_table_free(shown);
    rg_tablediff_clear(&diff);
    rg_table_free(t);
}

static void
bad_files(void **state)
{
    struct rg_table *t = sample();
    struct rg_tablediff diff;
    struct rg_err err = {0};
    char path[TEMP_PATH], want[TEMP_PATH + 64];

    (void)state;
    assert_int_not_equal(rg_tablediff(&diff, t, "/nonexistent/file.csv", 0, &err), RG_OK);
    rg_tablediff_clear(&diff);
    temp_write(path, "key,n\na,1,2\n", 12);
    assert_int_equal(rg_tablediff(&diff, t, path, 0, &err), RG_EINPUT);
    snprintf(want, sizeof want, "%s:2:", path);
    assert_memory_equal(err.text, want, strlen(want));
    rg_tablediff_clear(&diff);
    unlink(path);
    temp_write(path, "", 0);
    assert_int_equal(rg_tablediff(&diff, t, path, 0, &err), RG_EINPUT);
    rg_tablediff_clear(&diff);
    unlink(path);
    rg_table_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identical),
        cmocka_unit_test(differing),
        cmocka_unit_test(tolerance),
        cmocka_unit_test(extremes),
        cmocka_unit_test(rows),
        cmocka_unit_test(columns),
        cmocka_unit_test(interval_columns),
        cmocka_unit_test(report),
        cmocka_unit_test(bad_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
