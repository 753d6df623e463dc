/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with the workflows and chains of a pack, told when it is registered and not only by the first run. */
#ifndef FULMAR_ENGINE_CONTENT_MISTAKES_H
#define FULMAR_ENGINE_CONTENT_MISTAKES_H

#include "engine/catalog.h"
#include "packs/pack.h"

#define CONTENT_MISTAKES_MAX 100 /* told of one pack */

/* Warns in the log, "FILE:LINE:COLUMN: MESSAGE" for each. They are registered all the same, as clients know it. The pack's
   actions, and those they name, are in the catalog already. For a thread that may wait. */
void content_warn_of_mistakes(const struct pack *pack, struct catalog *catalog);

#endif
