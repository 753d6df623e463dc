/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/cli-internal.h"
#include "value/json.h"
#include "value/yaml.h"

static int meta_json(const char *text, size_t n, value *ret, struct error *err)
{
    return json_read(text, n, JSON_PYTHON, ret, err);
}

static const struct {
    const char *ending;
    int (*read)(const char *text, size_t n, value *ret, struct error *err);
} endings[] = { { ".json", meta_json }, { ".yaml", yaml_read }, { ".yml", yaml_read } };

int meta_file_read(const char *path, value *ret, struct error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    CLEANUP(freep)
    char *text = NULL;
    struct stat st;
    size_t len;
    int r;

    if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, -ENOENT, "File \"%s\" does not exist.", path);
    for (size_t i = 0; i < ELEMENTS(endings); i++) {
        if (!dot || strcmp(dot, endings[i].ending) != 0)
            continue;
        r = cli_file_read(path, &text, &len, err);
        if (r < 0)
            return r;
        if (!utf8_valid(text, len))
            return error_set(err, -EILSEQ, "File \"%s\" is not valid UTF-8.", path);
        return endings[i].read(text, len, ret, err);
    }
    return error_set(err, -EINVAL, "Unsupported meta type %s, file %s. Allowed: ['.json', '.yaml', '.yml']",
                     dot && dot != name ? dot : "", path);
}
