/* SPDX-License-Identifier: Apache-2.0 */
/* What plain scalars mean in YAML 1.1, as PyYAML's resolver has it, and the values of scalars. The matchers are the
   resolver's regular expressions written out; each takes the text from *at on and moves past what belongs to it. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/datetime.h"
#include "value/json.h"
#include "value/yaml-internal.h"

struct span {
    const char *at, *end;
};

static bool take(struct span *s, const char *allowed)
{
    if (s->at >= s->end || !*s->at || !strchr(allowed, *s->at))
        return false;
    s->at++;
    return true;
}

static size_t take_all(struct span *s, const char *allowed)
{
    const char *from = s->at;

    while (take(s, allowed))
        ;
    return (size_t)(s->at - from);
}

#define DIGITS "0123456789"

/* Between least and most digits. */
static bool take_digits(struct span *s, int least, int most, int *ret)
{
    int n = 0, sum = 0;

    while (n < most && s->at < s->end && isdigit((unsigned char)*s->at)) {
        sum = sum * 10 + (*s->at++ - '0');
        n++;
    }
    if (n < least)
        return false;
    if (ret)
        *ret = sum;
    return true;
}

/* (:[0-5]?[0-9])+ */
static bool take_sexagesimal(struct span *s)
{
    int n = 0;

    while (s->at < s->end && *s->at == ':') {
        struct span part = { s->at + 1, s->end };
        bool small = take(&part, "012345");

        if (!take(&part, DIGITS) && !small)
            return false;
        s->at = part.at;
        n++;
    }
    return n > 0;
}

/* [-+]? ( 0b[01_]+ | 0x[0-9a-fA-F_]+ | 0[0-7_]+ | 0 | [1-9][0-9_]* ( (:[0-5]?[0-9])+ )? ) */
static bool is_int(struct span s)
{
    take(&s, "-+");
    if (take(&s, "0")) {
        if (s.at == s.end)
            return true;
        if (take(&s, "b"))
            return take_all(&s, "01_") && s.at == s.end;
        if (take(&s, "x"))
            return take_all(&s, DIGITS "abcdefABCDEF_") && s.at == s.end;
        return take_all(&s, "01234567_") && s.at == s.end;
    }
    if (!take(&s, "123456789"))
        return false;
    take_all(&s, DIGITS "_");
    return s.at == s.end || (take_sexagesimal(&s) && s.at == s.end);
}

static bool is_word(struct span s, const char *const *words)
{
    size_t n = (size_t)(s.end - s.at);

    for (; *words; words++)
        if (strlen(*words) == n && memcmp(s.at, *words, n) == 0)
            return true;
    return false;
}

/* ([eE][-+][0-9]+)? and then the end */
static bool ends_in_exponent(struct span s)
{
    if (take(&s, "eE") && !(take(&s, "-+") && take_all(&s, DIGITS)))
        return false;
    return s.at == s.end;
}

/* [-+]?[0-9][0-9_]*\.[0-9_]*exponent? | \.[0-9][0-9_]*exponent? | [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]* |
   [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN) */
static bool is_float(struct span s)
{
    static const char *const infinities[] = { ".inf", ".Inf", ".INF", NULL };
    static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };
    bool sign;

    if (is_word(s, nans))
        return true;
    sign = take(&s, "-+");
    if (is_word(s, infinities))
        return true;
    if (!sign && take(&s, "."))
        return take(&s, DIGITS) && (take_all(&s, DIGITS "_"), ends_in_exponent(s));
    if (!take(&s, DIGITS))
        return false;
    take_all(&s, DIGITS "_");
    if (take(&s, "."))
        return take_all(&s, DIGITS "_"), ends_in_exponent(s);
    if (!take_sexagesimal(&s) || !take(&s, "."))
        return false;
    take_all(&s, DIGITS "_");
    return s.at == s.end;
}

struct timestamp {
    struct civil civil;
    bool has_time, aware;
    int offset_s;
};

/* (\.[0-9]*)? ([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))? */
static bool take_fraction_and_zone(struct span *s, struct timestamp *t)
{
    int hours = 0, minutes = 0, scale = 100000;
    bool negative;

    if (take(s, ".")) {
        for (; s->at < s->end && isdigit((unsigned char)*s->at); s->at++, scale /= 10)
            t->civil.microsecond += (*s->at - '0') * scale;
    }
    if (s->at == s->end)
        return true;
    take_all(s, " \t");
    t->aware = true;
    if (take(s, "Z"))
        return true;
    negative = s->at < s->end && *s->at == '-';
    if (!take(s, "-+") || !take_digits(s, 1, 2, &hours))
        return false;
    if (take(s, ":") && !take_digits(s, 2, 2, &minutes))
        return false;
    t->offset_s = (hours * 60 + minutes) * 60 * (negative ? -1 : 1);
    return true;
}

/* A date has two digits for month and day when it stands alone and is found by its text; with an explicit tag one digit is
   enough. The time follows after T or blanks. */
static bool read_timestamp(struct span s, bool lenient, struct timestamp *t)
{
    struct civil *c = &t->civil;
    const char *from = s.at;

    *t = (struct timestamp){ 0 };
    if (!take_digits(&s, 4, 4, &c->year) || !take(&s, "-") || !take_digits(&s, 1, 2, &c->month) ||
        !take(&s, "-") || !take_digits(&s, 1, 2, &c->day))
        return false;
    if (s.at == s.end)
        return lenient || s.at - from == 10;
    if (!take(&s, "Tt") && !take_all(&s, " \t"))
        return false;
    t->has_time = true;
    if (!take_digits(&s, 1, 2, &c->hour) || !take(&s, ":") || !take_digits(&s, 2, 2, &c->minute) ||
        !take(&s, ":") || !take_digits(&s, 2, 2, &c->second))
        return false;
    return take_fraction_and_zone(&s, t) && s.at == s.end;
}

static const char *const true_words[] = {
    "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL
};
static const char *const false_words[] = { "no",    "No",  "NO",  "false", "False",
                                           "FALSE", "off", "Off", "OFF",   NULL };
static const char *const null_words[] = { "~", "null", "Null", "NULL", NULL };

enum yaml_tag yaml_resolve(const char *text, size_t n)
{
    struct span s = { text, text + n };
    struct timestamp t;

    if (n == 0)
        return YAML_TAG_NULL;
    switch (*text) {
    case 'y':
    case 'Y':
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'o':
    case 'O':
    case 'n':
    case 'N':
    case '~':
        if (is_word(s, true_words) || is_word(s, false_words))
            return YAML_TAG_BOOL;
        return is_word(s, null_words) ? YAML_TAG_NULL : YAML_TAG_STR;
    case '<':
        return n == 2 && text[1] == '<' ? YAML_TAG_MERGE : YAML_TAG_STR;
    case '=':
        return n == 1 ? YAML_TAG_VALUE : YAML_TAG_STR;
    case '-':
    case '+':
    case '.':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        if (is_float(s))
            return YAML_TAG_FLOAT;
        if (is_int(s))
            return YAML_TAG_INT;
        return read_timestamp(s, false, &t) ? YAML_TAG_TIMESTAMP : YAML_TAG_STR;
    default:
        return YAML_TAG_STR;
    }
}

/* ---- values ---- */

static int fail(struct yaml_reader *reader, const struct yaml_node *node, const char *what)
{
    return yaml_fail(reader, NULL, NULL, &node->at, "'%.*s' is not %s",
                     (int)utf8_offset(node->text, node->len, 64), node->text, what);
}

static int construct_bool(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    static const char *const names[] = { "no", "false", "off", "yes", "true", "on" };

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        if (strcasecmp(node->text, names[i]) == 0 && strlen(names[i]) == node->len) {
            *ret = value_bool(i >= 3);
            return 0;
        }
    }
    return fail(reader, node, "a boolean");
}

/* The text without underscores and the blanks around it, owned; *ret_negative takes the sign. */
static char *bare_number(const struct yaml_node *node, bool *ret_negative)
{
    struct span s = { node->text, node->text + node->len };
    char *text = xmalloc(node->len + 1);
    size_t n = 0;

    take_all(&s, " \t\n");
    while (s.end > s.at && strchr(" \t\n", s.end[-1]))
        s.end--;
    for (; s.at < s.end; s.at++)
        if (*s.at != '_')
            text[n++] = (char)tolower((unsigned char)*s.at);
    text[n] = '\0';
    *ret_negative = text[0] == '-';
    if (text[0] == '-' || text[0] == '+')
        memmove(text, text + 1, n);
    return text;
}

/* parts of base 60, the first ones the highest */
static bool sum_sexagesimal(const char *text, mpz_t sum)
{
    for (;;) {
        size_t n = strspn(text, DIGITS);

        if (n == 0 || n > 18)
            return false;
        mpz_mul_ui(sum, sum, 60);
        mpz_add_ui(sum, sum, strtoul(text, NULL, 10));
        if (!text[n])
            return true;
        if (text[n] != ':')
            return false;
        text += n + 1;
    }
}

static bool read_integer(const char *text, mpz_t number)
{
    int base = 10;

    if (strchr(text, ':'))
        return sum_sexagesimal(text, number);
    if (text[0] == '0' && (text[1] == 'b' || text[1] == 'x')) {
        base = text[1] == 'b' ? 2 : 16;
        text += 2;
    } else if (text[0] == '0' && text[1]) {
        base = 8;
        text += text[1] == 'o' ? 2 : 1;
    }
    if (!*text || strspn(text, base == 16 ? DIGITS "abcdef" : DIGITS) != strlen(text))
        return false;
    return mpz_set_str(number, text, base) == 0;
}

static int construct_int(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    char *text;
    bool negative, good;
    mpz_t number;

    if (node->len > JSON_DIGITS_MAX)
        return fail(reader, node, "an integer of a size that can be read");
    text = bare_number(node, &negative);
    mpz_init(number);
    good = read_integer(text, number);
    if (good) {
        if (negative)
            mpz_neg(number, number);
        *ret = value_from_mpz(number);
    }
    mpz_clear(number);
    free(text);
    return good ? 0 : fail(reader, node, "an integer");
}

/* What Python's float() takes, once blanks, sign and underscores are gone. */
static bool read_plain_float(const char *text, double *ret)
{
    size_t n = strspn(text, DIGITS), fraction = 0;
    const char *at = text + n;

    if (strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "infinity") == 0) {
        *ret = text[0] == 'n' ? NAN : INFINITY;
        return true;
    }
    if (*at == '.') {
        fraction = strspn(at + 1, DIGITS);
        at += fraction + 1;
    }
    if (n + fraction == 0)
        return false;
    if (*at == 'e') {
        at++;
        at += *at == '-' || *at == '+';
        if (!isdigit((unsigned char)*at))
            return false;
        at += strspn(at, DIGITS);
    }
    *ret = strtod(text, NULL);
    return !*at;
}

/* The parts are weighed from the last one on, as PyYAML does, so that rounding agrees. */
static bool read_sexagesimal_float(char *text, double *ret)
{
    double sum = 0, base = 1, digit;

    for (;;) {
        char *colon = strrchr(text, ':');

        if (!read_plain_float(colon ? colon + 1 : text, &digit) || isinf(base))
            return false;
        sum += digit * base;
        base *= 60;
        if (!colon)
            break;
        *colon = '\0';
    }
    *ret = sum;
    return true;
}

static int construct_float(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    char *text;
    bool negative, good = true;
    double number = 0;

    text = bare_number(node, &negative);
    if (strcmp(text, ".inf") == 0)
        number = INFINITY;
    else if (strcmp(text, ".nan") == 0)
        number = NAN;
    else
        good = strchr(text, ':') ? read_sexagesimal_float(text, &number) : read_plain_float(text, &number);
    free(text);
    if (!good)
        return fail(reader, node, "a number");
    *ret = value_float(negative ? -number : number);
    return 0;
}

static int construct_timestamp(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    struct span s = { node->text, node->text + node->len };
    struct timestamp t;

    if (!read_timestamp(s, true, &t) || !civil_valid(&t.civil) || abs(t.offset_s) >= 24 * 3600)
        return fail(reader, node, "a date or time");
    *ret = t.has_time ? value_datetime_new(civil_to_us(&t.civil), t.aware, t.offset_s)
                      : value_date_new(civil_to_us(&t.civil));
    return 0;
}

/* Base 64 as Python's decodebytes reads it: other characters are skipped, complete padding ends the data. */
static int construct_binary(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    BUFFER_AUTO(data);
    unsigned place = 0, rest = 0, pads = 0;
    size_t n = 0;

    for (size_t i = 0; i < node->len; i++) {
        char c = node->text[i];
        const char *found = c ? strchr(letters, c) : NULL;

        if ((unsigned char)c >= 0x80)
            return yaml_fail(reader, NULL, NULL, &node->at, "failed to convert base64 data into ascii");
        if (c == '=' && place >= 2 && place + ++pads >= 4) {
            place = 0;
            break;
        }
        if (!found)
            continue;
        pads = 0;
        n++;
        rest = rest << 6 | (unsigned)(found - letters);
        if (place)
            buffer_add_char(&data, (char)(rest >> (6 - 2 * place)));
        place = (place + 1) % 4;
    }
    if (place == 1)
        return yaml_fail(
            reader, NULL, NULL, &node->at,
            "failed to decode base64 data: Invalid base64-encoded string: number of data characters (%zu) "
            "cannot be 1 more than a multiple of 4",
            n);
    if (place)
        return yaml_fail(reader, NULL, NULL, &node->at, "failed to decode base64 data: Incorrect padding");
    *ret = value_bytes(buffer_text(&data), data.len);
    return 0;
}

static int construct_str(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    value text = value_text_checked(node->text, node->len);

    if (!value_is_set(text))
        return yaml_fail(reader, NULL, NULL, &node->at, "the text is not valid UTF-8");
    *ret = text;
    return 0;
}

const char *yaml_kind_name(const struct yaml_node *node)
{
    static const char *const names[] = {
        [YAML_SCALAR] = "scalar", [YAML_SEQUENCE] = "sequence", [YAML_MAPPING] = "mapping"
    };

    return names[node->kind];
}

int yaml_construct_scalar(struct yaml_reader *reader, const struct yaml_node *node, value *ret)
{
    switch (node->tag) {
    case YAML_TAG_NULL:
        *ret = value_null();
        return 0;
    case YAML_TAG_BOOL:
        return construct_bool(reader, node, ret);
    case YAML_TAG_INT:
        return construct_int(reader, node, ret);
    case YAML_TAG_FLOAT:
        return construct_float(reader, node, ret);
    case YAML_TAG_TIMESTAMP:
        return construct_timestamp(reader, node, ret);
    case YAML_TAG_BINARY:
        return construct_binary(reader, node, ret);
    default:
        return construct_str(reader, node, ret);
    }
}
