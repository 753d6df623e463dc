/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdlib.h>

#include "base/mem.h"

static void set(struct error *err, const char *kind, int line, int column, const char *format, va_list args)
{
    char *text;

    if (!err)
        return;
    text = xvasprintf(format, args);
    error_release(err);
    *err = (struct error){ .message = text, .kind = kind, .line = line, .column = column };
}

int error_set(struct error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, NULL, 0, 0, format, args);
    va_end(args);
    return code;
}

int error_set_kind(struct error *err, int code, const char *kind, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, kind, 0, 0, format, args);
    va_end(args);
    return code;
}

int error_set_at(struct error *err, int code, int line, int column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, NULL, line, column, format, args);
    va_end(args);
    return code;
}

void error_hint(struct error *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return;
    free(err->hint);
    va_start(args, format);
    err->hint = xvasprintf(format, args);
    va_end(args);
}

void error_hint_copy(struct error *to, const struct error *from)
{
    if (from->hint)
        error_hint(to, "%s", from->hint);
}

int error_prefix(struct error *err, int code, const char *format, ...)
{
    va_list args;
    char *prefix, *text, *detail;

    if (!err)
        return code;
    va_start(args, format);
    prefix = xvasprintf(format, args);
    va_end(args);
    text = xasprintf("%s: %s", prefix, error_text(err));
    detail = err->detail ? xasprintf("%s: %s", prefix, err->detail) : NULL;
    free(prefix);
    free(err->message);
    free(err->detail);
    err->message = text;
    err->detail = detail;
    return code;
}

void error_move(struct error *to, struct error *from)
{
    if (!to) {
        error_release(from);
        return;
    }
    error_release(to);
    *to = *from;
    *from = (struct error)ERROR_INIT;
}

void error_release(struct error *err)
{
    if (!err)
        return;
    free(err->message);
    free(err->detail);
    free(err->hint);
    *err = (struct error)ERROR_INIT;
}

const char *error_text(const struct error *err)
{
    return err && err->message ? err->message : "unknown error";
}

const char *error_detail(const struct error *err)
{
    return err && err->detail ? err->detail : error_text(err);
}
