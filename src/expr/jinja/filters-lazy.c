/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that give lazy sequences. Calling one only binds its arguments: whatever is wrong with them, an unknown test or
   something that cannot be walked through, is found when the first item is asked for, or never. */
#include "expr/jinja/filters.h"

/* A generator that remembers how it was called: with n arguments, besides those that are gathered. */
static int lazy(int (*begin)(struct ev *ev, struct generator *self), struct bound *bound, unsigned n,
                value *ret)
{
    struct generator *generator = generator_new(NULL, "generator");

    generator->begin = begin;
    for (unsigned i = 0; i < n; i++)
        generator->called.args[i] = value_ref(bound->args[i]);
    generator->called.rest = value_take(&bound->rest);
    generator->called.named = value_take(&bound->named);
    *ret = value_object(&generator->object);
    return 0;
}

/* From now on `step` gives the items; it walks through what the filter is applied to. */
static int walk(struct ev *ev, struct generator *self,
                int (*step)(struct ev *ev, struct generator *self, value *ret))
{
    self->step = step;
    return iter_init(ev, self->called.args[0], &self->source);
}

/* Python's filters do not even look at their arguments when there is nothing to walk through. */
static int walk_unless_empty(struct ev *ev, struct generator *self,
                             int (*prepare)(struct ev *ev, struct generator *self),
                             int (*step)(struct ev *ev, struct generator *self, value *ret))
{
    bool any;

    if (ev_truth(ev, self->called.args[0], &any) < 0)
        return -1;
    if (!any)
        return 0;
    return prepare(ev, self) < 0 ? -1 : walk(ev, self, step);
}

/* ---- filters and tests by name ---- */

/* The arguments behind the name become those of what is named. */
static int take_arguments(struct ev *ev, struct generator *self, size_t skip)
{
    value rest = self->called.rest, named = self->called.named;

    for (size_t i = skip; i < value_list_count(rest); i++)
        if (actuals_add(ev, &self->actuals, value_ref(value_list_at(rest, i))) < 0)
            return -1;
    VALUE_MAP_EACH (i, named) {
        if (actuals_add_named(ev, &self->actuals, value_ref(value_map_key_at(named, i)),
                              value_ref(value_map_item_at(named, i))) < 0)
            return -1;
    }
    return 0;
}

static int unknown(struct ev *ev, const char *what, value name)
{
    struct error *err = ev->err;
    ERROR_AUTO(why);
    BUFFER_AUTO(shown);

    if (!is_undefined(name) || !((struct undefined *)name.object)->lax) {
        if (ev_hashable(ev, name) < 0)
            return -1;
    }
    ev_repr(ev, name, &shown);
    if (is_undefined(name)) {
        ev->err = &why;
        undefined_raise(ev, name);
        ev->err = err;
        return ev_error(ev, "TemplateRuntimeError",
                        "No %s named %s. (%s; did you forget to quote the callable name?)", what,
                        buffer_text(&shown), why.message);
    }
    ev_error(ev, "TemplateRuntimeError", "No %s named %s.", what, buffer_text(&shown));
    if (value_is_set(text_of(name)))
        builtin_suggest(ev->err, what, value_chars(text_of(name)), ev->jinja->flags);
    return -1;
}

/* The filter or test of that name, looked up when the first item has come. */
static int resolve(struct ev *ev, struct generator *self, const char *what)
{
    value text = text_of(self->state);

    if (likely(self->builtin))
        return 0;
    if (value_is_set(text))
        self->builtin = *what == 'f' ? filter_find(value_chars(text), value_len(text), ev->jinja->flags)
                                     : test_find(value_chars(text), value_len(text));
    return self->builtin ? 0 : unknown(ev, what, self->state);
}

/* ---- map ---- */

static int step_map(struct ev *ev, struct generator *self, value *ret)
{
    VALUE_AUTO(item);

    if (iter_next(ev, &self->source, &item) < 0)
        return -1;
    if (!value_is_set(item))
        return 0;
    if (value_is_set(self->attribute))
        return attribute_follow(ev, item, self->attribute, self->otherwise, ret);
    if (resolve(ev, self, "filter") < 0)
        return -1;
    return builtin_call(ev, self->builtin, item, &self->actuals, ret);
}

/* map(attribute=..., default=...) */
static int map_attribute(struct ev *ev, struct generator *self)
{
    value named = self->called.named;

    self->attribute = attribute_parts(value_map_get(named, "attribute"));
    self->otherwise = value_ref(value_map_get(named, "default"));
    if (self->otherwise.kind == VALUE_NULL)
        self->otherwise = VALUE_NOTHING;
    VALUE_MAP_EACH (i, named) {
        value name = value_map_key_at(named, i);

        if (!value_text_is(name, "attribute") && !value_text_is(name, "default"))
            return ev_error(ev, "FilterArgumentError", "Unexpected keyword argument '%s'", value_chars(name));
    }
    return 0;
}

static int prepare_map(struct ev *ev, struct generator *self)
{
    value name = value_list_at(self->called.rest, 0);

    if (!value_is_set(name) && value_map_has(self->called.named, "attribute"))
        return map_attribute(ev, self);
    if (!value_is_set(name))
        return ev_error(ev, "FilterArgumentError", "map requires a filter argument");
    self->state = value_ref(name);
    return take_arguments(ev, self, 1);
}

static int begin_map(struct ev *ev, struct generator *self)
{
    return walk_unless_empty(ev, self, prepare_map, step_map);
}

static int filter_map(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_map, bound, 1, ret);
}

/* ---- select and its kin ---- */

static int passes(struct ev *ev, struct generator *self, value item, bool *ret)
{
    VALUE_AUTO(tested);

    if (!value_is_set(self->attribute))
        tested = value_ref(item);
    else if (attribute_follow(ev, item, self->attribute, VALUE_NOTHING, &tested) < 0)
        return -1;
    if (!value_is_set(self->state))
        return ev_truth(ev, tested, ret);
    return resolve(ev, self, "test") < 0 ? -1 : test_call(ev, self->builtin, tested, &self->actuals, ret);
}

static int step_select(struct ev *ev, struct generator *self, value *ret)
{
    for (;;) {
        VALUE_AUTO(item);
        bool yes;

        if (iter_next(ev, &self->source, &item) < 0)
            return -1;
        if (!value_is_set(item))
            return 0;
        if (passes(ev, self, item, &yes) < 0)
            return -1;
        if (yes == self->flag) {
            *ret = value_take(&item);
            return 0;
        }
    }
}

static int prepare_select(struct ev *ev, struct generator *self)
{
    self->state = value_ref(value_list_at(self->called.rest, 0));
    return take_arguments(ev, self, 1);
}

static int prepare_selectattr(struct ev *ev, struct generator *self)
{
    if (!value_list_count(self->called.rest))
        return ev_error(ev, "FilterArgumentError", "Missing parameter for attribute name");
    self->attribute = attribute_parts(value_list_at(self->called.rest, 0));
    self->state = value_ref(value_list_at(self->called.rest, 1));
    return take_arguments(ev, self, 2);
}

static int begin_select(struct ev *ev, struct generator *self)
{
    self->flag = true;
    return walk_unless_empty(ev, self, prepare_select, step_select);
}

static int begin_reject(struct ev *ev, struct generator *self)
{
    return walk_unless_empty(ev, self, prepare_select, step_select);
}

static int begin_selectattr(struct ev *ev, struct generator *self)
{
    self->flag = true;
    return walk_unless_empty(ev, self, prepare_selectattr, step_select);
}

static int begin_rejectattr(struct ev *ev, struct generator *self)
{
    return walk_unless_empty(ev, self, prepare_selectattr, step_select);
}

static int filter_select(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_select, bound, 1, ret);
}

static int filter_reject(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_reject, bound, 1, ret);
}

static int filter_selectattr(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_selectattr, bound, 1, ret);
}

static int filter_rejectattr(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_rejectattr, bound, 1, ret);
}

/* ---- unique ---- */

/* Adds the key to those that were met. All of what is undefined is one key. */
static int is_new(struct ev *ev, struct generator *self, value *key, bool *ret)
{
    if (ev_hashable(ev, *key) < 0)
        return -1;
    if (is_undefined(*key)) {
        *ret = !value_is_set(self->otherwise);
        value_replace(&self->otherwise, value_take(key));
        return 0;
    }
    if (is_object(*key, &markup_ops))
        value_replace(key, value_ref(text_of(*key)));
    *ret = !value_set_has(self->state, *key);
    if (*ret)
        value_set_add(&self->state, value_take(key));
    return 0;
}

static int step_unique(struct ev *ev, struct generator *self, value *ret)
{
    for (;;) {
        VALUE_AUTO(item);
        VALUE_AUTO(key);
        bool fresh;

        if (iter_next(ev, &self->source, &item) < 0)
            return -1;
        if (!value_is_set(item))
            return 0;
        if (attribute_key(ev, item, self->attribute, self->flag, &key) < 0 ||
            is_new(ev, self, &key, &fresh) < 0)
            return -1;
        if (fresh) {
            *ret = value_take(&item);
            return 0;
        }
    }
}

static int begin_unique(struct ev *ev, struct generator *self)
{
    value sensitive = self->called.args[1];
    bool yes = false;

    if (value_is_set(sensitive) && ev_truth(ev, sensitive, &yes) < 0)
        return -1;
    self->flag = !yes;
    self->attribute = attribute_parts_or_nothing(self->called.args[2]);
    self->state = value_set_new(0);
    return walk(ev, self, step_unique);
}

static int filter_unique(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_unique, bound, 3, ret);
}

/* ---- batch ---- */

/* Fills the last row up to the wanted length. */
static int fill(struct ev *ev, struct generator *self, value *row)
{
    value wanted = self->called.args[1], filler = self->called.args[2];
    VALUE_AUTO(missing);
    VALUE_AUTO(one);
    VALUE_AUTO(more);
    value filled;
    bool less;

    if (value_is_null(filler))
        return 0;
    if (ev_order(ev, COMPARE_LT, value_int((int64_t)value_list_count(*row)), wanted, &less) < 0)
        return -1;
    if (!less)
        return 0;
    one = value_list_new(1);
    value_list_append(&one, value_ref(filler));
    if (ev_binary(ev, NUMBER_SUBTRACT, wanted, value_int((int64_t)value_list_count(*row)), &missing) < 0 ||
        ev_binary(ev, NUMBER_MULTIPLY, one, missing, &more) < 0 ||
        ev_binary(ev, NUMBER_ADD, *row, more, &filled) < 0)
        return -1;
    value_replace(row, filled);
    return 0;
}

/* `state` is the item that did not fit into the row before. */
static int step_batch(struct ev *ev, struct generator *self, value *ret)
{
    VALUE_AUTO(row);
    bool full;

    row = value_list_new(0);
    if (value_is_set(self->state))
        value_list_append(&row, value_take(&self->state));
    for (;;) {
        value item;

        if (iter_next(ev, &self->source, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        if (ev_equal(ev, value_int((int64_t)value_list_count(row)), self->called.args[1], &full) < 0) {
            value_unref(item);
            return -1;
        }
        if (full) {
            self->state = item;
            *ret = value_take(&row);
            return 0;
        }
        value_list_append(&row, item);
    }
    if (!value_list_count(row))
        return 0;
    if (fill(ev, self, &row) < 0)
        return -1;
    *ret = value_take(&row);
    return 0;
}

static int begin_batch(struct ev *ev, struct generator *self)
{
    return walk(ev, self, step_batch);
}

static int filter_batch(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_batch, bound, 3, ret);
}

/* ---- slice ---- */

/* numbers: which slice comes next, of how many. */
static int step_slice(struct ev *ev, struct generator *self, value *ret)
{
    int64_t length = (int64_t)value_list_count(self->state), slices = self->numbers[1],
            i = self->numbers[0]++;
    int64_t each = length / slices, longer = length % slices;
    int64_t start = i * each + (i < longer ? i : longer),
            end = (i + 1) * each + (i + 1 < longer ? i + 1 : longer);

    if (i >= slices)
        return 0;
    if (ev_pay_items(ev, (size_t)(end - start) + 16) < 0)
        return -1;
    *ret = value_list_slice(self->state, (size_t)start, (size_t)end);
    if (!value_is_null(self->called.args[2]) && i >= longer)
        value_list_append(ret, value_ref(self->called.args[2]));
    return 0;
}

static int begin_slice(struct ev *ev, struct generator *self)
{
    value slices = self->called.args[1];
    VALUE_AUTO(quotient);
    int64_t n;

    if (ev_list(ev, self->called.args[0], &self->state) < 0 ||
        ev_binary(ev, NUMBER_FLOOR_DIVIDE, value_int((int64_t)value_list_count(self->state)), slices,
                  &quotient) < 0 ||
        ev_index_of(ev, slices, &n) < 0)
        return -1;
    self->numbers[1] = n;
    self->step = n < 0 ? NULL : step_slice;
    return 0;
}

static int filter_slice(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_slice, bound, 3, ret);
}

/* ---- items ---- */

static int step_items(struct ev *ev, struct generator *self, value *ret)
{
    return iter_next(ev, &self->source, ret);
}

static int begin_items(struct ev *ev, struct generator *self)
{
    value map = self->called.args[0];
    VALUE_AUTO(view);

    if (is_undefined(map))
        return 0;
    if (map.kind != VALUE_MAP)
        return ev_error(ev, "TypeError", "Can only get item pairs from a mapping.");
    view = view_new(VIEW_ITEMS, map);
    self->step = step_items;
    return iter_init(ev, view, &self->source);
}

static int filter_items(struct ev *ev, struct bound *bound, value *ret)
{
    return lazy(begin_items, bound, 1, ret);
}

const struct builtin filters_lazy[] = {
    { "batch", "do_batch", filter_batch, 0, 2, 3, { "value", "linecount", "fill_with" } },
    { "items", "do_items", filter_items, 0, 1, 1, { "value" } },
    { "map",
      "sync_do_map",
      filter_map,
      BUILTIN_VARARGS | BUILTIN_KWARGS | BUILTIN_HIDDEN,
      1,
      1,
      { "value" } },
    { "reject",
      "sync_do_reject",
      filter_reject,
      BUILTIN_VARARGS | BUILTIN_KWARGS | BUILTIN_HIDDEN,
      1,
      1,
      { "value" } },
    { "rejectattr",
      "sync_do_rejectattr",
      filter_rejectattr,
      BUILTIN_VARARGS | BUILTIN_KWARGS | BUILTIN_HIDDEN,
      1,
      1,
      { "value" } },
    { "select",
      "sync_do_select",
      filter_select,
      BUILTIN_VARARGS | BUILTIN_KWARGS | BUILTIN_HIDDEN,
      1,
      1,
      { "value" } },
    { "selectattr",
      "sync_do_selectattr",
      filter_selectattr,
      BUILTIN_VARARGS | BUILTIN_KWARGS | BUILTIN_HIDDEN,
      1,
      1,
      { "value" } },
    { "slice", "sync_do_slice", filter_slice, 0, 2, 3, { "value", "slices", "fill_with" } },
    { "unique",
      "sync_do_unique",
      filter_unique,
      BUILTIN_HIDDEN,
      1,
      3,
      { "value", "case_sensitive", "attribute" } },
    { 0 },
};
