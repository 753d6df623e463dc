/* SPDX-License-Identifier: Apache-2.0 */
/* Values: what JSON, YAML, expressions and the store speak of.

   A value is 16 bytes and passed by value. Scalars are in it; the rest is immutable, counted memory that may be shared
   between threads (the counts are atomic). "Immutable" means: nobody sees a change of a value they hold. The functions
   that change a list or a map take a pointer to the caller's own handle and copy the container first (one level, items
   are shared) when somebody else holds it too, so building with the only handle costs no copies:

       value map = value_map_new(2);
       value_map_set_text(&map, "name", value_text("x"));     takes the item
       value name = value_map_get(map, "name");               borrowed: valid as long as map is
       value_unref(map);

   Ownership: arguments are borrowed, returned values are owned by the caller, except: the item and key arguments of
   the functions that change a container are TAKEN (append, insert, set); the get/at functions return BORROWED values
   (value_ref what is to be kept). value_unref and value_ref accept every kind.

   Invariants: text is valid UTF-8; VALUE_UNSET never stands inside a container; maps keep the order of insertion. */
#ifndef FULMAR_VALUE_VALUE_H
#define FULMAR_VALUE_VALUE_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum value_kind {
    VALUE_UNSET = 0, /* no value at all: an absent key, the end of a sequence */
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT, /* fits 64 bits */
    VALUE_FLOAT,
    VALUE_TIMESPAN,               /* microseconds */
    VALUE_COUNTED,                /* kinds from here on own memory */
    VALUE_BIGINT = VALUE_COUNTED, /* only integers that do not fit 64 bits */
    VALUE_STRING,
    VALUE_BYTES, /* YAML's !!binary; never reaches JSON */
    VALUE_LIST,
    VALUE_TUPLE, /* a list that prints and compares as Python's tuple; JSON writes it as a list */
    VALUE_MAP,
    VALUE_SET, /* a map without items */
    VALUE_DATETIME,
    VALUE_OBJECT, /* what an engine adds: lambdas, generators, macros ...; see struct value_object_ops */
};

struct value_string;
struct value_list;
struct value_map;
struct value_datetime;
struct value_bigint;
struct value_object;

typedef struct value {
    uint8_t kind; /* enum value_kind */
    union {
        bool boolean;
        int64_t integer; /* VALUE_INT, VALUE_TIMESPAN */
        double number;
        struct value_header *header;
        struct value_string *string;
        struct value_list *list;
        struct value_map *map;
        struct value_datetime *datetime;
        struct value_bigint *bigint;
        struct value_object *object;
    };
} value;

/* ---- counted memory; the structs are public for speed, use the functions ---- */

struct value_header {
    _Atomic uint32_t refs; /* VALUE_IMMORTAL: never freed, never counted */
    uint32_t depth;        /* containers: 1 + the deepest item; see VALUE_DEPTH_MAX */
};
#define VALUE_IMMORTAL UINT32_MAX

struct value_string {
    struct value_header header;
    uint64_t hash;    /* 0: not yet computed */
    uint32_t n_chars; /* code points; UINT32_MAX: not yet counted */
    uint32_t len;     /* bytes */
    char data[];      /* followed by a NUL */
};

struct value_list {
    struct value_header header;
    uint32_t count, room;
    value *items;
};

struct value_map_entry {
    value key, item;
    uint64_t hash;
};

struct value_map {
    struct value_header header;
    uint32_t count, room;
    struct value_map_entry *entries; /* in order */
    uint32_t *index;                 /* hash table of entry number + 1, NULL while count <= 8 */
    uint32_t index_room;
};

struct value_datetime {
    struct value_header header;
    int64_t us;       /* wall clock microseconds since 1970-01-01T00:00:00, without regard to the offset */
    int32_t offset_s; /* seconds east of UTC when aware */
    bool aware;       /* false: Python's naive datetime */
    bool date_only;   /* a date (YAML 2001-12-14), printed without a time */
};

struct value_bigint {
    struct value_header header;
    mpz_t number;
};

/* Values an engine adds. Objects never reach JSON, YAML or the store: whoever leaves an engine converts them. */
struct value_object_ops {
    const char *name;                    /* for messages: "function", "generator" */
    void (*free)(struct value_object *); /* frees the object itself too */
};
struct value_object {
    struct value_header header;
    const struct value_object_ops *ops;
};

/* A bound on nesting. Readers refuse deeper input; whoever builds containers from what users wrote (list literals,
   append, ...) checks value_depth() of the result against it and fails with an error. Recursive walks rely on it. */
#define VALUE_DEPTH_MAX 400
uint32_t value_depth(value v);

/* Bytes of value memory this thread has allocated less what it has freed; evaluators compare it before and after to
   bound what one evaluation may hold. */
int64_t value_thread_bytes(void);

/* ---- making ---- */

#define VALUE_NOTHING ((value){ .kind = VALUE_UNSET })

static inline value value_null(void)
{
    return (value){ .kind = VALUE_NULL };
}
static inline value value_bool(bool b)
{
    return (value){ .kind = VALUE_BOOL, .integer = b };
}
static inline value value_int(int64_t i)
{
    return (value){ .kind = VALUE_INT, .integer = i };
}
static inline value value_float(double d)
{
    return (value){ .kind = VALUE_FLOAT, .number = d };
}
static inline value value_timespan(int64_t us)
{
    return (value){ .kind = VALUE_TIMESPAN, .integer = us };
}
/* Text must be valid UTF-8 (asserted in debug builds); value_text_checked gives VALUE_UNSET when it is not. */
value value_text(const char *text);
value value_text_n(const char *text, size_t n);
value value_text_checked(const char *text, size_t n);
value value_textf(const char *format, ...) __attribute__((format(printf, 1, 2)));
value value_bytes(const void *data, size_t n);
/* A string with room for n bytes to be filled in by the caller before anybody else sees it. */
value value_string_new(size_t n, char **ret_data);
/* A string that is written where it will stay: begin fills an empty buffer with what stands in front of a string's text,
   end makes the buffer's memory a string, without a copy, and leaves the buffer empty. */
struct buffer;
#define VALUE_TEXT_HEAD offsetof(struct value_string, data)
void value_text_begin(struct buffer *buffer);
value value_text_end(struct buffer *buffer);
/* An immortal string made once at this place: for names that are used all the time. */
#define VALUE_ATOM(literal)                                                                          \
    ({                                                                                               \
        static _Atomic(struct value_string *) _atom;                                                 \
        struct value_string *_s = __atomic_load_n((struct value_string **)&_atom, __ATOMIC_ACQUIRE); \
        if (__builtin_expect(!_s, 0)) {                                                              \
            _s = value_atom_make(literal);                                                           \
            __atomic_store_n((struct value_string **)&_atom, _s, __ATOMIC_RELEASE);                  \
        }                                                                                            \
        (value){ .kind = VALUE_STRING, .string = _s };                                               \
    })
/* Interned: the same text gives the same immortal string. For texts of the program only, never for input. */
struct value_string *value_atom_make(const char *text);

value value_list_new(size_t room);
value value_tuple_new(size_t room);
value value_map_new(size_t room);
value value_set_new(size_t room);
value value_datetime_new(int64_t us, bool aware, int32_t offset_s);
value value_date_new(int64_t us);
/* Normalises: VALUE_INT when it fits. `n` stays the caller's. */
value value_from_mpz(const mpz_t n);
/* Decimal digits with an optional sign (as JSON has them; the caller bounds the length); base 2..36. */
value value_int_from_text(const char *digits, size_t n, int base);
/* Takes over an object whose header.refs the caller set to 1. */
static inline value value_object(struct value_object *object)
{
    return (value){ .kind = VALUE_OBJECT, .object = object };
}

/* ---- counting ---- */

void value_free_(value v);

static inline value value_ref(value v)
{
    if (v.kind >= VALUE_COUNTED && v.header->refs != VALUE_IMMORTAL)
        __atomic_fetch_add((uint32_t *)&v.header->refs, 1, __ATOMIC_RELAXED);
    return v;
}
static inline void value_unref(value v)
{
    if (v.kind >= VALUE_COUNTED && v.header->refs != VALUE_IMMORTAL &&
        __atomic_fetch_sub((uint32_t *)&v.header->refs, 1, __ATOMIC_ACQ_REL) == 1)
        value_free_(v);
}
static inline void value_unrefp(value *v)
{
    value_unref(*v);
}
/* VALUE_AUTO(result); a local that unrefs itself. */
#define VALUE_AUTO(name) __attribute__((cleanup(value_unrefp))) value name = VALUE_NOTHING
/* Replace what a handle holds; takes `v`. */
static inline void value_replace(value *handle, value v)
{
    value old = *handle;

    *handle = v;
    value_unref(old);
}
/* Moves out of a handle and leaves VALUE_UNSET. */
static inline value value_take(value *handle)
{
    value v = *handle;

    *handle = VALUE_NOTHING;
    return v;
}

/* ---- asking ---- */

static inline bool value_is_set(value v)
{
    return v.kind != VALUE_UNSET;
}
/* Null or absent. */
static inline bool value_is_null(value v)
{
    return v.kind <= VALUE_NULL;
}
static inline bool value_is_string(value v)
{
    return v.kind == VALUE_STRING;
}
static inline bool value_is_integer(value v)
{
    return v.kind == VALUE_INT || v.kind == VALUE_BIGINT;
}
/* int, bigint or float; bool is not a number here. */
static inline bool value_is_number(value v)
{
    return v.kind == VALUE_INT || v.kind == VALUE_BIGINT || v.kind == VALUE_FLOAT;
}
static inline bool value_is_list(value v)
{
    return v.kind == VALUE_LIST || v.kind == VALUE_TUPLE;
}
static inline bool value_is_map(value v)
{
    return v.kind == VALUE_MAP;
}
/* Python's truth: null, false, 0, 0.0, "" and empty containers are false; objects and dates are true. */
bool value_truth(value v);
/* The text of a string, NUL-terminated, borrowed; NULL for other kinds. */
static inline const char *value_chars(value v)
{
    return v.kind == VALUE_STRING || v.kind == VALUE_BYTES ? v.string->data : NULL;
}
static inline size_t value_len(value v)
{
    return v.kind == VALUE_STRING || v.kind == VALUE_BYTES ? v.string->len : 0;
}
/* Code points of a string (cached). */
size_t value_string_chars(value v);
static inline bool value_text_is(value v, const char *text)
{
    return v.kind == VALUE_STRING && strlen(text) == v.string->len &&
           memcmp(v.string->data, text, v.string->len) == 0;
}
/* JSON's name of the kind: "null" "boolean" "integer" "number" "string" "array" "object"; others by their own. */
const char *value_kind_name(value v);

/* Equality as Python has it: 1 == 1.0 == True, lists deep, maps without regard to order, a tuple is no list.
   Identity for objects. Nesting past VALUE_DEPTH_MAX compares as different. */
bool value_equal(value a, value b);
/* Python's hash order is not used anywhere; equal values have equal hashes. Returns false when the value cannot be a key
   (list, map, set). */
bool value_hash(value v, uint64_t *ret_hash);
/* Order of numbers with numbers (bool counts), text with text by code point, lists with lists item by item, dates with
   dates of the same awareness, timespans. Returns 0 and sets *ret_order to -1, 0, 1 (NaN: 2, unordered), or 1 when the
   kinds have no order (Python's TypeError). */
int value_compare(value a, value b, int *ret_order);

/* ---- lists (VALUE_LIST, VALUE_TUPLE) ---- */

static inline size_t value_list_count(value list)
{
    return value_is_list(list) ? list.list->count : 0;
}
/* Borrowed; VALUE_UNSET past the end. */
static inline value value_list_at(value list, size_t i)
{
    return value_is_list(list) && i < list.list->count ? list.list->items[i] : VALUE_NOTHING;
}
void value_list_append(value *list, value item);
void value_list_insert(value *list, size_t at, value item);
void value_list_set(value *list, size_t at, value item);
void value_list_remove(value *list, size_t at);
void value_list_reverse(value *list);
/* A new list of items [from, to). */
value value_list_slice(value list, size_t from, size_t to);
/* All of `more` behind `list`. */
void value_list_extend(value *list, value more);

#define VALUE_LIST_EACH(i, item, sequence)                    \
    for (size_t i = 0, stop_##i = 0; !stop_##i; stop_##i = 1) \
        for (value item; i < value_list_count(sequence) && (item = (sequence).list->items[i], true); i++)

/* ---- maps (VALUE_MAP) and sets (VALUE_SET, keys only) ---- */

static inline size_t value_map_count(value map)
{
    return map.kind == VALUE_MAP || map.kind == VALUE_SET ? map.map->count : 0;
}
/* Borrowed, in order of insertion. */
static inline value value_map_key_at(value map, size_t i)
{
    return map.map->entries[i].key;
}
static inline value value_map_item_at(value map, size_t i)
{
    return map.map->entries[i].item;
}
/* Borrowed; VALUE_UNSET when the key is absent or `map` is no map. */
value value_map_get(value map, const char *key);
value value_map_get_n(value map, const char *key, size_t len);
value value_map_get_value(value map, value key);
static inline bool value_map_has(value map, const char *key)
{
    return value_map_get(map, key).kind != VALUE_UNSET;
}
/* Sets or replaces (a replaced key keeps its place). Takes key and item. The key must be hashable (asserted). */
void value_map_set(value *map, value key, value item);
void value_map_set_text(value *map, const char *key, value item);
/* With an atom made at this place for the key: for field names of the program. */
#define value_map_put(map, literal, item) value_map_set((map), VALUE_ATOM(literal), (item))
/* True when there was one. */
bool value_map_remove(value *map, const char *key);
bool value_map_remove_value(value *map, value key);
/* All entries of `more` set over `map`. */
void value_map_update(value *map, value more);
void value_set_add(value *set, value key);
static inline bool value_set_has(value set, value key)
{
    return value_map_get_value(set, key).kind != VALUE_UNSET;
}

#define VALUE_MAP_EACH(i, map) for (size_t i = 0; i < value_map_count(map); i++)

/* Text of a member, or NULL when it is absent or no string. Borrowed. */
const char *value_map_chars(value map, const char *key);
/* Integer of a member, or `otherwise`. */
int64_t value_map_int(value map, const char *key, int64_t otherwise);
bool value_map_bool(value map, const char *key, bool otherwise);

/* Follow "a.b.0.c" through maps and lists; borrowed; VALUE_UNSET when a step is missing. */
value value_path(value v, const char *dotted);

#endif
