/* SPDX-License-Identifier: Apache-2.0 */
/* Finding filters, tests and functions by name: the rows of all tables in one index each, made at first use. */
#include "expr/jinja/builtins.h"

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/strmap.h"
#include "expr/functions/functions.h"

static struct {
    struct strmap filters, tests, globals, orquesta, shared;
} tables;

static void add_rows(struct strmap *map, const struct builtin *rows)
{
    for (; rows->name; rows++)
        strmap_set(map, rows->name, (void *)rows);
}

/* StackStorm's functions are filters too; where both have one, StackStorm's counts. */
static void add_shared(void)
{
    size_t n;
    const struct fn *fns = fn_table(&n);
    struct builtin *rows = xcalloc(n, sizeof(rows[0]));

    for (size_t i = 0; i < n; i++) {
        rows[i].name = rows[i].python = fns[i].name;
        rows[i].fn = &fns[i];
        strmap_set(&tables.shared, fns[i].name, &rows[i]);
    }
}

static void make_tables(void)
{
    add_rows(&tables.filters, filters_text);
    add_rows(&tables.filters, filters_sequence);
    add_rows(&tables.filters, filters_lazy);
    add_rows(&tables.filters, filters_value);
    add_rows(&tables.tests, jinja_tests);
    add_rows(&tables.globals, jinja_globals);
    add_rows(&tables.orquesta, orquesta_functions);
    add_shared();
}

static void ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_tables);
}

const struct builtin *filter_find(const char *name, size_t n, enum jinja_flags flags)
{
    const struct builtin *shared, *found;

    ready();
    shared = strmap_get_n(&tables.shared, name, n);
    if (shared && shared->fn->where & (flags & JINJA_ORQUESTA ? FN_ORQUESTA : FN_TEMPLATE))
        return shared;
    found = strmap_get_n(&tables.filters, name, n);
    if (found && found->flags & BUILTIN_TEMPLATE && flags & JINJA_ORQUESTA)
        found = NULL;
    if (!found && flags & JINJA_ORQUESTA)
        found = strmap_get_n(&tables.orquesta, name, n);
    return found;
}

const struct builtin *test_find(const char *name, size_t n)
{
    ready();
    return strmap_get_n(&tables.tests, name, n);
}

const struct builtin *global_find(const char *name, size_t n, enum jinja_flags flags)
{
    const struct builtin *found;

    ready();
    found = strmap_get_n(&tables.globals, name, n);
    if (!found && flags & JINJA_ORQUESTA) {
        found = strmap_get_n(&tables.orquesta, name, n);
        if (!found) {
            found = strmap_get_n(&tables.shared, name, n);
            if (found && !(found->fn->where & FN_ORQUESTA))
                found = NULL;
        }
    }
    return found;
}

/* ---- suggestions ---- */

static void offer_rows(struct nearest *nearest, const struct builtin *rows, unsigned except)
{
    for (; rows->name; rows++)
        if (!(rows->flags & except))
            nearest_offer(nearest, rows->name, strlen(rows->name));
}

static void offer_shared(struct nearest *nearest, unsigned where)
{
    size_t n;
    const struct fn *fns = fn_table(&n);

    for (size_t i = 0; i < n; i++)
        if (fns[i].where & where)
            nearest_offer(nearest, fns[i].name, strlen(fns[i].name));
}

static void offer_filters(struct nearest *nearest, enum jinja_flags flags)
{
    static const struct builtin *const families[] = { filters_text, filters_sequence, filters_value };
    bool orquesta = flags & JINJA_ORQUESTA;

    for (size_t i = 0; i < ELEMENTS(families); i++)
        offer_rows(nearest, families[i], orquesta ? BUILTIN_TEMPLATE : 0);
    offer_shared(nearest, orquesta ? FN_ORQUESTA : FN_TEMPLATE);
    if (orquesta)
        offer_rows(nearest, orquesta_functions, 0);
}

void builtin_suggest(struct error *err, const char *what, const char *name, enum jinja_flags flags)
{
    struct nearest nearest = nearest_to(name, strlen(name));

    if (strcmp(what, "filter") == 0)
        offer_filters(&nearest, flags);
    else
        offer_rows(&nearest, jinja_tests, 0);
    nearest_hint(&nearest, err);
}

void jinja_suggest_global(const char *name, struct error *err)
{
    struct nearest nearest = nearest_to(name, strlen(name));

    global_offer(&nearest, JINJA_ORQUESTA);
    nearest_hint(&nearest, err);
}

void global_offer(struct nearest *nearest, enum jinja_flags flags)
{
    if (flags & JINJA_ORQUESTA) {
        offer_rows(nearest, orquesta_functions, 0);
        offer_shared(nearest, FN_ORQUESTA);
    }
    offer_rows(nearest, jinja_globals, 0);
}
