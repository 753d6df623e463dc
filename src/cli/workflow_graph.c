/* SPDX-License-Identifier: Apache-2.0 */
/* workflow graph: the tasks and transitions of a definition as text for programs that draw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "workflow/draw.h"

static int spec_read(const char *file, struct workflow_spec **ret, struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    size_t n;
    int r = cli_file_read(file, &text, &n, err);

    if (r < 0)
        return r;
    r = workflow_spec_load_text(text, n, SPEC_EXTENSIONS, ret, err);
    return r < 0 ? error_prefix(err, r, "%s", file) : 0;
}

static const struct {
    const char *name;
    void (*draw)(const struct workflow_graph *graph, struct buffer *out);
} formats[] = { { "mermaid", workflow_draw_mermaid }, { "dot", workflow_draw_dot } };

static int graph_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *format = args_text(args, "--format");
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    CLEANUP(workflow_graph_freep)
    struct workflow_graph *graph = NULL;
    BUFFER_AUTO(out);
    size_t which = 0;
    int r;

    while (format && which < ELEMENTS(formats) && strcmp(formats[which].name, format) != 0)
        which++;
    if (which == ELEMENTS(formats))
        return error_set(err, -EINVAL, "There is no format \"%s\"; the formats are mermaid and dot.", format);
    r = spec_read(args_operand(args, "file"), &spec, err);
    if (r == 0) {
        r = workflow_graph_new(spec, &graph, err);
        if (r < 0)
            error_set(err, r,
                      "%s cannot be drawn, its definition has mistakes; `fulmar workflow inspect %s` "
                      "tells them.",
                      args_operand(args, "file"), args_operand(args, "file"));
    }
    if (r < 0)
        return r;
    formats[which].draw(graph, &out);
    fputs(buffer_text(&out), stdout);
    return EXIT_DONE;
}

static const struct cli_option graph_options[] = {
    { .letter = "-f",
      .name = "--format",
      .kind = OPTION_TEXT,
      .metavar = "FORMAT",
      .help = "\"mermaid\" (the default) or \"dot\", as Graphviz reads it." },
    OPTIONS_END,
};

const struct cli_command command_workflow_graph = {
    .name = "graph",
    .help = "Draw the tasks and transitions of a workflow definition as text for Mermaid or Graphviz.",
    .options = (const struct cli_option *const[]){ options_help, graph_options, NULL },
    .operands = OPERANDS({ "file", OPERAND_ONE, "The workflow definition." }),
    .run = graph_run,
    .flags = COMMAND_NO_SIGNIN,
};
