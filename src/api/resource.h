/* SPDX-License-Identifier: Apache-2.0 */
/* Creating, replacing and removing documents that the model describes (model/model.h): what is the same for policies, aliases
   and trigger types. A route's `data` is its struct resource, which begins with its collection, so collection_list and
   collection_get serve the same table. The path variable is {ref_or_id}. */
#ifndef FULMAR_API_RESOURCE_H
#define FULMAR_API_RESOURCE_H

#include "collection.h"
#include "model/model.h"

enum resource_change { RESOURCE_CREATED, RESOURCE_UPDATED, RESOURCE_DELETED };

struct resource {
    struct collection collection; /* its kind and its text of a 404 count here too */
    enum model_kind model;
    const char *label; /* "Policy", for the audit log */
    /* A replacement names its object by id; by reference it is refused with StackStorm's text about this class. NULL: either. */
    const char *put_by_id;
    bool conflict_unnamed; /* a conflict does not tell the id of the other object */
    /* Does another object stand in the way that is unique in something else? NULL: the reference alone is unique. */
    bool (*clashes)(struct engine *engine, value document);
    /* Stores the document; outcomes as registry_put. NULL: registry_put. */
    int (*put)(struct engine *engine, value document, value *ret, struct error *err);
    /* After the change, in the same batch; `document` is what was stored or removed. NULL: nothing. */
    int (*changed)(struct engine *engine, enum resource_change change, value document, struct error *err);
};

void resource_create(struct http_request *request, void *owner);
/* A description that is not given stays as it was, as StackStorm has it; the answer is what was given. */
void resource_replace(struct http_request *request, void *owner);
void resource_delete(struct http_request *request, void *owner);

#endif
