/* SPDX-License-Identifier: Apache-2.0 */
#include "model/execution_status.h"

#include <string.h>

#include "base/mem.h"

#define TO(status) (1u << EXECUTION_##status)
#define ENDS       (TO(SUCCEEDED) | TO(FAILED) | TO(TIMEOUT) | TO(ABANDONED) | TO(CANCELED))

static const struct {
    const char *text;
    bool cancelable;
    unsigned next; /* what may follow */
} statuses[EXECUTION_STATUSES] = {
    [EXECUTION_REQUESTED] = { "requested", true,
                              TO(SCHEDULED) | TO(DELAYED) | TO(RUNNING) | TO(CANCELING) | ENDS },
    [EXECUTION_SCHEDULED] = { "scheduled", true,
                              TO(RUNNING) | TO(REQUESTED) | TO(DELAYED) | TO(CANCELING) | ENDS },
    [EXECUTION_DELAYED] = { "delayed", true, TO(REQUESTED) | TO(SCHEDULED) | TO(CANCELING) | ENDS },
    [EXECUTION_RUNNING] = { "running", true, TO(PENDING) | TO(PAUSING) | TO(PAUSED) | TO(CANCELING) | ENDS },
    [EXECUTION_PENDING] = { "pending", false, TO(RUNNING) | ENDS },
    [EXECUTION_PAUSING] = { "pausing", true, TO(PAUSED) | TO(RUNNING) | TO(CANCELING) | ENDS },
    [EXECUTION_PAUSED] = { "paused", true, TO(RESUMING) | TO(RUNNING) | TO(CANCELING) | ENDS },
    [EXECUTION_RESUMING] = { "resuming", true, TO(RUNNING) | TO(PAUSED) | TO(CANCELING) | ENDS },
    [EXECUTION_CANCELING] = { "canceling", false, ENDS },
    [EXECUTION_SUCCEEDED] = { "succeeded", false, 0 },
    [EXECUTION_FAILED] = { "failed", false, 0 },
    [EXECUTION_TIMEOUT] = { "timeout", false, 0 },
    [EXECUTION_ABANDONED] = { "abandoned", false, 0 },
    [EXECUTION_CANCELED] = { "canceled", false, 0 },
};

const char *execution_status_text(enum execution_status status)
{
    return statuses[status].text;
}

int execution_status_from_text(const char *text)
{
    for (size_t i = 0; i < ELEMENTS(statuses); i++)
        if (strcmp(text, statuses[i].text) == 0)
            return (int)i;
    return -1;
}

bool execution_status_cancelable(enum execution_status status)
{
    return statuses[status].cancelable;
}

bool execution_status_may_become(enum execution_status from, enum execution_status to)
{
    return statuses[from].next >> to & 1;
}
