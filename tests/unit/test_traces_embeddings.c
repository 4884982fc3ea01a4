/* Embeddings from CSV, JSON Lines and NumPy arrays: which query each belongs to, in which form the
 * numbers are, what is refused, and that the size of a file takes no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <sqlite3.h>
#include <zlib.h>

#include "import_trial.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define QUERIES "query,model,score,text,dataset\nq1,m,1,one,a/x\nq2,m,1,two,a/x\nq2,m,1,more,b\n"

static enum rg_status
put_embedding(void *ctx, const struct rg_embedding_rec *rec, struct rg_err *err)
{
    (void)err;
    rg_buf_printf(ctx, "%s/%s %s", rec->dataset, rec->query, rec->space);
    for (uint32_t i = 0; i < rec->n; i++)
        rg_buf_printf(ctx, " %g", (double)rec->values[i]);
    rg_buf_putc(ctx, '\n');
    return RG_OK;
}

static void
write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* What e.npy says of its rows; NULL: there is no such file. */
static const char *index_text;

/* The queries above and a file of embeddings, as text; *report and *err as the import has them. */
static enum rg_status
embed(const char *name, const void *bytes, size_t n, const char *format, struct rg_buf *out,
      struct rg_import_report *report, struct rg_err *err)
{
    const char *formats[] = {"csv", format}, *tmp = getenv("TMPDIR");
    char dir[TRIAL_PATH], paths[3][TRIAL_PATH + 64], trace[TRIAL_PATH + 64];
    const char *list[] = {paths[0], paths[1]};
    const struct rg_import_options o = {.formats = formats, .keep_going = true};
    struct rg_visitor v = {.ctx = out, .embedding = put_embedding};
    struct rg_store *store;
    enum rg_status status;

    snprintf(dir, sizeof dir, "%s/rg-embed-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(paths[0], sizeof paths[0], "%s/q.csv", dir);
    snprintf(paths[1], sizeof paths[1], "%s/%s", dir, name);
    snprintf(trace, sizeof trace, "%s/t.trace", dir);
    snprintf(paths[2], sizeof paths[2], "%s/e.json", dir);
    write_file(paths[0], QUERIES, strlen(QUERIES));
    write_file(paths[1], bytes, n);
    if (index_text)
        write_file(paths[2], index_text, strlen(index_text));
    *report = (struct rg_import_report){0};
    status = rg_import_run(trace, list, 2, &o, report, err);
    if (access(trace, F_OK) == 0) {
        struct rg_err other;

        assert_int_equal(rg_store_open(&store, trace, &other), RG_OK);
        assert_int_equal(rg_store_walk(store, &v, &other), RG_OK);
        rg_store_close(store);
    }
    for (int i = 0; i < 3; i++)
        unlink(paths[i]);
    unlink(trace);
    assert_int_equal(rmdir(dir), 0);
    return status;
}

static void
embeddings(void **state)
{
    static const struct {
        const char *name, *format, *text, *records, *said;
    } all[] = {
        {"e.jsonl", NULL,
         "{\"dataset\":\"a\",\"query\":\"q2\",\"embedding\":[1,2.5],"
         "\"model\":\"e5\"}\n{\"text\":\"more\",\"embedding\":[[3,4]]}\n"
         "{\"text\":\"unheard of\",\"embedding\":[3,4]}\n",
         "a/x/q2 e5 1 2.5\nb/q2 default 3 4\n", NULL},
        {"e.csv", NULL, "query,embedding\nq1,\"[[0.5 1e2\n-3]]\"\n", "a/x/q1 default 0.5 100 -3\n",
         NULL},
        {"e.csv", "embeddings-csv", "text,e0,e1\none,1,2\n", "a/x/q1 default 1 2\n", NULL},
        {"e.jsonl", NULL, "{\"query\":\"q2\",\"embedding\":[1]}\n", "",
         "e.jsonl:1:1: query 'q2' is in several datasets"},
        {"e.jsonl", NULL, "{\"query\":\"q9\",\"embedding\":[1]}\n", "", "unknown query 'q9'"},
        {"e.jsonl", NULL, "{\"dataset\":\"c\",\"query\":\"q1\",\"embedding\":[1]}\n", "",
         "unknown dataset 'c'"},
        {"e.jsonl", NULL, "{\"embedding\":[1]}\n", "", "embedding of nothing"},
        {"e.jsonl", NULL, "{\"query\":\"q1\",\"embedding\":[]}\n", "", "empty embedding"},
        {"e.jsonl", NULL, "{\"query\":\"q1\",\"embedding\":[1,null]}\n", "",
         "no number in an embedding (found null)"},
        {"e.jsonl", NULL, "{\"query\":\"q1\",\"embedding\":[1,NaN]}\n", "", "not valid JSON"},
        {"e.jsonl", NULL, "{\"query\":\"q1\",\"embedding\":[1,1e39]}\n", "",
         "number 2 of the embedding is none (found 1e+39)"},
        {"e.jsonl", NULL, "{\"query\":\"q1\",\"embedding\":[0,0]}\n", "", "zeros alone"},
        {"e.jsonl", NULL,
         "{\"text\":\"one\",\"embedding\":[1,2]}\n{\"text\":\"two\",\"embedding\":"
         "[1,2,3]}\n",
         "a/x/q1 default 1 2\n", "another length (found 3 numbers, expected 2"},
        {"e.jsonl", NULL,
         "{\"query\":\"q1\",\"embedding\":[1]}\n{\"query\":\"q1\",\"embedding\":"
         "[2]}\n",
         "a/x/q1 default 1\n", "read before, with other content"},
        {"e.csv", NULL, "query,embedding\nq1,[1 x]\n", "", "e.csv:2:4: embedding: not a number"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct rg_buf out = {0};
        struct rg_import_report report;
        struct rg_err err = {.status = RG_OK};
        enum rg_status status = embed(all[i].name, all[i].text, strlen(all[i].text), all[i].format,
                                      &out, &report, &err);

        assert_int_equal(status, all[i].said ? RG_EINPUT : RG_OK);
        assert_string_equal(rg_buf_text(&out), all[i].records);
        if (all[i].said && !strstr(err.text, all[i].said))
            fail_msg("%s: %s", all[i].text, err.text);
        rg_import_report_clear(&report);
        rg_buf_clear(&out);
    }
}

/* A NumPy array is no good without its index, nor cut, nor of another kind. */
static void
bad_arrays(void **state)
{
    static const struct {
        const char *header, *said;
        size_t bytes;
    } all[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "json", 8},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "cut or too long", 7},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", "cut or too long", 12},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1, 2), }", "in which order", 8},
        {"{'descr': '<f4', 'shape': (1, 2), }", "in which order", 8},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }", "another type", 8},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }", "another type", 8},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "another shape", 8},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
         "cut or too long", 8},
        {"", "another type", 8},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        size_t n = strlen(all[i].header);
        struct rg_buf file = {0}, out = {0};
        struct rg_import_report report;
        struct rg_err err = {.status = RG_OK};

        rg_buf_add(&file, "\x93NUMPY\x01", 7);
        rg_buf_putc(&file, '\0');
        rg_buf_putc(&file, (char)n);
        rg_buf_putc(&file, '\0');
        rg_buf_puts(&file, all[i].header);
        for (size_t k = 0; k < all[i].bytes; k++)
            rg_buf_putc(&file, '\0');
        assert_int_not_equal(embed("e.npy", file.data, file.len, NULL, &out, &report, &err), RG_OK);
        if (!strstr(err.text, all[i].said))
            fail_msg("%s: %s", all[i].header, err.text);
        rg_import_report_clear(&report);
        rg_buf_clear(&file);
        rg_buf_clear(&out);
    }
}

/* ---- NumPy arrays in every form ---- */

/* 1.0 in half precision, 1.5 and so on, are exact in all three. */
static void
put_bytes(struct rg_buf *out, uint64_t bits, size_t n, bool big)
{
    for (size_t k = 0; k < n; k++)
        rg_buf_putc(out, (char)(bits >> 8 * (big ? n - 1 - k : k)));
}

static void
put_number(struct rg_buf *out, double x, size_t size, bool big)
{
    uint64_t bits;
    uint32_t word;
    float f = (float)x;

    memcpy(&bits, &x, sizeof bits);
    memcpy(&word, &f, sizeof word);
    if (size == 8)
        put_bytes(out, bits, 8, big);
    else if (size == 4)
        put_bytes(out, word, 4, big);
    else /* of a number that is normal and short in half precision */
        put_bytes(out,
                  (word >> 16 & 0x8000) | ((word >> 23 & 0xff) - 127 + 15) << 10 |
                      (word >> 13 & 0x3ff),
                  2, big);
}

static void
put_header(struct rg_buf *out, const char *type, bool fortran, size_t rows, size_t columns)
{
    struct rg_buf header = {0};

    rg_buf_printf(&header, "{'descr': '%s', 'fortran_order': %s, 'shape': (%zu, %zu), }\n", type,
                  fortran ? "True" : "False", rows, columns);
    rg_buf_add(out, "\x93NUMPY\x01\x00", 8);
    put_bytes(out, header.len, 2, false);
    rg_buf_add(out, header.data, header.len);
    rg_buf_clear(&header);
}

static void
put_array(struct rg_buf *out, size_t size, bool big, bool fortran)
{
    static const double rows[3][2] = {{1.5, -2}, {0.25, 8}, {-3, 4.75}};
    char type[4] = {big ? '>' : '<', 'f', (char)('0' + size), '\0'};

    put_header(out, type, fortran, 3, 2);
    for (size_t i = 0; i < 6; i++)
        put_number(out, fortran ? rows[i % 3][i / 3] : rows[i / 2][i % 2], size, big);
}

static void
pack(struct rg_buf *out, const struct rg_buf *in)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    out->data = malloc(out->cap = in->len + 1000);
    assert_non_null(out->data);
    z.next_in = (unsigned char *)in->data;
    z.avail_in = (unsigned)in->len;
    z.next_out = (unsigned char *)out->data;
    z.avail_out = (unsigned)out->cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len = z.total_out;
    deflateEnd(&z);
}

static void
expect_rows(const struct rg_buf *file, const char *index, const char *expected)
{
    struct rg_buf out = {0};
    struct rg_import_report report;
    struct rg_err err = {.status = RG_OK, .text = ""};

    index_text = index;
    if (embed("e.npy", file->data, file->len, NULL, &out, &report, &err) != RG_OK)
        fail_msg("%s", err.text);
    assert_string_equal(rg_buf_text(&out), expected);
    index_text = NULL;
    rg_import_report_clear(&report);
    rg_buf_clear(&out);
}

static void
arrays(void **state)
{
    static const char by_place[] =
        "[{\"dataset\": \"a\", \"query\": \"q1\"},\n {\"text\": \"two\"},"
        " {\"text\": \"more\"}]\n",
                      by_key[] = "{\"2\": {\"text\": \"more\"}, \"0\": {\"id\": \"q1\"},\n"
                                 " \"1\": {\"prompt\": \"two\"}}",
                      expected[] = "a/x/q1 default 1.5 -2\na/x/q2 default 0.25 8\n"
                                   "b/q2 default -3 4.75\n",
                      other[] = "b/q2 default -3 4.75\na/x/q1 default 1.5 -2\n"
                                "a/x/q2 default 0.25 8\n";

    (void)state;
    for (int form = 0; form < 24; form++) {
        struct rg_buf file = {0}, packed = {0};

        put_array(&file, (size_t)2 << form % 3, form / 3 % 2, form / 6 % 2);
        pack(&packed, &file);
        expect_rows(form / 12 ? &packed : &file, by_place, expected);
        expect_rows(form / 12 ? &packed : &file, by_key, other);
        rg_buf_clear(&file);
        rg_buf_clear(&packed);
    }
}

/* What an index may not be. */
static void
bad_indexes(void **state)
{
    static const struct {
        const char *text, *said;
    } all[] = {
        {"[{\"query\": \"q1\"}]", "an index of another length (found 1 entries, expected 3"},
        {"[1,2,3,4]", "an index of another length (found 4"},
        {"7", "expected '{' or '['"},
        {"", "e.json"},
        {"[{},{},", "the file breaks off here"},
        {"[{},{},{}]x", "text behind the array"},
        {"{\"0\":{},\"1\":{},\"2\":{}", "the file breaks off here"},
        {"[1,{\"text\":\"two\"},{\"text\":\"more\"}]", "row 0 is not described (found number"},
        {"[{\"query\":nul},{\"text\":\"two\"},{\"text\":\"more\"}]", "not valid JSON"},
        {"[{\"x\":1},{\"text\":\"two\"},{\"text\":\"more\"}]", "embedding of nothing"},
        {"{\"0\":{\"text\":\"one\"},\"1\":{\"text\":\"two\"},\"3\":{}}",
         "no row of the array (found \"3\", expected 0 to 2)"},
        {"{\"0\":{\"text\":\"one\"},\"1\":{\"text\":\"two\"},\"-1\":{}}", "no row of the array"},
        {"{\"0\":{\"text\":\"one\"},\"1\":{\"text\":\"two\"},\"1x\":{}}", "no row of the array"},
        {"{\"0\":{\"text\":\"one\"},\"1\":{\"text\":\"two\"},\"1\":{}}", "row 1 comes twice"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        struct rg_buf file = {0}, out = {0};
        struct rg_import_report report;
        struct rg_err err = {.status = RG_OK};

        put_array(&file, 4, false, false);
        index_text = all[i].text;
        assert_int_equal(embed("e.npy", file.data, file.len, NULL, &out, &report, &err), RG_EINPUT);
        if (!strstr(err.text, all[i].said))
            fail_msg("%s: %s", all[i].text, err.text);
        index_text = NULL;
        rg_import_report_clear(&report);
        rg_buf_clear(&file);
        rg_buf_clear(&out);
    }
}

/* A gzip stream that is cut or damaged. */
static void
bad_packs(void **state)
{
    struct rg_buf file = {0}, packed = {0};

    (void)state;
    put_array(&file, 8, false, false);
    pack(&packed, &file);
    for (size_t n = packed.len - 9; n < packed.len; n += 4) {
        struct rg_buf out = {0};
        struct rg_import_report report;
        struct rg_err err = {.status = RG_OK};

        index_text = "[{},{},{}]";
        assert_int_not_equal(embed("e.npy", packed.data, n, NULL, &out, &report, &err), RG_OK);
        index_text = NULL;
        rg_import_report_clear(&report);
        rg_buf_clear(&out);
    }
    rg_buf_clear(&file);
    rg_buf_clear(&packed);
}

/* ---- memory ---- */

enum form { NPY, NPY_FORTRAN, CSV, JSONL, SQLITE, FORMS };
enum { DIM = 1024 };

static void
put_vectors(FILE *f, enum form form, size_t n)
{
    struct rg_buf head = {0};

    if (form == NPY || form == NPY_FORTRAN) {
        put_header(&head, "<f4", form == NPY_FORTRAN, n, DIM);
        fwrite(head.data, 1, head.len, f);
        rg_buf_clear(&head);
        for (size_t i = 0; i < n * DIM; i++)
            fwrite(&(float){(float)(i % 1000 + 1)}, sizeof(float), 1, f);
        return;
    }
    if (form == CSV)
        fputs("query,embedding\n", f);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, form == CSV ? "q%zu,[" : "{\"query\":\"q%zu\",\"embedding\":[", i);
        for (size_t k = 0; k < DIM; k++)
            fprintf(f, form == CSV ? " %zu.5" : k ? ",%zu.5" : "%zu.5", (i + k) % 100);
        fputs(form == CSV ? "]\n" : "]}\n", f);
    }
}

/* The cache of Avengers-Pro. */
static void
put_cache(const char *path, size_t n)
{
    struct rg_buf text = {0}, numbers = {0};
    sqlite3_stmt *stmt;
    sqlite3 *db;

    unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "CREATE TABLE embeddings(text_hash TEXT, model TEXT, embedding TEXT, "
                     "text TEXT, created_at TEXT, PRIMARY KEY(text_hash, model)); BEGIN",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO embeddings VALUES(?1, 'm', ?2, ?3, '')",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    for (size_t i = 0; i < n; i++) {
        rg_buf_reset(&text);
        rg_buf_reset(&numbers);
        rg_buf_printf(&text, "q%zu", i);
        for (size_t k = 0; k < DIM; k++)
            rg_buf_printf(&numbers, "%s%zu.5", k ? "," : "[", (i + k) % 100);
        rg_buf_putc(&numbers, ']');
        sqlite3_bind_text(stmt, 1, rg_buf_text(&text), -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(stmt, 2, rg_buf_text(&numbers), -1, SQLITE_TRANSIENT);
        sqlite3_bind_text(stmt, 3, rg_buf_text(&text), -1, SQLITE_TRANSIENT);
        assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    rg_buf_clear(&text);
    rg_buf_clear(&numbers);
}

/* Peak memory in MiB of an import of n vectors, in a process of its own. */
static double
peak(enum form form, size_t n)
{
    static const char *const names[FORMS] = {"e.npy", "e.npy", "e.csv", "e.jsonl", "e.db"},
                             *const formats[FORMS] = {"embeddings-npy", "embeddings-npy",
                                                      "embeddings-csv", "embeddings-jsonl",
                                                      "embeddings-sqlite"};
    const char *tmp = getenv("TMPDIR");
    char dir[TRIAL_PATH], path[4][TRIAL_PATH + 64];
    struct rusage usage;
    int status, ends[2];
    pid_t pid;

    snprintf(dir, sizeof dir, "%s/rg-embed-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    for (int i = 0; i < 4; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", dir,
                 i == 0   ? "q.csv"
                 : i == 1 ? names[form]
                 : i == 2 ? "e.json"
                          : "t.trace");
    for (int i = 0; i < 3; i++) {
        FILE *f = fopen(path[i], "wb");

        assert_non_null(f);
        if (i == 0)
            fputs("query,model,score,text\n", f);
        for (size_t k = 0; k < n && i == 0; k++)
            fprintf(f, "q%zu,m,1,q%zu\n", k, k);
        for (size_t k = 0; k < n && i == 2; k++)
            fprintf(f, k ? ",{\"id\":\"q%zu\"}\n" : "[{\"id\":\"q%zu\"}\n", k);
        if (i == 1 && form != SQLITE)
            put_vectors(f, form, n);
        if (i == 2)
            fputs("]\n", f);
        assert_int_equal(fclose(f), 0);
    }
    if (form == SQLITE)
        put_cache(path[1], n);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *list[] = {path[0], path[1]}, *kinds[] = {"csv", formats[form]};
        const struct rg_import_options o = {.formats = kinds};
        struct rg_import_report report = {0};
        struct rg_err err;

        if (rg_import_run(path[3], list, 2, &o, &report, &err) != RG_OK || report.kept != 2 * n)
            _exit(1);
        getrusage(RUSAGE_SELF, &usage);
        _exit(write(ends[1], &usage, sizeof usage) == sizeof usage ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &usage, sizeof usage), sizeof usage);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < 4; i++)
        unlink(path[i]);
    assert_int_equal(rmdir(dir), 0);
    return (double)usage.ru_maxrss / 1024;
}

/* Four times the file takes no more memory but for the names of its queries, and what SQLite keeps
 * of the trace, 24 MiB when full: reading the larger file as a whole would take at least 40. */
static void
memory(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    const bool watched = false; /* it keeps what is freed */
#else
    const bool watched = true;
#endif

    (void)state;
    for (int form = 0; form < FORMS && watched; form++) {
        size_t n = form == NPY || form == NPY_FORTRAN ? 16384 : 8192;
        double small = peak((enum form)form, n / 4), large = peak((enum form)form, n);

        if (large > small + 24)
            fail_msg("form %d: %.1f MiB, and %.1f for four times the file", form, small, large);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embeddings),  cmocka_unit_test(bad_arrays), cmocka_unit_test(arrays),
        cmocka_unit_test(bad_indexes), cmocka_unit_test(bad_packs),  cmocka_unit_test(memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
