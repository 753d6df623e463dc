/* SPDX-License-Identifier: Apache-2.0 */
/* Sets. The views that keys() gives can be compared and asked, but are no frozensets: they have no union() and so on. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

/* All items of an iterable into a set; iterators among arguments are spliced in by the caller. */
static int add_all(struct evaluation *ev, value set, value iterable)
{
    CURSOR_AUTO(cursor);
    int r = cursor_open(ev, iterable, &cursor);

    while (r == 0) {
        value item;

        r = cursor_next(ev, &cursor, &item);
        if (r == 0) {
            r = yaql_set_insert(ev, set, item);
            value_unref(item);
        }
    }
    return r < 0 ? r : 0;
}

static int splice(struct evaluation *ev, value item, value set)
{
    CURSOR_AUTO(cursor);
    int r;

    if (!yaql_is_iterator(item))
        return yaql_set_insert(ev, set, item);
    r = yaql_enter(ev);
    if (r < 0)
        return r;
    r = cursor_open(ev, item, &cursor);
    while (r == 0) {
        value inner;

        r = cursor_next(ev, &cursor, &inner);
        if (r == 0) {
            r = splice(ev, inner, set);
            value_unref(inner);
        }
    }
    yaql_leave(ev);
    return r < 0 ? r : 0;
}

/* ---- order ---- */

#define PROBES       9 /* places in a row that CPython looks at before it jumps */
#define SETTLED_MAX  10000
#define HASHED_AS_IS ((INT64_C(1) << 61) - 1)

/* Puts an item (its number + 1) where CPython's table of that mask has it. */
static void probe(uint32_t *slots, size_t mask, uint64_t hash, uint32_t item)
{
    uint64_t perturb = hash;
    size_t i = hash & mask;

    for (;;) {
        size_t n = i + PROBES <= mask ? PROBES : 0;

        for (size_t at = i; at <= i + n; at++) {
            if (!slots[at]) {
                slots[at] = item;
                return;
            }
        }
        perturb >>= 5;
        i = (i * 5 + 1 + perturb) & mask;
    }
}

static uint64_t integer_hash(value v)
{
    return v.integer == -1 ? (uint64_t)-2 : (uint64_t)v.integer;
}

/* Sets of integers show in the order that CPython's table gives them, which people have come to see as sorted; the order
   of other sets is that of insertion (in the reference it changes from run to run). */
static void settle(struct table *table)
{
    size_t mask = 7, n = table->count;
    uint32_t *slots, *old;
    struct table_entry *sorted;

    for (size_t i = 0; i < n; i++)
        if ((table->entries[i].item.kind != VALUE_INT && table->entries[i].item.kind != VALUE_BOOL) ||
            table->entries[i].item.integer >= HASHED_AS_IS || table->entries[i].item.integer <= -HASHED_AS_IS)
            return;
    if (n < 2 || n > SETTLED_MAX)
        return;
    slots = xcalloc(mask + 1, sizeof(*slots));
    for (size_t i = 0; i < n; i++) {
        size_t old_mask = mask;

        probe(slots, mask, integer_hash(table->entries[i].item), (uint32_t)i + 1);
        if ((i + 1) * 5 < mask * 3)
            continue;
        for (mask = 7; mask + 1 <= (i + 1) * 4;)
            mask = mask * 2 + 1;
        old = slots;
        slots = xcalloc(mask + 1, sizeof(*slots));
        for (size_t k = 0; k <= old_mask; k++)
            if (old[k])
                probe(slots, mask, integer_hash(table->entries[old[k] - 1].item), old[k]);
        free(old);
    }
    sorted = xreallocarray(NULL, n, sizeof(*sorted));
    for (size_t i = 0, at = 0; i <= mask; i++)
        if (slots[i])
            sorted[at++] = table->entries[slots[i] - 1];
    memcpy(table->entries, sorted, n * sizeof(*sorted));
    table_reindex(table);
    free(sorted);
    free(slots);
}

static int give(int r, value *set, value *ret)
{
    if (r < 0)
        return r;
    settle(&yaql_set_of(*set)->table);
    *ret = value_take(set);
    return 0;
}

static int set_of(struct call *c, value *ret)
{
    VALUE_AUTO(set);
    int r = 0;

    set = yaql_set_new(c->ev);
    for (size_t i = 0; i < c->n_rest && r >= 0; i++)
        r = splice(c->ev, c->rest[i].v, set);
    return give(r, &set, ret);
}

static int to_set(struct call *c, value *ret)
{
    VALUE_AUTO(set);

    set = yaql_set_new(c->ev);
    return give(add_all(c->ev, set, c->args[0].v), &set, ret);
}

int yaql_union(struct evaluation *ev, value a, value b, value *ret)
{
    VALUE_AUTO(set);
    int r;

    set = yaql_set_new(ev);
    r = add_all(ev, set, a);
    if (r >= 0)
        r = add_all(ev, set, b);
    return give(r, &set, ret);
}

/* Items of `from` that are (`wanted`) or are not in `other`, into `set`. */
static int add_by(struct evaluation *ev, value set, value from, value other, bool wanted)
{
    const struct table *table = &yaql_set_of(from)->table;

    for (uint32_t i = 0; i < table->count; i++) {
        value item = table->entries[i].item;
        bool there = table_find(ev, &yaql_set_of(other)->table, item) >= 0;
        int r = there == wanted ? yaql_set_insert(ev, set, item) : 0;

        if (r >= 0)
            r = yaql_step(ev);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Python's name of the method that a view lacks. */
static int check_frozen(struct call *c, const char *method)
{
    value v = c->args[0].v;

    if (!yaql_set_of(v)->view)
        return 0;
    return yaql_fail(c->ev, "AttributeError", "'%s' object has no attribute '%s'", yaql_set_of(v)->view,
                     method);
}

static int unite(struct call *c, value *ret)
{
    int r = check_frozen(c, "union");

    return r < 0 ? r : yaql_union(c->ev, c->args[0].v, c->args[1].v, ret);
}

static int intersect(struct call *c, value *ret)
{
    VALUE_AUTO(set);
    int r = check_frozen(c, "intersection");

    set = yaql_set_new(c->ev);
    if (r >= 0)
        r = add_by(c->ev, set, c->args[0].v, c->args[1].v, true);
    return give(r, &set, ret);
}

static int difference(struct call *c, value *ret)
{
    VALUE_AUTO(set);
    int r = check_frozen(c, "difference");

    set = yaql_set_new(c->ev);
    if (r >= 0)
        r = add_by(c->ev, set, c->args[0].v, c->args[1].v, false);
    return give(r, &set, ret);
}

static int symmetric_difference(struct call *c, value *ret)
{
    VALUE_AUTO(set);
    int r = check_frozen(c, "symmetric_difference");

    set = yaql_set_new(c->ev);
    if (r >= 0)
        r = add_by(c->ev, set, c->args[0].v, c->args[1].v, false);
    if (r >= 0)
        r = add_by(c->ev, set, c->args[1].v, c->args[0].v, false);
    return give(r, &set, ret);
}

static int set_add(struct call *c, value *ret)
{
    VALUE_AUTO(set);
    int r = check_frozen(c, "union");

    set = yaql_set_new(c->ev);
    if (r >= 0)
        r = add_all(c->ev, set, c->args[0].v);
    for (size_t i = 0; i < c->n_rest && r >= 0; i++)
        r = yaql_set_insert(c->ev, set, c->rest[i].v);
    return give(r, &set, ret);
}

static int set_remove(struct call *c, value *ret)
{
    VALUE_AUTO(set);
    VALUE_AUTO(gone);
    int r = check_frozen(c, "difference");

    set = yaql_set_new(c->ev);
    gone = yaql_set_new(c->ev);
    for (size_t i = 0; i < c->n_rest && r >= 0; i++)
        r = yaql_set_insert(c->ev, gone, c->rest[i].v);
    if (r >= 0)
        r = add_by(c->ev, set, c->args[0].v, gone, false);
    return give(r, &set, ret);
}

static bool is_subset(struct evaluation *ev, value a, value b)
{
    const struct table *table = &yaql_set_of(a)->table;

    if (table->count > yaql_set_of(b)->table.count)
        return false;
    for (uint32_t i = 0; i < table->count; i++)
        if (table_find(ev, &yaql_set_of(b)->table, table->entries[i].item) < 0)
            return false;
    return true;
}

/* `data`: how the sides stand. */
static const struct relation {
    bool swap, proper;
} less = { false, true }, less_equal = { false, false }, greater = { true, true },
  greater_equal = { true, false };

static int compare_sets(struct call *c, value *ret)
{
    const struct relation *relation = c->function->data;
    value a = c->args[relation->swap ? 1 : 0].v, b = c->args[relation->swap ? 0 : 1].v;

    *ret = value_bool(is_subset(c->ev, a, b) &&
                      (!relation->proper || yaql_set_of(a)->table.count < yaql_set_of(b)->table.count));
    return 0;
}

static int is_set(struct call *c, value *ret)
{
    *ret = value_bool(yaql_is_set(c->args[0].v) || yaql_is_items(c->args[0].v));
    return 0;
}

static int set_len(struct call *c, value *ret)
{
    *ret = value_int(yaql_set_of(c->args[0].v)->table.count);
    return 0;
}

#define TWO PARAMS({ "left", T_SET }, { "right", T_SET })
#define SET PARAMS({ "set", T_SET })

const struct function yaql_sets[] = {
    { "set", FUNCTION | REST, set_of, .rest = T_ANY },
    { "toSet", METHOD, to_set, PARAMS({ "collection", T_ITERABLE }) },
    { "isSet", FUNCTION, is_set, PARAMS({ "arg", T_ANY }) },
    { "len", EXTENSION, set_len, SET },
    { "union", METHOD, unite, TWO },
    { "intersect", METHOD, intersect, TWO },
    { "difference", METHOD, difference, TWO },
    { "#operator_-", FUNCTION, difference, TWO },
    { "symmetricDifference", METHOD, symmetric_difference, TWO },
    { "add", METHOD | REST, set_add, SET, .rest = T_ANY },
    { "remove", METHOD | REST, set_remove, SET, .rest = T_ANY },
    { "#operator_<", FUNCTION, compare_sets, TWO, .data = &less },
    { "#operator_<=", FUNCTION, compare_sets, TWO, .data = &less_equal },
    { "#operator_>", FUNCTION, compare_sets, TWO, .data = &greater },
    { "#operator_>=", FUNCTION, compare_sets, TWO, .data = &greater_equal },
    { 0 },
};
