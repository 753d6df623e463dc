/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that are simply there: range, dict, lipsum, cycler, joiner, namespace. */
#include "expr/jinja/engine.h"

#include "base/mem.h"

#define RANGE_MAX 100000

static int global_range(struct ev *ev, struct bound *bound, value *ret)
{
    int64_t n[3] = { 0, 0, 1 };
    int given = value_is_set(bound->args[1]) ? (value_is_set(bound->args[2]) ? 3 : 2) : 1;

    for (int i = 0; i < given; i++)
        if (ev_index_of(ev, bound->args[i], &n[i]) < 0)
            return -1;
    if (given == 1) {
        n[1] = n[0];
        n[0] = 0;
    }
    if (n[2] == 0)
        return ev_error(ev, "ValueError", "range() arg 3 must not be zero");
    *ret = range_new(n[0], n[1], n[2]);
    if (((struct range *)(*ret).object)->count > RANGE_MAX || ((struct range *)(*ret).object)->count < 0) {
        value_unref(value_take(ret));
        return ev_error(ev, "OverflowError",
                        "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", RANGE_MAX);
    }
    return 0;
}

/* Entries of a mapping or of pairs, set over `map`. */
int dict_update(struct ev *ev, value *map, value from)
{
    ITER_AUTO(iter);
    size_t n = 0;

    if (from.kind == VALUE_MAP) {
        VALUE_MAP_EACH (i, from) {
            if (ev_pay(ev, 1) < 0 || ev_map_set(ev, map, value_ref(value_map_key_at(from, i)),
                                                value_ref(value_map_item_at(from, i))) < 0)
                return -1;
        }
        return 0;
    }
    if (iter_init(ev, from, &iter) < 0)
        return -1;
    for (;; n++) {
        VALUE_AUTO(pair);
        VALUE_AUTO(items);

        if (iter_next(ev, &iter, &pair) < 0)
            return -1;
        if (!value_is_set(pair))
            return 0;
        if (!is_iterable(pair))
            return ev_error(ev, "TypeError",
                            "cannot convert dictionary update sequence element #%zu to a sequence", n);
        if (ev_list(ev, pair, &items) < 0)
            return -1;
        if (value_list_count(items) != 2)
            return ev_error(ev, "ValueError",
                            "dictionary update sequence element #%zu has length %zu; 2 is required", n,
                            value_list_count(items));
        if (ev_map_set(ev, map, value_ref(value_list_at(items, 0)), value_ref(value_list_at(items, 1))) < 0)
            return -1;
    }
}

static int make_dict(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(map);

    if (ev_pay(ev, 8 + value_map_count(bound->named)) < 0)
        return -1;
    map = value_map_new(value_map_count(bound->named));
    if (value_list_count(bound->rest) > 1)
        return ev_error(ev, "TypeError", "dict expected at most 1 argument, got %zu",
                        value_list_count(bound->rest));
    if (value_list_count(bound->rest) && dict_update(ev, &map, value_list_at(bound->rest, 0)) < 0)
        return -1;
    value_map_update(&map, bound->named);
    if (value_depth(map) > VALUE_DEPTH_MAX)
        return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    *ret = value_take(&map);
    return 0;
}

static int global_namespace(struct ev *ev, struct bound *bound, value *ret)
{
    struct namespace *namespace;
    value map;

    if (make_dict(ev, bound, &map) < 0)
        return -1;
    namespace = object_new(&namespace_ops, sizeof(*namespace));
    namespace->map = map;
    namespace->object.header.depth = value_depth(map);
    *ret = value_object(&namespace->object);
    return 0;
}

static int global_cycler(struct ev *ev, struct bound *bound, value *ret)
{
    if (!value_list_count(bound->rest))
        return ev_error(ev, "RuntimeError", "at least one item has to be provided");
    *ret = cycler_new(bound->rest);
    return 0;
}

static int global_joiner(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(comma);

    comma = value_text(", ");
    *ret = joiner_new(value_is_set(bound->args[0]) ? bound->args[0] : comma);
    return 0;
}

uint64_t ev_random(struct ev *ev)
{
    /* splitmix64: a run is repeated by its seed */
    uint64_t x = ev->random += 0x9e3779b97f4a7c15ULL;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

static const char *const lorem[] = {
    "a",       "ac",           "accumsan", "ad",      "adipiscing", "aenean",   "aliquam", "amet",
    "ante",    "arcu",         "at",       "auctor",  "augue",      "bibendum", "blandit", "commodo",
    "congue",  "consectetuer", "cras",     "cubilia", "cursus",     "dapibus",  "diam",    "dictum",
    "dolor",   "donec",        "dui",      "egestas", "eget",       "elit",     "enim",    "erat",
    "eros",    "est",          "et",       "etiam",   "eu",         "facilisi", "fames",   "faucibus",
    "felis",   "fringilla",    "fusce",    "gravida", "habitant",   "iaculis",  "id",      "in",
    "integer", "ipsum",        "justo",    "lacinia", "lacus",      "laoreet",  "lectus",  "leo",
    "libero",  "ligula",       "lorem",    "luctus",  "magna",      "mattis",   "mauris",
};

static void lipsum_paragraph(struct ev *ev, int64_t words, struct buffer *out)
{
    bool capital = true;

    for (int64_t i = 0; i < words; i++) {
        const char *word = lorem[ev_random(ev) % ELEMENTS(lorem)];
        bool full = i + 1 == words || ev_random(ev) % 12 == 0;

        buffer_add_char(out, capital ? (char)(word[0] - 32) : word[0]);
        buffer_add_text(out, word + 1);
        capital = full;
        if (full)
            buffer_add_char(out, '.');
        else if (ev_random(ev) % 6 == 0)
            buffer_add_char(out, ',');
        if (i + 1 < words)
            buffer_add_char(out, ' ');
    }
}

static int global_lipsum(struct ev *ev, struct bound *bound, value *ret)
{
    int64_t n = 5, low = 20, high = 100;
    bool html = true;
    BUFFER_AUTO(out);

    if ((value_is_set(bound->args[0]) && ev_index_of(ev, bound->args[0], &n) < 0) ||
        (value_is_set(bound->args[1]) && ev_truth(ev, bound->args[1], &html) < 0) ||
        (value_is_set(bound->args[2]) && ev_index_of(ev, bound->args[2], &low) < 0) ||
        (value_is_set(bound->args[3]) && ev_index_of(ev, bound->args[3], &high) < 0))
        return -1;
    if (high <= low)
        return ev_error(ev, "ValueError", "empty range for randrange() (%lld, %lld, %lld)", (long long)low,
                        (long long)high, (long long)(high - low));
    if (n > 0 && (n > 100000 || high > 100000 || ev_pay_text(ev, (size_t)(n * high * 14)) < 0))
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    for (int64_t i = 0; i < n; i++) {
        if (i)
            buffer_add_text(&out, html ? "\n" : "\n\n");
        buffer_add_text(&out, html ? "<p>" : "");
        lipsum_paragraph(ev, low + (int64_t)(ev_random(ev) % (uint64_t)(high - low)), &out);
        buffer_add_text(&out, html ? "</p>" : "");
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    if (html)
        *ret = markup_new(*ret);
    return 0;
}

const struct builtin jinja_globals[] = {
    { "range", "range", global_range, BUILTIN_CONTEXT, 1, 3, { "start", "stop", "step" } },
    { "dict", "dict", make_dict, BUILTIN_CONTEXT | BUILTIN_VARARGS | BUILTIN_KWARGS, 0, 0, { 0 } },
    { "namespace",
      "Namespace",
      global_namespace,
      BUILTIN_CONTEXT | BUILTIN_VARARGS | BUILTIN_KWARGS,
      0,
      0,
      { 0 } },
    { "cycler", "Cycler", global_cycler, BUILTIN_CONTEXT | BUILTIN_VARARGS, 0, 0, { 0 } },
    { "joiner", "Joiner", global_joiner, BUILTIN_CONTEXT, 0, 1, { "sep" } },
    { "lipsum", "generate_lorem_ipsum", global_lipsum, BUILTIN_CONTEXT, 0, 4, { "n", "html", "min", "max" } },
    { 0 },
};
