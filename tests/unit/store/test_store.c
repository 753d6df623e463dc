/* SPDX-License-Identifier: Apache-2.0 */
/* The store, through store.h alone: what a backend must do. Lists are held against a model that filters an array. */
#include "../unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "../scratch.h"
#include "base/object_id.h"
#include "store/store.h"

#define T0 1700000000000000LL /* when the tests begin */

struct shop {
    char *directory;
    struct store *store;
};

static struct shop open_shop(void)
{
    struct shop shop = { .directory = scratch_new() };
    ERROR_AUTO(err);

    if (store_open(shop.directory, STORE_CREATE, &shop.store, &err) < 0)
        fail_msg("%s", error_text(&err));
    return shop;
}

static void reopen_shop(struct shop *shop)
{
    ERROR_AUTO(err);

    store_close(shop->store);
    if (store_open(shop->directory, 0, &shop->store, &err) < 0)
        fail_msg("%s", error_text(&err));
}

static void close_shop(struct shop *shop)
{
    store_close(shop->store);
    scratch_free(shop->directory);
}

/* Between OK(store_begin) and OK(store_commit) everything must succeed. */
#define OK(call)                                                \
    do {                                                        \
        ERROR_AUTO(err);                                        \
        int _r = (call);                                        \
        if (_r != 0)                                            \
            fail_msg("%s: %d %s", #call, _r, error_text(&err)); \
    } while (0)

/* ---- objects ---- */

static int collect_refs(void *data, enum object_kind kind, const char *id, const char *ref, value document)
{
    value *list = data;

    value_list_append(list, value_textf("%d %s %s", (int)kind, ref, value_map_chars(document, "v")));
    return 0;
}

static void assert_objects(struct shop *shop, const char *expected)
{
    VALUE_AUTO(list);

    list = value_list_new(0);
    OK(store_objects(store_as_reader(shop->store), collect_refs, &list, &err));
    assert_json(list, expected);
}

static int put(struct shop *shop, enum object_kind kind, const char *id, const char *ref, const char *v)
{
    VALUE_AUTO(document);

    document = value_map_new(1);
    value_map_put(&document, "v", value_text(v));
    return store_object_put(shop->store, kind, id, ref, document, NULL);
}

TEST(objects_are_put_replaced_and_deleted)
{
    struct shop shop = open_shop();

    OK(store_begin(shop.store, &err));
    assert_int_equal(put(&shop, OBJECT_RULE, "b", "p.two", "2"), 0);
    assert_int_equal(put(&shop, OBJECT_RULE, "a", "p.one", "1"), 0);
    assert_int_equal(put(&shop, OBJECT_ACTION, "a", "p.one", "x"), 0);
    assert_int_equal(put(&shop, OBJECT_RULE, "b", "p.three", "3"), 0);
    OK(store_commit(shop.store, &err));
    assert_objects(&shop, "[\"2 p.one x\",\"4 p.one 1\",\"4 p.three 3\"]");

    OK(store_begin(shop.store, &err));
    assert_int_equal(put(&shop, OBJECT_RULE, "c", "p.one", "1"), STORE_CONFLICT);
    assert_int_equal(store_object_delete(shop.store, OBJECT_RULE, "nobody", NULL), STORE_NOT_FOUND);
    assert_int_equal(store_object_delete(shop.store, OBJECT_RULE, "b", NULL), 0);
    OK(store_commit(shop.store, &err));
    reopen_shop(&shop);
    assert_objects(&shop, "[\"2 p.one x\",\"4 p.one 1\"]");
    close_shop(&shop);
}

TEST(what_is_rolled_back_was_never_there)
{
    struct shop shop = open_shop();

    OK(store_begin(shop.store, &err));
    assert_int_equal(put(&shop, OBJECT_RULE, "a", "p.one", "1"), 0);
    store_rollback(shop.store);
    assert_objects(&shop, "[]");
    close_shop(&shop);
}

/* ---- executions ---- */

static const char *const actions[] = { "core.local", "core.noop", "examples.one" };
static const char *const runners[] = { "local-shell-cmd", "noop", "python-script" };
static const char *const users[] = { "ada", "bob" };
static const char *const rules[] = { NULL, "on_webhook", "on_timer" };

static value named(const char *key, const char *text)
{
    value map = value_map_new(1);

    value_map_set_text(&map, key, value_text(text));
    return map;
}

struct model_row {
    int64_t seq, start_us, parent, instance, trace, version;
    int action, user, rule, status;
};

struct model {
    struct model_row *rows;
    size_t n, room;
    uint64_t random;
};

static uint64_t draw(struct model *model, uint64_t below)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random % below;
}

static void insert(struct shop *shop, const struct model_row *m)
{
    struct execution_row row = {
        .seq = m->seq,
        .version = 1,
        .status = (enum execution_status)m->status,
        .start_us = m->start_us,
        .parent = m->parent,
        .instance = m->instance,
        .trace = m->trace,
        .action = named("ref", actions[m->action]),
        .runner = named("name", runners[m->action]),
        .rule = rules[m->rule] ? named("name", rules[m->rule]) : VALUE_NOTHING,
        .context = named("user", users[m->user]),
        .log = { { m->start_us, EXECUTION_REQUESTED } },
        .n_log = 1,
    };

    OK(store_execution_insert(shop->store, &row, &err));
    execution_row_release(&row);
}

/* Executions in order of time, on the average ten a second. */
static void insert_many(struct shop *shop, struct model *model, size_t n)
{
    struct sequence sequence = { model->n ? model->rows[model->n - 1].seq : 0 };
    int64_t now_us = model->n ? model->rows[model->n - 1].start_us : T0;

    for (size_t i = 0; i < n; i++) {
        now_us += (int64_t)draw(model, 200000);
        GROW(model->rows, model->n, model->room);
        model->rows[model->n] = (struct model_row){
            .seq = sequence_next(&sequence, now_us),
            .start_us = now_us,
            .parent = model->n && draw(model, 4) == 0 ? model->rows[draw(model, model->n)].seq : 0,
            .instance = (int64_t)draw(model, 20),
            .trace = (int64_t)draw(model, 30) + 1,
            .version = 1,
            .action = (int)draw(model, 3),
            .user = (int)draw(model, 2),
            .rule = (int)draw(model, 3),
            .status = (int)draw(model, EXECUTION_STATUSES),
        };
        insert(shop, &model->rows[model->n++]);
    }
}

static bool fits(const struct model_row *m, const struct execution_filter *f)
{
    const char *rule = rules[m->rule] ? rules[m->rule] : "";

    if (f->n_ids) {
        size_t i = 0;

        while (i < f->n_ids && f->ids[i] != m->seq)
            i++;
        if (i == f->n_ids)
            return false;
    }
    return !f->no_ids && (!f->action || strcmp(f->action, actions[m->action]) == 0) &&
           (!f->runner || strcmp(f->runner, runners[m->action]) == 0) &&
           (!f->rule || strcmp(f->rule, rule) == 0) && (!f->user || strcmp(f->user, users[m->user]) == 0) &&
           (f->status < 0 || f->status == m->status) && (!f->top_level || !m->parent) &&
           (!f->parent || f->parent == m->parent) && (!f->instance || f->instance == m->instance) &&
           (!f->trace || f->trace == m->trace) && (!f->after_us || m->start_us > f->after_us) &&
           (!f->before_us || m->start_us < f->before_us) && (!f->from_us || m->start_us >= f->from_us) &&
           (!f->to_us || m->start_us <= f->to_us);
}

struct page {
    int64_t *seqs;
    size_t n, room;
};

static int collect_seq(void *data, struct execution_row *row)
{
    struct page *page = data;

    GROW(page->seqs, page->n, page->room);
    page->seqs[page->n++] = row->seq;
    return 0;
}

static void assert_list(struct store_reader *reader, const struct model *model,
                        const struct execution_filter *f)
{
    struct page page = { 0 };
    int64_t total = -1, expected = 0;
    size_t at = 0;

    OK(store_executions(reader, f, 0, collect_seq, &page, &total, &err));
    for (size_t i = 0; i < model->n; i++) {
        const struct model_row *m = &model->rows[f->ascending ? i : model->n - 1 - i];

        if (!fits(m, f))
            continue;
        if (expected >= f->offset && (f->limit < 0 || expected < f->offset + f->limit)) {
            assert_true(at < page.n);
            assert_int_equal(page.seqs[at], m->seq);
            at++;
        }
        expected++;
    }
    assert_int_equal(total, expected);
    assert_int_equal(page.n, at);
    free(page.seqs);
}

/* Each filter is there in one list of four or so; one more bit decides where the page lies. */
static void assert_random_list(struct store_reader *reader, struct model *model)
{
    static const int64_t limits[] = { 0, 1, 10, 100, 5000, -1 };
    const struct model_row *one = &model->rows[draw(model, model->n)],
                           *two = &model->rows[draw(model, model->n)];
    int64_t ids[3] = { one->seq, two->seq, 12345 };
    struct execution_filter f = { .status = -1 };
    bool others = draw(model, 2);

    if (draw(model, 3) == 0)
        f.action = draw(model, 10) ? actions[one->action] : "no.such";
    if (draw(model, 3) == 0)
        f.status = one->status;
    if (draw(model, 4) == 0)
        f.after_us = one->start_us + (int64_t)draw(model, 3) - 1;
    if (draw(model, 4) == 0)
        f.before_us = two->start_us + (int64_t)draw(model, 3) - 1;
    if (draw(model, 6) == 0)
        f.from_us = one->start_us;
    if (draw(model, 6) == 0)
        f.to_us = two->start_us;
    if (others && draw(model, 4) == 0)
        f.runner = runners[one->action];
    if (others && draw(model, 4) == 0)
        f.rule = rules[one->rule] ? rules[one->rule] : "";
    if (others && draw(model, 4) == 0)
        f.user = users[one->user];
    if (others && draw(model, 4) == 0)
        f.parent = one->parent;
    f.top_level = others && draw(model, 4) == 0;
    if (others && draw(model, 4) == 0)
        f.instance = one->instance;
    if (others && draw(model, 4) == 0)
        f.trace = one->trace;
    if (others && draw(model, 8) == 0) {
        f.ids = ids;
        f.n_ids = 3;
    }
    f.no_ids = others && draw(model, 20) == 0 && !f.n_ids;
    f.ascending = draw(model, 2);
    f.offset = draw(model, 2) ? (int64_t)draw(model, model->n + 100) : (int64_t)draw(model, 20);
    f.limit = limits[draw(model, ELEMENTS(limits))];
    assert_list(reader, model, &f);
}

static void assert_tallies(struct store_reader *reader, const struct model *model)
{
    struct store_figures figures;
    int64_t expected[EXECUTION_STATUSES] = { 0 };

    for (size_t i = 0; i < model->n; i++)
        expected[model->rows[i].status]++;
    OK(store_figures(reader, &figures, &err));
    for (int i = 0; i < EXECUTION_STATUSES; i++)
        assert_int_equal(figures.by_status[i], expected[i]);
}

static void change(struct shop *shop, struct model_row *m, int status)
{
    struct execution_row row;

    OK(store_execution_get(store_as_reader(shop->store), m->seq, 0, &row, &err));
    assert_int_equal(row.version, m->version);
    row.status = (enum execution_status)status;
    OK(store_execution_update(shop->store, &row, &err));
    execution_row_release(&row);
    m->status = status;
    m->version++;
}

static void change_many(struct shop *shop, struct model *model, size_t n)
{
    for (size_t i = 0; i < n; i++)
        change(shop, &model->rows[draw(model, model->n)], (int)draw(model, EXECUTION_STATUSES));
}

TEST(lists_and_counts_agree_with_a_plain_array)
{
    struct shop shop = open_shop();
    struct model model = { .random = 88172645463325252ULL };
    struct store_reader *reader;
    struct model_row *before;

    OK(store_begin(shop.store, &err));
    insert_many(&shop, &model, 9000);
    OK(store_commit(shop.store, &err));
    OK(store_reader_open(shop.store, &reader, &err));
    for (int i = 0; i < 300; i++)
        assert_random_list(reader, &model);
    assert_tallies(reader, &model);

    OK(store_begin(shop.store, &err));
    change_many(&shop, &model, 500);
    OK(store_commit(shop.store, &err));
    for (int i = 0; i < 100; i++)
        assert_random_list(reader, &model);
    assert_tallies(reader, &model);

    /* The writer sees what it has not committed; nobody sees what was rolled back. */
    before = xmemdup(model.rows, model.n * sizeof(model.rows[0]));
    OK(store_begin(shop.store, &err));
    change_many(&shop, &model, 500);
    store_rollback(shop.store);
    memcpy(model.rows, before, model.n * sizeof(model.rows[0]));
    free(before);
    assert_tallies(store_as_reader(shop.store), &model);

    /* Rows that fall into a block after a rollback and after a restart are counted in it. */
    OK(store_begin(shop.store, &err));
    insert_many(&shop, &model, 700);
    store_rollback(shop.store);
    model.n -= 700;
    store_reader_close(reader);
    reopen_shop(&shop);
    OK(store_begin(shop.store, &err));
    insert_many(&shop, &model, 5000);
    OK(store_commit(shop.store, &err));
    for (int i = 0; i < 100; i++)
        assert_random_list(store_as_reader(shop.store), &model);
    assert_tallies(store_as_reader(shop.store), &model);
    free(model.rows);
    close_shop(&shop);
}

TEST(an_update_names_the_version_it_started_from)
{
    struct shop shop = open_shop();
    struct model_row m = { .seq = sequence_at(T0) + 1, .start_us = T0, .version = 1 };
    struct execution_row row, stale, nobody = { .seq = 5 };
    ERROR_AUTO(reason);

    OK(store_begin(shop.store, &err));
    insert(&shop, &m);
    OK(store_execution_get(store_as_reader(shop.store), m.seq, 0, &row, &err));
    OK(store_execution_get(store_as_reader(shop.store), m.seq, 0, &stale, &err));
    row.status = EXECUTION_SUCCEEDED;
    row.result = from_json("{\"a\": [1, \"\\u00e4\"]}");
    row.log[row.n_log++] = (struct execution_log_entry){ T0 + 5, EXECUTION_SUCCEEDED };
    OK(store_execution_update(shop.store, &row, &err));
    assert_int_equal(row.version, 2);
    stale.status = EXECUTION_FAILED;
    assert_int_equal(store_execution_update(shop.store, &stale, &reason), STORE_CONFLICT);
    assert_int_equal(store_execution_update(shop.store, &nobody, &reason), STORE_NOT_FOUND);
    OK(store_commit(shop.store, &err));
    execution_row_release(&row);
    execution_row_release(&stale);

    reopen_shop(&shop);
    OK(store_execution_get(store_as_reader(shop.store), m.seq, EXECUTION_RESULT, &row, &err));
    assert_int_equal(row.status, EXECUTION_SUCCEEDED);
    assert_int_equal(row.n_log, 2);
    assert_int_equal(row.log[1].at_us, T0 + 5);
    assert_json(row.result, "{\"a\":[1,\"ä\"]}");
    assert_string_equal(value_map_chars(row.action, "ref"), "core.local");
    execution_row_release(&row);
    assert_int_equal(store_execution_get(store_as_reader(shop.store), 7, 0, &row, NULL), STORE_NOT_FOUND);
    assert_int_equal(store_last_sequence(shop.store), m.seq);
    close_shop(&shop);
}

TEST(active_ones_and_children_are_found)
{
    struct shop shop = open_shop();
    struct model model = { .random = 99 };
    int64_t *seqs;
    size_t n, at = 0;

    OK(store_begin(shop.store, &err));
    insert_many(&shop, &model, 200);
    OK(store_commit(shop.store, &err));
    OK(store_executions_active(store_as_reader(shop.store), &seqs, &n, &err));
    for (size_t i = 0; i < model.n; i++)
        if (model.rows[i].status < EXECUTION_FIRST_COMPLETED)
            assert_int_equal(seqs[at++], model.rows[i].seq);
    assert_int_equal(at, n);
    free(seqs);
    at = 0;
    OK(store_execution_children(store_as_reader(shop.store), model.rows[0].seq, &seqs, &n, &err));
    for (size_t i = 0; i < model.n; i++)
        if (model.rows[i].parent == model.rows[0].seq)
            assert_int_equal(seqs[at++], model.rows[i].seq);
    assert_int_equal(at, n);
    free(seqs);
    free(model.rows);
    close_shop(&shop);
}

static int collect_output(void *data, int64_t number, int64_t at_us, const char *type, const char *text,
                          size_t n)
{
    value_list_append(data, value_textf("%lld %s %.*s", (long long)number, type, (int)n, text));
    return 0;
}

TEST(output_keeps_its_order)
{
    struct shop shop = open_shop();
    VALUE_AUTO(list);

    list = value_list_new(0);
    OK(store_begin(shop.store, &err));
    OK(store_output_append(shop.store, 9, T0, "stdout", "one", 3, &err));
    OK(store_output_append(shop.store, 9, T0, "stderr", "two", 3, &err));
    OK(store_output_append(shop.store, 8, T0, "stdout", "other", 5, &err));
    OK(store_output_append(shop.store, 9, T0, "stdout", "three", 5, &err));
    OK(store_commit(shop.store, &err));
    OK(store_outputs(store_as_reader(shop.store), 9, NULL, 1, collect_output, &list, &err));
    OK(store_outputs(store_as_reader(shop.store), 9, "stdout", 0, collect_output, &list, &err));
    assert_json(list, "[\"2 stderr two\",\"3 stdout three\",\"1 stdout one\",\"3 stdout three\"]");
    close_shop(&shop);
}

/* ---- events ---- */

static int count_instance(void *data, struct instance_row *row)
{
    value_list_append(data, value_textf("%s %d", row->trigger, (int)row->seq));
    return 0;
}

static int count_enforcement(void *data, struct enforcement_row *row)
{
    value_list_append(
        data, value_textf("%s %d %s", row->rule_ref, (int)row->seq, row->failure ? row->failure : "-"));
    return 0;
}

static int count_trace(void *data, struct trace_row *row)
{
    value_list_append(data, value_textf("%s %d", row->tag, (int)row->seq));
    return 0;
}

TEST(events_are_listed_by_what_they_belong_to)
{
    static const char *const triggers[] = { "p.a", "unknown" };
    struct shop shop = open_shop();
    struct store_reader *reader = store_as_reader(shop.store);
    struct instance_row instance = { .at_us = T0, .trace = 100, .payload = from_json("{\"k\":1}") }, got;
    struct enforcement_row enforcement = { .at_us = T0, .trace = 100, .rule_id = (char *)"r1" };
    struct event_filter f = { .limit = -1, .ascending = true };
    int64_t total;
    VALUE_AUTO(list);

    list = value_list_new(0);
    OK(store_begin(shop.store, &err));
    for (int i = 1; i <= 4; i++) {
        instance.seq = i;
        instance.trigger = (char *)(i % 2 ? "p.a" : "p.b");
        OK(store_instance_insert(shop.store, &instance, &err));
        enforcement.seq = 10 + i;
        enforcement.instance = i;
        enforcement.execution = i == 1 ? 77 : 0;
        enforcement.rule_ref = (char *)(i < 3 ? "p.rule" : "p.other");
        enforcement.failure = (char *)(i == 2 ? "no" : NULL);
        OK(store_enforcement_insert(shop.store, &enforcement, &err));
    }
    OK(store_trace_insert(shop.store, 100, "tag-1", T0, &err));
    OK(store_trace_insert(shop.store, 101, "tag-2", T0, &err));
    OK(store_commit(shop.store, &err));

    f.triggers = triggers;
    f.n_triggers = 2;
    OK(store_instances(reader, &f, count_instance, &list, &total, &err));
    assert_int_equal(total, 2);
    f = (struct event_filter){ .limit = 1, .offset = 1, .rule_ref = "p.rule" };
    OK(store_enforcements(reader, &f, count_enforcement, &list, &total, &err));
    assert_int_equal(total, 2);
    f = (struct event_filter){ .limit = -1, .execution = 77, .rule_id = "r1" };
    OK(store_enforcements(reader, &f, count_enforcement, &list, &total, &err));
    f = (struct event_filter){ .limit = -1, .tag = "tag-2" };
    OK(store_traces(reader, &f, count_trace, &list, &total, &err));
    f = (struct event_filter){ .limit = -1, .rule = "p.rule" };
    OK(store_traces(reader, &f, count_trace, &list, &total, &err));
    assert_json(list, "[\"p.a 1\",\"p.a 3\",\"p.rule 11 -\",\"p.rule 11 -\",\"tag-2 101\",\"tag-1 100\"]");

    OK(store_instance_get(reader, 3, &got, &err));
    assert_json(got.payload, "{\"k\":1}");
    instance_row_release(&got);
    assert_int_equal(store_instance_get(reader, 9, &got, NULL), STORE_NOT_FOUND);
    value_unref(instance.payload);
    close_shop(&shop);
}

/* ---- the file ---- */

static int open_again(struct shop *shop, struct error *err)
{
    int r = store_open(shop->directory, 0, &shop->store, err);

    if (r < 0)
        shop->store = NULL;
    return r;
}

TEST(a_newer_schema_is_refused)
{
    struct shop shop = open_shop();
    char *path = xasprintf("%s/fulmar.db", shop.directory);
    sqlite3 *db;
    ERROR_AUTO(reason);

    store_close(shop.store);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=999", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_true(open_again(&shop, &reason) < 0);
    assert_non_null(strstr(error_text(&reason), "newer version"));
    free(path);
    close_shop(&shop);
}

static void overwrite(const char *directory, off_t from, size_t n)
{
    char *path = xasprintf("%s/fulmar.db", directory), *rubbish = xcalloc(1, n);
    int fd = open(path, O_WRONLY);

    memset(rubbish, 'x', n);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, rubbish, n, from), n);
    close(fd);
    free(rubbish);
    free(path);
}

static void fill(struct shop *shop)
{
    struct model model = { .random = 7 };

    OK(store_begin(shop->store, &err));
    insert_many(shop, &model, 500);
    OK(store_commit(shop->store, &err));
    free(model.rows);
}

TEST(a_file_that_is_no_database_is_refused)
{
    struct shop shop = open_shop();
    ERROR_AUTO(reason);

    store_close(shop.store);
    overwrite(shop.directory, 0, 4096);
    assert_int_equal(open_again(&shop, &reason), -EIO);
    assert_non_null(strstr(error_text(&reason), "not a database"));
    assert_non_null(strstr(error_text(&reason), shop.directory));
    close_shop(&shop);
}

TEST(a_damaged_file_is_refused_and_the_check_says_so)
{
    struct shop shop = open_shop();
    struct stat info;
    char *path = xasprintf("%s/fulmar.db", shop.directory);
    VALUE_AUTO(problems);
    ERROR_AUTO(reason);
    int r;

    fill(&shop);
    store_close(shop.store);
    assert_int_equal(stat(path, &info), 0);
    overwrite(shop.directory, 4096, (size_t)info.st_size - 4096);
    assert_true(open_again(&shop, &reason) < 0);
    assert_non_null(strstr(error_text(&reason), "damaged"));
    r = store_check(shop.directory, &problems, NULL);
    assert_true(r < 0 || value_list_count(problems) > 0);
    free(path);
    close_shop(&shop);
}

TEST(a_backup_is_a_store)
{
    struct shop shop = open_shop(), copy = { .directory = scratch_new() };
    char *file = xasprintf("%s/fulmar.db", copy.directory);
    struct store_figures mine, its;
    VALUE_AUTO(problems);

    fill(&shop);
    OK(store_backup(shop.directory, file, &err));
    OK(store_open(copy.directory, 0, &copy.store, &err));
    OK(store_figures(store_as_reader(shop.store), &mine, &err));
    OK(store_figures(store_as_reader(copy.store), &its, &err));
    assert_memory_equal(&mine, &its, sizeof(mine));
    assert_true(store_id(store_as_reader(shop.store)) == store_id(store_as_reader(copy.store)));
    OK(store_check(copy.directory, &problems, &err));
    assert_json(problems, "[]");
    free(file);
    close_shop(&copy);
    close_shop(&shop);
}

TEST(a_store_that_is_not_there_is_not_made)
{
    char *directory = scratch_new();
    struct store *store;
    ERROR_AUTO(reason);

    assert_int_equal(store_open(directory, 0, &store, &reason), -ENOENT);
    scratch_free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_put_replaced_and_deleted),
        cmocka_unit_test(what_is_rolled_back_was_never_there),
        cmocka_unit_test(lists_and_counts_agree_with_a_plain_array),
        cmocka_unit_test(an_update_names_the_version_it_started_from),
        cmocka_unit_test(active_ones_and_children_are_found),
        cmocka_unit_test(output_keeps_its_order),
        cmocka_unit_test(events_are_listed_by_what_they_belong_to),
        cmocka_unit_test(a_newer_schema_is_refused),
        cmocka_unit_test(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(a_damaged_file_is_refused_and_the_check_says_so),
        cmocka_unit_test(a_backup_is_a_store),
        cmocka_unit_test(a_store_that_is_not_there_is_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
