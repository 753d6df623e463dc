/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick of running commands: posix_spawn of `/bin/sh -c true` and wait, so many at a time, nothing else.

       spawns COUNT PARALLEL */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void spawn(void)
{
    static char shell[] = "/bin/sh", flag[] = "-c", command[] = "true";
    char *arguments[] = { shell, flag, command, NULL };
    pid_t pid;
    int rc = posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ);

    if (rc != 0) {
        fprintf(stderr, "spawns: %s\n", strerror(rc));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    long count, parallel, started = 0;
    double start;

    if (argc != 3) {
        fprintf(stderr, "usage: spawns COUNT PARALLEL\n");
        return 2;
    }
    count = strtol(argv[1], NULL, 10);
    parallel = strtol(argv[2], NULL, 10);
    start = now();
    for (; started < count && started < parallel; started++)
        spawn();
    for (long ended = 0; ended < count; ended++) {
        if (wait(NULL) < 0)
            return 1;
        if (started < count) {
            spawn();
            started++;
        }
    }
    printf("%.1f\n", (double)count / (now() - start));
    return 0;
}
