/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to the case lines about rule operators. */
#ifndef FULMAR_CASES_RULES_H
#define FULMAR_CASES_RULES_H

#include "value/value.h"

/* {result: bool} or {error: {class, message}} for {operator, value, pattern, condition}. Owned. */
value cases_rules(value line);

#endif
