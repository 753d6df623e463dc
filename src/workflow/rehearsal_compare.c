/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a rehearsal: is it what the test expects, and which transitions were taken. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "value/python.h"
#include "workflow/rehearsal-internal.h"

void rehearsal_differ(struct rehearsal *rehearsal, const char *path, value message)
{
    value difference = value_map_new(2);

    value_map_put(&difference, "message", message);
    value_map_put(&difference, "path", value_text(path));
    value_list_append(&rehearsal->differences, difference);
}

/* What a test may expect, as messages call it. */
struct part {
    const char *expected; /* key of the test */
    const char *name;
};

static const struct part part_sequence = { "expected_task_sequence", "task sequence" },
                         part_routes = { "expected_routes", "routes" },
                         part_errors = { "expected_errors", "workflow errors" },
                         part_output = { "expected_output", "workflow output" },
                         part_terms = { "expected_term_tasks", "terminal tasks" },
                         part_findings = { "expected_inspection_errors", "inspection errors" };

static void differ(struct rehearsal *rehearsal, const struct part *part, value actual, value expected)
{
    BUFFER_AUTO(text);

    buffer_addf(&text, "The actual %s ", part->name);
    python_repr(&text, actual);
    buffer_add_text(&text, part == &part_sequence ? " does not match expected " : " do not match expected ");
    python_repr(&text, expected);
    buffer_add_char(&text, '.');
    rehearsal_differ(rehearsal, part->expected, value_text(buffer_text(&text)));
}

static void compare(struct rehearsal *rehearsal, const struct part *part, value actual, value expected)
{
    if (!value_equal(actual, expected))
        differ(rehearsal, part, actual, expected);
}

/* ---- names ---- */

/* "task" on the first route, else "task__r1". Owned. */
static value entry_name(value entry)
{
    int64_t route = value_map_int(entry, "route", 0);

    return route ? value_textf("%s__r%lld", value_map_chars(entry, "id"), (long long)route)
                 : value_ref(value_map_get(entry, "id"));
}

static int compare_texts(const void *a, const void *b)
{
    const char *x = value_chars(*(const value *)a), *y = value_chars(*(const value *)b);

    return x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
}

static void sort_names(value *names)
{
    if (value_list_count(*names) > 1)
        qsort(names->list->items, value_list_count(*names), sizeof(value), compare_texts);
}

value rehearsal_names(value report, bool only_terms)
{
    value names = value_list_new(8), sequence = value_map_get(report, "sequence");

    VALUE_LIST_EACH (i, entry, sequence) {
        if (!only_terms || value_map_bool(entry, "term", false))
            value_list_append(&names, entry_name(entry));
    }
    if (only_terms)
        sort_names(&names);
    return names;
}

/* "task__r0" and "task" are the same. Owned. */
static value names_normal(value names)
{
    value normal = value_list_new(value_list_count(names));

    VALUE_LIST_EACH (i, name, names) {
        const char *text = value_chars(name);
        size_t n = value_len(name);
        bool first = text && n > 4 && strcmp(text + n - 4, "__r0") == 0;

        value_list_append(&normal, first ? value_text_n(text, n - 4) : value_ref(name));
    }
    return normal;
}

/* ---- comparing ---- */

static void compare_status(struct rehearsal *rehearsal, value test)
{
    const char *want = value_map_chars(test, "expected_workflow_status");
    const char *got = status_name(conductor_status(rehearsal->conductor));

    want = want ? want : "succeeded";
    if (strcmp(want, got) != 0)
        rehearsal_differ(
            rehearsal, "expected_workflow_status",
            value_textf("The actual workflow status \"%s\" does not match expected \"%s\".", got, want));
}

static void compare_if_expected(struct rehearsal *rehearsal, value test, const struct part *part,
                                value actual)
{
    value wanted = value_map_get(test, part->expected);

    if (value_is_set(wanted))
        compare(rehearsal, part, actual, wanted);
}

static void compare_terms(struct rehearsal *rehearsal, value test, value report)
{
    VALUE_AUTO(terms);
    VALUE_AUTO(wanted);

    if (!value_map_has(test, part_terms.expected))
        return;
    terms = rehearsal_names(report, true);
    wanted = names_normal(value_map_get(test, part_terms.expected));
    sort_names(&wanted);
    compare(rehearsal, &part_terms, terms, wanted);
}

void rehearsal_compare(struct rehearsal *rehearsal, value test, value report)
{
    VALUE_AUTO(sequence);
    VALUE_AUTO(wanted);
    VALUE_AUTO(routes);

    routes = value_ref(value_map_get(test, part_routes.expected));
    if (!value_is_set(routes)) {
        routes = value_list_new(1);
        value_list_append(&routes, value_list_new(0));
    }
    sequence = rehearsal_names(report, false);
    wanted = names_normal(value_map_get(test, part_sequence.expected));
    compare(rehearsal, &part_sequence, sequence, wanted);
    compare(rehearsal, &part_routes, value_map_get(report, "routes"), routes);
    compare_status(rehearsal, test);
    compare_if_expected(rehearsal, test, &part_errors, value_map_get(report, "errors"));
    compare_if_expected(rehearsal, test, &part_output, value_map_get(report, "output"));
    compare_terms(rehearsal, test, report);
}

/* Findings match when each expected one is there with everything it gives. */
static bool finding_matches(value want, value got)
{
    VALUE_MAP_EACH (i, want)
        if (!value_equal(value_map_item_at(want, i), value_map_get_value(got, value_map_key_at(want, i))))
            return false;
    return true;
}

static bool findings_match(value want, value got)
{
    if (value_map_count(want) != value_map_count(got))
        return false;
    VALUE_MAP_EACH (i, want) {
        value entries = value_map_item_at(want, i),
              found = value_map_get_value(got, value_map_key_at(want, i));

        if (value_list_count(entries) != value_list_count(found))
            return false;
        VALUE_LIST_EACH (k, entry, entries)
            if (!finding_matches(entry, value_list_at(found, k)))
                return false;
    }
    return true;
}

void rehearsal_compare_findings(struct rehearsal *rehearsal, value wanted, value found)
{
    if (!findings_match(wanted, found))
        differ(rehearsal, &part_findings, found, wanted);
}

/* ---- coverage ---- */

static value transition_coverage(const struct rehearsal *rehearsal, const struct graph_edge *edge,
                                 value report, size_t *n_taken)
{
    const struct spec_transition *transition = graph_transition(rehearsal->graph, edge);
    value sequence = value_map_get(report, "sequence"), v = value_map_new(6);
    int64_t taken = 0, not_taken = 0;

    VALUE_LIST_EACH (i, entry, sequence) {
        value satisfied = value_map_get_value(value_map_get(entry, "next"), edge->next_id);

        if (satisfied.kind != VALUE_BOOL ||
            !value_text_is(value_map_get(entry, "id"), rehearsal->spec->tasks[edge->from].name))
            continue;
        taken += satisfied.boolean;
        not_taken += !satisfied.boolean;
    }
    *n_taken += taken > 0;
    value_map_put(&v, "task", value_ref(rehearsal->spec->tasks[edge->from].name_value));
    value_map_put(&v, "transition", value_int(edge->ref));
    if (transition->when)
        value_map_put(&v, "when", value_ref(template_source(transition->when)));
    value_map_put(&v, "to", value_ref(rehearsal->spec->tasks[edge->to].name_value));
    value_map_put(&v, "taken", value_int(taken));
    value_map_put(&v, "not_taken", value_int(not_taken));
    return v;
}

value rehearsal_coverage(const struct rehearsal *rehearsal, value report)
{
    value v = value_map_new(3), all = value_list_new(rehearsal->graph->n_edges);
    size_t n_taken = 0;

    for (uint32_t i = 0; i < rehearsal->graph->n_edges; i++)
        value_list_append(&all,
                          transition_coverage(rehearsal, &rehearsal->graph->edges[i], report, &n_taken));
    value_map_put(&v, "transitions", value_int(rehearsal->graph->n_edges));
    value_map_put(&v, "taken", value_int((int64_t)n_taken));
    value_map_put(&v, "all", all);
    return v;
}
