/* SPDX-License-Identifier: Apache-2.0 */
/* Which violation is told, and how. The choice is that of jsonschema's best_match: the shortest way into the value wins,
   then the later name or index, then keywords other than anyOf and oneOf, then a schema whose type the value does not
   have. For anyOf and oneOf it goes on to the least of what their alternatives say, unless two of them weigh the same. */
#include <stdlib.h>

#include "base/mem.h"
#include "value/python.h"
#include "value/schema-internal.h"

#define SHOWN_MAX   16384 /* bytes of a part of the schema or the value */
#define SHOWN_WIDTH 72    /* columns */

struct weight {
    const value *path;
    size_t n_path;
    bool weak, matches_type;
};

static int compare_paths(const struct weight *a, const struct weight *b)
{
    for (size_t i = 0; i < a->n_path; i++) {
        int order = 0;

        if (value_compare(a->path[i], b->path[i], &order) == 0 && order)
            return order;
    }
    return 0;
}

/* Above zero when `a` says more than `b`. */
static int compare_weights(const struct weight *a, const struct weight *b)
{
    int order;

    if (a->n_path != b->n_path)
        return a->n_path < b->n_path ? 1 : -1;
    order = compare_paths(a, b);
    if (order)
        return order;
    if (a->weak != b->weak)
        return a->weak ? -1 : 1;
    if (a->matches_type != b->matches_type)
        return a->matches_type ? -1 : 1;
    return 0;
}

static bool matches_type(const struct keyword_call *c)
{
    value types = value_map_get(c->schema, "type");

    if (types.kind == VALUE_STRING)
        return schema_has_type(c->instance, types.string->data);
    VALUE_LIST_EACH (i, type, types) {
        if (type.kind == VALUE_STRING && schema_has_type(c->instance, type.string->data))
            return true;
    }
    return false;
}

static void weigh(struct schema_choice *choice, const struct weight *weight, int64_t number)
{
    struct weight kept = { choice->path, choice->n_path, choice->weak, choice->matches_type };
    int order = choice->n == 1 ? 0 : compare_weights(weight, &kept);

    if (choice->n > 1 && order == 0)
        choice->tied = true;
    if (choice->n > 1 && (choice->specific ? order >= 0 : order <= 0))
        return;
    free(choice->path);
    choice->path = xmemdup(weight->path, weight->n_path * sizeof(value));
    choice->n_path = weight->n_path;
    choice->weak = weight->weak;
    choice->matches_type = weight->matches_type;
    choice->tied = false;
    choice->chosen = number;
}

bool schema_violated(const struct keyword_call *c, const struct schema_choice *reasons)
{
    struct validation *v = c->v;
    struct weight weight = { .path = v->path.steps + v->path.base, .n_path = v->path.n - v->path.base };
    int64_t number = ++v->n_violations;

    v->choice->n++;
    if (v->telling)
        return number == v->telling;
    weight.weak = value_text_is(c->keyword, "anyOf") || value_text_is(c->keyword, "oneOf");
    weight.matches_type = matches_type(c);
    if (reasons && reasons->n && !reasons->tied && !(v->flags & SCHEMA_WHOLE_ALTERNATIVES))
        number = reasons->chosen;
    weigh(v->choice, &weight, number);
    return false;
}

void schema_choice_release(struct schema_choice *choice)
{
    free(choice->path);
    choice->path = NULL;
}

/* ---- the text ---- */

static void add_place(struct buffer *out, const char *name, const struct schema_path *path)
{
    buffer_add_text(out, name);
    for (size_t i = path->base; i < path->n; i++) {
        buffer_add_char(out, '[');
        python_repr(out, path->steps[i]);
        buffer_add_char(out, ']');
    }
    buffer_add_text(out, ":\n");
}

static void add_shown(struct buffer *out, value v)
{
    BUFFER_AUTO(shown);
    const char *line;

    python_pretty(&shown, v, SHOWN_WIDTH, SHOWN_MAX);
    line = buffer_text(&shown);
    for (;;) {
        size_t n = strcspn(line, "\n");

        buffer_add_text(out, "    ");
        buffer_add(out, line, n);
        if (!line[n])
            return;
        buffer_add_char(out, '\n');
        line += n + 1;
    }
}

int schema_tell(const struct keyword_call *c, const char *message)
{
    struct error *err = c->v->err;
    BUFFER_AUTO(text);

    buffer_add_text(&text, message);
    buffer_add_text(&text, "\n\nFailed validating ");
    python_repr(&text, c->keyword);
    buffer_add_text(&text, " in ");
    add_place(&text, "schema", &c->v->schema_path);
    add_shown(&text, c->schema);
    buffer_add_text(&text, "\n\nOn ");
    add_place(&text, "instance", &c->v->path);
    add_shown(&text, c->instance);
    error_set_kind(err, -EINVAL, "ValidationError", "%s", message);
    err->detail = buffer_take(&text);
    return -EINVAL;
}
