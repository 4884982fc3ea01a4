/* report: figures as files: scripts, data, and what gnuplot makes of them. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
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

/* Runs a shell that goes to a folder and becomes gnuplot; names of ours only are in the command,
 * the folder is an argument. What gnuplot says goes to standard error; quiet: to nowhere. */
static int
run_gnuplot(const char *folder, const char *arguments, bool quiet)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    struct rg_buf command = {0};
    pid_t child;
    int rc, status = -1;

    /* Times would make equal figures differ; the font must not depend on the user's settings. */
    rg_buf_printf(&command, "cd -- \"$1\" && TZ=UTC0 LC_ALL=C.UTF-8 exec gnuplot -d %s", arguments);
    posix_spawn_file_actions_init(&actions);
    rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = quiet ? posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
                   : posix_spawn_file_actions_adddup2(&actions, 2, 1);
    if (rc == 0 && quiet)
        rc = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (rc == 0)
        rc = posix_spawn(
            &child, "/bin/sh", &actions, NULL,
            (char *const[]){"sh", "-c", (char *)rg_buf_text(&command), "sh", (char *)folder, NULL},
            environ);
    posix_spawn_file_actions_destroy(&actions);
    rg_buf_clear(&command);
    if (rc != 0)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
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
    f->gnuplot = run_gnuplot(path, "--version", true) == 0;
    if (!f->gnuplot)
        rg_cli_say("no gnuplot: figures are left as scripts and data in %s", path);
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
settle_tikz(struct rg_buf *file)
{
    char *line = strstr(file->data, "%% generated with GNUPLOT"), *next;

    line = line ? strchr(line, '\n') : NULL;
    if (!line || strncmp(line + 1, "%% ", 3) != 0 || !(next = strchr(line + 1, '\n')))
        return;
    memmove(line, next, file->len - (size_t)(next - file->data) + 1);
    file->len -= (size_t)(next - line);
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

    rg_buf_printf(&arguments, "-e \"format='%s'\" %s.gp", rg_figure_formats[format], name);
    rg_buf_printf(&path, "%s/%s%s", f->path, name, rg_figure_suffixes[format]);
    if (run_gnuplot(f->path, rg_buf_text(&arguments), false) == 0)
        rc = settle(rg_buf_text(&path), format, err);
    else
        rc = rg_err_set(err, RG_ESYSTEM, "%s: gnuplot could not draw it", rg_buf_text(&path));
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
