/* Messages and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sum.h"
#include "base/utf8.h"

static jmp_buf out_of_memory;
static size_t bytes_wanted;

/* In place of the library's weak definition. */
_Noreturn void
rg_mem_fail(size_t bytes)
{
    bytes_wanted = bytes;
    longjmp(out_of_memory, 1);
}

static void
test_place(void **state)
{
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_err_set(&err, RG_EUSAGE, "no %s, %d", "cells", 3), RG_EUSAGE);
    assert_int_equal(err.status, RG_EUSAGE);
    assert_string_equal(err.text, "no cells, 3");
    assert_int_equal(rg_err_at(&err, (struct rg_place){"a.csv", 12, 3}, "bad (found %d)", 7),
                     RG_EINPUT);
    assert_string_equal(err.text, "a.csv:12:3: bad (found 7)");
    rg_err_at(&err, (struct rg_place){"a.csv", 12, 0}, "bad");
    assert_string_equal(err.text, "a.csv:12: bad");
    rg_err_at(&err, (struct rg_place){"a.csv", 0, 5}, "bad");
    assert_string_equal(err.text, "a.csv: bad");
    rg_err_at(&err, (struct rg_place){NULL, 12, 3}, "bad");
    assert_string_equal(err.text, "12:3: bad");
    rg_err_at(&err, (struct rg_place){NULL, 0, 0}, "bad");
    assert_string_equal(err.text, "bad");
    rg_err_at(&err, (struct rg_place){"f", UINT64_MAX, UINT64_MAX}, "bad");
    assert_string_equal(err.text, "f:18446744073709551615:18446744073709551615: bad");
}

static void
test_system(void **state)
{
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_err_sys(&err, "/no/file", ENOENT, "cannot open"), RG_ESYSTEM);
    assert_string_equal(err.text, "/no/file: cannot open: No such file or directory");
    rg_err_sys(&err, NULL, ENOSPC, "cannot write");
    assert_string_equal(err.text, "cannot write: No space left on device");
    assert_int_equal(err.status, RG_ESYSTEM);
    rg_err_sys(&err, "x", 987654, "cannot write");
    assert_non_null(strstr(err.text, "987654"));
}

/* What came from a file must not drive a terminal: no control characters, also not those of one
 * byte above 0x7f or of two bytes in UTF-8. */
static void
test_controls(void **state)
{
    struct rg_err err;

    (void)state;
    rg_err_set(&err, RG_EINPUT, "a\x1b[31mb\r\n\tc\x7f");
    assert_string_equal(err.text, "a?[31mb???c?");
    rg_err_set(&err, RG_EINPUT,
               "\xc2\x9b"
               "31m \x9b \xc3\xa4 \xe4\xb8\xad \xff\xc0\xaf \xed\xa0\x80");
    assert_string_equal(err.text, "??31m ? \xc3\xa4 \xe4\xb8\xad ??? ???");
    rg_err_at(&err, (struct rg_place){"new\nline", 1, 0}, "x");
    assert_string_equal(err.text, "new?line:1: x");
}

/* Cut at every possible offset in a character of every length. */
static void
test_cut(void **state)
{
    static const char *const chars[] = {"x", "\xc3\xa4", "\xe4\xb8\xad", "\xf0\x9f\x98\x80"};
    char text[3 * RG_ERR_TEXT];
    struct rg_err err;

    (void)state;
    for (size_t c = 0; c < 4; c++) {
        for (size_t lead = 0; lead < 5; lead++) {
            size_t width = strlen(chars[c]), n = lead, kept;

            memset(text, '.', lead);
            for (; n + width < sizeof text; n += width)
                memcpy(text + n, chars[c], width);
            text[n] = '\0';
            rg_err_set(&err, RG_EINPUT, "%s", text);
            kept = strlen(err.text);
            assert_in_range(kept, RG_ERR_TEXT - width, RG_ERR_TEXT - 1);
            assert_int_equal((kept - lead) % width, 0);
            assert_memory_equal(err.text, text, kept);
        }
    }
}

/* A message may be made from the one before. */
static void
test_alias(void **state)
{
    struct rg_err err;

    (void)state;
    rg_err_set(&err, RG_EINPUT, "inner");
    rg_err_set(&err, RG_EINPUT, "outer: %s", err.text);
    assert_string_equal(err.text, "outer: inner");
}

static void
test_allocation(void **state)
{
    size_t cap = 0;
    int *list = NULL;
    char *s;

    (void)state;
    s = rg_alloc(0, 0);
    assert_non_null(s);
    free(s);
    s = rg_zalloc(3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(s[i], 0);
    s = rg_realloc(s, 0, 4);
    assert_non_null(s);
    free(s);
    s = rg_strndup("abc", 2);
    assert_string_equal(s, "ab");
    free(s);
    s = rg_strndup(NULL, 0);
    assert_string_equal(s, "");
    free(s);
    s = rg_strdup("abc");
    assert_string_equal(s, "abc");
    free(s);
    for (size_t i = 0; i < 1000; i++) {
        list = rg_grow(list, &cap, i + 1, sizeof *list);
        assert_true(cap > i && cap < 2 * i + 9);
        list[i] = (int)i;
    }
    list = rg_grow(list, &cap, 100000, sizeof *list);
    assert_true(cap >= 100000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(list[i], i);
    free(list);
    list = NULL;
    cap = 0;
    list = rg_grow(list, &cap, 0, sizeof *list);
    assert_non_null(list);
    free(list);
}

/* A product that is no size_t never reaches malloc. */
static void
test_overflow(void **state)
{
    volatile size_t huge = SIZE_MAX / 2 + 1;
    static volatile int failures;
    size_t cap = SIZE_MAX / 2 + 2;
    char here;

    (void)state;
    for (volatile int i = 0; i < 5; i++) {
        bytes_wanted = 0;
        if (setjmp(out_of_memory) != 0) {
            assert_int_equal(bytes_wanted, SIZE_MAX);
            failures++;
            continue;
        }
        if (i == 0)
            free(rg_alloc(huge, 2));
        else if (i == 1)
            free(rg_zalloc(huge, 2));
        else if (i == 2)
            free(rg_realloc(NULL, huge, 2));
        else if (i == 3)
            free(rg_strndup(&here, SIZE_MAX));
        else
            free(rg_grow(NULL, &cap, SIZE_MAX, 8));
    }
    assert_int_equal(failures, 5);
}

static void
test_sum(void **state)
{
    static const double cancel[] = {1, 1e100, 1, -1e100};
    static const double over[] = {1e308, 1e308, 1};
    struct rg_sum tenths = {0};

    (void)state;
    assert_true(rg_sum_of(cancel, 4) == 2.0); /* Neumaier's own example; plainly it is 0 */
    assert_true(rg_sum_of(cancel, 0) == 0.0);
    assert_true(rg_sum_of(over, 3) == INFINITY);
    for (int i = 0; i < 10000000; i++)
        rg_sum_add(&tenths, 0.1);
    assert_true(rg_sum_value(&tenths) == 1e6); /* plainly 999999.9998389754 */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),    cmocka_unit_test(test_system),
        cmocka_unit_test(test_controls), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_alias),    cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_overflow), cmocka_unit_test(test_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
