/* SPDX-License-Identifier: Apache-2.0 */
/* The gzip coding of bodies. Pure. */
#ifndef FULMAR_HTTP_GZIP_H
#define FULMAR_HTTP_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* -E2BIG when the plain text is longer than `max`, -EINVAL when the data is broken or ends too early. */
int gzip_unpack(struct buffer *out, const void *data, size_t n, size_t max, struct error *err);
void gzip_pack(struct buffer *out, const void *data, size_t n, int level);
/* The same piece by piece, for bodies that would keep a thread busy for too long; the data is taken (malloc). */
struct gzip_packer;
struct gzip_packer *gzip_packer_new(void *data, size_t n, int level);
void gzip_packer_free(struct gzip_packer *packer);
/* Up to `max` more bytes; 0 at the end. */
size_t gzip_packer_read(struct gzip_packer *packer, void *out, size_t max);
/* Does an Accept-Encoding header allow gzip? */
bool gzip_accepted(const char *accept_encoding);

#endif
