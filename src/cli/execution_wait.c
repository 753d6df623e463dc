/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for an execution: asking again and again, soon at first and then every two seconds. Where a person
   looks on, a line shows that something is going on; elsewhere a dot is printed for each question. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/execution.h"

#define POLL_FIRST_MS 50
#define POLL_MAX_MS   2000
#define SPINNER_MS    100

static const char *const pending_statuses[] = { "requested", "scheduled", "running", "canceling" };

static bool is_pending(value execution)
{
    const char *status = value_map_chars(execution, "status");

    for (size_t i = 0; status && i < ELEMENTS(pending_statuses); i++) {
        if (strcmp(status, pending_statuses[i]) == 0)
            return true;
    }
    return false;
}

static void sleep_ms(int ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&time, NULL);
}

struct spinner {
    bool on; /* a terminal is there to draw on */
    int64_t started_us;
    int frame;
};

static void spinner_draw(struct spinner *spinner, value execution)
{
    static const char *const frames[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
    const char *status = value_map_chars(execution, "status");

    printf("\r\033[K%s %s (%llds)", frames[spinner->frame++ % (int)ELEMENTS(frames)], status ? status : "",
           (long long)(clock_monotonic_us() - spinner->started_us) / 1000000);
    fflush(stdout);
}

static void wait_ms(struct spinner *spinner, value execution, int ms)
{
    if (!spinner->on) {
        sleep_ms(ms);
        return;
    }
    for (int slept = 0; slept < ms; slept += SPINNER_MS) {
        spinner_draw(spinner, execution);
        sleep_ms(ms - slept < SPINNER_MS ? ms - slept : SPINNER_MS);
    }
}

int cli_execution_fetch(struct cli *cli, const char *id, value *ret, struct error *err)
{
    BUFFER_AUTO(path);

    resource_item_path(&cli_execution_resource, id, &path);
    return client_json(&cli->client, NULL, path.data, VALUE_NOTHING, ret, err);
}

static int execution_renew(struct cli *cli, value *execution, struct error *err)
{
    value newer = VALUE_NOTHING;
    int r = cli_execution_fetch(cli, value_map_chars(*execution, "id"), &newer, err);

    if (r == 0)
        value_replace(execution, newer);
    return r;
}

static int execution_poll(struct cli *cli, const struct cli_args *args, bool fresh, value *execution,
                          struct error *err)
{
    const char *term = getenv("TERM");
    bool quiet = output_form(args) != OUTPUT_TEXT;
    struct spinner spinner = { .on = !quiet && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0,
                               .started_us = clock_monotonic_us() };
    int delay_ms = POLL_FIRST_MS, r = 0, n = 0;

    for (; r == 0 && is_pending(*execution); n++) {
        wait_ms(&spinner, *execution, delay_ms);
        delay_ms = delay_ms * 2 < POLL_MAX_MS ? delay_ms * 2 : POLL_MAX_MS;
        if (!quiet && !spinner.on) {
            putchar('.');
            fflush(stdout);
        }
        r = execution_renew(cli, execution, err);
    }
    if (spinner.on)
        fputs("\r\033[K", stdout);
    else
        putchar('\n');
    fflush(stdout);
    if (r == 0 && n == 0 && fresh)
        r = execution_renew(cli, execution, err);
    return r;
}

int cli_execution_wait(struct cli *cli, const struct cli_args *args, bool wait, bool fresh, value *execution,
                       struct error *err)
{
    const char *id = value_map_chars(*execution, "id");
    int r;

    if (!id)
        return error_set(err, -EPROTO, "The server's answer is no execution");
    if (args_flag(args, "--tail")) {
        printf("Tailing execution \"%s\"\n", id);
        fflush(stdout);
        r = cli_execution_tail(cli, *execution, NULL, false, err);
        if (r == 0)
            r = execution_renew(cli, execution, err);
        putchar('\n');
        return r;
    }
    return wait ? execution_poll(cli, args, fresh, execution, err) : 0;
}
