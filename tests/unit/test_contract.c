/* Labels, coercion, verdicts and signals; the built-in ticket schema against a check by hand, on
 * good, bad and bundled answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/contract/coerce.h"
#include "replay/contract/contract.h"
#include "replay/contract/label.h"
#include "tests/unit/base_temp.h"

#define BIT(step) RG_STEP_BIT(RG_STEP_##step)

static const char *const labels[] = {
    "Access",           "Administrative rights", "HR Support", "Hardware",
    "Internal Project", "Miscellaneous",         "Purchase",   "Storage",
};
enum { LABELS = 8, NONE = -1 };

/* ---- labels ---- */
static void
labels_are_found_by_whole_words(void **state)
{
    static const struct {
        const char *text;
        int label;
        uint32_t step;
    } cases[] = {
        {"Hardware", 3, 0},
        {"hardware", 3, BIT(LABEL_CASE)},
        {" HR_support. ", 2, BIT(LABEL_CASE)},
        {"administrative-RIGHTS", 1, BIT(LABEL_CASE)},
        {"Category: Storage", 7, BIT(LABEL_WORDS)},
        {"Hardware / Purchase", NONE, 0},
        {"storage (storage)", 7, BIT(LABEL_WORDS)},
        {"it support", NONE, 0}, /* "po" is part of a word */
        {"a new po", 6, BIT(LABEL_SYNONYMS)},
        {"VPN login", 0, BIT(LABEL_SYNONYMS)},
        {"vpn on the laptop", NONE, 0},
        {"purchase order", 6, BIT(LABEL_WORDS)},
        {"inaccessible", NONE, 0},
        {"", NONE, 0},
        {"...", NONE, 0},
        {"unknown", NONE, 0},
    };
    struct rg_labels *l = rg_labels_new(labels, LABELS);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t done = 0, found = rg_labels_find(l, cases[i].text, RG_STEPS_ALL, &done);

        if (found != (uint32_t)cases[i].label || done != cases[i].step)
            fail_msg("%s: %d, step %x", cases[i].text, (int)found, done);
        done = 0;
        found = rg_labels_find(l, cases[i].text, RG_STEPS_ALL & ~cases[i].step, &done);
        if (cases[i].step == BIT(LABEL_SYNONYMS))
            assert_int_equal(found, RG_NAMES_NONE);
        found = rg_labels_find(l, cases[i].text, 0, &done);
        assert_int_equal(found, i == 0 ? 3 : RG_NAMES_NONE);
    }
    rg_labels_free(l);
    rg_labels_free(NULL);
}

static void
labels_within_labels_do_not_count(void **state)
{
    static const char *const names[] = {"Storage", "Storage quota", "x", "X", "x"};
    struct rg_labels *l = rg_labels_new(names, 5);
    uint32_t done = 0;
    char text[RG_LABEL_MAX + 20];

    (void)state;
    assert_int_equal(rg_labels_find(l, "a storage quota?", RG_STEPS_ALL, &done), 1);
    assert_int_equal(rg_labels_find(l, "storage and storage quota", RG_STEPS_ALL, &done),
                     RG_NAMES_NONE);
    assert_int_equal(rg_labels_find(l, "x", RG_STEPS_ALL, &done), 2);
    assert_int_equal(rg_labels_find(l, "X", RG_STEPS_ALL, &done), 3);
    assert_int_equal(rg_labels_find(l, "x!", RG_STEPS_ALL, &done), RG_NAMES_NONE);
    memset(text, ' ', sizeof text);
    memcpy(text, "storage", 7);
    text[RG_LABEL_MAX] = '\0';
    assert_int_equal(rg_labels_find(l, text, RG_STEPS_ALL, &done), 0);
    text[RG_LABEL_MAX] = ' ';
    text[RG_LABEL_MAX + 1] = '\0';
    assert_int_equal(rg_labels_find(l, text, RG_STEPS_ALL, &done), RG_NAMES_NONE);
    rg_labels_free(l);
    l = rg_labels_new(NULL, 0);
    assert_int_equal(rg_labels_find(l, "x", RG_STEPS_ALL, &done), RG_NAMES_NONE);
    rg_labels_free(l);
}

/* ---- rules of a schema of one's own ---- */
static struct rg_contract_rules *
rules_of(const char *schema, const struct rg_contract_options *how)
{
    char path[TEMP_PATH];
    struct rg_contract_rules *r;
    struct rg_err err;

    temp_write(path, schema, strlen(schema));
    if (rg_contract_rules_open(&r, path, how, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(path);
    return r;
}

static struct rg_contract_rules *
built_in(const char *name, uint32_t steps)
{
    const struct rg_contract_options how = {.steps = steps};
    struct rg_contract_rules *r;
    struct rg_err err;

    assert_int_equal(rg_contract_rules_open(&r, name, &how, &err), RG_OK);
    return r;
}

static const char many[] =
    "{\"type\": \"object\", \"properties\": {"
    "\"n\": {\"type\": \"number\"}, \"i\": {\"type\": \"integer\"}, \"b\": {\"type\": \"boolean\"},"
    "\"s\": {\"type\": \"string\"}, \"l\": {\"type\": \"array\", \"items\": {\"type\": "
    "\"string\"}},"
    "\"sn\": {\"type\": [\"string\", \"null\"]}, \"e\": {\"enum\": [\"Low\", \"High\"]},"
    "\"d\": {\"type\": \"array\", \"items\": {\"type\": \"object\", \"properties\": "
    "{\"x/~y\": {\"type\": \"integer\"}}}}}}";

static void
values_become_what_is_expected(void **state)
{
    static const struct {
        const char *text, *json;
        uint32_t steps;
        bool valid;
    } cases[] = {
        {"{\"n\":\"12.50\"}", "{\"n\":12.5}", BIT(TO_NUMBER), true},
        {"{\"n\":\" -3 \"}", "{\"n\":-3}", BIT(TO_NUMBER), true},
        {"{\"n\":\"12 people\"}", "{\"n\":\"12 people\"}", 0, false},
        {"{\"n\":\"nan\"}", "{\"n\":\"nan\"}", 0, false},
        {"{\"i\":\"7\"}", "{\"i\":7}", BIT(TO_NUMBER), true},
        {"{\"i\":\"7.5\"}", "{\"i\":\"7.5\"}", 0, false},
        {"{\"i\":\"9007199254740993\"}", "{\"i\":\"9007199254740993\"}", 0, false},
        {"{\"i\":7.5}", "{\"i\":7.5}", 0, false},
        {"{\"b\":\"True\"}", "{\"b\":true}", BIT(TO_BOOLEAN), true},
        {"{\"b\":\"no\"}", "{\"b\":false}", BIT(TO_BOOLEAN), true},
        {"{\"b\":1}", "{\"b\":1}", 0, false},
        {"{\"b\":\"nope\"}", "{\"b\":\"nope\"}", 0, false},
        {"{\"s\":5}", "{\"s\":\"5\"}", BIT(TO_STRING), true},
        {"{\"s\":12345678901234567890}", "{\"s\":\"12345678901234567890\"}", BIT(TO_STRING), true},
        {"{\"s\":false}", "{\"s\":\"false\"}", BIT(TO_STRING), true},
        {"{\"s\":null}", "{\"s\":null}", 0, false},
        {"{\"sn\":1}", "{\"sn\":\"1\"}", BIT(TO_STRING), true},
        {"{\"l\":\"one\"}", "{\"l\":[\"one\"]}", BIT(TO_LIST), true},
        {"{\"l\":1}", "{\"l\":[\"1\"]}", BIT(TO_LIST) | BIT(TO_STRING), true},
        {"{\"l\":[1,\"b\",true]}", "{\"l\":[\"1\",\"b\",\"true\"]}", BIT(TO_STRING), true},
        {"{\"l\":null}", "{\"l\":null}", 0, false},
        {"{\"d\":{\"x/~y\":\"4\"}}", "{\"d\":[{\"x/~y\":4}]}", BIT(TO_LIST) | BIT(TO_NUMBER), true},
        {"{\"e\":\"high\"}", "{\"e\":\"High\"}", BIT(LABEL_CASE), true},
        {"{\"e\":\"very high\"}", "{\"e\":\"High\"}", BIT(LABEL_WORDS), true},
        {"{\"e\":\"high or low\"}", "{\"e\":\"high or low\"}", 0, false},
        {"{\"n\":\"1\",\"b\":\"maybe\"}", "{\"n\":1,\"b\":\"maybe\"}", BIT(TO_NUMBER), false},
    };
    const struct rg_contract_options all = {.steps = RG_STEPS_ALL};
    struct rg_contract_rules *r = rules_of(many, &all), *strict = rules_of(many, NULL);
    struct rg_contract_trial x = {0};
    struct rg_buf json = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;

        rg_contract_judge(r, text, strlen(text), &x);
        rg_buf_reset(&json);
        rg_json_put_node(&json, x.doc.root);
        if (strcmp(rg_buf_text(&json), cases[i].json) != 0 ||
            rg_verdict_steps(x.verdict) != cases[i].steps ||
            rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED) != cases[i].valid)
            fail_msg("%s: %s, steps %x", text, rg_buf_text(&json), rg_verdict_steps(x.verdict));
        assert_false(rg_verdict_has(x.verdict, RG_VERDICT_SCHEMA_RAW));
        rg_contract_judge(strict, text, strlen(text), &x);
        assert_false(rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED));
        assert_int_equal(rg_verdict_steps(x.verdict), 0);
    }
    rg_buf_clear(&json);
    rg_contract_trial_clear(&x);
    rg_contract_rules_free(r);
    rg_contract_rules_free(strict);
}

/* RFC 6901, section 5. */
static void
pointers_lead_to_nodes(void **state)
{
    static const char text[] = "{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, "
                               "\"e^f\": 3, \"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, "
                               "\"m~n\": 8}";
    static const struct {
        const char *pointer;
        double value;
    } cases[] = {
        {"/", 0},     {"/a~1b", 1}, {"/c%d", 2}, {"/e^f", 3},  {"/g|h", 4},
        {"/i\\j", 5}, {"/k\"l", 6}, {"/ ", 7},   {"/m~0n", 8},
    };
    static const char *const nowhere[] = {"/fo", "/foo/2", "/foo/x", "/foo/0/x", "foo", "/foo/"};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_json_parse(&doc, text, strlen(text), NULL, 1, 0, &err), RG_OK);
    assert_ptr_equal(rg_coerce_at(doc.root, ""), doc.root);
    assert_string_equal(rg_coerce_at(doc.root, "/foo/1")->valuestring, "baz");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(rg_coerce_at(doc.root, cases[i].pointer)->valuedouble == cases[i].value);
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        assert_null(rg_coerce_at(doc.root, nowhere[i]));
    rg_json_clear(&doc);
}

/* ---- the built-in contracts ---- */

/* The ticket contract by hand. */
static bool
has_text(const cJSON *object, const char *key)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(node) && node->valuestring[strspn(node->valuestring, " \t\r\n")] != '\0';
}

static bool
is_ticket_answer(const char *text, size_t n)
{
    const cJSON *steps, *item;
    struct rg_json doc;
    struct rg_err err;
    bool good;

    if (rg_json_parse(&doc, text, n, NULL, 1, 0, &err) != RG_OK)
        return false;
    steps = cJSON_GetObjectItemCaseSensitive(doc.root, "resolution_steps");
    good = cJSON_IsObject(doc.root) && has_text(doc.root, "final_answer") &&
           has_text(doc.root, "reasoning") && has_text(doc.root, "predicted_category") &&
           cJSON_IsArray(steps) &&
           cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(doc.root, "escalation_flags"));
    cJSON_ArrayForEach(item, steps) good = good && cJSON_IsString(item);
    rg_json_clear(&doc);
    return good;
}

/* One member at a time is left out or is something else. */
static void
the_ticket_schema_is_the_check_by_hand(void **state)
{
    static const char *const keys[] = {"final_answer", "reasoning", "predicted_category",
                                       "resolution_steps", "escalation_flags"};
    static const char *const good[] = {"\"a\"", "\"r\"", "\"c\"", "[\"s\"]", "{}"};
    static const char *const values[] = {
        NULL, "\"\"", "\" \\t\\r\\n\"", "\"\\f\"", "\" x \"",   "1",    "null", "true",
        "[]", "[1]",  "[\"a\", 2]",     "{}",      "{\"a\":1}", "[[]]", "1e30",
    };
    struct rg_contract_rules *r = built_in("ticket", 0);
    struct rg_contract_trial x = {0};
    struct rg_buf text = {0};
    unsigned accepted = 0, n = 0;

    (void)state;
    for (size_t bad = 0; bad < 5; bad++)
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            bool want;

            rg_buf_reset(&text);
            rg_buf_puts(&text, "{\"more\": 1");
            for (size_t k = 0; k < 5; k++)
                if (k != bad || values[v])
                    rg_buf_printf(&text, ", \"%s\": %s", keys[k], k == bad ? values[v] : good[k]);
            rg_buf_putc(&text, '}');
            want = is_ticket_answer(text.data, text.len);
            rg_contract_judge(r, text.data, text.len, &x);
            if (rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED) != want)
                fail_msg("%s: %d by hand", text.data, want);
            accepted += want;
            n++;
        }
    assert_int_equal(accepted, 2 * 3 + 1 + 2);
    assert_int_equal(n, 75);
    rg_buf_clear(&text);
    rg_contract_trial_clear(&x);
    rg_contract_rules_free(r);
}

#define TICKET                                                                                     \
    "{\"final_answer\":\"Reset the token, sign out and in again, then call us if it fails.\","     \
    "\"reasoning\":\"r\",\"predicted_category\":\"access\",\"resolution_steps\":[\"a\",\"b\"],"    \
    "\"escalation_flags\":{}}"

static void
flags_tell_before_and_after(void **state)
{
    enum {
        T = RG_VERDICT_TEXT,
        JR = RG_VERDICT_JSON_RAW,
        SR = RG_VERDICT_SCHEMA_RAW,
        J = RG_VERDICT_JSON,
        A = RG_VERDICT_ACCEPTED,
        B = RG_VERDICT_BLANK,
        D = RG_VERDICT_DISCLAIMER
    };
    static const struct {
        const char *text;
        unsigned strict, mended;
        uint32_t steps;
        int label;
    } cases[] = {
        {TICKET, T | JR | SR | J | A, T | JR | SR | J | A, BIT(LABEL_CASE), 0},
        {"So:\n```json\n" TICKET "\n```", T, T | J | A, BIT(FENCE) | BIT(LABEL_CASE), 0},
        {"{\"final_answer\": \"I can\xe2\x80\x99t help, as an AI.\", 'resolution_steps': 'x',}",
         T | D, T | J | D, BIT(COMMAS) | BIT(SINGLE_QUOTES) | BIT(TO_LIST), NONE},
        {"[]", T | JR | J, T | JR | J, 0, NONE},
        {"", T | B, T | B, 0, NONE},
        {"Just call the desk.", T, T, 0, NONE},
        {"{\"final_answer\": \"LLM unavailable\", \"reasoning\": \"r\", \"predicted_category\": "
         "\"Access\", \"resolution_steps\": [], \"escalation_flags\": {}}",
         T | JR | J | B, T | JR | J | B, 0, 0},
    };
    struct rg_contract_rules *strict = built_in("ticket", 0),
                             *mends = built_in("ticket", RG_STEPS_ALL);
    struct rg_contract_trial x = {0};

    (void)state;
    rg_contract_rules_labels(mends, labels, LABELS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;

        rg_contract_judge(strict, text, strlen(text), &x);
        if (x.verdict.bits != (uint32_t)cases[i].strict << 24)
            fail_msg("%s: strict %x", text, x.verdict.bits);
        assert_int_equal(x.verdict.label, RG_VERDICT_NO_LABEL);
        rg_contract_judge(mends, text, strlen(text), &x);
        if (x.verdict.bits != ((uint32_t)cases[i].mended << 24 | cases[i].steps) ||
            x.verdict.label != (uint16_t)cases[i].label)
            fail_msg("%s: mended %x, label %u", text, x.verdict.bits, x.verdict.label);
    }
    rg_contract_trial_clear(&x);
    rg_contract_rules_free(strict);
    rg_contract_rules_free(mends);
}

static void
a_label_can_be_required(void **state)
{
    struct rg_contract_options how = {.label_required = true};
    struct rg_contract_rules *r;
    struct rg_contract_trial x = {0};
    struct rg_err err;

    (void)state;
    for (int mends = 0; mends < 2; mends++) {
        how.steps = mends ? RG_STEPS_ALL : 0;
        assert_int_equal(rg_contract_rules_open(&r, "ticket", &how, &err), RG_OK);
        rg_contract_rules_labels(r, labels, LABELS);
        rg_contract_judge(r, TICKET, strlen(TICKET), &x);
        assert_int_equal(rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED), mends);
        assert_false(rg_verdict_has(x.verdict, RG_VERDICT_SCHEMA_RAW));
        rg_contract_rules_free(r);
    }
    rg_contract_trial_clear(&x);
}

/* ---- signals ---- */
static void
signals_come_from_the_answer(void **state)
{
    static const struct {
        const char *text;
        unsigned signals;
        int words, steps;
    } cases[] = {
        {TICKET, 0, 14, 2},
        {"{\"final_answer\": \"Call us\", \"resolution_steps\": []}",
         RG_SIGNAL_SHORT | RG_SIGNAL_NO_STEPS, 2, 0},
        {"{\"final_answer\": \" \\n\", \"resolution_steps\": [1]}", RG_SIGNAL_NO_ANSWER, 0, 1},
        {"{\"resolution_steps\": [1]}", RG_SIGNAL_NO_ANSWER, 0, 1},
        {"{\"final_answer\": \"one two three four five six seven eight nine ten\"}",
         RG_SIGNAL_NO_STEPS, 10, 0},
        {"Sorry, AS AN AI language model I pass on this one, dear user.",
         RG_SIGNAL_DISCLAIMER | RG_SIGNAL_NO_STEPS, 13, 0},
        {"Do this, please, and do all of it:\n1. open\n 2) close\n- wait\n\xe2\x80\xa2 call\n3 x\n"
         "-no\n*\n12",
         0, 21, 5},
        {"", RG_SIGNAL_NO_ANSWER | RG_SIGNAL_NO_STEPS, 0, 0},
        {"llm unavailable", RG_SIGNAL_NO_ANSWER | RG_SIGNAL_NO_STEPS, 2, 0},
    };
    struct rg_contract_rules *r = built_in("off", 0);
    struct rg_contract_trial x = {0};
    char *long_text = malloc(2000);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_contract_judge(r, cases[i].text, strlen(cases[i].text), &x);
        if (rg_contract_signals(x.verdict, RG_SIGNAL_SHORT_WORDS) != cases[i].signals ||
            x.verdict.words != cases[i].words || x.verdict.steps != cases[i].steps)
            fail_msg("%s: signals %u, %d words, %d steps", cases[i].text,
                     rg_contract_signals(x.verdict, 10), x.verdict.words, x.verdict.steps);
        assert_true(rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED));
    }
    assert_int_equal(rg_contract_signals((struct rg_verdict){.label = 0}, 10), 0);
    /* Counts stop at 255. */
    assert_non_null(long_text);
    for (size_t i = 0; i < 2000; i += 4)
        memcpy(long_text + i, "- a\n", 4);
    rg_contract_judge(r, long_text, 2000, &x);
    assert_int_equal(x.verdict.words, 255);
    assert_int_equal(x.verdict.steps, 255);
    free(long_text);
    rg_contract_trial_clear(&x);
    rg_contract_rules_free(r);
}

/* ---- what the model is told ---- */
static void
feedback_names_the_first_faults(void **state)
{
    struct rg_contract_rules *r = built_in("ticket", 0);
    struct rg_contract_trial x = {.want_faults = true};
    struct rg_buf one = {0}, all = {0};

    (void)state;
    rg_contract_judge(r, "{\"final_answer\": 1}", 19, &x);
    assert_true(x.faults.n > 2);
    rg_contract_feedback(&x, 1, &one);
    rg_contract_feedback(&x, 100, &all);
    assert_true(all.len > one.len);
    assert_non_null(strstr(rg_buf_text(&all), "- /final_answer: "));
    rg_buf_reset(&one);
    rg_contract_judge(r, "{\"a\" 1}", 7, &x);
    rg_contract_feedback(&x, 1, &one);
    assert_string_equal(rg_buf_text(&one),
                        "The answer was not accepted.\n"
                        "- 1:6: not valid JSON: no colon behind a key (found '1', expected ':')\n"
                        "Answer again, with the corrected JSON and nothing else.\n");
    assert_int_equal(rg_contract_tokens("", 0), 0);
    assert_int_equal(rg_contract_tokens("abcd\xc3\xa9", 6), 2);
    rg_buf_clear(&one);
    rg_buf_clear(&all);
    rg_contract_trial_clear(&x);
    rg_contract_rules_free(r);
}

/* ---- a trace ---- */
static const char mini[] =
    "{\"type\":\"trace\",\"version\":1}\n"
    "{\"type\":\"query\",\"id\":\"q\",\"category\":\"Access\"}\n"
    "{\"type\":\"query\",\"id\":\"r\",\"category\":\"Storage\"}\n"
    "{\"type\":\"call\",\"query\":\"q\",\"model\":\"a\",\"text\":\"{\\\"predicted_category\\\":"
    "\\\"storage\\\",}\"}\n"
    "{\"type\":\"call\",\"query\":\"q\",\"model\":\"b\",\"status\":\"invalid\",\"text\":\"{}\"}\n"
    "{\"type\":\"call\",\"query\":\"r\",\"model\":\"a\",\"status\":\"timeout\"}\n"
    "{\"type\":\"call\",\"query\":\"r\",\"model\":\"b\"}\n";

static struct rg_trace *
load(const char *text)
{
    char path[TEMP_PATH];
    struct rg_trace *t;
    struct rg_err err;

    temp_write(path, text, strlen(text));
    if (rg_trace_load(&t, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    unlink(path);
    return t;
}

static void
all_calls_of_a_trace_are_judged(void **state)
{
    static const struct {
        const char *name;
        uint32_t steps;
        int accepted[4];
    } cases[] = {
        {"off", 0, {1, 1, 1, 1}},
        {"recorded", 0, {1, 0, 0, 1}},
        {"json", 0, {0, 1, 0, 0}},
        {"json", RG_STEPS_ALL, {1, 1, 0, 0}},
        {"ticket", RG_STEPS_ALL, {0, 0, 0, 0}},
    };
    struct rg_trace *t = load(mini);
    struct rg_verdict v[4];
    uint16_t told[4];
    struct rg_err err;

    (void)state;
    assert_int_equal(t->n_calls, 4);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct rg_contract_rules *r = built_in(cases[c].name, cases[c].steps);

        rg_contract_rules_labels(r, t->categories, t->n_categories);
        assert_int_equal(rg_contract_records(t, r, v, c % 2 ? told : NULL, 3, &err), RG_OK);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(rg_verdict_has(v[i], RG_VERDICT_ACCEPTED), cases[c].accepted[i]);
            assert_int_equal(rg_verdict_has(v[i], RG_VERDICT_TEXT), i < 2);
            if (c % 2)
                assert_int_equal(told[i] > 0, i < 2 && !cases[c].accepted[i]);
            assert_int_equal(v[i].label, i == 0 && cases[c].steps ? 1 : RG_VERDICT_NO_LABEL);
        }
        rg_contract_rules_free(r);
    }
    rg_trace_close(t);
}

static void
verdicts_of_the_bundled_trace_are_those_by_hand(void **state)
{
    const char *top = getenv("abs_top_srcdir");
    char path[4096];
    struct rg_trace *t;
    struct rg_err err;
    struct rg_buf text = {0};
    uint8_t *valid;
    size_t accepted = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/traces/tickets.jsonl.gz", top ? top : ".");
    if (rg_trace_load(&t, path, NULL, &err) != RG_OK)
        fail_msg("%s", err.text);
    valid = malloc(t->n_calls);
    assert_non_null(valid);
    assert_int_equal(rg_contract_verdicts(t, RG_CONTRACT_TICKET, valid, &err), RG_OK);
    for (size_t i = 0; i < t->n_calls; i++) {
        bool want = false;

        rg_buf_reset(&text);
        if (t->calls.text[i] != 0) {
            assert_int_equal(rg_trace_text(t, t->calls.text[i], &text, &err), RG_OK);
            want = is_ticket_answer(rg_buf_text(&text), text.len);
        }
        assert_int_equal(valid[i], want);
        accepted += want;
    }
    assert_true(accepted > t->n_calls / 3);
    free(valid);
    rg_buf_clear(&text);
    rg_trace_close(t);
}

static void
bad_schemas_are_errors(void **state)
{
    struct rg_contract_rules *r = (struct rg_contract_rules *)1;
    struct rg_err err;
    char path[TEMP_PATH];

    (void)state;
    assert_int_equal(rg_contract_rules_open(&r, "no/such.json", NULL, &err), RG_ESYSTEM);
    assert_null(r);
    temp_write(path, "{\"type\": }", 10);
    assert_int_equal(rg_contract_rules_open(&r, path, NULL, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, ":1:10: not valid JSON"));
    assert_null(r);
    unlink(path);
    rg_contract_rules_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_found_by_whole_words),
        cmocka_unit_test(labels_within_labels_do_not_count),
        cmocka_unit_test(values_become_what_is_expected),
        cmocka_unit_test(pointers_lead_to_nodes),
        cmocka_unit_test(the_ticket_schema_is_the_check_by_hand),
        cmocka_unit_test(flags_tell_before_and_after),
        cmocka_unit_test(a_label_can_be_required),
        cmocka_unit_test(signals_come_from_the_answer),
        cmocka_unit_test(feedback_names_the_first_faults),
        cmocka_unit_test(all_calls_of_a_trace_are_judged),
        cmocka_unit_test(verdicts_of_the_bundled_trace_are_those_by_hand),
        cmocka_unit_test(bad_schemas_are_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
