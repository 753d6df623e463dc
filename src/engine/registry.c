/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine-internal.h"
#include "model/model.h"

static const char *ref_of(enum object_kind kind, value document)
{
    const char *key = kind == OBJECT_CONFIG || kind == OBJECT_CONFIG_SCHEMA    ? "pack"
                      : kind == OBJECT_RUNNER_TYPE || kind == OBJECT_RULE_TYPE ? "name"
                                                                               : "ref";
    const char *ref = value_map_chars(document, key);

    return ref ? ref : "";
}

int registry_put(struct engine *engine, enum object_kind kind, value document, value *ret, struct error *err)
{
    const char *ref = ref_of(kind, document);
    VALUE_AUTO(before);
    VALUE_AUTO(stored);

    before = engine_object(engine, kind, ref);
    stored = value_ref(document);
    if (value_is_set(before) && !value_map_has(stored, "id"))
        value_map_put(&stored, "id", value_ref(value_map_get(before, "id")));
    if (value_equal(before, stored)) {
        if (ret)
            *ret = value_take(&stored);
        return 0;
    }
    return engine_object_put(engine, kind, ref, stored, ret, err);
}

/* ---- triggers ---- */

static value trigger_document(value type, const char *name, value parameters)
{
    const char *pack = value_map_chars(type, "pack");
    value trigger = value_map_new(8), description = value_map_get(type, "description");

    value_map_put(&trigger, "name", value_text(name));
    value_map_put(&trigger, "pack", value_text(pack ? pack : ""));
    value_map_put(&trigger, "ref", model_ref(pack ? pack : "", name));
    value_map_put(&trigger, "uid", model_trigger_uid(pack ? pack : "", name, parameters));
    value_map_put(&trigger, "type", value_ref(value_map_get(type, "ref")));
    value_map_put(&trigger, "parameters",
                  value_is_map(parameters) ? value_ref(parameters) : value_map_new(0));
    if (value_is_string(description) && value_len(description) && !value_map_count(parameters))
        value_map_put(&trigger, "description", value_ref(description));
    return trigger;
}

int registry_put_trigger_type(struct engine *engine, value document, value *ret, struct error *err)
{
    VALUE_AUTO(stored);
    VALUE_AUTO(trigger);
    VALUE_AUTO(none);
    int r = registry_put(engine, OBJECT_TRIGGER_TYPE, document, &stored, err);

    if (r != 0)
        return r;
    if (!value_map_count(value_map_get(stored, "parameters_schema"))) {
        none = value_map_new(0);
        trigger = trigger_document(stored, value_map_chars(stored, "name"), none);
        r = registry_put(engine, OBJECT_TRIGGER, trigger, NULL, err);
    }
    if (r == 0 && ret)
        *ret = value_take(&stored);
    return r;
}

static value find_trigger(struct engine *engine, const char *type, value parameters)
{
    VALUE_AUTO(triggers);

    for (size_t i = engine->n_pending; i-- > 0;) {
        struct pending_object *object = &engine->pending[i];
        const char *own = value_map_chars(object->document, "type");

        if (object->kind == OBJECT_TRIGGER && own && strcmp(own, type) == 0 &&
            value_equal(value_map_get(object->document, "parameters"), parameters)) {
            /* The newest word on this trigger may be that it is gone. */
            VALUE_AUTO(now);

            now = engine_object(engine, OBJECT_TRIGGER, object->id);
            if (value_is_set(now))
                return value_take(&now);
        }
    }
    triggers = catalog_list(engine->config.catalog, OBJECT_TRIGGER);
    VALUE_LIST_EACH (i, trigger, triggers) {
        const char *own = value_map_chars(trigger, "type");

        if (own && strcmp(own, type) == 0 && value_equal(value_map_get(trigger, "parameters"), parameters)) {
            VALUE_AUTO(now);

            now = engine_object(engine, OBJECT_TRIGGER, value_map_chars(trigger, "id"));
            if (value_is_set(now))
                return value_take(&now);
        }
    }
    return VALUE_NOTHING;
}

int registry_trigger(struct engine *engine, const char *type_ref, value parameters, value *ret,
                     struct error *err)
{
    VALUE_AUTO(type);
    VALUE_AUTO(none);
    VALUE_AUTO(found);
    VALUE_AUTO(trigger);
    char name[37];
    int r;

    type = engine_object(engine, OBJECT_TRIGGER_TYPE, type_ref);
    if (!value_map_count(parameters)) {
        found = engine_object(engine, OBJECT_TRIGGER, type_ref);
        if (value_is_set(found)) {
            *ret = value_take(&found);
            return 0;
        }
    }
    if (!value_is_set(type))
        return error_set(
            err, REGISTRY_REFUSED,
            "A simple trigger should have been created when registering triggertype. Cannot create trigger: "
            "there is no trigger type %s.",
            type_ref);
    none = value_map_new(0);
    if (!value_is_map(parameters))
        parameters = none;
    found = find_trigger(engine, type_ref, parameters);
    if (value_is_set(found)) {
        *ret = value_take(&found);
        return 0;
    }
    engine_uuid(engine, true, name);
    trigger = trigger_document(type, name, parameters);
    r = registry_put(engine, OBJECT_TRIGGER, trigger, ret, err);
    return r;
}

/* ---- rules ---- */

static bool trigger_used(struct engine *engine, const char *trigger_ref, const char *except_id)
{
    VALUE_AUTO(rules);

    for (size_t i = 0; i < engine->n_pending; i++) {
        const struct pending_object *object = &engine->pending[i];
        const char *ref = value_map_chars(value_map_get(object->document, "trigger"), "ref");

        if (object->kind == OBJECT_RULE && ref && strcmp(ref, trigger_ref) == 0 &&
            strcmp(object->id, except_id) != 0)
            return true;
    }
    rules = catalog_list(engine->config.catalog, OBJECT_RULE);
    VALUE_LIST_EACH (i, rule, rules) {
        const char *ref = value_map_chars(value_map_get(rule, "trigger"), "ref"),
                   *id = value_map_chars(rule, "id");

        if (ref && strcmp(ref, trigger_ref) == 0 && id && strcmp(id, except_id) != 0)
            return true;
    }
    return false;
}

/* A trigger with parameters goes with the last rule that needs it. */
static int release_trigger(struct engine *engine, value rule, struct error *err)
{
    const char *ref = value_map_chars(value_map_get(rule, "trigger"), "ref"),
               *id = value_map_chars(rule, "id");
    VALUE_AUTO(trigger);
    int r;

    if (!ref || !id || trigger_used(engine, ref, id))
        return 0;
    trigger = engine_object(engine, OBJECT_TRIGGER, ref);
    if (!value_map_count(value_map_get(trigger, "parameters")))
        return 0;
    r = engine_object_delete(engine, OBJECT_TRIGGER, value_map_chars(trigger, "id"), err);
    return r > 0 ? 0 : r;
}

int registry_put_rule(struct engine *engine, value document, value old, value *ret, struct error *err)
{
    value given = value_map_get(document, "trigger");
    const char *type = value_map_chars(given, "type"), *ref, *old_ref;
    VALUE_AUTO(trigger);
    VALUE_AUTO(stored);
    value part;
    int r;

    r = registry_trigger(engine, type ? type : "", value_map_get(given, "parameters"), &trigger, err);
    if (r != 0)
        return r;
    part = value_map_new(3);
    value_map_put(&part, "type", value_ref(value_map_get(trigger, "type")));
    value_map_put(&part, "parameters", value_ref(value_map_get(trigger, "parameters")));
    value_map_put(&part, "ref", value_ref(value_map_get(trigger, "ref")));
    stored = value_ref(document);
    value_map_put(&stored, "trigger", part);
    r = registry_put(engine, OBJECT_RULE, stored, ret, err);
    ref = value_map_chars(trigger, "ref");
    old_ref = value_map_chars(value_map_get(old, "trigger"), "ref");
    if (r == 0 && old_ref && strcmp(old_ref, ref) != 0)
        r = release_trigger(engine, old, err);
    return r;
}

int registry_delete_rule(struct engine *engine, value rule, struct error *err)
{
    int r = engine_object_delete(engine, OBJECT_RULE, value_map_chars(rule, "id"), err);

    return r == 0 ? release_trigger(engine, rule, err) : r;
}

/* ---- what is built in, and packs ---- */

static int put_all(struct engine *engine, enum object_kind kind, value documents, struct error *err)
{
    int r = 0;

    VALUE_LIST_EACH (i, document, documents) {
        if (r >= 0)
            r = kind == OBJECT_TRIGGER_TYPE ? registry_put_trigger_type(engine, document, NULL, err)
                                            : registry_put(engine, kind, document, NULL, err);
    }
    value_unref(documents);
    return r > 0 ? 0 : r;
}

int registry_builtins(struct engine *engine, struct error *err)
{
    int r = put_all(engine, OBJECT_RUNNER_TYPE, model_runner_types(), err);

    if (r == 0)
        r = put_all(engine, OBJECT_POLICY_TYPE, model_policy_types(), err);
    if (r == 0)
        r = put_all(engine, OBJECT_RULE_TYPE, model_rule_types(), err);
    if (r == 0)
        r = put_all(engine, OBJECT_TRIGGER_TYPE, model_internal_trigger_types(true), err);
    return r;
}

static const struct {
    enum model_kind kind;
    enum object_kind object;
    const char *count; /* name of the count in answers */
} parts[] = {
    { MODEL_TRIGGER_TYPE, OBJECT_TRIGGER_TYPE, "triggers" },
    { MODEL_SENSOR, OBJECT_SENSOR, "sensors" },
    { MODEL_ACTION, OBJECT_ACTION, "actions" },
    { MODEL_RULE, OBJECT_RULE, "rules" },
    { MODEL_ALIAS, OBJECT_ALIAS, "aliases" },
    { MODEL_POLICY, OBJECT_POLICY, "policies" },
};

static int register_one(struct engine *engine, enum object_kind kind, value document, struct error *err)
{
    VALUE_AUTO(old);

    if (kind == OBJECT_TRIGGER_TYPE)
        return registry_put_trigger_type(engine, document, NULL, err);
    if (kind != OBJECT_RULE)
        return registry_put(engine, kind, document, NULL, err);
    old = engine_object(engine, OBJECT_RULE, ref_of(kind, document));
    return registry_put_rule(engine, document, old, NULL, err);
}

static void count(value *counts, const char *name, int64_t n)
{
    value_map_set_text(counts, name, value_int(value_map_int(*counts, name, 0) + n));
}

static int register_kind(struct engine *engine, const struct pack *pack, size_t part, value *counts,
                         value *problems, struct error *err)
{
    int64_t n = 0;
    int r;

    VALUE_LIST_EACH (i, document, pack->objects[parts[part].kind]) {
        ERROR_AUTO(reason);

        r = register_one(engine, parts[part].object, document, &reason);
        if (r < 0) {
            error_move(err, &reason);
            return r;
        }
        if (r > 0)
            value_list_append(problems, value_textf("Failed to register %s \"%s\" from pack \"%s\": %s",
                                                    model_kind_text(parts[part].kind),
                                                    ref_of(parts[part].object, document), pack->name,
                                                    r == STORE_CONFLICT ? "another object has this reference"
                                                                        : error_text(&reason)));
        else
            n++;
    }
    count(counts, parts[part].count, (int64_t)pack->n_files[parts[part].kind]);
    if (pack->n_overridden[parts[part].kind]) {
        CLEANUP(freep)
        char *name = xasprintf("%s(overridden)", parts[part].count);

        count(counts, name, (int64_t)pack->n_overridden[parts[part].kind]);
    }
    return 0;
}

/* What a registered pack does not have any more goes. */
static int forget_missing(struct engine *engine, const struct pack *pack, size_t part, enum pack_parts wanted,
                          struct error *err)
{
    VALUE_AUTO(all);
    VALUE_AUTO(there);
    int r = 0;

    there = value_set_new(16);
    VALUE_LIST_EACH (i, document, pack->objects[parts[part].kind]) {
        value_set_add(&there, value_text(ref_of(parts[part].object, document)));
    }
    all = catalog_list(engine->config.catalog, parts[part].object);
    VALUE_LIST_EACH (i, document, all) {
        const char *own = value_map_chars(document, "pack"),
                   *file = value_map_chars(document, "metadata_file");

        /* What was made through the API has no file and stays; what sensors declare is only known when they were read. */
        if (file && strncmp(file, "sensors/", 8) == 0 && !(wanted & PACK_SENSORS))
            continue;
        if (r < 0 || !own || strcmp(own, pack->name) != 0 || !file || !*file ||
            value_set_has(there, value_map_get(document, "ref")))
            continue;
        r = parts[part].object == OBJECT_RULE
                ? registry_delete_rule(engine, document, err)
                : engine_object_delete(engine, parts[part].object, value_map_chars(document, "id"), err);
    }
    return r > 0 ? 0 : r;
}

int registry_pack(struct engine *engine, const struct pack *pack, enum pack_parts wanted, value *counts,
                  value *problems, struct error *err)
{
    int r = 0;

    if (value_is_set(pack->document))
        r = registry_put(engine, OBJECT_PACK, pack->document, NULL, err);
    if (r >= 0 && value_is_set(pack->config_schema))
        r = registry_put(engine, OBJECT_CONFIG_SCHEMA, pack->config_schema, NULL, err);
    for (size_t i = 0; r >= 0 && i < ELEMENTS(parts); i++) {
        if (!(wanted & 1 << parts[i].kind))
            continue;
        r = register_kind(engine, pack, i, counts, problems, err);
        /* A file that is broken for the moment must not take its object away. */
        if (r >= 0 && !pack->n_problems)
            r = forget_missing(engine, pack, i, wanted, err);
    }
    if (r >= 0 && (wanted & PACK_CONFIGS)) {
        if (value_is_set(pack->config))
            r = registry_put(engine, OBJECT_CONFIG, pack->config, NULL, err);
        count(counts, "configs", value_is_set(pack->config));
    }
    for (size_t i = 0; i < pack->n_problems; i++) {
        CLEANUP(freep)
        char *text = pack_problem_text(pack, &pack->problems[i]);

        value_list_append(problems, value_text(text));
    }
    return r > 0 ? 0 : r;
}

static value find_runner_type(void *data, const char *name)
{
    value found = catalog_by_ref(data, OBJECT_RUNNER_TYPE, name);

    return value_is_set(found) ? found : model_builtin_runner_type(name);
}

static value find_policy_type(void *data, const char *ref)
{
    return catalog_by_ref(data, OBJECT_POLICY_TYPE, ref);
}

static value find_trigger_type(void *data, const char *ref)
{
    return catalog_by_ref(data, OBJECT_TRIGGER_TYPE, ref);
}

struct model_lookup registry_lookup(struct catalog *catalog)
{
    return (struct model_lookup){ find_runner_type, find_policy_type, find_trigger_type, catalog };
}
