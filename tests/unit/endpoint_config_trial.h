/* Reading configurations of endpoints from text. Include after cmocka.h. */
#ifndef RG_TESTS_ENDPOINT_CONFIG_TRIAL_H
#define RG_TESTS_ENDPOINT_CONFIG_TRIAL_H

#include <math.h>

#include "sim/endpoint_config.h"
#include "tests/unit/base_temp.h"

/* Names of the bundled trace. */
enum { SLM_3B, SLM_7B, SLM_8B, LLM_14B, LLM_24B, MODELS };
static const struct rg_trace_model models[MODELS] = {
    {"slm-3b", RG_TIER_SLM, NAN, NAN},  {"slm-7b", RG_TIER_SLM, NAN, NAN},
    {"slm-8b", RG_TIER_SLM, NAN, NAN},  {"llm-14b", RG_TIER_LLM, NAN, NAN},
    {"llm-24b", RG_TIER_LLM, NAN, NAN},
};
static const struct rg_trace trace = {.n_models = MODELS, .models = models};

/* Reads the text over c; err->text without the file's name. */
static inline enum rg_status
read_over(struct rg_endpoint_configs *c, const struct rg_trace *t, const char *text,
          struct rg_err *err)
{
    char path[TEMP_PATH];
    size_t n;
    enum rg_status rc;

    temp_write(path, text, strlen(text));
    rc = rg_endpoint_configs_read(c, t, path, err);
    unlink(path);
    n = strlen(path);
    if (rc) {
        assert_int_equal(strncmp(err->text, path, n), 0);
        assert_int_equal(err->text[n], ':');
        memmove(err->text, err->text + n + 1, strlen(err->text + n + 1) + 1);
    }
    return rc;
}

#endif
