/* SPDX-License-Identifier: Apache-2.0 */
/* How fast expressions are compiled and evaluated: the half of bench/expr.py that is ours. The first line of its
   input is a map of variables, each further one a request, {"text", "mode", "measure", "ms"}, which it answers with a line of
   JSON: how often a second, and for an evaluation what came of it. Evaluations go through the cache of compiled texts, as
   the product's do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "expr/expr.h"
#include "expr/jinja/jinja.h"
#include "expr/yaql/yaql.h"
#include "value/json.h"

struct job {
    const char *text;
    size_t n;
    enum expr_mode mode;
    const struct expr_context *context;
    value result; /* of an evaluation */
    size_t bytes; /* of what was compiled */
};

static int evaluate(struct job *job, struct error *err)
{
    value v = VALUE_NOTHING;

    if (expr_evaluate_text(job->text, job->n, job->mode, job->context, &v, err) < 0)
        return -1;
    value_replace(&job->result, v);
    return 0;
}

static int compile_jinja(struct job *job, struct error *err)
{
    struct jinja *jinja;

    if (jinja_compile_expression(job->text, job->n, JINJA_STRICT | JINJA_ORQUESTA, &jinja, err) < 0)
        return -1;
    job->bytes = jinja_bytes(jinja);
    jinja_free(jinja);
    return 0;
}

static int compile_yaql(struct job *job, struct error *err)
{
    struct yaql *yaql;

    if (yaql_compile(job->text, job->n, &yaql, err) < 0)
        return -1;
    job->bytes = yaql_size(yaql);
    yaql_free(yaql);
    return 0;
}

static const struct {
    const char *name;
    int (*once)(struct job *job, struct error *err);
} measures[] = {
    { "evaluate", evaluate },
    { "compile jinja", compile_jinja },
    { "compile yaql", compile_yaql },
};

/* Time of the processor, so that what else runs on the machine counts little. */
static int64_t spent_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int run(struct job *job, int (*once)(struct job *job, struct error *err), int64_t span_us,
               value *ret_answer, struct error *err)
{
    int64_t start = spent_us(), spent;
    uint64_t n = 0, batch = 1;

    do {
        for (uint64_t i = 0; i < batch; i++)
            if (once(job, err) < 0)
                return -1;
        n += batch;
        spent = spent_us() - start;
        /* The clock is read seldom where one turn is short. */
        if (spent < span_us / 20)
            batch *= 2;
    } while (spent < span_us);
    *ret_answer = value_map_new(3);
    value_map_put(ret_answer, "per_second", value_float((double)n * 1e6 / (double)spent));
    value_map_put(ret_answer, "bytes", value_int((int64_t)job->bytes));
    if (value_is_set(job->result))
        value_map_put(ret_answer, "result", value_take(&job->result));
    return 0;
}

static int answer(const char *line, size_t n, const struct expr_context *context, struct error *err)
{
    VALUE_AUTO(request);
    VALUE_AUTO(reply);
    BUFFER_AUTO(out);
    struct job job = { .context = context };
    const char *mode, *measure;
    int r = -1;

    if (json_read(line, n, 0, &request, err) < 0)
        return -1;
    job.text = value_map_chars(request, "text");
    mode = value_map_chars(request, "mode");
    measure = value_map_chars(request, "measure");
    if (!job.text || !measure)
        return error_set(err, -EINVAL, "a request has a text and a measure");
    job.n = strlen(job.text);
    job.mode = mode && strcmp(mode, "template") == 0 ? EXPR_TEMPLATE : EXPR_ORQUESTA;
    for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++)
        if (strcmp(measures[i].name, measure) == 0)
            r = run(&job, measures[i].once, value_map_int(request, "ms", 100) * 1000, &reply, err);
    value_unref(job.result);
    if (r < 0)
        return r;
    json_write(&out, reply, JSON_COMPACT);
    puts(buffer_text(&out));
    return 0;
}

int main(void)
{
    ERROR_AUTO(err);
    VALUE_AUTO(variables);
    struct expr_context context = { 0 };
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, stdin);
    int r = n > 0 ? json_read(line, (size_t)n, 0, &variables, &err) : -1;

    context.variables = variables;
    while (r >= 0 && (n = getline(&line, &room, stdin)) > 0) {
        r = answer(line, (size_t)n, &context, &err);
        fflush(stdout);
    }
    if (r < 0)
        fprintf(stderr, "bench-expr: %s\n", error_text(&err));
    free(line);
    expr_cache_clear();
    return r < 0;
}
