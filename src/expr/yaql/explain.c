/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining: what each part of an expression came to. Values are noted while the expression runs, for each place the first
   few, since the body of a lambda is evaluated for every item. They are shown when all is over: a lazy sequence then shows
   the items that were asked of it, and nothing is evaluated that would not have been without explaining. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

#define PLACES_MAX 1000  /* nodes that are told, in the order in which they were parsed */
#define TIMES_MAX  3     /* values told of each */
#define SEEN_MAX   10    /* items told of a lazy sequence */
#define SHOWN_MAX  2000  /* values within one that is shown */
#define SHOWN_ALL  20000 /* and within all of them */
#define DEPTH_MAX  20

struct place {
    const struct node *node;
    uint32_t times;
    value values[TIMES_MAX];
};

struct explaining {
    const struct yaql *yaql;
    struct place *places; /* by the number of the node */
    uint32_t n;
};

struct explaining *explaining_new(const struct yaql *yaql)
{
    struct explaining *explaining = xcalloc(1, sizeof(*explaining));

    explaining->yaql = yaql;
    explaining->n = yaql->n_nodes < PLACES_MAX ? yaql->n_nodes : PLACES_MAX;
    explaining->places = xcalloc(explaining->n + 1, sizeof(explaining->places[0]));
    return explaining;
}

void explaining_free(struct explaining *explaining)
{
    for (uint32_t i = 0; i < explaining->n; i++)
        for (size_t k = 0; k < TIMES_MAX; k++)
            value_unref(explaining->places[i].values[k]);
    free(explaining->places);
    free(explaining);
}

void explaining_note(struct explaining *explaining, const struct node *node, value v)
{
    struct place *place;

    if (node->kind == NODE_CONSTANT || node->kind == NODE_KEYWORD || node->kind == NODE_WRAP ||
        node->number >= explaining->n)
        return;
    place = &explaining->places[node->number];
    place->node = node;
    if (place->times < TIMES_MAX) {
        place->values[place->times] = value_ref(v);
        if (value_is_object(v, &yaql_lazy_ops))
            ((struct lazy *)v.object)->watched = true;
    }
    place->times++;
}

/* ---- lazy sequences ---- */

static struct lazy *lazy_of(value v)
{
    return (struct lazy *)v.object;
}

void explaining_walk(value iterable, value walk)
{
    struct lazy *lazy = lazy_of(iterable);

    if (!lazy->walked && value_is_object(walk, &yaql_lazy_ops)) {
        lazy->walked = true;
        lazy_of(walk)->watched = true;
        lazy_of(walk)->watched_for = value_ref(iterable);
    }
}

void explaining_item(struct lazy *lazy, value item)
{
    if (value_is_set(lazy->watched_for))
        lazy = lazy_of(lazy->watched_for);
    if (!value_is_set(lazy->seen))
        lazy->seen = value_list_new(4);
    if (lazy->n_seen++ < SEEN_MAX)
        value_list_append(&lazy->seen, value_ref(item));
}

void explaining_end(struct lazy *lazy)
{
    if (value_is_set(lazy->watched_for))
        lazy_of(lazy->watched_for)->seen_all = true;
    lazy->seen_all = true;
}

/* ---- showing ---- */

struct showing {
    unsigned left; /* values that may be shown still */
    bool partial;  /* something was left out */
};

static value show(struct showing *showing, value v, unsigned depth);

static value show_list(struct showing *showing, const value *items, size_t n, unsigned depth)
{
    value list = value_list_new(n < 64 ? n : 64);

    for (size_t i = 0; i < n; i++) {
        if (!showing->left) {
            showing->partial = true;
            break;
        }
        value_list_append(&list, show(showing, items[i], depth + 1));
    }
    return list;
}

static value show_map(struct showing *showing, value map, unsigned depth)
{
    value shown = value_map_new(4);

    VALUE_MAP_EACH (i, map) {
        if (!showing->left) {
            showing->partial = true;
            break;
        }
        value_map_set(&shown, value_ref(value_map_key_at(map, i)),
                      show(showing, value_map_item_at(map, i), depth + 1));
    }
    return shown;
}

static value show_set(struct showing *showing, const struct yaql_set *set, unsigned depth)
{
    value list = value_list_new(4);

    for (uint32_t i = 0; i < set->table.count; i++) {
        if (!showing->left) {
            showing->partial = true;
            break;
        }
        value_list_append(&list, show(showing, set->table.entries[i].item, depth + 1));
    }
    return list;
}

static value show_lazy(struct showing *showing, const struct lazy *lazy, unsigned depth)
{
    if (!lazy->seen_all || lazy->n_seen > SEEN_MAX)
        showing->partial = true;
    return value_is_list(lazy->seen)
               ? show_list(showing, lazy->seen.list->items, value_list_count(lazy->seen), depth)
               : value_list_new(0);
}

/* A plain value that looks like `v`. Owned. */
static value show(struct showing *showing, value v, unsigned depth)
{
    showing->left -= showing->left > 0;
    if (depth > DEPTH_MAX) {
        showing->partial = true;
        return value_null();
    }
    if (value_is_list(v))
        return show_list(showing, v.list->items, v.list->count, depth);
    if (yaql_is_map(v))
        return show_map(showing, yaql_map_of(v), depth);
    if (yaql_is_set(v))
        return show_set(showing, yaql_set_of(v), depth);
    if (value_is_object(v, &yaql_lazy_ops))
        return show_lazy(showing, lazy_of(v), depth);
    if (v.kind == VALUE_OBJECT)
        return value_textf("(%s)", v.object->ops->name);
    return value_ref(v);
}

static int compare_places(const void *a, const void *b)
{
    const struct node *x = ((const struct place *)a)->node, *y = ((const struct place *)b)->node;

    if (!x || !y)
        return (x == NULL) - (y == NULL);
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->start > y->start ? -1 : x->start < y->start;
}

static void tell(const struct yaql *yaql, const struct place *place, unsigned *left, value *steps)
{
    const char *text = yaql->text;
    size_t start = place->node->start;
    int line = 1, column = 1;

    for (size_t i = 0; i < start; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    for (uint32_t i = 0; i < place->times && i < TIMES_MAX; i++) {
        unsigned room = *left < SHOWN_MAX ? *left : SHOWN_MAX;
        struct showing showing = { .left = room };
        value step = value_map_new(6);

        value_map_put(&step, "expression", value_text_n(text + start, place->node->end - start));
        value_map_put(&step, "value", show(&showing, place->values[i], 0));
        value_map_put(&step, "line", value_int(line));
        value_map_put(&step, "column", value_int(column));
        if (showing.partial)
            value_map_put(&step, "partial", value_bool(true));
        if (i + 1 == TIMES_MAX && place->times > TIMES_MAX)
            value_map_put(&step, "times", value_int(place->times));
        value_list_append(steps, step);
        *left -= room - showing.left;
    }
}

void explaining_tell(struct explaining *explaining, value *steps)
{
    unsigned left = SHOWN_ALL;

    qsort(explaining->places, explaining->n, sizeof(explaining->places[0]), compare_places);
    for (uint32_t i = 0; i < explaining->n && explaining->places[i].node && left; i++)
        tell(explaining->yaql, &explaining->places[i], &left, steps);
}
