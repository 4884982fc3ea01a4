/* Retrieval over a synthetic knowledge base: memory [ARTICLES [QUERIES]] prints the queries a
 * second of each retriever on one core, and milliseconds a query. Articles have about 1,000
 * characters, queries about 150; words are drawn by Zipf's law from 20,000. Making the index is not
 * in it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "replay/memory/retriever.h"

enum { VOCABULARY = 20000, ARTICLE_CHARS = 1000, QUERY_CHARS = 150 };

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Log-uniform ranks: probability about 1 / rank. */
static char *
write_text(gsl_rng *rng, size_t chars)
{
    struct rg_buf text = {0};

    while (text.len < chars) {
        unsigned rank = (unsigned)exp(rg_rng_unit(rng) * log(VOCABULARY));

        for (unsigned n = rank * 7919 + 11; n > 0; n /= 26)
            rg_buf_putc(&text, (char)('a' + n % 26));
        rg_buf_puts(&text, rg_rng_below(rng, 12) == 0 ? ". " : " ");
    }
    return rg_buf_take(&text);
}

static struct rg_kb *
write_kb(gsl_rng *rng, size_t n)
{
    struct rg_kb *kb = rg_zalloc(1, sizeof *kb);

    kb->n = n;
    kb->id = rg_alloc(n, sizeof *kb->id);
    kb->title = rg_zalloc(n, sizeof *kb->title);
    kb->text = rg_alloc(n, sizeof *kb->text);
    kb->attrs = rg_zalloc(n, sizeof *kb->attrs);
    for (size_t i = 0; i < n; i++) {
        char id[32];

        snprintf(id, sizeof id, "a%07zu", i);
        kb->id[i] = rg_strdup(id);
        kb->text[i] = write_text(rng, ARTICLE_CHARS);
    }
    return kb;
}

static void
measure(const struct rg_kb *kb, enum rg_retriever which, char *const *queries, size_t n)
{
    struct rg_memory_config config = rg_memory_config_default();
    struct rg_hit *hits = rg_alloc(config.top, sizeof *hits);
    struct rg_retriever_scratch scratch;
    struct rg_retriever_index *index;
    double begin = seconds(), made, time, sum = 0;

    config.retriever = which;
    index = rg_retriever_new(kb, &config, NULL, NULL);
    made = seconds();
    rg_retriever_scratch_init(&scratch, index);
    for (size_t i = 0; i < n; i++) {
        struct rg_retriever_query q = {(uint32_t)i, "", queries[i]};

        sum += rg_retriever_search(index, &q, &scratch, hits) > 0 ? hits[0].score : 0;
    }
    time = seconds() - made;
    printf("%s: %.4g queries/s, %.3g ms each, index %.2f s, mean relevance %.4f\n",
           rg_memory_retrievers[which].name, (double)n / time, 1000 * time / (double)n,
           made - begin, sum / (double)n);
    rg_retriever_scratch_clear(&scratch);
    rg_retriever_free(index);
    free(hits);
}

int
main(int argc, char **argv)
{
    size_t n_articles = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    size_t n_queries = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000;
    gsl_rng *rng = rg_rng_new(1, 0, RG_PURPOSE_TEST);
    struct rg_kb *kb = write_kb(rng, n_articles);
    char **queries = rg_alloc(n_queries, sizeof *queries);

    for (size_t i = 0; i < n_queries; i++)
        queries[i] = write_text(rng, QUERY_CHARS);
    for (size_t r = 0; r < rg_n_memory_retrievers; r++)
        measure(kb, (enum rg_retriever)r, queries, n_queries);
    for (size_t i = 0; i < n_queries; i++)
        free(queries[i]);
    free(queries);
    rg_kb_free(kb);
    gsl_rng_free(rng);
    return 0;
}
