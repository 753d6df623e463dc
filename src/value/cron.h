/* SPDX-License-Identifier: Apache-2.0 */
/* Cron fields as core.st2.CronTimer takes them (APScheduler's dialect: day and day_of_week must both fit, 0 is Monday, names,
   "last", "2nd fri"). Wall clock only: who knows the time zone turns instants into wall clock and back. Pure. */
#ifndef FULMAR_VALUE_CRON_H
#define FULMAR_VALUE_CRON_H

#include "base/error.h"
#include "value/value.h"

#define CRON_EXPRESSIONS_MAX 64 /* expressions of one field */

struct cron; /* compiled; immutable */

/* Fields of `parameters` that are not given get the defaults: those above the smallest one given are free, those below it
   their minimum; other keys are ignored. Negative with the library's text. */
int cron_new(value parameters, struct cron **ret, struct error *err);
void cron_free(struct cron *cron);
void cron_freep(struct cron **cron);
/* The first moment at or after `wall_us` (wall clock microseconds since 1970, see datetime.h) that fits; false: never. */
bool cron_next(const struct cron *cron, int64_t wall_us, int64_t *ret_wall_us);

#endif
