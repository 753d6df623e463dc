/* SPDX-License-Identifier: Apache-2.0 */
/* The two state machines as tables of text, one row a move, spread once into arrays that are looked up by event.

   A row lists events. An event is the letter of its kind (W workflow, T task, A action, C command), a colon, a status
   and qualifiers, joined by dots; braces hold alternatives. "end" stands for failed, timeout and abandoned; "any" for
   every outcome. Qualifiers: active, dormant; incomplete, completed, paused, canceled, failed.
   To add a move, add its event to a row or add a row. */
#include "workflow/status.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/mem.h"

static const char *const status_names[STATUS_COUNT + 1] = {
    [STATUS_NULL] = "null",           [STATUS_REQUESTED] = "requested",   [STATUS_SCHEDULED] = "scheduled",
    [STATUS_DELAYED] = "delayed",     [STATUS_RUNNING] = "running",       [STATUS_PENDING] = "pending",
    [STATUS_PAUSING] = "pausing",     [STATUS_PAUSED] = "paused",         [STATUS_RESUMING] = "resuming",
    [STATUS_SUCCEEDED] = "succeeded", [STATUS_FAILED] = "failed",         [STATUS_TIMEOUT] = "timeout",
    [STATUS_ABANDONED] = "abandoned", [STATUS_RETRYING] = "retrying",     [STATUS_CANCELING] = "canceling",
    [STATUS_CANCELED] = "canceled",   [STATUS_REMEDIATED] = "remediated",
};

static const char *const activity_names[ACTIVITIES] = { "", "active", "dormant" };
static const char *const outcome_names[OUTCOMES] = { "",       "incomplete", "completed",
                                                     "paused", "canceled",   "failed" };
static const char kind_letters[] = "WTAC";

struct move {
    enum workflow_status from, to;
    const char *events;
};

#define DONE "{succeeded,remediated}"

static const struct move workflow_moves[] = {
    { STATUS_NULL, STATUS_REQUESTED, "W:requested" },
    { STATUS_NULL, STATUS_SCHEDULED, "W:scheduled" },
    { STATUS_NULL, STATUS_DELAYED, "W:delayed" },
    { STATUS_NULL, STATUS_RUNNING, "W:running" },
    { STATUS_NULL, STATUS_FAILED, "W:failed" },
    { STATUS_REQUESTED, STATUS_SCHEDULED, "W:scheduled" },
    { STATUS_REQUESTED, STATUS_DELAYED, "W:delayed" },
    { STATUS_REQUESTED, STATUS_RUNNING, "W:running" },
    { STATUS_REQUESTED, STATUS_FAILED, "W:failed" },
    { STATUS_REQUESTED, STATUS_PAUSED, "W:{pausing,paused}.dormant" },
    { STATUS_REQUESTED, STATUS_CANCELED, "W:{canceling,canceled}.dormant" },
    { STATUS_SCHEDULED, STATUS_DELAYED, "W:delayed" },
    { STATUS_SCHEDULED, STATUS_RUNNING, "W:running" },
    { STATUS_SCHEDULED, STATUS_FAILED, "W:failed" },
    { STATUS_SCHEDULED, STATUS_PAUSED, "W:{pausing,paused}.dormant" },
    { STATUS_SCHEDULED, STATUS_CANCELED, "W:{canceling,canceled}.dormant" },
    { STATUS_DELAYED, STATUS_SCHEDULED, "W:scheduled" },
    { STATUS_DELAYED, STATUS_RUNNING, "W:running" },
    { STATUS_DELAYED, STATUS_FAILED, "W:failed" },
    { STATUS_DELAYED, STATUS_PAUSED, "W:{pausing,paused}.dormant" },
    { STATUS_DELAYED, STATUS_CANCELED, "W:{canceling,canceled}.dormant" },

    { STATUS_RUNNING, STATUS_PAUSING, "W:{pausing,paused}.active T:pending.active T:" DONE ".active.paused" },
    { STATUS_RUNNING, STATUS_PAUSED,
      "W:{pausing,paused}.dormant T:{pending,paused}.dormant T:" DONE ".dormant.paused" },
    { STATUS_RUNNING, STATUS_CANCELING,
      "W:{canceling,canceled}.active T:canceling T:canceled.active T:" DONE ".active.canceled" },
    { STATUS_RUNNING, STATUS_CANCELED,
      "W:{canceling,canceled}.dormant T:canceled.dormant T:" DONE ".dormant.canceled" },
    { STATUS_RUNNING, STATUS_FAILED, "W:failed T:failed.{active,dormant}" },
    { STATUS_RUNNING, STATUS_SUCCEEDED, "W:succeeded T:" DONE ".dormant.completed" },
    { STATUS_RUNNING, STATUS_RUNNING,
      "T:pausing T:paused.active T:" DONE ".active.{incomplete,completed} T:" DONE ".dormant.incomplete" },

    { STATUS_PAUSING, STATUS_PAUSING,
      "W:{pausing,paused}.active T:{pending,paused,retrying}.active "
      "T:succeeded.active.{incomplete,completed,paused,canceled} T:remediated.active.{incomplete,completed,paused}" },
    { STATUS_PAUSING, STATUS_PAUSED,
      "W:{pausing,paused}.dormant T:{pending,paused,retrying}.dormant T:" DONE
      ".dormant.{incomplete,completed,paused}" },
    { STATUS_PAUSING, STATUS_CANCELING,
      "W:{canceling,canceled}.active T:canceling T:canceled.active T:remediated.active.canceled" },
    { STATUS_PAUSING, STATUS_CANCELED,
      "W:{canceling,canceled}.dormant T:canceled.dormant T:" DONE ".dormant.canceled" },
    { STATUS_PAUSING, STATUS_RUNNING, "W:running" },
    { STATUS_PAUSING, STATUS_RESUMING, "W:resuming" },
    { STATUS_PAUSING, STATUS_FAILED, "W:failed T:failed.{active,dormant}" },

    { STATUS_PAUSED, STATUS_RUNNING, "W:running T:running T:resuming" },
    { STATUS_PAUSED, STATUS_RESUMING, "W:resuming" },
    { STATUS_PAUSED, STATUS_SUCCEEDED, "W:{running,resuming}.completed" },
    { STATUS_PAUSED, STATUS_CANCELED, "W:{canceling,canceled}.dormant" },
    { STATUS_PAUSED, STATUS_FAILED, "W:failed" },

    { STATUS_RESUMING, STATUS_RUNNING,
      "W:running T:running T:" DONE ".active.{incomplete,completed} T:" DONE ".dormant.incomplete" },
    { STATUS_RESUMING, STATUS_PAUSING, "W:{pausing,paused}.active T:pending.active" },
    { STATUS_RESUMING, STATUS_PAUSED,
      "W:{pausing,paused}.dormant T:pending.dormant T:" DONE ".dormant.paused" },
    { STATUS_RESUMING, STATUS_CANCELING, "W:{canceling,canceled}.active T:canceling T:canceled.active" },
    { STATUS_RESUMING, STATUS_CANCELED,
      "W:{canceling,canceled}.dormant T:canceled.dormant T:" DONE ".dormant.canceled" },
    { STATUS_RESUMING, STATUS_FAILED, "W:failed T:failed.{active,dormant}" },
    { STATUS_RESUMING, STATUS_SUCCEEDED, "T:" DONE ".dormant.completed" },

    { STATUS_CANCELING, STATUS_CANCELING,
      "W:{canceling,canceled}.active T:{pending,paused,failed,canceled,retrying}.active "
      "T:" DONE ".active.{incomplete,completed}" },
    { STATUS_CANCELING, STATUS_CANCELED,
      "W:{canceling,canceled}.dormant T:{pending,paused,failed,canceled,retrying}.dormant "
      "T:" DONE ".dormant.{incomplete,completed,paused,canceled}" },
    { STATUS_CANCELING, STATUS_FAILED, "W:failed" },
    { STATUS_SUCCEEDED, STATUS_FAILED, "W:failed" },
};

#define START_MOVES(from)                                                                   \
    { from, STATUS_RUNNING, "A:running" }, { from, STATUS_PENDING, "A:pending" },           \
        { from, STATUS_PAUSING, "A:pausing" }, { from, STATUS_PAUSED, "A:paused" },         \
        { from, STATUS_CANCELING, "A:canceling" }, { from, STATUS_CANCELED, "A:canceled" }, \
        { from, STATUS_FAILED, "A:failed" }, { from, STATUS_TIMEOUT, "A:timeout" },         \
    {                                                                                       \
        from, STATUS_ABANDONED, "A:abandoned"                                               \
    }

static const struct move task_moves[] = {
    { STATUS_NULL, STATUS_REQUESTED, "A:requested" },
    { STATUS_NULL, STATUS_SCHEDULED, "A:scheduled" },
    { STATUS_NULL, STATUS_DELAYED, "A:delayed" },
    { STATUS_NULL, STATUS_RUNNING, "A:running" },
    { STATUS_NULL, STATUS_PENDING, "A:pending" },
    { STATUS_NULL, STATUS_SUCCEEDED, "C:succeeded" },
    { STATUS_NULL, STATUS_FAILED, "C:failed" },
    { STATUS_REQUESTED, STATUS_SCHEDULED, "A:scheduled" },
    { STATUS_REQUESTED, STATUS_DELAYED, "A:delayed" },
    START_MOVES(STATUS_REQUESTED),
    { STATUS_SCHEDULED, STATUS_DELAYED, "A:delayed" },
    START_MOVES(STATUS_SCHEDULED),
    { STATUS_DELAYED, STATUS_SCHEDULED, "A:scheduled" },
    START_MOVES(STATUS_DELAYED),

    { STATUS_RUNNING, STATUS_RUNNING, "A:running A:succeeded.{active,dormant}.incomplete" },
    { STATUS_RUNNING, STATUS_PENDING, "A:pending" },
    { STATUS_RUNNING, STATUS_PAUSING,
      "A:pausing A:{pending,paused}.active.incomplete W:{pausing,paused}.active.incomplete" },
    { STATUS_RUNNING, STATUS_PAUSED,
      "A:paused A:{pending,paused}.dormant.{paused,incomplete,completed} A:succeeded.dormant.paused "
      "W:{pausing,paused}.dormant.incomplete" },
    { STATUS_RUNNING, STATUS_CANCELING,
      "A:canceling A:canceled.active.incomplete W:{canceling,canceled}.active.incomplete" },
    { STATUS_RUNNING, STATUS_CANCELED,
      "A:canceled A:canceled.dormant.{any} A:{pending,paused,end,succeeded}.dormant.canceled "
      "W:{canceling,canceled}.dormant.incomplete" },
    { STATUS_RUNNING, STATUS_FAILED,
      "A:{end} A:{end}.dormant.{paused,failed,incomplete,completed} A:{pending,paused,succeeded}.dormant.failed" },
    { STATUS_RUNNING, STATUS_SUCCEEDED, "A:succeeded A:succeeded.dormant.completed" },

    { STATUS_PENDING, STATUS_SUCCEEDED, "A:succeeded" },
    { STATUS_PENDING, STATUS_FAILED, "A:{end}" },
    { STATUS_PENDING, STATUS_CANCELED, "A:canceled" },

    { STATUS_PAUSING, STATUS_PAUSED,
      "A:paused A:{pending,paused}.dormant.{paused,incomplete,completed} A:succeeded.dormant.{paused,incomplete}" },
    { STATUS_PAUSING, STATUS_CANCELED,
      "A:canceled A:canceled.dormant.{any} A:{pending,paused,end,succeeded}.dormant.canceled" },
    { STATUS_PAUSING, STATUS_FAILED,
      "A:{end} A:{end}.dormant.{paused,failed,incomplete,completed} A:{pending,paused,succeeded}.dormant.failed" },
    { STATUS_PAUSING, STATUS_RESUMING, "A:resuming" },
    { STATUS_PAUSING, STATUS_CANCELING, "A:canceling" },
    { STATUS_PAUSING, STATUS_SUCCEEDED, "A:succeeded.dormant.completed" },

    { STATUS_PAUSED, STATUS_RUNNING, "A:running" },
    { STATUS_PAUSED, STATUS_RESUMING, "A:resuming" },
    { STATUS_PAUSED, STATUS_CANCELING, "A:canceling" },
    { STATUS_PAUSED, STATUS_CANCELED, "A:canceled" },

    { STATUS_RESUMING, STATUS_RUNNING, "A:running" },
    { STATUS_RESUMING, STATUS_CANCELING, "A:canceling" },
    { STATUS_RESUMING, STATUS_CANCELED, "A:canceled" },

    { STATUS_RETRYING, STATUS_RUNNING, "A:running" },
    { STATUS_RETRYING, STATUS_CANCELING, "A:canceling" },
    { STATUS_RETRYING, STATUS_CANCELED, "A:canceled W:{canceling,canceled}" },

    { STATUS_CANCELING, STATUS_CANCELED,
      "A:{paused,canceled} A:{pending,paused,canceled,end}.dormant.{any} "
      "A:succeeded.dormant.{paused,canceled,failed,incomplete}" },
    { STATUS_CANCELING, STATUS_FAILED, "A:{end}" },
    { STATUS_CANCELING, STATUS_SUCCEEDED, "A:succeeded.dormant.completed" },

    { STATUS_SUCCEEDED, STATUS_RETRYING, "C:retrying" },
    { STATUS_FAILED, STATUS_RETRYING, "C:retrying" },
};

struct machine {
    /* Target status + 1; 0: no such row. */
    uint8_t moves[STATUS_COUNT][EVENT_KINDS][STATUS_COUNT + 1][ACTIVITIES][OUTCOMES];
};

static struct machine workflow_machine, task_machine;
static value status_values[STATUS_COUNT];
static pthread_once_t machines_once = PTHREAD_ONCE_INIT;

static int word_index(const char *const *words, int n_words, const char *word, size_t n)
{
    for (int i = 0; i < n_words; i++)
        if (strlen(words[i]) == n && memcmp(words[i], word, n) == 0)
            return i;
    return -1;
}

static bool word_is(const char *word, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(text, word, n) == 0;
}

static void machine_spread(struct machine *machine, const struct move *move, struct workflow_event event,
                           const char *at, const char *end, bool first);

/* One alternative of one part of an event: put it into `event` and go on with the rest. */
static void machine_spread_word(struct machine *machine, const struct move *move, struct workflow_event event,
                                const char *word, size_t n, const char *rest, const char *end, bool first)
{
    static const char *const ends[] = { "failed", "timeout", "abandoned" };
    int i;

    if (first && word_is(word, n, "end")) {
        for (size_t k = 0; k < ELEMENTS(ends); k++)
            machine_spread_word(machine, move, event, ends[k], strlen(ends[k]), rest, end, true);
        return;
    }
    if (!first && word_is(word, n, "any")) {
        for (int k = OUTCOME_INCOMPLETE; k < OUTCOMES; k++)
            machine_spread_word(machine, move, event, outcome_names[k], strlen(outcome_names[k]), rest, end,
                                false);
        return;
    }
    if (first) {
        i = word_index(status_names, STATUS_COUNT + 1, word, n);
        assert(i >= 0);
        event.status = (uint8_t)i;
    } else if ((i = word_index(activity_names, ACTIVITIES, word, n)) > 0) {
        event.activity = (uint8_t)i;
    } else {
        i = word_index(outcome_names, OUTCOMES, word, n);
        assert(i > 0);
        event.outcome = (uint8_t)i;
    }
    machine_spread(machine, move, event, rest, end, false);
}

static void machine_spread(struct machine *machine, const struct move *move, struct workflow_event event,
                           const char *at, const char *end, bool first)
{
    const char *stop, *rest;

    if (at == end) {
        machine->moves[move->from][event.kind][event.status][event.activity][event.outcome] =
            (uint8_t)(move->to + 1);
        return;
    }
    if (*at == '.')
        at++;
    if (*at != '{') {
        for (stop = at; stop < end && *stop != '.'; stop++)
            ;
        machine_spread_word(machine, move, event, at, (size_t)(stop - at), stop, end, first);
        return;
    }
    rest = (const char *)memchr(at, '}', (size_t)(end - at)) + 1;
    for (at++; at < rest; at = stop + 1) {
        for (stop = at; *stop != ',' && *stop != '}'; stop++)
            ;
        machine_spread_word(machine, move, event, at, (size_t)(stop - at), rest, end, first);
    }
}

static void machine_fill(struct machine *machine, const struct move *moves, size_t n_moves)
{
    for (size_t i = 0; i < n_moves; i++)
        for (const char *at = moves[i].events, *end; *at; at = *end ? end + 1 : end) {
            struct workflow_event event = { .kind = (uint8_t)(strchr(kind_letters, *at) - kind_letters) };

            end = strchrnul(at, ' ');
            machine_spread(machine, &moves[i], event, at + 2, end, true);
        }
}

static void machines_fill(void)
{
    machine_fill(&workflow_machine, workflow_moves, ELEMENTS(workflow_moves));
    machine_fill(&task_machine, task_moves, ELEMENTS(task_moves));
    for (int i = 0; i < STATUS_COUNT; i++)
        status_values[i] = (value){ .kind = VALUE_STRING, .string = value_atom_make(status_names[i]) };
}

static int machine_move(const struct machine *machine, enum workflow_status from, struct workflow_event event)
{
    pthread_once(&machines_once, machines_fill);
    return (int)machine->moves[from][event.kind][event.status][event.activity][event.outcome] - 1;
}

int workflow_machine_move(enum workflow_status from, struct workflow_event event)
{
    return machine_move(&workflow_machine, from, event);
}

int task_machine_move(enum workflow_status from, struct workflow_event event)
{
    return machine_move(&task_machine, from, event);
}

bool task_machine_has(enum workflow_status from)
{
    return from != STATUS_TIMEOUT && from != STATUS_ABANDONED;
}

const char *status_name(enum workflow_status status)
{
    return status_names[status];
}

value status_value(enum workflow_status status)
{
    pthread_once(&machines_once, machines_fill);
    return status_values[status];
}

int status_from_name(const char *name)
{
    return word_index(status_names, STATUS_COUNT, name, strlen(name));
}

void workflow_event_name(struct buffer *out, struct workflow_event event)
{
    static const char *const kinds[EVENT_KINDS] = { "workflow", "task", "action", "task" };
    const char *noun = event.kind == EVENT_TASK ? "workflow" : "task";

    buffer_addf(out, "%s_%s", kinds[event.kind], status_names[event.status]);
    if (event.kind == EVENT_COMMAND)
        buffer_add_text(out, "_requested");
    if (event.activity)
        buffer_addf(out, "_%s_%s", noun, activity_names[event.activity]);
    if (event.outcome)
        buffer_addf(out, "_%s%s", event.kind == EVENT_TASK ? "" : "items_", outcome_names[event.outcome]);
}
