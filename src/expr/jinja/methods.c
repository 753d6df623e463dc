/* SPDX-License-Identifier: Apache-2.0 */
/* Finding methods by name, and calling them. */
#include "expr/jinja/methods.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/strmap.h"
#include "expr/jinja/engine.h"

static struct strmap index_by_name;
static const struct method_row *const families[] = { methods_str, methods_text, methods_container,
                                                     methods_number };
static const char *const types[] = { "str", "list", "tuple", "dict", "int", "float", "set" };

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct method_row *)a)->name, ((const struct method_row *)b)->name);
}

/* All rows in one array, sorted so that those of a name stand together, with an empty row behind. */
static void make_index(void)
{
    struct method_row *all;
    size_t n = 0;

    for (size_t i = 0; i < ELEMENTS(families); i++)
        for (const struct method_row *row = families[i]; row->name; row++)
            n++;
    all = xcalloc(n + 1, sizeof(all[0]));
    n = 0;
    for (size_t i = 0; i < ELEMENTS(families); i++)
        for (const struct method_row *row = families[i]; row->name; row++)
            all[n++] = *row;
    for (size_t i = 0; i < n; i++)
        all[i].full = xasprintf("%s.%s", types[all[i].type], all[i].name);
    qsort(all, n, sizeof(all[0]), by_name);
    for (size_t i = n; i-- > 0;)
        strmap_set(&index_by_name, all[i].name, &all[i]);
}

const struct method_row *method_find(const char *name, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_index);
    return strmap_get_n(&index_by_name, name, n);
}

const struct method_row *method_for(const struct method_row *rows, enum method_type type)
{
    for (const char *name = rows->name; rows->name && strcmp(rows->name, name) == 0; rows++)
        if (rows->type == type)
            return rows;
    return NULL;
}

void method_offer(struct nearest *nearest, const char *type_name)
{
    for (size_t i = 0; i < ELEMENTS(families); i++)
        for (const struct method_row *row = families[i]; row->name; row++)
            if (strcmp(types[row->type], type_name) == 0)
                nearest_offer(nearest, row->name, strlen(row->name));
}

bool method_mutates(const struct method_row *rows)
{
    for (const char *name = rows->name; rows->name && strcmp(rows->name, name) == 0; rows++)
        if (rows->flags & METHOD_MUTATES)
            return true;
    return false;
}

int method_call(struct ev *ev, value self, const struct method_row *row, const struct actuals *actuals,
                value *ret)
{
    BOUND_AUTO(bound);

    *ret = VALUE_NOTHING;
    bound.args[0] = VALUE_NOTHING;
    if (row->flags & METHOD_MUTATES && ev_own(ev, self) < 0)
        return -1;
    if (ev_pay(ev, 4) < 0 || builtin_bind(ev, row->full, row->params, row->n_params, row->min,
                                          row->flags | BUILTIN_NATIVE, VALUE_NOTHING, actuals, &bound) < 0)
        return -1;
    if (row->function(ev, is_object(self, &markup_ops) ? text_of(self) : self, &bound, ret) == 0)
        return 0;
    value_unref(value_take(ret));
    return -1;
}
