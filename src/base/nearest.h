/* SPDX-License-Identifier: Apache-2.0 */
/* The known name nearest to one that nobody knows, for "did you mean". Candidates are offered one by one, so they may come
   from tables, indexes and documents alike; how many are looked at is bounded. Pure. */
#ifndef FULMAR_BASE_NEAREST_H
#define FULMAR_BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct nearest {
    const char *typed; /* borrowed, as all names */
    size_t typed_len;
    const char *name; /* the best so far; NULL when none is near */
    size_t name_len;
    size_t least;    /* edits between the two */
    unsigned offers; /* seen so far */
};

struct nearest nearest_to(const char *typed, size_t n);
void nearest_offer(struct nearest *nearest, const char *name, size_t n);
/* The nearest of a list ended by NULL, or NULL. */
const char *nearest_of(const char *typed, const char *const *names);
/* Sets the hint of a filled error when a name was found: Did you mean 'name'? */
void nearest_hint(const struct nearest *nearest, struct error *err);

#endif
