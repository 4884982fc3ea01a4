/* What the RouterGym formats share: its labels, models and prices. */
#ifndef RG_TRACES_IMPORT_ROUTERGYM_H
#define RG_TRACES_IMPORT_ROUTERGYM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/names.h"
#include "traces/import.h"

/* The eight ticket classes as the April 2026 tables spell them, and in the lower case of the
 * 200-ticket run; in the order of their ids. */
enum { RG_ROUTERGYM_LABELS = 8 };
extern const char *const rg_routergym_labels[RG_ROUTERGYM_LABELS];
extern const char *const rg_routergym_labels_lower[RG_ROUTERGYM_LABELS];

/* Models of the April 2026 run, whose prices (price list "normalized_v3") are the same for input
 * and output; and the two of the 200-ticket run, which recorded only "slm" or "llm". */
enum { RG_ROUTERGYM_MODELS = 4, RG_ROUTERGYM_TIERS = 2 };
extern const char *const rg_routergym_models[RG_ROUTERGYM_MODELS];
extern const char *const rg_routergym_tiers[RG_ROUTERGYM_TIERS];
double rg_routergym_usd_per_mtok(const char *model);

/* Put a model with its tier and price unless `seen` says that this was done already. */
RG_MUST_USE enum rg_status rg_routergym_put_model(struct rg_import *im, struct rg_names *seen,
                                                  const char *model, const struct rg_place *place,
                                                  struct rg_err *err);

/* The dataset's name: the import's option, else "tickets". */
const char *rg_routergym_dataset(const struct rg_import *im);

/* Cost of a call of the 200-ticket run: a token is a quarter of a code point of prompt, answer and
 * reasoning together, rounded down, at least one; USD per 1,000 tokens by tier. */
double rg_routergym_call_usd(const char *tier, size_t codepoints);

#endif
