/* SPDX-License-Identifier: Apache-2.0 */
/* A definition's graph as text that drawing programs read. */
#ifndef FULMAR_WORKFLOW_DRAW_H
#define FULMAR_WORKFLOW_DRAW_H

#include "base/buffer.h"
#include "workflow/graph.h"

/* Mermaid: "flowchart TD", a node a task, an edge a transition with its condition. */
void workflow_draw_mermaid(const struct workflow_graph *graph, struct buffer *out);
/* Graphviz. */
void workflow_draw_dot(const struct workflow_graph *graph, struct buffer *out);

#endif
