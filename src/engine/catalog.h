/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: every object of the store (store/store.h) in memory, for any thread to read. Documents are immutable values,
   so a reader holds what it was given for as long as it likes. Only the engine changes it, after its commit; what it is about
   to commit it sees through engine_object() first. */
#ifndef FULMAR_ENGINE_CATALOG_H
#define FULMAR_ENGINE_CATALOG_H

#include "store/store.h"

struct catalog;
struct crypto_key;

struct catalog *catalog_new(void);
void catalog_free(struct catalog *catalog);
/* Replace everything by what the store holds. */
int catalog_load(struct catalog *catalog, struct store_reader *reader, struct error *err);

/* By reference or id; owned, unset when there is none. */
value catalog_get(struct catalog *catalog, enum object_kind kind, const char *ref_or_id);
value catalog_by_ref(struct catalog *catalog, enum object_kind kind, const char *ref);
value catalog_by_id(struct catalog *catalog, enum object_kind kind, const char *id);
/* All documents of a kind in order of their ids; an owned list that later changes leave alone. */
value catalog_list(struct catalog *catalog, enum object_kind kind);
/* Grows with every change of the kind: who keeps something derived compares. */
uint64_t catalog_version(struct catalog *catalog, enum object_kind kind);

/* The key of secret datastore values goes where the values go. Set once, before other threads read; takes it over. NULL: there
   is none. */
void catalog_set_key(struct catalog *catalog, struct crypto_key *key);
const struct crypto_key *catalog_key(const struct catalog *catalog);

/* For the engine. An unset document removes. */
void catalog_put(struct catalog *catalog, enum object_kind kind, const char *id, const char *ref,
                 value document);

#endif
