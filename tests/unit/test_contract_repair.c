/* Finding and mending JSON: cases by hand, then damage done at random to random JSON, which must
 * come back as it was (cJSON's own parser and comparison are the judges). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/contract/extract.h"
#include "replay/contract/loose.h"
#include "replay/contract/repair.h"
#include "replay/contract/steps.h"

#define BIT(step) RG_STEP_BIT(RG_STEP_##step)

/* ---- repair, by hand ---- */
static const struct {
    const char *text, *json; /* NULL: cannot be mended */
    uint32_t steps;
} cases[] = {
    {"{\"a\": 1}", "{\"a\": 1}", 0},
    {" [1, 2.50, \"x\\u0041\"]\n", " [1, 2.50, \"x\\u0041\"]\n", 0},
    {"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}", BIT(BOM)},
    {"{\"a\": 1,}", "{\"a\":1}", BIT(COMMAS)},
    {"[1,,2,]", "[1,2]", BIT(COMMAS)},
    {"[,1]", "[1]", BIT(COMMAS)},
    {"[,]", "[]", BIT(COMMAS)},
    {"[1 2]", "[1,2]", BIT(MISSING_COMMAS)},
    {"{\"a\": \"x\"\n \"b\": 2}", "{\"a\":\"x\",\"b\":2}", BIT(MISSING_COMMAS)},
    {"{'a': 'it's'}", "{\"a\":\"it's\"}", BIT(SINGLE_QUOTES) | BIT(INNER_QUOTES)},
    {"{'a': 'say \"x\"', 'b': 'it\\'s'}", "{\"a\":\"say \\\"x\\\"\",\"b\":\"it's\"}",
     BIT(SINGLE_QUOTES)},
    {"{a: 1, b-c: 2, $d: 3, 4: 5}", "{\"a\":1,\"b-c\":2,\"$d\":3,\"4\":5}", BIT(BARE_KEYS)},
    {"[True, False, None, undefined, NaN]", "[true,false,null,null,null]", BIT(LITERALS)},
    {"{\"a\": 1 // one\n, # two\n /* three */ \"b\": 2}", "{\"a\":1,\"b\":2}", BIT(COMMENTS)},
    {"[\"a\nb\tc\x01\x7f\"]", "[\"a\\nb\\tc\\u0001\x7f\"]", BIT(CONTROL)},
    {"{\"a\": \"he said \"yes\" twice\"}", "{\"a\":\"he said \\\"yes\\\" twice\"}",
     BIT(INNER_QUOTES)},
    {"[\"C:\\dir \\'q\\' \\ud800 \\u0000 \\u12\"]",
     "[\"C:\\\\dir 'q' \xef\xbf\xbd \xef\xbf\xbd \\\\u12\"]", BIT(ESCAPES)},
    {"[\"\\ud83d\\ude00\",1 2]", "[\"\\ud83d\\ude00\",1,2]", BIT(MISSING_COMMAS)},
    {"[+1, .5, 1., 007, -.5]", "[1,0.5,1,7,-0.5]", BIT(NUMBERS)},
    {"[1.10, 1e5, 12345678901234567890,]", "[1.10,1e5,12345678901234567890]", BIT(COMMAS)},
    {"[\"\xff \xc3\xa9 \xed\xa0\x80\"]",
     "[\"\xef\xbf\xbd \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]", BIT(ENCODING)},
    {"{\"a\": [1, {\"b\": 2]}", "{\"a\":[1,{\"b\":2}]}", BIT(BRACKETS)},
    {"{\"a\": [1}", "{\"a\":[1]}", BIT(BRACKETS)},
    {"{\"a\": 1]}", "{\"a\":1}", BIT(BRACKETS)},
    {"{\"a\": \"x", "{\"a\":\"x\"}", BIT(TAIL)},
    {"{\"a\": \"x\\", "{\"a\":\"x\"}", BIT(TAIL)},
    {"{\"a\": \"x\\u00", "{\"a\":\"x\"}", BIT(TAIL)},
    {"{\"a\": \"x\xe2\x82", "{\"a\":\"x\"}", BIT(TAIL)},
    {"{\"a\": 1, \"b\": 12", "{\"a\":1}", BIT(TAIL)},
    {"{\"a\": 1, \"b\": tru", "{\"a\":1}", BIT(TAIL)},
    {"{\"a\": 1, \"b\": true", "{\"a\":1,\"b\":true}", BIT(TAIL)},
    {"{\"a\": 1, \"b\":", "{\"a\":1}", BIT(TAIL)},
    {"{\"a\": 1, \"b\"", "{\"a\":1}", BIT(TAIL)},
    {"{\"a\": 1, \"b", "{\"a\":1}", BIT(TAIL)},
    {"{\"a\": 1,", "{\"a\":1}", BIT(TAIL)},
    {"{\"a\": [[], {\"b\": [\"c\", \"d", "{\"a\":[[],{\"b\":[\"c\",\"d\"]}]}", BIT(TAIL)},
    {"{", "{}", BIT(TAIL)},
    {"'abc'", "\"abc\"", BIT(SINGLE_QUOTES)},
    {"None", "null", BIT(LITERALS)},
    {"", NULL, 0},
    {"  ", NULL, 0},
    {"hello", NULL, 0},
    {"{\"a\" 1}", NULL, BIT(INNER_QUOTES)},
    {"{'a': 'it's c", "{\"a\":\"it's c\"}", BIT(SINGLE_QUOTES) | BIT(INNER_QUOTES) | BIT(TAIL)},
    {"{\"a\": }", NULL, 0},
    {"{\"a\": word}", NULL, 0},
    {"{\"a\": 1} x", NULL, 0},
    {"{\"a\": 1, \"a\": 2}", NULL, 0},
    {"[1e400]", NULL, 0},
    {"[1-2]", NULL, 0},
    {"{\"a\": \"x\"\nHope this helps", NULL, BIT(MISSING_COMMAS) | BIT(BARE_KEYS)},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static void
common_damage_is_mended(void **state)
{
    struct rg_buf out = {0};

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct rg_json doc;
        uint32_t done;
        bool good =
            rg_repair(&doc, &out, cases[i].text, strlen(cases[i].text), RG_STEPS_ALL, &done);

        if (good != (cases[i].json != NULL) || done != cases[i].steps ||
            (good && strcmp(rg_buf_text(&out), cases[i].json) != 0))
            fail_msg("%s: %d, steps %x, %s", cases[i].text, good, done, rg_buf_text(&out));
        assert_int_equal(good, doc.root != NULL);
        rg_json_clear(&doc);
    }
    rg_buf_clear(&out);
}

/* What was mended needs exactly the steps that were reported. */
static void
each_step_can_be_switched_off(void **state)
{
    struct rg_buf out = {0};
    unsigned tried = 0;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct rg_json doc;
        uint32_t done;

        if (!cases[i].json)
            continue;
        assert_true(
            rg_repair(&doc, &out, cases[i].text, strlen(cases[i].text), cases[i].steps, &done));
        rg_json_clear(&doc);
        for (unsigned k = 0; k < RG_N_STEPS; k++) {
            if (!(cases[i].steps & RG_STEP_BIT(k)))
                continue;
            tried++;
            assert_false(rg_repair(&doc, &out, cases[i].text, strlen(cases[i].text),
                                   RG_STEPS_ALL & ~RG_STEP_BIT(k), &done));
            assert_null(doc.root);
        }
    }
    assert_true(tried > 30);
    rg_buf_clear(&out);
}

static void
nul_bytes_are_replaced(void **state)
{
    static const char text[] = "[\"a\0b\"]";
    struct rg_buf out = {0};
    struct rg_json doc;
    uint32_t done;

    (void)state;
    assert_true(rg_repair(&doc, &out, text, sizeof text - 1, RG_STEPS_ALL, &done));
    assert_string_equal(rg_buf_text(&out), "[\"a\xef\xbf\xbd"
                                           "b\"]");
    assert_int_equal(done, BIT(CONTROL));
    rg_json_clear(&doc);
    assert_false(rg_repair(&doc, &out, "[\0]", 3, RG_STEPS_ALL, &done));
    rg_buf_clear(&out);
}

/* ---- repair, at random ---- */
static uint64_t
draw(uint64_t *s, uint64_t n)
{
    *s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*s >> 33) % n;
}

static cJSON *
random_text(uint64_t *s)
{
    static const char *const parts[] = {"a",  "Z9", " ",   "it's", "\n", "\\", "\"q\" ",
                                        "\t", "{",  "], ", ": ",   "//", "#",  "\xc3\xa9"};
    char text[64] = "";

    for (uint64_t n = draw(s, 6); n > 0; n--)
        strcat(text, parts[draw(s, sizeof parts / sizeof parts[0])]);
    return cJSON_CreateString(text);
}

static cJSON *
random_value(uint64_t *s, unsigned depth)
{
    static const double numbers[] = {0, -1, 12, 0.5, 1e300, -2.25e-7};
    cJSON *node;
    char key[16];

    switch (draw(s, depth > 0 ? 8 : 5)) {
    case 0:
        return cJSON_CreateNumber(numbers[draw(s, 6)]);
    case 1:
        return cJSON_CreateBool((int)draw(s, 2));
    case 2:
        return cJSON_CreateNull();
    case 3:
    case 4:
        return random_text(s);
    case 5:
        node = cJSON_CreateArray();
        for (uint64_t n = draw(s, 4); n > 0; n--)
            cJSON_AddItemToArray(node, random_value(s, depth - 1));
        return node;
    default:
        node = cJSON_CreateObject();
        for (uint64_t n = draw(s, 4); n > 0; n--) {
            snprintf(key, sizeof key, "k%u_%u", (unsigned)n, (unsigned)draw(s, 50));
            cJSON_AddItemToObject(node, key, random_value(s, depth - 1));
        }
        return node;
    }
}

/* How a writer of damaged JSON writes, by chance. */
struct style {
    uint64_t seed;
    uint32_t damage; /* what it may do */
};

static bool
chance(struct style *y, uint32_t step)
{
    return (y->damage & step) && draw(&y->seed, 2) == 0;
}

static void
write_blank(struct style *y, struct rg_buf *out)
{
    static const char *const blanks[] = {"", " ", "\n", "\t "};

    rg_buf_puts(out, blanks[draw(&y->seed, 4)]);
    if (draw(&y->seed, 8) == 0 && chance(y, BIT(COMMENTS)))
        rg_buf_puts(out, draw(&y->seed, 2) ? "/* \"}, */" : "# it's {\n");
}

static void
write_text(struct style *y, struct rg_buf *out, const char *s)
{
    char quote = chance(y, BIT(SINGLE_QUOTES)) ? '\'' : '"';

    rg_buf_putc(out, quote);
    for (; *s; s++) {
        if (*s == quote || *s == '\\')
            rg_buf_printf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20 && !chance(y, BIT(CONTROL)))
            rg_buf_printf(out, "\\u%04x", *s);
        else
            rg_buf_putc(out, *s);
    }
    rg_buf_putc(out, quote);
}

static void write_value(struct style *y, struct rg_buf *out, const cJSON *node);

static void
write_items(struct style *y, struct rg_buf *out, const cJSON *node)
{
    bool object = cJSON_IsObject(node);

    rg_buf_putc(out, object ? '{' : '[');
    write_blank(y, out);
    for (const cJSON *c = node->child; c; c = c->next) {
        if (object && chance(y, BIT(BARE_KEYS)))
            rg_buf_puts(out, c->string);
        else if (object)
            write_text(y, out, c->string);
        if (object) {
            write_blank(y, out);
            rg_buf_putc(out, ':');
            write_blank(y, out);
        }
        write_value(y, out, c);
        write_blank(y, out);
        /* Without a comma, strings are told apart by the end of the line. */
        if (c->next)
            rg_buf_puts(out, chance(y, BIT(MISSING_COMMAS)) ? "\n" : ",");
        else if (chance(y, BIT(COMMAS)))
            rg_buf_putc(out, ',');
        write_blank(y, out);
    }
    rg_buf_putc(out, object ? '}' : ']');
}

static void
write_value(struct style *y, struct rg_buf *out, const cJSON *node)
{
    bool python = chance(y, BIT(LITERALS));

    if (cJSON_IsObject(node) || cJSON_IsArray(node)) {
        write_items(y, out, node);
    } else if (cJSON_IsString(node)) {
        write_text(y, out, node->valuestring);
    } else if (cJSON_IsNumber(node)) {
        if (node->valuedouble >= 0 && chance(y, BIT(NUMBERS)))
            rg_buf_putc(out, '+');
        rg_json_put_number(out, node->valuedouble);
    } else if (cJSON_IsBool(node)) {
        rg_buf_puts(out, cJSON_IsTrue(node) ? python ? "True" : "true"
                         : python           ? "False"
                                            : "false");
    } else {
        rg_buf_puts(out, python ? "None" : "null");
    }
}

static void
damage_done_at_random_is_undone(void **state)
{
    static const uint32_t kinds[] = {0,
                                     BIT(COMMAS),
                                     BIT(MISSING_COMMAS),
                                     BIT(SINGLE_QUOTES),
                                     BIT(BARE_KEYS),
                                     BIT(LITERALS),
                                     BIT(COMMENTS),
                                     BIT(CONTROL),
                                     BIT(NUMBERS),
                                     RG_STEPS_ALL};
    struct rg_buf text = {0}, out = {0}, again = {0};
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct style y = {draw(&seed, UINT32_MAX), kinds[i % 10]};
        cJSON *want = random_value(&seed, 4), *found;
        struct rg_json doc;
        uint32_t done, twice;

        rg_buf_reset(&text);
        write_value(&y, &text, want);
        if (!rg_repair(&doc, &out, rg_buf_text(&text), text.len, RG_STEPS_ALL, &done))
            fail_msg("not mended: %s", rg_buf_text(&text));
        found = cJSON_ParseWithOpts(rg_buf_text(&out), NULL, true);
        if (!found || !cJSON_Compare(want, found, true))
            fail_msg("%s\nbecame %s", rg_buf_text(&text), rg_buf_text(&out));
        assert_int_equal(done & ~y.damage, 0);
        rg_json_clear(&doc);
        assert_true(rg_repair(&doc, &again, rg_buf_text(&out), out.len, 0, &twice));
        assert_string_equal(rg_buf_text(&out), rg_buf_text(&again));
        if (done == 0)
            assert_string_equal(rg_buf_text(&out), rg_buf_text(&text));
        rg_json_clear(&doc);
        cJSON_Delete(want);
        cJSON_Delete(found);
    }
    rg_buf_clear(&text);
    rg_buf_clear(&out);
    rg_buf_clear(&again);
}

/* Is part what is left of whole when its end is cut off? *cut: something is missing already. */
static bool
is_beginning(const cJSON *part, const cJSON *whole, bool *cut)
{
    const cJSON *p, *w;

    if (*cut || (part->type & 0xff) != (whole->type & 0xff))
        return false;
    if (cJSON_IsString(part)) {
        size_t n = strlen(part->valuestring);

        *cut = n < strlen(whole->valuestring);
        return strncmp(part->valuestring, whole->valuestring, n) == 0;
    }
    if (!cJSON_IsObject(part) && !cJSON_IsArray(part))
        return cJSON_Compare(part, whole, true);
    for (p = part->child, w = whole->child; p && w; p = p->next, w = w->next)
        if ((p->string && strcmp(p->string, w->string) != 0) || !is_beginning(p, w, cut))
            return false;
    if (w)
        *cut = true;
    return !p;
}

static void
a_cut_anywhere_leaves_a_beginning(void **state)
{
    struct rg_buf text = {0}, out = {0};
    uint64_t seed = 2;

    (void)state;
    for (int i = 0; i < 600; i++) {
        struct style y = {draw(&seed, UINT32_MAX), 0};
        cJSON *want = cJSON_CreateObject();

        cJSON_AddItemToObject(want, "first", random_value(&seed, 4));
        cJSON_AddItemToObject(want, "second", random_value(&seed, 3));
        rg_buf_reset(&text);
        write_value(&y, &text, want);
        for (size_t n = 1; n < text.len; n++) {
            struct rg_json doc;
            uint32_t done;
            bool cut = false;

            /* Of the exact size, so that a sanitizer sees a look behind the end. */
            char *part = malloc(n);

            assert_non_null(part);
            memcpy(part, text.data, n);
            if (!rg_repair(&doc, &out, part, n, BIT(TAIL), &done))
                fail_msg("not mended: %.*s", (int)n, part);
            assert_int_equal(done, BIT(TAIL));
            if (!is_beginning(doc.root, want, &cut))
                fail_msg("%.*s\nbecame %s", (int)n, part, rg_buf_text(&out));
            rg_json_clear(&doc);
            free(part);
        }
        cJSON_Delete(want);
    }
    rg_buf_clear(&text);
    rg_buf_clear(&out);
}

/* ---- extraction ---- */
static const struct {
    const char *text, *found; /* NULL: nothing */
    uint32_t step;
    bool closed;
} places[] = {
    {"{\"a\":1}", "{\"a\":1}", 0, true},
    {" \xef\xbb\xbf{}", NULL, 0, false}, /* a mark is one at the very beginning alone */
    {"\xef\xbb\xbf\n{} ", "{}", 0, true},
    {"Here it is: {\"a\":1}. Bye", "{\"a\":1}", BIT(PROSE), true},
    {"```json\n{\"a\": {\"b\": 1}}\n```\nBye {now}", "{\"a\": {\"b\": 1}}", BIT(FENCE), true},
    {"```\n{'a': 1}```", "{'a': 1}", BIT(FENCE), true},
    {"```{\"a\":1}```", "{\"a\":1}", BIT(FENCE), true},
    {"```json\n{}\n```", "{}", BIT(FENCE), true},
    {"{\"p\":1} then ```json\n{\"a\":1}\n``` then {\"q\":1}", "{\"a\":1}", BIT(FENCE), true},
    {"```\n{\"a\":1}\n```\n```\n{\"b\":1}\n```", "{\"b\":1}", BIT(FENCE), true},
    {"```python\nx = {\"p\": 1}\n```\n{\"a\":1} end", "{\"a\":1}", BIT(PROSE), true},
    {"{\"a\":\"```json {}\"} !", "{\"a\":\"```json {}\"}", BIT(PROSE), true},
    {"{\"a\":1}\n{\"b\":2}", "{\"b\":2}", BIT(PROSE), true},
    {"{\"a\":1}\n{\"b\":", "{\"a\":1}", BIT(PROSE), true},
    {"use {name} and {two words} but {} {a: 1} {x}", "{a: 1}", BIT(PROSE), true},
    {"x {\"a\":\"}{\", 'b': '}', c: \"\\\"}\"} y", "{\"a\":\"}{\", 'b': '}', c: \"\\\"}\"}",
     BIT(PROSE), true},
    {"x {\"a\":1 // }\n} y", "{\"a\":1 // }\n}", BIT(PROSE), true},
    {"It's {\"a\": \"don't", "{\"a\": \"don't", BIT(PROSE), false},
    {"```json\n{\"s\": [\"a\", \"b\"\n```\nbye", "{\"s\": [\"a\", \"b\"\n", BIT(FENCE), false},
    {"{\"a\": [1}}", "{\"a\": [1}", BIT(PROSE), true},
    {"[{\"a\":1},{\"b\":2}]", "{\"b\":2}", BIT(PROSE), true},
    {"no json at all", NULL, 0, false},
    {"", NULL, 0, false},
    {"{{{{", NULL, 0, false},
};

static void
json_is_found_in_text(void **state)
{
    const struct rg_extract_options all = {RG_STEPS_EXTRACT, false, false};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *text = places[i].text, *want = places[i].found;
        struct rg_extract x;
        bool found = rg_extract(&x, text, strlen(text), &all);

        if (found != (want != NULL) || x.step != places[i].step || x.closed != places[i].closed ||
            (found && (x.end - x.start != strlen(want) ||
                       memcmp(text + x.start, want, x.end - x.start) != 0)))
            fail_msg("%s: %.*s, step %x, %d", text, (int)(x.end - x.start), text + x.start, x.step,
                     x.closed);
        if (!found)
            assert_int_equal(x.end, strlen(text));
    }
}

static void
extraction_does_what_it_is_told(void **state)
{
    static const char text[] = "{\"p\":1} ```{\"a\":1}``` {\"q\":1} ```{\"b\":1}```";
    struct rg_extract_options how = {RG_STEPS_EXTRACT, false, true};
    struct rg_extract x;

    (void)state;
    assert_true(rg_extract(&x, text, strlen(text), &how));
    assert_memory_equal(text + x.start, "{\"a\":1}", 7);
    assert_int_equal(x.found, 4);
    how.steps = BIT(PROSE);
    assert_true(rg_extract(&x, text, strlen(text), &how));
    assert_int_equal(x.start, 0);
    how.first = false;
    assert_true(rg_extract(&x, text, strlen(text), &how));
    assert_memory_equal(text + x.start, "{\"q\":1}", 7);
    how.steps = 0;
    assert_false(rg_extract(&x, text, strlen(text), &how));
    assert_true(rg_extract(&x, " {\"q\":1}\n", 9, &how));
    how = (struct rg_extract_options){RG_STEPS_EXTRACT, true, false};
    assert_true(rg_extract(&x, "so: [{\"a\":1}, 2] or", 19, &how));
    assert_int_equal(x.start, 4);
    assert_int_equal(x.end, 16);
}

/* ---- hostile sizes: each text of some megabytes within seconds, or the test times out ---- */
static void
time_is_linear(void **state)
{
    static const char *const units[] = {
        "{",          "[",        "{\"a\":",   "{a:",      "\"",   "'",           "' ", "```",
        "```{\"a\":", "/*",       "{\"a\":1}", "{'a':'",   "\\",   "{\"a\":\"\"", "#",  "}",
        "]",          "[{\"a\":", "{//\n",     "{\"\": [", "\xff", "\" \t"};
    enum { BYTES = 4 << 20 };
    const struct rg_extract_options both = {RG_STEPS_EXTRACT, true, false};
    char *text = malloc(BYTES + 16);
    struct rg_buf out = {0};

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct rg_extract x;
        struct rg_json doc;
        uint32_t done;
        size_t n = 0;

        while (n < BYTES) {
            memcpy(text + n, units[i], strlen(units[i]));
            n += strlen(units[i]);
        }
        rg_extract(&x, text, n, &both);
        assert_true(x.start <= x.end && x.end <= n);
        rg_repair(&doc, &out, text, n, RG_STEPS_ALL, &done);
        rg_json_clear(&doc);
        /* As a string that must be mended byte by byte, too. */
        memcpy(text, "[\"", 2);
        rg_repair(&doc, &out, text, n, RG_STEPS_ALL, &done);
        rg_json_clear(&doc);
    }
    free(text);
    rg_buf_clear(&out);
}

static void
nesting_has_a_limit(void **state)
{
    enum { LONG = 6 * RG_JSON_DEPTH };
    char text[2 * RG_JSON_DEPTH + 3], deep[LONG];
    struct rg_buf out = {0};

    (void)state;
    for (int depth = RG_JSON_DEPTH; depth <= RG_JSON_DEPTH + 1; depth++) {
        struct rg_json doc;
        uint32_t done;

        memset(text, '[', sizeof text);
        memset(text + depth, ']', (size_t)depth);
        assert_int_equal(rg_repair(&doc, &out, text, 2 * (size_t)depth, RG_STEPS_ALL, &done),
                         depth == RG_JSON_DEPTH);
        rg_json_clear(&doc);
    }
    /* What lies within something too deep is not found either. */
    for (size_t i = 0; i < LONG; i++)
        deep[i] = "[{\"a\":"[i % 6];
    for (int arrays = 0; arrays < 2; arrays++) {
        const struct rg_extract_options how = {RG_STEPS_EXTRACT, arrays, false};
        struct rg_extract x;

        assert_int_equal(rg_extract(&x, deep, 300, &how), true);
        assert_int_equal(rg_extract(&x, deep, LONG, &how), false);
    }
    rg_buf_clear(&out);
}

/* ---- names of steps ---- */
static void
steps_have_names(void **state)
{
    static const char *const lists[][4] = {
        {"all", NULL},
        {"all", "none"},
        {"repair", "no-tail", "fence", NULL},
        {"none", NULL},
        {"commas", "tail", "to-list", NULL},
    };
    static const uint32_t masks[] = {
        RG_STEPS_ALL,
        0,
        (RG_STEPS_REPAIR & ~BIT(TAIL)) | BIT(FENCE),
        0,
        BIT(COMMAS) | BIT(TAIL) | BIT(TO_LIST),
    };
    struct rg_buf out = {0};
    struct rg_err err;
    uint32_t steps;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        size_t n = 0;

        while (n < 4 && lists[i][n])
            n++;
        assert_int_equal(rg_steps_parse(lists[i], n, &steps, &err), RG_OK);
        assert_int_equal(steps, masks[i]);
    }
    assert_int_equal(RG_STEPS_ALL,
                     RG_STEPS_EXTRACT | RG_STEPS_REPAIR | RG_STEPS_COERCE | RG_STEPS_LABEL);
    rg_steps_print(&out, steps);
    assert_string_equal(rg_buf_text(&out), "commas, tail, to-list");
    rg_buf_clear(&out);
    assert_int_equal(rg_steps_parse((const char *const[]){"comas"}, 1, &steps, &err), RG_EUSAGE);
    assert_string_equal(err.text, "no step of a repair is called 'comas' (did you mean "
                                  "'commas'?)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_damage_is_mended),
        cmocka_unit_test(each_step_can_be_switched_off),
        cmocka_unit_test(nul_bytes_are_replaced),
        cmocka_unit_test(damage_done_at_random_is_undone),
        cmocka_unit_test(a_cut_anywhere_leaves_a_beginning),
        cmocka_unit_test(json_is_found_in_text),
        cmocka_unit_test(extraction_does_what_it_is_told),
        cmocka_unit_test(time_is_linear),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(steps_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
