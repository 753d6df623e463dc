/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/trial.h"

#include <string.h>

#include "base/limit.h"
#include "base/mem.h"
#include "expr/expr-internal.h"

#define VALUE_WEIGHT 16 /* bytes that a value counts beside its text */

static const struct {
    const char *name;
    enum expr_mode mode;
} modes[] = {
    { "orquesta", EXPR_ORQUESTA },
    { "template", EXPR_TEMPLATE },
    { "template-lax", EXPR_TEMPLATE_LAX },
};

int expr_mode_from_name(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(modes); i++)
        if (strcmp(modes[i].name, name) == 0)
            return (int)modes[i].mode;
    return -1;
}

const char *expr_language(const char *text, size_t n, enum expr_mode mode)
{
    if (!expr_has_expression(text, n, mode))
        return "none";
    if (mode != EXPR_ORQUESTA || !memmem(text, n, "<%", 2))
        return "jinja";
    /* Where both are, Jinja wins, as in the facade. */
    return expr_has_expression(text, n, EXPR_TEMPLATE) && !(n > 2 && memcmp(text, "<%", 2) == 0) ? "jinja"
                                                                                                 : "yaql";
}

/* Takes the steps, gives them within their bounds. */
static value steps_bounded(value steps)
{
    value bounded = value_list_new(value_list_count(steps));
    size_t left = TRIAL_STEPS_MAX;

    VALUE_LIST_EACH (i, step, steps) {
        size_t room = left < TRIAL_STEP_MAX ? left : TRIAL_STEP_MAX, before = room;
        value copy = value_ref(step);

        if (expr_fits(value_map_get(step, "value"), VALUE_WEIGHT, &room) &&
            expr_fits(value_map_get(step, "expression"), VALUE_WEIGHT, &room)) {
            left -= before - room;
        } else {
            value text = value_map_get(step, "expression");

            if (value_len(text) > 200)
                value_map_put(&copy, "expression", value_text_n("...", 3));
            value_map_remove(&copy, "value");
            value_map_put(&copy, "omitted", value_bool(true));
        }
        value_list_append(&bounded, copy);
    }
    value_unref(steps);
    return bounded;
}

int expr_try(const char *text, size_t n, enum expr_mode mode, const struct expr_context *context,
             bool explain, value *ret, struct error *err)
{
    CLEANUP(expr_freep)
    struct expr *expr = NULL;
    VALUE_AUTO(result);
    VALUE_AUTO(steps);
    size_t room = TRIAL_RESULT_MAX;
    value v;
    int r = expr_compile(text, n, mode, &expr, err);

    if (r == 0)
        r = explain ? expr_explain(expr, context, &result, &steps, err)
                    : expr_evaluate(expr, context, &result, err);
    if (r < 0)
        return r;
    if (!expr_fits(result, VALUE_WEIGHT, &room))
        return limit_exceeded(err, LIMIT_RESULT, TRIAL_RESULT_MAX);
    v = value_map_new(3);
    value_map_put(&v, "result", value_is_set(result) ? value_ref(result) : value_null());
    value_map_put(&v, "type", value_text(value_is_set(result) ? value_kind_name(result) : "null"));
    if (explain)
        value_map_put(&v, "steps", steps_bounded(value_take(&steps)));
    *ret = v;
    return 0;
}

value expr_try_failure(const char *text, size_t n, enum expr_mode mode, const struct error *err)
{
    value v = value_map_new(6), expression = value_text_checked(text, n);

    value_map_put(&v, "class", value_text(err->kind ? err->kind : "ValueError"));
    value_map_put(&v, "message", value_text(error_text(err)));
    if (err->hint)
        value_map_put(&v, "hint", value_text_checked(err->hint, strlen(err->hint)));
    value_map_put(&v, "language", value_text(expr_language(text, n, mode)));
    value_map_put(&v, "expression", value_is_set(expression) ? expression : value_text(""));
    value_map_put(&v, "line", value_int(err->line ? err->line : 1));
    value_map_put(&v, "column", value_int(err->column ? err->column : 1));
    return v;
}
