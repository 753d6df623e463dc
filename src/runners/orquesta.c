/* SPDX-License-Identifier: Apache-2.0 */
#include "runners/runner.h"

/* The engine conducts it itself (engine/workflows.h). */
const struct runner_ops runner_orquesta = { .name = "orquesta", .conducted = true };
