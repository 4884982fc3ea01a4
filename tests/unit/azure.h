/* The Azure LLM inference traces, as recorded: seconds from the first row, prompt and output
 * tokens. Their place is $ROUTERGYM_DATA, else ../shared/data beside the source tree. */
#ifndef RG_TESTS_AZURE_H
#define RG_TESTS_AZURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/mem.h"
#include "base/num.h"

struct azure {
    double *time; /* s */
    uint32_t *prompt, *output;
    size_t n;
};

/* Microseconds since midnight of "YYYY-MM-DD HH:MM:SS.ffffff", whatever follows; -1 if it is not
 * that. Both traces lie within one day. */
static inline int64_t
azure_time(const char *s)
{
    int hour, minute, second, micro, used = 0;

    if (sscanf(s, "%*4d-%*2d-%*2d %2d:%2d:%2d.%6d%n", &hour, &minute, &second, &micro, &used) !=
            4 ||
        used != 26)
        return -1;
    return ((hour * 60 + minute) * (int64_t)60 + second) * 1000000 + micro;
}

static inline void
azure_clear(struct azure *a)
{
    free(a->time);
    free(a->prompt);
    free(a->output);
    *a = (struct azure){0};
}

static inline bool
azure_rows(struct azure *a, struct rg_csv *csv, struct rg_err *err)
{
    const struct rg_csv_field *field;
    size_t cap[3] = {0};
    uint64_t prompt, output;
    int64_t time, origin = 0;

    while (rg_csv_next(csv, &field, err) == RG_OK && field) {
        time = azure_time(field[0].data);
        if (time < 0 || rg_num_u64(field[1].data, field[1].len, &prompt) ||
            rg_num_u64(field[2].data, field[2].len, &output))
            return false;
        if (a->n == 0)
            origin = time;
        a->time = rg_grow(a->time, &cap[0], a->n + 1, sizeof a->time[0]);
        a->prompt = rg_grow(a->prompt, &cap[1], a->n + 1, sizeof a->prompt[0]);
        a->output = rg_grow(a->output, &cap[2], a->n + 1, sizeof a->output[0]);
        a->time[a->n] = 1e-6 * (double)(time - origin);
        a->prompt[a->n] = (uint32_t)prompt;
        a->output[a->n++] = (uint32_t)output;
    }
    return a->n > 0;
}

/* which: "conv" or "code". False when the file is not there or not what it should be; release with
 * azure_clear in any case. */
static inline bool
azure_load(struct azure *a, const char *which)
{
    const char *data = getenv("ROUTERGYM_DATA"), *top = getenv("abs_top_srcdir");
    char path[4096];
    struct rg_csv *csv;
    struct rg_err err;
    bool good;

    *a = (struct azure){0};
    if (data && *data)
        snprintf(path, sizeof path, "%s/arrivals/AzureLLMInferenceTrace_%s.csv", data, which);
    else
        snprintf(path, sizeof path, "%s/../shared/data/arrivals/AzureLLMInferenceTrace_%s.csv",
                 top ? top : ".", which);
    if (rg_csv_open(&csv, path, &err) != RG_OK)
        return false;
    good = rg_csv_columns(csv) == 3 && azure_rows(a, csv, &err);
    rg_csv_close(csv);
    return good;
}

#endif
