/* Numbers as text. The hard cases and what Python prints for them were made with CPython 3.11's
 * repr(), float.fromhex() and math.nextafter(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

static void
test_python(void **state)
{
    static const struct {
        double x;
        const char *python, *data;
    } cases[] = {
        {0x0.0p+0, "0.0", "0"},
        {-0x0.0p+0, "-0.0", "-0"},
        {0x1.0000000000000p+0, "1.0", "1"},
        {-0x1.0000000000000p+0, "-1.0", "-1"},
        {0x1.1eb851eb851ecp-2, "0.28", "0.28"},
        {0x1.7700000000000p+12, "6000.0", "6000"},
        {0x1.999999999999ap-4, "0.1", "0.1"},
        {0x1.3333333333333p-2, "0.3", "0.3"},
        {0x1.3333333333334p-2, "0.30000000000000004", "0.30000000000000004"},
        {0x1.5555555555555p-2, "0.3333333333333333", "0.3333333333333333"},
        {0x1.9000000000000p+6, "100.0", "100"},
        {0x1.c6bf526340000p+49, "1000000000000000.0", "1000000000000000"},
        {0x1.1c37937e07fffp+53, "9999999999999998.0", "9999999999999998"},
        {0x1.1c37937e08000p+53, "1e+16", "1e+16"},
        {0x1.56a95319d63e1p+63, "1.2345678901234567e+19", "1.2345678901234567e+19"},
        {0x1.b1ae4d6e2ef50p+69, "1e+21", "1e+21"},
        {0x1.0f0cf064dd592p+73, "1e+22", "1e+22"},
        {0x1.52d02c7e14af6p+76, "1e+23", "1e+23"},
        {0x1.8e757928e0c9ep-14, "9.5e-05", "9.5e-05"},
        {0x1.a36e2eb1c432dp-14, "0.0001", "0.0001"},
        {0x1.f75104d551d69p-14, "0.00012", "0.00012"},
        {0x1.4f8b588e368f1p-17, "1e-05", "1e-05"},
        {0x1.421f5f40d8376p-23, "1.5e-07", "1.5e-07"},
        {-0x1.421f5f40d8376p-23, "-1.5e-07", "-1.5e-07"},
        {0x1.7e43c8800759cp+996, "1e+300", "1e+300"},
        {0x0.0000000000001p-1022, "5e-324", "5e-324"},
        {0x0.0000000000002p-1022, "1e-323", "1e-323"},
        {0x0.0000000000009p-1022, "4.4e-323", "4.4e-323"},
        {0x0.fffffffffffffp-1022, "2.225073858507201e-308", "2.225073858507201e-308"},
        {0x1.0000000000000p-1022, "2.2250738585072014e-308", "2.2250738585072014e-308"},
        {0x1.fffffffffffffp+1023, "1.7976931348623157e+308", "1.7976931348623157e+308"},
        {0x1.0000000000000p-44, "5.684341886080802e-14", "5.684341886080802e-14"},
        {0x1.0000000000000p+89, "6.189700196426902e+26", "6.189700196426902e+26"},
        {0x1.0000000000000p-1021, "4.450147717014403e-308", "4.450147717014403e-308"},
        {0x1.0000000000000p-1, "0.5", "0.5"},
        {0x1.0000000000000p+53, "9007199254740992.0", "9007199254740992"},
        {0x1.0000000000001p+53, "9007199254740994.0", "9007199254740994"},
        {0x1.0000000000000p+54, "1.8014398509481984e+16", "1.8014398509481984e+16"},
        {0x1.0000000000000p+63, "9.223372036854776e+18", "9.223372036854776e+18"},
        {0x1.0000000000000p+64, "1.8446744073709552e+19", "1.8446744073709552e+19"},
        {0x1.0000000000000p+122, "5.316911983139664e+36", "5.316911983139664e+36"},
        {0x1.0000000000000p-24, "5.960464477539063e-08", "5.960464477539063e-08"},
        {0x1.0000000000000p-59, "1.734723475976807e-18", "1.734723475976807e-18"},
        {0x1.0000000000000p+1023, "8.98846567431158e+307", "8.98846567431158e+307"},
        {0x1.fffffffffffffp-1, "0.9999999999999999", "0.9999999999999999"},
        {0x1.0000000000001p+0, "1.0000000000000002", "1.0000000000000002"},
        {0x1.52d02c7e14af5p+76, "9.999999999999997e+22", "9.999999999999997e+22"},
        {0x1.52d02c7e14af7p+76, "1.0000000000000001e+23", "1.0000000000000001e+23"},
        {0x1.0f0cf064dd592p+132, "5.764607523034235e+39", "5.764607523034235e+39"},
        {0x1.0f0cf064dd592p+133, "1.152921504606847e+40", "1.152921504606847e+40"},
        {0x1.0000000000000p-20, "9.5367431640625e-07", "9.5367431640625e-07"},
        {0x1.0000000000000p-1019, "1.7800590868057611e-307", "1.7800590868057611e-307"},
        {0x1.2250fa08398d4p+64, "2.0919495182368195e+19", "2.0919495182368195e+19"},
        {0x1.e240000000000p+16, "123456.0", "123456"},
        {0x1.02e85be111841p-13, "0.000123456789", "0.000123456789"},
        {0x1.6bcc41e8fffffp+46, "99999999999999.98", "99999999999999.98"},
        {0x1.c12218377de66p+46, "123456789012345.6", "123456789012345.6"},
        {0x1.249ad2594c37dp+332, "1e+100", "1e+100"},
        {0x1.0000000000000p-1017, "7.120236347223045e-307", "7.120236347223045e-307"},
        {0x1.0000000000000p-1007, "7.291122019556398e-304", "7.291122019556398e-304"},
        {0x1.0000000000000p-957, "8.209073602596753e-289", "8.209073602596753e-289"},
        {0x1.0000000000000p-921, "5.641232424577593e-278", "5.641232424577593e-278"},
        {0x1.0000000000000p-808, "5.858190679279809e-244", "5.858190679279809e-244"},
        {0x1.0000000000000p-791, "7.678447687145631e-239", "7.678447687145631e-239"},
        {0x1.0000000000000p-788, "6.142758149716505e-238", "6.142758149716505e-238"},
        {0x1.0000000000000p-778, "6.290184345309701e-235", "6.290184345309701e-235"},
        {0x1.0000000000000p-705, "5.940911144672375e-213", "5.940911144672375e-213"},
        {0x1.0000000000000p-695, "6.083493012144512e-210", "6.083493012144512e-210"},
        {0x1.0000000000000p-662, "5.225680706521042e-200", "5.225680706521042e-200"},
        {0x1.0000000000000p-652, "5.351097043477547e-197", "5.351097043477547e-197"},
        {0x1.0000000000000p-549, "5.426657103235053e-166", "5.426657103235053e-166"},
        {0x1.0000000000000p-509, "5.966672584960166e-154", "5.966672584960166e-154"},
        {0x1.0000000000000p-496, "4.887898181599368e-150", "4.887898181599368e-150"},
        {0x1.0000000000000p-489, "6.256509672447191e-148", "6.256509672447191e-148"},
        {0x1.0000000000000p-383, "5.075883674631299e-116", "5.075883674631299e-116"},
        {0x1.0000000000000p-366, "6.653062250012736e-111", "6.653062250012736e-111"},
        {0x1.0000000000000p-296, "7.854549544476363e-90", "7.854549544476363e-90"},
        {0x1.0000000000000p-140, "7.174648137343064e-43", "7.174648137343064e-43"},
        {0x1.0000000000000p-97, "6.310887241768095e-30", "6.310887241768095e-30"},
        {0x1.0000000000000p-77, "6.617444900424222e-24", "6.617444900424222e-24"},
        {0x1.0000000000000p+132, "5.444517870735016e+39", "5.444517870735016e+39"},
        {0x1.0000000000000p+172, "5.986310706507379e+51", "5.986310706507379e+51"},
        {0x1.0000000000000p+182, "6.129982163463556e+54", "6.129982163463556e+54"},
        {0x1.0000000000000p+275, "6.070840288205404e+82", "6.070840288205404e+82"},
        {0x1.0000000000000p+305, "6.518515124270356e+91", "6.518515124270356e+91"},
        {0x1.0000000000000p+345, "7.167183174968974e+103", "7.167183174968974e+103"},
        {0x1.0000000000000p+378, "6.156563468186638e+113", "6.156563468186638e+113"},
        {0x1.0000000000000p+398, "6.455624695217272e+119", "6.455624695217272e+119"},
        {0x1.0000000000000p+405, "8.263199609878108e+121", "8.263199609878108e+121"},
        {0x1.0000000000000p+481, "6.243497100631985e+144", "6.243497100631985e+144"},
        {0x1.0000000000000p+534, "5.623642243178996e+160", "5.623642243178996e+160"},
        {0x1.0000000000000p+544, "5.758609657015292e+163", "5.758609657015292e+163"},
        {0x1.0000000000000p+554, "5.896816288783659e+166", "5.896816288783659e+166"},
        {0x1.0000000000000p+574, "6.183260036827614e+172", "6.183260036827614e+172"},
        {0x1.0000000000000p+594, "6.483618076376552e+178", "6.483618076376552e+178"},
        {0x1.0000000000000p+710, "5.386379163185535e+213", "5.386379163185535e+213"},
        {0x1.0000000000000p+803, "5.334411546303884e+241", "5.334411546303884e+241"},
        {0x1.0000000000000p+863, "6.150157786156811e+259", "6.150157786156811e+259"},
        {0x1.0000000000000p+896, "5.282945311356653e+269", "5.282945311356653e+269"},
        {0x1.0000000000000p+976, "6.386688990511104e+293", "6.386688990511104e+293"},
    };
    char out[RG_NUM_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = rg_num_python(out, cases[i].x);

        assert_string_equal(out, cases[i].python);
        assert_int_equal(n, strlen(out));
        n = rg_num_print(out, cases[i].x);
        assert_string_equal(out, cases[i].data);
        assert_int_equal(n, strlen(out));
    }
}

static void
test_special(void **state)
{
    char out[RG_NUM_MAX];

    (void)state;
    assert_int_equal(rg_num_print(out, NAN), 3);
    assert_string_equal(out, "nan");
    rg_num_print(out, -NAN);
    assert_string_equal(out, "nan");
    rg_num_print(out, -INFINITY);
    assert_string_equal(out, "-inf");
    rg_num_python(out, INFINITY);
    assert_string_equal(out, "inf");
}

/* Reads with strtod, not with our own reader; tries all shorter lengths with printf. */
static void
check_shortest(double x)
{
    char out[RG_NUM_MAX], digits[RG_NUM_MAX], other[64];
    int exp10;
    size_t n = rg_num_shortest(digits, &exp10, x);
    double back;

    assert_in_range(n, 1, 17);
    assert_int_equal(strlen(digits), n);
    assert_true(n == 1 || digits[n - 1] != '0');
    snprintf(other, sizeof other, "%se%d", digits, exp10 - (int)n + 1);
    assert_true(strtod(other, NULL) == fabs(x));
    if (n > 1) {
        snprintf(other, sizeof other, "%.*e", (int)n - 2, x);
        assert_false(strtod(other, NULL) == x);
    }
    rg_num_print(out, x);
    assert_true(strtod(out, NULL) == x);
    assert_null(rg_num_double(out, strlen(out), &back));
    assert_memory_equal(&back, &x, sizeof x);
}

/* Random bit patterns (an xorshift generator: this file must not depend on base/rng). */
static void
test_round_trip(void **state)
{
    uint64_t bits = 88172645463325252u;
    double x;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        uint64_t small;

        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x))
            check_shortest(x);
        check_shortest((double)(bits >> 40) / 1000);
        small = bits >> 12; /* subnormal */
        memcpy(&x, &small, sizeof x);
        check_shortest(x);
    }
    for (int e = -1074; e < 1024; e++) {
        check_shortest(nextafter(ldexp(1, e), 0));
        check_shortest(nextafter(ldexp(1, e), INFINITY));
        check_shortest(-ldexp(1, e));
    }
}

/* 172 digits */
static const char pi[] =
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803"
    "482534211706798214808651328230664709384460955058223172535940812848111745028410270193852";

static void
test_double(void **state)
{
    static const char *const good[] = {
        "0",
        "-0",
        "+1",
        "1.",
        ".5",
        "-.5e1",
        "007",
        "1e5",
        "1E+05",
        "1e-400",
        "0e99999999999",
        "0.1",
        "123456789012345678901234567890",
        "1e22",
        "1e23",
        "9007199254740993",
        "9007199254740993.0000000000000000000000000000001",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "4.9406564584124654e-324",
        "2.4703282292062328e-324",
        "2.4703282292062327e-324",
        "8.98846567431158e307",
        "0.000000000000000000000000000001",
        "10000000000000000000000e-22",
        "123456789e-22",
        "18446744073709551616",
        "1e-22",
        pi,
    };
    static const char *const bad[] = {
        " 1",    "1 ",    "1\n", "+",        "-",        ".",     "e5",  "1e",  "1e+",
        "1e5.",  "1.2.3", "--1", "+-1",      "0x10",     "0x1p3", "nan", "inf", "1,5",
        "1_000", "1d5",   "1f",  "infinity", "\xd9\xa1", "1e5e5", "1-",
    };
    static const char *const far[] = {"1e309", "-1e309", "1.8e308", "1e99999999999999999999"};
    double x;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double y = strtod(good[i], NULL);

        assert_null(rg_num_double(good[i], strlen(good[i]), &x));
        assert_memory_equal(&x, &y, sizeof x);
    }
    x = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_string_equal(rg_num_double(bad[i], strlen(bad[i]), &x), "not a number");
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        assert_string_equal(rg_num_double(far[i], strlen(far[i]), &x), "out of range");
    assert_string_equal(rg_num_double("", 0, &x), "empty");
    assert_string_equal(rg_num_double("1\0"
                                      "2",
                                      3, &x),
                        "not a number");
    assert_true(x == 42);
    assert_null(rg_num_double("12345", 2, &x)); /* only s[0..n) is read */
    assert_true(x == 12);
}

/* Digits without end, in front of and behind the point. */
static void
test_long(void **state)
{
    enum { N = 5000 };
    char text[N + 8];
    double x;

    (void)state;
    memset(text, '0', N);
    memcpy(text + N, "15e-1", 5);
    assert_null(rg_num_double(text, N + 5, &x));
    assert_true(x == 1.5);
    text[1] = '.';
    memcpy(text + N, "1e4999", 6); /* 5,000 digits behind the point: 10^-4999 */
    assert_null(rg_num_double(text, N + 6, &x));
    assert_true(x == 1.0);
    memset(text, '9', N);
    assert_string_equal(rg_num_double(text, N, &x), "out of range");
    memset(text + 1, '0', N - 1);
    text[0] = '1';
    memcpy(text + N, "e-4999", 6);
    assert_null(rg_num_double(text, N + 6, &x));
    assert_true(x == 1.0);
}

static void
test_integers(void **state)
{
    static const char *const bad[] = {"-", "+", "1.0", "1e3", " 1", "1 ", "0x1", "--1", "1-", "a"};
    int64_t i = 42;
    uint64_t u = 42;

    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        assert_string_equal(rg_num_i64(bad[k], strlen(bad[k]), &i), "not an integer");
        assert_string_equal(rg_num_u64(bad[k], strlen(bad[k]), &u), "not an integer");
    }
    assert_string_equal(rg_num_i64("", 0, &i), "empty");
    assert_string_equal(rg_num_u64("", 0, &u), "empty");
    assert_string_equal(rg_num_i64("9223372036854775808", 19, &i), "out of range");
    assert_string_equal(rg_num_i64("-9223372036854775809", 20, &i), "out of range");
    assert_string_equal(rg_num_i64("99999999999999999999999", 23, &i), "out of range");
    assert_string_equal(rg_num_i64("9999999999999999999x", 20, &i), "not an integer");
    assert_string_equal(rg_num_u64("18446744073709551616", 20, &u), "out of range");
    assert_string_equal(rg_num_u64("-1", 2, &u), "negative");
    assert_int_equal(i, 42);
    assert_int_equal(u, 42);
    assert_null(rg_num_i64("9223372036854775807", 19, &i));
    assert_true(i == INT64_MAX);
    assert_null(rg_num_i64("-9223372036854775808", 20, &i));
    assert_true(i == INT64_MIN);
    assert_null(rg_num_i64("-0", 2, &i));
    assert_true(i == 0);
    assert_null(rg_num_i64("+0012", 5, &i));
    assert_true(i == 12);
    assert_null(rg_num_u64("18446744073709551615", 20, &u));
    assert_true(u == UINT64_MAX);
    assert_null(rg_num_u64("+7", 2, &u));
    assert_true(u == 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python),     cmocka_unit_test(test_special),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_double),
        cmocka_unit_test(test_long),       cmocka_unit_test(test_integers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
