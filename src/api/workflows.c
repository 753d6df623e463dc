/* SPDX-License-Identifier: Apache-2.0 */
/* /workflows/inspect (contract: orquesta.md 2): what the language finds, and what only the server knows of the actions. */
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "model/parameters.h"
#include "workflow/inspect.h"

#define SCHEMA_TASK "properties.tasks.patternProperties.^\\w+$"

static void add(value *list, const char *schema, value path, value message)
{
    value finding = value_map_new(4);

    value_map_put(&finding, "type", value_text("content"));
    value_map_put(&finding, "message", message);
    value_map_put(&finding, "spec_path", path);
    value_map_put(&finding, "schema_path", value_textf(SCHEMA_TASK "%s", schema));
    value_list_append(list, finding);
}

/* Of an action that is known: what it needs, and what it does not take. */
static void check_input(struct api *api, const struct spec_task *task, value action, value *list)
{
    const char *ref = value_map_chars(action, "ref"), *runner_name = value_map_chars(action, "runner_type");
    VALUE_AUTO(runner);
    VALUE_AUTO(definitions);

    if (!value_is_null(task->input_value) && !value_is_map(task->input_value))
        return;
    runner = catalog_by_ref(api->config.catalog, OBJECT_RUNNER_TYPE, runner_name ? runner_name : "");
    definitions = parameters_merged(action, runner);
    VALUE_MAP_EACH (i, definitions) {
        value name = value_map_key_at(definitions, i), definition = value_map_item_at(definitions, i);

        if (value_map_bool(definition, "required", false) && !value_map_has(definition, "default") &&
            !value_map_bool(definition, "immutable", false) &&
            !value_is_set(value_map_get_value(task->input_value, name)))
            add(list, ".properties.input", value_textf("tasks.%s.input", task->name),
                value_textf("Action \"%s\" is missing required input \"%s\".", ref, value_chars(name)));
    }
    VALUE_MAP_EACH (i, task->input_value) {
        value name = value_map_key_at(task->input_value, i);

        if (value_is_string(name) && !value_is_set(value_map_get_value(definitions, name)))
            add(list, ".properties.input.patternProperties.^\\w+$",
                value_textf("tasks.%s.input.%s", task->name, value_chars(name)),
                value_textf("Action \"%s\" has unexpected input \"%s\".", ref, value_chars(name)));
    }
}

static void check_task(struct api *api, const struct spec_task *task, value *list)
{
    const char *ref = value_chars(task->action_value), *dot;
    VALUE_AUTO(action);

    if (!ref || !*ref || expr_has_expression(ref, value_len(task->action_value), EXPR_ORQUESTA))
        return;
    dot = strchr(ref, '.');
    if (!dot || dot == ref || !dot[1]) {
        add(list, ".properties.action", value_textf("tasks.%s.action", task->name),
            value_textf("The action reference \"%s\" is not formatted correctly.", ref));
        return;
    }
    action = catalog_by_ref(api->config.catalog, OBJECT_ACTION, ref);
    if (value_is_set(action))
        check_input(api, task, action, list);
    else
        add(list, ".properties.action", value_textf("tasks.%s.action", task->name),
            value_textf("The action \"%s\" is not registered in the database.", ref));
}

static void inspect(struct http_request *request, void *owner)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    struct api *api = owner;
    size_t n;
    const char *text = http_body(request, &n);
    VALUE_AUTO(context);
    VALUE_AUTO(list);
    ERROR_AUTO(err);
    value findings, contents;
    bool positions;

    if (http_query_bool(request, "positions", false, &positions, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (workflow_spec_load_text(text ? text : "", text ? n : 0, SPEC_EXTENSIONS, &spec, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    context = value_map_new(1);
    value_map_put(&context, "st2", value_map_new(0));
    if (workflow_inspect(spec, context, &findings, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    contents = value_list_new(4);
    for (size_t i = 0; i < spec->n_tasks; i++)
        check_task(api, &spec->tasks[i], &contents);
    list = workflow_inspection_list(findings, contents);
    if (positions)
        value_replace(&list, workflow_inspection_placed(list, text, n));
    http_respond_value(request, 200, list);
}

static const struct http_parameter parameters[] = {
    { "positions", HTTP_BOOLEAN }, /* with the line and column of each finding */
    { NULL, HTTP_STRING },
};

static const struct http_route routes[] = {
    { "POST", HTTP_API, "/workflows/inspect", inspect, 0, parameters, NULL },
};

const struct api_routes api_workflow_routes = { routes, ELEMENTS(routes) };
