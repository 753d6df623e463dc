/* SPDX-License-Identifier: Apache-2.0 */
/* "%" of texts: Python's formatting knows plain values, so objects are made plain first. */
#include "expr/jinja/engine.h"

/* Arguments of "%" as Python's plain values: markup becomes text, an undefined what it prints as. With `escape`, as markup
   does, texts are escaped first. */
static int plain_arguments(struct ev *ev, value args, bool escape, value *ret)
{
    value text = text_of(args);

    if (value_is_set(text) && escape && args.kind == VALUE_STRING) {
        BUFFER_AUTO(escaped);

        text_escape(&escaped, text);
        if (ev_pay_text(ev, escaped.len) < 0)
            return -1;
        *ret = value_text_n(buffer_text(&escaped), escaped.len);
    } else if (value_is_set(text)) {
        *ret = value_ref(text);
    } else if (is_undefined(args)) {
        if (!((struct undefined *)args.object)->lax)
            return undefined_raise(ev, args);
        *ret = value_text("");
    } else if (args.kind == VALUE_OBJECT) {
        return ev_str_value(ev, args, ret);
    } else if (args.kind == VALUE_TUPLE) {
        VALUE_AUTO(tuple);

        tuple = value_tuple_new(value_list_count(args));
        VALUE_LIST_EACH (i, item, args) {
            value plain;

            if (plain_arguments(ev, item, escape, &plain) < 0)
                return -1;
            value_list_append(&tuple, plain);
        }
        *ret = value_take(&tuple);
    } else if (args.kind == VALUE_MAP) {
        VALUE_AUTO(map);

        map = value_map_new(value_map_count(args));
        VALUE_MAP_EACH (i, args) {
            value plain;

            if (value_map_item_at(args, i).kind == VALUE_MAP ||
                value_map_item_at(args, i).kind == VALUE_TUPLE)
                plain = value_ref(value_map_item_at(args, i));
            else if (plain_arguments(ev, value_map_item_at(args, i), escape, &plain) < 0)
                return -1;
            value_map_set(&map, value_ref(value_map_key_at(args, i)), plain);
        }
        *ret = value_take(&map);
    } else {
        *ret = value_ref(args);
    }
    return 0;
}

/* Nothing but texts and numbers: they are plain as they are. */
static bool only_scalars(value tuple)
{
    VALUE_LIST_EACH (i, item, tuple) {
        if (item.kind > VALUE_STRING)
            return false;
    }
    return tuple.kind == VALUE_TUPLE;
}

static bool is_limit(const struct error *err)
{
    return err->kind && strcmp(err->kind, "LimitExceeded") == 0;
}

/* Where a number is wanted, or keys, an undefined is asked for them and fails; elsewhere its type is wrong. */
static bool wants_number(const struct error *err)
{
    return strstr(err->message, "real number") || strstr(err->message, "requires a mapping");
}

/* Undefined and range count as mappings for Python: they need not be used, and fail or print only where they are. */
static int percent_of_object(struct ev *ev, value text, value args, struct buffer *out)
{
    bool lax = is_undefined(args) && ((struct undefined *)args.object)->lax;
    ERROR_AUTO(err);
    VALUE_AUTO(tuple);
    value shown;
    int r;

    if (is_undefined(args))
        shown = value_text("");
    else if (ev_str_value(ev, args, &shown) < 0)
        return -1;
    tuple = value_tuple_new(1);
    value_list_append(&tuple, shown);
    r = python_percent(value_chars(text), value_len(text), tuple, ev->text_max, out, &err);
    if (r < 0 && strncmp(err.message, "not all arguments", 17) == 0)
        return 0;
    if (is_undefined(args) &&
        (r < 0 ? wants_number(&err) || (!lax && strstr(err.message, "not enough")) : !lax))
        return undefined_raise(ev, args);
    if (r < 0 && is_limit(&err))
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    if (r < 0)
        error_move(ev->err, &err);
    return r < 0 ? -1 : 0;
}

/* An undefined among the arguments, when no text is: what stands for it is one. */
static value lone_undefined(value args)
{
    value found = VALUE_NOTHING;

    VALUE_LIST_EACH (i, item, args) {
        if (value_is_set(text_of(item)))
            return VALUE_NOTHING;
        if (!value_is_set(found) && is_undefined(item))
            found = item;
    }
    return found;
}

int ev_percent(struct ev *ev, value text, value args, bool escape, struct buffer *out)
{
    VALUE_AUTO(plain);
    size_t before = out->len;

    if (ev_pay(ev, value_len(text) / 16 + 4) < 0)
        return -1;
    if (is_undefined(args) || is_object(args, &range_ops))
        return percent_of_object(ev, text, args, out) < 0 ? -1 : ev_pay_text(ev, out->len - before);
    if (!escape && only_scalars(args))
        plain = value_ref(args);
    else if (plain_arguments(ev, args, escape, &plain) < 0)
        return -1;
    if (python_percent(value_chars(text), value_len(text), plain, ev->text_max, out, ev->err) < 0) {
        value undefined = lone_undefined(args);

        if (is_limit(ev->err))
            return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
        return value_is_set(undefined) && strstr(ev->err->message, "real number")
                   ? undefined_raise(ev, undefined)
                   : -1;
    }
    return ev_pay_text(ev, out->len - before);
}
