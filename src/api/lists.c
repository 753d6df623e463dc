/* SPDX-License-Identifier: Apache-2.0 */
/* What lists and single objects share: pages and attributes (contract: rest-api.md 3). */
#include <inttypes.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"

bool api_page(struct api *api, struct http_request *request, int64_t default_limit, struct page *ret)
{
    int64_t most = api->config.settings->max_page_size;
    bool admin = api_caller(request)->admin;
    ERROR_AUTO(err);

    *ret = (struct page){ .limit = default_limit ? default_limit : -1 };
    if (http_query_int(request, "limit", ret->limit, &ret->limit, &err) < 0 ||
        http_query_int(request, "offset", 0, &ret->offset, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    ret->told = default_limit || http_query(request, "limit");
    if (ret->limit == 0) {
        http_respond_fault(request, 400,
                           "Limit, \"0\" specified, must be a positive number or -1 for full result set.");
    } else if (ret->limit < -1) {
        http_respond_fault(request, 400, "Limit, \"%" PRId64 "\" specified, must be a positive number.",
                           ret->limit);
    } else if (ret->limit == -1 && !admin) {
        http_respond_fault(
            request, 403,
            "Administrator access required to be able to specify limit=-1 and retrieve all the records");
    } else if (ret->limit > most && !admin) {
        http_respond_fault(request, 403, "Limit \"%" PRId64 "\" specified, maximum value is \"%" PRId64 "\"",
                           ret->limit, most);
    } else if (ret->offset >= INT64_C(1) << 31) {
        http_respond_fault(request, 400, "Offset \"%" PRId64 "\" specified is more than 32-bit int",
                           ret->offset);
    } else if (ret->offset < 0) {
        http_respond_fault(request, 400, "Offset, \"%" PRId64 "\" specified, must not be negative.",
                           ret->offset);
    } else {
        if (ret->limit == -1)
            ret->told = false;
        return true;
    }
    return false;
}

void api_page_headers(struct http_request *request, const struct page *page, int64_t total)
{
    http_headerf(request, "X-Total-Count", "%" PRId64, total);
    if (page->told)
        http_headerf(request, "X-Limit", "%" PRId64, page->limit);
}

bool api_attributes(struct http_request *request, struct attributes *ret)
{
    ret->include = http_query_list(request, "include_attributes");
    ret->exclude = http_query_list(request, "exclude_attributes");
    if (!value_list_count(ret->include))
        value_replace(&ret->include, VALUE_NOTHING);
    if (!value_list_count(ret->exclude))
        value_replace(&ret->exclude, VALUE_NOTHING);
    if (value_is_set(ret->include) && value_is_set(ret->exclude)) {
        api_attributes_release(ret);
        http_respond_fault(
            request, 400,
            "exclude_attributes and include_attributes arguments are mutually exclusive. You need to provide "
            "either one or another, but not both.");
        return false;
    }
    return true;
}

void api_attributes_release(struct attributes *attributes)
{
    value_unref(attributes->include);
    value_unref(attributes->exclude);
    *attributes = (struct attributes){ .include = VALUE_NOTHING };
}

static bool names_member(value paths, const char *name, size_t n)
{
    VALUE_LIST_EACH (i, path, paths) {
        size_t first = strcspn(value_chars(path), ".");

        if (first == n && memcmp(value_chars(path), name, n) == 0)
            return true;
    }
    return false;
}

static bool listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

value api_select(const struct attributes *attributes, value document, const char *const *always)
{
    bool include = value_is_set(attributes->include);
    value paths = include ? attributes->include : attributes->exclude, out;

    if (!value_is_set(paths))
        return document;
    out = value_map_new(value_map_count(document));
    VALUE_MAP_EACH (i, document) {
        value key = value_map_key_at(document, i);

        if (names_member(paths, value_chars(key), value_len(key)) == include ||
            listed(always, value_chars(key)))
            value_map_set(&out, value_ref(key), value_ref(value_map_item_at(document, i)));
    }
    value_unref(document);
    return out;
}
