#include "traces/import_routergym.h"

#include <assert.h>
#include <string.h>

const char *const rg_routergym_labels[RG_ROUTERGYM_LABELS] = {
    "Access",           "Administrative rights", "HR Support", "Hardware",
    "Internal Project", "Miscellaneous",         "Purchase",   "Storage",
};

const char *const rg_routergym_labels_lower[RG_ROUTERGYM_LABELS] = {
    "access",           "administrative rights", "hr support", "hardware",
    "internal project", "miscellaneous",         "purchase",   "storage",
};

const char *const rg_routergym_models[RG_ROUTERGYM_MODELS] = {"slm1", "slm2", "llm1", "llm2"};
const char *const rg_routergym_tiers[RG_ROUTERGYM_TIERS] = {"slm", "llm"};

/* RouterGym's own price lists, invented by its author rather than a vendor's: "normalized_v3"
 * (April 2026; Mistral-7B-v0.3, Llama-3-8B, Mistral-Small-24B-2501, Qwen2.5-14B) and the two
 * constants of the 200-ticket run. USD per 1,000 tokens there, per million here. */
static const struct {
    const char *model;
    enum rg_tier tier;
    double usd_per_mtok;
} prices[] = {
    {"slm1", RG_TIER_SLM, 0.5}, {"slm2", RG_TIER_SLM, 0.7}, {"llm1", RG_TIER_LLM, 6},
    {"llm2", RG_TIER_LLM, 3},   {"slm", RG_TIER_SLM, 0.5},  {"llm", RG_TIER_LLM, 20},
};

static size_t
price_of(const char *model)
{
    size_t n = sizeof prices / sizeof *prices, i = 0;

    while (i < n && strcmp(prices[i].model, model) != 0)
        i++;
    assert(i < n); /* callers have checked the name */
    return i;
}

double
rg_routergym_usd_per_mtok(const char *model)
{
    return prices[price_of(model)].usd_per_mtok;
}

enum rg_status
rg_routergym_put_model(struct rg_import *im, struct rg_names *seen, const char *model,
                       const struct rg_place *place, struct rg_err *err)
{
    size_t i = price_of(model);
    struct rg_model_rec rec = {
        .name = model,
        .tier = prices[i].tier,
        .input_usd_per_mtok = prices[i].usd_per_mtok,
        .output_usd_per_mtok = prices[i].usd_per_mtok,
    };
    enum rg_status status;

    if (rg_names_find(seen, model, strlen(model)) != RG_NAMES_NONE)
        return RG_OK;
    status = rg_import_model(im, &rec, place, err);
    if (status == RG_OK)
        rg_names_add(seen, model, strlen(model), NULL);
    return status;
}

const char *
rg_routergym_dataset(const struct rg_import *im)
{
    return im->options->dataset ? im->options->dataset : "tickets";
}

double
rg_routergym_call_usd(const char *tier, size_t codepoints)
{
    double tokens = (double)(codepoints / 4);
    double usd_per_1000 = strcmp(tier, "slm") == 0 ? 0.0005 : 0.02;

    return (tokens < 1 ? 1 : tokens) / 1000 * usd_per_1000;
}
