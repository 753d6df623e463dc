/* SPDX-License-Identifier: Apache-2.0 */
/* The key that was probably meant, for errors about one that a map does not have. Shared by both languages. */
#ifndef FULMAR_EXPR_SUGGEST_H
#define FULMAR_EXPR_SUGGEST_H

#include "base/error.h"
#include "base/nearest.h"
#include "value/value.h"

/* Offers the keys of a map (of anything else: nothing), but for the engine's own, which begin with "__". */
void suggest_offer_keys(struct nearest *nearest, value map);
/* Sets the hint of a filled error. */
void suggest_key(value map, const char *name, size_t n, struct error *err);

#endif
