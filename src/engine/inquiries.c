/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inquiries.h"

#include <string.h>

#include "engine-internal.h"
#include "engine/triggers.h"
#include "engine/workflows.h"
#include "value/schema.h"

#define TTL_MAX_MINUTES (INT64_C(100) * 366 * 24 * 60)

bool inquiry_is(const struct execution_row *row)
{
    return value_text_is(value_map_get(row->runner, "name"), "inquirer");
}

int inquiry_check(const struct execution_row *row, const char *id, struct error *err)
{
    if (!inquiry_is(row))
        return error_set(err, INQUIRY_NONE, "Action execution \"%s\" is not an inquiry.", id);
    if (row->status == EXECUTION_TIMEOUT)
        return error_set(err, INQUIRY_TIMED_OUT, "Inquiry \"%s\" timed out and cannot be responded to.", id);
    if (row->status != EXECUTION_PENDING)
        return error_set(err, INQUIRY_ANSWERED, "Inquiry \"%s\" has already been responded to.", id);
    return 0;
}

bool inquiry_permits(const struct execution_row *row, const char *user)
{
    value users = value_map_get(row->result, "users");
    bool permitted = value_list_count(users) == 0;

    VALUE_LIST_EACH (i, name, users) {
        permitted |= value_text_is(name, user);
    }
    return permitted;
}

int inquiry_check_response(const struct execution_row *row, value response, struct error *err)
{
    return schema_validate(value_map_get(row->result, "schema"), response, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS,
                           NULL, err);
}

int inquiry_opened(struct engine *engine, struct execution *x, struct error *err)
{
    static const char trigger[] = "core.st2.generic.inquiry";
    int64_t ttl = value_map_int(x->row.result, "ttl", 0);
    char id[OBJECT_ID_SIZE];
    VALUE_AUTO(payload);
    int r;

    if (ttl > 0 && ttl < TTL_MAX_MINUTES)
        execution_set_due(engine, x, x->row.start_us + ttl * 60000000);
    engine_format_id(engine, x->row.seq, id);
    payload = value_map_new(2);
    value_map_put(&payload, "id", value_text(id));
    value_map_put(&payload, "route", value_ref(value_map_get(x->row.result, "route")));
    r = trigger_dispatch(engine, trigger, payload, NULL, x->row.trace, NULL, err);
    return r < 0 ? r : 0;
}

/* The workflow that waits goes on first, so that it is under way when its task ends. */
static int resume_parent(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct execution *parent;
    int r;

    if (!x->row.parent)
        return 0;
    r = execution_find(engine, x->row.parent, &parent, err);
    if (r == 0 && workflow_conducts(parent) &&
        (parent->row.status == EXECUTION_PAUSED || parent->row.status == EXECUTION_PAUSING))
        r = workflow_resume(engine, parent, user, err);
    return r < 0 ? r : 0;
}

int inquiry_respond(struct engine *engine, int64_t seq, const char *id, value response, const char *user,
                    struct error *err)
{
    struct outcome outcome = { .status = EXECUTION_SUCCEEDED };
    struct execution *x;
    int r = execution_find(engine, seq, &x, err);

    if (r == 0)
        r = inquiry_check(&x->row, id, err);
    if (r == 0)
        r = resume_parent(engine, x, user, err);
    if (r != 0)
        return r;
    outcome.result = value_ref(x->row.result);
    value_map_put(&outcome.result, "response", value_ref(response));
    return execution_complete(engine, x, &outcome, err);
}

int inquiry_timeout(struct engine *engine, struct execution *x, struct error *err)
{
    struct outcome outcome = { .status = EXECUTION_TIMEOUT };
    const char *user = engine->config.system_user;
    int r = resume_parent(engine, x, user ? user : "", err);

    if (r < 0)
        return r;
    outcome.result = value_ref(x->row.result);
    return execution_complete(engine, x, &outcome, err);
}
