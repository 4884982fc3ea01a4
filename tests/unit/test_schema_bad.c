/* JSON Schema: what is no schema, and where; remotes; patterns of ECMA-262. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "replay/contract/schema_regex.h"
#include "replay/contract/schema_uri.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/schema_trial.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void
check_bad(const char *text, const struct rg_schema_options *options, const char *want)
{
    char *copy = trial_text(text);
    struct rg_schema *schema;
    struct rg_err err = {0};

    assert_int_equal(rg_schema_parse(&schema, copy, strlen(copy), "s", options, &err), RG_EINPUT);
    assert_null(schema);
    assert_string_equal(err.text, want);
    free(copy);
}

#define NO "not a valid schema: "
#define BAD NO "bad value of "

static void
bad_values(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "s:1:1: not valid JSON: no value (found the end of the text, expected a value)"},
        {"{'a':1,'a':2}", "s:1:8: not valid JSON: the key \"a\" occurs twice"},
        {"5", "s:1:1: " NO "a schema has the wrong type (found number, expected an object or a "
              "boolean)"},
        {"{\n 'items': 5}", "s:2:11: " NO "a schema has the wrong type (found number, expected an "
                            "object or a boolean)"},
        {"{'type':5}", "s:1:9: " BAD "\"type\" (found 5, expected null, boolean, object, array, "
                       "string, number or integer, or a list of them)"},
        {"{'type':'strnig'}", "s:1:9: " BAD "\"type\" (found \"strnig\", expected null, boolean, "
                              "object, array, string, number or integer, or a list of them)"},
        {"{'type':[]}", "s:1:9: " BAD "\"type\" (found an array, expected a type or a list of "
                        "types, not empty)"},
        {"{'type':['null','null']}", "s:1:17: " BAD "\"type\" (found \"null\", expected each type "
                                     "once)"},
        {"{'minimum':'x'}", "s:1:12: " BAD "\"minimum\" (found \"x\", expected a number)"},
        {"{'multipleOf':0}", "s:1:15: " BAD "\"multipleOf\" (found 0, expected a number greater "
                             "than 0)"},
        {"{'minLength':-1}", "s:1:14: " BAD "\"minLength\" (found -1, expected a whole number, not "
                             "negative)"},
        {"{'maxItems':1.5}", "s:1:13: " BAD "\"maxItems\" (found 1.5, expected a whole number, not "
                             "negative)"},
        {"{'required':'a'}", "s:1:13: " BAD "\"required\" (found \"a\", expected a list of names)"},
        {"{'required':[1]}", "s:1:14: " BAD "\"required\" (found 1, expected a name)"},
        {"{'required':['a','a']}", "s:1:18: " BAD "\"required\" (found \"a\", expected each name "
                                   "once)"},
        {"{'properties':[]}",
         "s:1:15: " BAD "\"properties\" (found an array, expected an object of "
         "schemas)"},
        {"{'properties':{'a':{'b':{}},'c':null}}",
         "s:1:33: " NO "a schema has the wrong type (found null, expected an object or a boolean)"},
        {"{'enum':{}}", "s:1:9: " BAD "\"enum\" (found an object, expected a list of values)"},
        {"{'allOf':[]}",
         "s:1:10: " BAD "\"allOf\" (found an array, expected a list of schemas, not "
         "empty)"},
        {"{'uniqueItems':1}", "s:1:16: " BAD "\"uniqueItems\" (found 1, expected true or false)"},
        {"{'format':1}", "s:1:11: " BAD "\"format\" (found 1, expected the name of a format)"},
        {"{'title':1}", "s:1:10: " BAD "\"title\" (found 1, expected a string)"},
        {"{'$id':1}", "s:1:8: " BAD "\"$id\" (found 1, expected a URI)"},
        {"{'$id':'http://a#b'}", "s:1:8: " BAD "\"$id\" (found \"http://a#b\", expected a URI "
                                 "without a fragment)"},
        {"{'$anchor':'1a'}",
         "s:1:12: " BAD "\"$anchor\" (found \"1a\", expected a name of letters, "
         "digits, '-', '_' and '.')"},
        {"{'$anchor':'a','items':{'$dynamicAnchor':'a'}}",
         "s:1:42: " NO "the same anchor occurs twice (found \"a\")"},
        {"{'allOf':[{'$id':'a:b'},{'$id':'a:b#'}]}",
         "s:1:32: " NO "the same $id occurs twice (found \"a:b#\")"},
        {"{'$schema':5}", "s:1:12: " NO "\"$schema\" has the wrong type (found number, expected a "
                          "string)"},
        {"{'$schema':'http://json-schema.org/draft-04/schema#'}",
         "s:1:12: " NO
         "unknown $schema (found \"http://json-schema.org/draft-04/schema#\", expected "
         "draft 2020-12, draft-07 or a metaschema among the remotes)"},
        {"{'$ref':5}", "s:1:9: " BAD "\"$ref\" (found 5, expected a reference)"},
        {"{'$ref':'#/$defs/x'}",
         "s:1:9: " NO "\"$ref\" leads nowhere (found \"#/$defs/x\", expected "
         "a schema within the document)"},
        {"{'$ref':'#x','$defs':{'a':{'enum':[{'$anchor':'x'}]}}}",
         "s:1:9: " NO
         "\"$ref\" leads nowhere (found \"#x\", expected a schema within the document)"},
        {"{'items':{'$dynamicRef':'http://a/b'}}",
         "s:1:25: " NO
         "\"$dynamicRef\" leads nowhere (found \"http://a/b\", expected a schema within "
         "the document)"},
        {"{'$ref':'#/%zz'}",
         "s:1:9: " NO "\"$ref\" leads nowhere (found \"#/%zz\", expected a schema "
         "within the document)"},
        {"{'$ref':'#/x/01','x':[{},{}]}", "s:1:9: " NO "\"$ref\" leads nowhere (found \"#/x/01\", "
                                          "expected a schema within the document)"},
        {"{'$ref':'#/x','x':5}",
         "s:1:19: " NO "a schema has the wrong type (found number, expected "
         "an object or a boolean)"},
        {"{'pattern':5}", "s:1:12: " BAD "\"pattern\" (found 5, expected a regular expression)"},
        {"{'pattern':'a('}", "s:1:12: " NO "not a regular expression: missing closing parenthesis "
                             "(found \"a(\")"},
        {"{'patternProperties':{'[a':{}}}",
         "s:1:28: " NO "not a regular expression: a class without its ']' (found \"[a\")"},
        {"{'dependentRequired':{'a':'b'}}",
         "s:1:27: " BAD "\"dependentRequired\" (found \"b\", expected a list of names)"},
        {"{'dependencies':{'a':5}}", "s:1:22: " NO "a schema has the wrong type (found number, "
                                     "expected an object or a boolean)"},
        {"{'prefixItems':{}}",
         "s:1:16: " BAD "\"prefixItems\" (found an object, expected a list of "
         "schemas, not empty)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_bad(cases[i].text, NULL, cases[i].want);
}

static void
bad_draft_7(void **state)
{
    static const struct rg_schema_options seven = {.draft = RG_SCHEMA_7};

    (void)state;
    check_bad("{'items':[5]}", &seven,
              "s:1:11: " NO "a schema has the wrong type (found number, expected an object or a "
              "boolean)");
    check_bad("{'$ref':'#a','definitions':{'x':{'$anchor':'a'}}}", &seven,
              "s:1:9: " NO "\"$ref\" leads nowhere (found \"#a\", expected a schema within the "
              "document)");
    check_bad("{'items':[]}", NULL,
              "s:1:10: " NO "a schema has the wrong type (found array, expected an object or a "
              "boolean)");
}

static void
bad_files(void **state)
{
    struct rg_schema *schema;
    struct rg_err err = {0};
    char path[TEMP_PATH], want[TEMP_PATH + 300];

    (void)state;
    assert_int_equal(rg_schema_read(&schema, "/no/such/file", NULL, &err), RG_ESYSTEM);
    assert_null(schema);
    temp_write(path, "\n{\"type\":1}", 11);
    assert_int_equal(rg_schema_read(&schema, path, NULL, &err), RG_EINPUT);
    snprintf(want, sizeof want,
             "%s:2:9: " BAD "\"type\" (found 1, expected null, boolean, object, array, string, "
             "number or integer, or a list of them)",
             path);
    assert_string_equal(err.text, want);
    unlink(path);
    temp_write(path, "{\"type\":\"null\"}", 15);
    assert_int_equal(rg_schema_read(&schema, path, NULL, &err), RG_OK);
    trial_list(schema, path, "1", RG_SCHEMA_INVALID);
    rg_schema_free(schema);
    unlink(path);
    rg_schema_free(NULL);
}

/* ---- remotes ---- */
static void
write_file(const char *folder, const char *name, const char *text)
{
    char *path = rg_alloc(strlen(folder) + strlen(name) + 2, 1), *copy = trial_text(text);
    FILE *f;

    sprintf(path, "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(copy, f);
    assert_int_equal(fclose(f), 0);
    free(path);
    free(copy);
}

static void
remove_file(const char *folder, const char *name)
{
    char *path = rg_alloc(strlen(folder) + strlen(name) + 2, 1);

    sprintf(path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
    free(path);
}

static void
make_remotes(char folder[TEMP_PATH])
{
    const char *dir = getenv("TMPDIR");
    char sub[TEMP_PATH + 20];

    snprintf(folder, TEMP_PATH, "%s/rg-remotes-XXXXXX", dir && *dir ? dir : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(sub, sizeof sub, "%s/a.example", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file(folder, "null.json", "{'type':'null'}");
    write_file(folder, "a.example/null.json", "{'type':'string'}");
    write_file(folder, "old.json",
               "{'$schema':'http://json-schema.org/draft-07/schema#','items':[{'type':'null'}]}");
    write_file(folder, "bad.json", "{'type':\n5}");
    write_file(folder, "chain.json", "{'$ref':'null.json'}");
    write_file(folder, "mine.json",
               "{'$vocabulary':{'https://json-schema.org/draft/2020-12/vocab/core':true,"
               "'https://json-schema.org/draft/2020-12/vocab/format-assertion':true}}");
    write_file(folder, "odd.json", "{'$vocabulary':{'http://x/mine':true}}");
}

static void
remotes(void **state)
{
    static const char *const files[] = {
        "null.json",  "a.example/null.json", "old.json", "bad.json",
        "chain.json", "mine.json",           "odd.json", "a.example"};
    static const struct trial trials[] = {
        {"{'$ref':'null.json'}", "null", "1;'x'"},
        {"{'$ref':'http://b.example/null.json'}", "null", "1;'x'"},
        {"{'$ref':'https://a.example/null.json'}", "'x'", "1;null"},
        {"{'$id':'http://c.example/x/y','$ref':'/chain.json'}", "null", "1"},
        {"{'$ref':'nul%6c.json'}", "null", "1"},
        {"{'$ref':'old.json'}", "[null,1]", "[1]"},
        {"{'$schema':'http://b/mine.json','type':'null','format':'ipv4'}", "1;'1.2.3.4'", "'x'"},
    };
    static const char *const nowhere[] = {"../null.json",
                                          "http://b/../../etc/passwd",
                                          "a.example",
                                          "file:///null.json",
                                          "http://b/%2e%2e/null.json",
                                          "http://b/a%2fb",
                                          "urn:null.json",
                                          "null.json?x",
                                          "http://b"};
    char folder[TEMP_PATH], text[200], want[TEMP_PATH + 300];
    struct rg_schema_options options = {.remotes = folder};

    (void)state;
    make_remotes(folder);
    trial_run(trials, COUNT(trials), &options);
    /* The first one is the folder's own null.json: ".." does not lead out of it. */
    for (size_t i = 1; i < COUNT(nowhere); i++) {
        snprintf(text, sizeof text, "{'$ref':'%s'}", nowhere[i]);
        snprintf(want, sizeof want,
                 "s:1:9: " NO "\"$ref\" leads nowhere (found \"%s\", expected a schema within the "
                 "document or among the remotes)",
                 nowhere[i]);
        check_bad(text, &options, want);
    }
    snprintf(want, sizeof want,
             "%s/bad.json:2:1: " BAD "\"type\" (found 5, expected null, boolean, object, array, "
             "string, number or integer, or a list of them)",
             folder);
    check_bad("{'$ref':'bad.json'}", &options, want);
    check_bad("{'$schema':'odd.json'}", &options,
              "s:1:12: " NO "$schema \"odd.json\" demands an unknown vocabulary (found "
              "\"http://x/mine\")");
    for (size_t i = 0; i < COUNT(files); i++)
        remove_file(folder, files[i]);
    assert_int_equal(rmdir(folder), 0);
}

/* RFC 3986, 5.4.1 and 5.4.2: the examples of the standard. */
static void
references(void **state)
{
    static const struct {
        const char *ref, *want;
    } cases[] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    struct rg_buf out = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        rg_schema_uri_resolve("http://a/b/c/d;p?q", cases[i].ref, &out);
        assert_string_equal(rg_buf_text(&out), cases[i].want);
    }
    rg_buf_clear(&out);
}

/* ---- patterns ---- */
static void
patterns(void **state)
{
    /* By ECMA-262, 22.2: a pattern, a text, whether it matches. */
    static const struct {
        const char *pattern, *text;
        bool match;
    } cases[] = {
        {"", "x", true},
        {"b", "abc", true},
        {"^\\d$", "5", true},
        {"^\\d$", "\xd9\xa5", false}, /* ARABIC-INDIC DIGIT FIVE */
        {"^\\w$", "\xc3\xa9", false},
        {"^\\s$", "\xc2\xa0", true},
        {"^\\s$", "\xef\xbb\xbf", true},
        {"^\\S$", "\xc2\xa0", false},
        {"^[\\s]$", "\xe3\x80\x80", true},
        {"^[\\S]$", "\xe3\x80\x80", false},
        {"^[^\\s]$", "a", true},
        {"^[\\s-a]$", "-", true},
        {"^.$", "\xe2\x80\xa8", false},
        {"^.$", "\xf0\x9f\x90\xb2", true},
        {"^.$", "\v", true},
        {"a$", "a\n", false},
        {"^\\v$", "\v", true},
        {"^\\v$", "\n", false},
        {"^\\cJ$", "\n", true},
        {"^\\x41\\u0042\\u{43}$", "ABC", true},
        {"^\\ud83d\\udc32$", "\xf0\x9f\x90\xb2", true},
        {"^[\\b]$", "\b", true},
        {"\\bab\\B", "abc", true},
        {"[]", "a", false},
        {"^[^]$", "\n", true},
        {"^[[:a]+$", "[:a", true},
        {"^(a)|b\\1$", "b", true},
        {"^(?<x>a)\\k<x>$", "aa", true},
        {"(?<=a)b", "ab", true},
        {"(?<!a)b", "ab", false},
        {"^a(?=b)", "ab", true},
        {"^a(?!b)", "ab", false},
        {"^\\p{Letter}\\P{Lu}$", "\xc3\xa9\xc3\xa9", true},
        {"^\\p{Script=Greek}\\p{sc=Cyrillic}$", "\xce\xb1\xd0\xb1", true},
        {"^\\p{gc=Decimal_Number}$", "\xd9\xa5", true},
        {"^a{2,3}$", "aa", true},
        {"^a{,3}$", "a{,3}", true},
        {"^{}]$", "{}]", true},
        {"^\\-\\@\\/$", "-@/", true},
        {"^\\0$", "\xc0\x80", true},
        {"^a\xc0\x80$", "a\xc0\x80", true},
        {"^a*?b+?c??$", "aab", true},
    };
    static const char *const bad[] = {
        "(",     ")",      "[",           "[b-a]",   "*",     "a**",   "a++",      "a{2}{3}",
        "^*",    "(?",     "(?i)a",       "(?#x)",   "(?>a)", "(?|a)", "(*UTF)",   "(*ACCEPT)a",
        "\\",    "\\a",    "\\A",         "\\Z",     "\\Q",   "\\h",   "\\e",      "\\x4",
        "\\u12", "\\u{}",  "\\u{110000}", "\\ud800", "\\p",   "\\pL",  "\\p{}",    "\\p{Nonsense}",
        "\\1",   "\\k<x>", "\\00",        "[\\B]",   "(?R)",  "(?&x)", "(?P<x>a)", "(?<x)",
        "(?<x",  "(?<",    "a{2,1}",      "\\c1"};
    struct rg_schema_scratch scratch = {0};
    struct rg_buf what = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rg_schema_regex *regex = rg_schema_regex_new(cases[i].pattern, &what);

        if (!regex)
            fail_msg("%s: %s", cases[i].pattern, rg_buf_text(&what));
        if (rg_schema_regex_match(regex, cases[i].text, &scratch) !=
            (cases[i].match ? RG_SCHEMA_MATCH : RG_SCHEMA_NO_MATCH))
            fail_msg("%s on %s: not %d", cases[i].pattern, cases[i].text, cases[i].match);
        assert_string_equal(rg_schema_regex_text(regex), cases[i].pattern);
        rg_schema_regex_free(regex);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        rg_buf_reset(&what);
        if (rg_schema_regex_new(bad[i], &what))
            fail_msg("%s is accepted", bad[i]);
        assert_true(what.len > 0);
    }
    rg_schema_scratch_clear(&scratch);
    rg_buf_clear(&what);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_values), cmocka_unit_test(bad_draft_7), cmocka_unit_test(bad_files),
        cmocka_unit_test(remotes),    cmocka_unit_test(references),  cmocka_unit_test(patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
