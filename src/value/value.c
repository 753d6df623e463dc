/* SPDX-License-Identifier: Apache-2.0 */
/* Counted, immutable values. Freeing never recurses: a container whose count drops to zero is put on a list that the
   outermost value_free_ drains, so nesting costs no stack. */
#include "value/value.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "base/utf8.h"

static _Thread_local int64_t thread_bytes;

int64_t value_thread_bytes(void)
{
    return thread_bytes;
}

static void *allocate(size_t size)
{
    struct value_header *header = xmalloc(size);

    thread_bytes += (int64_t)size;
    header->refs = 1;
    header->depth = 0;
    return header;
}

/* ---- making ---- */

value value_string_new(size_t n, char **ret_data)
{
    struct value_string *s;

    assert(n < UINT32_MAX - 64);
    s = allocate(sizeof(*s) + n + 1);
    s->hash = 0;
    s->n_chars = UINT32_MAX;
    s->len = (uint32_t)n;
    s->data[n] = '\0';
    *ret_data = s->data;
    return (value){ .kind = VALUE_STRING, .string = s };
}

value value_text_n(const char *text, size_t n)
{
    char *data;
    value v = value_string_new(n, &data);

    if (n)
        memcpy(data, text, n);
    return v;
}

void value_text_begin(struct buffer *buffer)
{
    static const struct value_string head;

    buffer_add(buffer, &head, VALUE_TEXT_HEAD);
}

#define SHRINK_BELOW 131072

value value_text_end(struct buffer *buffer)
{
    size_t n = buffer->len - VALUE_TEXT_HEAD, size = sizeof(struct value_string) + n + 1;
    struct value_string *s = (struct value_string *)buffer_take(buffer);

    assert(n < UINT32_MAX - 64);
    /* Of large memory what was never touched costs nothing, giving it back does. */
    if (size < SHRINK_BELOW)
        s = xrealloc(s, size);
    thread_bytes += (int64_t)size;
    s->header.refs = 1;
    s->header.depth = 0;
    s->hash = 0;
    s->n_chars = UINT32_MAX;
    s->len = (uint32_t)n;
    return (value){ .kind = VALUE_STRING, .string = s };
}

value value_text(const char *text)
{
    return value_text_n(text, strlen(text));
}

value value_text_checked(const char *text, size_t n)
{
    return utf8_valid(text, n) ? value_text_n(text, n) : VALUE_NOTHING;
}

value value_textf(const char *format, ...)
{
    va_list args;
    char *text;
    value v;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    v = value_text(text);
    free(text);
    return v;
}

value value_bytes(const void *data, size_t n)
{
    value v = value_text_n(data, n);

    v.kind = VALUE_BYTES;
    return v;
}

struct value_string *value_atom_make(const char *text)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct strmap atoms;
    struct value_string *s;

    pthread_mutex_lock(&lock);
    s = strmap_get(&atoms, text);
    if (!s) {
        s = value_text(text).string;
        s->hash = hash_bytes(s->data, s->len) | 1;
        s->n_chars = (uint32_t)utf8_length(s->data, s->len);
        s->header.refs = VALUE_IMMORTAL;
        strmap_set(&atoms, text, s);
    }
    pthread_mutex_unlock(&lock);
    return s;
}

static value list_new(enum value_kind kind, size_t room)
{
    struct value_list *list = allocate(sizeof(*list));

    list->header.depth = 1;
    list->count = 0;
    list->room = (uint32_t)room;
    list->items = room ? xreallocarray(NULL, room, sizeof(value)) : NULL;
    thread_bytes += (int64_t)(room * sizeof(value));
    return (value){ .kind = (uint8_t)kind, .list = list };
}

value value_list_new(size_t room)
{
    return list_new(VALUE_LIST, room);
}

value value_tuple_new(size_t room)
{
    return list_new(VALUE_TUPLE, room);
}

static value map_new(enum value_kind kind, size_t room)
{
    struct value_map *map = allocate(sizeof(*map));

    map->header.depth = 1;
    map->count = 0;
    map->room = (uint32_t)room;
    map->entries = room ? xreallocarray(NULL, room, sizeof(struct value_map_entry)) : NULL;
    map->index = NULL;
    map->index_room = 0;
    thread_bytes += (int64_t)(room * sizeof(struct value_map_entry));
    return (value){ .kind = (uint8_t)kind, .map = map };
}

value value_map_new(size_t room)
{
    return map_new(VALUE_MAP, room);
}

value value_set_new(size_t room)
{
    return map_new(VALUE_SET, room);
}

value value_datetime_new(int64_t us, bool aware, int32_t offset_s)
{
    struct value_datetime *t = allocate(sizeof(*t));

    t->us = us;
    t->aware = aware;
    t->offset_s = aware ? offset_s : 0;
    t->date_only = false;
    return (value){ .kind = VALUE_DATETIME, .datetime = t };
}

value value_date_new(int64_t us)
{
    value v = value_datetime_new(us, false, 0);

    v.datetime->date_only = true;
    return v;
}

value value_from_mpz(const mpz_t n)
{
    struct value_bigint *big;

    if (mpz_fits_slong_p(n))
        return value_int(mpz_get_si(n));
    big = allocate(sizeof(*big));
    mpz_init_set(big->number, n);
    thread_bytes += (int64_t)(mpz_size(n) * sizeof(mp_limb_t));
    return (value){ .kind = VALUE_BIGINT, .bigint = big };
}

value value_int_from_text(const char *digits, size_t n, int base)
{
    value v = VALUE_NOTHING;
    char *text;
    mpz_t number;

    if (n && *digits == '+') {
        digits++;
        n--;
    }
    if (n && n <= 18 && base <= 10) {
        bool negative = *digits == '-';
        int64_t sum = 0;

        for (size_t i = negative; i < n; i++) {
            if (digits[i] < '0' || digits[i] >= '0' + base)
                return VALUE_NOTHING;
            sum = sum * base + (digits[i] - '0');
        }
        return negative && n == 1 ? VALUE_NOTHING : value_int(negative ? -sum : sum);
    }
    if (!n || memchr(digits, ' ', n))
        return VALUE_NOTHING;
    text = xstrndup(digits, n);
    mpz_init(number);
    if (mpz_set_str(number, text, base) == 0)
        v = value_from_mpz(number);
    mpz_clear(number);
    free(text);
    return v;
}

/* ---- counting ---- */

struct doomed {
    struct doomed *next;
    value v;
};

static void free_list(struct value_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        value_unref(list->items[i]);
    thread_bytes -= (int64_t)(sizeof(*list) + list->room * sizeof(value));
    free(list->items);
    free(list);
}

static void free_map(struct value_map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        value_unref(map->entries[i].key);
        value_unref(map->entries[i].item);
    }
    thread_bytes -= (int64_t)(sizeof(*map) + map->room * sizeof(struct value_map_entry) +
                              map->index_room * sizeof(uint32_t));
    free(map->entries);
    free(map->index);
    free(map);
}

static void free_one(value v)
{
    switch (v.kind) {
    case VALUE_STRING:
    case VALUE_BYTES:
        thread_bytes -= (int64_t)(sizeof(struct value_string) + v.string->len + 1);
        free(v.string);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        free_list(v.list);
        break;
    case VALUE_MAP:
    case VALUE_SET:
        free_map(v.map);
        break;
    case VALUE_BIGINT:
        thread_bytes -=
            (int64_t)(sizeof(struct value_bigint) + mpz_size(v.bigint->number) * sizeof(mp_limb_t));
        mpz_clear(v.bigint->number);
        free(v.bigint);
        break;
    case VALUE_DATETIME:
        thread_bytes -= (int64_t)sizeof(struct value_datetime);
        free(v.datetime);
        break;
    case VALUE_OBJECT:
        v.object->ops->free(v.object);
        break;
    }
}

void value_free_(value v)
{
    static _Thread_local value *waiting;
    static _Thread_local size_t n_waiting, room_waiting;
    static _Thread_local bool draining;

    if (v.kind == VALUE_STRING) {
        free_one(v);
        return;
    }
    if (draining) {
        GROW(waiting, n_waiting, room_waiting);
        waiting[n_waiting++] = v;
        return;
    }
    draining = true;
    free_one(v);
    while (n_waiting)
        free_one(waiting[--n_waiting]);
    draining = false;
    free(waiting);
    waiting = NULL;
    room_waiting = 0;
}

/* ---- asking ---- */

uint32_t value_depth(value v)
{
    return v.kind >= VALUE_COUNTED ? v.header->depth : 0;
}

bool value_truth(value v)
{
    switch (v.kind) {
    case VALUE_UNSET:
    case VALUE_NULL:
        return false;
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_TIMESPAN:
        return v.integer != 0;
    case VALUE_FLOAT:
        return v.number != 0;
    case VALUE_STRING:
    case VALUE_BYTES:
        return v.string->len != 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return v.list->count != 0;
    case VALUE_MAP:
    case VALUE_SET:
        return v.map->count != 0;
    default:
        return true;
    }
}

size_t value_string_chars(value v)
{
    struct value_string *s = v.string;
    uint32_t n = __atomic_load_n(&s->n_chars, __ATOMIC_RELAXED);

    if (n == UINT32_MAX) {
        n = (uint32_t)utf8_length(s->data, s->len);
        __atomic_store_n(&s->n_chars, n, __ATOMIC_RELAXED);
    }
    return n;
}

const char *value_kind_name(value v)
{
    static const char *const names[] = {
        [VALUE_UNSET] = "nothing",  [VALUE_NULL] = "null",         [VALUE_BOOL] = "boolean",
        [VALUE_INT] = "integer",    [VALUE_FLOAT] = "number",      [VALUE_TIMESPAN] = "timespan",
        [VALUE_BIGINT] = "integer", [VALUE_STRING] = "string",     [VALUE_BYTES] = "bytes",
        [VALUE_LIST] = "array",     [VALUE_TUPLE] = "array",       [VALUE_MAP] = "object",
        [VALUE_SET] = "set",        [VALUE_DATETIME] = "datetime",
    };

    return v.kind == VALUE_OBJECT ? v.object->ops->name : names[v.kind];
}

static uint64_t string_hash(struct value_string *s)
{
    uint64_t hash = __atomic_load_n(&s->hash, __ATOMIC_RELAXED);

    if (!hash) {
        hash = hash_bytes(s->data, s->len) | 1;
        __atomic_store_n(&s->hash, hash, __ATOMIC_RELAXED);
    }
    return hash;
}

static int64_t datetime_utc(const struct value_datetime *t)
{
    return t->us - (int64_t)t->offset_s * 1000000;
}

bool value_hash(value v, uint64_t *ret_hash)
{
    uint64_t hash = 0x9e3779b97f4a7c15ULL, part;

    switch (v.kind) {
    case VALUE_STRING:
    case VALUE_BYTES:
        *ret_hash = string_hash(v.string);
        return true;
    case VALUE_FLOAT:
        if (v.number == floor(v.number) && fabs(v.number) < 9.2e18)
            *ret_hash = hash_mix((uint64_t)(int64_t)v.number);
        else
            *ret_hash = hash_bytes(&v.number, sizeof(v.number));
        return true;
    case VALUE_NULL:
        *ret_hash = 7;
        return true;
    case VALUE_BOOL:
    case VALUE_INT:
        *ret_hash = hash_mix((uint64_t)v.integer);
        return true;
    case VALUE_TIMESPAN:
        *ret_hash = hash_mix((uint64_t)v.integer ^ 0x5bd1e995);
        return true;
    case VALUE_BIGINT: {
        double d = mpz_get_d(v.bigint->number);

        *ret_hash = hash_bytes(&d, sizeof(d));
        return true;
    }
    case VALUE_DATETIME:
        *ret_hash = hash_mix((uint64_t)datetime_utc(v.datetime));
        return true;
    case VALUE_OBJECT:
        *ret_hash = hash_mix((uint64_t)(uintptr_t)v.object);
        return true;
    case VALUE_TUPLE:
        if (v.list->header.depth > VALUE_DEPTH_MAX)
            return false;
        for (uint32_t i = 0; i < v.list->count; i++) {
            if (!value_hash(v.list->items[i], &part))
                return false;
            hash = hash_mix(hash ^ part);
        }
        *ret_hash = hash;
        return true;
    default:
        return false;
    }
}

static bool numeric(value v)
{
    return v.kind == VALUE_BOOL || v.kind == VALUE_INT || v.kind == VALUE_FLOAT || v.kind == VALUE_BIGINT;
}

/* Exact comparison of any two numbers: -1, 0, 1, or 2 for NaN. */
static int compare_numbers(value a, value b)
{
    int sign;

    if (a.kind == VALUE_BOOL)
        a.kind = VALUE_INT;
    if (b.kind == VALUE_BOOL)
        b.kind = VALUE_INT;
    if ((a.kind == VALUE_FLOAT && isnan(a.number)) || (b.kind == VALUE_FLOAT && isnan(b.number)))
        return 2;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT)
        return (a.integer > b.integer) - (a.integer < b.integer);
    if (a.kind == VALUE_FLOAT && b.kind == VALUE_FLOAT)
        return (a.number > b.number) - (a.number < b.number);
    if (b.kind == VALUE_FLOAT) {
        sign = compare_numbers(b, a);
        return -sign;
    }
    if (a.kind == VALUE_FLOAT) {
        mpz_t n;

        if (isinf(a.number))
            return a.number > 0 ? 1 : -1;
        if (b.kind == VALUE_INT && fabs(a.number) < 9007199254740992.0 &&
            llabs(b.integer) < 9007199254740992LL)
            return (a.number > (double)b.integer) - (a.number < (double)b.integer);
        if (b.kind == VALUE_INT)
            mpz_init_set_si(n, b.integer);
        else
            mpz_init_set(n, b.bigint->number);
        sign = -mpz_cmp_d(n, a.number);
        mpz_clear(n);
        return (sign > 0) - (sign < 0);
    }
    if (a.kind == VALUE_BIGINT && b.kind == VALUE_BIGINT)
        sign = mpz_cmp(a.bigint->number, b.bigint->number);
    else if (a.kind == VALUE_BIGINT)
        sign = mpz_sgn(a.bigint->number);
    else
        sign = -mpz_sgn(b.bigint->number);
    return (sign > 0) - (sign < 0);
}

static bool equal_maps(value a, value b)
{
    if (a.map->count != b.map->count)
        return false;
    for (uint32_t i = 0; i < a.map->count; i++) {
        value other = value_map_get_value(b, a.map->entries[i].key);

        if (!value_is_set(other) || (a.kind == VALUE_MAP && !value_equal(a.map->entries[i].item, other)))
            return false;
    }
    return true;
}

bool value_equal(value a, value b)
{
    if (numeric(a) && numeric(b))
        return compare_numbers(a, b) == 0;
    if (a.kind != b.kind)
        return false;
    if (a.kind >= VALUE_COUNTED && a.header == b.header)
        return true;
    if (value_depth(a) > VALUE_DEPTH_MAX)
        return false;
    switch (a.kind) {
    case VALUE_TIMESPAN:
        return a.integer == b.integer;
    case VALUE_STRING:
    case VALUE_BYTES:
        return a.string->len == b.string->len && memcmp(a.string->data, b.string->data, a.string->len) == 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        if (a.list->count != b.list->count)
            return false;
        for (uint32_t i = 0; i < a.list->count; i++)
            if (!value_equal(a.list->items[i], b.list->items[i]))
                return false;
        return true;
    case VALUE_MAP:
    case VALUE_SET:
        return equal_maps(a, b);
    case VALUE_DATETIME:
        return a.datetime->aware == b.datetime->aware && a.datetime->date_only == b.datetime->date_only &&
               datetime_utc(a.datetime) == datetime_utc(b.datetime);
    case VALUE_OBJECT:
        return false;
    default:
        return true;
    }
}

static int compare_bytes(const struct value_string *a, const struct value_string *b)
{
    uint32_t n = a->len < b->len ? a->len : b->len;
    int sign = memcmp(a->data, b->data, n); /* UTF-8 sorts as its code points do */

    if (sign == 0)
        sign = (a->len > b->len) - (a->len < b->len);
    return (sign > 0) - (sign < 0);
}

static int compare_lists(value a, value b, int *ret_order)
{
    uint32_t n = a.list->count < b.list->count ? a.list->count : b.list->count;

    if (value_depth(a) > VALUE_DEPTH_MAX || value_depth(b) > VALUE_DEPTH_MAX)
        return 1;
    for (uint32_t i = 0; i < n; i++)
        if (!value_equal(a.list->items[i], b.list->items[i]))
            return value_compare(a.list->items[i], b.list->items[i], ret_order);
    *ret_order = (a.list->count > b.list->count) - (a.list->count < b.list->count);
    return 0;
}

int value_compare(value a, value b, int *ret_order)
{
    if (numeric(a) && numeric(b)) {
        *ret_order = compare_numbers(a, b);
        return 0;
    }
    if (a.kind != b.kind)
        return 1;
    switch (a.kind) {
    case VALUE_STRING:
    case VALUE_BYTES:
        *ret_order = a.header == b.header ? 0 : compare_bytes(a.string, b.string);
        return 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return compare_lists(a, b, ret_order);
    case VALUE_TIMESPAN:
        *ret_order = (a.integer > b.integer) - (a.integer < b.integer);
        return 0;
    case VALUE_DATETIME: {
        int64_t left = datetime_utc(a.datetime), right = datetime_utc(b.datetime);

        if (a.datetime->aware != b.datetime->aware)
            return 1;
        *ret_order = (left > right) - (left < right);
        return 0;
    }
    default:
        return 1;
    }
}

/* ---- lists ---- */

static bool shared(value v)
{
    return __atomic_load_n((uint32_t *)&v.header->refs, __ATOMIC_ACQUIRE) != 1;
}

static void list_room(struct value_list *list, size_t more)
{
    size_t need = (size_t)list->count + more, room = list->room;

    if (need <= room)
        return;
    room = room * 2 > need ? room * 2 : need;
    if (room < 4)
        room = 4;
    assert(room < UINT32_MAX);
    list->items = xreallocarray(list->items, room, sizeof(value));
    thread_bytes += (int64_t)((room - list->room) * sizeof(value));
    list->room = (uint32_t)room;
}

static struct value_list *own_list(value *v, size_t more)
{
    value copy;

    assert(value_is_list(*v));
    if (shared(*v)) {
        copy = list_new(v->kind, v->list->count + more);
        for (uint32_t i = 0; i < v->list->count; i++)
            copy.list->items[i] = value_ref(v->list->items[i]);
        copy.list->count = v->list->count;
        copy.list->header.depth = v->list->header.depth;
        value_unref(*v);
        *v = copy;
    }
    list_room(v->list, more);
    return v->list;
}

static void deepen(struct value_header *header, value item)
{
    uint32_t depth = value_depth(item) + 1;

    if (depth > header->depth)
        header->depth = depth;
}

void value_list_append(value *v, value item)
{
    struct value_list *list = own_list(v, 1);

    assert(item.kind != VALUE_UNSET);
    list->items[list->count++] = item;
    deepen(&list->header, item);
}

void value_list_insert(value *v, size_t at, value item)
{
    struct value_list *list = own_list(v, 1);

    assert(at <= list->count && item.kind != VALUE_UNSET);
    memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof(value));
    list->items[at] = item;
    list->count++;
    deepen(&list->header, item);
}

void value_list_set(value *v, size_t at, value item)
{
    struct value_list *list = own_list(v, 0);

    assert(at < list->count && item.kind != VALUE_UNSET);
    value_unref(list->items[at]);
    list->items[at] = item;
    deepen(&list->header, item);
}

void value_list_remove(value *v, size_t at)
{
    struct value_list *list = own_list(v, 0);

    assert(at < list->count);
    value_unref(list->items[at]);
    memmove(list->items + at, list->items + at + 1, (list->count - at - 1) * sizeof(value));
    list->count--;
}

void value_list_reverse(value *v)
{
    struct value_list *list = own_list(v, 0);

    for (uint32_t i = 0; i < list->count / 2; i++) {
        value swap = list->items[i];

        list->items[i] = list->items[list->count - 1 - i];
        list->items[list->count - 1 - i] = swap;
    }
}

value value_list_slice(value list, size_t from, size_t to)
{
    size_t count = value_list_count(list);
    value out;

    to = to < count ? to : count;
    from = from < to ? from : to;
    out = list_new(list.kind == VALUE_TUPLE ? VALUE_TUPLE : VALUE_LIST, to - from);
    for (size_t i = from; i < to; i++)
        value_list_append(&out, value_ref(list.list->items[i]));
    return out;
}

void value_list_extend(value *v, value more)
{
    size_t n = value_list_count(more);
    struct value_list *list = own_list(v, n);

    for (size_t i = 0; i < n; i++) {
        list->items[list->count++] = value_ref(more.list->items[i]);
        deepen(&list->header, more.list->items[i]);
    }
}

/* ---- maps ---- */

#define INDEX_FROM 8 /* up to here a scan of the hashes is quicker than a table */

static void index_build(struct value_map *map)
{
    uint32_t room = 32;

    while (room < map->room * 2)
        room *= 2;
    if (map->index_room != room) {
        map->index = xreallocarray(map->index, room, sizeof(uint32_t));
        thread_bytes += ((int64_t)room - map->index_room) * (int64_t)sizeof(uint32_t);
        map->index_room = room;
    }
    memset(map->index, 0, room * sizeof(uint32_t));
    for (uint32_t i = 0; i < map->count; i++) {
        uint32_t at = (uint32_t)map->entries[i].hash & (room - 1);

        while (map->index[at])
            at = (at + 1) & (room - 1);
        map->index[at] = i + 1;
    }
}

static int64_t map_find(const struct value_map *map, value key, uint64_t hash)
{
    if (!map->index) {
        for (uint32_t i = 0; i < map->count; i++)
            if (map->entries[i].hash == hash && value_equal(map->entries[i].key, key))
                return i;
        return -1;
    }
    for (uint32_t at = (uint32_t)hash & (map->index_room - 1); map->index[at];
         at = (at + 1) & (map->index_room - 1)) {
        const struct value_map_entry *entry = &map->entries[map->index[at] - 1];

        if (entry->hash == hash && value_equal(entry->key, key))
            return map->index[at] - 1;
    }
    return -1;
}

static bool same_text(value a, const struct value_string *b)
{
    return a.kind == VALUE_STRING &&
           (a.string == b || (a.string->len == b->len && memcmp(a.string->data, b->data, b->len) == 0));
}

/* map_find for a string, which most keys are. */
static int64_t map_find_string(const struct value_map *map, struct value_string *key)
{
    uint64_t hash = string_hash(key);

    if (!map->index) {
        for (uint32_t i = 0; i < map->count; i++)
            if (map->entries[i].hash == hash && same_text(map->entries[i].key, key))
                return i;
        return -1;
    }
    for (uint32_t at = (uint32_t)hash & (map->index_room - 1); map->index[at];
         at = (at + 1) & (map->index_room - 1)) {
        const struct value_map_entry *entry = &map->entries[map->index[at] - 1];

        if (entry->hash == hash && same_text(entry->key, key))
            return map->index[at] - 1;
    }
    return -1;
}

static int64_t map_find_text(const struct value_map *map, const char *key, size_t len)
{
    uint64_t hash;

    /* A small map is found by comparing lengths and bytes, without hashing the key. */
    if (!map->index) {
        for (uint32_t i = 0; i < map->count; i++) {
            value k = map->entries[i].key;

            if (k.kind == VALUE_STRING && k.string->len == len && memcmp(k.string->data, key, len) == 0)
                return i;
        }
        return -1;
    }
    hash = hash_bytes(key, len) | 1;
    for (uint32_t at = (uint32_t)hash & (map->index_room - 1); map->index[at];
         at = (at + 1) & (map->index_room - 1)) {
        const struct value_map_entry *entry = &map->entries[map->index[at] - 1];

        if (entry->hash == hash && entry->key.kind == VALUE_STRING && entry->key.string->len == len &&
            memcmp(entry->key.string->data, key, len) == 0)
            return map->index[at] - 1;
    }
    return -1;
}

value value_map_get_n(value map, const char *key, size_t len)
{
    int64_t at;

    if (map.kind != VALUE_MAP)
        return VALUE_NOTHING;
    at = map_find_text(map.map, key, len);
    return at < 0 ? VALUE_NOTHING : map.map->entries[at].item;
}

value value_map_get(value map, const char *key)
{
    return value_map_get_n(map, key, strlen(key));
}

value value_map_get_value(value map, value key)
{
    uint64_t hash;
    int64_t at;

    if (map.kind != VALUE_MAP && map.kind != VALUE_SET)
        return VALUE_NOTHING;
    if (key.kind == VALUE_STRING)
        at = map_find_string(map.map, key.string);
    else if (value_hash(key, &hash))
        at = map_find(map.map, key, hash);
    else
        return VALUE_NOTHING;
    return at < 0                  ? VALUE_NOTHING
           : map.kind == VALUE_SET ? map.map->entries[at].key
                                   : map.map->entries[at].item;
}

static void map_room(struct value_map *map, size_t room)
{
    if (room <= map->room)
        return;
    assert(room < UINT32_MAX / 4);
    map->entries = xreallocarray(map->entries, room, sizeof(struct value_map_entry));
    thread_bytes += (int64_t)((room - map->room) * sizeof(struct value_map_entry));
    map->room = (uint32_t)room;
}

static struct value_map *own_map(value *v)
{
    struct value_map *from = v->map;
    value copy;

    assert(v->kind == VALUE_MAP || v->kind == VALUE_SET);
    if (!shared(*v))
        return from;
    copy = map_new(v->kind, from->count + 4);
    for (uint32_t i = 0; i < from->count; i++) {
        copy.map->entries[i] = from->entries[i];
        value_ref(from->entries[i].key);
        value_ref(from->entries[i].item);
    }
    copy.map->count = from->count;
    copy.map->header.depth = from->header.depth;
    if (from->count > INDEX_FROM)
        index_build(copy.map);
    value_unref(*v);
    *v = copy;
    return copy.map;
}

void value_map_set(value *v, value key, value item)
{
    struct value_map *map = own_map(v);
    uint64_t hash = 0;
    bool hashable = value_hash(key, &hash);
    int64_t at;

    assert(hashable);
    if (!hashable) {
        value_unref(key);
        value_unref(item);
        return;
    }
    if (v->kind == VALUE_MAP)
        deepen(&map->header, item);
    deepen(&map->header, key);
    at = map_find(map, key, hash);
    if (at >= 0) {
        value_unref(key);
        value_unref(map->entries[at].item);
        map->entries[at].item = item;
        return;
    }
    if (map->count == map->room) {
        map_room(map, map->room ? (size_t)map->room * 2 : 4);
        if (map->index)
            index_build(map);
    }
    map->entries[map->count] = (struct value_map_entry){ .key = key, .item = item, .hash = hash };
    map->count++;
    if (map->index) {
        uint32_t slot = (uint32_t)hash & (map->index_room - 1);

        while (map->index[slot])
            slot = (slot + 1) & (map->index_room - 1);
        map->index[slot] = map->count;
    } else if (map->count > INDEX_FROM) {
        index_build(map);
    }
}

void value_map_set_text(value *map, const char *key, value item)
{
    value_map_set(map, value_text(key), item);
}

void value_set_add(value *set, value key)
{
    value_map_set(set, key, VALUE_NOTHING);
}

bool value_map_remove_value(value *v, value key)
{
    struct value_map *map;
    uint64_t hash;
    int64_t at;

    if (!value_hash(key, &hash) || map_find(v->map, key, hash) < 0)
        return false;
    map = own_map(v);
    at = map_find(map, key, hash);
    value_unref(map->entries[at].key);
    value_unref(map->entries[at].item);
    memmove(map->entries + at, map->entries + at + 1,
            (map->count - (size_t)at - 1) * sizeof(map->entries[0]));
    map->count--;
    if (map->index)
        index_build(map);
    return true;
}

bool value_map_remove(value *map, const char *key)
{
    VALUE_AUTO(text);

    text = value_text(key);
    return value_map_remove_value(map, text);
}

void value_map_update(value *map, value more)
{
    /* `more` may be the very map that is changed. */
    value_ref(more);
    for (size_t i = 0; i < value_map_count(more); i++)
        value_map_set(map, value_ref(value_map_key_at(more, i)), value_ref(value_map_item_at(more, i)));
    value_unref(more);
}
