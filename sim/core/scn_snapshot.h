/*
 * scn_snapshot.h - counters and maps at one point of a run, and how vm_stat and vmmap show them
 *
 * PURPOSE     Keeps what a Mac's vm_stat and vmmap would read, copied out of the world behind one
 *             line of a scenario, and prints it in their shape and words.
 * INVARIANTS  Y1  taking a snapshot changes nothing: it only probes
 * UNITS       addresses and sizes: bytes; counts: pages, unless a name says otherwise
 * OWNERSHIP   a snapshot lies in its report
 * ERRORS      NULL when memory ran out; the run notices
 * EVENTS      none
 * XNU         host_statistics64, mach_vm_region_recurse; vm.md 7.1, 7.3. The shapes are those that
 *             system_cmds' vm_stat and the vmmap tool print.
 */
#ifndef CORE_SCN_SNAPSHOT_H
#define CORE_SCN_SNAPSHOT_H

#include "core_json.h"
#include "scn.h"

struct scn_run;

struct scn_region {
    struct vm_region region;
    struct vm_region_pages pages;
    uint64_t translated; /* pages that the hardware can reach now */
    uint64_t wired_translations;
    const char *detail; /* the scenario's names in it: "buf", "m+0x2000"; "" for none */
};

/* One task's map, or the kernel's. */
struct scn_space {
    const char *name;    /* the scenario's; "kernel" */
    uint32_t id;         /* 0: the kernel's */
    uint64_t page_bytes; /* of its map */
    struct scn_region *regions;
    size_t region_count;
};

struct scn_snapshot {
    uint32_t line;
    uint64_t page_bytes;
    struct vm_statistics statistics;
    struct scn_space *spaces; /* the kernel's last */
    size_t space_count;
};

struct scn_snapshot *scn_snapshot_take(struct scn_run *run, uint32_t line);

/* "FILE: TITLE  [RELEASE: ...] behind line N", then the counters or the maps. */
enum scn_view { SCN_VIEW_STAT, SCN_VIEW_MAPS };
void scn_view_text(const struct core_out *out, enum scn_view view, const char *file,
                   const struct scn_program *program, const struct scn_report *report);

/* One element of the answer's "runs". */
void scn_view_json(const struct core_out *out, enum scn_view view, const char *file,
                   const struct scn_program *program, const struct scn_report *report);

/* The keys of one region, into an object that has begun. */
void scn_view_json_region(struct core_json *object, const struct scn_region *region,
                          uint64_t page_bytes);

#endif
