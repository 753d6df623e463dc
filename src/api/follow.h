/* SPDX-License-Identifier: Apache-2.0 */
/* One execution and everything below it, told from its beginning: that it started, what it said, that it ended. The broadcaster's
   thread rings when something happens; what is told is read from the store after what was told before, so nothing is lost
   and nothing told twice, whenever the client came. */
#ifndef FULMAR_API_FOLLOW_H
#define FULMAR_API_FOLLOW_H

#include "http/http.h"
#include "store/store.h"

struct api;
struct follow;

/* type NULL: output of every type. */
struct follow *follow_new(int64_t execution, const char *type);
void follow_free(struct follow *follow);

struct follow_world {
    struct api *api;
    struct store_reader *reader;
    struct http_stream *stream;
};
/* Something happened to an execution (0: look at everything). Returns true when there is nothing more to tell. */
bool follow_ring(struct follow *follow, const struct follow_world *world, int64_t execution, int64_t parent);

#endif
