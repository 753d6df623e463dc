/* SPDX-License-Identifier: Apache-2.0 */
/* Appends the time at which it was started to a file, in nanoseconds: `stamp FILE MARK` as the command of an action tells
   how long it took from the event to the child. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec t;
    int fd;

    clock_gettime(CLOCK_REALTIME, &t);
    if (argc != 3)
        return 2;
    fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return 1;
    dprintf(fd, "%s %lld%09ld\n", argv[2], (long long)t.tv_sec, t.tv_nsec);
    close(fd);
    return 0;
}
