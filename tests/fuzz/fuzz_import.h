/* Importers: whatever the bytes are, the report must add up, and what was kept must be readable. */
#ifndef RG_TESTS_FUZZ_IMPORT_H
#define RG_TESTS_FUZZ_IMPORT_H

#include <string.h>

#include "tests/fuzz/fuzz_file.h"
#include "traces/import.h"
#include "traces/importers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_found {
    uint64_t records;  /* calls and runs */
    uint64_t arrivals; /* of which */
    uint64_t requests; /* so many have a query, and so a call of their own */
};

static inline enum rg_status
fuzz_count_call(void *ctx, const struct rg_call_rec *rec, struct rg_err *err)
{
    (void)err;
    assert(rec->dataset && rec->query && rec->model && rec->memory);
    ((struct fuzz_found *)ctx)->records++;
    return RG_OK;
}

static inline enum rg_status
fuzz_count_arrival(void *ctx, const struct rg_arrival_rec *rec, struct rg_err *err)
{
    struct fuzz_found *found = ctx;

    (void)err;
    found->arrivals++;
    found->requests += rec->query != NULL;
    return RG_OK;
}

static inline enum rg_status
fuzz_count_run(void *ctx, const struct rg_run_rec *rec, struct rg_err *err)
{
    (void)err;
    assert(rec->dataset && rec->query && rec->config && rec->memory);
    ((struct fuzz_found *)ctx)->records++;
    return RG_OK;
}

static inline void
fuzz_check_store(struct rg_store *store, const struct rg_import_report *report)
{
    struct fuzz_found found = {0};
    struct rg_visitor v = {.ctx = &found,
                           .arrival = fuzz_count_arrival,
                           .call = fuzz_count_call,
                           .run = fuzz_count_run,
                           .texts = true};
    struct rg_err err;

    assert(rg_store_finish_memory(store, &err) == RG_OK);
    assert(rg_store_walk(store, &v, &err) == RG_OK);
    assert(report->kept == report->calls + report->runs + found.arrivals);
    assert(found.records == report->calls + report->runs + found.requests);
    rg_store_close(store);
}

/* One importer on one file, first as it comes, then past rejected records. */
static inline int
fuzz_import(bool (*detect)(const struct rg_import_head *head),
            enum rg_status (*file)(struct rg_import *im, const char *path, struct rg_err *err),
            const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH], *head = malloc(size + 1);

    assert(head);
    memcpy(head, data, size);
    head[size] = '\0';
    detect(&(struct rg_import_head){"fuzz", head, size});
    free(head);
    fuzz_file(path, data, size);
    for (int keep_going = 0; keep_going < 2; keep_going++) {
        struct rg_import_options options = {.keep_going = keep_going != 0};
        struct rg_import_report report = {0};
        struct rg_import im = {.options = &options, .report = &report};
        struct rg_err err = {.status = RG_OK};
        enum rg_status status;

        assert(rg_store_create_memory(&im.store, "fuzz", &err) == RG_OK);
        status = file(&im, path, &err);
        rg_import_end(&im);
        assert(status == RG_OK || (status == RG_EINPUT && err.text[0] != '\0'));
        assert(report.read == report.kept + report.superseded + report.rejected);
        assert(keep_going || report.rejected == 0);
        if (status == RG_OK)
            fuzz_check_store(im.store, &report);
        else
            rg_store_abandon(im.store);
        rg_import_report_clear(&report);
    }
    unlink(path);
    return 0;
}

#endif
