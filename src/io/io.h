/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O thread: one libuv loop for children, timers and calls to the outside. It never touches the store; what happens
   here is handed to the engine as an input. */
#ifndef FULMAR_IO_IO_H
#define FULMAR_IO_IO_H

#include <stdint.h>

#include "base/error.h"

struct io;

int io_start(struct io **ret, struct error *err);
/* Run a function on the I/O thread; from any thread. */
void io_call(struct io *io, void (*function)(struct io *io, void *data), void *data);
/* Run something that blocks (a password hash) in the worker pool; from any thread. */
void io_work(struct io *io, void (*work)(void *data), void *data);
/* Ends children (SIGTERM, SIGKILL after the grace time), then the thread. */
void io_stop(struct io *io);
/* Children that run now. */
int64_t io_processes(struct io *io);
/* Time between SIGTERM and SIGKILL; default 10000. */
void io_set_grace_ms(struct io *io, int64_t grace_ms);

#endif
