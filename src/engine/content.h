/* SPDX-License-Identifier: Apache-2.0 */
/* Packs on disk and their registration: where they are looked for, when they are read. Reading happens on the caller's
   thread, storing in the engine. */
#ifndef FULMAR_ENGINE_CONTENT_H
#define FULMAR_ENGINE_CONTENT_H

#include "config.h"
#include "engine/loop.h"
#include "packs/pack.h"

struct content;

struct content *content_new(const struct config *config, struct catalog *catalog, struct engine_loop *loop);
void content_free(struct content *content);

/* What is built in, then every pack found. Problems are logged, they stop nothing. Waits until it is stored. */
int content_register_at_start(struct content *content, struct error *err);
/* Packs given by their directories (a list of text). *counts and *problems (a map and a list, changed) tell what was done and
   what was refused. Waits for the engine: not for its thread or an HTTP thread. */
int content_register(struct content *content, value directories, enum pack_parts parts, value *counts,
                     value *problems, struct error *err);
/* The directory of a pack, owned; NULL when there is none. */
char *content_find_pack(struct content *content, const char *name);
/* Directories that are searched, in order: text joined by ", ". Owned. */
char *content_searched(struct content *content);
/* Below it are configs/ and overrides/. */
const char *content_base_path(struct content *content);
/* Names of all packs found, a list of text, owned. */
value content_pack_names(struct content *content);

#endif
