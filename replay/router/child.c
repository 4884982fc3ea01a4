#include "replay/router/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { BLOCK = 1 << 16, NAP_MS = 10 };

struct child {
    const struct rg_child_talk *talk;
    pid_t pid;         /* 0: there is none */
    int to, from;      /* our ends; -1: closed */
    struct rg_buf out; /* to be written, from byte written on */
    size_t written;
    struct rg_buf in; /* of an answer that is not complete */
    size_t sent, received;
    double timeout_s;
    timer_t timer; /* counts down */
    bool timed;
};

/* ---- what went wrong ---- */

static void
put_progress(const struct child *c, struct rg_buf *text)
{
    rg_buf_printf(text, "%zu of %zu answers", c->received, c->talk->n);
}

static enum rg_status
failed(const struct child *c, enum rg_status status, struct rg_err *err, const char *what)
{
    struct rg_buf text = {0};

    put_progress(c, &text);
    rg_err_set(err, status, "%s: %s after %s", c->talk->name, what, rg_buf_text(&text));
    rg_buf_clear(&text);
    return status;
}

static enum rg_status
silent(const struct child *c, struct rg_err *err)
{
    struct rg_buf text = {0};

    if (c->received < c->talk->n)
        c->talk->about(c->talk->ctx, c->received, &text);
    else
        rg_buf_puts(&text, "the end of the input");
    rg_err_set(err, RG_ESYSTEM, "%s: no answer to %s within %g s", c->talk->name,
               rg_buf_text(&text), c->timeout_s);
    rg_buf_clear(&text);
    return RG_ESYSTEM;
}

static enum rg_status
system_failed(const struct child *c, int errnum, const char *what, struct rg_err *err)
{
    return rg_err_sys(err, c->talk->name, errnum, what);
}

/* ---- the countdown ---- */

static void
restart_timer(struct child *c)
{
    double whole = floor(c->timeout_s);
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)whole, .tv_nsec = (long)((c->timeout_s - whole) * 1e9)}};

    (void)timer_settime(c->timer, 0, &spec, NULL);
}

/* Milliseconds that are left, rounded up; 0: none. */
static int
time_left(const struct child *c)
{
    struct itimerspec spec = {0};
    double ms;

    (void)timer_gettime(c->timer, &spec);
    ms = ceil((double)spec.it_value.tv_sec * 1e3 + (double)spec.it_value.tv_nsec / 1e6);
    return ms < 1e9 ? (int)ms : 1000000000;
}

static enum rg_status
start_timer(struct child *c, struct rg_err *err)
{
    struct sigevent none = {.sigev_notify = SIGEV_NONE};

    if (timer_create(CLOCK_MONOTONIC, &none, &c->timer) != 0)
        return system_failed(c, errno, "cannot make a timer", err);
    c->timed = true;
    restart_timer(c);
    return RG_OK;
}

/* ---- start and end ---- */

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A pipe whose ends are neither inherited nor one of the first three numbers, which the child's
 * ends are moved to. */
static bool
make_pipe(int end[2])
{
    int raw[2];

    end[0] = end[1] = -1;
    if (pipe(raw) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        end[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
        close(raw[i]);
    }
    if (end[0] >= 0 && end[1] >= 0)
        return true;
    close_fd(&end[0]);
    close_fd(&end[1]);
    return false;
}

static int
spawn(struct child *c, const char *command, int in, int out)
{
    char shell[] = "/bin/sh", flag[] = "-c", *text = strdup(command);
    char *argv[] = {shell, flag, text, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, pipes;
    int rc = text ? 0 : ENOMEM;

    sigemptyset(&none);
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &pipes);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (rc == 0)
        rc = posix_spawn(&c->pid, shell, &actions, &attr, argv, environ);
    if (rc != 0)
        c->pid = 0;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    free(text);
    return rc;
}

static enum rg_status
start(struct child *c, const char *command, struct rg_err *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    int rc = 0;

    if (!make_pipe(in) || !make_pipe(out) || fcntl(in[1], F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(out[0], F_SETFL, O_NONBLOCK) < 0)
        rc = errno;
    if (rc == 0)
        rc = spawn(c, command, in[0], out[1]);
    c->to = in[1];
    c->from = out[0];
    close_fd(&in[0]);
    close_fd(&out[1]);
    return rc ? system_failed(c, rc, "cannot start", err) : start_timer(c, err);
}

/* Has the child ended? It stays a zombie, so that its number cannot be given to another. */
static bool
has_ended(const struct child *c)
{
    siginfo_t info = {0};
    int rc;

    do
        rc = waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (rc != 0 && errno == EINTR);
    return rc != 0 || info.si_pid == c->pid;
}

/* Kills what is left of the child's group, waits for the child and returns its wait status. */
static int
finish(struct child *c)
{
    int status = 0;

    if (c->pid > 0) {
        (void)kill(-c->pid, SIGKILL);
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
            continue;
        c->pid = 0;
    }
    close_fd(&c->to);
    close_fd(&c->from);
    if (c->timed)
        (void)timer_delete(c->timer);
    c->timed = false;
    return status;
}

/* ---- talking ---- */

static enum rg_status
fill(struct child *c, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    if (c->written == c->out.len) {
        rg_buf_reset(&c->out);
        c->written = 0;
    }
    while (status == RG_OK && c->sent < c->talk->n && c->out.len - c->written < RG_CHILD_AHEAD) {
        status = c->talk->send(c->talk->ctx, c->sent++, &c->out, err);
        rg_buf_putc(&c->out, '\n');
    }
    return status;
}

static enum rg_status
write_some(struct child *c, struct rg_err *err)
{
    enum rg_status status = fill(c, err);
    ssize_t n;

    if (status != RG_OK)
        return status;
    if (c->out.len > c->written) {
        n = write(c->to, c->out.data + c->written, c->out.len - c->written);
        if (n > 0) {
            c->written += (size_t)n;
            restart_timer(c);
        } else if (n < 0 && errno == EPIPE) {
            /* It reads no more; what it has to say may still come. */
            close_fd(&c->to);
            return RG_OK;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return system_failed(c, errno, "cannot write", err);
        }
    }
    if (c->written == c->out.len && c->sent == c->talk->n)
        close_fd(&c->to);
    return RG_OK;
}

static enum rg_status
take_line(struct child *c, char *line, size_t len, struct rg_err *err)
{
    if (c->received == c->talk->n)
        return rg_err_set(err, RG_EINPUT, "%s:%zu: more than %zu answers", c->talk->name,
                          c->received + 1, c->talk->n);
    if (len > 0 && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    restart_timer(c);
    return c->talk->receive(c->talk->ctx, c->received++, line, len, err);
}

/* Lines that are complete; with the end of the output the last one needs no line end. */
static enum rg_status
take_lines(struct child *c, bool at_end, struct rg_err *err)
{
    enum rg_status status = RG_OK;
    char *data = c->in.data;
    size_t at = 0;

    while (status == RG_OK && at < c->in.len) {
        char *end = memchr(data + at, '\n', c->in.len - at);
        size_t len = end ? (size_t)(end - (data + at)) : c->in.len - at;

        if (len > RG_CHILD_LINE)
            return rg_err_set(err, RG_EINPUT, "%s:%zu: a line of more than %d bytes", c->talk->name,
                              c->received + 1, RG_CHILD_LINE);
        if (!end && !at_end)
            break;
        status = take_line(c, data + at, len, err);
        at += len + (end != NULL);
    }
    if (at > 0) {
        memmove(data, data + at, c->in.len - at);
        c->in.len -= at;
    }
    return status;
}

static enum rg_status
read_some(struct child *c, struct rg_err *err)
{
    ssize_t n = read(c->from, rg_buf_reserve(&c->in, BLOCK + 1), BLOCK);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return RG_OK;
    if (n < 0)
        return system_failed(c, errno, "cannot read", err);
    if (n == 0) {
        close_fd(&c->from);
        return RG_OK;
    }
    c->in.len += (size_t)n;
    return take_lines(c, false, err);
}

/* Until the child has closed its output. */
static enum rg_status
talk_to(struct child *c, struct rg_err *err)
{
    enum rg_status status = RG_OK;

    while (status == RG_OK && c->from >= 0) {
        struct pollfd fd[] = {{.fd = c->from, .events = POLLIN}, {.fd = c->to, .events = POLLOUT}};
        int left = time_left(c);

        if (left == 0)
            return silent(c, err);
        if (poll(fd, 2, left) < 0 && errno != EINTR)
            return system_failed(c, errno, "cannot wait", err);
        /* Reading comes first, so that an answer frees the child to read on. */
        if (fd[0].revents)
            status = read_some(c, err);
        if (status == RG_OK && c->to >= 0 && fd[1].revents)
            status = write_some(c, err);
    }
    return status;
}

/* Its output is closed: it has to end by itself, and well. */
static enum rg_status
see_end(struct child *c, struct rg_err *err)
{
    enum rg_status rc;
    char what[80];
    int status;

    close_fd(&c->to);
    while (!has_ended(c)) {
        if (time_left(c) == 0)
            return silent(c, err);
        (void)poll(NULL, 0, NAP_MS);
    }
    status = finish(c);
    if (WIFSIGNALED(status)) {
        snprintf(what, sizeof what, "killed by signal %d (%.40s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
        return failed(c, RG_ESYSTEM, err, what);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        snprintf(what, sizeof what, "ended with status %d", WEXITSTATUS(status));
        return failed(c, RG_ESYSTEM, err, what);
    }
    rc = take_lines(c, true, err);
    if (rc == RG_OK && c->received < c->talk->n)
        return failed(c, RG_EINPUT, err, "ended");
    return rc;
}

/* ---- SIGPIPE ---- */

/* Blocked in this thread while we write, instead of a handler for the whole process. */
struct mask {
    sigset_t old;
    bool pending;
};

static void
block_pipe(struct mask *m)
{
    sigset_t pipes, pending;

    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    m->pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipes, &m->old);
}

static void
unblock_pipe(const struct mask *m)
{
    const struct timespec now = {0};
    sigset_t pipes, pending;

    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    sigemptyset(&pending);
    sigpending(&pending);
    if (!m->pending && sigismember(&pending, SIGPIPE) == 1)
        while (sigtimedwait(&pipes, NULL, &now) < 0 && errno == EINTR)
            continue;
    pthread_sigmask(SIG_SETMASK, &m->old, NULL);
}

enum rg_status
rg_child_run(const char *command, double timeout_s, const struct rg_child_talk *talk,
             struct rg_err *err)
{
    struct child c = {.talk = talk, .to = -1, .from = -1, .timeout_s = timeout_s};
    enum rg_status status;
    struct mask mask;

    assert(timeout_s >= 1e-3 && timeout_s <= 1e6);
    block_pipe(&mask);
    status = start(&c, command, err);
    if (status == RG_OK)
        status = talk_to(&c, err);
    if (status == RG_OK)
        status = see_end(&c, err);
    (void)finish(&c);
    unblock_pipe(&mask);
    rg_buf_clear(&c.out);
    rg_buf_clear(&c.in);
    return status;
}
