/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that change executions, and what they share with those that read them. */
#ifndef FULMAR_API_EXECUTION_REQUESTS_H
#define FULMAR_API_EXECUTION_REQUESTS_H

#include "api-internal.h"

void execution_create(struct http_request *request, void *owner);
void execution_rerun(struct http_request *request, void *owner);
void execution_change(struct http_request *request, void *owner);
void execution_delete(struct http_request *request, void *owner);

/* executions.c. The execution a path names; "last" is the newest. False: answered. */
bool execution_find_sequence(struct api *api, struct http_request *request, struct store_reader *reader,
                             int64_t *ret);
/* Reads it. False: answered. */
bool execution_read(struct api *api, struct http_request *request, enum execution_columns columns,
                    struct store_reader **ret_reader, struct execution_row *ret);
/* show_secrets counts for administrators, and for all when masking is off. False: answered. */
bool execution_wants_secrets(struct api *api, struct http_request *request, bool *ret);

#endif
