/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: allocation that ends the process when there is none (state lives in the store, a restart recovers), and the
   scope helpers the code is written with. Every size that a request controls is bounded before it gets here. */
#ifndef FULMAR_BASE_MEM_H
#define FULMAR_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
/* n elements of `size` bytes; ends the process when the product overflows. */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* Makes room for one more element: GROW(items, n_items, n_room) keeps n_room >= n_items + 1. */
#define GROW(items, n, room)                                                      \
    do {                                                                          \
        if ((n) >= (room)) {                                                      \
            (room) = (room) ? (room)*2 : 8;                                       \
            (items) = xreallocarray((items), (size_t)(room), sizeof((items)[0])); \
        }                                                                         \
    } while (0)

/* CLEANUP(rule_freep) struct rule *rule = NULL; the function gets the address of the variable. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Hands over a pointer: returns it and leaves NULL behind. */
#define take_ptr(p)                   \
    ({                                \
        __typeof__(p) _p = (p);       \
        __typeof__(*_p) _value = *_p; \
        *_p = NULL;                   \
        _value;                       \
    })

/* For CLEANUP on plain allocations. */
void freep(void *p);
void closep(int *fd);

#define ELEMENTS(array)                 (sizeof(array) / sizeof((array)[0]))
#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
