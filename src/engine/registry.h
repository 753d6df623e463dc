/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that depend on each other: trigger types and their triggers, rules and theirs, whole packs (contract:
   triggers-rules-sensors.md 1, packs.md). For inputs of the engine, inside apply.
   Outcomes: 0, STORE_CONFLICT (another object has the reference), REGISTRY_REFUSED (err says why). */
#ifndef FULMAR_ENGINE_REGISTRY_H
#define FULMAR_ENGINE_REGISTRY_H

#include "engine/engine.h"
#include "packs/pack.h"

enum { REGISTRY_REFUSED = 3 };

/* Stores a document under its `ref`; one that exists keeps its id, one that is the same is not written. *ret may be NULL. */
int registry_put(struct engine *engine, enum object_kind kind, value document, value *ret, struct error *err);
/* A trigger type, and the trigger of the same name when it takes no parameters. */
int registry_put_trigger_type(struct engine *engine, value document, value *ret, struct error *err);
/* The trigger of this type with these parameters, made when there is none. Owned. */
int registry_trigger(struct engine *engine, const char *type, value parameters, value *ret,
                     struct error *err);
/* A rule: its trigger is looked up or made and written into it. `old` (may be unset) is the rule it replaces, whose trigger
   goes when nobody needs it. */
int registry_put_rule(struct engine *engine, value document, value old, value *ret, struct error *err);
int registry_delete_rule(struct engine *engine, value rule, struct error *err);

/* What is built in: runner types, policy types, rule types, triggers of the server. */
int registry_builtins(struct engine *engine, struct error *err);
/* What pack_read found; *counts (a map of text to number, changed) is what was done. Objects that are refused are told in
   *problems, a list of text; the rest is registered. */
int registry_pack(struct engine *engine, const struct pack *pack, enum pack_parts parts, value *counts,
                  value *problems, struct error *err);

/* For the checks of model_accept, in any thread: what the catalog holds. */
struct model_lookup registry_lookup(struct catalog *catalog);

#endif
