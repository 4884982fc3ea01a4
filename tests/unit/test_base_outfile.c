/* Files that appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/line.h"
#include "base/outfile.h"
#include "tests/unit/base_temp.h"

static void
new_folder(char path[TEMP_PATH])
{
    const char *dir = getenv("TMPDIR");

    snprintf(path, TEMP_PATH, "%s/rg-out-XXXXXX", dir && *dir ? dir : "/tmp");
    assert_non_null(mkdtemp(path));
}

static size_t
entries(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2; /* "." and ".." */
}

static void
holds(const char *path, const char *bytes, size_t n)
{
    struct rg_buf buf = {0};
    struct rg_err err;

    assert_int_equal(rg_file_read(path, 1 << 20, &buf, &err), RG_OK);
    assert_int_equal(buf.len, n);
    assert_memory_equal(rg_buf_text(&buf), bytes, n);
    rg_buf_clear(&buf);
}

/* Plain or compressed by its name, also over an older file, and nothing else stays behind. */
static void
put(void **state)
{
    static const char *const names[] = {"plain", "packed.gz"};
    enum { N = 200000 };
    char folder[TEMP_PATH], path[TEMP_PATH + 32], *text = malloc(N);
    struct rg_err err;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++)
        text[i] = (char)(i * i >> 7);
    new_folder(folder);
    for (size_t k = 0; k < 2; k++) {
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        assert_int_equal(rg_outfile_put(path, "", 0, &err), RG_OK);
        holds(path, "", 0);
        assert_int_equal(rg_outfile_put(path, text, N, &err), RG_OK);
        holds(path, text, N);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size < N, k); /* compressed is smaller */
        assert_int_equal(entries(folder), 1);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    free(text);
}

/* A write that fails leaves the older file, or none, and no temporary one. */
static void
failures(void **state)
{
    char folder[TEMP_PATH], path[TEMP_PATH + 32];
    struct rg_err err;

    (void)state;
    new_folder(folder);
    snprintf(path, sizeof path, "%s/none/x", folder);
    assert_int_equal(rg_outfile_put(path, "x", 1, &err), RG_ESYSTEM);
    assert_memory_equal(err.text, path, strlen(path));
    assert_int_equal(rg_outfile_put("/dev/full", "x", 1, &err), RG_ESYSTEM);
    assert_string_equal(err.text, "/dev/full: cannot be written: No space left on device");
    snprintf(path, sizeof path, "%s/old", folder);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(rg_outfile_put(path, "x", 1, &err), RG_ESYSTEM); /* a folder */
    assert_int_equal(entries(folder), 1);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put),
        cmocka_unit_test(failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
