/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this room, and by nobody else. */
#ifndef FULMAR_IO_INTERNAL_H
#define FULMAR_IO_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

#include "io/io.h"

struct process;

struct call {
    struct call *next;
    void (*function)(struct io *io, void *data);
    void *data;
};

struct io {
    uv_loop_t loop;
    uv_async_t wake;
    uv_signal_t child_signal;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the calls */
    struct call *calls, **last_call;
    struct process *processes;
    _Atomic int64_t n_processes;
    int64_t grace_ms;
    bool stopping;
    bool closed;         /* the loop has nothing left to wait for but closing handles */
    char scratch[65536]; /* what is read from a pipe, for the moment */
};

/* Some child ended: find out which (process.c). */
void io_reap(struct io *io);
/* Tell every child to stop (process.c). */
void io_stop_processes(struct io *io);
/* The last process has gone (called by process.c). */
void io_process_gone(struct io *io);

#endif
