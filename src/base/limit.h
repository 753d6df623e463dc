/* SPDX-License-Identifier: Apache-2.0 */
/* What is said when input runs into a bound: one kind of error and one wording for all rooms, so that a person can look the
   limit up by its name (docs/expressions.md lists those of expressions). Where the languages' own engines end a recursion
   with RecursionError, so do these. */
#ifndef FULMAR_BASE_LIMIT_H
#define FULMAR_BASE_LIMIT_H

#include <stdint.h>

struct error;

#define LIMIT_KIND "LimitExceeded"

/* The names. To add a limit: a name here, and its row in the docs. */
#define LIMIT_STEPS        "steps"
#define LIMIT_DEPTH        "nested calls"
#define LIMIT_NESTING      "nested values"
#define LIMIT_BRACKETS     "nested brackets and operators"
#define LIMIT_STACK        "bytes of stack"
#define LIMIT_MEMORY       "bytes of memory"
#define LIMIT_SEQUENCE     "items of a sequence"
#define LIMIT_TEXT         "bytes of a text"
#define LIMIT_SOURCE       "bytes of an expression"
#define LIMIT_NUMBER       "bytes of a number"
#define LIMIT_ARGUMENTS    "arguments"
#define LIMIT_INDENT       "blanks of indent"
#define LIMIT_REGEX        "steps of a regular expression"
#define LIMIT_REGEX_TIME   "microseconds of regular expressions"
#define LIMIT_REGEX_MEMORY "bytes of a regular expression's stack"
#define LIMIT_VISITS       "values on a path"
#define LIMIT_RESULT       "bytes of a result"
#define LIMIT_TASKS        "tasks of a workflow"
#define LIMIT_ROUTES       "routes of a workflow"
#define LIMIT_ITEMS        "items of a task"

/* "exceeds the limit of 800000 steps"; returns -E2BIG. */
int limit_exceeded(struct error *err, const char *name, uint64_t most);
/* RecursionError: "maximum recursion depth exceeded (limit of 200 nested calls)"; returns -E2BIG. */
int limit_recursion(struct error *err, const char *name, uint64_t most);

#endif
