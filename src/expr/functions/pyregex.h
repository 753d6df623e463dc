/* SPDX-License-Identifier: Apache-2.0 */
/* Python's regular expressions live with the values, because JSON schemas need them too. */
#ifndef FULMAR_EXPR_FUNCTIONS_PYREGEX_H
#define FULMAR_EXPR_FUNCTIONS_PYREGEX_H

#include "value/pyregex.h"

#endif
