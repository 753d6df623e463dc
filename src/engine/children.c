/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/children.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/chains.h"
#include "engine/executions.h"
#include "engine/workflows.h"
#include "io/process.h"

struct children {
    struct io *io;
    bool stream_output;
    pthread_mutex_t lock;
    struct engine_loop *loop;
    struct run **early; /* started before there was a loop to tell of their ends */
    size_t n_early, early_room;
};

struct child {
    struct children *children;
    struct run *run;
    const struct runner_ops *runner;
};

struct children *children_new(struct io *io, bool stream_output)
{
    struct children *children = xcalloc(1, sizeof(*children));

    *children = (struct children){ .io = io, .stream_output = stream_output };
    pthread_mutex_init(&children->lock, NULL);
    return children;
}

void children_set_loop(struct children *children, struct engine_loop *loop)
{
    struct run **early;
    size_t n;

    pthread_mutex_lock(&children->lock);
    children->loop = loop;
    early = children->early;
    n = children->n_early;
    children->early = NULL;
    children->n_early = children->early_room = 0;
    pthread_mutex_unlock(&children->lock);
    for (size_t i = 0; i < n; i++)
        children_start(children, early[i]);
    free(early);
}

void children_free(struct children *children)
{
    if (!children)
        return;
    for (size_t i = 0; i < children->n_early; i++)
        run_free(children->early[i]);
    free(children->early);
    pthread_mutex_destroy(&children->lock);
    free(children);
}

/* ---- inputs ---- */

struct ended_input {
    struct input input;
    int64_t seq;
    struct outcome outcome;
};

static int apply_ended(struct engine *engine, struct input *base, struct error *err)
{
    struct ended_input *input = (struct ended_input *)base;
    struct outcome outcome = { input->outcome.status, value_ref(input->outcome.result) };

    return execution_ended(engine, input->seq, &outcome, err);
}

static void done_ended(struct input *base, int r, const struct error *err)
{
    struct ended_input *input = (struct ended_input *)base;

    value_unref(input->outcome.result);
    free(input);
}

static const struct input_ops ended_ops = { "child ended", apply_ended, done_ended, true };

struct output_input {
    struct input input;
    int64_t seq;
    const char *type;
    size_t n;
    char text[];
};

static int apply_output(struct engine *engine, struct input *base, struct error *err)
{
    struct output_input *input = (struct output_input *)base;

    return execution_output(engine, input->seq, input->type, input->text, input->n, err);
}

static void done_output(struct input *base, int r, const struct error *err)
{
    free(base);
}

static const struct input_ops output_ops = { "child output", apply_output, done_output, true };

/* ---- on the I/O thread ---- */

static void post_end(struct children *children, int64_t seq, const struct outcome *outcome)
{
    struct ended_input *input = xcalloc(1, sizeof(*input));

    *input = (struct ended_input){ .input.ops = &ended_ops, .seq = seq, .outcome = *outcome };
    engine_loop_post(children->loop, &input->input);
}

static void on_output(void *data, enum process_stream stream, const char *text, size_t n)
{
    struct child *child = data;
    struct output_input *input = xmalloc(sizeof(*input) + n);

    *input = (struct output_input){ .input.ops = &output_ops,
                                    .seq = child->run->seq,
                                    .type = stream == PROCESS_STDOUT ? "stdout" : "stderr",
                                    .n = n };
    memcpy(input->text, text, n);
    engine_loop_post(child->children->loop, &input->input);
}

static void on_ended(void *data, struct process_end *end)
{
    struct child *child = data;
    struct outcome outcome;

    child->runner->finish(child->run, end, &outcome);
    post_end(child->children, child->run->seq, &outcome);
    run_free(child->run);
    free(child);
}

/* Preparing looks at the disk, so it is done here and not in the engine. */
static void prepare(struct io *io, void *data)
{
    struct child *child = data;
    struct process_spec spec = { 0 };
    struct process_callbacks callbacks = { .ended = on_ended };
    struct outcome outcome;
    ERROR_AUTO(err);

    if (child->runner->prepare(child->run, &spec, &err) < 0) {
        process_spec_release(&spec);
        outcome_failed(&outcome, error_text(&err));
        post_end(child->children, child->run->seq, &outcome);
        run_free(child->run);
        free(child);
        return;
    }
    if (child->children->stream_output)
        callbacks.output = on_output;
    io_process_start(io, child->run->seq, &spec, child->run->output_limit, &callbacks, child);
}

/* ---- workflows: their definition is read and inspected in the worker pool ---- */

struct conduct_input {
    struct input input;
    struct children *children;
    struct run *run;
    struct definition *definition; /* of a workflow */
    struct chain_spec *chain;      /* of an action chain; NULL: refused */
    struct error refusal;
};

static int apply_conduct(struct engine *engine, struct input *base, struct error *err)
{
    struct conduct_input *input = (struct conduct_input *)base;

    if (input->definition)
        return workflow_begin(engine, input->run, input->definition, err);
    return chain_begin(engine, input->run, chain_spec_ref(input->chain), error_text(&input->refusal), err);
}

static void done_conduct(struct input *base, int r, const struct error *err)
{
    struct conduct_input *input = (struct conduct_input *)base;

    definition_unref(input->definition);
    chain_spec_unref(input->chain);
    error_release(&input->refusal);
    run_free(input->run);
    free(input);
}

static const struct input_ops conduct_ops = { "workflow definition", apply_conduct, done_conduct, true };

static void read_chain(const char *path, struct chain_spec **ret, struct error *refusal)
{
    BUFFER_AUTO(text);

    if (definition_read_text(path, CHAIN_TEXT_MAX, &text, refusal) < 0)
        error_prefix(refusal, 0, "The action chain cannot be read");
    else
        chain_spec_load(path, buffer_text(&text), text.len, ret, refusal);
}

static void read_definition(void *data)
{
    struct conduct_input *input = data;
    struct engine *engine = engine_loop_engine(input->children->loop);
    const char *path = input->run->entry_point ? input->run->entry_point : "";

    if (runner_find(value_map_chars(input->run->action, "runner_type"))->chained)
        read_chain(path, &input->chain, &input->refusal);
    else
        input->definition = definitions_read(engine_definitions(engine), path);
    engine_loop_post(input->children->loop, &input->input);
}

static void start_conducted(struct children *children, struct run *run)
{
    struct conduct_input *input = xcalloc(1, sizeof(*input));

    *input = (struct conduct_input){ .input.ops = &conduct_ops, .children = children, .run = run };
    io_work(children->io, read_definition, input);
}

void children_start(void *data, struct run *run)
{
    struct children *children = data;
    const char *name = value_map_chars(run->action, "runner_type");
    const struct runner_ops *runner = runner_find(name ? name : "");
    struct child *child;
    bool early;

    pthread_mutex_lock(&children->lock);
    early = !children->loop;
    if (early) {
        GROW(children->early, children->n_early, children->early_room);
        children->early[children->n_early++] = run;
    }
    pthread_mutex_unlock(&children->lock);
    if (early)
        return;
    if (runner->conducted) {
        start_conducted(children, run);
        return;
    }
    child = xcalloc(1, sizeof(*child));
    *child = (struct child){ .children = children, .run = run, .runner = runner };
    io_call(children->io, prepare, child);
}

/* A start takes two turns of the I/O thread, preparing and spawning. A stop takes two as well, so that it cannot overtake
   the start it follows. */
static void pass_stop(struct io *io, void *data)
{
    int64_t *seq = data;

    io_process_stop(io, *seq);
    free(seq);
}

void children_stop(void *data, int64_t seq)
{
    struct children *children = data;

    io_call(children->io, pass_stop, xmemdup(&seq, sizeof(seq)));
}
