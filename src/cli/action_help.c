/* SPDX-License-Identifier: Apache-2.0 */
/* `run <action> -h`: what the action is for and which parameters it takes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/execution.h"
#include "cli/text.h"
#include "value/python.h"

#define TEXT_WIDTH      70
#define PARAMETER_WIDTH 78

struct parameter {
    const char *name;
    value definition; /* borrowed */
    bool has_position;
    int64_t position;
};

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;

    if (x->has_position != y->has_position)
        return x->has_position ? -1 : 1;
    if (x->has_position && x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void line_print(size_t indent, const char *label, const char *text)
{
    CLEANUP(freep)
    char *line = xasprintf("%s%s", label, text);
    BUFFER_AUTO(out);

    cli_text_wrap(&out, line, strlen(line), PARAMETER_WIDTH, indent, indent);
    puts(buffer_text(&out));
}

static void member_print(const char *label, value v)
{
    BUFFER_AUTO(text);

    python_str(&text, v);
    line_print(8, label, buffer_text(&text));
}

static void enum_print(value choices)
{
    BUFFER_AUTO(text);

    VALUE_LIST_EACH (i, choice, choices) {
        buffer_add_text(&text, i ? ", " : "");
        python_str(&text, choice);
    }
    line_print(8, "Enum: ", buffer_text(&text));
}

static void parameter_print(const struct parameter *parameter)
{
    static const struct {
        const char *member, *label;
    } members[] = { { "description", "" }, { "type", "Type: " } };
    value initial = value_map_get(parameter->definition, "default");

    line_print(4, "", parameter->name);
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        value v = value_map_get(parameter->definition, members[i].member);

        if (value_truth(v))
            member_print(members[i].label, v);
    }
    if (value_truth(value_map_get(parameter->definition, "enum")))
        enum_print(value_map_get(parameter->definition, "enum"));
    if (!value_is_null(initial))
        member_print("Default: ", initial);
    putchar('\n');
}

/* The parameters of the action over those of its runner. Owned. */
static value definitions_merge(value action, value runner)
{
    value merged = value_ref(value_map_get(runner, "runner_parameters"));

    if (!value_is_map(merged)) {
        value_unref(merged);
        merged = value_map_new(4);
    }
    if (value_is_map(value_map_get(action, "parameters")))
        value_map_update(&merged, value_map_get(action, "parameters"));
    return merged;
}

static bool is_immutable(value action, value runner, const char *name)
{
    value of_runner = value_map_get(value_map_get(runner, "runner_parameters"), name);
    value of_action = value_map_get(value_map_get(action, "parameters"), name);

    return value_map_bool(of_runner, "immutable", false) || value_map_bool(of_action, "immutable", false);
}

static void section_print(const char *title, value action, value runner, value definitions, bool required)
{
    struct parameter *parameters = xcalloc(value_map_count(definitions) + 1, sizeof(*parameters));
    size_t n = 0;

    VALUE_MAP_EACH (i, definitions) {
        const char *name = value_chars(value_map_key_at(definitions, i));
        value definition = value_map_item_at(definitions, i);
        value position = value_map_get(definition, "position");

        if (!name || !value_is_map(definition) || is_immutable(action, runner, name) ||
            value_truth(value_map_get(definition, "required")) != required)
            continue;
        parameters[n++] =
            (struct parameter){ name, definition, position.kind == VALUE_INT, position.integer };
    }
    qsort(parameters, n, sizeof(*parameters), compare_parameters);
    if (n)
        puts(title);
    for (size_t i = 0; i < n; i++)
        parameter_print(&parameters[i]);
    free(parameters);
}

int cli_action_help(struct cli *cli, const char *ref, struct error *err)
{
    static const struct resource action_resource = { .display = "Action",
                                                     .plural = "actions",
                                                     .path = "/actions" };
    const char *description;
    VALUE_AUTO(action);
    VALUE_AUTO(runner);
    VALUE_AUTO(definitions);
    BUFFER_AUTO(text);
    int r = resource_item_find(cli, &action_resource, ref, true, &action, err);

    if (r == RESOURCE_ABSENT) {
        printf("Action \"%s\" is not found. Use \"%s action list\" to see the list of available actions.\n",
               ref, cli->program);
        return EXIT_DONE;
    }
    if (r == 0)
        r = cli_runner_fetch(cli, action, &runner, err);
    if (r < 0) {
        printf("ERROR: Unable to print help for action \"%s\". %s\n", ref, error_text(err));
        error_release(err);
        return EXIT_DONE;
    }
    description = value_map_chars(action, "description");
    cli_text_wrap(&text, description ? description : "", description ? strlen(description) : 0, TEXT_WIDTH, 0,
                  0);
    printf("\n%s\n\n", buffer_text(&text));
    definitions = definitions_merge(action, runner);
    section_print("Required Parameters:", action, runner, definitions, true);
    section_print("Optional Parameters:", action, runner, definitions, false);
    return EXIT_DONE;
}
