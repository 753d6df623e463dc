/* SPDX-License-Identifier: Apache-2.0 */
/* workflow rehearse: plays workflows as test files say, without a server. What differs is told with the line of the test
   that expects something else; transitions that no test took are told with their line in the workflow. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/junit.h"
#include "cli/output.h"
#include "value/json.h"
#include "value/yaml.h"
#include "workflow/rehearsal.h"

/* ---- files ---- */

/* Paths in a test are relative to `base`. Owned. */
static char *path_under(const char *base, const char *path)
{
    return *path == '/' || strcmp(base, ".") == 0 ? xstrdup(path) : xasprintf("%s/%s", base, path);
}

static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? xstrndup(file, slash > file ? (size_t)(slash - file) : 1) : xstrdup(".");
}

static int yaml_file_read(const char *file, value *ret, struct yaml_positions **ret_positions,
                          struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    size_t n;
    int r = cli_file_read(file, &text, &n, err);

    if (r < 0)
        return r;
    if (!utf8_valid(text, n))
        return error_set(err, -EILSEQ, "%s: it is not valid UTF-8", file);
    return yaml_read_named(file, text, n, 0, ret, ret_positions, err);
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

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);

    return n > n_end && strcmp(text + n - n_end, end) == 0;
}

static int is_named_test(const struct dirent *entry)
{
    return ends_with(entry->d_name, ".test.yaml") || ends_with(entry->d_name, ".test.yml");
}

static int is_yaml(const struct dirent *entry)
{
    return ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml");
}

/* The tests of a folder: what is named so, or every YAML file when nothing is. */
static int folder_add(value *tests, const char *folder, struct error *err)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, is_named_test, alphasort);

    if (n == 0) {
        free(entries);
        n = scandir(folder, &entries, is_yaml, alphasort);
    }
    if (n < 0)
        return error_set(err, -errno, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        CLEANUP(freep)
        char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
        value file = value_text_checked(path, strlen(path));

        if (value_is_set(file))
            value_list_append(tests, file);
        free(entries[i]);
    }
    free(entries);
    return n ? 0 : error_set(err, -ENOENT, "There are no tests in %s.", folder);
}

static int tests_find(value operands, value *ret, struct error *err)
{
    VALUE_LIST_EACH (i, operand, operands) {
        struct stat info;
        int r = 0;

        if (stat(value_chars(operand), &info) < 0)
            r = error_set(err, -errno, "The test spec \"%s\" does not exist.", value_chars(operand));
        else if (S_ISDIR(info.st_mode))
            r = folder_add(ret, value_chars(operand), err);
        else
            value_list_append(ret, value_ref(operand));
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- playing ---- */

struct play {
    const char *file; /* the test */
    const char *base;
    bool save_state;
    value test;
    struct yaml_positions *positions; /* of the test */
    struct workflow_spec *spec;
    char *workflow; /* its file; NULL when it came with a saved state */
};

static void play_release(struct play *play)
{
    value_unref(play->test);
    yaml_positions_free(play->positions);
    workflow_spec_free(play->spec);
    free(play->workflow);
}

/* A saved state stands in the test or in a file of its own. */
static int state_read(struct play *play, struct error *err)
{
    const char *path = value_map_chars(play->test, "workflow_state");
    CLEANUP(freep)
    char *file = path ? path_under(play->base, path) : NULL;
    value state = VALUE_NOTHING;
    int r = 0;

    if (file)
        r = yaml_file_read(file, &state, NULL, err);
    if (r == 0 && value_is_set(state))
        value_map_put(&play->test, "workflow_state", state);
    return r;
}

static int spec_read(struct play *play, struct error *err)
{
    const char *path = value_map_chars(play->test, "workflow");
    value saved = value_path(play->test, "workflow_state.spec.spec");
    CLEANUP(freep)
    char *text = NULL;
    size_t n;
    int r;

    if (!path && value_is_set(saved))
        return workflow_spec_load(saved, SPEC_EXTENSIONS, &play->spec, err);
    if (!path)
        return error_set(err, -EINVAL, "The test names no \"workflow\".");
    play->workflow = path_under(play->base, path);
    if (cli_file_read(play->workflow, &text, &n, NULL) < 0)
        return error_set(err, -ENOENT, "Unable to open worklfow definition at \"%s\".", play->workflow);
    r = workflow_spec_load_text(text, n, SPEC_EXTENSIONS, &play->spec, err);
    return r < 0 ? error_prefix(err, r, "%s", play->workflow) : 0;
}

static int play_test(struct play *play, value *ret, struct error *err)
{
    struct rehearsal_files files = { result_read, (void *)play->base };
    int r = yaml_file_read(play->file, &play->test, &play->positions, err);

    if (r == 0 && !value_is_map(play->test))
        r = error_set(err, -EINVAL, "The test is not a mapping.");
    if (r == 0)
        r = state_read(play, err);
    if (r == 0)
        r = spec_read(play, err);
    if (r < 0)
        return r;
    if (play->save_state)
        value_map_put(&play->test, "save_state", value_bool(true));
    return workflow_rehearse(play->spec, play->test, &files, ret, err);
}

/* {message, line} for each difference. Owned. */
static value differences_placed(const struct play *play, value differences)
{
    value placed = value_list_new(value_list_count(differences));

    VALUE_LIST_EACH (i, difference, differences) {
        const char *path = value_map_chars(difference, "path");
        value v = value_map_new(2);
        int line, column;

        value_map_put(&v, "message", value_ref(value_map_get(difference, "message")));
        if (play->positions && yaml_position(play->positions, path ? path : "", &line, &column))
            value_map_put(&v, "line", value_int(line));
        value_list_append(&placed, v);
    }
    return placed;
}

/* {file, workflow?, passed, differences: [{message, line}], error?, seconds, ...}. Never fails: a test that cannot be
   played says why. Owned. */
static value test_outcome(const char *file, const char *base_path, bool save_state)
{
    int64_t begin = clock_monotonic_us();
    CLEANUP(freep)
    char *base = base_path ? xstrdup(base_path) : folder_of(file);
    struct play play = { .file = file, .base = base, .save_state = save_state };
    value outcome = VALUE_NOTHING, name = value_text_checked(file, strlen(file));
    ERROR_AUTO(err);

    if (play_test(&play, &outcome, &err) < 0) {
        outcome = value_map_new(6);
        value_map_put(&outcome, "passed", value_bool(false));
        value_map_put(&outcome, "error",
                      err.kind ? value_textf("%s: %s", err.kind, error_text(&err))
                               : value_text(error_text(&err)));
    }
    value_map_put(&outcome, "differences", differences_placed(&play, value_map_get(outcome, "differences")));
    value_map_put(&outcome, "file", value_is_set(name) ? name : value_text("?"));
    if (play.workflow)
        value_map_put(&outcome, "workflow", value_text_checked(play.workflow, strlen(play.workflow)));
    value_map_put(&outcome, "seconds", value_float((double)(clock_monotonic_us() - begin) / 1e6));
    play_release(&play);
    return outcome;
}

/* Why a workflow failed, when it should not have. */
static void errors_print(value outcome)
{
    VALUE_LIST_EACH (i, entry, value_map_get(outcome, "errors")) {
        const char *task = value_map_chars(entry, "task_id"), *message = value_map_chars(entry, "message");

        printf("        %s%s%s\n", task ? task : "", task ? ": " : "", message ? message : "");
    }
}

static void outcome_print(value outcome)
{
    value coverage = value_map_get(outcome, "coverage");
    const char *error = value_map_chars(outcome, "error"), *file = value_map_chars(outcome, "file");

    printf("%s  %s", value_map_bool(outcome, "passed", false) ? "passed" : "FAILED", file);
    if (value_is_map(coverage))
        printf("  (%zu tasks, %" PRId64 " of %" PRId64 " transitions taken)",
               value_list_count(value_map_get(outcome, "sequence")), value_map_int(coverage, "taken", 0),
               value_map_int(coverage, "transitions", 0));
    putchar('\n');
    if (error)
        printf("    %s\n", error);
    VALUE_LIST_EACH (i, difference, value_map_get(outcome, "differences"))
        printf("    %s:%" PRId64 ": %s\n", file, value_map_int(difference, "line", 1),
               value_map_chars(difference, "message"));
    if (!value_map_bool(outcome, "passed", false))
        errors_print(outcome);
}

/* ---- coverage ---- */

/* Adds up what the tests of each workflow took: {workflow: [{task, transition, when?, to, taken}]}. */
static void coverage_add(value *total, value outcome)
{
    value all = value_path(outcome, "coverage.all"), workflow = value_map_get(outcome, "workflow");
    value before = value_map_get_value(*total, workflow), sum;

    if (!value_is_list(all) || !value_is_string(workflow))
        return;
    sum = value_list_new(value_list_count(all));
    VALUE_LIST_EACH (i, transition, all) {
        value v = value_ref(transition);

        value_map_put(
            &v, "taken",
            value_int(value_map_int(v, "taken", 0) + value_map_int(value_list_at(before, i), "taken", 0)));
        value_list_append(&sum, v);
    }
    value_map_set(total, value_ref(workflow), sum);
}

static int line_of(const struct yaml_positions *positions, value transition)
{
    CLEANUP(freep)
    char *path = xasprintf("tasks.%s.next.%" PRId64, value_map_chars(transition, "task"),
                           value_map_int(transition, "transition", 0));
    int line = 1, column;

    if (positions)
        yaml_position(positions, path, &line, &column);
    return line;
}

/* Transitions of one workflow that no test took: {line, task, to, when?}. */
static void untaken_add(value *untaken, value workflow, value transitions)
{
    CLEANUP(yaml_positions_freep)
    struct yaml_positions *positions = NULL;
    VALUE_AUTO(document);

    VALUE_LIST_EACH (i, transition, transitions) {
        value v;

        if (value_map_int(transition, "taken", 0) > 0)
            continue;
        if (!positions)
            yaml_file_read(value_chars(workflow), &document, &positions, NULL);
        v = value_ref(transition);
        value_map_put(&v, "workflow", value_ref(workflow));
        value_map_put(&v, "line", value_int(line_of(positions, transition)));
        value_list_append(untaken, v);
    }
}

static value untaken_of(value outcomes)
{
    VALUE_AUTO(total);
    value untaken = value_list_new(4);

    total = value_map_new(8);
    VALUE_LIST_EACH (i, outcome, outcomes)
        coverage_add(&total, outcome);
    VALUE_MAP_EACH (i, total)
        untaken_add(&untaken, value_map_key_at(total, i), value_map_item_at(total, i));
    return untaken;
}

static void untaken_print(value untaken)
{
    VALUE_LIST_EACH (i, transition, untaken) {
        const char *when = value_map_chars(transition, "when");

        printf("%s:%" PRId64 ": no test takes the transition from %s to %s%s%s\n",
               value_map_chars(transition, "workflow"), value_map_int(transition, "line", 1),
               value_map_chars(transition, "task"), value_map_chars(transition, "to"), when ? ", when " : "",
               when ? when : "");
    }
}

/* ---- the command ---- */

static int text_write(const char *file, value v, struct error *err)
{
    CLEANUP(freep)
    char *text = json_text(v);
    FILE *stream = fopen(file, "we");
    bool written;

    if (!stream)
        return error_set(err, -errno, "%s: %s", file, strerror(errno));
    written = fputs(text, stream) >= 0 && fputc('\n', stream) >= 0;
    if (fclose(stream) != 0 || !written)
        return error_set(err, -EIO, "%s: it cannot be written: %s", file, strerror(errno));
    return 0;
}

static int outcomes_write(const struct cli_args *args, value outcomes, struct error *err)
{
    const char *junit = args_text(args, "--junit"), *state = args_text(args, "--save-state");
    value saved = value_map_get(value_list_at(outcomes, 0), "saved");
    int r = junit ? junit_write(junit, outcomes, err) : 0;

    if (r == 0 && state && value_is_set(saved))
        r = text_write(state, saved, err);
    return r;
}

static int rehearse_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    bool save_state = args_text(args, "--save-state") != NULL, all_taken;
    size_t n, n_failed = 0;
    VALUE_AUTO(tests);
    VALUE_AUTO(outcomes);
    VALUE_AUTO(untaken);
    int r;

    tests = value_list_new(8);
    r = tests_find(args_operands(args, "file"), &tests, err);
    if (r < 0)
        return r;
    n = value_list_count(tests);
    if (save_state && n != 1)
        return error_set(err, -EINVAL, "--save-state takes the state of one test.");
    outcomes = value_list_new(n);
    VALUE_LIST_EACH (i, file, tests) {
        value outcome = test_outcome(value_chars(file), args_text(args, "--base-path"), save_state);

        n_failed += !value_map_bool(outcome, "passed", false);
        if (output_form(args) == OUTPUT_TEXT)
            outcome_print(outcome);
        value_list_append(&outcomes, outcome);
    }
    untaken = untaken_of(outcomes);
    all_taken = value_list_count(untaken) == 0 || !args_flag(args, "--all-transitions");
    if (output_form(args) != OUTPUT_TEXT) {
        output_document(output_form(args), outcomes);
    } else {
        untaken_print(untaken);
        printf("%zu of %zu rehearsals passed.\n", n - n_failed, n);
    }
    r = outcomes_write(args, outcomes, err);
    return r < 0 ? r : n_failed || !all_taken ? EXIT_ERROR : EXIT_DONE;
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
    { .name = "--all-transitions",
      .kind = OPTION_FLAG,
      .help = "Fail when the tests together leave a transition of their workflows untaken." },
    { .name = "--save-state",
      .kind = OPTION_TEXT,
      .metavar = "FILE",
      .help = "Write the state the workflow ended in, for a test that begins there (workflow_state)." },
    OPTIONS_END,
};

const struct cli_command command_workflow_rehearse = {
    .name = "rehearse",
    .help = "Play workflows with mocked actions and compare what comes of it with what tests expect.",
    .options = (const struct cli_option *const[]){ options_help, options_format, rehearse_options, NULL },
    .operands =
        OPERANDS({ "file", OPERAND_SOME,
                   "The tests; a folder stands for the files in it whose names end in .test.yaml, or for all "
                   "its YAML files when there are none." }),
    .run = rehearse_run,
    .flags = COMMAND_NO_SIGNIN,
};
