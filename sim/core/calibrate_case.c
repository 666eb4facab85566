/*
 * calibrate_case.c - what is measured, and the same in the model's verbs
 *
 * A case becomes a trace of events and references (memtrace.h), which the replay runs; its fold gives how much
 * of each item the case takes. The host is Linux, so where XNU does something else the words are chosen for
 * what the host does, and each such choice stands beside its line.
 */
#include "calibrate_internal.h"

#include "replay.h"
#include "scn_rows.h"

enum {
    BASE_VA = 0x10000000,
    PAGE = 4096,
    LINE = 64,
    CHASE_WARM = 3,
    CHASE_ROUNDS = 2,
    LIFE_PAGES = 2048
};

/* Whether the words that translate so many pages stay in the last cache is decided by who else uses it. */
enum { CHASE_EDGE = 12288, CHASE_EDGE_END = 24576 };

/* Linux flushes up to 33 pages one by one (tlb_single_page_flush_ceiling; Hansen, a5102476a24b, 2014). */
enum { HOST_FLUSH_LIMIT = 34 };

/* ---- cases ---- */

/* Lives and unmapping are of so many pages, whatever is touched of them. */
static uint32_t
pages_of(enum calibrate_kind kind, uint32_t touched)
{
    switch (kind) {
    case CALIBRATE_LAZY:
    case CALIBRATE_POPULATE:
    case CALIBRATE_MLOCK:
    case CALIBRATE_UNMAP:
        return LIFE_PAGES;
    case CALIBRATE_HUGE:
        return touched * CALIBRATE_HUGE_PAGES;
    default:
        return touched;
    }
}

/* Every second one is fitted, the first too. */
static enum calibrate_part
part_of(enum calibrate_kind kind, uint32_t touched, size_t index)
{
    if (kind == CALIBRATE_CHASE && touched >= CHASE_EDGE && touched <= CHASE_EDGE_END)
        return CALIBRATE_BEYOND;
    return index % 2 == 0 ? CALIBRATE_FITTED : CALIBRATE_PREDICTED;
}

size_t
calibrate_cases(struct calibrate_case cases[CALIBRATE_CASES_MAX])
{
    static const uint32_t touched[] = { 32, 64, 128, 256, 512, 768, 1024, 1536, 2048 };
    static const uint32_t huge[] = { 4, 6, 8, 12, 16 };
    static const uint32_t pages[] = { 8, 16, 24, 32, 64, 128, 256, 512, 1024, 2048 };
    static const uint32_t forks[] = { 2048, 4096, 8192, 12288, 16384 };
    static const uint32_t chases[] = { 16,
                                       32,
                                       40,
                                       48,
                                       64,
                                       80,
                                       96,
                                       128,
                                       192,
                                       256,
                                       384,
                                       512,
                                       768,
                                       1024,
                                       1280,
                                       1536,
                                       1792,
                                       2048,
                                       2560,
                                       3072,
                                       4096,
                                       6144,
                                       8192,
                                       12288,
                                       16384,
                                       24576,
                                       32768,
                                       49152,
                                       CALIBRATE_CHASE_MOST };
    static const struct {
        enum calibrate_kind kind;
        uint32_t cpus;
        const uint32_t *sizes;
        size_t count;
    } rows[] = {
        { CALIBRATE_LAZY, 1, touched, VMM_COUNT_OF(touched) },
        { CALIBRATE_POPULATE, 1, touched, VMM_COUNT_OF(touched) },
        { CALIBRATE_MLOCK, 1, touched, VMM_COUNT_OF(touched) },
        { CALIBRATE_HUGE, 1, huge, VMM_COUNT_OF(huge) },
        { CALIBRATE_UNMAP, 1, pages + 4, VMM_COUNT_OF(pages) - 4 },
        { CALIBRATE_LOCK, 1, pages + 4, VMM_COUNT_OF(pages) - 4 },
        { CALIBRATE_READ_WRITE, 1, pages + 4, VMM_COUNT_OF(pages) - 4 },
        { CALIBRATE_PROTECT, 1, pages, VMM_COUNT_OF(pages) },
        { CALIBRATE_PROTECT, 2, pages, VMM_COUNT_OF(pages) },
        { CALIBRATE_FORK, 1, forks, VMM_COUNT_OF(forks) },
        { CALIBRATE_COW, 1, pages + 4, VMM_COUNT_OF(pages) - 4 },
        { CALIBRATE_CHASE, 1, chases, VMM_COUNT_OF(chases) },
    };
    size_t count = 0;

    for (size_t row = 0; row < VMM_COUNT_OF(rows); row++) {
        for (size_t i = 0; i < rows[row].count && count < CALIBRATE_CASES_MAX; i++)
            cases[count++] =
                (struct calibrate_case){ .kind = rows[row].kind,
                                         .pages = pages_of(rows[row].kind, rows[row].sizes[i]),
                                         .touched = rows[row].sizes[i],
                                         .cpus = rows[row].cpus,
                                         .part = part_of(rows[row].kind, rows[row].sizes[i], i) };
    }
    return count;
}

const char *
calibrate_kind_name(enum calibrate_kind kind)
{
    static const char *const names[CALIBRATE_KINDS] = { "lazy",          "populate", "mlock",
                                                        "huge",          "unmap",    "lock present",
                                                        "read-write",    "protect",  "fork",
                                                        "copy-on-write", "chase" };

    return names[kind];
}

void
calibrate_case_text(const struct calibrate_case *one, struct vmm_text *text)
{
    vmm_text_format(text, "%s, ", calibrate_kind_name(one->kind));
    if (one->kind == CALIBRATE_HUGE)
        vmm_text_format(text, "%u of 2 MiB", one->touched);
    else if (one->touched < one->pages || one->kind <= CALIBRATE_MLOCK)
        vmm_text_format(text, "%u of %u pages", one->touched, one->pages);
    else
        vmm_text_format(text, "%u pages%s", one->pages, one->cpus > 1 ? ", 2 CPUs" : "");
}

/* ---- a case in the model ---- */

static bool
say(struct replay *replay, enum memtrace_verb verb, const struct calibrate_case *one,
    uint32_t value)
{
    return replay_event(replay, &(struct memtrace_event){ .verb = verb,
                                                          .va = BASE_VA,
                                                          .length = (uint64_t)one->pages * PAGE,
                                                          .value = value });
}

/* References to `touched` pages, evenly apart. */
static bool
touch(struct replay *replay, const struct calibrate_case *one, enum memtrace_kind kind)
{
    static struct memtrace_batch batch;
    bool goes_on = true;

    batch.count = 0;
    for (uint64_t i = 0; i < one->touched && goes_on; i++) {
        batch.va[batch.count] = BASE_VA + i * one->pages / one->touched * PAGE;
        batch.how[batch.count++] = MEMTRACE_HOW(kind, 1);
        if (batch.count == MEMTRACE_BATCH || i + 1 == one->touched) {
            goes_on = replay_references(replay, &batch);
            batch.count = 0;
        }
    }
    return goes_on;
}

/* Every page once a round, in an order without neighbours: 5 has no common divisor with what is tried. */
static bool
chase(struct replay *replay, const struct calibrate_case *one)
{
    static struct memtrace_batch batch;
    uint64_t at = 0, step = one->pages % 5 == 0 ? 7 : one->pages > 64 ? 5 * 7 + 2 : 5;
    bool goes_on = true;

    batch.count = 0;
    for (uint64_t i = 0; i < one->pages && goes_on; i++) {
        batch.va[batch.count] = BASE_VA + at * PAGE;
        batch.how[batch.count++] = MEMTRACE_HOW(MEMTRACE_LOAD, 1);
        at = (at + step) % one->pages;
        if (batch.count == MEMTRACE_BATCH || i + 1 == one->pages) {
            goes_on = replay_references(replay, &batch);
            batch.count = 0;
        }
    }
    return goes_on;
}

/* What comes before the measured part. */
static bool
prepare_case(struct replay *replay, const struct calibrate_case *one)
{
    bool goes_on = true;

    if (one->kind <= CALIBRATE_HUGE)
        return true;
    goes_on =
        say(replay, MEMTRACE_MAP, one, VMM_PROT_DEFAULT) && touch(replay, one, MEMTRACE_STORE);
    if (one->kind == CALIBRATE_COW)
        return goes_on && say(replay, MEMTRACE_FORK, one, 1);
    /* A reader of untouched memory gets the host's one page of zeros, which a write takes a copy of. XNU would
     * make a page at once; what a child reads and then writes is the same two faults. */
    if (one->kind == CALIBRATE_READ_WRITE)
        return goes_on && say(replay, MEMTRACE_FORK, one, 1) && say(replay, MEMTRACE_SPACE, one, 1);
    for (int i = 0; one->kind == CALIBRATE_CHASE && i < CHASE_WARM; i++)
        goes_on = goes_on && chase(replay, one);
    if (one->cpus > 1)
        goes_on = goes_on && say(replay, MEMTRACE_CPU, one, 1) &&
                  touch(replay, one, MEMTRACE_LOAD) && say(replay, MEMTRACE_CPU, one, 0);
    return goes_on;
}

static bool
run_life(struct replay *replay, const struct calibrate_case *one)
{
    bool goes_on = say(replay, MEMTRACE_MAP, one, VMM_PROT_DEFAULT);

    if (one->kind == CALIBRATE_POPULATE || one->kind == CALIBRATE_MLOCK)
        goes_on = goes_on && say(replay, MEMTRACE_WIRE, one, 0);
    if (one->kind == CALIBRATE_POPULATE) /* made, and not kept */
        goes_on = goes_on && say(replay, MEMTRACE_UNWIRE, one, 0);
    return goes_on && touch(replay, one, MEMTRACE_STORE) && say(replay, MEMTRACE_UNMAP, one, 0);
}

static bool
run_case(struct replay *replay, const struct calibrate_case *one)
{
    bool goes_on = true;

    switch (one->kind) {
    case CALIBRATE_UNMAP:
        return say(replay, MEMTRACE_UNMAP, one, 0);
    case CALIBRATE_LOCK:
        return say(replay, MEMTRACE_WIRE, one, 0);
    case CALIBRATE_READ_WRITE:
        return touch(replay, one, MEMTRACE_LOAD) && touch(replay, one, MEMTRACE_STORE);
    case CALIBRATE_PROTECT:
        /* The host writes the right back into its tables at once; XNU waits for a fault. So we only read. */
        return say(replay, MEMTRACE_PROTECT, one, VMM_PROT_READ) &&
               say(replay, MEMTRACE_PROTECT, one, VMM_PROT_DEFAULT) &&
               touch(replay, one, MEMTRACE_LOAD);
    case CALIBRATE_FORK:
        return say(replay, MEMTRACE_FORK, one, 1);
    case CALIBRATE_COW:
        return touch(replay, one, MEMTRACE_STORE);
    case CALIBRATE_CHASE:
        for (int i = 0; i < CHASE_ROUNDS && goes_on; i++)
            goes_on = chase(replay, one);
        return goes_on;
    default:
        return run_life(replay, one);
    }
}

/* What the host does otherwise than the words that stand for it. */
static void
correct_sum(const struct calibrate_case *one, struct cost_sum *sum)
{
    uint64_t made = sum->quantity[COST_zero_fill] / (PAGE / 1024);

    switch (one->kind) {
    case CALIBRATE_HUGE: /* one fault, and 512 pages to zero */
        sum->quantity[COST_zero_fill] *= CALIBRATE_HUGE_PAGES;
        break;
    case CALIBRATE_POPULATE: /* wiring is only how the model makes pages together */
        sum->quantity[COST_page_wire] = 0;
        sum->quantity[COST_pte_write] -= made; /* .. and changes them again when it ends */
        sum->quantity[COST_fault_body] += made;
        break;
    case CALIBRATE_MLOCK: /* makes each page as a fault does, without the trap */
        sum->quantity[COST_map_entry]++;
        sum->quantity[COST_pte_write] -= made;
        sum->quantity[COST_fault_body] += made;
        break;
    case CALIBRATE_LOCK: /* marks the entry, counts, and leaves the tables as they are */
        sum->quantity[COST_map_entry]++;
        sum->quantity[COST_pte_write] = 0;
        break;
    case CALIBRATE_READ_WRITE: /* does not copy its page of zeros: it makes another */
        sum->quantity[COST_zero_fill] += sum->quantity[COST_copy];
        sum->quantity[COST_copy] = 0;
        break;
    case CALIBRATE_PROTECT:
        sum->quantity[COST_map_entry] += 2;
        sum->quantity[COST_pte_write] *= 2;  /* gives the right back at once */
        sum->quantity[COST_flush_page] /= 2; /* .. which needs no flush, as nothing was taken */
        sum->quantity[COST_flush_space] /= 2;
        sum->quantity[COST_ipi_first] /= 2;
        break;
    case CALIBRATE_FORK: /* writes the child's words too; XNU leaves those to the child's faults */
        sum->quantity[COST_pte_write] *= 2;
        break;
    default:
        break;
    }
}

/*
 * Lines of memory that the case wants and the near cache does not have: the preparation, which wrote whole pages,
 * pushed them out. Of forks the shortest of some counts, so only those of too many pages miss what the one before
 * used: a record and two table words a page. Where it is a little too much some of it stays.
 */
static uint64_t
far_lines(const struct calibrate_case *one, uint64_t near_bytes)
{
    uint64_t near = near_bytes / PAGE, forked = near_bytes / (LINE + 16);
    uint64_t far = one->touched > near ? one->touched - near : 0;

    switch (one->kind) {
    case CALIBRATE_COW: /* a whole page to copy, and its record */
        return far * (PAGE / LINE + 1);
    case CALIBRATE_UNMAP: /* each page's record */
    case CALIBRATE_LOCK:
        return far;
    case CALIBRATE_FORK:
        if (one->touched <= forked || one->touched >= 2 * forked)
            return one->touched <= forked ? 0 : one->touched;
        return one->touched * (one->touched - forked) / forked;
    default:
        return 0;
    }
}

/* Pages that were made: charged to somebody and put on lists. A hole that a huge page fills is one. */
static uint64_t
made_pages(const struct calibrate_case *one, const struct cost_sum *sum)
{
    uint64_t kib = sum->quantity[COST_zero_fill] + sum->quantity[COST_copy];

    return kib / (PAGE / 1024) / (one->kind == CALIBRATE_HUGE ? CALIBRATE_HUGE_PAGES : 1);
}

bool
calibrate_case_cost(const struct vmm_alloc *alloc, const struct machine *machine,
                    const struct calibrate_case *one, uint64_t near_bytes,
                    struct calibrate_cost *cost)
{
    struct replay_options options = {
        .alloc = alloc, .cpus = 2, .ram_bytes = 512u << 20, .page_flush_limit = HOST_FLUSH_LIMIT
    };
    struct replay_result before, after;
    char bytes[160];
    struct vmm_text why;
    struct replay *replay = NULL;
    bool is_run;

    vmm_text_init(&why, bytes, sizeof bytes);
    options.profile = scn_newest_release();
    if (machine_geometry(machine, &options.geometry, &why))
        replay = replay_create(&options, &why);
    if (replay == NULL)
        return false;
    is_run = prepare_case(replay, one);
    replay_result(replay, &before);
    is_run = is_run && run_case(replay, one);
    replay_result(replay, &after);
    cost->sum = cost_since(&after.cost, &before.cost);
    correct_sum(one, &cost->sum);
    cost->made = made_pages(one, &cost->sum);
    cost->far_lines = far_lines(one, near_bytes);
    /* The other CPU read the tables' words, and this one wants to write to them. */
    cost->shared_lines = one->cpus > 1 ? (one->touched + LINE / 8 - 1) / (LINE / 8) : 0;
    replay_destroy(replay);
    return is_run;
}

uint32_t
calibrate_case_accesses(const struct calibrate_case *one)
{
    return one->kind == CALIBRATE_CHASE ? CHASE_ROUNDS * one->pages : 1;
}
