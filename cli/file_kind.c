#include "cli/file_kind.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/line.h"
#include "sim/results.h"
#include "traces/store.h"

/* The first bytes of an SQLite database: its magic text, and where the application_id is, most
 * significant byte first (SQLite's documentation of the database file format, 1.3). */
static const char magic[16] = "SQLite format 3";
enum { HEAD = 100, AT_APPLICATION_ID = 68 };

static enum rg_status
kind_of_database(enum rg_file_kind *out, const char *path, const struct rg_buf *head,
                 struct rg_err *err)
{
    uint32_t id = 0;

    for (size_t i = AT_APPLICATION_ID; i < AT_APPLICATION_ID + 4 && i < head->len; i++)
        id = id << 8 | (unsigned char)head->data[i];
    if (id == RG_STORE_APPLICATION_ID)
        *out = RG_FILE_TRACE;
    else if (id == RG_RESULTS_APPLICATION_ID)
        *out = RG_FILE_RESULTS;
    else
        return rg_err_set(err, RG_EINPUT,
                          "%s: an SQLite database, but neither a trace nor a result file "
                          "(application id 0x%08lx)",
                          path, (unsigned long)id);
    return RG_OK;
}

enum rg_status
rg_file_kind_find(enum rg_file_kind *out, const char *path, struct rg_err *err)
{
    struct rg_buf head = {0};
    struct stat st;
    const char *s;
    enum rg_status rc;

    *out = RG_FILE_TABLE;
    if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
        return RG_OK;
    rc = rg_file_head(path, HEAD, &head, err);
    for (s = rg_buf_text(&head); isspace((unsigned char)*s);)
        s++;
    if (rc == RG_OK && head.len >= sizeof magic && memcmp(head.data, magic, sizeof magic) == 0)
        rc = kind_of_database(out, path, &head, err);
    else if (*s == '{')
        *out = RG_FILE_TRACE;
    rg_buf_clear(&head);
    return rc;
}
