/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML reader lets duplicate and merge keys pass, as most YAML does; so they are looked for in the event stream
   before the reader makes values of the text. */
#include "workflow/definition.h"

#include <stdlib.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "value/yaml.h"

struct level {
    bool mapping, at_key;
    struct strmap keys;
};

struct scan {
    struct level levels[YAML_DEPTH_MAX + 1];
    size_t depth;
    struct error *err;
};

#define REASON "Failed to load workflow definition because "

/* The node that begins at this event was the key or the item of what encloses it. */
static void scan_step(struct scan *scan)
{
    struct level *level = &scan->levels[scan->depth];

    if (level->mapping)
        level->at_key = !level->at_key;
}

static int scan_enter(struct scan *scan, bool mapping)
{
    scan_step(scan);
    if (scan->depth == YAML_DEPTH_MAX)
        return error_set_kind(scan->err, -EINVAL, "ValueError", REASON "it is nested deeper than %d levels.",
                              YAML_DEPTH_MAX);
    scan->levels[++scan->depth] = (struct level){ .mapping = mapping, .at_key = mapping };
    return 0;
}

static int scan_scalar(struct scan *scan, const yaml_event_t *event)
{
    struct level *level = &scan->levels[scan->depth];
    const char *text = (const char *)event->data.scalar.value;
    size_t n = event->data.scalar.length;
    bool key = level->mapping && level->at_key;

    if (n == 2 && memcmp(text, "<<", 2) == 0 && event->data.scalar.plain_implicit)
        return error_set_kind(scan->err, -EINVAL, "ValueError",
                              REASON "could not determine a constructor for the tag 'tag:yaml.org,2002:merge'\n"
                                     "  in \"<unicode string>\", line %zu, column %zu.",
                              event->start_mark.line + 1, event->start_mark.column + 1);
    if (key && strmap_set_n(&level->keys, text, n, level))
        return error_set_kind(scan->err, -EINVAL, "ValueError", REASON "found duplicate key \"%.*s\".", (int)n, text);
    scan_step(scan);
    return 0;
}

static int scan_event(struct scan *scan, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return scan_scalar(scan, event);
    case YAML_ALIAS_EVENT:
        scan_step(scan);
        return 0;
    case YAML_MAPPING_START_EVENT:
        return scan_enter(scan, true);
    case YAML_SEQUENCE_START_EVENT:
        return scan_enter(scan, false);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        strmap_release(&scan->levels[scan->depth--].keys);
        return 0;
    default:
        return 0;
    }
}

/* 0 also when the text does not parse: the reader then says why. */
static int definition_scan(const char *text, size_t n, struct error *err)
{
    struct scan *scan = xcalloc(1, sizeof(*scan));
    yaml_parser_t parser;
    bool more = true;
    int r = 0;

    scan->err = err;
    if (!yaml_parser_initialize(&parser)) {
        free(scan);
        return error_set(err, -ENOMEM, "cannot make a YAML parser");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    while (more && r == 0) {
        yaml_event_t event;

        if (!yaml_parser_parse(&parser, &event))
            break;
        more = event.type != YAML_STREAM_END_EVENT;
        r = scan_event(scan, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    while (scan->depth)
        strmap_release(&scan->levels[scan->depth--].keys);
    free(scan);
    return r;
}

int definition_read(const char *text, size_t n, value *ret, struct error *err)
{
    ERROR_AUTO(reason);
    int r;

    if (n > DEFINITION_BYTES_MAX)
        return error_set_kind(err, -E2BIG, "ValueError", REASON "it is longer than %d bytes.", DEFINITION_BYTES_MAX);
    r = definition_scan(text, n, err);
    if (r < 0)
        return r;
    r = yaml_read(text, n, ret, &reason);
    if (r < 0) {
        error_set_kind(err, r, "ValueError", REASON "%s.", error_text(&reason));
        if (err) {
            err->line = reason.line;
            err->column = reason.column;
        }
    }
    return r;
}
