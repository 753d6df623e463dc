/* SPDX-License-Identifier: Apache-2.0 */
/* Which alias does a command mean (contract: chatops.md 2)? */
#ifndef FULMAR_API_ALIAS_MATCH_H
#define FULMAR_API_ALIAS_MATCH_H

#include "api-internal.h"

struct alias_match {
    value alias, display, representation;
    bool multiple;
};

void alias_match_release(struct alias_match *match);
/* False: none or several fit, or a limit was hit; err says so. */
bool alias_match_command(struct api *api, const char *command, struct alias_match *ret, struct error *err);

#endif
