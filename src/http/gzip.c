/* SPDX-License-Identifier: Apache-2.0 */
#include "http/gzip.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"

#define GZIP_WINDOW 16 /* added to the window bits: a gzip header, not zlib's */
#define STEP        65536

/* One call of inflate into fresh room; a zlib code. */
static int inflate_step(z_stream *stream, struct buffer *out)
{
    int code;

    buffer_reserve(out, STEP);
    stream->next_out = (Bytef *)out->data + out->len;
    stream->avail_out = STEP;
    code = inflate(stream, Z_NO_FLUSH);
    out->len += STEP - stream->avail_out;
    out->data[out->len] = '\0';
    return code;
}

int gzip_unpack(struct buffer *out, const void *data, size_t n, size_t max, struct error *err)
{
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)n };
    int code, r = 0;

    if (n > UINT32_MAX)
        return error_set(err, -E2BIG, "Compressed data is too large.");
    if (inflateInit2(&stream, MAX_WBITS + GZIP_WINDOW) != Z_OK)
        return error_set(err, -ENOMEM, "Cannot begin to decompress.");
    do {
        code = inflate_step(&stream, out);
        if (out->len > max)
            r = error_set(err, -E2BIG, "Compressed data expands to more than %zu bytes.", max);
        else if (code == Z_BUF_ERROR || (code == Z_OK && stream.avail_in == 0 && stream.avail_out))
            r = error_set(err, -EINVAL, "Compressed data ends too early.");
        else if (code != Z_OK && code != Z_STREAM_END)
            r = error_set(err, -EINVAL, "Compressed data is broken: %s.",
                          stream.msg ? stream.msg : "unknown cause");
    } while (!r && code == Z_OK);
    if (!r && stream.avail_in)
        r = error_set(err, -EINVAL, "Compressed data is followed by something else.");
    inflateEnd(&stream);
    return r;
}

/* A window no larger than the data: small bodies then cost little memory to set up. */
static int window_bits(size_t n)
{
    int bits = 9;

    while (bits < MAX_WBITS && (size_t)1 << bits < n)
        bits++;
    return bits;
}

void gzip_pack(struct buffer *out, const void *data, size_t n, int level)
{
    z_stream stream = { 0 };
    int bits = window_bits(n);
    size_t at = 0;
    int code = deflateInit2(&stream, level, Z_DEFLATED, bits + GZIP_WINDOW, bits < MAX_WBITS ? bits - 7 : 8,
                            Z_DEFAULT_STRATEGY);

    if (code != Z_OK)
        abort(); /* only for want of memory */
    do {
        size_t step = n - at < (1U << 30) ? n - at : 1U << 30;

        stream.next_in = (Bytef *)(uintptr_t)data + at;
        stream.avail_in = (uInt)step;
        at += step;
        do {
            buffer_reserve(out, step / 4 + 128);
            stream.next_out = (Bytef *)out->data + out->len;
            stream.avail_out = (uInt)(step / 4 + 128);
            deflate(&stream, at == n ? Z_FINISH : Z_NO_FLUSH);
            out->len += step / 4 + 128 - stream.avail_out;
        } while (stream.avail_out == 0);
    } while (at < n);
    out->data[out->len] = '\0';
    deflateEnd(&stream);
}

struct gzip_packer {
    z_stream stream;
    char *data;
    size_t n, at;
    bool ended;
};

struct gzip_packer *gzip_packer_new(void *data, size_t n, int level)
{
    struct gzip_packer *packer = xcalloc(1, sizeof(*packer));
    int bits = window_bits(n);

    if (deflateInit2(&packer->stream, level, Z_DEFLATED, bits + GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* only for want of memory */
    packer->data = data;
    packer->n = n;
    return packer;
}

void gzip_packer_free(struct gzip_packer *packer)
{
    if (!packer)
        return;
    deflateEnd(&packer->stream);
    free(packer->data);
    free(packer);
}

size_t gzip_packer_read(struct gzip_packer *packer, void *out, size_t max)
{
    z_stream *stream = &packer->stream;
    uInt room = max < UINT32_MAX ? (uInt)max : UINT32_MAX;

    stream->next_out = out;
    stream->avail_out = room;
    while (!packer->ended && stream->avail_out == room) {
        if (!stream->avail_in) {
            size_t step = packer->n - packer->at < STEP ? packer->n - packer->at : STEP;

            stream->next_in = (Bytef *)packer->data + packer->at;
            stream->avail_in = (uInt)step;
            packer->at += step;
        }
        packer->ended = deflate(stream, packer->at == packer->n ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
    }
    return room - stream->avail_out;
}

/* "q=0" and "q=0.000" forbid. */
static bool is_forbidden(const char *parameters, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++)
        if (tolower((unsigned char)parameters[i]) == 'q' && parameters[i + 1] == '=')
            return strtod(parameters + i + 2, NULL) <= 0;
    return false;
}

bool gzip_accepted(const char *s)
{
    while (*s) {
        size_t n, n_name;

        s += strspn(s, ", \t");
        n = strcspn(s, ",");
        n_name = strcspn(s, ",; \t");
        if ((n_name == 4 && strncasecmp(s, "gzip", 4) == 0) || (n_name == 1 && *s == '*'))
            return !is_forbidden(s + n_name, n - n_name);
        s += n;
    }
    return false;
}
