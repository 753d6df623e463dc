/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes of tests as JUnit XML, for build servers. */
#ifndef FULMAR_CLI_JUNIT_H
#define FULMAR_CLI_JUNIT_H

#include "base/error.h"
#include "value/value.h"

/* `outcomes` is a list of {file, seconds, error?, differences: [{message}]}. */
int junit_write(const char *file, value outcomes, struct error *err);

#endif
