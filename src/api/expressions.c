/* SPDX-License-Identifier: Apache-2.0 */
/* /expressions/evaluate: an expression tried out, alone or against an execution. The datastore is not at hand here, and of
   an execution only what its masked document shows: an expression sees nothing that its author could not read anyway. */
#include <sys/random.h>

#include "api-internal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "execution_document.h"
#include "expr/trial.h"

#define EXPRESSION_SIZE_MAX (1 << 20)

struct trial {
    value expression, context;
    enum expr_mode mode;
    bool explain;
    const char *execution; /* an id, or NULL */
};

/* What the body asks for, borrowed from it. False: answered. */
static bool trial_read(struct http_request *request, value body, struct trial *ret)
{
    value mode = value_map_get(body, "mode"), explain = value_map_get(body, "explain"),
          execution = value_map_get(body, "execution");
    const char *fault = NULL;
    int number = EXPR_ORQUESTA;

    *ret = (struct trial){ .expression = value_map_get(body, "expression"),
                           .context = value_map_get(body, "context") };
    if (value_is_string(mode))
        number = expr_mode_from_name(value_chars(mode));
    if (!value_is_string(ret->expression))
        fault = "\"expression\" must be a string";
    else if (value_len(ret->expression) > EXPRESSION_SIZE_MAX)
        fault = "\"expression\" is longer than 1 MiB";
    else if (!value_is_null(ret->context) && !value_is_map(ret->context))
        fault = "\"context\" must be an object";
    else if ((!value_is_null(mode) && !value_is_string(mode)) || number < 0)
        fault = "\"mode\" must be one of orquesta, template, template-lax";
    else if (!value_is_null(explain) && explain.kind != VALUE_BOOL)
        fault = "\"explain\" must be a boolean";
    else if (!value_is_null(execution) && !value_is_string(execution))
        fault = "\"execution\" must be an id";
    if (fault) {
        http_respond_fault(request, 400, "%s", fault);
        return false;
    }
    ret->mode = (enum expr_mode)number;
    ret->explain = explain.kind == VALUE_BOOL && explain.boolean;
    ret->execution = value_chars(execution);
    return true;
}

/* The document of an execution, masked. False: answered. */
static bool execution_read(struct api *api, struct http_request *request, const char *id, value *ret)
{
    struct store_reader *reader = api_reader(api, request);
    struct execution_row row;
    ERROR_AUTO(err);
    int64_t seq;
    int r = STORE_NOT_FOUND;

    if (!reader)
        return false;
    if (api_parse_id(api, id, &seq))
        r = store_execution_get(reader, seq, EXECUTION_RESULT, &row, &err);
    if (r == STORE_NOT_FOUND) {
        http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".", id);
        return false;
    }
    if (r < 0) {
        api_store_failed(request, r, &err);
        return false;
    }
    *ret = execution_document(api, &row, false);
    execution_row_release(&row);
    return true;
}

/* The variables an expression sees of an execution: its parameters by their names, `result` and `status`, the whole as
   `execution`; templates have the parameters as `ctx` too. In orquesta's mode result() is its result. Owned. */
static value execution_variables(value document, enum expr_mode mode)
{
    value parameters = value_map_get(document, "parameters"), result = value_map_get(document, "result");
    value status = value_map_get(document, "status"), variables = value_map_new(8), task;

    parameters = value_is_map(parameters) ? value_ref(parameters) : value_map_new(0);
    result = value_is_set(result) ? result : value_null();
    status = value_is_set(status) ? status : value_null();
    value_map_put(&variables, "result", value_ref(result));
    value_map_put(&variables, "status", value_ref(status));
    value_map_update(&variables, parameters);
    value_map_put(&variables, "execution", value_ref(document));
    if (mode == EXPR_ORQUESTA) {
        task = value_map_new(3);
        value_map_put(&task, "id", value_text("execution"));
        value_map_put(&task, "route", value_int(0));
        value_map_put(&task, "result", value_ref(result));
        value_map_put(&variables, "__current_task", task);
    } else {
        value_map_put(&variables, "ctx", value_ref(parameters));
    }
    value_unref(parameters);
    return variables;
}

static void respond_failure(struct http_request *request, const struct trial *trial, const struct error *err)
{
    VALUE_AUTO(answer);

    answer = expr_try_failure(value_chars(trial->expression), value_len(trial->expression), trial->mode, err);
    value_map_put(&answer, "faultstring", value_text(error_text(err)));
    http_respond_value(request, 400, answer);
}

static void evaluate(struct http_request *request, void *owner)
{
    struct expr_context context = { .now_us = clock_now_us() };
    struct trial trial;
    VALUE_AUTO(body);
    VALUE_AUTO(document);
    VALUE_AUTO(variables);
    VALUE_AUTO(answer);
    ERROR_AUTO(err);

    if (!api_body_object(request, &body) || !trial_read(request, body, &trial))
        return;
    if (trial.execution && !execution_read(owner, request, trial.execution, &document))
        return;
    variables = value_is_set(document) ? execution_variables(document, trial.mode) : value_map_new(4);
    if (value_is_map(trial.context))
        value_map_update(&variables, trial.context);
    context.variables = variables;
    if (getrandom(&context.random_seed, sizeof(context.random_seed), GRND_NONBLOCK) < 0)
        context.random_seed = (uint64_t)context.now_us;
    if (expr_try(value_chars(trial.expression), value_len(trial.expression), trial.mode, &context,
                 trial.explain, &answer, &err) < 0)
        respond_failure(request, &trial, &err);
    else
        http_respond_value(request, 200, answer);
}

static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "POST", HTTP_API, "/expressions/evaluate", evaluate, 0, no_parameters, NULL },
};

const struct api_routes api_expression_routes = { routes, ELEMENTS(routes) };
