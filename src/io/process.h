/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes on the I/O loop: spawned in a session of their own, output read as it comes, ended as a whole group.

   A process that is told to stop (io_process_stop, a timeout) gets SIGTERM for its whole group, SIGKILL after the grace time.
   It has ended when it was reaped and its pipes are closed; pipes that a grandchild keeps open are given up after the grace
   time, so that a daemon left behind cannot hold an execution. */
#ifndef FULMAR_IO_PROCESS_H
#define FULMAR_IO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"

struct io;

/* What to start; owned by whoever made it until it is handed to io_process_start. */
struct process_spec {
    char **argv;        /* NULL-terminated, each malloc'ed; argv[0] is looked up in PATH */
    char **environment; /* NULL-terminated "K=V"; NULL: the server's */
    char *cwd;          /* NULL: the server's */
    char *input;        /* written to its standard input; NULL: /dev/null */
    size_t input_len;
    int64_t timeout_ms; /* 0: none */
    bool
        through_sudo; /* the group may belong to another user: when a signal is refused, `sudo -n kill` is asked */
};

void process_spec_release(struct process_spec *spec);

enum process_stream { PROCESS_STDOUT, PROCESS_STDERR };

/* How it ended. Streams are valid UTF-8 (bad bytes replaced) and cut at the limit. */
struct process_end {
    int exit_code;  /* as a shell tells: signal n is -n */
    bool timed_out; /* the time limit ended it */
    bool canceled;  /* io_process_stop ended it */
    bool started;   /* false: it could not be started, start_error says why */
    char start_error[256];
    struct buffer out, err;
    int64_t out_total, err_total; /* bytes it wrote */
    bool out_cut, err_cut;
    pid_t pid;
    int64_t timeout_ms; /* the limit it had */
};

struct process_callbacks {
    /* Some output, whole lines where it can be; called on the I/O thread. May be NULL. */
    void (*output)(void *data, enum process_stream stream, const char *text, size_t n);
    /* Called once, on the I/O thread, after the last output. `end` is the callee's for the call. */
    void (*ended)(void *data, struct process_end *end);
    /* Called once before any other, when the pid is known. May be NULL. */
    void (*started)(void *data, pid_t pid);
};

/* From any thread; takes over the spec. `key` names the process for io_process_stop; limit: bytes kept of each stream. */
void io_process_start(struct io *io, int64_t key, struct process_spec *spec, size_t limit,
                      const struct process_callbacks *callbacks, void *data);
/* From any thread. Nothing happens when there is no such process. */
void io_process_stop(struct io *io, int64_t key);

#endif
