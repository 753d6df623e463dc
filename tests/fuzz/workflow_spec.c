/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a definition: it is refused or inspected and composed, and what was refused says why. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "workflow/graph.h"
#include "workflow/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    CLEANUP(workflow_graph_freep)
    struct workflow_graph *graph = NULL;
    ERROR_AUTO(err);
    VALUE_AUTO(findings);
    VALUE_AUTO(shape);

    if (workflow_spec_load_text((const char *)data, n, SPEC_EXTENSIONS, &spec, &err) < 0) {
        assert(err.kind && err.message);
        return 0;
    }
    if (workflow_inspect(spec, value_null(), &findings, &err) < 0)
        assert(err.kind && err.message);
    if (workflow_graph_new(spec, &graph, &err) == 0)
        shape = workflow_graph_value(graph);
    return 0;
}
