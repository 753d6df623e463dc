/* SPDX-License-Identifier: Apache-2.0 */
/* str() and repr() of values and objects. Every item is paid for, so that shared parts cannot blow a text up unseen. */
#include "expr/jinja/engine.h"

static void repr_items(struct ev *ev, value list, struct buffer *out)
{
    VALUE_LIST_EACH (i, each, list) {
        buffer_add_text(out, i ? ", " : "");
        ev_repr(ev, each, out);
    }
}

/* Decimal digits cost more the more there are. */
static uint64_t bigint_text_cost(value v)
{
    size_t limbs = mpz_size(v.bigint->number);

    return 4 + limbs * limbs / 64;
}

void ev_repr(struct ev *ev, value v, struct buffer *out)
{
    if (ev_pay(ev, 2) < 0)
        return;
    if (out->len > ev->limits.text) {
        ev_limit(ev, LIMIT_TEXT, ev->limits.text);
        ev_stop(ev);
        return;
    }
    switch (v.kind) {
    case VALUE_LIST:
        buffer_add_char(out, '[');
        repr_items(ev, v, out);
        buffer_add_char(out, ']');
        break;
    case VALUE_TUPLE:
        buffer_add_char(out, '(');
        repr_items(ev, v, out);
        buffer_add_text(out, value_list_count(v) == 1 ? ",)" : ")");
        break;
    case VALUE_MAP:
        buffer_add_char(out, '{');
        VALUE_MAP_EACH (i, v) {
            buffer_add_text(out, i ? ", " : "");
            ev_repr(ev, value_map_key_at(v, i), out);
            buffer_add_text(out, ": ");
            ev_repr(ev, value_map_item_at(v, i), out);
        }
        buffer_add_char(out, '}');
        break;
    case VALUE_OBJECT:
        if (object_ops_of(v)->repr)
            object_ops_of(v)->repr(ev, v.object, out);
        else
            buffer_addf(out, "<%s object>", ev_type_name(v));
        break;
    default:
        if (v.kind == VALUE_BIGINT && ev_pay(ev, bigint_text_cost(v)) < 0)
            return;
        if (value_len(v) > 16 && ev_pay(ev, value_len(v) / 8) < 0)
            return;
        python_repr(out, v);
    }
}

static int add_integer(struct ev *ev, int64_t n, struct buffer *out)
{
    unsigned len = number_text_length(n);

    if (out->len + len > ev->text_max)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    buffer_reserve(out, len);
    out->len += len;
    number_put_text(n, out->data + out->len);
    out->data[out->len] = '\0';
    return 0;
}

int ev_str(struct ev *ev, value v, struct buffer *out)
{
    size_t before = out->len;

    switch (v.kind) {
    case VALUE_STRING:
        return ev_add_text(ev, out, value_chars(v), value_len(v));
    case VALUE_INT:
        return add_integer(ev, v.integer, out);
    case VALUE_BOOL:
        return ev_add_text(ev, out, v.boolean ? "True" : "False", v.boolean ? 4 : 5);
    case VALUE_FLOAT: {
        char text[JSON_DOUBLE_SIZE];

        return ev_add_text(ev, out, text, json_format_double(v.number, text));
    }
    case VALUE_OBJECT:
        if (is_undefined(v))
            return ((struct undefined *)v.object)->lax ? 0 : undefined_raise(ev, v);
        if (is_object(v, &markup_ops))
            return ev_str(ev, text_of(v), out);
        /* fall through */
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_MAP:
        ev_repr(ev, v, out);
        break;
    default:
        if (v.kind == VALUE_BIGINT && ev_pay(ev, bigint_text_cost(v)) < 0)
            return -1;
        python_str(out, v);
    }
    if (out->len > ev->text_max)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    return ev_pay(ev, (out->len - before) / 64 + 1);
}

int ev_str_value(struct ev *ev, value v, value *ret)
{
    BUFFER_AUTO(out);

    if (v.kind == VALUE_STRING) {
        *ret = value_ref(v);
        return 0;
    }
    if (v.kind == VALUE_INT) {
        unsigned len = number_text_length(v.integer);
        char *data;

        *ret = value_string_new(len, &data);
        number_put_text(v.integer, data + len);
        return 0;
    }
    if (ev_str(ev, v, &out) < 0)
        return -1;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

int ev_soft_str(struct ev *ev, value v, value *ret)
{
    if (is_object(v, &markup_ops)) {
        *ret = value_ref(v);
        return 0;
    }
    return ev_str_value(ev, v, ret);
}
