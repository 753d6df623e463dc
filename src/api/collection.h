/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and single documents of the catalog: what is the same for every kind. A route's `data` is its struct collection. */
#ifndef FULMAR_API_COLLECTION_H
#define FULMAR_API_COLLECTION_H

#include "api-internal.h"

enum filter_type {
    FILTER_TEXT,    /* equal; "null": absent */
    FILTER_LIST,    /* any of a comma separated list */
    FILTER_BOOLEAN, /* 1 true True 0 false False */
    FILTER_TAG,     /* the name of one of the tags */
};

struct collection_filter {
    const char *name; /* of the query parameter; NULL ends the list */
    const char *path; /* in the document, dotted */
    enum filter_type type;
};

struct collection {
    enum object_kind kind;
    const struct collection_filter *filters; /* also what may be sorted by, with id and name; NULL: none */
    const char *const *order;                /* default order, members; NULL: as they were made */
    int64_t default_limit;                   /* 0: all */
    bool sortable;                           /* ?sort is honoured */
    bool of_pack;                            /* `ref` stays with include_attributes */
    bool bare;                               /* no pages, no count headers */
    bool by_id_only;
    const char *not_found;         /* text of a 404, with one %s */
    const char *const *excludable; /* what exclude_attributes may name; NULL: anything */
    const char *const *includable; /* what include_attributes may name (first segments); NULL: anything */
    /* What is answered for a document (taken); NULL: the document. */
    value (*shape)(struct api *api, struct http_request *request, value document, bool show_secrets);
    /* Is it part of this collection at all? NULL: yes. */
    bool (*belongs)(struct api *api, struct http_request *request, value document);
};

/* Handlers; the variable of a single document is {ref_or_id}. */
void collection_list(struct http_request *request, void *owner);
void collection_get(struct http_request *request, void *owner);
/* The document of the path variable `ref_or_id`, owned, or a 404 (unset). */
value collection_find(struct api *api, struct http_request *request, const struct collection *collection);

#endif
