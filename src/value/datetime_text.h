/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people write them: what Python's dateutil reads without options (month before day where both are numbers, what is
   missing is taken from the day of `now_us` at midnight). Pure. */
#ifndef FULMAR_VALUE_DATETIME_TEXT_H
#define FULMAR_VALUE_DATETIME_TEXT_H

#include "base/error.h"
#include "value/value.h"

#define DATETIME_TEXT_MAX 200 /* bytes */

/* *ret is naive when the text names no zone. err->kind is "ParserError" and the text dateutil's. */
int datetime_parse_text(const char *text, size_t n, int64_t now_us, value *ret, struct error *err);

#endif
