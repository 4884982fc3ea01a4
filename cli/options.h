/* One table of options per command drives parsing, --help and the test of the manual page.
 *
 * A command fills a struct of values with its defaults, and its table says where in that struct
 * each option goes. --help and --version belong to every command and are handled by the parser;
 * --format is an ordinary row (RG_OPT_FORMAT_ROW). */
#ifndef RG_CLI_OPTIONS_H
#define RG_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum rg_opt_kind {
    RG_OPT_FLAG,   /* bool, no argument */
    RG_OPT_STRING, /* const char *, borrowed from argv */
    RG_OPT_LIST,   /* struct rg_opt_list: may be repeated, and takes a comma-separated list */
    RG_OPT_EACH,   /* likewise, but each use gives one item, commas and all */
    RG_OPT_U64,    /* uint64_t within [min, max] */
    RG_OPT_AUTO,   /* likewise, or the word auto: RG_OPT_IS_AUTO */
    RG_OPT_DOUBLE, /* double within [min, max] */
    RG_OPT_CHOICE, /* int: index of the argument in choices */
};

#define RG_OPT_IS_AUTO UINT64_MAX

struct rg_opt_list {
    char **items; /* owned; rg_opt_list_clear */
    size_t n, cap;
};
void rg_opt_list_clear(struct rg_opt_list *list);
/* One more item, as it is. */
void rg_opt_list_put(struct rg_opt_list *list, const char *item, size_t n);

struct rg_opt {
    const char *name;
    char letter; /* short form, or 0 */
    enum rg_opt_kind kind;
    size_t offset;              /* of the value in the command's struct */
    const char *arg;            /* name of the argument in help, NULL for a flag */
    const char *help;           /* any length, with the default where there is one */
    double min, max;            /* numbers; min == max == 0: no bound */
    const char *const *choices; /* NULL-terminated */
};

/* Output formats, in the order of enum rg_format (stats/table.h). */
extern const char *const rg_format_names[];
#define RG_OPT_FORMAT_ROW(type, member)                                                            \
    {                                                                                              \
        "format", 0, RG_OPT_CHOICE, offsetof(type, member), "FORMAT",                              \
            "how results are printed: text (default), csv, json, markdown, latex", 0, 0,           \
            rg_format_names                                                                        \
    }

struct rg_command {
    const char *name;
    const char *usage; /* what follows the name in the synopsis: "[OPTIONS] FILE..." */
    const char *brief; /* one line */
    const struct rg_opt *opts;
    size_t n_opts;
    size_t min_args, max_args;         /* operands; SIZE_MAX: any number */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

/* Parse argv by the command's table into *values. Operands are left in *args (a slice of argv,
 * which is permuted), *n_args of them. Returns -1 to go on, or an exit status: 0 after --help or
 * --version, 2 after a usage message on stderr (unknown option with a near-miss hint, bad or
 * missing argument, wrong number of operands). */
int rg_options_parse(const struct rg_command *cmd, int argc, char **argv, void *values,
                     char ***args, size_t *n_args);

/* Set one value from its text, as if it had been given on the command line (a flag takes any text).
 * Texts of RG_OPT_STRING are borrowed. An error is RG_EUSAGE and does not name the option. */
RG_MUST_USE enum rg_status rg_options_set(const struct rg_opt *opt, const char *arg, void *values,
                                          struct rg_err *err);

#endif
