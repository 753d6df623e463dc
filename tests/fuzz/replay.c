/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target without a fuzzer, over random bytes and over files: each as it is, then cut and changed, in ways that
   are the same each time. What was found once is found again by any compiler, and the targets stay up to date.

   usage: replay-TARGET FILE|FOLDER... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1 << 20)
#define CHANGES  24
#define RANDOM   400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_inputs;

/* In a block of its own size: what reads past the end is seen. */
static void try(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    n_inputs++;
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void try_changed(uint8_t *data, size_t size)
{
    static const uint8_t odd[] = {
        0, '(', ')', '{', '%', '}', '<', '$', '.', '\'', '\\', '9', '-', ',', 0xff
    };
    uint32_t state = (uint32_t)size;

    for (int i = 0; size && i < CHANGES; i++) {
        uint8_t *at = data + next(&state) % size, was = *at;

        *at = odd[next(&state) % sizeof(odd)];
        try(data, size);
        *at = was;
        try(data, next(&state) % size);
    }
}

static void try_random(void)
{
    uint8_t data[256];
    uint32_t state = 1;

    for (int i = 0; i < RANDOM; i++) {
        size_t size = next(&state) % sizeof(data);

        for (size_t k = 0; k < size; k++)
            data[k] = (uint8_t)next(&state);
        try(data, size);
    }
}

static int try_file(const char *path)
{
    static uint8_t data[FILE_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (!file) {
        perror(path);
        return 1;
    }
    size = fread(data, 1, sizeof(data), file);
    fclose(file);
    try(data, size);
    try_changed(data, size);
    return 0;
}

static int try_path(const char *path)
{
    struct stat about;
    struct dirent **names;
    int n, failed = 0;

    if (stat(path, &about) < 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(about.st_mode))
        return try_file(path);
    n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char inner[4096];

        snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            failed |= try_path(inner);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return failed || n < 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    try_random();
    for (int i = 1; i < argc; i++)
        failed |= try_path(argv[i]);
    printf("%zu inputs\n", n_inputs);
    return failed;
}
