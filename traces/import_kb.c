/* A folder of Markdown files as articles of the knowledge base (kb.h). */
#include "traces/importers.h"
#include "traces/kb.h"

static enum rg_status
put_article(void *ctx, const char *path, const struct rg_kb_rec *rec, struct rg_err *err)
{
    struct rg_import *im = ctx;
    const struct rg_place place = {.file = path};
    enum rg_status status;
    enum rg_put what;

    status = rg_import_put_kb(im, rec, &what, &place, err);
    if (status != RG_OK)
        return rg_import_reject(im, "bad article", err);
    rg_import_count(im, what, &place);
    return RG_OK;
}

static enum rg_status
reject(void *ctx, struct rg_err *err)
{
    return rg_import_reject(ctx, "bad article", err);
}

static void
note_passed(void *ctx, const char *path)
{
    const struct rg_place place = {.file = path};

    rg_import_note(ctx, "hidden or not Markdown, passed over", &place);
}

enum rg_status
rg_import_kb_folder(struct rg_import *im, const char *path, struct rg_err *err)
{
    const struct rg_kb_visitor v = {im, put_article, reject, note_passed};
    uint64_t before = im->report->read;
    enum rg_status status = rg_kb_walk(path, &v, err);

    im->report->files += im->report->read - before;
    return status;
}

enum rg_status
rg_import_kb_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    const struct rg_kb_visitor v = {im, put_article, reject, note_passed};

    return rg_kb_walk_file(path, &v, err);
}

/* Any text may be Markdown, so this format is never guessed. */
bool
rg_import_kb_detect(const struct rg_import_head *head)
{
    (void)head;
    return false;
}
