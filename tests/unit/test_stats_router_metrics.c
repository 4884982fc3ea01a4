/* Reference numbers were computed in Python from the data of the projects named, by programs that
 * print the same as the projects' own (tests/unit/test_stats_router_data.c reads such data). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/router_metrics.h"
#include "tests/unit/points.h"

/* ---- LLMRouterBench ---- */

static void
gains(void **state)
{
    static const double score[] = {60, 30, 90, NAN, 50}, base[] = {40, 40, 45, 50, 0};
    struct rg_router_metrics_ratio r = rg_router_metrics_gain(score, base, 5);

    (void)state;
    points_near(r.mean_of_ratios, (0.5 - 0.25 + 1) / 3, 1e-15);
    points_near(r.ratio_of_means, 230.0 / 125 - 1, 1e-15);
    assert_int_equal(r.used, 3);
    assert_int_equal(r.skipped, 2);
    r = rg_router_metrics_gap(score, base, 3);
    points_near(r.mean_of_ratios, -1.25 / 3, 1e-15);
    points_near(r.ratio_of_means, 1 - 180.0 / 125, 1e-14);
    r = rg_router_metrics_gap(base, base, 3);
    assert_true(r.mean_of_ratios == 0 && !signbit(r.mean_of_ratios) && r.ratio_of_means == 0);
    r = rg_router_metrics_gain(NULL, NULL, 0);
    assert_true(isnan(r.mean_of_ratios) && isnan(r.ratio_of_means) && r.used == 0);
}

static void
performance_and_cost(void **state)
{
    static const double score[] = {60, 66, 68, NAN}, cost[] = {7, 120, 150, 1};

    (void)state;
    points_near(rg_router_metrics_perf_gain(score, 4, 66), 68.0 / 66 - 1, 1e-15);
    assert_true(rg_router_metrics_perf_gain(score, 2, 66) == 0);
    assert_true(isnan(rg_router_metrics_perf_gain(score, 0, 66)) &&
                isnan(rg_router_metrics_perf_gain(score, 1, 0)));
    points_near(rg_router_metrics_cost_save(score, cost, 4, 66, 125), 1 - 120 / 125.0, 1e-14);
    points_near(rg_router_metrics_cost_save(score, cost, 4, 67, 125), 1 - 150 / 125.0, 1e-14);
    assert_true(isnan(rg_router_metrics_cost_save(score, cost, 4, 69, 125)));
    assert_true(isnan(rg_router_metrics_cost_save(score, cost, 0, 0, 125)));
    assert_true(isnan(rg_router_metrics_cost_save(score, cost, 4, 66, 0)));
}

static void
pareto_distance(void **state)
{
    /* Scaled: (0, 0), (0.5, 1) are the front; (1, 0.5) and (0.25, 0) are off it. */
    static const double cost[] = {10, 15, 20, 12.5, 10}, score[] = {1, 3, 2, 1, 1};
    static const size_t own[] = {2, 3, 1, 4};

    (void)state;
    points_near(rg_router_metrics_pareto_dist(cost, score, 5, own, 1), 0.5 + 0.5, 1e-15);
    points_near(rg_router_metrics_pareto_dist(cost, score, 5, own, 2), (1 + 0.25) / 2, 1e-15);
    points_near(rg_router_metrics_pareto_dist(cost, score, 5, own, 4), 1.25 / 4,
                1e-15); /* equals count */
    assert_true(rg_router_metrics_pareto_dist(cost, score, 5, own + 2, 2) == 0);
    assert_true(isnan(rg_router_metrics_pareto_dist(cost, score, 5, own, 0)));
    static const double level[] = {1, 1, 1}, up[] = {1, 2, 3}, odd[] = {1, INFINITY, NAN};
    static const size_t each[] = {0, 1, 2};
    points_near(rg_router_metrics_pareto_dist(level, up, 3, each, 3), 0.5,
                1e-15); /* no range in cost */
    assert_true(rg_router_metrics_pareto_dist(level, level, 3, each, 3) == 0);
    assert_true(rg_router_metrics_pareto_dist(odd, up, 3, each, 1) == 0);
    assert_true(isnan(rg_router_metrics_pareto_dist(odd, up, 3, each + 1, 1)));
    assert_true(isnan(rg_router_metrics_pareto_dist(odd, up, 3, each + 2, 1)));
}

/* ---- RouterBench: 11 models and kNN (k = 5) at 6 distinct points, MBPP, test part ---- */

static void
aiq(void **state)
{
    static const double cost[] = {
        0.043024,  0.062090400000000004, 0.5227919999999999, 0.739512,  1.20084,
        0.0371115, 0.021923400000000003, 0.030708,           0.0104826, 0.02026136,
        0.0062112};
    static const double quality[] = {0.6875,    0.625,     0.609375, 0.640625, 0.6875,   0.375,
                                     0.5390625, 0.4140625, 0.390625, 0.515625, 0.3828125};
    static const double knn_cost[] = {
        0.0062112,   0.007970399999999999, 0.023834655999999996, 0.058151456000000004,
        0.249446264, 0.249900876};
    static const double knn_quality[] = {0.3828125, 0.3984375, 0.5390625,
                                         0.5703125, 0.578125,  0.5859375};
    struct rg_router_metrics_aiq zero = rg_router_metrics_aiq(cost, quality, 11, 1.20084);
    struct rg_router_metrics_aiq knn = rg_router_metrics_aiq(knn_cost, knn_quality, 6, 1.20084), r;

    (void)state;
    points_near(zero.as_coded, 0.6796754309743597, 1e-12);
    points_near(zero.as_published, 0.6832092483717537, 1e-12);
    points_near(knn.as_coded, 0.5789319841996019, 1e-12);
    points_near(knn.as_published, 0.5819420090209193, 1e-12);
    r = rg_router_metrics_aiq(cost, quality, 1, 1); /* one point: its level */
    points_near(r.as_published, 0.6875, 1e-15);
    r = rg_router_metrics_aiq(cost, quality, 1, 0.01); /* x_max before it */
    assert_true(isnan(r.as_coded) && isnan(r.as_published));
    r = rg_router_metrics_aiq(cost, quality, 0, 1);
    assert_true(isnan(r.as_coded) && isnan(r.as_published));
    r = rg_router_metrics_aiq(cost, quality, 1, cost[0]); /* nothing to average over */
    assert_true(r.as_coded == 0 && isnan(r.as_published));
}

/* ---- RouteLLM: GSM8K, 1307 decontaminated rows ---- */

static const double WEAK = 63.733741392501905, STRONG = 85.76893649579189;

static void
routellm(void **state)
{
    /* Win rate = (bytes of the prompt + CRC) / (most bytes + 1), thresholds 0, .1, .. quantiles. */
    static const double share[] = {100.0,
                                   89.9770466717674,
                                   79.95409334353482,
                                   70.00765110941086,
                                   59.984697781178276,
                                   50.03825554705432,
                                   40.01530221882173,
                                   29.992348890589138,
                                   20.04590665646519,
                                   10.022953328232594,
                                   0.0};
    static const double quality[] = {85.76893649579189, 84.6212700841622,  83.47360367253252,
                                     82.09640397857689, 80.1071155317521,  77.73527161438409,
                                     75.51644988523336, 73.06809487375669, 69.85462892119358,
                                     67.94185156847743, 63.733741392501905};
    static const double cpt[][2] = {
        {0.2, 11.065340474368735}, {0.5, 36.88312930374903}, {0.8, 66.3068683420635}};

    (void)state;
    points_near(rg_router_metrics_apgr(share, quality, 11, WEAK, STRONG), 0.5981799392161863,
                1e-12);
    for (size_t i = 0; i < 3; i++) {
        struct rg_router_metrics_cpt r =
            rg_router_metrics_cpt(share, quality, 11, WEAK, STRONG, cpt[i][0]);

        points_near(r.as_coded, cpt[i][1], 1e-12);
        points_near(r.as_reached, cpt[i][1], 1e-12); /* this curve ascends */
    }
    assert_true(rg_router_metrics_pgr(WEAK, WEAK, STRONG) == 0 &&
                rg_router_metrics_pgr(STRONG, WEAK, STRONG) == 1);
    assert_true(isnan(rg_router_metrics_pgr(1, 2, 2)));
}

/* The best curve there is, at 0, 10, .. 100 % strong calls, exceeds 1. */
static void
optimal_curve(void **state)
{
    double share[11], quality[11];

    (void)state;
    for (size_t i = 0; i < 11; i++) {
        share[i] = 10 * (double)i;
        quality[i] = fmin(WEAK + share[i], 92.96097934200459);
    }
    points_near(rg_router_metrics_apgr(share, quality, 11, WEAK, STRONG), 1.130937500000001, 1e-12);
}

/* ys of the first: repr(np.interp(w, ys, range(13))) for w as below, NumPy 1.24.2. */
static void
cpt_as_numpy(void **state)
{
    static const double y[] = {0.5,  0.4, 0.6,  0.55, 0.7,  0.65, 0.8,
                               0.75, 0.7, 0.85, 0.9,  0.95, 1.0};
    static const double known[][2] = {{0.45, 0.0},
                                      {0.5, 1.5},
                                      {0.58, 1.9},
                                      {0.66, 3.7333333333333334},
                                      {0.72, 5.466666666666666},
                                      {0.78, 5.866666666666666},
                                      {0.9, 10.0},
                                      {1.2, 12.0},
                                      {0.3, 0.0}};
    /* np.interp(w, [.4, .5, .45, .6], range(4)) */
    static const double few[] = {0.4, 0.5, 0.45, 0.6};
    static const double known_few[][2] = {{0.42, 0.19999999999999965},
                                          {0.45, 0.5},
                                          {0.5, 2.3333333333333335},
                                          {0.58, 2.8666666666666663}};
    double x[13];

    (void)state;
    for (size_t i = 0; i < 13; i++)
        x[i] = (double)i;
    for (size_t i = 0; i < 9; i++)
        points_near(rg_router_metrics_cpt(x, y, 13, 0, 1, known[i][0]).as_coded, known[i][1],
                    1e-14);
    for (size_t i = 0; i < 4; i++)
        points_near(rg_router_metrics_cpt(x, few, 4, 0, 1, known_few[i][0]).as_coded,
                    known_few[i][1], 1e-14);
    assert_true(rg_router_metrics_cpt(x, y, 13, 0, 1, 0.5).as_reached == 0); /* at once */
    points_near(rg_router_metrics_cpt(x, y, 13, 0, 1, 0.58).as_reached, 1.9, 1e-14);
    points_near(rg_router_metrics_cpt(x, y, 13, 0, 1, 0.66).as_reached, 3 + 11.0 / 15, 1e-14);
    assert_true(isnan(rg_router_metrics_cpt(x, y, 13, 0, 1, 1.2).as_reached));
}

static void
routellm_degenerate(void **state)
{
    static const double x[] = {0, 50, 50, 100}, y[] = {1, 2, 3, 4}, nan[] = {1, NAN, 1, 1};

    (void)state;
    assert_true(isnan(rg_router_metrics_apgr(x, y, 0, 0, 1)));
    assert_true(isnan(rg_router_metrics_apgr(x, y, 1, 0, 1))); /* no range */
    assert_true(isnan(rg_router_metrics_apgr(x, y, 4, 1, 1))); /* no gap */
    assert_true(isnan(rg_router_metrics_apgr(x, nan, 4, 0, 1)));
    points_near(rg_router_metrics_apgr(x, y, 4, 1, 4), (75 + 175 - 100) / 300.0, 1e-15);
    assert_true(rg_router_metrics_cpt(x, y, 1, 0, 1, 0.5).as_coded == 0);
    assert_true(isnan(rg_router_metrics_cpt(x, y, 0, 0, 1, 0.5).as_coded));
    assert_true(isnan(rg_router_metrics_cpt(x, nan, 4, 0, 1, 0.5).as_reached));
    assert_true(isnan(rg_router_metrics_cpt(x, y, 4, NAN, 1, 0.5).as_coded));
}

/* ---- RouterArena: 809 rows, and the project's own function on a grid ---- */

static void
arena(void **state)
{
    static const struct {
        double accuracy, usd, expected;
    } known[] = {
        {0.5233560759175242, 0.1759916563658838, 0.5331586710662672},   /* Claude 3 Haiku */
        {0.6901193045257853, 0.047490729295426456, 0.697292501353509},  /* Gemini 2.0 Flash */
        {0.6067376902216547, 0.11174119283065514, 0.6140638469567448},  /* random */
        {0.7407726511410867, 0.056782818294190344, 0.7426114742631813}, /* oracle */
        {0.25, 0.0044, 0.26829268292682934},
        {1, 0.0044, 1},
        {0.5, 0.01, 0.5217499005413305},
        {0.75, 1, 0.716264254886406},
        {0.25, 10, 0.25240985207702676},
        {1, 100, 0.4318444118487427},
        {0.5, 200, 0},
    };
    bool clamped;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        points_near(rg_router_metrics_arena(known[i].accuracy, known[i].usd, &clamped),
                    known[i].expected, 1e-12);
        assert_false(clamped);
    }
    points_near(rg_router_metrics_arena(0.25, 0, &clamped), 0.26829268292682934, 1e-12);
    assert_true(clamped);
    assert_true(rg_router_metrics_arena(0.5, 1000, &clamped) == 0 && clamped);
    assert_true(rg_router_metrics_arena(-0.1, 1, &clamped) == 0 && clamped);
    assert_true(rg_router_metrics_arena(0, 200, NULL) == 0);
    assert_true(isnan(rg_router_metrics_arena(NAN, 1, &clamped)) && !clamped);
    assert_true(isnan(rg_router_metrics_arena(0.5, NAN, NULL)));
}

/* ---- RouterEval ---- */

static void
routereval(void **state)
{
    static const double y[] = {1, 0, 0.5, 0, 0, 0, NAN, 1, 0.5, 0.2, 0.4, 0.4};
    static const uint32_t pick[] = {0, 2, 0, 1};
    /* scipy.stats.entropy(row, base=2), SciPy 1.10.1, mean of the rows: 1.1988131148903385 */
    static const double p[] = {.5, .25, .125, .125, 1, 0, 0, 0, .1, .2, .3, .4};

    (void)state;
    points_near(rg_router_metrics_mean_picked(y, 4, 3, pick), 1.4 / 3, 1e-15);
    points_near(rg_router_metrics_best_single(y, 4, 3), 1.2 / 3, 1e-15);
    points_near(rg_router_metrics_relative(0.46, rg_router_metrics_reference_accuracy("gsm8k")),
                0.5, 1e-15);
    assert_true(isnan(rg_router_metrics_reference_accuracy("gsm9k")));
    assert_true(isnan(rg_router_metrics_relative(0.5, 0)));
    points_near(rg_router_metrics_entropy(p, 3, 4, 1e-10), 1.1988131148903385, 1e-14);
    assert_true(rg_router_metrics_entropy(p + 4, 1, 4, 1e-10) == 0);
    assert_false(signbit(rg_router_metrics_entropy(p + 4, 1, 4, 1e-10)));
    points_near(rg_router_metrics_entropy(p + 8, 1, 4, 0.15),
                0.2 * log2(5) + 0.3 * log2(10 / 3.0) + 0.4 * log2(2.5), 1e-14);
    assert_true(isnan(rg_router_metrics_entropy(p, 0, 4, 0)));
    assert_true(isnan(rg_router_metrics_mean_picked(y, 0, 3, pick)));
    assert_true(isnan(rg_router_metrics_best_single(y, 0, 3)));
}

static void
partial_oracle(void **state)
{
    static const double y[] = {1, 0.5, 0, 0.5, 0, 0, 0, 0};
    struct rg_router_metrics_partial_oracle r = rg_router_metrics_partial_oracle(y, 2, 4, 0);

    (void)state;
    points_near(r.mean, 0.25, 1e-15);
    points_near(r.entropy, 2, 1e-15); /* log2 m */
    r = rg_router_metrics_partial_oracle(y, 2, 4, 1);
    points_near(r.mean, 0.5, 1e-15);
    points_near(r.entropy, (1.5 + 2) / 2, 1e-15); /* (1/2, 1/4, 0, 1/4), and none right */
    r = rg_router_metrics_partial_oracle(y, 2, 4, 0.5);
    points_near(r.mean, 0.375, 1e-15);
    r = rg_router_metrics_partial_oracle(y, 2, 4, 0.9); /* .475, .25, .025, .25; even */
    points_near(r.entropy, (1 - 0.475 * log2(0.475) - 0.025 * log2(0.025) + 2) / 2, 1e-14);
    r = rg_router_metrics_partial_oracle(y, 0, 4, 0.5);
    assert_true(isnan(r.mean) && isnan(r.entropy));
}

/* AUC and the optimal curve of the same data: 92, 382, 94 and 739 rows on which neither, only the
 * strong, only the weak and both models are right. */
static void
area_and_optimum(void **state)
{
    static double weak[1307], strong[1307], room[1307], share[11], quality[11];
    static const double at[] = {63.733741392501905, 73.73374139250191, 83.73374139250191,
                                92.96097934200459};
    static const double none[] = {0.5, 0.5, 0.25, 0};

    (void)state;
    for (size_t i = 0; i < 1307; i++) {
        strong[i] = (i >= 92 && i < 92 + 382) || i >= 92 + 382 + 94;
        weak[i] = i >= 92 + 382;
    }
    for (size_t k = 0; k < 11; k++) {
        share[k] = 10 * (double)k;
        quality[k] =
            100 * rg_router_metrics_optimal(weak, strong, 1307, 1307 * (double)k / 10, room);
        points_near(quality[k], at[k < 3 ? k : 3], 1e-12);
    }
    points_near(rg_router_metrics_auc(share, quality, 11), 88.65416985462895, 1e-12);
    points_near(rg_router_metrics_apgr(share, quality, 11, WEAK, STRONG), 1.1309375, 1e-12);
    /* Graded scores: the greatest gains first, half a call is worth half of its gain, losses never.
     */
    points_near(rg_router_metrics_optimal(none, (double[]){1, 0.25, 0.5, 0}, 4, 1.5, room),
                (1.25 + 0.5 + 0.125) / 4, 1e-15);
    points_near(rg_router_metrics_optimal(none, (double[]){1, 0.25, 0.5, 0}, 4, 4, room),
                (1.25 + 0.75) / 4, 1e-15);
    assert_true(isnan(rg_router_metrics_optimal(none, none, 0, 1, room)));
    assert_true(isnan(rg_router_metrics_auc(share, quality, 0)));
    quality[3] = NAN;
    assert_true(isnan(rg_router_metrics_auc(share, quality, 11)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gains),           cmocka_unit_test(performance_and_cost),
        cmocka_unit_test(pareto_distance), cmocka_unit_test(aiq),
        cmocka_unit_test(routellm),        cmocka_unit_test(optimal_curve),
        cmocka_unit_test(cpt_as_numpy),    cmocka_unit_test(routellm_degenerate),
        cmocka_unit_test(arena),           cmocka_unit_test(routereval),
        cmocka_unit_test(partial_oracle),  cmocka_unit_test(area_and_optimum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
