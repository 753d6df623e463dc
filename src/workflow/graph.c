/* SPDX-License-Identifier: Apache-2.0 */
/* Composition walks the definition breadth first from its start tasks. A task outside of cycles is met once on each way
   that leads to it, and the last meeting decides which splits its node shows. The number of ways grows exponentially,
   so of the meetings of one task at one distance only the first (it is the one that enters cycles) and the last (it
   decides) are kept; the others change nothing. */
#include "workflow/graph.h"

#include <stdlib.h>

#include "base/mem.h"

struct visit {
    uint32_t task;
    value splits; /* list */
    bool dropped;
};

struct level {
    struct visit *visits;
    size_t n, room;
    uint32_t *first, *last; /* by task: visit + 1 */
};

struct compose {
    struct workflow_graph *graph;
    const struct workflow_spec *spec;
    bool *edges_done;
    size_t edge_room;
    struct level levels[2];
};

static int compare_tasks(const void *a, const void *b, void *spec)
{
    const struct spec_task *tasks = ((const struct workflow_spec *)spec)->tasks;
    const uint32_t *x = a, *y = b;

    return strcmp(tasks[*x].name, tasks[*y].name);
}

static int compare_edges(const void *a, const void *b, void *spec)
{
    const struct graph_edge *x = a, *y = b;
    int order;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    order = compare_tasks(&x->to, &y->to, spec);
    if (order)
        return order;
    return x->ref < y->ref ? -1 : x->ref > y->ref;
}

/* Takes the splits. */
static void level_add(struct level *level, uint32_t task, value splits)
{
    GROW(level->visits, level->n, level->room);
    level->visits[level->n] = (struct visit){ task, splits, false };
    if (!level->first[task])
        level->first[task] = (uint32_t)level->n + 1;
    else if (level->last[task])
        level->visits[level->last[task] - 1].dropped = true;
    if (level->first[task] != level->n + 1)
        level->last[task] = (uint32_t)level->n + 1;
    level->n++;
}

static void level_clear(struct level *level)
{
    for (size_t i = 0; i < level->n; i++) {
        level->first[level->visits[i].task] = level->last[level->visits[i].task] = 0;
        value_unref(level->visits[i].splits);
    }
    level->n = 0;
}

/* The edges out of a task, unsorted; `do: [b, b]` makes one. */
static int edges_add(struct compose *compose, uint32_t from, struct error *err)
{
    struct workflow_graph *graph = compose->graph;
    const struct spec_task *task = &compose->spec->tasks[from];

    for (size_t ref = 0; ref < task->n_transitions; ref++) {
        uint32_t start = graph->n_edges;

        VALUE_LIST_EACH (i, name, task->transitions[ref].names) {
            int64_t to = workflow_spec_find(compose->spec, value_chars(name));
            uint32_t k = start;

            if (to < 0)
                return error_set_kind(err, -EINVAL, "KeyError", "'%s'", value_chars(name));
            if (compose->spec->tasks[to].command == COMMAND_RETRY)
                continue;
            while (k < graph->n_edges && graph->edges[k].to != to)
                k++;
            if (k < graph->n_edges)
                continue;
            GROW(graph->edges, graph->n_edges, compose->edge_room);
            graph->edges[graph->n_edges++] =
                (struct graph_edge){ .from = from, .to = (uint32_t)to, .ref = (uint32_t)ref };
        }
    }
    return 0;
}

static int compare_targets(const void *a, const void *b, void *spec)
{
    const struct graph_edge *x = a, *y = b;
    int order = compare_tasks(&x->to, &y->to, spec);

    return order ? order : x->ref < y->ref ? -1 : x->ref > y->ref;
}

static void node_visit(struct compose *compose, const struct visit *visit, value splits)
{
    struct graph_node *node = &compose->graph->nodes[visit->task];
    const struct spec_task *task = &compose->spec->tasks[visit->task];

    node->present = true;
    node->has_barrier = task->has_join;
    node->barrier_all = task->join_all;
    node->barrier = task->join;
    if (value_list_count(splits) > 0)
        value_replace(&node->splits, value_ref(splits));
}

static int visit_make(struct compose *compose, const struct visit *visit, struct level *next,
                      uint32_t *first_edge, struct error *err)
{
    struct workflow_graph *graph = compose->graph;
    const struct spec_task *task = &compose->spec->tasks[visit->task];
    VALUE_AUTO(splits);
    uint32_t from = graph->nodes[visit->task].first_out, n;

    splits = value_ref(visit->splits);
    if (task->is_split && !task->in_cycle)
        value_list_append(&splits, value_ref(task->name_value));
    node_visit(compose, visit, splits);
    if (!compose->edges_done[visit->task]) {
        compose->edges_done[visit->task] = true;
        from = graph->nodes[visit->task].first_out = *first_edge;
        int r = edges_add(compose, visit->task, err);

        if (r < 0)
            return r;
        n = graph->nodes[visit->task].n_out = graph->n_edges - from;
        *first_edge = graph->n_edges;
        if (n)
            qsort_r(graph->edges + from, n, sizeof(struct graph_edge), compare_targets,
                    (void *)compose->spec);
    }
    n = graph->nodes[visit->task].n_out;
    for (uint32_t i = from; i < from + n; i++) {
        uint32_t to = graph->edges[i].to;

        if (graph->nodes[to].present && compose->spec->tasks[to].in_cycle)
            continue;
        graph->nodes[to].present = true;
        level_add(next, to, value_ref(splits));
    }
    return 0;
}

static int compose_walk(struct compose *compose, struct error *err)
{
    struct level *now = &compose->levels[0], *next = &compose->levels[1], *swap;
    uint32_t first_edge = 0;

    for (uint32_t i = 0; i < compose->graph->n_roots; i++)
        level_add(now, compose->graph->roots[i], value_list_new(0));
    while (now->n) {
        for (size_t i = 0; i < now->n; i++) {
            int r = now->visits[i].dropped ? 0 : visit_make(compose, &now->visits[i], next, &first_edge, err);

            if (r < 0)
                return r;
        }
        level_clear(now);
        swap = now;
        now = next;
        next = swap;
    }
    return 0;
}

/* Sorts the edges by source and gives keys, ids and places among the sources. */
static void edges_finish(struct compose *compose)
{
    struct workflow_graph *graph = compose->graph;
    const struct spec_task *tasks = compose->spec->tasks;
    size_t n_nodes = compose->spec->n_tasks + COMMANDS;

    if (graph->n_edges)
        qsort_r(graph->edges, graph->n_edges, sizeof(graph->edges[0]), compare_edges, (void *)compose->spec);
    for (size_t i = 0; i < n_nodes; i++)
        graph->nodes[i].n_out = 0;
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        struct graph_edge *edge = &graph->edges[i], *before = i ? edge - 1 : NULL;
        struct graph_node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];

        if (from->n_out++ == 0)
            from->first_out = i;
        if (before && before->from == edge->from && before->to == edge->to) {
            edge->key = before->key + 1;
            edge->source = before->source;
            edge->source_edge = before->source_edge;
        } else {
            edge->source = to->n_sources++;
            edge->source_edge = i;
        }
        edge->next_id = value_textf("%s__t%u", tasks[edge->to].name, edge->key);
        edge->prev_id = value_textf("%s__t%u", tasks[edge->from].name, edge->key);
        to->n_in++;
    }
    for (size_t i = 0; i < n_nodes; i++) {
        graph->nodes[i].in = xcalloc(graph->nodes[i].n_in + 1, sizeof(uint32_t));
        graph->nodes[i].n_in = 0;
    }
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        struct graph_node *to = &graph->nodes[graph->edges[i].to];

        to->in[to->n_in++] = i;
    }
}

static void roots_find(struct workflow_graph *graph)
{
    const struct workflow_spec *spec = graph->spec;

    graph->roots = xcalloc(spec->n_tasks + 1, sizeof(uint32_t));
    for (size_t i = 0; i < spec->n_tasks; i++)
        if (spec->tasks[i].n_mentions == 0 && workflow_spec_find(spec, spec->tasks[i].name) == (int64_t)i)
            graph->roots[graph->n_roots++] = (uint32_t)i;
    qsort_r(graph->roots, graph->n_roots, sizeof(uint32_t), compare_tasks, (void *)spec);
}

int workflow_graph_new(const struct workflow_spec *spec, struct workflow_graph **ret, struct error *err)
{
    CLEANUP(workflow_graph_freep)
    struct workflow_graph *graph = xcalloc(1, sizeof(*graph));
    size_t n = spec->n_tasks + COMMANDS;
    struct compose compose = { .graph = graph, .spec = spec };
    int r;

    graph->spec = spec;
    if (!spec->has_tasks)
        return error_set_kind(err, -EINVAL, "AttributeError",
                              "'NoneType' object has no attribute 'get_start_tasks'");
    graph->nodes = xcalloc(n, sizeof(graph->nodes[0]));
    roots_find(graph);
    compose.edges_done = xcalloc(n, sizeof(bool));
    for (size_t i = 0; i < 2; i++) {
        compose.levels[i].first = xcalloc(n, sizeof(uint32_t));
        compose.levels[i].last = xcalloc(n, sizeof(uint32_t));
    }
    r = compose_walk(&compose, err);
    if (r == 0)
        edges_finish(&compose);
    for (size_t i = 0; i < 2; i++) {
        level_clear(&compose.levels[i]);
        free(compose.levels[i].first);
        free(compose.levels[i].last);
        free(compose.levels[i].visits);
    }
    free(compose.edges_done);
    if (r < 0)
        return r;
    *ret = take_ptr(&graph);
    return 0;
}

void workflow_graph_free(struct workflow_graph *graph)
{
    if (!graph)
        return;
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        value_unref(graph->edges[i].next_id);
        value_unref(graph->edges[i].prev_id);
    }
    if (graph->nodes)
        for (size_t i = 0; i < graph->spec->n_tasks + COMMANDS; i++) {
            value_unref(graph->nodes[i].splits);
            free(graph->nodes[i].in);
        }
    free(graph->nodes);
    free(graph->edges);
    free(graph->roots);
    free(graph);
}

void workflow_graph_freep(struct workflow_graph **graph)
{
    workflow_graph_free(*graph);
}

uint32_t graph_requirement(const struct graph_node *node)
{
    if (node->barrier_all)
        return node->n_sources;
    return node->barrier > 0 ? (uint32_t)node->barrier : 1;
}
