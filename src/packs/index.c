/* SPDX-License-Identifier: Apache-2.0 */
#include "packs/index.h"

#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"

/* ---- merging ---- */

static value status_entry(const char *url, size_t packs, const char *message, const char *failure)
{
    value entry = value_map_new(4);

    value_map_put(&entry, "url", value_text(url));
    value_map_put(&entry, "packs", value_int((int64_t)packs));
    value_map_put(&entry, "message", value_text(message));
    value_map_put(&entry, "error", failure ? value_text(failure) : value_null());
    return entry;
}

/* Adds the packs of one answer over what is there; the entry of its status is owned. */
static value merge_one(const struct pack_index_answer *answer, value *index)
{
    VALUE_AUTO(document);
    ERROR_AUTO(err);
    value packs;

    if (!answer->text)
        return status_entry(answer->url, 0, answer->failure ? answer->failure : "No answer", "unresponsive");
    if (answer->n > PACK_INDEX_BYTES_MAX)
        return status_entry(answer->url, 0, "The index is too large", "other errors");
    if (json_read(answer->text, answer->n, 0, &document, &err) < 0)
        return status_entry(answer->url, 0, error_text(&err), "malformed");
    if (value_is_map(document) && value_map_count(document) == 0)
        return status_entry(answer->url, 0, "The index URL returned an empty object.", "empty");
    packs = value_map_get(document, "packs");
    if (!value_is_map(packs))
        return status_entry(answer->url, 0, "Index file structure is invalid: there are no packs in it.",
                            "malformed");
    value_map_update(index, packs);
    return status_entry(answer->url, value_map_count(packs), "Success.", NULL);
}

static int fail_empty(const struct pack_index_answer *answers, size_t n, value status, struct error *err)
{
    BUFFER_AUTO(urls);
    BUFFER_AUTO(text);

    for (size_t i = 0; i < n; i++)
        buffer_addf(&urls, "%s%s", i ? ", " : "", answers[i].url);
    json_write(&text, status, (struct json_style){ .indent = 4, .spaced = true });
    return error_set_kind(err, -ENODATA, "ValueError", "No results from the index(es): tried %s.\nStatus: %s",
                          buffer_text(&urls), buffer_text(&text));
}

int pack_index_merge(const struct pack_index_answer *answers, size_t n, bool allow_empty, value *ret,
                     struct error *err)
{
    VALUE_AUTO(index);
    VALUE_AUTO(status);
    value merged;

    index = value_map_new(0);
    status = value_list_new(n);
    for (size_t i = n; i-- > 0;)
        value_list_append(&status, merge_one(&answers[i], &index));
    if (value_map_count(index) == 0 && !allow_empty)
        return fail_empty(answers, n, status, err);
    merged = value_map_new(2);
    value_map_put(&merged, "index", value_take(&index));
    value_map_put(&merged, "status", value_take(&status));
    *ret = merged;
    return 0;
}

value pack_index_health(value merged)
{
    value status = value_map_get(merged, "status"), errors = value_map_new(0), indexes = value_map_new(5);
    value packs = value_map_new(1), health = value_map_new(2);
    int64_t invalid = 0;

    VALUE_LIST_EACH (i, entry, status) {
        const char *failure = value_map_chars(entry, "error");

        if (!failure)
            continue;
        invalid++;
        value_map_set_text(&errors, failure, value_int(value_map_int(errors, failure, 0) + 1));
    }
    value_map_put(&indexes, "count", value_int((int64_t)value_list_count(status)));
    value_map_put(&indexes, "valid", value_int((int64_t)value_list_count(status) - invalid));
    value_map_put(&indexes, "invalid", value_int(invalid));
    value_map_put(&indexes, "errors", errors);
    value_map_put(&indexes, "status", value_ref(status));
    value_map_put(&packs, "count", value_int((int64_t)value_map_count(value_map_get(merged, "index"))));
    value_map_put(&health, "indexes", indexes);
    value_map_put(&health, "packs", packs);
    return health;
}

/* ---- searching ---- */

static bool contains(const char *text, const char *part, bool ignore_case)
{
    return (ignore_case ? strcasestr(text, part) : strstr(text, part)) != NULL;
}

/* Texts by part, lists by membership. */
static bool field_matches(value field, const char *query, bool ignore_case)
{
    if (value_is_string(field))
        return contains(value_chars(field), query, ignore_case);
    VALUE_LIST_EACH (i, item, field) {
        const char *text = value_is_string(item) ? value_chars(item) : NULL;

        if (text && (ignore_case ? strcasecmp(text, query) : strcmp(text, query)) == 0)
            return true;
    }
    return false;
}

enum bucket { BUCKET_NAME, BUCKET_KEYWORDS, BUCKET_REST, BUCKETS };

/* The bucket of the first field that matches, BUCKETS when none does. */
static enum bucket find_bucket(value pack, const char *query, bool ignore_case)
{
    VALUE_MAP_EACH (i, pack) {
        value key = value_map_key_at(pack, i);

        if (value_text_is(key, "repo_url") || value_text_is(key, "email") ||
            !field_matches(value_map_item_at(pack, i), query, ignore_case))
            continue;
        return value_text_is(key, "name")       ? BUCKET_NAME
               : value_text_is(key, "keywords") ? BUCKET_KEYWORDS
                                                : BUCKET_REST;
    }
    return BUCKETS;
}

value pack_index_search(value index, const char *query, bool ignore_case)
{
    value found[BUCKETS], all = value_list_new(0);

    for (int i = 0; i < BUCKETS; i++)
        found[i] = value_list_new(0);
    VALUE_MAP_EACH (i, index) {
        value pack = value_map_item_at(index, i);
        enum bucket bucket = find_bucket(pack, query, ignore_case);

        if (bucket < BUCKETS)
            value_list_append(&found[bucket], value_ref(pack));
    }
    for (int i = 0; i < BUCKETS; i++) {
        value_list_extend(&all, found[i]);
        value_unref(found[i]);
    }
    return all;
}

value pack_index_find(value index, const char *name)
{
    return value_map_get(index, name);
}

/* ---- resolving ---- */

int pack_index_resolve(value index, const char *spec, char **ret_url, char **ret_version, struct error *err)
{
    const char *equals = strchrnul(spec, '='), *slash;
    CLEANUP(freep)
    char *source = xstrndup(spec, (size_t)(equals - spec));
    CLEANUP(freep)
    char *version = *equals ? xstrdup(equals + 1) : NULL;
    value entry;

    slash = strchr(source, '/');
    if (!slash) {
        entry = pack_index_find(index, source);
        if (!value_map_chars(entry, "repo_url"))
            return error_set_kind(err, -ENOENT, "ValueError", "No record of the \"%s\" pack in the index.",
                                  source);
        *ret_url = xstrdup(value_map_chars(entry, "repo_url"));
        if (!version && value_map_chars(entry, "version"))
            version = xstrdup(value_map_chars(entry, "version"));
    } else if (!strchr(slash + 1, '/') && !strstr(source, "git@") && strncmp(source, "file:", 5) != 0) {
        *ret_url = xasprintf("https://github.com/%s", source);
    } else {
        *ret_url = xstrdup(source);
    }
    *ret_version = take_ptr(&version);
    return 0;
}
