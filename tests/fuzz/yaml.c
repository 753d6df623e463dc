/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is read is written and read again: the two values must be equal. */
#include <assert.h>
#include <math.h>

#include "base/mem.h"
#include "value/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* NaN is not equal to itself, objects that write nothing do not occur. */
static bool has_nan(value v)
{
    if (v.kind == VALUE_FLOAT)
        return isnan(v.number);
    VALUE_LIST_EACH (i, item, v)
        if (has_nan(item))
            return true;
    VALUE_MAP_EACH (i, v)
        if (has_nan(value_map_key_at(v, i)) || (v.kind == VALUE_MAP && has_nan(value_map_item_at(v, i))))
            return true;
    return false;
}

/* Tuples come back as lists. */
static bool has_tuple(value v)
{
    if (v.kind == VALUE_TUPLE)
        return true;
    VALUE_LIST_EACH (i, item, v)
        if (has_tuple(item))
            return true;
    for (size_t i = 0; v.kind == VALUE_MAP && i < value_map_count(v); i++)
        if (has_tuple(value_map_item_at(v, i)))
            return true;
    return false;
}

/* Line breaks beyond ASCII are written as they are and read as line feeds: PyYAML's way. */
static bool has_odd_break(const struct buffer *text)
{
    return memmem(text->data, text->len, "\xC2\x85", 2) || memmem(text->data, text->len, "\xE2\x80\xA8", 3) ||
           memmem(text->data, text->len, "\xE2\x80\xA9", 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(yaml_positions_freep)
    struct yaml_positions *positions = NULL;
    ERROR_AUTO(err);
    BUFFER_AUTO(text);
    VALUE_AUTO(v);
    VALUE_AUTO(again);
    int line, column;

    if (yaml_read_positions((const char *)data, n, &v, &positions, &err) < 0) {
        assert(err.message);
        return 0;
    }
    yaml_position(positions, "a.b.0.c", &line, &column);
    yaml_write(&text, v, 2, n % 2 ? YAML_ASCII : 0);
    if (has_nan(v) || has_tuple(v) || has_odd_break(&text) || text.len > 100000)
        return 0;
    if (yaml_read(text.data, text.len, &again, &err) < 0 || !value_equal(v, again))
        __builtin_trap();
    return 0;
}
