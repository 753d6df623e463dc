/* SPDX-License-Identifier: Apache-2.0 */
#include "event_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "execution_document.h"

char *event_name(const struct engine_event *event, enum event_form form)
{
    static const char *const verbs[] = {
        [ENGINE_EXECUTION_CREATE] = "create", [ENGINE_EXECUTION_UPDATE] = "update",
        [ENGINE_ALIAS_CREATE] = "create",     [ENGINE_ALIAS_UPDATE] = "update",
        [ENGINE_ALIAS_DELETE] = "delete",
    };

    switch (event->kind) {
    case ENGINE_OUTPUT:
        return xstrdup("st2.execution.output__create");
    case ENGINE_ANNOUNCEMENT:
        return xasprintf("st2.announcement__%s", event->type);
    case ENGINE_ALIAS_CREATE:
    case ENGINE_ALIAS_UPDATE:
    case ENGINE_ALIAS_DELETE:
        return xasprintf("st2.actionalias__%s", verbs[event->kind]);
    default:
        return xasprintf("st2.%s__%s", form == EVENT_AS_LIVE_ACTION ? "liveaction" : "execution",
                         verbs[event->kind]);
    }
}

static value live_action(struct api *api, const struct execution_row *row, value execution)
{
    static const struct {
        const char *name, *path;
    } members[] = {
        { "status", "status" },
        { "start_timestamp", "start_timestamp" },
        { "end_timestamp", "end_timestamp" },
        { "action", "liveaction.action" },
        { "action_is_workflow", "liveaction.action_is_workflow" },
        { "parameters", "liveaction.parameters" },
        { "context", "context" },
        { "callback", "liveaction.callback" },
        { "runner_info", "liveaction.runner_info" },
        { "notify", "liveaction.notify" },
        { "delay", "delay" },
    };
    value live = value_map_new(14), result = value_map_get(execution, "result");

    value_map_put(&live, "id", api_id_value(api, row->seq - 1));
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        value item = value_path(execution, members[i].path);

        if (value_is_set(item))
            value_map_set_text(&live, members[i].name, value_ref(item));
    }
    value_map_put(&live, "result", value_is_set(result) ? value_ref(result) : value_map_new(0));
    return live;
}

static value output(struct api *api, const struct engine_event *event)
{
    value document = value_map_new(8), text = value_text_checked(event->text, event->n);

    /* A piece may end inside a character; what is no text then is shown as such. */
    if (!value_is_set(text)) {
        BUFFER_AUTO(whole);

        for (size_t at = 0; at < event->n;) {
            size_t good = utf8_valid_prefix(event->text + at, event->n - at);

            buffer_add(&whole, event->text + at, good);
            at += good;
            if (at < event->n) {
                buffer_add_utf8(&whole, 0xFFFD);
                at++;
            }
        }
        text = value_text_n(buffer_text(&whole), whole.len);
    }
    value_map_put(&document, "id", api_id_value(api, event->seq));
    value_map_put(&document, "execution_id", api_id_value(api, event->row.seq));
    value_map_put(&document, "action_ref", value_ref(value_map_get(event->row.action, "ref")));
    value_map_put(&document, "runner_ref", value_ref(value_map_get(event->row.runner, "name")));
    value_map_put(&document, "timestamp", api_time_value(event->at_us));
    value_map_put(&document, "output_type", value_text(event->type));
    value_map_put(&document, "data", text);
    return document;
}

value event_document(struct api *api, struct store_reader *reader, const struct engine_event *event,
                     enum event_form form)
{
    value execution, live;

    if (form == EVENT_AS_OUTPUT)
        return output(api, event);
    if (form == EVENT_AS_DOCUMENT)
        return api_without_nulls(value_ref(event->document));
    execution = execution_document(api, &event->row, !api->config.settings->mask_secrets);
    if (form == EVENT_AS_EXECUTION) {
        /* What cannot be read is left out: the client reads the object itself when it needs more. */
        execution_document_complete(api, reader, &event->row, &execution, NULL);
        return execution;
    }
    live = live_action(api, &event->row, execution);
    value_unref(execution);
    return live;
}
