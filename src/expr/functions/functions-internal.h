/* SPDX-License-Identifier: Apache-2.0 */
/* Between functions.c, which has the table, and the files of the families. */
#ifndef FULMAR_EXPR_FUNCTIONS_FUNCTIONS_INTERNAL_H
#define FULMAR_EXPR_FUNCTIONS_FUNCTIONS_INTERNAL_H

#include "expr/functions/functions.h"

typedef int fn_function(const struct fn_call *call, const value *args, value *ret, struct error *err);

/* data.c */
fn_function fn_from_json_string, fn_from_yaml_string, fn_json_escape, fn_jsonpath_query, fn_to_complex,
    fn_to_json_string, fn_to_yaml_string, fn_use_none;
/* path.c */
fn_function fn_basename, fn_dirname;
/* regex.c */
fn_function fn_regex_match, fn_regex_replace, fn_regex_search, fn_regex_substring;
/* time.c */
fn_function fn_to_human_time_from_seconds;
/* version.c */
fn_function fn_version_bump_major, fn_version_bump_minor, fn_version_bump_patch, fn_version_compare,
    fn_version_equal, fn_version_less_than, fn_version_match, fn_version_more_than, fn_version_strip_patch;

static inline uint64_t fn_text_limit(const struct fn_call *call)
{
    return call->limits && call->limits->text ? call->limits->text : FN_TEXT_MAX;
}

static inline uint32_t fn_regex_limit(const struct fn_call *call)
{
    return call->limits ? call->limits->regex_matches : 0;
}

/* Fails when a text of that many bytes is too long. */
int fn_check_text(const struct fn_call *call, size_t n, struct error *err);

#endif
