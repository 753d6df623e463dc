/* SPDX-License-Identifier: Apache-2.0 */
/* Tells event streams (contract: actions-and-runners.md 11.4). The engine lets the result out under the route. */
#include "base/mem.h"
#include "runners/runner.h"

static void announcement_run(const struct run *run, struct outcome *ret)
{
    const char *ref = value_map_chars(run->action, "ref");
    value result;

    if (!value_map_bool(run->runner_parameters, "experimental", false)) {
        CLEANUP(freep)
        char *text = xasprintf("Experimental flag is missing for action %s", ref ? ref : "");

        outcome_failed(ret, text);
        return;
    }
    result = value_map_new(4);
    value_map_put(&result, "output", value_ref(run->action_parameters));
    value_map_update(&result, run->action_parameters);
    *ret = (struct outcome){ .status = EXECUTION_SUCCEEDED, .result = result };
}

const struct runner_ops runner_announcement = {
    .name = "announcement",
    .run_now = announcement_run,
    .announces = true,
};
