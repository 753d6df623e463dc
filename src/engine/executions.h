/* SPDX-License-Identifier: Apache-2.0 */
/* Executions: from a request to the end. See docs/architecture/executions.md for the way through. */
#ifndef FULMAR_ENGINE_EXECUTIONS_H
#define FULMAR_ENGINE_EXECUTIONS_H

#include "engine/engine.h"

/* What is asked for. Values are borrowed. */
struct execution_request {
    const char *action; /* reference */
    value parameters;   /* map, or unset */
    bool literal;  /* the parameters are values of their types already, and nothing in them is a template */
    value context; /* map to begin with (what the client sent), or unset */
    const char *user;
    value notify; /* map, or unset */
    bool silent;  /* its end is told to nobody, whatever is asked for or the action says */
    value callback;
    value rerun; /* {ref, tasks?, reset?, items?, deep?}: go on with a workflow from these tasks; or unset */
    int64_t delay_ms;
    int64_t parent; /* execution; 0: none */
    int64_t trace;  /* trace to join; 0: a new one */
    /* For what a rule starts: */
    int64_t instance;
    value rule, trigger, trigger_type; /* documents */
    value contexts;                    /* further names for templates: {trigger: payload} */
};

/* A request that was looked up, rendered and checked: everything but its number. */
struct execution_plan {
    struct execution_row row;
    int64_t delay_ms;
    char *trace_tag; /* of the new trace; NULL: the usual one */
    char *failure; /* a template could not be rendered: the execution is recorded as failed with this text */
};
void execution_plan_release(struct execution_plan *plan);

enum { EXECUTION_REFUSED = 4 }; /* beside the store's outcomes */

/* Looks up the action, renders and checks the parameters. Any thread: only the catalog is read.
   0: the plan is ready (look at plan->failure); EXECUTION_REFUSED: err says why (HTTP 400). */
int execution_plan(struct catalog *catalog, const struct expr_host *host, int64_t now_us,
                   const struct execution_request *request, struct execution_plan *ret, struct error *err);

/* Takes a plan (it is empty afterwards): the execution exists when this batch is committed. *ret_row (may be NULL) is a copy
   as it was requested, released by the caller. */
int execution_accept(struct engine *engine, struct execution_plan *plan, struct execution_row *ret_row,
                     struct error *err);

/* What PUT and DELETE ask for. *ret_row is a copy of what it is now. Outcomes: 0, STORE_NOT_FOUND, EXECUTION_REFUSED. */
int execution_cancel(struct engine *engine, int64_t seq, const char *user, struct execution_row *ret_row,
                     struct error *err);
int execution_set_status(struct engine *engine, int64_t seq, enum execution_status status, value result,
                         const char *user, struct execution_row *ret_row, struct error *err);

/* The end of a run, told by whoever carried it out; takes the outcome's result. */
int execution_ended(struct engine *engine, int64_t seq, struct outcome *outcome, struct error *err);
int execution_output(struct engine *engine, int64_t seq, const char *type, const char *text, size_t n,
                     struct error *err);

/* A copy that shares all documents. */
void execution_row_copy(const struct execution_row *row, struct execution_row *ret);

#endif
