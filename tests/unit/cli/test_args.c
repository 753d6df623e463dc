/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include <string.h>

#include "base/mem.h"
#include "cli/args.h"

static const struct cli_option options[] = {
    { .letter = "-h", .name = "--help", .flags = OPTION_HELP },
    { .letter = "-j", .name = "--json" },
    { .letter = "-y", .name = "--yaml" },
    { .letter = "-n", .name = "--last", .kind = OPTION_INT },
    { .letter = "-a", .name = "--attr", .kind = OPTION_TEXTS },
    { .letter = "-tg", .name = "--timestamp-gt", .kind = OPTION_TEXT },
    { .name = "--trace-tag", .alias = "--trace_tag", .kind = OPTION_TEXT },
    { .name = "--tasks", .kind = OPTION_TEXTS_ANY },
    { .name = "--enabled", .exclusive = 1 },
    { .name = "--disabled", .exclusive = 1 },
    { 0 },
};

static const struct cli_operand one_and_more[] = { { "ref" }, { "parameters", OPERAND_ANY }, { 0 } };
static const struct cli_operand maybe_and_more[] = { { "ref", OPERAND_OPTIONAL },
                                                     { "parameters", OPERAND_ANY },
                                                     { 0 } };
static const struct cli_operand some[] = { { "ids", OPERAND_SOME }, { 0 } };

static const struct cli_option *const tables[] = { options, NULL };
static const struct cli_command with_none = { .name = "none", .options = tables };
static const struct cli_command with_ref = { .name = "ref", .options = tables, .operands = one_and_more };
static const struct cli_command with_maybe = { .name = "maybe",
                                               .options = tables,
                                               .operands = maybe_and_more };
static const struct cli_command with_some = { .name = "some", .options = tables, .operands = some };

/* Parses words separated by blanks; the outcome as JSON, or the error. */
static void assert_parse(const struct cli_command *command, const char *line, const char *expected)
{
    CLEANUP(freep)
    char *copy = xstrdup(line);
    CLEANUP(freep)
    char *text = NULL;
    char *words[50];
    struct cli_args args;
    ERROR_AUTO(err);
    VALUE_AUTO(all);
    int n = 0;

    for (char *rest = copy, *word; *line && (word = strsep(&rest, " "));)
        words[n++] = word;
    cli_args_init(&args, command);
    if (cli_args_parse(&args, words, n, false, NULL, &err) == ARGS_OK) {
        all = value_list_new(3);
        value_list_append(&all, value_ref(args.options));
        value_list_append(&all, value_ref(args.operands));
        value_list_append(&all, value_ref(args.extras));
        text = json_text(all);
        assert_string_equal(text, expected);
    } else {
        assert_string_equal(error_text(&err), expected);
    }
    cli_args_release(&args);
}

TEST(options_are_read_in_all_their_spellings)
{
    assert_parse(&with_none, "--json --last 5", "[{\"--json\":true,\"--last\":5},{},[]]");
    assert_parse(&with_none, "--last=5 -j", "[{\"--last\":5,\"--json\":true},{},[]]");
    assert_parse(&with_none, "-n5", "[{\"--last\":5},{},[]]");
    assert_parse(&with_none, "-n=5", "[{\"--last\":5},{},[]]");
    assert_parse(&with_none, "-jyn5", "[{\"--json\":true,\"--yaml\":true,\"--last\":5},{},[]]");
    assert_parse(&with_none, "-tg x --trace_tag y",
                 "[{\"--timestamp-gt\":\"x\",\"--trace-tag\":\"y\"},{},[]]");
    assert_parse(&with_none, "-n -1", "[{\"--last\":-1},{},[]]");
}

TEST(long_options_may_be_shortened_while_they_are_clear)
{
    assert_parse(&with_none, "--las 3", "[{\"--last\":3},{},[]]");
    assert_parse(&with_none, "--t x",
                 "ambiguous option: --t could match --timestamp-gt, --trace-tag, --trace_tag, --tasks");
}

TEST(lists_end_at_the_next_option)
{
    assert_parse(&with_none, "-a x y -j", "[{\"--attr\":[\"x\",\"y\"],\"--json\":true},{},[]]");
    assert_parse(&with_none, "--tasks -j", "[{\"--tasks\":[],\"--json\":true},{},[]]");
    assert_parse(&with_none, "-a -j", "argument -a/--attr: expected at least one argument");
}

TEST(a_separator_ends_a_list_and_the_options)
{
    assert_parse(&with_ref, "-a x -- core.noop -j",
                 "[{\"--attr\":[\"x\"]},{\"ref\":\"core.noop\",\"parameters\":[\"-j\"]},[]]");
}

TEST(operands_and_options_mix)
{
    assert_parse(&with_some, "-j one two -n 3",
                 "[{\"--json\":true,\"--last\":3},{\"ids\":[\"one\",\"two\"]},[]]");
}

TEST(an_operand_that_may_be_empty_is_settled_at_the_first)
{
    assert_parse(&with_maybe, "core.noop -j x=1",
                 "[{\"--json\":true},{\"ref\":\"core.noop\",\"parameters\":[]},[\"x=1\"]]");
    assert_parse(&with_maybe, "-j", "[{\"--json\":true},{\"parameters\":[]},[]]");
}

TEST(unknown_options_are_left_over)
{
    assert_parse(&with_ref, "x --nosuch", "[{},{\"ref\":\"x\",\"parameters\":[]},[\"--nosuch\"]]");
}

TEST(what_is_wrong_is_named)
{
    assert_parse(&with_ref, "", "the following arguments are required: ref");
    assert_parse(&with_some, "-j", "the following arguments are required: ids");
    assert_parse(&with_none, "-n many", "argument -n/--last: invalid int value: 'many'");
    assert_parse(&with_none, "-n", "argument -n/--last: expected one argument");
    assert_parse(&with_none, "--json=1", "argument -j/--json: ignored explicit argument '1'");
    assert_parse(&with_some, "one \xff", "argument 2 is not valid UTF-8");
    assert_parse(&with_none, "-jz", "argument -j/--json: ignored explicit argument 'z'");
    assert_parse(&with_none, "--enabled --disabled",
                 "argument --disabled: not allowed with argument --enabled");
}

TEST(negative_numbers_and_texts_with_blanks_are_no_options)
{
    char first[] = "-5", second[] = "-x y";
    char *words[] = { first, second };
    struct cli_args args;
    ERROR_AUTO(err);

    cli_args_init(&args, &with_some);
    assert_int_equal(cli_args_parse(&args, words, 2, false, NULL, &err), ARGS_OK);
    assert_json(args.operands, "{\"ids\":[\"-5\",\"-x y\"]}");
    cli_args_release(&args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_all_their_spellings),
        cmocka_unit_test(long_options_may_be_shortened_while_they_are_clear),
        cmocka_unit_test(lists_end_at_the_next_option),
        cmocka_unit_test(a_separator_ends_a_list_and_the_options),
        cmocka_unit_test(operands_and_options_mix),
        cmocka_unit_test(an_operand_that_may_be_empty_is_settled_at_the_first),
        cmocka_unit_test(unknown_options_are_left_over),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(negative_numbers_and_texts_with_blanks_are_no_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
