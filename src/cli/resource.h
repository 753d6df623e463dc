/* SPDX-License-Identifier: Apache-2.0 */
/* What most commands do: list, get, create, update, delete, enable, disable things of one kind. A kind is a
   row; commands that differ in nothing else are made by the macros below from it. */
#ifndef FULMAR_CLI_RESOURCE_H
#define FULMAR_CLI_RESOURCE_H

#include "cli/cli-internal.h"
#include "cli/display.h"
#include "cli/output.h"

struct resource {
    const char *display; /* "Action Execution", as messages name it */
    const char *plural;  /* "action executions", as texts name it */
    const char *path;    /* "/executions" */
    bool by_name; /* update, delete, enable look for a name first; others take a reference or id as it is */
};

struct list_filter {
    const char *option;  /* "--action" */
    const char *param;   /* what the server calls it */
    const char *fixed;   /* for flags: what is sent when the flag is given */
    const char *initial; /* what is sent without the option; NULL: nothing */
};

enum list_flags {
    LIST_QUERY = 1 << 0,            /* asks "/path/?...", others "/path?..." */
    LIST_QUERY_FILTERED = 1 << 1,   /* the same, but only when there is a filter */
    LIST_INCLUDE = 1 << 2,          /* names the attributes it wants */
    LIST_LAST = 1 << 3,             /* has -n, and notes when there is more */
    LIST_LAST_AFTER = 1 << 4,       /* the limit stands behind the filters */
    LIST_REVERSE = 1 << 5,          /* prints from the last to the first */
    LIST_REVERSE_DOCUMENT = 1 << 6, /* with -j and -y only */
};

struct list_spec {
    const struct resource *resource;
    const char *attributes;            /* the usual columns */
    const struct list_filter *filters; /* ended by a row without option; may be NULL */
    unsigned flags;
    const struct display *display;
};

struct get_spec {
    const struct resource *resource;
    const char *operand;               /* "ref-or-id" */
    const char *attributes;            /* NULL: all */
    const char *order;                 /* NULL: the usual */
    const struct list_filter *filters; /* sent as parameters */
};

/* The kind and the name of the operand that names one. */
struct item_spec {
    const struct resource *resource;
    const char *operand;
};

/* run() of commands whose data is a list_spec, get_spec or item_spec. */
int resource_list(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_get(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_create(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_update(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_delete(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_enable(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_disable(struct cli *cli, const struct cli_args *args, struct error *err);
int resource_clone(struct cli *cli, const struct cli_args *args, struct error *err);

/* ---- parts of these, for commands that differ ---- */

/* The columns asked for with -a, else the usual ones. Owned. */
value resource_list_attributes(const struct cli_args *args, const char *usual);
/* The address of a list: parameters of filters, limit and attributes. */
void resource_list_path(const struct list_spec *spec, const struct cli_args *args, value attributes,
                        struct buffer *out);
int resource_list_print(const struct list_spec *spec, const struct cli_args *args, value attributes,
                        value entries, int64_t total, struct error *err);
void resource_filters_add(const struct list_filter *filters, const struct cli_args *args,
                          struct buffer *path);
/* include_attributes=, unless all are wanted. */
void resource_include_add(value attributes, struct buffer *path);

/* "/path/id" */
void resource_item_path(const struct resource *resource, const char *id, struct buffer *out);
/* GET by id; RESOURCE_ABSENT when it is not there, or refused for another reason than credentials. */
enum { RESOURCE_ABSENT = 1 };
int resource_item_get(struct cli *cli, const char *path, value *ret, struct error *err);
/* Several by id: prints what is not found; fails only when it is the only one. Takes the query from `query`
   ("?a=b" or ""). */
int resource_items_get(struct cli *cli, const struct resource *resource, value ids, const char *query,
                       value *ret, struct error *err);
/* By reference or id, or by name or id; fails with "Resource with id or ... doesn't exist." RESOURCE_ABSENT
   then is returned instead when `absent` is true. */
int resource_item_find(struct cli *cli, const struct resource *resource, const char *id, bool absent,
                       value *ret, struct error *err);
void resource_item_print_absent(const struct resource *resource, const char *id);
/* All members as a property table. */
int resource_item_print(const struct cli_args *args, value item, struct error *err);

/* ---- the rows ---- */

#define LIST_COMMAND(list_spec, about, ...)                                                            \
    {                                                                                                  \
        .name = "list", .help = (about), .options = COMMON_OPTIONS(__VA_ARGS__), .run = resource_list, \
        .data = &(list_spec)                                                                           \
    }
#define GET_COMMAND(get_spec, operand_name, about, what, ...)                                     \
    {                                                                                             \
        .name = "get", .help = (about), .options = COMMON_OPTIONS(options_fields, ##__VA_ARGS__), \
        .operands = OPERANDS({ operand_name, OPERAND_SOME, (what) }), .run = resource_get,        \
        .data = &(get_spec)                                                                       \
    }

#endif
