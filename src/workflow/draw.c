/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes are numbered, and names stand in quoted labels only: a name may hold letters of any script. */
#include "workflow/draw.h"

struct style {
    const char *begin, *end;
    const char *shapes[3][2];    /* of tasks, joins and commands: what opens and closes them */
    const char *quote, *newline; /* what stands for these inside of a label */
};

static const struct style mermaid = {
    .begin = "flowchart TD\n",
    .end = "",
    .shapes = { { "[", "]" }, { "[[", "]]" }, { "([", "])" } },
    .quote = "#quot;",
    .newline = "<br/>",
};

static const struct style dot = {
    .begin = "digraph workflow {\n    node [fontname=\"sans-serif\"];\n",
    .end = "}\n",
    .shapes = { { "box", "" }, { "box", ", peripheries=2" }, { "ellipse", "" } },
    .quote = "\\\"",
    .newline = "\\n",
};

static void label_add(struct buffer *out, const struct style *style, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '"':
            buffer_add_text(out, style->quote);
            break;
        case '\n':
            buffer_add_text(out, style->newline);
            break;
        case '\\':
            buffer_add_text(out, style == &dot ? "\\\\" : "\\");
            break;
        case '<':
            buffer_add_text(out, style == &mermaid ? "#lt;" : "<");
            break;
        case '>':
            buffer_add_text(out, style == &mermaid ? "#gt;" : ">");
            break;
        default:
            buffer_add_char(out, *text);
        }
}

/* "name", and below it what the task runs and how. */
static void task_label(struct buffer *out, const struct style *style, const struct workflow_graph *graph,
                       uint32_t number)
{
    const struct spec_task *task = &graph->spec->tasks[number];
    const struct graph_node *node = &graph->nodes[number];

    label_add(out, style, task->name);
    if (value_is_string(task->action_value) && value_len(task->action_value)) {
        buffer_add_text(out, style->newline);
        label_add(out, style, value_chars(task->action_value));
    }
    if (task->has_items)
        buffer_addf(out, "%swith items", style->newline);
    if (node->has_barrier && node->barrier_all)
        buffer_addf(out, "%sjoin all", style->newline);
    else if (node->has_barrier)
        buffer_addf(out, "%sjoin %lld", style->newline, (long long)node->barrier);
    if (task->has_retry)
        buffer_addf(out, "%sretry", style->newline);
}

static void node_draw(struct buffer *out, const struct style *style, const struct workflow_graph *graph,
                      uint32_t number)
{
    int shape = graph->spec->tasks[number].command != COMMAND_NONE ? 2
                : graph->nodes[number].has_barrier                 ? 1
                                                                   : 0;
    BUFFER_AUTO(label);

    task_label(&label, style, graph, number);
    if (style == &mermaid)
        buffer_addf(out, "    n%u%s\"%s\"%s\n", number, style->shapes[shape][0], buffer_text(&label),
                    style->shapes[shape][1]);
    else
        buffer_addf(out, "    n%u [shape=%s, label=\"%s\"%s];\n", number, style->shapes[shape][0],
                    buffer_text(&label), style->shapes[shape][1]);
}

static void edge_draw(struct buffer *out, const struct style *style, const struct workflow_graph *graph,
                      const struct graph_edge *edge)
{
    const struct spec_transition *transition = graph_transition(graph, edge);
    value when = transition->when ? template_source(transition->when) : VALUE_NOTHING;
    BUFFER_AUTO(label);

    if (value_is_string(when))
        label_add(&label, style, value_chars(when));
    if (!label.len)
        buffer_addf(out, style == &mermaid ? "    n%u --> n%u\n" : "    n%u -> n%u;\n", edge->from, edge->to);
    else if (style == &mermaid)
        buffer_addf(out, "    n%u -->|\"%s\"| n%u\n", edge->from, label.data, edge->to);
    else
        buffer_addf(out, "    n%u -> n%u [label=\"%s\"];\n", edge->from, edge->to, label.data);
}

static void draw(const struct workflow_graph *graph, const struct style *style, struct buffer *out)
{
    buffer_add_text(out, style->begin);
    for (uint32_t i = 0; i < graph->spec->n_tasks + COMMANDS; i++)
        if (graph->nodes[i].present)
            node_draw(out, style, graph, i);
    for (uint32_t i = 0; i < graph->n_edges; i++)
        edge_draw(out, style, graph, &graph->edges[i]);
    buffer_add_text(out, style->end);
}

void workflow_draw_mermaid(const struct workflow_graph *graph, struct buffer *out)
{
    draw(graph, &mermaid, out);
}

void workflow_draw_dot(const struct workflow_graph *graph, struct buffer *out)
{
    draw(graph, &dot, out);
}
