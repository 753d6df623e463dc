/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of a template whose syntax is right: unknown filters and tests, blocks defined twice and the like. Any syntax error
   of the template goes before them, so they wait until all is parsed. An unknown name inside an `if` statement or a
   conditional expression is no fault until it is reached, unless a scope of its own stands between. */
#include "expr/jinja/parser-internal.h"

#include <string.h>

#include "base/mem.h"
#include "expr/jinja/builtins.h"
#include "expr/jinja/engine.h"

struct parse_fault {
    uint32_t start;
    int line;
    bool certain;
    const char *kind;
    const char *what; /* "filter" or "test", whose name is `text`; NULL: `text` is the message */
    const char *text;
};

/* What stands around a fault goes before it, as does what is to the left. */
static void add(struct parser *p, struct parse_fault fault)
{
    size_t at = p->n_faults;

    while (at > 0 && p->faults[at - 1].start >= fault.start)
        at--;
    GROW(p->faults, p->n_faults, p->n_faults_room);
    memmove(&p->faults[at + 1], &p->faults[at], (p->n_faults++ - at) * sizeof(fault));
    p->faults[at] = fault;
}

void parser_fault(struct parser *p, uint32_t start, int line, const char *kind, const char *message)
{
    add(p, (struct parse_fault){ start, line, true, kind, NULL,
                                 pool_strndup(p->jinja->pool, message, strlen(message)) });
}

/* What an unknown filter or test does when it is reached after all. */
static int reached(struct ev *ev, struct bound *bound, value *ret)
{
    const struct node_call *call = (const struct node_call *)ev->at;

    return ev_error(ev, "TemplateRuntimeError", "No %s named '%s' found.", call->builtin->python,
                    call->builtin->name);
}

const struct builtin *parser_fault_unknown(struct parser *p, const struct node *node, const char *what,
                                           const struct buffer *name)
{
    struct builtin *row = pool_alloc(p->jinja->pool, sizeof(*row));

    row->name = pool_strndup(p->jinja->pool, buffer_text(name), name->len);
    row->python = what;
    row->function = reached;
    row->flags = BUILTIN_CONTEXT | BUILTIN_VARARGS | BUILTIN_KWARGS;
    add(p, (struct parse_fault){ node->start, node->line, false, "TemplateAssertionError", what, row->name });
    return row;
}

void parser_faults_settle(struct parser *p, size_t from, bool certain)
{
    size_t kept = from;

    for (size_t i = from; i < p->n_faults; i++) {
        if (certain)
            p->faults[i].certain = true;
        if (p->faults[i].certain)
            p->faults[kept++] = p->faults[i];
    }
    p->n_faults = kept;
}

bool parser_faults_tell(struct parser *p)
{
    const struct parse_fault *first = p->faults;

    if (!p->n_faults)
        return true;
    for (size_t i = 0; i < p->n_faults; i++) /* Python looks at what Jinja made of the template last */
        if (strcmp(first->kind, "SyntaxError") == 0)
            first = &p->faults[i];
    if (!first->what)
        return parser_fail_kind(p, first->line, first->kind, "%s", first->text);
    parser_fail_kind(p, first->line, first->kind, "No %s named '%s'.", first->what, first->text);
    builtin_suggest(p->err, first->what, first->text, p->jinja->flags);
    return false;
}
