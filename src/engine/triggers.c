/* SPDX-License-Identifier: Apache-2.0 */
/* An event and the rules it meets. Compiled rules are kept by trigger and made anew when a rule has changed. */
#include "engine/triggers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine-internal.h"
#include "engine/datastore.h"
#include "engine/executions.h"
#include "rules/criteria.h"

struct rule {
    struct rule *next; /* of the same trigger, in the order they were made */
    value document;
    struct criteria *criteria;
    const char *ref, *id; /* of the document */
    bool backstop;
};

struct rule_index {
    struct strmap by_trigger; /* trigger reference -> first rule */
    uint64_t version;
};

static void clear(struct rule_index *index)
{
    size_t at = 0;
    void *item;

    while (strmap_next(&index->by_trigger, &at, NULL, &item)) {
        struct rule *next;

        for (struct rule *rule = item; rule; rule = next) {
            next = rule->next;
            value_unref(rule->document);
            criteria_free(rule->criteria);
            free(rule);
        }
    }
    strmap_release(&index->by_trigger);
}

void rule_index_free(struct rule_index *index)
{
    if (!index)
        return;
    clear(index);
    free(index);
}

static void add_rule(struct rule_index *index, value document)
{
    const char *trigger = value_map_chars(value_map_get(document, "trigger"), "ref");
    const char *type = value_map_chars(value_map_get(document, "type"), "ref");
    struct criteria *criteria = NULL;
    struct rule *rule, *last;
    ERROR_AUTO(err);

    if (!value_map_bool(document, "enabled", false) || !trigger)
        return;
    if (criteria_compile(value_map_get(document, "criteria"), &criteria, &err) < 0) {
        log_error("rule %s: %s, the rule is left out", value_map_chars(document, "ref"), error_text(&err));
        return;
    }
    rule = xcalloc(1, sizeof(*rule));
    *rule = (struct rule){
        .document = value_ref(document),
        .criteria = criteria,
        .ref = value_map_chars(document, "ref"),
        .id = value_map_chars(document, "id"),
        .backstop = type && strcmp(type, "backstop") == 0,
    };
    last = strmap_get(&index->by_trigger, trigger);
    if (!last) {
        strmap_set(&index->by_trigger, trigger, rule);
        return;
    }
    while (last->next)
        last = last->next;
    last->next = rule;
}

/* What this batch changes of rules counts from the next batch on. */
static struct rule_index *rules_of(struct engine *engine)
{
    uint64_t version = catalog_version(engine->config.catalog, OBJECT_RULE);
    VALUE_AUTO(documents);

    if (engine->rules && engine->rules->version == version)
        return engine->rules;
    if (!engine->rules)
        engine->rules = xcalloc(1, sizeof(*engine->rules));
    clear(engine->rules);
    engine->rules->version = version;
    documents = catalog_list(engine->config.catalog, OBJECT_RULE);
    VALUE_LIST_EACH (i, document, documents) {
        add_rule(engine->rules, document);
    }
    return engine->rules;
}

bool trigger_has_rules(struct engine *engine, const char *trigger_ref)
{
    return strmap_get(&rules_of(engine)->by_trigger, trigger_ref) != NULL;
}

/* ---- enforcement ---- */

struct event {
    struct engine *engine;
    value trigger, type; /* documents */
    value payload;
    struct instance_row row;
    char id[OBJECT_ID_SIZE];
    const char *tag;
};

static int record(const struct event *event, const struct rule *rule, int64_t execution, const char *failure,
                  struct error *err)
{
    const struct enforcement_row row = {
        .seq = engine_next_sequence(event->engine),
        .at_us = event->engine->now_us,
        .instance = event->row.seq,
        .execution = execution,
        .trace = event->row.trace,
        .succeeded = failure == NULL,
        .rule_ref = (char *)rule->ref,
        .rule_id = (char *)rule->id,
        .failure = (char *)failure,
    };

    return store_enforcement_insert(event->engine->config.store, &row, err);
}

static value rule_context(const struct event *event, const struct rule *rule)
{
    value context = value_map_new(6), instance = value_map_new(2), made_by = value_map_new(2),
          trace = value_map_new(2);
    char id[OBJECT_ID_SIZE];

    value_map_put(&instance, "id", value_text(event->id));
    value_map_put(&instance, "name", value_null());
    value_map_put(&made_by, "id", value_text(rule->id));
    value_map_put(&made_by, "name", value_ref(value_map_get(rule->document, "name")));
    engine_format_id(event->engine, event->row.trace, id);
    value_map_put(&trace, "id_", value_text(id));
    value_map_put(&trace, "trace_tag", value_text(event->tag));
    value_map_put(&context, "trigger_instance", instance);
    value_map_put(&context, "rule", made_by);
    value_map_put(&context, "trace_context", trace);
    return context;
}

static int enforce(const struct event *event, const struct rule *rule, struct error *err)
{
    struct engine *engine = event->engine;
    value action = value_map_get(rule->document, "action");
    const char *ref = value_map_chars(action, "ref"), *user = engine->config.system_user;
    struct datastore_view view = { .catalog = engine->config.catalog,
                                   .user = user,
                                   .now_us = engine->now_us };
    struct expr_host host = datastore_host(&view);
    VALUE_AUTO(context);
    VALUE_AUTO(contexts);
    struct execution_plan plan;
    CLEANUP(freep)
    char *failure = NULL;
    ERROR_AUTO(reason);
    int64_t execution;
    int r;

    context = rule_context(event, rule);
    contexts = value_map_new(1);
    value_map_put(&contexts, "trigger", value_ref(event->payload));
    const struct execution_request request = {
        .action = ref ? ref : "",
        .parameters = value_map_get(action, "parameters"),
        .context = context,
        .user = user && *user ? user : engine->config.server_user,
        .trace = event->row.trace,
        .instance = event->row.seq,
        .rule = rule->document,
        .trigger = event->trigger,
        .trigger_type = event->type,
        .contexts = contexts,
    };

    r = execution_plan(engine->config.catalog, &host, engine->now_us, &request, &plan, &reason);
    if (r == EXECUTION_REFUSED) {
        VALUE_AUTO(known);

        known = engine_object(engine, OBJECT_ACTION, request.action);
        failure = value_is_set(known) ? xstrdup(error_text(&reason))
                                      : xasprintf("Action \"%s\" doesn't exist", request.action);
        log_audit("Rule enforcement failed. Execution of Action %s failed. TriggerInstance: %s and Rule: %s",
                  request.action, event->id, rule->ref);
        return record(event, rule, 0, failure, err);
    }
    failure = plan.failure ? xstrdup(plan.failure) : NULL;
    {
        struct execution_row row;

        r = execution_accept(engine, &plan, &row, err);
        if (r < 0)
            return r;
        execution = row.seq;
        execution_row_release(&row);
    }
    /* An execution that failed before it began is on record, but the enforcement does not name it. */
    return record(event, rule, failure ? 0 : execution, failure, err);
}

static int judge(const struct event *event, const struct rule *rule, bool *ret_matched, struct error *err)
{
    struct engine *engine = event->engine;
    struct datastore_view view = { .catalog = engine->config.catalog, .now_us = engine->now_us };
    struct expr_host host = datastore_host(&view);
    ERROR_AUTO(reason);

    *ret_matched = false;
    switch (criteria_judge(rule->criteria, event->payload, rule->ref, event->id, &host, engine->now_us, NULL,
                           &reason)) {
    case CRITERIA_MATCH:
        *ret_matched = true;
        return enforce(event, rule, err);
    case CRITERIA_FAILED:
        return record(event, rule, 0, error_text(&reason), err);
    case CRITERIA_NO_MATCH:
        break;
    }
    return 0;
}

/* The ordinary rules first; backstops only when none of those matched. */
static int meet_rules(const struct event *event, struct error *err)
{
    const char *ref = event->row.trigger;
    const struct rule *first = strmap_get(&rules_of(event->engine)->by_trigger, ref);
    bool any = false, matched;
    int r;

    for (int pass = 0; pass < 2; pass++) {
        if (pass && any)
            break;
        for (const struct rule *rule = first; rule; rule = rule->next) {
            if (rule->backstop != (pass == 1))
                continue;
            r = judge(event, rule, &matched, err);
            if (r < 0)
                return r;
            any |= matched;
        }
    }
    return 0;
}

int trigger_dispatch(struct engine *engine, const char *trigger_ref, value payload, const char *trace_tag,
                     int64_t trace, int64_t *ret_seq, struct error *err)
{
    struct event event = { .engine = engine, .payload = payload };
    CLEANUP(freep)
    char *own_tag = NULL;
    VALUE_AUTO(trigger);
    VALUE_AUTO(type);
    const char *type_ref;
    int r;

    trigger = engine_object(engine, OBJECT_TRIGGER, trigger_ref);
    if (!value_is_set(trigger))
        return STORE_NOT_FOUND;
    type_ref = value_map_chars(trigger, "type");
    type = engine_object(engine, OBJECT_TRIGGER_TYPE, type_ref ? type_ref : "");
    event.trigger = trigger;
    event.type = type;
    event.row = (struct instance_row){
        .seq = engine_next_sequence(engine),
        .at_us = engine->now_us,
        .trace = trace,
        .status = INSTANCE_PROCESSED,
        .trigger = (char *)trigger_ref,
        .payload = payload,
    };
    engine_format_id(engine, event.row.seq, event.id);
    if (!trace) {
        if (!trace_tag)
            trace_tag = own_tag = xasprintf("trigger_instance-%s", event.id);
        event.row.trace = engine_next_sequence(engine);
        r = store_trace_insert(engine->config.store, event.row.trace, trace_tag, engine->now_us, err);
        if (r < 0)
            return r;
    }
    event.tag = trace_tag ? trace_tag : "";
    r = store_instance_insert(engine->config.store, &event.row, err);
    if (r < 0)
        return r;
    if (ret_seq)
        *ret_seq = event.row.seq;
    return meet_rules(&event, err);
}
