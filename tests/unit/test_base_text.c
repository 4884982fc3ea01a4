/* Byte strings, UTF-8, near misses, name tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hint.h"
#include "base/names.h"
#include "base/utf8.h"

/* ---- buf ---- */
static void
test_buf(void **state)
{
    struct rg_buf buf = {0};
    char *taken;

    (void)state;
    assert_string_equal(rg_buf_text(&buf), "");
    rg_buf_reset(&buf);
    rg_buf_add(&buf, NULL, 0);
    assert_string_equal(buf.data, "");
    rg_buf_puts(&buf, "ab");
    rg_buf_putc(&buf, 'c');
    rg_buf_printf(&buf, "%d%s", 12, "x");
    assert_string_equal(rg_buf_text(&buf), "abc12x");
    assert_int_equal(buf.len, 6);
    rg_buf_add(&buf, "\0y", 2);
    assert_memory_equal(buf.data, "abc12x\0y", 9);
    rg_buf_reset(&buf);
    assert_string_equal(rg_buf_text(&buf), "");
    memcpy(rg_buf_reserve(&buf, 3), "xyz", 3);
    assert_int_equal(buf.len, 0);
    rg_buf_puts(&buf, "1");
    taken = rg_buf_take(&buf);
    assert_string_equal(taken, "1");
    free(taken);
    assert_null(buf.data);
    taken = rg_buf_take(&buf);
    assert_string_equal(taken, "");
    free(taken);
    rg_buf_clear(&buf);
    rg_buf_clear(&buf);
}

/* Formatted additions of every length around the sizes of the memory. */
static void
test_buf_printf(void **state)
{
    char text[600];

    (void)state;
    memset(text, 'q', sizeof text);
    for (int n = 0; n < 600; n++) {
        struct rg_buf buf = {0};

        rg_buf_puts(&buf, "<");
        rg_buf_printf(&buf, "%.*s", n, text);
        rg_buf_putc(&buf, '>');
        assert_int_equal(buf.len, n + 2);
        assert_memory_equal(buf.data + 1, text, (size_t)n);
        assert_string_equal(buf.data + n + 1, ">");
        rg_buf_clear(&buf);
    }
}

/* ---- utf8 ---- */

/* Every code point: encoded by hand here, by the definition of RFC 3629. */
static void
test_utf8_all(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110000; c++) {
        size_t want = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        int good = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        char s[4], put[4];

        if (want == 1) {
            s[0] = (char)c;
        } else {
            for (size_t i = 0; i < want; i++)
                s[i] = (char)(0x80 | (c >> (6 * (want - 1 - i)) & 0x3f));
            s[0] = (char)((0xf0 << (4 - want) & 0xff) | (c >> (6 * (want - 1))));
        }
        assert_int_equal(rg_utf8_len(s, want), good ? want : 0);
        assert_int_equal(rg_utf8_check(s, want), good ? want : 0);
        for (size_t n = 0; n < want; n++)
            assert_int_equal(rg_utf8_len(s, n), 0);
        if (good) {
            assert_int_equal(rg_utf8_put(put, c), want);
            assert_memory_equal(put, s, want);
        }
    }
}

static void
test_utf8_bad(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2 ",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe4\xb8",
        "\xe4\xb8 ",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf0\x9f\x98",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfe",
        "\xff",
    };
    char text[64];

    (void)state;
    /* Behind 0 to 20 good bytes, so that every position in a word of eight is met. */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t lead = 0; lead <= 20; lead++) {
            size_t n = lead + strlen(bad[i]);

            memset(text, 'a', sizeof text);
            memcpy(text + lead, bad[i], strlen(bad[i]));
            assert_int_equal(rg_utf8_check(text, n), lead);
            assert_int_equal(rg_utf8_check(text, sizeof text), lead);
        }
    }
    assert_int_equal(rg_utf8_check("", 0), 0);
    assert_int_equal(rg_utf8_check("a\0b", 3), 3);
}

static void
test_utf8_width(void **state)
{
    static const struct {
        const char *s;
        size_t count, width;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"\xc3\xa4\xc3\x9f", 2, 2},                     /* U+00E4 U+00DF */
        {"a\xcc\x88", 2, 1},                            /* a, combining diaeresis */
        {"\xe4\xb8\xad\xe6\x96\x87", 2, 4},             /* CJK */
        {"\xed\x95\x9c", 1, 2},                         /* Hangul U+D55C */
        {"\xef\xbc\xa1", 1, 2},                         /* full-width A */
        {"\xf0\x9f\x98\x80", 1, 2},                     /* U+1F600 */
        {"\xe2\x80\x8b", 1, 0},                         /* zero width space */
        {"\xe2\x82\xac \xe2\x80\x94", 3, 3},            /* euro, em dash */
        {"\xe0\xb9\x80\xe0\xb8\x97\xe0\xb8\xb4", 3, 2}, /* Thai with a vowel sign above */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rg_utf8_count(cases[i].s, strlen(cases[i].s)), cases[i].count);
        assert_int_equal(rg_utf8_width(cases[i].s, strlen(cases[i].s)), cases[i].width);
    }
}

/* Lines of at most 5 columns, parted by '|'. */
static void
test_utf8_line(void **state)
{
    static const struct {
        const char *s, *lines;
    } cases[] = {
        {"", ""},
        {"abc", "abc"},
        {"abcde", "abcde"},
        {"abcdef", "abcde|f"},
        {"ab cd", "ab cd"},
        {"ab cde", "ab|cde"},
        {"ab   cdefghi j", "ab|cdefg|hi j"},
        {"abcde   f", "abcde|f"},
        {"abc       ", "abc"},
        {"       abc", "|abc"},
        {"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", "\xe4\xb8\xad\xe6\x96\x87|\xe4\xb8\xad"},
        {"abcde\xcc\x88"
         "f",
         "abcde\xcc\x88|f"}, /* the mark stays with its letter */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rg_buf out = {0};
        const char *next, *s = cases[i].s;

        do {
            size_t n = rg_utf8_line(s, 5, &next);

            assert_true(rg_utf8_width(s, n) <= 5);
            rg_buf_add(&out, s, n);
            rg_buf_puts(&out, *next ? "|" : "");
            s = next;
        } while (*s);
        assert_string_equal(rg_buf_text(&out), cases[i].lines);
        rg_buf_clear(&out);
        assert_int_equal(rg_utf8_line(cases[i].s, 0, &next), strlen(cases[i].s));
        assert_string_equal(next, "");
    }
}

/* ---- hint ---- */
static void
test_hint(void **state)
{
    static const char *const names[] = {"replicas", "slots", "queue_capacity", "timeout_s",
                                        "seed",     "Model", "models"};
    static const struct {
        const char *word, *want;
    } cases[] = {
        {"replicas", "replicas"},
        {"replica", "replicas"},
        {"repilcas", "replicas"},
        {"REPLICAS", NULL},
        /* eight halves: 4 */ {"Replicas", "replicas"},
        {"relpicsa", "replicas"},
        {"solts", "slots"},
        {"slot", "slots"},
        {"slto", NULL},
        /* a swap and an addition: 2 of 4 */ {"queue-capacity", "queue_capacity"},
        {"queuecapacity", "queue_capacity"},
        {"timeout", "timeout_s"},
        {"seeds", "seed"},
        {"sed", "seed"},
        {"se", NULL},
        {"", NULL},
        {"x", NULL},
        {"entirely_else", NULL},
        {"model", "Model"},   /* half an edit against a whole one */
        {"modell", "models"}, /* 1 against 1.5 */
    };
    char longest[300];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = rg_hint(cases[i].word, names, sizeof names / sizeof names[0]);

        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        else
            assert_null(got);
    }
    assert_null(rg_hint("seed", names, 0));
    for (size_t n = 1; n < sizeof longest; n++) {
        const char *const one[] = {longest + 1};
        const char *got;

        memset(longest, 'a', n);
        longest[n] = '\0';
        got = rg_hint(longest, one, 1);
        assert_true(got == (n >= 3 && n <= 100 ? longest + 1 : NULL));
    }
}

/* Ties go to the earlier name. */
static void
test_hint_tie(void **state)
{
    static const char *const names[] = {"gate", "gaze", "game"};

    (void)state;
    assert_string_equal(rg_hint("gake", names, 3), "gate");
    assert_string_equal(rg_hint("gake", names + 1, 2), "gaze");
}

/* ---- names ---- */
static void
test_names(void **state)
{
    enum { N = 20000 };
    struct rg_names *names = rg_names_new();
    const char **text = malloc(N * sizeof *text);
    char s[32];
    bool added;

    (void)state;
    assert_non_null(text);
    assert_int_equal(rg_names_count(names), 0);
    assert_true(rg_names_find(names, "a", 1) == RG_NAMES_NONE);
    for (uint32_t i = 0; i < N; i++) {
        int n = snprintf(s, sizeof s, "name %u", i);

        assert_int_equal(rg_names_add(names, s, (size_t)n, &added), i);
        assert_true(added);
        text[i] = rg_names_at(names, i);
    }
    for (uint32_t i = 0; i < N; i++) {
        int n = snprintf(s, sizeof s, "name %u", i);

        assert_int_equal(rg_names_add(names, s, (size_t)n, &added), i);
        assert_false(added);
        assert_int_equal(rg_names_find(names, s, (size_t)n), i);
        assert_ptr_equal(rg_names_at(names, i), text[i]);
        assert_string_equal(text[i], s);
    }
    assert_int_equal(rg_names_count(names), N);
    assert_int_equal(rg_names_add(names, NULL, 0, NULL), N);
    assert_int_equal(rg_names_find(names, "", 0), N);
    /* Only n bytes count, NUL bytes among them. */
    assert_int_equal(rg_names_add(names, "name 17x", 7, NULL), 17);
    assert_int_equal(rg_names_add(names, "a\0b", 3, NULL), N + 1);
    assert_int_equal(rg_names_add(names, "a\0c", 3, NULL), N + 2);
    assert_int_equal(rg_names_add(names, "a", 1, NULL), N + 3);
    free(text);
    rg_names_free(names);
    rg_names_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf),        cmocka_unit_test(test_buf_printf),
        cmocka_unit_test(test_utf8_all),   cmocka_unit_test(test_utf8_bad),
        cmocka_unit_test(test_utf8_width), cmocka_unit_test(test_utf8_line),
        cmocka_unit_test(test_hint),       cmocka_unit_test(test_hint_tie),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
