/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person for the properties of a schema, one after the other. */
#ifndef FULMAR_CLI_FORM_H
#define FULMAR_CLI_FORM_H

#include "base/error.h"
#include "value/value.h"

/* An object with an answer for each property; *ret is owned. */
int form_ask(value properties, value *ret, struct error *err);
/* A question whose answer is "y" when nothing is typed. */
int form_confirm(const char *question, const char *description, bool *ret, struct error *err);

#endif
