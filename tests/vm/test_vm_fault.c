/* test_vm_fault.c - what a fault decides, and with which rights it ends; vm.md 4 */
#include "vm_fixture.h"

#include "vm/vm_fault.h"
#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_object.h"
#include "vm/vm_upl.h"

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

/* Maps the pages [from, from + count) again at page `at`, sharing them. */
static struct vm_memory_entry *
share(struct vm_fixture *f, unsigned from, unsigned count, unsigned at)
{
    struct vm_memory_entry *entry = NULL;
    vmm_size size = (vmm_size)count * PAGE;
    vmm_va address = page(f, at);

    assert_int_equal(vm_memory_entry_create(f->map, page(f, from), &size, VMM_PROT_DEFAULT, &entry),
                     VMM_OK);
    assert_int_equal(size, (vmm_size)count * PAGE);
    assert_int_equal(
        vm_memory_entry_map(entry, f->map, &address, 0, size, VM_MAP_FIXED, VMM_PROT_DEFAULT),
        VMM_OK);
    return entry;
}

/* Maps a virtual copy of the pages at page `at`. */
static struct vm_memory_entry *
copy(struct vm_fixture *f, unsigned from, unsigned count, unsigned at)
{
    struct vm_memory_entry *entry = NULL;
    vmm_va address = page(f, at);

    assert_int_equal(vm_memory_entry_copy(f->map, page(f, from), (vmm_size)count * PAGE, &entry),
                     VMM_OK);
    assert_int_equal(vm_memory_entry_map(entry, f->map, &address, 0, (vmm_size)count * PAGE,
                                         VM_MAP_FIXED, VMM_PROT_DEFAULT),
                     VMM_OK);
    return entry;
}

/* What the last fault decided. */
struct watch {
    struct trace_sink sink;
    enum vm_fault_kind kind;
};

static void
see(struct trace_sink *sink, const struct trace_event *event)
{
    if (event->kind == EV_FAULT)
        VMM_CONTAINER(sink, struct watch, sink)->kind = (enum vm_fault_kind)event->detail;
}

static const char *
kind_of_store(struct vm_fixture *f, unsigned n)
{
    struct watch watch = { .sink = { .see = see } };

    trace_attach(vm_system_trace(f->system), &watch.sink);
    assert_int_equal(user_store(f, n, 1), VMM_OK);
    trace_detach(vm_system_trace(f->system), &watch.sink);
    return vm_fault_kind_name(watch.kind);
}

/*  A map that promises to write before it reads: NZF, and no page is zeroed (vm.md 4.3)           */
static void
a_map_without_zero_filling(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_statistics before;
    struct vm_statistics after;

    draw_pages(f, "xx");
    assert_string_equal(kind_of_store(f, 0), "ZERO_FILL");
    vm_system_statistics(f->system, &before);
    f->map->no_zero_fill = true;
    assert_string_equal(kind_of_store(f, 1), "NZF");
    vm_system_statistics(f->system, &after);
    assert_int_equal(after.zero_fill_faults, before.zero_fill_faults);
    assert_int_equal(after.faults, before.faults + 1);
    assert_int_equal(count_of(f, EV_PAGE_ZERO_FILL), 1);
    assert_translated(f, "ww");
    draw_pages(f, "..x");
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 3), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(count_of(f, EV_PAGE_ZERO_FILL), 1);
}

/*  Every code of kdebug has its name (vm.md 0.2)                                                  */
static void
fault_kinds_have_kdebugs_names(void **state)
{
    static const char *const names[] = { "NONE",       "ZERO_FILL",         "PAGEIN",
                                         "COW",        "CACHE_HIT",         "NZF",
                                         "GUARD",      "PAGEINV",           "PAGEIND",
                                         "COMPRESSOR", "COMPRESSOR_SWAPIN", "COR" };

    (void)state;
    assert_int_equal(VMM_COUNT_OF(names), VM_FAULT_KINDS);
    for (unsigned kind = 0; kind < VM_FAULT_KINDS; kind++)
        assert_string_equal(vm_fault_kind_name((enum vm_fault_kind)kind), names[kind]);
    assert_string_equal(vm_fault_kind_name((enum vm_fault_kind)VM_FAULT_KINDS), "NONE");
}

/*  copy    1 b     page 1 was copied, page 0 is seen below; then what is below is severed
 *  loads   10 b    what the object does not have itself is lost; its own page is not (vm.md 4.3)    */
static void
what_lies_below_a_severed_shadow_is_lost(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    struct vm_map_entry *found;
    uint8_t byte;

    draw_pages(f, "xxx");
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    entry = copy(f, 0, 3, 4);
    vm_memory_entry_release(&entry);
    assert_int_equal(user_store(f, 5, 'B'), VMM_OK);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_true(vm_map_lookup_entry(f->map, page(f, 4), &found));
    assert_true(vm_object_sever(found->object));
    assert_translated(f, "-r---w-");
    assert_int_equal(user_load(f, 4, &byte), VMM_MEMORY_ERROR);
    assert_int_equal(user_store(f, 6, 'x'), VMM_MEMORY_ERROR);
    assert_int_equal(user_load(f, 5, &byte), VMM_OK);
    assert_int_equal(byte, 'B');
    assert_int_equal(user_load(f, 0, &byte), VMM_OK); /* the source keeps what it has */
    assert_int_equal(byte, 'a');
    assert_int_equal(vm_map_wire(f->map, page(f, 4), page(f, 7), VMM_PROT_READ, true),
                     VMM_MEMORY_ERROR);
}

/*  Allocation makes entries only: no page, no translation, no fault                            */
static void
allocation_is_lazy(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_translated(f, "----");
    assert_int_equal(faults_since(f), 0);
    assert_int_equal(user_store(f, 1, 5), VMM_OK);
    assert_translated(f, "-w--");
    assert_int_equal(faults_since(f), 1);
    assert_int_equal(count_of(f, EV_PAGE_ZERO_FILL), 1);
    assert_int_equal(count_of(f, EV_TLB_FLUSH), 0);
}

/*  T19: the first touch of fresh memory maps it writable even when it only reads                */
static void
t19_zero_fill_read_maps_writable(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte = 1;

    draw_pages(f, "x");
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 0);
    assert_translated(f, "w");
    assert_int_equal(user_store(f, 0, 1), VMM_OK);
    assert_int_equal(faults_since(f), 1);
}

/*  T18: a read of a resident page maps it read-only, and the store faults again;
 *  from 10.12 on not when the page was mapped writable before                                   */
static void
t18_read_fault_on_a_resident_page(void **state)
{
    static const struct {
        const char *profile;
        const char *after_read;
        uint64_t faults;
    } cases[] = { { "macos-10.9", "w---r", 2 },
                  { "macos-10.11", "w---r", 2 },
                  { "macos-10.12", "w---w", 1 },
                  { "macos-15.4", "w---w", 1 } };
    struct vm_fixture *f = *state;
    uint8_t byte;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_memory_entry *entry;

        vm_fixture_restart(f, cases[i].profile);
        draw_pages(f, "x");
        assert_int_equal(user_store(f, 0, 3), VMM_OK);
        entry = share(f, 0, 1, 4);
        faults_since(f);
        assert_int_equal(user_load(f, 4, &byte), VMM_OK);
        assert_int_equal(byte, 3);
        assert_translated(f, cases[i].after_read);
        assert_int_equal(user_store(f, 4, 4), VMM_OK);
        assert_int_equal(faults_since(f), cases[i].faults);
        vm_memory_entry_release(&entry);
    }
}

static void
a_byte_written_through_one_mapping_is_read_through_another(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    uint8_t byte;

    draw_pages(f, "xx");
    entry = share(f, 0, 2, 4);
    assert_int_equal(user_store(f, 5, 0x5a), VMM_OK);
    assert_int_equal(user_load(f, 1, &byte), VMM_OK);
    assert_int_equal(byte, 0x5a);
    vm_memory_entry_release(&entry);
}

static void
a_fault_where_nothing_is_mapped_is_code_1(void **state)
{
    struct vm_fixture *f = *state;

    assert_int_equal(user_store(f, 0, 1), VMM_INVALID_ADDRESS);
    assert_int_equal(faults_since(f), 1); /* it was counted before it failed (vm.md 4.1) */
}

static void
a_fault_against_the_rights_is_code_2(void **state)
{
    struct vm_fixture *f = *state;
    uint8_t byte;

    draw_pages(f, "x");
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(user_store(f, 0, 1), VMM_PROTECTION_FAILURE);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(user_load(f, 0, &byte), VMM_PROTECTION_FAILURE);
    assert_translated(f, "-");
}

/*  before  0:A              copy 0 -> 4: both sides show A, nobody has copied a byte
 *  store 4:B                the writer gets a page of its own
 *  store 0:C                and so does the source, when it writes next                         */
static void
symmetric_copy_is_resolved_by_whoever_writes(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *entry;
    uint8_t byte;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    entry = copy(f, 0, 1, 4);
    assert_translated(f, "r----");
    assert_int_equal(count_of(f, EV_PAGE_COPY), 0);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    assert_translated(f, "r---r");
    assert_int_equal(user_store(f, 4, 'B'), VMM_OK);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 1);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    assert_int_equal(user_store(f, 0, 'C'), VMM_OK);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 'B');
    vm_memory_entry_release(&entry);
}

/*  A delayed copy: the source's first store pushes the old page up before it happens            */
static void
delayed_copy_is_pushed_by_the_source(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *shared;
    struct vm_memory_entry *entry;
    uint8_t byte;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    shared = share(f, 0, 1, 2); /* the object is delayed-copy from here on */
    entry = copy(f, 0, 1, 4);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(user_store(f, 0, 'B'), VMM_OK);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 1);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    assert_int_equal(user_load(f, 2, &byte), VMM_OK);
    assert_int_equal(byte, 'B');
    vm_memory_entry_release(&entry);
    vm_memory_entry_release(&shared);
}

/*  A copy of a copy, and stores everywhere: each side keeps its own                             */
static void
two_copies_of_one_source_keep_apart(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *shared, *first, *second;
    uint8_t byte;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    shared = share(f, 0, 1, 2);
    first = copy(f, 0, 1, 4);
    assert_int_equal(user_store(f, 0, 'B'), VMM_OK);
    second = copy(f, 0, 1, 6);
    assert_int_equal(user_store(f, 0, 'C'), VMM_OK);
    assert_int_equal(user_store(f, 6, 'D'), VMM_OK);
    assert_int_equal(user_load(f, 4, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    assert_int_equal(user_load(f, 6, &byte), VMM_OK);
    assert_int_equal(byte, 'D');
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 'C');
    vm_memory_entry_release(&first);
    vm_memory_entry_release(&second);
    vm_memory_entry_release(&shared);
}

/*  A wired page may not wait for a writer: the copy is made at once (vm.md 1.9)                 */
static void
copying_a_wired_page_copies_it_now(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *shared, *entry;
    uint8_t byte;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    shared = share(f, 0, 2, 2);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 4), VMM_PROT_READ, false), VMM_OK);
    entry = copy(f, 0, 2, 6);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 2);
    assert_int_equal(user_store(f, 0, 'B'), VMM_OK);
    assert_int_equal(user_load(f, 6, &byte), VMM_OK);
    assert_int_equal(byte, 'A');
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 4), false), VMM_OK);
    vm_memory_entry_release(&entry);
    vm_memory_entry_release(&shared);
}

/*  T2: copy first, wire read-only later; the pushed page loses its wired translation             */
static void
t02_push_drops_a_wired_translation(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_memory_entry *shared, *entry;
    vmm_va address = page(f, 2);
    vmm_size size = PAGE;

    draw_pages(f, "x");
    assert_int_equal(user_store(f, 0, 'A'), VMM_OK);
    assert_int_equal(vm_memory_entry_create(f->map, page(f, 0), &size, VMM_PROT_DEFAULT, &shared),
                     VMM_OK);
    assert_int_equal(
        vm_memory_entry_map(shared, f->map, &address, 0, PAGE, VM_MAP_FIXED, VMM_PROT_READ),
        VMM_OK);
    entry = copy(f, 0, 1, 4);
    assert_int_equal(vm_map_wire(f->map, page(f, 2), page(f, 3), VMM_PROT_READ, false), VMM_OK);
    assert_translated(f, "r-R--");
    assert_int_equal(user_store(f, 0, 'B'), VMM_OK);
    assert_translated(f, "w----");
    assert_wired(f, "0.1.0");
    assert_int_equal(vm_map_unwire(f->map, page(f, 2), page(f, 3), false), VMM_OK);
    vm_memory_entry_release(&entry);
    vm_memory_entry_release(&shared);
}

/* ---- restricted contexts: vm.md 6.4, every row ---- */

static enum vmm_status
kernel_load(struct vm_fixture *f, vmm_va va, bool has_recovery)
{
    return vm_access(f->system,
                     &(struct vm_access){ .task = vm_task_kernel(f->system),
                                          .va = va,
                                          .length = 1,
                                          .kind = VM_ACCESS_READ,
                                          .has_recovery = has_recovery },
                     NULL);
}

static vmm_va
kernel_page(struct vm_fixture *f)
{
    vmm_va address = 0;

    assert_int_equal(vm_allocate(f->kernel, &address, PAGE, VM_MAP_ANYWHERE), VMM_OK);
    return address;
}

static void
a_missing_translation_in_a_restricted_context_panics(void **state)
{
    static const enum vm_no_fault kinds[] = { VM_PREEMPTION_OFF, VM_SPIN_LOCK, VM_INTERRUPT,
                                              VM_FAULT_DISABLED, VM_INTERRUPTS_OFF };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(kinds); i++) {
        vmm_va va;

        vm_fixture_restart(f, "macos-15.4");
        va = kernel_page(f);
        vm_context_enter(f->system, kinds[i]);
        assert_int_equal(kernel_load(f, va, true), VMM_INVALID_ADDRESS); /* EFAULT */
        assert_int_equal(vm_system_stop(f->system)->kind, VM_RUNNING);
        assert_int_equal(kernel_load(f, va, false), VMM_MODEL_PANIC);
        assert_int_equal(vm_system_stop(f->system)->reason, REASON_FAULT_RESTRICTED);
        assert_non_null(strstr(vm_system_stop(f->system)->text, "VF: 5"));
        assert_int_equal(faults_since(f), 0); /* refused before it was counted */
        vm_context_leave(f->system, kinds[i]);
    }
}

static void
t20_a_translation_made_before_the_section_is_enough(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    vm_context_enter(f->system, VM_SPIN_LOCK);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    vm_context_leave(f->system, VM_SPIN_LOCK);
}

static void
a_mutex_allows_faults(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    vm_context_enter(f->system, VM_MUTEX);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    vm_context_leave(f->system, VM_MUTEX);
}

/*  With interrupts off and nothing else: served, unsafely, up to 14; refused from 15.0           */
static void
interrupts_off_per_release(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va;

    vm_fixture_restart(f, "macos-14");
    va = kernel_page(f);
    vm_context_enter(f->system, VM_INTERRUPTS_OFF);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    assert_int_equal(count_of(f, EV_FAULT_UNSAFE), 1);
    vm_context_leave(f->system, VM_INTERRUPTS_OFF);
}

/*  vm_fault_disable() is a word that older kernels do not know                                   */
static void
fault_disable_exists_from_15_0(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va;

    vm_fixture_restart(f, "macos-14");
    va = kernel_page(f);
    vm_context_enter(f->system, VM_FAULT_DISABLED);
    assert_int_equal(kernel_load(f, va, false), VMM_OK);
    vm_context_leave(f->system, VM_FAULT_DISABLED);
}

static void
panic_text_has_the_shape_of_its_release(void **state)
{
    static const struct {
        const char *profile;
        const char *head;
        const char *tail;
    } cases[] = {
        { "macos-10.9", "type 14=page fault", "Fault CPU: 0x0" },
        { "macos-10.11", "type 14=page fault", "Fault CPU: 0x0, PL: 1" },
        { "macos-10.13", "type 14=page fault", "Fault CPU: 0x0, PL: 1, VF: 5" },
        { "macos-15.4", "type = 14=page fault", "Fault CPU: 0x0, PL: 1, VF: 5" },
    };
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        const char *text;
        vmm_va va;

        vm_fixture_restart(f, cases[i].profile);
        va = kernel_page(f);
        vm_context_enter(f->system, VM_SPIN_LOCK);
        assert_int_equal(kernel_load(f, va, false), VMM_MODEL_PANIC);
        vm_context_leave(f->system, VM_SPIN_LOCK);
        text = vm_system_stop(f->system)->text;
        assert_non_null(strstr(text, cases[i].head));
        assert_string_equal(text + strlen(text) - strlen(cases[i].tail), cases[i].tail);
    }
}

static void
after_a_panic_nothing_runs(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va va = kernel_page(f);

    vm_context_enter(f->system, VM_SPIN_LOCK);
    assert_int_equal(kernel_load(f, va, false), VMM_MODEL_PANIC);
    vm_context_leave(f->system, VM_SPIN_LOCK);
    assert_int_equal(kernel_load(f, va, false), VMM_MODEL_PANIC);
    assert_int_equal(vm_fault(f->kernel, va, VMM_PROT_READ), VMM_MODEL_PANIC);
}

/*  An entry that allows nothing can be wired with access NONE. Its pages stay in memory, but there
 *  is no translation without a right, so a load is refused; once READ is back it faults and is served
 *
 *  rights        ----  wire ->  pages held, none translated     ->  READ: the load makes an R       */
static void
wiring_what_is_forbidden_makes_no_translation(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_page_view view;
    uint8_t byte;

    draw_pages(f, "xx");
    assert_int_equal(user_store(f, 0, 7), VMM_OK); /* page 0 takes the fast way, page 1 the slow */
    assert_int_equal(vm_protect(f->map, page(f, 0), 2 * PAGE, false, VMM_PROT_NONE), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_NONE, true), VMM_OK);
    assert_wired(f, "11");
    assert_translated(f, "--");
    vm_map_probe(f->map, page(f, 1), &view);
    assert_int_equal(view.page_wire_count, 1);
    assert_int_equal(user_load(f, 0, &byte), VMM_PROTECTION_FAILURE);
    assert_int_equal(vm_protect(f->map, page(f, 0), 2 * PAGE, false, VMM_PROT_READ), VMM_OK);
    assert_int_equal(user_load(f, 0, &byte), VMM_OK);
    assert_int_equal(byte, 7);
    assert_translated(f, "R-");
}

/*  vm.md 6.1 step 3: a store asks READ too, so WRITE alone serves neither                          */
static void
a_store_asks_for_read_too(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "x");
    assert_int_equal(vm_protect(f->map, page(f, 0), PAGE, false, VMM_PROT_WRITE), VMM_OK);
    assert_int_equal(user_store(f, 0, 1), VMM_PROTECTION_FAILURE);
    assert_translated(f, "-");
}

/*  The fast way of wiring does not wait for a page table. Up to 10.14 the page has its wire by then
 *  and keeps it, so the slow way wires it twice; nobody ever undoes the first (vm.md 3.4 [INF])
 *
 *  page at 0     resident       wired through a far mapping that has no table, with no frame free   */
static void
wiring_without_a_page_table_leaks_a_wire_until_10_14(void **state)
{
    static const struct {
        const char *profile;
        uint32_t left; /* wires of the page after wire and unwire */
    } cases[] = {
        { "macos-10.11", 1 }, { "macos-10.14", 1 }, { "macos-10.15", 0 }, { "macos-15.4", 0 }
    };
    enum { FAR = 4096 }; /* 16 MiB on: another leaf table */
    struct vm_fixture *f = *state;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        struct vm_memory_entry *entry;
        struct vm_page_view view;
        vmm_ppn taken[512];
        size_t count = 0;

        vm_fixture_restart(f, cases[i].profile);
        f->system->store.limit = 64;
        draw_pages(f, "xxxxx");
        for (unsigned n = 0; n < 5; n++)
            assert_int_equal(user_store(f, n, 1), VMM_OK);
        entry = share(f, 0, 1, FAR);
        while ((taken[count] = hw_frame_alloc(&f->system->machine->frames)) != VMM_NO_PAGE)
            count++;
        faults_since(f);
        assert_int_equal(vm_map_wire(f->map, page(f, FAR), page(f, FAR + 1), VMM_PROT_READ, false),
                         VMM_OK);
        assert_int_equal(faults_since(f), 2);
        assert_int_equal(vm_map_unwire(f->map, page(f, FAR), page(f, FAR + 1), false), VMM_OK);
        vm_map_probe(f->map, page(f, FAR), &view);
        assert_int_equal(view.page_wire_count, cases[i].left);
        while (count > 0)
            hw_frame_free(&f->system->machine->frames, taken[--count]);
        vm_memory_entry_release(&entry);
    }
}

/* ---- memory of the embedder runs out ---- */

static void
a_fault_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 1000; n++) {
        vm_fixture_restart(f, "macos-15.4");
        draw_pages(f, "x");
        f->counting.requests = 0;
        f->counting.fail_at = n;
        status = user_store(f, 0, 1);
        f->counting.fail_at = 0;
        assert_true(status == VMM_OK || status == VMM_MODEL_NO_MEMORY);
        assert_null(vm_system_check(f->system));
    }
    assert_int_equal(status, VMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allocation_is_lazy),
        TEST(t19_zero_fill_read_maps_writable),
        TEST(t18_read_fault_on_a_resident_page),
        TEST(a_byte_written_through_one_mapping_is_read_through_another),
        TEST(a_fault_where_nothing_is_mapped_is_code_1),
        TEST(a_fault_against_the_rights_is_code_2),
        TEST(wiring_what_is_forbidden_makes_no_translation),
        TEST(a_store_asks_for_read_too),
        TEST(wiring_without_a_page_table_leaks_a_wire_until_10_14),
        TEST(symmetric_copy_is_resolved_by_whoever_writes),
        TEST(delayed_copy_is_pushed_by_the_source),
        TEST(two_copies_of_one_source_keep_apart),
        TEST(copying_a_wired_page_copies_it_now),
        TEST(t02_push_drops_a_wired_translation),
        TEST(a_missing_translation_in_a_restricted_context_panics),
        TEST(t20_a_translation_made_before_the_section_is_enough),
        TEST(a_mutex_allows_faults),
        TEST(interrupts_off_per_release),
        TEST(fault_disable_exists_from_15_0),
        TEST(panic_text_has_the_shape_of_its_release),
        TEST(after_a_panic_nothing_runs),
        TEST(a_map_without_zero_filling),
        TEST(fault_kinds_have_kdebugs_names),
        TEST(what_lies_below_a_severed_shadow_is_lost),
        TEST(a_fault_survives_every_failing_allocation),
    };

    return cmocka_run_group_tests_name("vm_fault", tests, NULL, NULL);
}
