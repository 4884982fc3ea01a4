/* A synthetic tree of result files in LLMRouterBench's layout, for demonstration and scale tests:
 * DIR/results/bench/<dataset>/<split>/<model>/<dataset>-<split>-<model>-<time>.json.
 *
 * Datasets, their sizes, models and prices are those of the benchmark's performance-cost setting;
 * scores, costs and texts are drawn. A question has a latent difficulty, which the models share; of
 * N questions those with the highest ability beyond difficulty are right, exactly round(share * N)
 * of them. The share is a logistic one by default; with the folder of the published tables
 * (table9.csv, accuracy in percent; table10.csv, USD) it is the published one, and the cost of a
 * dataset is the published one times N over the full size. A cell that is empty there has no file.
 *
 * The same options give the same bytes; a question is the same for every model. */
#ifndef RG_TRACES_GEN_LLMROUTERBENCH_H
#define RG_TRACES_GEN_LLMROUTERBENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct rg_generate_bench_options {
    uint64_t seed;
    double scale;       /* share of each dataset's questions, at least 10 */
    const char *tables; /* folder of the published tables, or NULL */
    bool odd; /* also files that a reader has to cope with: an older one, a demonstration, null
                 scores, an old name, a cut one, odd types */
};

struct rg_generate_bench_options rg_generate_bench_defaults(void);

/* Write the tree below dir, which is made and must be empty if it is there. RG_EUSAGE: a scale out
 * of range, a folder that is not empty. */
RG_MUST_USE enum rg_status
rg_generate_bench(const char *dir, const struct rg_generate_bench_options *o, struct rg_err *err);

#endif
