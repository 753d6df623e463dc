/* SPDX-License-Identifier: Apache-2.0 */
/* Time. Pure rooms never call this: they get time as an argument. */
#ifndef FULMAR_BASE_CLOCK_H
#define FULMAR_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970 UTC. */
int64_t clock_now_us(void);
/* Microseconds that never go backwards. */
int64_t clock_monotonic_us(void);
/* "YYYY-MM-DDTHH:MM:SS.ffffffZ", 27 characters and a NUL (rest-api.md 3). */
#define CLOCK_TEXT_SIZE 28
void clock_format(int64_t us, char out[CLOCK_TEXT_SIZE]);

#endif
