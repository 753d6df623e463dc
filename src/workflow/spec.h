/* SPDX-License-Identifier: Apache-2.0 */
/* A workflow definition, read once: its tasks by name, its transitions, its expressions compiled. Immutable once loaded,
   shared by every conductor that runs it. Loading is lenient as the language is: what has the wrong type is reported by
   inspection (workflow/inspect.h); only shapes that make no definition at all fail here. */
#ifndef FULMAR_WORKFLOW_SPEC_H
#define FULMAR_WORKFLOW_SPEC_H

#include "base/error.h"
#include "base/strmap.h"
#include "value/value.h"
#include "workflow/template.h"

#define SPEC_TEXT_MAX        (4 << 20)
#define SPEC_TASKS_MAX       12000
#define SPEC_TRANSITIONS_MAX 200000 /* names in all `do` lists together */

enum spec_flags {
    SPEC_EXTENSIONS =
        1
        << 0, /* accept the keys this server adds to the language: `timeout` of a task and of the workflow */
};

/* Names in `do` that are no tasks. They follow the tasks in spec->tasks, in this order. */
enum spec_command {
    COMMAND_CONTINUE,
    COMMAND_FAIL,
    COMMAND_NOOP,
    COMMAND_RETRY,
    COMMANDS,
    COMMAND_NONE = -1
};
const char *spec_command_name(enum spec_command command);
enum spec_command spec_command_from_name(const char *name);

struct spec_binding {
    value name; /* text */
    struct template *template;
};

struct spec_bindings {
    struct spec_binding *items;
    size_t n_items;
};

struct spec_transition {
    struct template *when; /* NULL: always */
    struct spec_bindings publish;
    value names; /* list of the names in `do`, ["continue"] when there are none */
};

struct spec_task {
    const char *name; /* borrowed from the document, or static for commands */
    value name_value;
    value body; /* as written, shorthand of `with` resolved; for inspection */
    enum spec_command command;
    struct template *action, *input, *delay, *timeout;
    value action_value, input_value; /* after the shorthand was taken apart */
    bool has_items, has_join, join_all, has_retry;
    bool items_are_list; /* `with` is a list, which is none of its forms */
    bool retry_command;  /* the retry comes from `do: retry` */
    bool is_split, in_cycle;
    int64_t join;
    struct template *items, *concurrency;
    value items_text; /* the expression for messages */
    value item_keys;  /* list of names, or VALUE_UNSET */
    struct template *retry_when, *retry_count, *retry_delay;
    struct spec_transition *transitions;
    size_t n_transitions;
    value odd_names;     /* what `do` lists hold beside text: a list, UNSET when there is nothing */
    value odd_do;        /* a number or boolean in place of such a list, or UNSET */
    uint32_t n_mentions; /* how often `do` lists name it */
};

struct workflow_spec {
    value document; /* shorthand of `with` resolved */
    enum spec_flags flags;
    struct spec_bindings input, vars, output;
    struct template *timeout;
    bool has_tasks;
    struct spec_task *tasks; /* n_tasks of the definition, then COMMANDS */
    size_t n_tasks;
    struct strmap by_name; /* task number + 1; commands too, they win over tasks of their name */
};

/* Failing, err->kind is the class clients see: ValueError, TypeError, AttributeError. */
int workflow_spec_load(value document, enum spec_flags flags, struct workflow_spec **ret, struct error *err);
/* From YAML text, which may hold neither duplicate nor merge keys. */
int workflow_spec_load_text(const char *text, size_t n, enum spec_flags flags, struct workflow_spec **ret,
                            struct error *err);
void workflow_spec_free(struct workflow_spec *spec);
void workflow_spec_freep(struct workflow_spec **spec);

/* The number of a task or command in spec->tasks, or -1. */
int64_t workflow_spec_find(const struct workflow_spec *spec, const char *name);

#endif
