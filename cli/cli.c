#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "stats/table.h"
#include "traces/trace.h"

enum { DEFAULT_WIDTH = 80, MIN_WIDTH = 40 };

_Noreturn void
rg_mem_fail(size_t bytes)
{
    fprintf(stderr, "routergym-sim: out of memory (%zu bytes wanted)\n", bytes);
    exit(RG_ESYSTEM);
}

int
rg_cli_fail(const struct rg_err *err)
{
    fprintf(stderr, "routergym-sim: %s\n", err->text);
    return (int)err->status;
}

void
rg_cli_say(const char *fmt, ...)
{
    va_list ap;

    fputs("routergym-sim: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void
rg_cli_version(void)
{
    puts("routergym-sim " PACKAGE_VERSION "\n"
         "License GPL-3.0-or-later: GNU GPL version 3 or later.\n"
         "There is no warranty, to the extent permitted by law.");
}

void
rg_cli_out(const struct rg_buf *buf)
{
    /* A short write sets the stream's error flag, which rg_cli_finish reports. */
    (void)fwrite(rg_buf_text(buf), 1, buf->len, stdout);
}

int
rg_cli_finish(int status)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        rg_cli_say("standard output: %s", errno ? strerror(errno) : "write failed");
        return RG_ESYSTEM;
    }
    return status;
}

size_t
rg_cli_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t n;

    if (columns && !rg_num_u64(columns, strlen(columns), &n) && n >= MIN_WIDTH && n < 10000)
        return (size_t)n;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= MIN_WIDTH)
        return size.ws_col;
    return DEFAULT_WIDTH;
}

static char *
existing(const char *folder, const char *kind, const char *name)
{
    struct rg_buf path = {0};

    if (!folder || !*folder)
        return NULL;
    rg_buf_printf(&path, "%s/%s%s%s", folder, kind, *kind ? "/" : "", name);
    if (access(rg_buf_text(&path), R_OK) == 0)
        return rg_buf_take(&path);
    rg_buf_clear(&path);
    return NULL;
}

/* Folder that the running program lies in, or NULL; free() it. */
static char *
program_folder(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    if (n <= 0)
        return NULL;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return rg_strdup(path);
}

/* Where the program lies: the build tree when that is where it was made (an installed one never
 * looks there), else the shared folder beside its own, so that an installation can be moved as a
 * whole. */
static char *
near_program(const char *kind, const char *name)
{
    char *folder = program_folder();
    struct rg_buf shared = {0};
    char *found;

    if (folder && strcmp(folder, BUILD_DIR) == 0) {
        found = existing(SOURCE_DIR "/traces", kind, name);
        if (!found)
            found = existing(SOURCE_DIR "/sim", kind, name);
    } else {
        rg_buf_printf(&shared, "%s/../share/routergym-sim", folder ? folder : "");
        found = folder ? existing(rg_buf_text(&shared), kind, name) : NULL;
    }
    rg_buf_clear(&shared);
    free(folder);
    return found;
}

void
rg_cli_notes(struct rg_table *t, const char *lines)
{
    for (const char *end; (end = strchr(lines, '\n')) != NULL; lines = end + 1)
        rg_table_note(t, "%.*s", (int)(end - lines), lines);
}

char *
rg_cli_find(const char *kind, const char *name)
{
    char *found;

    if (strchr(name, '/') || strcmp(name, "-") == 0 || access(name, R_OK) == 0)
        return rg_strdup(name);
    found = existing(getenv("ROUTERGYM_SIM_DATADIR"), kind, name);
    if (!found)
        found = near_program(kind, name);
    if (!found)
        found = existing(PKGDATADIR, kind, name);
    return found;
}

enum rg_status
rg_cli_trace(struct rg_trace **out, const char *name, struct rg_err *err)
{
    char *path = rg_cli_find("", name);
    enum rg_status status;

    if (!path)
        return rg_err_set(err, RG_ESYSTEM, "%s: no such file, nor a bundled trace of that name",
                          name);
    status = rg_trace_load(out, path, NULL, err);
    free(path);
    return status;
}
