/* Pools of candidates: against all windows counted out, and where the rule has to give way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "stats/candidates.h"

enum { QUERIES = 40, MODELS = 60 };

static double scores[QUERIES][MODELS];

static double
score(const void *ctx, size_t query, size_t model)
{
    (void)ctx;
    return scores[query][model];
}

/* Models of rising ability, their scores scattered by a fixed rule; some are missing. */
static struct rg_candidates
make(void)
{
    for (size_t i = 0; i < QUERIES; i++)
        for (size_t j = 0; j < MODELS; j++) {
            scores[i][j] = (i * 31 + j * 17 + i * j * 7) % MODELS < j ? 1 : 0;
            if ((i + j) % 23 == 0)
                scores[i][j] = NAN;
        }
    return (struct rg_candidates){QUERIES, MODELS, score, NULL};
}

static double
mean(size_t model)
{
    double sum = 0, n = 0;

    for (size_t i = 0; i < QUERIES; i++)
        if (!isnan(scores[i][model])) {
            sum += scores[i][model];
            n++;
        }
    return sum / n;
}

static double
oracle(const uint32_t *model, size_t k)
{
    double sum = 0, n = 0;

    for (size_t i = 0; i < QUERIES; i++) {
        double best = NAN;

        for (size_t j = 0; j < k; j++)
            best = fmax(best, scores[i][model[j]]);
        sum += isnan(best) ? 0 : best;
        n += !isnan(best);
    }
    return sum / n;
}

static void
windows(void **state)
{
    struct rg_candidates c = make();
    uint32_t order[MODELS], out[MODELS];
    struct rg_candidates_note note;

    (void)state;
    assert_int_equal(rg_candidates_rank(&c, order), MODELS);
    for (size_t i = 1; i < MODELS; i++)
        assert_true(mean(order[i - 1]) <= mean(order[i]));
    for (int strong = 0; strong < 2; strong++)
        for (size_t k = 1; k <= 8; k++) {
            size_t low = 0, high = MODELS, fifth, begin, found = MODELS;
            double best = -1;

            while (mean(order[low]) <= 0.1)
                low++;
            while (mean(order[high - 1]) > 0.9)
                high--;
            assert_true(low > 0 && high < MODELS); /* the rule is put to the test */
            fifth = (high - low) / 5;
            begin = strong ? high - fifth : low;
            for (size_t w = begin; w + k <= begin + fifth; w++)
                if (oracle(order + w, k) > best) {
                    best = oracle(order + w, k);
                    found = w;
                }
            assert_true(rg_candidates_choose(&c, strong ? RG_CANDIDATES_STRONG : RG_CANDIDATES_WEAK,
                                             k, 1, out, &note));
            assert_memory_equal(out, order + found, k * sizeof *out);
            assert_false(note.extremes || note.widened);
        }
}

static void
groups(void **state)
{
    struct rg_candidates c = make();
    uint32_t order[MODELS], out[MODELS], again[MODELS];
    struct rg_candidates_note note;

    (void)state;
    (void)rg_candidates_rank(&c, order);
    for (size_t k = 1; k <= 7; k++) {
        assert_true(rg_candidates_choose(&c, RG_CANDIDATES_MIXED, k, 5, out, &note));
        assert_true(rg_candidates_choose(&c, RG_CANDIDATES_MIXED, k, 5, again, &note));
        assert_memory_equal(out, again, k * sizeof *out);
        for (size_t j = 0; j < k; j++) {
            size_t at = 0;

            while (order[at] != out[j])
                at++;
            assert_true(at >= MODELS * j / k && at < MODELS * (j + 1) / k);
        }
    }
    /* With two models a group, the best of 1000 picks is the best there is. */
    c.m = 6;
    (void)rg_candidates_rank(&c, order);
    assert_true(rg_candidates_choose(&c, RG_CANDIDATES_MIXED, 3, 1, out, &note));
    for (size_t p = 0; p < 8; p++) {
        uint32_t pick[3] = {order[p & 1], order[2 + (p >> 1 & 1)], order[4 + (p >> 2)]};

        assert_true(oracle(pick, 3) <= oracle(out, 3));
    }
}

static void
few(void **state)
{
    struct rg_candidates c = make();
    struct rg_candidates_note note;
    uint32_t out[MODELS];

    (void)state;
    assert_true(rg_candidates_choose(&c, RG_CANDIDATES_STRONG, 30, 1, out, &note));
    assert_true(note.widened && !note.extremes);
    assert_true(rg_candidates_choose(&c, RG_CANDIDATES_STRONG, MODELS, 1, out, &note));
    assert_true(note.widened && note.extremes);
    assert_false(rg_candidates_choose(&c, RG_CANDIDATES_WEAK, MODELS + 1, 1, out, &note));
    assert_false(rg_candidates_choose(&c, RG_CANDIDATES_MIXED, 0, 1, out, &note));
    /* A model without any score is no candidate. */
    for (size_t i = 0; i < QUERIES; i++)
        scores[i][MODELS - 1] = NAN;
    assert_false(rg_candidates_choose(&c, RG_CANDIDATES_MIXED, MODELS, 1, out, &note));
    c.n = 0;
    assert_false(rg_candidates_choose(&c, RG_CANDIDATES_WEAK, 1, 1, out, &note));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows),
        cmocka_unit_test(groups),
        cmocka_unit_test(few),
    };

    return cmocka_run_group_tests_name("pools of candidates", tests, NULL, NULL);
}
