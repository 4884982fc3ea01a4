/* routergym-sim: the program. Finds the command and runs it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_errno.h>
#include <sqlite3.h>

#include "base/hint.h"
#include "base/mem.h"
#include "cli/cli.h"

const struct rg_command *const rg_commands[] = {
    &rg_cmd_run,     &rg_cmd_sweep,    &rg_cmd_merge,     &rg_cmd_evaluate,
    &rg_cmd_routers, &rg_cmd_report,   &rg_cmd_compare,   &rg_cmd_pareto,
    &rg_cmd_fit,     &rg_cmd_validate, &rg_cmd_reproduce, &rg_cmd_contract,
    &rg_cmd_import,  &rg_cmd_export,   &rg_cmd_check,     &rg_cmd_generate,
};
const size_t rg_n_commands = sizeof rg_commands / sizeof *rg_commands;

static void
help(FILE *out)
{
    fputs("Usage: routergym-sim COMMAND [OPTIONS] [FILES]\n"
          "Simulate routing between small and large language models over recorded answers.\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < rg_n_commands; i++)
        fprintf(out, "  %-12s %s\n", rg_commands[i]->name, rg_commands[i]->brief);
    fputs("\n"
          "  -h, --help     print this and exit\n"
          "  -V, --version  print the version and exit\n\n"
          "'routergym-sim COMMAND --help' lists the options of a command.\n"
          "Exit status: 0 done, 1 a check or comparison found differences, 2 usage,\n"
          "3 bad input, 4 system or write failure. The manual: man routergym-sim\n",
          out);
}

static int
unknown(const char *word)
{
    const char **names = rg_alloc(rg_n_commands, sizeof *names);
    const char *near;

    for (size_t i = 0; i < rg_n_commands; i++)
        names[i] = rg_commands[i]->name;
    near = rg_hint(word, names, rg_n_commands);
    rg_cli_say("unknown %s '%s'%s%s%s; see 'routergym-sim --help'",
               word[0] == '-' ? "option" : "command", word, near ? ", did you mean '" : "",
               near ? near : "", near ? "'?" : "");
    free(names);
    return RG_EUSAGE;
}

int
main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    /* A closed pipe and a limit on the size of files are write errors with a message and status 4,
     * not a silent death. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    gsl_set_error_handler_off();
    /* Nobody asks SQLite how much memory it has taken, and counting takes a lock each time. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (!word) {
        help(stderr);
        return RG_EUSAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        help(stdout);
        return rg_cli_finish(0);
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        rg_cli_version();
        return rg_cli_finish(0);
    }
    for (size_t i = 0; i < rg_n_commands; i++)
        if (strcmp(word, rg_commands[i]->name) == 0)
            return rg_cli_finish(rg_commands[i]->run(argc - 1, argv + 1));
    return unknown(word);
}
