/*
 * hw_run.c - see hw_run.h
 *
 * With vectors one loop does what nearly every reference needs, the walk after a miss too, and keeps
 * what stays the same in registers. It leaves some to hw_run_one(), one reference at a time: a word that is
 * remembered and does not do, an address that is none, a TLB that remembers large leaves, and a CPU whose
 * two halves differ in their pages. Without vectors every reference to another page than the one before
 * goes there.
 */
#include "hw/hw_run.h"

#include "base/assert.h"
#include "hw/hw_tlb_lanes.h"
#include "hw/hw_walk.h"

void
hw_run_begin(struct hw_run *run, struct hw_machine *machine, uint32_t cpu_id, bool from_user)
{
    const struct hw_geometry *geometry = machine->geometry;
    struct hw_cpu *cpu = &machine->cpus[cpu_id];
    uint64_t always = HW_PTE_VALID | (from_user ? HW_PTE_USER : 0);

    *run = (struct hw_run){ .machine = machine,
                            .cpu = cpu,
                            .tlb = &cpu->tlb,
                            .shift = geometry->page_shift,
                            .sign_shift = geometry->va_bits - 1,
                            .is_split = cpu->tlb.l1i.sets != 0,
                            .va_mask = ((uint64_t)1 << geometry->va_bits) - 1 };
    run->wanted[HW_REFERENCE_READ] = always;
    run->wanted[HW_REFERENCE_WRITE] = always | HW_PTE_WRITE | HW_PTE_MOD;
    run->wanted[HW_REFERENCE_EXECUTE] = run->wanted[HW_REFERENCE_KIND] = always | HW_PTE_NX;
}

/* ---- a fault, and its second try ---- */

/* How often anything was looked for: while that stays what it is, nothing new is remembered. */
static inline uint64_t
hw_run_lookups(const struct hw_run *run)
{
    return run->tlb->l1_hits + run->tlb->l2_hits + run->tlb->misses;
}

static inline void
hw_run_note_fault(struct hw_run *run, uint64_t reference, bool missed)
{
    run->missed = missed;
    run->faulted = reference;
    run->lookups = hw_run_lookups(run);
}

/* U1: whatever happened since the last call. */
static inline void
hw_run_resume(struct hw_run *run, uint64_t reference)
{
    run->missed = run->missed && run->faulted == reference && run->lookups == hw_run_lookups(run) &&
                  run->user_asid == run->cpu->user_asid;
    run->user_asid = run->cpu->user_asid;
    run->rights[0] = run->rights[1] = 0;
}

/* ---- one by one ---- */

/* One reference to another page than the one before. HW_OK: made. */
static enum hw_outcome
hw_run_one(struct hw_run *run, uint64_t reference)
{
    struct hw_tlb *tlb = run->tlb;
    uint32_t side = hw_run_side(run, reference);
    uint64_t wanted = run->wanted[reference & HW_REFERENCE_KIND];
    vmm_va va = reference & ~(uint64_t)HW_REFERENCE_KIND;
    const struct hw_geometry *geometry = hw_cpu_space(run->cpu, va);
    bool is_address = hw_is_canonical(geometry, va);
    struct hw_request request = { .va = va,
                                  .vpn = hw_vpn(geometry, va),
                                  .asid = hw_is_kernel_va(va) ? 0 : run->cpu->user_asid,
                                  .wanted = wanted & ~HW_PTE_MOD,
                                  .is_store = (wanted & HW_PTE_MOD) != 0,
                                  .first = side == 0 ? &tlb->l1 : &tlb->l1i,
                                  .is_front = true };
    enum hw_outcome outcome = HW_OK;

    if (run->missed)
        tlb->misses++;
    else if (is_address)
        request.pte = hw_tlb_lookup_in(tlb, request.first, request.vpn, request.asid);
    request.missed = request.pte == 0;
    run->missed = false;
    if (((request.pte ^ HW_PTE_NX) & wanted) != wanted)
        outcome = hw_access_further(run->machine, run->cpu, &request);
    if (outcome != HW_OK) {
        hw_run_note_fault(run, reference, request.missed && is_address);
        return outcome;
    }
    run->page[side] = va >> geometry->page_shift;
    run->rights[side] = request.is_front && tlb->replacement == HW_REPLACE_LRU
                            ? request.pte ^ HW_PTE_NX
                            : 0; /* else the page may not be the one to be found at once */
    return HW_OK;
}

enum { HW_LOOK_AHEAD = 8 };

/*
 * Where one reference walked, the ones behind it will: asks the host for their leaf words before they
 * are needed. Nothing of the machine changes.
 */
static inline void
hw_run_look_ahead(const struct hw_run *run, const uint64_t *references, size_t count)
{
    const struct hw_geometry *geometry;
    const uint64_t *leaf;
    vmm_ppn root;
    vmm_va va;

    if (count <= HW_LOOK_AHEAD)
        return;
    va = references[HW_LOOK_AHEAD];
    root = hw_is_kernel_va(va) ? run->machine->kernel_root : run->cpu->user_root;
    if (root == VMM_NO_PAGE)
        return;
    geometry = hw_cpu_space(run->cpu, va);
    leaf = hw_leaf_word(run->machine, geometry, root, va, hw_vpn(geometry, va));
    if (leaf != NULL)
        __builtin_prefetch(leaf);
}

/* As many as need no look-up at all. */
static inline size_t
hw_run_stay(struct hw_run *run, const uint64_t *references, size_t count)
{
    size_t at = 0;

    while (at < count && hw_run_stays(run, hw_run_side(run, references[at]), references[at]))
        at++;
    run->tlb->l1_hits += at;
    return at;
}

/* ---- with vectors ---- */

#ifdef HW_LANES_TARGET

/* What stays the same during a run, in registers: no store of ours may change it. */
struct hw_lane_terms {
    uint32_t shift, sign_shift;
    uint64_t va_mask, user_asid, generation;
};

static inline struct hw_lane_terms
hw_lane_terms(const struct hw_run *run)
{
    return (struct hw_lane_terms){ run->shift, run->sign_shift, run->va_mask, run->user_asid,
                                   run->tlb->generation };
}

/* What is looked for, and the word that was found. */
struct hw_lane_wish {
    uint64_t vpn, tag, wanted, pte;
    uint32_t asid;
};

enum hw_lane_found {
    HW_LANE_FIRST,   /* and moved to the front, */
    HW_LANE_SECOND,  /* of both levels */
    HW_LANE_REFUSED, /* it is there and may not be used so: nothing was done */
    HW_LANE_NOWHERE
};

static inline bool
hw_lane_may(const struct hw_lane_wish *wish)
{
    return ((wish->pte ^ HW_PTE_NX) & wish->wanted) == wish->wanted;
}

/* One that the first level has not: the second moves it there. */
HW_LANES_TARGET static inline enum hw_lane_found
hw_lane_touch_second(const struct hw_tlb_level *first, struct hw_tlb_level *second,
                     size_t first_set, struct hw_lane_wish *wish)
{
    size_t set;
    uint64_t tag;
    uint32_t way;

    if (second->sets == 0)
        return HW_LANE_NOWHERE;
    set = hw_tlb_set(second, wish->vpn);
    way = hw_packed_find(second, set, wish->tag);
    if (way == second->ways)
        return HW_LANE_NOWHERE;
    tag = second->tags[set + way];
    wish->pte = hw_tlb_unpack(tag, second->frames[set + way]);
    if (!hw_lane_may(wish))
        return HW_LANE_REFUSED;
    hw_packed_put(second, set, way, tag, hw_pte_ppn(wish->pte));
    hw_vector_push(first, first_set, wish->tag, wish->pte);
    return HW_LANE_SECOND;
}

/* One reference to another page than the one before. */
HW_LANES_TARGET static inline enum hw_lane_found
hw_lane_touch(const struct hw_tlb_level *first, struct hw_tlb_level *second, size_t set,
              struct hw_lane_wish *wish)
{
    uint32_t way = hw_vector_find(first, set, wish->tag);

    if (way == first->ways)
        return hw_lane_touch_second(first, second, set, wish);
    wish->pte = first->ptes[set + way];
    if (!hw_lane_may(wish))
        return HW_LANE_REFUSED;
    hw_vector_put(first, set, way, wish->tag, wish->pte);
    return HW_LANE_FIRST;
}

/* The same where a set is four ways: all is there at once. */
HW_LANES_TARGET static inline enum hw_lane_found
hw_lane_touch_four(const struct hw_tlb_level *first, struct hw_tlb_level *second, size_t set,
                   struct hw_lane_wish *wish)
{
    hw_lanes tags = hw_lanes_load(&first->tags[set]), ptes;
    uint32_t mask = hw_lanes_that_are(wish->tag, tags), way;

    if (mask == 0)
        return hw_lane_touch_second(first, second, set, wish);
    way = (uint32_t)__builtin_ctz(mask);
    wish->pte = first->ptes[set + way];
    if (!hw_lane_may(wish))
        return HW_LANE_REFUSED;
    ptes = hw_lanes_load(&first->ptes[set]);
    hw_lanes_store(&first->ptes[set], hw_lanes_front(ptes, way, wish->pte));
    hw_lanes_store(&first->tags[set], hw_lanes_front(tags, way, wish->tag));
    return HW_LANE_FIRST;
}

/* A reference's page number and tag; false: its upper bits are not alike. */
static inline bool
hw_lane_wish(const struct hw_lane_terms *terms, uint64_t reference, struct hw_lane_wish *wish)
{
    uint64_t sign = (uint64_t)((int64_t)reference >> terms->sign_shift);

    wish->vpn = (reference & terms->va_mask) >> terms->shift;
    wish->asid = (uint32_t)(terms->user_asid & ~sign);
    wish->tag = hw_tlb_tag(wish->vpn, wish->asid) | terms->generation;
    return sign + 1 <= 1;
}

/* What a run of `count` hits has come to: what the second level had not, the first had. */
static inline size_t
hw_lane_hits_end(struct hw_run *run, enum hw_lane_found last, size_t count, uint64_t l2_hits)
{
    run->tlb->l1_hits += count - l2_hits;
    run->tlb->l2_hits += l2_hits;
    run->missed = last == HW_LANE_NOWHERE;
    return count;
}

/*
 * Makes references as long as they hit and may be. There is one first level, of four ways and as many
 * sets as a mask tells apart. Not to be mixed with what walks: it needs all registers for itself.
 */
HW_LANES_TARGET static __attribute__((noinline)) size_t
hw_lane_hits_plain(struct hw_run *run, const uint64_t *references, size_t count)
{
    const struct hw_lane_terms terms = hw_lane_terms(run);
    const struct hw_tlb_level first = run->tlb->l1;
    struct hw_tlb_level *second = &run->tlb->l2;
    uint64_t page = run->page[0], rights = run->rights[0], l2_hits = 0;
    enum hw_lane_found found = HW_LANE_FIRST;
    size_t at = 0;

    for (; at < count; at++) {
        uint64_t reference = references[at];
        struct hw_lane_wish wish = { .wanted = run->wanted[reference & HW_REFERENCE_KIND] };

        if (reference >> terms.shift == page && (rights & wish.wanted) == wish.wanted)
            continue;
        found = HW_LANE_REFUSED;
        if (hw_lane_wish(&terms, reference, &wish))
            found = hw_lane_touch_four(&first, second,
                                       (size_t)(wish.vpn & (first.sets - 1)) * HW_LANES, &wish);
        if (found >= HW_LANE_REFUSED)
            break;
        l2_hits += found == HW_LANE_SECOND;
        rights = wish.pte ^ HW_PTE_NX;
        page = reference >> terms.shift;
    }
    run->page[0] = page;
    run->rights[0] = rights;
    return hw_lane_hits_end(run, found, at, l2_hits);
}

/* Any levels. */
HW_LANES_TARGET static __attribute__((noinline)) size_t
hw_lane_hits_any(struct hw_run *run, const uint64_t *references, size_t count)
{
    const struct hw_lane_terms terms = hw_lane_terms(run);
    struct hw_tlb *tlb = run->tlb;
    struct hw_tlb_level *const firsts[] = { &tlb->l1, &tlb->l1i };
    enum hw_lane_found found = HW_LANE_FIRST;
    uint64_t l2_hits = 0;
    size_t at = 0;

    for (; at < count; at++) {
        uint64_t reference = references[at];
        struct hw_lane_wish wish = { .wanted = run->wanted[reference & HW_REFERENCE_KIND] };
        uint32_t side = hw_run_side(run, reference);
        struct hw_tlb_level *first = firsts[side];

        if (hw_run_stays(run, side, reference))
            continue;
        found = HW_LANE_REFUSED;
        if (hw_lane_wish(&terms, reference, &wish))
            found =
                hw_lane_touch(first, hw_tlb_second(tlb, first), hw_tlb_set(first, wish.vpn), &wish);
        if (found >= HW_LANE_REFUSED)
            break;
        l2_hits += found == HW_LANE_SECOND;
        run->rights[side] = wish.pte ^ HW_PTE_NX;
        run->page[side] = reference >> terms.shift;
    }
    return hw_lane_hits_end(run, found, at, l2_hits);
}

/* A large leaf that was walked to. */
static enum hw_outcome
hw_run_remember_large(struct hw_run *run, struct hw_request request, uint32_t side, uint32_t level)
{
    hw_remember_large(run->cpu, &request, level);
    run->page[side] = request.va >> run->shift;
    run->rights[side] = request.is_front ? request.pte ^ HW_PTE_NX : 0;
    return HW_OK;
}

/* One that nothing remembers: walks, and fills the TLB. */
HW_LANES_TARGET static inline enum hw_outcome
hw_lane_walk(struct hw_run *run, const struct hw_lane_terms *terms, uint64_t reference)
{
    struct hw_tlb *tlb = run->tlb;
    uint32_t side = hw_run_side(run, reference);
    uint64_t wanted = run->wanted[reference & HW_REFERENCE_KIND];
    struct hw_lane_wish wish;
    bool is_address = hw_lane_wish(terms, reference, &wish);
    struct hw_request request = { .va = reference & ~(uint64_t)HW_REFERENCE_KIND,
                                  .vpn = wish.vpn,
                                  .asid = wish.asid,
                                  .wanted = wanted & ~HW_PTE_MOD,
                                  .is_store = (wanted & HW_PTE_MOD) != 0,
                                  .missed = true,
                                  .first = side == 0 ? &tlb->l1 : &tlb->l1i };
    struct hw_tlb_level *second = hw_tlb_second(tlb, request.first);
    enum hw_outcome outcome;
    uint32_t level;

    VMM_ASSERT(is_address); /* else it was not looked for */
    outcome = hw_walk(run->machine, run->cpu, &request, &level);
    tlb->misses++;
    if (outcome != HW_OK) {
        hw_walk_failed(run->cpu, &request);
        return outcome;
    }
    if (request.pte & HW_PTE_LARGE)
        return hw_run_remember_large(run, request, side, level);
    run->page[side] = reference >> terms->shift;
    run->rights[side] = request.pte ^ HW_PTE_NX;
    hw_tlb_note_fill(tlb, second, wish.vpn, wish.asid);
    request.pte &= HW_TLB_KEPT; /* T7 */
    if (second->sets != 0)
        hw_packed_push(second, hw_tlb_set(second, wish.vpn),
                       wish.tag | hw_tlb_pack_rights(request.pte), hw_pte_ppn(request.pte));
    hw_vector_push(request.first, hw_tlb_set(request.first, wish.vpn), wish.tag, request.pte);
    return HW_OK;
}

/* Makes references up to one that faults or goes by itself. */
HW_LANES_TARGET static size_t
hw_lane_run(struct hw_run *run, const uint64_t *references, size_t count, enum hw_outcome *outcome)
{
    const struct hw_lane_terms terms = hw_lane_terms(run);
    const struct hw_tlb *tlb = run->tlb;
    bool is_plain = tlb->l1.ways == HW_LANES && tlb->l1.sets_are_power && !run->is_split;
    size_t at = 0;

    for (;;) {
        if (!run->missed)
            at += is_plain ? hw_lane_hits_plain(run, references + at, count - at)
                           : hw_lane_hits_any(run, references + at, count - at);
        if (!run->missed || tlb->has_large)
            return at;
        *outcome = hw_lane_walk(run, &terms, references[at]);
        if (*outcome != HW_OK) {
            hw_run_note_fault(run, references[at], true);
            return at;
        }
        run->missed = false;
        hw_run_look_ahead(run, references + at, count - at);
        at++;
    }
}

/* Makes references up to one that faults or goes by itself. */
static size_t
hw_run_many(struct hw_run *run, const uint64_t *references, size_t count, enum hw_outcome *outcome)
{
    if (run->tlb->is_vector)
        return hw_lane_run(run, references, count, outcome);
    return run->missed ? 0 : hw_run_stay(run, references, count);
}

#else

static size_t
hw_run_many(struct hw_run *run, const uint64_t *references, size_t count, enum hw_outcome *outcome)
{
    (void)outcome;
    return run->missed ? 0 : hw_run_stay(run, references, count);
}

#endif

size_t
hw_run_on(struct hw_run *run, const uint64_t *references, size_t count, enum hw_outcome *outcome)
{
    bool is_one_size = run->cpu->space[0] == run->cpu->space[1];
    size_t at = 0;

    *outcome = HW_OK;
    if (count > 0)
        hw_run_resume(run, references[0]);
    for (;;) {
        if (is_one_size)
            at += hw_run_many(run, references + at, count - at, outcome);
        if (at == count || *outcome != HW_OK)
            return at;
        *outcome = hw_run_one(run, references[at]);
        if (*outcome != HW_OK)
            return at;
        hw_run_look_ahead(run, references + at, count - at);
        at++;
    }
}

bool
hw_access_repeats(struct hw_machine *machine, uint32_t cpu_id, uint64_t reference, bool from_user)
{
    const struct hw_tlb *tlb = &machine->cpus[cpu_id].tlb;
    uint64_t kind = reference & HW_REFERENCE_KIND, vpn, tag, pte;
    vmm_va va = reference & ~(uint64_t)HW_REFERENCE_KIND;
    const struct hw_tlb_level *first;
    struct hw_run run;
    size_t front;

    if (tlb->replacement != HW_REPLACE_LRU || !hw_is_canonical(machine->geometry, va))
        return false;
    hw_run_begin(&run, machine, cpu_id, from_user);
    first = hw_run_side(&run, reference) == 0 ? &tlb->l1 : &tlb->l1i;
    vpn = hw_vpn(hw_cpu_space(run.cpu, va), va);
    front = hw_tlb_set(first, vpn);
    tag = hw_tlb_tag(vpn, hw_is_kernel_va(va) ? 0 : run.cpu->user_asid);
    pte = first->tags[front] == (tag | tlb->generation) ? first->ptes[front] : HW_PTE_NX;
    return ((pte ^ HW_PTE_NX) & run.wanted[kind]) == run.wanted[kind];
}
