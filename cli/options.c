#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hint.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "cli/cli.h"

const char *const rg_format_names[] = {"text", "csv", "json", "markdown", "latex", NULL};

/* getopt_long's values for options without a letter. */
enum { FIRST_LONG = 256 };
enum { USAGE_EXIT = RG_EUSAGE };
enum { HELP_WIDTH = 80 };

static const char *
program(const struct rg_command *cmd, char *buf, size_t n)
{
    snprintf(buf, n, "routergym-sim %s", cmd->name);
    return buf;
}

static int
usage_error(const struct rg_command *cmd, const char *text)
{
    rg_cli_say("%s: %s; see 'routergym-sim %s --help'", cmd->name, text, cmd->name);
    return USAGE_EXIT;
}

void
rg_opt_list_clear(struct rg_opt_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct rg_opt_list){0};
}

void
rg_opt_list_put(struct rg_opt_list *list, const char *item, size_t n)
{
    list->items = rg_grow(list->items, &list->cap, list->n + 1, sizeof *list->items);
    list->items[list->n++] = rg_strndup(item, n);
}

/* Items are separated by commas, but for those between parentheses; "\," is a comma within one. */
static void
list_add(struct rg_opt_list *list, const char *arg)
{
    char *item = rg_alloc(strlen(arg) + 1, 1);
    size_t n = 0;
    size_t depth = 0;

    for (const char *p = arg;; p++) {
        depth += *p == '(';
        depth -= *p == ')' && depth > 0;
        if (p[0] == '\\' && p[1] == ',') {
            item[n++] = *++p;
        } else if (*p && (*p != ',' || depth > 0)) {
            item[n++] = *p;
        } else {
            rg_opt_list_put(list, item, n);
            n = 0;
        }
        if (!*p)
            break;
    }
    free(item);
}

/* ---- values ---- */

static const char *
bounds_text(const struct rg_opt *opt, char *buf, size_t n)
{
    char lo[RG_NUM_MAX];
    char hi[RG_NUM_MAX];

    rg_num_print(lo, opt->min);
    rg_num_print(hi, opt->max);
    snprintf(buf, n, "expected a number from %s to %s", lo, hi);
    return buf;
}

static bool
out_of_bounds(const struct rg_opt *opt, double x)
{
    bool bounded = opt->min < opt->max || opt->min > 0 || opt->max > 0;

    return bounded && (x < opt->min || x > opt->max);
}

static enum rg_status
set_number(const struct rg_opt *opt, const char *arg, void *to, struct rg_err *err)
{
    char bounds[128];
    double x = 0;
    uint64_t u = 0;
    bool whole = opt->kind != RG_OPT_DOUBLE;
    const char *why =
        whole ? rg_num_u64(arg, strlen(arg), &u) : rg_num_double(arg, strlen(arg), &x);

    if (whole)
        x = (double)u;
    if (why)
        return rg_err_set(err, RG_EUSAGE, "%s (found '%.60s', expected a%s number%s)", why, arg,
                          whole ? " whole" : "", opt->kind == RG_OPT_AUTO ? " or auto" : "");
    if (out_of_bounds(opt, x))
        return rg_err_set(err, RG_EUSAGE, "out of range (found %.60s, %s)", arg,
                          bounds_text(opt, bounds, sizeof bounds));
    if (whole)
        memcpy(to, &u, sizeof u);
    else
        memcpy(to, &x, sizeof x);
    return RG_OK;
}

static enum rg_status
set_choice(const struct rg_opt *opt, const char *arg, void *to, struct rg_err *err)
{
    struct rg_buf text = {0};
    size_t n = 0;

    for (; opt->choices[n]; n++) {
        if (strcmp(opt->choices[n], arg) == 0) {
            int k = (int)n;
            memcpy(to, &k, sizeof k);
            return RG_OK;
        }
    }
    const char *near = rg_hint(arg, opt->choices, n);
    rg_buf_printf(&text, "unknown value (found '%s', expected ", arg);
    for (size_t i = 0; i < n; i++)
        rg_buf_printf(&text, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", opt->choices[i]);
    rg_buf_puts(&text, ")");
    if (near)
        rg_buf_printf(&text, "; did you mean '%s'?", near);
    rg_err_set(err, RG_EUSAGE, "%s", rg_buf_text(&text));
    rg_buf_clear(&text);
    return RG_EUSAGE;
}

enum rg_status
rg_options_set(const struct rg_opt *opt, const char *arg, void *values, struct rg_err *err)
{
    void *to = (char *)values + opt->offset;
    uint64_t automatic = RG_OPT_IS_AUTO;
    bool on = true;

    switch (opt->kind) {
    case RG_OPT_FLAG:
        memcpy(to, &on, sizeof on);
        return RG_OK;
    case RG_OPT_STRING:
        memcpy(to, &arg, sizeof arg);
        return RG_OK;
    case RG_OPT_LIST:
        list_add(to, arg);
        return RG_OK;
    case RG_OPT_AUTO:
        if (strcmp(arg, "auto") == 0) {
            memcpy(to, &automatic, sizeof automatic);
            return RG_OK;
        }
        return set_number(opt, arg, to, err);
    case RG_OPT_EACH:
        rg_opt_list_put(to, arg, strlen(arg));
        return RG_OK;
    case RG_OPT_U64:
    case RG_OPT_DOUBLE:
        return set_number(opt, arg, to, err);
    case RG_OPT_CHOICE:
        return set_choice(opt, arg, to, err);
    }
    assert(false && "unknown kind of option");
    return RG_EUSAGE;
}

/* -1 to go on, or the exit status. */
static int
set_value(const struct rg_command *cmd, const struct rg_opt *opt, const char *arg, void *values)
{
    struct rg_err err;
    struct rg_buf text = {0};
    int status;

    if (rg_options_set(opt, arg, values, &err) == RG_OK)
        return -1;
    rg_buf_printf(&text, "--%s: %s", opt->name, err.text);
    status = usage_error(cmd, rg_buf_text(&text));
    rg_buf_clear(&text);
    return status;
}

/* ---- help ---- */

static void
help_option(const char *name, char letter, const char *arg, const char *help)
{
    char head[80];
    char shortform[8] = "    ";
    char *words = rg_strdup(help);
    int n;

    if (letter)
        snprintf(shortform, sizeof shortform, "-%c, ", letter);
    n = snprintf(head, sizeof head, "  %s--%s%s%s", shortform, name, arg ? " " : "",
                 arg ? arg : "");
    printf("%s", head);
    /* The first line of the text goes beside a short head, else below it. */
    if (n < 30)
        printf("%*s", 31 - n, "");
    else
        printf("\n%31s", "");
    for (char *p = words; *p; p++)
        if (*p == '\n')
            *p = ' ';
    for (const char *p = words, *next; *p; p = next) {
        n = (int)rg_utf8_line(p, HELP_WIDTH - 31, &next);
        printf("%.*s\n%*s", n, p, *next ? 31 : 0, "");
    }
    free(words);
}

static void
help(const struct rg_command *cmd)
{
    printf("Usage: routergym-sim %s %s\n%s.\n\nOptions:\n", cmd->name, cmd->usage, cmd->brief);
    for (size_t i = 0; i < cmd->n_opts; i++)
        help_option(cmd->opts[i].name, cmd->opts[i].letter, cmd->opts[i].arg, cmd->opts[i].help);
    help_option("help", 'h', NULL, "print this and exit");
    help_option("version", 'V', NULL, "print the version and exit");
    printf("\nThe manual: man routergym-sim-%s\n", cmd->name);
}

/* ---- parsing ---- */

static struct option *
long_options(const struct rg_command *cmd, char *shorts)
{
    struct option *longs = rg_zalloc(cmd->n_opts + 3, sizeof *longs);
    size_t i;

    *shorts++ = ':';
    for (i = 0; i < cmd->n_opts; i++) {
        const struct rg_opt *opt = &cmd->opts[i];
        int has_arg = opt->kind != RG_OPT_FLAG;

        longs[i] = (struct option){opt->name, has_arg, NULL, FIRST_LONG + (int)i};
        if (opt->letter) {
            *shorts++ = opt->letter;
            if (has_arg)
                *shorts++ = ':';
        }
    }
    longs[i++] = (struct option){"help", no_argument, NULL, 'h'};
    longs[i] = (struct option){"version", no_argument, NULL, 'V'};
    memcpy(shorts, "hV", 3);
    return longs;
}

static int
unknown_long(const struct rg_command *cmd, const char *word)
{
    char text[256];
    const char **names = rg_alloc(cmd->n_opts + 2, sizeof *names);
    char bare[64];
    const char *near;

    for (size_t i = 0; i < cmd->n_opts; i++)
        names[i] = cmd->opts[i].name;
    names[cmd->n_opts] = "help";
    names[cmd->n_opts + 1] = "version";
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    near = rg_hint(bare, names, cmd->n_opts + 2);
    snprintf(text, sizeof text, "unknown or ambiguous option '%.80s'%s%s%s", word,
             near ? ", did you mean '--" : "", near ? near : "", near ? "'?" : "");
    free(names);
    return usage_error(cmd, text);
}

/* optopt tells the cases apart: 0 for an unknown long option, which is then the word before optind;
 * the value of a known one that was given an argument it does not take; else an unknown letter. */
static int
unknown_option(const struct rg_command *cmd, char **argv)
{
    char text[256];

    if (optopt == 0)
        return unknown_long(cmd, argv[optind - 1]);
    if (optopt >= FIRST_LONG)
        snprintf(text, sizeof text, "option '--%s' takes no argument",
                 cmd->opts[optopt - FIRST_LONG].name);
    else if (optopt == 'h' || optopt == 'V')
        snprintf(text, sizeof text, "option '--%s' takes no argument",
                 optopt == 'h' ? "help" : "version");
    else
        snprintf(text, sizeof text, "unknown option '-%c'", optopt);
    return usage_error(cmd, text);
}

static const struct rg_opt *
option_of(const struct rg_command *cmd, int c)
{
    if (c >= FIRST_LONG)
        return &cmd->opts[c - FIRST_LONG];
    for (size_t i = 0; i < cmd->n_opts; i++)
        if (cmd->opts[i].letter == c)
            return &cmd->opts[i];
    return NULL;
}

static int
one_option(const struct rg_command *cmd, int c, char **argv, void *values)
{
    char text[256];

    switch (c) {
    case 'h':
        help(cmd);
        return rg_cli_finish(0);
    case 'V':
        rg_cli_version();
        return rg_cli_finish(0);
    case ':':
        snprintf(text, sizeof text, "option '%.80s' needs an argument", argv[optind - 1]);
        return usage_error(cmd, text);
    case '?':
        return unknown_option(cmd, argv);
    default:
        return set_value(cmd, option_of(cmd, c), optarg, values);
    }
}

static int
check_operands(const struct rg_command *cmd, size_t n)
{
    char text[128];

    if (n >= cmd->min_args && n <= cmd->max_args)
        return -1;
    snprintf(text, sizeof text, "%s operands (found %zu); usage: routergym-sim %s %s",
             n < cmd->min_args ? "too few" : "too many", n, cmd->name, cmd->usage);
    return usage_error(cmd, text);
}

int
rg_options_parse(const struct rg_command *cmd, int argc, char **argv, void *values, char ***args,
                 size_t *n_args)
{
    char *shorts = rg_alloc(2 * cmd->n_opts + 5, 1);
    struct option *longs = long_options(cmd, shorts);
    char name[64];
    char *own_name = argv[0];
    int status = -1;
    int c;

    argv[0] = (char *)(uintptr_t)program(cmd, name, sizeof name);
    optind = 0; /* glibc: start anew, also after an earlier parse */
    opterr = 0;
    while (status < 0 && (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
        status = one_option(cmd, c, argv, values);
    argv[0] = own_name;
    free(longs);
    free(shorts);
    if (status >= 0)
        return status;
    *args = argv + optind;
    *n_args = (size_t)(argc - optind);
    return check_operands(cmd, *n_args);
}
