/* The official test suite of JSON Schema, draft 2020-12, which lies outside the tree
 * ($ROUTERGYM_DATA/json-schema, else ../shared/data/json-schema). Every required test must pass;
 * the optional ones are listed with what passes, and those that this validator claims must pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "base/mem.h"
#include "replay/contract/schema.h"

enum { REQUIRED = 1299, MAX_FILES = 100 };

struct tally {
    unsigned good, bad;
};

static char *
suite_path(const char *name)
{
    const char *data = getenv("ROUTERGYM_DATA"), *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0};

    if (data)
        rg_buf_printf(&path, "%s/json-schema/%s", data, name);
    else
        rg_buf_printf(&path, "%s/../shared/data/json-schema/%s", top ? top : ".", name);
    return rg_buf_take(&path);
}

static const char *
text_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(member) ? member->valuestring : "";
}

/* The faults of an invalid instance must name a place and a reason. */
static enum rg_schema_verdict
check(const struct rg_schema *schema, const cJSON *data)
{
    struct rg_schema_faults faults = {0};
    enum rg_schema_verdict one = rg_schema_check(schema, data, NULL);
    enum rg_schema_verdict two = rg_schema_check(schema, data, &faults);

    assert_int_equal(one, two);
    assert_int_equal(faults.n == 0, one == RG_SCHEMA_VALID);
    for (size_t i = 0; i < faults.n; i++) {
        assert_true(faults.at[i].message.len > 0 && faults.at[i].keyword[0]);
        assert_true(faults.at[i].instance.len == 0 || faults.at[i].instance.data[0] == '/');
    }
    rg_schema_faults_clear(&faults);
    return one;
}

static void
run_group(const cJSON *group, bool formats, bool loud, struct tally *tally)
{
    char *remotes = suite_path("remotes");
    const struct rg_schema_options options = {.assert_formats = formats, .remotes = remotes};
    const cJSON *tests = cJSON_GetObjectItemCaseSensitive(group, "tests");
    struct rg_buf text = {0};
    struct rg_schema *schema;
    struct rg_err err = {0};

    rg_json_put_node(&text, cJSON_GetObjectItemCaseSensitive(group, "schema"));
    if (rg_schema_parse(&schema, text.data, text.len, "schema", &options, &err) && loud)
        printf("# %s: %s\n", text_of(group, "description"), err.text);
    for (const cJSON *t = tests->child; t; t = t->next) {
        bool want = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(t, "valid"));
        const cJSON *data = cJSON_GetObjectItemCaseSensitive(t, "data");
        bool good = schema && check(schema, data) == (want ? RG_SCHEMA_VALID : RG_SCHEMA_INVALID);

        if (good)
            tally->good++;
        else
            tally->bad++;
        if (!good && loud)
            printf("# failed: %s: %s\n", text_of(group, "description"), text_of(t, "description"));
    }
    rg_schema_free(schema);
    rg_buf_clear(&text);
    free(remotes);
}

static struct tally
run_file(const char *folder, const char *name, bool loud)
{
    struct rg_buf at = {0}, text = {0};
    struct tally tally = {0, 0};
    struct rg_json doc;
    struct rg_err err;
    char *path;

    rg_buf_printf(&at, "%s/%s", folder, name);
    path = suite_path(rg_buf_text(&at));
    assert_int_equal(rg_file_read(path, 1 << 24, &text, &err), RG_OK);
    if (rg_json_parse(&doc, text.data, text.len, path, 1, RG_JSON_NUL, &err) != RG_OK)
        fail_msg("%s", err.text);
    for (const cJSON *group = doc.root->child; group; group = group->next)
        run_group(group, strstr(folder, "format") != NULL, loud, &tally);
    rg_json_clear(&doc);
    rg_buf_clear(&text);
    rg_buf_clear(&at);
    free(path);
    return tally;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the JSON files of a folder, sorted; free() each. */
static size_t
list_files(const char *folder, char *names[MAX_FILES])
{
    char *path = suite_path(folder);
    DIR *dir = opendir(path);
    struct dirent *e;
    size_t n = 0;

    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        size_t len = strlen(e->d_name);

        if (len > 5 && strcmp(e->d_name + len - 5, ".json") == 0) {
            assert_true(n < MAX_FILES);
            names[n++] = rg_strdup(e->d_name);
        }
    }
    closedir(dir);
    free(path);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

static void
required(void **state)
{
    char *names[MAX_FILES];
    size_t n = list_files("draft2020-12", names);
    struct tally sum = {0, 0};

    (void)state;
    for (size_t i = 0; i < n; i++) {
        struct tally t = run_file("draft2020-12", names[i], true);

        if (t.bad > 0)
            printf("# %s: %u failed\n", names[i], t.bad);
        sum.good += t.good;
        sum.bad += t.bad;
        free(names[i]);
    }
    assert_int_equal(sum.bad, 0);
    assert_int_equal(sum.good, REQUIRED);
}

/* What is claimed: no failure in these. */
static const char *const claimed[] = {
    "anchor.json",
    "bignum.json",
    "dependencies-compatibility.json",
    "dynamicRef.json",
    "ecmascript-regex.json",
    "float-overflow.json",
    "format-assertion.json",
    "id.json",
    "no-schema.json",
    "non-bmp-regex.json",
    "refOfUnknownKeyword.json",
    "unknownKeyword.json",
    "format/date-time.json",
    "format/date.json",
    "format/duration.json",
    "format/email.json",
    "format/ipv4.json",
    "format/ipv6.json",
    "format/iri-reference.json",
    "format/iri.json",
    "format/json-pointer.json",
    "format/regex.json",
    "format/relative-json-pointer.json",
    "format/time.json",
    "format/unknown.json",
    "format/uri-reference.json",
    "format/uri.json",
    "format/uuid.json",
};

static bool
is_claimed(const char *name)
{
    for (size_t i = 0; i < sizeof claimed / sizeof claimed[0]; i++)
        if (strcmp(claimed[i], name) == 0)
            return true;
    return false;
}

static void
optional_folder(const char *folder, const char *prefix)
{
    char *names[MAX_FILES];
    size_t n = list_files(folder, names);
    bool loud = getenv("SCHEMA_SUITE_LOUD") != NULL;
    unsigned broken = 0;

    for (size_t i = 0; i < n; i++) {
        struct tally t = run_file(folder, names[i], loud);
        struct rg_buf name = {0};

        rg_buf_printf(&name, "%s%s", prefix, names[i]);
        printf("# optional %-36s %4u pass %4u fail\n", rg_buf_text(&name), t.good, t.bad);
        broken += is_claimed(rg_buf_text(&name)) && t.bad > 0;
        rg_buf_clear(&name);
        free(names[i]);
    }
    assert_int_equal(broken, 0);
}

static void
optional(void **state)
{
    (void)state;
    optional_folder("draft2020-12/optional", "");
    optional_folder("draft2020-12/optional/format", "format/");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required),
        cmocka_unit_test(optional),
    };
    char *path = suite_path("draft2020-12");
    bool absent = access(path, R_OK) != 0;

    free(path);
    if (absent) {
        puts("1..0 # SKIP no official test suite (set ROUTERGYM_DATA)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
