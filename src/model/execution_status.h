/* SPDX-License-Identifier: Apache-2.0 */
/* The statuses of an execution and what may follow what (contract: actions-and-runners.md 6). */
#ifndef FULMAR_MODEL_EXECUTION_STATUS_H
#define FULMAR_MODEL_EXECUTION_STATUS_H

#include <stdbool.h>

/* The numbers are stored; the completed ones come last, so that "not completed" is a range. */
enum execution_status {
    EXECUTION_REQUESTED,
    EXECUTION_SCHEDULED,
    EXECUTION_DELAYED,
    EXECUTION_RUNNING,
    EXECUTION_PENDING,
    EXECUTION_PAUSING,
    EXECUTION_PAUSED,
    EXECUTION_RESUMING,
    EXECUTION_CANCELING,
    EXECUTION_SUCCEEDED,
    EXECUTION_FIRST_COMPLETED = EXECUTION_SUCCEEDED,
    EXECUTION_FAILED,
    EXECUTION_TIMEOUT,
    EXECUTION_ABANDONED,
    EXECUTION_CANCELED,
    EXECUTION_STATUSES,
};

const char *execution_status_text(enum execution_status status);
/* -1 when there is no such status. */
int execution_status_from_text(const char *text);
/* succeeded, failed, timeout, canceled, abandoned. */
static inline bool execution_status_completed(enum execution_status status)
{
    return status >= EXECUTION_FIRST_COMPLETED;
}
/* May a cancellation be requested in this state? */
bool execution_status_cancelable(enum execution_status status);
/* Is `to` an allowed move from `from`? */
bool execution_status_may_become(enum execution_status from, enum execution_status to);

#endif
