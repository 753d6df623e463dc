/* SPDX-License-Identifier: Apache-2.0 */
/* The index of packs that can be installed: JSON documents of one or more addresses, merged. Who fetches them is somebody
   else. Pure. */
#ifndef FULMAR_PACKS_INDEX_H
#define FULMAR_PACKS_INDEX_H

#include "base/error.h"
#include "value/value.h"

#define PACK_INDEX_BYTES_MAX (32 << 20)

/* What came of fetching one address: its text, or why there is none. */
struct pack_index_answer {
    const char *url;
    const char *text; /* NULL: nothing came */
    size_t n;
    const char *failure; /* when text is NULL */
};

/* {"index": {name: pack}, "status": [{url, packs, message, error}]}; of one name the first address wins. Negative when no
   address has given anything, unless allow_empty. */
int pack_index_merge(const struct pack_index_answer *answers, size_t n, bool allow_empty, value *ret,
                     struct error *err);
/* {"indexes": {count, valid, invalid, errors, status}, "packs": {count}} of a merged index. Owned. */
value pack_index_health(value merged);
/* Packs in which something matches the query: names first, then keywords, then the rest. Owned list. */
value pack_index_search(value index, const char *query, bool ignore_case);
/* The pack's entry, borrowed; unset when there is none. */
value pack_index_find(value index, const char *name);

/* Where a pack comes from: "name", "name=version", "owner/repo", URLs, git@host:..., file:///... *ret_version is owned or
   NULL; unset entries of the index are an error. */
int pack_index_resolve(value index, const char *spec, char **ret_url, char **ret_version, struct error *err);

#endif
