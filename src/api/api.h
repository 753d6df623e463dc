/* SPDX-License-Identifier: Apache-2.0 */
/* The REST API: one file a resource over the routes tables, which api.c joins. Handlers run on HTTP threads: they read from
   the catalog and through this thread's store reader, and hand what changes anything to the engine as an input. */
#ifndef FULMAR_API_API_H
#define FULMAR_API_API_H

#include "config.h"
#include "engine/content.h"
#include "engine/loop.h"
#include "http/http.h"
#include "io/io.h"

struct api;
struct broadcast;

struct api_config {
    const struct config *settings;
    struct catalog *catalog;
    struct store *store; /* readers are opened from it */
    struct engine_loop *loop;
    struct io *io;
    struct content *content;
    struct broadcast *broadcast;
    const char *system_user, *server_user;
    int64_t started_us; /* monotonic, when the process began */
};

/* Opens the listeners of the settings. */
int api_start(const struct api_config *config, struct api **ret, struct error *err);
/* The first listener's address, "http://127.0.0.1:9101". */
const char *api_url(const struct api *api);
void api_stop(struct api *api);

#endif
