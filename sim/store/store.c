/*
 * store.c - see store.h
 *
 * The write-ahead log makes a commit one append, and leaves the file whole whenever we die. Two
 * processes may write one file: each waits for the other's batch, and the same row again is ignored.
 */
#include "store/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    STORE_APPLICATION = 0x464C544C,
    STORE_SCHEMA = 1,
    STORE_WAIT_MS = 30000,
    STORE_ASK_AGAIN_MS = 5
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *put;
    char why[STORE_WHY_BYTES];
    int code; /* SQLite's, of what failed last */
};

static const char store_schema[] =
    "CREATE TABLE IF NOT EXISTS run(id INTEGER PRIMARY KEY, file TEXT NOT NULL,"
    " identity TEXT NOT NULL, version TEXT NOT NULL, seed TEXT NOT NULL, points INTEGER NOT NULL,"
    " params TEXT NOT NULL, UNIQUE(identity, version, seed));"
    "CREATE TABLE IF NOT EXISTS result(run INTEGER NOT NULL, point INTEGER NOT NULL,"
    " ordinal INTEGER NOT NULL, profile TEXT NOT NULL, verdict TEXT NOT NULL, stop TEXT NOT NULL,"
    " digest TEXT NOT NULL, params TEXT NOT NULL, counted TEXT NOT NULL,"
    " PRIMARY KEY(run, point, ordinal)) WITHOUT ROWID;";

/* ---- trouble ---- */

const char *
store_why(const struct store *store)
{
    return store->why;
}

static bool
store_fail(struct store *store, const char *what)
{
    store->code = sqlite3_errcode(store->db) & 0xff;
    snprintf(store->why, sizeof(store->why), "%s%s%s", what, what[0] == '\0' ? "" : ": ",
             sqlite3_errmsg(store->db));
    return false;
}

/* ---- statements ---- */

static bool
store_exec(struct store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(store, "");
}

static sqlite3_stmt *
store_prepare(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
        store_fail(store, "");
    return statement;
}

static void
store_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void
store_bind_hex(sqlite3_stmt *statement, int at, uint64_t value)
{
    char text[20];

    snprintf(text, sizeof(text), "%016" PRIx64, value);
    store_bind_text(statement, at, text);
}

static const char *
store_column(sqlite3_stmt *statement, int at)
{
    const unsigned char *text = sqlite3_column_text(statement, at);

    return text == NULL ? "" : (const char *)text;
}

static uint64_t
store_column_hex(sqlite3_stmt *statement, int at)
{
    return strtoull(store_column(statement, at), NULL, 16);
}

/* Steps a statement that gives nothing, and ends it. */
static bool
store_finish(struct store *store, sqlite3_stmt *statement)
{
    bool is_done = statement != NULL && sqlite3_step(statement) == SQLITE_DONE;

    if (!is_done && statement != NULL)
        store_fail(store, "");
    sqlite3_finalize(statement);
    return is_done;
}

static bool
store_number(struct store *store, const char *sql, int64_t *number)
{
    sqlite3_stmt *statement = store_prepare(store, sql);
    bool found = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;

    if (found)
        *number = sqlite3_column_int64(statement, 0);
    else if (statement != NULL)
        store_fail(store, "");
    sqlite3_finalize(statement);
    return found;
}

/* ---- opening ---- */

/* Whose the file is; one that is not ours stays as it is, byte for byte. */
static bool
store_check_owner(struct store *store, bool may_be_empty, bool *is_empty)
{
    int64_t owner = 0, schema = 0, tables = 0;

    if (!store_number(store, "PRAGMA application_id", &owner) ||
        !store_number(store, "PRAGMA user_version", &schema) ||
        !store_number(store, "SELECT count(*) FROM sqlite_schema", &tables))
        return false;
    *is_empty = owner == 0 && tables == 0;
    if ((owner == STORE_APPLICATION && schema == STORE_SCHEMA) || (*is_empty && may_be_empty))
        return true;
    snprintf(store->why, sizeof(store->why), "%s",
             owner == STORE_APPLICATION ? "its results have another layout than this version's"
                                        : "not a results file of faultline");
    return false;
}

/* An empty file becomes ours. Under the lock: another process may have made it since we looked. */
static bool
store_make(struct store *store)
{
    bool is_empty;
    char sql[96];

    snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d",
             STORE_APPLICATION, STORE_SCHEMA);
    return store_check_owner(store, true, &is_empty) &&
           (!is_empty || (store_exec(store, sql) && store_exec(store, store_schema)));
}

/*
 * Puts the file into write-ahead mode. That turns a read lock into the only lock, for which SQLite
 * does not wait (two that did would wait for each other), so we ask again.
 */
static bool
store_log_ahead(struct store *store)
{
    for (int waited = 0; waited < STORE_WAIT_MS; waited += STORE_ASK_AGAIN_MS) {
        if (store_exec(store, "PRAGMA journal_mode=WAL"))
            return true;
        if (sqlite3_errcode(store->db) != SQLITE_BUSY)
            return false;
        sqlite3_sleep(STORE_ASK_AGAIN_MS);
    }
    return false;
}

/* One look: another process may be making the file. */
static bool
store_look(struct store *store, enum store_mode mode)
{
    bool is_empty, is_good;

    if (!store_exec(store, "BEGIN"))
        return false;
    is_good = store_check_owner(store, mode == STORE_WRITE, &is_empty);
    store_rollback(store);
    return is_good;
}

static bool
store_set_up(struct store *store, enum store_mode mode)
{
    sqlite3_busy_timeout(store->db, STORE_WAIT_MS);
    if (!store_look(store, mode))
        return false;
    if (mode == STORE_READ)
        return store_exec(store, "PRAGMA query_only=ON");
    return store_log_ahead(store) && store_exec(store, "PRAGMA synchronous=NORMAL") &&
           store_exec(store, "BEGIN IMMEDIATE") && store_make(store) && store_commit(store);
}

/* Who reads opens the file as a writer where it may: SQLite's readers leave an empty log beside it. */
static bool
store_connect(struct store *store, const char *path, enum store_mode mode, int more)
{
    int flags = SQLITE_OPEN_READWRITE | (mode == STORE_READ ? 0 : SQLITE_OPEN_CREATE);

    return (sqlite3_open_v2(path, &store->db, flags | more, NULL) == SQLITE_OK ||
            store_fail(store, "")) &&
           store_set_up(store, mode);
}

/* A URI that promises SQLite that nobody changes the file. NULL: memory ran out. */
static char *
store_unchanging(const char *path)
{
    static const char head[] = "file:", tail[] = "?immutable=1";
    char *uri = malloc(strlen(path) * 3 + sizeof(head) + sizeof(tail)), *at = uri;

    if (uri == NULL)
        return NULL;
    at += snprintf(at, sizeof(head), "%s", head);
    for (; *path != '\0'; path++) {
        bool is_plain = strchr("?#%", *path) == NULL;

        at += snprintf(at, 4, is_plain ? "%c" : "%%%02X", (unsigned char)*path);
    }
    snprintf(at, sizeof(tail), "%s", tail);
    return uri;
}

/*
 * Readers of a write-ahead log keep an index of it beside the file, which needs a place that they may write to.
 * Where there is none and no log either, the file alone is the whole, and nobody is about to change it.
 */
static bool
store_read_unchanging(struct store *store, const char *path)
{
    char *uri = store_unchanging(path), *log = sqlite3_mprintf("%s-wal", path);
    FILE *file = log != NULL ? fopen(log, "rb") : NULL;
    bool has_log = file != NULL && fgetc(file) != EOF, is_read = false;

    if (file != NULL)
        fclose(file);
    if (uri != NULL && !has_log) {
        sqlite3_close(store->db);
        store->db = NULL;
        store->why[0] = '\0';
        is_read = store_connect(store, uri, STORE_READ, SQLITE_OPEN_URI);
    }
    sqlite3_free(log);
    free(uri);
    return is_read;
}

struct store *
store_open(const char *path, enum store_mode mode, char why[STORE_WHY_BYTES])
{
    struct store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        snprintf(why, STORE_WHY_BYTES, "memory ran out");
        return NULL;
    }
    if (store_connect(store, path, mode, 0) ||
        (mode == STORE_READ && (store->code == SQLITE_READONLY || store->code == SQLITE_CANTOPEN) &&
         store_read_unchanging(store, path)))
        return store;
    if (store->why[0] == '\0')
        store_fail(store, "");
    snprintf(why, STORE_WHY_BYTES, "%s", store->why);
    store_close(store);
    return NULL;
}

void
store_close(struct store *store)
{
    sqlite3_finalize(store->put);
    sqlite3_close(store->db);
    free(store);
}

/* ---- batches ---- */

bool
store_begin(struct store *store)
{
    return store_exec(store, "BEGIN IMMEDIATE");
}

bool
store_commit(struct store *store)
{
    return store_exec(store, "COMMIT");
}

void
store_rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

bool
store_put(struct store *store, int64_t run, const struct store_row *row)
{
    static const char sql[] = "INSERT OR IGNORE INTO result VALUES(?,?,?,?,?,?,?,?,?)";
    const char *const texts[] = { row->profile, row->verdict, row->stop,
                                  row->digest,  row->params,  row->values };
    bool is_done;

    if (store->put == NULL)
        store->put = store_prepare(store, sql);
    if (store->put == NULL)
        return false;
    sqlite3_bind_int64(store->put, 1, run);
    sqlite3_bind_int64(store->put, 2, (int64_t)row->point);
    sqlite3_bind_int64(store->put, 3, row->order);
    for (int i = 0; i < 6; i++)
        sqlite3_bind_text(store->put, 4 + i, texts[i], -1, SQLITE_STATIC);
    is_done = sqlite3_step(store->put) == SQLITE_DONE;
    if (!is_done)
        store_fail(store, "");
    sqlite3_reset(store->put);
    sqlite3_clear_bindings(store->put);
    return is_done;
}

/* ---- runs ---- */

static const char store_select_run[] =
    "SELECT id, file, identity, version, seed, points, params,"
    " (SELECT count(DISTINCT point) FROM result WHERE run = run.id) FROM run";

static struct store_run
store_run_at(sqlite3_stmt *statement)
{
    return (struct store_run){ .id = sqlite3_column_int64(statement, 0),
                               .file = store_column(statement, 1),
                               .identity = store_column_hex(statement, 2),
                               .version = store_column(statement, 3),
                               .seed = store_column_hex(statement, 4),
                               .points = (uint64_t)sqlite3_column_int64(statement, 5),
                               .params = store_column(statement, 6),
                               .done = (uint64_t)sqlite3_column_int64(statement, 7) };
}

static bool
store_run_find(struct store *store, struct store_run *run, bool *found)
{
    char sql[sizeof(store_select_run) + 64];
    sqlite3_stmt *statement;
    int step;

    snprintf(sql, sizeof(sql), "%s WHERE identity = ? AND version = ? AND seed = ?",
             store_select_run);
    statement = store_prepare(store, sql);
    if (statement == NULL)
        return false;
    store_bind_hex(statement, 1, run->identity);
    store_bind_text(statement, 2, run->version);
    store_bind_hex(statement, 3, run->seed);
    step = sqlite3_step(statement);
    *found = step == SQLITE_ROW;
    if (*found) {
        run->id = sqlite3_column_int64(statement, 0);
        run->done = (uint64_t)sqlite3_column_int64(statement, 7);
    } else if (step != SQLITE_DONE) {
        store_fail(store, "");
    }
    sqlite3_finalize(statement);
    return *found || step == SQLITE_DONE;
}

static bool
store_run_insert(struct store *store, const struct store_run *run)
{
    sqlite3_stmt *statement = store_prepare(
        store, "INSERT OR IGNORE INTO run(file, identity, version, seed, points, params)"
               " VALUES(?,?,?,?,?,?)");

    if (statement == NULL)
        return false;
    store_bind_text(statement, 1, run->file);
    store_bind_hex(statement, 2, run->identity);
    store_bind_text(statement, 3, run->version);
    store_bind_hex(statement, 4, run->seed);
    sqlite3_bind_int64(statement, 5, (int64_t)run->points);
    store_bind_text(statement, 6, run->params);
    return store_finish(store, statement);
}

bool
store_run_begin(struct store *store, struct store_run *run, bool *is_new)
{
    bool found;

    if (!store_run_find(store, run, &found))
        return false;
    *is_new = !found;
    if (found)
        return true;
    return store_run_insert(store, run) && store_run_find(store, run, &found) && found;
}

bool
store_run_done(struct store *store, const struct store_run *run, uint8_t *bits)
{
    sqlite3_stmt *statement =
        store_prepare(store, "SELECT DISTINCT point FROM result WHERE run = ?");
    int step = SQLITE_ERROR;

    if (statement == NULL)
        return false;
    sqlite3_bind_int64(statement, 1, run->id);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        uint64_t point = (uint64_t)sqlite3_column_int64(statement, 0);

        if (point < run->points)
            bits[point / 8] |= (uint8_t)(1u << point % 8);
    }
    if (step != SQLITE_DONE)
        store_fail(store, "");
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

bool
store_each_run(struct store *store, void (*take)(void *context, const struct store_run *run),
               void *context)
{
    char sql[sizeof(store_select_run) + 16];
    sqlite3_stmt *statement;
    int step = SQLITE_ERROR;

    snprintf(sql, sizeof(sql), "%s ORDER BY id", store_select_run);
    statement = store_prepare(store, sql);
    while (statement != NULL && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_run run = store_run_at(statement);

        take(context, &run);
    }
    if (statement != NULL && step != SQLITE_DONE)
        store_fail(store, "");
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

/* ---- rows ---- */

enum { STORE_WHERE_MAX = 16 };

/* Every other name is a parameter or a counted value. */
static const char *const store_columns[] = { "profile", "verdict", "stop", "digest" };

enum { STORE_COLUMNS = sizeof(store_columns) / sizeof(store_columns[0]) };

const char *
store_column_name(size_t index)
{
    return index < STORE_COLUMNS ? store_columns[index] : NULL;
}

/* Its place in store_columns; STORE_COLUMNS: it is no column. */
static size_t
store_column_index(const char *name)
{
    size_t i = 0;

    while (i < STORE_COLUMNS && strcmp(store_columns[i], name) != 0)
        i++;
    return i;
}

const char *
store_column_of(const struct store_row *row, const char *name)
{
    const char *const texts[STORE_COLUMNS + 1] = { row->profile, row->verdict, row->stop,
                                                   row->digest, NULL };

    return texts[store_column_index(name)];
}

static size_t
store_where_sql(const struct store_where *where, char *sql, size_t room)
{
    const char *column = store_column_name(store_column_index(where->name));
    int length;

    if (column != NULL)
        length = snprintf(sql, room, " AND %s = ?", column);
    else
        length = snprintf(sql, room,
                          " AND CAST(coalesce((SELECT value FROM json_each(params) WHERE key = ?),"
                          " (SELECT value FROM json_each(counted) WHERE key = ?)) AS TEXT) = ?");
    return length < 0 ? 0 : (size_t)length;
}

static sqlite3_stmt *
store_query_prepare(struct store *store, const struct store_query *query)
{
    char sql[4096] = "SELECT point, ordinal, profile, verdict, stop, digest, params, counted"
                     " FROM result WHERE run = ?";
    size_t count = query->where_count < STORE_WHERE_MAX ? query->where_count : STORE_WHERE_MAX;
    size_t length = strlen(sql);
    sqlite3_stmt *statement;
    int at = 1;

    for (size_t i = 0; i < count; i++)
        length += store_where_sql(&query->where[i], sql + length, sizeof(sql) - length);
    snprintf(sql + length, sizeof(sql) - length, " ORDER BY point, ordinal");
    statement = store_prepare(store, sql);
    if (statement == NULL)
        return NULL;
    sqlite3_bind_int64(statement, at++, query->run);
    for (size_t i = 0; i < count; i++) {
        for (int n = store_column_index(query->where[i].name) == STORE_COLUMNS ? 2 : 0; n > 0; n--)
            store_bind_text(statement, at++, query->where[i].name);
        store_bind_text(statement, at++, query->where[i].value);
    }
    return statement;
}

bool
store_each_row(struct store *store, const struct store_query *query,
               void (*take)(void *context, const struct store_row *row), void *context)
{
    sqlite3_stmt *statement = store_query_prepare(store, query);
    int step = SQLITE_ERROR;

    while (statement != NULL && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_row row = { .point = (uint64_t)sqlite3_column_int64(statement, 0),
                                 .order = (uint32_t)sqlite3_column_int64(statement, 1),
                                 .profile = store_column(statement, 2),
                                 .verdict = store_column(statement, 3),
                                 .stop = store_column(statement, 4),
                                 .digest = store_column(statement, 5),
                                 .params = store_column(statement, 6),
                                 .values = store_column(statement, 7) };

        take(context, &row);
    }
    if (statement != NULL && step != SQLITE_DONE)
        store_fail(store, "");
    sqlite3_finalize(statement);
    return step == SQLITE_DONE;
}

/* ---- merging ---- */

/* Whether the other file holds a run that none of our version could have made. */
static bool
store_merge_check(struct store *into)
{
    int64_t strangers = 0;

    if (!store_number(into,
                      "SELECT count(*) FROM other.run WHERE (SELECT count(*) FROM main.run) > 0 AND"
                      " version NOT IN (SELECT version FROM main.run)",
                      &strangers))
        return false;
    if (strangers > 0)
        snprintf(into->why, sizeof(into->why), "%s",
                 "its results are of another version: make them again, or keep them apart");
    return strangers == 0;
}

static bool
store_merge_rows(struct store *into, uint64_t *rows)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO main.run(file, identity, version, seed, points, params)"
        " SELECT file, identity, version, seed, points, params FROM other.run ORDER BY id;"
        "INSERT OR IGNORE INTO main.result SELECT m.id, r.point, r.ordinal, r.profile, r.verdict,"
        " r.stop, r.digest, r.params, r.counted FROM other.result AS r JOIN other.run AS o"
        " ON o.id = r.run JOIN main.run AS m ON m.identity = o.identity AND m.version = o.version"
        " AND m.seed = o.seed;";
    int64_t before = 0, after = 0;

    if (!store_number(into, "SELECT count(*) FROM main.result", &before) ||
        !store_exec(into, sql) || !store_number(into, "SELECT count(*) FROM main.result", &after))
        return false;
    *rows = (uint64_t)(after - before);
    return true;
}

/* Under whatever name: a file attached to itself would wait for its own lock. */
static bool
store_is_itself(struct store *into, const char *path)
{
    const char *own = sqlite3_db_filename(into->db, "main");
    struct stat one, other;

    return own != NULL && stat(own, &one) == 0 && stat(path, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

bool
store_merge(struct store *into, const char *from_path, uint64_t *rows)
{
    struct store *from;
    sqlite3_stmt *attach;
    bool is_merged;

    if (store_is_itself(into, from_path)) {
        snprintf(into->why, sizeof(into->why), "it is the same file");
        return false;
    }
    from = store_open(from_path, STORE_READ, into->why);
    if (from == NULL)
        return false;
    store_close(from); /* it is one of ours */
    attach = store_prepare(into, "ATTACH ? AS other");
    if (attach == NULL)
        return false;
    store_bind_text(attach, 1, from_path);
    if (!store_finish(into, attach))
        return false;
    is_merged = store_begin(into) && store_merge_check(into) && store_merge_rows(into, rows) &&
                store_commit(into);
    store_rollback(into);
    sqlite3_exec(into->db, "DETACH other", NULL, NULL, NULL);
    return is_merged;
}
