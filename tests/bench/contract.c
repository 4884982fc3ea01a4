/* Contract checks a second of processor time, of ticket answers of 500 bytes: valid ones, and ones
 * that need steps. Argument: checks of each kind (default 300000). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replay/contract/contract.h"

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define ANSWER                                                                                     \
    "\"Please reset the access token in the self service portal, sign out on every device, and "   \
    "sign in again with the new one.\""
#define REASONING                                                                                  \
    "\"The message shows that the session expired before the second factor was confirmed.\""
#define STEPS                                                                                      \
    "[\"Open the portal\", \"Choose security, then reset token\", \"Sign out everywhere\", "       \
    "\"Sign in and confirm the code\"]"
#define FLAGS "{\"needs_human\": false, \"policy_gap\": false, \"confidence\": 0.875}"
#define HEAD                                                                                       \
    "{\"final_answer\": " ANSWER ", \"reasoning\": " REASONING ", \"predicted_category\": "        \
    "\"Access\", \"escalation_flags\": " FLAGS ", \"resolution_steps\": "

static const struct {
    const char *name, *text;
} kinds[] = {
    {"valid", HEAD STEPS "}"},
    {"fenced", "```json\n" HEAD STEPS "}\n```\n"},
    {"trailing comma", HEAD STEPS ",}"},
    {"cut off", HEAD "[\"Open the portal\", \"Choose security, then reset token\", \"Sign out ev"},
    {"scalar for a list", HEAD "\"Open the portal, choose security, reset the token, sign out "
                               "everywhere, then sign in and confirm\"}"},
    {"plain text", ANSWER " " REASONING " " ANSWER " " REASONING},
};

static void
measure(const struct rg_contract_rules *rules, const char *name, const char *text, long n)
{
    struct rg_contract_trial x = {0};
    size_t len = strlen(text), accepted = 0;
    double start = now();

    for (long i = 0; i < n; i++) {
        rg_contract_judge(rules, text, len, &x);
        accepted += rg_verdict_has(x.verdict, RG_VERDICT_ACCEPTED);
    }
    printf("contract, %s, %zu bytes: %.3g checks/s%s\n", name, len, (double)n / (now() - start),
           accepted > 0 ? "" : " (not accepted)");
    rg_contract_trial_clear(&x);
}

int
main(int argc, char **argv)
{
    static const char *const labels[] = {"Access", "Hardware", "Storage"};
    const struct rg_contract_options how = {.steps = RG_STEPS_ALL};
    struct rg_contract_rules *rules;
    struct rg_err err;
    long n = argc > 1 ? strtol(argv[1], NULL, 10) : 300000;

    if (rg_contract_rules_open(&rules, "ticket", &how, &err) != RG_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    rg_contract_rules_labels(rules, labels, sizeof labels / sizeof labels[0]);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        measure(rules, kinds[i].name, kinds[i].text, n);
    rg_contract_rules_free(rules);
    return 0;
}
