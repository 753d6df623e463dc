/* SPDX-License-Identifier: Apache-2.0 */
/* Children that do not behave. Each test starts real ones and waits for the report of their end. */
#include "../unit.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/io.h"
#include "io/process.h"

/* What was told about one child. */
struct report {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool over;
    int times;
    struct process_end end; /* a copy; the texts are owned */
    char *out, *err;
    size_t heard; /* bytes that were told while it ran */
};

static void on_output(void *data, enum process_stream stream, const char *text, size_t n)
{
    struct report *report = data;

    pthread_mutex_lock(&report->lock);
    report->heard += n;
    pthread_cond_broadcast(&report->changed);
    pthread_mutex_unlock(&report->lock);
}

static void on_ended(void *data, struct process_end *end)
{
    struct report *report = data;

    pthread_mutex_lock(&report->lock);
    report->end = *end;
    report->out = xstrdup(buffer_text(&end->out));
    report->err = xstrdup(buffer_text(&end->err));
    report->over = true;
    report->times++;
    pthread_cond_broadcast(&report->changed);
    pthread_mutex_unlock(&report->lock);
}

static struct report *report_new(void)
{
    struct report *report = xcalloc(1, sizeof(*report));

    pthread_mutex_init(&report->lock, NULL);
    pthread_cond_init(&report->changed, NULL);
    return report;
}

static void report_free(struct report *report)
{
    assert_int_equal(report->times, 1);
    free(report->out);
    free(report->err);
    free(report);
}

/* Until it is over, or (heard) until it has said something. */
static void await(struct report *report, bool heard)
{
    struct timespec until = { .tv_sec = time(NULL) + 60 };
    int r = 0;

    pthread_mutex_lock(&report->lock);
    while (r == 0 && !report->over && !(heard && report->heard))
        r = pthread_cond_timedwait(&report->changed, &report->lock, &until);
    pthread_mutex_unlock(&report->lock);
    assert_int_equal(r, 0);
}

struct wanted {
    const char *script;  /* for sh -c */
    const char *program; /* instead of sh */
    const char *cwd, *input;
    int64_t timeout_ms;
    size_t limit; /* 0: plenty */
};

static struct report *start(struct io *io, int64_t key, struct wanted wanted)
{
    static const struct process_callbacks callbacks = { .output = on_output, .ended = on_ended };
    struct report *report = report_new();
    struct process_spec spec = { .argv = xcalloc(4, sizeof(char *)), .timeout_ms = wanted.timeout_ms };

    spec.argv[0] = xstrdup(wanted.program ? wanted.program : "sh");
    if (wanted.script) {
        spec.argv[1] = xstrdup("-c");
        spec.argv[2] = xstrdup(wanted.script);
    }
    spec.cwd = wanted.cwd ? xstrdup(wanted.cwd) : NULL;
    spec.input = wanted.input ? xstrdup(wanted.input) : NULL;
    spec.input_len = wanted.input ? strlen(wanted.input) : 0;
    io_process_start(io, key, &spec, wanted.limit ? wanted.limit : 1000000, &callbacks, report);
    return report;
}

static struct io *io_up(void)
{
    struct io *io;
    ERROR_AUTO(err);

    if (io_start(&io, &err) < 0)
        fail_msg("%s", error_text(&err));
    io_set_grace_ms(io, 300);
    return io;
}

/* ---- the usual ---- */

TEST(output_input_and_exit_code_come_through)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "cat; echo bad >&2; exit 3", .input = "hello" });

    await(report, false);
    assert_true(report->end.started);
    assert_int_equal(report->end.exit_code, 3);
    assert_string_equal(report->out, "hello");
    assert_string_equal(report->err, "bad\n");
    report_free(report);
    io_stop(io);
}

TEST(a_signal_is_a_negative_exit_code)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "kill -9 $$" });

    await(report, false);
    assert_int_equal(report->end.exit_code, -SIGKILL);
    assert_false(report->end.timed_out || report->end.canceled);
    report_free(report);
    io_stop(io);
}

TEST(what_is_not_utf8_is_replaced)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "printf 'a\\377b'" });

    await(report, false);
    assert_string_equal(report->out, "a\xEF\xBF\xBD"
                                     "b");
    report_free(report);
    io_stop(io);
}

/* ---- those that cannot be started ---- */

TEST(a_program_that_is_not_there_is_told)
{
    struct io *io = io_up();
    struct report *one = start(io, 1, (struct wanted){ .program = "/no/such/program" });
    struct report *two = start(io, 2, (struct wanted){ "true", .cwd = "/no/such/directory" });

    await(one, false);
    await(two, false);
    assert_false(one->end.started || two->end.started);
    assert_non_null(strstr(one->end.start_error, "/no/such/program: No such file"));
    assert_non_null(strstr(two->end.start_error, "/no/such/directory: No such file"));
    report_free(one);
    report_free(two);
    io_stop(io);
}

/* ---- those that do not end ---- */

TEST(a_child_that_takes_too_long_is_ended)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "echo before; sleep 50", .timeout_ms = 200 });

    await(report, false);
    assert_true(report->end.timed_out);
    assert_int_equal(report->end.exit_code, -SIGTERM);
    assert_string_equal(report->out, "before\n");
    report_free(report);
    io_stop(io);
}

TEST(a_child_that_ignores_term_is_killed)
{
    struct io *io = io_up();
    struct report *report =
        start(io, 7, (struct wanted){ "trap '' TERM; echo up; while :; do sleep 0.1; done" });

    await(report, true);
    io_process_stop(io, 7);
    io_process_stop(io, 7);
    await(report, false);
    assert_true(report->end.canceled);
    assert_false(report->end.timed_out);
    assert_int_equal(report->end.exit_code, -SIGKILL);
    report_free(report);
    io_stop(io);
}

/* One that waits to be reaped by whoever adopted it is not. */
static bool is_alive(pid_t pid)
{
    char path[64], letter = '?';
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return false;
    if (fscanf(file, "%*d %*s %c", &letter) != 1)
        letter = 'Z';
    fclose(file);
    return letter != 'Z' && letter != 'X';
}

TEST(the_whole_group_is_ended)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "sleep 50 & echo $!; wait", .timeout_ms = 300 });

    await(report, false);
    assert_true(report->end.timed_out);
    for (int i = 0; i < 500 && is_alive(atoi(report->out)); i++)
        usleep(10000);
    assert_false(is_alive(atoi(report->out)));
    report_free(report);
    io_stop(io);
}

TEST(a_grandchild_with_the_pipe_does_not_hold_the_report)
{
    struct io *io = io_up();
    int64_t before = clock_monotonic_us();
    struct report *report = start(io, 1, (struct wanted){ "setsid sleep 20 & echo $!", .timeout_ms = 60000 });

    await(report, false);
    assert_true(clock_monotonic_us() - before < 15000000);
    assert_int_equal(report->end.exit_code, 0);
    assert_false(report->end.timed_out || report->end.canceled);
    assert_true(atoi(report->out) > 0);
    kill(atoi(report->out), SIGKILL);
    report_free(report);
    io_stop(io);
}

TEST(a_child_that_closes_its_pipes_is_waited_for)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "exec >&- 2>&-; sleep 0.4; exit 5" });

    await(report, false);
    assert_int_equal(report->end.exit_code, 5);
    report_free(report);
    io_stop(io);
}

TEST(a_child_that_does_not_read_its_input_can_end)
{
    struct io *io = io_up();
    char *much = xmalloc(1000001);
    struct report *report;

    memset(much, 'x', 1000000);
    much[1000000] = '\0';
    report = start(io, 1, (struct wanted){ "exit 4", .input = much });
    free(much);
    await(report, false);
    assert_int_equal(report->end.exit_code, 4);
    report_free(report);
    io_stop(io);
}

/* ---- those that say too much ---- */

TEST(a_flood_is_read_and_cut_at_the_limit)
{
    struct io *io = io_up();
    struct report *report =
        start(io, 1, (struct wanted){ "head -c 3000000 /dev/zero | tr '\\0' x", .limit = 1000 });

    await(report, false);
    assert_int_equal(report->end.exit_code, 0);
    assert_int_equal(strlen(report->out), 1000);
    assert_int_equal(report->heard, 1000);
    assert_int_equal(report->end.out_total, 3000000);
    assert_true(report->end.out_cut);
    assert_false(report->end.err_cut);
    report_free(report);
    io_stop(io);
}

TEST(a_character_is_never_cut)
{
    struct io *io = io_up();
    struct report *report = start(io, 1, (struct wanted){ "printf 'ab\\303\\244c'", .limit = 3 });

    await(report, false);
    assert_string_equal(report->out, "ab");
    assert_true(report->end.out_cut);
    report_free(report);
    io_stop(io);
}

/* ---- the end of the server ---- */

TEST(stopping_ends_all_children_and_refuses_new_ones)
{
    struct io *io = io_up();
    struct report *polite = start(io, 1, (struct wanted){ "echo up; sleep 50" });
    struct report *stubborn =
        start(io, 2, (struct wanted){ "trap '' TERM; echo up; while :; do sleep 0.1; done" });

    await(polite, true);
    await(stubborn, true);
    io_stop(io);
    assert_true(polite->over && polite->end.canceled);
    assert_int_equal(polite->end.exit_code, -SIGTERM);
    assert_true(stubborn->over && stubborn->end.canceled);
    assert_int_equal(stubborn->end.exit_code, -SIGKILL);
    report_free(polite);
    report_free(stubborn);
}

struct late {
    struct io *io;
    struct report *report;
};

static void start_late(struct io *io, void *data)
{
    struct late *late = data;

    late->report = start(io, 1, (struct wanted){ "echo never" });
}

/* Holds the I/O thread until the stop stands in line behind the start that is only called for then. */
static void hold(struct io *io, void *data)
{
    usleep(200000);
    start_late(io, data);
}

TEST(a_start_that_comes_behind_the_stop_is_reported)
{
    struct late late = { .io = io_up() };

    io_call(late.io, hold, &late);
    io_stop(late.io);
    assert_non_null(late.report);
    assert_true(late.report->over);
    assert_false(late.report->end.started);
    assert_non_null(strstr(late.report->end.start_error, "stopping"));
    report_free(late.report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_input_and_exit_code_come_through),
        cmocka_unit_test(a_signal_is_a_negative_exit_code),
        cmocka_unit_test(what_is_not_utf8_is_replaced),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
        cmocka_unit_test(a_child_that_takes_too_long_is_ended),
        cmocka_unit_test(a_child_that_ignores_term_is_killed),
        cmocka_unit_test(the_whole_group_is_ended),
        cmocka_unit_test(a_grandchild_with_the_pipe_does_not_hold_the_report),
        cmocka_unit_test(a_child_that_closes_its_pipes_is_waited_for),
        cmocka_unit_test(a_child_that_does_not_read_its_input_can_end),
        cmocka_unit_test(a_flood_is_read_and_cut_at_the_limit),
        cmocka_unit_test(a_character_is_never_cut),
        cmocka_unit_test(stopping_ends_all_children_and_refuses_new_ones),
        cmocka_unit_test(a_start_that_comes_behind_the_stop_is_reported),
    };

    signal(SIGPIPE, SIG_IGN); /* as the server does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
