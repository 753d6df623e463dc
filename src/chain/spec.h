/* SPDX-License-Identifier: Apache-2.0 */
/* The definition of an action chain, read once: its tasks by name and what follows what (contract: actions-and-runners.md
   11.2). Immutable and counted, so any thread may hold one. Unlike a workflow's, a faulty definition is refused as a whole; the reason names the file, the
   line and the task. */
#ifndef FULMAR_CHAIN_SPEC_H
#define FULMAR_CHAIN_SPEC_H

#include "base/error.h"
#include "base/strmap.h"
#include "value/value.h"

#define CHAIN_TEXT_MAX  (4 << 20)
#define CHAIN_NODES_MAX 10000
#define CHAIN_DEPTH_MAX 60 /* nesting of the document: a task travels in the context of its execution */

/* One task as it is written. Texts are borrowed from the document. */
struct chain_node {
    const char *name, *ref;
    value parameters, publish;           /* maps, or unset */
    value notify;                        /* map, or unset */
    const char *on_success, *on_failure; /* NULL: the chain is over */
    value document;                      /* what the context of its execution tells of it */
};

#define CHAIN_NODE_NONE SIZE_MAX

struct chain_spec {
    _Atomic int refs;
    value text; /* of the file */
    value document;
    value vars; /* map, or unset */
    struct chain_node *nodes;
    size_t n_nodes;
    struct strmap by_name;             /* -> struct chain_node; the first one of a name */
    const char *start;                 /* NULL: there are no tasks */
    bool reads_results, reads_context; /* some template may name __results, __context */
};

/* `file` stands in messages. Negative with the reason. */
int chain_spec_load(const char *file, const char *text, size_t n, struct chain_spec **ret, struct error *err);
/* NULL is fine for all three. */
struct chain_spec *chain_spec_ref(struct chain_spec *spec);
void chain_spec_unref(struct chain_spec *spec);
void chain_spec_unrefp(struct chain_spec **spec);

/* The index of the task, or CHAIN_NODE_NONE. */
size_t chain_spec_find(const struct chain_spec *spec, const char *name);

#endif
