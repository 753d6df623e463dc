/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/junit.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

/* Characters that XML cannot hold become question marks. */
static void xml_add(struct buffer *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\n', "&#10;" }
    };

    for (; *text; text++) {
        size_t i = 0;

        while (i < ELEMENTS(entities) && entities[i].c != *text)
            i++;
        if (i < ELEMENTS(entities))
            buffer_add_text(out, entities[i].entity);
        else
            buffer_add_char(out, (unsigned char)*text < 0x20 && *text != '\t' ? '?' : *text);
    }
}

static void junit_case(struct buffer *out, value outcome)
{
    const char *error = value_map_chars(outcome, "error");
    double seconds = value_map_get(outcome, "seconds").number;

    buffer_add_text(out, "  <testcase classname=\"workflow\" name=\"");
    xml_add(out, value_map_chars(outcome, "file"));
    buffer_addf(out, "\" time=\"%.3f\">\n", seconds);
    if (error) {
        buffer_add_text(out, "    <error message=\"");
        xml_add(out, error);
        buffer_add_text(out, "\"/>\n");
    }
    VALUE_LIST_EACH (i, difference, value_map_get(outcome, "differences")) {
        buffer_add_text(out, "    <failure message=\"");
        xml_add(out, value_map_chars(difference, "message"));
        buffer_add_text(out, "\"/>\n");
    }
    buffer_add_text(out, "  </testcase>\n");
}

int junit_write(const char *file, value outcomes, struct error *err)
{
    size_t n_failures = 0, n_errors = 0;
    double seconds = 0;
    BUFFER_AUTO(out);
    FILE *stream;
    bool written;

    VALUE_LIST_EACH (i, outcome, outcomes) {
        n_errors += value_map_has(outcome, "error");
        n_failures += value_list_count(value_map_get(outcome, "differences")) > 0;
        seconds += value_map_get(outcome, "seconds").number;
    }
    buffer_addf(
        &out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"rehearsals\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n",
        value_list_count(outcomes), n_failures, n_errors, seconds);
    VALUE_LIST_EACH (i, outcome, outcomes)
        junit_case(&out, outcome);
    buffer_add_text(&out, "</testsuite>\n");
    stream = fopen(file, "we");
    if (!stream)
        return error_set(err, -errno, "%s: %s", file, strerror(errno));
    written = fwrite(out.data, 1, out.len, stream) == out.len;
    if (fclose(stream) != 0 || !written)
        return error_set(err, -EIO, "%s: it cannot be written: %s", file, strerror(errno));
    return 0;
}
