/*
 * scn_run.h - one run of a program, for the runner's parts
 *
 * PURPOSE     scn_runner.c walks the statements, scn_threads.c those of threads; scn_operation*.c do what one
 *             says over the seam; scn_fail.c makes calls fail; scn_expect*.c look without touching and compare;
 *             scn_narrate.c tells.
 * INVARIANTS  R1  an object that was never made is never handed to the seam
 * UNITS       address, length: bytes
 * OWNERSHIP   what the report shows lies in `keep`, which the report takes over; the rest in
 *             `scratch`, which ends with the run
 * ERRORS      out_of_memory: the embedder gave nothing at some point, so nothing after it counts
 * EVENTS      none of its own
 * XNU         none
 */
#ifndef CORE_SCN_RUN_H
#define CORE_SCN_RUN_H

#include "scn_program.h"
#include "scn_state.h"
#include "scn_watch.h"

enum { SCN_STEP_FINDINGS = 64, SCN_NARRATION_MAX = 2048 };

/* What stands behind a name while the program runs. */
struct scn_object {
    bool is_made;     /* the line that binds it ran */
    bool is_null;     /* and gave NULL */
    vmk_task_t task;  /* the task; the owner of a buffer; the task a map is in */
    uint64_t address; /* of a buffer or a map; kept after unmap, as a driver keeps its pointer */
    uint64_t length;
    vmk_desc_t desc;
    vmk_map_t map;
    struct vmk_sim_call *call;
    struct vm_memory_entry *entry; /* the run's own reference */
    vmk_lock_t lock;
    vmk_dma_t dma;
};

/* What one operation gave. */
struct scn_result {
    bool has_status;
    bool is_null;
    int32_t status;
    int32_t hidden;
    const char *broken; /* check: the invariant that does not hold */
};

struct scn_found {
    struct scn_found *next;
    struct scn_finding finding;
    size_t step;
};

/* The call that is to fail, and calls of the line so far. */
struct scn_failing {
    enum vmm_call call;
    uint64_t left;         /* until it fails; 0: none does */
    struct scn_step *step; /* the line that said so */
    uint32_t line;
    uint64_t calls[VMM_CALL_COUNT];
};

/* What belongs to the thread that runs, and waits with it. */
struct scn_now {
    struct scn_step *step;  /* the one that runs */
    struct scn_result last; /* of the last operation that ran */
    bool has_last;
    uint32_t cpu;
    uint32_t block_cpu[SCN_DEPTH_MAX];
    bool has_loaded;
    uint8_t loaded;
    bool has_moved; /* read-bytes or write-bytes ran */
    uint64_t moved;
    struct scn_failing failing;
};

struct scn_threads;

struct scn_run {
    const struct scn_program *program;
    size_t profile;
    const struct scn_options *options;
    const struct vmm_alloc *host;
    struct vmm_alloc alloc; /* the host's, watched for the first refusal */
    uint64_t live_bytes;    /* of what it gave */
    bool out_of_memory;
    bool is_refused;              /* because a call was made to fail */
    bool host_is_short;           /* because it gave nothing */
    struct vmm_injector injector; /* the embedder's, the program's own, and who was hit */
    struct core_arena keep;
    struct core_arena scratch;

    vmk_world_t world;
    struct vm_system *system;
    uint64_t page_bytes;
    uint32_t caps; /* VMK_CAP_*, of the backend that answers */
    struct scn_object *objects;
    struct scn_watch watch;
    struct scn_state_sink state;
    struct trace_digest digest;
    struct verify verify;
    struct verify_finding findings[SCN_STEP_FINDINGS];
    struct scn_found *found; /* oldest first */
    struct scn_found **found_tail;

    struct scn_report *report;
    struct scn_now now;            /* of the thread that runs, or of the lines outside */
    struct scn_threads *threads;   /* while threads run */
    struct scn_schedule *schedule; /* the options', or the program's own once threads run */
    bool is_cut;                   /* the schedule gave the run up */
    uint64_t choice_count;
    size_t switch_room;
    uint64_t start_counters[EV_KIND_COUNT];
    uint64_t mark_counters[EV_KIND_COUNT];
    const char *broken_invariant;
    bool is_unexpected;
    bool is_failed;
    uint64_t wrong; /* a digest of what was found and what failed, line by line */
};

/* ---- values ---- */
static inline uint64_t
scn_value(const struct scn_run *run, struct scn_number number)
{
    return number.in_pages ? number.value * run->page_bytes : number.value;
}

/* The size of a task's pages, or the machine's where there is no task any more. */
static inline uint64_t
scn_page_bytes(const struct scn_run *run, vmk_task_t task)
{
    uint64_t bytes = vmk_sim_page_bytes(task);

    return bytes != 0 ? bytes : run->page_bytes;
}

struct scn_stretch {
    vmk_task_t task;
    uint64_t address;
    uint64_t length;
};

/* The bytes an operation works on; scn_operation.h. */
struct scn_stretch scn_stretch_of(const struct scn_run *run, const struct scn_operands *operands);
/* The bytes a place names: the whole object, or `bare` bytes when it has only an offset. */
struct scn_stretch scn_place_bytes(const struct scn_run *run, const struct scn_place *place,
                                   uint64_t bare);

static inline struct scn_object *
scn_object_of(const struct scn_run *run, const struct scn_place *place)
{
    return &run->objects[place->name];
}

/* ---- operations ---- */
struct scn_result scn_operate(struct scn_run *run, const struct scn_statement *statement);
/* Whether the line that makes each name of the statement ran. */
bool scn_operands_are_made(const struct scn_run *run, const struct scn_operands *operands);

/* ---- expectations ---- */
/* The object that a place of a claim names; NULL when there is none, with the reason in the text. */
const struct scn_object *scn_claim_object(const struct scn_run *run, const struct scn_claim *claim,
                                          size_t place, struct vmm_text *why);
/* Runs an expect or a report line: fills the step. */
void scn_expect_run(struct scn_run *run, const struct scn_statement *statement);
void scn_report_run(struct scn_run *run, const struct scn_statement *statement);

/* Numbers and words of the vm floor (scn_expect_vm.c); what there is not is said in the text. */
bool scn_look_vm(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *why,
                 uint64_t *value);
bool scn_holds_vm(const struct scn_run *run, const struct scn_claim *claim, struct vmm_text *found);

/* ---- the runner, for threads ---- */
/* Runs one statement as the report's next step. */
void scn_step_run(struct scn_run *run, const struct scn_statement *statement);
bool scn_has_stopped(const struct scn_run *run);
bool scn_is_out_of_memory(const struct scn_run *run);
/* Gives the findings so far to the step that runs. */
void scn_collect_findings(struct scn_run *run);
void scn_note_broken(struct scn_run *run, const char *broken);

/* ---- calls that are made to fail (scn_fail.c) ---- */
/* The thread that runs comes to a statement. */
void scn_fail_line(struct scn_run *run, const struct scn_statement *statement);
/* The nth call of that kind from here on fails. */
void scn_fail_next(struct scn_run *run, enum vmm_call call, uint64_t nth);
/* Counts a call; whether it is the one. */
bool scn_fail_is_due(struct scn_run *run, enum vmm_call call);
/* The step that runs was hit. */
void scn_fail_note(struct scn_run *run, enum vmm_call call);
/* The thread ends: one that still waits to fail is an expectation that did not hold. */
void scn_fail_end(struct scn_run *run);

/* ---- threads (scn_threads.c) ---- */
/* Runs the threads that begin at `statement`; returns what follows behind the last one. */
const struct scn_statement *scn_threads_run(struct scn_run *run,
                                            const struct scn_statement *statement);
/* The name of the thread that runs, NULL: none does. */
const char *scn_threads_name(const struct scn_run *run);
/* Whether no other thread is inside a call: only then do all invariants hold. */
bool scn_threads_are_quiet(const struct scn_run *run);

/* ---- narration ---- */
/* What the step caused, floor by floor, in the keep arena. */
const char *scn_narrate(struct scn_run *run, const struct scn_statement *statement,
                        const struct scn_result *result);
/* "kIOReturnBadArgument", or 0xE00002C2 when no table knows it. */
void scn_put_status(struct vmm_text *text, int32_t status);

#endif
