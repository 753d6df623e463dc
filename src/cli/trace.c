/* SPDX-License-Identifier: Apache-2.0 */
/* trace: executions, rules and trigger instances that belong together. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/resource.h"

#define CHAIN_MAX 10000 /* steps of a causation chain */

static const struct resource trace = { .display = "Trace", .plural = "traces", .path = "/traces" };

static const struct display trace_display[] = { { "start_timestamp", DISPLAY_TIME }, { 0 } };

/* The parts of a trace: the member that holds them, the type that causes name, how tables call them, and the
   names under which --attr asks for them. */
static const struct part {
    const char *member, *cause, *label, *names, *option;
} parts[] = {
    { "trigger_instances", "trigger_instance", "trigger-instance",
      "all trigger-instances trigger_instances triggerinstances triggers", "--trigger-instance" },
    { "rules", "rule", "rule", "all rules", "--rule" },
    { "action_executions", "action_execution", "execution",
      "all executions action-executions action_executions actionexecutions actions", "--execution" },
};

/* ---- printing ---- */

static bool part_wanted(const struct part *part, value asked)
{
    VALUE_AUTO(names);

    names = attributes_list(part->names);
    VALUE_LIST_EACH (i, name, names) {
        VALUE_LIST_EACH (k, attribute, asked) {
            if (value_equal(name, attribute))
                return true;
        }
    }
    return false;
}

static bool updated_before(value a, value b)
{
    int order = 0;

    value_compare(value_map_get(a, "updated_at"), value_map_get(b, "updated_at"), &order);
    return order < 0;
}

static value member_or_null(value v, const char *name)
{
    value member = value_map_get(v, name);

    return value_is_set(member) ? value_ref(member) : value_null();
}

/* Puts the components of a part into the rows, which stay sorted by time. */
static void part_rows(const struct part *part, value found, value *rows)
{
    VALUE_LIST_EACH (i, component, value_map_get(found, part->member)) {
        value row = value_map_new(4);
        size_t at = value_list_count(*rows);

        value_map_put(&row, "id", member_or_null(component, "object_id"));
        value_map_put(&row, "type", value_text(part->label));
        value_map_put(&row, "ref", member_or_null(component, "ref"));
        value_map_put(&row, "updated_at", member_or_null(component, "updated_at"));
        while (at > 0 && updated_before(row, value_list_at(*rows, at - 1)))
            at--;
        value_list_insert(rows, at, row);
    }
}

static int trace_print(const struct cli_args *args, value found, value asked, struct error *err)
{
    enum output_form form = output_form(args);
    struct output header = { .form = form, .display = trace_display };
    struct output components = { .form = form };
    VALUE_AUTO(names);
    VALUE_AUTO(columns);
    VALUE_AUTO(rows);
    int r;

    names = attributes_list(form == OUTPUT_JSON
                                ? "id trace_tag action_executions rules trigger_instances start_timestamp"
                                : "id trace_tag start_timestamp");
    header.attributes = names;
    r = output_blocks(&header, found, err);
    if (r < 0 || form != OUTPUT_TEXT)
        return r;
    rows = value_list_new(16);
    for (size_t i = 0; i < ELEMENTS(parts); i++) {
        if (part_wanted(&parts[i], asked))
            part_rows(&parts[i], found, &rows);
    }
    if (value_list_count(rows) == 0)
        return 0;
    components.attributes = columns = attributes_list("id type ref updated_at");
    return output_list(&components, rows, err);
}

/* ---- list ---- */

static const struct list_filter list_filters[] = {
    { "--trace-tag", "trace_tag" },
    { "--trigger-instance", "trigger_instance" },
    { "--execution", "execution" },
    { "--rule", "rule" },
    { 0 },
};

static const struct list_spec list = {
    .resource = &trace,
    .attributes = "id uid trace_tag start_timestamp",
    .filters = list_filters,
    .flags = LIST_QUERY | LIST_LAST,
    .display = trace_display,
};

static int trace_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *sort = args_text(args, "--sort");
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    BUFFER_AUTO(path);
    int64_t total = -1, last = 50;
    int r;

    attributes = resource_list_attributes(args, list.attributes);
    resource_list_path(&list, args, attributes, &path);
    if (sort && (strcmp(sort, "asc") == 0 || strcmp(sort, "ascending") == 0))
        client_query_add(&path, "sort_asc", "True");
    else if (!sort || strcmp(sort, "desc") == 0 || strcmp(sort, "descending") == 0)
        client_query_add(&path, "sort_desc", "True");
    r = client_list(&cli->client, path.data, &entries, &total, err);
    if (r < 0)
        return r;
    if (value_list_count(entries) != 1)
        return resource_list_print(&list, args, attributes, entries, total, err);
    if (!value_is_set(args_value(args, "--attr")))
        value_replace(&attributes, attributes_list("all"));
    r = trace_print(args, value_list_at(entries, 0), attributes, err);
    args_int(args, "--last", &last);
    if (r == 0 && output_form(args) == OUTPUT_TEXT && last > 0 && total > last)
        output_note(&(struct output){ 0 }, trace.plural, 1);
    return r;
}

static const struct cli_option list_options[] = {
    { .letter = "-s",
      .name = "--sort",
      .kind = OPTION_TEXT,
      .metavar = "SORT_ORDER",
      .help =
          "Sort traces by start timestamp, asc|ascending (earliest first) or desc|descending (latest first)" },
    { .letter = "-c",
      .name = "--trace-tag",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "Trace-tag to filter the list." },
    { .letter = "-e",
      .name = "--execution",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "Execution to filter the list." },
    { .letter = "-r",
      .name = "--rule",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "Rule to filter the list." },
    { .letter = "-g",
      .name = "--trigger-instance",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "TriggerInstance to filter the list." },
    OPTIONS_END,
};

const struct cli_command command_trace_list = {
    .name = "list",
    .help = "Get the list of the 50 most recent traces.",
    .options = COMMON_OPTIONS(options_last, list_options, options_columns),
    .run = trace_list,
};

/* ---- get ---- */

static const struct part *part_by_cause(const char *cause)
{
    for (size_t i = 0; cause && i < ELEMENTS(parts); i++) {
        if (strcmp(parts[i].cause, cause) == 0)
            return &parts[i];
    }
    return NULL;
}

/* The component of a part with this id; when `caused_by` is given, that too must be its cause. */
static value component_find(value found, const struct part *part, const char *id, const char *caused_by)
{
    VALUE_LIST_EACH (i, component, value_map_get(found, part->member)) {
        const char *object_id = value_map_chars(component, "object_id");
        const char *cause = value_chars(value_path(component, "caused_by.id"));

        if (object_id && strcmp(object_id, id) == 0 &&
            (!caused_by || (cause && strcmp(cause, caused_by) == 0)))
            return component;
    }
    return VALUE_NOTHING;
}

/* Only what led to the component: from it to its cause, and so on. A cause "rule:instance" names a rule and
   what caused it. Takes and returns. */
static value chain_only(value found, const struct part *part, const char *id)
{
    value kept[ELEMENTS(parts)], result = value_ref(found);
    CLEANUP(freep)
    char *wanted = xstrdup(id);
    CLEANUP(freep)
    char *caused_by = NULL;

    for (size_t i = 0; i < ELEMENTS(parts); i++)
        kept[i] = value_list_new(2);
    for (int step = 0; part && wanted && step < CHAIN_MAX; step++) {
        value component = component_find(found, part, wanted, caused_by);
        const char *cause = value_chars(value_path(component, "caused_by.id")), *colon;

        if (!value_is_set(component))
            break;
        value_list_append(&kept[part - parts], value_ref(component));
        part = part_by_cause(value_chars(value_path(component, "caused_by.type")));
        free(wanted);
        free(caused_by);
        colon = cause ? strchr(cause, ':') : NULL;
        wanted = cause ? xstrndup(cause, colon ? (size_t)(colon - cause) : strlen(cause)) : NULL;
        caused_by = colon ? xstrdup(colon + 1) : NULL;
    }
    for (size_t i = 0; i < ELEMENTS(parts); i++)
        value_map_set_text(&result, parts[i].member, kept[i]);
    value_unref(found);
    return result;
}

/* Trigger instances that no rule came from are left out. Takes and returns. */
static value noop_triggers_hide(value found)
{
    value kept = value_list_new(4);

    VALUE_LIST_EACH (i, instance, value_map_get(found, "trigger_instances")) {
        bool used = false;

        VALUE_LIST_EACH (k, rule, value_map_get(found, "rules"))
            used |= value_equal(value_path(rule, "caused_by.id"), value_map_get(instance, "object_id"));
        if (used)
            value_list_append(&kept, value_ref(instance));
    }
    value_map_put(&found, "trigger_instances", kept);
    return found;
}

static value display_filter(const struct cli_args *args, value found)
{
    static const char *const shows[] = { "--show-trigger-instances", "--show-rules", "--show-executions" };
    bool any = false;

    for (size_t i = 0; i < ELEMENTS(shows); i++)
        any |= args_flag(args, shows[i]);
    if (args_flag(args, "--hide-noop-triggers") && (!any || args_flag(args, shows[0])))
        found = noop_triggers_hide(found);
    for (size_t i = 0; any && i < ELEMENTS(shows); i++) {
        if (!args_flag(args, shows[i]))
            value_map_set_text(&found, parts[i].member, value_list_new(0));
    }
    return found;
}

static int trace_get(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(attributes);
    VALUE_AUTO(items);
    int r = resource_items_get(cli, &trace, args_operands(args, "id"), "", &items, err);

    if (r < 0)
        return r;
    attributes = resource_list_attributes(args, "all");
    VALUE_LIST_EACH (i, item, items) {
        VALUE_AUTO(found);

        found = value_ref(item);
        for (size_t k = 0; k < ELEMENTS(parts); k++) {
            if (args_text(args, parts[k].option))
                found = chain_only(found, &parts[k], args_text(args, parts[k].option));
        }
        found = display_filter(args, found);
        r = trace_print(args, found, attributes, err);
        if (r < 0)
            return r;
    }
    return EXIT_DONE;
}

static const struct cli_option get_options[] = {
    { .letter = "-e",
      .name = "--execution",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "Execution to show causation chain." },
    { .letter = "-r",
      .name = "--rule",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "Rule to show causation chain." },
    { .letter = "-g",
      .name = "--trigger-instance",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "TriggerInstance to show causation chain." },
    { .name = "--show-executions", .help = "Only show executions.", .flags = OPTION_OWN_SECTION },
    { .name = "--show-rules", .help = "Only show rules.", .flags = OPTION_OWN_SECTION },
    { .name = "--show-trigger-instances",
      .help = "Only show trigger instances.",
      .flags = OPTION_OWN_SECTION },
    { .letter = "-n",
      .name = "--hide-noop-triggers",
      .help = "Hide noop trigger instances.",
      .flags = OPTION_OWN_SECTION },
    OPTIONS_END,
};

const struct cli_command command_trace_get = {
    .name = "get",
    .help = "Get individual trace.",
    .options = COMMON_OPTIONS(options_fields, get_options),
    .operands = OPERANDS({ "id", OPERAND_SOME, "Id of the trace." }),
    .run = trace_get,
};
