/* SPDX-License-Identifier: Apache-2.0 */
/* What expressions are evaluated against: the variables of a frame and the engine's own beside them. */
#include "workflow/conductor-internal.h"

/* Takes the variables. */
void evaluation_plain(struct conductor *c, value variables, struct expr_context *ret)
{
    *ret = (struct expr_context){
        .variables = variables,
        .host = c->environment.host,
        .limits = c->environment.limits,
        .now_us = c->environment.now_us,
        .random_seed = c->environment.random_seed,
        .lazy_roots = c->environment.lazy_roots,
    };
}

void evaluation_begin(struct conductor *c, uint32_t frame, const struct spec_task *task, uint32_t route,
                      value result, struct expr_context *ret)
{
    value variables = value_ref(frame_variables(c, frame));

    if (variables.kind != VALUE_MAP)
        value_replace(&variables, value_map_new(2));
    if (task) {
        value current = value_map_new(3);

        value_map_put(&current, "id", value_ref(task->name_value));
        value_map_put(&current, "route", value_int(route));
        if (value_is_set(result))
            value_map_put(&current, "result", value_ref(result));
        value_map_put(&variables, "__current_task", current);
    }
    value_map_put(&variables, "__state", view_state(c));
    evaluation_plain(c, variables, ret);
}
