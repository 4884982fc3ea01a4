/* Figures: what stands in scripts and data, and texts that would do harm if they were read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats/figure.h"

static const char *const routers[] = {"slm_only", "llm_only", "50% & more"};
static const struct rg_figure_legend three = {"router", routers, 3};
static const struct rg_figure_legend none = {NULL, NULL, 0};

static struct rg_estimate
about(double x, double half)
{
    return (struct rg_estimate){x, x - half, x + half, 10};
}

/* Lines of a text that are exactly this one. */
static size_t
count_lines(const char *text, const char *line)
{
    size_t n = 0, len = strlen(line);

    for (const char *s = text; *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : s + strlen(s))
        n += strncmp(s, line, len) == 0 && (s[len] == '\n' || s[len] == '\0');
    return n;
}

static void
has(const struct rg_buf *text, const char *part)
{
    if (!strstr(rg_buf_text(text), part))
        fail_msg("no '%s' in:\n%s", part, rg_buf_text(text));
}

static void
has_not(const struct rg_buf *text, const char *part)
{
    if (strstr(rg_buf_text(text), part))
        fail_msg("'%s' in:\n%s", part, rg_buf_text(text));
}

/* ---- scatter ---- */

static void
scatter(struct rg_figure *out, const struct rg_figure_point *p, size_t n, bool log)
{
    rg_figure_scatter(out, "s",
                      &(struct rg_figure_scatter){.title = "T",
                                                  .x = {.label = "cost (USD)", .log = log},
                                                  .y = {.label = "score"},
                                                  .y_more = true,
                                                  .colour = three,
                                                  .shape = none,
                                                  .fill = none,
                                                  .point = p,
                                                  .n = n});
}

/* The border of what (1, 0.2), (2, 0.5), (4, 0.9) beat, for less x and more y: by hand. */
static void
test_staircase(void **state)
{
    const struct rg_figure_point p[] = {
        {.x = about(4, 0.1), .y = about(0.9, 0.1), .front = true},
        {.x = about(3, 0.1), .y = about(0.4, 0.1)},
        {.x = about(1, 0.1), .y = about(0.2, 0.1), .front = true, .colour = 1},
        {.x = about(2, 0.1), .y = about(0.5, 0.1), .front = true, .colour = 2},
    };
    struct rg_figure f = {0};

    (void)state;
    scatter(&f, p, 4, false);
    has(&f.data, "x y\n1 0.2\n2 0.2\n2 0.5\n4 0.5\n4 0.9\n");
    has(&f.data, "4 0.9 3.9 4.1 0.8 1 7 29362 29362\n");
    rg_figure_clear(&f);
}

/* With more of both better it goes down first. */
static void
test_staircase_of_two_gains(void **state)
{
    const struct rg_figure_point p[] = {
        {.x = about(1, 0), .y = about(3, 0), .front = true},
        {.x = about(2, 0), .y = about(1, 0), .front = true},
    };
    struct rg_figure f = {0};

    (void)state;
    rg_figure_scatter(&f, "s",
                      &(struct rg_figure_scatter){.x = {.label = "x"},
                                                  .y = {.label = "y"},
                                                  .x_more = true,
                                                  .y_more = true,
                                                  .point = p,
                                                  .n = 2});
    has(&f.data, "x y\n1 3\n1 1\n2 1\n");
    rg_figure_clear(&f);
}

static void
test_no_limits_no_points(void **state)
{
    const struct rg_figure_point p[] = {{.x = {1, -INFINITY, INFINITY, 1}, .y = {2, NAN, NAN, 1}},
                                        {.x = {NAN, 0, 0, 0}, .y = {1, 0, 2, 3}}};
    struct rg_figure f = {0};

    (void)state;
    scatter(&f, p, 2, false);
    has(&f.data, "1 2 NaN NaN NaN NaN 7 29362 29362\n");
    has_not(&f.script, "vectors");
    has_not(&f.data, "border of what the front beats");
    rg_figure_clear(&f);
    scatter(&f, NULL, 0, true);
    has(&f.script, "set xrange [");
    rg_figure_clear(&f);
}

static void
test_logarithm(void **state)
{
    struct rg_figure_point p[] = {{.x = about(0.1, 0.2), .y = about(1, 1)},
                                  {.x = about(90, 1), .y = about(2, 1)}};
    struct rg_figure f = {0};

    (void)state;
    scatter(&f, p, 2, true);
    has(&f.script, "set logscale x");
    has(&f.script, "'0.1' 0.1");
    has(&f.script, "'10' 10");
    rg_figure_clear(&f);
    p[0].x = about(0, 0); /* a zero has no logarithm */
    scatter(&f, p, 2, true);
    has_not(&f.script, "set logscale x");
    rg_figure_clear(&f);
}

/* ---- texts ---- */

static void
bars(struct rg_figure *out, const char *label, const char *title)
{
    const char *const rows[] = {label, "b"};
    static const char *const parts[] = {"p", "never"};
    static const double value[] = {1, 0, 2, 0};

    rg_figure_bars(out, "b",
                   &(struct rg_figure_bars){.title = title,
                                            .x = {.label = "x"},
                                            .row = {NULL, rows, 2},
                                            .part = {NULL, parts, 2},
                                            .value = value});
}

static void
test_harmless_texts(void **state)
{
    struct rg_figure f = {0};

    (void)state;
    bars(&f, "it's '; system(\"rm\") `id` #", "100%\n_^~\\{}$&");
    has(&f.script, " : 'it''s ''; system(\"rm\") `id` #'\n");
    has(&f.script, "tex ? '100\\% \\_\\textasciicircum{}\\textasciitilde{}\\textbackslash{}\\{\\}"
                   "\\$\\&' : '100% _^~\\{}$&'\n");
    rg_figure_clear(&f);
    bars(&f, "5% x", "t");
    has(&f.script, "F[1] = tex ? '5\\%% x' : '5%% x'\n");
    rg_figure_clear(&f);
}

static void
test_parts_that_nobody_has(void **state)
{
    struct rg_figure f = {0};

    (void)state;
    bars(&f, "a", "t");
    has(&f.data, "# p\n1 0 1\n0 0 2\n");
    has(&f.script, "'p'");
    has_not(&f.script, "'never'");
    rg_figure_clear(&f);
}

static void
test_equal_texts(void **state)
{
    struct rg_figure a = {0}, b = {0};

    (void)state;
    bars(&a, "a", "t");
    bars(&b, "a", "t");
    assert_string_equal(rg_buf_text(&a.script), rg_buf_text(&b.script));
    assert_string_equal(rg_buf_text(&a.data), rg_buf_text(&b.data));
    rg_figure_clear(&a);
    rg_figure_clear(&b);
}

/* ---- the other kinds ---- */

static void
test_stacked(void **state)
{
    static const double value[] = {1, 2, 4, 3, NAN, 5};
    static const struct rg_estimate total[] = {{7, 6, 8, 3}, {8, NAN, NAN, 1}};
    struct rg_figure f = {0};

    (void)state;
    rg_figure_bars(&f, "b",
                   &(struct rg_figure_bars){.x = {.label = "ms"},
                                            .row = {NULL, routers, 2},
                                            .part = three,
                                            .value = value,
                                            .total = total});
    has(&f.data, "# slm_only\n1 0 1\n0 0 3\n");
    has(&f.data, "# llm_only\n1 1 3\n0 3 3\n");
    has(&f.data, "1 3 7\n0 3 8\n");
    has(&f.data, "# total: row value lo hi\n1 7 6 8\n");
    assert_int_equal(count_lines(f.data.data, "0 8 NaN NaN"), 0);
    rg_figure_clear(&f);
}

static void
test_dots(void **state)
{
    const struct rg_estimate value[] = {
        about(5, 1), about(6, 1), {7, -INFINITY, INFINITY, 1}, {NAN, NAN, NAN, 0}};
    struct rg_figure f = {0};

    (void)state;
    rg_figure_dots(&f, "d",
                   &(struct rg_figure_dots){.x = {.label = "x"},
                                            .row = {NULL, routers, 2},
                                            .series = {"s", routers, 2},
                                            .value = value,
                                            .line = 0});
    has(&f.data, "# slm_only\n5 1.35 4 6\n7 0.35 7 7\n");
    has(&f.data, "# llm_only\n6 0.65"); /* up to rounding */
    has(&f.data, "\nNaN -0.35 NaN NaN\n");
    has(&f.script, "set arrow from first 0, graph 0 to first 0, graph 1");
    rg_figure_clear(&f);
}

static void
test_heat(void **state)
{
    static const double value[] = {1, 2, NAN, 4, 5, 1000};
    static const char *const panel[] = {""};
    struct rg_figure f = {0};

    (void)state;
    rg_figure_heat(&f, "h",
                   &(struct rg_figure_heat){.label = "x",
                                            .row = {"r", routers, 2},
                                            .column = {"c", routers, 3},
                                            .panel = panel,
                                            .n_panels = 1,
                                            .value = value,
                                            .decimals = 1});
    has(&f.data, "0 1 1 1.0 2105376\n1 1 2 2.0 2105376\n2 1 NaN \"\" 2105376\n");
    has(&f.data, "2 0 1000 1000.0 16777215\n");
    has(&f.script, "set cbrange [1:1000]");
    rg_figure_clear(&f);
}

static void
test_lines(void **state)
{
    static const double x[] = {0, 1, 2}, y[] = {0, 50, 100};
    static const char *const panel[] = {"first", "second"};
    const struct rg_figure_line line[] = {{x, y, 3, .panel = 0, .colour = 1},
                                          {x, y, 0, .panel = 1, .colour = 2, .dash = 1}};
    struct rg_figure f = {0};

    (void)state;
    rg_figure_lines(&f, "l",
                    &(struct rg_figure_lines){.title = "T",
                                              .x = {.label = "s"},
                                              .y = {.label = "%", .percent = true},
                                              .colour = three,
                                              .panel = panel,
                                              .n_panels = 2,
                                              .line = line,
                                              .n = 2});
    has(&f.data, "# first / llm_only: x y\n0 0\n1 50\n2 100\n");
    has(&f.data, "# second / 50% & more: x y\nNaN NaN\n");
    has(&f.script, "set yrange [0:101]");
    rg_figure_clear(&f);
}

/* ---- texts that are too long ---- */

/* Where no figure leaves room for them, they lose their middle: 36 letters stay in a legend, 42 in
 * tics. Characters may be wide, or none. */
static void
test_long_texts(void **state)
{
    static const char *const names[] = {
        "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr"
        "st",
        "\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22"
        "\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff"
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff"};
    static const double x[] = {0, 1}, value[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const struct rg_estimate dots[9] = {{0}};
    const struct rg_figure_legend l = {names[0], names, 3};
    const struct rg_figure_line line = {x, x, 2, .panel = 2};
    const struct rg_figure_point p = {.x = about(1, 0), .y = about(1, 0)};
    const struct rg_figure_axis axis = {.label = names[0]};
    struct rg_figure f[5];

    (void)state;
    memset(f, 0, sizeof f);
    rg_figure_lines(&f[0], "l",
                    &(struct rg_figure_lines){.x = axis,
                                              .y = axis,
                                              .colour = l,
                                              .dash = l,
                                              .panel = names,
                                              .n_panels = 3,
                                              .line = &line,
                                              .n = 1});
    rg_figure_scatter(
        &f[1], "s",
        &(struct rg_figure_scatter){
            .x = axis, .y = axis, .colour = l, .shape = l, .fill = l, .point = &p, .n = 1});
    rg_figure_bars(&f[2], "b",
                   &(struct rg_figure_bars){.x = axis, .row = l, .part = l, .value = value});
    rg_figure_dots(
        &f[3], "d",
        &(struct rg_figure_dots){.x = axis, .row = l, .series = l, .value = dots, .line = NAN});
    rg_figure_heat(
        &f[4], "h",
        &(struct rg_figure_heat){
            .label = "x", .row = l, .column = l, .panel = names, .n_panels = 1, .value = value});
    for (size_t i = 0; i < 4; i++)
        has(&f[i].script, "'abcdefghijklmnopqrstuv...jklmnopqrst'");
    for (size_t i = 2; i < 5; i++)
        has(&f[i].script, "'abcdefghijklmnopqrstuvwxyz...hijklmnopqrst'");
    has(&f[0].script, "'\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57\u6f22..."
                      "\u5b57\u6f22\u5b57\u6f22\u5b57'");
    for (size_t i = 0; i < 5; i++)
        rg_figure_clear(&f[i]);
}

/* ---- gnuplot takes what is written ---- */

static void
write_file(const char *path, const struct rg_buf *text)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    assert_int_equal(fwrite(rg_buf_text(text), 1, text->len, out), text->len);
    assert_int_equal(fclose(out), 0);
}

static void
test_gnuplot(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char folder[512];
    struct rg_buf command = {0}, path = {0};
    struct rg_figure f = {0};

    (void)state;
    if (system("gnuplot --version 2>/dev/null | grep -Eq ' (5\\.[4-9]|[6-9])'") != 0)
        skip();
    snprintf(folder, sizeof folder, "%s/rg-figure-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    bars(&f, "it's `touch bad` \"$(touch bad)\" %d #", "100%\n\\end{document}^_~{}$&|<>");
    rg_buf_printf(&path, "%s/b.gp", folder);
    write_file(rg_buf_text(&path), &f.script);
    rg_buf_reset(&path);
    rg_buf_printf(&path, "%s/b.dat", folder);
    write_file(rg_buf_text(&path), &f.data);
    rg_buf_printf(&command,
                  "cd '%s' && for f in svg pdf png tikz; do gnuplot -d -e \"format='$f'\" b.gp || "
                  "exit 1; done && test -s b.svg -a -s b.pdf -a -s b.png -a -s b.tex -a ! -e bad "
                  "&& grep -q '\\\\textbackslash{}end\\\\{document\\\\}' b.tex && rm -r '%s'",
                  folder, folder);
    assert_int_equal(system(rg_buf_text(&command)), 0);
    rg_buf_clear(&command);
    rg_buf_clear(&path);
    rg_figure_clear(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_staircase),
        cmocka_unit_test(test_staircase_of_two_gains),
        cmocka_unit_test(test_no_limits_no_points),
        cmocka_unit_test(test_logarithm),
        cmocka_unit_test(test_harmless_texts),
        cmocka_unit_test(test_parts_that_nobody_has),
        cmocka_unit_test(test_equal_texts),
        cmocka_unit_test(test_stacked),
        cmocka_unit_test(test_dots),
        cmocka_unit_test(test_heat),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_gnuplot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
