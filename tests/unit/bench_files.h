/* Trees of small files, and archives of them, for the importers of benchmarks. */
#ifndef RG_TESTS_BENCH_FILES_H
#define RG_TESTS_BENCH_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "import_trial.h"

struct bench_member {
    const char *name;
    const char *text;
    unsigned type;    /* AE_IFREG when 0 */
    const char *link; /* target of a symbolic link; of a hard link when type is 0 */
};

/* A tar archive of the members at path, compressed with gzip. */
static inline void
bench_tar(const char *path, const struct bench_member *members, size_t n)
{
    struct archive *a = archive_write_new();

    assert_int_equal(archive_write_add_filter_gzip(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_ustar(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        size_t len = members[i].text ? strlen(members[i].text) : 0;

        archive_entry_set_pathname(e, members[i].name);
        archive_entry_set_filetype(e, members[i].type ? members[i].type : AE_IFREG);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_size(e, (la_int64_t)len);
        archive_entry_set_mtime(e, 1000 + (time_t)i, 0);
        if (members[i].link && members[i].type == AE_IFLNK)
            archive_entry_set_symlink(e, members[i].link);
        else if (members[i].link)
            archive_entry_set_hardlink(e, members[i].link);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        if (len > 0)
            assert_int_equal(archive_write_data(a, members[i].text, len), (la_ssize_t)len);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
}

/* Import one path, in an own folder t->dir, that is there already; the trace goes to out.trace. */
static inline void
bench_import(struct trial *t, const char *path, const struct rg_import_options *options)
{
    char out[TRIAL_PATH + 64];

    snprintf(out, sizeof out, "%s/out.trace", t->dir);
    t->status = rg_import_run(out, &path, 1, options, &t->report, &t->err);
    trial_report(t);
    trial_dump(t, out);
    unlink(out);
}

static inline void
bench_begin(struct trial *t)
{
    const char *tmp = getenv("TMPDIR");

    memset(t, 0, sizeof *t);
    snprintf(t->dir, sizeof t->dir, "%s/rg-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(t->dir));
}

/* The archive of the members, imported as llmrouterbench. */
static inline void
bench_archive(struct trial *t, const struct bench_member *members, size_t n,
              const struct rg_import_options *options)
{
    char path[TRIAL_PATH + 64];

    bench_begin(t);
    snprintf(path, sizeof path, "%s/b.tar.gz", t->dir);
    bench_tar(path, members, n);
    bench_import(t, path, options);
    unlink(path);
}

/* The same as files of a folder. */
static inline void
bench_folder(struct trial *t, const struct bench_member *members, size_t n,
             const struct rg_import_options *options)
{
    struct rg_import_options named = *options;
    char path[TRIAL_PATH + 64], root[TRIAL_PATH + 8];

    named.format = "llmrouterbench";
    bench_begin(t);
    snprintf(root, sizeof root, "%s/tree", t->dir);
    assert_int_equal(mkdir(root, 0700), 0);
    for (size_t i = 0; i < n; i++) {
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", root, members[i].name);
        for (char *s = path + strlen(root) + 1; (s = strchr(s, '/')) != NULL; *s++ = '/') {
            *s = '\0';
            mkdir(path, 0700);
        }
        f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fputs(members[i].text, f) < 0, 0);
        assert_int_equal(fclose(f), 0);
    }
    bench_import(t, root, &named);
    for (size_t i = 0; i < n; i++) {
        char *s;

        snprintf(path, sizeof path, "%s/%s", root, members[i].name);
        unlink(path);
        while ((s = strrchr(path, '/')) > path + strlen(root)) {
            *s = '\0';
            rmdir(path); /* fails while something is left in it */
        }
    }
    assert_int_equal(rmdir(root), 0);
}

static inline void
bench_end(struct trial *t)
{
    assert_int_equal(rmdir(t->dir), 0);
    rg_import_report_clear(&t->report);
    rg_buf_clear(&t->records);
    rg_buf_clear(&t->notes);
}

#endif
