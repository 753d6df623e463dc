/* SPDX-License-Identifier: Apache-2.0 */
/* expr: evaluates an expression here, or on the server against an execution. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/grid.h"
#include "cli/output.h"
#include "expr/trial.h"
#include "value/json.h"
#include "value/yaml.h"

#define CONTEXT_SIZE_MAX (20 << 20)
#define CELL_SIZE_MAX    2000 /* of a value in the table of steps */

static const struct json_style readable = { .indent = 4, .spaced = true };

static int stdin_read(char **ret, size_t *ret_len, struct error *err)
{
    BUFFER_AUTO(out);
    ssize_t n;

    do {
        buffer_reserve(&out, 65536);
        n = read(STDIN_FILENO, out.data + out.len, 65536);
        if (n < 0 && errno != EINTR)
            return error_set(err, -errno, "The standard input cannot be read: %s", strerror(errno));
        out.len += n > 0 ? (size_t)n : 0;
        if (out.len > CONTEXT_SIZE_MAX)
            return error_set(err, -EFBIG, "The context has more than %d bytes.", CONTEXT_SIZE_MAX);
    } while (n != 0);
    out.data[out.len] = '\0';
    *ret_len = out.len;
    *ret = buffer_take(&out);
    return 0;
}

/* JSON is YAML, but for tabs between its tokens: what begins as JSON does is read as such. */
static int context_parse(const char *text, size_t n, value *ret, struct error *err)
{
    if (text[strspn(text, " \t\r\n")] == '{')
        if (json_read(text, n, JSON_PYTHON, ret, NULL) == 0)
            return 0;
    return yaml_read(text, n, ret, err);
}

static int context_read(const char *file, value *ret, struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    size_t n = 0;
    int r = 0;

    if (!file) {
        *ret = value_map_new(0);
        return 0;
    }
    r = strcmp(file, "-") == 0 ? stdin_read(&text, &n, err) : cli_file_read(file, &text, &n, err);
    if (r < 0)
        return r;
    if (!utf8_valid(text, n))
        return error_set(err, -EILSEQ, "The context \"%s\" is not valid UTF-8.", file);
    r = context_parse(text, n, ret, err);
    if (r < 0)
        return error_prefix(err, r, "The context \"%s\" cannot be read", file);
    if (value_is_null(*ret))
        value_replace(ret, value_map_new(0));
    if (!value_is_map(*ret)) {
        value_replace(ret, VALUE_NOTHING);
        return error_set(err, -EINVAL, "The context \"%s\" is no mapping of names to values.", file);
    }
    return 0;
}

/* ---- printing ---- */

static void cell_write(struct buffer *out, value step)
{
    value v = value_map_get(step, "value");

    if (value_map_has(step, "omitted")) {
        buffer_add_text(out, "(too large to be shown)");
        return;
    }
    json_write(out, v, (struct json_style){ .indent = -1, .spaced = true });
    if (out->len > CELL_SIZE_MAX) {
        out->len = utf8_valid_prefix(out->data, CELL_SIZE_MAX);
        buffer_add_text(out, "...");
    } else if (value_map_has(step, "partial")) {
        buffer_add_text(out, " ...");
    }
    if (value_map_has(step, "times"))
        buffer_addf(out, " (the same place, %lld times in all)", (long long)value_map_int(step, "times", 0));
}

static void steps_print(value steps)
{
    int columns = display_columns();
    size_t wide = columns > 60 ? ((size_t)columns - 20) / 2 : 20;
    CLEANUP(grid_release)
    struct grid table;
    BUFFER_AUTO(out);

    grid_init(&table, 3);
    grid_column(&table, 0, "at", 12);
    grid_column(&table, 1, "expression", wide);
    grid_column(&table, 2, "value", wide);
    VALUE_LIST_EACH (i, step, steps) {
        BUFFER_AUTO(place);
        BUFFER_AUTO(cell);
        const char *text = value_map_chars(step, "expression");

        buffer_addf(&place, "%lld:%lld", (long long)value_map_int(step, "line", 1),
                    (long long)value_map_int(step, "column", 1));
        cell_write(&cell, step);
        grid_row(&table);
        grid_cell(&table, 0, place.data);
        grid_cell(&table, 1, text ? text : "");
        grid_cell(&table, 2, buffer_text(&cell));
    }
    grid_write(&table, &out);
    puts(out.data);
}

static int trial_print(const struct cli_args *args, value trial)
{
    enum output_form form = output_form(args);
    value result = value_map_get(trial, "result"), steps = value_map_get(trial, "steps");
    BUFFER_AUTO(out);

    if (form != OUTPUT_TEXT)
        return output_document(form, value_is_set(steps) ? trial : result);
    if (value_is_set(steps))
        steps_print(steps);
    if (value_is_string(result))
        buffer_add(&out, value_chars(result), value_len(result));
    else
        json_write(&out, result, readable);
    buffer_add_char(&out, '\n');
    fwrite(out.data, 1, out.len, stdout);
    return 0;
}

static int failure_print(const struct cli_args *args, value failure)
{
    if (output_form(args) != OUTPUT_TEXT) {
        output_document(output_form(args), failure);
        return EXIT_ERROR;
    }
    fprintf(stderr, "ERROR: %s: %s\n", value_map_chars(failure, "class"),
            value_map_chars(failure, "message"));
    if (value_map_chars(failure, "hint"))
        fprintf(stderr, "hint: %s\n", value_map_chars(failure, "hint"));
    fprintf(stderr, "language: %s\nexpression: %s\nline: %lld, column: %lld\n",
            value_map_chars(failure, "language"), value_map_chars(failure, "expression"),
            (long long)value_map_int(failure, "line", 1), (long long)value_map_int(failure, "column", 1));
    return EXIT_ERROR;
}

/* ---- evaluating ---- */

static int evaluate_here(const struct cli_args *args, const char *text, enum expr_mode mode, value variables,
                         struct error *err)
{
    struct expr_context context = { .variables = variables, .now_us = clock_now_us() };
    VALUE_AUTO(trial);
    VALUE_AUTO(failure);
    ERROR_AUTO(reason);

    context.random_seed = (uint64_t)context.now_us ^ (uint64_t)getpid() << 40;
    if (expr_try(text, strlen(text), mode, &context, args_flag(args, "--explain"), &trial, &reason) == 0)
        return trial_print(args, trial);
    failure = expr_try_failure(text, strlen(text), mode, &reason);
    return failure_print(args, failure);
}

/* What the server says of an expression that failed has the shape of a trial's failure; other refusals are errors. */
static int answer_print(const struct cli_args *args, const struct reply *reply, struct error *err)
{
    VALUE_AUTO(answer);
    int r;

    if (reply->status == 400 && reply_json(reply, &answer, NULL) == 0 && value_map_chars(answer, "class") &&
        value_map_chars(answer, "message") && value_map_chars(answer, "language") &&
        value_map_chars(answer, "expression")) {
        value_map_remove(&answer, "faultstring");
        return failure_print(args, answer);
    }
    r = reply_check(reply, err);
    if (r == 0)
        r = reply_json(reply, &answer, err);
    return r < 0 ? r : trial_print(args, answer);
}

static int evaluate_there(struct cli *cli, const struct cli_args *args, const char *text, const char *mode,
                          value variables, struct error *err)
{
    CLEANUP(reply_release)
    struct reply reply = { 0 };
    struct request request = { .method = "POST", .path = "/expressions/evaluate" };
    VALUE_AUTO(body);
    int r;

    body = value_map_new(5);
    value_map_put(&body, "expression", value_text(text));
    value_map_put(&body, "mode", value_text(mode));
    value_map_put(&body, "context", value_ref(variables));
    value_map_put(&body, "explain", value_bool(args_flag(args, "--explain")));
    value_map_put(&body, "execution", value_text(args_text(args, "--execution")));
    request.body = body;
    r = client_signin(cli, args, err);
    if (r == 0)
        r = client_call(&cli->client, &request, &reply, err);
    return r < 0 ? r : answer_print(args, &reply, err);
}

static int expr_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *text = args_operand(args, "expression"), *mode_name = args_text(args, "--mode");
    VALUE_AUTO(variables);
    int mode, r;

    mode_name = mode_name ? mode_name : "orquesta";
    mode = expr_mode_from_name(mode_name);
    if (mode < 0)
        return error_set(err, -EINVAL,
                         "There is no mode \"%s\"; the modes are orquesta, template, template-lax.",
                         mode_name);
    if (!utf8_valid(text, strlen(text)))
        return error_set(err, -EILSEQ, "The expression is not valid UTF-8.");
    r = context_read(args_text(args, "--context"), &variables, err);
    if (r < 0)
        return r;
    return args_text(args, "--execution") ? evaluate_there(cli, args, text, mode_name, variables, err)
                                          : evaluate_here(args, text, (enum expr_mode)mode, variables, err);
}

static const struct cli_option expr_options[] = {
    { .letter = "-c",
      .name = "--context",
      .kind = OPTION_TEXT,
      .metavar = "FILE",
      .help = "The variables: a YAML or JSON file, \"-\" for the standard input." },
    { .letter = "-m",
      .name = "--mode",
      .kind = OPTION_TEXT,
      .metavar = "MODE",
      .help =
          "How the text is read: \"orquesta\" as in workflows (the default), \"template\" as in rules and parameters, "
          "\"template-lax\" the same with unknown names empty." },
    { .letter = "-x", .name = "--explain", .help = "Show each part of the expression with its value, too." },
    { .letter = "-e",
      .name = "--execution",
      .kind = OPTION_TEXT,
      .metavar = "ID",
      .help = "Let the server evaluate it, with the parameters and the result of this execution." },
    OPTIONS_END,
};

const struct cli_command command_expr = {
    .name = "expr",
    .help = "Evaluate an expression, YAQL or Jinja, as workflows and rules do.",
    .options = COMMON_OPTIONS(expr_options),
    .operands = OPERANDS({ "expression", OPERAND_ONE, "The text, as it would stand in a workflow or rule." }),
    .run = expr_run,
    .flags = COMMAND_NO_SIGNIN, /* only --execution talks to the server, and signs in itself */
};
