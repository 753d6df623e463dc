/* SPDX-License-Identifier: Apache-2.0 */
/* What people declare (actions, rules, triggers, sensors, aliases, policies, packs): its fields, its checks, its document
   form. A request of the API and a file of a pack go through the same functions. Pure: what an object refers to (its
   runner, its policy type ...) is handed in by a lookup.

   A document is what the store keeps and the API answers, less the `id`: fields in the order the API lists them, null ones
   left out, defaults filled in, `ref` and `uid` computed whatever was given.

   To add a resource: a file with its fields and checks, a row in model.c. */
#ifndef FULMAR_MODEL_MODEL_H
#define FULMAR_MODEL_MODEL_H

#include "base/error.h"
#include "value/value.h"

enum model_kind {
    MODEL_ACTION,
    MODEL_ALIAS,
    MODEL_PACK,
    MODEL_POLICY,
    MODEL_RULE,
    MODEL_SENSOR,
    MODEL_TRIGGER,
    MODEL_TRIGGER_TYPE,
    MODEL_KINDS,
};

enum model_source {
    MODEL_FROM_API,
    MODEL_FROM_FILE,
};

/* The dotted path of what is wrong ("parameters.cmd.type"; empty: the object itself), so that a file's line can be named. */
#define MODEL_PATH_SIZE 512
struct model_path {
    char text[MODEL_PATH_SIZE];
};

/* Documents an object refers to, owned by the caller, unset when there is none. A function that is NULL leaves the checks
   that need it out; `runner_type` and `policy_type` then mean the built-in ones. */
struct model_lookup {
    value (*runner_type)(void *data, const char *name);
    value (*policy_type)(void *data, const char *ref);
    value (*trigger_type)(void *data, const char *ref);
    void *data;
};

/* "action", "rule": as in messages and in the uid ("action_alias", "sensor_type", "trigger_type"). */
const char *model_kind_text(enum model_kind kind);
const char *model_uid_prefix(enum model_kind kind);

/* Check everything there is to check and make the document. `lookup` may be NULL, `path` too. Negative with StackStorm's
   text, and *path says where. */
int model_accept(enum model_kind kind, value object, enum model_source source,
                 const struct model_lookup *lookup, value *ret_document, struct model_path *path,
                 struct error *err);
/* The first half alone: required and unknown keys, types. */
int model_check(enum model_kind kind, value object, struct model_path *path, struct error *err);
/* The second half alone: fields, defaults, ref, uid. For objects that model_check took. */
value model_document(enum model_kind kind, value object, enum model_source source);

/* Are the parameters what the trigger type asks for? Types without a schema take any. */
int model_check_trigger_parameters(value trigger_type, value parameters, struct error *err);
/* May `payload` be dispatched for a trigger of this type? `ref` is the trigger's, for the text; an unset type: there is
   none. */
int model_check_trigger_payload(value trigger_type, const char *ref, value payload, struct error *err);

/* ---- names ---- */

/* [a-z0-9_]+ */
bool model_pack_ref_valid(const char *ref);
/* core, packs, linux, chatops: they cannot be removed and run on the system's Python. */
bool model_pack_is_system(const char *ref);
/* "pack.name", owned. */
value model_ref(const char *pack, const char *name);
/* trigger:<pack>:<name>:<md5 of the parameters>, owned. */
value model_trigger_uid(const char *pack, const char *name, value parameters);

/* ---- what is built in; lists of documents without `id`, owned ---- */

value model_runner_types(void);
value model_policy_types(void);
value model_rule_types(void);
/* The trigger types of pack core. With `with_action_trigger` also core.st2.generic.actiontrigger. */
value model_internal_trigger_types(bool with_action_trigger);
/* One of them, owned; unset when there is none. A "_" in a runner's name stands for "-" too. */
value model_builtin_runner_type(const char *name);
value model_builtin_policy_type(const char *ref);

#endif
