/* SPDX-License-Identifier: Apache-2.0 */
/* The regex_ functions: the value goes through str(), the pattern is Python's. */
#include "base/mem.h"
#include "expr/functions/functions-internal.h"
#include "value/pyregex.h"
#include "value/python.h"

static int get(value pattern, value ignore_case, struct pyregex **ret, struct error *err)
{
    if (pattern.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "first argument must be string or compiled pattern");
    return pyregex_get(pattern.string->data, pattern.string->len,
                       value_truth(ignore_case) ? PYREGEX_IGNORECASE : 0, ret, err);
}

static int test(const struct fn_call *call, const value *args, enum pyregex_anchor anchor, value *ret,
                struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    bool matches = false;
    VALUE_AUTO(text);
    int r;

    r = get(args[1], args[2], &regex, err);
    if (r < 0)
        return r;
    text = python_str_value(args[0]);
    r = pyregex_test(regex, text.string->data, text.string->len, anchor, fn_regex_limit(call), &matches, err);
    if (r < 0)
        return r;
    *ret = value_bool(matches);
    return 0;
}

int fn_regex_match(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return test(call, args, PYREGEX_MATCH, ret, err);
}

int fn_regex_search(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return test(call, args, PYREGEX_SEARCH, ret, err);
}

int fn_regex_replace(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    VALUE_AUTO(text);
    int r;

    r = get(args[1], args[3], &regex, err);
    if (r < 0)
        return r;
    if (args[2].kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError",
                              "decoding to str: need a bytes-like object, %s found",
                              python_type_name(args[2]));
    text = python_str_value(args[0]);
    return pyregex_sub(regex, text.string->data, text.string->len, args[2].string->data, args[2].string->len,
                       0, fn_regex_limit(call), fn_text_limit(call), ret, err);
}

int fn_regex_substring(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    value index = args[2];
    VALUE_AUTO(text);
    VALUE_AUTO(found);
    int64_t at, count;
    int r;

    r = get(args[1], args[3], &regex, err);
    if (r < 0)
        return r;
    text = python_str_value(args[0]);
    r = pyregex_findall(regex, text.string->data, text.string->len, fn_regex_limit(call), &found, err);
    if (r < 0)
        return r;
    if (value_is_set(index) && index.kind != VALUE_INT && index.kind != VALUE_BOOL)
        return error_set_kind(err, -EINVAL, "TypeError", "list indices must be integers or slices, not %s",
                              python_type_name(index));
    count = (int64_t)value_list_count(found);
    at = !value_is_set(index) ? 0 : index.kind == VALUE_BOOL ? index.boolean : index.integer;
    if (at < 0)
        at += count;
    if (at < 0 || at >= count)
        return error_set_kind(err, -ERANGE, "IndexError", "list index out of range");
    *ret = value_ref(value_list_at(found, (size_t)at));
    return 0;
}
