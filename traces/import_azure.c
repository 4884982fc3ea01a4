/* The Azure LLM inference traces (GitHub Azure/AzurePublicDataset): CSV with the columns TIMESTAMP,
 * ContextTokens, GeneratedTokens; times as YYYY-MM-DD HH:MM:SS.fffffff. Every row is an arrival
 * with the tokens of its call (rg_import_put_request); no model, no latency. Times become seconds
 * from the file's first row; a row before its predecessor is refused. */
#include "traces/importers.h"

#include <math.h>
#include <string.h>

#include "traces/columns.h"

enum { TIMESTAMP, CONTEXT, GENERATED, N_COLUMNS };

static const struct rg_column columns[N_COLUMNS] = {
    [TIMESTAMP] = {"TIMESTAMP", RG_COLUMN_TEXT, true, 0},
    [CONTEXT] = {"ContextTokens", RG_COLUMN_NUMBER, true, 0},
    [GENERATED] = {"GeneratedTokens", RG_COLUMN_NUMBER, true, 0},
};

static const int64_t TICKS = 10000000; /* of a second: seven fractional digits */

struct azure {
    struct rg_import *im;
    struct rg_columns csv;
    bool begun;
    int64_t first, last; /* ticks since 1970 */
    const char *reason;
};

bool
rg_import_azure_detect(const struct rg_import_head *head)
{
    static const char *const names[] = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};

    return rg_columns_detect(head, names, sizeof names / sizeof *names);
}

/* ---- the time ---- */

/* Days since 1970-01-01 of a date of the Gregorian calendar, counted from 1 March so that a leap
 * day is a year's last. */
static int64_t
days(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int64_t
days_in(int64_t year, int64_t month)
{
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && leap);
}

/* The n digits at s; -1 when there are others. */
static int64_t
digits(const char *s, size_t n)
{
    int64_t value = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        value = 10 * value + (s[i] - '0');
    }
    return value;
}

/* Ticks of "YYYY-MM-DD HH:MM:SS" with up to seven fractional digits, or -1. */
static int64_t
parse_time(const char *s, size_t n)
{
    static const char form[] = "dddd-dd-dd dd:dd:dd";
    int64_t year, month, day, hour, minute, second, fraction = 0;

    if (n < sizeof form - 1)
        return -1;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return -1;
    year = digits(s, 4);
    month = digits(s + 5, 2);
    day = digits(s + 8, 2);
    hour = digits(s + 11, 2);
    minute = digits(s + 14, 2);
    second = digits(s + 17, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
        hour > 23 || minute > 59 || second > 59)
        return -1;
    if (n > 19 && (s[19] != '.' || n < 21 || n > 27 || (fraction = digits(s + 20, n - 20)) < 0))
        return -1;
    for (size_t i = n > 19 ? n - 20 : 7; i < 7; i++)
        fraction *= 10;
    return (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * TICKS + fraction;
}

static enum rg_status
read_time(struct azure *a, int64_t *ticks, struct rg_err *err)
{
    const struct rg_csv_field *f = rg_columns_field(&a->csv, TIMESTAMP);

    *ticks = parse_time(f->data, f->len);
    if (*ticks < 0)
        return rg_err_at(err, rg_columns_place(&a->csv, TIMESTAMP),
                         "TIMESTAMP is no time (found \"%.60s\", expected YYYY-MM-DD "
                         "HH:MM:SS.fffffff)",
                         f->data);
    a->reason = "out of order";
    if (a->begun && *ticks < a->last)
        return rg_err_at(err, rg_columns_place(&a->csv, TIMESTAMP),
                         "arrival before its predecessor (found %s, %.7f s earlier, expected "
                         "ascending times)",
                         f->data, (double)(a->last - *ticks) / (double)TICKS);
    return RG_OK;
}

/* ---- rows ---- */

static enum rg_status
read_tokens(struct azure *a, size_t i, int64_t *out, struct rg_err *err)
{
    double x = NAN;
    enum rg_status status = rg_columns_amount(&a->csv, i, &x, err);

    if (status)
        return status;
    if (x != floor(x) || x > INT32_MAX)
        return rg_err_at(err, rg_columns_place(&a->csv, i),
                         "%s is no count (found \"%s\", expected a whole number up to 2147483647)",
                         columns[i].name, rg_columns_field(&a->csv, i)->data);
    *out = (int64_t)x;
    return RG_OK;
}

static enum rg_status
read_row(struct azure *a, struct rg_arrival_rec *rec, int64_t *ticks, struct rg_err *err)
{
    enum rg_status status;

    a->reason = "missing value";
    status = rg_columns_check(&a->csv, err);
    if (status)
        return status;
    a->reason = "bad value";
    status = read_tokens(a, CONTEXT, &rec->prompt_tokens, err);
    if (status == RG_OK)
        status = read_tokens(a, GENERATED, &rec->completion_tokens, err);
    return status ? status : read_time(a, ticks, err);
}

static void
remark_start(struct azure *a)
{
    struct rg_place place = rg_columns_place(&a->csv, TIMESTAMP);
    struct rg_buf what = {0};

    rg_buf_printf(&what, "times are seconds from the first row, %s",
                  rg_columns_text(&a->csv, TIMESTAMP));
    rg_import_note(a->im, rg_buf_text(&what), &place);
    rg_buf_clear(&what);
}

static enum rg_status
import_row(struct azure *a, struct rg_err *err)
{
    struct rg_arrival_rec rec = {0};
    struct rg_place place = rg_columns_place(&a->csv, TIMESTAMP);
    int64_t ticks = 0;
    enum rg_status status = read_row(a, &rec, &ticks, err);

    if (status)
        return rg_import_reject(a->im, a->reason, err);
    if (!a->begun) {
        remark_start(a);
        a->begun = true;
        a->first = ticks;
    }
    a->last = ticks;
    rec.at_s = (double)(ticks - a->first) / (double)TICKS;
    status = rg_import_put_request(a->im, &rec, &place, err);
    if (status)
        return rg_import_reject(a->im, "value out of range", err);
    rg_import_count(a->im, RG_PUT_NEW, &place);
    return RG_OK;
}

static enum rg_status
import_rows(struct azure *a, struct rg_err *err)
{
    for (;;) {
        enum rg_status status = rg_columns_next(&a->csv, err);

        if (status)
            status = rg_import_reject(a->im, "malformed CSV", err);
        else if (a->csv.fields)
            status = import_row(a, err);
        else
            break;
        if (status)
            return status;
    }
    rg_columns_remark(&a->csv, a->im);
    return RG_OK;
}

enum rg_status
rg_import_azure_file(struct rg_import *im, const char *path, struct rg_err *err)
{
    struct azure a = {.im = im};
    enum rg_status status = rg_columns_open(&a.csv, path, columns, N_COLUMNS, N_COLUMNS, err);

    if (status == RG_OK)
        status = import_rows(&a, err);
    rg_columns_close(&a.csv);
    return status;
}
