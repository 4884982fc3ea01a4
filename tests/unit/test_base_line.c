/* Lines of plain and gzip files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/line.h"
#include "tests/unit/base_temp.h"

/* What the reader says of a file: one line of text per line, "N:len:flags:content|". */
static enum rg_status
dump(const char *path, struct rg_buf *out, struct rg_err *err)
{
    struct rg_lines *in;
    enum rg_status rc = rg_lines_open(&in, path, err);

    rg_buf_reset(out);
    if (rc) {
        assert_null(in);
        return rc;
    }
    for (;;) {
        struct rg_line line;

        rc = rg_lines_next(in, &line, err);
        if (rc || !line.data)
            break;
        assert_int_equal(strlen(line.data), line.len);
        rg_buf_printf(out, "%d%s%s:%s|", (int)line.number, line.crlf ? "r" : "",
                      line.unterminated ? "u" : "", line.data);
    }
    {
        struct rg_line line;
        struct rg_err other;

        /* The end stays the end, also behind an error. */
        assert_int_equal(rg_lines_next(in, &line, &other), RG_OK);
        assert_null(line.data);
    }
    rg_lines_close(in);
    return rc;
}

static void
check_file(const void *bytes, size_t n, const char *want)
{
    struct rg_buf out = {0};
    struct rg_err err;
    char path[TEMP_PATH];

    temp_write(path, bytes, n);
    assert_int_equal(dump(path, &out, &err), RG_OK);
    assert_string_equal(rg_buf_text(&out), want);
    unlink(path);
    rg_buf_clear(&out);
}

static void
check_bad(const void *bytes, size_t n, const char *want, const char *message)
{
    struct rg_buf out = {0};
    struct rg_err err;
    char path[TEMP_PATH];

    temp_write(path, bytes, n);
    assert_int_equal(dump(path, &out, &err), RG_EINPUT);
    assert_string_equal(rg_buf_text(&out), want);
    assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    assert_string_equal(err.text + strlen(path), message);
    unlink(path);
    rg_buf_clear(&out);
}

static void
test_plain(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"\n", "1:|"},
        {"a", "1u:a|"},
        {"a\n", "1:a|"},
        {"a\nb", "1:a|2u:b|"},
        {"a\r\nb\n\r\n\n", "1r:a|2:b|3r:|4:|"},
        {"a\rb\r\r\nc\r", "1r:a\rb\r|2u:c\r|"},
        {"\x1f", "1u:\x1f|"},
        {"\xef\xbb\xbf"
         "a\n",
         "1:\xef\xbb\xbf"
         "a|"},
        {"\xff\xfe\n", "1:\xff\xfe|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t packed;
        unsigned char *gz = temp_gzip(cases[i].text, strlen(cases[i].text), &packed);

        check_file(cases[i].text, strlen(cases[i].text), cases[i].want);
        check_file(gz, packed, cases[i].want);
        free(gz);
    }
}

/* Line ends at, before and behind the block's border, plain and compressed. */
static void
test_blocks(void **state)
{
    enum { BLOCK = 64 << 10, N = 3 * BLOCK + 10 };
    char *text = malloc(N), path[TEMP_PATH];

    (void)state;
    assert_non_null(text);
    for (int shift = -3; shift <= 3; shift++) {
        for (int gzip = 0; gzip < 2; gzip++) {
            struct rg_lines *in;
            struct rg_line line;
            struct rg_err err;
            size_t packed, first = (size_t)(BLOCK + shift);
            unsigned char *gz;

            memset(text, 'x', N);
            text[first] = '\r';
            text[first + 1] = '\n';
            text[2 * BLOCK + 5] = '\n';
            gz = temp_gzip(text, N, &packed);
            temp_write(path, gzip ? gz : (unsigned char *)text, gzip ? packed : N);
            free(gz);
            assert_int_equal(rg_lines_open(&in, path, &err), RG_OK);
            assert_string_equal(rg_lines_name(in), path);
            assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
            assert_int_equal(line.len, first);
            assert_true(line.crlf);
            assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
            assert_int_equal(line.len, 2 * BLOCK + 5 - first - 2);
            assert_false(line.crlf);
            assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
            assert_int_equal(line.len, N - 2 * BLOCK - 6);
            assert_true(line.unterminated);
            assert_int_equal(line.data[line.len], '\0');
            assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
            assert_null(line.data);
            rg_lines_close(in);
            unlink(path);
        }
    }
    free(text);
}

static void
test_nul(void **state)
{
    (void)state;
    check_bad("a\nb\0c\nd\n", 8, "1:a|", ":2:2: a NUL byte in a text file");
    check_bad("\0", 1, "", ":1:1: a NUL byte in a text file");
    check_bad("ab\n\r\0\n", 6, "1:ab|", ":2:2: a NUL byte in a text file");
}

static void
test_members(void **state)
{
    size_t n1, n2, n0;
    unsigned char *one = temp_gzip("a\nb", 3, &n1), *two = temp_gzip("c\nd\n", 4, &n2);
    unsigned char *none = temp_gzip("", 0, &n0);
    struct rg_buf all = {0};

    (void)state;
    rg_buf_add(&all, one, n1);
    rg_buf_add(&all, none, n0);
    rg_buf_add(&all, two, n2);
    rg_buf_add(&all, none, n0);
    check_file(all.data, all.len, "1:a|2:bc|3:d|");
    rg_buf_add(&all, "junk", 4);
    check_bad(all.data, all.len, "1:a|2:bc|3:d|", ":4: bad gzip data: junk behind its end");
    all.len -= 4;
    rg_buf_add(&all, "\0", 1);
    check_bad(all.data, all.len, "1:a|2:bc|3:d|", ":4: bad gzip data: junk behind its end");
    all.len -= 1;
    rg_buf_add(&all, "\x1f\x8b", 2);
    check_bad(all.data, all.len, "1:a|2:bc|3:d|", ":4: bad gzip data: truncated");
    rg_buf_add(&all, "xxxxxxxxxxxx", 12);
    check_bad(all.data, all.len, "1:a|2:bc|3:d|", ":4: bad gzip data: unknown compression method");
    rg_buf_clear(&all);
    free(one);
    free(two);
    free(none);
}

/* Every truncation of a gzip file is an error that names the line reached; what came before is
 * given out unharmed. */
static void
test_truncated(void **state)
{
    static const char text[] = "first line\nsecond line\nthird\n";
    size_t n;
    unsigned char *gz = temp_gzip(text, sizeof text - 1, &n);
    struct rg_buf out = {0};
    struct rg_err err;
    char path[TEMP_PATH];

    (void)state;
    for (size_t len = 2; len < n; len++) {
        static const char want[] = "1:first line|2:second line|3:third|";
        int lines = 0;

        temp_write(path, gz, len);
        assert_int_equal(dump(path, &out, &err), RG_EINPUT);
        assert_int_equal(strncmp(rg_buf_text(&out), want, out.len), 0);
        for (size_t i = 0; i < out.len; i++)
            lines += out.data[i] == '|';
        assert_int_equal(err.text[strlen(path) + 1] - '0', lines + 1);
        assert_string_equal(err.text + strlen(path) + 2, ": bad gzip data: truncated");
        unlink(path);
    }
    /* A wrong checksum, and a wrong length. */
    gz[n - 5] ^= 1;
    check_bad(gz, n, "1:first line|2:second line|3:third|",
              ":4: bad gzip data: incorrect checksum or length");
    gz[n - 5] ^= 1;
    gz[n - 1] ^= 1;
    check_bad(gz, n, "1:first line|2:second line|3:third|",
              ":4: bad gzip data: incorrect checksum or length");
    rg_buf_clear(&out);
    free(gz);
}

static void
test_system_errors(void **state)
{
    struct rg_lines *in;
    struct rg_buf buf = {0};
    struct rg_err err;

    (void)state;
    assert_int_equal(rg_lines_open(&in, "/no/such/file", &err), RG_ESYSTEM);
    assert_string_equal(err.text, "/no/such/file: cannot open: No such file or directory");
    assert_null(in);
    assert_int_equal(rg_lines_open(&in, "/", &err), RG_ESYSTEM);
    assert_string_equal(err.text, "/: cannot read: Is a directory");
    assert_int_equal(rg_file_read("/", 100, &buf, &err), RG_ESYSTEM);
    rg_lines_close(NULL);
    rg_buf_clear(&buf);
}

/* A pipe that gives its bytes one by one, compressed, as standard input. */
static void
test_stdin(void **state)
{
    size_t n;
    unsigned char *gz = temp_gzip("a\nb\n", 4, &n);
    struct rg_lines *in;
    struct rg_line line;
    struct rg_err err;
    int ends[2], saved = dup(STDIN_FILENO);

    (void)state;
    for (size_t split = 1; split < n; split++) {
        assert_int_equal(pipe(ends), 0);
        assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
        close(ends[0]);
        assert_int_equal(write(ends[1], gz, split), split);
        if (split > 1) { /* else the reader would wait for more */
            assert_int_equal(rg_lines_open(&in, "-", &err), RG_OK);
            assert_string_equal(rg_lines_name(in), "<stdin>");
        }
        assert_int_equal(write(ends[1], gz + split, n - split), n - split);
        close(ends[1]);
        if (split == 1)
            assert_int_equal(rg_lines_open(&in, "-", &err), RG_OK);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
            assert_string_equal(line.data, i == 0 ? "a" : "b");
        }
        assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
        assert_null(line.data);
        rg_lines_close(in);
    }
    assert_true(lseek(STDIN_FILENO, 0, SEEK_CUR) < 0 && errno == ESPIPE); /* not ours to close */
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
    free(gz);
}

static void
test_whole_file(void **state)
{
    enum { N = 200000 };
    char *text = malloc(N), path[TEMP_PATH];
    struct rg_buf buf = {0};
    struct rg_err err;
    unsigned char *gz;
    size_t packed;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++)
        text[i] = (char)(i * i >> 7);
    gz = temp_gzip(text, N, &packed);
    for (int gzip = 0; gzip < 2; gzip++) {
        temp_write(path, gzip ? gz : (unsigned char *)text, gzip ? packed : N);
        rg_buf_puts(&buf, "old");
        assert_int_equal(rg_file_read(path, N, &buf, &err), RG_OK);
        assert_int_equal(buf.len, N);
        assert_memory_equal(buf.data, text, N);
        assert_int_equal(rg_file_read(path, N - 1, &buf, &err), RG_EINPUT);
        assert_string_equal(err.text + strlen(path),
                            ": the file is too large (expected at most 199999 bytes)");
        unlink(path);
    }
    temp_write(path, "", 0);
    assert_int_equal(rg_file_read(path, 0, &buf, &err), RG_OK);
    assert_string_equal(rg_buf_text(&buf), "");
    unlink(path);
    temp_write(path, gz, packed - 1);
    assert_int_equal(rg_file_read(path, N, &buf, &err), RG_EINPUT);
    assert_string_equal(err.text + strlen(path), ": bad gzip data: truncated");
    /* A head ends before the damage, or has what came before it. */
    assert_int_equal(rg_file_head(path, 1000, &buf, &err), RG_OK);
    assert_int_equal(buf.len, 1000);
    assert_memory_equal(buf.data, text, 1000);
    assert_int_equal(rg_file_head(path, N + 1, &buf, &err), RG_EINPUT);
    assert_string_equal(err.text + strlen(path), ": bad gzip data: truncated");
    assert_memory_equal(rg_buf_text(&buf), text, buf.len);
    unlink(path);
    temp_write(path, gz, 5);
    assert_int_equal(rg_file_head(path, N, &buf, &err), RG_EINPUT);
    assert_string_equal(err.text + strlen(path), ": bad gzip data: truncated");
    assert_int_equal(buf.len, 0);
    unlink(path);
    temp_write(path, text, N);
    assert_int_equal(rg_file_head(path, N - 1, &buf, &err), RG_OK);
    assert_int_equal(buf.len, N - 1);
    assert_int_equal(rg_file_head(path, N + 1, &buf, &err), RG_OK);
    assert_int_equal(buf.len, N);
    unlink(path);
    rg_buf_clear(&buf);
    free(gz);
    free(text);
}

/* A line that does not end, from a small file: members of a megabyte each. */
static void
test_endless_line(void **state)
{
    enum { MEMBER = 1 << 20 };
    char *text = malloc(MEMBER), path[TEMP_PATH];
    struct rg_buf all = {0};
    struct rg_lines *in;
    struct rg_line line;
    struct rg_err err;
    unsigned char *gz;
    size_t n;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', MEMBER);
    gz = temp_gzip(text, MEMBER, &n);
    rg_buf_puts(&all, "");
    for (int i = 0; i < RG_LINE_MAX / MEMBER + 1; i++)
        rg_buf_add(&all, gz, n);
    temp_write(path, all.data, all.len);
    assert_int_equal(rg_lines_open(&in, path, &err), RG_OK);
    assert_int_equal(rg_lines_next(in, &line, &err), RG_EINPUT);
    assert_string_equal(err.text + strlen(path),
                        ":1: the line is too long (expected at most 268435456 bytes)");
    assert_int_equal(rg_lines_next(in, &line, &err), RG_OK);
    assert_null(line.data);
    rg_lines_close(in);
    unlink(path);
    rg_buf_clear(&all);
    free(gz);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_nul),          cmocka_unit_test(test_members),
        cmocka_unit_test(test_truncated),    cmocka_unit_test(test_system_errors),
        cmocka_unit_test(test_stdin),        cmocka_unit_test(test_whole_file),
        cmocka_unit_test(test_endless_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
