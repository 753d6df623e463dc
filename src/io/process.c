/* SPDX-License-Identifier: Apache-2.0 */
/* One child, from spawn to the report of its end.

       start ──► running ──► reaped and both pipes closed ──► report, free
                    │ timeout or stop: SIGTERM to the group
                    ▼
                 ending ── grace time over: SIGKILL to the group, once more: pipes are given up

   The struct is freed when its last handle's close callback has run. posix_spawn is used rather than uv_spawn: it does not
   copy the page tables of a large server for each child, and it can give the child a session of its own. */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "io-internal.h"

struct pipe_reader {
    uv_pipe_t pipe;
    struct process *process;
    enum process_stream stream;
    struct buffer line; /* the beginning of a line whose end has not come */
    bool open;
};

struct process {
    struct process *next, **link;
    struct io *io;
    int64_t key;
    struct process_callbacks callbacks;
    void *data;
    struct process_spec spec;
    struct process_end end;
    size_t limit;
    struct pipe_reader readers[2];
    uv_pipe_t input;
    uv_write_t write;
    uv_timer_t timer;
    int handles; /* not yet closed */
    bool input_open, reaped, reported;
    int kills; /* signals sent so far */
};

#define LINE_HELD_MAX 65536 /* a longer line is passed on in pieces */

void process_spec_release(struct process_spec *spec)
{
    for (char **p = spec->argv; p && *p; p++)
        free(*p);
    for (char **p = spec->environment; p && *p; p++)
        free(*p);
    free(spec->argv);
    free(spec->environment);
    free(spec->cwd);
    if (spec->input)
        explicit_bzero(spec->input, spec->input_len); /* it may be a password */
    free(spec->input);
    *spec = (struct process_spec){ 0 };
}

static void free_process(struct process *process)
{
    struct io *io = process->io;

    *process->link = process->next;
    if (process->next)
        process->next->link = process->link;
    for (int i = 0; i < 2; i++)
        buffer_release(&process->readers[i].line);
    buffer_release(&process->end.out);
    buffer_release(&process->end.err);
    process_spec_release(&process->spec);
    free(process);
    io->n_processes--;
    io_process_gone(io);
}

static void on_closed(uv_handle_t *handle)
{
    struct process *process = handle->data;

    if (--process->handles == 0)
        free_process(process);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

/* ---- output ---- */

/* Replaces what is not UTF-8 by U+FFFD. */
static void add_clean(struct buffer *out, const char *text, size_t n)
{
    while (n) {
        size_t good = utf8_valid_prefix(text, n);

        buffer_add(out, text, good);
        if (good == n)
            return;
        buffer_add(out, "\xEF\xBF\xBD", 3);
        text += good + 1;
        n -= good + 1;
    }
}

/* Where the last complete character of bytes that are cut somewhere ends. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t back = 0;

    while (back < 3 && back < n && (text[n - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back < n && (unsigned char)text[n - 1 - back] >= 0xC0) {
        unsigned char lead = (unsigned char)text[n - 1 - back];
        size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

        if (back + 1 < need)
            return n - 1 - back;
    }
    return n;
}

static void pass_on(struct pipe_reader *reader, size_t n)
{
    struct process *process = reader->process;
    struct buffer *keep = reader->stream == PROCESS_STDOUT ? &process->end.out : &process->end.err;
    bool *cut = reader->stream == PROCESS_STDOUT ? &process->end.out_cut : &process->end.err_cut;
    BUFFER_AUTO(clean);
    size_t room, fits;

    if (!n)
        return;
    add_clean(&clean, reader->line.data, n);
    memmove(reader->line.data, reader->line.data + n, reader->line.len - n);
    reader->line.len -= n;
    room = keep->len < process->limit ? process->limit - keep->len : 0;
    fits = clean.len;
    if (fits > room) {
        fits = whole_characters(clean.data, room);
        *cut = true;
    }
    buffer_add(keep, clean.data, fits);
    if (fits && process->callbacks.output)
        process->callbacks.output(process->data, reader->stream, clean.data, fits);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct process *process = handle->data;

    *ret = uv_buf_init(process->io->scratch, sizeof(process->io->scratch));
}

static void finish_if_over(struct process *process);

static void close_reader(struct pipe_reader *reader)
{
    if (!reader->open)
        return;
    pass_on(reader, reader->line.len);
    reader->open = false;
    close_handle((uv_handle_t *)&reader->pipe);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pipe_reader *reader = container_of((uv_pipe_t *)stream, struct pipe_reader, pipe);
    struct process *process = reader->process;
    const char *newline;

    if (n < 0) {
        close_reader(reader);
        finish_if_over(process);
        return;
    }
    if (n == 0)
        return;
    *(reader->stream == PROCESS_STDOUT ? &process->end.out_total : &process->end.err_total) += n;
    buffer_add(&reader->line, buf->base, (size_t)n);
    newline = memrchr(reader->line.data, '\n', reader->line.len);
    if (newline)
        pass_on(reader, (size_t)(newline - reader->line.data) + 1);
    else if (reader->line.len > LINE_HELD_MAX)
        pass_on(reader, whole_characters(reader->line.data, reader->line.len));
}

/* ---- ending ---- */

static void finish_if_over(struct process *process)
{
    if (process->reported || !process->reaped || process->readers[0].open || process->readers[1].open)
        return;
    process->reported = true;
    if (process->input_open) {
        process->input_open = false;
        close_handle((uv_handle_t *)&process->input);
    }
    process->callbacks.ended(process->data, &process->end);
    close_handle((uv_handle_t *)&process->timer);
}

static void signal_group(struct process *process, int signal)
{
    char command[64];
    char *argv[] = { (char *)"sudo", (char *)"-n", (char *)"kill", command, (char *)"--", NULL, NULL };
    char target[32];
    pid_t pid;

    if (killpg(process->end.pid, signal) == 0 || errno != EPERM || !process->spec.through_sudo)
        return;
    snprintf(command, sizeof(command), "-%d", signal);
    snprintf(target, sizeof(target), "-%d", (int)process->end.pid);
    argv[5] = target;
    /* Reaped by nobody in particular: io_reap ignores pids it does not know, the kernel keeps one small entry. */
    if (posix_spawnp(&pid, "sudo", NULL, NULL, argv, environ) == 0)
        waitpid(pid, NULL, 0);
}

static void on_timer(uv_timer_t *timer);

/* Whoever still holds the pipes is no part of the process any more; nobody waits for them, nobody ends them. */
static void give_up_pipes(struct process *process)
{
    for (int i = 0; i < 2; i++)
        close_reader(&process->readers[i]);
    finish_if_over(process);
}

static void end_group(struct process *process)
{
    if (process->kills < 2 && process->end.pid > 0)
        signal_group(process, process->kills == 0 ? SIGTERM : SIGKILL);
    if (process->kills >= 2) {
        give_up_pipes(process);
        if (process->reported)
            return;
    }
    process->kills++;
    uv_timer_start(&process->timer, on_timer, process->kills == 1 ? (uint64_t)process->io->grace_ms : 1000,
                   0);
}

static void on_timer(uv_timer_t *timer)
{
    struct process *process = timer->data;

    if (process->kills == 0 && process->reaped) {
        give_up_pipes(process);
        return;
    }
    if (process->kills == 0)
        process->end.timed_out = true;
    end_group(process);
}

void io_reap(struct io *io)
{
    struct process *next;
    int status;

    for (struct process *process = io->processes; process; process = next) {
        next = process->next;
        if (process->reaped || process->end.pid <= 0 ||
            waitpid(process->end.pid, &status, WNOHANG) != process->end.pid)
            continue;
        process->reaped = true;
        process->end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        finish_if_over(process);
        /* A daemon left behind may hold the pipes for ever. */
        if (!process->reported && process->kills == 0)
            uv_timer_start(&process->timer, on_timer, (uint64_t)process->io->grace_ms, 0);
    }
}

/* ---- starting ---- */

struct start {
    int64_t key;
    struct process_spec spec;
    size_t limit;
    struct process_callbacks callbacks;
    void *data;
};

static int spawn(struct process *process, int in, int out, int error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int r;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    if (process->spec.cwd)
        posix_spawn_file_actions_addchdir_np(&actions, process->spec.cwd);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    r = posix_spawnp(&process->end.pid, process->spec.argv[0], &actions, &attributes, process->spec.argv,
                     process->spec.environment ? process->spec.environment : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

static void read_from(struct process *process, enum process_stream stream, int fd)
{
    struct pipe_reader *reader = &process->readers[stream];

    reader->process = process;
    reader->stream = stream;
    reader->open = true;
    uv_pipe_init(&process->io->loop, &reader->pipe, 0);
    reader->pipe.data = process;
    process->handles++;
    uv_pipe_open(&reader->pipe, fd);
    uv_read_start((uv_stream_t *)&reader->pipe, on_alloc, on_read);
}

static void on_written(uv_write_t *write, int status)
{
    struct process *process = write->data;

    if (!process->input_open)
        return;
    process->input_open = false;
    close_handle((uv_handle_t *)&process->input);
}

static void write_to(struct process *process, int fd)
{
    uv_buf_t data = uv_buf_init(process->spec.input, (unsigned)process->spec.input_len);

    uv_pipe_init(&process->io->loop, &process->input, 0);
    process->input.data = process->write.data = process;
    process->handles++;
    process->input_open = true;
    uv_pipe_open(&process->input, fd);
    if (uv_write(&process->write, (uv_stream_t *)&process->input, &data, 1, on_written) < 0)
        on_written(&process->write, 0);
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

static void not_started(struct process *process, const char *what, int code)
{
    snprintf(process->end.start_error, sizeof(process->end.start_error), "%s: %s", what, strerror(code));
    process->end.pid = 0;
    process->reaped = true;
    finish_if_over(process);
}

static void start_process(struct process *process)
{
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, error[2] = { -1, -1 };
    int r;

    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0 ||
        (process->spec.input && pipe2(in, O_CLOEXEC) < 0)) {
        r = errno;
        close_pair(in);
        close_pair(out);
        close_pair(error);
        not_started(process, "no pipes for the process", r);
        return;
    }
    r = spawn(process, in[0], out[1], error[1]);
    close(out[1]);
    close(error[1]);
    out[1] = error[1] = -1;
    if (r) {
        close_pair(in);
        close_pair(out);
        close_pair(error);
        not_started(process, process->spec.cwd ? process->spec.cwd : process->spec.argv[0], r);
        return;
    }
    process->end.started = true;
    if (process->callbacks.started)
        process->callbacks.started(process->data, process->end.pid);
    read_from(process, PROCESS_STDOUT, out[0]);
    read_from(process, PROCESS_STDERR, error[0]);
    if (process->spec.input) {
        close(in[0]);
        write_to(process, in[1]);
    }
    if (process->spec.timeout_ms > 0)
        uv_timer_start(&process->timer, on_timer, (uint64_t)process->spec.timeout_ms, 0);
}

static void do_start(struct io *io, void *data)
{
    struct start *start = data;
    struct process *process = xcalloc(1, sizeof(*process));

    *process = (struct process){
        .next = io->processes,
        .link = &io->processes,
        .io = io,
        .key = start->key,
        .callbacks = start->callbacks,
        .data = start->data,
        .spec = start->spec,
        .limit = start->limit,
        .end.timeout_ms = start->spec.timeout_ms,
    };
    free(start);
    if (io->processes)
        io->processes->link = &process->next;
    io->processes = process;
    io->n_processes++;
    uv_timer_init(&io->loop, &process->timer);
    process->timer.data = process;
    process->handles = 1;
    if (io->stopping)
        not_started(process, "the server is stopping", ECANCELED);
    else
        start_process(process);
}

void io_process_start(struct io *io, int64_t key, struct process_spec *spec, size_t limit,
                      const struct process_callbacks *callbacks, void *data)
{
    struct start *start = xmalloc(sizeof(*start));

    *start =
        (struct start){ .key = key, .spec = *spec, .limit = limit, .callbacks = *callbacks, .data = data };
    *spec = (struct process_spec){ 0 };
    io_call(io, do_start, start);
}

static void stop_one(struct process *process)
{
    if (process->reported || process->kills)
        return;
    process->end.canceled = true;
    end_group(process);
}

static void do_stop(struct io *io, void *data)
{
    int64_t *key = data;

    for (struct process *process = io->processes; process; process = process->next)
        if (process->key == *key) {
            stop_one(process);
            break;
        }
    free(key);
}

void io_process_stop(struct io *io, int64_t key)
{
    io_call(io, do_stop, xmemdup(&key, sizeof(key)));
}

void io_stop_processes(struct io *io)
{
    struct process *next;

    for (struct process *process = io->processes; process; process = next) {
        next = process->next;
        stop_one(process);
    }
}
