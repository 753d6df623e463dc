/* SPDX-License-Identifier: Apache-2.0 */
/* The data directory of a server on this machine, for the commands that work without asking the server. */
#ifndef FULMAR_CLI_DATA_DIR_H
#define FULMAR_CLI_DATA_DIR_H

#include "cli/args.h"

extern const struct cli_option options_data_dir[]; /* --data-dir */

/* The one named by the option, by FULMAR_DATA_DIR, else ./.data. Borrowed. */
const char *data_dir(const struct cli_args *args);
/* Fails, saying how to name another one, when there is no store in it. */
int data_dir_check(const char *directory, struct error *err);

#endif
