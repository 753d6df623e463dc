/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/cli-internal.h"

int prompt_line(const char *prompt, char **ret, struct error *err)
{
    CLEANUP(freep)
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    fputs(prompt, stdout);
    fflush(stdout);
    n = getline(&line, &room, stdin);
    if (n < 0)
        return error_set(err, -ENODATA, "EOF when reading a line");
    if (n > 0 && line[n - 1] == '\n')
        line[--n] = '\0';
    if (!utf8_valid(line, (size_t)n))
        return error_set(err, -EILSEQ, "What was typed is not valid UTF-8");
    *ret = take_ptr(&line);
    return 0;
}

int prompt_secret(const char *prompt, char **ret, struct error *err)
{
    struct termios before, silent;
    int r;

    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return prompt_line(prompt, ret, err);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    r = prompt_line(prompt, ret, err);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    putchar('\n');
    return r;
}

int edit_text(const char *text, char **ret, struct error *err)
{
    const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR") ? getenv("EDITOR") : "vi";
    char path[] = "/tmp/fulmar-edit-XXXXXX";
    CLEANUP(closep)
    int fd = mkstemp(path);
    CLEANUP(freep)
    char *command = NULL;
    size_t len;
    int r = 0;

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return error_set(err, -errno, "A temporary file cannot be written: %s", strerror(errno));
    fflush(stdout);
    /* The editor is the user's own command line, words and all; the path is ours and needs no quoting. */
    command = xasprintf("%s %s", editor, path);
    if (system(command) != 0)
        r = error_set(err, -ECHILD, "The editor \"%s\" failed", editor);
    else
        r = cli_file_read(path, ret, &len, err);
    unlink(path);
    return r;
}
