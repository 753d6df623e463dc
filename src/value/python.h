/* SPDX-License-Identifier: Apache-2.0 */
/* How Python shows values: str(), repr(), "%" formatting, format(). Error messages, script arguments and both expression
   languages need it. Pure. */
#ifndef FULMAR_VALUE_PYTHON_H
#define FULMAR_VALUE_PYTHON_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

/* str(v) and repr(v): None, True, 1.0, 'it''s', [1, 'a'], {'a': 1}, (1,), datetime.datetime(...). */
void python_str(struct buffer *out, value v);
void python_repr(struct buffer *out, value v);
value python_str_value(value v);
value python_repr_value(value v);
/* repr of text: quotes chosen and characters escaped as Python does (printable Unicode stays). */
void python_repr_text(struct buffer *out, const char *text, size_t n);
/* pprint.pformat(v, width): spread over lines where it is too wide, mappings in their own order; cut after `limit` bytes. */
void python_pretty(struct buffer *out, value v, int width, size_t limit);
/* Python's name of the type: "str", "int", "NoneType", "dict" ... */
const char *python_type_name(value v);
/* `format` % args, args a tuple, a map or a single value; fails when the result passes limit bytes. */
int python_percent(const char *format, size_t n, value args, size_t limit, struct buffer *out,
                   struct error *err);
/* format(v, spec): the format specification mini-language for text, ints and floats. */
int python_format(value v, const char *spec, size_t n, size_t limit, struct buffer *out, struct error *err);
/* ast.literal_eval: numbers, strings, lists, tuples, dicts, sets, True/False/None. err->kind ValueError or SyntaxError. */
int python_literal(const char *text, size_t n, value *ret, struct error *err);

#endif
