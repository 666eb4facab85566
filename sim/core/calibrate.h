/*
 * calibrate.h - prices fitted to a host's measurements, and what they predict of the others
 *
 * PURPOSE     A cost model that nobody checked is a toy. Each case is something a host can do and the model
 *             can run. The prices of a machine are scaled, by groups that one measurement can tell apart, to fit
 *             one half of the cases; then the other half is predicted, and the errors are shown.
 * INVARIANTS  K1  a case that is predicted had no part in the fit
 * UNITS       pages of 4 KiB; measured and predicted: nanoseconds of a whole case, of an access for CHASE
 * OWNERSHIP   cases are the caller's
 * ERRORS      false: memory ran out
 * EVENTS      those of the worlds it runs
 * XNU         none: the host's kernel is another; what it does is told in the model's verbs
 */
#ifndef CORE_CALIBRATE_H
#define CORE_CALIBRATE_H

#include "machine.h"

enum calibrate_kind {
    CALIBRATE_LAZY,       /* map, write to some pages, unmap */
    CALIBRATE_POPULATE,   /* the same, with every page made first */
    CALIBRATE_MLOCK,      /* the same, with every page made and locked first */
    CALIBRATE_HUGE,       /* the same with pages of 2 MiB; `touched` of them */
    CALIBRATE_UNMAP,      /* unmap alone, by how many pages are there */
    CALIBRATE_LOCK,       /* lock pages that are there */
    CALIBRATE_READ_WRITE, /* read each of untouched pages, then write to each */
    CALIBRATE_PROTECT,    /* of touched pages: read only, writable, write to each again */
    CALIBRATE_FORK,       /* what a fork takes because of these pages */
    CALIBRATE_COW,        /* write to every page after a fork, while the child lives */
    CALIBRATE_CHASE,      /* one access of a chain through pages in random order */
    CALIBRATE_KINDS
};

enum calibrate_part {
    CALIBRATE_FITTED,
    CALIBRATE_PREDICTED,
    CALIBRATE_BEYOND /* in neither half: shown, as neighbours decide what it is */
};

struct calibrate_case {
    enum calibrate_kind kind;
    enum calibrate_part part;
    uint32_t pages, touched;
    uint32_t cpus; /* 2: another CPU has the same pages in its TLB */
    /* measured */
    double ns;           /* the first decile, or of calm sweeps the median; 0: not measured */
    double median, high; /* .. and the third quartile */
    double packed_ns;    /* CHASE: the same lines side by side, so that the TLB has nothing to do */
    /* modelled */
    double predicted;
};

enum { CALIBRATE_CASES_MAX = 112, CALIBRATE_HUGE_PAGES = 512, CALIBRATE_CHASE_MOST = 65536 };

/* The host, and how calm it was. */
struct calibrate_host {
    uint64_t near_bytes; /* of a CPU's own cache */
    uint32_t rounds;
    uint32_t samples, repeated; /* measured, and measured again because something came between */
    uint32_t sweeps, calm;      /* through all chains of a TLB, and those of them that counted */
};

/* "lazy", "populate", "chase" .. */
const char *calibrate_kind_name(enum calibrate_kind kind);

/* "lazy, 64 of 4096 pages" */
void calibrate_case_text(const struct calibrate_case *one, struct vmm_text *text);

/* Fills the list of what is to be measured; returns how many. */
size_t calibrate_cases(struct calibrate_case cases[CALIBRATE_CASES_MAX]);

/*
 * The prices that move together, and by how much they did; 1: as the base has them. The last ones are of
 * what no machine has a price for, in nanoseconds.
 */
enum { CALIBRATE_GROUPS = 18, CALIBRATE_OWN_GROUPS = 14 };
const char *calibrate_group_name(size_t group);

/* How far a level of the TLB reaches and which of its entries makes room, as chains look. */
struct calibrate_level {
    uint64_t entries;
    enum hw_replacement replacement;
};

struct calibrate_fit {
    double factor[CALIBRATE_GROUPS];
    bool is_known[CALIBRATE_GROUPS];  /* some case says something about it */
    double median_error, worst_error; /* of the predicted cases; 0.1 is 10 % */
    size_t predicted;
    struct calibrate_level first, second;
    uint32_t near_pages; /* whose table words stay in the caches; 0: all that were tried */
};

/* Fits machine->prices to the fitted cases and predicts them all. */
bool calibrate_fit(const struct vmm_alloc *alloc, struct machine *machine,
                   const struct calibrate_host *host, struct calibrate_case *cases, size_t count,
                   struct calibrate_fit *fit);

/* The tables of `faultline calibrate`, and its picture: predicted over measured of the cases that were not fitted. */
void calibrate_text(const struct core_out *out, const struct calibrate_host *host,
                    const struct calibrate_case *cases, size_t count,
                    const struct calibrate_fit *fit);
void calibrate_svg(const struct core_out *out, const struct calibrate_case *cases, size_t count,
                   const char *title);
/* A machine file of the fitted prices (docs/cost-model.md). */
void calibrate_machine_json(const struct core_out *out, const struct machine *machine,
                            const char *base, const char *name);

#endif
