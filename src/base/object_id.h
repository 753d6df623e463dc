/* SPDX-License-Identifier: Apache-2.0 */
/* Object ids: 24 hexadecimal digits, ascending in time, laid out as MongoDB's are (clients sort by them): four bytes of
   seconds, five bytes of the store they were made for, a three byte counter.

   Inside one store the middle never changes, so an id is the same as its sequence number (second << 24 | counter), and that
   is what rows are keyed by: no id needs an index of its own. */
#ifndef FULMAR_BASE_OBJECT_ID_H
#define FULMAR_BASE_OBJECT_ID_H

#include <stdbool.h>
#include <stdint.h>

#define OBJECT_ID_SIZE 25 /* with the NUL */

/* Hands out sequence numbers, strictly ascending, also when the clock steps back. */
struct sequence {
    int64_t last;
};

int64_t sequence_next(struct sequence *sequence, int64_t now_us);
/* The first number that can be made at this time; for ranges of time. */
static inline int64_t sequence_at(int64_t us)
{
    return us / 1000000 << 24;
}

/* `store` is the 40 bit middle. */
void object_id_format(uint64_t store, int64_t seq, char out[OBJECT_ID_SIZE]);
/* False when the text is no id, or one of another store. */
bool object_id_parse(uint64_t store, const char *text, int64_t *ret_seq);
/* Any 24 hexadecimal digits. */
bool object_id_valid(const char *text);

#endif
