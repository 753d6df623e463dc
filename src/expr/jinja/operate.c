/* SPDX-License-Identifier: Apache-2.0 */
/* Python's operations on values and objects: truth, comparison, arithmetic, indexing, text. */
#include "expr/jinja/engine.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

const char *ev_type_name(value v)
{
    static const char *const view_names[] = { "dict_keys", "dict_values", "dict_items" };

    if (v.kind != VALUE_OBJECT)
        return python_type_name(v);
    if (is_object(v, &view_ops))
        return view_names[((struct view *)v.object)->kind];
    if (is_object(v, &generator_ops))
        return ((struct generator *)v.object)->shown;
    if (is_undefined(v))
        return ((struct undefined *)v.object)->lax ? "Undefined" : "StrictUndefined";
    /* "jinja2.utils.Namespace": only what lacks an attribute is named in full */
    const char *dot = strrchr(object_ops_of(v)->type_name, '.');

    return dot ? dot + 1 : object_ops_of(v)->type_name;
}

int ev_truth(struct ev *ev, value v, bool *ret)
{
    if (v.kind != VALUE_OBJECT) {
        *ret = value_truth(v);
        return 0;
    }
    if (is_undefined(v) && !((struct undefined *)v.object)->lax)
        return undefined_raise(ev, v);
    *ret = !object_ops_of(v)->truth || object_ops_of(v)->truth(v.object);
    return 0;
}

/* ---- comparison ---- */

static bool equal_ranges(const struct range *a, const struct range *b)
{
    return a->count == b->count &&
           (!a->count || (a->start == b->start && (a->count == 1 || a->step == b->step)));
}

/* Views of keys and items compare as sets do. */
static bool equal_views(const struct view *a, const struct view *b)
{
    if (a->kind == VIEW_VALUES || a->kind != b->kind)
        return a == b;
    if (a->kind == VIEW_ITEMS)
        return value_equal(a->map, b->map);
    if (value_map_count(a->map) != value_map_count(b->map))
        return false;
    VALUE_MAP_EACH (i, a->map) {
        if (!value_is_set(value_map_get_value(b->map, value_map_key_at(a->map, i))))
            return false;
    }
    return true;
}

/* What is the same object is not compared. Each mention of a name that is not set is an undefined of its own, though. */
static int equal_items(struct ev *ev, value a, value b, bool *ret)
{
    *ret = a.kind == VALUE_OBJECT && b.kind == VALUE_OBJECT && a.object == b.object && !is_undefined(a);
    return *ret ? 0 : ev_equal(ev, a, b, ret);
}

/* Lists and maps item by item, since there may be objects among them. */
static int equal_containers(struct ev *ev, value a, value b, bool *ret)
{
    size_t n = a.kind == VALUE_MAP ? value_map_count(a) : value_list_count(a);

    *ret = a.header == b.header || n == (b.kind == VALUE_MAP ? value_map_count(b) : value_list_count(b));
    if (a.header == b.header)
        return 0;
    for (size_t i = 0; i < n && *ret; i++) {
        bool map = a.kind == VALUE_MAP;
        value x = map ? value_map_item_at(a, i) : value_list_at(a, i);
        value y = map ? value_map_get_value(b, value_map_key_at(a, i)) : value_list_at(b, i);

        *ret = value_is_set(y);
        if (ev_pay(ev, 1) < 0 || (*ret && equal_items(ev, x, y, ret) < 0))
            return -1;
    }
    return 0;
}

int ev_equal(struct ev *ev, value a, value b, bool *ret)
{
    value x = text_of(a), y = text_of(b);

    if (a.kind != VALUE_OBJECT && b.kind != VALUE_OBJECT) {
        if (a.kind == b.kind && (value_is_list(a) || a.kind == VALUE_MAP))
            return equal_containers(ev, a, b, ret);
        if (a.kind > VALUE_STRING && b.kind == a.kind && ev_pay_tree(ev, a) < 0)
            return -1;
        *ret = value_equal(a, b);
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        value v = i ? b : a;

        if (is_undefined(v) && !((struct undefined *)v.object)->lax)
            return undefined_raise(ev, v);
    }
    if (value_is_set(x) && value_is_set(y))
        *ret = value_equal(x, y);
    else if (is_undefined(a) && is_undefined(b))
        *ret = true;
    else if (is_object(a, &range_ops) && is_object(b, &range_ops))
        *ret = equal_ranges((struct range *)a.object, (struct range *)b.object);
    else if (is_object(a, &view_ops) && is_object(b, &view_ops))
        *ret = equal_views((struct view *)a.object, (struct view *)b.object);
    else
        *ret = a.kind == b.kind && a.object == b.object;
    return 0;
}

/* Lists are ordered by the first pair of items that differ, and by their lengths when none does. */
static int order_lists(struct ev *ev, enum compare_operator op, value a, value b, bool *ret)
{
    for (size_t i = 0; i < value_list_count(a) && i < value_list_count(b); i++) {
        value x = value_list_at(a, i), y = value_list_at(b, i);
        bool same;

        if (equal_items(ev, x, y, &same) < 0)
            return -1;
        if (!same)
            return ev_order(ev, op, x, y, ret);
    }
    return ev_order(ev, op, value_int((int64_t)value_list_count(a)), value_int((int64_t)value_list_count(b)),
                    ret);
}

int ev_order(struct ev *ev, enum compare_operator op, value a, value b, bool *ret)
{
    static const char *const symbols[] = {
        [COMPARE_LT] = "<", [COMPARE_LTEQ] = "<=", [COMPARE_GT] = ">", [COMPARE_GTEQ] = ">="
    };
    value x = text_of(a), y = text_of(b);
    int order;

    if (a.kind == VALUE_INT && b.kind == VALUE_INT) {
        order = a.integer < b.integer ? -1 : a.integer > b.integer;
    } else {
        if (is_undefined(a))
            return undefined_raise(ev, a);
        if (is_undefined(b))
            return undefined_raise(ev, b);
        if (value_is_set(x) && value_is_set(y)) {
            a = x;
            b = y;
        }
        if (value_is_list(a) && value_is_list(b) && ev_pay_tree(ev, a) < 0)
            return -1;
        if (value_len(x) > 4096 && x.header != y.header && ev_pay(ev, value_len(x) / 1024) < 0)
            return -1;
        if (a.kind == VALUE_OBJECT || b.kind == VALUE_OBJECT || value_compare(a, b, &order) != 0) {
            if (value_is_list(a) && a.kind == b.kind)
                return order_lists(ev, op, a, b, ret);
            return ev_error(ev, "TypeError", "'%s' not supported between instances of '%s' and '%s'",
                            symbols[op], ev_type_name(a), ev_type_name(b));
        }
    }
    switch (op) {
    case COMPARE_LT:
        *ret = order == -1;
        break;
    case COMPARE_LTEQ:
        *ret = order == -1 || order == 0;
        break;
    case COMPARE_GT:
        *ret = order == 1;
        break;
    default:
        *ret = order == 1 || order == 0;
    }
    return 0;
}

static int list_contains(struct ev *ev, value list, value item, bool *ret)
{
    *ret = false;
    for (size_t i = 0; i < value_list_count(list) && !*ret; i++) {
        value each = list.list->items[i];

        if (ev_pay(ev, 1) < 0)
            return -1;
        if (each.kind == VALUE_STRING && item.kind == VALUE_STRING)
            *ret = each.string->len == item.string->len &&
                   memcmp(each.string->data, item.string->data, item.string->len) == 0;
        else if (each.kind == VALUE_OBJECT && item.kind == VALUE_OBJECT && each.object == item.object)
            *ret = true;
        else if (ev_equal(ev, each, item, ret) < 0)
            return -1;
    }
    return 0;
}

static int contains_item(struct ev *ev, value container, value item, bool *ret)
{
    ITER_AUTO(iter);

    *ret = false;
    if (iter_init(ev, container, &iter) < 0)
        return -1;
    while (!*ret) {
        VALUE_AUTO(each);

        if (iter_next(ev, &iter, &each) < 0)
            return -1;
        if (!value_is_set(each))
            break;
        if (equal_items(ev, each, item, ret) < 0)
            return -1;
    }
    return 0;
}

int ev_contains(struct ev *ev, value container, value item, bool *ret)
{
    value text, part;

    if (value_is_list(container))
        return list_contains(ev, container, item, ret);
    text = text_of(container);
    part = text_of(item);
    if (value_is_set(text)) {
        if (!value_is_set(part))
            return ev_error(ev, "TypeError", "'in <string>' requires string as left operand, not %s",
                            ev_type_name(item));
        *ret = memmem(value_chars(text), value_len(text), value_chars(part), value_len(part));
        return ev_pay(ev, value_len(text) / (value_len(part) < 32 ? 64 : 8) + 1);
    }
    if (container.kind == VALUE_MAP || container.kind == VALUE_SET ||
        (is_object(container, &view_ops) && ((struct view *)container.object)->kind == VIEW_KEYS)) {
        value map = container.kind == VALUE_OBJECT ? ((struct view *)container.object)->map : container;

        if (ev_hashable(ev, item) < 0)
            return -1;
        *ret = value_is_set(value_map_get_value(map, value_is_set(part) ? part : item));
        return 0;
    }
    if (is_undefined(container) && !((struct undefined *)container.object)->lax)
        return undefined_raise(ev, container);
    if (!is_iterable(container))
        return ev_error(ev, "TypeError", "argument of type '%s' is not iterable", ev_type_name(container));
    return contains_item(ev, container, item, ret);
}

int ev_compare(struct ev *ev, enum compare_operator op, value a, value b, bool *ret)
{
    int r;

    switch (op) {
    case COMPARE_EQ:
        return ev_equal(ev, a, b, ret);
    case COMPARE_NE:
        r = ev_equal(ev, a, b, ret);
        break;
    case COMPARE_IN:
        return ev_contains(ev, b, a, ret);
    case COMPARE_NOT_IN:
        r = ev_contains(ev, b, a, ret);
        break;
    default:
        return ev_order(ev, op, a, b, ret);
    }
    if (r == 0)
        *ret = !*ret;
    return r;
}

/* ---- arithmetic ---- */

static bool is_numeric(value v)
{
    return v.kind == VALUE_BOOL || value_is_number(v);
}

static const char *const symbols[] = {
    [NUMBER_ADD] = "+",
    [NUMBER_SUBTRACT] = "-",
    [NUMBER_MULTIPLY] = "*",
    [NUMBER_DIVIDE] = "/",
    [NUMBER_FLOOR_DIVIDE] = "//",
    [NUMBER_MODULO] = "%",
    [NUMBER_POWER] = "** or pow()",
};

static int unsupported(struct ev *ev, enum number_operator op, value a, value b)
{
    return ev_error(ev, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", symbols[op],
                    ev_type_name(a), ev_type_name(b));
}

static int repeat(struct ev *ev, value v, value count, value *ret)
{
    value text = text_of(v);
    size_t len = value_is_set(text) ? value_len(text) : value_list_count(v);
    int64_t n;

    if (count.kind == VALUE_BIGINT)
        return ev_error(ev, "OverflowError", "cannot fit 'int' into an index-sized integer");
    if (ev_index_of(ev, count, &n) < 0)
        return -1;
    if (n < 0)
        n = 0;
    if (len && (uint64_t)n > (uint64_t)INT64_MAX / len / 32)
        return ev_limit(ev, value_is_set(text) ? LIMIT_TEXT : LIMIT_SEQUENCE,
                        value_is_set(text) ? ev->limits.text : ev->limits.sequence);
    if (value_is_set(text)) {
        char *data;

        if (ev_pay_text(ev, len * (size_t)n) < 0)
            return -1;
        *ret = value_string_new(len * (size_t)n, &data);
        if (len == 1)
            memset(data, *value_chars(text), (size_t)n);
        for (int64_t i = 0; i < n && len > 1; i++)
            memcpy(data + (size_t)i * len, value_chars(text), len);
        return 0;
    }
    if (ev_pay_items(ev, len * (size_t)n) < 0)
        return -1;
    *ret = v.kind == VALUE_TUPLE ? value_tuple_new(len * (size_t)n) : value_list_new(len * (size_t)n);
    for (int64_t i = 0; i < n && len; i++)
        for (size_t k = 0; k < len; k++)
            value_list_append(ret, value_ref(value_list_at(v, k)));
    return 0;
}

void text_escape(struct buffer *out, value text)
{
    static const struct {
        char c;
        const char *as;
    } escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '\'', "&#39;" }, { '"', "&#34;" } };
    const char *s = value_chars(text);

    for (size_t i = 0; i < value_len(text); i++) {
        const char *as = NULL;

        for (size_t k = 0; k < ELEMENTS(escapes); k++)
            if (s[i] == escapes[k].c)
                as = escapes[k].as;
        if (as)
            buffer_add_text(out, as);
        else
            buffer_add_char(out, s[i]);
    }
}

static int concatenate(struct ev *ev, value a, value b, value *ret)
{
    value x = text_of(a), y = text_of(b);
    bool markup = a.kind == VALUE_OBJECT || b.kind == VALUE_OBJECT;
    BUFFER_AUTO(out);
    char *data;

    if (ev_pay_text(ev, value_len(x) + value_len(y)) < 0)
        return -1;
    if (!markup) {
        *ret = value_string_new(value_len(x) + value_len(y), &data);
        memcpy(data, value_chars(x), value_len(x));
        memcpy(data + value_len(x), value_chars(y), value_len(y));
        return 0;
    }
    if (a.kind == VALUE_OBJECT)
        buffer_add(&out, value_chars(x), value_len(x));
    else
        text_escape(&out, x);
    if (b.kind == VALUE_OBJECT)
        buffer_add(&out, value_chars(y), value_len(y));
    else
        text_escape(&out, y);
    *ret = markup_new(value_text_n(buffer_text(&out), out.len));
    return 0;
}

static int add(struct ev *ev, value a, value b, value *ret)
{
    value x = text_of(a), y = text_of(b);

    if (value_is_set(x) && value_is_set(y))
        return concatenate(ev, a, b, ret);
    if (value_is_set(x))
        return ev_error(ev, "TypeError", "can only concatenate str (not \"%s\") to str", ev_type_name(b));
    if (!value_is_list(a))
        return unsupported(ev, NUMBER_ADD, a, b);
    if (a.kind != b.kind)
        return ev_error(ev, "TypeError", "can only concatenate %s (not \"%s\") to %s", ev_type_name(a),
                        ev_type_name(b), ev_type_name(a));
    if (ev_pay_items(ev, value_list_count(a) + value_list_count(b)) < 0)
        return -1;
    *ret = a.kind == VALUE_TUPLE ? value_tuple_new(value_list_count(a) + value_list_count(b))
                                 : value_list_new(value_list_count(a) + value_list_count(b));
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < value_list_count(side ? b : a); i++)
            value_list_append(ret, value_ref(value_list_at(side ? b : a, i)));
    return 0;
}

static int percent(struct ev *ev, value format, value args, value *ret)
{
    bool markup = format.kind == VALUE_OBJECT;
    BUFFER_AUTO(out);

    if (ev_percent(ev, text_of(format), args, markup, &out) < 0)
        return -1;
    *ret = value_text_n(buffer_text(&out), out.len);
    if (markup)
        *ret = markup_new(*ret);
    return 0;
}

static size_t limbs(value v)
{
    return v.kind == VALUE_BIGINT ? mpz_size(v.bigint->number) : 1;
}

/* Multiplying and dividing cost the product of the sizes. */
static uint64_t number_cost(enum number_operator op, value a, value b)
{
    if (a.kind != VALUE_BIGINT && b.kind != VALUE_BIGINT)
        return op == NUMBER_POWER ? 64 : 1;
    return 64 + limbs(a) * limbs(b) / 64;
}

int ev_binary(struct ev *ev, enum number_operator op, value a, value b, value *ret)
{
    int64_t n;

    if (a.kind == VALUE_INT && b.kind == VALUE_INT && ev_binary_integers(op, a.integer, b.integer, &n)) {
        *ret = value_int(n);
        return 0;
    }
    if (is_numeric(a) && is_numeric(b)) {
        if (ev_pay(ev, number_cost(op, a, b)) < 0)
            return -1;
        return number_operate(op, a, b, ret, ev->err);
    }
    if (is_undefined(a))
        return undefined_raise(ev, a);
    if (is_undefined(b) && !(op == NUMBER_MODULO && value_is_set(text_of(a))))
        return undefined_raise(ev, b);
    switch (op) {
    case NUMBER_ADD:
        return add(ev, a, b, ret);
    case NUMBER_MODULO:
        return value_is_set(text_of(a)) ? percent(ev, a, b, ret) : unsupported(ev, op, a, b);
    case NUMBER_MULTIPLY: {
        bool left = value_is_set(text_of(a)) || value_is_list(a),
             right = value_is_set(text_of(b)) || value_is_list(b);

        if (left && (value_is_integer(b) || b.kind == VALUE_BOOL))
            return repeat(ev, a, b, ret);
        if (right && (value_is_integer(a) || a.kind == VALUE_BOOL))
            return repeat(ev, b, a, ret);
        if (left || right)
            return ev_error(ev, "TypeError", "can't multiply sequence by non-int of type '%s'",
                            ev_type_name(left ? b : a));
        return unsupported(ev, op, a, b);
    }
    default:
        return unsupported(ev, op, a, b);
    }
}

/* ---- length, indexing, attributes ---- */

int ev_length(struct ev *ev, value v, int64_t *ret)
{
    int64_t n = -1;

    switch (v.kind) {
    case VALUE_STRING:
        n = (int64_t)value_string_chars(v);
        break;
    case VALUE_BYTES:
        n = (int64_t)value_len(v);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        n = (int64_t)value_list_count(v);
        break;
    case VALUE_MAP:
    case VALUE_SET:
        n = (int64_t)value_map_count(v);
        break;
    case VALUE_OBJECT:
        if (is_undefined(v) && !((struct undefined *)v.object)->lax)
            return undefined_raise(ev, v);
        if (object_ops_of(v)->length)
            n = object_ops_of(v)->length(v.object);
        break;
    }
    if (n < 0)
        return ev_error(ev, "TypeError", "object of type '%s' has no len()", ev_type_name(v));
    *ret = n;
    return 0;
}

int ev_index_of(struct ev *ev, value v, int64_t *ret)
{
    if (v.kind == VALUE_INT || v.kind == VALUE_BOOL) {
        *ret = v.integer;
        return 0;
    }
    if (v.kind == VALUE_BIGINT) {
        *ret = mpz_sgn(v.bigint->number) < 0 ? INT64_MIN : INT64_MAX;
        return 0;
    }
    return ev_error(ev, "TypeError", "'%s' object cannot be interpreted as an integer", ev_type_name(v));
}

static value text_part(value text, int64_t from, int64_t to)
{
    const char *s = value_chars(text);
    size_t n = value_len(text), start, end;

    if (value_string_chars(text) == n)
        return value_text_n(s + from, (size_t)(to - from));
    start = utf8_offset(s, n, (size_t)from);
    end = start + utf8_offset(s + start, n - start, (size_t)(to - from));
    return value_text_n(s + start, end - start);
}

bool ev_index(value subject, int64_t index, value *ret)
{
    value text = text_of(subject);
    int64_t n;

    if (value_is_set(text))
        n = (int64_t)value_string_chars(text);
    else if (value_is_list(subject))
        n = (int64_t)value_list_count(subject);
    else if (is_object(subject, &range_ops))
        n = ((struct range *)subject.object)->count;
    else
        return false;
    if (index < 0)
        index += n;
    if (index < 0 || index >= n)
        return false;
    if (value_is_set(text))
        *ret = text_part(text, index, index + 1);
    else if (value_is_list(subject))
        *ret = value_ref(value_list_at(subject, (size_t)index));
    else
        *ret = value_int(range_at((struct range *)subject.object, index));
    return true;
}

static bool method_type_of(value v, enum method_type *ret)
{
    switch (v.kind) {
    case VALUE_STRING:
        *ret = METHOD_STR;
        return true;
    case VALUE_LIST:
        *ret = METHOD_LIST;
        return true;
    case VALUE_TUPLE:
        *ret = METHOD_TUPLE;
        return true;
    case VALUE_MAP:
        *ret = METHOD_DICT;
        return true;
    case VALUE_SET:
        *ret = METHOD_SET;
        return true;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
        *ret = METHOD_INT;
        return true;
    case VALUE_FLOAT:
        *ret = METHOD_FLOAT;
        return true;
    case VALUE_OBJECT:
        *ret = METHOD_STR;
        return is_object(v, &markup_ops);
    default:
        return false;
    }
}

/* Names every Python object has; their use is refused. */
static bool is_python_internal(value v, value name)
{
    static const char *const everywhere[] = {
        "__class__",   "__delattr__", "__dir__",           "__doc__",          "__eq__",
        "__format__",  "__ge__",      "__getattribute__",  "__getstate__",     "__gt__",
        "__hash__",    "__init__",    "__init_subclass__", "__le__",           "__lt__",
        "__ne__",      "__new__",     "__reduce__",        "__reduce_ex__",    "__repr__",
        "__setattr__", "__sizeof__",  "__str__",           "__subclasshook__",
    };
    static const char *const sized[] = { "__contains__", "__getitem__", "__iter__", "__len__" };
    static const char *const functions[] = { "__call__",     "__code__",   "__globals__", "__closure__",
                                             "__defaults__", "__module__", "__name__",    "__self__",
                                             "__func__",     "__dict__" };
    const char *text = value_chars(name);

    if (text[0] != '_')
        return false;
    for (size_t i = 0; i < ELEMENTS(everywhere); i++)
        if (strcmp(text, everywhere[i]) == 0)
            return true;
    for (size_t i = 0; i < ELEMENTS(sized) && is_iterable(v); i++)
        if (strcmp(text, sized[i]) == 0)
            return true;
    for (size_t i = 0; i < ELEMENTS(functions) && v.kind == VALUE_OBJECT; i++)
        if (strcmp(text, functions[i]) == 0)
            return true;
    return value_is_number(v) && (strcmp(text, "__add__") == 0 || strcmp(text, "__int__") == 0 ||
                                  strcmp(text, "__abs__") == 0 || strcmp(text, "__float__") == 0);
}

static value unsafe_member(struct ev *ev, value holder, value name)
{
    return undefined_hint(ev, "SecurityError",
                          value_textf("access to attribute '%s' of '%s' object is unsafe.", value_chars(name),
                                      ev_type_name(holder)));
}

const struct method_row *ev_method_of(value subject, const struct method_row *rows)
{
    enum method_type type;

    return rows && method_type_of(subject, &type) ? method_for(rows, type) : NULL;
}

/* Python's getattr(): unset when there is no such attribute. */
static int attribute(struct ev *ev, value subject, value name, const struct method_row *rows, value *ret)
{
    const struct method_row *row;

    *ret = VALUE_NOTHING;
    if (is_undefined(subject))
        return undefined_raise(ev, subject);
    if (value_chars(name)[0] == '_' && is_python_internal(subject, name)) {
        *ret = unsafe_member(ev, subject, name);
        return 0;
    }
    row = ev_method_of(subject, rows);
    if (row && row->flags & METHOD_PROPERTY)
        return method_call(ev, subject, row, NULL, ret);
    if (row) {
        *ret = bound_method_new(subject, row);
        return 0;
    }
    if (subject.kind == VALUE_OBJECT && object_ops_of(subject)->getattr)
        return object_ops_of(subject)->getattr(ev, subject, name, ret);
    return 0;
}

/* Python's subject[key]: unset when there is no such item. */
static int item(struct ev *ev, value subject, value key, value *ret)
{
    uint64_t hash;

    *ret = VALUE_NOTHING;
    if (subject.kind == VALUE_MAP) {
        value text = text_of(key);

        if (value_is_set(text))
            *ret = value_ref(value_map_get_value(subject, text));
        else if (key.kind != VALUE_OBJECT && value_hash(key, &hash))
            *ret = value_ref(value_map_get_value(subject, key));
        return 0;
    }
    if (is_undefined(subject))
        return undefined_raise(ev, subject);
    if (key.kind == VALUE_INT || key.kind == VALUE_BOOL) {
        if (value_is_set(text_of(subject)) && ev_pay(ev, value_len(text_of(subject)) / 32) < 0)
            return -1;
        ev_index(subject, key.integer, ret);
    }
    return 0;
}

int ev_attribute(struct ev *ev, value subject, value name, value *ret)
{
    if (attribute(ev, subject, name, method_find(value_chars(name), value_len(name)), ret) < 0)
        return -1;
    if (!value_is_set(*ret))
        *ret = undefined_member(ev, subject, name);
    return 0;
}

int ev_getattr(struct ev *ev, value subject, value name, const struct method_row *methods, value *ret)
{
    if (attribute(ev, subject, name, methods, ret) < 0)
        return -1;
    if (!value_is_set(*ret) && item(ev, subject, name, ret) < 0)
        return -1;
    if (!value_is_set(*ret))
        *ret = undefined_member(ev, subject, name);
    return 0;
}

int ev_getitem(struct ev *ev, value subject, value key, value *ret)
{
    value text;

    if (item(ev, subject, key, ret) < 0)
        return -1;
    if (value_is_set(*ret))
        return 0;
    if (is_undefined(key) && !((struct undefined *)key.object)->lax && subject.kind == VALUE_MAP)
        return undefined_raise(ev, key);
    text = text_of(key);
    if (value_is_set(text) &&
        attribute(ev, subject, text, method_find(value_chars(text), value_len(text)), ret) < 0)
        return -1;
    if (!value_is_set(*ret))
        *ret = undefined_member(ev, subject, key);
    return 0;
}

static int slice_index(struct ev *ev, value v, int64_t missing, int64_t n, int64_t low, int64_t high,
                       int64_t *ret)
{
    if (value_is_null(v)) {
        *ret = missing;
        return 0;
    }
    if (!value_is_integer(v) && v.kind != VALUE_BOOL) {
        return ev_error(ev, "TypeError",
                        "slice indices must be integers or None or have an __index__ method");
    }
    if (ev_index_of(ev, v, ret) < 0)
        return -1;
    if (*ret < 0)
        *ret = *ret < -n ? low : *ret + n;
    if (*ret < low)
        *ret = low;
    if (*ret > high)
        *ret = high;
    return 0;
}

static value slice_text(value text, int64_t start, int64_t step, int64_t count)
{
    BUFFER_AUTO(out);
    int64_t n = (int64_t)value_string_chars(text);
    bool plain = n == (int64_t)value_len(text);

    if (count <= 0)
        return value_text("");
    if (step == 1)
        return text_part(text, start, start + count);
    if (plain) {
        for (int64_t i = 0; i < count; i++)
            buffer_add_char(&out, value_chars(text)[start + i * step]);
    } else {
        size_t *offsets = xmalloc(((size_t)n + 1) * sizeof(offsets[0]));
        const char *at = value_chars(text);

        for (int64_t i = 0; i < n; i++) {
            offsets[i] = (size_t)(at - value_chars(text));
            utf8_next(&at);
        }
        offsets[n] = value_len(text);
        for (int64_t i = 0; i < count; i++) {
            int64_t k = start + i * step;

            buffer_add(&out, value_chars(text) + offsets[k], offsets[k + 1] - offsets[k]);
        }
        free(offsets);
    }
    return value_text_n(buffer_text(&out), out.len);
}

/* The end of a part of a range, as far as integers of the machine go. */
static int64_t range_end(const struct range *range, int64_t i)
{
    int64_t distance, at;

    if (__builtin_mul_overflow(i, range->step, &distance) ||
        __builtin_add_overflow(range->start, distance, &at))
        return (i < 0) == (range->step < 0) ? INT64_MAX : INT64_MIN;
    return at;
}

static value slice_range(const struct range *range, int64_t from, int64_t to, int64_t by)
{
    int64_t step;

    if (__builtin_mul_overflow(by, range->step, &step) || step == INT64_MIN)
        step = (by < 0) == (range->step < 0) ? INT64_MAX : -INT64_MAX;
    return range_new(range_end(range, from), range_end(range, to), step);
}

int ev_slice(struct ev *ev, value subject, value start, value stop, value step, value *ret)
{
    value text = text_of(subject);
    int64_t n, by = 1, from, to, count;

    if (is_undefined(subject))
        return undefined_raise(ev, subject);
    if (!value_is_set(text) && !value_is_list(subject) && !is_object(subject, &range_ops))
        return subject.kind == VALUE_MAP
                   ? ev_error(ev, "TypeError", "unhashable type: 'slice'")
                   : ev_error(ev, "TypeError", "'%s' object is not subscriptable", ev_type_name(subject));
    if (!value_is_null(step) && !value_is_integer(step) && step.kind != VALUE_BOOL)
        return ev_error(ev, "TypeError",
                        "slice indices must be integers or None or have an __index__ method");
    if (ev_length(ev, subject, &n) < 0 || (!value_is_null(step) && ev_index_of(ev, step, &by) < 0))
        return -1;
    if (by == 0)
        return ev_error(ev, "ValueError", "slice step cannot be zero");
    if (by < -INT64_MAX)
        by = -INT64_MAX;
    if (slice_index(ev, start, by > 0 ? 0 : n - 1, n, by > 0 ? 0 : -1, by > 0 ? n : n - 1, &from) < 0 ||
        slice_index(ev, stop, by > 0 ? n : -1, n, by > 0 ? 0 : -1, by > 0 ? n : n - 1, &to) < 0)
        return -1;
    count = by > 0 ? (to > from ? (to - from - 1) / by + 1 : 0) : (from > to ? (from - to - 1) / -by + 1 : 0);
    if (value_is_set(text)) {
        if (ev_pay_text(ev, value_len(text)) < 0)
            return -1;
        *ret = slice_text(text, from, by, count);
        return 0;
    }
    if (is_object(subject, &range_ops)) {
        *ret = slice_range((struct range *)subject.object, from, to, by);
        return 0;
    }
    if (ev_pay_items(ev, (size_t)count) < 0)
        return -1;
    *ret = subject.kind == VALUE_TUPLE ? value_tuple_new((size_t)count) : value_list_new((size_t)count);
    for (int64_t i = 0; i < count; i++)
        value_list_append(ret, value_ref(value_list_at(subject, (size_t)(from + i * by))));
    return 0;
}

int ev_call(struct ev *ev, value callee, const struct actuals *actuals, value *ret)
{
    int r;

    *ret = VALUE_NOTHING;
    if (is_undefined(callee))
        return undefined_raise(ev, callee);
    if (callee.kind != VALUE_OBJECT || !object_ops_of(callee)->call)
        return ev_error(ev, "TypeError", "'%s' object is not callable", ev_type_name(callee));
    if (ev_enter(ev) < 0)
        return -1;
    r = object_ops_of(callee)->call(ev, callee, actuals, ret);
    ev_leave(ev);
    if (r < 0)
        value_unref(value_take(ret));
    return r;
}

/* ---- maps ---- */

int ev_hashable(struct ev *ev, value v)
{
    uint64_t hash;

    if (v.kind == VALUE_STRING || v.kind == VALUE_INT)
        return 0;
    if (v.kind == VALUE_TUPLE && ev_pay_tree(ev, v) < 0)
        return -1;
    if (is_undefined(v) && !((struct undefined *)v.object)->lax)
        return undefined_raise(ev, v);
    if (!value_hash(v, &hash))
        return ev_error(ev, "TypeError", "unhashable type: '%s'", ev_type_name(v));
    return 0;
}

int ev_map_set(struct ev *ev, value *map, value key, value v)
{
    value text = text_of(key);

    if (ev_hashable(ev, key) < 0) {
        value_unref(key);
        value_unref(v);
        return -1;
    }
    if (key.kind == VALUE_OBJECT && value_is_set(text)) {
        text = value_ref(text);
        value_unref(key);
        key = text;
    }
    value_map_set(map, key, v);
    if (value_map_count(*map) > ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    return 0;
}

/* ---- changing in place ---- */

/* How many containers `v` is made of, or -1 when `needle` is one of them. Each visit is paid. */
static int find_inside(struct ev *ev, value v, const void *needle)
{
    if (v.kind != VALUE_LIST && v.kind != VALUE_TUPLE && v.kind != VALUE_MAP && !is_object(v, &namespace_ops))
        return 0;
    if ((const void *)v.header == needle)
        return ev_error(ev, "ValueError", "a container cannot be put into itself");
    if (ev_pay(ev, 1) < 0 || ev_enter(ev) < 0)
        return -1;
    int r = 0;

    if (v.kind == VALUE_OBJECT)
        r = find_inside(ev, ((struct namespace *)v.object)->map, needle);
    for (size_t i = 0; r == 0 && i < value_list_count(v); i++)
        r = find_inside(ev, value_list_at(v, i), needle);
    for (size_t i = 0; r == 0 && v.kind == VALUE_MAP && i < value_map_count(v); i++)
        r = find_inside(ev, value_map_item_at(v, i), needle);
    ev_leave(ev);
    return r;
}

int ev_own(struct ev *ev, value container)
{
    if (!ev->jinja->mutating)
        return ev_error(ev, "TypeError", "a %s can be changed only by a method that is called by its name",
                        ev_type_name(container));
    return 0;
}

/* The depth a container knows may be less than its true one once something inside it was changed; the sum of all such
   growth is kept small, so that walks stay within the stack. */
#define DEPTH_GROWN_MAX 2000

int ev_may_hold(struct ev *ev, value container, value v)
{
    uint32_t depth = value_depth(v) + 1, before = value_depth(container);

    if (v.kind == VALUE_OBJECT || value_depth(v)) {
        if (find_inside(ev, v, container.header) < 0)
            return -1;
    }
    if (depth > VALUE_DEPTH_MAX)
        return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    if (depth > before) {
        ev->depth_grown += depth - before;
        if (ev->depth_grown > DEPTH_GROWN_MAX)
            return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    }
    return 0;
}
