/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/display.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "value/datetime.h"
#include "value/python.h"

#define COLUMNS_DEFAULT 150

const struct display display_execution[] = {
    { "start_timestamp", DISPLAY_TIME },
    { "end_timestamp", DISPLAY_TIME },
    { "parameters", DISPLAY_PARAMETERS },
    { "status", DISPLAY_STATUS },
    { 0 },
};

static const char *const colour_codes[] = {
    [COLOUR_NONE] = "",           [COLOUR_RED] = "\033[91m",  [COLOUR_GREEN] = "\033[92m",
    [COLOUR_YELLOW] = "\033[93m", [COLOUR_BLUE] = "\033[94m", [COLOUR_BROWN] = "\033[33m",
    [COLOUR_BOLD] = "\033[1m",
};

static const char *const colour_terminals[] = { "xterm", "xterm-color", "screen",
                                                "vt100", "vt100-color", "xterm-256color" };

/* Statuses in colours of their own; the others are yellow. */
static const struct {
    const char *status;
    enum colour colour;
} status_colours[] = {
    { "succeeded", COLOUR_GREEN }, { "failed", COLOUR_RED },     { "timeout", COLOUR_BROWN },
    { "delayed", COLOUR_BLUE },    { "running", COLOUR_YELLOW },
};

static const char *const completed_statuses[] = { "succeeded", "failed", "timeout", "canceled", "abandoned" };

static const char *const secret_parameters[] = { "password", "private_key" };

/* ---- setting up ---- */

static bool zone_exists(const char *zone)
{
    CLEANUP(freep)
    char *path = NULL;

    if (strcmp(zone, "UTC") == 0)
        return true;
    if (zone[0] == '/' || zone[0] == '\0' || strstr(zone, ".."))
        return false;
    path = xasprintf("/usr/share/zoneinfo/%s", zone);
    return access(path, R_OK) == 0;
}

int display_setup(const char *zone_name, struct error *err)
{
    CLEANUP(freep)
    char *zone = NULL;

    if (!zone_exists(zone_name)) {
        BUFFER_AUTO(name);

        python_repr_text(&name, zone_name, strlen(zone_name));
        return error_set(err, -EINVAL, "%s", buffer_text(&name));
    }
    zone = xasprintf(":%s", zone_name);
    setenv("TZ", strcmp(zone_name, "UTC") == 0 ? "UTC0" : zone, 1);
    tzset();
    return 0;
}

bool display_colours(void)
{
    const char *term = getenv("TERM"), *off = getenv("ST2_COLORIZE");

    if (!term || (off && *off))
        return false;
    for (size_t i = 0; i < ELEMENTS(colour_terminals); i++) {
        if (strcasecmp(term, colour_terminals[i]) == 0)
            return true;
    }
    return false;
}

void display_coloured(struct buffer *out, const char *text, enum colour colour)
{
    if (colour == COLOUR_NONE || !display_colours())
        buffer_add_text(out, text);
    else
        buffer_addf(out, "%s%s\033[0m", colour_codes[colour], text);
}

/* ---- single attributes ---- */

static bool time_of(value v, int64_t *ret_us)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct civil civil = { 0 };
    char month[4];
    VALUE_AUTO(time);

    if (!value_is_string(v))
        return false;
    if (datetime_parse_iso(value_chars(v), value_len(v), &time, NULL) == 0) {
        *ret_us = datetime_utc_us(time);
        return true;
    }
    /* A time that is already in its shown form is read once more: its zone's name means nothing then. */
    if (sscanf(value_chars(v), "%*3s, %2d %3s %4d %2d:%2d:%2d", &civil.day, month, &civil.year, &civil.hour,
               &civil.minute, &civil.second) != 6)
        return false;
    for (size_t i = 0; i < ELEMENTS(months); i++) {
        if (strcmp(month, months[i]) == 0)
            civil.month = (int)i + 1;
    }
    if (!civil_valid(&civil))
        return false;
    *ret_us = civil_to_us(&civil);
    return true;
}

static value time_shown(value v)
{
    char text[80];
    struct tm tm;
    int64_t us;
    time_t seconds;

    if (value_is_null(v) || (value_is_string(v) && value_len(v) == 0))
        return value_text("");
    if (!time_of(v, &us))
        return value_ref(v);
    seconds = (time_t)(us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000));
    if (!localtime_r(&seconds, &tm))
        return value_ref(v);
    /* in English whatever the locale says: the program never calls setlocale() for times */
    strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S %Z", &tm);
    return value_text(text);
}

static value status_shown(value v)
{
    enum colour colour = COLOUR_YELLOW;
    CLEANUP(freep)
    char *status = NULL;
    const char *elapsed;
    BUFFER_AUTO(out);

    if (!value_is_string(v))
        return value_ref(v);
    elapsed = strchr(value_chars(v), '(');
    status = xstrndup(value_chars(v), elapsed ? (size_t)(elapsed - value_chars(v)) : value_len(v));
    if (elapsed) {
        for (size_t n = strlen(status); n > 0 && status[n - 1] == ' '; n--)
            status[n - 1] = '\0';
    }
    for (size_t i = 0; i < ELEMENTS(status_colours); i++) {
        if (strcmp(status, status_colours[i].status) == 0)
            colour = status_colours[i].colour;
    }
    display_coloured(&out, status, colour);
    if (elapsed)
        buffer_addf(&out, " %s", elapsed);
    return value_text(buffer_text(&out));
}

static value parameters_shown(value v)
{
    value masked = value_ref(v);

    for (size_t i = 0; value_is_map(v) && i < ELEMENTS(secret_parameters); i++) {
        if (value_map_has(masked, secret_parameters[i]))
            value_map_set_text(&masked, secret_parameters[i], value_text("********"));
    }
    return masked;
}

value display_apply(const struct display *rows, const char *attribute, value v)
{
    for (; rows && rows->attribute; rows++) {
        if (strcmp(rows->attribute, attribute) != 0)
            continue;
        switch (rows->kind) {
        case DISPLAY_TIME:
            return time_shown(v);
        case DISPLAY_STATUS:
            return status_shown(v);
        case DISPLAY_PARAMETERS:
            return parameters_shown(v);
        case DISPLAY_PLAIN:
            break;
        }
    }
    return value_ref(v);
}

bool display_is_completed(const char *status)
{
    for (size_t i = 0; status && i < ELEMENTS(completed_statuses); i++) {
        if (strcmp(status, completed_statuses[i]) == 0)
            return true;
    }
    return false;
}

value display_elapsed(value execution)
{
    const char *status = value_map_chars(execution, "status");
    int64_t start, end;

    if (!status || !time_of(value_map_get(execution, "start_timestamp"), &start))
        return execution;
    if (strcmp(status, "running") == 0)
        end = clock_now_us();
    else if (!display_is_completed(status) || !time_of(value_map_get(execution, "end_timestamp"), &end))
        return execution;
    value_map_put(&execution, "status",
                  value_textf("%s (%llds elapsed)", status, (long long)(end / 1000000 - start / 1000000)));
    return execution;
}

/* ---- the terminal ---- */

int display_columns(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    char *end;
    long n;

    if (columns && *columns) {
        n = strtol(columns, &end, 10);
        if (!*end && n > 0 && n < 100000)
            return (int)n;
    }
    for (int fd = 0; fd < 3; fd++) {
        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
            return size.ws_col;
    }
    return COLUMNS_DEFAULT;
}
