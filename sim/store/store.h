/*
 * store.h - results that survive whatever stops us
 *
 * PURPOSE     Keeps the rows of sweeps in one SQLite file: written in batches, each whole or not at all,
 *             so that what was reported done is there after Ctrl-C, kill -9 or a full disk.
 * INVARIANTS  D1  a point's rows are all there, or none
 *             D2  a row's key (run, point, order) is there once; the same row again changes nothing
 * UNITS       point: index in the sweep's grid
 * OWNERSHIP   store_close() frees the store
 * ERRORS      false or NULL, and store_why() says why in one phrase
 * EVENTS      none
 * XNU         none
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_WHY_BYTES = 200 };

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/* Opens a results file; STORE_WRITE makes it when it is not there. NULL: *why says why. */
struct store *store_open(const char *path, enum store_mode mode, char why[STORE_WHY_BYTES]);
void store_close(struct store *store);

/* Why the last call failed. */
const char *store_why(const struct store *store);

/* One sweep: the same identity, version and seed mean the same points. */
struct store_run {
    int64_t id;
    const char *file;
    uint64_t identity;
    const char *version;
    uint64_t seed;
    uint64_t points;
    uint64_t done;      /* points whose rows are there */
    const char *params; /* a JSON list of names */
};

/* Finds the run of these, or begins it; fills `id` and `done`. *is_new: it was not there. */
bool store_run_begin(struct store *store, struct store_run *run, bool *is_new);

/* Sets bit p of `bits` for every point p < run->points that is done. */
bool store_run_done(struct store *store, const struct store_run *run, uint8_t *bits);

struct store_row {
    uint64_t point;
    uint32_t order; /* of the point's rows */
    const char *profile;
    const char *verdict;
    const char *stop;
    const char *digest;
    const char *params; /* a JSON object: the point's values */
    const char *values; /* a JSON object: what was counted */
};

/* A batch: all rows between the two are there after store_commit(), or none. */
bool store_begin(struct store *store);
bool store_put(struct store *store, int64_t run, const struct store_row *row);
bool store_commit(struct store *store);
void store_rollback(struct store *store);

/* Hands out every run, oldest first. */
bool store_each_run(struct store *store, void (*take)(void *context, const struct store_run *run),
                    void *context);

/* A condition on rows: a parameter, a column of store_column_name() or a counted value equals a text. */
struct store_where {
    const char *name;
    const char *value;
};

struct store_query {
    int64_t run;
    const struct store_where *where;
    size_t where_count;
};

/* "profile", "verdict", "stop", "digest"; NULL behind the last. And what a row has there; NULL: no such column. */
const char *store_column_name(size_t index);
const char *store_column_of(const struct store_row *row, const char *name);

/* Hands out rows in the order of points, then of releases as they ran. */
bool store_each_row(struct store *store, const struct store_query *query,
                    void (*take)(void *context, const struct store_row *row), void *context);

/* Copies into `into` what `from` has and it lacks. Refuses itself, and runs of another version. */
bool store_merge(struct store *into, const char *from_path, uint64_t *rows);

#endif
