/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses of workflows and tasks, and the two state machines that move them. The machines are pure tables: the caller
   qualifies the event with what it knows of the rest of the workflow and looks up where it leads. */
#ifndef FULMAR_WORKFLOW_STATUS_H
#define FULMAR_WORKFLOW_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "value/value.h"

enum workflow_status {
    STATUS_NULL, /* never set */
    STATUS_REQUESTED,
    STATUS_SCHEDULED,
    STATUS_DELAYED,
    STATUS_RUNNING,
    STATUS_PENDING,
    STATUS_PAUSING,
    STATUS_PAUSED,
    STATUS_RESUMING,
    STATUS_SUCCEEDED,
    STATUS_FAILED,
    STATUS_TIMEOUT,
    STATUS_ABANDONED,
    STATUS_RETRYING,
    STATUS_CANCELING,
    STATUS_CANCELED,
    STATUS_COUNT,
    STATUS_REMEDIATED = STATUS_COUNT, /* only in events: a task failed, but something goes on after it */
};

#define STATUS_BIT(status) (1u << (status))

enum status_group {
    STATUS_STARTING = STATUS_BIT(STATUS_REQUESTED) | STATUS_BIT(STATUS_SCHEDULED) |
                      STATUS_BIT(STATUS_DELAYED) | STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_PENDING),
    STATUS_GOING = STATUS_BIT(STATUS_REQUESTED) | STATUS_BIT(STATUS_SCHEDULED) | STATUS_BIT(STATUS_DELAYED) |
                   STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_RESUMING) | STATUS_BIT(STATUS_RETRYING),
    STATUS_ACTIVE = STATUS_BIT(STATUS_REQUESTED) | STATUS_BIT(STATUS_SCHEDULED) | STATUS_BIT(STATUS_DELAYED) |
                    STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_RESUMING) | STATUS_BIT(STATUS_PAUSING) |
                    STATUS_BIT(STATUS_CANCELING),
    STATUS_ABENDED = STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_TIMEOUT) | STATUS_BIT(STATUS_ABANDONED),
    STATUS_COMPLETED = STATUS_BIT(STATUS_SUCCEEDED) | STATUS_BIT(STATUS_FAILED) | STATUS_BIT(STATUS_TIMEOUT) |
                       STATUS_BIT(STATUS_ABANDONED) | STATUS_BIT(STATUS_CANCELED),
    STATUS_PAUSE = STATUS_BIT(STATUS_PAUSING) | STATUS_BIT(STATUS_PAUSED),
    STATUS_CANCEL = STATUS_BIT(STATUS_CANCELING) | STATUS_BIT(STATUS_CANCELED),
};

static inline bool status_in(enum workflow_status status, uint32_t group)
{
    return (group >> status & 1) != 0;
}

const char *status_name(enum workflow_status status);
/* The same as an immortal value. */
value status_value(enum workflow_status status);
/* The status of a name ("null" is one), or -1. */
int status_from_name(const char *name);

enum event_kind {
    EVENT_WORKFLOW, /* a request on the workflow */
    EVENT_TASK,     /* a task tells the workflow */
    EVENT_ACTION,   /* an action, or one of its items, tells the task */
    EVENT_COMMAND, /* the engine itself tells the task: continue, noop (succeeded), fail (failed), retry (retrying) */
    EVENT_KINDS,
};

enum event_activity { ACTIVITY_NONE, ACTIVITY_ACTIVE, ACTIVITY_DORMANT, ACTIVITIES };

enum event_outcome {
    OUTCOME_NONE,
    OUTCOME_INCOMPLETE,
    OUTCOME_COMPLETED,
    OUTCOME_PAUSED,
    OUTCOME_CANCELED,
    OUTCOME_FAILED,
    OUTCOMES,
};

struct workflow_event {
    uint8_t kind, status, activity, outcome;
};

/* Where the event leads from `from`: the new status (which may be the same one), or -1 when the table has no such row. */
int workflow_machine_move(enum workflow_status from, struct workflow_event event);
int task_machine_move(enum workflow_status from, struct workflow_event event);
/* False for statuses in which a task takes no events at all. */
bool task_machine_has(enum workflow_status from);
/* "action_succeeded_task_dormant_items_completed", for messages. */
void workflow_event_name(struct buffer *out, struct workflow_event event);

#endif
