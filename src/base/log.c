/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <strings.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"

static const char *const names[] = { "DEBUG", "INFO", "WARNING", "ERROR", "AUDIT" };
static _Atomic enum log_level lowest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    lowest = level;
}

bool log_enabled(enum log_level level)
{
    return level >= lowest;
}

int log_level_from_text(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return (int)i;
    return -1;
}

void log_write(enum log_level level, const char *format, ...)
{
    BUFFER_AUTO(line);
    char now[CLOCK_TEXT_SIZE];
    va_list args;
    ssize_t ignored;

    if (!log_enabled(level))
        return;
    clock_format(clock_now_us(), now);
    buffer_addf(&line, "%s %s [-] ", now, names[level]);
    va_start(args, format);
    buffer_add_vf(&line, format, args);
    va_end(args);
    /* One event is one line, whatever a client put into a name. */
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.data[i] < ' ')
            line.data[i] = ' ';
    buffer_add_char(&line, '\n');
    ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
}
