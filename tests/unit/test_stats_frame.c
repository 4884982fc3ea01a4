#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "stats/frame.h"

static const char *const names[] = {"a", "b"};

static void
cells(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 2);
    char text[] = "x";

    (void)state;
    assert_int_equal(rg_frame_rows(f), 0);
    assert_string_equal(rg_frame_name(f, 1), "b");
    assert_int_equal(rg_frame_find(f, "b"), 1);
    assert_int_equal(rg_frame_find(f, "B"), -1);
    rg_frame_row(f);
    assert_int_equal(rg_frame_kind(f, 0, 0), RG_FRAME_MISSING);
    rg_frame_set_number(f, 0, 0, -0.5);
    rg_frame_set_text(f, 0, 1, text);
    text[0] = 'y'; /* the frame has its own copy */
    rg_frame_row(f);
    rg_frame_set_bool(f, 1, 0, true);
    rg_frame_set_text(f, 1, 1, "x");
    assert_true(rg_frame_number(f, 0, 0) == -0.5);
    assert_true(rg_frame_number(f, 1, 0) == 1);
    assert_int_equal(rg_frame_kind(f, 1, 0), RG_FRAME_BOOL);
    assert_string_equal(rg_frame_text(f, 0, 1), "x");
    assert_ptr_equal(rg_frame_text(f, 0, 1), rg_frame_text(f, 1, 1));
    rg_frame_free(f);
    rg_frame_free(NULL);
}

static void
missing(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 2);

    (void)state;
    rg_frame_row(f);
    rg_frame_set_number(f, 0, 0, 1);
    rg_frame_set_number(f, 0, 0, NAN);
    assert_int_equal(rg_frame_kind(f, 0, 0), RG_FRAME_MISSING);
    rg_frame_set_text(f, 0, 1, "");
    assert_int_equal(rg_frame_kind(f, 0, 1), RG_FRAME_TEXT);
    rg_frame_set_text(f, 0, 1, NULL);
    assert_int_equal(rg_frame_kind(f, 0, 1), RG_FRAME_MISSING);
    rg_frame_free(f);
}

static int
sign(int x)
{
    return (x > 0) - (x < 0);
}

/* Every kind of cell, in the order that is promised; each pair is compared both ways. */
static void
order(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 1);
    static const char *const texts[] = {"", "A", "B", "a", "\xc3\xa9"};
    static const double numbers[] = {-INFINITY, -2, 0, 1e-300, 10, 9e99};
    size_t row = 0;

    (void)state;
    for (int i = 0; i < 14; i++)
        rg_frame_row(f);
    for (int i = 0; i < 6; i++)
        rg_frame_set_number(f, row++, 0, numbers[i]);
    rg_frame_set_bool(f, row++, 0, false);
    rg_frame_set_bool(f, row++, 0, true);
    for (int i = 0; i < 5; i++)
        rg_frame_set_text(f, row++, 0, texts[i]);
    row++; /* missing */
    assert_int_equal(row, 14);
    for (size_t i = 0; i < row; i++)
        for (size_t j = 0; j < row; j++)
            assert_int_equal(sign(rg_frame_compare(f, 0, i, j)), (i > j) - (i < j));
    rg_frame_set_number(f, 3, 0, -0.0);
    assert_int_equal(rg_frame_compare(f, 0, 2, 3), 0);
    rg_frame_free(f);
}

static void
many_rows(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 2);
    gsl_rng *rng = rg_rng_new(3, 0, RG_PURPOSE_TEST), *again = rg_rng_new(3, 0, RG_PURPOSE_TEST);
    char text[32];

    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        rg_frame_row(f);
        rg_frame_set_number(f, i, 0, rg_rng_unit(rng));
        snprintf(text, sizeof text, "t%zu", i % 777);
        rg_frame_set_text(f, i, 1, text);
    }
    for (size_t i = 0; i < 20000; i++) {
        assert_true(rg_frame_number(f, i, 0) == rg_rng_unit(again));
        snprintf(text, sizeof text, "t%zu", i % 777);
        assert_string_equal(rg_frame_text(f, i, 1), text);
    }
    gsl_rng_free(rng);
    gsl_rng_free(again);
    rg_frame_free(f);
}

static void
no_columns(void **state)
{
    struct rg_frame *f = rg_frame_new(NULL, 0);

    (void)state;
    rg_frame_row(f);
    rg_frame_row(f);
    assert_int_equal(rg_frame_rows(f), 2);
    assert_int_equal(rg_frame_find(f, "a"), -1);
    rg_frame_free(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells),     cmocka_unit_test(missing),    cmocka_unit_test(order),
        cmocka_unit_test(many_rows), cmocka_unit_test(no_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
