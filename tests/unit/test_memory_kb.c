/* Articles from folders and traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/memory_trial.h"
#include "traces/import.h"
#include "traces/kb.h"

enum { PATH = 512 };

struct place {
    char dir[PATH];
};

static int
make_place(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct place *p = calloc(1, sizeof *p);

    if (!p)
        return -1;
    snprintf(p->dir, sizeof p->dir, "%s/rg-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    *state = p;
    return mkdtemp(p->dir) ? 0 : -1;
}

static int
remove_place(void **state)
{
    struct place *p = *state;
    char command[PATH + 16];
    int rc;

    snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    rc = system(command);
    free(p);
    return rc;
}

static void
path_of(const struct place *p, const char *name, char out[2 * PATH])
{
    snprintf(out, 2 * PATH, "%s/%s", p->dir, name);
}

/* A file with its folders. */
static void
put(const struct place *p, const char *name, const char *bytes, size_t n)
{
    char path[2 * PATH];
    FILE *f;

    path_of(p, name, path);
    for (char *s = path + strlen(p->dir) + 1; (s = strchr(s, '/')) != NULL; s++) {
        *s = '\0';
        mkdir(path, 0777);
        *s = '/';
    }
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void
puts_to(const struct place *p, const char *name, const char *text)
{
    put(p, name, text, strlen(text));
}

static void
ids_and_titles(void **state)
{
    static const struct {
        const char *file, *text, *id, *title;
    } cases[] = {
        {"Access/Reset a  password!.md", "\xef\xbb\xbf# Reset it #\r\nText\r\n",
         "access.reset-a-password", "Reset it"},
        {"Access/VPN/v1.2 (new).MD", "no heading\n#hashtag\n####### seven\n", "access.vpn.v1-2-new",
         NULL},
        {"_x.markdown", "Title below\n===\n# second\n", "_x", "Title below"},
        {"fenced.md", "```\n# a comment\n```\n   ##  Real\t\n", "fenced", "Real"},
        {"na\xc3\xafve \xc3\x84.md", "#\n# \n###   \n===\n", "na\xc3\xafve-\xc3\x84", NULL},
        {"z.md", "\n\n# last line", "z", "last line"},
    };
    struct place *p = *state;
    struct rg_kb *kb;
    struct rg_err err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        puts_to(p, cases[i].file, cases[i].text);
    puts_to(p, ".hidden.md", "");
    puts_to(p, "notes.txt", "\xff");
    puts_to(p, "empty.mdx", "");
    if (rg_kb_read_dir(&kb, p->dir, &err) != RG_OK)
        fail_msg("%s", err.text);
    assert_int_equal(kb->n, sizeof cases / sizeof *cases);
    for (size_t i = 0; i < kb->n; i++) {
        size_t k = 0;

        assert_true(i == 0 || strcmp(kb->id[i - 1], kb->id[i]) < 0);
        while (k < kb->n && strcmp(cases[k].id, kb->id[i]) != 0)
            k++;
        if (k == kb->n)
            fail_msg("id %s", kb->id[i]);
        assert_string_equal(kb->text[i],
                            cases[k].text + (strncmp(cases[k].text, "\xef\xbb\xbf", 3) ? 0 : 3));
        if (cases[k].title)
            assert_string_equal(kb->title[i], cases[k].title);
        else
            assert_null(kb->title[i]);
    }
    rg_kb_free(kb);
}

/* A folder of this and a good file is refused with this message; with keep_going the good one is
 * kept, and the loss counted. */
static void
refused(const struct place *p, const char *name, const char *message, bool rejected)
{
    const char *paths[] = {p->dir}, *formats[] = {"kb"};
    struct rg_import_options options = {.formats = formats};
    struct rg_import_report report = {0};
    char out[2 * PATH], bad[2 * PATH];
    struct rg_kb *kb;
    struct rg_err err;

    puts_to(p, "good.md", "good");
    path_of(p, name, bad);
    assert_int_equal(rg_kb_read_dir(&kb, p->dir, &err), RG_EINPUT);
    assert_null(kb);
    if (!strstr(err.text, message) || !strstr(err.text, bad))
        fail_msg("'%s' lacks '%s' or '%s'", err.text, message, bad);
    snprintf(out, sizeof out, "%s.db", p->dir);
    assert_int_equal(rg_import_run(out, paths, 1, &options, &report, &err), RG_EINPUT);
    assert_int_equal(access(out, F_OK), -1);
    rg_import_report_clear(&report);
    options.keep_going = true;
    assert_int_equal(rg_import_run(out, paths, 1, &options, &report, &err), RG_EINPUT);
    if (rejected) {
        assert_int_equal(report.read, 2);
        assert_int_equal(report.kept, 1);
        assert_int_equal(report.rejected, 1);
        assert_int_equal(report.files, 2);
        assert_non_null(strstr(report.notes[0].first, bad));
        assert_int_equal(access(out, F_OK), 0);
    }
    rg_import_report_clear(&report);
    unlink(out);
    assert_int_equal(unlink(bad), 0);
}

static void
bad_files(void **state)
{
    struct place *p = *state;
    char to[2 * PATH], link[2 * PATH];

    puts_to(p, "a.md", "");
    refused(p, "a.md", "nothing in it", true);
    puts_to(p, "a.md", "\xef\xbb\xbf \r\n\t");
    refused(p, "a.md", "nothing in it", true);
    puts_to(p, "a.md", "one\ntw\xffo");
    refused(p, "a.md", "a.md:2:3: not valid UTF-8", true);
    put(p, "a.md", "one\0two", 7);
    refused(p, "a.md", "a.md:1:4: a NUL byte", true);
    puts_to(p, "!?.md", "text");
    refused(p, "!?.md", "no letter or digit in its name", true);
    puts_to(p, "--/x.md", "text");
    refused(p, "--/x.md", "no letter or digit in the name of its folder", true);
    puts_to(p, "GOOD.md", "another text");
    refused(p, "good.md", "good", true);
    path_of(p, "GOOD.md", to);
    assert_int_equal(unlink(to), 0);

    /* links: into the folder itself, to a file, to nothing, to each other */
    path_of(p, "loop", link);
    assert_int_equal(symlink(".", link), 0);
    refused(p, "loop", "a symbolic link", true);
    path_of(p, "linked.md", link);
    assert_int_equal(symlink("good.md", link), 0);
    refused(p, "linked.md", "a symbolic link", true);
    assert_int_equal(symlink("linked.md", link), 0);
    refused(p, "linked.md", "a symbolic link", true);
    path_of(p, "pipe.md", link);
    assert_int_equal(mkfifo(link, 0600), 0);
    refused(p, "pipe.md", "not a regular file", true);
}

static void
no_articles(void **state)
{
    const char *path;
    struct place *p = *state;
    struct rg_kb *kb;
    struct rg_err err;
    char missing[2 * PATH];

    path = p->dir;
    assert_int_equal(rg_kb_read_dir(&kb, path, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "no articles (found 0 other files"));
    puts_to(p, "a.txt", "x");
    puts_to(p, ".md", "x"); /* hidden, and nothing but an ending */
    assert_int_equal(rg_kb_read_dir(&kb, path, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, "no articles (found 1 other files"));
    path_of(p, "nosuch", missing);
    assert_int_equal(rg_kb_read_dir(&kb, missing, &err), RG_ESYSTEM);
    path_of(p, "a.txt", missing);
    assert_int_equal(rg_kb_read_dir(&kb, missing, &err), RG_ESYSTEM);
    assert_non_null(strstr(err.text, "a.txt"));
    rg_kb_free(NULL);
}

/* A file that may not be read; root, who may read all, becomes nobody for it. */
static void
unreadable(void **state)
{
    struct place *p = *state;
    bool root = geteuid() == 0;
    struct rg_kb *kb;
    struct rg_err err;
    enum rg_status status;
    char path[2 * PATH];

    puts_to(p, "a.md", "x");
    path_of(p, "a.md", path);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(p->dir, 0755), 0);
    assert_true(!root || seteuid(65534) == 0);
    status = rg_kb_read_dir(&kb, p->dir, &err);
    assert_true(!root || seteuid(0) == 0);
    assert_int_equal(status, RG_ESYSTEM);
    assert_non_null(strstr(err.text, p->dir)); /* with the file, if its folders let nobody in */
    assert_null(kb);
}

/* Ten thousand files, and the same through a trace. */
static void
many(void **state)
{
    enum { FILES = 10000 };
    struct place *p = *state;
    const char *paths[] = {p->dir}, *formats[] = {"kb"};
    struct rg_import_options options = {.formats = formats};
    struct rg_import_report report = {0};
    char name[64], out[2 * PATH];
    struct rg_kb *kb, *again;
    struct rg_trace *t;
    struct rg_err err;

    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "f %d/Article no %d.md", i % 50, i);
        puts_to(p, name, name);
    }
    assert_int_equal(rg_kb_read_dir(&kb, p->dir, &err), RG_OK);
    assert_int_equal(kb->n, FILES);
    snprintf(out, sizeof out, "%s.db", p->dir);
    assert_int_equal(rg_import_run(out, paths, 1, &options, &report, &err), RG_OK);
    assert_int_equal(report.kept, FILES);
    assert_int_equal(report.files, FILES);
    assert_int_equal(rg_trace_open(&t, out, &err), RG_OK);
    assert_int_equal(t->n_kb, FILES);
    assert_int_equal(rg_kb_load(&again, t, &err), RG_OK);
    assert_int_equal(again->n, FILES);
    for (size_t i = 0; i < FILES; i++) {
        assert_string_equal(kb->id[i], again->id[i]);
        assert_string_equal(kb->text[i], again->text[i]);
    }
    rg_kb_free(kb);
    rg_kb_free(again);
    rg_trace_close(t);
    rg_import_report_clear(&report);
    unlink(out);
}

/* Articles without text, title or attributes. */
static void
bare_articles(void **state)
{
    struct rg_trace *t = trial_trace("{\"type\":\"kb\",\"id\":\"b\"}\n"
                                     "{\"type\":\"kb\",\"id\":\"a\",\"title\":\"T\",\"text\":\"x\","
                                     "\"attrs\":{\"k\":1}}\n");
    struct rg_kb *kb;
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_kb_load(&kb, t, &err), RG_OK);
    assert_int_equal(kb->n, 2);
    assert_string_equal(kb->id[0], "a");
    assert_string_equal(kb->title[0], "T");
    assert_string_equal(kb->attrs[0], "{\"k\":1}");
    assert_string_equal(kb->text[1], "");
    assert_null(kb->title[1]);
    assert_null(kb->attrs[1]);
    rg_kb_free(kb);
    rg_trace_close(t);
}

int
main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(ids_and_titles), IN_PLACE(bad_files), IN_PLACE(no_articles),
        IN_PLACE(unreadable),     IN_PLACE(many),      cmocka_unit_test(bare_articles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
