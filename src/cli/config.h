/* SPDX-License-Identifier: Apache-2.0 */
/* ~/.st2/config: INI text with sections and keys known by a table. Unknown ones are ignored. */
#ifndef FULMAR_CLI_CONFIG_H
#define FULMAR_CLI_CONFIG_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

struct cli_args;

/* {section: {key: value}} with every known key; absent ones have their default. */
struct config {
    char *path;      /* the file, whether it exists or not */
    char *directory; /* ~/.st2, where tokens are cached */
    value values;
};

/* The values without any file. */
void config_defaults(struct config *config);
/* `file` is what --config-file names, or NULL for the environment's or the usual one. Negative when a named file is
   absent, unreadable or has a value of the wrong type. */
int config_read(struct config *config, const char *file, struct error *err);
void config_release(struct config *config);
/* NULL when not set. Borrowed. */
const char *config_text(const struct config *config, const char *section, const char *key);
bool config_flag(const struct config *config, const char *section, const char *key);
/* As --print-config shows it. */
void config_print(const struct config *config, struct buffer *out);
/* Sets user name and password (NULL: removes it) in the file, leaving the rest of it as it is; makes file and directory
   when they are absent. */
int config_write_credentials(const struct config *config, const char *user, const char *password, struct error *err);
/* Makes ~/.st2 when it is absent. */
void config_make_directory(const struct config *config);
/* A path with "~" and relative parts resolved against the working directory; owned. */
char *path_absolute(const char *path);
/* The whole of a file, owned, with its length. */
int file_read(const char *path, char **ret, size_t *ret_len, struct error *err);

#endif
