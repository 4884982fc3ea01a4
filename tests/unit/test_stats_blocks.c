#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "stats/blocks.h"

static const char *const names[] = {"by", "of", "unit", "x"};

/* One row; NULL and NaN are missing. */
static void
put(struct rg_frame *f, const char *by, const char *of, const char *unit, double x)
{
    size_t row = rg_frame_rows(f);

    rg_frame_row(f);
    rg_frame_set_text(f, row, 0, by);
    rg_frame_set_text(f, row, 1, of);
    rg_frame_set_text(f, row, 2, unit);
    rg_frame_set_number(f, row, 3, x);
}

struct made {
    struct rg_keys groups, units;
    struct rg_blocks b;
};

static void
make(struct made *m, const struct rg_frame *f, size_t n_by)
{
    static const size_t by[] = {0, 1}, unit[] = {2};

    rg_keys_init(&m->groups, f, by, n_by);
    rg_keys_init(&m->units, f, unit, 1);
    rg_blocks_init(&m->b, f, &m->groups, &m->units, 3);
}

static void
made_clear(struct made *m)
{
    rg_blocks_clear(&m->b);
    rg_keys_clear(&m->groups);
    rg_keys_clear(&m->units);
}

static void
layout(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 4);
    double x[4], y[2], z[2];
    size_t one_only;
    struct made m;

    (void)state;
    put(f, "b", "-", "u2", 4);
    put(f, "a", "-", "u1", 1);
    put(f, "b", "-", "u1", 2);
    put(f, "a", "-", "u2", 3);
    put(f, "a", "-", "u3", 9);
    make(&m, f, 1);
    assert_true(m.b.n_groups == 2 && m.b.n_units == 3 && m.b.rows == 5);
    assert_string_equal(m.groups.label[0], "a");
    assert_string_equal(m.units.label[2], "u3");
    assert_true(m.b.x[0] == 1 && m.b.x[1] == 2 && m.b.x[2] == 3 && m.b.x[3] == 4);
    assert_true(m.b.x[4] == 9 && isnan(m.b.x[5]));
    assert_int_equal(rg_blocks_complete(&m.b, x), 2);
    assert_true(x[2] == 3 && x[3] == 4);
    assert_int_equal(rg_blocks_pair(&m.b, 1, 0, y, z, &one_only), 2);
    assert_true(y[0] == 2 && z[0] == 1 && one_only == 1);
    made_clear(&m);
    rg_frame_free(f);
}

static void
left_out_and_repeated(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 4);
    struct made m;

    (void)state;
    put(f, NULL, "-", "u", 1);
    put(f, NULL, "-", NULL, 1);
    put(f, "a", "-", NULL, 1);
    put(f, "a", "-", "u", NAN);
    put(f, "a", "-", "u", 1);
    put(f, "a", "-", "u", 2);
    put(f, "a", "-", "u", 6);
    put(f, "b", "-", "v", NAN);
    rg_frame_set_text(f, 7, 3, "three");
    make(&m, f, 1);
    assert_true(m.b.no_group == 2 && m.b.no_unit == 1 && m.b.no_value == 2);
    assert_true(m.b.repeated_cells == 1 && m.b.repeated_rows == 3);
    assert_true(m.groups.without == 2 && m.units.without == 2);
    assert_true(m.b.x[0] == 3);
    assert_true(isnan(m.b.x[1]) && isnan(m.b.x[2]) && isnan(m.b.x[3]));
    made_clear(&m);
    rg_frame_free(f);
}

/* Joined labels may be equal though the combinations are not; kinds of cells differ too. */
static void
combinations(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 4);
    struct made m;

    (void)state;
    put(f, "a / b", "c", "u", 1);
    put(f, "a", "b / c", "u", 2);
    put(f, "1", "c", "u", 3);
    put(f, NULL, "c", "u", 4);
    rg_frame_set_number(f, 3, 0, 1);
    put(f, NULL, "c", "u", 5);
    rg_frame_set_bool(f, 4, 0, true);
    put(f, NULL, "c", "u", 6);
    rg_frame_set_number(f, 5, 0, -0.0);
    put(f, NULL, "c", "u", 8);
    rg_frame_set_number(f, 6, 0, 0.0);
    make(&m, f, 2);
    assert_int_equal(m.b.n_groups, 6);
    assert_string_equal(m.groups.label[0], "0 / c");
    assert_string_equal(m.groups.label[1], "1 / c");
    assert_string_equal(m.groups.label[2], "true / c");
    assert_string_equal(m.groups.label[3], "1 / c");
    assert_string_equal(m.groups.label[4], "a / b / c");
    assert_string_equal(m.groups.label[5], "a / b / c");
    assert_true(m.b.x[0] == 7 && m.b.x[1] == 4 && m.b.x[2] == 5 && m.b.x[4] == 2 && m.b.x[5] == 1);
    made_clear(&m);
    rg_frame_free(f);
}

/* The same bits whatever the order of the rows, sums of repeated ones included. */
static void
order_of_rows(void **state)
{
    enum { ROWS = 3000 };
    gsl_rng *rng = rg_rng_new(51, 0, RG_PURPOSE_TEST);
    uint32_t at[ROWS];
    double x[ROWS];
    struct made first = {0};

    (void)state;
    for (uint32_t i = 0; i < ROWS; i++) {
        at[i] = i;
        x[i] = rg_rng_unit(rng) * pow(10, (double)rg_rng_below(rng, 12));
    }
    for (int round = 0; round < 5; round++) {
        struct rg_frame *f = rg_frame_new(names, 4);
        struct made m;

        for (int i = 0; i < ROWS; i++) {
            char group[16], unit[16];

            snprintf(group, sizeof group, "g%u", at[i] % 3);
            snprintf(unit, sizeof unit, "u%u", at[i] / 3 % 100);
            put(f, group, "-", unit, x[at[i]]);
        }
        make(round == 0 ? &first : &m, f, 1);
        if (round > 0) {
            assert_int_equal(m.b.repeated_rows, ROWS);
            assert_memory_equal(m.b.x, first.b.x, 300 * sizeof *m.b.x);
            made_clear(&m);
        }
        rg_rng_shuffle(rng, at, ROWS);
        rg_frame_free(f);
    }
    made_clear(&first);
    gsl_rng_free(rng);
}

static void
empty(void **state)
{
    struct rg_frame *f = rg_frame_new(names, 4);
    size_t one_only;
    struct made m;
    double x;

    (void)state;
    make(&m, f, 2);
    assert_true(m.b.n_groups == 0 && m.b.n_units == 0 && m.b.rows == 0);
    assert_int_equal(rg_blocks_complete(&m.b, &x), 0);
    assert_int_equal(rg_blocks_pair(&m.b, 0, 0, &x, &x, &one_only), 0);
    made_clear(&m);
    rg_frame_free(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),       cmocka_unit_test(left_out_and_repeated),
        cmocka_unit_test(combinations), cmocka_unit_test(order_of_rows),
        cmocka_unit_test(empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
