#include "replay/contract/contract.h"

#include <string.h>

#include "base/json.h"

const char *const rg_contract_names[] = {"off", "recorded", "json", "ticket", NULL};

static bool
has_text(const cJSON *object, const char *key)
{
    const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(node) && node->valuestring[strspn(node->valuestring, " \t\r\n")] != '\0';
}

static bool
is_list_of_strings(const cJSON *node)
{
    const cJSON *item;

    if (!cJSON_IsArray(node))
        return false;
    cJSON_ArrayForEach(item, node)
    {
        if (!cJSON_IsString(item))
            return false;
    }
    return true;
}

static bool
is_ticket_answer(const cJSON *root)
{
    return has_text(root, "final_answer") && has_text(root, "reasoning") &&
           has_text(root, "predicted_category") &&
           is_list_of_strings(cJSON_GetObjectItemCaseSensitive(root, "resolution_steps")) &&
           cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root, "escalation_flags"));
}

bool
rg_contract_accepts(enum rg_contract contract, const char *text, size_t n)
{
    struct rg_json doc = {0};
    struct rg_err ignored;
    bool ok;

    if (rg_json_parse(&doc, text, n, NULL, 1, 0, &ignored) != RG_OK)
        return false;
    ok = cJSON_IsObject(doc.root) && (contract != RG_CONTRACT_TICKET || is_ticket_answer(doc.root));
    rg_json_clear(&doc);
    return ok;
}

static bool
answered(uint8_t status)
{
    return status == RG_CALL_OK || status == RG_CALL_INVALID;
}

static enum rg_status
judge_texts(const struct rg_trace *t, enum rg_contract contract, uint8_t *valid, struct rg_err *err)
{
    struct rg_buf text = {0};
    enum rg_status status = RG_OK;
    size_t n_texts = 0;

    for (size_t i = 0; status == RG_OK && i < t->n_calls; i++) {
        valid[i] = 0;
        if (!answered(t->calls.status[i]) || t->calls.text[i] == 0)
            continue;
        n_texts++;
        rg_buf_reset(&text);
        status = rg_trace_text(t, t->calls.text[i], &text, err);
        if (status == RG_OK)
            valid[i] = rg_contract_accepts(contract, rg_buf_text(&text), text.len);
    }
    rg_buf_clear(&text);
    if (status == RG_OK && n_texts == 0 && t->n_calls > 0)
        return rg_err_set(err, RG_EINPUT,
                          "%s: no call has a text, so contract '%s' has nothing to judge "
                          "(use 'recorded' or 'off')",
                          t->path, rg_contract_names[contract]);
    return status;
}

enum rg_status
rg_contract_verdicts(const struct rg_trace *t, enum rg_contract contract, uint8_t *valid,
                     struct rg_err *err)
{
    switch (contract) {
    case RG_CONTRACT_OFF:
        memset(valid, 1, t->n_calls);
        return RG_OK;
    case RG_CONTRACT_RECORDED:
        for (size_t i = 0; i < t->n_calls; i++)
            valid[i] = t->calls.status[i] == RG_CALL_OK;
        return RG_OK;
    case RG_CONTRACT_JSON:
    case RG_CONTRACT_TICKET:
        break;
    }
    return judge_texts(t, contract, valid, err);
}
