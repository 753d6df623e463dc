/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/catalog.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "auth/crypto.h"
#include "base/mem.h"
#include "base/strmap.h"

struct object {
    char *id, *ref;
    value document;
};

struct shelf {
    struct object **objects; /* by id, ascending */
    size_t n, room;
    struct strmap by_ref, by_id;
    value list; /* made when it is asked for; unset after a change */
    uint64_t version;
};

struct catalog {
    pthread_rwlock_t lock;
    struct shelf shelves[OBJECT_KINDS];
    struct crypto_key *key;
};

struct catalog *catalog_new(void)
{
    struct catalog *catalog = xcalloc(1, sizeof(*catalog));

    pthread_rwlock_init(&catalog->lock, NULL);
    return catalog;
}

static void object_free(struct object *object)
{
    free(object->id);
    free(object->ref);
    value_unref(object->document);
    free(object);
}

static void shelf_clear(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->n; i++)
        object_free(shelf->objects[i]);
    free(shelf->objects);
    strmap_release(&shelf->by_ref);
    strmap_release(&shelf->by_id);
    value_unref(shelf->list);
    *shelf = (struct shelf){ .version = shelf->version + 1 };
}

void catalog_free(struct catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < OBJECT_KINDS; i++)
        shelf_clear(&catalog->shelves[i]);
    pthread_rwlock_destroy(&catalog->lock);
    crypto_key_free(catalog->key);
    free(catalog);
}

/* Where an id stands or belongs. */
static size_t place(const struct shelf *shelf, const char *id)
{
    size_t low = 0, high = shelf->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(shelf->objects[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void shelf_remove(struct shelf *shelf, const char *id)
{
    struct object *object = strmap_get(&shelf->by_id, id);
    size_t at;

    if (!object)
        return;
    at = place(shelf, id);
    memmove(shelf->objects + at, shelf->objects + at + 1, (shelf->n - at - 1) * sizeof(shelf->objects[0]));
    shelf->n--;
    strmap_remove(&shelf->by_id, object->id);
    if (strmap_get(&shelf->by_ref, object->ref) == object)
        strmap_remove(&shelf->by_ref, object->ref);
    object_free(object);
}

static void shelf_put(struct shelf *shelf, const char *id, const char *ref, value document)
{
    struct object *object;
    size_t at;

    shelf_remove(shelf, id);
    if (value_is_set(document)) {
        object = xcalloc(1, sizeof(*object));
        *object = (struct object){ xstrdup(id), xstrdup(ref), value_ref(document) };
        at = place(shelf, id);
        GROW(shelf->objects, shelf->n, shelf->room);
        memmove(shelf->objects + at + 1, shelf->objects + at, (shelf->n - at) * sizeof(shelf->objects[0]));
        shelf->objects[at] = object;
        shelf->n++;
        strmap_set(&shelf->by_id, id, object);
        strmap_set(&shelf->by_ref, ref, object);
    }
    value_replace(&shelf->list, VALUE_NOTHING);
    shelf->version++;
}

void catalog_put(struct catalog *catalog, enum object_kind kind, const char *id, const char *ref,
                 value document)
{
    pthread_rwlock_wrlock(&catalog->lock);
    shelf_put(&catalog->shelves[kind], id, ref, document);
    pthread_rwlock_unlock(&catalog->lock);
}

static int load_one(void *data, enum object_kind kind, const char *id, const char *ref, value document)
{
    struct catalog *catalog = data;

    if (kind < OBJECT_KINDS)
        shelf_put(&catalog->shelves[kind], id, ref, document);
    return 0;
}

int catalog_load(struct catalog *catalog, struct store_reader *reader, struct error *err)
{
    int r;

    pthread_rwlock_wrlock(&catalog->lock);
    for (size_t i = 0; i < OBJECT_KINDS; i++)
        shelf_clear(&catalog->shelves[i]);
    r = store_objects(reader, load_one, catalog, err);
    pthread_rwlock_unlock(&catalog->lock);
    return r;
}

static value lookup(struct catalog *catalog, enum object_kind kind, const char *ref, const char *id)
{
    struct shelf *shelf = &catalog->shelves[kind];
    struct object *object = NULL;
    value document = VALUE_NOTHING;

    pthread_rwlock_rdlock(&catalog->lock);
    if (ref)
        object = strmap_get(&shelf->by_ref, ref);
    if (!object && id)
        object = strmap_get(&shelf->by_id, id);
    if (object)
        document = value_ref(object->document);
    pthread_rwlock_unlock(&catalog->lock);
    return document;
}

void catalog_set_key(struct catalog *catalog, struct crypto_key *key)
{
    crypto_key_free(catalog->key);
    catalog->key = key;
}

const struct crypto_key *catalog_key(const struct catalog *catalog)
{
    return catalog->key;
}

value catalog_get(struct catalog *catalog, enum object_kind kind, const char *ref_or_id)
{
    return lookup(catalog, kind, ref_or_id, ref_or_id);
}

value catalog_by_ref(struct catalog *catalog, enum object_kind kind, const char *ref)
{
    return lookup(catalog, kind, ref, NULL);
}

value catalog_by_id(struct catalog *catalog, enum object_kind kind, const char *id)
{
    return lookup(catalog, kind, NULL, id);
}

value catalog_list(struct catalog *catalog, enum object_kind kind)
{
    struct shelf *shelf = &catalog->shelves[kind];
    value list;

    pthread_rwlock_rdlock(&catalog->lock);
    list = value_ref(shelf->list);
    pthread_rwlock_unlock(&catalog->lock);
    if (value_is_set(list))
        return list;
    pthread_rwlock_wrlock(&catalog->lock);
    if (!value_is_set(shelf->list)) {
        shelf->list = value_list_new(shelf->n);
        for (size_t i = 0; i < shelf->n; i++)
            value_list_append(&shelf->list, value_ref(shelf->objects[i]->document));
    }
    list = value_ref(shelf->list);
    pthread_rwlock_unlock(&catalog->lock);
    return list;
}

uint64_t catalog_version(struct catalog *catalog, enum object_kind kind)
{
    uint64_t version;

    pthread_rwlock_rdlock(&catalog->lock);
    version = catalog->shelves[kind].version;
    pthread_rwlock_unlock(&catalog->lock);
    return version;
}
