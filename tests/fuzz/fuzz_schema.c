/* The schema validator: a schema, a NUL, an instance. The first byte chooses draft and formats.
 * Whatever compiles must give the same verdict with and without faults, and be valid exactly when
 * there are none. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "replay/contract/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct rg_schema *schema, const char *text, size_t n)
{
    struct rg_schema_faults faults = {.max = 3};
    enum rg_schema_verdict verdict;
    struct rg_json doc;
    struct rg_err err;

    if (rg_json_parse(&doc, text, n, "i", 1, RG_JSON_NUL, &err) != RG_OK)
        return;
    verdict = rg_schema_check(schema, doc.root, &faults);
    assert(rg_schema_check(schema, doc.root, NULL) == verdict);
    assert((verdict == RG_SCHEMA_VALID) == (faults.n == 0));
    for (size_t i = 0; i < faults.n; i++)
        assert(faults.at[i].message.len > 0 && faults.at[i].keyword[0]);
    rg_schema_faults_clear(&faults);
    rg_json_clear(&doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rg_schema_options options = {.draft = RG_SCHEMA_AUTO};
    struct rg_err err = {.status = RG_OK};
    struct rg_schema *schema;
    const char *text, *nul;
    const cJSON *values;

    if (size == 0)
        return 0;
    options.draft = (enum rg_schema_draft)(data[0] % 3);
    options.assert_formats = (data[0] & 8) != 0;
    text = (const char *)data + 1;
    size--;
    nul = memchr(text, '\0', size);
    if (rg_schema_parse(&schema, text, nul ? (size_t)(nul - text) : size, "s", &options, &err)) {
        assert(!schema && err.status == RG_EINPUT && err.text[0]);
        return 0;
    }
    (void)rg_schema_property(schema, "a", &values);
    if (nul)
        check(schema, nul + 1, size - 1 - (size_t)(nul - text));
    rg_schema_free(schema);
    return 0;
}
