/* Strict JSON: what is accepted, what is refused and where, reading by a table, writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Parses a copy that ends where the text ends, so that a sanitizer sees every read behind it. */
static enum rg_status
parse(struct rg_json *doc, const char *text, size_t n, unsigned flags, struct rg_err *err)
{
    char *copy = malloc(n > 0 ? n : 1);
    enum rg_status rc;

    assert_non_null(copy);
    memcpy(copy, text, n);
    rc = rg_json_parse(doc, copy, n, "f.json", 1, flags, err);
    if (rc) {
        assert_int_equal(rc, RG_EINPUT);
        assert_null(doc->root);
    }
    doc->text = text; /* outlives the document */
    free(copy);
    return rc;
}

static void
check_good(const char *text, size_t n, const char *want)
{
    struct rg_buf out = {0};
    struct rg_json doc;
    struct rg_err err;

    assert_int_equal(parse(&doc, text, n, 0, &err), RG_OK);
    rg_json_put_node(&out, doc.root);
    assert_string_equal(rg_buf_text(&out), want);
    rg_json_clear(&doc);
    rg_buf_clear(&out);
}

static void
check_bad(const char *text, size_t n, unsigned flags, const char *want)
{
    struct rg_json doc;
    struct rg_err err;

    assert_int_equal(parse(&doc, text, n, flags, &err), RG_EINPUT);
    assert_string_equal(err.text, want);
    rg_json_clear(&doc);
}

static void
test_good(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"0", "0"},
        {" \t\r\n-0 ", "-0"},
        {"[1,-2.50,3e2,1E-2,1e+2,0.0,0e5,-0.0]", "[1,-2.5,300,0.01,100,0,0,-0]"},
        {"true", "true"},
        {"[true , false,null]", "[true,false,null]"},
        {"\"\"", "\"\""},
        {"{}", "{}"},
        {"[]", "[]"},
        {"[[],{},[[]]]", "[[],{},[[]]]"},
        {"{\"a\":1,\"b\":{\"a\":[2,{\"a\":3}]},\"\":4}",
         "{\"a\":1,\"b\":{\"a\":[2,{\"a\":3}]},\"\":4}"},
        {"{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\u4e2d\\uD83D\\uDE00\\u001f\\u007f\"",
         "\"\\\"\\\\/\\b\\f\\n\\r\\tA\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80\\u001f\x7f\""},
        {"\"\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80\"", "\"\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80\""},
        {"{\"\\u0061\":1}", "{\"a\":1}"},
        {"9007199254740992", "9007199254740992"},
        {"-9007199254740992", "-9007199254740992"},
        {"9007199254740993", "9007199254740993"}, /* big: kept as text */
        {"[-9007199254740993,123456789012345678901234567890]",
         "[-9007199254740993,123456789012345678901234567890]"},
        {"9007199254740993.0", "9007199254740992"}, /* no integer: a double */
        {"1e300", "1e+300"},
        {"1e-400", "0"},
        {"2.2250738585072011e-308", "2.225073858507201e-308"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_good(cases[i].text, strlen(cases[i].text), cases[i].want);
}

static void
test_bad_values(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "1:1: not valid JSON: no value (found the end of the text, expected a value)"},
        {"  ", "1:3: not valid JSON: no value (found the end of the text, expected a value)"},
        {"nul", "1:1: not valid JSON: no value (found 'n', expected a value)"},
        {"NaN", "1:1: not valid JSON: no value (found 'N', expected a value)"},
        {"[-Infinity]", "1:3: not valid JSON: bad number (found 'I', expected a digit)"},
        {"+1", "1:1: not valid JSON: no value (found '+', expected a value)"},
        {".5", "1:1: not valid JSON: no value (found '.', expected a value)"},
        {"'a'", "1:1: not valid JSON: no value (found ''', expected a value)"},
        {"\xef\xbb\xbf{}", "1:1: not valid JSON: a byte order mark (expected a value)"},
        {"\xff", "1:1: not valid JSON: no value (found byte 0xff, expected a value)"},
        {"[\xc3\xa4]", "1:2: not valid JSON: no value (found '\xc3\xa4', expected a value)"},
        {"// x\n1", "1:1: not valid JSON: no value (found '/', expected a value)"},
        {"01", "1:1: not valid JSON: bad number (found a leading zero)"},
        {"-012", "1:2: not valid JSON: bad number (found a leading zero)"},
        {"1.", "1:3: not valid JSON: bad number (found the end of the text, expected a digit)"},
        {"[1.]", "1:4: not valid JSON: bad number (found ']', expected a digit)"},
        {"1e", "1:3: not valid JSON: bad number (found the end of the text, expected a digit)"},
        {"1e+x", "1:4: not valid JSON: bad number (found 'x', expected a digit)"},
        {"-", "1:2: not valid JSON: bad number (found the end of the text, expected a digit)"},
        {"0x10", "1:2: not valid JSON: text behind the value (found 'x', expected the end of the "
                 "text)"},
        {"1e400", "1:1: not valid JSON: the number is beyond the range of a double"},
        {"[0,\n -1e309]", "2:2: not valid JSON: the number is beyond the range of a double"},
        {"1 2", "1:3: not valid JSON: text behind the value (found '2', expected the end of the "
                "text)"},
        {"{}\n}", "2:1: not valid JSON: text behind the value (found '}', expected the end of the "
                  "text)"},
        {"[1,]", "1:4: not valid JSON: no value (found ']', expected a value)"},
        {"[,1]", "1:2: not valid JSON: no value (found ',', expected a value)"},
        {"[1 2]", "1:4: not valid JSON: unclosed array (found '2', expected ',' or ']')"},
        {"[1", "1:3: not valid JSON: unclosed array (found the end of the text, expected ',' or "
               "']')"},
        {"[1}", "1:3: not valid JSON: unclosed array (found '}', expected ',' or ']')"},
        {"[truefalse]", "1:6: not valid JSON: unclosed array (found 'f', expected ',' or ']')"},
        {"{", "1:2: not valid JSON: no key (found the end of the text, expected a key or '}')"},
        {"{a:1}", "1:2: not valid JSON: no key (found 'a', expected a key or '}')"},
        {"{1:1}", "1:2: not valid JSON: no key (found '1', expected a key or '}')"},
        {"{\"a\":1,}", "1:8: not valid JSON: no key (found '}', expected a key)"},
        {"{\"a\" 1}", "1:6: not valid JSON: no colon behind a key (found '1', expected ':')"},
        {"{\"a\"}", "1:5: not valid JSON: no colon behind a key (found '}', expected ':')"},
        {"{\"a\":}", "1:6: not valid JSON: no value (found '}', expected a value)"},
        {"{\"a\":1 \"b\":2}", "1:8: not valid JSON: unclosed object (found '\"', expected ',' or "
                              "'}')"},
        {"{\"a\":1]", "1:7: not valid JSON: unclosed object (found ']', expected ',' or '}')"},
        {"{\"a\":1,\n \"b\":2,\n  \"a\":3}", "3:3: not valid JSON: the key \"a\" occurs twice"},
        {"{\"a\":1,\"\\u0061\":2}", "1:8: not valid JSON: the key \"a\" occurs twice"},
        {"{\"\":1,\"\":2}", "1:7: not valid JSON: the key \"\" occurs twice"},
        {"[{\"k\":{\"k\":1,\"k\":2}}]", "1:14: not valid JSON: the key \"k\" occurs twice"},
    };
    char want[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(want, sizeof want, "f.json:%s", cases[i].want);
        check_bad(cases[i].text, strlen(cases[i].text), 0, want);
    }
    check_bad(
        "1\0", 2, 0,
        "f.json:1:2: not valid JSON: text behind the value (found byte 0x00, expected the end "
        "of the text)");
    check_bad("\0", 1, 0,
              "f.json:1:1: not valid JSON: no value (found byte 0x00, expected a value)");
}

static void
test_bad_strings(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\"", "1: not valid JSON: unclosed string"},
        {"\"abc", "1: not valid JSON: unclosed string"},
        {"\"abc\\\"", "1: not valid JSON: unclosed string"},
        {"\"ab\ncd\"", "4: not valid JSON: control character in a string (found the end of the "
                       "line, expected an escape such as \\n)"},
        {"\"a\tb\"", "3: not valid JSON: control character in a string (found byte 0x09, expected "
                     "an escape such as \\n)"},
        {"\"0123456789\x1f\"", "12: not valid JSON: control character in a string (found byte "
                               "0x1f, expected an escape such as \\n)"},
        {"\"\\x41\"", "3: not valid JSON: bad escape (found 'x', expected one of \"\\/bfnrtu)"},
        {"\"\\", "3: not valid JSON: bad escape (found the end of the text, expected one of "
                 "\"\\/bfnrtu)"},
        {"\"\\u12\"", "6: not valid JSON: bad escape (found '\"', expected four hexadecimal "
                      "digits)"},
        {"\"\\u12g4\"", "6: not valid JSON: bad escape (found 'g', expected four hexadecimal "
                        "digits)"},
        {"\"\\u", "4: not valid JSON: bad escape (found the end of the text, expected four "
                  "hexadecimal digits)"},
        {"\"a\\u0000b\"", "3: not valid JSON: \\u0000 in a string is not supported"},
        {"\"\\ud800\"", "2: not valid JSON: lone surrogate in a string (expected a pair)"},
        {"\"\\udc00\\ud800\"", "2: not valid JSON: lone surrogate in a string (expected a pair)"},
        {"\"\\ud83d\\u0041\"", "2: not valid JSON: lone surrogate in a string (expected a pair)"},
        {"\"\\ud83d\\ud83d\"", "2: not valid JSON: lone surrogate in a string (expected a pair)"},
        {"\"\\ud83d\\ude\"", "2: not valid JSON: lone surrogate in a string (expected a pair)"},
        {"\"\\ud83d", "2: not valid JSON: lone surrogate in a string (expected a pair)"},
        {"\"\xc0\x80\"", "2: not valid JSON: invalid UTF-8 (found byte 0xc0, expected UTF-8)"},
        {"\"\xed\xa0\x80\"", "2: not valid JSON: invalid UTF-8 (found byte 0xed, expected UTF-8)"},
        {"\"abcdefgh\xc3\"", "10: not valid JSON: invalid UTF-8 (found byte 0xc3, expected UTF-8)"},
        {"\"\xf0\x9f\x98", "2: not valid JSON: invalid UTF-8 (found byte 0xf0, expected UTF-8)"},
    };
    char want[256], text[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int col = (int)strtol(cases[i].want, NULL, 10);

        snprintf(want, sizeof want, "f.json:1:%s", cases[i].want);
        check_bad(cases[i].text, strlen(cases[i].text), 0, want);
        /* The same as a key, in the third line. */
        snprintf(text, sizeof text, "[\n\n{%s", cases[i].text);
        snprintf(want, sizeof want, "f.json:3:%d%s", col + 1, strchr(cases[i].want, ':'));
        check_bad(text, strlen(text), 0, want);
    }
    check_bad(
        "\"a\0b\"", 5, 0,
        "f.json:1:3: not valid JSON: control character in a string (found byte 0x00, expected "
        "an escape such as \\n)");
}

/* Every length of plain bytes in front of every kind of special byte: the eight-byte steps. */
static void
test_string_steps(void **state)
{
    static const char *const ends[] = {"\\n", "\xc3\xa4", "\\u00e4", "", "\x7f", " ~!#[]"};
    char text[128], want[128];

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        for (int n = 0; n < 40; n++) {
            const char *back = i == 2 ? "\xc3\xa4" : ends[i];

            snprintf(text, sizeof text, "\"%.*s%sxyz\"", n,
                     "abcdefghijklmnopqrstuvwxyz0123456789+-*/", ends[i]);
            snprintf(want, sizeof want, "\"%.*s%sxyz\"", n,
                     "abcdefghijklmnopqrstuvwxyz0123456789+-*/", back);
            check_good(text, strlen(text), want);
        }
    }
}

/* \\u0000 is kept apart from the end of a string when that is asked for, and written again. */
static void
test_nul(void **state)
{
    static const char text[] = "{\"a\\u0000b\":[\"\\u0000\",\"\"],\"a\":\"x\\u0000\\u0001\"}";
    struct rg_buf out = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    assert_int_equal(parse(&doc, text, sizeof text - 1, RG_JSON_NUL, &err), RG_OK);
    assert_string_equal(doc.root->child->string, "a\xc0\x80"
                                                 "b");
    assert_string_equal(doc.root->child->child->valuestring, "\xc0\x80");
    rg_json_put_node(&out, doc.root);
    assert_string_equal(rg_buf_text(&out), text);
    rg_json_clear(&doc);
    rg_buf_clear(&out);
    /* The form itself is still no UTF-8, and NUL still ends no key early. */
    check_bad("\"\xc0\x80\"", 4, RG_JSON_NUL,
              "f.json:1:2: not valid JSON: invalid UTF-8 (found byte 0xc0, expected UTF-8)");
    check_bad("{\"\\u0000\":1,\"\\u0000\":2}", 23, RG_JSON_NUL,
              "f.json:1:13: not valid JSON: the key \"??\" occurs twice");
}

static void
test_depth(void **state)
{
    enum { DEEP = 100000 };
    char *text = malloc(DEEP);
    struct rg_buf out = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    assert_non_null(text);
    memset(text, '[', RG_JSON_DEPTH);
    memset(text + RG_JSON_DEPTH, ']', RG_JSON_DEPTH);
    assert_int_equal(parse(&doc, text, 2 * RG_JSON_DEPTH, 0, &err), RG_OK);
    rg_json_put_node(&out, doc.root);
    assert_int_equal(out.len, 2 * RG_JSON_DEPTH);
    rg_json_clear(&doc);
    rg_buf_clear(&out);
    memset(text, '[', DEEP);
    assert_int_equal(parse(&doc, text, DEEP, 0, &err), RG_EINPUT);
    assert_string_equal(err.text,
                        "f.json:1:257: not valid JSON: nested too deeply (expected at most "
                        "256 levels)");
    for (int i = 0; i < DEEP / 5; i++)
        memcpy(text + 5 * i, "{\"a\":", 5);
    assert_int_equal(parse(&doc, text, DEEP, 0, &err), RG_EINPUT);
    assert_string_equal(err.text, "f.json:1:1281: not valid JSON: nested too deeply (expected at "
                                  "most 256 levels)");
    free(text);
}

/* Objects of many sizes with one key twice, at every pair of places; also inside another object. */
static void
test_duplicates(void **state)
{
    struct rg_buf text = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    for (int n = 2; n < 40; n += n < 20 ? 1 : 7) {
        for (int first = 0; first < n; first++) {
            for (int second = first; second < n; second++) {
                size_t where = 0;
                char want[80];

                rg_buf_reset(&text);
                rg_buf_puts(&text, "{\"k0\":[],\"k1\":{");
                for (int i = 0; i < n; i++) {
                    if (i == second)
                        where = text.len + (i > 0) + 1;
                    rg_buf_printf(&text, "%s\"k%d\":%d", i ? "," : "", i == second ? first : i, i);
                }
                rg_buf_puts(&text, "}}");
                if (first == second) {
                    assert_int_equal(parse(&doc, text.data, text.len, 0, &err), RG_OK);
                    rg_json_clear(&doc);
                    continue;
                }
                snprintf(want, sizeof want,
                         "f.json:1:%zu: not valid JSON: the key \"k%d\" occurs twice", where,
                         first);
                check_bad(text.data, text.len, 0, want);
            }
        }
    }
    rg_buf_clear(&text);
}

/* Many members in many open objects: the keys' memory moves; 200,000 keys must not take for ever.
 */
static void
test_many_keys(void **state)
{
    struct rg_buf text = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    for (int level = 0; level < 20; level++) {
        rg_buf_putc(&text, '{');
        for (int i = 0; i < 30; i++)
            rg_buf_printf(&text, "\"key %d\":%d,", i, level);
        rg_buf_puts(&text, "\"next\":");
    }
    rg_buf_puts(&text, "{");
    for (int i = 0; i < 200000; i++)
        rg_buf_printf(&text, "%s\"%d\":%d", i ? "," : "", i, i);
    for (int level = 0; level <= 20; level++)
        rg_buf_putc(&text, '}');
    assert_int_equal(parse(&doc, text.data, text.len, 0, &err), RG_OK);
    rg_json_clear(&doc);
    rg_buf_clear(&text);
}

static void
test_comments(void **state)
{
    static const char good[] =
        "// one\n/* two\n ** / */ { /**/ \"a//b\" /* c */ : // d\n 1, \"/*\": 2 "
        "/*}*/ } // end";
    struct rg_buf out = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    assert_int_equal(parse(&doc, good, sizeof good - 1, RG_JSON_COMMENTS, &err), RG_OK);
    rg_json_put_node(&out, doc.root);
    assert_string_equal(rg_buf_text(&out), "{\"a//b\":1,\"/*\":2}");
    rg_json_clear(&doc);
    rg_buf_clear(&out);
    check_bad("{} /* x *", 9, RG_JSON_COMMENTS, "f.json:1:4: not valid JSON: unclosed comment");
    check_bad("{} /*/", 6, RG_JSON_COMMENTS, "f.json:1:4: not valid JSON: unclosed comment");
    check_bad("{} /", 4, RG_JSON_COMMENTS,
              "f.json:1:4: not valid JSON: unexpected character (found '/', expected a value or a "
              "comment)");
    check_bad(
        "{} # x", 6, RG_JSON_COMMENTS,
        "f.json:1:4: not valid JSON: text behind the value (found '#', expected the end of the "
        "text)");
}

/* The tree is cJSON's: its own functions see what was read, and can take it apart. */
static void
test_tree(void **state)
{
    static const char text[] =
        "{\"a\": [1, 2.5, \"x\"],\n \"b\": 18446744073709551615, \"c\": null}";
    struct rg_json doc;
    struct rg_err err;
    const cJSON *a, *b;
    cJSON *detached;
    struct rg_place place;

    (void)state;
    assert_int_equal(rg_json_parse(&doc, text, sizeof text - 1, "t.jsonl", 41, 0, &err), RG_OK);
    a = cJSON_GetObjectItemCaseSensitive(doc.root, "a");
    b = cJSON_GetObjectItemCaseSensitive(doc.root, "b");
    assert_int_equal(cJSON_GetArraySize(doc.root), 3);
    assert_int_equal(cJSON_GetArraySize(a), 3);
    assert_true(cJSON_GetArrayItem(a, 1)->valuedouble == 2.5);
    assert_string_equal(cJSON_GetArrayItem(a, 2)->valuestring, "x");
    assert_true(cJSON_IsRaw(b));
    assert_string_equal(b->valuestring, "18446744073709551615");
    assert_true(b->valuedouble == 0x1p64);
    place = rg_json_place(&doc, cJSON_GetArrayItem(a, 1));
    assert_string_equal(place.file, "t.jsonl");
    assert_int_equal(place.line, 41);
    assert_int_equal(place.col, 11);
    place = rg_json_place(&doc, b);
    assert_int_equal(place.line, 42);
    assert_int_equal(place.col, 7);
    place = rg_json_place(&doc, NULL);
    assert_int_equal(place.line, 41);
    assert_int_equal(place.col, 1);
    assert_int_equal(rg_json_fail(&doc, b, &err, "too %s", "big"), RG_EINPUT);
    assert_string_equal(err.text, "t.jsonl:42:7: too big");
    detached = cJSON_DetachItemFromArray(cJSON_GetObjectItemCaseSensitive(doc.root, "a"), 2);
    assert_string_equal(detached->valuestring, "x");
    cJSON_Delete(detached);
    assert_int_equal(cJSON_GetArraySize(a), 2);
    rg_json_clear(&doc);
    assert_null(doc.root);
    rg_json_clear(&doc);
}

static void
test_kind(void **state)
{
    static const char *const want[] = {"string", "number", "number", "boolean",    "boolean",
                                       "object", "array",  "null",   "big integer"};
    static const char text[] = "[\"\",1,1.5,true,false,{},[],null,12345678901234567890]";
    struct rg_json doc;
    struct rg_err err;
    const cJSON *node;
    int i = 0;

    (void)state;
    assert_int_equal(parse(&doc, text, sizeof text - 1, 0, &err), RG_OK);
    cJSON_ArrayForEach(node, doc.root) assert_string_equal(rg_json_kind(node), want[i++]);
    assert_int_equal(i, 9);
    rg_json_clear(&doc);
}

/* ---- reading by a table ---- */
static enum rg_status
read_table(const char *text, const cJSON *out[4], struct rg_json_extra *extra, struct rg_err *err)
{
    const struct rg_json_key keys[] = {
        {"model", RG_JSON_STRING | RG_JSON_REQUIRED, &out[0]},
        {"tokens", RG_JSON_INT | RG_JSON_NULL, &out[1]},
        {"cost", RG_JSON_NUMBER | RG_JSON_BIG, &out[2]},
        {"tags", RG_JSON_ANY, &out[3]},
    };
    struct rg_json doc;
    enum rg_status rc = rg_json_parse(&doc, text, strlen(text), "f", 1, 0, err);

    assert_int_equal(rc, RG_OK);
    rc = rg_json_object(&doc, doc.root, keys, 4, extra, err);
    for (int i = 0; i < 4 && !rc; i++) /* only whether there is one counts here */
        assert_true(!out[i] || out[i]->string);
    rg_json_clear(&doc);
    return rc;
}

static void
test_table(void **state)
{
    static const struct {
        const char *text;
        bool there[4];
        const char *want; /* error, or NULL */
    } cases[] = {
        {"{\"model\":\"m\"}", {true}, NULL},
        {"{\"tags\":[],\"cost\":1.5,\"tokens\":3,\"model\":\"m\"}", {true, true, true, true}, NULL},
        {"{\"model\":\"m\",\"tokens\":null,\"tags\":null}", {true}, NULL},
        {"{\"model\":\"m\",\"cost\":123456789012345678901}", {true, false, true}, NULL},
        {"{\"model\":\"m\",\"tokens\":-4.0}", {true, true}, NULL},
        {"{\"tokens\":1}", {0}, "f:1:1: missing key \"model\""},
        {"{\"model\":null}",
         {0},
         "f:1:10: \"model\" has the wrong type (found null, expected a "
         "string)"},
        {"{\"model\":\"m\",\"tokens\":1.5}",
         {0},
         "f:1:23: \"tokens\" has the wrong type (found number, expected an integer or null)"},
        {"{\"model\":\"m\",\"tokens\":12345678901234567890}",
         {0},
         "f:1:23: \"tokens\" has the wrong type (found big integer, expected an integer or null)"},
        {"{\"model\":\"m\",\"cost\":\"1\"}",
         {0},
         "f:1:21: \"cost\" has the wrong type (found string, expected a number or a big integer)"},
        {"{\"modell\":\"m\"}", {0}, "f:1:11: unknown key \"modell\" (did you mean \"model\"?)"},
        {"{\"Model\":\"m\"}", {0}, "f:1:10: unknown key \"Model\" (did you mean \"model\"?)"},
        {"{\"model\":\"m\",\"zzz\":1}", {0}, "f:1:20: unknown key \"zzz\""},
        {"[]", {0}, "f:1:1: wrong type (found array, expected an object)"},
        {"7", {0}, "f:1:1: wrong type (found number, expected an object)"},
    };
    const cJSON *out[4];
    struct rg_err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum rg_status rc = read_table(cases[i].text, out, NULL, &err);

        assert_int_equal(rc, cases[i].want ? RG_EINPUT : RG_OK);
        if (cases[i].want)
            assert_string_equal(err.text, cases[i].want);
        for (int k = 0; k < 4 && !rc; k++)
            assert_int_equal(out[k] != NULL, cases[i].there[k]);
    }
}

static void
test_table_extra(void **state)
{
    struct rg_json_extra extra = {0};
    const cJSON *out[4];
    struct rg_json doc = {.text = "", .file = "f", .line = 3};
    struct rg_err err;

    (void)state;
    assert_int_equal(read_table("{\"x\":1,\"model\":\"m\",\"y\":{},\"tags\":0}", out, &extra, &err),
                     RG_OK);
    assert_int_equal(extra.n, 2);
    free(extra.nodes);
    /* No object at all: an error at the beginning of the document. */
    assert_int_equal(rg_json_object(&doc, NULL, NULL, 0, NULL, &err), RG_EINPUT);
    assert_string_equal(err.text, "f:3:1: wrong type (found nothing, expected an object)");
}

/* A name from the file is shown only in part when it is long. */
static void
test_long_key(void **state)
{
    struct rg_buf text = {0};
    const cJSON *out[4];
    struct rg_err err;

    (void)state;
    rg_buf_puts(&text, "{\"");
    for (int i = 0; i < 100; i++)
        rg_buf_puts(&text, "\xe4\xb8\xad");
    rg_buf_puts(&text, "\":1}");
    assert_int_equal(read_table(text.data, out, NULL, &err), RG_EINPUT);
    assert_int_equal(strlen(err.text), strlen("f:1:305: unknown key \"\"") + 60);
    assert_int_equal(strncmp(err.text, "f:1:305: unknown key \"\xe4", 23), 0);
    rg_buf_clear(&text);
}

/* ---- writing ---- */
static void
test_put_string(void **state)
{
    static const char text[] = "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xc3\xa4";
    struct rg_buf out = {0}, every = {0};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    rg_json_put_string(&out, text, sizeof text - 1);
    assert_string_equal(rg_buf_text(&out),
                        "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa4\"");
    for (char c = 1; c < 127; c++)
        rg_buf_putc(&every, c);
    rg_buf_reset(&out);
    rg_json_put_string(&out, every.data, every.len);
    assert_int_equal(parse(&doc, out.data, out.len, 0, &err), RG_OK);
    assert_string_equal(doc.root->valuestring, every.data);
    rg_json_clear(&doc);
    rg_buf_reset(&out);
    rg_json_put_string(&out, NULL, 0);
    assert_string_equal(rg_buf_text(&out), "\"\"");
    rg_buf_clear(&every);
    rg_buf_clear(&out);
}

/* Every double comes back as the same number: never as a big integer. */
static void
test_put_number(void **state)
{
    static const struct {
        double x;
        const char *want;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {0.1 + 0.2, "0.30000000000000004"},
        {6000, "6000"},
        {0x1p53, "9007199254740992"},
        {0x1p53 + 2, "9.007199254740994e+15"},
        {-0x1p60, "-1.152921504606847e+18"},
        {1e300, "1e+300"},
        {1e16, "1e+16"},
        {NAN, "null"},
        {INFINITY, "null"},
        {-INFINITY, "null"},
    };
    struct rg_buf out = {0};
    uint64_t bits = 88172645463325252u;
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rg_buf_reset(&out);
        rg_json_put_number(&out, cases[i].x);
        assert_string_equal(rg_buf_text(&out), cases[i].want);
    }
    for (int i = 0; i < 20000; i++) {
        double x;

        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&x, &bits, sizeof x);
        if (i % 2 == 1)
            x = (double)(bits >> (i % 64)); /* integers of every size */
        if (!isfinite(x))
            continue;
        rg_buf_reset(&out);
        rg_json_put_number(&out, x);
        assert_int_equal(parse(&doc, out.data, out.len, 0, &err), RG_OK);
        assert_true(cJSON_IsNumber(doc.root));
        assert_memory_equal(&doc.root->valuedouble, &x, sizeof x);
        rg_json_clear(&doc);
    }
    rg_buf_clear(&out);
}

/* The text's size is held in an int per node: more is refused before a byte is read. */
static void
test_too_large(void **state)
{
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_json_parse(&doc, "", (size_t)1 << 31, "f", 1, 0, &err), RG_EINPUT);
    assert_string_equal(err.text,
                        "f:1: the JSON text is too large (found 2147483648 bytes, expected "
                        "at most 2147483647)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_bad_strings), cmocka_unit_test(test_string_steps),
        cmocka_unit_test(test_depth),       cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_many_keys),   cmocka_unit_test(test_comments),
        cmocka_unit_test(test_tree),        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_table),       cmocka_unit_test(test_table_extra),
        cmocka_unit_test(test_long_key),    cmocka_unit_test(test_put_string),
        cmocka_unit_test(test_put_number),  cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
