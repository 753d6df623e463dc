/* SPDX-License-Identifier: Apache-2.0 */
/* What rendered text becomes by the declared type (contract: actions-and-runners.md 4.5). See parameter_cast. */
#ifndef FULMAR_MODEL_CAST_H
#define FULMAR_MODEL_CAST_H

#include "base/error.h"
#include "value/value.h"

int cast_to_type(const char *type, value v, value *ret, struct error *err);

#endif
