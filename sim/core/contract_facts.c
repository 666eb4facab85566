/* contract_facts.c - what every backend must do with memory that is described, mapped and wired */
#include "contract_internal.h"

/* ---- what facts begin with ---- */

/* NULL is the wrong answer; in a replay no handle is ever used. */
vmk_desc_t
contract_describe(struct contract *c, uint64_t offset, uint64_t length, uint32_t direction)
{
    vmk_desc_t d = NULL;

    TELL(c, d = vmk_desc_range(c->place.task, c->place.address + offset, length, direction));
    WANT(c, "vmk_desc_range", d != NULL, true);
    return d;
}

vmk_map_t
contract_map_in_kernel(struct contract *c, vmk_desc_t d, uint32_t options)
{
    vmk_map_t m = NULL;

    TELL(c, m = vmk_map_create(d, vmk_kernel_task(), 0, ANYWHERE | options, 0, 0));
    WANT(c, "vmk_map_create", m != NULL, true);
    return m;
}

/* `pages` pages of the place, prepared and mapped into the kernel; and their end. */
static vmk_map_t
map_prepared(struct contract *c, uint64_t pages, uint32_t options, vmk_desc_t *d)
{
    *d = contract_describe(c, 0, pages * c->place.page_bytes, INOUT);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(*d, 0), 0);
    return contract_map_in_kernel(c, *d, options);
}

static void
end_mapping(struct contract *c, vmk_map_t m, vmk_desc_t d)
{
    TELL(c, vmk_map_release(m));
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

void
contract_user_stores(struct contract *c, uint64_t offset, uint8_t byte)
{
    uint64_t done = 0;

    WANT(c, "vmk_sim_write",
         vmk_sim_write(c->place.task, c->place.address + offset, &byte, 0, 1, &done), 0);
}

int64_t
contract_byte_at(vmk_task_t task, uint64_t address)
{
    uint64_t done = 0;
    uint8_t byte = 0;

    return vmk_sim_read(task, address, &byte, 1, &done) == 0 ? byte : -1;
}

static bool
kernel_stores(uint64_t address, uint8_t byte)
{
    uint64_t done = 0;

    return vmk_sim_write(vmk_kernel_task(), address, &byte, 0, 1, &done) == 0;
}

/* ---- facts about descriptors ---- */

void
contract_fact_nobody_is_answered(struct contract *c)
{
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(NULL, 0), VMK_BAD_HANDLE);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(NULL, 0), VMK_BAD_HANDLE);
    WANT(c, "vmk_desc_length", vmk_desc_length(NULL), 0);
    WANT(c, "vmk_map_unmap", vmk_map_unmap(NULL), VMK_BAD_HANDLE);
    WANT(c, "vmk_map_create", vmk_map_create(NULL, vmk_kernel_task(), 0, ANYWHERE, 0, 0) != NULL,
         false);
    WANT(c, "vmk_map_address", vmk_map_address(NULL), 0);
}

void
contract_fact_a_descriptor_says_what_it_was_made_of(struct contract *c)
{
    uint64_t length = 3 * c->place.page_bytes + 1;
    vmk_desc_t d = contract_describe(c, ODD, length, OUT);

    WANT(c, "vmk_desc_length", vmk_desc_length(d), length);
    WANT(c, "vmk_desc_direction", vmk_desc_direction(d), OUT);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_the_last_release_ends_a_descriptor(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, OUT);

    TELL(c, vmk_desc_retain(d));
    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_desc_length", vmk_desc_length(d), c->place.page_bytes);
    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), VMK_BAD_HANDLE);
}

void
contract_fact_prepare_and_complete_are_a_pair(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, 4 * c->place.page_bytes, INOUT);

    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_prepare_fails_where_nothing_is(struct contract *c)
{
    vmk_desc_t d =
        contract_describe(c, CONTRACT_PAGES * c->place.page_bytes, c->place.page_bytes, OUT);

    WANT(c, "vmk_desc_prepare, it fails", vmk_desc_prepare(d, 0) != 0, true);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_prepared_bytes_can_be_copied(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    uint8_t byte = 0;

    contract_user_stores(c, 5, 0x5A);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_read", vmk_desc_read(d, 5, &byte, 1), 1);
    WANT(c, "vmk_desc_read, its byte", byte, 0x5A);
    byte = 0x33;
    WANT(c, "vmk_desc_write", vmk_desc_write(d, 6, &byte, 1), 1);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    WANT(c, "vmk_sim_read", contract_byte_at(c->place.task, c->place.address + 6), 0x33);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_a_copy_reaches_the_last_byte(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    uint8_t byte = 0;

    contract_user_stores(c, c->place.page_bytes - 1, 0x77);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_read", vmk_desc_read(d, c->place.page_bytes - 1, &byte, 1), 1);
    WANT(c, "vmk_desc_read, its byte", byte, 0x77);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_prepared_bytes_are_somewhere(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, 2 * c->place.page_bytes, INOUT);
    uint64_t length = 0;

    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_segment", vmk_desc_segment(d, 0, &length, 0) != 0, true);
    WANT(c, "vmk_desc_segment, its length", length > 0, true);
    WANT(c, "vmk_desc_segment", vmk_desc_segment(d, 2 * c->place.page_bytes, &length, 0), 0);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

void
contract_fact_a_kernel_buffer_is_the_kernels(struct contract *c)
{
    vmk_desc_t d = NULL;
    uint64_t address = 0;

    TELL(c, d = vmk_desc_buffer(vmk_kernel_task(), INOUT, 2 * c->place.page_bytes, 0, 0));
    WANT(c, "vmk_desc_buffer", d != NULL, true);
    WANT(c, "vmk_desc_length", vmk_desc_length(d), 2 * c->place.page_bytes);
    TELL(c, address = (uint64_t)(uintptr_t)vmk_desc_bytes(d));
    WANT(c, "vmk_desc_bytes", address != 0, true);
    WANT(c, "vmk_sim_write", kernel_stores(address, 0x21), true);
    WANT(c, "vmk_sim_read", contract_byte_at(vmk_kernel_task(), address), 0x21);
    TELL(c, vmk_desc_set_length(d, 100));
    WANT(c, "vmk_desc_set_length", vmk_desc_length(d), 100);
    TELL(c, vmk_desc_release(d));
}

/* ---- facts about mappings ---- */

void
contract_fact_a_mapping_is_the_bytes(struct contract *c)
{
    uint64_t length = 2 * c->place.page_bytes;
    vmk_desc_t d = contract_describe(c, ODD, length, INOUT);
    vmk_map_t m = NULL;

    contract_user_stores(c, ODD, 0x44);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    m = contract_map_in_kernel(c, d, 0);
    WANT(c, "vmk_map_length", vmk_map_length(m), length);
    WANT(c, "vmk_map_address, in its page", vmk_map_address(m) % c->place.page_bytes, ODD);
    WANT(c, "vmk_sim_read", contract_byte_at(vmk_kernel_task(), vmk_map_address(m)), 0x44);
    WANT(c, "vmk_sim_write", kernel_stores(vmk_map_address(m) + 1, 0x45), true);
    WANT(c, "vmk_sim_read", contract_byte_at(c->place.task, c->place.address + ODD + 1), 0x45);
    end_mapping(c, m, d);
}

void
contract_fact_a_mapping_holds_its_descriptor(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, c->place.page_bytes, INOUT);
    vmk_map_t m = contract_map_in_kernel(c, d, 0);

    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_map_desc", vmk_desc_length(vmk_map_desc(m)), c->place.page_bytes);
    TELL(c, vmk_map_release(m));
    WANT(c, "vmk_map_length", vmk_map_length(m), 0);
}

void
contract_fact_a_mapping_is_inside_its_descriptor(struct contract *c)
{
    vmk_desc_t d = contract_describe(c, 0, 2 * c->place.page_bytes, INOUT);
    vmk_map_t m = NULL;

    TELL(c, m = vmk_map_create(d, vmk_kernel_task(), 0, ANYWHERE, c->place.page_bytes,
                               2 * c->place.page_bytes));
    WANT(c, "vmk_map_create", m != NULL, false);
    TELL(c, vmk_map_release(m));
    TELL(c, vmk_desc_release(d));
}

/* ---- facts about wires ---- */

static bool
can(struct contract *c, uint32_t cap)
{
    c->fact->is_skipped = (c->info.caps & cap) == 0;
    return !c->fact->is_skipped;
}

void
contract_fact_a_wired_mapping_takes_no_fault(struct contract *c)
{
    vmk_desc_t d;
    vmk_map_t m;

    if (!can(c, VMK_CAP_WIRE))
        return;
    contract_user_stores(c, c->place.page_bytes, 0x66);
    m = map_prepared(c, 4, 0, &d);
    WANT(c, "vmk_map_wire, out", vmk_map_wire(m, OUT, 0, 4 * c->place.page_bytes), 0);
    TELL(c, vmk_sim_enter(VM_SPIN_LOCK));
    WANT(c, "vmk_sim_read",
         contract_byte_at(vmk_kernel_task(), vmk_map_address(m) + c->place.page_bytes), 0x66);
    WANT(c, "vmk_sim_write", kernel_stores(vmk_map_address(m), 0x67), true);
    TELL(c, vmk_sim_leave(VM_SPIN_LOCK));
    WANT(c, "vmk_map_wire, none", vmk_map_wire(m, 0, 0, 4 * c->place.page_bytes), 0);
    end_mapping(c, m, d);
}

void
contract_fact_a_read_only_mapping_is_not_wired_for_writing(struct contract *c)
{
    vmk_desc_t d;
    vmk_map_t m;

    if (!can(c, VMK_CAP_WIRE))
        return;
    m = map_prepared(c, 2, READ_ONLY, &d);
    WANT(c, "vmk_map_wire, out", vmk_map_wire(m, OUT, 0, c->place.page_bytes),
         VMM_PROTECTION_FAILURE);
    WANT(c, "vmk_map_wire, in", vmk_map_wire(m, IN, 0, c->place.page_bytes), 0);
    WANT(c, "vmk_map_wire, none", vmk_map_wire(m, 0, 0, c->place.page_bytes), 0);
    end_mapping(c, m, d);
}

void
contract_fact_wires_nest(struct contract *c)
{
    vmk_desc_t d;
    vmk_map_t m;

    if (!can(c, VMK_CAP_WIRE))
        return;
    m = map_prepared(c, 2, 0, &d);
    WANT(c, "vmk_map_wire, in", vmk_map_wire(m, IN, 0, 2 * c->place.page_bytes), 0);
    WANT(c, "vmk_map_wire, in", vmk_map_wire(m, IN, 0, 2 * c->place.page_bytes), 0);
    WANT(c, "vmk_map_wire, none", vmk_map_wire(m, 0, 0, 2 * c->place.page_bytes), 0);
    TELL(c, vmk_sim_enter(VM_SPIN_LOCK));
    WANT(c, "vmk_sim_read", contract_byte_at(vmk_kernel_task(), vmk_map_address(m)) >= 0, true);
    TELL(c, vmk_sim_leave(VM_SPIN_LOCK));
    WANT(c, "vmk_map_wire, none", vmk_map_wire(m, 0, 0, 2 * c->place.page_bytes), 0);
    end_mapping(c, m, d);
}

/* ---- facts about contexts and memory ---- */

void
contract_fact_a_spin_lock_forbids_preemption(struct contract *c)
{
    vmk_lock_t lock = NULL;
    uint32_t state = 0;

    if (!can(c, VMK_CAP_CONTEXT))
        return;
    TELL(c, lock = vmk_lock_alloc(VMK_SPIN));
    WANT(c, "vmk_lock_alloc", lock != NULL, true);
    WANT(c, "vmk_context", vmk_context(), 0);
    TELL(c, state = vmk_lock_acquire(lock, VMK_EXCLUSIVE));
    WANT(c, "vmk_context", vmk_context(), VMK_CTX_PREEMPT_OFF);
    TELL(c, vmk_lock_release(lock, VMK_EXCLUSIVE, state));
    WANT(c, "vmk_context", vmk_context(), 0);
    TELL(c, vmk_lock_free(lock));
}

void
contract_fact_interrupts_go_off_and_on(struct contract *c)
{
    if (!can(c, VMK_CAP_CONTEXT))
        return;
    WANT(c, "vmk_interrupts_set", vmk_interrupts_set(0), 1);
    /* preemption_enabled() may say no for that alone, so only one bit is asked for. */
    WANT(c, "vmk_context", vmk_context() & VMK_CTX_IRQ_OFF, VMK_CTX_IRQ_OFF);
    WANT(c, "vmk_interrupts_set", vmk_interrupts_set(1), 0);
    WANT(c, "vmk_context", vmk_context(), 0);
}

void
contract_fact_kernel_memory_is_there_from_birth(struct contract *c)
{
    uint64_t address = 0;
    void *memory = NULL;

    TELL(c, memory = vmk_alloc(c->place.page_bytes, 64));
    address = (uint64_t)(uintptr_t)memory;
    WANT(c, "vmk_alloc", memory != NULL, true);
    WANT(c, "vmk_alloc, its alignment", address % 64, 0);
    TELL(c, vmk_sim_enter(VM_SPIN_LOCK));
    WANT(c, "vmk_sim_write", kernel_stores(address + 7, 0x11), true);
    WANT(c, "vmk_sim_read", contract_byte_at(vmk_kernel_task(), address + 7), 0x11);
    TELL(c, vmk_sim_leave(VM_SPIN_LOCK));
    TELL(c, vmk_free(memory, c->place.page_bytes, 64));
}

void
contract_fact_a_dma_command_covers_its_descriptor(struct contract *c)
{
    static const vmk_dma_spec_t spec = { .address_bits = 64 };
    vmk_range_t segments[4] = { { 0, 0 } };
    uint64_t offset = 0;
    uint64_t sum = 0;
    uint32_t count = 4;
    vmk_desc_t d = contract_describe(c, 0, 2 * c->place.page_bytes, INOUT);
    vmk_dma_t command = NULL;

    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    TELL(c, command = vmk_dma_create(&spec));
    WANT(c, "vmk_dma_create", command != NULL, true);
    WANT(c, "vmk_dma_set", vmk_dma_set(command, d, 1), 0);
    WANT(c, "vmk_dma_segments", vmk_dma_segments(command, &offset, segments, &count), 0);
    for (uint32_t i = 0; i < count && i < 4; i++)
        sum += segments[i].length;
    WANT(c, "vmk_dma_segments, their lengths", sum, 2 * c->place.page_bytes);
    WANT(c, "vmk_dma_clear", vmk_dma_clear(command, 1), 0);
    TELL(c, vmk_dma_release(command));
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}
