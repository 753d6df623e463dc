/* SPDX-License-Identifier: Apache-2.0 */
/* The case tables of workflows: each line is played and must come out as the table says. */
#include "../unit.h"

#include <math.h>

#include "base/buffer.h"
#include "cases_workflow.h"

/* Error messages may differ after their first colon; where a class stands beside it, the class counts. In a case marked as
   a quirk one error is as good as another. */
static bool same_message(value want, value got, bool has_class)
{
    const char *a = value_chars(want), *b = value_chars(got);
    size_t n = a ? strcspn(a, ":") : 0;

    if (has_class || !a || !b)
        return true;
    return strcspn(b, ":") == n && memcmp(a, b, n) == 0;
}

static bool same(value want, value got, bool quirk);

static bool same_map(value want, value got, bool quirk)
{
    bool has_class = value_map_has(want, "class");

    if (value_map_count(want) != value_map_count(got))
        return false;
    if (quirk && has_class && value_map_has(got, "class"))
        return true;
    VALUE_MAP_EACH (i, want) {
        value key = value_map_key_at(want, i), a = value_map_item_at(want, i),
              b = value_map_get_value(got, key);

        if (value_text_is(key, "message") && value_is_string(a) && value_is_string(b)) {
            if (!same_message(a, b, has_class))
                return false;
        } else if (!same(a, b, quirk)) {
            return false;
        }
    }
    return true;
}

static bool same(value want, value got, bool quirk)
{
    if (want.kind == VALUE_MAP && value_map_has(want, "$tuple") && value_is_list(got))
        return same(value_map_get(want, "$tuple"), got, quirk);
    if (value_is_list(want)) {
        if (!value_is_list(got) || value_list_count(want) != value_list_count(got))
            return false;
        VALUE_LIST_EACH (i, item, want)
            if (!same(item, value_list_at(got, i), quirk))
                return false;
        return true;
    }
    if (want.kind != got.kind)
        return false;
    if (want.kind == VALUE_FLOAT)
        return fabs(want.number - got.number) <= 1e-12 * fabs(want.number);
    return want.kind == VALUE_MAP ? same_map(want, got, quirk) : value_equal(want, got);
}

static value outcome_of(value line)
{
    static const char *const keys[] = { "error", "errors", "graph", "log", "final" };
    value outcome = value_map_new(2);

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (value_map_has(line, keys[i]))
            value_map_set_text(&outcome, keys[i], value_ref(value_map_get(line, keys[i])));
    return outcome;
}

static bool line_passes(const char *text, value (*play)(value))
{
    value line = from_json(text), want = outcome_of(line), got = play(line);
    bool passes = same(want, got, value_map_bool(line, "quirk", false));

    if (!passes)
        print_message("differs: %s\n", value_map_chars(line, "id"));
    value_unref(got);
    value_unref(want);
    value_unref(line);
    return passes;
}

static void table_passes(const char *name, value (*play)(value))
{
    const char *root = getenv("FULMAR_SOURCE_ROOT");
    BUFFER_AUTO(path);
    char *line = NULL;
    size_t room = 0, n_failed = 0;
    FILE *file;

    buffer_addf(&path, "%s/tests/cases/%s.jsonl", root ? root : ".", name);
    file = fopen(path.data, "r");
    assert_non_null(file);
    while (getline(&line, &room, file) > 0)
        n_failed += !line_passes(line, play);
    fclose(file);
    free(line);
    assert_int_equal(n_failed, 0);
}

TEST(definitions_are_inspected_as_the_table_says)
{
    table_passes("inspect", cases_inspect);
}

TEST(definitions_compose_as_the_table_says)
{
    table_passes("graph", cases_graph);
}

TEST(workflows_are_conducted_as_the_table_says)
{
    table_passes("conduct", cases_conduct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_are_inspected_as_the_table_says),
        cmocka_unit_test(definitions_compose_as_the_table_says),
        cmocka_unit_test(workflows_are_conducted_as_the_table_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
