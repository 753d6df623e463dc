/* SPDX-License-Identifier: Apache-2.0 */
/* /aliasexecution (contract: rest-api.md 5.3, chatops.md 2, 3): what somebody typed becomes executions.

   The words of a command are values, never templates: nothing that is typed in a chat room is evaluated. */
#include <stdlib.h>
#include <string.h>

#include "alias_match.h"
#include "base/clock.h"
#include "base/mem.h"
#include "engine/datastore.h"
#include "engine/executions.h"
#include "execution_document.h"
#include "model/alias_format.h"
#include "model/parameters.h"
#include "value/python.h"

/* ---- bodies ---- */

struct member {
    const char *name;
    enum value_kind kind;
    bool required;
};

static const char *type_name(enum value_kind kind)
{
    return kind == VALUE_MAP ? "object" : "string";
}

/* False: answered. */
static bool check_body(struct http_request *request, value body, const struct member *members)
{
    const struct member *m;

    VALUE_MAP_EACH (i, body) {
        for (m = members; m->name && !value_text_is(value_map_key_at(body, i), m->name); m++)
            ;
        if (!m->name) {
            http_respond_fault(request, 400, "Additional properties are not allowed ('%s' was unexpected)",
                               value_chars(value_map_key_at(body, i)));
            return false;
        }
    }
    for (m = members; m->name; m++) {
        value item = value_map_get(body, m->name);
        BUFFER_AUTO(shown);

        if (m->required && !value_is_set(item)) {
            http_respond_fault(request, 400, "'%s' is a required property", m->name);
            return false;
        }
        if (!value_is_set(item) || item.kind == m->kind || (!m->required && item.kind == VALUE_NULL))
            continue;
        python_repr(&shown, item);
        http_respond_fault(request, 400, "%s is not of type '%s'", buffer_text(&shown), type_name(m->kind));
        return false;
    }
    return true;
}

/* ---- the request ---- */

/* One command being carried out. */
struct alias_input {
    struct input input;
    struct api *api;
    struct http_request *request;
    value alias;
    struct execution_plan *plans;
    struct execution_row *rows; /* as they were requested */
    size_t n;
    char *user;
    bool show_secrets, many; /* many: the answer is a list */
};

static void alias_input_free(struct alias_input *input)
{
    for (size_t i = 0; i < input->n; i++) {
        execution_plan_release(&input->plans[i]);
        execution_row_release(&input->rows[i]);
    }
    free(input->plans);
    free(input->rows);
    free(input->user);
    value_unref(input->alias);
    free(input);
}

/* "a, b" is a list here, whatever it looks like. */
static value split_commas(value text)
{
    value list = value_list_new(4);
    const char *p = value_chars(text), *end = p + value_len(text);

    for (;;) {
        const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end, *from = p,
                   *to = stop;

        while (from < to && strchr(" \t\r\n\f\v", *from))
            from++;
        while (to > from && strchr(" \t\r\n\f\v", to[-1]))
            to--;
        value_list_append(&list, value_text_n(from, (size_t)(to - from)));
        if (!comma)
            return list;
        p = comma + 1;
    }
}

static int cast_all(value definitions, value given, value *ret, struct error *err)
{
    VALUE_AUTO(cast);

    cast = value_map_new(value_map_count(given));
    VALUE_MAP_EACH (i, given) {
        value name = value_map_key_at(given, i), item = value_map_item_at(given, i), one;
        value definition = value_map_get_value(definitions, name);
        const char *type = value_map_chars(definition, "type");
        ERROR_AUTO(reason);

        if (type && strcmp(type, "array") == 0 && value_is_string(item)) {
            one = split_commas(item);
        } else if (parameter_cast(definition, item, &one, &reason) < 0) {
            return error_set(
                err, -EINVAL,
                "Failed to cast value \"%s\" (type: str) for parameter \"%s\" of type \"%s\": %s. Perhaps the "
                "value is of an invalid type?",
                value_chars(item), value_chars(name), type, error_text(&reason));
        }
        value_map_set(&cast, value_ref(name), one);
    }
    *ret = value_take(&cast);
    return 0;
}

/* The alias's own parameters, rendered. */
static int fixed_parameters(struct alias_input *input, value context, value *ret, struct error *err)
{
    static const char *const lazy[] = { "st2kv", NULL };
    struct datastore_view view = { .catalog = input->api->config.catalog,
                                   .user = input->user,
                                   .now_us = clock_now_us() };
    struct expr_host host = datastore_host(&view);
    struct expr_context scope = { .variables = context,
                                  .host = &host,
                                  .now_us = view.now_us,
                                  .random_seed = (uint64_t)view.now_us,
                                  .lazy_roots = lazy };
    value fixed = value_map_get(input->alias, "immutable_parameters");

    if (!value_map_count(fixed)) {
        *ret = value_map_new(0);
        return 0;
    }
    return expr_evaluate_value(fixed, EXPR_TEMPLATE, &scope, ret, err);
}

static int add_fixed(value fixed, value *parameters, struct error *err)
{
    BUFFER_AUTO(names);

    VALUE_MAP_EACH (i, fixed) {
        value name = value_map_key_at(fixed, i);

        if (value_is_set(value_map_get_value(*parameters, name)))
            buffer_addf(&names, "%s%s", names.len ? "," : "", value_chars(name));
    }
    if (names.len)
        return error_set(err, -EINVAL, "Immutable arguments cannot be overriden: %s", names.data);
    value_map_update(parameters, fixed);
    return 0;
}

static value execution_context(const struct alias_input *input, value body)
{
    value context = value_map_new(4), alias = value_map_new(2);

    value_map_put(&alias, "id", value_ref(value_map_get(input->alias, "id")));
    value_map_put(&alias, "name", value_ref(value_map_get(input->alias, "name")));
    value_map_put(&context, "action_alias_ref", alias);
    value_map_put(&context, "api_user",
                  value_map_has(body, "user") ? value_ref(value_map_get(body, "user")) : value_null());
    value_map_put(&context, "user", value_text(input->user));
    value_map_put(&context, "source_channel", value_ref(value_map_get(body, "source_channel")));
    return context;
}

/* Where the result is told, whichever way it ends. */
static value notification(value body)
{
    static const char *const copied[] = { "user", "source_channel", "source_context" };
    value data = value_map_new(3), routes = value_list_new(1), section = value_map_new(2),
          notify = value_map_new(1);
    value route = value_map_get(body, "notification_route");

    for (size_t i = 0; i < ELEMENTS(copied); i++) {
        value item = value_map_get(body, copied[i]);

        value_map_set_text(&data, copied[i], value_is_set(item) ? value_ref(item) : value_null());
    }
    if (!value_truth(route))
        route = value_map_get(body, "notification_channel");
    value_list_append(&routes, value_is_set(route) ? value_ref(route) : value_null());
    value_map_put(&section, "data", data);
    value_map_put(&section, "routes", routes);
    value_map_put(&notify, "on-complete", section);
    return notify;
}

static int plan_one(struct alias_input *input, value body, value context, value fixed, value given,
                    struct execution_plan *ret, struct error *err)
{
    struct catalog *catalog = input->api->config.catalog;
    const char *ref = value_map_chars(input->alias, "action_ref"), *runner_name;
    struct datastore_view view = { .catalog = catalog, .user = input->user, .now_us = clock_now_us() };
    struct expr_host host = datastore_host(&view);
    VALUE_AUTO(action);
    VALUE_AUTO(runner);
    VALUE_AUTO(definitions);
    VALUE_AUTO(parameters);
    VALUE_AUTO(cast);
    VALUE_AUTO(notify);
    int r;

    action = catalog_by_ref(catalog, OBJECT_ACTION, ref);
    runner_name = value_map_chars(action, "runner_type");
    runner = catalog_by_ref(catalog, OBJECT_RUNNER_TYPE, runner_name ? runner_name : "");
    definitions = parameters_merged(action, runner);
    parameters = value_ref(given);
    r = add_fixed(fixed, &parameters, err);
    if (r == 0)
        r = cast_all(definitions, parameters, &cast, err);
    if (r < 0)
        return r;
    notify = notification(body);
    const struct execution_request request = {
        .action = ref,
        .parameters = cast,
        .literal = true,
        .context = context,
        .user = input->user,
        .notify = notify,
    };

    return execution_plan(catalog, &host, view.now_us, &request, ret, err);
}

/* Every match becomes a plan, or nothing is run at all. */
static int plan_all(struct alias_input *input, value body, value matches, struct error *err)
{
    VALUE_AUTO(context);
    VALUE_AUTO(fixed);
    int r;

    context = execution_context(input, body);
    r = fixed_parameters(input, context, &fixed, err);
    if (r < 0)
        return r;
    input->plans = xcalloc(value_list_count(matches) + 1, sizeof(*input->plans));
    input->rows = xcalloc(value_list_count(matches) + 1, sizeof(*input->rows));
    VALUE_LIST_EACH (i, given, matches) {
        r = plan_one(input, body, context, fixed, given, &input->plans[i], err);
        if (r != 0)
            return r;
        input->n++;
    }
    return 0;
}

/* ---- the answer, made in the worker pool: templates take their time ---- */

static value render_field(const char *field, value template, struct expr_context *scope)
{
    value rendered;
    ERROR_AUTO(err);

    if (expr_evaluate_value(template, EXPR_TEMPLATE, scope, &rendered, &err) == 0)
        return rendered;
    return value_textf("Cannot render \"%s\" in field \"ack\" for alias. %s", field, error_text(&err));
}

static value result_of(struct alias_input *input, size_t i)
{
    value result = value_map_new(4), ack = value_map_get(input->alias, "ack"), part;
    struct expr_context scope = { .now_us = clock_now_us() };
    VALUE_AUTO(variables);

    value_map_put(&result, "execution", execution_document(input->api, &input->rows[i], input->show_secrets));
    value_map_put(&result, "actionalias", api_without_nulls(value_ref(input->alias)));
    variables = value_ref(result);
    scope.variables = variables;
    part = value_map_get(ack, "format");
    if (value_is_string(part) && value_len(part))
        value_map_put(&result, "message", render_field("format", part, &scope));
    part = value_map_get(ack, "extra");
    if (value_map_count(part))
        value_map_put(&result, "extra", render_field("extra", part, &scope));
    return result;
}

static void answer(void *data)
{
    struct alias_input *input = data;
    VALUE_AUTO(body);

    if (input->many) {
        value results = value_list_new(input->n);

        for (size_t i = 0; i < input->n; i++)
            value_list_append(&results, result_of(input, i));
        body = value_map_new(1);
        value_map_put(&body, "results", results);
    } else {
        body = result_of(input, 0);
    }
    http_respond_value(input->request, 201, body);
    alias_input_free(input);
}

static int apply(struct engine *engine, struct input *base, struct error *err)
{
    struct alias_input *input = (struct alias_input *)base;
    int r = 0;

    for (size_t i = 0; r == 0 && i < input->n; i++)
        r = execution_accept(engine, &input->plans[i], &input->rows[i], err);
    return r;
}

static void done(struct input *base, int r, const struct error *err)
{
    struct alias_input *input = (struct alias_input *)base;

    if (r < 0) {
        api_store_failed(input->request, r, err);
        alias_input_free(input);
        return;
    }
    io_work(input->api->config.io, answer, input);
}

static const struct input_ops ops = { "alias execution", apply, done, false };

static bool wants_secrets(struct api *api, struct http_request *request, bool *ret)
{
    ERROR_AUTO(err);

    if (http_query_bool(request, "show_secrets", false, ret, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    *ret = (*ret && api_caller(request)->admin) || !api->config.settings->mask_secrets;
    return true;
}

/* Takes the alias; matches is borrowed. */
static void submit(struct api *api, struct http_request *request, value alias, value body, value matches,
                   bool many, bool secrets)
{
    struct alias_input *input = xcalloc(1, sizeof(*input));
    ERROR_AUTO(err);

    *input = (struct alias_input){
        .input.ops = &ops,
        .api = api,
        .request = request,
        .alias = alias,
        .user = xstrdup(api_caller(request)->user),
        .show_secrets = secrets,
        .many = many,
    };
    if (plan_all(input, body, matches, &err) != 0) {
        alias_input_free(input);
        http_respond_error(request, 400, &err);
        return;
    }
    http_suspend(request);
    engine_loop_post(api->config.loop, &input->input);
}

/* ---- handlers ---- */

/* By name alone, across packs; unset: answered. */
static value find_alias(struct api *api, struct http_request *request, const char *name)
{
    VALUE_AUTO(all);

    all = catalog_list(api->config.catalog, OBJECT_ALIAS);
    VALUE_LIST_EACH (i, alias, all) {
        if (!value_text_is(value_map_get(alias, "name"), name))
            continue;
        if (value_map_bool(alias, "enabled", true))
            return value_ref(alias);
        http_respond_fault(request, 400, "Action alias with name \"%s\" is disabled.", name);
        return VALUE_NOTHING;
    }
    http_respond_fault(request, 404, "Unable to find the ActionAliasDB instance. {'name': '%s'}", name);
    return VALUE_NOTHING;
}

static bool has_format(value alias, const char *format)
{
    VALUE_AUTO(formats);

    formats = alias_formats(alias);
    VALUE_LIST_EACH (i, one, formats) {
        if (value_text_is(value_map_get(one, "representation"), format))
            return true;
    }
    return false;
}

static void execute(struct http_request *request, void *owner)
{
    static const struct member members[] = {
        { "source_channel", VALUE_STRING, true },
        { "name", VALUE_STRING, true },
        { "format", VALUE_STRING, true },
        { "command", VALUE_STRING, true },
        { "user", VALUE_STRING, false },
        { "source_context", VALUE_MAP, false },
        { "notification_channel", VALUE_STRING, false },
        { "notification_route", VALUE_STRING, false },
        { NULL, VALUE_UNSET, false },
    };
    const char *format, *command;
    VALUE_AUTO(body);
    VALUE_AUTO(alias);
    VALUE_AUTO(matches);
    ERROR_AUTO(err);
    bool secrets;

    if (!wants_secrets(owner, request, &secrets) || !api_body_object(request, &body) ||
        !check_body(request, body, members))
        return;
    alias = find_alias(owner, request, value_map_chars(body, "name"));
    if (!value_is_set(alias))
        return;
    format = value_map_chars(body, "format");
    command = value_map_chars(body, "command");
    if (!has_format(alias, format)) {
        http_respond_fault(request, 400, "Format string \"%s\" is not available on the alias \"%s\"", format,
                           value_map_chars(alias, "name"));
        return;
    }
    if (alias_format_extract(format, command, false, &matches, &err) != 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    submit(owner, request, value_take(&alias), body, matches, false, secrets);
}

static void match_and_execute(struct http_request *request, void *owner)
{
    static const struct member members[] = {
        { "command", VALUE_STRING, true },
        { "user", VALUE_STRING, true },
        { "source_channel", VALUE_STRING, true },
        { "notification_channel", VALUE_STRING, false },
        { "notification_route", VALUE_STRING, false },
        { "source_context", VALUE_MAP, false },
        { NULL, VALUE_UNSET, false },
    };
    struct alias_match found;
    const char *command;
    VALUE_AUTO(body);
    VALUE_AUTO(matches);
    ERROR_AUTO(err);
    bool secrets;

    if (!wants_secrets(owner, request, &secrets) || !api_body_object(request, &body) ||
        !check_body(request, body, members))
        return;
    command = value_map_chars(body, "command");
    if (!alias_match_command(owner, command, &found, &err)) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (alias_format_extract(value_chars(found.representation), command, found.multiple, &matches, &err) != 0)
        http_respond_error(request, 400, &err);
    else
        submit(owner, request, value_ref(found.alias), body, matches, true, secrets);
    alias_match_release(&found);
}

static const struct http_parameter parameters[] = { { "show_secrets", HTTP_BOOLEAN }, { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "POST", HTTP_API, "/aliasexecution", execute, 0, parameters, NULL },
    { "POST", HTTP_API, "/aliasexecution/match_and_execute", match_and_execute, 0, parameters, NULL },
};

const struct api_routes api_alias_execution_routes = { routes, ELEMENTS(routes) };
