/* Files of embeddings, in the form that each begins like, for two queries. */
#include "tests/fuzz/fuzz_import.h"

typedef enum rg_status reader(struct rg_import *im, const char *path, struct rg_err *err);

static const struct {
    bool (*detect)(const struct rg_import_head *head);
    reader *file;
} forms[] = {
    {rg_import_embeddings_npy_detect, rg_import_embeddings_npy_file},
    {rg_import_embeddings_sqlite_detect, rg_import_embeddings_sqlite_file},
    {rg_import_embeddings_csv_detect, rg_import_embeddings_csv_file},
    {rg_import_embeddings_jsonl_detect, rg_import_embeddings_jsonl_file},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static reader *
find_form(const uint8_t *data, size_t size)
{
    char *head = malloc(size + 1);
    struct rg_import_head h = {"fuzz", head, size};
    reader *found = NULL;

    assert(head);
    memcpy(head, data, size);
    head[size] = '\0';
    for (size_t i = 0; i < FORMS && !found; i++)
        if (forms[i].detect(&h))
            found = forms[i].file;
    free(head);
    return found;
}

static enum rg_status
put_queries(struct rg_store *store, struct rg_err *err)
{
    static const struct rg_query_rec queries[] = {{.dataset = "d", .id = "a", .text = "one"},
                                                  {.dataset = "d", .id = "b", .text = "two"}};
    enum rg_put what;

    for (size_t i = 0; i < 2; i++)
        if (rg_store_put_query(store, &queries[i], &what, err) != RG_OK)
            return err->status;
    return RG_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rg_import_options options = {.keep_going = true};
    reader *read = find_form(data, size);
    struct rg_import_report report = {0};
    struct rg_import im = {.options = &options, .report = &report};
    struct rg_err err = {.status = RG_OK};
    char path[FUZZ_PATH];
    enum rg_status status;

    if (!read)
        return 0;
    fuzz_file(path, data, size);
    assert(rg_store_create_memory(&im.store, "fuzz", &err) == RG_OK);
    assert(put_queries(im.store, &err) == RG_OK);
    status = read(&im, path, &err);
    rg_import_end(&im);
    /* The index of an array is another file, which is not there. */
    assert(status == RG_OK || status == RG_EINPUT || status == RG_ESYSTEM);
    assert(report.read == report.kept + report.superseded + report.rejected);
    rg_store_abandon(im.store);
    rg_import_report_clear(&report);
    unlink(path);
    return 0;
}
