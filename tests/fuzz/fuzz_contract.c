/* Answers: finding, mending and judging. What was mended is JSON and stays as it is when it is
 * mended again; strict JSON is never changed; a step that was not allowed is never taken. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "replay/contract/contract.h"
#include "replay/contract/extract.h"
#include "replay/contract/repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_extract(const char *text, size_t n)
{
    for (unsigned how = 0; how < 4; how++) {
        const struct rg_extract_options options = {RG_STEPS_EXTRACT, how & 1, how & 2};
        struct rg_extract x;
        bool found = rg_extract(&x, text, n, &options);

        assert(x.start <= x.end && x.end <= n && found == (x.found > 0));
        assert(!found || text[x.start] == '{' || ((how & 1) && text[x.start] == '['));
    }
}

static void
check_repair(const char *text, size_t n, uint32_t allowed)
{
    struct rg_buf out = {0}, again = {0};
    struct rg_json strict, doc, twice;
    struct rg_err err;
    uint32_t done;
    bool was_strict = rg_json_parse(&strict, text, n, NULL, 1, 0, &err) == RG_OK;
    bool mended = rg_repair(&doc, &out, text, n, allowed, &done);

    assert(!was_strict || (mended && done == 0));
    assert(mended == (doc.root != NULL));
    if (mended) {
        assert((done & ~allowed) == 0 && (was_strict || done != 0));
        assert(!was_strict || (out.len == n && memcmp(out.data, text, n) == 0));
        if (!rg_repair(&twice, &again, out.data, out.len, 0, &done))
            abort();
        assert(out.len == again.len && memcmp(out.data, again.data, out.len) == 0);
        rg_json_clear(&twice);
    }
    rg_json_clear(&strict);
    rg_json_clear(&doc);
    rg_buf_clear(&out);
    rg_buf_clear(&again);
}

static struct rg_contract_rules *
open_rules(const char *contract, uint32_t steps)
{
    static const char *const labels[] = {"Access", "Hardware", "Storage quota"};
    const struct rg_contract_options how = {.steps = steps, .label_required = steps & 1};
    struct rg_contract_rules *rules;
    struct rg_err err;

    if (rg_contract_rules_open(&rules, contract, &how, &err) != RG_OK)
        abort();
    rg_contract_rules_labels(rules, labels, 3);
    return rules;
}

static void
check_judge(const struct rg_contract_rules *rules, const char *text, size_t n, uint32_t steps)
{
    struct rg_contract_trial x = {.want_faults = true};
    struct rg_buf text_of = {0};
    struct rg_err err;

    rg_contract_judge(rules, text, n, &x);
    assert((rg_verdict_steps(x.verdict) & ~steps) == 0);
    assert(rg_verdict_has(x.verdict, RG_VERDICT_JSON) == (x.doc.root != NULL));
    if (rg_verdict_has(x.verdict, RG_VERDICT_SCHEMA_RAW))
        assert(rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED));
    rg_contract_feedback(&x, 3, &text_of);
    rg_buf_clear(&text_of);
    /* What was turned into other values can be written and read. */
    if (x.doc.root) {
        struct rg_json doc;

        rg_json_put_node(&text_of, x.doc.root);
        if (rg_json_parse(&doc, text_of.data, text_of.len, NULL, 1, 0, &err) != RG_OK)
            abort();
        rg_json_clear(&doc);
    }
    rg_buf_clear(&text_of);
    rg_contract_trial_clear(&x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rg_contract_rules *strict, *mending; /* compiled once: that takes most time */
    const char *text = (const char *)data;
    struct rg_contract_rules *off;
    uint32_t some;

    /* The first bytes choose the steps, and are part of the text all the same. */
    some = size >= 3 ? (uint32_t)(data[0] | data[1] << 8 | data[2] << 16) & RG_STEPS_ALL : 0;
    check_extract(text, size);
    check_repair(text, size, RG_STEPS_ALL);
    check_repair(text, size, some);
    if (!strict) {
        strict = open_rules("ticket", 0);
        mending = open_rules("ticket", RG_STEPS_ALL);
    }
    check_judge(strict, text, size, 0);
    check_judge(mending, text, size, RG_STEPS_ALL);
    off = open_rules("off", some);
    check_judge(off, text, size, some);
    rg_contract_rules_free(off);
    return 0;
}
