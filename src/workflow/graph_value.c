/* SPDX-License-Identifier: Apache-2.0 */
/* The graph as values: sorted for comparing and drawing, and in the adjacency form that clients know. */
#include "workflow/graph.h"

#include <stdlib.h>

#include "base/mem.h"

value graph_retry_value(const struct spec_task *task)
{
    value retry = VALUE_NOTHING;

    if (!task->has_retry)
        return retry;
    retry = value_map_new(3);
    value_map_put(&retry, "when",
                  task->retry_when ? value_ref(template_source(task->retry_when)) : value_null());
    value_map_put(&retry, "count",
                  task->retry_count ? value_ref(template_source(task->retry_count)) : value_null());
    if (!task->retry_command)
        value_map_put(&retry, "delay",
                      task->retry_delay ? value_ref(template_source(task->retry_delay)) : value_null());
    return retry;
}

static value node_value(const struct workflow_graph *graph, uint32_t number)
{
    const struct graph_node *node = &graph->nodes[number];
    value v = value_map_new(4), retry = graph_retry_value(&graph->spec->tasks[number]);

    value_map_put(&v, "id", value_ref(graph->spec->tasks[number].name_value));
    if (node->has_barrier)
        value_map_put(&v, "barrier", node->barrier_all ? VALUE_ATOM("*") : value_int(node->barrier));
    if (value_is_set(node->splits))
        value_map_put(&v, "splits", value_ref(node->splits));
    if (value_is_set(retry))
        value_map_put(&v, "retry", retry);
    return v;
}

static value criteria_value(const struct workflow_graph *graph, const struct graph_edge *edge)
{
    const struct spec_transition *transition = graph_transition(graph, edge);
    value criteria = value_list_new(1);

    if (transition->when)
        value_list_append(&criteria, value_ref(template_source(transition->when)));
    return criteria;
}

static int compare_nodes(const void *a, const void *b, void *graph)
{
    const struct spec_task *tasks = ((const struct workflow_graph *)graph)->spec->tasks;
    const uint32_t *x = a, *y = b;

    return strcmp(tasks[*x].name, tasks[*y].name);
}

/* The numbers of the present nodes by name; freed by the caller. */
static uint32_t *nodes_sorted(const struct workflow_graph *graph, size_t *ret_n)
{
    size_t all = graph->spec->n_tasks + COMMANDS, n = 0;
    uint32_t *numbers = xcalloc(all, sizeof(*numbers));

    for (size_t i = 0; i < all; i++)
        if (graph->nodes[i].present)
            numbers[n++] = (uint32_t)i;
    qsort_r(numbers, n, sizeof(*numbers), compare_nodes, (void *)graph);
    *ret_n = n;
    return numbers;
}

value workflow_graph_value(const struct workflow_graph *graph)
{
    const struct spec_task *tasks = graph->spec->tasks;
    value v = value_map_new(3), roots = value_list_new(graph->n_roots), nodes = value_list_new(8),
          edges = value_list_new(8);
    size_t n;
    uint32_t *numbers = nodes_sorted(graph, &n);

    for (uint32_t i = 0; i < graph->n_roots; i++)
        value_list_append(&roots, value_ref(tasks[graph->roots[i]].name_value));
    for (size_t i = 0; i < n; i++) {
        const struct graph_node *node = &graph->nodes[numbers[i]];

        value_list_append(&nodes, node_value(graph, numbers[i]));
        for (uint32_t k = node->first_out; k < node->first_out + node->n_out; k++) {
            const struct graph_edge *edge = &graph->edges[k];
            value e = value_map_new(5);

            value_map_put(&e, "from", value_ref(tasks[edge->from].name_value));
            value_map_put(&e, "to", value_ref(tasks[edge->to].name_value));
            value_map_put(&e, "key", value_int(edge->key));
            value_map_put(&e, "criteria", criteria_value(graph, edge));
            value_map_put(&e, "ref", value_int(edge->ref));
            value_list_append(&edges, e);
        }
    }
    free(numbers);
    value_map_put(&v, "roots", roots);
    value_map_put(&v, "nodes", nodes);
    value_map_put(&v, "edges", edges);
    return v;
}

value workflow_graph_document(const struct workflow_graph *graph)
{
    value v = value_map_new(5), nodes = value_list_new(8), adjacency = value_list_new(8);
    size_t n;
    uint32_t *numbers = nodes_sorted(graph, &n);

    for (size_t i = 0; i < n; i++) {
        const struct graph_node *node = &graph->nodes[numbers[i]];
        value out = value_list_new(node->n_out);

        value_list_append(&nodes, node_value(graph, numbers[i]));
        for (uint32_t k = node->first_out; k < node->first_out + node->n_out; k++) {
            const struct graph_edge *edge = &graph->edges[k];
            value e = value_map_new(4);

            value_map_put(&e, "id", value_ref(graph->spec->tasks[edge->to].name_value));
            value_map_put(&e, "key", value_int(edge->key));
            value_map_put(&e, "criteria", criteria_value(graph, edge));
            value_map_put(&e, "ref", value_int(edge->ref));
            value_list_append(&out, e);
        }
        value_list_append(&adjacency, out);
    }
    free(numbers);
    value_map_put(&v, "directed", value_bool(true));
    value_map_put(&v, "multigraph", value_bool(true));
    value_map_put(&v, "graph", value_list_new(0));
    value_map_put(&v, "nodes", nodes);
    value_map_put(&v, "adjacency", adjacency);
    return v;
}
