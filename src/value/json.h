/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text (RFC 8259) to values and back. An own reader because integers of any size must survive and positions must
   be told, which the distribution's libraries do not give. */
#ifndef FULMAR_VALUE_JSON_H
#define FULMAR_VALUE_JSON_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

enum json_read_flags {
    JSON_PYTHON = 1 << 0, /* also NaN, Infinity, -Infinity, as Python's json.loads takes them */
};

#define JSON_DEPTH_MAX  200  /* nesting of arrays and objects */
#define JSON_DIGITS_MAX 4300 /* digits of an integer, as Python 3.11 has it */

/* The whole text must be one value. Duplicate keys: the last one wins. Negative with line and column on failure. */
int json_read(const char *text, size_t n, enum json_read_flags flags, value *ret, struct error *err);
/* The first value of a text; *ret_used is how many bytes it and the white space before it took. */
int json_read_prefix(const char *text, size_t n, enum json_read_flags flags, value *ret, size_t *ret_used,
                     struct error *err);

struct json_style {
    int indent; /* < 0: one line */
    bool sort_keys;
    bool ascii;  /* \u escapes for everything beyond ASCII */
    bool spaced; /* ", " and ": " as Python's json.dumps writes by default; with indent only ": " */
};

#define JSON_COMPACT      ((struct json_style){ .indent = -1 })
#define JSON_PYTHON_STYLE ((struct json_style){ .indent = -1, .ascii = true, .spaced = true })

/* Dates become ISO text, tuples and sets arrays, keys that are no strings their text (numbers, true, null as Python does);
   NaN and infinities are written as Python does (NaN, Infinity). Objects and bytes cannot be written: they become null.
   Values nested past VALUE_DEPTH_MAX are written as null. */
void json_write(struct buffer *out, value v, struct json_style style);
void json_write_string(struct buffer *out, const char *text, size_t n, bool ascii);
/* Compact text, owned by the caller. */
char *json_text(value v);
/* Bytes of that text. */
size_t json_size(value v);
/* Shortest text that reads back as the same double, as Python's repr writes it ("1.0", "1e+16", "inf"). */
#define JSON_DOUBLE_SIZE 32
size_t json_format_double(double d, char out[JSON_DOUBLE_SIZE]);

#endif
