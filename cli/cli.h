/* What the commands share. Only this folder prints and exits. */
#ifndef RG_CLI_CLI_H
#define RG_CLI_CLI_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/options.h"

extern const struct rg_command rg_cmd_import, rg_cmd_check, rg_cmd_export, rg_cmd_generate,
    rg_cmd_reproduce, rg_cmd_run, rg_cmd_routers, rg_cmd_validate, rg_cmd_fit, rg_cmd_contract,
    rg_cmd_pareto, rg_cmd_compare, rg_cmd_report, rg_cmd_sweep, rg_cmd_merge, rg_cmd_evaluate;

extern const struct rg_command *const rg_commands[]; /* in the order of --help */
extern const size_t rg_n_commands;

/* Print "routergym-sim: text" on stderr and return the exit status that belongs to the error. */
int rg_cli_fail(const struct rg_err *err);

/* A message on stderr: "routergym-sim: ...". */
void rg_cli_say(const char *fmt, ...) RG_PRINTF(1, 2);

/* "routergym-sim VERSION" and the copyright on stdout. */
void rg_cli_version(void);

/* Write buf to stdout. Errors are found by rg_cli_finish at the latest. */
void rg_cli_out(const struct rg_buf *buf);

/* Flush stdout and return status, or 4 with a message when something could not be written. */
int rg_cli_finish(int status);

/* Each line of a text as a note below a table. */
struct rg_table;
void rg_cli_notes(struct rg_table *t, const char *lines);

/* Columns of the terminal for text tables: COLUMNS, else the terminal's width, else 80. */
size_t rg_cli_width(void);

/* Path of a data file: name itself when it is "-", contains a '/' or exists in the working folder;
 * else in $ROUTERGYM_SIM_DATADIR, near the program (build tree or installation), at the place of
 * installation. NULL when it is nowhere. free() it. */
char *rg_cli_find(const char *kind, const char *name);

/* Load a trace by path, or by the name of a bundled one. */
struct rg_trace;
RG_MUST_USE enum rg_status rg_cli_trace(struct rg_trace **out, const char *name,
                                        struct rg_err *err);

#endif
