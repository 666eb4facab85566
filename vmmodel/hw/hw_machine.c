/*
 * hw_machine.c - one access: TLB, then the tables, then a page or a fault
 *
 * The TLB is asked first. What it remembers may be out of date; a remembered right that forbids the
 * access is not believed but looked up again, so a right that was added without a flush is seen. The
 * first store to a page walks even on a hit, because the modify bit is the leaf's to have.
 */
#include "hw/hw_machine.h"

#include <string.h>

#include "base/assert.h"
#include "hw/hw_tlb_vector.h"

struct hw_machine *
hw_machine_create(const struct vmm_alloc *alloc, const struct hw_geometry *geometry,
                  uint32_t cpu_count, vmm_ppn frame_count)
{
    struct hw_machine *machine = vmm_take_array(alloc, 1, sizeof(*machine));
    bool is_whole;

    VMM_ASSERT(cpu_count >= 1 && cpu_count <= HW_MAX_CPUS && frame_count > 0);
    if (machine == NULL)
        return NULL;
    machine->alloc = alloc;
    machine->geometry = geometry;
    machine->small = hw_geometry_small(geometry);
    machine->cpus = vmm_take_array(alloc, cpu_count, sizeof(*machine->cpus));
    is_whole =
        hw_frames_init(&machine->frames, alloc, (uint32_t)hw_page_bytes(geometry), frame_count) &&
        machine->cpus != NULL;
    machine->cpu_count = machine->cpus == NULL ? 0 : cpu_count;
    for (uint32_t cpu = 0; is_whole && cpu < cpu_count; cpu++) {
        machine->cpus[cpu].id = cpu;
        machine->cpus[cpu].space[0] = machine->cpus[cpu].space[1] = geometry;
        machine->cpus[cpu].mode = cpu == 0 ? HW_CPU_KERNEL : HW_CPU_IDLE;
        machine->cpus[cpu].interrupts_enabled = true;
        is_whole = hw_tlb_init(&machine->cpus[cpu].tlb, alloc, geometry) &&
                   hw_walk_cache_init(&machine->cpus[cpu].walk_cache, alloc, geometry);
    }
    if (is_whole)
        return machine;
    hw_machine_destroy(machine);
    return NULL;
}

void
hw_machine_destroy(struct hw_machine *machine)
{
    const struct vmm_alloc *alloc = machine->alloc;

    for (uint32_t cpu = 0; cpu < machine->cpu_count; cpu++) {
        hw_tlb_destroy(&machine->cpus[cpu].tlb, alloc);
        if (machine->cpus[cpu].walk_cache.geometry != NULL)
            hw_walk_cache_destroy(&machine->cpus[cpu].walk_cache, alloc);
    }
    vmm_give_array(alloc, machine->cpus, machine->cpu_count, sizeof(*machine->cpus));
    if (machine->frames.alloc != NULL)
        hw_frames_destroy(&machine->frames);
    vmm_give_array(alloc, machine, 1, sizeof(*machine));
}

/* ---- walks ---- */

void
hw_machine_forget_tables(struct hw_machine *machine)
{
    memset(machine->known, 0, sizeof(machine->known));
}

/* The leaf word for `va`, or NULL where no leaf table is. */
static inline uint64_t *
hw_leaf_word(struct hw_machine *machine, const struct hw_geometry *geometry, vmm_ppn root,
             vmm_va va)
{
    uint64_t vpn = hw_vpn(geometry, va);
    uint64_t place = vpn >> geometry->index_bits;
    uint64_t index = vpn & (((uint64_t)1 << geometry->index_bits) - 1);
    uint64_t name = (uint64_t)root << 32 | place;
    struct hw_known_table *known = &machine->known[place % HW_KNOWN_TABLES];
    uint64_t *word;

    if (known->name == name)
        return &known->words[index];
    word = hw_pt_slot(&machine->frames, geometry, root, va, geometry->levels - 1, NULL);
    if (word != NULL)
        *known = (struct hw_known_table){ name, word - index };
    return word;
}

/* The leaf word that the walk from `root` ends at, or NULL; counts what the walker reads. */
static uint64_t *
hw_walk_to_leaf(struct hw_machine *machine, struct hw_cpu *cpu, vmm_ppn root, vmm_va va,
                uint32_t asid, uint32_t *level)
{
    const struct hw_geometry *geometry = hw_cpu_space(cpu, va);
    uint64_t *leaf;

    if (root == VMM_NO_PAGE)
        return NULL;
    *level = geometry->levels - 1;
    leaf = hw_leaf_word(machine, geometry, root, va);
    if (leaf == NULL)
        leaf = hw_pt_leaf(&machine->frames, geometry, root, va, level);
    cpu->walk_reads +=
        hw_walk_cache_reads(&cpu->walk_cache, geometry, hw_vpn(geometry, va), asid, *level + 1);
    return leaf;
}

/* What the TLB remembers of a leaf above the last level: the leaf, or where it cannot the page's word. */
static uint64_t
hw_remember_large(struct hw_cpu *cpu, struct hw_tlb_level *first, uint64_t vpn, uint32_t asid,
                  uint64_t leaf, uint32_t level)
{
    uint64_t pte = hw_pte_of_page(cpu->tlb.geometry, leaf, level, vpn);

    if (cpu->tlb.large.sets != 0)
        hw_tlb_fill_large(&cpu->tlb, vpn, asid, leaf, level);
    else
        hw_tlb_fill_in(&cpu->tlb, first, vpn, asid, pte, false);
    return pte;
}

/*
 * Walks the tables, sets the reference and modify bits, and fills the TLB. A fault drops what the
 * TLB had for the page.
 */
static enum hw_outcome
hw_walk(struct hw_machine *machine, struct hw_cpu *cpu, vmm_va va, enum hw_access_kind kind,
        bool from_user, bool missed, uint64_t *word)
{
    bool is_kernel = hw_is_kernel_va(va);
    uint32_t asid = is_kernel ? 0 : cpu->user_asid;
    uint64_t vpn = hw_vpn(hw_cpu_space(cpu, va), va);
    struct hw_tlb_level *first = hw_tlb_first(&cpu->tlb, kind == HW_EXECUTE);
    uint32_t level = 0;
    uint64_t *leaf = hw_walk_to_leaf(
        machine, cpu, is_kernel ? machine->kernel_root : cpu->user_root, va, asid, &level);
    bool is_valid = leaf != NULL && (*leaf & HW_PTE_VALID);
    uint64_t pte;

    cpu->walks++;
    if (!is_valid || !hw_pte_serves(*leaf, kind, from_user, 0)) {
        if (!missed || !hw_tlb_is_joint(&cpu->tlb))
            hw_tlb_flush_page(&cpu->tlb, vpn, asid);
        return is_valid ? HW_FAULT_PROTECTION : HW_FAULT_NOT_PRESENT;
    }
    if (machine->geometry->has_software_refmod && !(*leaf & HW_PTE_REF)) {
        hw_tlb_flush_page(&cpu->tlb, vpn, asid);
        return HW_FAULT_ACCESS_FLAG;
    }
    *leaf |= HW_PTE_REF | (kind == HW_WRITE ? HW_PTE_MOD : 0);
    pte = *leaf;
    if (pte & HW_PTE_LARGE)
        pte = hw_remember_large(cpu, first, vpn, asid, pte, level);
    else
        hw_tlb_fill_in(&cpu->tlb, first, vpn, asid, pte, missed);
    *word = pte;
    return HW_OK;
}

/* Whether the TLB has a leaf that covers the page and serves the access. */
static bool
hw_knows_large(struct hw_machine *machine, struct hw_cpu *cpu, vmm_va va, enum hw_access_kind kind,
               bool from_user, uint64_t *word)
{
    uint64_t pte = hw_tlb_lookup_large(&cpu->tlb, hw_vpn(machine->geometry, va),
                                       hw_is_kernel_va(va) ? 0 : cpu->user_asid);

    if (!hw_pte_serves(pte, kind, from_user, kind == HW_WRITE ? HW_PTE_MOD : 0))
        return false;
    *word = pte;
    return true;
}

enum hw_outcome
hw_access_walk(struct hw_machine *machine, struct hw_cpu *cpu, vmm_va va, enum hw_access_kind kind,
               bool from_user, bool missed, uint64_t *word)
{
    if (!hw_is_canonical(machine->geometry, va))
        return HW_FAULT_ADDRESS;
    if (!hw_is_kernel_va(va) && cpu->user_asid == 0)
        return HW_FAULT_NOT_PRESENT; /* C1: no user space is loaded */
    if (missed && cpu->tlb.has_large && hw_knows_large(machine, cpu, va, kind, from_user, word))
        return HW_OK;
    return hw_walk(machine, cpu, va, kind, from_user, missed, word);
}

void
hw_cpu_load(struct hw_machine *machine, uint32_t cpu, const struct hw_geometry *space,
            vmm_ppn user_root, uint32_t user_asid)
{
    VMM_ASSERT((user_root == VMM_NO_PAGE) == (user_asid == 0)); /* C1 */
    machine->cpus[cpu].space[0] = space;
    machine->cpus[cpu].user_root = user_root;
    machine->cpus[cpu].user_asid = user_asid;
}

void
hw_cpu_flush_page(struct hw_cpu *cpu, uint64_t vpn, uint32_t asid)
{
    hw_tlb_flush_page(&cpu->tlb, vpn, asid);
    hw_walk_cache_flush_asid(&cpu->walk_cache, asid); /* Intel SDM 3A 4.10.4.1: INVLPG, all of it */
}

void
hw_cpu_flush_asid(struct hw_cpu *cpu, uint32_t asid)
{
    hw_tlb_flush_asid(&cpu->tlb, asid);
    hw_walk_cache_flush_asid(&cpu->walk_cache, asid);
}

void
hw_cpu_flush_all(struct hw_cpu *cpu)
{
    hw_tlb_flush_all(&cpu->tlb);
    hw_walk_cache_flush_all(&cpu->walk_cache);
}

/* ---- many references ---- */

static void
hw_run_init(struct hw_run *run, const struct hw_geometry *geometry, struct hw_cpu *cpu,
            bool from_user)
{
    uint64_t always = HW_PTE_VALID | (from_user ? HW_PTE_USER : 0);

    *run = (struct hw_run){ .tlb = &cpu->tlb,
                            .shift = geometry->page_shift,
                            .sign_shift = geometry->va_bits - 1,
                            .va_mask = ((uint64_t)1 << geometry->va_bits) - 1,
                            .user_asid = cpu->user_asid,
                            .is_split = cpu->tlb.l1i.sets != 0 };
    run->wanted[HW_REFERENCE_READ] = always;
    run->wanted[HW_REFERENCE_WRITE] = always | HW_PTE_WRITE | HW_PTE_MOD;
    run->wanted[HW_REFERENCE_EXECUTE] = run->wanted[HW_REFERENCE_KIND] = always | HW_PTE_NX;
}

/* With LRU what was filled stands in front of its set; a leaf that covers many pages does not. */
static uint64_t
hw_run_front(const struct hw_tlb *tlb, const struct hw_tlb_level *first, uint64_t vpn,
             uint32_t asid)
{
    size_t front = hw_tlb_set(first, vpn);

    return first->tags[front] == (hw_tlb_tag(vpn, asid) | tlb->generation) ? first->ptes[front]
                                                                           : HW_PTE_NX;
}

/* One reference to another page than the one before. HW_OK: made. */
static enum hw_outcome
hw_run_one(struct hw_machine *machine, struct hw_cpu *cpu, uint64_t reference, bool from_user,
           struct hw_run *run)
{
    static const enum hw_access_kind kinds[] = { HW_READ, HW_WRITE, HW_EXECUTE, HW_EXECUTE };
    enum hw_access_kind kind = kinds[reference & HW_REFERENCE_KIND];
    uint64_t wanted = run->wanted[reference & HW_REFERENCE_KIND];
    uint32_t side = hw_run_side(run, reference);
    vmm_va va = reference & ~(uint64_t)HW_REFERENCE_KIND;
    const struct hw_geometry *geometry = hw_cpu_space(cpu, va);
    struct hw_tlb_level *first = hw_tlb_first(&cpu->tlb, kind == HW_EXECUTE);
    uint64_t vpn = hw_vpn(geometry, va);
    uint64_t pte = 0;
    uint64_t word;

    if (run->missed)
        cpu->tlb.misses++;
    else if (hw_is_canonical(geometry, va))
        pte = hw_tlb_lookup_in(&cpu->tlb, first, vpn, hw_is_kernel_va(va) ? 0 : cpu->user_asid);
    run->missed = false;
    if (((pte ^ HW_PTE_NX) & wanted) != wanted) {
        enum hw_outcome outcome =
            hw_access_walk(machine, cpu, va, kind, from_user, pte == 0, &word);

        if (outcome != HW_OK)
            return outcome;
        pte = hw_run_front(&cpu->tlb, first, vpn, hw_is_kernel_va(va) ? 0 : cpu->user_asid);
    }
    run->page[side] = va >> geometry->page_shift;
    run->rights[side] = cpu->tlb.replacement == HW_REPLACE_LRU
                            ? pte ^ HW_PTE_NX
                            : 0; /* else the page may not be the one to be found at once */
    return HW_OK;
}

enum { HW_LOOK_AHEAD = 8 };

/*
 * Where one reference walked, the ones behind it will: asks the host for their leaf words before they
 * are needed. Nothing of the machine changes.
 */
static void
hw_run_look_ahead(struct hw_machine *machine, const struct hw_cpu *cpu, const uint64_t *references,
                  size_t count)
{
    const uint64_t *leaf;
    vmm_ppn root;

    if (count <= HW_LOOK_AHEAD)
        return;
    root = hw_is_kernel_va(references[HW_LOOK_AHEAD]) ? machine->kernel_root : cpu->user_root;
    if (root == VMM_NO_PAGE)
        return;
    leaf = hw_leaf_word(machine, hw_cpu_space(cpu, references[HW_LOOK_AHEAD]), root,
                        references[HW_LOOK_AHEAD]);
    if (leaf != NULL)
        __builtin_prefetch(leaf);
}

/*
 * As many as need no look-up at all, or, with vectors, as hit. Where the two halves differ in their
 * pages each reference is made by itself.
 */
static size_t
hw_run_hits(struct hw_run *run, const struct hw_cpu *cpu, const uint64_t *references, size_t count)
{
    size_t at = 0;

    if (cpu->space[0] != cpu->space[1])
        return 0;
    if (hw_tlb_vector_runs(run->tlb))
        return hw_tlb_vector_run(run, references, count);
    while (at < count && hw_run_stays(run, hw_run_side(run, references[at]), references[at],
                                      run->wanted[references[at] & HW_REFERENCE_KIND]))
        at++;
    run->tlb->l1_hits += at;
    return at;
}

size_t
hw_access_run(struct hw_machine *machine, uint32_t cpu_id, const uint64_t *references, size_t count,
              bool from_user, enum hw_outcome *outcome)
{
    struct hw_cpu *cpu = &machine->cpus[cpu_id];
    struct hw_run run;
    size_t at = 0;

    hw_run_init(&run, machine->geometry, cpu, from_user);
    for (;;) {
        at += hw_run_hits(&run, cpu, references + at, count - at);
        *outcome = at == count ? HW_OK : hw_run_one(machine, cpu, references[at], from_user, &run);
        if (at == count || *outcome != HW_OK)
            return at;
        hw_run_look_ahead(machine, cpu, references + at, count - at);
        at++;
    }
}

bool
hw_access_repeats(struct hw_machine *machine, uint32_t cpu_id, uint64_t reference, bool from_user)
{
    struct hw_cpu *cpu = &machine->cpus[cpu_id];
    uint64_t kind = reference & HW_REFERENCE_KIND, pte;
    vmm_va va = reference & ~(uint64_t)HW_REFERENCE_KIND;
    const struct hw_geometry *geometry = hw_cpu_space(cpu, va);
    struct hw_run run;

    if (cpu->tlb.replacement != HW_REPLACE_LRU || !hw_is_canonical(geometry, va))
        return false;
    hw_run_init(&run, geometry, cpu, from_user);
    pte = hw_run_front(&cpu->tlb, hw_tlb_first(&cpu->tlb, kind == HW_REFERENCE_EXECUTE),
                       hw_vpn(geometry, va), hw_is_kernel_va(va) ? 0 : cpu->user_asid);
    return ((pte ^ HW_PTE_NX) & run.wanted[kind]) == run.wanted[kind];
}
