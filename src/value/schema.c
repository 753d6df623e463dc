/* SPDX-License-Identifier: Apache-2.0 */
/* Validation: each keyword of a schema, in the order it is written, is looked up in a table and checked. Violations are
   counted and weighed, and one of them is told (schema_report.c): a keyword goes on after one it found. Schemas are users'
   input as much as values are: a keyword whose value makes no sense is an error of kind SchemaError and ends the validation.
   Depth and work are bounded. */
#include "value/schema.h"

#include <math.h>
#include <stdlib.h>

#include "base/limit.h"
#include "base/mem.h"
#include "value/number.h"
#include "value/pyregex.h"
#include "value/python.h"
#include "value/schema-internal.h"

#define SHOWN_MAX 4096 /* bytes of a value in a message */

static int check(struct validation *v, value schema, value instance);

/* ---- messages ---- */

/* repr() of a value, cut when it is huge. */
static void show(struct buffer *out, value v)
{
    size_t start = out->len;

    python_repr(out, v);
    if (out->len - start <= SHOWN_MAX)
        return;
    out->len = start + SHOWN_MAX;
    while (out->len > start && ((unsigned char)out->data[out->len] & 0xc0) == 0x80)
        out->len--;
    buffer_add_text(out, "...");
}

/* "<repr of the value> <text>". */
static int value_violation(const struct keyword_call *c, value v, const char *text)
{
    BUFFER_AUTO(shown);

    if (!schema_violated(c, NULL))
        return 0;
    show(&shown, v);
    buffer_add_char(&shown, ' ');
    buffer_add_text(&shown, text);
    return schema_tell(c, shown.data);
}

static int instance_violation(const struct keyword_call *c, const char *text)
{
    return value_violation(c, c->instance, text);
}

/* "<repr of the instance> <text> <repr of the rule>". */
static int rule_violation(const struct keyword_call *c, const char *text)
{
    BUFFER_AUTO(shown);

    if (!schema_violated(c, NULL))
        return 0;
    show(&shown, c->instance);
    buffer_addf(&shown, " %s ", text);
    show(&shown, c->rule);
    return schema_tell(c, shown.data);
}

static int schema_error(struct validation *v, const char *keyword)
{
    return error_set_kind(v->err, -EINVAL, "SchemaError", "the schema is not valid: '%s' is malformed",
                          keyword);
}

/* ---- kinds ---- */

static bool is_number(value v)
{
    return value_is_number(v);
}

bool schema_has_type(value v, const char *type)
{
    static const struct {
        const char *name;
        unsigned kinds;
    } types[] = {
        { "array", 1u << VALUE_LIST | 1u << VALUE_TUPLE },
        { "boolean", 1u << VALUE_BOOL },
        { "integer", 1u << VALUE_INT | 1u << VALUE_BIGINT },
        { "null", 1u << VALUE_NULL },
        { "number", 1u << VALUE_INT | 1u << VALUE_BIGINT | 1u << VALUE_FLOAT },
        { "object", 1u << VALUE_MAP },
        { "string", 1u << VALUE_STRING },
        { "any", ~0u },
    };

    for (size_t i = 0; i < ELEMENTS(types); i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].kinds >> v.kind & 1;
    return false;
}

/* Equality of JSON: true is not 1. */
static bool same(value a, value b)
{
    if ((a.kind == VALUE_BOOL) != (b.kind == VALUE_BOOL))
        return false;
    if (value_is_list(a) && value_is_list(b)) {
        if (value_list_count(a) != value_list_count(b))
            return false;
        for (size_t i = 0; i < value_list_count(a); i++)
            if (!same(value_list_at(a, i), value_list_at(b, i)))
                return false;
        return true;
    }
    if (a.kind == VALUE_MAP && b.kind == VALUE_MAP) {
        if (value_map_count(a) != value_map_count(b))
            return false;
        VALUE_MAP_EACH (i, a) {
            value other = value_map_get_value(b, value_map_key_at(a, i));

            if (!value_is_set(other) || !same(value_map_item_at(a, i), other))
                return false;
        }
        return true;
    }
    return value_equal(a, b);
}

static int spend(struct validation *v, int64_t steps)
{
    v->steps += steps;
    if (v->steps <= SCHEMA_STEPS_MAX)
        return 0;
    return limit_exceeded(v->err, LIMIT_STEPS, SCHEMA_STEPS_MAX);
}

static int matches(struct validation *v, value pattern, value text, bool *ret)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    int r;

    if (pattern.kind != VALUE_STRING)
        return schema_error(v, "pattern");
    r = pyregex_get(pattern.string->data, pattern.string->len, 0, &regex, v->err);
    if (r == 0)
        r = pyregex_test(regex, text.string->data, text.string->len, PYREGEX_SEARCH, 0, ret, v->err);
    return r;
}

/* ---- keywords for all kinds ---- */

static int check_type(const struct keyword_call *c)
{
    value types = c->rule;
    BUFFER_AUTO(text);
    VALUE_AUTO(single);

    if (!value_is_list(types)) {
        single = value_list_new(1);
        value_list_append(&single, value_ref(c->rule));
        types = single;
    }
    VALUE_LIST_EACH (i, type, types) {
        if (type.kind == VALUE_STRING && schema_has_type(c->instance, type.string->data))
            return 0;
    }
    if (!schema_violated(c, NULL))
        return 0;
    show(&text, c->instance);
    buffer_add_text(&text, " is not of type ");
    VALUE_LIST_EACH (i, type, types) {
        if (i)
            buffer_add_text(&text, ", ");
        show(&text, type);
    }
    return schema_tell(c, text.data);
}

static int check_enum(const struct keyword_call *c)
{
    if (!value_is_list(c->rule))
        return schema_error(c->v, "enum");
    for (size_t i = 0; i < value_list_count(c->rule); i++)
        if (same(value_list_at(c->rule, i), c->instance))
            return 0;
    return rule_violation(c, "is not one of");
}

static void step(struct schema_path *path, value to)
{
    if (value_is_set(to))
        path->steps[path->n++] = to;
}

/* A schema inside the keyword: at `part` of the keyword's value, for what is at `item` of the instance (unset: itself). */
static int descend(const struct keyword_call *c, value schema, value part, value instance, value item)
{
    struct validation *v = c->v;
    size_t n = v->path.n, n_schema = v->schema_path.n;
    int r;

    if (v->depth >= SCHEMA_DEPTH_MAX)
        return limit_recursion(v->err, "nested schemas", SCHEMA_DEPTH_MAX);
    step(&v->path, item);
    step(&v->schema_path, c->keyword);
    step(&v->schema_path, part);
    r = check(v, schema, instance);
    v->path.n = n;
    v->schema_path.n = n_schema;
    return r;
}

/* Does the instance hold under the schema? Violations are reasons here, everything else passes through. */
static int holds(const struct keyword_call *c, value schema, value part, struct schema_choice *reasons,
                 bool *ret)
{
    struct validation *v = c->v;
    struct schema_choice *outer = v->choice;
    size_t base = v->path.base, schema_base = v->schema_path.base;
    int64_t before = reasons->n;
    int r;

    v->choice = reasons;
    v->path.base = v->path.n;
    v->schema_path.base = v->schema_path.n + 1;
    r = descend(c, schema, part, c->instance, VALUE_NOTHING);
    v->choice = outer;
    v->path.base = base;
    v->schema_path.base = schema_base;
    *ret = reasons->n == before;
    return r;
}

#define CHOICE_AUTO(name) __attribute__((cleanup(schema_choice_release))) struct schema_choice name

static int check_all_of(const struct keyword_call *c)
{
    int r = 0;

    if (!value_is_list(c->rule))
        return schema_error(c->v, "allOf");
    for (size_t i = 0; r == 0 && i < value_list_count(c->rule); i++)
        r = descend(c, value_list_at(c->rule, i), value_int((int64_t)i), c->instance, VALUE_NOTHING);
    return r;
}

/* The first alternative that holds, and why those before it do not. */
static int find_alternative(const struct keyword_call *c, struct schema_choice *reasons, size_t *ret)
{
    bool valid = false;
    size_t i;
    int r = 0;

    for (i = 0; i < value_list_count(c->rule); i++) {
        r = holds(c, value_list_at(c->rule, i), value_int((int64_t)i), reasons, &valid);
        if (r < 0 || valid)
            break;
    }
    *ret = i;
    return r;
}

static int no_alternative(const struct keyword_call *c, const struct schema_choice *reasons)
{
    BUFFER_AUTO(shown);

    if (!schema_violated(c, reasons))
        return 0;
    show(&shown, c->instance);
    buffer_add_text(&shown, " is not valid under any of the given schemas");
    return schema_tell(c, shown.data);
}

static int check_any_of(const struct keyword_call *c)
{
    CHOICE_AUTO(reasons) = { .specific = true };
    size_t first;
    int r;

    if (!value_is_list(c->rule))
        return schema_error(c->v, "anyOf");
    r = find_alternative(c, &reasons, &first);
    if (r < 0 || first < value_list_count(c->rule))
        return r;
    return no_alternative(c, &reasons);
}

static int check_one_of(const struct keyword_call *c)
{
    CHOICE_AUTO(reasons) = { .specific = true };
    CHOICE_AUTO(ignored) = { .specific = true };
    BUFFER_AUTO(more);
    BUFFER_AUTO(shown);
    size_t first;
    int r;

    if (!value_is_list(c->rule))
        return schema_error(c->v, "oneOf");
    r = find_alternative(c, &reasons, &first);
    if (r < 0)
        return r;
    if (first == value_list_count(c->rule))
        return no_alternative(c, &reasons);
    for (size_t i = first + 1; i < value_list_count(c->rule); i++) {
        bool valid;

        r = holds(c, value_list_at(c->rule, i), value_int((int64_t)i), &ignored, &valid);
        if (r < 0)
            return r;
        if (!valid)
            continue;
        show(&more, value_list_at(c->rule, i));
        buffer_add_text(&more, ", ");
    }
    if (!more.len || !schema_violated(c, NULL))
        return 0;
    show(&more, value_list_at(c->rule, first));
    show(&shown, c->instance);
    buffer_addf(&shown, " is valid under each of %s", more.data);
    return schema_tell(c, shown.data);
}

static int check_not(const struct keyword_call *c)
{
    CHOICE_AUTO(ignored) = { .specific = true };
    bool valid = false;
    int r = holds(c, c->rule, VALUE_NOTHING, &ignored, &valid);

    return r < 0 || !valid ? r : rule_violation(c, "should not be valid under");
}

/* "#/definitions/x" inside the schema itself. */
static int check_ref(const struct keyword_call *c)
{
    const char *pointer = value_chars(c->rule);
    value at = c->v->root;

    if (!pointer || *pointer != '#')
        return error_set_kind(c->v->err, -EINVAL, "RefResolutionError",
                              "only references inside a schema are followed");
    for (pointer++; *pointer == '/' && value_is_set(at);) {
        size_t n = strcspn(++pointer, "/");
        BUFFER_AUTO(name);

        for (size_t i = 0; i < n; i++) {
            bool escaped = pointer[i] == '~' && i + 1 < n && (pointer[i + 1] == '0' || pointer[i + 1] == '1');

            buffer_add_char(&name, escaped ? (pointer[i + 1] == '0' ? '~' : '/') : pointer[i]);
            i += escaped;
        }
        at = value_is_list(at) ? value_list_at(at, strtoul(buffer_text(&name), NULL, 10))
                               : value_map_get_n(at, buffer_text(&name), name.len);
        pointer += n;
    }
    if (!value_is_set(at) || *pointer)
        return error_set_kind(c->v->err, -EINVAL, "RefResolutionError", "Unresolvable JSON pointer: '%s'",
                              value_chars(c->rule) + 1);
    return descend(c, at, VALUE_NOTHING, c->instance, VALUE_NOTHING);
}

/* ---- numbers ---- */

static int order_of(value a, value b)
{
    int order = 0;

    return value_compare(a, b, &order) == 0 ? order : 2;
}

static bool is_exclusive(const struct keyword_call *c, const char *keyword)
{
    value exclusive = value_map_get(c->schema, keyword);

    return value_is_set(exclusive) && value_truth(exclusive);
}

static int check_minimum(const struct keyword_call *c)
{
    bool exclusive = is_exclusive(c, "exclusiveMinimum");
    int order;

    if (!is_number(c->rule))
        return schema_error(c->v, "minimum");
    order = order_of(c->instance, c->rule);
    if (order == -1)
        return rule_violation(c, exclusive ? "is less than or equal to the minimum of"
                                           : "is less than the minimum of");
    return exclusive && order == 0 ? rule_violation(c, "is less than or equal to the minimum of") : 0;
}

static int check_maximum(const struct keyword_call *c)
{
    bool exclusive = is_exclusive(c, "exclusiveMaximum");
    int order;

    if (!is_number(c->rule))
        return schema_error(c->v, "maximum");
    order = order_of(c->instance, c->rule);
    if (order == 1)
        return rule_violation(c, exclusive ? "is greater than or equal to the maximum of"
                                           : "is greater than the maximum of");
    return exclusive && order == 0 ? rule_violation(c, "is greater than or equal to the maximum of") : 0;
}

static int check_multiple_of(const struct keyword_call *c)
{
    VALUE_AUTO(rest);
    double quotient;

    if (!is_number(c->rule) || !value_truth(c->rule))
        return schema_error(c->v, "multipleOf");
    if (c->rule.kind == VALUE_FLOAT) {
        if (!number_to_double(c->instance, &quotient))
            return 0;
        quotient /= c->rule.number;
        return quotient == trunc(quotient) ? 0 : rule_violation(c, "is not a multiple of");
    }
    if (number_operate(NUMBER_MODULO, c->instance, c->rule, &rest, NULL) < 0 || !value_truth(rest))
        return 0;
    return rule_violation(c, "is not a multiple of");
}

/* ---- sizes ---- */

struct size_texts {
    const char *too_small, *too_large;
};

static int check_size(const struct keyword_call *c, size_t size, bool is_minimum, struct size_texts texts)
{
    int order;

    if (!is_number(c->rule))
        return schema_error(c->v, is_minimum ? "minimum size" : "maximum size");
    order = order_of(value_int((int64_t)size), c->rule);
    if (is_minimum && order == -1)
        return instance_violation(c, order_of(c->rule, value_int(1)) == 0 ? "should be non-empty"
                                                                          : texts.too_small);
    if (!is_minimum && order == 1)
        return instance_violation(c, order_of(c->rule, value_int(0)) == 0 ? "is expected to be empty"
                                                                          : texts.too_large);
    return 0;
}

static const struct size_texts length_texts = { "is too short", "is too long" };
static const struct size_texts property_texts = { "does not have enough properties",
                                                  "has too many properties" };

static int check_min_length(const struct keyword_call *c)
{
    return check_size(c, value_string_chars(c->instance), true, length_texts);
}

static int check_max_length(const struct keyword_call *c)
{
    return check_size(c, value_string_chars(c->instance), false, length_texts);
}

static int check_min_items(const struct keyword_call *c)
{
    return check_size(c, value_list_count(c->instance), true, length_texts);
}

static int check_max_items(const struct keyword_call *c)
{
    return check_size(c, value_list_count(c->instance), false, length_texts);
}

static int check_min_properties(const struct keyword_call *c)
{
    return check_size(c, value_map_count(c->instance), true, property_texts);
}

static int check_max_properties(const struct keyword_call *c)
{
    return check_size(c, value_map_count(c->instance), false, property_texts);
}

/* ---- text and arrays ---- */

static int check_pattern(const struct keyword_call *c)
{
    bool found = false;
    int r = matches(c->v, c->rule, c->instance, &found);

    return r < 0 || found ? r : rule_violation(c, "does not match");
}

static int check_items(const struct keyword_call *c)
{
    size_t count = value_list_count(c->instance);
    int r = 0;

    if (c->rule.kind != VALUE_MAP && !value_is_list(c->rule))
        return schema_error(c->v, "items");
    if (value_is_list(c->rule) && value_list_count(c->rule) < count)
        count = value_list_count(c->rule);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = value_is_list(c->rule)
                ? descend(c, value_list_at(c->rule, i), value_int((int64_t)i), value_list_at(c->instance, i),
                          value_int((int64_t)i))
                : descend(c, c->rule, VALUE_NOTHING, value_list_at(c->instance, i), value_int((int64_t)i));
    return r;
}

/* "'a', 'b' were", "'a' was". */
static void show_extras(struct buffer *out, value extras)
{
    VALUE_LIST_EACH (i, extra, extras) {
        if (i)
            buffer_add_text(out, ", ");
        show(out, extra);
    }
    buffer_add_text(out, value_list_count(extras) == 1 ? " was" : " were");
}

static int check_additional_items(const struct keyword_call *c)
{
    value items = value_map_get(c->schema, "items");
    size_t known = value_list_count(items), count = value_list_count(c->instance);
    VALUE_AUTO(extras);
    BUFFER_AUTO(shown);
    int r = 0;

    if (!value_is_list(items) || count <= known)
        return 0;
    if (c->rule.kind == VALUE_MAP) {
        for (size_t i = known; r == 0 && i < count; i++)
            r = descend(c, c->rule, VALUE_NOTHING, value_list_at(c->instance, i), value_int((int64_t)i));
        return r;
    }
    if (value_truth(c->rule) || !schema_violated(c, NULL))
        return 0;
    extras = value_list_slice(c->instance, known, count);
    buffer_add_text(&shown, "Additional items are not allowed (");
    show_extras(&shown, extras);
    buffer_add_text(&shown, " unexpected)");
    return schema_tell(c, shown.data);
}

static int check_unique_items(const struct keyword_call *c)
{
    size_t count = value_list_count(c->instance);
    int r;

    if (!value_truth(c->rule))
        return 0;
    for (size_t i = 1; i < count; i++) {
        r = spend(c->v, (int64_t)i);
        if (r < 0)
            return r;
        for (size_t k = 0; k < i; k++)
            if (same(value_list_at(c->instance, i), value_list_at(c->instance, k)))
                return instance_violation(c, "has non-unique elements");
    }
    return 0;
}

/* ---- objects ---- */

#define REQUIRED_TEXT "is a required property"

/* A property that says of itself that it is required: the violation stands in the property and at its place. */
static int missing_property(const struct keyword_call *c, value name)
{
    struct validation *v = c->v;
    struct keyword_call missing = *c;
    int r;

    missing.keyword = VALUE_ATOM("required");
    step(&v->path, name);
    step(&v->schema_path, c->keyword);
    step(&v->schema_path, name);
    r = value_violation(&missing, name, REQUIRED_TEXT);
    v->path.n--;
    v->schema_path.n -= 2;
    return r;
}

static int check_properties(const struct keyword_call *c)
{
    bool booleans = c->v->dialect == SCHEMA_PARAMETERS;
    int r = 0;

    if (c->rule.kind != VALUE_MAP)
        return schema_error(c->v, "properties");
    for (size_t i = 0; r == 0 && i < value_map_count(c->rule); i++) {
        value name = value_map_key_at(c->rule, i), property = value_map_item_at(c->rule, i);
        value item = value_map_get_value(c->instance, name), required = value_map_get(property, "required");

        if (item.kind == VALUE_NULL && c->v->flags & SCHEMA_ALLOW_NULL && schema_allows_null(property))
            continue;
        if (value_is_set(item))
            r = descend(c, property, name, item, name);
        else if (booleans && value_is_set(required) && value_truth(required))
            r = missing_property(c, name);
    }
    return r;
}

static int check_required(const struct keyword_call *c)
{
    int r = 0;

    if (c->v->dialect == SCHEMA_PARAMETERS)
        return 0; /* it says something about the property it stands in; see check_properties */
    if (!value_is_list(c->rule))
        return schema_error(c->v, "required");
    for (size_t i = 0; r == 0 && i < value_list_count(c->rule); i++) {
        value name = value_list_at(c->rule, i);

        if (name.kind == VALUE_STRING && !value_is_set(value_map_get_value(c->instance, name)))
            r = value_violation(c, name, REQUIRED_TEXT);
    }
    return r;
}

static int check_pattern_properties(const struct keyword_call *c)
{
    bool found = false;
    int r;

    if (c->rule.kind != VALUE_MAP)
        return schema_error(c->v, "patternProperties");
    VALUE_MAP_EACH (i, c->rule) {
        VALUE_MAP_EACH (k, c->instance) {
            value key = value_map_key_at(c->instance, k);

            r = key.kind != VALUE_STRING ? 0 : matches(c->v, value_map_key_at(c->rule, i), key, &found);
            if (r == 0 && key.kind == VALUE_STRING && found)
                r = descend(c, value_map_item_at(c->rule, i), value_map_key_at(c->rule, i),
                            value_map_item_at(c->instance, k), key);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int is_additional(const struct keyword_call *c, value key, bool *ret)
{
    value patterns = value_map_get(c->schema, "patternProperties");
    bool found = value_is_set(value_map_get_value(value_map_get(c->schema, "properties"), key));
    int r = 0;

    for (size_t i = 0; r == 0 && !found && key.kind == VALUE_STRING && i < value_map_count(patterns); i++)
        r = matches(c->v, value_map_key_at(patterns, i), key, &found);
    *ret = !found;
    return r;
}

static int compare_texts(const void *a, const void *b)
{
    int order = 0;

    value_compare(*(const value *)a, *(const value *)b, &order);
    return order;
}

static void sort_texts(value *list)
{
    if (value_list_count(*list))
        qsort(list->list->items, list->list->count, sizeof(value), compare_texts);
}

static int extras_violation(const struct keyword_call *c, value *extras)
{
    value patterns = value_map_get(c->schema, "patternProperties");
    VALUE_AUTO(names);
    BUFFER_AUTO(shown);

    if (!schema_violated(c, NULL))
        return 0;
    sort_texts(extras);
    if (!value_is_set(patterns)) {
        buffer_add_text(&shown, "Additional properties are not allowed (");
        show_extras(&shown, *extras);
        buffer_add_text(&shown, " unexpected)");
        return schema_tell(c, shown.data);
    }
    names = value_list_new(1);
    VALUE_MAP_EACH (i, patterns)
        value_list_append(&names, value_ref(value_map_key_at(patterns, i)));
    sort_texts(&names);
    VALUE_LIST_EACH (i, extra, *extras) {
        if (i)
            buffer_add_text(&shown, ", ");
        show(&shown, extra);
    }
    buffer_add_text(&shown, value_list_count(*extras) == 1 ? " does" : " do");
    buffer_add_text(&shown, " not match any of the regexes: ");
    VALUE_LIST_EACH (i, name, names) {
        if (i)
            buffer_add_text(&shown, ", ");
        show(&shown, name);
    }
    return schema_tell(c, shown.data);
}

static int check_additional_properties(const struct keyword_call *c)
{
    bool additional = false;
    VALUE_AUTO(extras);
    int r;

    if (c->rule.kind != VALUE_MAP && value_truth(c->rule))
        return 0;
    extras = value_list_new(0);
    VALUE_MAP_EACH (i, c->instance) {
        value key = value_map_key_at(c->instance, i);

        r = is_additional(c, key, &additional);
        if (r < 0)
            return r;
        if (!additional)
            continue;
        if (c->rule.kind == VALUE_MAP) {
            r = descend(c, c->rule, VALUE_NOTHING, value_map_item_at(c->instance, i), key);
            if (r < 0)
                return r;
        } else {
            value_list_append(&extras, value_ref(key));
        }
    }
    return value_list_count(extras) ? extras_violation(c, &extras) : 0;
}

static int missing_dependency(const struct keyword_call *c, value needed, value name)
{
    BUFFER_AUTO(shown);

    if (!schema_violated(c, NULL))
        return 0;
    show(&shown, needed);
    buffer_add_text(&shown, " is a dependency of ");
    show(&shown, name);
    return schema_tell(c, shown.data);
}

static int check_dependencies(const struct keyword_call *c)
{
    int r = 0;

    if (c->rule.kind != VALUE_MAP)
        return schema_error(c->v, "dependencies");
    for (size_t i = 0; r == 0 && i < value_map_count(c->rule); i++) {
        value name = value_map_key_at(c->rule, i), needed = value_map_item_at(c->rule, i);

        if (!value_is_set(value_map_get_value(c->instance, name)))
            continue;
        if (!value_is_list(needed))
            r = descend(c, needed, name, c->instance, VALUE_NOTHING);
        for (size_t k = 0; r == 0 && k < value_list_count(needed); k++) {
            value each = value_list_at(needed, k);

            if (each.kind == VALUE_STRING && !value_is_set(value_map_get_value(c->instance, each)))
                r = missing_dependency(c, each, name);
        }
    }
    return r;
}

/* ---- the table ---- */

#define TEXT   (1u << VALUE_STRING)
#define NUMBER (1u << VALUE_INT | 1u << VALUE_BIGINT | 1u << VALUE_FLOAT)
#define ARRAY  (1u << VALUE_LIST | 1u << VALUE_TUPLE)
#define OBJECT (1u << VALUE_MAP)
#define ANY    (~0u)

/* To add a keyword: its function and its row. Unknown keywords mean nothing. */
static const struct keyword {
    const char *name;
    unsigned kinds; /* of instances that it speaks of */
    int (*check)(const struct keyword_call *c);
} keywords[] = {
    { "type", ANY, check_type },
    { "enum", ANY, check_enum },
    { "properties", OBJECT, check_properties },
    { "additionalProperties", OBJECT, check_additional_properties },
    { "patternProperties", OBJECT, check_pattern_properties },
    { "required", OBJECT, check_required },
    { "items", ARRAY, check_items },
    { "additionalItems", ARRAY, check_additional_items },
    { "minItems", ARRAY, check_min_items },
    { "maxItems", ARRAY, check_max_items },
    { "uniqueItems", ARRAY, check_unique_items },
    { "minimum", NUMBER, check_minimum },
    { "maximum", NUMBER, check_maximum },
    { "multipleOf", NUMBER, check_multiple_of },
    { "minLength", TEXT, check_min_length },
    { "maxLength", TEXT, check_max_length },
    { "pattern", TEXT, check_pattern },
    { "minProperties", OBJECT, check_min_properties },
    { "maxProperties", OBJECT, check_max_properties },
    { "dependencies", OBJECT, check_dependencies },
    { "allOf", ANY, check_all_of },
    { "anyOf", ANY, check_any_of },
    { "oneOf", ANY, check_one_of },
    { "not", ANY, check_not },
};

static const struct keyword *find_keyword(value name)
{
    for (size_t i = 0; i < ELEMENTS(keywords); i++)
        if (value_text_is(name, keywords[i].name))
            return &keywords[i];
    return NULL;
}

static int check_keywords(struct validation *v, value schema, value instance)
{
    struct keyword_call c = { .v = v, .schema = schema, .instance = instance };
    int r = spend(v, 1 + (int64_t)value_map_count(schema));

    c.rule = value_map_get(schema, "$ref");
    if (r == 0 && value_is_set(c.rule))
        return check_ref(&c); /* nothing else counts beside it, and it is no step of a path */
    for (size_t i = 0; r == 0 && i < value_map_count(schema); i++) {
        const struct keyword *keyword;

        c.keyword = value_map_key_at(schema, i);
        keyword = find_keyword(c.keyword);
        if (!keyword || !(keyword->kinds >> instance.kind & 1))
            continue;
        c.rule = value_map_item_at(schema, i);
        r = keyword->check(&c);
    }
    return r;
}

static int check(struct validation *v, value schema, value instance)
{
    int r;

    if (schema.kind != VALUE_MAP)
        return schema_error(v, "a schema that is no mapping");
    v->depth++;
    r = check_keywords(v, schema, instance);
    v->depth--;
    return r;
}

/* Weigh the violations, then tell the chosen one. Null where it is allowed besides what the schema says is mostly seen
   without changing the schema; what is told speaks of the schema that allows it. */
static int judge(value schema, value v, enum schema_dialect dialect, enum schema_flags flags,
                 struct error *err)
{
    CHOICE_AUTO(choice) = { 0 };
    struct validation validation = {
        .root = schema, .dialect = dialect, .flags = flags, .err = err, .choice = &choice
    };
    VALUE_AUTO(widened);
    int r = check(&validation, schema, v);

    if (r < 0 || !choice.n)
        return r;
    if (flags & SCHEMA_ALLOW_NULL) {
        widened = schema_with_nulls(schema);
        return judge(widened, v, dialect, flags & ~(unsigned)SCHEMA_ALLOW_NULL, err);
    }
    validation.telling = choice.chosen;
    validation.n_violations = 0;
    validation.steps = 0;
    return check(&validation, schema, v);
}

int schema_validate(value schema, value v, enum schema_dialect dialect, enum schema_flags flags, value *ret,
                    struct error *err)
{
    ERROR_AUTO(own);
    VALUE_AUTO(filled);
    int r;

    filled = flags & SCHEMA_DEFAULTS && value_text_is(value_map_get(schema, "type"), "object")
                 ? schema_fill_defaults(schema, v)
                 : value_ref(v);
    r = judge(schema, filled, dialect, flags, err ? err : &own);
    if (r < 0)
        return r;
    if (ret)
        *ret = value_take(&filled);
    return 0;
}

value schema_of_parameters(value parameters, bool allow_additional)
{
    value schema = value_map_new(3);

    value_map_put(&schema, "type", value_text("object"));
    value_map_put(&schema, "properties",
                  parameters.kind == VALUE_MAP ? value_ref(parameters) : value_map_new(0));
    value_map_put(&schema, "additionalProperties", value_bool(allow_additional));
    return schema;
}
