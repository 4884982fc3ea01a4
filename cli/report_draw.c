/* report: figures as files: scripts, data, and what gnuplot makes of them. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hint.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/outfile.h"
#include "cli/cli.h"
#include "cli/report.h"

enum { FIGURE_MAX = 64 << 20 };

/* ---- running gnuplot ---- */

/* Where what gnuplot says goes to: its standard output, or (descriptor < 0) our standard error. */
static int
say_where(posix_spawn_file_actions_t *actions, int descriptor)
{
    int rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    if (rc == 0 && descriptor >= 0)
        rc = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
    return rc != 0 ? rc
                   : posix_spawn_file_actions_adddup2(actions, descriptor < 0 ? 2 : descriptor, 1);
}

/* Runs a shell that goes to a folder and becomes gnuplot; names of ours only are in the command,
 * the folder is an argument. */
static pid_t
start_gnuplot(const char *folder, const char *arguments, int descriptor)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    struct rg_buf command = {0};
    pid_t child;
    int rc;

    /* Times would make equal figures differ; the font must not depend on the user's settings. */
    rg_buf_printf(&command, "cd -- \"$1\" && TZ=UTC0 LC_ALL=C.UTF-8 exec gnuplot -d %s", arguments);
    posix_spawn_file_actions_init(&actions);
    rc = say_where(&actions, descriptor);
    if (rc == 0)
        rc = posix_spawn(
            &child, "/bin/sh", &actions, NULL,
            (char *const[]){"sh", "-c", (char *)rg_buf_text(&command), "sh", (char *)folder, NULL},
            environ);
    posix_spawn_file_actions_destroy(&actions);
    rg_buf_clear(&command);
    return rc == 0 ? child : -1;
}

static int
exit_of(pid_t child)
{
    int status = -1;

    if (child < 0)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
run_gnuplot(const char *folder, const char *arguments)
{
    return exit_of(start_gnuplot(folder, arguments, -1));
}

/* The first words of what it prints; returns its exit status. */
static int
ask_gnuplot(const char *folder, const char *arguments, char *out, size_t size)
{
    int ends[2], status;
    size_t n = 0;
    pid_t child;
    ssize_t got = 1;

    if (pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    child = start_gnuplot(folder, arguments, ends[1]);
    close(ends[1]);
    while (child >= 0 && got != 0 && (got >= 0 || errno == EINTR)) {
        char rest[64];

        got =
            n + 1 < size ? read(ends[0], out + n, size - 1 - n) : read(ends[0], rest, sizeof rest);
        n += n + 1 < size && got > 0 ? (size_t)got : 0;
    }
    close(ends[0]);
    status = exit_of(child);
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return status;
}

/* ---- the folder ---- */

static enum rg_status
choose_formats(struct rg_report_folder *f, const struct rg_opt_list *formats, struct rg_err *err)
{
    for (size_t i = 0; i < RG_N_FIGURE_FORMATS; i++)
        f->format[i] = formats->n == 0;
    for (size_t i = 0; i < formats->n; i++) {
        const char *near = rg_hint(formats->items[i], rg_figure_formats, RG_N_FIGURE_FORMATS);
        bool known = false;

        for (size_t k = 0; k < RG_N_FIGURE_FORMATS; k++)
            if (strcmp(formats->items[i], rg_figure_formats[k]) == 0)
                known = f->format[k] = true;
        if (!known)
            return rg_err_set(err, RG_EUSAGE,
                              "report: --figure-format: unknown '%.40s'%s%s%s (expected svg, pdf, "
                              "png, tikz)",
                              formats->items[i], near ? ", did you mean '" : "", near ? near : "",
                              near ? "'?" : "");
    }
    return RG_OK;
}

/* Which gnuplot there is, if any, and what it can draw. */
static void
find_gnuplot(struct rg_report_folder *f)
{
    static const char *const terminals[RG_N_FIGURE_FORMATS] = {"svg", "pdfcairo", "pngcairo",
                                                               "tikz"};
    int major = 0, minor = 0;
    char said[8];

    if (ask_gnuplot(f->path, "--version", f->version, sizeof f->version) != 0) {
        rg_cli_say("no gnuplot: figures are left as scripts and data in %s", f->path);
        return;
    }
    if (sscanf(f->version, "gnuplot %d.%d", &major, &minor) < 2 || major < 5 ||
        (major == 5 && minor < 4)) {
        rg_cli_say("'%s' is no gnuplot 5.4 or newer: figures are left as scripts and data in %s",
                   f->version, f->path);
        return;
    }
    f->gnuplot = true;
    for (size_t i = 0; i < RG_N_FIGURE_FORMATS; i++) {
        struct rg_buf arguments = {0};

        if (!f->format[i])
            continue;
        rg_buf_printf(&arguments, "-e \"set terminal %s\"", terminals[i]);
        if (ask_gnuplot(f->path, rg_buf_text(&arguments), said, sizeof said) != 0) {
            rg_cli_say("%s has no terminal %s: no figure as %s", f->version, terminals[i],
                       rg_figure_formats[i]);
            f->format[i] = false;
        }
        rg_buf_clear(&arguments);
    }
}

enum rg_status
rg_report_folder_open(struct rg_report_folder *f, const char *path,
                      const struct rg_opt_list *formats, struct rg_err *err)
{
    struct stat info;
    enum rg_status rc;

    *f = (struct rg_report_folder){.path = path};
    rc = choose_formats(f, formats, err);
    if (rc != RG_OK)
        return rc;
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return rg_err_sys(err, path, errno, "cannot make the folder");
    if (stat(path, &info) != 0)
        return rg_err_sys(err, path, errno, "cannot read the folder");
    if (!S_ISDIR(info.st_mode))
        return rg_err_sys(err, path, ENOTDIR, "cannot write figures");
    find_gnuplot(f);
    return RG_OK;
}

/* ---- what differs from run to run ---- */

/* The digits of /CreationDate (D:YYYYMMDDHHMMSS become those of the beginning of 2000: a document
 * without a date is not one to every reader. */
static void
settle_pdf(struct rg_buf *file)
{
    static const char key[] = "/CreationDate (D:", date[] = "20000101000000";

    for (size_t i = 0; i + sizeof key + sizeof date < file->len; i++)
        if (memcmp(file->data + i, key, sizeof key - 1) == 0)
            memcpy(file->data + i + sizeof key - 1, date, sizeof date - 1);
}

/* The comment behind gnuplot's name is the time. */
static void
settle_tikz_time(struct rg_buf *file)
{
    char *line = strstr(file->data, "%% generated with GNUPLOT"), *next;

    line = line ? strchr(line, '\n') : NULL;
    if (!line || strncmp(line + 1, "%% ", 3) != 0 || !(next = strchr(line + 1, '\n')))
        return;
    memmove(line, next, file->len - (size_t)(next - file->data) + 1);
    file->len -= (size_t)(next - line);
}

/* A picture is as wide as a page with two columns; where there is less room, it is scaled. */
static void
settle_tikz(struct rg_buf *file)
{
    struct rg_buf out = {0};

    settle_tikz_time(file);
    rg_buf_puts(&out, "\\resizebox{\\ifdim\\width>\\dimexpr\\linewidth-\\parindent\\relax"
                      "\\dimexpr\\linewidth-\\parindent\\relax\\else\\width\\fi}{!}{%\n");
    rg_buf_add(&out, file->data, file->len);
    while (out.len > 0 && out.data[out.len - 1] == '\n')
        out.data[--out.len] = '\0';
    rg_buf_puts(&out, "%\n}\n");
    rg_buf_clear(file);
    *file = out;
}

static enum rg_status
settle(const char *path, enum rg_figure_format format, struct rg_err *err)
{
    struct rg_buf file = {0};
    enum rg_status rc;

    if (format != RG_FIGURE_PDF && format != RG_FIGURE_TIKZ)
        return RG_OK;
    rc = rg_file_read(path, FIGURE_MAX, &file, err);
    if (rc == RG_OK && file.len > 0) {
        (format == RG_FIGURE_PDF ? settle_pdf : settle_tikz)(&file);
        rc = rg_outfile_put(path, file.data, file.len, err);
    }
    rg_buf_clear(&file);
    return rc;
}

/* ---- one figure ---- */

static enum rg_status
draw_format(struct rg_report_folder *f, const char *name, enum rg_figure_format format,
            struct rg_err *err)
{
    struct rg_buf arguments = {0}, path = {0};
    enum rg_status rc = RG_OK;
    struct stat info;
    bool drawn;

    rg_buf_printf(&arguments, "-e \"format='%s'\" %s.gp", rg_figure_formats[format], name);
    rg_buf_printf(&path, "%s/%s%s", f->path, name, rg_figure_suffixes[format]);
    /* Some versions end well without a picture. */
    drawn = run_gnuplot(f->path, rg_buf_text(&arguments)) == 0 &&
            stat(rg_buf_text(&path), &info) == 0 && info.st_size > 0;
    if (drawn) {
        rc = settle(rg_buf_text(&path), format, err);
    } else {
        rg_cli_say("%s: %s could not draw it: no further figure as %s", rg_buf_text(&path),
                   f->version, rg_figure_formats[format]);
        f->format[format] = false;
        f->failed = true;
    }
    rg_buf_clear(&arguments);
    rg_buf_clear(&path);
    return rc;
}

static enum rg_status
write_text(const struct rg_report_folder *f, const char *name, const char *suffix,
           const struct rg_buf *text, struct rg_err *err)
{
    struct rg_buf path = {0};
    enum rg_status rc;

    rg_buf_printf(&path, "%s/%s%s", f->path, name, suffix);
    rc = rg_outfile_put(rg_buf_text(&path), rg_buf_text(text), text->len, err);
    rg_buf_clear(&path);
    return rc;
}

enum rg_status
rg_report_draw(struct rg_report_folder *f, const char *name, struct rg_figure *figure,
               struct rg_err *err)
{
    enum rg_status rc = write_text(f, name, ".dat", &figure->data, err);

    if (rc == RG_OK)
        rc = write_text(f, name, ".gp", &figure->script, err);
    rg_figure_clear(figure);
    for (size_t i = 0; rc == RG_OK && f->gnuplot && i < RG_N_FIGURE_FORMATS; i++)
        if (f->format[i])
            rc = draw_format(f, name, (enum rg_figure_format)i, err);
    f->written += rc == RG_OK;
    return rc;
}
