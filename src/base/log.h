/* SPDX-License-Identifier: Apache-2.0 */
/* The server's log: one line an event on standard error, "time level [-] message". Library layers stay silent; only a
   callback that has nowhere left to return to writes here. Nothing secret is ever passed to it. */
#ifndef FULMAR_BASE_LOG_H
#define FULMAR_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR, LOG_LEVEL_AUDIT };

/* Lines below `level` are dropped; AUDIT is always written. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* The level of a name in any case ("info"), or -1. */
int log_level_from_text(const char *name);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_audit(...)   log_write(LOG_LEVEL_AUDIT, __VA_ARGS__)

#endif
