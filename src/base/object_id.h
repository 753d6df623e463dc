/* SPDX-License-Identifier: Apache-2.0 */
/* Object ids: 24 hexadecimal digits, ascending in time, made as MongoDB's are (clients sort by them): four bytes of
   seconds, five random bytes of this maker, a three byte counter. */
#ifndef FULMAR_BASE_OBJECT_ID_H
#define FULMAR_BASE_OBJECT_ID_H

#include <stdbool.h>
#include <stdint.h>

#define OBJECT_ID_SIZE 25 /* with the NUL */

struct object_id_maker {
    uint64_t random; /* the low 40 bits count */
    uint32_t second;
    uint32_t counter;
};

/* `random` is the caller's: a test gives a seed, the server draws it. */
void object_id_maker_init(struct object_id_maker *maker, uint64_t random);
/* Ids of one maker are strictly ascending, also when the clock steps back. */
void object_id_make(struct object_id_maker *maker, int64_t now_us, char out[OBJECT_ID_SIZE]);
bool object_id_valid(const char *text);

#endif
