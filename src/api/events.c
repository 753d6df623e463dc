/* SPDX-License-Identifier: Apache-2.0 */
/* /triggerinstances, /ruleenforcements and /traces (contract: rest-api.md 8.2, 8.3, 8.4). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/triggers.h"
#include "execution_document.h"
#include "value/schema.h"

/* What lists of events share: reader, page, attributes, filter. */
struct listing {
    struct api *api;
    struct http_request *request;
    struct store_reader *reader;
    struct attributes attributes;
    struct event_filter filter;
    struct page page;
    int64_t *ids;
    value list;
    bool views;
    struct error err;
};

static const char *const always[] = { "id", NULL };

static void listing_release(struct listing *listing)
{
    api_attributes_release(&listing->attributes);
    free(listing->ids);
    value_unref(listing->list);
    error_release(&listing->err);
}

static void read_ids(struct listing *listing)
{
    VALUE_AUTO(ids);

    ids = http_query_list(listing->request, "id");
    if (!value_list_count(ids))
        return;
    listing->ids = xreallocarray(NULL, value_list_count(ids), sizeof(int64_t));
    VALUE_LIST_EACH (i, id, ids) {
        if (api_parse_id(listing->api, value_chars(id), &listing->ids[listing->filter.n_ids]))
            listing->filter.n_ids++;
    }
    listing->filter.ids = listing->ids;
    listing->filter.no_ids = !listing->filter.n_ids;
}

/* An id parameter; one that is none of ours fits nothing. */
static int64_t read_id(struct listing *listing, const char *name)
{
    const char *text = http_query(listing->request, name);
    int64_t seq = 0;

    if (text && *text && !api_parse_id(listing->api, text, &seq))
        listing->filter.no_ids = true;
    return seq;
}

static bool ascending(struct http_request *request, const char *key)
{
    const char *sort = http_query(request, "sort");

    if (!sort)
        return false;
    return strncmp(sort, key, strlen(key)) == 0 || (*sort == '+' && strncmp(sort + 1, key, strlen(key)) == 0);
}

/* False: answered. */
static bool listing_begin(struct listing *listing, int64_t default_limit, const char *after,
                          const char *before, const char *time_key)
{
    struct http_request *request = listing->request;
    ERROR_AUTO(err);

    listing->reader = api_reader(listing->api, request);
    if (!listing->reader || !api_page(listing->api, request, default_limit, &listing->page))
        return false;
    if ((after && http_query_time(request, after, 0, &listing->filter.after_us, &err) < 0) ||
        (before && http_query_time(request, before, 0, &listing->filter.before_us, &err) < 0)) {
        http_respond_fault(request, 400, "Datetime value does not match expected format.");
        return false;
    }
    if (!api_attributes(request, &listing->attributes))
        return false;
    read_ids(listing);
    listing->filter.ascending = ascending(request, time_key);
    listing->filter.limit = listing->page.limit;
    listing->filter.offset = listing->page.offset;
    listing->list = value_list_new(16);
    return true;
}

static void listing_answer(struct listing *listing, int r, int64_t total)
{
    if (r < 0) {
        api_store_failed(listing->request, r, &listing->err);
    } else {
        api_page_headers(listing->request, &listing->page, total);
        http_respond_value(listing->request, 200, listing->list);
    }
    listing_release(listing);
}

static void not_found(struct http_request *request, const char *id)
{
    http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".", id);
}

/* ---- trigger instances ---- */

static int on_instance(void *data, struct instance_row *row)
{
    struct listing *listing = data;

    value_list_append(&listing->list,
                      api_select(&listing->attributes, instance_document(listing->api, row), always));
    return 0;
}

/* References of the triggers a list asks for. *ret_none: a type that has no trigger. */
static const char **wanted_triggers(struct api *api, struct http_request *request, value *hold, size_t *ret_n,
                                    bool *ret_none)
{
    const char *type = http_query(request, "trigger_type"), *trigger = http_query(request, "trigger");
    const char **refs = NULL;
    size_t n = 0, room = 0;

    *ret_none = false;
    if (type && *type) {
        *hold = catalog_list(api->config.catalog, OBJECT_TRIGGER);
        VALUE_LIST_EACH (i, one, *hold) {
            const char *own = value_map_chars(one, "type");

            if (own && strcmp(own, type) == 0) {
                GROW(refs, n, room);
                refs[n++] = value_map_chars(one, "ref");
            }
        }
        *ret_none = n == 0;
    } else if (trigger && *trigger) {
        GROW(refs, n, room);
        refs[n++] = trigger;
    }
    *ret_n = n;
    return refs;
}

static void list_instances(struct http_request *request, void *owner)
{
    struct listing listing = { .api = owner, .request = request };
    CLEANUP(freep)
    const char **refs = NULL;
    VALUE_AUTO(hold);
    int64_t total = 0;
    bool none;
    int r;

    if (!listing_begin(&listing, 100, "timestamp_gt", "timestamp_lt", "occurrence_time"))
        return;
    refs = wanted_triggers(owner, request, &hold, &listing.filter.n_triggers, &none);
    listing.filter.triggers = refs;
    if (none) {
        http_respond_value(request, 200, listing.list);
        listing_release(&listing);
        return;
    }
    r = store_instances(listing.reader, &listing.filter, on_instance, &listing, &total, &listing.err);
    listing_answer(&listing, r, total);
}

static bool read_instance(struct api *api, struct http_request *request, const char *id,
                          struct instance_row *ret)
{
    struct store_reader *reader = api_reader(api, request);
    ERROR_AUTO(err);
    int64_t seq;
    int r;

    if (!reader)
        return false;
    r = api_parse_id(api, id, &seq) ? store_instance_get(reader, seq, ret, &err) : STORE_NOT_FOUND;
    if (r > 0)
        not_found(request, id);
    else if (r < 0)
        api_store_failed(request, r, &err);
    return r == 0;
}

static void get_instance(struct http_request *request, void *owner)
{
    struct attributes attributes;
    struct instance_row row;
    value document;

    if (!api_attributes(request, &attributes))
        return;
    if (read_instance(owner, request, http_variable(request, "id"), &row)) {
        document = api_select(&attributes, instance_document(owner, &row), always);
        http_respond_value(request, 200, document);
        value_unref(document);
        instance_row_release(&row);
    }
    api_attributes_release(&attributes);
}

/* document: the payload; text: the trigger; body: the answer. */
static int apply_emit(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    int r = trigger_dispatch(engine, input->text, input->document, NULL, 0, NULL, err);

    if (r == STORE_NOT_FOUND)
        return api_fault(input, 400, "The trigger \"%s\" does not exist any more.", input->text);
    return r < 0 ? r : 0;
}

static const struct input_ops emit_ops = { "re-emit", apply_emit, api_input_done, false };

static void re_emit(struct http_request *request, void *owner)
{
    const char *id = http_variable(request, "id");
    struct api_input *input;
    struct instance_row row;
    value origin, answer;

    if (!read_instance(owner, request, id, &row))
        return;
    input = api_input_new(owner, request, &emit_ops);
    origin = value_map_new(1);
    value_map_put(&origin, "original_id", value_text(id));
    input->document = value_is_map(row.payload) ? value_ref(row.payload) : value_map_new(1);
    value_map_put(&input->document, "__context", origin);
    input->text = xstrdup(row.trigger);
    answer = value_map_new(2);
    value_map_put(&answer, "message", value_textf("Trigger instance %s succesfully re-sent.", id));
    value_map_put(&answer, "payload", value_ref(input->document));
    input->body = answer;
    instance_row_release(&row);
    api_submit(input);
}

/* ---- enforcements ---- */

static value enforcement_document(struct api *api, const struct enforcement_row *row)
{
    value document = value_map_new(8), rule = value_map_new(3);
    const char *dot = strchr(row->rule_ref, '.');

    if (row->instance)
        value_map_put(&document, "trigger_instance_id", api_id_value(api, row->instance));
    if (row->execution)
        value_map_put(&document, "execution_id", api_id_value(api, row->execution));
    if (row->failure && *row->failure)
        value_map_put(&document, "failure_reason", value_text(row->failure));
    value_map_put(&rule, "ref", value_text(row->rule_ref));
    value_map_put(&rule, "id", value_text(row->rule_id));
    value_map_put(&rule, "uid",
                  dot ? value_textf("rule:%.*s:%s", (int)(dot - row->rule_ref), row->rule_ref, dot + 1)
                      : value_textf("rule::%s", row->rule_ref));
    value_map_put(&document, "rule", rule);
    value_map_put(&document, "enforced_at", api_time_value(row->at_us));
    value_map_put(&document, "status", value_text(row->succeeded ? "succeeded" : "failed"));
    value_map_put(&document, "id", api_id_value(api, row->seq));
    return document;
}

static value copy_members(value from, const char *const *names)
{
    value out = value_map_new(4);

    for (; *names; names++) {
        value item = value_map_get(from, *names);

        if (value_is_set(item))
            value_map_set_text(&out, *names, value_ref(item));
    }
    return out;
}

/* The execution as views show it: {id, action {ref, parameters}, runner {name, runner_parameters}, parameters, start_timestamp,
   status}. */
static value brief_execution(value whole)
{
    static const char *const action[] = { "ref", "parameters", NULL };
    static const char *const runner[] = { "name", "runner_parameters", NULL };
    static const char *const own[] = { "id", "parameters", "start_timestamp", "status", NULL };
    value brief = copy_members(whole, own);

    value_map_put(&brief, "action", copy_members(value_map_get(whole, "action"), action));
    value_map_put(&brief, "runner", copy_members(value_map_get(whole, "runner"), runner));
    return brief;
}

static int add_views(struct listing *listing, const struct enforcement_row *row, value *document)
{
    struct instance_row instance;
    struct execution_row execution;
    int r = STORE_NOT_FOUND;

    if (row->instance)
        r = store_instance_get(listing->reader, row->instance, &instance, &listing->err);
    if (r == 0) {
        value_map_put(document, "trigger_instance", instance_document(listing->api, &instance));
        instance_row_release(&instance);
    }
    if (r < 0)
        return r;
    if (!row->execution) {
        value_map_put(document, "execution", value_map_new(0));
        return 0;
    }
    r = store_execution_get(listing->reader, row->execution, 0, &execution, &listing->err);
    if (r == 0) {
        value whole = execution_document(listing->api, &execution, false);

        value_map_put(document, "execution", brief_execution(whole));
        value_unref(whole);
        execution_row_release(&execution);
    }
    return r < 0 ? r : 0;
}

static int on_enforcement(void *data, struct enforcement_row *row)
{
    struct listing *listing = data;
    value document = enforcement_document(listing->api, row);
    int r = listing->views ? add_views(listing, row, &document) : 0;

    value_list_append(&listing->list, api_select(&listing->attributes, document, always));
    return r;
}

static const char *given(struct http_request *request, const char *name)
{
    const char *text = http_query(request, name);

    return text && *text ? text : NULL;
}

static void list_enforcements_as(struct http_request *request, void *owner, bool views)
{
    struct listing listing = { .api = owner, .request = request, .views = views };
    int64_t total = 0;
    int r;

    if (!listing_begin(&listing, 50, "enforced_at_gt", "enforced_at_lt", "enforced_at"))
        return;
    listing.filter.rule_ref = given(request, "rule_ref");
    listing.filter.rule_id = given(request, "rule_id");
    listing.filter.execution = read_id(&listing, "execution");
    listing.filter.instance = read_id(&listing, "trigger_instance");
    r = store_enforcements(listing.reader, &listing.filter, on_enforcement, &listing, &total, &listing.err);
    listing_answer(&listing, r, total);
}

static void list_enforcements(struct http_request *request, void *owner)
{
    list_enforcements_as(request, owner, false);
}

static void list_enforcement_views(struct http_request *request, void *owner)
{
    list_enforcements_as(request, owner, true);
}

static void get_enforcement_as(struct http_request *request, void *owner, bool views)
{
    struct listing listing = { .api = owner, .request = request, .views = views };
    const char *id = http_variable(request, "id");
    struct enforcement_row row;
    int64_t seq;
    int r;

    listing.reader = api_reader(owner, request);
    if (!listing.reader || !api_attributes(request, &listing.attributes))
        return;
    r = api_parse_id(owner, id, &seq) ? store_enforcement_get(listing.reader, seq, &row, &listing.err)
                                      : STORE_NOT_FOUND;
    if (r > 0) {
        not_found(request, id);
    } else if (r == 0) {
        listing.list = value_list_new(1);
        r = on_enforcement(&listing, &row);
        enforcement_row_release(&row);
        if (r == 0)
            http_respond_value(request, 200, value_list_at(listing.list, 0));
    }
    if (r < 0)
        api_store_failed(request, r, &listing.err);
    listing_release(&listing);
}

static void get_enforcement(struct http_request *request, void *owner)
{
    get_enforcement_as(request, owner, false);
}

static void get_enforcement_view(struct http_request *request, void *owner)
{
    get_enforcement_as(request, owner, true);
}

/* ---- traces ---- */

struct links {
    struct api *api;
    struct store_reader *reader;
    value instances, rules, executions;
};

static value link_document(value id, const char *ref, int64_t at_us, value caused_by)
{
    value link = value_map_new(4);

    value_map_put(&link, "object_id", id);
    value_map_put(&link, "ref", value_text(ref));
    value_map_put(&link, "updated_at", api_time_value(at_us));
    value_map_put(&link, "caused_by", caused_by);
    return link;
}

static value cause(const char *type, value id)
{
    value by = value_map_new(2);

    value_map_put(&by, "id", id);
    value_map_put(&by, "type", value_text(type));
    return by;
}

static int link_instance(void *data, struct instance_row *row)
{
    struct links *links = data;

    value_list_append(&links->instances, link_document(api_id_value(links->api, row->seq), row->trigger,
                                                       row->at_us, value_map_new(0)));
    return 0;
}

static int link_enforcement(void *data, struct enforcement_row *row)
{
    struct links *links = data;

    value_list_append(&links->rules,
                      link_document(value_text(row->rule_id), row->rule_ref, row->at_us,
                                    cause("trigger_instance", api_id_value(links->api, row->instance))));
    return 0;
}

static int link_execution(void *data, struct execution_row *row)
{
    struct links *links = data;
    const char *ref = value_map_chars(row->action, "ref");
    value by = value_map_new(0);

    if (row->parent) {
        value_replace(&by, cause("action_execution", api_id_value(links->api, row->parent)));
    } else if (value_is_set(row->rule)) {
        char instance[OBJECT_ID_SIZE];

        api_format_id(links->api, row->instance, instance);
        value_replace(&by, cause("rule", value_textf("%s:%s", value_map_chars(row->rule, "id"), instance)));
    }
    value_list_append(&links->executions,
                      link_document(api_id_value(links->api, row->seq), ref ? ref : "", row->start_us, by));
    return 0;
}

#define TRACE_LINKS_MAX 1000 /* of each kind that one trace shows */

static int trace_document(struct api *api, struct store_reader *reader, const struct trace_row *row,
                          value *ret, struct error *err)
{
    const struct event_filter events = { .trace = row->seq, .ascending = true, .limit = TRACE_LINKS_MAX };
    const struct execution_filter executions = {
        .trace = row->seq, .status = -1, .ascending = true, .limit = TRACE_LINKS_MAX
    };
    struct links links = { api, reader, value_list_new(1), value_list_new(1), value_list_new(1) };
    char id[OBJECT_ID_SIZE];
    value document;
    int64_t total;
    int r;

    api_format_id(api, row->seq, id);
    r = store_instances(reader, &events, link_instance, &links, &total, err);
    if (r >= 0)
        r = store_enforcements(reader, &events, link_enforcement, &links, &total, err);
    if (r >= 0)
        r = store_executions(reader, &executions, 0, link_execution, &links, &total, err);
    document = value_map_new(8);
    value_map_put(&document, "trace_tag", value_text(row->tag));
    value_map_put(&document, "uid", value_textf("trace:%s:%s", id, row->tag));
    value_map_put(&document, "action_executions", links.executions);
    value_map_put(&document, "rules", links.rules);
    value_map_put(&document, "trigger_instances", links.instances);
    value_map_put(&document, "start_timestamp", api_time_value(row->start_us));
    value_map_put(&document, "id", api_id_value(api, row->seq));
    if (r < 0) {
        value_unref(document);
        return r;
    }
    *ret = document;
    return 0;
}

static int on_trace(void *data, struct trace_row *row)
{
    struct listing *listing = data;
    value document;
    int r = trace_document(listing->api, listing->reader, row, &document, &listing->err);

    if (r == 0)
        value_list_append(&listing->list, api_select(&listing->attributes, document, always));
    return r;
}

static bool literally_true(struct http_request *request, const char *name)
{
    const char *text = http_query(request, name);

    return text && strcmp(text, "True") == 0;
}

static void list_traces(struct http_request *request, void *owner)
{
    struct listing listing = { .api = owner, .request = request };
    int64_t total = 0;
    int r;

    if (!listing_begin(&listing, 100, NULL, NULL, "start_timestamp"))
        return;
    listing.filter.tag = given(request, "trace_tag");
    listing.filter.execution = read_id(&listing, "execution");
    listing.filter.instance = read_id(&listing, "trigger_instance");
    listing.filter.rule = given(request, "rule");
    if (literally_true(request, "sort_desc"))
        listing.filter.ascending = false;
    else if (literally_true(request, "sort_asc"))
        listing.filter.ascending = true;
    r = store_traces(listing.reader, &listing.filter, on_trace, &listing, &total, &listing.err);
    listing_answer(&listing, r, total);
}

static void get_trace(struct http_request *request, void *owner)
{
    const char *id = http_variable(request, "id");
    struct store_reader *reader = api_reader(owner, request);
    struct trace_row row;
    VALUE_AUTO(document);
    ERROR_AUTO(err);
    int64_t seq;
    int r;

    if (!reader)
        return;
    r = api_parse_id(owner, id, &seq) ? store_trace_get(reader, seq, &row, &err) : STORE_NOT_FOUND;
    if (r > 0) {
        not_found(request, id);
        return;
    }
    if (r == 0) {
        r = trace_document(owner, reader, &row, &document, &err);
        trace_row_release(&row);
    }
    if (r < 0)
        api_store_failed(request, r, &err);
    else
        http_respond_value(request, 200, document);
}

/* ---- routes ---- */

#define PAGES                                                                                          \
    { "limit", HTTP_INTEGER }, { "offset", HTTP_INTEGER }, { "sort", HTTP_STRING },                    \
        { "include_attributes", HTTP_LIST }, { "exclude_attributes", HTTP_LIST }, { "id", HTTP_LIST }, \
    {                                                                                                  \
        "name", HTTP_LIST                                                                              \
    }

static const struct http_parameter instance_parameters[] = {
    PAGES,
    { "trigger", HTTP_STRING },
    { "trigger_type", HTTP_STRING },
    { "timestamp_gt", HTTP_STRING },
    { "timestamp_lt", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter enforcement_parameters[] = {
    PAGES,
    { "execution", HTTP_STRING },
    { "rule_ref", HTTP_STRING },
    { "rule_id", HTTP_STRING },
    { "trigger_instance", HTTP_STRING },
    { "enforced_at_gt", HTTP_STRING },
    { "enforced_at_lt", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter trace_parameters[] = {
    PAGES,
    { "trace_tag", HTTP_STRING },
    { "execution", HTTP_STRING },
    { "rule", HTTP_STRING },
    { "trigger_instance", HTTP_STRING },
    { "sort_asc", HTTP_STRING },
    { "sort_desc", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter one_parameters[] = {
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { NULL, HTTP_STRING },
};

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/triggerinstances", list_instances, 0, instance_parameters, NULL },
    { "GET", HTTP_API, "/triggerinstances/{id}", get_instance, 0, one_parameters, NULL },
    { "POST", HTTP_API, "/triggerinstances/{id}/re_emit", re_emit, 0, one_parameters, NULL },
    { "GET", HTTP_API, "/ruleenforcements", list_enforcements, 0, enforcement_parameters, NULL },
    { "GET", HTTP_API, "/ruleenforcements/views", list_enforcement_views, 0, enforcement_parameters, NULL },
    { "GET", HTTP_API, "/ruleenforcements/views/{id}", get_enforcement_view, 0, one_parameters, NULL },
    { "GET", HTTP_API, "/ruleenforcements/{id}", get_enforcement, 0, one_parameters, NULL },
    { "GET", HTTP_API, "/traces", list_traces, 0, trace_parameters, NULL },
    { "GET", HTTP_API, "/traces/{id}", get_trace, 0, one_parameters, NULL },
};

const struct api_routes api_event_routes = { routes, ELEMENTS(routes) };
