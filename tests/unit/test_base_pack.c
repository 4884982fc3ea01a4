/* Compressed byte strings, alone and in the background, and gzip members piece by piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/inflate.h"
#include "base/pack.h"
#include "base/packer.h"
#include "tests/unit/base_temp.h"

/* ---- pack ---- */
/* Any zlib reads it. */
static void
zlib_reads(const struct rg_buf *packed, const char *text, size_t n)
{
    uLongf got = n;
    Bytef *out = malloc(n);

    assert_int_equal(uncompress(out, &got, (const Bytef *)packed->data, packed->len), Z_OK);
    assert_int_equal(got, n);
    assert_memory_equal(out, text, n);
    free(out);
}

static void
test_pack(void **state)
{
    enum { N = 70000 };
    char *text = malloc(N);
    struct rg_buf packed = {0}, raw = {0}, room = {0};
    struct rg_err err;
    uint32_t x = 1;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < N; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)('a' + (x >> 24) % 5);
    }
    for (size_t n = 0; n < N; n = n < 70 ? n + 1 : n * 9 / 7) {
        rg_buf_reset(&packed);
        rg_buf_reset(&raw);
        rg_buf_puts(&packed, "before");
        rg_buf_puts(&raw, "x");
        rg_pack(&packed, text, n);
        assert_true(packed.len - 6 <= n);
        assert_true(n < 200 || packed.len < n);
        assert_int_equal(rg_unpack(&raw, packed.data + 6, packed.len - 6, n, &err), RG_OK);
        assert_int_equal(raw.len, n + 1);
        assert_memory_equal(raw.data + 1, text, n);
        assert_int_equal(raw.data[raw.len], '\0');
        rg_buf_reset(&packed);
        rg_buf_reset(&raw);
        rg_pack_fast(&packed, text, n, &room);
        assert_true(packed.len <= n);
        assert_true(n < 200 || packed.len < n);
        assert_int_equal(rg_unpack(&raw, rg_buf_text(&packed), packed.len, n, &err), RG_OK);
        assert_memory_equal(rg_buf_text(&raw), text, n);
    }
    rg_buf_reset(&packed);
    rg_pack(&packed, text, N);
    zlib_reads(&packed, text, N);
    rg_buf_reset(&packed);
    rg_pack_fast(&packed, text, N, &room);
    zlib_reads(&packed, text, N);
    rg_buf_clear(&room);
    rg_buf_clear(&packed);
    rg_buf_clear(&raw);
    free(text);
}

/* Every truncation, every flipped byte and every wrong length is an error, or gives the right text
 * by chance of what a checksum can see: never a wrong one. */
static void
test_pack_damage(void **state)
{
    static const char text[] = "the invoice the invoice the invoice was sent twice was sent twice";
    const size_t n = sizeof text - 1;
    struct rg_buf packed = {0}, raw = {0};
    struct rg_err err;

    (void)state;
    rg_pack(&packed, text, n);
    assert_true(packed.len < n);
    for (size_t len = 0; len < packed.len; len++) {
        assert_int_equal(rg_unpack(&raw, packed.data, len, n, &err), RG_EINPUT);
        assert_int_equal(strncmp(err.text, "damaged compressed text: ", 25), 0);
    }
    for (size_t i = 0; i < packed.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            enum rg_status rc;

            packed.data[i] = (char)(packed.data[i] ^ 1 << bit);
            rg_buf_reset(&raw);
            rc = rg_unpack(&raw, packed.data, packed.len, n, &err);
            if (rc == RG_OK)
                assert_string_equal(rg_buf_text(&raw), text);
            else
                assert_int_equal(raw.len, 0);
            packed.data[i] = (char)(packed.data[i] ^ 1 << bit);
        }
    }
    rg_buf_reset(&raw);
    assert_int_equal(rg_unpack(&raw, packed.data, packed.len, n - 1, &err), RG_EINPUT);
    assert_int_equal(rg_unpack(&raw, packed.data, packed.len, n + 1, &err), RG_EINPUT);
    assert_int_equal(rg_unpack(&raw, packed.data, packed.len, 0, &err), RG_EINPUT);
    /* A length that no stream of this size can have must not be believed. */
    assert_int_equal(rg_unpack(&raw, packed.data, packed.len, (size_t)1 << 50, &err), RG_EINPUT);
    assert_string_equal(err.text, "damaged compressed text: impossible length");
    assert_int_equal(raw.len, 0);
    /* Bytes behind the stream. */
    rg_buf_putc(&packed, 'x');
    assert_int_equal(rg_unpack(&raw, packed.data, packed.len, n, &err), RG_EINPUT);
    rg_buf_clear(&packed);
    rg_buf_clear(&raw);
}

/* ---- packer ---- */

/* Block i: its number of bytes and its bytes. */
static void
make(struct rg_buf *raw, size_t i)
{
    size_t n = i % 7 == 0 ? 1 : i * 911 % 50000;

    for (size_t k = 0; k < n; k++)
        rg_buf_putc(raw, (char)('a' + k * k % (i + 3) % 26));
}

static void
look(const struct rg_packed *block, size_t i)
{
    struct rg_buf raw = {0}, want = {0};
    struct rg_err err;

    make(&want, i);
    assert_int_equal(block->tag, i * i);
    assert_int_equal(block->raw_len, want.len);
    assert_int_equal(
        rg_unpack(&raw, rg_buf_text(block->bytes), block->bytes->len, block->raw_len, &err), RG_OK);
    assert_int_equal(raw.len, want.len);
    assert_string_equal(rg_buf_text(&raw), rg_buf_text(&want));
    rg_buf_clear(&raw);
    rg_buf_clear(&want);
}

/* Whatever the number of threads, blocks come out as they went in, and in that order. */
static void
test_packer(void **state)
{
    enum { N = 300 };

    (void)state;
    for (unsigned threads = 0; threads < 5; threads++) {
        struct rg_packer *p = rg_packer_new(threads);
        struct rg_buf raw = {0};
        struct rg_packed block;
        size_t taken = 0;

        assert_false(rg_packer_take(p, true, &block));
        for (size_t i = 0; i < N; i++) {
            while (rg_packer_take(p, rg_packer_is_full(p), &block))
                look(&block, taken++);
            make(&raw, i);
            rg_packer_put(p, &raw, (int64_t)(i * i));
            assert_int_equal(raw.len, 0);
        }
        while (rg_packer_take(p, true, &block))
            look(&block, taken++);
        assert_int_equal(taken, N);
        rg_buf_clear(&raw);
        rg_packer_free(p);
    }
    rg_packer_free(NULL);
}

/* What is under way when it ends is dropped; full is by number, and by bytes. */
static void
test_packer_full(void **state)
{
    struct rg_packer *p = rg_packer_new(2);
    struct rg_buf raw = {0};
    struct rg_packed block;
    size_t n = 0;

    (void)state;
    for (; !rg_packer_is_full(p); n++) {
        make(&raw, 1);
        rg_packer_put(p, &raw, 0);
    }
    assert_int_equal(n, RG_PACKER_BLOCKS);
    assert_true(rg_packer_take(p, true, &block));
    assert_false(rg_packer_is_full(p));
    rg_packer_free(p);
    p = rg_packer_new(1);
    memset(rg_buf_reserve(&raw, RG_PACKER_BYTES), 'x', RG_PACKER_BYTES);
    raw.len = RG_PACKER_BYTES;
    rg_packer_put(p, &raw, 0);
    assert_true(rg_packer_is_full(p));
    assert_true(rg_packer_take(p, true, &block));
    assert_true(block.bytes->len < RG_PACKER_BYTES / 100);
    rg_buf_clear(&raw);
    rg_packer_free(p);
}

/* ---- inflate ---- */

/* Bytes of in at a time, into pieces of out: each way gives the same. */
static void
test_inflate(void **state)
{
    enum { N = 100000 };
    static const size_t steps[] = {1, 2, 7, 100, 5000, N};
    char *text = malloc(N), *out = malloc(N + 1);
    unsigned char *gz;
    size_t n;

    (void)state;
    for (size_t i = 0; i < N; i++)
        text[i] = (char)(i * i % 251);
    gz = temp_gzip(text, N, &n);
    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 6; b++) {
            struct rg_inflate *z = rg_inflate_new();
            const char *in = (const char *)gz, *why = "";
            char *to = out;
            enum rg_inflate_end end = RG_INFLATE_MORE;

            for (size_t left = n, room; end == RG_INFLATE_MORE;) {
                size_t step = left < steps[a] ? left : steps[a];
                size_t before = step;

                assert_true(to <= out + N);
                room = (size_t)(out + N - to) < steps[b] ? (size_t)(out + N - to) : steps[b];
                end = rg_inflate_run(z, &in, &step, &to, &room, &why);
                left -= before - step;
            }
            assert_int_equal(end, RG_INFLATE_END);
            assert_ptr_equal(to, out + N);
            assert_memory_equal(out, text, N);
            rg_inflate_free(z);
        }
    free(gz);
    free(text);
    free(out);
    rg_inflate_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack),    cmocka_unit_test(test_pack_damage),
        cmocka_unit_test(test_packer),  cmocka_unit_test(test_packer_full),
        cmocka_unit_test(test_inflate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
