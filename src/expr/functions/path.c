/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX paths, as os.path takes them apart. */
#include "expr/functions/functions-internal.h"
#include "value/python.h"

/* How many bytes the part up to and with the last slash has. */
static int split(value path, size_t *ret_head, struct error *err)
{
    size_t n = value_len(path);

    if (path.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "expected str, bytes or os.PathLike object, not %s",
                              python_type_name(path));
    while (n && path.string->data[n - 1] != '/')
        n--;
    *ret_head = n;
    return 0;
}

int fn_basename(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    size_t head = 0;
    int r = split(args[0], &head, err);

    if (r < 0)
        return r;
    *ret = value_text_n(args[0].string->data + head, args[0].string->len - head);
    return 0;
}

int fn_dirname(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    size_t head = 0, n;
    int r = split(args[0], &head, err);

    if (r < 0)
        return r;
    n = head;
    while (n && args[0].string->data[n - 1] == '/')
        n--;
    /* A head of nothing but slashes stays. */
    *ret = value_text_n(args[0].string->data, n ? n : head);
    return 0;
}
