/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a definition: YAML without duplicate keys and without merge keys, which the language refuses. */
#ifndef FULMAR_WORKFLOW_DEFINITION_H
#define FULMAR_WORKFLOW_DEFINITION_H

#include "base/error.h"
#include "value/value.h"

#define DEFINITION_BYTES_MAX (4 << 20)

int definition_read(const char *text, size_t n, value *ret, struct error *err);

#endif
