/* SPDX-License-Identifier: Apache-2.0 */
/* What a parameter definition may say, as a schema of its own, and what a set of definitions must keep among themselves. */
#include "value/schema.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"
#include "value/pyregex.h"
#include "value/python.h"

#define POSITIVE_OR_ZERO "{\"type\": \"integer\", \"minimum\": 0}"
#define SIMPLE_TYPES     "\"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\", \"null\""
#define SCHEMAS          "{\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#\"}}"
#define SCHEMA_LIST      "{\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#\"}}"
#define SCHEMA_OR_FLAG   "{\"anyOf\": [{\"type\": \"boolean\"}, {\"$ref\": \"#\"}]}"

static const char definition_schema[] =
    "{\"type\": \"object\", \"properties\": {"
    "\"id\": {\"type\": \"string\"},"
    "\"$schema\": {\"type\": \"string\"},"
    "\"title\": {\"type\": \"string\"},"
    "\"description\": {\"type\": \"string\"},"
    "\"default\": {},"
    "\"multipleOf\": {\"type\": \"number\", \"minimum\": 0, \"exclusiveMinimum\": true},"
    "\"maximum\": {\"type\": \"number\"},"
    "\"exclusiveMaximum\": {\"type\": \"boolean\"},"
    "\"minimum\": {\"type\": \"number\"},"
    "\"exclusiveMinimum\": {\"type\": \"boolean\"},"
    "\"maxLength\": " POSITIVE_OR_ZERO ","
    "\"minLength\": " POSITIVE_OR_ZERO ","
    "\"pattern\": {\"type\": \"string\"},"
    "\"additionalItems\": " SCHEMA_OR_FLAG ","
    "\"items\": {\"anyOf\": [{\"$ref\": \"#\"}, " SCHEMA_LIST "]},"
    "\"maxItems\": " POSITIVE_OR_ZERO ","
    "\"minItems\": " POSITIVE_OR_ZERO ","
    "\"uniqueItems\": {\"type\": \"boolean\"},"
    "\"maxProperties\": " POSITIVE_OR_ZERO ","
    "\"minProperties\": " POSITIVE_OR_ZERO ","
    "\"required\": {\"type\": \"boolean\"},"
    "\"secret\": {\"type\": \"boolean\"},"
    "\"additionalProperties\": " SCHEMA_OR_FLAG ","
    "\"definitions\": " SCHEMAS ","
    "\"properties\": " SCHEMAS ","
    "\"patternProperties\": " SCHEMAS ","
    "\"dependencies\": {\"type\": \"object\", \"additionalProperties\": {\"anyOf\": [{\"$ref\": \"#\"}, "
    "{\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, \"items\": {\"type\": \"string\"}}]}},"
    "\"enum\": {\"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true},"
    "\"type\": {\"anyOf\": [{\"enum\": [" SIMPLE_TYPES "]}]},"
    "\"position\": {\"type\": \"number\", \"minimum\": 0},"
    "\"immutable\": {\"type\": \"boolean\"},"
    "\"allOf\": " SCHEMA_LIST ","
    "\"anyOf\": " SCHEMA_LIST ","
    "\"oneOf\": " SCHEMA_LIST ","
    "\"not\": {\"$ref\": \"#\"}"
    "}, \"dependencies\": {\"exclusiveMaximum\": [\"maximum\"], \"exclusiveMinimum\": [\"minimum\"]},"
    " \"additionalProperties\": false}";

/* Read once, kept for ever. */
static value definition;

static void read_definition(void)
{
    json_read(definition_schema, sizeof(definition_schema) - 1, 0, &definition, NULL);
}

/* The patterns of a definition must be regular expressions; found out here rather than at the first execution. */
static int check_patterns(value schema, int level, struct error *err)
{
    static const char *const inner[] = { "properties", "patternProperties", "items", "additionalProperties" };
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    const char *pattern = value_map_chars(schema, "pattern");
    int r = 0;

    if (pattern)
        r = pyregex_get(pattern, strlen(pattern), 0, &regex, err);
    for (size_t i = 0; r == 0 && level < 50 && i < ELEMENTS(inner); i++) {
        value part = value_map_get(schema, inner[i]);

        if (i >= 2 && part.kind == VALUE_MAP)
            r = check_patterns(part, level + 1, err);
        for (size_t k = 0; r == 0 && i < 2 && part.kind == VALUE_MAP && k < value_map_count(part); k++)
            r = check_patterns(value_map_item_at(part, k), level + 1, err);
    }
    return r;
}

int schema_check_parameter(const char *name, value schema, struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int r;

    pthread_once(&once, read_definition);
    r = schema_validate(definition, schema, SCHEMA_DRAFT4, SCHEMA_WHOLE_ALTERNATIVES, NULL, err);
    if (r < 0)
        return r;
    r = check_patterns(schema, 0, err);
    return r < 0 ? error_prefix(err, r, "parameter \"%s\"", name) : r;
}

/* Names are words in Unicode's sense. */
static int check_names(value parameters, struct error *err)
{
    static const char pattern[] = "^\\w+$";
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    BUFFER_AUTO(wrong);
    size_t count = 0;
    int r;

    r = pyregex_get(pattern, strlen(pattern), 0, &regex, err);
    if (r < 0)
        return r;
    VALUE_MAP_EACH (i, parameters) {
        value name = value_map_key_at(parameters, i);
        bool fits = false;

        if (name.kind == VALUE_STRING) {
            r = pyregex_test(regex, name.string->data, name.string->len, PYREGEX_SEARCH, 0, &fits, err);
            if (r < 0)
                return r;
        }
        if (fits)
            continue;
        if (count++)
            buffer_add_text(&wrong, ", ");
        python_repr(&wrong, name);
    }
    if (!count)
        return 0;
    return error_set_kind(err, -EINVAL, "ValidationError", "%s %s not match any of the regexes: '^\\\\w+$'",
                          wrong.data, count == 1 ? "does" : "do");
}

struct position {
    value number, name; /* borrowed */
};

static int compare_positions(const void *a, const void *b)
{
    const struct position *left = a, *right = b;
    int order = 0;

    value_compare(left->number, right->number, &order);
    return order;
}

static int not_contiguous(const struct position *positions, size_t n, struct error *err)
{
    BUFFER_AUTO(shown);

    for (size_t i = 0; i < n; i++) {
        buffer_add_text(&shown, i ? ", " : "[");
        python_repr(&shown, positions[i].number);
    }
    return error_set_kind(err, -EINVAL, "ValueValidationException",
                          "Positions supplied %s] for parameters are not contiguous.", shown.data);
}

static int check_positions(value parameters, struct error *err)
{
    CLEANUP(freep)
    struct position *positions = xcalloc(value_map_count(parameters) + 1, sizeof(*positions));
    size_t n = 0;

    VALUE_MAP_EACH (i, parameters) {
        value number = value_map_get(value_map_item_at(parameters, i), "position");
        value name = value_map_key_at(parameters, i);

        if (!value_is_number(number))
            continue;
        for (size_t k = 0; k < n; k++) {
            VALUE_AUTO(shown);

            if (!value_equal(positions[k].number, number))
                continue;
            shown = python_str_value(number);
            return error_set_kind(
                err, -EINVAL, "ValueValidationException",
                "Parameters %s and %s have same position %s. Position values have to be unique.",
                value_chars(name), value_chars(positions[k].name), value_chars(shown));
        }
        positions[n++] = (struct position){ number, name };
    }
    qsort(positions, n, sizeof(*positions), compare_positions);
    for (size_t i = 1; i < n; i++) {
        value next = positions[i].number, before = positions[i - 1].number;

        if (next.kind != VALUE_INT || before.kind != VALUE_INT || next.integer != before.integer + 1)
            return not_contiguous(positions, n, err);
    }
    return 0;
}

int schema_check_parameters(value parameters, struct error *err)
{
    int r;

    if (value_is_null(parameters))
        return 0;
    if (parameters.kind != VALUE_MAP) {
        BUFFER_AUTO(shown);

        python_repr(&shown, parameters);
        return error_set_kind(err, -EINVAL, "ValidationError", "%s is not of type 'object'", shown.data);
    }
    r = check_names(parameters, err);
    for (size_t i = 0; r == 0 && i < value_map_count(parameters); i++)
        r = schema_check_parameter(value_chars(value_map_key_at(parameters, i)),
                                   value_map_item_at(parameters, i), err);
    return r < 0 ? r : check_positions(parameters, err);
}
