/* SPDX-License-Identifier: Apache-2.0 */
/* What `run`, `execution` and `action-alias test` share: starting from parameters, waiting, following,
   printing. */
#ifndef FULMAR_CLI_EXECUTION_H
#define FULMAR_CLI_EXECUTION_H

#include "cli/resource.h"

extern const struct resource cli_execution_resource;

/* --with-schema, --raw, --attr, --detail, --key ... */
extern const struct cli_option options_execution[];

#define EXECUTION_ATTRIBUTES \
    "id action.ref context.user parameters status start_timestamp end_timestamp result"
#define EXECUTION_ATTRIBUTES_GET \
    "id action.ref context.user parameters status start_timestamp end_timestamp log result"

/* Waits until the execution needs no more waiting, or follows it with --tail. Takes *execution and puts the
   newest state there. With `fresh` the state is asked for once more even when it had ended before. */
int cli_execution_wait(struct cli *cli, const struct cli_args *args, bool wait, bool fresh, value *execution,
                       struct error *err);
/* Blocks, a property table, or a workflow with its tasks. `usual` are the attributes without --attr. */
int cli_execution_print(struct cli *cli, const struct cli_args *args, value execution, const char *usual,
                        struct error *err);
/* The same for what pack commands start, whose tasks are shown one level deep. */
int cli_execution_print_depth(struct cli *cli, const struct cli_args *args, value execution,
                              const char *usual, int depth, struct error *err);
/* Is it carried out as tasks? */
bool cli_execution_is_workflow(value execution);
/* The table of what a workflow under way waits for; nothing when there is nothing to tell. */
int cli_execution_waits_print(struct cli *cli, const char *id, struct error *err);
/* GET of one; 404 is an error. */
int cli_execution_fetch(struct cli *cli, const char *id, value *ret, struct error *err);
/* Prints the output of an execution until it ends. */
int cli_execution_tail(struct cli *cli, value execution, const char *type, bool metadata, struct error *err);

/* The parameters of an action from words like "name=value"; *ret is a map, owned. */
int cli_run_parameters(const struct cli_args *args, value action, value runner, value words, value *ret,
                       struct error *err);
/* GET /runnertypes/?name=; a runner that is not there is an error. */
int cli_runner_fetch(struct cli *cli, value action, value *ret, struct error *err);
/* Prints what parameters an action takes. */
int cli_action_help(struct cli *cli, const char *ref, struct error *err);

#endif
