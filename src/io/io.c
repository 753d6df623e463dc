/* SPDX-License-Identifier: Apache-2.0 */
#include "io-internal.h"

#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"

#define GRACE_MS 10000

static void run_calls(struct io *io)
{
    struct call *call, *next;

    pthread_mutex_lock(&io->lock);
    call = io->calls;
    io->calls = NULL;
    io->last_call = &io->calls;
    pthread_mutex_unlock(&io->lock);
    for (; call; call = next) {
        next = call->next;
        call->function(io, call->data);
        free(call);
    }
}

static void on_wake(uv_async_t *async)
{
    run_calls(async->data);
}

static void on_child_signal(uv_signal_t *handle, int signal)
{
    io_reap(handle->data);
}

static void *loop_thread(void *data)
{
    struct io *io = data;

    uv_run(&io->loop, UV_RUN_DEFAULT);
    return NULL;
}

int io_start(struct io **ret, struct error *err)
{
    struct io *io = xcalloc(1, sizeof(*io));
    int r;

    io->last_call = &io->calls;
    io->grace_ms = GRACE_MS;
    pthread_mutex_init(&io->lock, NULL);
    r = uv_loop_init(&io->loop);
    if (r == 0)
        r = uv_async_init(&io->loop, &io->wake, on_wake);
    if (r == 0)
        r = uv_signal_init(&io->loop, &io->child_signal);
    io->wake.data = io->child_signal.data = io;
    if (r == 0)
        r = uv_signal_start(&io->child_signal, on_child_signal, SIGCHLD);
    if (r == 0)
        r = -pthread_create(&io->thread, NULL, loop_thread, io);
    if (r < 0) {
        free(io);
        return error_set(err, r, "the I/O thread cannot be started: %s", uv_strerror(r));
    }
    pthread_setname_np(io->thread, "io");
    *ret = io;
    return 0;
}

void io_call(struct io *io, void (*function)(struct io *io, void *data), void *data)
{
    struct call *call = xmalloc(sizeof(*call));
    bool first;

    *call = (struct call){ .function = function, .data = data };
    pthread_mutex_lock(&io->lock);
    first = !io->calls;
    *io->last_call = call;
    io->last_call = &call->next;
    pthread_mutex_unlock(&io->lock);
    if (first)
        uv_async_send(&io->wake);
}

struct work {
    uv_work_t request;
    void (*function)(void *data);
    void *data;
};

static void do_work(uv_work_t *request)
{
    struct work *work = request->data;

    work->function(work->data);
}

static void after_work(uv_work_t *request, int status)
{
    free(request->data);
}

static void queue_work(struct io *io, void *data)
{
    struct work *work = data;

    uv_queue_work(&io->loop, &work->request, do_work, after_work);
}

void io_work(struct io *io, void (*function)(void *data), void *data)
{
    struct work *work = xcalloc(1, sizeof(*work));

    work->request.data = work;
    work->function = function;
    work->data = data;
    io_call(io, queue_work, work);
}

void io_process_gone(struct io *io)
{
    if (!io->stopping || io->processes || io->closed)
        return;
    io->closed = true;
    uv_close((uv_handle_t *)&io->wake, NULL);
    uv_close((uv_handle_t *)&io->child_signal, NULL);
}

static void begin_stop(struct io *io, void *data)
{
    io->stopping = true;
    io_stop_processes(io);
    io_process_gone(io);
}

void io_stop(struct io *io)
{
    if (!io)
        return;
    io_call(io, begin_stop, NULL);
    pthread_join(io->thread, NULL);
    /* What was called for too late is told so: starts are reported as not started. */
    while (io->calls) {
        run_calls(io);
        uv_run(&io->loop, UV_RUN_DEFAULT);
    }
    uv_loop_close(&io->loop);
    pthread_mutex_destroy(&io->lock);
    free(io);
}

int64_t io_processes(struct io *io)
{
    return io->n_processes;
}

void io_set_grace_ms(struct io *io, int64_t grace_ms)
{
    io->grace_ms = grace_ms;
}
