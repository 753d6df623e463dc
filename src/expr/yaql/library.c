/* SPDX-License-Identifier: Apache-2.0 */
/* The index over all families: which overloads a name has. Made once, on the first use. */
#include "expr/yaql/yaql-internal.h"

#include <pthread.h>

#include "base/nearest.h"
#include "base/strmap.h"
#include "expr/yaql/workflow.h"

static const struct function *const families[] = {
    yaql_system, yaql_compare, yaql_branching, yaql_math,     yaql_strings, yaql_regexes,  yaql_collections,
    yaql_sets,   yaql_queries, yaql_sequences, yaql_ordering, yaql_dates,   yaql_workflow,
};

static struct {
    pthread_once_t once;
    struct strmap names; /* to struct overloads, kept for the life of the process */
    const struct overloads *operators[OP_COUNT];
} library = { .once = PTHREAD_ONCE_INIT };

static void add(const struct function *function)
{
    struct overloads *overloads = strmap_get(&library.names, function->name);

    if (!overloads) {
        overloads = xcalloc(1, sizeof(*overloads));
        overloads->name = function->name;
        strmap_set(&library.names, function->name, overloads);
    }
    overloads->items = xreallocarray(overloads->items, overloads->count + 1, sizeof(overloads->items[0]));
    overloads->items[overloads->count++] = function;
}

static void build(void)
{
    for (size_t i = 0; i < ELEMENTS(families); i++)
        for (const struct function *f = families[i]; f->name; f++)
            add(f);
    workflow_add_shared(add);
    for (size_t op = 1; op < OP_COUNT; op++)
        library.operators[op] = strmap_get(&library.names, yaql_operator_names[op]);
}

const struct overloads *library_find(const char *name, size_t n)
{
    pthread_once(&library.once, build);
    return strmap_get_n(&library.names, name, n);
}

static bool is_kind(const struct overloads *overloads, unsigned kind)
{
    for (size_t i = 0; overloads && i < overloads->count; i++)
        if (overloads->items[i]->flags & kind)
            return true;
    return false;
}

void library_suggest(const char *name, bool method, struct error *err)
{
    struct nearest nearest = nearest_to(name, strlen(name));
    unsigned kind = method ? METHOD : FUNCTION;
    const struct overloads *other = library_find(name, strlen(name));
    const char *known;
    void *item;
    size_t at = 0;

    if (is_kind(other, METHOD | FUNCTION) && !is_kind(other, kind)) {
        error_hint(err,
                   method ? "'%s' is a function: write %s(value)." : "'%s' is a method: write value.%s().",
                   name, name);
        return;
    }
    while (strmap_next(&library.names, &at, &known, &item))
        if (known[0] != '#' && is_kind(item, kind))
            nearest_offer(&nearest, known, strlen(known));
    nearest_hint(&nearest, err);
}

const struct overloads *library_operator(enum yaql_operator op)
{
    pthread_once(&library.once, build);
    return library.operators[op];
}
