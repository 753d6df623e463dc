/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/content_mistakes.h"

#include <inttypes.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "chain/spec.h"
#include "engine/definitions.h"
#include "runners/runner.h"
#include "workflow/inspect.h"

static size_t chain_check(const char *path, struct buffer *text)
{
    CLEANUP(chain_spec_unrefp)
    struct chain_spec *spec = NULL;
    ERROR_AUTO(err);

    if (chain_spec_load(path, buffer_text(text), text->len, &spec, &err) == 0)
        return 0;
    log_warning("%s: %s", path, error_text(&err));
    return 1;
}

static size_t workflow_check(const char *path, struct buffer *text, struct catalog *catalog)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    VALUE_AUTO(given);
    VALUE_AUTO(list);
    value findings;
    ERROR_AUTO(err);
    size_t n = 0;

    given = definition_given_names();
    if (workflow_spec_load_text(buffer_text(text), text->len, SPEC_EXTENSIONS, &spec, &err) < 0 ||
        workflow_inspect(spec, given, &findings, &err) < 0) {
        log_warning("%s: %s", path, error_text(&err));
        return 1;
    }
    list = workflow_inspection_list(findings, definition_content_findings(spec, catalog));
    if (value_list_count(list) > 0)
        value_replace(&list, workflow_inspection_placed(list, buffer_text(text), text->len));
    VALUE_LIST_EACH (i, finding, list) {
        if (n++ < CONTENT_MISTAKES_MAX)
            log_warning("%s:%" PRId64 ":%" PRId64 ": %s", path, value_map_int(finding, "line", 1),
                        value_map_int(finding, "column", 1), value_map_chars(finding, "message"));
    }
    return n;
}

static size_t action_check(const struct pack *pack, value action, struct catalog *catalog)
{
    const char *name = value_map_chars(action, "runner_type"),
               *entry_point = value_map_chars(action, "entry_point");
    const struct runner_ops *runner = runner_find(name ? name : "");
    CLEANUP(freep)
    char *path = NULL;
    BUFFER_AUTO(text);
    ERROR_AUTO(err);

    if (!runner || !runner->conducted || !entry_point)
        return 0;
    if (pack_entry_point(pack->path, "actions", entry_point, &path, &err) < 0 ||
        definition_read_text(path, SPEC_TEXT_MAX, &text, &err) < 0) {
        log_warning("%s.%s: %s", pack->name, value_map_chars(action, "name"), error_text(&err));
        return 1;
    }
    return runner->chained ? chain_check(path, &text) : workflow_check(path, &text, catalog);
}

void content_warn_of_mistakes(const struct pack *pack, struct catalog *catalog)
{
    size_t n = 0;

    VALUE_LIST_EACH (i, action, pack->objects[MODEL_ACTION]) {
        if (n < CONTENT_MISTAKES_MAX)
            n += action_check(pack, action, catalog);
    }
}
