/* SPDX-License-Identifier: Apache-2.0 */
/* local-shell-cmd and local-shell-script: a command line, or a file of the pack, run by the shell on the server itself
   (contract: actions-and-runners.md 9.1). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/process.h"
#include "runners/shell.h"
#include "value/python.h"

static char **environment_of(const struct run *run)
{
    value own = value_map_get(run->runner_parameters, "env");
    size_t n = 0, room = 0;
    char **list = NULL;

    for (char **p = environ; *p; p++) {
        size_t len = strcspn(*p, "=");

        if (value_is_set(value_map_get_n(run->environment, *p, len)) ||
            value_is_set(value_map_get_n(own, *p, len)) || strncmp(*p, "FULMAR_ADMIN_PASSWORD=", 22) == 0)
            continue;
        GROW(list, n, room);
        list[n++] = xstrdup(*p);
    }
    for (int which = 0; which < 2; which++) {
        value map = which ? run->environment : own;

        VALUE_MAP_EACH (i, map) {
            BUFFER_AUTO(line);

            python_str(&line, value_map_key_at(map, i));
            if (!which && value_map_has(run->environment, buffer_text(&line)))
                continue;
            buffer_add_char(&line, '=');
            python_str(&line, value_map_item_at(map, i));
            GROW(list, n, room);
            list[n++] = buffer_take(&line);
        }
    }
    GROW(list, n, room);
    list[n] = NULL;
    return list;
}

/* sh -c COMMAND, through sudo when another user is asked for. */
static void prepare_command(const struct run *run, const struct buffer *command, struct process_spec *ret)
{
    value p = run->runner_parameters;
    bool sudo = value_truth(value_map_get(p, "sudo"));
    const char *password = value_map_chars(p, "sudo_password");
    const char *cwd = value_map_chars(p, "cwd");
    value timeout = value_map_get(p, "timeout");
    BUFFER_AUTO(line);

    if (sudo || run->system_user) {
        buffer_addf(&line, "sudo %s-E ", password ? "-S " : "");
        if (!sudo) {
            buffer_add_text(&line, "-H -u ");
            shell_quote(&line, run->system_user, strlen(run->system_user));
            buffer_add_char(&line, ' ');
        }
        buffer_add_text(&line, "-- bash -c ");
        shell_quote(&line, buffer_text(command), command->len);
        ret->through_sudo = true;
        if (password) {
            ret->input = xasprintf("%s\n", password);
            ret->input_len = strlen(ret->input);
        }
    } else {
        buffer_add(&line, buffer_text(command), command->len);
    }
    ret->argv = xcalloc(4, sizeof(char *));
    ret->argv[0] = xstrdup("/bin/sh");
    ret->argv[1] = xstrdup("-c");
    ret->argv[2] = buffer_take(&line);
    ret->environment = environment_of(run);
    ret->cwd = cwd && *cwd ? xstrdup(cwd) : NULL;
    ret->timeout_ms = timeout.kind == VALUE_INT && timeout.integer > 0 ? timeout.integer * 1000 : 0;
}

static int command_prepare(const struct run *run, struct process_spec *ret, struct error *err)
{
    const char *cmd = value_map_chars(run->runner_parameters, "cmd");
    BUFFER_AUTO(command);

    if (run->entry_point)
        return error_set(err, -EINVAL, "entry_point is only valid for local-shell-script runner");
    buffer_add_text(&command, cmd ? cmd : "");
    prepare_command(run, &command, ret);
    return 0;
}

static int script_prepare(const struct run *run, struct process_spec *ret, struct error *err)
{
    const char *kwarg_op = value_map_chars(run->runner_parameters, "kwarg_op");
    BUFFER_AUTO(command);
    BUFFER_AUTO(path);

    if (!run->entry_point)
        return error_set(err, -EINVAL, "Missing entry_point action metadata attribute");
    if (access(run->entry_point, F_OK) < 0)
        return error_set(err, -ENOENT, "the script %s cannot be found: %s", run->entry_point,
                         strerror(errno));
    shell_quote(&path, run->entry_point, strlen(run->entry_point));
    if (access(run->entry_point, X_OK) < 0)
        buffer_addf(&command, "chmod +x %s ; ", path.data);
    buffer_add(&command, path.data, path.len);
    shell_arguments(&command, value_map_get(run->action, "parameters"), run->action_parameters,
                    kwarg_op ? kwarg_op : "--");
    prepare_command(run, &command, ret);
    return 0;
}

/* sudo says "N incorrect password attempt(s)" after a wrong password. */
static bool wrong_password(const struct buffer *err)
{
    const char *found = err->len ? strstr(err->data, " incorrect password attempt") : NULL;
    const char *line = found;

    if (!found)
        return false;
    while (line > err->data && line[-1] != '\n')
        line--;
    return strncmp(line, "sudo: ", 6) == 0;
}

static void add_cut(value *result, const struct process_end *end, size_t limit)
{
    value cut = value_map_new(2);

    if (end->out_cut)
        value_map_put(
            &cut, "stdout",
            value_textf("%lld bytes were written, the first %zu are kept", (long long)end->out_total, limit));
    if (end->err_cut)
        value_map_put(
            &cut, "stderr",
            value_textf("%lld bytes were written, the first %zu are kept", (long long)end->err_total, limit));
    value_map_put(result, "truncated", cut);
}

static void local_finish(const struct run *run, const struct process_end *end, struct outcome *ret)
{
    static const struct {
        int code;
        enum execution_status status;
    } statuses[] = { { 0, EXECUTION_SUCCEEDED }, { -9, EXECUTION_TIMEOUT }, { -15, EXECUTION_ABANDONED } };
    int code = end->timed_out ? -9 : end->exit_code;
    enum execution_status status = EXECUTION_FAILED;
    CLEANUP(freep)
    char *text = NULL;
    value result;

    if (!end->started) {
        outcome_failed(ret, end->start_error);
        return;
    }
    if (code == -9)
        text = xasprintf("Action failed to complete in %lld seconds", (long long)(end->timeout_ms / 1000));
    if (value_map_has(run->runner_parameters, "sudo_password") && wrong_password(&end->err)) {
        code = -1;
        free(text);
        text = xasprintf("Invalid sudo password provided or sudo is not configured for this user (%s)",
                         run->system_user ? run->system_user : "");
    }
    for (size_t i = 0; i < ELEMENTS(statuses); i++)
        if (statuses[i].code == code)
            status = statuses[i].status;
    result = value_map_new(8);
    value_map_put(&result, "failed", value_bool(code != 0));
    value_map_put(&result, "succeeded", value_bool(code == 0));
    value_map_put(&result, "return_code", value_int(code));
    value_map_put(&result, "stdout", shell_stream(end->out.data, end->out.len));
    value_map_put(&result, "stderr", shell_stream(end->err.data, end->err.len));
    if (text)
        value_map_put(&result, "error", value_text(text));
    if (end->out_cut || end->err_cut)
        add_cut(&result, end, run->output_limit);
    *ret = (struct outcome){ .status = status, .result = result };
}

const struct runner_ops runner_local_shell_cmd = {
    .name = "local-shell-cmd",
    .prepare = command_prepare,
    .finish = local_finish,
};

const struct runner_ops runner_local_shell_script = {
    .name = "local-shell-script",
    .prepare = script_prepare,
    .finish = local_finish,
};
