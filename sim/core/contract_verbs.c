/*
 * contract_verbs.c - the verbs that no other fact asks
 *
 * With these every verb of hooks/vmk.h is asked but vmk_panic(). What a backend need not have it must at
 * least refuse: it is whole or it is not there.
 */
#include "contract_internal.h"

enum { PHYSICAL_BITS = 40, NO_OPERATION = 99, NO_STATE = 9, OWN_BUFFER = 64 };

#define UNSUPPORTED ((int32_t)0xE00002C7)   /* kIOReturnUnsupported */
#define NOT_PERMITTED ((int32_t)0xE00002E2) /* what a kext refuses before it stops the machine */
#define NOT_READY ((int32_t)0xE00002D8)

/* A descriptor that may be missing, and is dropped again: none, or one of that length. */
static bool
is_whole_or_absent(vmk_desc_t d, uint64_t length)
{
    bool holds = d == NULL || vmk_desc_length(d) == length;

    if (d != NULL)
        vmk_desc_release(d);
    return holds;
}

/* The wanted answer, or the one other that a backend may give. */
static void
want_either(struct contract *c, const char *verb, int64_t gave, int64_t wanted, int64_t other)
{
    if (gave != wanted && gave != other)
        contract_fail(c, verb, gave, wanted, NULL);
}

/* ---- descriptors ---- */

void
contract_fact_ranges_are_one_descriptor(struct contract *c)
{
    const vmk_range_t ranges[] = { { c->place.address, c->place.page_bytes },
                                   { c->place.address + 3 * c->place.page_bytes, 100 } };
    vmk_desc_t d = NULL;

    TELL(c, d = vmk_desc_ranges(c->place.task, ranges, 2, OUT));
    WANT(c, "vmk_desc_ranges", d != NULL, true);
    WANT(c, "vmk_desc_length", vmk_desc_length(d), c->place.page_bytes + 100);
    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_desc_ranges, of none", vmk_desc_ranges(c->place.task, ranges, 0, OUT) != NULL,
         false);
    WANT(c, "vmk_current_task", vmk_current_task() != NULL, true);
}

void
contract_fact_the_kernels_own_bytes_are_prepared_at_once(struct contract *c)
{
    void *memory = NULL;
    vmk_desc_t d = NULL;
    uint8_t byte = 0x2B;

    TELL(c, memory = vmk_alloc(c->place.page_bytes, OWN_BUFFER));
    WANT(c, "vmk_alloc", memory != NULL, true);
    TELL(c, d = vmk_desc_address((uint64_t)(uintptr_t)memory, c->place.page_bytes, INOUT));
    WANT(c, "vmk_desc_address", d != NULL, true);
    WANT(c, "vmk_desc_write", vmk_desc_write(d, 3, &byte, 1), 1);
    WANT(c, "vmk_sim_read", contract_byte_at(vmk_kernel_task(), (uint64_t)(uintptr_t)memory + 3),
         0x2B);
    TELL(c, vmk_desc_release(d));
    TELL(c, vmk_free(memory, c->place.page_bytes, OWN_BUFFER));
}

void
contract_fact_a_view_is_a_part(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, 4 * c->place.page_bytes, INOUT);
    vmk_desc_t view = NULL;

    TELL(c, view = vmk_desc_sub(d, ODD, c->place.page_bytes, INOUT));
    WANT(c, "vmk_desc_sub", view != NULL, true);
    WANT(c, "vmk_desc_length", vmk_desc_length(view), c->place.page_bytes);
    TELL(c, vmk_desc_release(view));
    WANT(c, "vmk_desc_sub, past the end",
         vmk_desc_sub(d, ODD, 4 * c->place.page_bytes, INOUT) != NULL, false);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_a_preparation_has_a_number(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);

    WANT(c, "vmk_desc_preparation", vmk_desc_preparation(d), 0);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_preparation, of a prepared one", vmk_desc_preparation(d) != 0, true);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    WANT(c, "vmk_desc_capacity", vmk_desc_capacity(d), 0);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_rarer_kinds_are_whole_or_absent(struct contract *c)
{
    uint64_t page = c->place.page_bytes;
    vmk_desc_t d = contract_describe(c, 0, page, INOUT);

    WANT(c, "vmk_desc_multi", is_whole_or_absent(vmk_desc_multi(&d, 1, INOUT), page), true);
    WANT(c, "vmk_desc_persistent", is_whole_or_absent(vmk_desc_persistent(d), page), true);
    WANT(c, "vmk_desc_guard", is_whole_or_absent(vmk_desc_guard(page), page), true);
    WANT(c, "vmk_desc_buffer_guarded",
         is_whole_or_absent(vmk_desc_buffer_guarded(vmk_kernel_task(), INOUT, page), page), true);
    WANT(c, "vmk_desc_physical",
         is_whole_or_absent(vmk_desc_physical((uint64_t)1 << PHYSICAL_BITS, page, INOUT), page),
         true);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_pages_and_operations_are_answered(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    vmk_map_t m = contract_map_in_kernel(c, d, 0);
    uint64_t resident = 0;
    uint64_t dirty = 0;

    want_either(c, "vmk_desc_page_counts",
                ASK(c, "vmk_desc_page_counts", vmk_desc_page_counts(d, &resident, &dirty)), 0,
                UNSUPPORTED);
    WANT(c, "vmk_desc_set_purgeable, no state", vmk_desc_set_purgeable(d, NO_STATE, NULL) != 0,
         true);
    want_either(
        c, "vmk_desc_perform",
        ASK(c, "vmk_desc_perform", vmk_desc_perform(d, NO_OPERATION, 0, c->place.page_bytes)),
        UNSUPPORTED, 0);
    WANT(c, "vmk_desc_dma_map_length, in its page",
         vmk_desc_dma_map_length(d, &resident) % c->place.page_bytes, 0);
    TELL(c, vmk_map_release(m));
    TELL(c, vmk_desc_release(d));
}

/* ---- mappings ---- */

void
contract_fact_unmap_takes_the_address(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    vmk_map_t m = contract_map_in_kernel(c, d, READ_ONLY);

    WANT(c, "vmk_map_options", vmk_map_options(m) & READ_ONLY, READ_ONLY);
    TELL(c, vmk_map_retain(m));
    TELL(c, vmk_map_release(m));
    WANT(c, "vmk_map_length", vmk_map_length(m), c->place.page_bytes);
    WANT(c, "vmk_map_unmap", vmk_map_unmap(m), 0);
    WANT(c, "vmk_map_address", vmk_map_address(m), 0);
    WANT(c, "vmk_map_unmap, again", vmk_map_unmap(m), 0);
    TELL(c, vmk_map_release(m));
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_an_adopted_address_stays(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    vmk_map_t m = NULL;

    contract_user_stores(c, 9, 0x19);
    TELL(c, m = vmk_map_set(d, c->place.task, c->place.address, 0));
    WANT(c, "vmk_map_set", m != NULL, true);
    WANT(c, "vmk_map_address", vmk_map_address(m) == c->place.address, true);
    TELL(c, vmk_map_release(m));
    WANT(c, "vmk_sim_read", contract_byte_at(c->place.task, c->place.address + 9), 0x19);
    TELL(c, vmk_desc_release(d));
}

/* Nobody touches the memory meanwhile: who does would wait. */
void
contract_fact_redirection_ends_or_is_refused(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    vmk_map_t m = contract_map_in_kernel(c, d, 0);

    want_either(c, "vmk_map_block, on", ASK(c, "vmk_map_block, on", vmk_map_block(m, 1)), 0,
                NOT_PERMITTED);
    want_either(c, "vmk_map_block, off", ASK(c, "vmk_map_block, off", vmk_map_block(m, 0)), 0,
                NOT_PERMITTED);
    want_either(c, "vmk_map_redirect, to its own",
                ASK(c, "vmk_map_redirect, to its own", vmk_map_redirect(m, d)), 0, NOT_PERMITTED);
    want_either(c, "vmk_desc_redirect, on",
                ASK(c, "vmk_desc_redirect, on", vmk_desc_redirect(d, NULL, 1)), 0, NOT_PERMITTED);
    want_either(c, "vmk_desc_redirect, off",
                ASK(c, "vmk_desc_redirect, off", vmk_desc_redirect(d, NULL, 0)), 0, NOT_PERMITTED);
    TELL(c, vmk_map_release(m));
    TELL(c, vmk_desc_release(d));
}

/* ---- IODMACommand ---- */

void
contract_fact_a_dma_command_nests(struct contract *c)
{
    static const vmk_dma_spec_t spec = { .address_bits = 64 };
    vmk_desc_t d = contract_describe(c, 0, 2 * c->place.page_bytes, INOUT);
    vmk_dma_t command = NULL;

    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    TELL(c, command = vmk_dma_create(&spec));
    WANT(c, "vmk_dma_create", command != NULL, true);
    WANT(c, "vmk_dma_set, by hand", vmk_dma_set(command, d, 0), 0);
    WANT(c, "vmk_dma_synchronize, too early", vmk_dma_synchronize(command, OUT), NOT_READY);
    WANT(c, "vmk_dma_prepare", vmk_dma_prepare(command, 0, c->place.page_bytes), 0);
    WANT(c, "vmk_dma_prepare, again", vmk_dma_prepare(command, 0, c->place.page_bytes), 0);
    WANT(c, "vmk_dma_prepare, of others",
         vmk_dma_prepare(command, c->place.page_bytes, c->place.page_bytes), NOT_READY);
    WANT(c, "vmk_dma_synchronize", vmk_dma_synchronize(command, OUT), 0);
    WANT(c, "vmk_dma_complete", vmk_dma_complete(command), 0);
    WANT(c, "vmk_dma_clear, by hand", vmk_dma_clear(command, 0), NOT_READY);
    WANT(c, "vmk_dma_complete", vmk_dma_complete(command), 0);
    WANT(c, "vmk_dma_clear", vmk_dma_clear(command, 1), 0);
    TELL(c, vmk_dma_release(command));
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

/* ---- locks, sleeping, memory ---- */

/* Takes it, tries it as it should be, and gives it back. */
static void
try_lock(struct contract *c, enum vmk_lock_kind kind, int64_t again)
{
    vmk_lock_t lock = NULL;

    TELL(c, lock = vmk_lock_alloc(kind));
    WANT(c, "vmk_lock_alloc", lock != NULL, true);
    WANT(c, "vmk_lock_try", vmk_lock_try(lock), 1);
    WANT(c, "vmk_lock_try, again", vmk_lock_try(lock), again);
    for (int64_t i = 0; i <= again; i++)
        TELL(c, vmk_lock_release(lock, VMK_EXCLUSIVE, 1));
    TELL(c, vmk_lock_free(lock));
}

void
contract_fact_only_a_recursive_lock_is_taken_again(struct contract *c)
{
    try_lock(c, VMK_MUTEX, 0);
    try_lock(c, VMK_RECURSIVE, 1);
}

void
contract_fact_a_readers_lock_becomes_a_writers(struct contract *c)
{
    vmk_lock_t lock = NULL;
    int64_t upgraded;

    TELL(c, lock = vmk_lock_alloc(VMK_RW));
    WANT(c, "vmk_lock_alloc", lock != NULL, true);
    TELL(c, (void)vmk_lock_acquire(lock, VMK_SHARED));
    upgraded = ASK(c, "vmk_lock_upgrade", vmk_lock_upgrade(lock));
    want_either(c, "vmk_lock_upgrade", upgraded, 1, 0);
    if (upgraded == 0) /* the lock was dropped */
        TELL(c, (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE));
    WANT(c, "vmk_context", vmk_context(), 0);
    TELL(c, vmk_lock_release(lock, VMK_EXCLUSIVE, 1));
    TELL(c, vmk_lock_free(lock));
}

/* A wakeup before it is lost. */
void
contract_fact_a_sleep_with_a_limit_ends(struct contract *c)
{
    static const char event = 'e';
    vmk_lock_t lock = NULL;

    TELL(c, lock = vmk_lock_alloc(VMK_MUTEX));
    WANT(c, "vmk_lock_alloc", lock != NULL, true);
    TELL(c, (void)vmk_lock_acquire(lock, VMK_EXCLUSIVE));
    TELL(c, vmk_wakeup(&event, 0));
    WANT(c, "vmk_sleep", vmk_sleep(lock, &event, 1000000), VMK_TIMED_OUT);
    TELL(c, vmk_lock_release(lock, VMK_EXCLUSIVE, 1));
    TELL(c, vmk_lock_free(lock));
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vmk_logv(format, arguments);
    va_end(arguments);
}

/* The first touch faults, so there is none in a section. */
void
contract_fact_pageable_memory_is_zero_or_absent(struct contract *c)
{
    void *memory = NULL;

    TELL(c, memory = vmk_alloc_pageable(c->place.page_bytes, 0));
    WANT(c, "vmk_alloc_pageable",
         memory == NULL || contract_byte_at(vmk_kernel_task(), (uint64_t)(uintptr_t)memory) == 0,
         true);
    TELL(c, vmk_free_pageable(memory, c->place.page_bytes));
    TELL(c, say("the contract was asked on a machine with pages of %u bytes",
                (unsigned)c->place.page_bytes));
}
