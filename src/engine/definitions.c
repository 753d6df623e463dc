/* SPDX-License-Identifier: Apache-2.0 */
/* The cache is bounded in texts and bytes and dropped whole when it is full: what runs holds its definitions itself. */
#include "engine/definitions.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/utf8.h"
#include "model/parameters.h"
#include "workflow/inspect.h"

#define CACHE_TEXTS 512
#define CACHE_BYTES (64 << 20)

struct definitions {
    pthread_mutex_t lock;
    struct strmap by_text;
    size_t bytes;
};

struct definition *definition_ref(struct definition *definition)
{
    definition->refs++;
    return definition;
}

void definition_unref(struct definition *definition)
{
    if (!definition || --definition->refs > 0)
        return;
    value_unref(definition->document);
    value_unref(definition->findings);
    workflow_graph_free(definition->graph);
    workflow_spec_free(definition->spec);
    free(definition->failure);
    free(definition);
}

void definition_unrefp(struct definition **definition)
{
    definition_unref(*definition);
}

struct definitions *definitions_new(void)
{
    struct definitions *definitions = xcalloc(1, sizeof(*definitions));

    pthread_mutex_init(&definitions->lock, NULL);
    return definitions;
}

static void drop_all(struct definitions *definitions)
{
    size_t at = 0;
    void *item;

    while (strmap_next(&definitions->by_text, &at, NULL, &item))
        definition_unref(item);
    strmap_release(&definitions->by_text);
    definitions->bytes = 0;
}

void definitions_free(struct definitions *definitions)
{
    if (!definitions)
        return;
    drop_all(definitions);
    pthread_mutex_destroy(&definitions->lock);
    free(definitions);
}

static struct definition *definition_failed(const char *text)
{
    struct definition *definition = xcalloc(1, sizeof(*definition));

    definition->refs = 1;
    definition->failure = xstrdup(text);
    return definition;
}

value definition_given_names(void)
{
    value context = value_map_new(2);

    value_map_put(&context, "st2", value_null());
    value_map_put(&context, "parent", value_null());
    return context;
}

static struct definition *definition_load(const char *text, size_t n)
{
    struct definition *definition = xcalloc(1, sizeof(*definition));
    ERROR_AUTO(err);
    VALUE_AUTO(context);

    definition->refs = 1;
    definition->document = value_map_new(1);
    value_map_put(&definition->document, "text", value_text_n(text, n));
    context = definition_given_names();
    if (workflow_spec_load_text(text, n, SPEC_EXTENSIONS, &definition->spec, &err) < 0 ||
        workflow_inspect(definition->spec, context, &definition->findings, &err) < 0) {
        definition->failure = xstrdup(error_text(&err));
        return definition;
    }
    if (value_map_count(definition->findings) == 0 &&
        workflow_graph_new(definition->spec, &definition->graph, &err) < 0)
        definition->failure = xstrdup(error_text(&err));
    return definition;
}

struct definition *definitions_get(struct definitions *definitions, const char *text, size_t n)
{
    struct definition *definition, *before;

    if (n > SPEC_TEXT_MAX)
        return definition_failed("Failed to load workflow definition because it is too large.");
    if (!utf8_valid(text, n))
        return definition_failed("Failed to load workflow definition because it is no UTF-8 text.");
    pthread_mutex_lock(&definitions->lock);
    definition = strmap_get_n(&definitions->by_text, text, n);
    if (definition)
        definition_ref(definition);
    pthread_mutex_unlock(&definitions->lock);
    if (definition)
        return definition;
    definition = definition_load(text, n);
    pthread_mutex_lock(&definitions->lock);
    if (definitions->by_text.count >= CACHE_TEXTS || definitions->bytes + n > CACHE_BYTES)
        drop_all(definitions);
    before = strmap_set_n(&definitions->by_text, text, n, definition_ref(definition));
    if (!before)
        definitions->bytes += n;
    pthread_mutex_unlock(&definitions->lock);
    definition_unref(before);
    return definition;
}

int definition_read_text(const char *path, size_t max, struct buffer *ret, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    ssize_t got = -1;
    int reason;

    if (fd >= 0 && fstat(fd, &info) == 0) {
        errno = EINVAL;
        while (S_ISREG(info.st_mode) && ret->len <= max) {
            buffer_reserve(ret, 65536);
            got = read(fd, ret->data + ret->len, 65536);
            if (got <= 0)
                break;
            ret->len += (size_t)got;
            ret->data[ret->len] = '\0';
        }
    }
    reason = errno;
    if (fd >= 0)
        close(fd);
    return got < 0 ? error_set(err, -reason, "[Errno %d] %s: '%s'", reason, strerror(reason), path) : 0;
}

struct definition *definitions_read(struct definitions *definitions, const char *path)
{
    BUFFER_AUTO(text);
    ERROR_AUTO(reason);

    if (definition_read_text(path, SPEC_TEXT_MAX, &text, &reason) < 0)
        return definition_failed(error_text(&reason));
    return definitions_get(definitions, buffer_text(&text), text.len);
}

/* ---- what a definition asks of actions ---- */

#define TASK_SCHEMA "properties.tasks.patternProperties.^\\w+$.properties"

/* Takes message and path. */
static void content_finding(value *list, value message, value path, const char *schema_path)
{
    value finding = value_map_new(4);

    value_map_put(&finding, "type", value_text("content"));
    value_map_put(&finding, "message", message);
    value_map_put(&finding, "spec_path", path);
    value_map_put(&finding, "schema_path", value_text(schema_path));
    value_list_append(list, finding);
}

static void check_inputs(const struct spec_task *task, const char *ref, value action, value runner,
                         value *list)
{
    VALUE_AUTO(known);

    /* An expression gives the inputs when it runs; what is no map has its finding of syntax. */
    if (!value_is_null(task->input_value) && !value_is_map(task->input_value))
        return;
    known = parameters_merged(action, runner);
    VALUE_MAP_EACH (i, known) {
        value name = value_map_key_at(known, i), definition = value_map_item_at(known, i);

        if (value_map_bool(definition, "required", false) && !value_map_has(definition, "default") &&
            !value_map_bool(definition, "immutable", false) &&
            !value_is_set(value_map_get_value(task->input_value, name)))
            content_finding(
                list, value_textf("Action \"%s\" is missing required input \"%s\".", ref, value_chars(name)),
                value_textf("tasks.%s.input", task->name), TASK_SCHEMA ".input");
    }
    VALUE_MAP_EACH (i, task->input_value) {
        value name = value_map_key_at(task->input_value, i);

        if (value_is_string(name) && !value_is_set(value_map_get_value(known, name)))
            content_finding(list,
                            value_textf("Action \"%s\" has unexpected input \"%s\".", ref, value_chars(name)),
                            value_textf("tasks.%s.input.%s", task->name, value_chars(name)),
                            TASK_SCHEMA ".input.patternProperties.^\\w+$");
    }
}

static void check_action(const struct spec_task *task, struct catalog *catalog, value *list)
{
    const char *ref = value_chars(task->action_value), *dot, *runner_name;
    VALUE_AUTO(action);
    VALUE_AUTO(runner);

    if (!ref || !*ref || expr_has_expression(ref, value_len(task->action_value), EXPR_ORQUESTA))
        return;
    dot = strchr(ref, '.');
    if (!dot || dot == ref || !dot[1]) {
        content_finding(list, value_textf("The action reference \"%s\" is not formatted correctly.", ref),
                        value_textf("tasks.%s.action", task->name), TASK_SCHEMA ".action");
        return;
    }
    action = catalog_by_ref(catalog, OBJECT_ACTION, ref);
    if (!value_is_set(action)) {
        content_finding(list, value_textf("The action \"%s\" is not registered in the database.", ref),
                        value_textf("tasks.%s.action", task->name), TASK_SCHEMA ".action");
        return;
    }
    runner_name = value_map_chars(action, "runner_type");
    runner = catalog_by_ref(catalog, OBJECT_RUNNER_TYPE, runner_name ? runner_name : "");
    /* An input that is one expression is known only when it is evaluated. */
    if (!value_is_string(task->input_value))
        check_inputs(task, ref, action, runner, list);
}

value definition_content_findings(const struct workflow_spec *spec, struct catalog *catalog)
{
    value list = value_list_new(0);

    for (size_t i = 0; i < spec->n_tasks; i++)
        check_action(&spec->tasks[i], catalog, &list);
    return list;
}

value definition_findings(const struct definition *definition, struct catalog *catalog)
{
    return workflow_inspection_list(value_ref(definition->findings),
                                    definition_content_findings(definition->spec, catalog));
}
