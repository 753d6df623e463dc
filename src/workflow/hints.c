/* SPDX-License-Identifier: Apache-2.0 */
/* Names in the expressions of a definition that will lead nowhere. Inspection proper only parses expressions, so what is told
   here is advice beside its findings and never makes a definition wrong. */
#include "base/buffer.h"
#include "expr/expr.h"
#include "workflow/inspect-internal.h"

struct hints {
    value names; /* a map of everything that is assigned anywhere */
    value list;
};

static void learn(struct hints *hints, const struct spec_bindings *bindings)
{
    for (size_t i = 0; i < bindings->n_items; i++)
        value_map_set(&hints->names, value_ref(bindings->items[i].name), value_null());
}

static void learn_assigned(struct hints *hints, const struct workflow_spec *spec)
{
    value_map_put(&hints->names, "st2", value_null());
    value_map_put(&hints->names, "parent", value_null());
    learn(hints, &spec->input);
    learn(hints, &spec->vars);
    learn(hints, &spec->output);
    for (size_t i = 0; i < spec->n_tasks; i++)
        for (size_t k = 0; k < spec->tasks[i].n_transitions; k++)
            learn(hints, &spec->tasks[i].transitions[k].publish);
}

static void look(struct hints *hints, value v, const char *path)
{
    if (value_list_count(hints->list) >= INSPECT_FINDINGS_MAX)
        return;
    if (v.kind == VALUE_STRING && expr_has_expression(value_chars(v), value_len(v), EXPR_ORQUESTA)) {
        VALUE_AUTO(advice);

        advice = expr_advise(value_chars(v), value_len(v), EXPR_ORQUESTA, hints->names);
        VALUE_LIST_EACH (i, each, advice) {
            value hint = value_ref(each);

            value_map_put(&hint, "spec_path", value_text(path));
            value_list_append(&hints->list, hint);
        }
    }
    VALUE_LIST_EACH (i, each, v) {
        BUFFER_AUTO(member);

        buffer_addf(&member, "%s[%zu]", path, i);
        look(hints, each, buffer_text(&member));
    }
    if (v.kind == VALUE_MAP)
        VALUE_MAP_EACH (i, v) {
            const char *key = value_chars(value_map_key_at(v, i));
            BUFFER_AUTO(member);

            buffer_addf(&member, "%s%s%s", path, *path ? "." : "", key ? key : "?");
            look(hints, value_map_item_at(v, i), buffer_text(&member));
        }
}

value workflow_hints(const struct workflow_spec *spec)
{
    struct hints hints = { value_map_new(8), value_list_new(0) };

    learn_assigned(&hints, spec);
    look(&hints, spec->document, "");
    value_unref(hints.names);
    return hints.list;
}
