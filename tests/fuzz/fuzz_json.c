/* The JSON reader: whatever it accepts must be written and read again to the same text. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_again(const struct rg_json *doc)
{
    struct rg_buf one = {0}, two = {0};
    struct rg_json again;
    struct rg_err err;

    rg_json_put_node(&one, doc->root);
    if (rg_json_parse(&again, one.data, one.len, NULL, 1, RG_JSON_NUL, &err) != RG_OK)
        assert(false && "what was written is not read");
    rg_json_put_node(&two, again.root);
    assert(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);
    rg_json_clear(&again);
    rg_buf_clear(&one);
    rg_buf_clear(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cJSON *a, *b;
    const struct rg_json_key keys[] = {
        {"a", RG_JSON_INT | RG_JSON_NULL, &a},
        {"model", RG_JSON_STRING | RG_JSON_REQUIRED, &b},
    };

    for (unsigned flags = 0; flags <= (RG_JSON_COMMENTS | RG_JSON_NUL); flags++) {
        struct rg_json doc;
        struct rg_err err = {.status = RG_OK};

        if (rg_json_parse(&doc, (const char *)data, size, "f", 1, flags, &err) != RG_OK) {
            assert(err.status == RG_EINPUT && err.text[0] == 'f' && !doc.root);
            continue;
        }
        assert(doc.root->valueint >= 0 && (size_t)doc.root->valueint < size);
        check_again(&doc);
        if (rg_json_object(&doc, doc.root, keys, 2, NULL, &err) == RG_OK)
            assert(cJSON_IsString(b));
        rg_json_clear(&doc);
    }
    return 0;
}
