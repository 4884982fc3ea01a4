/* The native format: whatever the bytes are, the report must add up, and what was kept must come
 * out of an export and back with the same digest. */
#include "base/buf.h"
#include "tests/fuzz/fuzz_file.h"
#include "traces/export.h"
#include "traces/import.h"
#include "traces/importers.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum rg_status
to_buf(void *ctx, const char *bytes, size_t n, struct rg_err *err)
{
    (void)err;
    rg_buf_add(ctx, bytes, n);
    return RG_OK;
}

/* A file in memory; NULL when it is refused. */
static struct rg_store *
import(const uint8_t *data, size_t size, bool keep_going)
{
    struct rg_import_options options = {.keep_going = keep_going};
    struct rg_import_report report = {0};
    struct rg_import im = {.options = &options, .report = &report};
    struct rg_err err = {.status = RG_OK};
    enum rg_status status;
    char path[FUZZ_PATH];

    fuzz_file(path, data, size);
    assert(rg_store_create_memory(&im.store, "fuzz", &err) == RG_OK);
    status = rg_import_jsonl_file(&im, path, &err);
    unlink(path);
    assert(status == RG_OK || (status == RG_EINPUT && err.text[0] != '\0'));
    assert(report.read == report.kept + report.superseded + report.rejected);
    assert(report.kept >= report.calls + report.runs);
    assert(keep_going || report.rejected == 0);
    rg_import_report_clear(&report);
    if (status == RG_OK) {
        assert(rg_store_finish_memory(im.store, &err) == RG_OK);
        return im.store;
    }
    rg_store_abandon(im.store);
    return NULL;
}

/* The digest of what is there is the one that was added up while writing. */
static void
digest(struct rg_store *store, char hex[RG_DIGEST_HEX])
{
    struct rg_err err;

    assert(rg_store_digest(store, hex, &err) == RG_OK);
    assert(strcmp(rg_store_meta(store, "digest"), hex) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int keep_going = 0; keep_going < 2; keep_going++) {
        struct rg_store *store = import(data, size, keep_going != 0), *again;
        struct rg_buf text = {0};
        struct rg_export_sink sink = {&text, to_buf};
        char hex[RG_DIGEST_HEX], other[RG_DIGEST_HEX];
        struct rg_err err;

        if (!store)
            continue;
        digest(store, hex);
        assert(rg_export_write(store, &sink, &err) == RG_OK);
        rg_store_close(store);
        again = import((const uint8_t *)text.data, text.len, false);
        assert(again);
        digest(again, other);
        assert(strcmp(hex, other) == 0);
        rg_store_close(again);
        rg_buf_clear(&text);
    }
    return 0;
}
