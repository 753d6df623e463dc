/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an action chain: it is refused with a reason or runs, its tasks ending one way and the other, to an end that
   comes. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "chain/run.h"

#define TASKS_PLAYED 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void play(struct chain_run *run)
{
    const struct chain_scope scope = { .now_us = 1 };
    int r = 0;

    for (size_t i = 0; r == 0 && run->next != CHAIN_NODE_NONE && i < TASKS_PLAYED; i++) {
        VALUE_AUTO(parameters);
        ERROR_AUTO(err);

        if (chain_run_parameters(run, &scope, &parameters, &err) < 0) {
            assert(err.message);
            return;
        }
        chain_run_started(run, 1, 1);
        r = chain_run_ended(run, i % 2 ? EXECUTION_FAILED : EXECUTION_SUCCEEDED, parameters, &scope, &err);
        assert(r == 0 || err.message);
        assert(!chain_run_current(run));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct chain_scope scope = { .now_us = 1 };
    struct chain_spec *spec = NULL;
    struct chain_run *run;
    VALUE_AUTO(parameters);
    ERROR_AUTO(err);

    if (chain_spec_load("f", (const char *)data, n, &spec, &err) < 0) {
        assert(err.message);
        return 0;
    }
    parameters = value_map_new(0);
    run = chain_run_new(spec, parameters);
    if (chain_run_begin(run, &scope, &err) < 0)
        assert(err.message);
    else
        play(run);
    chain_run_free(run);
    return 0;
}
