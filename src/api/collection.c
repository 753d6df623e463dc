/* SPDX-License-Identifier: Apache-2.0 */
#include "collection.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* ---- filters ---- */

static bool fits_text(value item, const char *text)
{
    if (strcasecmp(text, "null") == 0)
        return value_is_null(item);
    return value_text_is(item, text);
}

static bool fits_tag(value tags, const char *text)
{
    VALUE_LIST_EACH (i, tag, tags) {
        if (value_text_is(value_map_get(tag, "name"), text))
            return true;
    }
    return false;
}

static bool fits_list(value item, value wanted)
{
    VALUE_LIST_EACH (i, one, wanted) {
        if (value_equal(item, one))
            return true;
    }
    return false;
}

static bool read_boolean(const char *text, bool *ret)
{
    static const char *const words[] = { "0", "false", "False", "1", "true", "True" };

    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = i >= 3;
            return true;
        }
    return false;
}

static bool fits(struct http_request *request, const struct collection_filter *filter, value document)
{
    const char *text = http_query(request, filter->name);
    value item = value_path(document, filter->path);
    VALUE_AUTO(wanted);
    bool flag = false;

    if (!text || !*text)
        return true;
    switch (filter->type) {
    case FILTER_TEXT:
        return fits_text(item, text);
    case FILTER_TAG:
        return fits_tag(item, text);
    case FILTER_BOOLEAN:
        read_boolean(text, &flag);
        return item.kind == VALUE_BOOL && item.boolean == flag;
    case FILTER_LIST:
        wanted = http_query_list(request, filter->name);
        return fits_list(item, wanted);
    }
    return true;
}

/* Values that can be no filter are answered before anything is read. */
static bool check_filters(struct http_request *request, const struct collection *collection)
{
    bool ignored;

    for (const struct collection_filter *f = collection->filters; f && f->name; f++) {
        const char *text = http_query(request, f->name);

        if (f->type == FILTER_BOOLEAN && text && *text && !read_boolean(text, &ignored)) {
            http_respond_fault(request, 400, "Invalid bool representation \"%s\" provided.", text);
            return false;
        }
    }
    return true;
}

/* ---- order ---- */

struct sort_key {
    const char *path;
    bool descending;
};

#define SORT_KEYS_MAX 8

struct sort_keys {
    struct sort_key keys[SORT_KEYS_MAX];
    size_t n;
};

static int compare(const void *a, const void *b, void *data)
{
    const struct sort_keys *sort = data;

    for (size_t i = 0; i < sort->n; i++) {
        value left = value_path(*(const value *)a, sort->keys[i].path);
        value right = value_path(*(const value *)b, sort->keys[i].path);
        int order = 0;

        if (value_compare(left, right, &order) != 0)
            order = (int)value_is_set(left) - (int)value_is_set(right);
        if (order)
            return sort->keys[i].descending ? -order : order;
    }
    return 0;
}

static const char *sort_path(const struct collection *collection, const char *name)
{
    for (const struct collection_filter *f = collection->filters; f && f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f->path;
    return strcmp(name, "id") == 0 ? "id" : strcmp(name, "name") == 0 ? "name" : NULL;
}

static void read_order(struct http_request *request, const struct collection *collection,
                       struct sort_keys *ret)
{
    VALUE_AUTO(wanted);

    ret->n = 0;
    if (collection->sortable)
        wanted = http_query_list(request, "sort");
    VALUE_LIST_EACH (i, item, wanted) {
        const char *name = value_chars(item);
        bool descending = *name == '-';
        const char *path = sort_path(collection, name + (*name == '-' || *name == '+' || *name == ' '));

        if (path && ret->n < SORT_KEYS_MAX)
            ret->keys[ret->n++] = (struct sort_key){ path, descending };
    }
    if (ret->n)
        return;
    for (const char *const *name = collection->order; name && *name && ret->n < SORT_KEYS_MAX; name++)
        ret->keys[ret->n++] = (struct sort_key){ *name, false };
}

/* ---- attributes ---- */

static bool among(const char *const *names, const char *name, size_t n)
{
    for (; names && *names; names++)
        if (strlen(*names) == n && memcmp(*names, name, n) == 0)
            return true;
    return !names;
}

static bool check_attributes(struct http_request *request, const struct collection *collection,
                             const struct attributes *attributes)
{
    VALUE_LIST_EACH (i, path, attributes->include) {
        const char *text = value_chars(path);

        if (collection->includable && !among(collection->includable, text, strcspn(text, "."))) {
            http_respond_fault(request, 400, "Invalid or unsupported include attribute specified: %s", text);
            return false;
        }
    }
    VALUE_LIST_EACH (i, path, attributes->exclude) {
        const char *text = value_chars(path);

        if (collection->excludable && !among(collection->excludable, text, strlen(text))) {
            http_respond_fault(request, 400, "Invalid or unsupported exclude attribute specified: %s", text);
            return false;
        }
    }
    return true;
}

/* ---- handlers ---- */

static bool show_secrets(struct api *api, struct http_request *request, bool *ret)
{
    ERROR_AUTO(err);

    if (http_query_bool(request, "show_secrets", false, ret, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    *ret = (*ret && api_caller(request)->admin) || !api->config.settings->mask_secrets;
    return true;
}

static value answer(struct api *api, struct http_request *request, const struct collection *collection,
                    const struct attributes *attributes, value document, bool secrets)
{
    static const char *const of_pack[] = { "id", "ref", NULL }, *const plain[] = { "id", NULL };

    document = api_without_nulls(value_ref(document));
    if (collection->shape)
        document = collection->shape(api, request, document, secrets);
    return api_select(attributes, document, collection->of_pack ? of_pack : plain);
}

static void choose(struct api *api, struct http_request *request, const struct collection *collection,
                   value *chosen)
{
    VALUE_AUTO(all);

    all = catalog_list(api->config.catalog, collection->kind);
    *chosen = value_list_new(16);
    VALUE_LIST_EACH (i, document, all) {
        bool in = !collection->belongs || collection->belongs(api, request, document);

        for (const struct collection_filter *f = collection->filters; in && f && f->name; f++)
            in = fits(request, f, document);
        if (in)
            value_list_append(chosen, value_ref(document));
    }
}

void collection_list(struct http_request *request, void *owner)
{
    const struct collection *collection = http_route(request)->data;
    struct page page = { .limit = -1 };
    struct attributes attributes = { .include = VALUE_NOTHING };
    struct sort_keys sort;
    struct api *api = owner;
    VALUE_AUTO(chosen);
    VALUE_AUTO(list);
    size_t from, to;
    bool secrets;

    if (!collection->bare && !api_page(api, request, collection->default_limit, &page))
        return;
    if (!show_secrets(api, request, &secrets) || !check_filters(request, collection) ||
        !api_attributes(request, &attributes))
        return;
    if (!check_attributes(request, collection, &attributes)) {
        api_attributes_release(&attributes);
        return;
    }
    choose(api, request, collection, &chosen);
    read_order(request, collection, &sort);
    if (sort.n && value_list_count(chosen) > 1)
        qsort_r(chosen.list->items, chosen.list->count, sizeof(value), compare, &sort);
    from = (size_t)page.offset;
    to = page.limit < 0 ? value_list_count(chosen) : from + (size_t)page.limit;
    list = value_list_new(16);
    for (size_t i = from; i < to && i < value_list_count(chosen); i++)
        value_list_append(&list,
                          answer(api, request, collection, &attributes, value_list_at(chosen, i), secrets));
    if (!collection->bare)
        api_page_headers(request, &page, (int64_t)value_list_count(chosen));
    http_respond_value(request, 200, list);
    api_attributes_release(&attributes);
}

value collection_find(struct api *api, struct http_request *request, const struct collection *collection)
{
    const char *ref = http_variable(request, "ref_or_id");
    value document = collection->by_id_only ? catalog_by_id(api->config.catalog, collection->kind, ref)
                                            : catalog_get(api->config.catalog, collection->kind, ref);

    if (value_is_set(document) && (!collection->belongs || collection->belongs(api, request, document)))
        return document;
    value_unref(document);
    {
        BUFFER_AUTO(text);
        const char *mark = strstr(collection->not_found, "%s");

        buffer_add(&text, collection->not_found, (size_t)(mark - collection->not_found));
        buffer_add_text(&text, ref);
        buffer_add_text(&text, mark + 2);
        http_respond_fault(request, 404, "%s", text.data);
    }
    return VALUE_NOTHING;
}

void collection_get(struct http_request *request, void *owner)
{
    const struct collection *collection = http_route(request)->data;
    struct attributes attributes = { .include = VALUE_NOTHING };
    struct api *api = owner;
    VALUE_AUTO(document);
    VALUE_AUTO(shown);
    bool secrets;

    if (!show_secrets(api, request, &secrets))
        return;
    document = collection_find(api, request, collection);
    if (!value_is_set(document))
        return;
    if (!api_attributes(request, &attributes))
        return;
    if (check_attributes(request, collection, &attributes)) {
        shown = answer(api, request, collection, &attributes, document, secrets);
        http_respond_value(request, 200, shown);
    }
    api_attributes_release(&attributes);
}
