/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/policies.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct policy {
    struct policy *next; /* in the order they were made */
    bool cancel;
    int64_t threshold;
    value attributes; /* list of names; unset: all executions of the action count */
};

/* An action with policies. */
struct line {
    struct policy *limits;
    value retry;           /* the policy's document; unset: none */
    struct strmap members; /* sequence numbers of what is scheduled or runs */
    int64_t *waiting;      /* in the order they came */
    size_t n_waiting, waiting_room;
    bool open; /* a place became free */
    struct line *next;
};

struct policies {
    uint64_t version;
    struct strmap by_action;
    struct line *lines;
    int64_t *stray; /* waited under policies that have changed */
    size_t n_stray, stray_room;
};

/* ---- memory ---- */

static bool counts(enum execution_status status)
{
    return status == EXECUTION_SCHEDULED || status == EXECUTION_RUNNING;
}

static void line_free(struct line *line)
{
    struct policy *next;

    for (struct policy *policy = line->limits; policy; policy = next) {
        next = policy->next;
        value_unref(policy->attributes);
        free(policy);
    }
    value_unref(line->retry);
    strmap_release(&line->members);
    free(line->waiting);
    free(line);
}

static void clear(struct policies *policies)
{
    struct line *next;

    for (struct line *line = policies->lines; line; line = next) {
        next = line->next;
        line_free(line);
    }
    policies->lines = NULL;
    strmap_release(&policies->by_action);
}

void policies_forget(struct engine *engine)
{
    struct policies *policies = engine->policies;

    if (!policies)
        return;
    clear(policies);
    free(policies->stray);
    free(policies);
    engine->policies = NULL;
}

static struct line *line_of(struct policies *policies, const char *action)
{
    struct line *line = strmap_get(&policies->by_action, action);

    if (line)
        return line;
    line = xcalloc(1, sizeof(*line));
    line->next = policies->lines;
    policies->lines = line;
    strmap_set(&policies->by_action, action, line);
    return line;
}

static void add_policy(struct policies *policies, value document)
{
    const char *action = value_map_chars(document, "resource_ref"),
               *type = value_map_chars(document, "policy_type");
    value parameters = value_map_get(document, "parameters"), attributes;
    struct policy **end, *policy;
    struct line *line;

    if (!action || !type || !value_map_bool(document, "enabled", true))
        return;
    if (strcmp(type, "action.retry") == 0) {
        line = line_of(policies, action);
        if (!value_is_set(line->retry))
            line->retry = value_ref(document);
        return;
    }
    if (strcmp(type, "action.concurrency") != 0 && strcmp(type, "action.concurrency.attr") != 0)
        return;
    line = line_of(policies, action);
    policy = xcalloc(1, sizeof(*policy));
    policy->threshold = value_map_int(parameters, "threshold", 1);
    policy->cancel = value_text_is(value_map_get(parameters, "action"), "cancel");
    attributes = value_map_get(parameters, "attributes");
    if (strcmp(type, "action.concurrency.attr") == 0)
        policy->attributes = value_is_list(attributes) ? value_ref(attributes) : value_list_new(0);
    for (end = &line->limits; *end; end = &(*end)->next)
        ;
    *end = policy;
}

static const char *action_of(const struct execution *x)
{
    const char *ref = value_map_chars(x->row.action, "ref");

    return ref ? ref : "";
}

/* Who waits without a time waits for a place. */
static bool stands_in_line(const struct execution *x)
{
    return x->row.status == EXECUTION_DELAYED && !x->row.due_us;
}

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void take_stock(struct engine *engine, struct policies *policies)
{
    size_t at = 0;
    void *item;

    policies->n_stray = 0;
    while (strmap_next(&engine->active, &at, NULL, &item)) {
        const struct execution *x = item;
        struct line *line = strmap_get(&policies->by_action, action_of(x));

        if (line && counts(x->row.status))
            strmap_set_n(&line->members, (const char *)&x->row.seq, sizeof(x->row.seq), line);
        if (stands_in_line(x)) {
            GROW(policies->stray, policies->n_stray, policies->stray_room);
            policies->stray[policies->n_stray++] = x->row.seq;
        }
    }
    if (policies->n_stray > 1)
        qsort(policies->stray, policies->n_stray, sizeof(policies->stray[0]), by_number);
}

static struct policies *policies_of(struct engine *engine)
{
    uint64_t version = catalog_version(engine->config.catalog, OBJECT_POLICY);
    struct policies *policies = engine->policies;
    VALUE_AUTO(documents);

    if (policies && policies->version == version)
        return policies;
    if (!policies)
        policies = engine->policies = xcalloc(1, sizeof(*policies));
    clear(policies);
    policies->version = version;
    documents = catalog_list(engine->config.catalog, OBJECT_POLICY);
    VALUE_LIST_EACH (i, document, documents) {
        add_policy(policies, document);
    }
    take_stock(engine, policies);
    return policies;
}

static struct line *find_line(struct engine *engine, const struct execution *x)
{
    struct policies *policies = policies_of(engine);

    return policies->lines ? strmap_get(&policies->by_action, action_of(x)) : NULL;
}

/* ---- before ---- */

static bool same_attributes(value attributes, const struct execution *x, const struct execution *other)
{
    VALUE_LIST_EACH (i, name, attributes) {
        value own = value_map_get_value(x->row.parameters, name);

        if (value_is_set(own) && !value_equal(own, value_map_get_value(other->row.parameters, name)))
            return false;
    }
    return true;
}

static int64_t under_way(struct engine *engine, const struct line *line, const struct policy *policy,
                         const struct execution *x)
{
    const char *key;
    int64_t n = 0;
    size_t at = 0;
    void *item;

    if (!value_is_set(policy->attributes))
        return (int64_t)line->members.count;
    while (n < policy->threshold && strmap_next(&line->members, &at, &key, &item)) {
        const struct execution *other = strmap_get_n(&engine->active, key, sizeof(int64_t));

        n += other && same_attributes(policy->attributes, x, other);
    }
    return n;
}

static void stand_in_line(struct line *line, int64_t seq)
{
    GROW(line->waiting, line->n_waiting, line->waiting_room);
    line->waiting[line->n_waiting++] = seq;
}

enum policy_verdict policies_admit(struct engine *engine, struct execution *x)
{
    struct line *line = find_line(engine, x);

    for (const struct policy *policy = line ? line->limits : NULL; policy; policy = policy->next) {
        if (under_way(engine, line, policy, x) < policy->threshold)
            continue;
        if (policy->cancel)
            return POLICY_CANCEL;
        stand_in_line(line, x->row.seq);
        return POLICY_WAIT;
    }
    return POLICY_GO;
}

void policies_moved(struct engine *engine, const struct execution *x, enum execution_status from)
{
    bool before = counts(from), after = counts(x->row.status);
    struct line *line = before != after ? find_line(engine, x) : NULL;

    if (!line)
        return;
    if (after) {
        strmap_set_n(&line->members, (const char *)&x->row.seq, sizeof(x->row.seq), line);
    } else {
        strmap_remove_n(&line->members, (const char *)&x->row.seq, sizeof(x->row.seq));
        line->open = line->n_waiting > 0;
    }
}

/* ---- letting go ---- */

/* Gone, ended or waiting for something else by now? */
static struct execution *still_waiting(struct engine *engine, int64_t seq)
{
    struct execution *x = strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq));

    return x && stands_in_line(x) ? x : NULL;
}

/* With limits that look at no attributes nobody behind one who waits can go. */
static bool strict(const struct line *line)
{
    for (const struct policy *policy = line->limits; policy; policy = policy->next)
        if (value_is_set(policy->attributes))
            return false;
    return true;
}

/* Those in front first; who cannot go stands in line again. */
static int release_line(struct engine *engine, struct line *line, struct error *err)
{
    int64_t *waiting = line->waiting;
    size_t n = line->n_waiting, i;
    bool blocked = false;
    int r = 0;

    line->waiting = NULL;
    line->n_waiting = line->waiting_room = 0;
    line->open = false;
    for (i = 0; r >= 0 && i < n; i++) {
        struct execution *x = still_waiting(engine, waiting[i]);

        if (!x)
            continue;
        if (blocked) {
            stand_in_line(line, waiting[i]);
            continue;
        }
        r = execution_schedule(engine, x, err);
        blocked = line->n_waiting && strict(line);
    }
    free(waiting);
    return r;
}

int policies_release(struct engine *engine, struct error *err)
{
    struct policies *policies = policies_of(engine);
    size_t n = policies->n_stray;
    int64_t *stray = policies->stray;
    int r = 0;

    policies->stray = NULL;
    policies->n_stray = policies->stray_room = 0;
    for (size_t i = 0; r >= 0 && i < n; i++) {
        struct execution *x = still_waiting(engine, stray[i]);

        if (x)
            r = execution_schedule(engine, x, err);
    }
    free(stray);
    for (struct line *line = policies->lines; r >= 0 && line; line = line->next)
        if (line->open)
            r = release_line(engine, line, err);
    return r;
}

bool policies_pending(const struct engine *engine)
{
    const struct policies *policies = engine->policies;

    if (!policies)
        return false;
    if (policies->n_stray)
        return true;
    for (const struct line *line = policies->lines; line; line = line->next)
        if (line->open ||
            (line->n_waiting && policies->version != catalog_version(engine->config.catalog, OBJECT_POLICY)))
            return true;
    return false;
}

/* ---- after ---- */

static value retry_context(struct engine *engine, const struct execution *x, value policy, int64_t count)
{
    value context = value_ref(x->row.context), policies = value_map_get(context, "policies"),
          retry = value_map_new(3);
    char id[OBJECT_ID_SIZE];

    policies = value_is_map(policies) ? value_ref(policies) : value_map_new(1);
    engine_format_id(engine, x->row.seq - 1, id);
    value_map_put(&retry, "applied_policy", value_ref(value_map_get(policy, "ref")));
    value_map_put(&retry, "retry_count", value_int(count));
    value_map_put(&retry, "retried_liveaction_id", value_text(id));
    value_map_put(&policies, "retry", retry);
    value_map_put(&context, "policies", policies);
    return context;
}

bool policies_retry(struct engine *engine, const struct execution *x, struct execution_plan *ret)
{
    struct line *line;
    value parameters, delay, notify;
    const char *wanted;
    int64_t count;

    if ((x->row.status != EXECUTION_FAILED && x->row.status != EXECUTION_TIMEOUT) || x->row.parent ||
        value_map_has(x->row.context, "parent"))
        return false;
    line = find_line(engine, x);
    if (!line || !value_is_set(line->retry))
        return false;
    parameters = value_map_get(line->retry, "parameters");
    wanted = value_map_chars(parameters, "retry_on");
    if (!wanted || strcmp(wanted, x->row.status == EXECUTION_FAILED ? "failure" : "timeout") != 0)
        return false;
    count = value_map_int(value_path(x->row.context, "policies.retry"), "retry_count", 0);
    if (count < 0 || count >= value_map_int(parameters, "max_retry_count", 2))
        return false;
    *ret = (struct execution_plan){ 0 };
    delay = value_map_get(parameters, "delay");
    ret->delay_ms = delay.kind == VALUE_FLOAT ? (int64_t)(delay.number * 1000)
                    : delay.kind == VALUE_INT ? delay.integer * 1000
                                              : 0;
    ret->row.action = value_ref(x->row.action);
    ret->row.runner = value_ref(x->row.runner);
    ret->row.parameters = value_ref(x->row.parameters);
    ret->row.context = retry_context(engine, x, line->retry, count + 1);
    ret->row.trace = x->row.trace;
    ret->row.more = value_map_new(1);
    notify = value_map_get(x->row.more, "notify");
    if (value_is_set(notify))
        value_map_put(&ret->row.more, "notify", value_ref(notify));
    return true;
}
