/* AutoMix: the small model first, and again the large one where a verifier is not sure of the
 * answer (P. Aggarwal et al., "AutoMix: automatically mixing language models", NeurIPS 2024, with
 * the thresholds as LLMRouter's program searches them). */
#ifndef RG_REPLAY_LEARN_AUTOMIX_H
#define RG_REPLAY_LEARN_AUTOMIX_H

#include <stdbool.h>
#include <stddef.h>

/* When the large model is asked, for a confidence v and thresholds on eighths a < b < c:
 * single: v <= a; double: a <= v <= b; triple: v <= a, or b <= v <= c. All but single end at 7/8.
 */
enum rg_automix_kind { RG_AUTOMIX_SINGLE, RG_AUTOMIX_DOUBLE, RG_AUTOMIX_TRIPLE };

/* n queries: the verifier's confidence, from 0 to 1, scores and costs of both models, and what the
 * verifier costs a query; all borrowed, no NaN. */
struct rg_automix_rows {
    size_t n;
    const double *confidence, *small, *large, *small_usd, *large_usd;
    double verifier_usd;
};

struct rg_automix {
    enum rg_automix_kind kind;
    double threshold[3]; /* of which the kind uses 1 to 3 */
};

struct rg_automix_found {
    struct rg_automix choice;
    size_t candidates; /* thresholds that were tried */
    double score;      /* mean */
    double cost;       /* mean, with the verifier */
    double lift;       /* ((score - small) / (cost - small's cost) - slope) / slope */
};

/* Is the large model asked? A confidence that is not known (NaN) asks it. */
bool rg_automix_asks(const struct rg_automix *a, double confidence);

/* The thresholds with the greatest lift over the slope (large - small) / (its cost - small's) of
 * mixing both models by chance; the first of equals, in ascending order. The verifier is charged to
 * the mixture but not to the small model, as in the original. Candidates that cost what the small
 * model does have no lift and are passed over. False when the slope is 0 or not defined, or no
 * candidate has a lift. */
bool rg_automix_search(enum rg_automix_kind kind, const struct rg_automix_rows *rows,
                       struct rg_automix_found *out);

#endif
