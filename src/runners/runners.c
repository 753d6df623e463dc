/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runners/runner.h"

static const struct runner_ops *const runners[] = {
    &runner_noop,     &runner_action_chain,    &runner_announcement,       &runner_inquirer,
    &runner_orquesta, &runner_local_shell_cmd, &runner_local_shell_script,
};

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if ((*a == '_' ? '-' : *a) != *b)
            return false;
    return !*a && !*b;
}

const struct runner_ops *runner_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(runners); i++)
        if (same_name(name, runners[i]->name))
            return runners[i];
    return NULL;
}

struct run *run_new(void)
{
    return xcalloc(1, sizeof(struct run));
}

void run_free(struct run *run)
{
    if (!run)
        return;
    value_unref(run->action);
    value_unref(run->runner_parameters);
    value_unref(run->action_parameters);
    value_unref(run->context);
    value_unref(run->environment);
    free(run->entry_point);
    free(run->system_user);
    free(run);
}

void outcome_failed(struct outcome *ret, const char *text)
{
    value result = value_map_new(2);

    value_map_put(&result, "error", value_text(text));
    value_map_put(&result, "traceback", value_text(""));
    *ret = (struct outcome){ .status = EXECUTION_FAILED, .result = result };
}
