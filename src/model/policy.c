/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, and the policy types that are built in. */
#include "base/mem.h"
#include "model/model-internal.h"
#include "value/schema.h"

static const struct model_field fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "pack", TYPE_STRING | TYPE_NULL },
    { "description", TYPE_STRING | TYPE_NULL },
    { "enabled", TYPE_BOOLEAN, .otherwise = "true" },
    { "resource_ref", TYPE_STRING, FIELD_REQUIRED },
    { "policy_type", TYPE_STRING, FIELD_REQUIRED },
    { "parameters", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "metadata_file", TYPE_STRING | TYPE_NULL, .otherwise = "\"\"" },
    { 0 },
};

static value find_type(const struct model_lookup *lookup, const char *ref)
{
    return lookup && lookup->policy_type ? lookup->policy_type(lookup->data, ref)
                                         : model_builtin_policy_type(ref);
}

/* The parameters with the defaults of the policy type. */
static int fill_parameters(value policy, value type, value *ret, struct error *err)
{
    VALUE_AUTO(schema);
    VALUE_AUTO(given);

    schema = schema_of_parameters(value_map_get(type, "parameters"), false);
    given = value_is_null(value_map_get(policy, "parameters"))
                ? value_map_new(0)
                : value_ref(value_map_get(policy, "parameters"));
    return schema_validate(schema, given, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL, ret, err);
}

static int check(value policy, const struct model_lookup *lookup, struct model_path *path, struct error *err)
{
    const char *ref = value_map_chars(policy, "policy_type");
    VALUE_AUTO(type);
    VALUE_AUTO(parameters);
    int r;

    type = find_type(lookup, ref);
    if (!value_is_set(type))
        return model_fail(path, err, "policy_type", "Referenced policy_type \"%s\" doesnt exist", ref);
    r = fill_parameters(policy, type, &parameters, err);
    if (r < 0 && path)
        strcpy(path->text, "parameters");
    return r;
}

static void complete(value *document, value object, enum model_source source,
                     const struct model_lookup *lookup)
{
    VALUE_AUTO(type);
    value parameters;

    type = find_type(lookup, value_map_chars(object, "policy_type"));
    if (value_is_set(type) && fill_parameters(object, type, &parameters, NULL) == 0)
        value_map_put(document, "parameters", parameters);
}

const struct model_resource model_resource_policy = {
    .kind = MODEL_POLICY,
    .name = "policy",
    .uid_prefix = "policy",
    .fields = fields,
    .check = check,
    .complete = complete,
};

/* ---- what is built in ---- */

#define CONCURRENCY_PARAMETERS                                                                                      \
    "\"action\": {\"type\": \"string\", \"description\": \"What happens to executions past the threshold.\", "      \
    "\"enum\": [\"delay\", \"cancel\"], \"default\": \"delay\"}, "                                                  \
    "\"threshold\": {\"type\": \"integer\", \"description\": \"How many may be scheduled or running at a time.\", " \
    "\"required\": true}"

static const struct {
    const char *name, *description, *module, *parameters;
} types[] = {
    { "concurrency", "Limits how many executions of an action run at a time.",
      "st2actions.policies.concurrency", "{" CONCURRENCY_PARAMETERS "}" },
    { "concurrency.attr",
      "Limits how many executions of an action with the same values in the given attributes run at a time.",
      "st2actions.policies.concurrency_by_attr",
      "{" CONCURRENCY_PARAMETERS
      ", \"attributes\": {\"type\": \"array\", \"description\": \"Parameters whose values are "
      "compared.\", \"items\": {\"type\": \"string\"}, \"uniqueItems\": true}}" },
    { "retry", "Runs an action again when it failed or timed out.", "st2actions.policies.retry",
      "{\"retry_on\": {\"type\": \"string\", \"description\": \"Condition to retry on.\", \"required\": true, "
      "\"enum\": [\"failure\", \"timeout\"]}, "
      "\"max_retry_count\": {\"type\": \"integer\", \"description\": \"Maximum number of times to retry before giving up.\", "
      "\"required\": true, \"minimum\": 1, \"maximum\": 5, \"default\": 2}, "
      "\"delay\": {\"type\": \"number\", \"description\": \"Number of seconds to wait before retrying the execution.\", "
      "\"required\": false, \"minimum\": 0, \"maximum\": 120}}" },
};

static value type_document(size_t i)
{
    value document = value_map_new(8);

    value_map_put(&document, "name", value_text(types[i].name));
    value_map_put(&document, "resource_type", value_text("action"));
    value_map_put(&document, "ref", value_textf("action.%s", types[i].name));
    value_map_put(&document, "uid", value_textf("policy_type:action:%s", types[i].name));
    value_map_put(&document, "description", value_text(types[i].description));
    value_map_put(&document, "enabled", value_bool(true));
    value_map_put(&document, "module", value_text(types[i].module));
    value_map_put(&document, "parameters", model_json(types[i].parameters));
    return document;
}

value model_policy_types(void)
{
    value list = value_list_new(ELEMENTS(types));

    for (size_t i = 0; i < ELEMENTS(types); i++)
        value_list_append(&list, type_document(i));
    return list;
}

value model_builtin_policy_type(const char *ref)
{
    for (size_t i = 0; i < ELEMENTS(types); i++)
        if (strncmp(ref, "action.", 7) == 0 && strcmp(ref + 7, types[i].name) == 0)
            return type_document(i);
    return VALUE_NOTHING;
}
