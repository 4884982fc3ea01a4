/* Digests of sets of records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/digest.h"

static void
digest_of(const char *const *records, size_t n, char out[RG_DIGEST_HEX])
{
    struct rg_digest d = {0};

    for (size_t i = 0; i < n; i++)
        rg_digest_add(&d, records[i], strlen(records[i]));
    rg_digest_hex(&d, out);
    rg_digest_clear(&d);
}

/* Hashes of "" and "abc" by XXH3-128, as xxhsum -H2 prints them; that of a record is the hash of
 * the 16 bytes of its hash. */
static void
test_known(void **state)
{
    static const unsigned char abc[16] = {0x06, 0xb0, 0x5a, 0xb6, 0x73, 0x3a, 0x61, 0x85,
                                          0x78, 0xaf, 0x5f, 0x94, 0x89, 0x2f, 0x39, 0x50};
    const char *const one[] = {"abc"};
    XXH128_hash_t h = XXH3_128bits(abc, sizeof abc);
    char hex[RG_DIGEST_HEX], want[RG_DIGEST_HEX];

    (void)state;
    digest_of(NULL, 0, hex);
    assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
    digest_of(one, 1, hex);
    snprintf(want, sizeof want, "%016" PRIx64 "%016" PRIx64, h.high64, h.low64);
    assert_string_equal(hex, want);
}

static void
test_order(void **state)
{
    const char *const a[] = {"one", "two", "three", "", "two"};
    const char *const b[] = {"two", "three", "two", "one", ""};
    const char *const c[] = {"one", "two", "three", ""};
    const char *const d[] = {"one", "two", "three", "", "twp"};
    const char *const e[] = {"onetwo", "three", "", "two"};
    char x[RG_DIGEST_HEX], y[RG_DIGEST_HEX];

    (void)state;
    digest_of(a, 5, x);
    digest_of(b, 5, y);
    assert_string_equal(x, y);
    assert_int_equal(strspn(x, "0123456789abcdef"), 32);
    digest_of(c, 4, y); /* how often a record occurs counts */
    assert_string_not_equal(x, y);
    digest_of(d, 5, y);
    assert_string_not_equal(x, y);
    digest_of(e, 4, y); /* and where one ends */
    assert_string_not_equal(x, y);
}

/* Many records forwards and backwards; more may be added when the digest was taken. */
static void
test_many(void **state)
{
    enum { N = 50000 };
    struct rg_digest a = {0}, b = {0};
    char x[RG_DIGEST_HEX], y[RG_DIGEST_HEX], first[RG_DIGEST_HEX];

    (void)state;
    for (int i = 0; i < N; i++) {
        int j = N - 1 - i;

        rg_digest_add(&a, &i, sizeof i);
        rg_digest_add(&b, &j, sizeof j);
        if (i == N / 2)
            rg_digest_hex(&a, first);
    }
    rg_digest_hex(&a, x);
    rg_digest_hex(&b, y);
    assert_string_equal(x, y);
    assert_string_not_equal(x, first);
    rg_digest_hex(&a, y);
    assert_string_equal(x, y);
    rg_digest_clear(&a);
    rg_digest_clear(&b);
    rg_digest_hex(&a, y);
    assert_string_equal(y, "99aa06d3014798d86001c324468d497f");
    rg_digest_clear(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
