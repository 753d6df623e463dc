/* SPDX-License-Identifier: Apache-2.0 */
/* Between the engine and the I/O thread: runs become processes, what the processes say becomes inputs. */
#ifndef FULMAR_ENGINE_CHILDREN_H
#define FULMAR_ENGINE_CHILDREN_H

#include "engine/loop.h"
#include "io/io.h"

struct children;

struct children *children_new(struct io *io, bool stream_output);
/* What was started before (executions of an earlier run of the server) goes out now. */
void children_set_loop(struct children *children, struct engine_loop *loop);
/* When I/O and engine have stopped. */
void children_free(struct children *children);

/* The slots of struct engine_effects. */
void children_start(void *data, struct run *run);
void children_stop(void *data, int64_t seq);

#endif
