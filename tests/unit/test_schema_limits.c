/* JSON Schema against what is meant to hang or to blow it up. Times are bounded generously: what is
 * wrong here takes hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "tests/unit/schema_trial.h"

enum { MANY = 1000000, SLOW = 60 /* s */ };

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static enum rg_schema_verdict
check_text(const struct rg_schema *schema, const char *text, size_t n)
{
    double begin = seconds();
    enum rg_schema_verdict verdict;
    struct rg_json doc;
    struct rg_err err = {0};

    if (rg_json_parse(&doc, text, n, "i", 1, RG_JSON_NUL, &err) != RG_OK)
        fail_msg("%s", err.text);
    verdict = rg_schema_check(schema, doc.root, NULL);
    rg_json_clear(&doc);
    assert_true(seconds() - begin < SLOW);
    return verdict;
}

static void
loops(void **state)
{
    static const char *const schemas[] = {
        "{'$ref':'#'}",
        "{'$ref':'#/$defs/a','$defs':{'a':{'$ref':'#/$defs/b'},'b':{'$ref':'#/$defs/a'}}}",
        "{'anyOf':[{'$ref':'#'},{'$ref':'#'}]}",
        "{'not':{'$ref':'#'}}",
        "{'$dynamicRef':'#x','$dynamicAnchor':'x'}",
        "{'if':{'$ref':'#'}}",
        "{'oneOf':[{'type':'string'},{'$ref':'#'},{'$ref':'#'}]}",
        "{'unevaluatedItems':{'$ref':'#'},'allOf':[{'$ref':'#'}]}",
    };
    struct rg_buf lines = {0};

    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        struct rg_schema *schema = trial_schema(schemas[i], NULL);

        rg_buf_reset(&lines);
        assert_int_equal(trial_check(schema, "[1]", &lines), RG_SCHEMA_LIMIT);
        assert_non_null(strstr(rg_buf_text(&lines), "more than 1500 schemas within one another"));
        rg_schema_free(schema);
    }
    rg_buf_clear(&lines);
}

/* A schema that doubles the work with each of its 60 definitions. */
static void
doubling(void **state)
{
    struct rg_buf text = {0}, lines = {0};
    struct rg_schema *schema;

    (void)state;
    rg_buf_puts(&text, "{'$ref':'#/$defs/a0','$defs':{");
    for (int i = 0; i < 60; i++)
        rg_buf_printf(&text, "'a%d':{'allOf':[{'$ref':'#/$defs/a%d'},{'$ref':'#/$defs/a%d'}]},", i,
                      i + 1, i + 1);
    rg_buf_puts(&text, "'a60':{'type':'null'}}}");
    schema = trial_schema(text.data, NULL);
    assert_int_equal(trial_check(schema, "null", &lines), RG_SCHEMA_LIMIT);
    assert_non_null(strstr(rg_buf_text(&lines), "the check takes more than 1001000 steps"));
    rg_schema_free(schema);
    rg_buf_clear(&text);
    rg_buf_clear(&lines);
}

static void
catastrophic_pattern(void **state)
{
    /* The second has no last character by which a failure is seen at once. */
    static const char *const schemas[] = {
        "{'pattern':'^(a+)+$'}",
        "{'pattern':'^(a|a)*[bc]$'}",
        "{'patternProperties':{'^(a+)+$':{}}}",
        "{'anyOf':[{'pattern':'^(a+)+$'},true]}",
        "{'not':{'pattern':'^(a+)+$'}}",
    };
    struct rg_buf text = {0}, lines = {0};

    (void)state;
    for (int i = 0; i < 40; i++)
        rg_buf_putc(&text, 'a');
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        struct rg_schema *schema = trial_schema(schemas[i], NULL);
        bool member = strstr(schemas[i], "patternProperties") != NULL;
        struct rg_buf instance = {0};
        double begin = seconds();

        rg_buf_reset(&lines);
        rg_buf_printf(&instance, member ? "{'%s!':1}" : "'%s!'", text.data);
        assert_int_equal(trial_check(schema, instance.data, &lines), RG_SCHEMA_LIMIT);
        assert_non_null(strstr(rg_buf_text(&lines), "takes more than 1000000 steps"));
        assert_true(seconds() - begin < SLOW);
        rg_buf_clear(&instance);
        rg_schema_free(schema);
    }
    rg_buf_clear(&text);
    rg_buf_clear(&lines);
}

/* A long subject for a pattern that needs a stack. */
static void
long_subject(void **state)
{
    struct rg_schema *schema = trial_schema("{'pattern':'^(?:(a)|(b))*$'}", NULL);
    struct rg_buf text = {0};

    (void)state;
    rg_buf_putc(&text, '"');
    for (int i = 0; i < 100000; i++)
        rg_buf_putc(&text, 'a');
    rg_buf_putc(&text, '"');
    assert_int_not_equal(check_text(schema, text.data, text.len), RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    rg_buf_clear(&text);
}

static void
unique_items(void **state)
{
    struct rg_schema *schema = trial_schema("{'uniqueItems':true}", NULL);
    struct rg_buf text = {0};

    (void)state;
    rg_buf_putc(&text, '[');
    for (int i = 0; i < MANY; i++)
        rg_buf_printf(&text, "%s%d", i > 0 ? "," : "", i);
    rg_buf_putc(&text, ']');
    assert_int_equal(check_text(schema, text.data, text.len), RG_SCHEMA_VALID);
    /* The last one is the first one again. */
    memcpy(text.data + text.len - 7, "     0]", 7);
    assert_int_equal(check_text(schema, text.data, text.len), RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    rg_buf_clear(&text);
}

/* Two large objects with their members in opposite orders. */
static void
wide_twins(void **state)
{
    struct rg_schema *schema = trial_schema("{'uniqueItems':true}", NULL);
    struct rg_buf text = {0};
    const int n = 100000;

    (void)state;
    rg_buf_puts(&text, "[1,2,3,4,5,6,7,8,{");
    for (int i = 0; i < n; i++)
        rg_buf_printf(&text, "%s\"%d\":%d", i > 0 ? "," : "", i, i);
    rg_buf_puts(&text, "},{");
    for (int i = n; i-- > 0;)
        rg_buf_printf(&text, "\"%d\":%d%s", i, i, i > 0 ? "," : "");
    rg_buf_puts(&text, "}]");
    assert_int_equal(check_text(schema, text.data, text.len), RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    rg_buf_clear(&text);
}

/* Many members, all of them known by name, by pattern or not at all. */
static void
wide_object(void **state)
{
    struct rg_schema *schema = trial_schema(
        "{'properties':{'a1':{'type':'null'}},'patternProperties':{'9$':{'type':'integer'}},"
        "'unevaluatedProperties':{'type':'integer'},'minProperties':200000}",
        NULL);
    struct rg_buf text = {0};

    (void)state;
    rg_buf_putc(&text, '{');
    for (int i = 0; i < 200000; i++)
        rg_buf_printf(&text, "%s\"b%d\":%d", i > 0 ? "," : "", i, i);
    rg_buf_putc(&text, '}');
    assert_int_equal(check_text(schema, text.data, text.len), RG_SCHEMA_VALID);
    rg_schema_free(schema);
    rg_buf_clear(&text);
}

/* 20,000 definitions, each with references to others, more than 100 anchors, a large enum. */
static void
huge_schema(void **state)
{
    const int n = 20000;
    struct rg_buf text = {0};
    struct rg_schema *schema;
    double begin = seconds();

    (void)state;
    rg_buf_puts(&text, "{'$ref':'#/$defs/d0','$defs':{");
    for (int i = 0; i < n; i++)
        rg_buf_printf(&text,
                      "'d%d':{'$anchor':'a%d','properties':{'x':{'$ref':'#/$defs/d%d'},'y%d':{"
                      "'$ref':'#a%d'}},'required':['y%d']},",
                      i, i, (i + n / 2) % n, i, (i + 1) % n, i);
    rg_buf_puts(&text, "'e':{'enum':[");
    for (int i = 0; i < n; i++)
        rg_buf_printf(&text, "%s'%d'", i > 0 ? "," : "", i);
    rg_buf_puts(&text, "]}}}");
    schema = trial_schema(text.data, NULL);
    trial_list(schema, "huge", "{'y0':{'y1':{'y2':5}}};{'x':{'y10000':1},'y0':1}", RG_SCHEMA_VALID);
    trial_list(schema, "huge", "{};{'y0':{'y1':{}}};{'x':{'y9999':1},'y0':1}", RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    rg_buf_clear(&text);
    assert_true(seconds() - begin < SLOW);
}

static void
put_times(struct rg_buf *out, const char *s, int n)
{
    while (n-- > 0)
        rg_buf_puts(out, s);
}

static void
deep(void **state)
{
    struct rg_schema *schema = trial_schema("{'items':{'allOf':[{'$ref':'#'}]}}", NULL);
    struct rg_buf text = {0};
    struct rg_json doc;
    struct rg_err err = {0};
    cJSON *root = cJSON_CreateArray();

    (void)state;
    /* As deep as the parser lets through, both as an instance and as a schema. */
    put_times(&text, "[", 256);
    put_times(&text, "]", 256);
    assert_int_equal(check_text(schema, text.data, text.len), RG_SCHEMA_VALID);
    rg_schema_free(schema);
    rg_buf_reset(&text);
    put_times(&text, "{'not':", 255);
    rg_buf_puts(&text, "{}");
    put_times(&text, "}", 255);
    schema = trial_schema(text.data, NULL);
    trial_list(schema, "deep", "1", RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    /* Deeper is an error of the parser. */
    rg_buf_reset(&text);
    put_times(&text, "[", 10000);
    assert_int_equal(rg_json_parse(&doc, text.data, text.len, "i", 1, 0, &err), RG_EINPUT);
    /* A tree that was made by hand: a limit, not a crash. */
    for (int i = 0; i < 10000; i++) {
        cJSON *outer = cJSON_CreateArray();

        cJSON_AddItemToArray(outer, root);
        root = outer;
    }
    schema = trial_schema("{'items':{'$ref':'#'}}", NULL);
    assert_int_equal(rg_schema_check(schema, root, NULL), RG_SCHEMA_LIMIT);
    rg_schema_free(schema);
    schema = trial_schema("{'enum':[1,2],'uniqueItems':true}", NULL);
    assert_int_equal(rg_schema_check(schema, root, NULL), RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    cJSON_Delete(root);
    rg_buf_clear(&text);
}

/* Long numbers and names cost what their bytes cost. */
static void
long_scalars(void **state)
{
    struct rg_schema *schema =
        trial_schema("{'items':{'multipleOf':7,'maximum':1e307},'uniqueItems':true}", NULL);
    struct rg_buf text = {0};

    (void)state;
    rg_buf_putc(&text, '[');
    for (int i = 1; i < 300; i++) {
        rg_buf_putc(&text, '7');
        put_times(&text, "0", i);
        rg_buf_putc(&text, i < 299 ? ',' : ']');
    }
    assert_int_equal(check_text(schema, text.data, text.len), RG_SCHEMA_VALID);
    rg_schema_free(schema);
    rg_buf_clear(&text);
}

/* ---- threads: a schema is constant ---- */
struct job {
    const struct rg_schema *schema;
    const cJSON *good, *bad;
    int wrong;
};

static void *
work(void *arg)
{
    struct job *job = arg;

    for (int i = 0; i < 2000; i++) {
        job->wrong += rg_schema_check(job->schema, job->good, NULL) != RG_SCHEMA_VALID;
        job->wrong += rg_schema_check(job->schema, job->bad, NULL) != RG_SCHEMA_INVALID;
    }
    return NULL;
}

static void
threads(void **state)
{
    struct rg_schema *schema = trial_schema(
        "{'items':{'pattern':'^[a-c]+$','enum':['a','b','abc','c','aa','bb','cc','dd','aaa']}}",
        NULL);
    struct rg_json good, bad;
    struct rg_err err;
    struct job jobs[4];
    pthread_t ids[4];

    (void)state;
    assert_int_equal(rg_json_parse(&good, "[\"a\",\"abc\"]", 11, "g", 1, 0, &err), RG_OK);
    assert_int_equal(rg_json_parse(&bad, "[\"a\",\"dd\"]", 10, "b", 1, 0, &err), RG_OK);
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct job){schema, good.root, bad.root, 0};
        assert_int_equal(pthread_create(&ids[i], NULL, work, &jobs[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(ids[i], NULL), 0);
        assert_int_equal(jobs[i].wrong, 0);
    }
    rg_json_clear(&good);
    rg_json_clear(&bad);
    rg_schema_free(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops),        cmocka_unit_test(doubling),
        cmocka_unit_test(long_subject), cmocka_unit_test(catastrophic_pattern),
        cmocka_unit_test(unique_items), cmocka_unit_test(wide_twins),
        cmocka_unit_test(wide_object),  cmocka_unit_test(huge_schema),
        cmocka_unit_test(deep),         cmocka_unit_test(long_scalars),
        cmocka_unit_test(threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
