/* SPDX-License-Identifier: Apache-2.0 */
/* A byte string that grows. `data` is always followed by a NUL once anything was added; NULL when nothing was. */
#ifndef FULMAR_BASE_BUFFER_H
#define FULMAR_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct buffer {
    char *data;
    size_t len;
    size_t room;
};

#define BUFFER_INIT \
    {               \
        0           \
    }
#define BUFFER_AUTO(name) __attribute__((cleanup(buffer_release))) struct buffer name = BUFFER_INIT

void buffer_release(struct buffer *buffer);
/* Empty, keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Room for n more bytes and a NUL. */
void buffer_reserve(struct buffer *buffer, size_t n);
void buffer_add(struct buffer *buffer, const void *data, size_t n);
void buffer_add_fill(struct buffer *buffer, char byte, size_t n);
void buffer_addf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_add_vf(struct buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* One code point as UTF-8. */
void buffer_add_utf8(struct buffer *buffer, unsigned code_point);
/* The text, owned by the caller ("" when empty); the buffer is empty afterwards. */
char *buffer_take(struct buffer *buffer);
/* Never NULL; borrowed. */
const char *buffer_text(const struct buffer *buffer);

static inline void buffer_add_char(struct buffer *buffer, char c)
{
    if (buffer->len + 1 >= buffer->room)
        buffer_reserve(buffer, 1);
    buffer->data[buffer->len++] = c;
    buffer->data[buffer->len] = '\0';
}

static inline void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

#endif
