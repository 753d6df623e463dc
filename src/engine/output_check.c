/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/output_check.h"

#include "base/log.h"
#include "store/store.h"
#include "value/schema.h"

/* A schema without a type is none: older actions describe their output with a mere map of properties. */
static int check(value schema, value output, const char *action, struct error *err)
{
    if (!value_map_count(schema))
        return 0;
    if (!value_map_has(schema, "type")) {
        log_warning("the output schema of %s has no type, ignoring", action);
        return 0;
    }
    return schema_validate(schema, output, SCHEMA_PARAMETERS, 0, NULL, err);
}

static int check_both(const struct execution_row *row, value result, const char *key, struct error *err)
{
    const char *action = value_map_chars(row->action, "ref");
    int r = check(value_map_get(row->runner, "output_schema"), result, action, err);

    return r < 0
               ? r
               : check(value_map_get(row->action, "output_schema"), value_map_get(result, key), action, err);
}

/* What is wrong, told of the result as everybody may see it: a message holds the values it is about. Owned. */
static value account(const struct execution_row *row, value result, const char *key)
{
    VALUE_AUTO(shown);
    ERROR_AUTO(reason);

    shown = value_ref(result);
    value_map_set_text(
        &shown, key,
        schema_mask_output(value_map_get(row->action, "output_schema"), value_map_get(result, key)));
    if (check_both(row, shown, key, &reason) < 0)
        return value_text(error_detail(&reason));
    return value_text("A secret part of the output does not follow its schema.");
}

void output_check(const struct execution_row *row, struct outcome *outcome)
{
    const char *key = value_map_chars(row->runner, "output_key");
    value result;

    /* Runners without a key give what the system gives, and no action can say what that is. */
    if (outcome->status != EXECUTION_SUCCEEDED || !key || !value_map_has(outcome->result, key) ||
        check_both(row, outcome->result, key, NULL) == 0)
        return;
    result = value_map_new(2);
    value_map_put(&result, "error", account(row, outcome->result, key));
    value_map_put(&result, "message",
                  value_text("Error validating output. See error output for more details."));
    value_replace(&outcome->result, result);
    outcome->status = EXECUTION_FAILED;
}
