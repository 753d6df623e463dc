/* SPDX-License-Identifier: Apache-2.0 */
#include "runners/runner.h"

/* The engine conducts it itself (engine/chains.h). */
const struct runner_ops runner_action_chain = { .name = "action-chain", .conducted = true, .chained = true };
