/* CSV: what is accepted, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "base/buf.h"
#include "base/csv.h"
#include "tests/unit/base_temp.h"

/* Reads a file to its end: fields as "line:col[q]=text|", records closed by "/", errors as "!text;"
 * without the file's name. */
static void
dump(const char *path, struct rg_buf *out)
{
    const struct rg_csv_field *f;
    struct rg_csv *csv;
    struct rg_err err;

    rg_buf_reset(out);
    if (rg_csv_open(&csv, path, &err) != RG_OK) {
        assert_null(csv);
        rg_buf_printf(out, "!%s;", err.text + strlen(path));
        return;
    }
    assert_string_equal(rg_csv_name(csv), path);
    for (;;) {
        enum rg_status rc = rg_csv_next(csv, &f, &err);

        if (rc) {
            assert_null(f);
            assert_int_equal(rc, RG_EINPUT);
            assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
            rg_buf_printf(out, "!%s;", err.text + strlen(path));
            continue;
        }
        if (!f)
            break;
        for (size_t i = 0; i < rg_csv_columns(csv); i++) {
            struct rg_place place = rg_csv_place(csv, &f[i]);

            assert_int_equal(strlen(f[i].data), f[i].len);
            assert_string_equal(place.file, path);
            rg_buf_printf(out, "%d:%d%s=%s|", (int)place.line, (int)place.col,
                          f[i].quoted ? "q" : "", f[i].data);
        }
        rg_buf_putc(out, '/');
    }
    rg_csv_close(csv);
}

static void
check(const char *text, const char *want)
{
    struct rg_buf out = {0};
    char path[TEMP_PATH];

    temp_write(path, text, strlen(text));
    dump(path, &out);
    assert_string_equal(rg_buf_text(&out), want);
    unlink(path);
    rg_buf_clear(&out);
}

static void
test_good(void **state)
{
    (void)state;
    check("a,b\n1,2\n", "2:1=1|2:3=2|/");
    check("a,b\n1,2", "2:1=1|2:3=2|/");
    check("a,b\r\n1,2\r\n", "2:1=1|2:3=2|/");
    check("a,b\n", "");
    check("a,b\n,\n", "2:1=|2:2=|/");
    check("a\n\"\"\n", "2:1q=|/");
    check("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "2:1q=x,y|2:7q=say \"hi\"|/");
    check("a,b\n\"\"\"\",\"\"\"\"\"\"\n", "2:1q=\"|2:6q=\"\"|/");
    check("a,b\n\"x\ny\",2\n3,4\n", "2:1q=x\ny|3:4=2|/4:1=3|4:3=4|/");
    check("a,b\r\n\"x\r\n\ny\",2\r\n3,4\r\n", "2:1q=x\r\n\ny|4:4=2|/5:1=3|5:3=4|/");
    check("a,b\n\"\n\",\"\n\"\n", "2:1q=\n|3:3q=\n|/");
    check("\"a\nb\",c\n1,2\n", "3:1=1|3:3=2|/");
    check("a,b\n 1 , 2\n", "2:1= 1 |2:5= 2|/");
    check("a,b\n\xc3\xa4,\xe4\xb8\xad\n", "2:1=\xc3\xa4|2:4=\xe4\xb8\xad|/");
    check("\xef\xbb\xbf"
          "a,b\n1,2\n",
          "2:1=1|2:3=2|/");
    check(",a,\n1,2,3\n", "2:1=1|2:3=2|2:5=3|/");
}

static void
test_bad(void **state)
{
    (void)state;
    check("", "!:1:1: the file is empty (expected a header line);");
    check("\n1\n", "!:1:1: empty record (found a blank line);");
    check("\xef\xbb\xbf\n", "!:1:1: empty record (found a blank line);");
    check("a,b,a\n", "!:1:5: the column \"a\" occurs twice in the header;");
    check("a,\"a\"\n", "!:1:3: the column \"a\" occurs twice in the header;");
    check("a\xff,b\n", "!:1:2: invalid UTF-8 (found byte 0xff);");
    check("a,b\n1\n2,3\n", "!:2:2: too few fields (found 1, expected 2);3:1=2|3:3=3|/");
    check("a,b\n1,2,3,4\n5,6\n", "!:2:5: too many fields (found 4, expected 2);3:1=5|3:3=6|/");
    check("a,b\n1,2,\n", "!:2:5: too many fields (found 3, expected 2);");
    check("a,b\n\n1,2\n\r\n", "!:2:1: empty record (found a blank line);3:1=1|3:3=2|/"
                              "!:4:1: empty record (found a blank line);");
    check("a,b\nx\"y,2\n3,4\n",
          "!:2:2: a quote inside an unquoted field (expected the whole field in quotes);"
          "3:1=3|3:3=4|/");
    check("a,b\n1, \"2\"\n",
          "!:2:4: a quote inside an unquoted field (expected the whole field in quotes);");
    check("a,b\n\"x\" ,2\n3,4\n",
          "!:2:4: text behind a closing quote (expected a comma or the end of the line);"
          "3:1=3|3:3=4|/");
    check("a,b\n\"x\"y\"z\",2\n3,4\n",
          "!:2:4: text behind a closing quote (expected a comma or the end of the line);"
          "3:1=3|3:3=4|/");
    check("a,b\n1,\"x\n2,3\n", "!:2:3: unclosed quote (found the end of the file);");
    check("a,b\n1,\"", "!:2:3: unclosed quote (found the end of the file);");
    check("a,b\n1,\"x\"\"", "!:2:3: unclosed quote (found the end of the file);");
    check("a,\"b\n", "!:1:3: unclosed quote (found the end of the file);");
    check("a,b\n\xc3,2\n3,4\n", "!:2:1: invalid UTF-8 (found byte 0xc3);3:1=3|3:3=4|/");
}

/* A record with an error is left behind as a whole, although it spans lines; its first error is the
 * one that is told. */
static void
test_recovery(void **state)
{
    (void)state;
    check("a,b\nx\"y,\"one\ntwo\"\n3,4\n",
          "!:2:2: a quote inside an unquoted field (expected the whole field in quotes);"
          "4:1=3|4:3=4|/");
    check("a,b\n\"one\n\xff\",\"\xfe\nend\"x\n3,4\n",
          "!:3:1: invalid UTF-8 (found byte 0xff);5:1=3|5:3=4|/");
    check("a,b\n\"one\ntwo\",3,\"four\nfive\"\n3,4\n",
          "!:3:8: too many fields (found 3, expected 2);5:1=3|5:3=4|/");
    check("a,b\n\"one\ntwo\"\n3,4\n", "!:3:5: too few fields (found 1, expected 2);4:1=3|4:3=4|/");
}

static void
test_header(void **state)
{
    static const char text[] = "\xef\xbb\xbfname,,\"two words\",\r\n1,2,3,4";
    const struct rg_csv_field *f;
    struct rg_csv *csv;
    struct rg_err err;
    char path[TEMP_PATH];

    (void)state;
    temp_write(path, text, sizeof text - 1);
    assert_int_equal(rg_csv_open(&csv, path, &err), RG_OK);
    assert_int_equal(rg_csv_columns(csv), 4);
    assert_string_equal(rg_csv_header(csv, 0), "name");
    assert_string_equal(rg_csv_header(csv, 1), "");
    assert_string_equal(rg_csv_header(csv, 2), "two words");
    assert_int_equal(rg_csv_find(csv, "name"), 0);
    assert_int_equal(rg_csv_find(csv, "two words"), 2);
    assert_int_equal(rg_csv_find(csv, "Name"), -1);
    assert_int_equal(rg_csv_find(csv, ""), -1);
    assert_true(rg_csv_bom(csv));
    assert_true(rg_csv_crlf(csv));
    assert_false(rg_csv_unterminated(csv));
    assert_int_equal(rg_csv_next(csv, &f, &err), RG_OK);
    assert_non_null(f);
    assert_true(rg_csv_unterminated(csv));
    assert_int_equal(rg_csv_next(csv, &f, &err), RG_OK);
    assert_null(f);
    assert_true(rg_csv_crlf(csv));
    rg_csv_close(csv);
    rg_csv_close(NULL);
    unlink(path);
    assert_int_equal(rg_csv_open(&csv, "/no/such.csv", &err), RG_ESYSTEM);
    assert_null(csv);
}

/* A damaged file ends with one error, not with one for ever. */
static void
test_damaged(void **state)
{
    struct rg_buf out = {0};
    char path[TEMP_PATH];
    size_t n;
    unsigned char *gz = temp_gzip("a,b\n1,2\n3,4\n", 12, &n);

    (void)state;
    temp_write(path, gz, n - 3);
    dump(path, &out);
    assert_string_equal(rg_buf_text(&out),
                        "2:1=1|2:3=2|/3:1=3|3:3=4|/!:4: bad gzip data: truncated;");
    unlink(path);
    temp_write(path, "a,b\n1,2\n\"x\n\0,3\n5,6\n", 19);
    dump(path, &out);
    assert_string_equal(rg_buf_text(&out), "2:1=1|2:3=2|/!:4:1: a NUL byte in a text file;");
    unlink(path);
    rg_buf_clear(&out);
    free(gz);
}

/* What is written is read back, for random fields of the awkward characters. */
static void
test_put(void **state)
{
    static const char *const parts[] = {
        "a", ",", "\"", "\n", "\r", "\r\n", " ", "\xc3\xa4", "\xef\xbb\xbf", "", "'", "\\", ";"};
    enum { ROWS = 400, COLUMNS = 3 };
    struct rg_buf text = {0}, field[ROWS][COLUMNS];
    const struct rg_csv_field *f;
    struct rg_csv *csv;
    struct rg_err err;
    char path[TEMP_PATH];
    uint32_t x = 7;

    (void)state;
    rg_buf_puts(&text, "a,b,c\n");
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
            field[i][j] = (struct rg_buf){0};
            rg_buf_puts(&field[i][j], "");
            x = x * 1664525 + 1013904223;
            for (uint32_t k = x >> 29; k > 0; k--) {
                x = x * 1664525 + 1013904223;
                rg_buf_puts(&field[i][j], parts[(x >> 20) % (sizeof parts / sizeof parts[0])]);
            }
            rg_csv_put(&text, field[i][j].data, field[i][j].len);
            rg_buf_putc(&text, j + 1 < COLUMNS ? ',' : '\n');
        }
    }
    temp_write(path, text.data, text.len);
    assert_int_equal(rg_csv_open(&csv, path, &err), RG_OK);
    for (int i = 0; i < ROWS; i++) {
        assert_int_equal(rg_csv_next(csv, &f, &err), RG_OK);
        for (int j = 0; j < COLUMNS; j++) {
            assert_int_equal(f[j].len, field[i][j].len);
            assert_memory_equal(f[j].data, field[i][j].data, f[j].len);
            rg_buf_clear(&field[i][j]);
        }
    }
    rg_csv_close(csv);
    unlink(path);
    rg_buf_reset(&text);
    rg_csv_put(&text, "plain text", 10);
    rg_csv_put(&text, "a\"b", 3);
    assert_string_equal(rg_buf_text(&text), "plain text\"a\"\"b\"");
    rg_buf_clear(&text);
}

/* Fields that make the record's memory move, and many columns. */
static void
test_large(void **state)
{
    enum { COLUMNS = 3000, LONG = 300000 };
    struct rg_buf text = {0};
    const struct rg_csv_field *f;
    struct rg_csv *csv;
    struct rg_err err;
    char path[TEMP_PATH];

    (void)state;
    for (int i = 0; i < COLUMNS; i++)
        rg_buf_printf(&text, "%sc%d", i ? "," : "", i);
    rg_buf_puts(&text, "\n\"");
    memset(rg_buf_reserve(&text, LONG), '\n', LONG);
    text.len += LONG;
    rg_buf_puts(&text, "\"");
    for (int i = 1; i < COLUMNS; i++)
        rg_buf_printf(&text, ",%d", i);
    temp_write(path, text.data, text.len);
    assert_int_equal(rg_csv_open(&csv, path, &err), RG_OK);
    assert_int_equal(rg_csv_columns(csv), COLUMNS);
    assert_int_equal(rg_csv_find(csv, "c2999"), 2999);
    assert_int_equal(rg_csv_next(csv, &f, &err), RG_OK);
    assert_int_equal(f[0].len, LONG);
    for (int i = 1; i < COLUMNS; i++) {
        assert_int_equal(strtol(f[i].data, NULL, 10), i);
        assert_int_equal(f[i].line, LONG + 2);
    }
    rg_csv_close(csv);
    unlink(path);
    rg_buf_clear(&text);
}

/* More fields than a record may have: an error at the first of them too many, in the header and in
 * a record, behind which the reader goes on. */
static void
test_many_fields(void **state)
{
    struct rg_buf text = {0};
    const struct rg_csv_field *fields;
    struct rg_csv *csv;
    struct rg_err err;
    char path[TEMP_PATH];

    (void)state;
    for (int i = 0; i < RG_CSV_FIELDS; i++)
        rg_buf_puts(&text, i == 0 ? "a" : ",");
    rg_buf_puts(&text, ",b\n");
    temp_write(path, text.data, text.len);
    assert_int_equal(rg_csv_open(&csv, path, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, ":1:65538: too many fields (expected at most 65536)"));
    unlink(path);

    rg_buf_reset(&text);
    rg_buf_puts(&text, "a,b\n");
    for (int i = 0; i < 3 * RG_CSV_FIELDS; i++)
        rg_buf_puts(&text, "x,");
    rg_buf_puts(&text, "\"a line\nend\"\n1,2\n");
    temp_write(path, text.data, text.len);
    assert_int_equal(rg_csv_open(&csv, path, &err), RG_OK);
    assert_int_equal(rg_csv_next(csv, &fields, &err), RG_EINPUT);
    assert_non_null(strstr(err.text, ":2:131073: too many fields (expected at most 65536)"));
    assert_int_equal(rg_csv_next(csv, &fields, &err), RG_OK);
    assert_non_null(fields);
    assert_string_equal(fields[1].data, "2");
    rg_csv_close(csv);
    unlink(path);
    rg_buf_clear(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_fields), cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),         cmocka_unit_test(test_recovery),
        cmocka_unit_test(test_header),      cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_put),         cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
