/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/functions/functions.h"

#include "base/limit.h"
#include "base/mem.h"
#include "expr/functions/functions-internal.h"

#define BOTH (FN_TEMPLATE | FN_ORQUESTA)

/* clang-format off */
static const struct fn table[] = {
    { "basename", BOTH, 1, 1, { "path" }, { "path" }, fn_basename },
    { "dirname", BOTH, 1, 1, { "path" }, { "path" }, fn_dirname },
    { "from_json_string", BOTH, 1, 1, { "value" }, { "value" }, fn_from_json_string },
    { "from_yaml_string", BOTH | FN_SLOW, 1, 1, { "value" }, { "value" }, fn_from_yaml_string },
    { "json_dump", FN_ORQUESTA, 1, 4, { "value", "indent", "sort_keys", "separators" },
      { "value", "indent", "sortKeys", "separators" }, fn_to_json_string },
    { "json_escape", BOTH, 1, 1, { "value" }, { "value" }, fn_json_escape },
    { "json_parse", FN_ORQUESTA, 1, 1, { "value" }, { "value" }, fn_from_json_string },
    { "jsonpath_query", BOTH, 2, 2, { "value", "query" }, { "value", "query" }, fn_jsonpath_query },
    { "regex_match", BOTH, 2, 3, { "value", "pattern", "ignorecase" }, { "value", "pattern", "ignorecase" },
      fn_regex_match },
    { "regex_replace", BOTH, 3, 4, { "value", "pattern", "replacement", "ignorecase" },
      { "value", "pattern", "replacement", "ignorecase" }, fn_regex_replace },
    { "regex_search", BOTH, 2, 3, { "value", "pattern", "ignorecase" }, { "value", "pattern", "ignorecase" },
      fn_regex_search },
    { "regex_substring", BOTH, 2, 4, { "value", "pattern", "result_index", "ignorecase" },
      { "value", "pattern", "resultIndex", "ignorecase" }, fn_regex_substring },
    { "to_complex", FN_TEMPLATE, 1, 1, { "value" }, { "value" }, fn_to_complex },
    { "to_human_time_from_seconds", BOTH, 1, 1, { "seconds" }, { "seconds" }, fn_to_human_time_from_seconds },
    { "to_json_string", BOTH, 1, 4, { "value", "indent", "sort_keys", "separators" },
      { "value", "indent", "sortKeys", "separators" }, fn_to_json_string },
    { "to_yaml_string", BOTH | FN_SLOW, 1, 3, { "value", "indent", "allow_unicode" }, { "value", "indent", "allowUnicode" },
      fn_to_yaml_string },
    { "use_none", BOTH, 1, 1, { "value" }, { "value" }, fn_use_none },
    { "version_bump_major", BOTH, 1, 1, { "value" }, { "value" }, fn_version_bump_major },
    { "version_bump_minor", BOTH, 1, 1, { "value" }, { "value" }, fn_version_bump_minor },
    { "version_bump_patch", BOTH, 1, 1, { "value" }, { "value" }, fn_version_bump_patch },
    { "version_compare", BOTH, 2, 2, { "value", "pattern" }, { "value", "pattern" }, fn_version_compare },
    { "version_equal", BOTH, 2, 2, { "value", "pattern" }, { "value", "pattern" }, fn_version_equal },
    { "version_less_than", BOTH, 2, 2, { "value", "pattern" }, { "value", "pattern" }, fn_version_less_than },
    { "version_match", BOTH, 2, 2, { "value", "pattern" }, { "value", "pattern" }, fn_version_match },
    { "version_more_than", BOTH, 2, 2, { "value", "pattern" }, { "value", "pattern" }, fn_version_more_than },
    { "version_strip_patch", BOTH, 1, 1, { "value" }, { "value" }, fn_version_strip_patch },
    { "yaml_dump", FN_ORQUESTA | FN_SLOW, 1, 3, { "value", "indent", "allow_unicode" }, { "value", "indent", "allowUnicode" },
      fn_to_yaml_string },
    { "yaml_parse", FN_ORQUESTA | FN_SLOW, 1, 1, { "value" }, { "value" }, fn_from_yaml_string },
};
/* clang-format on */

const struct fn *fn_find(const char *name, size_t n)
{
    size_t low = 0, high = ELEMENTS(table);

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(name, table[middle].name, n);

        if (order == 0 && table[middle].name[n])
            order = -1;
        if (order == 0)
            return &table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct fn *fn_table(size_t *ret_count)
{
    *ret_count = ELEMENTS(table);
    return table;
}

int fn_check_text(const struct fn_call *call, size_t n, struct error *err)
{
    uint64_t limit = fn_text_limit(call);

    return n <= limit ? 0 : limit_exceeded(err, LIMIT_TEXT, limit);
}

const char *fn_datastore_name(const char *key, const char **ret_scope)
{
    static const char *const scopes[] = { "system", "user" };

    *ret_scope = "user";
    for (size_t i = 0; i < ELEMENTS(scopes); i++) {
        size_t n = strlen(scopes[i]);

        if (strncmp(key, scopes[i], n) == 0 && key[n] == '.') {
            *ret_scope = scopes[i];
            return key + n + 1;
        }
    }
    return key;
}
