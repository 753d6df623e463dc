/* SPDX-License-Identifier: Apache-2.0 */
/* Criteria are compiled to an array in stored order. A criterion whose key is a plain dotted path and whose pattern is
   literal is judged without allocating anything; the rest goes through JSON paths and templates. What is wrong with a
   criterion (its key, its operator, its pattern) is kept and told when it is judged. */
#include "rules/criteria.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "expr/functions/jsonpath.h"
#include "value/pyregex.h"
#include "rules/operators.h"
#include "rules/pattern.h"
#include "value/python.h"

#define PARTS_MAX   16 /* of a plain path */
#define NESTING_MAX 20 /* of search in search */

struct part {
    const char *text; /* inside the key */
    size_t n;
};

struct criterion {
    value key;                      /* as written, with its tag */
    value operator_name;            /* as written; null when it is missing */
    const struct rule_operator *op; /* NULL: unknown */
    value condition;
    struct pattern *pattern;
    struct pyregex *regex;
    bool malformed; /* no mapping at all */
    /* where the value is */
    struct part parts[PARTS_MAX];
    unsigned n_parts;      /* 0: not a plain path */
    bool is_lookup;        /* system.<key>: a datastore object, which equals nothing and always exists */
    struct jsonpath *path; /* NULL: plain, or see key_problem */
    struct error key_problem;
    struct criteria *children; /* of search */
};

struct criteria {
    const char *root; /* what keys begin with: "trigger" or "item" */
    struct criterion *items;
    size_t count;
};

/* What a judgement is made with. */
struct judge {
    const char *rule_ref; /* for texts of failures */
    const struct expr_host *host;
    int64_t now_us;
    value payload;
};

/* ---- compiling ---- */

static bool is_field_char(char c, bool first)
{
    return isalpha((unsigned char)c) || c == '_' || c == '@' ||
           (!first && (isdigit((unsigned char)c) || c == '-'));
}

/* Splits "trigger.a.b". False when the key is anything but names and dots. */
static bool split_plain(struct criterion *c, const char *key, size_t n)
{
    unsigned count = 0;
    size_t at = 0;

    while (count < PARTS_MAX) {
        size_t start = at;

        while (at < n && is_field_char(key[at], at == start))
            at++;
        if (at == start || (at - start == 5 && memcmp(key + start, "where", 5) == 0))
            return false;
        c->parts[count++] = (struct part){ key + start, at - start };
        if (at == n) {
            c->n_parts = count;
            return true;
        }
        if (key[at++] != '.')
            return false;
    }
    return false;
}

static bool part_is(const struct part *part, const char *text)
{
    return strlen(text) == part->n && memcmp(part->text, text, part->n) == 0;
}

static void compile_key(struct criterion *c)
{
    const char *key = value_chars(c->key), *tag;
    size_t n;

    if (!key) {
        error_set_kind(&c->key_problem, -EINVAL, "TypeError", "the key of a criterion must be text");
        return;
    }
    tag = memchr(key, '#', value_len(c->key));
    n = tag ? (size_t)(tag - key) : value_len(c->key);
    if (split_plain(c, key, n)) {
        c->is_lookup = part_is(&c->parts[0], "system");
        return;
    }
    jsonpath_parse(key, n, &c->path, &c->key_problem);
}

static struct criteria *compile_all(value v, const char *root, int level);

static void compile_criterion(struct criterion *c, value key, value v, int level)
{
    value pattern = value_map_get(v, "pattern"), type = value_map_get(v, "type"), literal;

    c->key = value_ref(key);
    c->malformed = v.kind != VALUE_MAP;
    c->operator_name = value_is_set(type) ? value_ref(type) : value_null();
    c->op = value_is_string(type) ? rule_operator_find(value_chars(type)) : NULL;
    c->condition = value_ref(value_map_get(v, "condition"));
    c->pattern = pattern_new(pattern);
    compile_key(c);
    literal = pattern_literal(c->pattern);
    if (c->op && c->op->takes_regex && value_is_string(literal))
        pyregex_get(value_chars(literal), value_len(literal), c->op->regex_flags, &c->regex, NULL);
    if (c->op && !c->op->operate && value_is_map(literal) && level < NESTING_MAX)
        c->children = compile_all(literal, "item", level + 1);
}

static struct criteria *compile_all(value v, const char *root, int level)
{
    struct criteria *criteria = xcalloc(1, sizeof(*criteria));

    criteria->root = root;
    criteria->count = value_map_count(v);
    criteria->items = xcalloc(criteria->count + 1, sizeof(*criteria->items));
    VALUE_MAP_EACH (i, v)
        compile_criterion(&criteria->items[i], value_map_key_at(v, i), value_map_item_at(v, i), level);
    return criteria;
}

int criteria_compile(value criteria, struct criteria **ret, struct error *err)
{
    if (!value_is_null(criteria) && criteria.kind != VALUE_MAP)
        return error_set_kind(err, -EINVAL, "ValueValidationException", "Criteria should be a dict.");
    *ret = compile_all(criteria, "trigger", 0);
    return 0;
}

void criteria_free(struct criteria *criteria)
{
    if (!criteria)
        return;
    for (size_t i = 0; i < criteria->count; i++) {
        struct criterion *c = &criteria->items[i];

        value_unref(c->key);
        value_unref(c->operator_name);
        value_unref(c->condition);
        pattern_free(c->pattern);
        pyregex_unref(c->regex);
        jsonpath_free(c->path);
        error_release(&c->key_problem);
        criteria_free(c->children);
    }
    free(criteria->items);
    free(criteria);
}

/* ---- checks at registration ---- */

static void add_operator_names(struct buffer *out)
{
    size_t count;
    const struct rule_operator *table = rule_operator_table(&count);
    const char *comma = "";

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < ELEMENTS(table[i].names) && table[i].names[k]; k++) {
            buffer_addf(out, "%s'%s'", comma, table[i].names[k]);
            comma = ", ";
        }
    }
}

static bool is_operator_name(const char *name)
{
    const struct rule_operator *op = rule_operator_find(name);

    for (size_t k = 0; op && k < ELEMENTS(op->names) && op->names[k]; k++)
        if (strcmp(op->names[k], name) == 0)
            return true;
    return false;
}

static int check_criterion(value key, value v, struct error *err)
{
    value type = value_map_get(v, "type");
    VALUE_AUTO(field);
    VALUE_AUTO(name);
    BUFFER_AUTO(names);

    field = python_str_value(key);
    if (value_is_null(type))
        return error_set_kind(err, -EINVAL, "ValueValidationException",
                              "Operator not specified for field: %s", value_chars(field));
    name = python_str_value(type);
    if (!value_is_string(type) || !is_operator_name(value_chars(name))) {
        add_operator_names(&names);
        error_set_kind(err, -EINVAL, "ValueValidationException",
                       "For field: %s, operator %s not in list of allowed operators: [%s]",
                       value_chars(field), value_chars(name), names.data);
        rule_operator_suggest(value_chars(name), err);
        return -EINVAL;
    }
    if (value_is_null(value_map_get(v, "pattern")))
        return error_set_kind(err, -EINVAL, "ValueValidationException",
                              "For field: %s, no pattern specified for operator %s", value_chars(field),
                              value_chars(name));
    return 0;
}

int criteria_check(value criteria, struct error *err)
{
    if (criteria.kind != VALUE_MAP)
        return error_set_kind(err, -EINVAL, "ValueValidationException", "Criteria should be a dict.");
    VALUE_MAP_EACH (i, criteria) {
        int r = check_criterion(value_map_key_at(criteria, i), value_map_item_at(criteria, i), err);

        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- looking up ---- */

static const struct value_object_ops lookup_ops = { .name = "KeyValueLookup" };
static struct value_object lookup_object = { .header = { .refs = VALUE_IMMORTAL }, .ops = &lookup_ops };

static value follow_parts(const struct criteria *criteria, const struct criterion *c, value payload)
{
    if (!part_is(&c->parts[0], criteria->root))
        return c->is_lookup ? value_object(&lookup_object) : value_null();
    for (unsigned i = 1; i < c->n_parts && value_is_set(payload); i++)
        payload = value_map_get_n(payload, c->parts[i].text, c->parts[i].n);
    return value_is_set(payload) ? payload : value_null();
}

/* *ret is borrowed from the payload or from *ret_owned. */
static int look_up(const struct criteria *criteria, const struct criterion *c, value payload,
                   value *ret_owned, value *ret, struct error *err)
{
    VALUE_AUTO(root);
    int r;

    if (c->n_parts) {
        *ret = follow_parts(criteria, c, payload);
        return 0;
    }
    if (!c->path)
        return error_set_kind(err, -EINVAL, c->key_problem.kind, "%s", error_text(&c->key_problem));
    root = value_map_new(2);
    value_map_set_text(&root, criteria->root, value_ref(payload));
    value_map_set_text(&root, "system", value_object(&lookup_object));
    r = jsonpath_first(c->path, root, ret_owned, err);
    if (r < 0)
        return r;
    *ret = value_is_set(*ret_owned) ? *ret_owned : value_null();
    return 0;
}

/* ---- judging ---- */

struct judgement {
    value pattern, v; /* borrowed from the owned ones, the criterion or the payload */
    value owned_pattern, owned_v;
    bool matched;
    struct error problem; /* what broke, with what was tried in front */
};

static void judgement_release(struct judgement *j)
{
    value_unref(j->owned_pattern);
    value_unref(j->owned_v);
    error_release(&j->problem);
}

static void judge_criterion(const struct criteria *criteria, const struct criterion *c,
                            const struct judge *judge, struct judgement *j);

/* ---- search ---- */

enum search_condition { SEARCH_ANY, SEARCH_ALL, SEARCH_ANY2ANY, SEARCH_ALL2ANY, SEARCH_CONDITIONS };

static int read_condition(value condition, enum search_condition *ret, struct error *err)
{
    static const char *const names[] = { "any", "all", "any2any", "all2any" };
    VALUE_AUTO(shown);

    for (int i = 0; i < SEARCH_CONDITIONS; i++) {
        if (value_text_is(condition, names[i])) {
            *ret = (enum search_condition)i;
            return 0;
        }
    }
    shown = python_str_value(condition);
    return error_set_kind(
        err, -EINVAL, "UnrecognizedConditionError",
        "The '%s' condition is not recognized for type search, 'any', 'all', 'any2any' and 'all2any' "
        "are allowed",
        value_chars(shown));
}

static int unknown_operator(const char *name, struct error *err)
{
    error_set_kind(err, -EINVAL, "Exception", "Invalid operator: %s", name);
    rule_operator_suggest(name, err);
    return -EINVAL;
}

/* Does an item meet all (or any) of the children? A child that breaks is not met; one that has no known operator breaks
   the search. */
static int judge_item(const struct criteria *children, value item, bool any_child, const struct judge *outer,
                      bool *ret, struct error *err)
{
    struct judge judge = *outer;

    judge.payload = item;
    for (size_t i = 0; i < children->count; i++) {
        const struct criterion *c = &children->items[i];
        CLEANUP(judgement_release)
        struct judgement j = { 0 };
        VALUE_AUTO(name);

        if (!value_is_null(c->operator_name) && !c->op) {
            name = python_str_value(c->operator_name);
            return unknown_operator(value_chars(name), err);
        }
        judge_criterion(children, c, &judge, &j);
        if (j.matched == any_child) {
            *ret = any_child;
            return 0;
        }
    }
    *ret = !any_child;
    return 0;
}

/* What is searched: a list; an object counts as its only item, a text as its characters. Owned. */
static int items_of(value v, value *ret, struct error *err)
{
    value list;

    if (value_is_list(v)) {
        *ret = value_ref(v);
        return 0;
    }
    if (v.kind != VALUE_MAP && v.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "'%s' object is not iterable", python_type_name(v));
    list = value_list_new(1);
    if (v.kind == VALUE_MAP) {
        value_list_append(&list, value_ref(v));
    } else {
        for (size_t i = 0; i < v.string->len;) {
            size_t n = 1;

            while (i + n < v.string->len && ((unsigned char)v.string->data[i + n] & 0xc0) == 0x80)
                n++;
            value_list_append(&list, value_text_n(v.string->data + i, n));
            i += n;
        }
    }
    *ret = list;
    return 0;
}

static int operate_search(value v, value pattern, const struct criteria *children, value condition,
                          const struct judge *judge, bool *ret, struct error *err)
{
    enum search_condition how = SEARCH_ANY;
    bool each, any_child, met = false;
    VALUE_AUTO(items);
    int r;

    r = read_condition(condition, &how, err);
    if (r < 0)
        return r;
    r = items_of(v, &items, err);
    if (r < 0)
        return r;
    if (!children)
        return error_set_kind(err, -EINVAL, "AttributeError", "'%s' object has no attribute 'items'",
                              python_type_name(pattern));
    each = how == SEARCH_ALL || how == SEARCH_ALL2ANY;
    any_child = how == SEARCH_ANY2ANY || how == SEARCH_ALL2ANY;
    for (size_t i = 0; i < value_list_count(items); i++) {
        r = judge_item(children, value_list_at(items, i), any_child, judge, &met, err);
        if (r < 0)
            return r;
        if (met != each) {
            *ret = !each;
            return 0;
        }
    }
    *ret = each;
    return 0;
}

/* ---- one criterion ---- */

static int operate(const struct rule_operator *op, const struct operands *o, const struct criteria *children,
                   value condition, const struct judge *judge, bool *ret, struct error *err)
{
    if (value_is_null(o->pattern) && !op->null_pattern) {
        *ret = false;
        return 0;
    }
    if (!op->operate)
        return operate_search(o->v, o->pattern, children, condition, judge, ret, err);
    return op->operate(op, o, ret, err);
}

/* Prefixes of failures, as they stand in enforcement records. */
static void render_failed(const struct criterion *c, struct judgement *j)
{
    VALUE_AUTO(pattern);
    VALUE_AUTO(key);

    pattern = python_str_value(pattern_source(c->pattern));
    key = python_str_value(c->key);
    error_prefix(&j->problem, 0, "Failed to render pattern value \"%s\" for key \"%s\"", value_chars(pattern),
                 value_chars(key));
}

static int apply_operator(const struct criterion *c, const struct judge *judge, struct judgement *j)
{
    struct operands o = { .v = j->v, .pattern = j->pattern, .regex = c->regex, .now_us = judge->now_us };
    VALUE_AUTO(name);

    if (!c->op) {
        name = python_str_value(c->operator_name);
        return unknown_operator(value_chars(name), &j->problem);
    }
    return operate(c->op, &o, c->children, c->condition, judge, &j->matched, &j->problem);
}

/* A failure leaves its text in j->problem, beginning with the step that broke. */
static void judge_criterion(const struct criteria *criteria, const struct criterion *c,
                            const struct judge *judge, struct judgement *j)
{
    VALUE_AUTO(key);

    j->v = j->pattern = value_null();
    if (c->malformed || value_is_null(c->operator_name))
        return;
    j->pattern = pattern_literal(c->pattern);
    if (!value_is_set(j->pattern)) {
        if (pattern_render(c->pattern, criteria->root, judge->payload, judge->host, judge->now_us,
                           &j->owned_pattern, &j->problem) < 0) {
            render_failed(c, j);
            j->pattern = value_null();
            return;
        }
        j->pattern = j->owned_pattern;
    }
    if (look_up(criteria, c, judge->payload, &j->owned_v, &j->v, &j->problem) < 0) {
        key = python_str_value(c->key);
        error_prefix(&j->problem, 0, "Failed transforming criteria key %s", value_chars(key));
        return;
    }
    if (apply_operator(c, judge, j) < 0) {
        j->matched = false;
        error_prefix(&j->problem, 0, "There might be a problem with the criteria in rule %s",
                     judge->rule_ref);
    }
}

/* ---- a rule ---- */

static void add_judgement(value *list, const struct criterion *c, const struct judgement *j,
                          const char *problem)
{
    value map = value_map_new(6);

    value_map_put(&map, "key", value_ref(c->key));
    value_map_put(&map, "operator", value_ref(c->operator_name));
    value_map_put(&map, "pattern", value_ref(j->pattern));
    value_map_put(&map, "value", j->v.kind == VALUE_OBJECT ? value_null() : value_ref(j->v));
    value_map_put(&map, "matched", value_bool(j->matched));
    value_map_put(&map, "error", problem ? value_text(problem) : value_null());
    value_list_append(list, map);
}

enum criteria_verdict criteria_judge(const struct criteria *criteria, value payload, const char *rule_ref,
                                     const char *instance_id, const struct expr_host *host, int64_t now_us,
                                     value *ret_judgements, struct error *err)
{
    struct judge judge = { .rule_ref = rule_ref, .host = host, .now_us = now_us, .payload = payload };
    enum criteria_verdict verdict = CRITERIA_MATCH;
    VALUE_AUTO(judgements);

    if (ret_judgements)
        judgements = value_list_new(criteria->count);
    if (criteria->count && !value_truth(payload))
        verdict = CRITERIA_NO_MATCH;
    for (size_t i = 0; verdict == CRITERIA_MATCH && i < criteria->count; i++) {
        CLEANUP(judgement_release)
        struct judgement j = { 0 };
        const char *problem;

        judge_criterion(criteria, &criteria->items[i], &judge, &j);
        if (!j.matched)
            verdict = j.problem.message ? CRITERIA_FAILED : CRITERIA_NO_MATCH;
        problem = j.problem.message;
        if (problem)
            error_set_kind(err, 0, j.problem.kind,
                           "Failed to match rule \"%s\" against trigger instance \"%s\": %s", rule_ref,
                           instance_id, problem);
        if (ret_judgements)
            add_judgement(&judgements, &criteria->items[i], &j, problem);
    }
    if (ret_judgements)
        *ret_judgements = value_take(&judgements);
    return verdict;
}

int criteria_operate(const char *operator, value v, value pattern, const char *condition, int64_t now_us,
                     bool *ret, struct error *err)
{
    const struct rule_operator *op = rule_operator_find(operator);
    struct judge judge = { .rule_ref = "", .now_us = now_us, .payload = v };
    struct operands o = { .v = v, .pattern = pattern, .now_us = now_us };
    struct criteria *children = NULL;
    VALUE_AUTO(how);
    int r;

    if (!op) {
        unknown_operator(operator, err);
        return 1;
    }
    how = condition ? value_text(condition) : value_null();
    if (!op->operate && value_is_map(pattern))
        children = compile_all(pattern, "item", 0);
    r = operate(op, &o, children, how, &judge, ret, err);
    criteria_free(children);
    return r;
}
