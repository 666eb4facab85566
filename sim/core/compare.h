/*
 * compare.h - five ways to read a user's pages from the kernel, side by side
 *
 * PURPOSE     The report that this project began with says that touching pages first "will cost more if
 *             there is more than 1 page involved". Here is the answer in numbers: for N pages, K of
 *             which are touched, on a machine and a release, what does each way do and cost?
 * INVARIANTS  every way answers the same question: prepare() to complete(), K pages read
 * UNITS       pages: of the machine; times: picoseconds
 * OWNERSHIP   a sweep owns nothing; every run makes and ends a world of its own
 * ERRORS      false: the host's memory ran out
 * EVENTS      watches its own worlds
 * XNU         none
 */
#ifndef CORE_COMPARE_H
#define CORE_COMPARE_H

#include "machine.h"

enum compare_way {
    COMPARE_LAZY,     /* map, and let every page fault */
    COMPARE_TOUCH,    /* map, read every page once first */
    COMPARE_PREFAULT, /* map with kIOMapPrefault */
    COMPARE_WIRE,     /* map, wireRange() */
    COMPARE_COPY,     /* readBytes() into a buffer of one's own */
    COMPARE_WAYS
};

/* "touch-first" */
const char *compare_way_name(enum compare_way way);

struct compare_question {
    const struct machine *machine;
    struct hw_geometry geometry;
    size_t profile;
    uint32_t cpus; /* CPU 0 does the work, the others run kernel code */
    uint32_t pages;
    uint32_t touches; /* pages of those that are read, spread evenly */
};

struct compare_answer {
    bool is_possible; /* the release has it, and it does what it promises */
    struct cost_sum sum;
    uint64_t faults;
    uint64_t flushes;
    uint64_t interrupts;
    uint64_t translations;
    uint64_t copied_bytes;
};

/* Asks one way in a world of its own. False: memory ran out. */
bool compare_ask(const struct vmm_alloc *alloc, const struct compare_question *question,
                 enum compare_way way, struct compare_answer *answer);

enum { COMPARE_POINTS = 64, COMPARE_ASKED = 256, COMPARE_MOST_PAGES = 65536 };

/* One point of a sweep: x pages, or x touches. */
struct compare_point {
    uint32_t x;
    struct compare_answer answers[COMPARE_WAYS];
};

/* From how many on wiring is cheaper than faulting; 0: never within the sweep. */
struct compare_break_even {
    uint32_t x;
    uint32_t low;  /* the same with one price at a time at an end of its spread */
    uint32_t high; /* 0: never, for some price */
};

struct compare_sweep {
    struct compare_question question; /* pages and touches of the end that stands still */
    bool sweeps_touches;              /* else pages */
    bool touches_all;                 /* sweeping pages: every one is touched */
    uint32_t from;
    uint32_t to;
    struct compare_point points[COMPARE_POINTS]; /* from, doubling, to */
    size_t point_count;
    struct compare_break_even break_even;
    struct compare_point asked[COMPARE_ASKED]; /* lazy and wire, between the points */
    size_t asked_count;
};

/*
 * Fills points and break_even of a sweep whose question, from and to are set, 1 <= from <= to. False: memory ran
 * out.
 */
bool compare_run(const struct vmm_alloc *alloc, struct compare_sweep *sweep);

/* ---- printing ---- */
void compare_text(const struct core_out *out, const struct compare_sweep *sweep);
void compare_csv_head(const struct core_out *out);
void compare_csv(const struct core_out *out, const struct compare_sweep *sweep);
void compare_json(const struct core_out *out, const struct compare_sweep *sweep);

/* Sweeps as curves, one below the other on one page. */
void compare_svg_begin(const struct core_out *out, size_t sweeps);
void compare_svg(const struct core_out *out, const struct compare_sweep *sweep, size_t index);
void compare_svg_end(const struct core_out *out);

#endif
