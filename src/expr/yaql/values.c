/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of values that only live while an expression runs: sets, dicts, scopes; their equality, hashes and text, and how
   values leave the engine. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

#include "base/hash.h"
#include "expr/suggest.h"
#include "value/pyregex.h"
#include "value/python.h"

/* ---- objects ---- */

void *yaql_object_new(struct evaluation *ev, const struct value_object_ops *ops, size_t size)
{
    struct yaql_object *object = xcalloc(1, size);

    object->object.header.refs = 1;
    object->object.ops = ops;
    object->ev = ev;
    object->size = size;
    ev->object_bytes += (int64_t)size;
    return object;
}

void yaql_object_grow(struct yaql_object *object, size_t bytes)
{
    object->size += bytes;
    object->ev->object_bytes += (int64_t)bytes;
}

void yaql_object_free(struct yaql_object *object)
{
    object->ev->object_bytes -= (int64_t)object->size;
    free(object);
}

static void set_free(struct value_object *object)
{
    struct yaql_set *set = (struct yaql_set *)object;

    table_release(&set->table);
    value_unref(set->of);
    yaql_object_free(&set->base);
}

static void dict_free(struct value_object *object)
{
    struct yaql_dict *dict = (struct yaql_dict *)object;

    value_unref(dict->map);
    yaql_object_free(&dict->base);
}

static void scope_free(struct value_object *object)
{
    struct yaql_scope *scope = (struct yaql_scope *)object;

    frame_unref(scope->frame);
    yaql_object_free(&scope->base);
}

static void regex_free(struct value_object *object)
{
    struct yaql_regex *regex = (struct yaql_regex *)object;

    pyregex_unref(regex->regex);
    yaql_object_free(&regex->base);
}

const struct value_object_ops yaql_set_ops = { "set", set_free };
const struct value_object_ops yaql_dict_ops = { "object", dict_free };
const struct value_object_ops yaql_scope_ops = { "context", scope_free };
const struct value_object_ops yaql_regex_ops = { "regex", regex_free };

value yaql_set_new(struct evaluation *ev)
{
    struct yaql_set *set = yaql_object_new(ev, &yaql_set_ops, sizeof(*set));

    set->base.object.header.depth = 1;
    return yaql_set_value(set);
}

int yaql_set_insert(struct evaluation *ev, value v, value item)
{
    struct yaql_set *set = yaql_set_of(v);
    size_t at;
    int r = table_add(ev, &set->table, item, &at);

    if (r < 0)
        return r;
    if (r == 0) {
        uint32_t depth = value_depth(item) + 1;

        yaql_object_grow(&set->base, sizeof(struct table_entry) + 8);
        if (depth > set->base.object.header.depth)
            set->base.object.header.depth = depth;
        if (depth > VALUE_DEPTH_MAX)
            return limit_recursion(ev->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
        r = yaql_check_count(ev, set->table.count);
    }
    return r < 0 ? r : 0;
}

value yaql_dict_new(struct evaluation *ev, value map)
{
    struct yaql_dict *dict = yaql_object_new(ev, &yaql_dict_ops, sizeof(*dict));

    dict->map = map;
    dict->base.object.header.depth = value_depth(map);
    return value_object(&dict->base.object);
}

value yaql_scope_new(struct evaluation *ev, struct frame *frame)
{
    struct yaql_scope *scope = yaql_object_new(ev, &yaql_scope_ops, sizeof(*scope));

    scope->frame = frame;
    return value_object(&scope->base.object);
}

/* ---- equality and hashes ---- */

/* Values may share parts, so what is small in memory can be endless when it is walked: every walk costs steps. The answer
   of one that is broken off is wrong, but nobody gets it: the evaluation fails at its next step. */
static bool broke(struct evaluation *ev)
{
    return (ev->steps += 2) > ev->limits.steps;
}

static int64_t find(struct evaluation *ev, const struct table *table, value item, uint64_t hash);
static bool hash_of(struct evaluation *ev, value v, uint64_t *ret);

static bool equal_items(struct evaluation *ev, value a, value b)
{
    if (a.list->count != b.list->count)
        return false;
    for (uint32_t i = 0; i < a.list->count; i++)
        if (!yaql_equal(ev, a.list->items[i], b.list->items[i]))
            return false;
    return true;
}

static bool equal_maps(struct evaluation *ev, value a, value b)
{
    if (value_map_count(a) != value_map_count(b))
        return false;
    VALUE_MAP_EACH (i, a) {
        value other = value_map_get_value(b, value_map_key_at(a, i));

        if (!value_is_set(other) || !yaql_equal(ev, value_map_item_at(a, i), other))
            return false;
    }
    return true;
}

static bool equal_sets(struct evaluation *ev, const struct yaql_set *a, const struct yaql_set *b)
{
    if (a->table.count != b->table.count)
        return false;
    for (uint32_t i = 0; i < a->table.count; i++)
        if (find(ev, &b->table, a->table.entries[i].item, a->table.entries[i].hash) < 0)
            return false;
    return true;
}

static bool equal_objects(struct evaluation *ev, value a, value b)
{
    if (a.kind == b.kind && a.object == b.object)
        return true;
    if (yaql_is_map(a) && yaql_is_map(b))
        return equal_maps(ev, yaql_map_of(a), yaql_map_of(b));
    if (yaql_is_set(a) && yaql_is_set(b))
        return equal_sets(ev, yaql_set_of(a), yaql_set_of(b));
    if (value_is_object(a, &yaql_regex_ops) && value_is_object(b, &yaql_regex_ops))
        return ((struct yaql_regex *)a.object)->regex == ((struct yaql_regex *)b.object)->regex;
    return false;
}

bool yaql_equal(struct evaluation *ev, value a, value b)
{
    bool objects = a.kind == VALUE_OBJECT || b.kind == VALUE_OBJECT;

    if (!objects &&
        (a.kind != b.kind || (a.kind != VALUE_LIST && a.kind != VALUE_TUPLE && a.kind != VALUE_MAP)))
        return value_equal(a, b);
    if (broke(ev) || value_depth(a) > VALUE_DEPTH_MAX)
        return false;
    if (objects)
        return equal_objects(ev, a, b);
    if (a.header == b.header)
        return true;
    return a.kind == VALUE_MAP ? equal_maps(ev, a, b) : equal_items(ev, a, b);
}

static bool hash_items(struct evaluation *ev, value list, uint64_t *ret)
{
    uint64_t hash = 0x51ed270b, part;

    if (value_depth(list) > VALUE_DEPTH_MAX)
        return false;
    for (uint32_t i = 0; i < list.list->count && !broke(ev); i++) {
        if (!hash_of(ev, list.list->items[i], &part))
            return false;
        hash = hash_mix(hash ^ part) + 0x9e3779b97f4a7c15ULL;
    }
    *ret = hash;
    return true;
}

static bool hash_map(struct evaluation *ev, value map, uint64_t *ret)
{
    uint64_t hash = 0x2545f491, key, item;

    if (value_depth(map) > VALUE_DEPTH_MAX)
        return false;
    for (size_t i = 0; i < value_map_count(map) && !broke(ev); i++) {
        if (!value_hash(value_map_key_at(map, i), &key) || !hash_of(ev, value_map_item_at(map, i), &item))
            return false;
        hash ^= hash_mix(key * 31 + item);
    }
    *ret = hash;
    return true;
}

static bool hash_set(const struct yaql_set *set, uint64_t *ret)
{
    *ret = 0x7fb5d329;
    for (uint32_t i = 0; i < set->table.count; i++)
        *ret ^= hash_mix(set->table.entries[i].hash);
    return !set->view;
}

static bool hash_of(struct evaluation *ev, value v, uint64_t *ret)
{
    switch (v.kind) {
    case VALUE_LIST:
        return hash_items(ev, v, ret);
    case VALUE_TUPLE: /* a Python list */
        return false;
    case VALUE_MAP:
        return hash_map(ev, v, ret);
    case VALUE_OBJECT:
        if (value_is_object(v, &yaql_dict_ops))
            return false;
        if (yaql_is_set(v))
            return hash_set(yaql_set_of(v), ret);
        if (value_is_object(v, &yaql_regex_ops)) {
            *ret = hash_mix((uint64_t)(uintptr_t)((struct yaql_regex *)v.object)->regex);
            return true;
        }
        return value_hash(v, ret);
    default:
        return value_hash(v, ret);
    }
}

/* The name of what cannot be hashed inside v. */
static const char *unhashable(struct evaluation *ev, value v)
{
    uint64_t hash;

    for (size_t i = 0; v.kind == VALUE_LIST && i < value_list_count(v); i++)
        if (!hash_of(ev, v.list->items[i], &hash))
            return unhashable(ev, v.list->items[i]);
    for (size_t i = 0; v.kind == VALUE_MAP && i < value_map_count(v); i++)
        if (!hash_of(ev, value_map_item_at(v, i), &hash))
            return unhashable(ev, value_map_item_at(v, i));
    return yaql_type_name(v);
}

static int64_t find(struct evaluation *ev, const struct table *table, value item, uint64_t hash)
{
    if (!table->index_room)
        return -1;
    for (uint32_t at = (uint32_t)hash & (table->index_room - 1); table->index[at];
         at = (at + 1) & (table->index_room - 1)) {
        const struct table_entry *entry = &table->entries[table->index[at] - 1];

        if (entry->hash == hash && yaql_equal(ev, entry->item, item))
            return table->index[at] - 1;
    }
    return -1;
}

int64_t table_find(struct evaluation *ev, const struct table *table, value item)
{
    uint64_t hash;

    if (!hash_of(ev, item, &hash)) {
        yaql_fail(ev, "TypeError", "unhashable type: '%s'", unhashable(ev, item));
        return -2;
    }
    return find(ev, table, item, hash);
}

static void table_grow(struct table *table)
{
    uint32_t room = table->index_room ? table->index_room * 2 : 16;

    table->index = xreallocarray(table->index, room, sizeof(uint32_t));
    table->index_room = room;
    table_reindex(table);
}

void table_reindex(struct table *table)
{
    uint32_t room = table->index_room;

    memset(table->index, 0, room * sizeof(uint32_t));
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = (uint32_t)table->entries[i].hash & (room - 1);

        while (table->index[at])
            at = (at + 1) & (room - 1);
        table->index[at] = i + 1;
    }
}

int table_add(struct evaluation *ev, struct table *table, value item, size_t *ret_at)
{
    uint64_t hash;
    int64_t at;
    uint32_t slot;

    if (!hash_of(ev, item, &hash))
        return yaql_fail(ev, "TypeError", "unhashable type: '%s'", unhashable(ev, item));
    at = find(ev, table, item, hash);
    if (at >= 0) {
        *ret_at = (size_t)at;
        return 1;
    }
    yaql_charge(ev, 4);
    if (table->count * 2 >= table->index_room)
        table_grow(table);
    GROW(table->entries, table->count, table->room);
    *ret_at = table->count;
    table->entries[table->count++] = (struct table_entry){ .item = value_ref(item), .hash = hash };
    slot = (uint32_t)hash & (table->index_room - 1);
    while (table->index[slot])
        slot = (slot + 1) & (table->index_room - 1);
    table->index[slot] = table->count;
    return 0;
}

void table_release(struct table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        value_unref(table->entries[i].item);
    free(table->entries);
    free(table->index);
    *table = (struct table){ 0 };
}

/* ---- maps and lists ---- */

int yaql_key(struct evaluation *ev, value v, value *ret)
{
    value key;
    uint64_t hash;
    int r = yaql_step(ev);

    yaql_charge(ev, 3);
    if (r < 0)
        return r;
    if (v.kind == VALUE_TUPLE || value_is_object(v, &yaql_dict_ops) ||
        (yaql_is_set(v) && yaql_set_of(v)->view))
        return yaql_fail(ev, "TypeError", "unhashable type: '%s'", yaql_type_name(v));
    if (v.kind == VALUE_MAP || yaql_is_set(v))
        return YAQL_NO_KEY;
    if (v.kind != VALUE_LIST) {
        if (!value_hash(v, &hash))
            return yaql_fail(ev, "TypeError", "unhashable type: '%s'", yaql_type_name(v));
        *ret = value_ref(v);
        return 0;
    }
    key = value_tuple_new(v.list->count);
    for (uint32_t i = 0; i < v.list->count; i++) {
        value part;

        r = yaql_key(ev, v.list->items[i], &part);
        if (r != 0) {
            value_unref(key);
            return r;
        }
        value_list_append(&key, part);
    }
    *ret = key;
    return 0;
}

value yaql_unkey(value key)
{
    value list;

    if (key.kind != VALUE_TUPLE)
        return value_ref(key);
    list = value_list_new(key.list->count);
    for (uint32_t i = 0; i < key.list->count; i++)
        value_list_append(&list, yaql_unkey(key.list->items[i]));
    return list;
}

int yaql_map_put(struct evaluation *ev, value *map, value key, value item)
{
    value k;
    int r = yaql_key(ev, key, &k);

    if (r == YAQL_NO_KEY)
        return yaql_fail(ev, "TypeError", "unhashable type: '%s'", yaql_type_name(key));
    if (r < 0)
        return r;
    if (value_depth(item) >= VALUE_DEPTH_MAX) {
        value_unref(k);
        return limit_recursion(ev->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
    }
    yaql_charge(ev, 4);
    value_map_set(map, k, value_ref(item));
    return yaql_check_count(ev, value_map_count(*map));
}

int yaql_map_find(struct evaluation *ev, value map, value key, value *ret)
{
    VALUE_AUTO(k);
    int r;

    if (key.kind < VALUE_LIST) {
        *ret = value_map_get_value(map, key);
        return 0;
    }
    r = yaql_key(ev, key, &k);
    if (r < 0)
        return r;
    *ret = r == YAQL_NO_KEY ? VALUE_NOTHING : value_map_get_value(map, k);
    return 0;
}

int yaql_append(struct evaluation *ev, value *list, value item)
{
    if (value_depth(item) >= VALUE_DEPTH_MAX) {
        value_unref(item);
        return limit_recursion(ev->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
    }
    value_list_append(list, item);
    return yaql_check_count(ev, list->list->count);
}

bool yaql_truth(value v)
{
    if (v.kind != VALUE_OBJECT)
        return value_truth(v);
    if (yaql_is_set(v))
        return yaql_set_of(v)->table.count != 0;
    if (value_is_object(v, &yaql_dict_ops))
        return value_map_count(yaql_map_of(v)) != 0;
    if (value_is_object(v, &yaql_lazy_ops)) {
        struct lazy *lazy = (struct lazy *)v.object;

        return !lazy->ops->length || lazy->ops->length(lazy) != 0;
    }
    return true;
}

/* ---- text ---- */

const char *yaql_type_name(value v)
{
    switch (v.kind) {
    case VALUE_LIST:
        return "tuple";
    case VALUE_TUPLE:
        return "list";
    case VALUE_MAP:
        return "FrozenDict";
    case VALUE_OBJECT:
        if (yaql_is_set(v))
            return yaql_set_of(v)->view ? yaql_set_of(v)->view : "frozenset";
        if (value_is_object(v, &yaql_dict_ops))
            return "dict";
        if (value_is_object(v, &yaql_lazy_ops))
            return ((struct lazy *)v.object)->ops->name;
        if (value_is_object(v, &yaql_regex_ops))
            return "re.Pattern";
        return "yaql.language.contexts.Context";
    default:
        return python_type_name(v);
    }
}

static int add_repr(struct evaluation *ev, value v, struct buffer *out);

static int add_items(struct evaluation *ev, value list, const char *open, const char *close,
                     struct buffer *out)
{
    int r = 0;

    buffer_add_text(out, open);
    for (uint32_t i = 0; i < list.list->count && r >= 0; i++) {
        if (i)
            buffer_add_text(out, ", ");
        r = add_repr(ev, list.list->items[i], out);
    }
    buffer_add_text(out, close);
    return r;
}

/* The items of a map or of one inside a key: a tuple there is VALUE_TUPLE. */
static int add_key(struct evaluation *ev, value key, struct buffer *out)
{
    VALUE_AUTO(shown);

    if (key.kind != VALUE_TUPLE)
        return add_repr(ev, key, out);
    shown = yaql_unkey(key);
    return add_repr(ev, shown, out);
}

static int add_map(struct evaluation *ev, value map, struct buffer *out)
{
    int r = 0;

    buffer_add_char(out, '{');
    for (size_t i = 0; i < value_map_count(map) && r >= 0; i++) {
        if (i)
            buffer_add_text(out, ", ");
        r = add_key(ev, value_map_key_at(map, i), out);
        if (r < 0)
            break;
        buffer_add_text(out, ": ");
        r = add_repr(ev, value_map_item_at(map, i), out);
    }
    buffer_add_char(out, '}');
    return r;
}

static int add_set(struct evaluation *ev, const struct yaql_set *set, struct buffer *out)
{
    int r = 0;

    if (set->view) {
        buffer_addf(out, "%s(", set->view);
        r = add_map(ev, set->of, out);
        buffer_add_char(out, ')');
        return r;
    }
    buffer_add_text(out, "frozenset(");
    if (set->table.count)
        buffer_add_char(out, '{');
    for (uint32_t i = 0; i < set->table.count && r >= 0; i++) {
        if (i)
            buffer_add_text(out, ", ");
        r = add_repr(ev, set->table.entries[i].item, out);
    }
    if (set->table.count)
        buffer_add_char(out, '}');
    buffer_add_char(out, ')');
    return r;
}

static int add_object(struct evaluation *ev, value v, struct buffer *out)
{
    if (yaql_is_map(v))
        return add_map(ev, yaql_map_of(v), out);
    if (yaql_is_set(v))
        return add_set(ev, yaql_set_of(v), out);
    if (value_is_object(v, &yaql_regex_ops)) {
        VALUE_AUTO(pattern);

        pattern = pyregex_pattern(((struct yaql_regex *)v.object)->regex);
        buffer_add_text(out, "re.compile(");
        python_repr(out, pattern);
        buffer_add_char(out, ')');
        return 0;
    }
    if (value_is_object(v, &yaql_lazy_ops) && ((struct lazy *)v.object)->ops->iterate &&
        value_is_map(((struct lazy *)v.object)->v)) {
        buffer_addf(out, "%s(", yaql_type_name(v));
        add_map(ev, ((struct lazy *)v.object)->v, out);
        buffer_add_char(out, ')');
        return 0;
    }
    buffer_addf(out, "<%s object>", yaql_type_name(v));
    return 0;
}

static int add_repr(struct evaluation *ev, value v, struct buffer *out)
{
    int r = yaql_check_text(ev, out->len);

    yaql_charge(ev, 2);
    if (r < 0)
        return r;
    if (value_depth(v) > VALUE_DEPTH_MAX)
        return limit_recursion(ev->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
    r = yaql_step(ev);
    if (r < 0)
        return r;
    switch (v.kind) {
    case VALUE_LIST:
        return add_items(ev, v, "(", v.list->count == 1 ? ",)" : ")", out);
    case VALUE_TUPLE:
        return add_items(ev, v, "[", "]", out);
    case VALUE_MAP:
        return add_map(ev, v, out);
    case VALUE_OBJECT:
        return add_object(ev, v, out);
    default:
        python_repr(out, v);
        return 0;
    }
}

int yaql_key_error(struct evaluation *ev, value map, value key)
{
    BUFFER_AUTO(text);

    if (add_repr(ev, key, &text) < 0)
        return -EINVAL;
    yaql_fail(ev, "KeyError", "%s", buffer_text(&text));
    if (value_is_string(key))
        suggest_key(map, value_chars(key), value_len(key), ev->err);
    return -EINVAL;
}

int yaql_python_str(struct evaluation *ev, value v, struct buffer *out)
{
    if (v.kind == VALUE_LIST || v.kind == VALUE_TUPLE || v.kind == VALUE_MAP || v.kind == VALUE_OBJECT)
        return add_repr(ev, v, out);
    python_str(out, v);
    return yaql_check_text(ev, out->len);
}

int yaql_str(struct evaluation *ev, value v, value *ret)
{
    BUFFER_AUTO(out);
    int r;

    if (value_is_string(v)) {
        *ret = value_ref(v);
        return 0;
    }
    if (value_is_null(v) || v.kind == VALUE_BOOL) {
        *ret = value_is_null(v) ? VALUE_ATOM("null") : v.boolean ? VALUE_ATOM("true") : VALUE_ATOM("false");
        return 0;
    }
    yaql_charge(ev, 4 + (v.kind == VALUE_BIGINT ? mpz_size(v.bigint->number) * 8 : 0));
    r = yaql_python_str(ev, v, &out);
    if (r < 0)
        return r;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* ---- in and out ---- */

/* What leaves is counted as often as it is met: shared parts are written out again and again by whoever prints them. */
static int count_out(struct evaluation *ev, value v)
{
    ev->bytes_out += 2 * sizeof(value) + value_len(v);
    if (unlikely(ev->bytes_out > ev->limits.memory))
        return limit_exceeded(ev->err, LIMIT_MEMORY, ev->limits.memory);
    return 0;
}

static bool is_same(value a, value b)
{
    return a.kind == b.kind && a.integer == b.integer;
}

/* A list made inside a set or as a key has no hash. */
static int finalize_hashable(struct evaluation *ev, value v, value *ret)
{
    VALUE_AUTO(out);
    uint64_t hash;
    int r = yaql_finalize(ev, v, &out);

    if (r < 0)
        return r;
    if (!value_hash(out, &hash))
        return yaql_fail(ev, "TypeError", "unhashable type: '%s'", python_type_name(out));
    *ret = value_take(&out);
    return 0;
}

/* A list of items that stay as they are is given as it is. */
static int finalize_list(struct evaluation *ev, value v, value *ret)
{
    VALUE_AUTO(out);

    if (v.kind == VALUE_TUPLE)
        out = value_list_new(v.list->count);
    for (uint32_t i = 0; i < v.list->count; i++) {
        value item = v.list->items[i], final;
        int r = yaql_finalize(ev, item, &final);

        if (r < 0)
            return r;
        if (!value_is_set(out) && is_same(item, final)) {
            value_unref(final);
            continue;
        }
        if (!value_is_set(out))
            out = value_list_slice(v, 0, i);
        value_list_append(&out, final);
    }
    *ret = value_is_set(out) ? value_take(&out) : value_ref(v);
    return 0;
}

static int finalize_map(struct evaluation *ev, value map, value *ret)
{
    VALUE_AUTO(out);

    VALUE_MAP_EACH (i, map) {
        value key = value_map_key_at(map, i), item = value_map_item_at(map, i), final;
        VALUE_AUTO(final_key);
        VALUE_AUTO(shown);
        int r;

        shown = yaql_unkey(key);
        r = finalize_hashable(ev, shown, &final_key);
        if (r >= 0)
            r = yaql_finalize(ev, item, &final);
        if (r < 0)
            return r;
        if (is_same(key, final_key) && is_same(item, final)) {
            value_unref(final);
            continue;
        }
        if (!value_is_set(out))
            out = value_ref(map); /* copied by the first change */
        value_map_set(&out, value_take(&final_key), final);
    }
    *ret = value_is_set(out) ? value_take(&out) : value_ref(map);
    return 0;
}

static int finalize_items(struct evaluation *ev, value v, value *ret)
{
    VALUE_AUTO(out);
    CURSOR_AUTO(cursor);
    int r = cursor_open(ev, v, &cursor);

    out = value_list_new(0);
    while (r >= 0) {
        VALUE_AUTO(item);
        value final;

        r = cursor_next(ev, &cursor, &item);
        if (r == YAQL_END)
            break;
        if (r >= 0)
            r = yaql_finalize(ev, item, &final);
        if (r >= 0)
            r = yaql_append(ev, &out, final);
    }
    if (r < 0)
        return r;
    *ret = value_take(&out);
    return 0;
}

static int finalize_set(struct evaluation *ev, const struct yaql_set *set, value *ret)
{
    VALUE_AUTO(out);

    out = value_set_new(set->table.count);
    for (uint32_t i = 0; i < set->table.count; i++) {
        value item;
        int r = finalize_hashable(ev, set->table.entries[i].item, &item);

        if (r < 0)
            return r;
        value_set_add(&out, item);
    }
    *ret = value_take(&out);
    return 0;
}

static int finalize_object(struct evaluation *ev, value v, value *ret)
{
    BUFFER_AUTO(text);
    int r;

    if (yaql_is_map(v))
        return finalize_map(ev, yaql_map_of(v), ret);
    if (yaql_is_set(v))
        return finalize_set(ev, yaql_set_of(v), ret);
    if (yaql_is_items(v) && yaql_truth(v)) /* a set whose pairs become lists */
        return yaql_fail(ev, "TypeError", "unhashable type: 'list'");
    if (yaql_is_items(v)) {
        *ret = value_set_new(0);
        return 0;
    }
    if (yaql_is_iterable(v))
        return finalize_items(ev, v, ret);
    r = yaql_python_str(ev, v, &text);
    if (r < 0)
        return r;
    *ret = value_text_n(buffer_text(&text), text.len);
    return 0;
}

int yaql_finalize(struct evaluation *ev, value v, value *ret)
{
    int r = count_out(ev, v);

    if (r < 0)
        return r;
    if (v.kind < VALUE_LIST || v.kind == VALUE_DATETIME || v.kind == VALUE_SET) {
        *ret = value_ref(v);
        return 0;
    }
    r = yaql_enter_value(ev);
    if (r < 0)
        return r;
    if (yaql_is_sequence(v))
        r = finalize_list(ev, v, ret);
    else if (v.kind == VALUE_MAP)
        r = finalize_map(ev, v, ret);
    else
        r = finalize_object(ev, v, ret);
    return r;
}

value yaql_from_plain(struct evaluation *ev, value v)
{
    value out;

    if (v.kind == VALUE_LIST) {
        out = value_tuple_new(v.list->count);
        for (uint32_t i = 0; i < v.list->count; i++)
            value_list_append(&out, broke(ev) ? value_null() : yaql_from_plain(ev, v.list->items[i]));
        return out;
    }
    if (v.kind == VALUE_MAP) {
        out = value_map_new(value_map_count(v));
        VALUE_MAP_EACH (i, v) {
            value_map_set(&out, value_ref(value_map_key_at(v, i)),
                          broke(ev) ? value_null() : yaql_from_plain(ev, value_map_item_at(v, i)));
        }
        return yaql_dict_new(ev, out);
    }
    if (v.kind == VALUE_SET) {
        out = yaql_set_new(ev);
        VALUE_MAP_EACH (i, v) {
            yaql_set_insert(ev, out, value_map_key_at(v, i));
        }
        return out;
    }
    return value_ref(v);
}
