/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of nodes becomes values: merge keys are resolved, tags decide, aliased nodes share one value. */
#include <stdlib.h>

#include "base/mem.h"
#include "value/yaml-internal.h"

static int construct(struct yaml_reader *reader, struct yaml_node *node, value *ret);

/* ---- merge keys ---- */

static int flatten(struct yaml_reader *reader, struct yaml_node *node);

/* Resolve what is merged first and count its pairs. */
static int flatten_source(struct yaml_reader *reader, const struct yaml_node *node, struct yaml_node *source,
                          size_t *n)
{
    int r;

    if (source->kind == YAML_MAPPING) {
        r = flatten(reader, source);
        *n += source->n_items;
        return r;
    }
    if (source->kind != YAML_SEQUENCE)
        return yaml_fail(reader, "while constructing a mapping", &node->at, &source->at,
                         "expected a mapping or list of mappings for merging, but found %s",
                         yaml_kind_name(source));
    for (uint32_t i = 0; i < source->n_items; i++) {
        struct yaml_node *item = source->items[i];

        if (item->kind != YAML_MAPPING)
            return yaml_fail(reader, "while constructing a mapping", &node->at, &item->at,
                             "expected a mapping for merging, but found %s", yaml_kind_name(item));
        r = flatten(reader, item);
        if (r < 0)
            return r;
        *n += item->n_items;
    }
    return 0;
}

static void merge_mapping(struct yaml_node *from, struct yaml_node **pairs, size_t *n)
{
    for (uint32_t i = 0; i < from->n_items; i++) {
        from->items[i]->shared = true;
        pairs[(*n)++] = from->items[i];
    }
}

/* The merged pairs come first, so that the mapping's own keys win; of a list of mappings the first one wins. */
static int flatten(struct yaml_reader *reader, struct yaml_node *node)
{
    struct yaml_node **pairs;
    size_t room = node->n_items, n = 0;
    bool merges = false;
    int r;

    if (node->flattened || (reader->flags & YAML_NO_MERGE))
        return 0;
    node->flattened = true;
    for (uint32_t i = 0; i < node->n_items; i += 2) {
        if (node->items[i]->tag == YAML_TAG_VALUE)
            node->items[i]->tag = YAML_TAG_STR;
        if (node->items[i]->tag != YAML_TAG_MERGE)
            continue;
        merges = true;
        r = flatten_source(reader, node, node->items[i + 1], &room);
        if (r < 0)
            return r;
    }
    if (!merges)
        return 0;
    pairs = pool_alloc(reader->pool, room * sizeof(*pairs));
    for (uint32_t i = 0; i < node->n_items; i += 2) {
        struct yaml_node *source = node->items[i + 1];

        if (node->items[i]->tag != YAML_TAG_MERGE)
            continue;
        if (source->kind == YAML_MAPPING)
            merge_mapping(source, pairs, &n);
        for (uint32_t k = source->n_items; source->kind == YAML_SEQUENCE && k-- > 0;)
            merge_mapping(source->items[k], pairs, &n);
    }
    for (uint32_t i = 0; i < node->n_items; i += 2) {
        if (node->items[i]->tag == YAML_TAG_MERGE)
            continue;
        pairs[n++] = node->items[i];
        pairs[n++] = node->items[i + 1];
    }
    node->items = pairs;
    node->n_items = (uint32_t)n;
    return 0;
}

/* ---- collections ---- */

static int expect(struct yaml_reader *reader, const struct yaml_node *node, enum yaml_node_kind kind)
{
    static const char *const texts[] = {
        [YAML_SCALAR] = "a scalar", [YAML_SEQUENCE] = "a sequence", [YAML_MAPPING] = "a mapping"
    };

    if (node->kind == kind)
        return 0;
    return yaml_fail(reader, NULL, NULL, &node->at, "expected %s node, but found %s", texts[kind],
                     yaml_kind_name(node));
}

static int construct_sequence(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    VALUE_AUTO(list);
    int r = expect(reader, node, YAML_SEQUENCE);

    if (r < 0)
        return r;
    list = value_list_new(node->n_items);
    for (uint32_t i = 0; i < node->n_items; i++) {
        value item = VALUE_NOTHING;

        r = construct(reader, node->items[i], &item);
        if (r < 0)
            return r;
        value_list_append(&list, item);
    }
    *ret = value_take(&list);
    return 0;
}

static int construct_key(struct yaml_reader *reader, struct yaml_node *node, struct yaml_node *key_node,
                         value map, value *ret)
{
    VALUE_AUTO(key);
    uint64_t hash;
    int r;

    r = construct(reader, key_node, &key);
    if (r < 0)
        return r;
    if (!value_hash(key, &hash))
        return yaml_fail(reader, "while constructing a mapping", &node->at, &key_node->at,
                         "found unhashable key");
    if ((reader->flags & YAML_UNIQUE_KEYS) && value_is_set(value_map_get_value(map, key)))
        return error_set_at(reader->err, -EINVAL, key_node->at.line, key_node->at.column,
                            "found duplicate key \"%s\"",
                            key_node->kind == YAML_SCALAR ? key_node->text : yaml_kind_name(key_node));
    *ret = value_take(&key);
    return 0;
}

static int construct_mapping(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    VALUE_AUTO(map);
    int r = expect(reader, node, YAML_MAPPING);

    if (r == 0)
        r = flatten(reader, node);
    if (r < 0)
        return r;
    map = value_map_new(node->n_items / 2);
    for (uint32_t i = 0; i < node->n_items; i += 2) {
        value key = VALUE_NOTHING, item = VALUE_NOTHING;

        r = construct_key(reader, node, node->items[i], map, &key);
        if (r < 0)
            return r;
        r = construct(reader, node->items[i + 1], &item);
        if (r < 0) {
            value_unref(key);
            return r;
        }
        value_map_set(&map, key, item);
    }
    *ret = value_take(&map);
    return 0;
}

static int construct_set(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    VALUE_AUTO(map);
    int r = construct_mapping(reader, node, &map);

    if (r < 0)
        return r;
    *ret = value_set_new(value_map_count(map));
    VALUE_MAP_EACH (i, map)
        value_set_add(ret, value_ref(value_map_key_at(map, i)));
    return 0;
}

/* A sequence of mappings of one pair each becomes a list of tuples. */
static int construct_pairs(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    const char *context =
        node->tag == YAML_TAG_OMAP ? "while constructing an ordered map" : "while constructing pairs";
    VALUE_AUTO(list);

    if (node->kind != YAML_SEQUENCE)
        return yaml_fail(reader, context, &node->at, &node->at, "expected a sequence, but found %s",
                         yaml_kind_name(node));
    list = value_list_new(node->n_items);
    for (uint32_t i = 0; i < node->n_items; i++) {
        struct yaml_node *pair = node->items[i];
        VALUE_AUTO(tuple);

        if (pair->kind != YAML_MAPPING)
            return yaml_fail(reader, context, &node->at, &pair->at,
                             "expected a mapping of length 1, but found %s", yaml_kind_name(pair));
        if (pair->n_items != 2)
            return yaml_fail(reader, context, &node->at, &pair->at,
                             "expected a single mapping item, but found %u items", pair->n_items / 2);
        tuple = value_tuple_new(2);
        for (int k = 0; k < 2; k++) {
            value part = VALUE_NOTHING;
            int r = construct(reader, pair->items[k], &part);

            if (r < 0)
                return r;
            value_list_append(&tuple, part);
        }
        value_list_append(&list, value_take(&tuple));
    }
    *ret = value_take(&list);
    return 0;
}

/* A mapping with the key "=" may stand for a scalar. */
static int scalar_node(struct yaml_reader *reader, struct yaml_node *node, struct yaml_node **ret)
{
    while (node->kind == YAML_MAPPING) {
        struct yaml_node *found = NULL;

        for (uint32_t i = 0; i < node->n_items && !found; i += 2)
            if (node->items[i]->tag == YAML_TAG_VALUE)
                found = node->items[i + 1];
        if (!found)
            break;
        node = found;
    }
    *ret = node;
    return expect(reader, node, YAML_SCALAR);
}

static int construct_scalar(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    struct yaml_node as_scalar, *found = NULL;
    int r = scalar_node(reader, node, &found);

    if (r < 0)
        return r;
    as_scalar = *found;
    as_scalar.tag = node->tag;
    return yaml_construct_scalar(reader, &as_scalar, ret);
}

static const char *tag_text(const struct yaml_node *node)
{
    return node->tag == YAML_TAG_MERGE   ? "tag:yaml.org,2002:merge"
           : node->tag == YAML_TAG_VALUE ? "tag:yaml.org,2002:value"
                                         : node->tag_text;
}

static int construct_by_tag(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    const char *quote;

    switch (node->tag) {
    case YAML_TAG_SEQ:
        return construct_sequence(reader, node, ret);
    case YAML_TAG_MAP:
        return construct_mapping(reader, node, ret);
    case YAML_TAG_SET:
        return construct_set(reader, node, ret);
    case YAML_TAG_OMAP:
    case YAML_TAG_PAIRS:
        return construct_pairs(reader, node, ret);
    case YAML_TAG_MERGE:
    case YAML_TAG_VALUE:
    case YAML_TAG_OTHER:
        quote = strchr(tag_text(node), '\'') ? "\"" : "'";
        return yaml_fail(reader, NULL, NULL, &node->at,
                         "could not determine a constructor for the tag %s%s%s", quote, tag_text(node),
                         quote);
    default:
        return construct_scalar(reader, node, ret);
    }
}

static int construct(struct yaml_reader *reader, struct yaml_node *node, value *ret)
{
    int r;

    if (value_is_set(node->memo)) {
        *ret = value_ref(node->memo);
        return 0;
    }
    r = construct_by_tag(reader, node, ret);
    if (r < 0)
        return r;
    if (node->shared && ret->kind >= VALUE_COUNTED) {
        node->memo = value_ref(*ret);
        node->next_memo = reader->memos;
        reader->memos = node;
    }
    return 0;
}

/* ---- positions ---- */

struct yaml_positions {
    struct pool *pool;
    struct yaml_node *root;
};

void yaml_positions_free(struct yaml_positions *positions)
{
    if (!positions)
        return;
    pool_free(positions->pool);
    free(positions);
}

void yaml_positions_freep(struct yaml_positions **positions)
{
    yaml_positions_free(*positions);
}

/* The pair whose key is the longest possible start of `path`, ending at a dot; *ret_rest is what follows. A later pair wins,
   as it does in the value. */
static struct yaml_node **find_pair(const struct yaml_node *node, const char *path, const char **ret_rest)
{
    struct yaml_node **found = NULL;
    size_t best = 0;

    for (uint32_t i = 0; i < node->n_items; i += 2) {
        const struct yaml_node *key = node->items[i];

        if (key->kind == YAML_SCALAR && (!found || key->len >= best) &&
            strncmp(path, key->text, key->len) == 0 && (path[key->len] == '.' || path[key->len] == '\0')) {
            found = &node->items[i];
            best = key->len;
        }
    }
    if (found)
        *ret_rest = path + best + (path[best] == '.');
    return found;
}

static struct yaml_node *find_item(const struct yaml_node *node, const char *path, const char **ret_rest)
{
    char *end;
    unsigned long index = strtoul(path, &end, 10);

    if (end == path || (*end != '.' && *end != '\0') || index >= node->n_items)
        return NULL;
    *ret_rest = end + (*end == '.');
    return node->items[index];
}

bool yaml_position(const struct yaml_positions *positions, const char *path, int *ret_line, int *ret_column)
{
    const struct yaml_node *node = positions ? positions->root : NULL;
    struct yaml_place at;

    if (!node)
        return false;
    at = node->at;
    while (*path && node->kind != YAML_SCALAR) {
        struct yaml_node **pair, *next;

        if (node->kind == YAML_MAPPING) {
            pair = find_pair(node, path, &path);
            if (!pair)
                break;
            at = pair[0]->at;
            node = pair[1];
        } else {
            next = find_item(node, path, &path);
            if (!next)
                break;
            at = next->at;
            node = next;
        }
    }
    *ret_line = at.line;
    *ret_column = at.column;
    return true;
}

/* ---- reading ---- */

int yaml_read_named(const char *name, const char *text, size_t n, enum yaml_read_flags flags, value *ret,
                    struct yaml_positions **ret_positions, struct error *err)
{
    CLEANUP(pool_freep)
    struct pool *pool = pool_new();
    struct yaml_reader reader = { .name = name, .flags = flags, .pool = pool, .err = err };
    struct yaml_node *root = NULL;
    value v = value_null();
    int r;

    r = yaml_compose(&reader, text, n, &root);
    if (r == 0 && root)
        r = construct(&reader, root, &v);
    for (struct yaml_node *node = reader.memos; node; node = node->next_memo)
        value_unref(node->memo);
    if (r < 0)
        return r;
    *ret = v;
    if (ret_positions) {
        *ret_positions = xcalloc(1, sizeof(**ret_positions));
        **ret_positions = (struct yaml_positions){ .pool = take_ptr(&pool), .root = root };
    }
    return 0;
}

int yaml_read(const char *text, size_t n, value *ret, struct error *err)
{
    return yaml_read_named(NULL, text, n, 0, ret, NULL, err);
}

int yaml_read_with(const char *text, size_t n, enum yaml_read_flags flags, value *ret, struct error *err)
{
    return yaml_read_named(NULL, text, n, flags, ret, NULL, err);
}

int yaml_read_positions(const char *text, size_t n, value *ret, struct yaml_positions **ret_positions,
                        struct error *err)
{
    return yaml_read_named(NULL, text, n, 0, ret, ret_positions, err);
}
