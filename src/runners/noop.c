/* SPDX-License-Identifier: Apache-2.0 */
#include "runners/runner.h"

static void noop_run(const struct run *run, struct outcome *ret)
{
    value result = value_map_new(3);

    value_map_put(&result, "failed", value_bool(false));
    value_map_put(&result, "succeeded", value_bool(true));
    value_map_put(&result, "return_code", value_int(0));
    *ret = (struct outcome){ .status = EXECUTION_SUCCEEDED, .result = result };
}

const struct runner_ops runner_noop = { .name = "noop", .run_now = noop_run };
