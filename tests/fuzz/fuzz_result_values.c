/* Result files that are good databases with other values: rows that are changed, repeated with
 * other keys, or gone, and vectors that do or do not decompress. The input is a byte that says what
 * is read how, and changes: table, column, row, kind of value, its length, its bytes. */
#include <zlib.h>

#include "tests/fuzz/fuzz_result.h"

enum { HEAD = 5, CHANGES = 32, PACKED = 1 << 16 };

enum kind {
    KIND_NULL,
    KIND_INTEGER,
    KIND_REAL,
    KIND_TEXT,
    KIND_BLOB,
    KIND_EDGE_INTEGER,
    KIND_EDGE_REAL,
    KIND_PACKED, /* a vector's bytes, compressed */
    KIND_BOMB,   /* zeros, compressed */
    KIND_DELETE,
    N_KINDS,
};

static const int64_t integers[] = {
    0, 1, -1, 2, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, UINT32_MAX, 1LL << 53, 1000000, 100};
static const double reals[] = {0,      -0.0,   1,     -1,       0.5,       1e308,
                               -1e308, 5e-324, 1e-30, INFINITY, -INFINITY, 1e18};

/* Columns of a table; the first are its key. */
struct columns {
    char name[32][32];
    size_t n;
};

static void
columns_of(sqlite3 *db, const char *table, struct columns *c)
{
    sqlite3_stmt *stmt;
    char *sql = sqlite3_mprintf("SELECT name FROM pragma_table_info(%Q) ORDER BY cid", table);

    c->n = 0;
    assert(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        snprintf(c->name[c->n++], sizeof c->name[0], "%s", sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
    assert(c->n > 0);
}

/* "a, b" of the first n columns, `other` in the place of one of them. */
static void
put_columns(struct rg_buf *sql, const struct columns *c, size_t n, size_t other)
{
    for (size_t i = 0; i < n; i++)
        rg_buf_printf(sql, "%s%s", i > 0 ? ", " : "", i == other ? "?1" : c->name[i]);
}

static void
bind_packed(sqlite3_stmt *stmt, const uint8_t *value, size_t n, size_t length)
{
    uint8_t *plain = rg_zalloc(length, 1), *packed = rg_alloc(PACKED, 1);
    uLongf size = PACKED;

    memcpy(plain, value, n < length ? n : length);
    assert(compress2(packed, &size, plain, length, 6) == Z_OK);
    sqlite3_bind_blob64(stmt, 1, packed, size, SQLITE_TRANSIENT);
    free(plain);
    free(packed);
}

static void
bind(sqlite3_stmt *stmt, enum kind kind, const uint8_t *value, size_t n)
{
    uint64_t bits = 0;
    double x;

    for (size_t i = 0; i < n && i < 8; i++)
        bits |= (uint64_t)value[i] << 8 * i;
    memcpy(&x, &bits, sizeof x);
    switch (kind) {
    case KIND_INTEGER:
        sqlite3_bind_int64(stmt, 1, (int64_t)bits);
        break;
    case KIND_REAL:
        sqlite3_bind_double(stmt, 1, x);
        break;
    case KIND_TEXT:
        sqlite3_bind_text(stmt, 1, (const char *)value, (int)n, SQLITE_TRANSIENT);
        break;
    case KIND_BLOB:
        sqlite3_bind_blob(stmt, 1, value, (int)n, SQLITE_TRANSIENT);
        break;
    case KIND_EDGE_INTEGER:
        sqlite3_bind_int64(stmt, 1, integers[bits % (sizeof integers / sizeof *integers)]);
        break;
    case KIND_EDGE_REAL:
        sqlite3_bind_double(stmt, 1, reals[bits % (sizeof reals / sizeof *reals)]);
        break;
    case KIND_PACKED:
        bind_packed(stmt, value, n, FUZZ_QUERIES * sizeof(double));
        break;
    case KIND_BOMB:
        bind_packed(stmt, value, n, (size_t)1 << 20);
        break;
    default:
        sqlite3_bind_null(stmt, 1);
    }
}

/* The row is changed where it stands, or a copy with the change is put beside it. */
static void
apply(sqlite3 *db, const uint8_t *head, const uint8_t *value, size_t n)
{
    const struct rg_results_table *table = &rg_results_tables[head[0] % RG_N_TABLES_OF_RESULTS];
    enum kind kind = (enum kind)(head[3] % N_KINDS);
    bool copy = head[3] / N_KINDS % 4 == 3;
    struct rg_buf sql = {0};
    struct columns c;
    sqlite3_stmt *stmt;

    columns_of(db, table->name, &c);
    if (kind == KIND_DELETE) {
        rg_buf_printf(&sql, "DELETE FROM %s WHERE ?1 IS NULL", table->name);
    } else if (copy) {
        rg_buf_printf(&sql, "INSERT OR REPLACE INTO %s SELECT ", table->name);
        put_columns(&sql, &c, c.n, head[1] % c.n);
        rg_buf_printf(&sql, " FROM %s WHERE true", table->name);
    } else {
        rg_buf_printf(&sql, "UPDATE OR REPLACE %s SET %s = ?1 WHERE true", table->name,
                      c.name[head[1] % c.n]);
    }
    rg_buf_puts(&sql, " AND (");
    put_columns(&sql, &c, (size_t)table->keys, SIZE_MAX);
    rg_buf_puts(&sql, ") = (SELECT ");
    put_columns(&sql, &c, (size_t)table->keys, SIZE_MAX);
    rg_buf_printf(&sql, " FROM %s LIMIT 1 OFFSET %u)", table->name, head[2]);
    assert(sqlite3_prepare_v2(db, rg_buf_text(&sql), -1, &stmt, NULL) == SQLITE_OK);
    bind(stmt, kind, value, n);
    (void)sqlite3_step(stmt); /* a value of another type is refused */
    sqlite3_finalize(stmt);
    rg_buf_clear(&sql);
}

static void
change(const char *path, const uint8_t *data, size_t size)
{
    sqlite3 *db;

    assert(sqlite3_open(path, &db) == SQLITE_OK);
    sqlite3_exec(db, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; BEGIN", NULL, NULL, NULL);
    for (size_t i = 0; i < CHANGES && size >= HEAD; i++) {
        size_t n = data[4] % 128u < size - HEAD ? data[4] % 128u : size - HEAD;

        apply(db, data, data + HEAD, n);
        data += HEAD + n;
        size -= HEAD + n;
    }
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
}

static char folder[FUZZ_PATH];

static void
remove_folder(void)
{
    char command[FUZZ_PATH + 16];

    snprintf(command, sizeof command, "/bin/rm -rf '%s'", folder);
    if (system(command) != 0)
        perror(folder);
}

static const char *
figures(void)
{
    const char *dir = getenv("TMPDIR");

    if (folder[0])
        return folder;
    snprintf(folder, sizeof folder, "%s/rg-fuzz-XXXXXX", dir && *dir ? dir : "/tmp");
    assert(mkdtemp(folder));
    atexit(remove_folder);
    return folder;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_bytes *good = fuzz_result_template();
    uint8_t flags = size > 0 ? data[0] : 0;
    char path[FUZZ_PATH];

    fuzz_file(path, good->data, good->n);
    if (size > 1)
        change(path, data + 1, size - 1);
    if (flags / 2 % 2)
        fuzz_dump(path);
    if (flags / 4 % 4 < 3)
        fuzz_frame(path, (enum rg_results_rows)(flags / 4 % 4));
    else
        fuzz_report(path, (enum rg_format)(flags / 16 % 5), flags & 1 ? figures() : NULL);
    unlink(path);
    return 0;
}
