/* The router that asks a child process, and the child process itself: right answers, and every way
 * in which a child can misbehave. Children are shell commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/line.h"
#include "replay/router/child.h"
#include "tests/unit/base_temp.h"
#include "tests/unit/router_trial.h"

static const char models[] = "{\"type\":\"model\",\"name\":\"big\",\"tier\":\"llm\"}\n"
                             "{\"type\":\"model\",\"name\":\"small\",\"tier\":\"slm\"}\n";
static const char three[] =
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q1\",\"category\":\"C\",\"text\":\"say "
    "\\\"hi\\\"\\nü\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q2\",\"text\":\"two\"}\n"
    "{\"type\":\"query\",\"dataset\":\"d\",\"id\":\"q3\"}\n";

static void
open_lines(struct router_trial *r, const char *queries)
{
    struct rg_buf t = {0};

    rg_buf_printf(&t, "%s%s", models, queries);
    router_trial_open(r, t.data);
    rg_buf_clear(&t);
}

/* Open files of this process. */
static int
open_files(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static enum rg_status
run(struct router_trial *r, const char *command, const char *options)
{
    struct rg_buf word = {0};
    int before = open_files();
    enum rg_status status;

    if (options)
        rg_buf_printf(&word, "exec(command=%s,%s)", command, options);
    else
        rg_buf_printf(&word, "exec:%s", command);
    status = router_trial_read(r, word.data);
    rg_buf_clear(&word);
    /* Neither files nor children are left, whatever came of it. */
    assert_int_equal(open_files(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    return status;
}

static void
answers_become_decisions(void **state)
{
    static const char *const command[] = {
        "while read -r l; do echo '{\"model\":\"small\"}'; done",
        "cat >/dev/null; for i in 1 2 3; do echo '{\"models\":[\"small\",\"big\"]}'; done",
        "sed "
        "'s/.*\"query\":\"\\([^\"]*\\)\".*/{\"query\":\"\\1\",\"scores\":{\"small\":1,\"big\":0}}/"
        "'",
        "sed -u 's/.*/{\"dataset\":\"d\",\"model\":\"small\"}\\r/'",
        ("cat >/dev/null; printf "
         "'{\"model\":\"small\"}\\n{\"model\":\"small\"}\\n{\"model\":\"small\"}'"),
        /* Does not read at all. */
        "for i in 1 2 3; do echo '{\"model\":\"small\"}'; done",
    };
    struct router_trial r;

    (void)state;
    open_lines(&r, three);
    for (size_t i = 0; i < sizeof command / sizeof *command; i++) {
        if (run(&r, command[i], NULL) != RG_OK)
            fail_msg("%s: %s", command[i], r.err.text);
        for (uint32_t q = 0; q < 3; q++)
            assert_string_equal(router_trial_first(&r, q), "small");
    }
    router_trial_close(&r);
}

static void
the_child_is_told_of_each_query(void **state)
{
    static const char expected[] =
        "{\"query\":\"q1\",\"dataset\":\"d\",\"category\":\"C\",\"text\":\"say "
        "\\\"hi\\\"\\nü\",\"models\":[\"big\",\"small\"]}\n"
        "{\"query\":\"q2\",\"dataset\":\"d\",\"text\":\"two\",\"models\":[\"big\",\"small\"]}\n"
        "{\"query\":\"q3\",\"dataset\":\"d\",\"models\":[\"big\",\"small\"]}\n";
    struct rg_buf command = {0}, said = {0};
    char path[TEMP_PATH];
    struct router_trial r;

    (void)state;
    temp_write(path, "", 0);
    open_lines(&r, three);
    rg_buf_printf(&command, "tee %s | sed 's/.*/{\"model\":\"big\"}/'", path);
    if (run(&r, command.data, NULL) != RG_OK)
        fail_msg("%s", r.err.text);
    assert_int_equal(rg_file_read(path, 1 << 20, &said, &r.err), RG_OK);
    assert_string_equal(said.data, expected);
    unlink(path);
    rg_buf_clear(&command);
    rg_buf_clear(&said);
    router_trial_close(&r);
}

/* Only of those that are replayed. */
static void
others_are_not_asked_about(void **state)
{
    static const uint32_t replayed[] = {2, 0};
    struct router_trial r;

    (void)state;
    open_lines(&r, three);
    r.policy.queries = replayed;
    r.policy.n_queries = 2;
    if (run(&r,
            "echo '{\"query\":\"q3\",\"model\":\"big\"}'; echo '{\"query\":\"q1\","
            "\"model\":\"small\"}'",
            NULL) != RG_OK)
        fail_msg("%s", r.err.text);
    assert_string_equal(router_trial_first(&r, 0), "small");
    assert_string_equal(router_trial_first(&r, 1), "-");
    assert_string_equal(router_trial_first(&r, 2), "big");
    router_trial_close(&r);
}

static void
wrong_children_are_named(void **state)
{
    static const struct {
        const char *command, *options;
        enum rg_status status;
        const char *message; /* behind "output of 'COMMAND'" */
    } bad[] = {
        {"exit 0", NULL, RG_EINPUT, ": ended after 0 of 3 answers"},
        {"echo '{\"model\":\"big\"}'; exec 0<&-", NULL, RG_EINPUT, ": ended after 1 of 3 answers"},
        {"read l; exit 3", NULL, RG_ESYSTEM, ": ended with status 3 after 0 of 3 answers"},
        {"/nonexistent/router 2>/dev/null", NULL, RG_ESYSTEM,
         ": ended with status 127 after 0 of 3 answers"},
        {"echo '{\"model\":\"big\"}'; kill -SEGV $$", NULL, RG_ESYSTEM,
         ": killed by signal 11 (Segmentation fault) after 1 of 3 answers"},
        {"kill -KILL $$", NULL, RG_ESYSTEM, ": killed by signal 9 (Killed) after 0 of 3 answers"},
        {"cat >/dev/null; for i in 1 2 3; do echo '{\"model\":\"big\"}'; done; exit 1", NULL,
         RG_ESYSTEM, ": ended with status 1 after 3 of 3 answers"},
        {"for i in 1 2 3 4; do echo '{\"model\":\"big\"}'; done", NULL, RG_EINPUT,
         ":4: more than 3 answers"},
        {"echo '{\"model\":\"big\"}'; echo hello", NULL, RG_EINPUT, ":2:1: "},
        {"echo; cat >/dev/null", NULL, RG_EINPUT, ":1:1: "},
        {"echo '{\"model\":\"bik\"}'; cat >/dev/null", NULL, RG_EINPUT,
         ":1:10: unknown model 'bik', did you mean 'big'?"},
        {"echo '{\"query\":\"q2\",\"model\":\"big\"}'; cat >/dev/null", NULL, RG_EINPUT,
         ":1:10: found query 'q2', expected 'q1'"},
        {"echo '{\"dataset\":\"e\",\"model\":\"big\"}'; cat >/dev/null", NULL, RG_EINPUT,
         ":1:12: found dataset 'e', expected 'd'"},
        {"echo '{}'; cat >/dev/null", NULL, RG_EINPUT,
         ":1:1: no decision, expected one of 'model', 'models', 'scores'"},
        {"printf '\\0\\n'; cat >/dev/null", NULL, RG_EINPUT, ":1:1: "},
        {"exec sleep 1000", "timeout_s=0.1", RG_ESYSTEM,
         ": no answer to query 'q1' of dataset 'd' within 0.1 s"},
        {"echo '{\"model\":\"big\"}'; sleep 1000 & wait", "timeout_s=0.1", RG_ESYSTEM,
         ": no answer to query 'q2' of dataset 'd' within 0.1 s"},
        {"for i in 1 2 3; do echo '{\"model\":\"big\"}'; done; exec sleep 1000", "timeout_s=0.1",
         RG_ESYSTEM, ": no answer to the end of the input within 0.1 s"},
        {"for i in 1 2 3; do echo '{\"model\":\"big\"}'; done; exec >&-; exec sleep 1000",
         "timeout_s=0.1", RG_ESYSTEM, ": no answer to the end of the input within 0.1 s"},
    };
    struct router_trial r;

    (void)state;
    open_lines(&r, three);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rg_buf start = {0};
        size_t n = strlen(bad[i].message);

        rg_buf_printf(&start, "output of '%.100s'%s", bad[i].command, bad[i].message);
        assert_int_equal(run(&r, bad[i].command, bad[i].options), bad[i].status);
        if (bad[i].message[n - 1] == ' ')
            assert_memory_equal(r.err.text, start.data, start.len);
        else
            assert_string_equal(r.err.text, start.data);
        rg_buf_clear(&start);
    }
    assert_int_equal(router_trial_read(&r, "exec"), RG_EUSAGE);
    assert_string_equal(r.err.text, "router 'exec' needs a command (expected exec:COMMAND)");
    router_trial_close(&r);
}

static void
a_line_without_end_is_cut_off(void **state)
{
    static const char command[] = "tr '\\0' x </dev/zero";
    struct router_trial r;

    (void)state;
    open_lines(&r, three);
    assert_int_equal(run(&r, command, NULL), RG_EINPUT);
    assert_string_equal(r.err.text,
                        "output of 'tr '\\0' x </dev/zero':1: a line of more than 1048576 bytes");
    router_trial_close(&r);
}

/* ---- the child alone: much more than pipes hold, both ways ---- */

struct load {
    size_t line; /* bytes sent in each */
    size_t answers, bytes;
};

static enum rg_status
load_send(void *ctx, size_t i, struct rg_buf *line, struct rg_err *err)
{
    const struct load *l = ctx;

    (void)err;
    memset(rg_buf_reserve(line, l->line + 1), 'a' + (int)(i % 26), l->line);
    line->len += l->line;
    return RG_OK;
}

static enum rg_status
load_receive(void *ctx, size_t i, const char *line, size_t len, struct rg_err *err)
{
    struct load *l = ctx;

    (void)err;
    assert_int_equal(i, l->answers);
    assert_int_equal(line[len], '\0');
    if (len > 0)
        assert_int_equal(line[0], 'a' + (int)(i % 26));
    l->answers++;
    l->bytes += len;
    return RG_OK;
}

static void
load_about(void *ctx, size_t i, struct rg_buf *text)
{
    (void)ctx;
    rg_buf_printf(text, "line %zu", i);
}

static enum rg_status
load_run(struct load *l, const char *command, size_t n, struct rg_err *err)
{
    const struct rg_child_talk talk = {"load", n, load_send, load_receive, load_about, l};

    return rg_child_run(command, 20, &talk, err);
}

static void
full_pipes_do_not_block(void **state)
{
    static const struct {
        const char *command;
        size_t n, line;
    } load[] = {
        {"cat", 20000, 500},                  /* answers at once, 10 MB each way */
        {"cat", 12, 1 << 20},                 /* lines larger than a pipe */
        {"d=$(cat); echo \"$d\"", 3000, 300}, /* answers when it has read all */
        {"cat", 0, 0},                        /* nothing to say */
        {"cat", 1, 0},                        /* an empty line */
    };
    struct rg_err err;

    (void)state;
    for (size_t i = 0; i < sizeof load / sizeof *load; i++) {
        struct load l = {.line = load[i].line};

        if (load_run(&l, load[i].command, load[i].n, &err) != RG_OK)
            fail_msg("%s: %s", load[i].command, err.text);
        assert_int_equal(l.answers, load[i].n);
        assert_int_equal(l.bytes, load[i].n * load[i].line);
    }
}

static void
a_reader_that_stops_is_no_signal(void **state)
{
    struct load l = {.line = 1000};
    sigset_t pending;
    struct rg_err err;

    (void)state;
    /* Our writes find nobody at the other end. */
    assert_int_equal(load_run(&l, "exec 0<&-; sleep 0.1", 10000, &err), RG_EINPUT);
    assert_string_equal(err.text, "load: ended after 0 of 10000 answers");
    sigpending(&pending);
    assert_false(sigismember(&pending, SIGPIPE));
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &pending), 0);
    assert_false(sigismember(&pending, SIGPIPE));
}

/* What the shell has started is gone as well. */
static void
the_whole_group_ends(void **state)
{
    struct router_trial r;
    struct rg_buf command = {0}, text = {0};
    char path[TEMP_PATH];
    long pid;

    (void)state;
    temp_write(path, "", 0);
    open_lines(&r, three);
    rg_buf_printf(&command, "sleep 1000 & echo $! >%s; wait", path);
    assert_int_equal(run(&r, command.data, "timeout_s=0.3"), RG_ESYSTEM);
    assert_int_equal(rg_file_read(path, 100, &text, &r.err), RG_OK);
    pid = strtol(rg_buf_text(&text), NULL, 10);
    assert_true(pid > 1);
    /* It is killed at once but reaped by another process in its own time. */
    for (int i = 0; i < 200; i++) {
        struct rg_buf stat = {0};
        char name[64];
        bool gone;

        snprintf(name, sizeof name, "/proc/%ld/stat", pid);
        gone = kill((pid_t)pid, 0) != 0 ||
               (rg_file_read(name, 4096, &stat, &r.err) == RG_OK && strstr(stat.data, ") Z "));
        rg_buf_clear(&stat);
        if (gone)
            break;
        assert_true(i < 199);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    unlink(path);
    rg_buf_clear(&command);
    rg_buf_clear(&text);
    router_trial_close(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_decisions),
        cmocka_unit_test(the_child_is_told_of_each_query),
        cmocka_unit_test(others_are_not_asked_about),
        cmocka_unit_test(wrong_children_are_named),
        cmocka_unit_test(a_line_without_end_is_cut_off),
        cmocka_unit_test(full_pipes_do_not_block),
        cmocka_unit_test(a_reader_that_stops_is_no_signal),
        cmocka_unit_test(the_whole_group_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
