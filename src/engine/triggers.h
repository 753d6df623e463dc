/* SPDX-License-Identifier: Apache-2.0 */
/* Trigger instances and the rules they meet (contract: triggers-rules-sensors.md). */
#ifndef FULMAR_ENGINE_TRIGGERS_H
#define FULMAR_ENGINE_TRIGGERS_H

#include "engine/engine.h"

/* The trigger of this reference happened: the instance is recorded, every enabled rule on it is judged, what matches is
   enforced, all in this batch. trace_tag NULL: the usual one. *ret_seq (may be NULL) is the instance.
   Outcomes: 0, STORE_NOT_FOUND when there is no such trigger. */
int trigger_dispatch(struct engine *engine, const char *trigger_ref, value payload, const char *trace_tag,
                     int64_t trace, int64_t *ret_seq, struct error *err);

/* Does any enabled rule listen? Cheap; for triggers of the server itself, which are only recorded when somebody does. */
bool trigger_has_rules(struct engine *engine, const char *trigger_ref);

#endif
