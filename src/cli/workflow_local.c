/* SPDX-License-Identifier: Apache-2.0 */
/* workflow graph and workflow rehearse: what can be told of a definition without a server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "value/json.h"
#include "value/yaml.h"
#include "workflow/draw.h"
#include "workflow/rehearsal.h"

static int spec_read(const char *file, struct workflow_spec **ret, struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    size_t n;
    int r = cli_file_read(file, &text, &n, err);

    if (r < 0)
        return r;
    r = workflow_spec_load_text(text, n, SPEC_EXTENSIONS, ret, err);
    return r < 0 ? error_prefix(err, r, "%s", file) : 0;
}

/* ---- graph ---- */

static const struct {
    const char *name;
    void (*draw)(const struct workflow_graph *graph, struct buffer *out);
} formats[] = { { "mermaid", workflow_draw_mermaid }, { "dot", workflow_draw_dot } };

static int graph_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *format = args_text(args, "--format");
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    CLEANUP(workflow_graph_freep)
    struct workflow_graph *graph = NULL;
    BUFFER_AUTO(out);
    size_t which = 0;
    int r;

    while (format && which < ELEMENTS(formats) && strcmp(formats[which].name, format) != 0)
        which++;
    if (which == ELEMENTS(formats))
        return error_set(err, -EINVAL, "There is no format \"%s\"; the formats are mermaid and dot.", format);
    r = spec_read(args_operand(args, "file"), &spec, err);
    if (r == 0) {
        r = workflow_graph_new(spec, &graph, err);
        if (r < 0)
            error_set(err, r,
                      "%s cannot be drawn, its definition has mistakes; `fulmar workflow inspect %s` "
                      "tells them.",
                      args_operand(args, "file"), args_operand(args, "file"));
    }
    if (r < 0)
        return r;
    formats[which].draw(graph, &out);
    fputs(buffer_text(&out), stdout);
    return EXIT_DONE;
}

static const struct cli_option graph_options[] = {
    { .letter = "-f",
      .name = "--format",
      .kind = OPTION_TEXT,
      .metavar = "FORMAT",
      .help = "\"mermaid\" (the default) or \"dot\", as Graphviz reads it." },
    OPTIONS_END,
};

const struct cli_command command_workflow_graph = {
    .name = "graph",
    .help = "Draw the tasks and transitions of a workflow definition as text for Mermaid or Graphviz.",
    .options = (const struct cli_option *const[]){ options_help, graph_options, NULL },
    .operands = OPERANDS({ "file", OPERAND_ONE, "The workflow definition." }),
    .run = graph_run,
    .flags = COMMAND_NO_SIGNIN,
};

/* ---- rehearse ---- */

/* Paths in a test are relative to `base`. Owned. */
static char *path_under(const char *base, const char *path)
{
    return *path == '/' ? xstrdup(path) : xasprintf("%s/%s", base, path);
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? xstrndup(file, slash > file ? (size_t)(slash - file) : 1) : xstrdup(".");
}

static int yaml_file_read(const char *file, value *ret, struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    size_t n;
    int r = cli_file_read(file, &text, &n, err);

    if (r < 0)
        return r;
    if (!utf8_valid(text, n))
        return error_set(err, -EILSEQ, "%s: it is not valid UTF-8", file);
    r = yaml_read_named(file, text, n, 0, ret, NULL, err);
    return r;
}

/* Results of mocks: what is no JSON is taken as text. */
static int result_read(void *data, const char *path, value *ret, struct error *err)
{
    CLEANUP(freep)
    char *file = path_under(data, path);
    CLEANUP(freep)
    char *text = NULL;
    size_t n;

    if (cli_file_read(file, &text, &n, NULL) < 0)
        return error_set(err, -ENOENT, "The result path \"%s\" for the mock action execution does not exist.",
                         file);
    if (json_read(text, n, JSON_PYTHON, ret, NULL) == 0)
        return 0;
    *ret = value_text_checked(text, n);
    return value_is_set(*ret) ? 0 : error_set(err, -EILSEQ, "%s: it is not valid UTF-8", file);
}

static int test_play(const char *file, const char *base_path, value *ret, struct error *err)
{
    CLEANUP(freep)
    char *base = base_path ? xstrdup(base_path) : folder_of(file);
    CLEANUP(freep)
    char *workflow = NULL;
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    struct rehearsal_files files = { result_read, base };
    VALUE_AUTO(test);
    int r = yaml_file_read(file, &test, err);

    if (r < 0)
        return r;
    if (!value_map_chars(test, "workflow"))
        return error_set(err, -EINVAL, "The test names no \"workflow\".");
    workflow = path_under(base, value_map_chars(test, "workflow"));
    r = spec_read(workflow, &spec, err);
    return r < 0 ? r : workflow_rehearse(spec, test, &files, ret, err);
}

/* {file, passed, differences, error?, seconds, ...}. Never fails: a test that cannot be played says why. Owned. */
static value test_outcome(const char *file, const char *base_path)
{
    int64_t begin = clock_monotonic_us();
    value outcome = VALUE_NOTHING, name = value_text_checked(file, strlen(file));
    ERROR_AUTO(err);

    if (test_play(file, base_path, &outcome, &err) < 0) {
        outcome = value_map_new(4);
        value_map_put(&outcome, "passed", value_bool(false));
        value_map_put(&outcome, "differences", value_list_new(0));
        value_map_put(&outcome, "error",
                      err.kind ? value_textf("%s: %s", err.kind, error_text(&err))
                               : value_text(error_text(&err)));
    }
    value_map_put(&outcome, "file", value_is_set(name) ? name : value_text("?"));
    value_map_put(&outcome, "seconds", value_float((double)(clock_monotonic_us() - begin) / 1e6));
    return outcome;
}

static void outcome_print(value outcome)
{
    value coverage = value_map_get(outcome, "coverage");
    const char *error = value_map_chars(outcome, "error");

    printf("%s  %s", value_map_bool(outcome, "passed", false) ? "passed" : "FAILED",
           value_map_chars(outcome, "file"));
    if (value_is_map(coverage))
        printf("  (%zu tasks, %lld of %lld transitions taken)",
               value_list_count(value_map_get(outcome, "sequence")),
               (long long)value_map_int(coverage, "taken", 0),
               (long long)value_map_int(coverage, "transitions", 0));
    putchar('\n');
    if (error)
        printf("    %s\n", error);
    VALUE_LIST_EACH (i, difference, value_map_get(outcome, "differences"))
        printf("    %s\n", value_chars(difference));
}

/* Characters that XML cannot hold become question marks. */
static void xml_add(struct buffer *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\n', "&#10;" }
    };

    for (; *text; text++) {
        size_t i = 0;

        while (i < ELEMENTS(entities) && entities[i].c != *text)
            i++;
        if (i < ELEMENTS(entities))
            buffer_add_text(out, entities[i].entity);
        else
            buffer_add_char(out, (unsigned char)*text < 0x20 && *text != '\t' ? '?' : *text);
    }
}

static void junit_case(struct buffer *out, value outcome)
{
    const char *error = value_map_chars(outcome, "error");
    double seconds = value_map_get(outcome, "seconds").number;

    buffer_add_text(out, "  <testcase classname=\"workflow\" name=\"");
    xml_add(out, value_map_chars(outcome, "file"));
    buffer_addf(out, "\" time=\"%.3f\">\n", seconds);
    if (error) {
        buffer_add_text(out, "    <error message=\"");
        xml_add(out, error);
        buffer_add_text(out, "\"/>\n");
    }
    VALUE_LIST_EACH (i, difference, value_map_get(outcome, "differences")) {
        buffer_add_text(out, "    <failure message=\"");
        xml_add(out, value_chars(difference));
        buffer_add_text(out, "\"/>\n");
    }
    buffer_add_text(out, "  </testcase>\n");
}

static int junit_write(const char *file, value outcomes, struct error *err)
{
    size_t n_failures = 0, n_errors = 0;
    double seconds = 0;
    BUFFER_AUTO(out);
    FILE *stream;
    bool written;

    VALUE_LIST_EACH (i, outcome, outcomes) {
        n_errors += value_map_has(outcome, "error");
        n_failures += value_list_count(value_map_get(outcome, "differences")) > 0;
        seconds += value_map_get(outcome, "seconds").number;
    }
    buffer_addf(
        &out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"rehearsals\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n",
        value_list_count(outcomes), n_failures, n_errors, seconds);
    VALUE_LIST_EACH (i, outcome, outcomes)
        junit_case(&out, outcome);
    buffer_add_text(&out, "</testsuite>\n");
    stream = fopen(file, "we");
    if (!stream)
        return error_set(err, -errno, "%s: %s", file, strerror(errno));
    written = fwrite(out.data, 1, out.len, stream) == out.len;
    if (fclose(stream) != 0 || !written)
        return error_set(err, -EIO, "%s: it cannot be written: %s", file, strerror(errno));
    return 0;
}

static int rehearse_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    value files = args_operands(args, "file");
    size_t n_failed = 0;
    VALUE_AUTO(outcomes);
    int r = 0;

    outcomes = value_list_new(value_list_count(files));
    VALUE_LIST_EACH (i, file, files) {
        value outcome = test_outcome(value_chars(file), args_text(args, "--base-path"));

        n_failed += !value_map_bool(outcome, "passed", false);
        if (output_form(args) == OUTPUT_TEXT)
            outcome_print(outcome);
        value_list_append(&outcomes, outcome);
    }
    if (output_form(args) != OUTPUT_TEXT)
        output_document(output_form(args), outcomes);
    else
        printf("%zu of %zu rehearsals passed.\n", value_list_count(files) - n_failed,
               value_list_count(files));
    if (args_text(args, "--junit"))
        r = junit_write(args_text(args, "--junit"), outcomes, err);
    return r < 0 ? r : n_failed ? EXIT_ERROR : EXIT_DONE;
}

static const struct cli_option rehearse_options[] = {
    { .letter = "-p",
      .name = "--base-path",
      .kind = OPTION_TEXT,
      .metavar = "DIR",
      .help = "What paths in the tests are relative to; without it, to the folder of each test." },
    { .name = "--junit",
      .kind = OPTION_TEXT,
      .metavar = "FILE",
      .help = "Write the outcome as JUnit XML, too." },
    OPTIONS_END,
};

const struct cli_command command_workflow_rehearse = {
    .name = "rehearse",
    .help = "Play workflows with mocked actions and compare what comes of it with what tests expect.",
    .options = (const struct cli_option *const[]){ options_help, options_format, rehearse_options, NULL },
    .operands = OPERANDS({ "file", OPERAND_SOME, "The tests." }),
    .run = rehearse_run,
    .flags = COMMAND_NO_SIGNIN,
};
