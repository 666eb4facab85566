/*
 * contract.c - the facts, and how they are asked
 *
 * ASK() calls a verb, or takes what the recording has in its place: the same text of a fact does both. A
 * fact goes on after a wrong answer only to give back what it made.
 */
#include "contract.h"

#include "base/assert.h"

#include <string.h>

/* ---- asking ---- */

static void
fail(struct contract *c, const char *verb, int64_t gave, int64_t wanted, const char *why)
{
    struct contract_fact *fact = c->fact;

    if (fact->has_failed)
        return;
    fact->has_failed = true;
    fact->verb = verb;
    fact->gave = gave;
    fact->wanted = wanted;
    fact->why = why;
}

static bool
same_text(const char *one, const char *other)
{
    size_t length = strlen(one);

    return length == strlen(other) && memcmp(one, other, length) == 0;
}

/* The recording's answer to the verb that is due; 0 when it has another one there. */
static int64_t
recorded_answer(struct contract *c, const char *verb)
{
    const struct contract_answer *answer = &c->recorded[c->count];

    if (c->count >= c->recorded_count) {
        fail(c, verb, 0, 0, "the recording ends before it");
        return 0;
    }
    if (!same_text(answer->fact, c->fact->name) || !same_text(answer->verb, verb)) {
        fail(c, verb, 0, 0, "the recording has another verb in its place");
        return 0;
    }
    return answer->gave;
}

static int64_t
keep(struct contract *c, const char *verb, int64_t gave)
{
    if (c->is_replay)
        gave = recorded_answer(c, verb);
    VMM_ASSERT(c->count < CONTRACT_ANSWERS_MAX);
    c->answers[c->count++] = (struct contract_answer){ c->fact->name, verb, gave };
    return gave;
}

/* In a replay nobody is called: the answer is the recording's. */
#define ASK(c, verb, call) keep((c), (verb), (c)->is_replay ? 0 : (int64_t)(call))
/* A verb without an answer. */
#define TELL(c, call)        \
    do {                     \
        if (!(c)->is_replay) \
            (call);          \
    } while (0)
#define WANT(c, verb, call, wanted) want((c), (verb), ASK((c), (verb), (call)), (int64_t)(wanted))

static bool
want(struct contract *c, const char *verb, int64_t gave, int64_t wanted)
{
    if (gave != wanted)
        fail(c, verb, gave, wanted, NULL);
    return gave == wanted;
}

/* ---- what facts begin with ---- */

enum { IN = 1, OUT = 2, INOUT = 3, ANYWHERE = 1, READ_ONLY = 0x1000, ODD = 0x100 };

/* NULL is the wrong answer; in a replay no handle is ever used. */
static vmk_desc_t
describe(struct contract *c, uint64_t offset, uint64_t length, uint32_t direction)
{
    vmk_desc_t d = NULL;

    TELL(c, d = vmk_desc_range(c->place.task, c->place.address + offset, length, direction));
    WANT(c, "vmk_desc_range", d != NULL, true);
    return d;
}

static vmk_map_t
map_in_kernel(struct contract *c, vmk_desc_t d, uint32_t options)
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
    *d = describe(c, 0, pages * c->place.page_bytes, INOUT);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(*d, 0), 0);
    return map_in_kernel(c, *d, options);
}

static void
end_mapping(struct contract *c, vmk_map_t m, vmk_desc_t d)
{
    TELL(c, vmk_map_release(m));
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

static void
user_stores(struct contract *c, uint64_t offset, uint8_t byte)
{
    uint64_t done = 0;

    WANT(c, "vmk_sim_write",
         vmk_sim_write(c->place.task, c->place.address + offset, &byte, 0, 1, &done), 0);
}

/* The byte that a task sees, or -1. */
static int64_t
byte_at(vmk_task_t task, uint64_t address)
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

static void
fact_nobody_is_answered(struct contract *c)
{
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(NULL, 0), VMK_BAD_HANDLE);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(NULL, 0), VMK_BAD_HANDLE);
    WANT(c, "vmk_desc_length", vmk_desc_length(NULL), 0);
    WANT(c, "vmk_map_unmap", vmk_map_unmap(NULL), VMK_BAD_HANDLE);
    WANT(c, "vmk_map_create", vmk_map_create(NULL, vmk_kernel_task(), 0, ANYWHERE, 0, 0) != NULL,
         false);
    WANT(c, "vmk_map_address", vmk_map_address(NULL), 0);
}

static void
fact_a_descriptor_says_what_it_was_made_of(struct contract *c)
{
    uint64_t length = 3 * c->place.page_bytes + 1;
    vmk_desc_t d = describe(c, ODD, length, OUT);

    WANT(c, "vmk_desc_length", vmk_desc_length(d), length);
    WANT(c, "vmk_desc_direction", vmk_desc_direction(d), OUT);
    TELL(c, vmk_desc_release(d));
}

static void
fact_the_last_release_ends_a_descriptor(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, c->place.page_bytes, OUT);

    TELL(c, vmk_desc_retain(d));
    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_desc_length", vmk_desc_length(d), c->place.page_bytes);
    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), VMK_BAD_HANDLE);
}

static void
fact_prepare_and_complete_are_a_pair(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, 4 * c->place.page_bytes, INOUT);

    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

static void
fact_prepare_fails_where_nothing_is(struct contract *c)
{
    vmk_desc_t d = describe(c, CONTRACT_PAGES * c->place.page_bytes, c->place.page_bytes, OUT);

    WANT(c, "vmk_desc_prepare, it fails", vmk_desc_prepare(d, 0) != 0, true);
    TELL(c, vmk_desc_release(d));
}

static void
fact_prepared_bytes_can_be_copied(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, c->place.page_bytes, INOUT);
    uint8_t byte = 0;

    user_stores(c, 5, 0x5A);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_read", vmk_desc_read(d, 5, &byte, 1), 1);
    WANT(c, "vmk_desc_read, its byte", byte, 0x5A);
    byte = 0x33;
    WANT(c, "vmk_desc_write", vmk_desc_write(d, 6, &byte, 1), 1);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    WANT(c, "vmk_sim_read", byte_at(c->place.task, c->place.address + 6), 0x33);
    TELL(c, vmk_desc_release(d));
}

static void
fact_a_copy_reaches_the_last_byte(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, c->place.page_bytes, INOUT);
    uint8_t byte = 0;

    user_stores(c, c->place.page_bytes - 1, 0x77);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_read", vmk_desc_read(d, c->place.page_bytes - 1, &byte, 1), 1);
    WANT(c, "vmk_desc_read, its byte", byte, 0x77);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

static void
fact_prepared_bytes_are_somewhere(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, 2 * c->place.page_bytes, INOUT);
    uint64_t length = 0;

    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    WANT(c, "vmk_desc_segment", vmk_desc_segment(d, 0, &length, 0) != 0, true);
    WANT(c, "vmk_desc_segment, its length", length > 0, true);
    WANT(c, "vmk_desc_segment", vmk_desc_segment(d, 2 * c->place.page_bytes, &length, 0), 0);
    WANT(c, "vmk_desc_complete", vmk_desc_complete(d, 0), 0);
    TELL(c, vmk_desc_release(d));
}

static void
fact_a_kernel_buffer_is_the_kernels(struct contract *c)
{
    vmk_desc_t d = NULL;
    uint64_t address = 0;

    TELL(c, d = vmk_desc_buffer(vmk_kernel_task(), INOUT, 2 * c->place.page_bytes, 0, 0));
    WANT(c, "vmk_desc_buffer", d != NULL, true);
    WANT(c, "vmk_desc_length", vmk_desc_length(d), 2 * c->place.page_bytes);
    TELL(c, address = (uint64_t)(uintptr_t)vmk_desc_bytes(d));
    WANT(c, "vmk_desc_bytes", address != 0, true);
    WANT(c, "vmk_sim_write", kernel_stores(address, 0x21), true);
    WANT(c, "vmk_sim_read", byte_at(vmk_kernel_task(), address), 0x21);
    TELL(c, vmk_desc_set_length(d, 100));
    WANT(c, "vmk_desc_set_length", vmk_desc_length(d), 100);
    TELL(c, vmk_desc_release(d));
}

/* ---- facts about mappings ---- */

static void
fact_a_mapping_is_the_bytes(struct contract *c)
{
    uint64_t length = 2 * c->place.page_bytes;
    vmk_desc_t d = describe(c, ODD, length, INOUT);
    vmk_map_t m = NULL;

    user_stores(c, ODD, 0x44);
    WANT(c, "vmk_desc_prepare", vmk_desc_prepare(d, 0), 0);
    m = map_in_kernel(c, d, 0);
    WANT(c, "vmk_map_length", vmk_map_length(m), length);
    WANT(c, "vmk_map_address, in its page", vmk_map_address(m) % c->place.page_bytes, ODD);
    WANT(c, "vmk_sim_read", byte_at(vmk_kernel_task(), vmk_map_address(m)), 0x44);
    WANT(c, "vmk_sim_write", kernel_stores(vmk_map_address(m) + 1, 0x45), true);
    WANT(c, "vmk_sim_read", byte_at(c->place.task, c->place.address + ODD + 1), 0x45);
    end_mapping(c, m, d);
}

static void
fact_a_mapping_holds_its_descriptor(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, c->place.page_bytes, INOUT);
    vmk_map_t m = map_in_kernel(c, d, 0);

    TELL(c, vmk_desc_release(d));
    WANT(c, "vmk_map_desc", vmk_desc_length(vmk_map_desc(m)), c->place.page_bytes);
    TELL(c, vmk_map_release(m));
    WANT(c, "vmk_map_length", vmk_map_length(m), 0);
}

static void
fact_a_mapping_is_inside_its_descriptor(struct contract *c)
{
    vmk_desc_t d = describe(c, 0, 2 * c->place.page_bytes, INOUT);
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

static void
fact_a_wired_mapping_takes_no_fault(struct contract *c)
{
    vmk_desc_t d;
    vmk_map_t m;

    if (!can(c, VMK_CAP_WIRE))
        return;
    user_stores(c, c->place.page_bytes, 0x66);
    m = map_prepared(c, 4, 0, &d);
    WANT(c, "vmk_map_wire, out", vmk_map_wire(m, OUT, 0, 4 * c->place.page_bytes), 0);
    TELL(c, vmk_sim_enter(VM_SPIN_LOCK));
    WANT(c, "vmk_sim_read", byte_at(vmk_kernel_task(), vmk_map_address(m) + c->place.page_bytes),
         0x66);
    WANT(c, "vmk_sim_write", kernel_stores(vmk_map_address(m), 0x67), true);
    TELL(c, vmk_sim_leave(VM_SPIN_LOCK));
    WANT(c, "vmk_map_wire, none", vmk_map_wire(m, 0, 0, 4 * c->place.page_bytes), 0);
    end_mapping(c, m, d);
}

static void
fact_a_read_only_mapping_is_not_wired_for_writing(struct contract *c)
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

static void
fact_wires_nest(struct contract *c)
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
    WANT(c, "vmk_sim_read", byte_at(vmk_kernel_task(), vmk_map_address(m)) >= 0, true);
    TELL(c, vmk_sim_leave(VM_SPIN_LOCK));
    WANT(c, "vmk_map_wire, none", vmk_map_wire(m, 0, 0, 2 * c->place.page_bytes), 0);
    end_mapping(c, m, d);
}

/* ---- facts about contexts and memory ---- */

static void
fact_a_spin_lock_forbids_preemption(struct contract *c)
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

static void
fact_interrupts_go_off_and_on(struct contract *c)
{
    if (!can(c, VMK_CAP_CONTEXT))
        return;
    WANT(c, "vmk_interrupts_set", vmk_interrupts_set(0), 1);
    /* preemption_enabled() may say no for that alone, so only one bit is asked for. */
    WANT(c, "vmk_context", vmk_context() & VMK_CTX_IRQ_OFF, VMK_CTX_IRQ_OFF);
    WANT(c, "vmk_interrupts_set", vmk_interrupts_set(1), 0);
    WANT(c, "vmk_context", vmk_context(), 0);
}

static void
fact_kernel_memory_is_there_from_birth(struct contract *c)
{
    uint64_t address = 0;
    void *memory = NULL;

    TELL(c, memory = vmk_alloc(c->place.page_bytes, 64));
    address = (uint64_t)(uintptr_t)memory;
    WANT(c, "vmk_alloc", memory != NULL, true);
    WANT(c, "vmk_alloc, its alignment", address % 64, 0);
    TELL(c, vmk_sim_enter(VM_SPIN_LOCK));
    WANT(c, "vmk_sim_write", kernel_stores(address + 7, 0x11), true);
    WANT(c, "vmk_sim_read", byte_at(vmk_kernel_task(), address + 7), 0x11);
    TELL(c, vmk_sim_leave(VM_SPIN_LOCK));
    TELL(c, vmk_free(memory, c->place.page_bytes, 64));
}

static void
fact_a_dma_command_covers_its_descriptor(struct contract *c)
{
    static const vmk_dma_spec_t spec = { .address_bits = 64 };
    vmk_range_t segments[4] = { { 0, 0 } };
    uint64_t offset = 0;
    uint64_t sum = 0;
    uint32_t count = 4;
    vmk_desc_t d = describe(c, 0, 2 * c->place.page_bytes, INOUT);
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

/* ---- the table ---- */

static const struct {
    const char *name;
    const char *text;
    void (*ask)(struct contract *c);
} facts_table[] = {
#define FACT(name, text) { #name, text, fact_##name },
#include "contract_facts.def"
#undef FACT
};

size_t
contract_fact_count(void)
{
    return VMM_COUNT_OF(facts_table);
}

static bool
ask_all(struct contract *c, struct contract_fact *facts)
{
    bool holds = true;

    for (size_t i = 0; i < VMM_COUNT_OF(facts_table); i++) {
        facts[i] =
            (struct contract_fact){ .name = facts_table[i].name, .text = facts_table[i].text };
        c->fact = &facts[i];
        facts_table[i].ask(c);
        holds &= !facts[i].has_failed;
    }
    if (c->is_replay && holds && c->count < c->recorded_count) {
        fail(c, c->recorded[c->count].verb, 0, 0, "the recording goes on where the facts end");
        holds = false;
    }
    return holds;
}

bool
contract_run(struct contract *contract, const struct contract_place *place,
             struct contract_fact *facts)
{
    memset(contract, 0, sizeof *contract);
    contract->place = *place;
    contract->info.size = sizeof contract->info;
    return vmk_get_info(&contract->info) == 0 && ask_all(contract, facts);
}

bool
contract_replay(struct contract *contract, const vmk_info_t *info,
                const struct contract_answer *recorded, size_t count, struct contract_fact *facts)
{
    memset(contract, 0, sizeof *contract);
    contract->info = *info;
    contract->place.page_bytes = (uint64_t)1 << info->page_shift;
    contract->is_replay = true;
    contract->recorded = recorded;
    contract->recorded_count = count;
    return ask_all(contract, facts);
}
