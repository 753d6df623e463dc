/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of a definition: the tasks and commands that can be reached from the start tasks, and one edge for each
   transition to each of its targets. Immutable; borrows the definition. Nodes carry the numbers of spec->tasks. */
#ifndef FULMAR_WORKFLOW_GRAPH_H
#define FULMAR_WORKFLOW_GRAPH_H

#include "workflow/spec.h"

struct graph_edge {
    uint32_t from, to;
    uint32_t key;         /* numbers the edges from `from` to `to` */
    uint32_t ref;         /* the transition of `from` */
    uint32_t source;      /* which of the distinct sources of `to` this one is */
    uint32_t source_edge; /* the first edge from `from` to `to` */
    value next_id;        /* "<to>__t<key>" */
    value prev_id;        /* "<from>__t<key>" */
};

struct graph_node {
    bool present;
    bool has_barrier, barrier_all;
    int64_t barrier; /* how many sources the barrier asks for; see graph_requirement */
    value splits;    /* list of the names of the split tasks on the way; UNSET when there are none */
    uint32_t first_out, n_out; /* edges are in the order of their targets' names */
    uint32_t n_sources;        /* distinct tasks that lead here */
    uint32_t *in, n_in;        /* edges */
};

struct workflow_graph {
    const struct workflow_spec *spec;
    struct graph_node *nodes; /* one for each of spec->tasks */
    struct graph_edge *edges;
    uint32_t n_edges;
    uint32_t *roots, n_roots; /* by name */
};

/* Fails when a transition names a task that is not defined. */
int workflow_graph_new(const struct workflow_spec *spec, struct workflow_graph **ret, struct error *err);
void workflow_graph_free(struct workflow_graph *graph);
void workflow_graph_freep(struct workflow_graph **graph);

/* How many distinct sources must have led to the node before it may start. */
uint32_t graph_requirement(const struct graph_node *node);
static inline const struct spec_transition *graph_transition(const struct workflow_graph *graph,
                                                             const struct graph_edge *edge)
{
    return &graph->spec->tasks[edge->from].transitions[edge->ref];
}
/* {roots, nodes: [{id, barrier?, splits?, retry?}], edges: [{from, to, key, criteria, ref}]}, sorted. Owned. */
value workflow_graph_value(const struct workflow_graph *graph);
/* The graph as clients know it: node-link adjacency form. Owned. */
value workflow_graph_document(const struct workflow_graph *graph);
/* {when, count, delay} of a task as its node shows it; UNSET when it has no retry. Owned. */
value graph_retry_value(const struct spec_task *task);

#endif
