/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer)BUFFER_INIT;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_reserve(struct buffer *buffer, size_t n)
{
    size_t need = buffer->len + n + 1;

    if (need <= buffer->room)
        return;
    if (need < buffer->room * 2)
        need = buffer->room * 2;
    if (need < 64)
        need = 64;
    buffer->data = xrealloc(buffer->data, need);
    buffer->room = need;
}

void buffer_add(struct buffer *buffer, const void *data, size_t n)
{
    buffer_reserve(buffer, n);
    if (n)
        memcpy(buffer->data + buffer->len, data, n);
    buffer->len += n;
    buffer->data[buffer->len] = '\0';
}

void buffer_add_fill(struct buffer *buffer, char byte, size_t n)
{
    buffer_reserve(buffer, n);
    memset(buffer->data + buffer->len, byte, n);
    buffer->len += n;
    buffer->data[buffer->len] = '\0';
}

void buffer_add_vf(struct buffer *buffer, const char *format, va_list args)
{
    va_list again;
    int n;

    va_copy(again, args);
    buffer_reserve(buffer, 64);
    n = vsnprintf(buffer->data + buffer->len, buffer->room - buffer->len, format, args);
    if (n >= 0 && (size_t)n >= buffer->room - buffer->len) {
        buffer_reserve(buffer, (size_t)n);
        n = vsnprintf(buffer->data + buffer->len, buffer->room - buffer->len, format, again);
    }
    if (n > 0)
        buffer->len += (size_t)n;
    va_end(again);
}

void buffer_addf(struct buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buffer_add_vf(buffer, format, args);
    va_end(args);
}

void buffer_add_utf8(struct buffer *buffer, unsigned c)
{
    char out[4];
    size_t n;

    if (c < 0x80) {
        out[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        n = 2;
    } else if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        n = 3;
    } else {
        out[0] = (char)(0xF0 | c >> 18);
        out[1] = (char)(0x80 | (c >> 12 & 0x3F));
        out[2] = (char)(0x80 | (c >> 6 & 0x3F));
        out[3] = (char)(0x80 | (c & 0x3F));
        n = 4;
    }
    buffer_add(buffer, out, n);
}

char *buffer_take(struct buffer *buffer)
{
    char *text = buffer->data ? buffer->data : xstrdup("");

    *buffer = (struct buffer)BUFFER_INIT;
    return text;
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data ? buffer->data : "";
}
