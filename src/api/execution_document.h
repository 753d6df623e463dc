/* SPDX-License-Identifier: Apache-2.0 */
/* An execution as clients see it (contract: rest-api.md 5.4). */
#ifndef FULMAR_API_EXECUTION_DOCUMENT_H
#define FULMAR_API_EXECUTION_DOCUMENT_H

#include "api-internal.h"

/* Fields that are falsy are left out; secrets are masked unless show_secrets. Owned. */
value execution_document(struct api *api, const struct execution_row *row, bool show_secrets);
/* Is it carried out as tasks, by its runner? */
bool execution_is_workflow(value runner);
/* Adds what needs further reading: the trigger instance and the ids of children. */
int execution_document_complete(struct api *api, struct store_reader *reader, const struct execution_row *row,
                                value *document, struct error *err);
/* Are these attributes to be had? False: *ret_bad is the one that is not. */
bool execution_attributes_check(const struct attributes *attributes, const char **ret_bad, bool *ret_include);
/* Takes the document, gives what the attributes ask for. */
value execution_document_select(const struct attributes *attributes, value document);
/* A trigger instance as clients see it. */
value instance_document(struct api *api, const struct instance_row *row);

#endif
