/* JSON Schema: every keyword in both drafts, with hand-made instances; what faults say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/schema_trial.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct rg_schema_options draft_7 = {.draft = RG_SCHEMA_7};
static const struct rg_schema_options formats = {.assert_formats = true};

/* Keywords that are the same in both drafts. */
static const struct trial common[] = {
    {"true", "1;null;{}", ""},
    {"false", "", "1;null;{}"},
    {"{}", "1;null;{}", ""},
    {"{'type':'null'}", "null", "0;false;'';[];{}"},
    {"{'type':'boolean'}", "true;false", "0;null;'true'"},
    {"{'type':'integer'}", "0;-3;1.0;1e3;1e300;9007199254740993", "1.5;'1';1e-3"},
    {"{'type':'number'}", "0;1.5;123456789012345678901234567890", "'1';null"},
    {"{'type':['string','null']}", "'';null", "0;false"},
    {"{'enum':[1,'a',null,[1,{'x':2}]]}", "1;1.0;'a';null;[1.0,{'x':2}]", "2;'b';[1];[1,{'x':3}]"},
    {"{'enum':[]}", "", "1;null"},
    {"{'enum':['a','b','c','d','e','f','g','h','i']}", "'a';'i';'e'", "'j';'';1;null;'aa'"},
    {"{'const':{'a':1,'b':[2]}}", "{'b':[2.0],'a':1}", "{'a':1};{'a':1,'b':[2],'c':3};[]"},
    {"{'const':0}", "0;-0;0.0", "false;'';null"},
    {"{'const':18446744073709551617}", "18446744073709551617",
     "18446744073709551616;18446744073709551618;1.8446744073709552e19;-18446744073709551617"},
    {"{'const':1e19}", "10000000000000000000;1e19", "10000000000000000001"},
    {"{'multipleOf':0.01}", "0.01;19.99;4.35;0;-1.1;1e308;100000000000000000000;'x'",
     "0.001;19.995;1e-300"},
    {"{'multipleOf':7}", "14;100000000000000000005;-7", "100000000000000000001;3;7.5"},
    {"{'multipleOf':1e-7}", "0.0000003;1;3e-7", "1.5e-7"},
    {"{'minimum':1.5,'maximum':3}", "1.5;3;2;'x'", "1.4999;3.0001;-9;99999999999999999999"},
    {"{'exclusiveMinimum':1,'exclusiveMaximum':2}", "1.0000001;1.5", "1;2;2.5;0"},
    {"{'maximum':9007199254740993}", "9007199254740993;9007199254740992;1",
     "9007199254740994;9007199254740995"},
    {"{'minimum':-9007199254740993}", "-9007199254740993;0", "-9007199254740994"},
    {"{'minLength':2,'maxLength':3}", "'ab';'äöü';'a\\u0000';'\\ud83d\\ude00b';5",
     "'a';'abcd';'\\ud83d\\ude00'"},
    {"{'minLength':2.0}", "'ab'", "'a'"},
    {"{'pattern':'b+$'}", "'ab';'bb';3", "'ba';'b\\n';''"},
    {"{'pattern':'^a\\u0000b$'}", "'a\\u0000b'", "'a';'ab';'a\\u0000'"},
    {"{'minItems':1,'maxItems':2}", "[1];[1,2];{}", "[];[1,2,3]"},
    {"{'uniqueItems':true}", "[];[1,2];[1,true];[0,false];[[1],[2]];['a','A'];[{'a':1},{'a':2}]",
     "[1,1.0];[null,null];[{'a':1,'b':2},{'b':2,'a':1}];[[1],[1.0]];[0,-0.0]"},
    {"{'uniqueItems':true}", "[1,2,3,4,5,6,7,8,9,10,'1'];['a','b','c','d','e','f','g','h','i']",
     "[1,2,3,4,5,6,7,8,9,10,1];[[],{},[{}],3,4,5,6,7,8,9,[{}]]"},
    {"{'uniqueItems':false}", "[1,1]", ""},
    {"{'minProperties':1,'maxProperties':2}", "{'a':1};{'a':1,'b':2};[]", "{};{'a':1,'b':2,'c':3}"},
    {"{'required':['a','b']}", "{'a':1,'b':2};{'b':1,'x':2,'a':null};[]",
     "{};{'a':1};{'b':1,'c':2}"},
    {"{'required':[]}", "{}", ""},
    {"{'properties':{'a':{'type':'string'},'b':false}}", "{};{'a':'x'};{'c':1};[]",
     "{'a':1};{'b':1};{'a':'x','b':null}"},
    {"{'patternProperties':{'^n':{'type':'number'},'x$':{'minimum':3}}}",
     "{};{'n':1};{'nx':3};{'a':'b'}", "{'n':'1'};{'nx':1};{'nx':'y'};{'ax':2}"},
    {"{'properties':{'a':{}},'patternProperties':{'^b':{}},'additionalProperties':false}",
     "{};{'a':1};{'b':1,'bb':2,'a':3}", "{'c':1};{'a':1,'c':2};{'ab':1}"},
    {"{'additionalProperties':{'type':'integer'}}", "{};{'x':1}", "{'x':'1'};{'a':1,'b':null}"},
    {"{'propertyNames':{'maxLength':2}}", "{};{'ab':1};{'äö':1};[]", "{'abc':1};{'a':1,'bcd':2}"},
    {"{'propertyNames':{'pattern':'^\\u0000$'}}", "{'\\u0000':1}", "{'':1};{'0':1}"},
    {"{'allOf':[{'minimum':1},{'maximum':3}]}", "1;3;'x'", "0;4"},
    {"{'anyOf':[{'type':'string'},{'minimum':3}]}", "'x';3;null", "2"},
    {"{'oneOf':[{'multipleOf':2},{'multipleOf':3}]}", "2;3;4;9", "6;1;12;null"},
    {"{'not':{'type':'string'}}", "1;null", "''"},
    {"{'not':{}}", "", "1;null"},
    {"{'if':{'minimum':10},'then':{'multipleOf':10},'else':{'multipleOf':3}}", "20;3;'x'", "11;4"},
    {"{'if':false,'else':{'type':'null'}}", "null", "1"},
    {"{'then':false,'else':false}", "1;null", ""},
    {"{'contains':{'type':'null'}}", "[null];[1,null];{};1", "[];[1]"},
    {"{'dependencies':{'a':['b','c'],'x':{'minProperties':3}}}",
     "{};{'b':1};{'a':1,'b':2,'c':3};{'x':1,'y':2,'z':3};[]",
     "{'a':1};{'a':1,'c':2};{'x':1,'y':2}"},
    {"{'definitions':{'n':{'type':'null'}},'properties':{'a':{'$ref':'#/definitions/n'}}}",
     "{'a':null};{}", "{'a':1}"},
    {"{'properties':{'a':{'$ref':'#'},'b':{'type':'null'}}}", "{};{'a':{'a':{'b':null}}}",
     "{'a':{'a':{'b':1}}};{'b':1}"},
    {"{'$comment':'x','title':'t','description':'d','default':1,'examples':[],'readOnly':true,"
     "'writeOnly':false,'contentEncoding':'base64','contentMediaType':'application/json',"
     "'format':'ipv4','unknown':{'type':5}}",
     "1;'%';null", ""},
};

static void
both_drafts(void **state)
{
    (void)state;
    trial_run(common, COUNT(common), NULL);
    trial_run(common, COUNT(common), &draft_7);
}

static void
draft_2020_12(void **state)
{
    static const struct trial trials[] = {
        {"{'prefixItems':[{'type':'string'},{'type':'null'}]}", "[];['a'];['a',null,5];{}",
         "[1];['a',1]"},
        {"{'prefixItems':[true],'items':false}", "[];[1]", "[1,2]"},
        {"{'items':{'type':'integer'}}", "[];[1,2]", "['a'];[1,2,'a']"},
        {"{'additionalItems':false,'prefixItems':[{}]}", "[1,2]", ""},
        {"{'contains':{'type':'null'},'minContains':2,'maxContains':3}",
         "[null,null];[null,1,null,null]", "[];[null];[null,null,null,null]"},
        {"{'contains':{'type':'null'},'minContains':0}", "[];[1]", ""},
        {"{'contains':{'type':'null'},'minContains':0,'maxContains':1}", "[];[null]",
         "[null,null]"},
        {"{'minContains':5,'maxContains':0}", "[];[1]", ""},
        {"{'dependentRequired':{'a':['b']}}", "{};{'b':1};{'a':1,'b':2}", "{'a':1}"},
        {"{'dependentSchemas':{'a':{'maxProperties':1}}}", "{};{'a':1};{'b':1,'c':2}",
         "{'a':1,'b':2}"},
        {"{'$ref':'#/$defs/n','maximum':3,'$defs':{'n':{'type':'number'}}}", "1;3", "4;'x'"},
        {"{'$ref':'#n','$defs':{'x':{'$anchor':'n','type':'number'}}}", "1", "'x'"},
        {"{'$id':'http://x/a/b','$ref':'c#/$defs/y','$defs':{'x':{'$id':'c','$defs':{'y':{'type':"
         "'null'}}}}}",
         "null", "1"},
        {"{'$ref':'#/x/0','x':[{'type':'null'}]}", "null", "1"},
        {"{'$defs':{'a%b':{'c~d':{'e/f':{'type':'null'}}}},'$ref':'#/$defs/a%25b/c~0d/e~1f'}",
         "null", "1"},
        {"{'properties':{'a':{}},'unevaluatedProperties':false}", "{};{'a':1};[]", "{'b':1}"},
        {"{'allOf':[{'properties':{'a':{}}}],'unevaluatedProperties':{'type':'null'}}",
         "{'a':1};{'a':1,'b':null}", "{'b':1}"},
        {"{'anyOf':[{'properties':{'a':{'type':'null'}},'required':['a']},{'properties':{'b':{}}}],"
         "'unevaluatedProperties':false}",
         "{'a':null};{'b':1};{'a':null,'b':1};{}", "{'a':1};{'c':1};{'a':1,'b':1}"},
        {"{'if':{'required':['a'],'properties':{'a':{}}},'then':{'properties':{'b':{}}},"
         "'unevaluatedProperties':false}",
         "{'a':1,'b':2};{}", "{'b':1};{'a':1,'c':2}"},
        {"{'not':{'not':{'properties':{'a':{}}}},'unevaluatedProperties':false}", "{}", "{'a':1}"},
        {"{'dependentSchemas':{'a':{'properties':{'a':{},'b':{}}}},'unevaluatedProperties':false}",
         "{'a':1,'b':1};{}", "{'b':1};{'a':1,'c':1}"},
        {"{'allOf':[{'properties':{'a':{}}},{'unevaluatedProperties':false}]}", "{}", "{'a':1}"},
        {"{'$ref':'#/$defs/x','$defs':{'x':{'properties':{'a':{}}}},'unevaluatedProperties':false}",
         "{'a':1}", "{'b':1}"},
        {"{'prefixItems':[{}],'unevaluatedItems':false}", "[];[1]", "[1,2]"},
        {"{'anyOf':[{'prefixItems':[{'const':1}]},{'prefixItems':[{},{'const':2}]}],"
         "'unevaluatedItems':false}",
         "[1];[0];[0,2];[1,2]", "[1,3];[0,3];[1,2,3]"},
        {"{'contains':{'type':'null'},'unevaluatedItems':{'type':'string'}}", "[null,'a',null]",
         "[null,1];['a']"},
        {"{'allOf':[{'items':{}}],'unevaluatedItems':false}", "[1,2,3]", ""},
        {"{'unevaluatedItems':false}", "[];{};1", "[1]"},
        {"{'$dynamicRef':'#x','$defs':{'a':{'$dynamicAnchor':'x','type':'null'}}}", "null", "1"},
        {"{'$id':'http://x/tree','$dynamicAnchor':'node','$ref':'base','unevaluatedProperties':"
         "false,'$defs':{'base':{'$id':'base','$dynamicAnchor':'node','properties':{'kids':{"
         "'items':{'$dynamicRef':'#node'}}}}}}",
         "{'kids':[{'kids':[]}]}", "{'kid':1};{'kids':[{'kid':1}]}"},
        {"{'$ref':'https://json-schema.org/draft/2020-12/schema'}",
         "{};true;{'type':'string'};{'$defs':{'a':{'minLength':1}},'unknown':1}",
         "{'type':'x'};1;{'$defs':{'a':{'minLength':-1}}};{'items':[]};{'required':['a','a']}"},
        {"{'$ref':'https://json-schema.org/draft/2020-12/meta/validation'}", "{'type':'null'}",
         "{'type':5}"},
        {"{'$ref':'http://json-schema.org/draft-07/schema#'}",
         "{'items':[{}]};{'dependencies':{'a':['b']}}", "{'items':5};{'definitions':{'a':5}}"},
    };

    (void)state;
    trial_run(trials, COUNT(trials), NULL);
}

/* What draft 7 does otherwise; chosen by $schema here. */
static void
draft_07(void **state)
{
#define SEVEN "'$schema':'http://json-schema.org/draft-07/schema#',"
    static const struct trial trials[] = {
        {"{" SEVEN "'items':[{'type':'string'},{'type':'null'}]}", "[];['a'];['a',null,5]",
         "[1];['a',1]"},
        {"{" SEVEN "'additionalItems':{'type':'null'},'items':[{}]}", "[1];[1,null]", "[1,2]"},
        {"{" SEVEN "'additionalItems':false,'items':{'type':'integer'}}", "[1,2]", "['a']"},
        {"{" SEVEN "'additionalItems':false}", "[1,2]", ""},
        {"{" SEVEN "'items':[],'additionalItems':false}", "[]", "[1]"},
        {"{" SEVEN "'prefixItems':[false],'dependentRequired':{'a':['b']},'unevaluatedItems':false,"
         "'unevaluatedProperties':false,'dependentSchemas':{'a':false},'minContains':9}",
         "[1];{'a':1}", ""},
        {"{" SEVEN "'contains':{'type':'null'},'minContains':0}", "[null]", "[];[1]"},
        {"{" SEVEN "'$ref':'#/definitions/n','maximum':3,'definitions':{'n':{'type':'number'}}}",
         "1;4", "'x'"},
        {"{" SEVEN "'allOf':[{'$ref':'#n'}],'definitions':{'x':{'$id':'#n','type':'null'}}}",
         "null", "1"},
        {"{" SEVEN "'$id':'http://x/a','items':{'$ref':'b'},'definitions':{'x':{'$id':'b','type':"
         "'null'}}}",
         "[null]", "[1]"},
        {"{" SEVEN "'properties':{'a':{'$id':'http://x/c','$ref':'#/definitions/n'}},"
         "'definitions':{'n':{'type':'null'}}}",
         "{'a':null}", "{'a':1}"},
        {"{" SEVEN "'contentEncoding':'base64','contentMediaType':'application/json'}", "'%'", ""},
        {"{" SEVEN "'$defs':{'a':{'type':'null'}},'items':{'$ref':'#/$defs/a'}}", "[null]", "[1]"},
        {"{" SEVEN "'$anchor':5,'$dynamicRef':5,'$vocabulary':5}", "1", ""},
    };

    (void)state;
    trial_run(trials, COUNT(trials), NULL);
}

static void
draft_by_option(void **state)
{
    static const struct rg_schema_options new = {.draft = RG_SCHEMA_2020_12};
    /* The option wins, even over a $schema that nobody knows. */
    static const struct trial tuple[] = {{"{" SEVEN "'prefixItems':[{'type':'null'}]}", "[null]",
                                          "[1]"}},
                              old[] = {{"{'$schema':'x:y','items':[{'type':'null'}]}", "[null,1]",
                                        "[1]"}};

    (void)state;
    trial_run(tuple, 1, &new);
    trial_run(old, 1, &draft_7);
}

static void
format_assertion(void **state)
{
    static const struct trial trials[] = {
        {"{'format':'date-time'}", "'2024-02-29T23:59:60Z';'2024-01-01t00:00:00.5+01:30';5",
         "'2023-02-29T00:00:00Z';'2024-01-01 00:00:00Z';'2024-01-01T24:00:00Z';'2024-01-01T00:00';"
         "'2024-01-01T12:00:60Z'"},
        {"{'format':'date'}", "'2000-02-29';'1999-12-31'",
         "'1900-02-29';'2024-1-1';'2024-13-01';'2024-00-10';'2024-01-00';'2024-01-01x';'\\u0000'"},
        {"{'format':'time'}", "'00:00:00Z';'23:59:60+00:00';'22:59:60-01:00'",
         "'00:00:00';'00:00Z';'00:00:61Z';'00:00:00.Z';'00:00:00+24:00'"},
        {"{'format':'email'}", "'a.b+c@d.example';'\\u0022a b\\u0022@x';'a@[1.2.3.4]'",
         "'a';'@b';'a@';'a..b@c';'.a@b';'a@b..c';'a@[1.2.3]';'a@[';'\\u0022a@b'"},
        {"{'format':'hostname'}", "'a';'a-b.c1';'xn--4gbwdl.xn--wgbh1c'",
         "'';'-a';'a-';'a..b';'a_b';'.';'a.';'ab--c';'ä'"},
        {"{'format':'ipv4'}", "'0.0.0.0';'255.255.255.255'",
         "'256.0.0.0';'1.2.3';'1.2.3.4.5';'01.2.3.4';'1.2.3.4 ';'1.2.3.';''"},
        {"{'format':'ipv6'}",
         "'::';'::1';'1:2:3:4:5:6:7:8';'1::8';'::ffff:1.2.3.4';'1:2:3:4:5:6::'",
         "'';':';':::';'1::2::3';'1:2:3:4:5:6:7';'12345::';'::1.2.3';'1:2:3:4:5:6:7:8:9';'::1%eth0'"
         ";"
         "'1:2:3:4:5:6:7:';':1:2:3:4:5:6:7'"},
        {"{'format':'uri'}", "'http://a/b?c#d';'urn:x:y';'mailto:a@b';'http://[::1]:80/';'a:'",
         "'a';'//a';'http://a b';'http://[::1';'http://a/%zz';'http://a/ä';'1a:b';':'"},
        {"{'format':'uri-reference'}", "'a';'';'#x';'//a/b';'../c'", "'a b';'%';'\\u005c'"},
        {"{'format':'iri'}", "'http://ä/ö'", "'ä';'http://a b'"},
        {"{'format':'uuid'}", "'2EB8AA08-aa98-11ea-b4aa-73b441d16380'",
         "'2eb8aa08aa9811eab4aa73b441d16380';'';'2eb8aa08-aa98-11ea-b4aa-73b441d1638';"
         "'2eb8aa08-aa98-11ea-b4aa-73b441d16380a'"},
        {"{'format':'regex'}", "'^a[b-c]{2}$';''", "'(';'[';'a**';'\\\\a';'(?i)a'"},
        {"{'format':'json-pointer'}", "'';'/a~0/~1'", "'a';'/~2';'/~'"},
        {"{'format':'relative-json-pointer'}", "'0';'1/a';'2#'", "'';'/a';'01';'0#x'"},
        {"{'format':'duration'}", "'P1Y2M3DT4H5M6S';'PT1M';'P3W'", "'P';'PT';'P1Y3D';'1D';'P1S'"},
        {"{'format':'of my own'}", "'anything'", ""},
    };
    struct rg_schema *silent = trial_schema("{'format':'ipv4'}", NULL);

    (void)state;
    trial_run(trials, COUNT(trials), &formats);
    trial_list(silent, "format as annotation", "'x'", RG_SCHEMA_VALID);
    rg_schema_free(silent);
}

static void
faults_say(void **state)
{
    static const struct {
        const char *schema, *instance, *lines;
    } cases[] = {
        {"{'type':['integer','null']}", "'x'",
         " type /type: expected null or an integer, found \"x\""},
        {"{'required':['b','a'],'properties':{'a':{},'b/~c':{'maxLength':1}}}", "{'b/~c':'xy'}",
         "/b~1~0c maxLength /properties/b~1~0c/maxLength: expected at most 1 characters, found 2\n"
         " required /required: expected a member \"b\", found none\n"
         " required /required: expected a member \"a\", found none"},
        {"{'items':{'$ref':'#/$defs/n'},'$defs':{'n':{'minimum':3,'multipleOf':2}}}", "[4,1]",
         "/1 minimum /$defs/n/minimum: expected a number not below 3, found 1\n"
         "/1 multipleOf /$defs/n/multipleOf: expected a multiple of 2, found 1"},
        {"{'additionalProperties':false}", "{'a':[1]}",
         "/a additionalProperties /additionalProperties: expected nothing, found an array"},
        {"false", "1", " false : expected nothing, found 1"},
        {"{'enum':['a',2]}", "{}", " enum /enum: expected one of \"a\", 2, found an object"},
        {"{'const':null}", "'0123456789012345678901234567890123456789012345'",
         " const /const: expected null, found \"0123456789012345678901234567890123456789\"..."},
        {"{'anyOf':[{'type':'null'},{'minimum':3}]}", "1",
         " anyOf /anyOf: expected to match one of 2 schemas, found no match"},
        {"{'oneOf':[{},{}]}", "1",
         " oneOf /oneOf: expected to match exactly one of 2 schemas, found more than one match"},
        {"{'not':{}}", "1", " not /not: expected not to match, found a match"},
        {"{'allOf':[{'pattern':'^a'}]}", "'b'",
         " pattern /allOf/0/pattern: expected a match of \"^a\", found \"b\""},
        {"{'uniqueItems':true,'contains':{'type':'null'}}", "[1,2,1]",
         " contains /contains: expected at least 1 matching items, found 0\n"
         " uniqueItems /uniqueItems: expected different items, found items 0 and 2 equal"},
        {"{'dependentRequired':{'a':['b']}}", "{'a':1}",
         " dependentRequired /dependentRequired: expected a member \"b\" besides \"a\", found "
         "none"},
        {"{'properties':{'a':{'prefixItems':[{},{'type':'null'}]}}}", "{'a':[1,2]}",
         "/a/1 type /properties/a/prefixItems/1/type: expected null, found 2"},
        {"{'$ref':'https://json-schema.org/draft/2020-12/schema'}", "{'minLength':-1}",
         "/minLength minimum https://json-schema.org/draft/2020-12/schema#/$defs/validation/"
         "properties/minLength/minimum: expected a number not below 0, found -1"},
    };
    struct rg_buf lines = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rg_schema *schema = trial_schema(cases[i].schema, NULL);

        rg_buf_reset(&lines);
        assert_int_equal(trial_check(schema, cases[i].instance, &lines), RG_SCHEMA_INVALID);
        assert_string_equal(rg_buf_text(&lines), cases[i].lines);
        rg_schema_free(schema);
    }
    rg_buf_clear(&lines);
}

/* The list keeps what it has and takes no more than its maximum. */
static void
faults_have_a_maximum(void **state)
{
    struct rg_schema *schema = trial_schema("{'items':{'type':'null'}}", NULL);
    struct rg_schema_faults faults = {.max = 3};
    struct rg_json doc;
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_json_parse(&doc, "[1,2]", 5, NULL, 1, 0, &err), RG_OK);
    assert_int_equal(rg_schema_check(schema, doc.root, &faults), RG_SCHEMA_INVALID);
    assert_int_equal(faults.n, 2);
    assert_int_equal(rg_schema_check(schema, doc.root, &faults), RG_SCHEMA_INVALID);
    assert_int_equal(faults.n, 3);
    assert_string_equal(faults.at[2].instance.data, "/0");
    rg_schema_faults_clear(&faults);
    assert_int_equal(faults.n, 0);
    assert_int_equal(faults.max, 3);
    rg_json_clear(&doc);
    rg_schema_free(schema);
}

static void
what_a_property_is(void **state)
{
    struct rg_schema *s = trial_schema(
        "{'allOf':[{'$ref':'#/$defs/"
        "x'}],'properties':{'a':{'type':'integer'},'b':{'type':['number',"
        "'null']},'c':{'enum':[1,2]},'d':{}},'$defs':{'x':{'properties':{'e':{'$ref':'#/$defs/y'},"
        "'b':{'type':'null'}}},'y':{'type':'string','enum':['p']}}}",
        NULL);
    const cJSON *values;

    (void)state;
    assert_int_equal(rg_schema_property(s, "a", &values), RG_JSON_INT);
    assert_null(values);
    assert_int_equal(rg_schema_property(s, "b", &values), RG_JSON_NULL);
    assert_int_equal(rg_schema_property(s, "c", &values), RG_JSON_ANY);
    assert_int_equal(cJSON_GetArraySize(values), 2);
    assert_int_equal(rg_schema_property(s, "d", &values), RG_JSON_ANY);
    assert_int_equal(rg_schema_property(s, "e", &values), RG_JSON_STRING);
    assert_int_equal(cJSON_GetArraySize(values), 1);
    assert_int_equal(rg_schema_property(s, "z", &values), RG_JSON_ANY);
    rg_schema_free(s);
    /* A loop ends. */
    s = trial_schema("{'$ref':'#','allOf':[{'$ref':'#'}]}", NULL);
    assert_int_equal(rg_schema_property(s, "a", &values), RG_JSON_ANY);
    rg_schema_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_drafts),
        cmocka_unit_test(draft_2020_12),
        cmocka_unit_test(draft_07),
        cmocka_unit_test(draft_by_option),
        cmocka_unit_test(format_assertion),
        cmocka_unit_test(faults_say),
        cmocka_unit_test(faults_have_a_maximum),
        cmocka_unit_test(what_a_property_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
