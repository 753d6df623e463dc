/* SPDX-License-Identifier: Apache-2.0 */
/* The reason why something broke, filled at the place that knows most and read by a person.
   A function that can fail returns 0, a positive outcome named in its header, or a negative errno-like code; in the
   negative case it has filled `err`. `err` may be NULL when the caller does not want the text. */
#ifndef FULMAR_BASE_ERROR_H
#define FULMAR_BASE_ERROR_H

#include <errno.h>
#include <stdarg.h>

struct error {
    char *message; /* owned; NULL when nothing is set */
    const char *
        kind; /* static: the class of error where one is part of the contract ("UndefinedError"), else NULL */
    int line; /* 1-based position in the input, 0 when there is none */
    int column;   /* 1-based */
    char *detail; /* owned: the message with what a longer account adds to it; NULL when there is none */
    char *hint;   /* owned: what to do about it, apart from the text that clients compare; or NULL */
};

#define ERROR_INIT \
    {              \
        0          \
    }
/* ERROR_AUTO(err); declares an error that frees itself. */
#define ERROR_AUTO(name) __attribute__((cleanup(error_release))) struct error name = ERROR_INIT

/* Set the text (replacing an older one) and return `code`, so that `return error_set(err, -EINVAL, ...)` reads well. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int error_set_kind(struct error *err, int code, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with a position in the input. */
int error_set_at(struct error *err, int code, int line, int column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Say what to do about an error that is set; setting another text drops it. */
void error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The hint of `from`, if it has one, said of `to` as well. */
void error_hint_copy(struct error *to, const struct error *from);
/* Put "text: " in front of what is there; returns `code`. */
int error_prefix(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Move `from` into `to` (which may be NULL). */
void error_move(struct error *to, struct error *from);
void error_release(struct error *err);
/* Never NULL. */
const char *error_text(const struct error *err);
/* The longest account there is. Never NULL. */
const char *error_detail(const struct error *err);

#endif
