/* SPDX-License-Identifier: Apache-2.0 */
/* Names and bodies of the events clients see (contract: auth-and-stream.md 8). */
#ifndef FULMAR_API_EVENT_DOCUMENT_H
#define FULMAR_API_EVENT_DOCUMENT_H

#include "api-internal.h"
#include "engine/feed.h"

/* A change of an execution is told twice: as its live action and as itself. */
enum event_form { EVENT_AS_EXECUTION, EVENT_AS_LIVE_ACTION, EVENT_AS_OUTPUT, EVENT_AS_DOCUMENT };

/* "st2.execution__update", owned. */
char *event_name(const struct engine_event *event, enum event_form form);
/* Masked as the settings say, whoever listens. Owned. */
value event_document(struct api *api, struct store_reader *reader, const struct engine_event *event,
                     enum event_form form);

#endif
