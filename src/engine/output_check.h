/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an action gave what it says it gives. */
#ifndef FULMAR_ENGINE_OUTPUT_CHECK_H
#define FULMAR_ENGINE_OUTPUT_CHECK_H

#include "runners/runner.h"

struct execution_row;

/* Holds a success against the schemas of runner and action (contract: actions-and-runners.md 7). What does not agree fails,
   with the reason as its result. */
void output_check(const struct execution_row *row, struct outcome *outcome);

#endif
