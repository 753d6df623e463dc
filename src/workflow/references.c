/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that are read before anything assigns them. They are found by pattern inside of expressions, as the language
   has it: ctx().name, ctx(name), ctx('name'), ctx("name"); what is hidden from the patterns is not seen. Tasks are walked
   breadth first, each with the names assigned on the way to it; a join sees the names of all its ways. */
#include "workflow/inspect-internal.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "value/python.h"
#include "workflow/shorthand.h"

#define REFERENCE_MATCH_LIMIT 100000

#define REF  "[\\]\\[a-zA-Z0-9_'\"\\.()]*"
#define NAME "([a-zA-Z0-9_-]+)"

/* By language: the expressions in a text, and its name. */
static const struct language {
    const char *name, *pattern;
} languages[] = { { "jinja", "\\{\\{.*?\\}\\}" }, { "yaql", "<%.*?%>" } };

static const char reference_text[] = "\\bctx\\(['\"]?" REF "['\"]?\\)\\.?" REF;
static const char *const name_texts[] = {
    "(?<=\\bctx\\(\\)\\.)" NAME "\\b(?!\\()\\.?",
    "\\bctx\\(" NAME "\\)",
    "\\bctx\\('" NAME "'\\)",
    "\\bctx\\(\"" NAME "\"\\)",
};

static pcre2_code *language_codes[ELEMENTS(languages)], *reference_code, *name_codes[ELEMENTS(name_texts)];
static pthread_once_t codes_once = PTHREAD_ONCE_INIT;

static pcre2_code *compile(const char *pattern)
{
    int number;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &number, &at, NULL);

    assert(code);
    return code;
}

static void codes_compile(void)
{
    for (size_t i = 0; i < ELEMENTS(languages); i++)
        language_codes[i] = compile(languages[i].pattern);
    for (size_t i = 0; i < ELEMENTS(name_texts); i++)
        name_codes[i] = compile(name_texts[i]);
    reference_code = compile(reference_text);
}

/* ---- finding names ---- */

struct finder {
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

struct span {
    const char *at;
    size_t n;
};

/* The next match at or behind *from within `in`; moves *from behind it. Group `group` is given. */
static bool find(struct finder *finder, const pcre2_code *code, struct span in, size_t *from, int group,
                 struct span *ret)
{
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(finder->match);

    if (*from > in.n || pcre2_match(code, (PCRE2_SPTR)in.at, in.n, *from, PCRE2_NO_UTF_CHECK, finder->match,
                                    finder->limits) <= group)
        return false;
    *ret = (struct span){ in.at + o[2 * group], o[2 * group + 1] - o[2 * group] };
    *from = o[1] > o[0] ? o[1] : o[1] + 1;
    return true;
}

static void variable_add(value *variables, const char *language, value text, struct span name)
{
    value variable = value_list_new(3);

    value_list_append(&variable, value_text_n(name.at, name.n));
    value_list_append(&variable, value_text(language));
    value_list_append(&variable, value_ref(text));
    VALUE_LIST_EACH (i, known, *variables)
        if (value_equal(known, variable)) {
            value_unref(variable);
            return;
        }
    value_list_append(variables, variable);
}

static void find_in_text(struct finder *finder, value text, value *variables)
{
    struct span whole = { value_chars(text), value_len(text) }, expression, reference, name;

    for (size_t i = 0; i < ELEMENTS(languages); i++)
        for (size_t at = 0; find(finder, language_codes[i], whole, &at, 0, &expression);)
            for (size_t in = 0; find(finder, reference_code, expression, &in, 0, &reference);)
                for (size_t k = 0; k < ELEMENTS(name_codes); k++) {
                    size_t start = 0;

                    if (find(finder, name_codes[k], reference, &start, 1, &name))
                        variable_add(variables, languages[i].name, text, name);
                }
}

static void find_in_value(struct finder *finder, value v, value *variables)
{
    if (v.kind == VALUE_STRING && value_len(v) > 4)
        find_in_text(finder, v, variables);
    VALUE_LIST_EACH (i, item, v)
        find_in_value(finder, item, variables);
    if (v.kind == VALUE_MAP)
        VALUE_MAP_EACH (i, v) {
            find_in_value(finder, value_map_key_at(v, i), variables);
            find_in_value(finder, value_map_item_at(v, i), variables);
        }
}

/* ---- checking one property ---- */

struct walk {
    const struct workflow_spec *spec;
    struct finder finder;
    value *findings;
    struct error *err;
    bool failed;
};

static void check_names(struct walk *walk, value v, value known, const char *spec_path,
                        const char *schema_path)
{
    VALUE_AUTO(variables);

    variables = value_list_new(2);
    find_in_value(&walk->finder, v, &variables);
    VALUE_LIST_EACH (i, variable, variables) {
        value name = value_list_at(variable, 0), language = value_list_at(variable, 1),
              text = value_list_at(variable, 2);

        if (value_list_count(*walk->findings) >= INSPECT_FINDINGS_MAX)
            return;
        if (strncmp(value_chars(name), "__", 2) == 0)
            finding_add_expression(
                walk->findings, value_ref(language), value_ref(text),
                value_textf("Variable \"%s\" that is prefixed with double underscores is considered a "
                            "private variable and cannot be referenced.",
                            value_chars(name)),
                spec_path, schema_path);
        if (!value_set_has(known, name))
            finding_add_expression(
                walk->findings, value_ref(language), value_ref(text),
                value_textf("Variable \"%s\" is referenced before assignment.", value_chars(name)), spec_path,
                schema_path);
    }
}

static void name_learn(struct walk *walk, value name, value *known)
{
    if (name.kind == VALUE_STRING) {
        value_set_add(known, value_ref(name));
        return;
    }
    if (!walk->failed)
        error_set_kind(walk->err, -EINVAL, "TypeError", "expected string or bytes-like object, got '%s'",
                       python_type_name(name));
    walk->failed = true;
}

static void names_learn(struct walk *walk, value v, value *known)
{
    if (v.kind == VALUE_STRING)
        name_learn(walk, v, known);
    if (v.kind == VALUE_MAP)
        VALUE_MAP_EACH (i, v)
            name_learn(walk, value_map_key_at(v, i), known);
}

/* Lists are gone through element by element; with `assigns` each element makes its names known to the next. */
static void check_property(struct walk *walk, value v, bool assigns, value *known, const char *spec_path,
                           const char *schema_path)
{
    VALUE_AUTO(parsed);

    if (!value_truth(v))
        return;
    parsed = v.kind == VALUE_STRING ? shorthand_parse(v) : VALUE_NOTHING;
    if (value_list_count(parsed) > 0)
        v = parsed;
    if (v.kind != VALUE_LIST) {
        check_names(walk, v, *known, spec_path, schema_path);
        if (assigns)
            names_learn(walk, v, known);
        return;
    }
    VALUE_LIST_EACH (i, item, v) {
        BUFFER_AUTO(element);

        buffer_addf(&element, "%s[%zu]", spec_path, i);
        check_names(walk, item, *known, buffer_text(&element), schema_path);
        if (assigns)
            names_learn(walk, item, known);
    }
}

/* ---- walking the tasks ---- */

static void check_part(struct walk *walk, const struct spec_task *task, const char *name, value v,
                       value *known)
{
    BUFFER_AUTO(spec_path);
    BUFFER_AUTO(schema_path);
    const char *dot = strchr(name, '.');

    buffer_addf(&spec_path, "tasks.%s.%s", task->name, name);
    if (dot)
        buffer_addf(&schema_path, PATH_TASK ".properties.%.*s.properties.%s", (int)(dot - name), name,
                    dot + 1);
    else
        buffer_addf(&schema_path, PATH_TASK ".properties.%s", name);
    check_property(walk, v, false, known, buffer_text(&spec_path), buffer_text(&schema_path));
}

static void check_task(struct walk *walk, const struct spec_task *task, value *known)
{
    value with = value_map_get(task->body, "with");

    check_part(walk, task, "delay", value_map_get(task->body, "delay"), known);
    check_part(walk, task, "with.items", value_map_get(with, "items"), known);
    check_part(walk, task, "with.concurrency", value_map_get(with, "concurrency"), known);
    check_part(walk, task, "action", task->action_value, known);
    check_part(walk, task, "input", task->input_value, known);
}

static void check_transition(struct walk *walk, const struct spec_task *task, size_t number, value *known)
{
    static const char *const parts[] = { "when", "publish", "do" };
    value body = value_list_at(value_map_get(task->body, "next"), number);

    for (size_t i = 0; i < ELEMENTS(parts); i++) {
        BUFFER_AUTO(spec_path);
        BUFFER_AUTO(schema_path);
        bool assigns = i == 1;

        buffer_addf(&spec_path, "tasks.%s.next[%zu].%s", task->name, number, parts[i]);
        buffer_addf(&schema_path, PATH_TASK ".properties.next.items.properties.%s", parts[i]);
        check_property(walk, value_map_get(body, parts[i]), assigns, known, buffer_text(&spec_path),
                       buffer_text(&schema_path));
    }
}

struct step {
    uint32_t task;
    value known; /* set; UNSET: what the ways to a join have brought together */
};

struct ways {
    struct step *steps;
    size_t first, n, room;
    bool *walked;
    value *joined; /* by task: set */
    value *queued; /* by task: list of the sets it was queued with */
    value known;   /* everything known anywhere */
};

static void set_union(value *set, value more)
{
    VALUE_MAP_EACH (i, more)
        if (!value_set_has(*set, value_map_key_at(more, i)))
            value_set_add(set, value_ref(value_map_key_at(more, i)));
}

static bool set_same(value a, value b)
{
    if (value_map_count(a) != value_map_count(b))
        return false;
    VALUE_MAP_EACH (i, a)
        if (!value_set_has(b, value_map_key_at(a, i)))
            return false;
    return true;
}

/* A join is queued by everybody who comes before it is walked; others once for each set of names. Takes the set. */
static void ways_add(struct ways *ways, const struct spec_task *task, uint32_t number, value known)
{
    bool join = task->has_join && (task->join_all || task->join != 0), again = join && ways->walked[number];
    value *before = join ? &ways->joined[number] : &ways->queued[number];

    VALUE_LIST_EACH (i, set, *before)
        again = again || set_same(set, known);
    if (again || ways->n - ways->first >= INSPECT_VISITS_MAX) {
        value_unref(known);
        return;
    }
    if (!value_is_set(*before))
        *before = join ? value_set_new(8) : value_list_new(2);
    if (join)
        set_union(before, known);
    else
        value_list_append(before, value_ref(known));
    GROW(ways->steps, ways->n, ways->room);
    ways->steps[ways->n++] = (struct step){ number, join ? VALUE_NOTHING : value_ref(known) };
    value_unref(known);
}

static void ways_go_on(struct walk *walk, struct ways *ways, const struct spec_task *task, value known)
{
    for (size_t i = 0; i < task->n_transitions; i++)
        VALUE_LIST_EACH (k, name, task->transitions[i].names) {
            int64_t to = workflow_spec_find(walk->spec, value_chars(name));
            value branch = value_ref(known);

            check_transition(walk, task, i, &branch);
            if (to < 0)
                value_unref(branch);
            else
                ways_add(ways, &walk->spec->tasks[to], (uint32_t)to, branch);
        }
}

static void ways_step(struct walk *walk, struct ways *ways)
{
    struct step step = ways->steps[ways->first++];
    const struct spec_task *task = &walk->spec->tasks[step.task];
    bool again = ways->walked[step.task] && ways->first > INSPECT_VISITS_MAX;

    ways->walked[step.task] = true;
    if (value_map_count(step.known) == 0) {
        value joined = ways->joined[step.task];

        value_replace(&step.known, value_is_set(joined) ? value_ref(joined) : value_set_new(0));
    }
    set_union(&ways->known, step.known);
    if (!again && task->command == COMMAND_NONE) {
        check_task(walk, task, &step.known);
        ways_go_on(walk, ways, task, step.known);
    }
    value_unref(step.known);
}

static int compare_starts(const void *a, const void *b, void *spec)
{
    const struct spec_task *tasks = ((const struct workflow_spec *)spec)->tasks;

    return strcmp(tasks[((const struct step *)a)->task].name, tasks[((const struct step *)b)->task].name);
}

static void check_tasks(struct walk *walk, value *known)
{
    size_t n = walk->spec->n_tasks + COMMANDS;
    struct ways ways = { .known = value_ref(*known) };

    ways.walked = xcalloc(n, sizeof(bool));
    ways.joined = xcalloc(n, sizeof(value));
    ways.queued = xcalloc(n, sizeof(value));
    for (size_t i = 0; i < walk->spec->n_tasks; i++) {
        int64_t found = workflow_spec_find(walk->spec, walk->spec->tasks[i].name);

        if (walk->spec->tasks[found].n_mentions)
            continue;
        GROW(ways.steps, ways.n, ways.room);
        ways.steps[ways.n++] = (struct step){ (uint32_t)i, value_ref(*known) };
    }
    if (ways.n)
        qsort_r(ways.steps, ways.n, sizeof(ways.steps[0]), compare_starts, (void *)walk->spec);
    while (ways.first < ways.n)
        ways_step(walk, &ways);
    value_replace(known, ways.known);
    for (size_t i = 0; i < n; i++) {
        value_unref(ways.joined[i]);
        value_unref(ways.queued[i]);
    }
    free(ways.queued);
    free(ways.joined);
    free(ways.walked);
    free(ways.steps);
}

int inspect_references(const struct workflow_spec *spec, value context, value *findings, struct error *err)
{
    struct walk walk = { .spec = spec, .findings = findings, .err = err };
    VALUE_AUTO(known);

    pthread_once(&codes_once, codes_compile);
    walk.finder.match = pcre2_match_data_create(4, NULL);
    walk.finder.limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(walk.finder.limits, REFERENCE_MATCH_LIMIT);
    known = value_set_new(8);
    VALUE_MAP_EACH (i, context)
        name_learn(&walk, value_map_key_at(context, i), &known);
    check_property(&walk, value_map_get(spec->document, "input"), true, &known, "input", "properties.input");
    check_property(&walk, value_map_get(spec->document, "vars"), true, &known, "vars", "properties.vars");
    check_tasks(&walk, &known);
    check_property(&walk, value_map_get(spec->document, "output"), true, &known, "output",
                   "properties.output");
    pcre2_match_context_free(walk.finder.limits);
    pcre2_match_data_free(walk.finder.match);
    return walk.failed ? -EINVAL : 0;
}
