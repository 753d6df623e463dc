/* SPDX-License-Identifier: Apache-2.0 */
/* Slows down guessing of passwords. Failures are counted for each user from each address, for each address and for each
   user, with rising patience in that order, so that a guesser is slowed wherever he sits while the owner of the name can
   still sign in from elsewhere. After some free failures each further one doubles the wait, up to a bound; counts are
   forgotten after a quiet while. Memory is bounded: when a table row is full the oldest count makes room. Thread-safe;
   time is handed in. */
#ifndef FULMAR_AUTH_THROTTLE_H
#define FULMAR_AUTH_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

struct throttle;

/* About so many counts are remembered at a time; 24 bytes each. */
struct throttle *throttle_new(size_t counts);
void throttle_free(struct throttle *throttle);
/* How long the next try must wait; 0: it may be made now. */
int64_t throttle_wait_us(struct throttle *throttle, const char *user, const char *address, int64_t now_us);
void throttle_failed(struct throttle *throttle, const char *user, const char *address, int64_t now_us);
/* Forgets the user's failures, those from this address included, and some of the address's others. */
void throttle_succeeded(struct throttle *throttle, const char *user, const char *address);

#endif
