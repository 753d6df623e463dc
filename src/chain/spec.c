/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "expr/expr.h"
#include "value/json.h"
#include "value/yaml.h"

/* A definition while it is read. */
struct reader {
    const char *file;
    struct chain_spec *spec;
    struct yaml_positions *positions;
    struct error *err;
};

enum member_type { MEMBER_TEXT, MEMBER_MAP, MEMBER_LIST };

static const struct {
    const char *name;
    enum value_kind kind;
} types[] = {
    [MEMBER_TEXT] = { "a text", VALUE_STRING },
    [MEMBER_MAP] = { "a mapping", VALUE_MAP },
    [MEMBER_LIST] = { "a list", VALUE_LIST },
};

struct member {
    const char *name;
    enum member_type type;
    bool required;
    const char *shown; /* of a task: how the context of its execution calls it */
};

static const struct member chain_members[] = {
    { "chain", MEMBER_LIST, true },
    { "default", MEMBER_TEXT },
    { "vars", MEMBER_MAP },
};

static const struct member node_members[] = {
    { "name", MEMBER_TEXT, true, "name" },
    { "ref", MEMBER_TEXT, true, "ref" },
    { "params", MEMBER_MAP, false, "params" }, /* as old definitions call the parameters */
    { "parameters", MEMBER_MAP, false, "parameters" },
    { "on-success", MEMBER_TEXT, false, "on_success" },
    { "on-failure", MEMBER_TEXT, false, "on_failure" },
    { "publish", MEMBER_MAP, false, "publish" },
    { "notify", MEMBER_MAP, false, "notify" },
};

static const struct member notify_members[] = {
    { "on-complete", MEMBER_MAP },
    { "on-success", MEMBER_MAP },
    { "on-failure", MEMBER_MAP },
};

/* Refuses: the message, then the place. */
static int __attribute__((format(printf, 3, 4)))
refuse(struct reader *reader, const char *path, const char *format, ...)
{
    CLEANUP(freep)
    char *message = NULL;
    int line = 0, column = 0;
    va_list args;

    va_start(args, format);
    message = xvasprintf(format, args);
    va_end(args);
    if (!yaml_position(reader->positions, path, &line, &column))
        line = column = 1;
    return error_set_at(reader->err, -EINVAL, line, column, "%s (action chain \"%s\", line %d)", message,
                        reader->file, line);
}

/* Types of the members. `what` is the mapping in messages, `path` its place. */
static int check_members(struct reader *reader, value map, const struct member *members, size_t n,
                         const char *what, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        const struct member *member = &members[i];
        value v = value_map_get(map, member->name);
        CLEANUP(freep)
        char *at = xasprintf("%s%s%s", path, *path ? "." : "", member->name);

        if (member->required && (value_is_null(v) || (value_is_string(v) && value_len(v) == 0)))
            return refuse(reader, path, "\"%s\" is missing in %s.", member->name, what);
        if (!value_is_null(v) && v.kind != types[member->type].kind)
            return refuse(reader, at, "\"%s\" of %s must be %s.", member->name, what,
                          types[member->type].name);
    }
    return 0;
}

static int check_keys(struct reader *reader, value map, const struct member *members, size_t n,
                      const char *what, const char *path)
{
    BUFFER_AUTO(names);

    VALUE_MAP_EACH (i, map) {
        const char *name = value_chars(value_map_key_at(map, i));
        bool known = false;

        for (size_t j = 0; j < n; j++)
            known |= strcmp(name, members[j].name) == 0;
        if (!known)
            buffer_addf(&names, "%s\"%s\"", names.len ? ", " : "", name);
    }
    return names.len ? refuse(reader, path, "Unknown keys in %s: %s.", what, names.data) : 0;
}

/* ---- tasks ---- */

static int check_notify(struct reader *reader, value notify, const char *name, const char *path)
{
    CLEANUP(freep)
    char *what = xasprintf("\"notify\" of the task \"%s\"", name);
    CLEANUP(freep)
    char *at = xasprintf("%s.notify", path);
    int r = check_keys(reader, notify, notify_members, ELEMENTS(notify_members), what, at);

    return r < 0 ? r : check_members(reader, notify, notify_members, ELEMENTS(notify_members), what, at);
}

static int check_node(struct reader *reader, value node, size_t index, const char *path)
{
    const char *name = value_map_chars(node, "name");
    CLEANUP(freep)
    char *what = xasprintf("the task \"%s\"", name ? name : "");
    int r;

    if (!value_is_map(node))
        return refuse(reader, path, "A task must be a mapping with \"name\" and \"ref\".");
    r = check_members(reader, node, node_members, ELEMENTS(node_members), name ? what : "a task", path);
    /* Chains in the wild have keys of their own from the second task on; only those of the first were ever checked. */
    if (r == 0 && index == 0)
        r = check_keys(reader, node, node_members, ELEMENTS(node_members), what, path);
    if (r < 0)
        return r;
    if (value_map_count(value_map_get(node, "params")) && value_map_count(value_map_get(node, "parameters")))
        return refuse(reader, path, "The task \"%s\" has \"params\" and \"parameters\": keep the second.",
                      name);
    return check_notify(reader, value_map_get(node, "notify"), name, path);
}

static value or_unset(value map)
{
    return value_map_count(map) ? map : VALUE_NOTHING;
}

static const char *or_none(value node, const char *key)
{
    const char *text = value_map_chars(node, key);

    return text && *text ? text : NULL;
}

static value node_document(value node)
{
    value document = value_map_new(ELEMENTS(node_members));

    for (size_t i = 0; i < ELEMENTS(node_members); i++) {
        value v = value_map_get(node, node_members[i].name);

        value_map_set_text(&document, node_members[i].shown, value_is_set(v) ? value_ref(v) : value_null());
    }
    return document;
}

static void add_node(struct chain_spec *spec, value node)
{
    struct chain_node *added = &spec->nodes[spec->n_nodes++];
    value parameters = or_unset(value_map_get(node, "parameters"));

    *added = (struct chain_node){
        .name = value_map_chars(node, "name"),
        .ref = value_map_chars(node, "ref"),
        .parameters = value_is_set(parameters) ? parameters : or_unset(value_map_get(node, "params")),
        .publish = or_unset(value_map_get(node, "publish")),
        .notify = or_unset(value_map_get(node, "notify")),
        .on_success = or_none(node, "on-success"),
        .on_failure = or_none(node, "on-failure"),
        .document = node_document(node),
    };
    if (!strmap_get(&spec->by_name, added->name))
        strmap_set(&spec->by_name, added->name, added);
}

static int read_nodes(struct reader *reader)
{
    struct chain_spec *spec = reader->spec;
    value list = value_map_get(spec->document, "chain");
    int r = 0;

    if (value_list_count(list) > CHAIN_NODES_MAX)
        return refuse(reader, "chain", "The chain has more than %d tasks.", CHAIN_NODES_MAX);
    spec->nodes = xcalloc(value_list_count(list) + 1, sizeof(*spec->nodes));
    VALUE_LIST_EACH (i, node, list) {
        CLEANUP(freep)
        char *path = xasprintf("chain.%zu", i);

        r = check_node(reader, node, i, path);
        if (r < 0)
            return r;
        add_node(spec, node);
    }
    return 0;
}

/* ---- names ---- */

/* A name with a template in it is not looked at: it fails when its turn comes. */
static bool names_node(const struct chain_spec *spec, const char *name)
{
    return !name || expr_has_expression(name, strlen(name), EXPR_TEMPLATE) ||
           strmap_get(&spec->by_name, name);
}

static int check_names(struct reader *reader)
{
    const struct chain_spec *spec = reader->spec;

    for (size_t i = 0; i < spec->n_nodes; i++) {
        const struct chain_node *node = &spec->nodes[i];
        const struct {
            const char *key, *name;
        } followers[] = { { "on-success", node->on_success }, { "on-failure", node->on_failure } };

        for (size_t j = 0; j < ELEMENTS(followers); j++) {
            CLEANUP(freep)
            char *path = xasprintf("chain.%zu.%s", i, followers[j].key);

            if (!names_node(spec, followers[j].name))
                return refuse(reader, path,
                              "Unable to find node with name \"%s\" referenced in \"%s\" in task \"%s\".",
                              followers[j].name, followers[j].key, node->name);
        }
    }
    if (!names_node(spec, spec->start))
        return refuse(reader, "default", "Unable to find node with name \"%s\" referenced in \"default\".",
                      spec->start);
    return 0;
}

/* Where the chain begins when it does not say: with the first task that follows no other one. */
static const char *find_start(const struct chain_spec *spec)
{
    struct strmap followers = STRMAP_INIT;
    const char *start = spec->n_nodes ? spec->nodes[0].name : NULL;

    for (size_t i = 0; i < spec->n_nodes; i++) {
        const struct chain_node *node = &spec->nodes[i];

        if (node->on_success)
            strmap_set(&followers, node->on_success, (void *)node);
        if (node->on_failure)
            strmap_set(&followers, node->on_failure, (void *)node);
    }
    for (size_t i = 0; i < spec->n_nodes; i++) {
        if (!strmap_get(&followers, spec->nodes[i].name)) {
            start = spec->nodes[i].name;
            break;
        }
    }
    strmap_release(&followers);
    return start;
}

/* Letters beyond ASCII pass. */
static bool is_word(const char *name)
{
    const unsigned char *c = (const unsigned char *)name;

    while (*c >= 0x80 || isalnum(*c) || *c == '_')
        c++;
    return *name && !*c;
}

static int read_vars(struct reader *reader)
{
    value vars = value_map_get(reader->spec->document, "vars");

    VALUE_MAP_EACH (i, vars) {
        const char *name = value_chars(value_map_key_at(vars, i));

        if (!is_word(name))
            return refuse(reader, "vars",
                          "\"%s\" cannot be the name of a variable: letters, digits and _ only.", name);
    }
    reader->spec->vars = or_unset(vars);
    return 0;
}

/* ---- the document ---- */

static int read_document(struct reader *reader)
{
    struct chain_spec *spec = reader->spec;
    value start = value_map_get(spec->document, "default");
    static const char what[] = "the definition";
    int r;

    if (!value_is_map(spec->document))
        return refuse(reader, "", "The definition must be a mapping with \"chain\", its list of tasks.");
    if (value_depth(spec->document) > CHAIN_DEPTH_MAX)
        return refuse(reader, "", "The definition is nested more than %d deep.", CHAIN_DEPTH_MAX);
    r = check_keys(reader, spec->document, chain_members, ELEMENTS(chain_members), what, "");
    if (r == 0)
        r = check_members(reader, spec->document, chain_members, ELEMENTS(chain_members), what, "");
    if (r == 0)
        r = read_vars(reader);
    if (r == 0)
        r = read_nodes(reader);
    if (r < 0)
        return r;
    spec->start = value_is_string(start) && value_len(start) ? value_chars(start) : find_start(spec);
    return check_names(reader);
}

/* The document as JSON knows it: dates become texts, keys too. */
static int read_yaml(struct reader *reader, const char *text, size_t n)
{
    VALUE_AUTO(raw);
    BUFFER_AUTO(json);

    if (n > CHAIN_TEXT_MAX)
        return error_set(reader->err, -EFBIG, "The action chain \"%s\" is larger than %d MB.", reader->file,
                         CHAIN_TEXT_MAX >> 20);
    if (!utf8_valid(text, n))
        return error_set(reader->err, -EINVAL, "The action chain \"%s\" is no UTF-8 text.", reader->file);
    if (yaml_read_positions(text, n, &raw, &reader->positions, reader->err) < 0)
        return error_prefix(reader->err, -EINVAL, "Failed to parse action chain definition from \"%s\"",
                            reader->file);
    json_write(&json, raw, JSON_COMPACT);
    return json_read(json.data, json.len, JSON_PYTHON, &reader->spec->document, reader->err);
}

int chain_spec_load(const char *file, const char *text, size_t n, struct chain_spec **ret, struct error *err)
{
    CLEANUP(chain_spec_unrefp)
    struct chain_spec *spec = xcalloc(1, sizeof(*spec));
    struct reader reader = { .file = file, .spec = spec, .err = err };
    int r;

    spec->refs = 1;
    r = read_yaml(&reader, text, n);
    if (r == 0)
        r = read_document(&reader);
    yaml_positions_free(reader.positions);
    if (r < 0)
        return r;
    spec->text = value_text_n(text, n);
    spec->reads_results = strstr(value_chars(spec->text), "__results");
    spec->reads_context = strstr(value_chars(spec->text), "__context");
    *ret = take_ptr(&spec);
    return 0;
}

struct chain_spec *chain_spec_ref(struct chain_spec *spec)
{
    if (spec)
        spec->refs++;
    return spec;
}

void chain_spec_unref(struct chain_spec *spec)
{
    if (!spec || --spec->refs > 0)
        return;
    for (size_t i = 0; i < spec->n_nodes; i++)
        value_unref(spec->nodes[i].document);
    free(spec->nodes);
    strmap_release(&spec->by_name);
    value_unref(spec->document);
    value_unref(spec->text);
    free(spec);
}

void chain_spec_unrefp(struct chain_spec **spec)
{
    chain_spec_unref(*spec);
}

size_t chain_spec_find(const struct chain_spec *spec, const char *name)
{
    const struct chain_node *node = strmap_get(&spec->by_name, name);

    return node ? (size_t)(node - spec->nodes) : CHAIN_NODE_NONE;
}
