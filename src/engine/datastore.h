/* SPDX-License-Identifier: Apache-2.0 */
/* The datastore (st2kv) as expressions see it. */
#ifndef FULMAR_ENGINE_DATASTORE_H
#define FULMAR_ENGINE_DATASTORE_H

#include "engine/catalog.h"
#include "expr/expr.h"

struct datastore_view {
    struct catalog *catalog;
    const char *user; /* whose user scope is seen */
    int64_t now_us;   /* expired keys are not there */
};

/* A host over the view; the view must outlive it. */
struct expr_host datastore_host(struct datastore_view *view);

/* Is the time of this key over? */
bool datastore_expired(value document, int64_t now_us);
/* The text of a secret value. */
int datastore_decrypt(struct catalog *catalog, value ciphertext, value *ret, struct error *err);

#endif
