/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling, caching and searching. Substitution, splitting and the like, which are made of searches, are in
   pyregex_walk.c. */
#include "value/pyregex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/limit.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "value/pyregex-internal.h"

#define CACHE_ENTRIES_MAX 1024
#define CACHE_BYTES_MAX   (4u << 20) /* of patterns */
#define HEAP_LIMIT_KIB    16384

struct pyregex {
    _Atomic unsigned refs;
    pcre2_code *code;
    value pattern;
    unsigned flags; /* with those the pattern sets itself */
    unsigned n_groups;
    char **names;
    /* in the cache: neighbours by last use, and the key */
    struct pyregex *newer, *older;
    char *key;
    size_t key_len;
};

/* ---- life ---- */

struct pyregex *pyregex_ref(struct pyregex *regex)
{
    __atomic_fetch_add((unsigned *)&regex->refs, 1, __ATOMIC_RELAXED);
    return regex;
}

void pyregex_unref(struct pyregex *regex)
{
    if (!regex || __atomic_sub_fetch((unsigned *)&regex->refs, 1, __ATOMIC_ACQ_REL))
        return;
    pcre2_code_free(regex->code);
    value_unref(regex->pattern);
    for (unsigned i = 0; i < regex->n_groups; i++)
        free(regex->names[i]);
    free(regex->names);
    free(regex->key);
    free(regex);
}

void pyregex_unrefp(struct pyregex **regex)
{
    pyregex_unref(*regex);
}

/* ---- compiling ---- */

static int compile_failed(int code, struct error *err)
{
    PCRE2_UCHAR text[200];

    if (code == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH)
        return error_set_kind(err, -EINVAL, "error", "look-behind requires fixed-width pattern");
    if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
        text[0] = '\0';
    return error_set_kind(err, -EINVAL, "error", "the regular expression cannot be used: %s",
                          (const char *)text);
}

static pcre2_code *compile_code(const struct pyregex_parsed *parsed, struct error *err)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    /* Read by PCRE2 as bounds that hold for every match of this pattern. */
    BUFFER_AUTO(text);
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_ALT_CIRCUMFLEX |
                       PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    pcre2_code *code;
    PCRE2_SIZE where;
    int problem;

    if (parsed->flags & PYREGEX_IGNORECASE)
        options |= PCRE2_CASELESS;
    if (parsed->flags & PYREGEX_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (parsed->flags & PYREGEX_DOTALL)
        options |= PCRE2_DOTALL;
    buffer_addf(&text, "(*LIMIT_MATCH=%u)(*LIMIT_HEAP=%u)", PYREGEX_MATCH_LIMIT, HEAP_LIMIT_KIB);
    buffer_add(&text, buffer_text(&parsed->out), parsed->out.len);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    code = pcre2_compile((PCRE2_SPTR)text.data, text.len, options, &problem, &where, context);
    pcre2_compile_context_free(context);
    if (!code) {
        compile_failed(problem, err);
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it matching is slower, nothing else */
    return code;
}

static int compile(const char *pattern, size_t n, unsigned flags, struct pyregex **ret, struct error *err)
{
    struct pyregex_parsed parsed;
    struct pyregex *regex;
    pcre2_code *code;
    int r;

    if (n > PYREGEX_PATTERN_MAX)
        return error_set_kind(err, -E2BIG, "error", "the regular expression is longer than %d bytes",
                              PYREGEX_PATTERN_MAX);
    r = pyregex_parse(pattern, n, flags, &parsed, err);
    if (r < 0)
        return r;
    code = compile_code(&parsed, err);
    if (!code) {
        pyregex_parsed_release(&parsed);
        return -EINVAL;
    }
    regex = xcalloc(1, sizeof(*regex));
    regex->refs = 1;
    regex->code = code;
    regex->pattern = value_text_n(pattern, n);
    regex->flags = parsed.flags;
    regex->n_groups = parsed.n_groups;
    regex->names = xmemdup(parsed.names, (parsed.n_groups + 1) * sizeof(char *));
    free(parsed.names);
    buffer_release(&parsed.out);
    *ret = regex;
    return 0;
}

/* ---- the cache: by pattern and flags, the least recently used goes first ---- */

static struct {
    pthread_mutex_t lock;
    struct strmap map;
    struct pyregex *newest, *oldest;
    size_t bytes;
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void cache_unlink(struct pyregex *regex)
{
    *(regex->newer ? &regex->newer->older : &cache.newest) = regex->older;
    *(regex->older ? &regex->older->newer : &cache.oldest) = regex->newer;
    regex->newer = regex->older = NULL;
}

static void cache_link_newest(struct pyregex *regex)
{
    regex->older = cache.newest;
    regex->newer = NULL;
    *(cache.newest ? &cache.newest->newer : &cache.oldest) = regex;
    cache.newest = regex;
}

static void cache_drop_oldest(void)
{
    struct pyregex *regex = cache.oldest;

    cache_unlink(regex);
    strmap_remove(&cache.map, regex->key);
    cache.bytes -= regex->key_len;
    pyregex_unref(regex);
}

static struct pyregex *cache_get(const char *key, size_t len)
{
    struct pyregex *regex = strmap_get_n(&cache.map, key, len);

    if (!regex)
        return NULL;
    cache_unlink(regex);
    cache_link_newest(regex);
    return pyregex_ref(regex);
}

static void cache_add(struct pyregex *regex, const char *key, size_t len)
{
    if (strmap_get_n(&cache.map, key, len))
        return; /* another thread was quicker */
    regex->key = xstrndup(key, len);
    regex->key_len = len;
    strmap_set_n(&cache.map, key, len, pyregex_ref(regex));
    cache_link_newest(regex);
    cache.bytes += len;
    while (cache.map.count > CACHE_ENTRIES_MAX || cache.bytes > CACHE_BYTES_MAX)
        cache_drop_oldest();
}

int pyregex_get(const char *pattern, size_t n, unsigned flags, struct pyregex **ret, struct error *err)
{
    BUFFER_AUTO(key);
    struct pyregex *regex = NULL;
    /* Keys are C strings in the cache: a pattern with a NUL in it is compiled each time. */
    bool cached = n <= PYREGEX_PATTERN_MAX && !memchr(pattern, 0, n);
    int r;

    if (cached) {
        buffer_add_char(&key, (char)('A' + (flags & 31)));
        buffer_add(&key, pattern, n);
        pthread_mutex_lock(&cache.lock);
        regex = cache_get(key.data, key.len);
        pthread_mutex_unlock(&cache.lock);
    }
    if (!regex) {
        r = compile(pattern, n, flags, &regex, err);
        if (r < 0)
            return r;
        if (cached) {
            pthread_mutex_lock(&cache.lock);
            cache_add(regex, key.data, key.len);
            pthread_mutex_unlock(&cache.lock);
        }
    }
    *ret = regex;
    return 0;
}

/* ---- asking ---- */

value pyregex_pattern(const struct pyregex *regex)
{
    return value_ref(regex->pattern);
}

unsigned pyregex_flags_of(const struct pyregex *regex)
{
    return regex->flags;
}

unsigned pyregex_groups(const struct pyregex *regex)
{
    return regex->n_groups;
}

const char *pyregex_group_name(const struct pyregex *regex, unsigned group)
{
    return group >= 1 && group <= regex->n_groups ? regex->names[group - 1] : NULL;
}

unsigned pyregex_group_number(const struct pyregex *regex, const char *name, size_t n)
{
    for (unsigned i = 0; i < regex->n_groups; i++)
        if (regex->names[i] && strlen(regex->names[i]) == n && memcmp(regex->names[i], name, n) == 0)
            return i + 1;
    return 0;
}

/* ---- searching ---- */

#define TAKES_TOO_LONG 1000000 /* an outcome beside PCRE2's codes */

/* PCRE2's match limit counts the backtracks of one starting point, so a text with many of them could still take hours, and
   loops over single characters are not counted at all. A text is therefore searched in windows of starting points. Each
   window may take so much work that it is over in a millisecond or so; one that needs more is searched anew in smaller
   ones, down to single starting points with the whole limit. What is found in the first, small window costs nothing extra,
   and that is nearly everything; from then on the clock is looked at between windows. */
#define FIRST_WIDTH     64   /* starting points */
#define FIRST_WORK      1024 /* backtracks, over all of them */
#define WINDOW_WORK     65536
#define WINDOW_CHARS    (1u << 25) /* starting points times length of the text */
#define BUDGET_US       20000      /* processor time of one evaluation, or of one search outside of them */
#define BUDGET_BYTES_US 100        /* so many bytes of the longest text add one microsecond */

static _Thread_local struct pyregex_budget budget;

void pyregex_budget_begin(struct pyregex_budget *outer)
{
    *outer = budget;
    if (!outer->shared)
        budget = (struct pyregex_budget){ .shared = true };
}

void pyregex_budget_end(const struct pyregex_budget *outer)
{
    if (!outer->shared)
        budget = *outer;
}

void pyregex_spend(int64_t us)
{
    budget.spent_us += us;
}

static int64_t budget_us(void)
{
    return BUDGET_US + (int64_t)(budget.longest / BUDGET_BYTES_US);
}

static int match_failed(int code, uint32_t limit, struct error *err)
{
    if (code == TAKES_TOO_LONG)
        return limit_exceeded(err, LIMIT_REGEX_TIME, (uint64_t)budget_us());
    if (code == PCRE2_ERROR_MATCHLIMIT || code == PCRE2_ERROR_DEPTHLIMIT)
        return limit_exceeded(err, LIMIT_REGEX, limit ? limit : PYREGEX_MATCH_LIMIT);
    if (code == PCRE2_ERROR_HEAPLIMIT || code == PCRE2_ERROR_JIT_STACKLIMIT)
        return limit_exceeded(err, LIMIT_REGEX_MEMORY, HEAP_LIMIT_KIB * 1024);
    return error_set_kind(err, -EIO, "error", "the regular expression failed (%d)", code);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The time since the first window. The cheap clock is enough until it says that the time is over: it counts what other
   threads were given, too. */
struct watch {
    bool runs;
    int64_t clock, cpu;
};

static void watch_start(struct watch *watch)
{
    watch->runs = true;
    watch->clock = clock_us(CLOCK_MONOTONIC);
    watch->cpu = clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static bool watch_over(const struct watch *watch)
{
    int64_t left = budget_us() - budget.spent_us;

    return clock_us(CLOCK_MONOTONIC) - watch->clock > left &&
           clock_us(CLOCK_THREAD_CPUTIME_ID) - watch->cpu > left;
}

static void watch_stop(const struct watch *watch)
{
    if (watch->runs)
        budget.spent_us += clock_us(CLOCK_THREAD_CPUTIME_ID) - watch->cpu;
}

static int run_once(const struct pyregex *regex, const char *text, size_t n, size_t from, uint32_t options,
                    pcre2_match_data *data, pcre2_match_context *context)
{
    int r = pcre2_match(regex->code, (PCRE2_SPTR)text, n, from, options, data, context);

    if (r == PCRE2_ERROR_JIT_STACKLIMIT)
        r = pcre2_match(regex->code, (PCRE2_SPTR)text, n, from, options | PCRE2_NO_JIT, data, context);
    return r;
}

static size_t next_char(const char *text, size_t n, size_t at)
{
    while (at < n && ((unsigned char)text[at] & 0xc0) == 0x80)
        at++;
    return at < n ? at : n;
}

static int run_windows(const struct pyregex *regex, const char *text, size_t n, size_t from, uint32_t options,
                       uint32_t limit, pcre2_match_data *data, pcre2_match_context *context,
                       struct watch *watch)
{
    size_t width = options & PCRE2_ANCHORED ? 1 : FIRST_WIDTH, most = WINDOW_CHARS / (n + 1),
           work = FIRST_WORK;

    most = most < FIRST_WIDTH ? FIRST_WIDTH : most;
    for (;;) {
        size_t last = width > n - from || options & PCRE2_ANCHORED ? n : next_char(text, n, from + width);
        size_t points = options & PCRE2_ANCHORED ? 1 : last - from + 1;
        uint32_t allowed = work / points < limit ? (uint32_t)(work / points) : limit;
        int r;

        pcre2_set_match_limit(context, allowed ? allowed : 1);
        pcre2_set_offset_limit(context, last == n ? PCRE2_UNSET : last);
        r = run_once(regex, text, n, from, options, data, context);
        if (r == PCRE2_ERROR_MATCHLIMIT && allowed < limit) {
            work = width == 1 ? limit * (size_t)points : WINDOW_WORK;
            width = width > 8 ? width / 8 : 1;
        } else if (r != PCRE2_ERROR_NOMATCH || last == n) {
            return r;
        } else {
            /* The next starting point; only at the first one an empty match may be refused. */
            from = next_char(text, n, last + 1);
            options &= ~(uint32_t)PCRE2_NOTEMPTY_ATSTART;
            width = width * 2 < most ? width * 2 : most;
            work = WINDOW_WORK;
        }
        if (!watch->runs)
            watch_start(watch);
        else if (watch_over(watch))
            return TAKES_TOO_LONG;
    }
}

/* PCRE2's code: positive, PCRE2_ERROR_NOMATCH or another error; or TAKES_TOO_LONG. */
static int run(const struct pyregex *regex, const char *text, size_t n, size_t from, uint32_t options,
               uint32_t limit, pcre2_match_data *data)
{
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    struct watch watch = { 0 };
    int r;

    if (!budget.shared)
        budget = (struct pyregex_budget){ 0 };
    if (n > budget.longest)
        budget.longest = n;
    if (!limit || limit > PYREGEX_MATCH_LIMIT)
        limit = PYREGEX_MATCH_LIMIT;
    if (budget.spent_us > budget_us()) {
        pcre2_match_context_free(context);
        return TAKES_TOO_LONG;
    }
    r = run_windows(regex, text, n, from, options | PCRE2_NO_UTF_CHECK, limit, data, context, &watch);
    watch_stop(&watch);
    pcre2_match_context_free(context);
    return r;
}

static uint32_t anchor_options(enum pyregex_anchor anchor)
{
    return anchor == PYREGEX_SEARCH  ? 0
           : anchor == PYREGEX_MATCH ? PCRE2_ANCHORED
                                     : PCRE2_ANCHORED | PCRE2_ENDANCHORED;
}

int pyregex_test(const struct pyregex *regex, const char *text, size_t n, enum pyregex_anchor anchor,
                 uint32_t limit, bool *ret, struct error *err)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int r = run(regex, text, n, 0, anchor_options(anchor), limit, data);

    pcre2_match_data_free(data);
    if ((r < 0 && r != PCRE2_ERROR_NOMATCH) || r == TAKES_TOO_LONG)
        return match_failed(r, limit, err);
    *ret = r >= 0;
    return 0;
}

int pyregex_find(const struct pyregex *regex, const char *text, size_t n, size_t from,
                 enum pyregex_anchor anchor, bool must_advance, uint32_t limit, struct pyregex_match *match,
                 struct error *err)
{
    uint32_t options = anchor_options(anchor) | (must_advance ? PCRE2_NOTEMPTY_ATSTART : 0);
    int r;

    if (match->data && match->regex != regex)
        pyregex_match_release(match);
    if (!match->data)
        match->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    match->regex = regex;
    match->text = text;
    match->len = n;
    r = run(regex, text, n, from, options, limit, match->data);
    if (r == PCRE2_ERROR_NOMATCH)
        return PYREGEX_NO_MATCH;
    return r < 0 || r == TAKES_TOO_LONG ? match_failed(r, limit, err) : 0;
}

void pyregex_match_release(struct pyregex_match *match)
{
    pcre2_match_data_free(match->data);
    *match = (struct pyregex_match){ 0 };
}

bool pyregex_span(const struct pyregex_match *match, unsigned group, size_t *ret_start, size_t *ret_end)
{
    const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(match->data);

    if (group > match->regex->n_groups || spans[2 * group] == PCRE2_UNSET)
        return false;
    *ret_start = spans[2 * group];
    *ret_end = spans[2 * group + 1];
    return true;
}

value pyregex_group(const struct pyregex_match *match, unsigned group)
{
    size_t start, end;

    if (!pyregex_span(match, group, &start, &end))
        return value_null();
    return value_text_n(match->text + start, end - start);
}
