/* SPDX-License-Identifier: Apache-2.0 */
/* Between python_format.c and python_percent.c only: a number or text laid out by a format specification. */
#ifndef FULMAR_VALUE_PYTHON_INTERNAL_H
#define FULMAR_VALUE_PYTHON_INTERNAL_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

struct python_spec {
    uint32_t fill; /* a code point; 0: not given */
    char align;    /* '<' '>' '=' '^', 0: not given */
    char sign;     /* '-' '+' ' ', 0: not given */
    bool positive_zero;
    bool alternate;
    char group;        /* ',' '_', 0: none */
    int64_t width;     /* -1: not given */
    int64_t precision; /* -1: not given */
    uint32_t type;     /* 0: not given */
};

/* Pads and cuts text. Fails when it would pass `limit` bytes. */
int python_lay_text(struct buffer *out, const struct python_spec *spec, const char *text, size_t n,
                    size_t limit, struct error *err);
/* `type` one of d b o x X n; v an integer or bool; min_digits pads with zeros (the precision of "%"). */
int python_lay_integer(struct buffer *out, const struct python_spec *spec, value v, size_t limit,
                       struct error *err);
/* `type` one of e E f F g G n % and 0. */
int python_lay_float(struct buffer *out, const struct python_spec *spec, double d, size_t limit,
                     struct error *err);
int python_too_long(size_t limit, struct error *err);

#endif
