/* SPDX-License-Identifier: Apache-2.0 */
/* ~/.st2/config: INI text with sections and keys known by a table. Unknown ones are ignored. */
#ifndef FULMAR_CLI_CONFIG_H
#define FULMAR_CLI_CONFIG_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

struct cli_args;

/* {section: {key: value}} with every known key; absent ones have their default. */
struct cli_config {
    char *path;      /* the file, whether it exists or not */
    char *directory; /* ~/.st2, where tokens are cached */
    value values;
};

/* The values without any file. */
void cli_config_defaults(struct cli_config *config);
/* `file` is what --config-file names, or NULL for the environment's or the usual one. Negative when a named
   file is absent, unreadable or has a value of the wrong type. */
int cli_config_read(struct cli_config *config, const char *file, struct error *err);
void cli_config_release(struct cli_config *config);
/* NULL when not set. Borrowed. */
const char *cli_config_text(const struct cli_config *config, const char *section, const char *key);
bool cli_config_flag(const struct cli_config *config, const char *section, const char *key);
/* As --print-config shows it. */
void cli_config_print(const struct cli_config *config, struct buffer *out);
/* Sets user name and password (NULL: removes it) in the file, leaving the rest of it as it is; makes file and
   directory when they are absent. */
int cli_config_write_credentials(const struct cli_config *config, const char *user, const char *password,
                                 struct error *err);
/* Makes ~/.st2 when it is absent. */
void cli_config_make_directory(const struct cli_config *config);
/* A path with "~" and relative parts resolved against the working directory; owned. */
char *cli_path_absolute(const char *path);
/* The whole of a file, owned, with its length. */
int cli_file_read(const char *path, char **ret, size_t *ret_len, struct error *err);

#endif
