/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's events become a tree of nodes, aliases become pointers to what they name. What the tree would expand to is
   counted while it is built, so that a small text cannot stand for a huge value. */
#include <stdlib.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "value/yaml-internal.h"

struct composer {
    struct yaml_reader *reader;
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    bool has_event;
    const char *text;
    size_t n;
    struct strmap anchors;
    struct yaml_node **stack; /* items of the collections that are being read */
    size_t n_stack, stack_room;
    size_t n_nodes;
};

int yaml_fail(struct yaml_reader *reader, const char *context, const struct yaml_place *context_at,
              const struct yaml_place *at, const char *format, ...)
{
    BUFFER_AUTO(text);
    const char *name = reader->name ? reader->name : "<unicode string>";
    va_list args;

    if (context)
        buffer_addf(&text, "%s\n", context);
    if (context_at && (context_at->line != at->line || context_at->column != at->column))
        buffer_addf(&text, "  in \"%s\", line %d, column %d\n", name, context_at->line, context_at->column);
    va_start(args, format);
    buffer_add_vf(&text, format, args);
    va_end(args);
    buffer_addf(&text, "\n  in \"%s\", line %d, column %d", name, at->line, at->column);
    return error_set_at(reader->err, -EINVAL, at->line, at->column, "%s", buffer_text(&text));
}

static struct yaml_place place(yaml_mark_t mark)
{
    return (struct yaml_place){ (int)mark.line + 1, (int)mark.column + 1 };
}

/* The reader of libyaml tells an offset only. */
static int fail_reader(struct composer *c)
{
    struct yaml_place at = { 1, 1 };
    size_t offset = c->parser.problem_offset;

    for (size_t i = 0; i < offset && i < c->n; i++) {
        if (c->text[i] == '\n')
            at = (struct yaml_place){ at.line + 1, 1 };
        else if (((unsigned char)c->text[i] & 0xC0) != 0x80)
            at.column++;
    }
    return error_set_at(c->reader->err, -EINVAL, at.line, at.column,
                        "unacceptable character #x%04x: %s\n  in \"%s\", position %zu",
                        (unsigned)c->parser.problem_value, c->parser.problem,
                        c->reader->name ? c->reader->name : "<unicode string>", offset);
}

static int fail_parser(struct composer *c)
{
    const yaml_parser_t *p = &c->parser;
    struct yaml_place context_at = place(p->context_mark), at = place(p->problem_mark);

    if (p->error == YAML_READER_ERROR)
        return fail_reader(c);
    if (p->error == YAML_MEMORY_ERROR)
        return error_set(c->reader->err, -ENOMEM, "The YAML text is too large");
    return yaml_fail(c->reader, p->context, p->context ? &context_at : NULL, &at, "%s",
                     p->problem ? p->problem : "the text is not YAML");
}

static int next_event(struct composer *c)
{
    if (c->has_event)
        yaml_event_delete(&c->event);
    c->has_event = false;
    if (!yaml_parser_parse(&c->parser, &c->event))
        return fail_parser(c);
    c->has_event = true;
    return 0;
}

static enum yaml_tag tag_from_text(const char *text)
{
    static const struct {
        const char *name;
        enum yaml_tag tag;
    } tags[] = {
        { "str", YAML_TAG_STR },       { "null", YAML_TAG_NULL },   { "bool", YAML_TAG_BOOL },
        { "int", YAML_TAG_INT },       { "float", YAML_TAG_FLOAT }, { "timestamp", YAML_TAG_TIMESTAMP },
        { "binary", YAML_TAG_BINARY }, { "merge", YAML_TAG_MERGE }, { "value", YAML_TAG_VALUE },
        { "seq", YAML_TAG_SEQ },       { "map", YAML_TAG_MAP },     { "omap", YAML_TAG_OMAP },
        { "pairs", YAML_TAG_PAIRS },   { "set", YAML_TAG_SET },
    };
    static const char prefix[] = "tag:yaml.org,2002:";

    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
        for (size_t i = 0; i < ELEMENTS(tags); i++)
            if (strcmp(text + sizeof(prefix) - 1, tags[i].name) == 0)
                return tags[i].tag;
    return YAML_TAG_OTHER;
}

/* The tag that was written, or what the node is by itself. */
static void set_tag(struct composer *c, struct yaml_node *node, const yaml_char_t *written,
                    enum yaml_tag implied)
{
    const char *text = (const char *)written;

    if (!text || strcmp(text, "!") == 0) {
        node->tag = implied;
        return;
    }
    node->tag = tag_from_text(text);
    if (node->tag == YAML_TAG_OTHER)
        node->tag_text = pool_strdup(c->reader->pool, text);
}

static int add_node(struct composer *c, enum yaml_node_kind kind, const yaml_char_t *anchor,
                    struct yaml_node **ret)
{
    struct yaml_place at = place(c->event.start_mark);
    struct yaml_node *node, *first;

    if (++c->n_nodes > YAML_NODES_MAX)
        return yaml_fail(c->reader, NULL, NULL, &at, "the document has more than %d nodes", YAML_NODES_MAX);
    node = pool_alloc(c->reader->pool, sizeof(*node));
    node->kind = kind;
    node->at = at;
    node->depth = node->weight = 1;
    if (anchor) {
        first = strmap_set(&c->anchors, (const char *)anchor, node);
        if (first)
            return yaml_fail(c->reader, "found duplicate anchor; first occurrence", &first->at, &at,
                             "second occurrence");
    }
    *ret = node;
    return 0;
}

static int compose_alias(struct composer *c, struct yaml_node **ret)
{
    struct yaml_place at = place(c->event.start_mark);
    struct yaml_node *node = strmap_get(&c->anchors, (const char *)c->event.data.alias.anchor);

    if (!node)
        return yaml_fail(c->reader, NULL, NULL, &at, "found undefined alias");
    if (!node->composed)
        return yaml_fail(c->reader, NULL, NULL, &at, "found unconstructable recursive node");
    node->shared = true;
    *ret = node;
    return next_event(c);
}

static int compose_scalar(struct composer *c, struct yaml_node **ret)
{
    struct yaml_node *node = NULL;
    const char *text = (const char *)c->event.data.scalar.value;
    size_t len = c->event.data.scalar.length;
    enum yaml_tag implied;
    int r;

    r = add_node(c, YAML_SCALAR, c->event.data.scalar.anchor, &node);
    if (r < 0)
        return r;
    implied = c->event.data.scalar.plain_implicit ? yaml_resolve(text, len) : YAML_TAG_STR;
    set_tag(c, node, c->event.data.scalar.tag, implied);
    node->text = pool_strndup(c->reader->pool, text, len);
    node->len = len;
    node->composed = true;
    *ret = node;
    return next_event(c);
}

static int compose_node(struct composer *c, uint32_t level, struct yaml_node **ret);

/* Counts an item into its collection. */
static int push_item(struct composer *c, struct yaml_node *node, struct yaml_node *item,
                     const struct yaml_place *at, uint32_t level)
{
    if (item->depth + level > YAML_DEPTH_MAX)
        return yaml_fail(c->reader, NULL, NULL, at, "the document is nested deeper than %d levels",
                         YAML_DEPTH_MAX);
    if (item->depth + 1 > node->depth)
        node->depth = item->depth + 1;
    node->weight += item->weight;
    if (node->weight > YAML_NODES_MAX)
        return yaml_fail(c->reader, NULL, NULL, at, "the document expands to more than %d nodes",
                         YAML_NODES_MAX);
    GROW(c->stack, c->n_stack, c->stack_room);
    c->stack[c->n_stack++] = item;
    return 0;
}

static int compose_items(struct composer *c, struct yaml_node *node, yaml_event_type_t end, uint32_t level)
{
    size_t base = c->n_stack;
    int r;

    r = next_event(c);
    while (r == 0 && c->event.type != end) {
        struct yaml_place at = place(c->event.start_mark);
        struct yaml_node *item = NULL;

        r = compose_node(c, level + 1, &item);
        if (r == 0)
            r = push_item(c, node, item, &at, level);
    }
    if (r < 0)
        return r;
    node->n_items = (uint32_t)(c->n_stack - base);
    node->items = pool_alloc(c->reader->pool, (node->n_items + 1) * sizeof(*node->items));
    if (node->n_items)
        memcpy(node->items, c->stack + base, node->n_items * sizeof(*node->items));
    c->n_stack = base;
    node->composed = true;
    return next_event(c);
}

static int compose_collection(struct composer *c, uint32_t level, struct yaml_node **ret)
{
    bool mapping = c->event.type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *anchor =
        mapping ? c->event.data.mapping_start.anchor : c->event.data.sequence_start.anchor;
    const yaml_char_t *tag = mapping ? c->event.data.mapping_start.tag : c->event.data.sequence_start.tag;
    struct yaml_node *node = NULL;
    int r;

    r = add_node(c, mapping ? YAML_MAPPING : YAML_SEQUENCE, anchor, &node);
    if (r < 0)
        return r;
    if (level > YAML_DEPTH_MAX)
        return yaml_fail(c->reader, NULL, NULL, &node->at, "the document is nested deeper than %d levels",
                         YAML_DEPTH_MAX);
    set_tag(c, node, tag, mapping ? YAML_TAG_MAP : YAML_TAG_SEQ);
    r = compose_items(c, node, mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, level);
    if (r == 0)
        *ret = node;
    return r;
}

/* At the first event of a node; leaves the event behind it. */
static int compose_node(struct composer *c, uint32_t level, struct yaml_node **ret)
{
    switch (c->event.type) {
    case YAML_ALIAS_EVENT:
        return compose_alias(c, ret);
    case YAML_SCALAR_EVENT:
        return compose_scalar(c, ret);
    default:
        return compose_collection(c, level, ret);
    }
}

/* stream := START [ DOCUMENT-START node DOCUMENT-END ] END */
static int compose_stream(struct composer *c, struct yaml_node **ret)
{
    struct yaml_node *root = NULL;
    struct yaml_place start, at;
    int r;

    r = next_event(c);
    if (r == 0)
        r = next_event(c);
    if (r < 0)
        return r;
    if (c->event.type == YAML_STREAM_END_EVENT) {
        *ret = NULL;
        return 0;
    }
    r = next_event(c);
    if (r < 0)
        return r;
    start = place(c->event.start_mark);
    r = compose_node(c, 1, &root);
    if (r == 0)
        r = next_event(c);
    if (r < 0)
        return r;
    if (c->event.type != YAML_STREAM_END_EVENT) {
        at = place(c->event.start_mark);
        return yaml_fail(c->reader, "expected a single document in the stream", &start, &at,
                         "but found another document");
    }
    *ret = root;
    return 0;
}

int yaml_compose(struct yaml_reader *reader, const char *text, size_t n, struct yaml_node **ret)
{
    struct composer c = { .reader = reader, .text = text, .n = n };
    int r;

    if (!yaml_parser_initialize(&c.parser))
        return error_set(reader->err, -ENOMEM, "The YAML reader cannot be set up");
    yaml_parser_set_input_string(&c.parser, (const unsigned char *)text, n);
    r = compose_stream(&c, ret);
    if (c.has_event)
        yaml_event_delete(&c.event);
    yaml_parser_delete(&c.parser);
    strmap_release(&c.anchors);
    free(c.stack);
    return r;
}
