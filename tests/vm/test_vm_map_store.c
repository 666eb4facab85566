/* test_vm_map_store.c - entries: find, split, merge, find room; vm.md 1.3 - 1.7 */
#include "vm_fixture.h"

#include "base/rng.h"
#include "test_trap.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"

static struct vm_map_entry *
entry_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry;
}

/* One picture of a window: a letter an entry, in order, '.' for a hole. */
static void
assert_entries(const struct vm_fixture *f, const char *picture)
{
    const struct vm_map_entry *last = NULL;
    char found[80] = "";
    char letter = 'a' - 1;

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct vm_map_entry *entry;
        bool is_mapped = vm_map_lookup_entry(f->map, page(f, n), &entry);

        letter = (char)(letter + (is_mapped && entry != last));
        last = is_mapped ? entry : last;
        found[n] = is_mapped ? letter : '.';
    }
    assert_string_equal(found, picture);
}

static void
touch(struct vm_fixture *f, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++)
        assert_int_equal(user_store(f, n, (uint8_t)n), VMM_OK);
}

/* ---- lookup (vm.md 1.3) ---- */

/*  pages   .xx.x        a byte anywhere inside finds the entry; its end no longer does          */
static void
lookup_finds_the_entry_that_holds_the_byte(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;

    draw_pages(f, ".xx.x");
    assert_true(vm_map_lookup_entry(f->map, page(f, 1), &entry));
    assert_int_equal(entry->start, page(f, 1));
    assert_true(vm_map_lookup_entry(f->map, page(f, 3) - 1, &entry));
    assert_int_equal(entry->start, page(f, 1));
    assert_false(vm_map_lookup_entry(f->map, page(f, 3), &entry));
}

static void
lookup_in_a_hole_gives_the_entry_before(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry = NULL;

    draw_pages(f, "xx.x");
    assert_false(vm_map_lookup_entry(f->map, page(f, 2), &entry));
    assert_int_equal(entry->end, page(f, 2));
}

static void
lookup_before_every_entry_gives_none(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry = (void *)f;

    assert_false(vm_map_lookup_entry(f->kernel, vm_map_min(f->kernel), &entry));
    assert_null(entry);
}

/*  pages   .x.x.        from each page: the entry here, the next one, none                      */
static void
at_or_after_is_the_entry_or_the_next_one(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, ".x.x.");
    assert_int_equal(vm_map_entry_at_or_after(f->map, page(f, 0))->start, page(f, 1));
    assert_int_equal(vm_map_entry_at_or_after(f->map, page(f, 1))->start, page(f, 1));
    assert_int_equal(vm_map_entry_at_or_after(f->map, page(f, 2))->start, page(f, 3));
    assert_null(vm_map_entry_at_or_after(f->map, page(f, 4)));
}

static void
link_over_another_entry(void *context)
{
    struct vm_fixture *f = context;
    struct vm_map_entry entry = { .start = page(f, 1), .end = page(f, 3) };

    vm_map_entry_link(f->map, &entry);
}

/*  XNU panics when an insert fails (vm.md 1.3); only our own bug can cause it here              */
static void
i01_an_entry_over_another_is_our_own_bug(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    test_trap_assert(link_over_another_entry, f);
}

/* ---- clip (vm.md 1.4) ---- */

/*  entry   aaaa         clip_start at 1: the new node takes the front, the old one keeps the tail */
static void
clip_start_leaves_the_tail_to_the_original(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;

    draw_pages(f, "xxxx");
    touch(f, 0, 1);
    entry = entry_at(f, 0);
    assert_int_equal(vm_map_clip_start(f->map, entry, page(f, 1)), VMM_OK);
    assert_entries(f, "abbb");
    assert_ptr_equal(entry_at(f, 3), entry);
    assert_int_equal(entry->offset, PAGE);
    assert_int_equal(entry_at(f, 0)->offset, 0);
}

/*  entry   aaaa         clip_end at 3: the old one keeps the front                              */
static void
clip_end_leaves_the_front_to_the_original(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *entry;

    draw_pages(f, "xxxx");
    touch(f, 0, 1);
    entry = entry_at(f, 0);
    assert_int_equal(vm_map_clip_end(f->map, entry, page(f, 3)), VMM_OK);
    assert_entries(f, "aaab");
    assert_ptr_equal(entry_at(f, 0), entry);
    assert_int_equal(entry->offset, 0);
    assert_int_equal(entry_at(f, 3)->offset, 3 * PAGE);
}

static void
clip_outside_or_at_the_edge_does_nothing(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, ".xx.");
    assert_int_equal(vm_map_clip_start(f->map, entry_at(f, 1), page(f, 1)), VMM_OK);
    assert_int_equal(vm_map_clip_start(f->map, entry_at(f, 1), page(f, 0)), VMM_OK);
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 1), page(f, 3)), VMM_OK);
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 1), page(f, 4)), VMM_OK);
    assert_entries(f, ".aa.");
    assert_int_equal(vm_system_trace(f->system)->counters[EV_MAP_CLIP], 0);
}

static void
clip_gives_the_object_one_more_reference(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    touch(f, 0, 2);
    assert_int_equal(entry_at(f, 0)->object->ref_count, 1);
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 1)), VMM_OK);
    assert_ptr_equal(entry_at(f, 0)->object, entry_at(f, 1)->object);
    assert_int_equal(entry_at(f, 0)->object->ref_count, 2);
}

static void
both_halves_of_a_clip_keep_counts_and_flags(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, true), VMM_OK);
    assert_int_equal(vm_map_wire(f->map, page(f, 0), page(f, 2), VMM_PROT_READ, false), VMM_OK);
    entry_at(f, 0)->in_transition = true;
    entry_at(f, 0)->needs_wakeup = true;
    assert_int_equal(vm_map_clip_start(f->map, entry_at(f, 0), page(f, 1)), VMM_OK);
    for (unsigned n = 0; n < 2; n++) {
        struct vm_map_entry *half = entry_at(f, n);

        assert_int_equal(half->wired_count, 2);
        assert_int_equal(half->user_wired_count, 1);
        assert_true(half->in_transition);
        assert_true(half->needs_wakeup);
        half->in_transition = half->needs_wakeup = false;
    }
    assert_null(vm_system_check(f->system)); /* I4 too: the sizes add up */
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), false), VMM_OK);
    assert_int_equal(vm_map_unwire(f->map, page(f, 0), page(f, 2), true), VMM_OK);
}

static void
clip_touches_no_translation(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxx");
    touch(f, 0, 3);
    assert_int_equal(vm_map_clip_start(f->map, entry_at(f, 0), page(f, 1)), VMM_OK);
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 1), page(f, 2)), VMM_OK);
    assert_entries(f, "abc");
    assert_translated(f, "www");
}

/*  The embedder's memory ends; some clip says so, and the entry it was to cut is whole            */
static void
clip_without_memory_changes_nothing(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_OK;
    vmm_va address = page(f, 0);
    vmm_size size;
    unsigned n = 0;

    assert_int_equal(vm_allocate(f->map, &address, 4096 * PAGE, VM_MAP_FIXED), VMM_OK);
    size = vm_map_size(f->map);
    f->counting.requests = 0;
    f->counting.fail_at = 1;
    f->counting.fails_from_then_on = true;
    while (status == VMM_OK && n < 4095)
        status = vm_map_clip_start(f->map, entry_at(f, 4095), page(f, ++n));
    f->counting.fail_at = 0;
    f->counting.fails_from_then_on = false;
    assert_int_equal(status, VMM_MODEL_NO_MEMORY);
    assert_int_equal(entry_at(f, 4095)->start, page(f, n - 1));
    assert_int_equal(vm_map_size(f->map), size);
    assert_null(vm_system_check(f->system));
}

/* ---- simplify (vm.md 1.5) ---- */

/*  entry   aabb         what a clip cut and nothing changed since grows together again            */
static void
simplify_undoes_a_clip(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_entry *tail;

    draw_pages(f, "xxxx");
    touch(f, 0, 4);
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 2)), VMM_OK);
    tail = entry_at(f, 2);
    vm_map_simplify_range(f->map, page(f, 0), page(f, 4));
    assert_entries(f, "aaaa");
    assert_ptr_equal(entry_at(f, 0), tail); /* the later one survives, with prev's start */
    assert_int_equal(tail->offset, 0);
    assert_int_equal(tail->object->ref_count, 1);
}

static void
simplify_merges_memory_that_nobody_touched(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 2)), VMM_OK);
    vm_map_simplify_range(f->map, page(f, 0), page(f, 4));
    assert_entries(f, "aaaa");
    assert_null(entry_at(f, 0)->object);
}

/*  entry   aabb         simplify [0, 2) also asks the entry that begins exactly at 2              */
static void
simplify_also_tries_the_entry_at_the_end(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xxxx");
    assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 2)), VMM_OK);
    vm_map_simplify_range(f->map, page(f, 0), page(f, 2));
    assert_entries(f, "aaaa");
}

static void
simplify_does_not_cross_a_hole(void **state)
{
    struct vm_fixture *f = *state;

    draw_pages(f, "xx.xx");
    vm_map_simplify_range(f->map, page(f, 0), page(f, 5));
    assert_entries(f, "aa.bb");
}

static void
differ_in_protection(struct vm_map_entry *entry)
{
    entry->protection = VMM_PROT_READ;
}

static void
differ_in_max_protection(struct vm_map_entry *entry)
{
    entry->max_protection = VMM_PROT_DEFAULT;
}

static void
differ_in_inheritance(struct vm_map_entry *entry)
{
    entry->inheritance = VMM_INHERIT_NONE;
}

static void
differ_in_needs_copy(struct vm_map_entry *entry)
{
    entry->needs_copy = true;
}

static void
differ_in_wires(struct vm_map_entry *entry)
{
    entry->wired_count = 1;
}

static void
differ_in_user_wires(struct vm_map_entry *entry)
{
    entry->user_wired_count = 1;
}

static void
differ_in_transition(struct vm_map_entry *entry)
{
    entry->in_transition = true;
}

static void
differ_in_wakeup(struct vm_map_entry *entry)
{
    entry->needs_wakeup = true;
}

static void
differ_in_offset(struct vm_map_entry *entry)
{
    entry->offset += PAGE;
}

static void
differ_in_object(struct vm_map_entry *entry)
{
    entry->object = NULL;
}

/*  entry   ab           alike but for one thing: two entries; alike in all: one                   */
static void
simplify_merges_only_what_is_alike(void **state)
{
    static void (*const cases[])(struct vm_map_entry * entry) = {
        differ_in_protection, differ_in_max_protection, differ_in_inheritance, differ_in_needs_copy,
        differ_in_wires,      differ_in_user_wires,     differ_in_transition,  differ_in_wakeup,
        differ_in_offset,     differ_in_object,
    };
    struct vm_fixture *f = *state;

    draw_pages(f, "xx");
    touch(f, 0, 2);
    for (size_t i = 0; i < 2 * VMM_COUNT_OF(cases); i++) {
        struct vm_map_entry *entry, before;

        assert_int_equal(vm_map_clip_end(f->map, entry_at(f, 0), page(f, 1)), VMM_OK);
        entry = entry_at(f, (unsigned)i % 2); /* each of the two in turn */
        before = *entry;
        cases[i / 2](entry);
        vm_map_simplify_range(f->map, page(f, 0), page(f, 2));
        assert_entries(f, "ab");
        *entry = before;
        vm_map_simplify_range(f->map, page(f, 0), page(f, 2));
        assert_entries(f, "aa");
    }
}

/* ---- find room (vm.md 1.7) ---- */

static enum vmm_status
find(struct vm_fixture *f, vmm_va hint, vmm_size size, vmm_va mask, vmm_va *found)
{
    *found = hint;
    return vm_map_find_room(f->map, &(struct vm_map_enter_args){ .size = size, .mask = mask },
                            found);
}

/*  pages   xx.x..x      from page 0: one page fits at 2, two at 4, three only after all            */
static void
the_first_hole_that_is_large_enough_is_taken(void **state)
{
    static const unsigned expected[] = { 2, 4, 7, 7 };
    struct vm_fixture *f = *state;
    vmm_va found;

    draw_pages(f, "xx.x..x");
    for (unsigned i = 0; i < VMM_COUNT_OF(expected); i++) {
        assert_int_equal(find(f, page(f, 0), (i + 1) * PAGE, 0, &found), VMM_OK);
        assert_int_equal(found, page(f, expected[i]));
    }
}

static void
a_search_starts_at_a_free_hint(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    draw_pages(f, "x....x");
    assert_int_equal(find(f, page(f, 3), PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 3));
    assert_int_equal(find(f, page(f, 3), 3 * PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 6));
}

static void
a_hint_inside_an_entry_searches_after_it(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    draw_pages(f, ".xxx.");
    assert_int_equal(find(f, page(f, 2), PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 4));
}

/*  pages   x.......     aligned to 4 pages: page 4; with page 5 taken two pages go to page 8       */
static void
the_address_is_a_multiple_of_the_mask_plus_1(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    draw_pages(f, "x.....x");
    assert_int_equal(find(f, page(f, 0), PAGE, 4 * PAGE - 1, &found), VMM_OK);
    assert_int_equal(found, page(f, 4));
    assert_int_equal(find(f, page(f, 0), 3 * PAGE, 4 * PAGE - 1, &found), VMM_OK);
    assert_int_equal(found, page(f, 8));
}

static void
an_odd_hint_is_rounded_up_to_a_page(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    assert_int_equal(find(f, page(f, 0) + 1, PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 1));
}

static void
more_than_the_map_has_is_code_3(void **state)
{
    static const char *const profiles[] = { "macos-10.9", "macos-10.11", "macos-15.4" };
    struct vm_fixture *f = *state;
    vmm_va found;

    for (size_t i = 0; i < VMM_COUNT_OF(profiles); i++) {
        vm_fixture_restart(f, profiles[i]);
        assert_int_equal(find(f, 0, vm_map_max(f->map), 0, &found), VMM_NO_SPACE);
        assert_int_equal(found, 0); /* untouched */
        assert_int_equal(find(f, vm_map_max(f->map) - PAGE, 2 * PAGE, 0, &found), VMM_NO_SPACE);
    }
}

/*  Holes end at the map's end: the last page but not one more                                     */
static void
room_ends_with_the_map(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va last = vm_map_max(f->map) - 8 * PAGE;
    vmm_va found;

    assert_int_equal(find(f, last, 9 * PAGE, 0, &found), VMM_NO_SPACE);
    assert_int_equal(find(f, vm_map_max(f->map), PAGE, 0, &found), VMM_NO_SPACE);
}

/*  Without the entry below 4 GiB the map is free from 0 on, but 0 is never an answer               */
static void
a_search_never_answers_0(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    assert_int_equal(vm_deallocate(f->map, 0, (vmm_size)1 << 32), VMM_OK);
    assert_int_equal(find(f, 0, PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, PAGE);
}

/*  room is looked for between 16 and 17 GiB only: a hint elsewhere counts as no hint, one that no
 *  map could serve is refused as ever, and a fixed place is not looked for at all               */
static void
a_search_stays_within_its_limits(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va from = (vmm_va)16 << 30;
    vmm_va to = (vmm_va)17 << 30;
    vmm_va at = 0;

    vm_map_search_within(f->map, from, to);
    assert_int_equal(find(f, 0, PAGE, 0, &at), VMM_OK);
    assert_int_equal(at, from);
    assert_int_equal(find(f, from + PAGE, PAGE, 0, &at), VMM_OK);
    assert_int_equal(at, from + PAGE);
    assert_int_equal(find(f, to + PAGE, PAGE, 0, &at), VMM_OK);
    assert_int_equal(at, from);
    assert_int_equal(find(f, to - PAGE, 2 * PAGE, 0, &at), VMM_NO_SPACE);
    assert_int_equal(find(f, vm_map_max(f->map), PAGE, 0, &at), VMM_NO_SPACE);
    assert_int_equal(find(f, 0, to - from + PAGE, 0, &at), VMM_NO_SPACE);
    at = 0;
    assert_int_equal(vm_allocate(f->map, &at, to - from, VM_MAP_ANYWHERE), VMM_OK);
    assert_int_equal(at, from);
    assert_int_equal(find(f, 0, PAGE, 0, &at), VMM_NO_SPACE);
    at = to;
    assert_int_equal(vm_allocate(f->map, &at, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, to, PAGE), VMM_OK);
    at = from - PAGE;
    assert_int_equal(vm_allocate(f->map, &at, PAGE, VM_MAP_FIXED), VMM_OK);
    assert_int_equal(vm_deallocate(f->map, from - PAGE, PAGE), VMM_OK);
    assert_int_equal(find(f, 0, PAGE, 0, &at), VMM_NO_SPACE);
    assert_int_equal(vm_deallocate(f->map, to - PAGE, PAGE), VMM_OK);
    assert_int_equal(find(f, 0, PAGE, 0, &at), VMM_OK);
    assert_int_equal(at, to - PAGE);
}

/*  10.9 and 10.10 begin at the first hole when the hint lies before the entry after it: the answer
 *  is below the hint. Later releases never look down (T26).                                       */
static void
t26_first_free_may_answer_below_the_hint(void **state)
{
    static const struct {
        const char *profile;
        bool is_below;
    } cases[] = { { "macos-10.9", true },
                  { "macos-10.10", true },
                  { "macos-10.11", false },
                  { "macos-15.4", false } };
    struct vm_fixture *f = *state;
    vmm_va found;

    for (size_t i = 0; i < VMM_COUNT_OF(cases); i++) {
        vm_fixture_restart(f, cases[i].profile);
        draw_pages(f, "........x"); /* the first hole is between 4 GiB and page 8 */
        assert_int_equal(find(f, page(f, 4), PAGE, 0, &found), VMM_OK);
        assert_int_equal(found, cases[i].is_below ? (vmm_va)1 << 32 : page(f, 4));
        assert_int_equal(find(f, page(f, 12), PAGE, 0, &found), VMM_OK);
        assert_int_equal(found, page(f, 12)); /* beyond the entry after the first hole */
    }
}

/* Room as the kernel's own map is asked for it. */
static vmm_va
find_in_kernel(struct vm_fixture *f, vmm_va hint, vmm_size size, vmm_va mask, uint32_t vmk_flags)
{
    vmm_va found = hint;

    assert_int_equal(vm_map_find_room(f->kernel,
                                      &(struct vm_map_enter_args){ .size = size,
                                                                   .mask = mask,
                                                                   .flags = VM_MAP_ANYWHERE,
                                                                   .vmk_flags = vmk_flags },
                                      &found),
                     VMM_OK);
    return found;
}

/* Takes [at, at + size) of the kernel's map. */
static void
take_in_kernel(struct vm_fixture *f, vmm_va at, vmm_size size)
{
    assert_int_equal(vm_allocate(f->kernel, &at, size, VM_MAP_FIXED), VMM_OK);
}

/*  kernel map   ........x..|    last-free from 12 on: 2 pages end at the end, 3 end before x      */
static void
the_kernel_may_ask_for_the_last_room_from_12_on(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va top = vm_map_max(f->kernel) & ~(vmm_va)(PAGE - 1);

    take_in_kernel(f, top - 3 * PAGE, PAGE);
    assert_int_equal(find_in_kernel(f, 0, 2 * PAGE, 0, VMKF_LAST_FREE), top - 2 * PAGE);
    assert_int_equal(find_in_kernel(f, 0, 3 * PAGE, 0, VMKF_LAST_FREE), top - 6 * PAGE);
    assert_int_equal(find_in_kernel(f, 0, PAGE, 16 * PAGE - 1, VMKF_LAST_FREE) % (16 * PAGE), 0);
    assert_int_equal(find_in_kernel(f, 0, 2 * PAGE, 0, VMKF_LAST_FREE | VMKF_GUARD_BEFORE),
                     top - 5 * PAGE);
    vm_fixture_restart(f, "macos-11");
    assert_int_equal(find_in_kernel(f, 0, 2 * PAGE, 0, VMKF_LAST_FREE), vm_map_min(f->kernel));
}

/*  and for nobody else: a user's search goes up                                                   */
static void
a_user_map_is_never_searched_from_the_top(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found = page(f, 4);

    assert_int_equal(vm_map_find_room(f->map,
                                      &(struct vm_map_enter_args){ .size = PAGE,
                                                                   .flags = VM_MAP_ANYWHERE,
                                                                   .vmk_flags = VMKF_LAST_FREE },
                                      &found),
                     VMM_OK);
    assert_int_equal(found, page(f, 4));
}

/*  From 12 on the kernel's hint means nothing                                                     */
static void
the_kernels_hint_means_nothing_from_12_on(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va hint = vm_map_min(f->kernel) + 64 * PAGE;

    assert_int_equal(find_in_kernel(f, hint, PAGE, 0, 0), vm_map_min(f->kernel));
    vm_fixture_restart(f, "macos-11");
    assert_int_equal(find_in_kernel(f, hint, PAGE, 0, 0), hint);
}

/*  pages   xx.x..x      with a free page before it, one page fits at 5 only                       */
static void
a_guard_leaves_a_page_free_before_the_answer(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found = page(f, 0);

    draw_pages(f, "xx.x..x");
    assert_int_equal(vm_map_find_room(f->map,
                                      &(struct vm_map_enter_args){ .size = PAGE,
                                                                   .flags = VM_MAP_ANYWHERE,
                                                                   .vmk_flags = VMKF_GUARD_BEFORE },
                                      &found),
                     VMM_OK);
    assert_int_equal(found, page(f, 5));
}

/*  pages   x..x gone    guard malloc: nothing below what was ever mapped, and a page between      */
static void
a_map_may_refuse_to_use_addresses_again(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    draw_pages(f, "x..x");
    assert_int_equal(vm_deallocate(f->map, page(f, 0), 4 * PAGE), VMM_OK);
    f->map->disable_vmentry_reuse = true;
    assert_int_equal(find(f, 0, PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 5));
    f->map->disable_vmentry_reuse = false;
    assert_int_equal(find(f, 0, PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, (vmm_va)1 << 32);
}

/*  A search without a hint begins at the high start, from 10.13 on; one with a hint at the hint   */
static void
a_search_without_a_hint_begins_at_the_high_start(void **state)
{
    struct vm_fixture *f = *state;
    vmm_va found;

    f->map->high_start = page(f, 8);
    assert_int_equal(find(f, 0, PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 8));
    assert_int_equal(find(f, page(f, 2), PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, page(f, 2));
    vm_fixture_restart(f, "macos-10.12");
    f->map->high_start = page(f, 8);
    assert_int_equal(find(f, 0, PAGE, 0, &found), VMM_OK);
    assert_int_equal(found, (vmm_va)1 << 32);
}

/* ---- against a plain array ---- */

enum { WINDOW = 64 };

/* The first run of `count` free pages at or after `from`; pages after the window are free. */
static unsigned
first_run(const bool *taken, unsigned from, unsigned count)
{
    unsigned free_from = from;

    for (unsigned n = from; n < WINDOW && n - free_from < count; n++)
        free_from = taken[n] ? n + 1 : free_from;
    return free_from;
}

static void
assert_same(struct vm_fixture *f, const bool *taken)
{
    vmm_size pages = 0;

    for (unsigned n = 0; n < WINDOW; n++) {
        struct vm_map_entry *entry;

        assert_int_equal(vm_map_lookup_entry(f->map, page(f, n), &entry), taken[n]);
        pages += taken[n];
    }
    assert_int_equal(vm_map_size(f->map), ((vmm_size)1 << 32) + pages * PAGE);
    assert_null(vm_system_check(f->system));
}

/* Enters, deletes or protects a random run of pages, in the map and in the array. */
static void
step_randomly(struct vm_fixture *f, struct vmm_rng *rng, bool *taken)
{
    unsigned from = (unsigned)vmm_rng_below(rng, WINDOW);
    unsigned count = 1 + (unsigned)vmm_rng_below(rng, WINDOW - from < 8 ? WINDOW - from : 8);
    vmm_va address = page(f, from);
    bool is_free = true, is_whole = true;

    for (unsigned n = from; n < from + count; n++) {
        is_free &= !taken[n];
        is_whole &= taken[n];
    }
    switch (vmm_rng_below(rng, 3)) {
    case 0:
        assert_int_equal(vm_allocate(f->map, &address, count * PAGE, VM_MAP_FIXED),
                         is_free ? VMM_OK : VMM_NO_SPACE);
        for (unsigned n = from; is_free && n < from + count; n++)
            taken[n] = true;
        break;
    case 1:
        assert_int_equal(vm_deallocate(f->map, address, count * PAGE), VMM_OK);
        for (unsigned n = from; n < from + count; n++)
            taken[n] = false;
        break;
    default:
        assert_int_equal(
            vm_protect(f->map, address, count * PAGE, false, 1 + (vmm_prot)vmm_rng_below(rng, 3)),
            is_whole ? VMM_OK : VMM_INVALID_ADDRESS);
    }
}

static void
random_operations_leave_what_a_plain_array_says(void **state)
{
    struct vm_fixture *f = *state;
    bool taken[WINDOW] = { false };
    struct vmm_rng rng = { 1 };

    for (unsigned i = 0; i < 600; i++) {
        step_randomly(f, &rng, taken);
        assert_same(f, taken);
    }
}

static void
random_searches_answer_what_a_plain_array_says(void **state)
{
    struct vm_fixture *f = *state;
    bool taken[WINDOW] = { false };
    struct vmm_rng rng = { 2 };

    for (unsigned i = 0; i < 600; i++) {
        unsigned from = (unsigned)vmm_rng_below(&rng, WINDOW);
        unsigned count = 1 + (unsigned)vmm_rng_below(&rng, 6);
        vmm_va found;

        step_randomly(f, &rng, taken);
        assert_int_equal(find(f, page(f, from), count * PAGE, 0, &found), VMM_OK);
        assert_int_equal(found, page(f, first_run(taken, from, count)));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lookup_finds_the_entry_that_holds_the_byte),
        TEST(lookup_in_a_hole_gives_the_entry_before),
        TEST(lookup_before_every_entry_gives_none),
        TEST(at_or_after_is_the_entry_or_the_next_one),
        TEST(i01_an_entry_over_another_is_our_own_bug),
        TEST(clip_start_leaves_the_tail_to_the_original),
        TEST(clip_end_leaves_the_front_to_the_original),
        TEST(clip_outside_or_at_the_edge_does_nothing),
        TEST(clip_gives_the_object_one_more_reference),
        TEST(both_halves_of_a_clip_keep_counts_and_flags),
        TEST(clip_touches_no_translation),
        TEST(clip_without_memory_changes_nothing),
        TEST(simplify_undoes_a_clip),
        TEST(simplify_merges_memory_that_nobody_touched),
        TEST(simplify_also_tries_the_entry_at_the_end),
        TEST(simplify_does_not_cross_a_hole),
        TEST(simplify_merges_only_what_is_alike),
        TEST(the_first_hole_that_is_large_enough_is_taken),
        TEST(a_search_starts_at_a_free_hint),
        TEST(a_hint_inside_an_entry_searches_after_it),
        TEST(the_address_is_a_multiple_of_the_mask_plus_1),
        TEST(an_odd_hint_is_rounded_up_to_a_page),
        TEST(more_than_the_map_has_is_code_3),
        TEST(room_ends_with_the_map),
        TEST(a_search_never_answers_0),
        TEST(a_search_stays_within_its_limits),
        TEST(t26_first_free_may_answer_below_the_hint),
        TEST(the_kernel_may_ask_for_the_last_room_from_12_on),
        TEST(a_user_map_is_never_searched_from_the_top),
        TEST(the_kernels_hint_means_nothing_from_12_on),
        TEST(a_guard_leaves_a_page_free_before_the_answer),
        TEST(a_map_may_refuse_to_use_addresses_again),
        TEST(a_search_without_a_hint_begins_at_the_high_start),
        TEST(random_operations_leave_what_a_plain_array_says),
        TEST(random_searches_answer_what_a_plain_array_says),
    };

    return cmocka_run_group_tests_name("vm_map_store", tests, NULL, NULL);
}
