/* SPDX-License-Identifier: Apache-2.0 */
/* The server's settings. One table (config.c) says of each: section, name, type, default and meaning; the file, the
   environment and docs/configuration.md follow from it. Later wins: default, file, environment, command line. */
#ifndef FULMAR_CONFIG_H
#define FULMAR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define CONFIG_LISTENERS_MAX 8
#define CONFIG_PATHS_MAX     32

struct config {
    /* command line only */
    char *data_dir;
    char *listen[CONFIG_LISTENERS_MAX]; /* HOST:PORT; none: 127.0.0.1:9101, 9100 and 9102 */
    int n_listen;
    char *packs_dirs[CONFIG_PATHS_MAX]; /* besides the system packs and data_dir/packs */
    int n_packs_dirs;

    /* the table's */
    char *system_packs_dir;
    char *packs_base_paths;
    char *allow_origin; /* comma separated */
    bool mask_secrets;
    int64_t max_page_size;
    bool cookie_secure;
    char *cookie_same_site;
    bool auth_enable;
    char *auth_backend_file;
    char *auth_api_url;
    int64_t token_ttl;
    char *system_user;
    bool validate_trigger_parameters, validate_trigger_payload;
    bool stream_output, validate_output;
    int64_t actions_pool_size;
    int64_t output_limit;
    int64_t shutdown_wait_s;
    char *webui_base_url;
    char *log_level;
    bool access_log;
    char *tls_cert, *tls_key;
    int64_t http_threads;
    int64_t body_limit;
    char *encryption_key_path;
};

/* Defaults, then the file (NULL: none; naming one that is not there is an error), then the environment
   (FULMAR_SECTION__OPTION, or ST2_SECTION__OPTION). */
int config_load(const char *file, struct config *ret, struct error *err);
void config_release(struct config *config);
/* Everything there is to set, as Markdown. */
void config_print_reference(void);

#endif
