/* SPDX-License-Identifier: Apache-2.0 */
/* The error log of a workflow. An entry equal to an earlier one is not added again, so entries are found by content. What
   an entry hints at is kept with it and shown to people, but is no part of what it says: it is never compared. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

/* Equal values have equal hashes, maps in any order. */
static uint64_t deep_hash(value v)
{
    uint64_t hash = v.kind, part;

    if (value_is_list(v)) {
        VALUE_LIST_EACH (i, item, v)
            hash = hash_mix(hash ^ deep_hash(item));
        return hash;
    }
    if (v.kind == VALUE_MAP) {
        VALUE_MAP_EACH (i, v)
            hash += hash_mix(deep_hash(value_map_key_at(v, i)) * 3 + deep_hash(value_map_item_at(v, i)));
        return hash;
    }
    return value_hash(v, &part) ? part : hash;
}

value log_entry_said(value entry)
{
    value said = value_ref(entry);

    value_map_remove(&said, "hint");
    return said;
}

static uint64_t entry_hash(value entry)
{
    VALUE_AUTO(said);

    said = log_entry_said(entry);
    return deep_hash(said);
}

void log_restore(struct conductor *c, uint32_t index, value v, int64_t id)
{
    GROW(c->errors, c->n_errors, c->errors_room);
    memmove(c->errors + index + 1, c->errors + index, (c->n_errors - index) * sizeof(c->errors[0]));
    c->errors[index] = (struct log_entry){ v, entry_hash(v), id };
    c->n_errors++;
    idmap_set(&c->error_by_hash, c->errors[index].hash, (uintptr_t)id + 1);
    mark_dirty(c, ROW_ERROR, id, 0);
}

void log_drop_last(struct conductor *c)
{
    struct log_entry *entry = &c->errors[--c->n_errors];

    idmap_set(&c->error_by_hash, entry->hash, 0);
    value_unref(entry->v);
}

void log_remove(struct conductor *c, uint32_t index)
{
    struct undo *undo = undo_add(c, UNDO_ERROR_REMOVE);

    undo->index = index;
    undo->number = c->errors[index].id;
    undo->held = c->errors[index].v;
    idmap_set(&c->error_by_hash, c->errors[index].hash, 0);
    c->n_errors--;
    memmove(c->errors + index, c->errors + index + 1, (c->n_errors - index) * sizeof(c->errors[0]));
    mark_dirty(c, ROW_ERROR, undo->number, 0);
}

/* The entry with that id; ids ascend. */
static const struct log_entry *log_find(const struct conductor *c, int64_t id)
{
    uint32_t low = 0, high = c->n_errors;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (c->errors[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->n_errors && c->errors[low].id == id ? &c->errors[low] : NULL;
}

/* Takes the entry. */
static void log_append(struct conductor *c, value v, const char *hint)
{
    uintptr_t known = idmap_get(&c->error_by_hash, deep_hash(v));
    const struct log_entry *entry = known ? log_find(c, (int64_t)known - 1) : NULL;
    VALUE_AUTO(said);

    if (entry)
        said = log_entry_said(entry->v);
    if (entry && value_equal(said, v)) {
        value_unref(v);
        return;
    }
    if (hint)
        value_map_put(&v, "hint", value_text(hint));
    log_restore(c, c->n_errors, v, c->next_error++);
    undo_add(c, UNDO_ERROR_ADD);
}

static void add(struct conductor *c, const char *message, const char *hint, struct log_place place,
                value result)
{
    value v = value_map_new(6);

    value_map_put(&v, "type", VALUE_ATOM("error"));
    value_map_put(&v, "message", value_text(message));
    if (place.task)
        value_map_put(&v, "task_id", value_ref(place.task->name_value));
    if (place.route >= 0)
        value_map_put(&v, "route", value_int(place.route));
    if (place.edge)
        value_map_put(&v, "task_transition_id", value_ref(place.edge->next_id));
    if (!value_is_null(result))
        value_map_put(&v, "result", result);
    log_append(c, v, hint);
}

void log_error_entry(struct conductor *c, const char *message, struct log_place place, value result)
{
    add(c, message, NULL, place, result);
}

void log_error(struct conductor *c, const struct error *err, struct log_place place)
{
    BUFFER_AUTO(text);

    buffer_addf(&text, "%s: %s", err->kind ? err->kind : "Exception", error_text(err));
    add(c, buffer_text(&text), err->hint, place, VALUE_NOTHING);
}
