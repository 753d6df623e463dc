/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to the case lines about workflows: what inspection finds, how a definition composes, how it is conducted. */
#ifndef FULMAR_CASES_WORKFLOW_H
#define FULMAR_CASES_WORKFLOW_H

#include "value/value.h"

/* Each takes one case and gives its outcomes: {errors} or {error}; {graph} or {error}; {log, final}. Owned. */
value cases_inspect(value line);
value cases_graph(value line);
value cases_conduct(value line);

#endif
