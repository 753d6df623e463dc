/* SPDX-License-Identifier: Apache-2.0 */
/* Trying a workflow out without running anything: a test gives inputs, what the actions answer and what must come of it.
   The clock is the rehearsal's own and moves by the delays of tasks. */
#ifndef FULMAR_WORKFLOW_REHEARSAL_H
#define FULMAR_WORKFLOW_REHEARSAL_H

#include "base/error.h"
#include "value/value.h"
#include "workflow/graph.h"

#define REHEARSAL_ROUNDS_MAX 100000

struct rehearsal_files {
    /* The result that a mock takes from a file; the caller reads it. May be NULL: mocks cannot do that then. */
    int (*read)(void *data, const char *path, value *ret, struct error *err);
    void *data;
};

/* `test` is the test as read from its file: inputs, mock_action_executions, expected_inspection_errors,
   expected_task_sequence, expected_routes, expected_workflow_status, expected_term_tasks, expected_errors,
   expected_output, and datastore, {key: text}, what st2kv() finds. With workflow_state, a document of conductor_save(), it begins there: a workflow that is over is run
   again from rerun_tasks ([{task_id, route, reset_items}]; none: from what failed), one that is paused goes on.

   *ret: {passed, differences: [{message, path}], status, sequence, routes, term_tasks, tasks: [{id, route, status}],
   errors, output, elapsed_s, coverage: {transitions, taken, all: [{task, transition, when?, to, taken, not_taken}]}}, and
   `saved`, a document of conductor_save(), when the test says save_state; when only inspection was asked for {passed,
   differences, inspection}. A difference's path is the part of the test it speaks of. Negative when the test itself makes
   no sense. Owned. */
int workflow_rehearse(const struct workflow_spec *spec, value test, const struct rehearsal_files *files,
                      value *ret, struct error *err);

#endif
