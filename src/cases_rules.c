/* SPDX-License-Identifier: Apache-2.0 */
#include "cases_rules.h"

#include "base/clock.h"
#include "rules/criteria.h"

value cases_rules(value line)
{
    const char *name = value_map_chars(line, "operator");
    value v = value_map_get(line, "value"), pattern = value_map_get(line, "pattern");
    value answer = value_map_new(1), problem;
    bool matched = false;
    ERROR_AUTO(err);
    int r;

    r = criteria_operate(name ? name : "", value_is_set(v) ? v : value_null(),
                         value_is_set(pattern) ? pattern : value_null(), value_map_chars(line, "condition"),
                         clock_now_us(), &matched, &err);
    if (r == 0) {
        value_map_put(&answer, "result", value_bool(matched));
        return answer;
    }
    problem = value_map_new(2);
    value_map_put(&problem, "class", value_text(err.kind ? err.kind : "Exception"));
    value_map_put(&problem, "message", value_text(error_text(&err)));
    value_map_put(&answer, "error", problem);
    return answer;
}
