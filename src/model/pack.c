/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a pack, from its pack.yaml. Keys that are not known are dropped. `ref`, `files` and `path` are the
   caller's, who knows the directory. */
#include "base/mem.h"
#include "model/model-internal.h"
#include "value/python.h"

#define CONTRIBUTOR_CHARS_MAX 100

static size_t take_number(const char *at)
{
    size_t n = strspn(at, "0123456789");

    return n > 1 && *at == '0' ? 0 : n;
}

/* identifiers := [0-9a-z-]+ ( "." [0-9a-z-]+ )* */
static const char *take_identifiers(const char *at)
{
    for (;;) {
        size_t n = strspn(at, "0123456789abcdefghijklmnopqrstuvwxyz-");

        if (n == 0)
            return NULL;
        at += n;
        if (*at != '.')
            return at;
        at++;
    }
}

/* number "." number "." number [ "-" identifiers ] [ "+" identifiers ], lower case only */
static bool is_semver(const char *at)
{
    for (int i = 0; i < 3; i++) {
        size_t n = take_number(at);

        if (n == 0 || (i < 2 && at[n] != '.'))
            return false;
        at += n + (i < 2);
    }
    if (*at == '-')
        at = take_identifiers(at + 1);
    if (at && *at == '+')
        at = take_identifiers(at + 1);
    return at && !*at;
}

static void check_version(struct model_check *c, value version)
{
    BUFFER_AUTO(text);

    python_str(&text, version);
    if (!is_semver(buffer_text(&text)))
        model_report(
            c,
            "Pack version \"%s\" doesn't follow a valid semver format. Valid versions and formats include: 0.1.0, "
            "0.2.1, 1.1.0, etc.",
            buffer_text(&text));
}

static void check_ref(struct model_check *c, value ref)
{
    if (!model_pack_ref_valid(value_chars(ref)))
        model_report(
            c,
            "Pack ref / name can only contain valid word characters (a-z, 0-9 and _), dashes are not allowed.");
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\n\r\f\v");
}

/* ( (">>" | ">" | ">=" | "=" | "<=" | "<<" | "<") space number "." number "." number [ "," ] )+ */
static bool is_requirement(const char *at)
{
    if (!*at)
        return false;
    while (*at) {
        static const char *const operators[] = { ">>", ">=", ">", "=", "<=", "<<", "<" };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(operators) && !n; i++)
            if (strncmp(at, operators[i], strlen(operators[i])) == 0)
                n = strlen(operators[i]);
        if (!n)
            return false;
        at = skip_space(at + n);
        for (int i = 0; i < 3; i++) {
            n = strspn(at, "0123456789");
            if (n == 0 || (i < 2 && at[n] != '.'))
                return false;
            at += n + (i < 2);
        }
        at = skip_space(at);
        if (*at == ',')
            at = skip_space(at + 1);
    }
    return true;
}

static void check_requirement(struct model_check *c, value text)
{
    BUFFER_AUTO(shown);

    if (is_requirement(value_chars(text)))
        return;
    python_repr(&shown, text);
    model_report(
        c, "%s does not match '^((>?>|>=|=|<=|<?<)\\\\s*[0-9]+\\\\.[0-9]+\\\\.[0-9]+?(\\\\s*,)?\\\\s*)+$'",
        buffer_text(&shown));
}

static void check_python_versions(struct model_check *c, value versions)
{
    BUFFER_AUTO(shown);

    if (value_list_count(versions) > 0 && value_list_count(versions) <= 2)
        return;
    python_repr(&shown, versions);
    model_report(c, "%s is too %s", buffer_text(&shown), value_list_count(versions) ? "long" : "short");
}

static void check_python_version(struct model_check *c, value version)
{
    BUFFER_AUTO(shown);

    if (value_text_is(version, "2") || value_text_is(version, "3"))
        return;
    python_repr(&shown, version);
    model_report(c, "%s is not one of ['2', '3']", buffer_text(&shown));
}

static void check_contributor(struct model_check *c, value contributor)
{
    BUFFER_AUTO(shown);

    if (value_string_chars(contributor) <= CONTRIBUTOR_CHARS_MAX)
        return;
    python_repr(&shown, contributor);
    model_report(c, "%s is too long", buffer_text(&shown));
}

/* Something before and behind one "@", no blanks, a dot behind it: as little as a mail address needs. */
static void check_email(struct model_check *c, value email)
{
    const char *text = value_chars(email), *at = strchr(text, '@');

    if (!*text || (at && at > text && !strchr(at + 1, '@') && at[1] && !strpbrk(text, " \t\n")))
        return;
    model_report(c, "Invalid email address: %s", text);
}

static const struct model_field fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "ref", TYPE_STRING | TYPE_NULL, .check = check_ref },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "description", TYPE_STRING, FIELD_REQUIRED },
    { "keywords", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_STRING },
    { "version", 0, FIELD_REQUIRED, .check = check_version },
    { "stackstorm_version", TYPE_STRING | TYPE_NULL, .check = check_requirement },
    { "python_versions", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_STRING,
      .item_check = check_python_version, .check = check_python_versions },
    { "author", TYPE_STRING, FIELD_REQUIRED },
    { "email", TYPE_STRING | TYPE_NULL, FIELD_REQUIRED, .check = check_email },
    { "contributors", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_STRING,
      .item_check = check_contributor },
    { "files", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]" },
    { "dependencies", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_STRING },
    { "system", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "path", TYPE_STRING | TYPE_NULL },
    { 0 },
};

static void complete(value *document, value object, enum model_source source,
                     const struct model_lookup *lookup)
{
    const char *ref = value_map_chars(*document, "ref");

    value_map_put(document, "version", python_str_value(value_map_get(*document, "version")));
    if (ref)
        value_map_put(document, "uid", value_textf("pack:%s", ref));
}

const struct model_resource model_resource_pack = {
    .kind = MODEL_PACK,
    .name = "pack",
    .uid_prefix = "pack",
    .fields = fields,
    .open = true,
    .complete = complete,
};
