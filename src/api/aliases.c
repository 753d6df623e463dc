/* SPDX-License-Identifier: Apache-2.0 */
/* /actionalias (contract: rest-api.md 5.2). */
#include <stdlib.h>
#include <string.h>

#include "alias_match.h"
#include "base/mem.h"
#include "engine/feed.h"
#include "model/alias_format.h"
#include "resource.h"
#include "value/pyregex.h"
#include "value/python.h"

static int changed(struct engine *engine, enum resource_change change, value document, struct error *err)
{
    static const enum engine_event_kind kinds[] = { ENGINE_ALIAS_CREATE, ENGINE_ALIAS_UPDATE,
                                                    ENGINE_ALIAS_DELETE };

    feed_document(engine, kinds[change], NULL, document);
    return 0;
}

static const struct collection_filter filters[] = { { "name", "name", FILTER_TEXT },
                                                    { "pack", "pack", FILTER_TEXT },
                                                    { 0 } };
static const char *const by_pack_and_name[] = { "pack", "name", NULL };

static const struct resource aliases = {
    .collection = {
        .kind = OBJECT_ALIAS, .filters = filters, .order = by_pack_and_name, .default_limit = 100, .sortable = true,
        .of_pack = true, .not_found = "Resource with a reference or id \"%s\" not found",
    },
    .model = MODEL_ALIAS,
    .label = "ActionAlias",
    .put_by_id = "ActionAliasDB",
    .conflict_unnamed = true,
    .changed = changed,
};

static void match(struct http_request *request, void *owner)
{
    struct alias_match found;
    VALUE_AUTO(body);
    VALUE_AUTO(answer);
    ERROR_AUTO(err);
    value command;

    if (!api_body_object(request, &body))
        return;
    command = value_map_get(body, "command");
    if (!value_is_set(command)) {
        http_respond_fault(request, 400, "'command' is a required property");
        return;
    }
    if (!value_is_string(command)) {
        BUFFER_AUTO(shown);

        python_repr(&shown, command);
        http_respond_fault(request, 400, "%s is not of type 'string'", buffer_text(&shown));
        return;
    }
    if (!alias_match_command(owner, value_chars(command), &found, &err)) {
        http_respond_error(request, 400, &err);
        return;
    }
    answer = value_map_new(3);
    value_map_put(&answer, "actionalias", api_without_nulls(value_ref(found.alias)));
    value_map_put(&answer, "display", value_ref(found.display));
    value_map_put(&answer, "representation", value_ref(found.representation));
    http_respond_value(request, 200, answer);
    alias_match_release(&found);
}

/* ---- help ---- */

static value help_entry(value alias, value display)
{
    value entry = value_map_new(3), description = value_map_get(alias, "description");

    value_map_put(&entry, "pack", value_ref(value_map_get(alias, "pack")));
    value_map_put(&entry, "display", value_ref(display));
    value_map_put(&entry, "description",
                  value_is_string(description) ? value_ref(description) : value_text(""));
    return entry;
}

/* One entry a format that is shown, though it may have several representations. */
static int help_of(value alias, const struct pyregex *filter, value *list, struct error *err)
{
    VALUE_LIST_EACH (i, format, value_map_get(alias, "formats")) {
        value display = value_is_string(format) ? format : value_map_get(format, "display");
        bool fits = true;
        int r = 0;

        if (!value_is_string(display) || !value_len(display))
            continue;
        if (filter)
            r = pyregex_test(filter, value_chars(display), value_len(display), PYREGEX_SEARCH, 0, &fits, err);
        if (r < 0)
            return r;
        if (fits)
            value_list_append(list, help_entry(alias, display));
    }
    return 0;
}

static void help(struct http_request *request, void *owner)
{
    const char *pack = http_query(request, "pack"), *filter = http_query(request, "filter");
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    struct api *api = owner;
    int64_t limit, offset;
    VALUE_AUTO(all);
    VALUE_AUTO(list);
    VALUE_AUTO(answer);
    ERROR_AUTO(err);
    int r = http_query_int(request, "limit", 100, &limit, &err);

    if (r == 0)
        r = http_query_int(request, "offset", 0, &offset, &err);
    if (r == 0 && filter && *filter &&
        pyregex_get(filter, strlen(filter), PYREGEX_IGNORECASE, &regex, &err) < 0) {
        http_respond_fault(request, 404, "There is no help for the filter \"%s\": %s", filter,
                           error_text(&err));
        return;
    }
    list = value_list_new(16);
    all = catalog_list(api->config.catalog, OBJECT_ALIAS);
    VALUE_LIST_EACH (i, alias, all) {
        if (r == 0 && value_map_bool(alias, "enabled", true) &&
            (!pack || !*pack || value_text_is(value_map_get(alias, "pack"), pack)))
            r = help_of(alias, regex, &list, &err);
    }
    if (r < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    answer = value_map_new(2);
    value_map_put(&answer, "available", value_int((int64_t)value_list_count(list)));
    if (offset > 0 || limit > 0) {
        size_t n = value_list_count(list), from = offset > 0 && (uint64_t)offset < n ? (size_t)offset
                                                  : offset > 0                       ? n
                                                                                     : 0;
        size_t to = limit > 0 && (uint64_t)limit < n - from ? from + (size_t)limit : n;

        value_replace(&list, value_list_slice(list, from, to));
    }
    value_map_put(&answer, "helpstrings", value_take(&list));
    http_respond_value(request, 200, answer);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "sort", HTTP_STRING },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "name", HTTP_STRING },
    { "pack", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter help_parameters[] = {
    { "pack", HTTP_STRING },    { "filter", HTTP_STRING }, { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER }, { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/actionalias", collection_list, 0, list_parameters, &aliases },
    { "POST", HTTP_API, "/actionalias", resource_create, 0, no_parameters, &aliases },
    { "POST", HTTP_API, "/actionalias/match", match, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/actionalias/help", help, 0, help_parameters, NULL },
    { "GET", HTTP_API, "/actionalias/{ref_or_id}", collection_get, 0, no_parameters, &aliases },
    { "PUT", HTTP_API, "/actionalias/{ref_or_id}", resource_replace, 0, no_parameters, &aliases },
    { "DELETE", HTTP_API, "/actionalias/{ref_or_id}", resource_delete, 0, no_parameters, &aliases },
};

const struct api_routes api_alias_routes = { routes, ELEMENTS(routes) };
