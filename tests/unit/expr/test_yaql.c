/* SPDX-License-Identifier: Apache-2.0 */
/* The case table of the language, and what a table cannot say. With a file name as its argument the program evaluates the
   bare expressions of that file's lines and writes an answer for each instead. */
#include "../unit.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "expr/yaql/yaql.h"
#include "value/datetime.h"

/* ---- answers as the tables write them ---- */

static value tagged(const char *tag, value v)
{
    value map = value_map_new(1);

    value_map_set_text(&map, tag, v);
    return map;
}

static value shown(value v);

static value shown_items(value v)
{
    value list = value_list_new(0);

    if (v.kind == VALUE_SET)
        VALUE_MAP_EACH(i, v)
    {
        value_list_append(&list, shown(value_map_key_at(v, i)));
    }
    for (size_t i = 0; i < value_list_count(v); i++)
        value_list_append(&list, shown(value_list_at(v, i)));
    return list;
}

static value shown_map(value v)
{
    value map = value_map_new(0);

    VALUE_MAP_EACH(i, v)
    {
        value key = value_map_key_at(v, i), item = shown(value_map_item_at(v, i));

        if (value_is_string(key)) {
            value_map_set(&map, value_ref(key), item);
        } else {
            char *text = json_text(key);

            value_map_set(&map, value_textf("$key:%s", text), item);
            free(text);
        }
    }
    return map;
}

static value shown(value v)
{
    BUFFER_AUTO(text);

    switch (v.kind) {
    case VALUE_TIMESPAN:
        return tagged("$timespan_us", value_int(v.integer));
    case VALUE_DATETIME:
        datetime_format_iso(&text, v, 'T');
        return tagged("$datetime", value_text(buffer_text(&text)));
    case VALUE_FLOAT:
        if (v.number != v.number)
            return tagged("$float", value_text("nan"));
        if (v.number - v.number != 0)
            return tagged("$float", value_text(v.number > 0 ? "inf" : "-inf"));
        return v;
    case VALUE_SET:
        return tagged("$set", shown_items(v));
    case VALUE_LIST:
    case VALUE_TUPLE:
        return shown_items(v);
    case VALUE_MAP:
        return shown_map(v);
    default:
        return value_ref(v);
    }
}

/* ---- running a line ---- */

struct answer {
    value result; /* as shown, or nothing and */
    struct error error;
};

static void run(const char *text, size_t n, value context, struct answer *answer)
{
    struct expr_context c = { .variables = context, .now_us = clock_now_us(), .random_seed = 7 };
    struct yaql *yaql = NULL;
    value v = VALUE_NOTHING;

    *answer = (struct answer){ 0 };
    if (yaql_compile(text, n, &yaql, &answer->error) < 0)
        return;
    if (yaql_evaluate(yaql, &c, &v, &answer->error) >= 0)
        answer->result = shown(v);
    value_unref(v);
    yaql_free(yaql);
}

static void answer_release(struct answer *answer)
{
    value_unref(answer->result);
    error_release(&answer->error);
}

/* The expression of a text that is nothing else: what is between the delimiters, less blanks. */
static bool bare(value text, const char **ret, size_t *ret_n)
{
    const char *s = value_chars(text), *end;
    size_t n = value_len(text);

    if (n < 4 || memcmp(s, "<%", 2) != 0 || memcmp(s + n - 2, "%>", 2) != 0)
        return false;
    end = strstr(s, "%>");
    if (end != s + n - 2 || strchr(s, '\n'))
        return false;
    s += 2;
    n -= 4;
    while (n && strchr("<%> ", *s)) {
        s++;
        n--;
    }
    while (n && strchr("<%> ", s[n - 1]))
        n--;
    *ret = s;
    *ret_n = n;
    return true;
}

/* The message around a failure, as a workflow sees it. */
static char *message_of(value text, const struct error *error)
{
    const char *said = error_text(error), *kind = error->kind ? error->kind : "?";
    size_t n = strlen(said);

    if (strcmp(kind, "KeyError") == 0 || strncmp(kind, "Yaql", 4) == 0 || strncmp(kind, "No", 2) == 0 ||
        strcmp(kind, "TypeError") == 0 || strcmp(kind, "ValueError") == 0) {
        while (n && *said == '\'') {
            said++;
            n--;
        }
        while (n && said[n - 1] == '\'')
            n--;
    }
    if (strcmp(kind, "KeyError") == 0)
        return xasprintf("Unable to resolve key '%.*s' in expression '%s' from context.", (int)n, said, value_chars(text));
    return xasprintf("Unable to evaluate expression '%s'. %s: %.*s", value_chars(text), kind, (int)n, said);
}

/* Results that would be evaluated again as a text are the business of others. */
static bool is_text_again(value v)
{
    return value_is_string(v) && strstr(value_chars(v), "<%");
}

/* Equal as the tables mean it: 1, 1.0 and true differ, sets have no order, floats agree to twelve digits. */
static bool same(value want, value got)
{
    if (want.kind == VALUE_FLOAT && got.kind == VALUE_FLOAT) {
        double d = want.number - got.number, size = want.number < 0 ? -want.number : want.number;

        return want.number == got.number || (d < 0 ? -d : d) <= 1e-12 * size;
    }
    if (want.kind != got.kind)
        return false;
    if (value_is_list(want)) {
        if (value_list_count(want) != value_list_count(got))
            return false;
        for (size_t i = 0; i < value_list_count(want); i++)
            if (!same(value_list_at(want, i), value_list_at(got, i)))
                return false;
        return true;
    }
    if (value_is_map(want) && value_map_count(want) == 1 && value_map_has(want, "$set")) {
        value a = value_map_get(want, "$set"), b = value_map_get(got, "$set");

        for (size_t i = 0; i < value_list_count(a); i++) {
            bool found = false;

            for (size_t k = 0; k < value_list_count(b); k++)
                found |= same(value_list_at(a, i), value_list_at(b, k));
            if (!found)
                return false;
        }
        return value_list_count(a) == value_list_count(b);
    }
    if (value_is_map(want)) {
        VALUE_MAP_EACH(i, want)
        {
            if (!same(value_map_item_at(want, i), value_map_get_value(got, value_map_key_at(want, i))))
                return false;
        }
        return value_map_count(want) == value_map_count(got);
    }
    return value_equal(want, got);
}

static char *read_file(const char *path)
{
    BUFFER_AUTO(text);
    char block[65536];
    size_t n;
    FILE *file = fopen(path, "r");

    if (!file)
        fail_msg("cannot read %s", path);
    while ((n = fread(block, 1, sizeof(block), file)) > 0)
        buffer_add(&text, block, n);
    fclose(file);
    return buffer_take(&text);
}

static char *source_file(const char *name)
{
    const char *root = getenv("FULMAR_SOURCE_ROOT");
    char *path = xasprintf("%s/%s", root ? root : ".", name), *text = read_file(path);

    free(path);
    return text;
}

struct score {
    unsigned cases, agreed, messages, worded;
};

static void check_line(const char *line, struct score *score)
{
    value c = from_json(line), want = value_map_get(c, "result"), error = value_map_get(c, "error");
    struct answer answer;
    const char *text;
    char *said;
    size_t n;

    if (!bare(value_map_get(c, "expr"), &text, &n)) {
        value_unref(c);
        return;
    }
    run(text, n, value_map_get(c, "context"), &answer);
    if (!is_text_again(answer.result) && !(value_is_set(answer.result) && value_text_is(answer.result, "<% ctx().i %>"))) {
        bool agreed = value_is_set(answer.result) ? value_is_set(want) && same(want, answer.result)
                                                  : value_is_set(error);

        score->cases++;
        score->agreed += agreed;
        if (!agreed) {
            said = value_is_set(answer.result) ? json_text(answer.result) : xstrdup(error_text(&answer.error));
            print_message("%s\n  want %s\n  got  %s\n", line, "", said);
            free(said);
        }
        if (value_is_set(error) && !value_is_set(answer.result)) {
            said = message_of(value_map_get(c, "expr"), &answer.error);
            score->messages++;
            if (strcmp(said, value_map_chars(error, "message")) == 0)
                score->worded++;
            else
                print_message("worded otherwise: %s\n  want %s\n", said, value_map_chars(error, "message"));
            free(said);
        }
    }
    answer_release(&answer);
    value_unref(c);
}

TEST(the_case_table_is_answered_alike)
{
    char *text = source_file("tests/cases/yaql.jsonl"), *save = NULL;
    struct score score = { 0 };

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        check_line(line, &score);
    free(text);
    print_message("%u of %u cases, %u of %u messages worded alike\n", score.agreed, score.cases, score.worded,
                  score.messages);
    assert_true(score.cases > 600);
    assert_int_equal(score.agreed, score.cases);
    assert_true(score.worded * 10 >= score.messages * 9);
}

/* ---- answering a file ---- */

static int answer_file(const char *path)
{
    char *text = read_file(path), *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        value c = from_json(line), e = value_map_get(c, "expr"), out = value_map_new(1);
        struct answer answer;
        char *said;

        run(value_chars(e), value_len(e), value_map_get(c, "context"), &answer);
        if (value_is_set(answer.result)) {
            value_map_set_text(&out, "result", value_ref(answer.result));
        } else {
            value error = value_map_new(2);

            value_map_set_text(&error, "class", value_text(answer.error.kind ? answer.error.kind : "?"));
            value_map_set_text(&error, "message", value_text(error_text(&answer.error)));
            value_map_set_text(&out, "error", error);
        }
        said = json_text(out);
        puts(said);
        free(said);
        value_unref(out);
        value_unref(c);
        answer_release(&answer);
    }
    free(text);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_case_table_is_answered_alike),
    };

    if (argc > 1)
        return answer_file(argv[1]);
    return cmocka_run_group_tests_name("yaql", tests, NULL, NULL);
}
