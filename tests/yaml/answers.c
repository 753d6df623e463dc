/* SPDX-License-Identifier: Apache-2.0 */
/* Reads YAML cases, one JSON object a line, and writes what this implementation answers to each; see tagged.h. */
#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"
#include "value/yaml.h"
#include "tagged.h"

int main(void)
{
    CLEANUP(freep)
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, stdin)) > 0) {
        ERROR_AUTO(err);
        VALUE_AUTO(case_);
        VALUE_AUTO(answer);
        CLEANUP(freep)
        char *text = NULL;

        if (json_read(line, (size_t)n, 0, &case_, &err) < 0) {
            fprintf(stderr, "%s\n", error_text(&err));
            return EXIT_FAILURE;
        }
        answer = yaml_answer(case_);
        text = json_text(answer);
        puts(text);
    }
    return EXIT_SUCCESS;
}
