/* SPDX-License-Identifier: Apache-2.0 */
/* Runners: how an action is carried out. A runner is a row in the list of runners.c and one file.

   To add a runner: its parameters in model/runner_types.c, a file here that closes with its struct runner_ops, its row in
   runners.c, a test, a line in docs/. */
#ifndef FULMAR_RUNNERS_RUNNER_H
#define FULMAR_RUNNERS_RUNNER_H

#include "base/error.h"
#include "model/execution_status.h"
#include "value/value.h"

struct process_spec;
struct process_end;

/* One run of an execution: everything a runner needs to know, nothing it could look up. */
struct run {
    int64_t seq;
    char execution_id[25];
    value action;            /* its whole document */
    value runner_parameters; /* map: rendered, cast, defaults filled in */
    value action_parameters; /* map, in the order script arguments are given */
    value context;
    value environment;   /* map of text: ST2_ACTION_..., over the server's own */
    char *entry_point;   /* absolute path of the action's file; NULL when it has none */
    char *system_user;   /* run as; NULL: as the server's user */
    size_t output_limit; /* bytes kept of each stream */
    bool cancel_requested;
};

struct run *run_new(void);
void run_free(struct run *run);

/* How a run ended. */
struct outcome {
    enum execution_status status; /* a completed one, or pending */
    value result;                 /* owned */
};

struct runner_ops {
    const char *name;
    /* Carries the run out at once, without waiting for anything (noop). NULL for runners that start a process.
       Called in the engine's transaction: no I/O. */
    void (*run_now)(const struct run *run, struct outcome *ret);
    /* Says what process to start. Called outside of the engine; may look at the disk. Negative: the execution fails with
       err's text. NULL for runners with run_now. */
    int (*prepare)(const struct run *run, struct process_spec *ret, struct error *err);
    /* Makes the result of how the process ended. Called outside of the engine. NULL when prepare is. */
    void (*finish)(const struct run *run, const struct process_end *end, struct outcome *ret);
    /* The entry point is a definition that the engine carries out step by step; all functions are NULL. */
    bool conducted;
    bool chained; /* with conducted: that definition is an action chain */
    /* With run_now: what was told is told to event streams too, under the runner parameter `route`. */
    bool announces;
};

/* NULL when there is no such runner. A name with _ is found with - too. */
const struct runner_ops *runner_find(const char *name);
/* Result {"error": text, "traceback": ""} and status failed, as every runner answers when it breaks. */
void outcome_failed(struct outcome *ret, const char *text);

extern const struct runner_ops runner_action_chain;
extern const struct runner_ops runner_announcement;
extern const struct runner_ops runner_inquirer;
extern const struct runner_ops runner_noop;
extern const struct runner_ops runner_orquesta;
extern const struct runner_ops runner_local_shell_cmd;
extern const struct runner_ops runner_local_shell_script;

#endif
