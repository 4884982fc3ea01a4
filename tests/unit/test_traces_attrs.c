/* Attributes of a record: one canonical text for equal content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "traces/attrs.h"
#include "traces/record.h"

static void
empty(void **state)
{
    struct rg_attrs a = {0};

    (void)state;
    assert_null(rg_attrs_text(&a));
    rg_attrs_number(&a, "x", NAN);
    assert_null(rg_attrs_text(&a));
    rg_attrs_node(&a, "x", NULL);
    assert_null(rg_attrs_text(&a));
    rg_attrs_reset(&a);
    assert_null(rg_attrs_text(&a));
    rg_attrs_clear(&a);
}

static void
kinds(void **state)
{
    struct rg_attrs a = {0};

    (void)state;
    rg_attrs_string(&a, "b", "q\"\\\n\x01\xc3\xa4", 7);
    rg_attrs_number(&a, "c", 0.1);
    rg_attrs_bool(&a, "a", 1);
    rg_attrs_bool(&a, "aa", 0);
    rg_attrs_number(&a, "C", 6000);
    rg_attrs_string(&a, "", "", 0);
    assert_string_equal(rg_attrs_text(&a), "{\"\":\"\",\"C\":6000,\"a\":true,\"aa\":false,"
                                           "\"b\":\"q\\\"\\\\\\n\\u0001\xc3\xa4\",\"c\":0.1}");
    /* The text may be asked for twice, and grow in between. */
    rg_attrs_number(&a, "B", 1e300);
    assert_string_equal(rg_attrs_text(&a),
                        "{\"\":\"\",\"B\":1e+300,\"C\":6000,\"a\":true,\"aa\":false,"
                        "\"b\":\"q\\\"\\\\\\n\\u0001\xc3\xa4\",\"c\":0.1}");
    rg_attrs_reset(&a);
    rg_attrs_bool(&a, "z", 0);
    assert_string_equal(rg_attrs_text(&a), "{\"z\":false}");
    rg_attrs_clear(&a);
}

/* Objects within are sorted as well, big integers keep their digits, null at the top is absence. */
static void
nodes(void **state)
{
    static const char text[] =
        "{\"y\":{\"b\":[{\"z\":1,\"a\":null},[],{}],\"a\":9007199254740993},\"n\":null,\"k\":0.30}";
    struct rg_json doc;
    struct rg_err err;
    struct rg_attrs a = {0};

    (void)state;
    assert_int_equal(rg_json_parse(&doc, text, strlen(text), "t", 1, 0, &err), RG_OK);
    for (const cJSON *m = doc.root->child; m; m = m->next)
        rg_attrs_node(&a, m->string, m);
    assert_string_equal(
        rg_attrs_text(&a),
        "{\"k\":0.3,\"y\":{\"a\":9007199254740993,\"b\":[{\"a\":null,\"z\":1},[],{}]}}");
    rg_attrs_clear(&a);
    rg_json_clear(&doc);
}

/* Any order of adding gives the text of the sorted order, for every size up to 40 and one large. */
static void
orders(void **state)
{
    enum { MOST = 1000 };
    gsl_rng *rng = rg_rng_new(7, 0, RG_PURPOSE_TEST);
    uint32_t index[MOST];

    (void)state;
    for (unsigned n = 1; n <= MOST; n = n < 40 ? n + 1 : n * 5) {
        struct rg_attrs sorted = {0}, shuffled = {0};

        for (uint32_t i = 0; i < n; i++) {
            char key[8];

            snprintf(key, sizeof key, "k%03u", i);
            rg_attrs_number(&sorted, key, i);
            index[i] = i;
        }
        rg_rng_shuffle(rng, index, n);
        for (uint32_t i = 0; i < n; i++) {
            char key[8];

            snprintf(key, sizeof key, "k%03u", index[i]);
            rg_attrs_number(&shuffled, key, index[i]);
        }
        assert_string_equal(rg_attrs_text(&shuffled), rg_attrs_text(&sorted));
        rg_attrs_clear(&sorted);
        rg_attrs_clear(&shuffled);
    }
    gsl_rng_free(rng);
}

static void
names(void **state)
{
    (void)state;
    for (int i = 0; i < RG_N_CALL_STATUS; i++)
        assert_int_equal(rg_call_status_parse(rg_call_status_name((enum rg_call_status)i)), i);
    for (int i = 0; i <= RG_TIER_LLM; i++)
        assert_int_equal(rg_tier_parse(rg_tier_name((enum rg_tier)i)), i);
    assert_int_equal(rg_call_status_parse("OK"), -1);
    assert_int_equal(rg_call_status_parse(""), -1);
    assert_int_equal(rg_tier_parse("slm "), -1);
    assert_string_equal(rg_call_status_name(RG_CALL_RATE_LIMITED), "rate_limited");
    assert_int_equal(rg_tier_parse("slm"), RG_TIER_SLM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),  cmocka_unit_test(kinds), cmocka_unit_test(nodes),
        cmocka_unit_test(orders), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests_name("traces_attrs", tests, NULL, NULL);
}
