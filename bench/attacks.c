/* SPDX-License-Identifier: Apache-2.0 */
/* What the attacks of tests/cases/jinja-attacks.txt and yaql-attacks.txt cost: processor time and memory of each, the worst
   ten (or N) of both. Each runs in a process of its own. The status is 1 when one of them costs too much:

       bench-attacks tests/cases [N] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "expr/expr.h"
#include "value/json.h"

#define TIME_MAX_US   50000
#define MEMORY_MAX_KB 65536
#define SECONDS_MAX   5 /* then it is ended */
#define TRIES         3 /* of what seems to be too slow: the best counts */

/* What a child tells. */
struct cost {
    int64_t time_us, memory_kb;
    int failed;
    char said[160];
};

struct attack {
    char *text;
    enum expr_mode mode;
    struct cost cost;
};

static struct attack *attacks;
static size_t n_attacks, attacks_room;

/* "<<x*3>>" becomes "xxx". */
static void expand(const char *line, struct buffer *out)
{
    const char *open, *star, *close;

    while ((open = strstr(line, "<<")) && (close = strstr(open, ">>")) &&
           (star = memrchr(open, '*', (size_t)(close - open)))) {
        long n = strtol(star + 1, NULL, 10);

        buffer_add(out, line, (size_t)(open - line));
        for (long i = 0; i < n; i++)
            buffer_add(out, open + 2, (size_t)(star - open - 2));
        line = close + 2;
    }
    buffer_add_text(out, line);
}

static value jinja_variables(void)
{
    static const char text[] = "{\"d\": {\"a\": 1}, \"x\": [1], \"y\": [1, 2]}";
    value v = VALUE_NOTHING;

    json_read(text, sizeof(text) - 1, JSON_PYTHON, &v, NULL);
    return v;
}

static value yaql_variables(void)
{
    value v = value_map_new(5), l = value_list_new(10000);
    char *a = xmalloc(100001);

    memset(a, 'a', 100000);
    for (int i = 0; i < 10000; i++)
        value_list_append(&l, value_int(i));
    value_map_put(&v, "x", value_int(7));
    value_map_put(&v, "s", value_text_n(a, 100000));
    memcpy(a + 5000, "b", 2);
    value_map_put(&v, "r", value_text(a));
    value_map_put(&v, "l", l);
    value_map_put(&v, "e", value_map_new(0));
    free(a);
    return v;
}

static int64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The peak of this process, in kB. */
static int64_t peak_kb(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void run(const struct attack *attack, value variables, struct cost *cost)
{
    struct expr_context context = { .variables = variables, .random_seed = 1 };
    int64_t memory = peak_kb(), from = cpu_us();
    VALUE_AUTO(v);
    ERROR_AUTO(err);

    cost->failed =
        expr_evaluate_text(attack->text, strlen(attack->text), attack->mode, &context, &v, &err) < 0;
    cost->time_us = cpu_us() - from;
    cost->memory_kb = peak_kb() - memory;
    snprintf(cost->said, sizeof(cost->said), "%s: %s", cost->failed && err.kind ? err.kind : "a result",
             cost->failed ? error_text(&err) : "");
}

static void measure(struct attack *attack, value variables)
{
    struct cost cost = { .failed = -1 };
    int pipes[2], status;
    pid_t pid;

    if (pipe(pipes) < 0 || (pid = fork()) < 0) {
        perror("bench-attacks");
        exit(2);
    }
    if (pid == 0) {
        alarm(SECONDS_MAX);
        run(attack, variables, &cost);
        _exit(write(pipes[1], &cost, sizeof(cost)) == sizeof(cost) ? 0 : 2);
    }
    close(pipes[1]);
    if (read(pipes[0], &cost, sizeof(cost)) != sizeof(cost))
        cost = (struct cost){ .time_us = SECONDS_MAX * INT64_C(1000000), .failed = -1, .said = "was ended" };
    close(pipes[0]);
    waitpid(pid, &status, 0);
    if (!attack->cost.time_us || cost.time_us < attack->cost.time_us)
        attack->cost = cost;
}

static int read_attacks(const char *folder, const char *name, bool yaql)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    if (!file) {
        perror(path);
        return -1;
    }
    while ((n = getline(&line, &room, file)) > 0) {
        struct buffer text = BUFFER_INIT;

        line[n - 1] = '\0';
        if (line[0] == '#' && (line[1] == ' ' || line[1] == '\0'))
            continue;
        if (yaql)
            buffer_addf(&text, "<%% %s %%>", line);
        else
            expand(line, &text);
        for (int mode = EXPR_ORQUESTA; mode <= (yaql ? EXPR_ORQUESTA : EXPR_TEMPLATE); mode++) {
            GROW(attacks, n_attacks, attacks_room);
            attacks[n_attacks++] =
                (struct attack){ .text = xstrdup(buffer_text(&text)), .mode = (enum expr_mode)mode };
        }
        buffer_release(&text);
    }
    free(line);
    fclose(file);
    return 0;
}

static int slower(const void *a, const void *b)
{
    const struct attack *x = a, *y = b;

    return x->cost.time_us < y->cost.time_us ? 1 : x->cost.time_us > y->cost.time_us ? -1 : 0;
}

static int larger(const void *a, const void *b)
{
    const struct attack *x = a, *y = b;

    return x->cost.memory_kb < y->cost.memory_kb ? 1 : x->cost.memory_kb > y->cost.memory_kb ? -1 : 0;
}

/* Worth a second look: the machine may have been busy. */
static bool is_close(const struct attack *attack)
{
    return attack->cost.time_us > TIME_MAX_US * 8 / 10 && attack->cost.time_us < TIME_MAX_US * 4;
}

static void print(const struct attack *attack)
{
    printf("%8.1f ms %6.1f MB  %-80.80s  %.100s\n", (double)attack->cost.time_us / 1000,
           (double)attack->cost.memory_kb / 1024, attack->text, attack->cost.said);
}

static void print_worst(const char *what, size_t n, int (*compare)(const void *, const void *))
{
    qsort(attacks, n_attacks, sizeof(attacks[0]), compare);
    printf("%s\n", what);
    for (size_t i = 0; i < n_attacks && i < n; i++)
        print(&attacks[i]);
}

int main(int argc, char **argv)
{
    value jinja = jinja_variables(), yaql = yaql_variables();
    size_t n_over = 0, n_yaql, n_worst = argc > 2 ? strtoul(argv[2], NULL, 10) : 10;

    if (argc < 2 || read_attacks(argv[1], "yaql-attacks.txt", true) < 0) {
        fprintf(stderr, "usage: bench-attacks tests/cases [N]\n");
        return 2;
    }
    n_yaql = n_attacks;
    if (read_attacks(argv[1], "jinja-attacks.txt", false) < 0)
        return 2;
    for (size_t i = 0; i < n_attacks; i++)
        for (int try = 0; try < TRIES && (try == 0 || is_close(&attacks[i])); try++)
            measure(&attacks[i], i < n_yaql ? yaql : jinja);
    print_worst("most time", n_worst, slower);
    print_worst("most memory", n_worst, larger);
    for (size_t i = 0; i < n_attacks; i++)
        n_over += attacks[i].cost.time_us > TIME_MAX_US || attacks[i].cost.memory_kb > MEMORY_MAX_KB;
    printf("%zu attacks, %zu over %d ms or %d MB\n", n_attacks, n_over, TIME_MAX_US / 1000,
           MEMORY_MAX_KB / 1024);
    for (size_t i = 0; i < n_attacks; i++)
        free(attacks[i].text);
    free(attacks);
    value_unref(jinja);
    value_unref(yaql);
    return n_over ? 1 : 0;
}
