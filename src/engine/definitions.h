/* SPDX-License-Identifier: Apache-2.0 */
/* Workflow definitions, read and inspected once for each text. Immutable and counted, so any thread may hold one. */
#ifndef FULMAR_ENGINE_DEFINITIONS_H
#define FULMAR_ENGINE_DEFINITIONS_H

#include "base/buffer.h"
#include "engine/catalog.h"
#include "workflow/graph.h"
#include "workflow/spec.h"

struct definition {
    _Atomic int refs;
    value document; /* {text}: what the store pins */
    struct workflow_spec *spec;
    struct workflow_graph *graph; /* NULL when the definition has findings that leave none */
    value findings;               /* of inspection, by category */
    char *failure;                /* why it is no definition at all; NULL: it is one */
};

struct definitions;

struct definitions *definitions_new(void);
void definitions_free(struct definitions *definitions);
/* Any thread. Owned, never NULL: look at `failure`. */
struct definition *definitions_get(struct definitions *definitions, const char *text, size_t n);
/* The text of a definition's file, of at most `max` bytes and a little. Negative with the reason, as people know it from
   Python. For a thread that may wait. */
int definition_read_text(const char *path, size_t max, struct buffer *ret, struct error *err);
/* Reads the file first; one that cannot be read gives a definition with `failure`. For a thread that may wait. */
struct definition *definitions_read(struct definitions *definitions, const char *path);

struct definition *definition_ref(struct definition *definition);
void definition_unref(struct definition *definition);
void definition_unrefp(struct definition **definition);

/* The names st2 and parent count as assigned: the engine puts them into the first context. Owned. */
value definition_given_names(void);
/* Everything inspection finds, as clients get it: what the definition holds of itself and what it asks of actions that are
   registered (contract: orquesta.md 2.5). A list, owned; empty when all is sound. */
value definition_findings(const struct definition *definition, struct catalog *catalog);
/* The second half alone: what a workflow asks of actions. A list, owned. */
value definition_content_findings(const struct workflow_spec *spec, struct catalog *catalog);

#endif
