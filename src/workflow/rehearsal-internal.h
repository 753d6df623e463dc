/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the rehearsal only. */
#ifndef FULMAR_WORKFLOW_REHEARSAL_INTERNAL_H
#define FULMAR_WORKFLOW_REHEARSAL_INTERNAL_H

#include "workflow/conductor.h"
#include "workflow/rehearsal.h"

struct rehearsal {
    const struct workflow_spec *spec;
    struct workflow_graph *graph;
    struct conductor *conductor;
    const struct rehearsal_files *files;
    struct expr_host host;
    value mocks;       /* list */
    value datastore;   /* map: "key" or "user.key" -> text */
    value runs;        /* map "task.route.item" -> how often it ran */
    value answers;     /* map "task.route" -> {status, result ...}: what actions answered last */
    value differences; /* list of {message, path} */
    const struct conductor_task *telling; /* whose end the conductor is being told, or NULL */
    int64_t now_us;
};

/* What expressions see of the outside: the test's datastore, the rehearsal's clock, the answers of earlier tasks. */
void rehearsal_set_environment(struct rehearsal *rehearsal);
/* Before the conductor is told: what an action answered, for task(). `item` is -1 without items. */
void rehearsal_remember(struct rehearsal *rehearsal, const struct conductor_task *task, int64_t item,
                        const char *status, value result);
/* Takes the message; `path` says which part of the test it speaks of. */
void rehearsal_differ(struct rehearsal *rehearsal, const char *path, value message);
/* What came of the workflow against what the test expects. */
void rehearsal_compare(struct rehearsal *rehearsal, value test, value report);
void rehearsal_compare_findings(struct rehearsal *rehearsal, value wanted, value found);
/* The names of the runs, "task" on the first route, else "task__r1". Owned. */
value rehearsal_names(value report, bool only_terms);
/* {transitions, taken, all}. Owned. */
value rehearsal_coverage(const struct rehearsal *rehearsal, value report);

#endif
