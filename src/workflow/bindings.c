/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of names with values at both ends of a workflow: inputs and vars make the first context, output makes the
   result. Each element sees those before it; one that fails is logged and left out. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- start ---- */

/* Errors of expressions are logged; `*failed` tells that there were any. */
static void binding_set(struct conductor *c, const struct spec_binding *binding, int r, value rendered,
                        const struct error *err, value *variables, value *own, bool *failed)
{
    if (r < 0) {
        log_error(c, err, (struct log_place){ NULL, -1, NULL });
        *failed = true;
        return;
    }
    if (own)
        value_map_set(own, value_ref(binding->name), value_ref(rendered));
    value_map_set(variables, value_ref(binding->name), rendered);
}

/* Declared inputs in order, each seeing those before it. Owned. */
static value inputs_render(struct conductor *c, bool *failed)
{
    value variables = value_is_map(c->parent) ? json_normal(c->parent) : value_map_new(8);

    for (size_t i = 0; i < c->spec->input.n_items; i++) {
        const struct spec_binding *binding = &c->spec->input.items[i];
        value supplied = value_map_get_value(c->inputs, binding->name), rendered = VALUE_NOTHING;
        struct expr_context context;
        ERROR_AUTO(err);
        int r;

        evaluation_plain(c, value_ref(variables), &context);
        r = value_is_set(supplied) ? expr_evaluate_value(supplied, EXPR_ORQUESTA, &context, &rendered, &err)
                                   : template_evaluate(binding->template, &context, &rendered, &err);
        value_unref(context.variables);
        binding_set(c, binding, r, rendered, &err, &variables, NULL, failed);
    }
    return variables;
}

/* Bindings in order, each seeing those before it; gives what they set. Owned. */
static value bindings_render(struct conductor *c, const struct spec_bindings *bindings, value start,
                             bool *failed)
{
    value variables = value_ref(start), own = value_map_new(bindings->n_items);

    for (size_t i = 0; i < bindings->n_items; i++) {
        value rendered = VALUE_NOTHING;
        struct expr_context context;
        ERROR_AUTO(err);
        int r;

        evaluation_plain(c, value_ref(variables), &context);
        r = template_evaluate(bindings->items[i].template, &context, &rendered, &err);
        value_unref(context.variables);
        binding_set(c, &bindings->items[i], r, rendered, &err, &variables, &own, failed);
    }
    value_unref(variables);
    return own;
}

static value merge_take(value left, value right)
{
    value merged = merge_deep(left, right);

    value_unref(left);
    value_unref(right);
    return merged;
}

static int start(struct conductor *c, struct error *err)
{
    value first = value_is_map(c->parent) ? json_normal(c->parent) : value_map_new(8), vars;
    bool failed = false;

    first = merge_take(first, inputs_render(c, &failed));
    vars = bindings_render(c, &c->spec->vars, first, &failed);
    first = merge_take(first, vars);
    c->started = true;
    undo_add(c, UNDO_STARTED);
    if (failed) {
        value_unref(first);
        return request_status(c, STATUS_FAILED, err);
    }
    context_add(c, first);
    frame_add(c, 0, 0, false);
    route_add(c, value_list_new(0));
    for (uint32_t i = 0; i < c->graph->n_roots; i++)
        staged_add(c, c->graph->roots[i], 0, 0, NULL, true);
    return 0;
}

int conductor_start(struct conductor *c, struct error *err)
{
    if (c->started)
        return refuse(err, "ValueError", "The workflow has been started before.");
    step_begin(c);
    workflow_mark(c);
    return step_end(c, start(c, err));
}

/* ---- output ---- */

/* What the tasks at the ends of the workflow see, together. */
value terminal_variables(struct conductor *c)
{
    uint32_t *frames = NULL;
    size_t n = 0, room = 0;
    value variables;

    for (uint32_t i = 0; i < c->n_entries; i++)
        if (c->entries[i].term) {
            GROW(frames, n, room);
            frames[n++] = c->entries[i].frame;
        }
    variables = frames_variables(c, frames, n);
    free(frames);
    return variables;
}

static int output_render(struct conductor *c, struct error *err)
{
    enum workflow_status status = c->status;
    bool failed = false;
    value variables, output;

    if (!status_in(status, STATUS_COMPLETED) || value_truth(c->output) || c->spec->output.n_items == 0)
        return 0;
    variables = terminal_variables(c);
    value_map_put(&variables, "__state", view_state(c));
    output = bindings_render(c, &c->spec->output, variables, &failed);
    value_unref(variables);
    if (value_map_count(output) > 0)
        workflow_set_output(c, output);
    else
        value_unref(output);
    if (failed && status != STATUS_TIMEOUT && status != STATUS_ABANDONED && status != STATUS_CANCELED)
        return request_status(c, STATUS_FAILED, err);
    return 0;
}

int conductor_render_output(struct conductor *c, struct error *err)
{
    step_begin(c);
    return step_end(c, output_render(c, err));
}

int conductor_timeout(struct conductor *c, value *ret, struct error *err)
{
    struct expr_context context;
    int r;

    if (!c->spec->timeout || c->n_contexts == 0) {
        *ret = VALUE_NOTHING;
        return 0;
    }
    evaluation_plain(c, value_ref(c->contexts[0]), &context);
    r = template_evaluate(c->spec->timeout, &context, ret, err);
    value_unref(context.variables);
    return r;
}
