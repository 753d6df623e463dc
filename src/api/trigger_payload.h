/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads of triggers that come in by HTTP. */
#ifndef FULMAR_API_TRIGGER_PAYLOAD_H
#define FULMAR_API_TRIGGER_PAYLOAD_H

#include "api-internal.h"

/* {headers, headers_lower, body} without credentials. Owned. */
value trigger_payload_of_request(struct http_request *request, value body);
/* Does the payload fit the schema of the trigger's type? */
int trigger_payload_check(struct catalog *catalog, const char *trigger_ref, value payload, struct error *err);

#endif
