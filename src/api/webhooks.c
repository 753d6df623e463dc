/* SPDX-License-Identifier: Apache-2.0 */
/* /webhooks (contract: rest-api.md 8.5). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "engine/triggers.h"
#include "trigger_payload.h"
#include "value/json.h"
#include "value/schema.h"

#define WEBHOOK  "core.st2.webhook"
#define TAG_SIZE 160

/* The address of a webhook trigger without the slashes around it. */
static bool has_url(value trigger, const char *url, size_t n)
{
    const char *own = value_map_chars(value_map_get(trigger, "parameters"), "url"),
               *type = value_map_chars(trigger, "type");
    size_t len;

    if (!own || !type || strcmp(type, WEBHOOK) != 0)
        return false;
    own += strspn(own, "/");
    len = strlen(own);
    while (len && own[len - 1] == '/')
        len--;
    return len == n && memcmp(own, url, n) == 0;
}

static void list_webhooks(struct http_request *request, void *owner)
{
    struct api *api = owner;
    VALUE_AUTO(triggers);
    VALUE_AUTO(hooks);

    triggers = catalog_list(api->config.catalog, OBJECT_TRIGGER);
    hooks = value_list_new(8);
    VALUE_LIST_EACH (i, trigger, triggers) {
        const char *type = value_map_chars(trigger, "type");

        if (type && strcmp(type, WEBHOOK) == 0)
            value_list_append(&hooks, value_ref(trigger));
    }
    http_respond_value(request, 200, hooks);
}

static void get_webhook(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *url = http_variable(request, "url");
    VALUE_AUTO(triggers);

    triggers = catalog_list(api->config.catalog, OBJECT_TRIGGER);
    VALUE_LIST_EACH (i, trigger, triggers) {
        if (has_url(trigger, url, strlen(url))) {
            http_respond_value(request, 200, trigger);
            return;
        }
    }
    http_respond_fault(request, 404, "Unhandled exception");
}

/* ---- events ---- */

/* document: the triggers' references; other: the payload; body: what is echoed; text: the trace tag, to which 32
   hexadecimal digits are added when `flag` is set: 8 random ones and an id, by which the store finds the trace. */
static int apply_event(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    char tag[TAG_SIZE], id[OBJECT_ID_SIZE], random[37];
    int r = 0;

    VALUE_LIST_EACH (i, ref, input->document) {
        if (r < 0)
            break;
        if (input->flag) {
            engine_uuid(engine, false, random);
            engine_format_id(engine, engine_next_sequence(engine), id);
            snprintf(tag, sizeof(tag), "%s%.8s%s", input->text, random, id);
        }
        r = trigger_dispatch(engine, value_chars(ref), input->other, input->flag ? tag : input->text, 0, NULL,
                             err);
    }
    return r < 0 ? r : 0;
}

static const struct input_ops event_ops = { "event", apply_event, api_input_done, false };

static void submit_event(struct api *api, struct http_request *request, value refs, value payload, value echo,
                         const char *hook)
{
    const char *given = http_request_header(request, "St2-Trace-Tag");
    struct api_input *input = api_input_new(api, request, &event_ops);

    input->document = refs;
    input->other = payload;
    input->body = echo;
    input->status = 202;
    input->flag = !given || !*given;
    input->text = input->flag ? xasprintf("webhook-%.100s-", hook) : xstrdup(given);
    api_submit(input);
}

/* POST /webhooks/st2: any trigger by name. */
static void generic_hook(struct api *api, struct http_request *request, value body)
{
    const char *ref = value_map_chars(body, "trigger");
    value payload = value_map_get(body, "payload"), refs;
    ERROR_AUTO(err);

    if (!value_is_map(body)) {
        http_respond_fault(request, 400, "Input body needs to be an object, got: %s", value_kind_name(body));
        return;
    }
    if (!ref || !*ref) {
        http_respond_fault(request, 400, "Trigger not specified.");
        return;
    }
    payload = value_is_set(payload) ? value_ref(payload) : value_map_new(0);
    if (trigger_payload_check(api->config.catalog, ref, payload, &err) < 0 &&
        api->config.settings->validate_trigger_payload) {
        CLEANUP(freep)
        char *shown = json_text(payload);

        value_unref(payload);
        http_respond_fault(
            request, 400,
            "Trigger payload validation failed and validation is enabled, not dispatching a trigger \"%s\" "
            "(%s): %s",
            ref, shown, error_text(&err));
        return;
    }
    refs = value_list_new(1);
    value_list_append(&refs, value_text(ref));
    submit_event(api, request, refs, payload, value_ref(body), "st2");
}

static void post_webhook(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *hook = http_variable(request, "hook");
    size_t n = strlen(hook);
    VALUE_AUTO(body);
    VALUE_AUTO(triggers);
    VALUE_AUTO(refs);
    value payload;
    ERROR_AUTO(err);

    if (http_body_value(request, &body, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (n && hook[n - 1] == '/')
        n--;
    if (n == 3 && memcmp(hook, "st2", 3) == 0) {
        generic_hook(api, request, body);
        return;
    }
    triggers = catalog_list(api->config.catalog, OBJECT_TRIGGER);
    refs = value_list_new(1);
    VALUE_LIST_EACH (i, trigger, triggers) {
        if (has_url(trigger, hook, n))
            value_list_append(&refs, value_ref(value_map_get(trigger, "ref")));
    }
    if (!value_list_count(refs)) {
        http_respond_fault(request, 404, "Webhook %.*s not registered with st2", (int)n, hook);
        return;
    }
    if (!value_is_map(body) && !value_is_list(body)) {
        CLEANUP(freep)
        char *shown = json_text(body);

        http_respond_fault(
            request, 400,
            "Trigger payload validation failed and validation is enabled, not dispatching a trigger \"%s\" "
            "(%.200s): the body is neither an object nor an array",
            WEBHOOK, shown);
        return;
    }
    payload = trigger_payload_of_request(request, body);
    submit_event(api, request, value_take(&refs), payload, value_ref(body), hook);
}

static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/webhooks", list_webhooks, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/webhooks/{url}", get_webhook, 0, no_parameters, NULL },
    { "POST", HTTP_API, "/webhooks/{hook:.*}", post_webhook, 0, no_parameters, NULL },
};

const struct api_routes api_webhook_routes = { routes, ELEMENTS(routes) };
