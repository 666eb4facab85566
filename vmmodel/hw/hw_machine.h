/*
 * hw_machine.h - CPUs, their TLBs, and physical memory: what the hardware does use
 *
 * PURPOSE     One access by one CPU: TLB, then page-table walk, then a physical page or a fault.
 *             A fault is a return value; the floor above decides.
 * INVARIANTS  C1  user_asid is 0 exactly when user_root is VMM_NO_PAGE
 *             C2  a TLB's page numbers are those of the space that the tag names; the tag of one is
 *                 never another's while anything is remembered, so sizes do not mix
 * UNITS       va: bytes, canonical (the top half is the kernel's). cpu: index below cpu_count.
 * OWNERSHIP   the machine owns frames and CPUs; it borrows table roots from pmap
 * ERRORS      NULL from create when the embedder has no memory
 * EVENTS      none; accesses are counted per CPU
 * XNU         none (hardware). Differs: kernel and user halves have a root each, as TTBR1 and
 *             TTBR0 on arm64; on x86 XNU links the same kernel tables into every PML4, which has
 *             the same effect.
 */
#ifndef HW_HW_MACHINE_H
#define HW_HW_MACHINE_H

#include "base/alloc.h"
#include "base/row.h"
#include "hw/hw_frame.h"
#include "hw/hw_geometry.h"
#include "hw/hw_pagetable.h"
#include "hw/hw_tlb.h"
#include "hw/hw_walk_cache.h"

enum { HW_MAX_CPUS = 64 };

enum hw_cpu_mode { HW_CPU_KERNEL, HW_CPU_USER, HW_CPU_IDLE };

struct hw_cpu {
    uint32_t id;
    enum hw_cpu_mode mode;
    bool interrupts_enabled;
    vmm_ppn user_root; /* VMM_NO_PAGE: no user space loaded */
    uint32_t user_asid;
    const struct hw_geometry *space[2]; /* how the user's half and the kernel's are translated */
    struct hw_tlb tlb;
    struct hw_walk_cache walk_cache;
    uint64_t walks;
    uint64_t walk_reads; /* words of tables that walks read */
};

/* A leaf table that the host found by a walk. What the simulated walker reads is counted all the same. */
struct hw_known_table {
    uint64_t name; /* its root, and va >> (page_shift + index_bits); 0: nothing */
    uint64_t *words;
};

enum { HW_KNOWN_TABLES = 512 }; /* a GiB of 4 KiB pages */

struct hw_machine {
    const struct vmm_alloc *alloc;
    const struct vmm_rows *rows; /* how this host goes over arrays */
    const struct hw_geometry *geometry;
    struct hw_geometry small; /* of user spaces with pages of 4 KiB, where frames are larger */
    struct hw_frames frames;
    vmm_ppn kernel_root;
    uint32_t cpu_count;
    struct hw_cpu *cpus;
    struct hw_known_table known[HW_KNOWN_TABLES]; /* by the table's place in its address space */
};

enum hw_access_kind { HW_READ = 1, HW_WRITE = 2, HW_EXECUTE = 4 }; /* VMM_PROT_* bits */

enum hw_outcome {
    HW_OK,
    HW_FAULT_NOT_PRESENT, /* no valid entry on the way */
    HW_FAULT_PROTECTION,  /* a valid leaf that forbids the access */
    HW_FAULT_ACCESS_FLAG, /* arm64: a valid leaf that nobody has used since AF was cleared */
    HW_FAULT_ADDRESS      /* not canonical */
};

/* cpu_count in [1, HW_MAX_CPUS]; frame_count > 0. NULL: no host memory. */
struct hw_machine *hw_machine_create(const struct vmm_alloc *alloc,
                                     const struct hw_geometry *geometry, uint32_t cpu_count,
                                     vmm_ppn frame_count);
void hw_machine_destroy(struct hw_machine *machine);

/* For who takes a table away, or another one's place: the host's walks begin at the root again. */
void hw_machine_forget_tables(struct hw_machine *machine);

/* Whether the address is in the kernel's half. */
static inline bool
hw_is_kernel_va(vmm_va va)
{
    return (va >> 63) != 0;
}

/* The virtual page number as the TLB keeps it: VA bits only. */
static inline uint64_t
hw_vpn(const struct hw_geometry *geometry, vmm_va va)
{
    return (va & (((uint64_t)1 << geometry->va_bits) - 1)) >> geometry->page_shift;
}

/* How a CPU translates the half that the address is in. */
static inline const struct hw_geometry *
hw_cpu_space(const struct hw_cpu *cpu, vmm_va va)
{
    return cpu->space[va >> 63];
}

/* Whether the bits above va_bits repeat the top one. */
static inline bool
hw_is_canonical(const struct hw_geometry *geometry, vmm_va va)
{
    uint64_t top = va >> (geometry->va_bits - 1);

    return top == 0 || top == UINT64_MAX >> (geometry->va_bits - 1);
}

/* What a word must have for an access, with NX turned around, so that it is a right as the others. */
static inline uint64_t
hw_pte_wanted(enum hw_access_kind kind, bool from_user)
{
    return HW_PTE_VALID | (from_user ? HW_PTE_USER : 0) | (kind == HW_WRITE ? HW_PTE_WRITE : 0) |
           (kind == HW_EXECUTE ? HW_PTE_NX : 0);
}

/* Whether a word serves an access: valid, with the right, and whatever `more` names. */
static inline bool
hw_pte_serves(uint64_t pte, enum hw_access_kind kind, bool from_user, uint64_t more)
{
    uint64_t wanted = hw_pte_wanted(kind, from_user) | more;

    return ((pte ^ HW_PTE_NX) & wanted) == wanted;
}

/* hw_access() without the TLB, in hw_walk.c: it missed, or what it remembers does not do. */
enum hw_outcome hw_access_walk(struct hw_machine *machine, struct hw_cpu *cpu, vmm_va va,
                               enum hw_access_kind kind, bool from_user, bool missed,
                               uint64_t *word);

/*
 * One access of `kind` at `va` by `cpu`. HW_OK: *word is the page's; reference and modify bits are set in the
 * leaf (arm64: by the kernel before). `from_user`: a leaf without HW_PTE_USER is a protection fault. What the
 * TLB remembers and forbids is not believed but walked for again, so a right that pmap added without a flush
 * is seen (vm.md 5.4, "adds WRITE only"). Differs from x86: the spurious fault itself is not delivered. In the
 * header because a hit is the model's hottest path.
 */
static inline enum hw_outcome
hw_access_word(struct hw_machine *machine, uint32_t cpu_id, vmm_va va, enum hw_access_kind kind,
               bool from_user, uint64_t *word)
{
    struct hw_cpu *cpu = &machine->cpus[cpu_id];
    uint32_t asid = hw_is_kernel_va(va) ? 0 : cpu->user_asid;
    uint64_t pte = 0;

    if (hw_is_canonical(machine->geometry, va))
        pte = hw_tlb_lookup_in(&cpu->tlb, hw_tlb_first(&cpu->tlb, kind == HW_EXECUTE),
                               hw_vpn(hw_cpu_space(cpu, va), va), asid);
    if (!hw_pte_serves(pte, kind, from_user, kind == HW_WRITE ? HW_PTE_MOD : 0))
        return hw_access_walk(machine, cpu, va, kind, from_user, pte == 0, word);
    *word = pte;
    return HW_OK;
}

/* The same for who wants to know the frame only. */
static inline enum hw_outcome
hw_access(struct hw_machine *machine, uint32_t cpu_id, vmm_va va, enum hw_access_kind kind,
          bool from_user, vmm_ppn *ppn)
{
    uint64_t word;
    enum hw_outcome outcome = hw_access_word(machine, cpu_id, va, kind, from_user, &word);

    if (outcome == HW_OK)
        *ppn = hw_pte_ppn(word) >> (machine->geometry->page_shift -
                                    hw_cpu_space(&machine->cpus[cpu_id], va)->page_shift);
    return outcome;
}

/*
 * Loads a user space on a CPU (VMM_NO_PAGE and 0: none), translated as `space` says: as the machine, or
 * its `small`. Keeps the TLB, whose entries carry the asid.
 */
void hw_cpu_load(struct hw_machine *machine, uint32_t cpu, const struct hw_geometry *space,
                 vmm_ppn user_root, uint32_t user_asid);

/* What one CPU forgets: a page, an address space, everything; its walker forgets at least as much. */
void hw_cpu_flush_page(struct hw_cpu *cpu, uint64_t vpn, uint32_t asid);
void hw_cpu_flush_asid(struct hw_cpu *cpu, uint32_t asid);
void hw_cpu_flush_all(struct hw_cpu *cpu);

#endif
