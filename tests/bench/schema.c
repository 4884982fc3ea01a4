/* Contract checks per second on one core: schema [CHECKS] parses, checks and frees answers of about
 * 500 bytes against the schema of a ticket answer, and prints how many a second; then how long the
 * parts take alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replay/contract/schema.h"

static const char contract[] =
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
    "\"required\":[\"final_answer\",\"reasoning\",\"resolution_steps\",\"escalation_flags\","
    "\"predicted_category\"],\"properties\":{"
    "\"final_answer\":{\"type\":\"string\",\"minLength\":1},"
    "\"reasoning\":{\"type\":\"string\",\"minLength\":1},"
    "\"resolution_steps\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"escalation_flags\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"boolean\"}},"
    "\"predicted_category\":{\"enum\":[\"access\",\"hardware\",\"hr support\",\"purchase\","
    "\"storage\"]}}}";

static const char answer[] =
    "{\"final_answer\": \"Please restart the printer, then install the driver of the third floor "
    "from the company portal. If the queue stays blocked, remove the job and print again.\", "
    "\"reasoning\": \"The ticket names one printer and a queue that is stuck, which a driver of "
    "last month causes.\", \"resolution_steps\": [\"Restart the printer\", \"Open the company "
    "portal\", \"Install the driver\\u2019s update\", \"Print a test page\"], "
    "\"escalation_flags\": {\"needs_human\": false, \"policy_gap\": false}, "
    "\"predicted_category\": \"hardware\"}";

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of n times parse and free, with checks of each between them. */
static double
run(const struct rg_schema *schema, size_t n, int checks)
{
    double begin = seconds();
    size_t valid = 0;

    for (size_t i = 0; i < n; i++) {
        struct rg_json doc;
        struct rg_err err;

        if (rg_json_parse(&doc, answer, sizeof answer - 1, "answer", 1, 0, &err) != RG_OK)
            exit(1);
        for (int k = 0; k < checks; k++)
            valid += rg_schema_check(schema, doc.root, NULL) == RG_SCHEMA_VALID;
        rg_json_clear(&doc);
    }
    if (valid != n * (size_t)checks)
        exit(1);
    return seconds() - begin;
}

int
main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 500000;
    struct rg_schema *schema;
    struct rg_err err;
    double both, parse, twice;

    if (rg_schema_parse(&schema, contract, sizeof contract - 1, "ticket", NULL, &err) != RG_OK)
        return 1;
    both = run(schema, n, 1);
    parse = run(schema, n, 0);
    twice = run(schema, n, 2);
    printf("contract checks/s %.4g (%zu bytes; parse and free %.3g us, check %.3g us)\n",
           (double)n / both, sizeof answer - 1, 1e6 * parse / (double)n,
           1e6 * (twice - both) / (double)n);
    rg_schema_free(schema);
    return 0;
}
