/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of definitions and a validator of the part of JSON schema draft 4 it is written in. Unlike a validator of
   parameters this one lists every violation with both paths, as clients show them. */
#include "workflow/inspect-internal.h"

#include <assert.h>
#include <pthread.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "value/json.h"
#include "value/python.h"

#define PATTERN_MATCH_LIMIT 100000

/* clang-format off */
#define ANY "{\"anyOf\": [{\"type\": \"null\"}, {\"type\": \"array\"}, {\"type\": \"boolean\"}, {\"type\": \"integer\"}," \
            " {\"type\": \"number\"}, {\"type\": \"object\"}, {\"type\": \"string\"}]}"
#define TEXT "{\"type\": \"string\", \"minLength\": 1}"
#define COUNT "{\"type\": \"integer\", \"minimum\": 0}"
#define TEXT_OR_COUNT "{\"oneOf\": [" TEXT ", " COUNT "]}"
#define WORDS "\"patternProperties\": {\"^\\\\w+$\": " ANY "}"
#define PAIR "{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, " WORDS "}"
#define PAIRS "{\"type\": \"array\", \"items\": " PAIR ", \"uniqueItems\": true, \"minItems\": 1}"
#define TEXTS "{\"type\": \"array\", \"items\": " TEXT ", \"uniqueItems\": true, \"minItems\": 1}"
#define EXPRESSION "{{.*?}}|<%.*?%>"
#define ITEMS "^(\\\\s+)?(" EXPRESSION ")(\\\\s+)?$|^(\\\\s+)?((\\\\w+,\\\\s?|\\\\s+)+)?(\\\\w+)\\\\s+in\\\\s+(" EXPRESSION ")(\\\\s+)?$"
#define OBJECT(properties) "{\"type\": \"object\", \"properties\": {" properties "}, \"additionalProperties\": false"

#define TRANSITION OBJECT( \
    "\"when\": " TEXT "," \
    "\"publish\": {\"oneOf\": [" TEXT ", " PAIRS "]}," \
    "\"do\": {\"oneOf\": [" TEXT ", " TEXTS "]}") "}"

#define TASK(more) OBJECT( \
    "\"delay\": " TEXT_OR_COUNT "," \
    "\"join\": {\"oneOf\": [{\"enum\": [\"all\"]}, " COUNT "]}," \
    "\"with\": " OBJECT( \
        "\"items\": {\"type\": \"string\", \"minLength\": 1, \"pattern\": \"" ITEMS "\"}," \
        "\"concurrency\": " TEXT_OR_COUNT) "}," \
    "\"action\": " TEXT "," \
    "\"input\": {\"oneOf\": [" TEXT ", {\"type\": \"object\", \"minProperties\": 1, " WORDS "}]}," \
    "\"retry\": " OBJECT( \
        "\"when\": " TEXT "," \
        "\"count\": " TEXT_OR_COUNT "," \
        "\"delay\": " TEXT_OR_COUNT) ", \"required\": [\"count\"]}," \
    "\"next\": {\"type\": \"array\", \"items\": " TRANSITION "}" more) "}"

#define WORKFLOW(more) OBJECT( \
    "\"name\": " TEXT ", \"description\": " TEXT ", \"tags\": " TEXTS "," \
    "\"version\": {\"enum\": [\"1.0\", 1.0], \"anyOf\": [" TEXT ", " COUNT ", {\"type\": \"number\", \"minimum\": 0}]}," \
    "\"vars\": " PAIRS "," \
    "\"input\": {\"type\": \"array\", \"items\": {\"oneOf\": [" TEXT ", " PAIR "]}, \"uniqueItems\": true, \"minItems\": 1}," \
    "\"output\": " PAIRS "," \
    "\"tasks\": {\"type\": \"object\", \"minProperties\": 1, \"patternProperties\": {\"^\\\\w+$\": " TASK(more) "}}" more) \
    ", \"required\": [\"tasks\"]}"

#define TIMEOUT ", \"timeout\": " TEXT_OR_COUNT

static const char *const schema_texts[] = { WORKFLOW(""), WORKFLOW(TIMEOUT) };
/* clang-format on */

static value schemas[ELEMENTS(schema_texts)];
static pcre2_code *word_pattern, *items_pattern;
static pthread_once_t schemas_once = PTHREAD_ONCE_INIT;

static pcre2_code *pattern_compile(const char *pattern)
{
    int number;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &number, &at, NULL);

    assert(code);
    return code;
}

static void schemas_read(void)
{
    for (size_t i = 0; i < ELEMENTS(schema_texts); i++) {
        ERROR_AUTO(err);
        int r = json_read(schema_texts[i], strlen(schema_texts[i]), 0, &schemas[i], &err);

        assert(r == 0);
        (void)r;
    }
    word_pattern = pattern_compile("^\\w+$");
    items_pattern = pattern_compile(
        value_chars(value_path(schemas[0], "properties.tasks.patternProperties.^\\w+$.properties.with"
                                           ".properties.items.pattern")));
}

static bool pattern_matches(const pcre2_code *code, value text)
{
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    int r;

    pcre2_set_match_limit(limits, PATTERN_MATCH_LIMIT);
    r = pcre2_match(code, (PCRE2_SPTR)value_chars(text), value_len(text), 0, PCRE2_NO_UTF_CHECK, match,
                    limits);
    pcre2_match_context_free(limits);
    pcre2_match_data_free(match);
    return r >= 0;
}

/* ---- the validator ---- */

struct check {
    value *findings; /* NULL: only whether there are any */
    struct buffer spec_path, schema_path;
    struct error *err;
};

static int check_value(struct check *check, value schema, value v);

/* Python's unicode_escape: what repr() escaped comes back, and bytes beyond ASCII are read as Latin-1. */
static void unescape(struct buffer *out, const char *text, size_t n)
{
    static const char names[] = "abfnrtv\\'\"", bytes[] = "\a\b\f\n\r\t\v\\'\"";
    const char *name;

    for (size_t i = 0; i < n; i++) {
        size_t digits = 0;
        unsigned code = 0;

        if (text[i] != '\\' || i + 1 == n) {
            buffer_add_utf8(out, (unsigned char)text[i]);
        } else if ((name = memchr(names, text[i + 1], sizeof(names) - 1))) {
            buffer_add_char(out, bytes[name - names]);
            i++;
        } else {
            digits = text[i + 1] == 'x' ? 2 : text[i + 1] == 'u' ? 4 : text[i + 1] == 'U' ? 8 : 0;
            if (!digits || i + 2 + digits > n || strspn(text + i + 2, "0123456789abcdefABCDEF") < digits) {
                buffer_add_char(out, '\\');
                continue;
            }
            for (size_t k = 0; k < digits; k++) {
                char c = text[i + 2 + k];

                code = code * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
            }
            buffer_add_utf8(out, code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code);
            i += 1 + digits;
        }
    }
}

/* `format` has one %s, for the repr of the value. Returns 1: violated. */
static int violated(struct check *check, value v, const char *before, const char *after, const char *keyword)
{
    BUFFER_AUTO(text);
    BUFFER_AUTO(message);
    size_t len = check->schema_path.len;

    if (!check->findings || value_list_count(*check->findings) >= INSPECT_FINDINGS_MAX)
        return 1;
    buffer_add_text(&text, before);
    if (value_is_set(v))
        python_repr(&text, v);
    buffer_add_text(&text, after);
    unescape(&message, buffer_text(&text), text.len);
    buffer_addf(&check->schema_path, "%s%s", len ? "." : "", keyword);
    finding_add(check->findings, buffer_text(&message), buffer_text(&check->spec_path),
                buffer_text(&check->schema_path));
    check->schema_path.len = len;
    check->schema_path.data[len] = '\0';
    return 1;
}

static void path_cut(struct buffer *path, size_t len)
{
    path->len = len;
    if (path->data)
        path->data[len] = '\0';
}

/* Equal as the validator has it: true is not 1, at any depth. */
static bool strictly_equal(value a, value b)
{
    if ((a.kind == VALUE_BOOL) != (b.kind == VALUE_BOOL))
        return false;
    if (value_is_list(a) && value_is_list(b)) {
        bool equal = value_list_count(a) == value_list_count(b);

        for (size_t i = 0; equal && i < value_list_count(a); i++)
            equal = strictly_equal(value_list_at(a, i), value_list_at(b, i));
        return equal;
    }
    if (a.kind == VALUE_MAP && b.kind == VALUE_MAP) {
        bool equal = value_map_count(a) == value_map_count(b);

        for (size_t i = 0; equal && i < value_map_count(a); i++) {
            value other = value_map_get_value(b, value_map_key_at(a, i));

            equal = value_is_set(other) && strictly_equal(value_map_item_at(a, i), other);
        }
        return equal;
    }
    return value_equal(a, b);
}

static const struct type {
    const char *name;
    uint32_t kinds;
} types[] = {
    { "null", 1u << VALUE_NULL },
    { "boolean", 1u << VALUE_BOOL },
    { "integer", 1u << VALUE_INT | 1u << VALUE_BIGINT },
    { "number", 1u << VALUE_INT | 1u << VALUE_BIGINT | 1u << VALUE_FLOAT },
    { "string", 1u << VALUE_STRING },
    { "array", 1u << VALUE_LIST },
    { "object", 1u << VALUE_MAP },
};

static int check_type(struct check *check, value name, value v)
{
    BUFFER_AUTO(after);

    for (size_t i = 0; i < ELEMENTS(types); i++)
        if (value_text_is(name, types[i].name) && (types[i].kinds >> v.kind & 1))
            return 0;
    buffer_addf(&after, " is not of type '%s'", value_chars(name));
    return violated(check, v, "", buffer_text(&after), "type");
}

static int check_length(struct check *check, value least, value v)
{
    if (v.kind != VALUE_STRING || value_string_chars(v) >= (size_t)least.integer)
        return 0;
    return violated(check, v, "", " should be non-empty", "minLength");
}

static int check_items_count(struct check *check, value least, value v)
{
    if (v.kind != VALUE_LIST || value_list_count(v) >= (size_t)least.integer)
        return 0;
    return violated(check, v, "", " should be non-empty", "minItems");
}

static int check_properties_least(struct check *check, value least, value v)
{
    if (v.kind != VALUE_MAP || value_map_count(v) >= (size_t)least.integer)
        return 0;
    return violated(check, v, "", " should be non-empty", "minProperties");
}

static int check_properties_most(struct check *check, value most, value v)
{
    if (v.kind != VALUE_MAP || value_map_count(v) <= (size_t)most.integer)
        return 0;
    return violated(check, v, "", " has too many properties", "maxProperties");
}

static int check_minimum(struct check *check, value least, value v)
{
    BUFFER_AUTO(after);
    int order;

    if (!value_is_number(v) || value_compare(v, least, &order) != 0 || order != -1)
        return 0;
    buffer_add_text(&after, " is less than the minimum of ");
    python_repr(&after, least);
    return violated(check, v, "", buffer_text(&after), "minimum");
}

static int check_pattern(struct check *check, value pattern, value v)
{
    BUFFER_AUTO(after);

    if (v.kind != VALUE_STRING || pattern_matches(items_pattern, v))
        return 0;
    buffer_add_text(&after, " does not match ");
    python_repr(&after, pattern);
    return violated(check, v, "", buffer_text(&after), "pattern");
}

static int check_enum(struct check *check, value choices, value v)
{
    BUFFER_AUTO(after);

    VALUE_LIST_EACH (i, choice, choices)
        if (strictly_equal(choice, v))
            return 0;
    buffer_add_text(&after, " is not one of ");
    python_repr(&after, choices);
    return violated(check, v, "", buffer_text(&after), "enum");
}

static int check_unique(struct check *check, value wanted, value v)
{
    /* Quadratic; a definition is short enough, and a longer list is left to its first part. */
    size_t n = value_list_count(v) > 2000 ? 2000 : value_list_count(v);

    if (v.kind != VALUE_LIST)
        return 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strictly_equal(value_list_at(v, i), value_list_at(v, k)))
                return violated(check, v, "", " has non-unique elements", "uniqueItems");
    return 0;
}

static int check_required(struct check *check, value names, value v)
{
    int r = 0;

    if (v.kind == VALUE_MAP)
        VALUE_LIST_EACH (i, name, names)
            if (!value_map_has(v, value_chars(name)))
                r |= violated(check, name, "", " is a required property", "required");
    return r;
}

/* Any of several schemas, or exactly one of them: those that are used here never overlap. */
static int check_choice(struct check *check, value choices, value v, const char *keyword)
{
    VALUE_LIST_EACH (i, choice, choices) {
        struct check quiet = { .err = check->err };
        int r = check_value(&quiet, choice, v);

        buffer_release(&quiet.spec_path);
        buffer_release(&quiet.schema_path);
        if (r <= 0)
            return r;
    }
    return violated(check, v, "", " is not valid under any of the given schemas", keyword);
}

static int check_any(struct check *check, value choices, value v)
{
    return check_choice(check, choices, v, "anyOf");
}

static int check_one(struct check *check, value choices, value v)
{
    return check_choice(check, choices, v, "oneOf");
}

static int check_items(struct check *check, value schema, value v)
{
    size_t spec_len = check->spec_path.len, schema_len = check->schema_path.len;
    int r, all = 0;

    if (v.kind != VALUE_LIST)
        return 0;
    buffer_addf(&check->schema_path, "%sitems", schema_len ? "." : "");
    VALUE_LIST_EACH (i, item, v) {
        buffer_addf(&check->spec_path, "[%zu]", i);
        r = check_value(check, schema, item);
        path_cut(&check->spec_path, spec_len);
        if (r < 0)
            return r;
        all |= r;
    }
    path_cut(&check->schema_path, schema_len);
    return all;
}

static int check_member(struct check *check, value schema, value key, value item, const char *keyword,
                        const char *name)
{
    size_t spec_len = check->spec_path.len, schema_len = check->schema_path.len;
    int r;

    buffer_addf(&check->schema_path, "%s%s.%s", schema_len ? "." : "", keyword, name);
    buffer_addf(&check->spec_path, "%s%s", spec_len ? "." : "", value_chars(key));
    r = check_value(check, schema, item);
    path_cut(&check->spec_path, spec_len);
    path_cut(&check->schema_path, schema_len);
    return r;
}

static int check_properties(struct check *check, value properties, value v)
{
    int r, all = 0;

    VALUE_MAP_EACH (i, properties) {
        value key = value_map_key_at(properties, i), item = value_map_get_value(v, key);

        if (v.kind != VALUE_MAP || !value_is_set(item))
            continue;
        r = check_member(check, value_map_item_at(properties, i), key, item, "properties", value_chars(key));
        if (r < 0)
            return r;
        all |= r;
    }
    return all;
}

static int check_words(struct check *check, value patterns, value v)
{
    int r, all = 0;

    if (v.kind != VALUE_MAP)
        return 0;
    VALUE_MAP_EACH (i, v) {
        value key = value_map_key_at(v, i);

        if (key.kind != VALUE_STRING)
            return error_set_kind(check->err, -EINVAL, "TypeError",
                                  "expected string or bytes-like object, got '%s'", python_type_name(key));
        if (!pattern_matches(word_pattern, key))
            continue;
        r = check_member(check, value_map_item_at(patterns, 0), key, value_map_item_at(v, i),
                         "patternProperties", "^\\w+$");
        if (r < 0)
            return r;
        all |= r;
    }
    return all;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(value_chars(*(const value *)a), value_chars(*(const value *)b));
}

static int check_no_more(struct check *check, value properties, value v)
{
    VALUE_AUTO(extras);
    BUFFER_AUTO(names);

    if (v.kind != VALUE_MAP)
        return 0;
    extras = value_list_new(2);
    VALUE_MAP_EACH (i, v)
        if (!value_is_set(value_map_get_value(properties, value_map_key_at(v, i)))) {
            BUFFER_AUTO(shown);

            python_repr(&shown, value_map_key_at(v, i));
            value_list_append(&extras, value_text(buffer_text(&shown)));
        }
    if (value_list_count(extras) == 0)
        return 0;
    qsort(extras.list->items, value_list_count(extras), sizeof(value), compare_texts);
    buffer_add_text(&names, "Additional properties are not allowed (");
    VALUE_LIST_EACH (i, name, extras)
        buffer_addf(&names, "%s%s", i ? ", " : "", value_chars(name));
    buffer_addf(&names, " %s unexpected)", value_list_count(extras) == 1 ? "was" : "were");
    return violated(check, VALUE_NOTHING, buffer_text(&names), "", "additionalProperties");
}

static const struct keyword {
    const char *name;
    int (*check)(struct check *check, value argument, value v);
} keywords[] = {
    { "type", check_type },
    { "minLength", check_length },
    { "minItems", check_items_count },
    { "minProperties", check_properties_least },
    { "maxProperties", check_properties_most },
    { "minimum", check_minimum },
    { "pattern", check_pattern },
    { "enum", check_enum },
    { "uniqueItems", check_unique },
    { "required", check_required },
    { "anyOf", check_any },
    { "oneOf", check_one },
    { "items", check_items },
    { "properties", check_properties },
    { "patternProperties", check_words },
};

/* 0: valid, 1: violations, which were told; negative: it cannot be checked. */
static int check_value(struct check *check, value schema, value v)
{
    int r, all = 0;

    for (size_t i = 0; i < ELEMENTS(keywords); i++) {
        value argument = value_map_get(schema, keywords[i].name);

        if (!value_is_set(argument))
            continue;
        r = keywords[i].check(check, argument, v);
        if (r < 0)
            return r;
        all |= r;
    }
    if (value_map_has(schema, "additionalProperties"))
        all |= check_no_more(check, value_map_get(schema, "properties"), v);
    return all;
}

int inspect_syntax(const struct workflow_spec *spec, value *findings, struct error *err)
{
    struct check check = { .findings = findings, .err = err };
    int r;

    pthread_once(&schemas_once, schemas_read);
    r = check_value(&check, schemas[spec->flags & SPEC_EXTENSIONS ? 1 : 0], spec->document);
    buffer_release(&check.spec_path);
    buffer_release(&check.schema_path);
    return r < 0 ? r : 0;
}
