/* The built-in classifier: the category of a text, and how sure that is.
 *
 * Nearest centroid on hashed TF-IDF vectors (replay/features/tfidf.h, RG_TFIDF_WIDE buckets): a
 * category's centroid is the sum of the unit vectors of its train texts, scaled to length 1, and
 * the category whose centroid has the greatest cosine with a text is its label, ties to the first
 * by name (J. J. Rocchio 1971; E.-H. Han, G. Karypis, "Centroid-based document classification",
 * PKDD 2000).
 *
 * Confidence is the label's part of softmax(cosine / T). T is fitted by greatest likelihood, as C.
 * Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2, do with a
 * held-out set; here every train text is held out in turn of its own category's centroid (the idf
 * is not fitted anew). Targets are smoothed as in J. Platt, "Probabilistic outputs for support
 * vector machines", 1999, section 2.2: with n texts (n + 1) / (n + 2) for the right category, the
 * rest in equal parts for the others, so that T does not become 0 where all is separated.
 *
 * It is trained on the queries it is given and never sees a category of any other. A text without a
 * token (or no text) has no label. */
#ifndef RG_REPLAY_CLASSIFY_CLASSIFIER_H
#define RG_REPLAY_CLASSIFY_CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

struct rg_classifier;

/* From texts[0..n) with categories label[0..n) below n_labels; texts without a token teach nothing.
 * NULL when fewer than two categories are left. */
struct rg_classifier *rg_classifier_of(const char *const *texts, const uint32_t *label, size_t n,
                                       size_t n_labels);
/* From queries of a trace, those with a text and a category; RG_EINPUT when these are of fewer than
 * two categories. */
RG_MUST_USE enum rg_status rg_classifier_train(struct rg_classifier **out, const struct rg_trace *t,
                                               const uint32_t *queries, size_t n,
                                               struct rg_err *err);
void rg_classifier_free(struct rg_classifier *c); /* NULL is fine */

/* The label, or RG_NAMES_NONE with *confidence NaN. Not for concurrent use of one classifier. */
uint32_t rg_classifier_label(struct rg_classifier *c, const char *text, double *confidence);

/* For every query of the trace, into label[0..n_queries) and confidence[0..n_queries): what
 * rg_query_signals expects. */
RG_MUST_USE enum rg_status rg_classifier_queries(struct rg_classifier *c, const struct rg_trace *t,
                                                 uint32_t *label, double *confidence,
                                                 struct rg_err *err);

/* 1 / T; 0 where the cosines tell nothing. */
double rg_classifier_sharpness(const struct rg_classifier *c);

#endif
