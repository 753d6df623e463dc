/* SPDX-License-Identifier: Apache-2.0 */
/* Policies (contract: engine.md 3): how many executions of an action may be under way, and what is tried again.

   Who has to wait is delayed without a time, in the line of its action, and goes on in the batch in which its place becomes
   free. Lines and counts are memory: they are built from the executions that are not completed whenever the policies change
   or the memory was dropped. */
#ifndef FULMAR_ENGINE_POLICIES_H
#define FULMAR_ENGINE_POLICIES_H

#include "engine-internal.h"
#include "engine/executions.h"

enum policy_verdict { POLICY_GO, POLICY_WAIT, POLICY_CANCEL };

/* May this execution be scheduled now? Who has to wait stands in line afterwards. */
enum policy_verdict policies_admit(struct engine *engine, struct execution *x);
/* A status changed: places are taken and given back. */
void policies_moved(struct engine *engine, const struct execution *x, enum execution_status from);
/* Let those go on for whom there is a place now. */
int policies_release(struct engine *engine, struct error *err);
/* Is there anybody to be let go? */
bool policies_pending(const struct engine *engine);
/* The execution has ended: is it tried again? True: *ret is a plan. */
bool policies_retry(struct engine *engine, const struct execution *x, struct execution_plan *ret);

void policies_forget(struct engine *engine);

#endif
