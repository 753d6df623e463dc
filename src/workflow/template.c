/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/template.h"

#include <stdlib.h>

#include "base/mem.h"

enum template_kind { TEMPLATE_LITERAL, TEMPLATE_TEXT, TEMPLATE_BROKEN, TEMPLATE_LIST, TEMPLATE_MAP };

struct template
{
    enum template_kind kind;
    value source;
    struct expr *expr;       /* TEMPLATE_TEXT */
    struct error broken;     /* TEMPLATE_BROKEN */
    struct template **parts; /* the items of a list; the keys and items of a map in turn */
    size_t n_parts;
};

static bool has_expression(value v)
{
    switch (v.kind) {
    case VALUE_STRING:
        return expr_has_expression(value_chars(v), value_len(v), EXPR_ORQUESTA);
    case VALUE_LIST:
    case VALUE_TUPLE:
        VALUE_LIST_EACH (i, item, v)
            if (has_expression(item))
                return true;
        return false;
    case VALUE_MAP:
        VALUE_MAP_EACH (i, v)
            if (has_expression(value_map_key_at(v, i)) || has_expression(value_map_item_at(v, i)))
                return true;
        return false;
    default:
        return false;
    }
}

struct template *template_new(value v)
{
    struct template *template = xcalloc(1, sizeof(*template));

    template->source = value_ref(v);
    if (!has_expression(v))
        return template;
    if (v.kind == VALUE_STRING) {
        template->kind = TEMPLATE_TEXT;
        if (expr_compile(value_chars(v), value_len(v), EXPR_ORQUESTA, &template->expr, &template->broken) < 0)
            template->kind = TEMPLATE_BROKEN;
    } else if (v.kind == VALUE_MAP) {
        template->kind = TEMPLATE_MAP;
        template->parts = xcalloc(value_map_count(v) * 2, sizeof(template->parts[0]));
        VALUE_MAP_EACH (i, v) {
            template->parts[template->n_parts++] = template_new(value_map_key_at(v, i));
            template->parts[template->n_parts++] = template_new(value_map_item_at(v, i));
        }
    } else {
        template->kind = TEMPLATE_LIST;
        template->parts = xcalloc(value_list_count(v), sizeof(template->parts[0]));
        VALUE_LIST_EACH (i, item, v)
            template->parts[template->n_parts++] = template_new(item);
    }
    return template;
}

void template_free(struct template *template)
{
    if (!template)
        return;
    for (size_t i = 0; i < template->n_parts; i++)
        template_free(template->parts[i]);
    free(template->parts);
    expr_free(template->expr);
    error_release(&template->broken);
    value_unref(template->source);
    free(template);
}

value template_source(const struct template *template)
{
    return template ? template->source : VALUE_NOTHING;
}

bool template_is_literal(const struct template *template)
{
    return !template || template->kind == TEMPLATE_LITERAL;
}

static int list_evaluate(const struct template *template, const struct expr_context *context, value *ret,
                         struct error *err)
{
    VALUE_AUTO(list);

    list = value_list_new(template->n_parts);
    for (size_t i = 0; i < template->n_parts; i++) {
        value item = VALUE_NOTHING;
        int r = template_evaluate(template->parts[i], context, &item, err);

        if (r < 0)
            return r;
        value_list_append(&list, item);
    }
    *ret = value_take(&list);
    return 0;
}

static int map_evaluate(const struct template *template, const struct expr_context *context, value *ret,
                        struct error *err)
{
    VALUE_AUTO(map);
    uint64_t hash;

    map = value_map_new(template->n_parts / 2);
    for (size_t i = 0; i < template->n_parts; i += 2) {
        VALUE_AUTO(key);
        value item = VALUE_NOTHING;
        int r;

        r = template_evaluate(template->parts[i], context, &key, err);
        if (r < 0)
            return r;
        if (!value_hash(key, &hash))
            return error_set_kind(err, -EINVAL, "TypeError",
                                  "unhashable type: the key '%s' gives a list or a map",
                                  value_chars(template_source(template->parts[i])));
        r = template_evaluate(template->parts[i + 1], context, &item, err);
        if (r < 0)
            return r;
        value_map_set(&map, value_take(&key), item);
    }
    *ret = value_take(&map);
    return 0;
}

int template_evaluate(const struct template *template, const struct expr_context *context, value *ret,
                      struct error *err)
{
    if (!template) {
        *ret = value_null();
        return 0;
    }
    switch (template->kind) {
    case TEMPLATE_TEXT:
        return expr_evaluate(template->expr, context, ret, err);
    case TEMPLATE_BROKEN:
        error_set_kind(err, -EINVAL, template->broken.kind, "%s", error_text(&template->broken));
        error_hint_copy(err, &template->broken);
        return -EINVAL;
    case TEMPLATE_LIST:
        return list_evaluate(template, context, ret, err);
    case TEMPLATE_MAP:
        return map_evaluate(template, context, ret, err);
    case TEMPLATE_LITERAL:
        break;
    }
    *ret = value_ref(template->source);
    return 0;
}
