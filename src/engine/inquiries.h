/* SPDX-License-Identifier: Apache-2.0 */
/* Inquiries: executions that wait for a person's answer (contract: engine.md 6). */
#ifndef FULMAR_ENGINE_INQUIRIES_H
#define FULMAR_ENGINE_INQUIRIES_H

#include "engine/engine.h"

struct execution;

enum inquiry_outcome { INQUIRY_NONE = 8, INQUIRY_TIMED_OUT, INQUIRY_ANSWERED };

bool inquiry_is(const struct execution_row *row);
/* 0 when the execution is an inquiry that waits, else an outcome with its text. `id` is only named. */
int inquiry_check(const struct execution_row *row, const char *id, struct error *err);
/* May this user answer? Roles ask for nothing: without a backend of roles everybody has each of them. */
bool inquiry_permits(const struct execution_row *row, const char *user);
/* Negative: err has the validator's text. */
int inquiry_check_response(const struct execution_row *row, value response, struct error *err);

/* Inside a batch: the question is told to rules, its end is noted. */
int inquiry_opened(struct engine *engine, struct execution *x, struct error *err);
/* The answer was checked. Outcomes as inquiry_check, STORE_NOT_FOUND. */
int inquiry_respond(struct engine *engine, int64_t seq, const char *id, value response, const char *user,
                    struct error *err);
/* Its time is over. */
int inquiry_timeout(struct engine *engine, struct execution *x, struct error *err);

#endif
