/* What the two files of the command contract share. */
#ifndef RG_CLI_CONTRACT_H
#define RG_CLI_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "replay/contract/contract.h"

struct rg_contract_values {
    const char *trace, *remotes, *label_key;
    struct rg_opt_list repair, labels;
    bool lines, first, formats, label_required, quiet;
    int draft, label_missing, format;
    double level;
};

enum { RG_LABEL_WRONG, RG_LABEL_SKIP }; /* what an answer without a label counts for */

/* Judge all recorded answers of a trace and print a summary. Returns the exit status. */
int rg_contract_trace(struct rg_contract_rules *rules, const struct rg_contract_values *values);

#endif
