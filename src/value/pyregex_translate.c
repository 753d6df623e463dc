/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a pattern as Python's `re` does and writes it anew for PCRE2. The two dialects agree on most; what differs is
   spelled out on the way: escapes, white space, named groups (kept outside), braces, flags, verbose mode. A width is
   computed along, for look-behind. Every item is written as one PCRE2 atom, so a quantifier may follow it directly.

       alternatives = branch { "|" branch }
       branch       = { item [quantifier] }
       item         = literal | "." | "^" | "$" | escape | class | group                                            */
#include "value/pyregex.h"

#include <ctype.h>
#include <stdlib.h>
#include <unictype.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/pyregex-internal.h"
#include "value/python.h"

#define WIDTH_MAX  UINT32_MAX
#define REPEAT_MAX 65535 /* PCRE2's largest count */

struct width {
    uint64_t low, high;
};

struct group {
    struct width width;
    bool open;
};

struct translator {
    const char *start, *at, *end;
    unsigned flags; /* in force here */
    int depth;
    int behind_groups; /* groups known when the outermost look-behind began; -1: not in one */
    bool first;        /* nothing but global flags was read so far */
    struct group groups[PYREGEX_GROUPS_MAX + 1];
    struct pyregex_parsed *parsed;
    struct buffer *out;
    struct error *err;
};

enum item_kind { ITEM_NONE, ITEM_SIMPLE, ITEM_POSITION, ITEM_REPEAT };

static int read_alternatives(struct translator *t, struct width *ret);

/* ---- errors and characters ---- */

/* An error at a place in the pattern, counted in characters as Python does. */
static int fail_at(struct translator *t, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail_at(struct translator *t, const char *where, const char *format, ...)
{
    size_t position = utf8_length(t->start, (size_t)(where - t->start));
    BUFFER_AUTO(text);
    va_list args;

    va_start(args, format);
    buffer_add_vf(&text, format, args);
    va_end(args);
    buffer_addf(&text, " at position %zu", position);
    if (memchr(t->start, '\n', (size_t)(t->end - t->start))) {
        const char *line = where;
        int number = 1;

        for (const char *p = t->start; p < where; p++)
            number += *p == '\n';
        while (line > t->start && line[-1] != '\n')
            line--;
        buffer_addf(&text, " (line %d, column %zu)", number, utf8_length(line, (size_t)(where - line)) + 1);
    }
    return error_set_kind(t->err, -EINVAL, "error", "%s", text.data);
}

static bool at_text(const struct translator *t, const char *text)
{
    size_t n = strlen(text);

    return (size_t)(t->end - t->at) >= n && memcmp(t->at, text, n) == 0;
}

static bool one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool take(struct translator *t, char c)
{
    if (t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

static struct width width_of(uint64_t n)
{
    return (struct width){ n, n };
}

static struct width width_add(struct width a, struct width b)
{
    a.low = a.low + b.low < WIDTH_MAX ? a.low + b.low : WIDTH_MAX;
    a.high = a.high + b.high < WIDTH_MAX ? a.high + b.high : WIDTH_MAX;
    return a;
}

static void put_literal(struct translator *t, uint32_t c)
{
    if (c < 128 && (isalnum((int)c) || c == '_' || c == ' '))
        buffer_add_char(t->out, (char)c);
    else if (c < 128 && ispunct((int)c))
        buffer_addf(t->out, "\\%c", (char)c);
    else if (c < 128)
        buffer_addf(t->out, "\\x{%x}", c);
    else
        buffer_add_utf8(t->out, c);
}

static void put_class_literal(struct translator *t, uint32_t c)
{
    if (c < 128 && isalnum((int)c))
        buffer_add_char(t->out, (char)c);
    else
        buffer_addf(t->out, "\\x{%x}", c);
}

/* ---- categories ---- */

#define SPACES \
    "\\x09-\\x0d\\x1c-\\x20\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define NO_SPACES                                                                                             \
    "\\x{0}-\\x{8}\\x{e}-\\x{1b}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-" \
    "\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"

/* How a category is written inside a character class. */
static const struct category {
    char letter;
    const char *unicode, *ascii;
} categories[] = {
    { 'd', "\\d", "0-9" },
    { 'D', "\\D", "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}" },
    { 'w', "\\w", "A-Za-z0-9_" },
    { 'W', "\\W", "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}\\x{7b}-\\x{10ffff}" },
    { 's', SPACES, "\\x09-\\x0d\\x20" },
    { 'S', NO_SPACES, "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}" },
};

static const char *category_of(const struct translator *t, char letter)
{
    for (size_t i = 0; i < ELEMENTS(categories); i++)
        if (categories[i].letter == letter)
            return t->flags & PYREGEX_ASCII ? categories[i].ascii : categories[i].unicode;
    return NULL;
}

#define ASCII_WORD "[A-Za-z0-9_]"

/* \A \Z \b \B; NULL: another letter. */
static const char *position_of(const struct translator *t, char letter)
{
    bool ascii = t->flags & PYREGEX_ASCII;

    switch (letter) {
    case 'A':
        return "\\A";
    case 'Z':
        return "\\z";
    case 'b':
        return ascii ? "(?:(?<=" ASCII_WORD ")(?!" ASCII_WORD ")|(?<!" ASCII_WORD ")(?=" ASCII_WORD "))"
                     : "\\b";
    case 'B': /* never matches in an empty text */
        return ascii ? "(?:(?!\\A\\z)(?:(?<=" ASCII_WORD ")(?=" ASCII_WORD ")|(?<!" ASCII_WORD
                       ")(?!" ASCII_WORD ")))"
                     : "(?:(?!\\A\\z)\\B)";
    default:
        return NULL;
    }
}

/* ---- escapes ---- */

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* \xhh, \uhhhh, \Uhhhhhhhh behind the letter. */
static int read_hex(struct translator *t, const char *escape, int digits, uint32_t *ret)
{
    uint32_t c = 0;
    int n = 0;

    while (n < digits && t->at < t->end && isxdigit((unsigned char)*t->at)) {
        char d = (char)tolower((unsigned char)*t->at++);

        c = c * 16 + (uint32_t)(isdigit((unsigned char)d) ? d - '0' : d - 'a' + 10);
        n++;
    }
    if (n < digits)
        return fail_at(t, escape, "incomplete escape %.*s", (int)(t->at - escape), escape);
    if (c > 0x10ffff)
        return fail_at(t, escape, "bad escape %.*s", (int)(t->at - escape), escape);
    /* A surrogate cannot stand in valid text, so it never matches; a noncharacter takes its place. */
    *ret = c >= 0xd800 && c < 0xe000 ? 0xfffe : c;
    return 0;
}

/* The escapes that mean one character, in and outside of classes. 1: it is none of them. */
static int read_character_escape(struct translator *t, const char *escape, uint32_t *ret)
{
    static const char letters[] = "abfnrtv\\", codes[] = "\a\b\f\n\r\t\v\\";
    char c = *t->at;
    const char *found = c ? strchr(letters, c) : NULL;

    if (found && c != 'b') {
        t->at++;
        *ret = (unsigned char)codes[found - letters];
        return 0;
    }
    if (c == 'x' || c == 'u' || c == 'U') {
        t->at++;
        return read_hex(t, escape, c == 'x' ? 2 : c == 'u' ? 4 : 8, ret);
    }
    if (c == 'N')
        return fail_at(t, escape, "named characters are not supported, bad escape \\N");
    if (!isalnum((unsigned char)c)) {
        *ret = utf8_next(&t->at);
        return 0;
    }
    return 1;
}

static int bad_escape(struct translator *t, const char *escape)
{
    return fail_at(t, escape, "bad escape %.*s", (int)(t->at + 1 - escape), escape);
}

static int read_octal(struct translator *t, const char *escape, int digits, uint32_t *ret)
{
    uint32_t c = 0;

    for (int i = 0; i < digits && t->at < t->end && is_octal(*t->at); i++)
        c = c * 8 + (uint32_t)(*t->at++ - '0');
    if (c > 0377)
        return fail_at(t, escape, "octal escape value %.*s outside of range 0-0o377", (int)(t->at - escape),
                       escape);
    *ret = c;
    return 0;
}

static int check_reference(struct translator *t, unsigned group, const char *where, const char *open_where)
{
    if (group > t->parsed->n_groups)
        return fail_at(t, where, "invalid group reference %u", group);
    if (t->groups[group].open)
        return fail_at(t, open_where, "cannot refer to an open group");
    if (t->behind_groups >= 0 && group > (unsigned)t->behind_groups)
        return fail_at(t, t->at, "cannot refer to group defined in the same lookbehind subpattern");
    return 0;
}

static int put_reference(struct translator *t, unsigned group, struct width *ret)
{
    buffer_addf(t->out, "\\g{%u}", group);
    *ret = t->groups[group].width;
    return 0;
}

/* \1 .. \99, or three octal digits. */
static int read_number_escape(struct translator *t, const char *escape, struct width *ret)
{
    unsigned group;
    uint32_t c = 0;
    int r;

    if (*t->at == '0' ||
        (t->end - t->at >= 3 && is_octal(t->at[0]) && is_octal(t->at[1]) && is_octal(t->at[2]))) {
        r = read_octal(t, escape, 3, &c);
        if (r < 0)
            return r;
        put_literal(t, c);
        *ret = width_of(1);
        return 0;
    }
    group = (unsigned)(*t->at++ - '0');
    if (t->at < t->end && isdigit((unsigned char)*t->at))
        group = group * 10 + (unsigned)(*t->at++ - '0');
    r = check_reference(t, group, escape + 1, escape);
    return r < 0 ? r : put_reference(t, group, ret);
}

static int read_escape(struct translator *t, struct width *ret, enum item_kind *kind)
{
    const char *escape = t->at++, *text;
    uint32_t c;
    int r;

    if (t->at == t->end)
        return fail_at(t, escape, "bad escape (end of pattern)");
    *kind = ITEM_SIMPLE;
    *ret = width_of(1);
    text = position_of(t, *t->at);
    if (text) {
        t->at++;
        buffer_add_text(t->out, text);
        *kind = ITEM_POSITION;
        *ret = width_of(0);
        return 0;
    }
    text = category_of(t, *t->at);
    if (text) {
        t->at++;
        buffer_addf(t->out, "[%s]", text);
        return 0;
    }
    if (isdigit((unsigned char)*t->at))
        return read_number_escape(t, escape, ret);
    r = read_character_escape(t, escape, &c);
    if (r > 0)
        return bad_escape(t, escape);
    if (r == 0)
        put_literal(t, c);
    return r;
}

/* ---- classes ---- */

/* One member: *ret_code is the character, or *ret_category its text. */
static int read_class_member(struct translator *t, uint32_t *ret_code, const char **ret_category)
{
    const char *escape = t->at;
    int r;

    *ret_category = NULL;
    if (*t->at != '\\') {
        *ret_code = utf8_next(&t->at);
        return 0;
    }
    t->at++;
    if (t->at == t->end)
        return fail_at(t, escape, "bad escape (end of pattern)");
    *ret_category = category_of(t, *t->at);
    if (*ret_category) {
        t->at++;
        return 0;
    }
    if (*t->at == 'b') {
        t->at++;
        *ret_code = '\b';
        return 0;
    }
    if (is_octal(*t->at))
        return read_octal(t, escape, 3, ret_code);
    r = read_character_escape(t, escape, ret_code);
    return r > 0 ? bad_escape(t, escape) : r;
}

static int read_class(struct translator *t)
{
    const char *open = t->at++, *first;

    buffer_add_char(t->out, '[');
    if (take(t, '^'))
        buffer_add_char(t->out, '^');
    first = t->at;
    for (;;) {
        const char *member = t->at, *category;
        uint32_t low, high;
        int r;

        if (t->at == t->end)
            return fail_at(t, open, "unterminated character set");
        if (*t->at == ']' && t->at > first)
            break;
        r = read_class_member(t, &low, &category);
        if (r < 0)
            return r;
        if (t->end - t->at < 2 || *t->at != '-' || t->at[1] == ']') {
            if (t->end - t->at == 1 && *t->at == '-')
                return fail_at(t, open, "unterminated character set");
            if (category)
                buffer_add_text(t->out, category);
            else
                put_class_literal(t, low);
            continue;
        }
        t->at++;
        if (category) {
            r = read_class_member(t, &high, &category);
            return r < 0 ? r : fail_at(t, member, "bad character range %.*s", (int)(t->at - member), member);
        }
        r = read_class_member(t, &high, &category);
        if (r < 0)
            return r;
        if (category || high < low)
            return fail_at(t, member, "bad character range %.*s", (int)(t->at - member), member);
        put_class_literal(t, low);
        buffer_add_char(t->out, '-');
        put_class_literal(t, high);
    }
    t->at++;
    buffer_add_char(t->out, ']');
    return 0;
}

/* ---- groups ---- */

/* A name up to `stop`. */
static int read_name(struct translator *t, char stop, const char *what, const char **ret, size_t *ret_n)
{
    const char *start = t->at, *end = memchr(t->at, stop, (size_t)(t->end - t->at));

    if (t->at == t->end)
        return fail_at(t, start, "missing %s", what);
    if (!end)
        return fail_at(t, start, "missing %c, unterminated name", stop);
    if (end == start)
        return fail_at(t, start, "missing %s", what);
    *ret = start;
    *ret_n = (size_t)(end - start);
    t->at = end + 1;
    return 0;
}

static int check_name(struct translator *t, const char *name, size_t n)
{
    const char *p = name;
    bool sound = true;
    BUFFER_AUTO(shown);

    while (p < name + n) {
        bool begins = p == name;
        uint32_t c = utf8_next(&p);

        sound &= c == '_' || uc_is_property_xid_continue(c);
        if (begins)
            sound &= c == '_' || uc_is_property_xid_start(c);
    }
    if (sound && n <= 200)
        return 0;
    python_repr_text(&shown, name, n <= 200 ? n : utf8_offset(name, n, 40));
    return fail_at(t, name, "bad character in group name %s", shown.data);
}

static unsigned find_name(const struct translator *t, const char *name, size_t n)
{
    for (unsigned i = 0; i < t->parsed->n_groups; i++) {
        const char *known = t->parsed->names[i];

        if (known && strlen(known) == n && memcmp(known, name, n) == 0)
            return i + 1;
    }
    return 0;
}

static int open_group(struct translator *t, const char *open, const char *name, size_t n, unsigned *ret)
{
    struct pyregex_parsed *parsed = t->parsed;
    unsigned known = name ? find_name(t, name, n) : 0;

    if (known) {
        BUFFER_AUTO(shown);

        python_repr_text(&shown, name, n);
        return fail_at(t, name, "redefinition of group name %s as group %u; was group %u", shown.data,
                       parsed->n_groups + 1, known);
    }
    if (parsed->n_groups == PYREGEX_GROUPS_MAX)
        return fail_at(t, open, "more than %d groups", PYREGEX_GROUPS_MAX);
    parsed->names[parsed->n_groups] = name ? xstrndup(name, n) : NULL;
    *ret = ++parsed->n_groups;
    t->groups[*ret].open = true;
    return 0;
}

/* What stands between "(" (already written) and ")". */
static int read_inside(struct translator *t, const char *open, struct width *ret)
{
    int r;

    if (t->depth == PYREGEX_DEPTH_MAX)
        return fail_at(t, open, "groups are nested deeper than %d", PYREGEX_DEPTH_MAX);
    t->depth++;
    r = read_alternatives(t, ret);
    t->depth--;
    if (r < 0)
        return r;
    if (!take(t, ')'))
        return fail_at(t, open, "missing ), unterminated subpattern");
    buffer_add_char(t->out, ')');
    return 0;
}

static int read_capture(struct translator *t, const char *open, const char *name, size_t n, struct width *ret)
{
    unsigned flags = t->flags, group = 0;
    int r;

    r = open_group(t, open, name, n, &group);
    if (r < 0)
        return r;
    buffer_add_char(t->out, '(');
    r = read_inside(t, open, ret);
    t->flags = flags;
    t->groups[group].open = false;
    t->groups[group].width = *ret;
    return r;
}

static int read_look(struct translator *t, const char *open, bool behind, bool negative, struct width *ret)
{
    int outer = t->behind_groups;
    struct width inside = { 0 };
    int r;

    buffer_addf(t->out, "(?%s%c", behind ? "<" : "", negative ? '!' : '=');
    if (behind && outer < 0)
        t->behind_groups = (int)t->parsed->n_groups;
    r = read_inside(t, open, &inside);
    t->behind_groups = outer;
    if (r < 0)
        return r;
    if (behind && inside.low != inside.high)
        return error_set_kind(t->err, -EINVAL, "error", "look-behind requires fixed-width pattern");
    *ret = width_of(0);
    return 0;
}

static int read_named(struct translator *t, const char *open, struct width *ret)
{
    const char *name = NULL;
    BUFFER_AUTO(shown);
    unsigned group;
    size_t n = 0;
    int r;

    if (take(t, '<')) {
        r = read_name(t, '>', "group name", &name, &n);
        if (r == 0)
            r = check_name(t, name, n);
        return r < 0 ? r : read_capture(t, open, name, n, ret);
    }
    if (!take(t, '=')) {
        if (t->at == t->end)
            return fail_at(t, t->at, "unexpected end of pattern");
        return fail_at(t, t->at - 2, "unknown extension ?P%.*s",
                       (int)utf8_offset(t->at, (size_t)(t->end - t->at), 1), t->at);
    }
    r = read_name(t, ')', "group name", &name, &n);
    if (r == 0)
        r = check_name(t, name, n);
    if (r < 0)
        return r;
    group = find_name(t, name, n);
    if (!group) {
        python_repr_text(&shown, name, n);
        return fail_at(t, name, "unknown group name %s", shown.data);
    }
    r = check_reference(t, group, name, name);
    return r < 0 ? r : put_reference(t, group, ret);
}

static int read_condition(struct translator *t, const char *open, struct width *ret)
{
    struct width yes = { 0 }, no = { 0 };
    const char *name = NULL;
    unsigned flags = t->flags;
    BUFFER_AUTO(shown);
    uint64_t group = 0;
    size_t n = 0;
    int r;

    r = read_name(t, ')', "group name", &name, &n);
    if (r < 0)
        return r;
    if (strspn(name, "0123456789") >= n) {
        group = n < 6 ? strtoul(name, NULL, 10) : PYREGEX_GROUPS_MAX + 1;
        if (!group)
            return fail_at(t, name, "bad group number");
        if (group > PYREGEX_GROUPS_MAX)
            return fail_at(t, name, "invalid group reference %.*s", (int)n, name);
    } else {
        r = check_name(t, name, n);
        if (r < 0)
            return r;
        group = find_name(t, name, n);
        if (!group) {
            python_repr_text(&shown, name, n);
            return fail_at(t, name, "unknown group name %s", shown.data);
        }
    }
    if (group > t->parsed->n_groups)
        return fail_at(t, name, "invalid group reference %.*s", (int)n, name);
    buffer_addf(t->out, "(?(%u)", (unsigned)group);
    r = read_inside(t, open, &yes);
    t->flags = flags;
    if (r < 0)
        return r;
    /* The widths of the alternatives were joined already; without a second one nothing may match. */
    no = yes;
    no.low = 0;
    *ret = no;
    return 0;
}

static unsigned flag_of(char c)
{
    switch (c) {
    case 'i':
        return PYREGEX_IGNORECASE;
    case 'm':
        return PYREGEX_MULTILINE;
    case 's':
        return PYREGEX_DOTALL;
    case 'x':
        return PYREGEX_VERBOSE;
    case 'a':
        return PYREGEX_ASCII;
    default:
        return 0;
    }
}

/* Letters of flags; *ret_unicode tells a "u". */
static int read_flag_letters(struct translator *t, unsigned *ret, bool *ret_unicode)
{
    *ret = 0;
    *ret_unicode = false;
    while (t->at < t->end && one_of(*t->at, "imsxauL")) {
        if (*t->at == 'L')
            return fail_at(t, t->at + 1, "bad inline flags: cannot use 'L' flag with a str pattern");
        *ret_unicode |= *t->at == 'u';
        *ret |= flag_of(*t->at++);
        if (*ret_unicode && *ret & PYREGEX_ASCII)
            return fail_at(t, t->at, "bad inline flags: flags 'a', 'u' and 'L' are incompatible");
    }
    return 0;
}

static void put_flag_letters(struct translator *t, unsigned flags)
{
    static const char letters[] = "ims";

    for (const char *p = letters; *p; p++)
        if (flags & flag_of(*p))
            buffer_add_char(t->out, *p);
}

/* "(?i)" at the start, or "(?i-s:...)". */
static int read_flags(struct translator *t, const char *open, struct width *ret, enum item_kind *kind)
{
    unsigned outer = t->flags, on = 0, off = 0;
    bool unicode, ignored;
    int r;

    r = read_flag_letters(t, &on, &unicode);
    if (r < 0)
        return r;
    if (take(t, ')')) {
        if (!t->first)
            return fail_at(t, open, "global flags not at the start of the expression");
        t->flags |= on;
        t->parsed->flags |= on;
        *kind = ITEM_NONE;
        return 0;
    }
    if (take(t, '-')) {
        const char *start = t->at;

        r = read_flag_letters(t, &off, &ignored);
        if (r < 0)
            return r;
        if (t->at == start)
            return fail_at(t, t->at,
                           t->at == t->end                  ? "missing flag"
                           : isalpha((unsigned char)*t->at) ? "unknown flag"
                                                            : "missing flag");
        if (ignored || off & PYREGEX_ASCII)
            return fail_at(t, t->at, "bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
        if (on & off)
            return fail_at(t, t->at, "bad inline flags: flag turned on and off");
    }
    if (!take(t, ':'))
        return fail_at(t, t->at,
                       t->at == t->end || !isalpha((unsigned char)*t->at) ? "missing -, : or )"
                                                                          : "unknown flag");
    t->flags = (t->flags | on) & ~off;
    if (unicode)
        t->flags &= ~(unsigned)PYREGEX_ASCII;
    buffer_add_text(t->out, "(?");
    put_flag_letters(t, on);
    if (off & (PYREGEX_IGNORECASE | PYREGEX_MULTILINE | PYREGEX_DOTALL)) {
        buffer_add_char(t->out, '-');
        put_flag_letters(t, off);
    }
    buffer_add_char(t->out, ':');
    r = read_inside(t, open, ret);
    t->flags = outer;
    return r;
}

static int read_comment(struct translator *t, const char *open)
{
    const char *end = memchr(t->at, ')', (size_t)(t->end - t->at));

    if (!end)
        return fail_at(t, open, "missing ), unterminated comment");
    t->at = end + 1;
    return 0;
}

static int read_group(struct translator *t, struct width *ret, enum item_kind *kind)
{
    const char *open = t->at++;
    unsigned outer = t->flags;
    int r;

    *kind = ITEM_SIMPLE;
    if (!take(t, '?'))
        return read_capture(t, open, NULL, 0, ret);
    if (t->at == t->end)
        return fail_at(t, t->at, "unexpected end of pattern");
    switch (*t->at++) {
    case 'P':
        return read_named(t, open, ret);
    case ':':
    case '>':
        buffer_addf(t->out, "(?%c", t->at[-1]);
        r = read_inside(t, open, ret);
        t->flags = outer;
        return r;
    case '#':
        *kind = ITEM_NONE;
        return read_comment(t, open);
    case '=':
    case '!':
        return read_look(t, open, false, t->at[-1] == '!', ret);
    case '<':
        if (t->at == t->end)
            return fail_at(t, t->at, "unexpected end of pattern");
        if (*t->at == '=' || *t->at == '!') {
            t->at++;
            return read_look(t, open, true, t->at[-1] == '!', ret);
        }
        return fail_at(t, t->at - 2, "unknown extension ?<%.*s",
                       (int)utf8_offset(t->at, (size_t)(t->end - t->at), 1), t->at);
    case '(':
        return read_condition(t, open, ret);
    default:
        t->at--;
        if (*t->at == '-' || one_of(*t->at, "imsxauL"))
            return read_flags(t, open, ret, kind);
        return fail_at(t, t->at - 1, "unknown extension ?%.*s",
                       (int)utf8_offset(t->at, (size_t)(t->end - t->at), 1), t->at);
    }
}

/* ---- branches ---- */

/* "{m}", "{m,}", "{,n}", "{m,n}" at the brace; false when it is a literal brace. */
static bool read_counts(struct translator *t, uint64_t *ret_low, uint64_t *ret_high)
{
    const char *p = t->at + 1;
    uint64_t low = 0, high = 0;
    bool has_low = false, has_high = false;

    for (; p < t->end && isdigit((unsigned char)*p); p++, has_low = true)
        low = low < WIDTH_MAX ? low * 10 + (uint64_t)(*p - '0') : low;
    if (p < t->end && *p == ',') {
        for (p++; p < t->end && isdigit((unsigned char)*p); p++, has_high = true)
            high = high < WIDTH_MAX ? high * 10 + (uint64_t)(*p - '0') : high;
        if (!has_high)
            high = UINT64_MAX;
    } else {
        if (!has_low)
            return false;
        high = low;
    }
    if (p == t->end || *p != '}')
        return false;
    t->at = p + 1;
    *ret_low = low;
    *ret_high = high;
    return true;
}

/* The quantifier at t->at behind an item of *kind; 1: there is none. */
static int read_quantifier(struct translator *t, enum item_kind *kind, struct width *width)
{
    const char *start = t->at;
    uint64_t low = *start == '+', high = *start == '?' ? 1 : UINT64_MAX;

    if (*start == '{') {
        if (!read_counts(t, &low, &high))
            return 1;
        if (high < low)
            return fail_at(t, start + 1, "min repeat greater than max repeat");
        if (low > REPEAT_MAX || (high != UINT64_MAX && high > REPEAT_MAX))
            return fail_at(t, start, "the repetition number is too large");
    } else {
        t->at++;
    }
    if (*kind == ITEM_NONE || *kind == ITEM_POSITION)
        return fail_at(t, start, "nothing to repeat");
    if (*kind == ITEM_REPEAT)
        return fail_at(t, start, "multiple repeat");
    if (high == UINT64_MAX)
        buffer_addf(t->out, "{%u,}", (unsigned)low);
    else
        buffer_addf(t->out, "{%u,%u}", (unsigned)low, (unsigned)high);
    if (t->at < t->end && (*t->at == '?' || *t->at == '+'))
        buffer_add_char(t->out, *t->at++);
    width->low = width->low * low < WIDTH_MAX ? width->low * low : WIDTH_MAX;
    width->high = !width->high || !high ? 0 : high > WIDTH_MAX / width->high ? WIDTH_MAX : width->high * high;
    *kind = ITEM_REPEAT;
    return 0;
}

static int read_item(struct translator *t, struct width *ret, enum item_kind *kind)
{
    *kind = ITEM_SIMPLE;
    *ret = width_of(1);
    switch (*t->at) {
    case '\\':
        return read_escape(t, ret, kind);
    case '[':
        return read_class(t);
    case '(':
        return read_group(t, ret, kind);
    case '.':
        buffer_add_char(t->out, *t->at++);
        return 0;
    case '^':
    case '$':
        buffer_add_char(t->out, *t->at++);
        *kind = ITEM_POSITION;
        *ret = width_of(0);
        return 0;
    default:
        put_literal(t, utf8_next(&t->at));
        return 0;
    }
}

/* White space and comments of verbose mode. True when something was skipped. */
static bool skip_verbose(struct translator *t)
{
    const char *start = t->at;

    if (!(t->flags & PYREGEX_VERBOSE))
        return false;
    while (t->at < t->end) {
        if (*t->at == ' ' || (*t->at >= 9 && *t->at <= 13))
            t->at++;
        else if (*t->at == '#')
            while (t->at < t->end && *t->at != '\n')
                t->at++;
        else
            break;
    }
    return t->at > start;
}

static int read_branch(struct translator *t, struct width *ret)
{
    enum item_kind kind = ITEM_NONE;
    struct width sum = { 0 }, last = { 0 };
    int r;

    for (;;) {
        skip_verbose(t);
        if (t->at == t->end || *t->at == '|' || *t->at == ')')
            break;
        if (one_of(*t->at, "*+?{")) {
            r = read_quantifier(t, &kind, &last);
            if (r < 0)
                return r;
            if (r == 0)
                continue;
        }
        if (at_text(t, "(?#")) {
            enum item_kind ignored;

            r = read_group(t, &(struct width){ 0 }, &ignored);
            if (r < 0)
                return r;
            continue;
        }
        sum = width_add(sum, last);
        last = (struct width){ 0 };
        r = read_item(t, &last, &kind);
        if (r < 0)
            return r;
        if (kind != ITEM_NONE)
            t->first = false;
    }
    *ret = width_add(sum, last);
    return 0;
}

static int read_alternatives(struct translator *t, struct width *ret)
{
    struct width all = { 0 }, one = { 0 };
    bool some = false;
    int r;

    if (t->depth)
        t->first = false;
    for (;;) {
        r = read_branch(t, &one);
        if (r < 0)
            return r;
        all.low = !some || one.low < all.low ? one.low : all.low;
        all.high = !some || one.high > all.high ? one.high : all.high;
        some = true;
        if (!take(t, '|'))
            break;
        t->first = false;
        buffer_add_char(t->out, '|');
    }
    *ret = all;
    return 0;
}

int pyregex_parse(const char *pattern, size_t n, unsigned flags, struct pyregex_parsed *ret,
                  struct error *err)
{
    struct translator *t = xcalloc(1, sizeof(*t));
    struct width ignored;
    int r;

    *ret = (struct pyregex_parsed){ .flags = flags };
    ret->names = xcalloc(PYREGEX_GROUPS_MAX, sizeof(char *));
    t->start = t->at = pattern;
    t->end = pattern + n;
    t->flags = flags;
    t->first = true;
    t->behind_groups = -1;
    t->parsed = ret;
    t->out = &ret->out;
    t->err = err;
    buffer_reserve(t->out, n * 2);
    r = read_alternatives(t, &ignored);
    if (r == 0 && t->at < t->end)
        r = fail_at(t, t->at, "unbalanced parenthesis");
    free(t);
    if (r < 0)
        pyregex_parsed_release(ret);
    return r;
}

void pyregex_parsed_release(struct pyregex_parsed *parsed)
{
    for (unsigned i = 0; i < parsed->n_groups; i++)
        free(parsed->names[i]);
    free(parsed->names);
    buffer_release(&parsed->out);
    *parsed = (struct pyregex_parsed){ 0 };
}

int pyregex_translate(const char *pattern, size_t n, unsigned flags, struct buffer *out, struct error *err)
{
    struct pyregex_parsed parsed;
    int r;

    r = pyregex_parse(pattern, n, flags, &parsed, err);
    if (r < 0)
        return r;
    buffer_add(out, buffer_text(&parsed.out), parsed.out.len);
    pyregex_parsed_release(&parsed);
    return 0;
}
