/* The configuration of a sweep: an error has a place; what is accepted is stored so that it reads
 * as the same again. The input is the file's text and, each behind a NUL, settings as of --set. */
#include <string.h>

#include "base/mem.h"
#include "cli/sweep.h"
#include "tests/fuzz/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CELLS = 64, SETTINGS = 8 };

static void
check_error(const struct rg_err *err, enum rg_status rc)
{
    assert(rc == RG_EINPUT || rc == RG_EUSAGE);
    assert(err->status == rc && err->text[0]);
}

static void
check_axes(const struct rg_sweep_config *c)
{
    for (size_t i = 0; i < c->n_axes; i++) {
        const struct rg_sweep_axis *a = &c->axes[i];

        assert(a->n > 0 && a->name[0]);
        for (size_t k = 0; k < a->n; k++) {
            assert(a->values[k].label &&
                   (a->values[k].set != NULL) != (a->values[k].value != NULL));
            for (size_t l = 0; l < k; l++)
                assert(strcmp(a->values[k].label, a->values[l].label) != 0);
        }
    }
}

/* The next combination of values, the last axis fastest. */
static bool
next(const struct rg_sweep_config *c, uint32_t *labels)
{
    for (size_t i = c->n_axes; i-- > 0;) {
        if (++labels[i] < c->axes[i].n)
            return true;
        labels[i] = 0;
    }
    return false;
}

static void
check_cells(struct rg_sweep_config *c)
{
    uint32_t *labels = rg_zalloc(c->n_axes + 1, sizeof *labels);
    size_t n = 0;

    do {
        struct rg_run_values v;
        struct rg_err err = {.status = RG_OK};
        bool excluded = false;
        enum rg_status rc = rg_sweep_config_excludes(c, labels, &excluded, &err);

        if (rc != RG_OK)
            check_error(&err, rc);
        rc = rg_sweep_config_values(c, labels, &v, &err);
        if (rc != RG_OK)
            check_error(&err, rc);
        rg_run_values_clear(&v);
    } while (++n < CELLS && next(c, labels));
    free(labels);
}

/* What is stored, read again, is stored alike, and has the same axes. */
static void
check_stored(const struct rg_sweep_config *c)
{
    char path[FUZZ_PATH];
    struct rg_sweep_config again;
    struct rg_err err;

    fuzz_file(path, (const uint8_t *)c->canonical.data, c->canonical.len);
    assert(rg_sweep_config_read(&again, path, &(struct rg_opt_list){0}, &err) == RG_OK);
    assert(strcmp(rg_buf_text(&again.canonical), rg_buf_text((struct rg_buf *)&c->canonical)) == 0);
    assert(again.n_axes == c->n_axes);
    for (size_t i = 0; i < c->n_axes; i++)
        assert(again.axes[i].n == c->axes[i].n);
    rg_sweep_config_clear(&again);
    unlink(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t text = end ? (size_t)(end - data) : size;
    struct rg_opt_list settings = {0};
    struct rg_sweep_config c;
    struct rg_err err = {.status = RG_OK};
    char path[FUZZ_PATH];
    enum rg_status rc;

    while (end && settings.n < SETTINGS) {
        const uint8_t *from = end + 1;
        size_t left = size - (size_t)(from - data);

        end = left > 0 ? memchr(from, 0, left) : NULL;
        rg_opt_list_put(&settings, (const char *)from, end ? (size_t)(end - from) : left);
    }
    fuzz_file(path, data, text);
    rc = rg_sweep_config_read(&c, path, &settings, &err);
    if (rc == RG_OK) {
        check_axes(&c);
        check_cells(&c);
        check_stored(&c);
    } else {
        check_error(&err, rc);
        assert(strncmp(err.text, path, strlen(path)) == 0 || settings.n > 0);
    }
    rg_sweep_config_clear(&c);
    rg_opt_list_clear(&settings);
    unlink(path);
    return 0;
}
