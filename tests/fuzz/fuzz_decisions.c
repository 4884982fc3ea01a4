/* The reader of decisions: whatever is in the file, what it keeps are models of the trace, distinct
 * for each query, and an error has a text. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "replay/router/decisions.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MODELS = 3, QUERIES = 4 };

static struct rg_trace *
small_trace(void)
{
    static const char text[] =
        "{\"type\":\"trace\",\"version\":1}\n"
        "{\"type\":\"model\",\"name\":\"a\",\"input_usd_per_mtok\":1,\"output_usd_per_mtok\":1}\n"
        "{\"type\":\"model\",\"name\":\"b\"}\n{\"type\":\"model\",\"name\":\"m,\\\"x\"}\n"
        "{\"type\":\"query\",\"dataset\":\"\",\"id\":\"1\"}\n"
        "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"1\"}\n"
        "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"2\"}\n"
        "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"x,y\"}\n";
    struct rg_trace *t;
    struct rg_err err;
    char path[FUZZ_PATH];

    fuzz_file(path, (const uint8_t *)text, sizeof text - 1);
    if (rg_trace_load(&t, path, NULL, &err) != RG_OK)
        abort();
    unlink(path);
    assert(t->n_models == MODELS && t->n_queries == QUERIES);
    return t;
}

static void
check(const struct rg_decided *d)
{
    for (size_t q = 0; q < QUERIES; q++) {
        assert(d->n[q] <= MODELS && d->first[q] + d->n[q] <= d->n_models);
        for (size_t i = 0; i < d->n[q]; i++) {
            assert(d->models[d->first[q] + i] < MODELS);
            for (size_t j = 0; j < i; j++)
                assert(d->models[d->first[q] + i] != d->models[d->first[q] + j]);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rg_trace *trace; /* of all inputs */
    struct rg_decided decided = {0};
    struct rg_decided_reader r;
    char path[FUZZ_PATH];
    struct rg_err err;

    if (!trace)
        trace = small_trace();
    fuzz_file(path, data, size);
    for (int next = RG_DECIDED_LISTED; next <= RG_DECIDED_STOP; next++) {
        enum rg_status status;

        rg_decided_reader_init(&r, trace, (enum rg_decided_next)next, &decided);
        status = rg_decisions_read(&r, path, &err);
        if (status != RG_OK)
            assert(status == RG_EINPUT && err.status == status && *err.text);
        check(&decided);
        rg_decided_reader_clear(&r);
    }
    rg_decided_clear(&decided);
    unlink(path);
    return 0;
}
