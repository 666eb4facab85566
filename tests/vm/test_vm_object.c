/* test_vm_object.c - objects, shadows and copies; vm.md 1.9 */
#include "vm_fixture.h"

#include "vm/vm_internal.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"
#include "vm/vm_page.h"
#include "vm/vm_pageout.h"
#include "vm/vm_purgeable.h"

static struct vm_object *
new_object(struct vm_fixture *f, unsigned pages)
{
    struct vm_object *object = NULL;

    assert_int_equal(vm_object_create(f->system, (vmm_size)pages * PAGE, &object), VMM_OK);
    return object;
}

/* Gives the object a page of its own whose first byte is `byte`. */
static struct vm_page *
fill(struct vm_object *object, unsigned n, uint8_t byte)
{
    struct vm_page *made = NULL;

    assert_int_equal(vm_page_alloc(object, (vmm_off)n * PAGE, &made), VMM_OK);
    assert_true(hw_frame_write(&object->system->machine->frames, vm_page_ppn(made), 0, &byte, 1));
    return made;
}

/* The first byte of what the chain shows at page n, or '-'. */
static char
shown(struct vm_object *object, unsigned n)
{
    const struct vm_page *found = vm_object_find_page(object, (vmm_off)n * PAGE);
    char byte = '-';

    if (found != NULL)
        hw_frame_read(&object->system->machine->frames, vm_page_ppn(found), 0, &byte, 1);
    return byte;
}

/* One picture of an object: the first byte of each page the chain shows, '-' for none. */
static void
assert_shown(struct vm_object *object, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++)
        found[n] = shown(object, n);
    assert_string_equal(found, picture);
}

/* One picture of an object: 'x' where it has a page of its own. */
static void
assert_own(const struct vm_object *object, const char *picture)
{
    char found[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++)
        found[n] = vm_page_lookup(object, (vmm_off)n * PAGE) != NULL ? 'x' : '-';
    assert_string_equal(found, picture);
}

static uint64_t
count_of(struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

static struct vm_object *
object_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry->object;
}

/* ---- references ---- */

static void
a_new_object_is_empty_and_has_one_reference(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object = new_object(f, 4);

    assert_int_equal(object->ref_count, 1);
    assert_int_equal(object->size, 4 * PAGE);
    assert_int_equal(object->copy_strategy, VM_COPY_SYMMETRIC);
    assert_false(object->true_share);
    assert_int_equal(vm_object_depth(object), 0);
    assert_shown(object, "----");
    vm_object_release(&object);
}

static void
ids_are_never_used_again(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *first = new_object(f, 1);
    uint32_t id = first->id;
    struct vm_object *second;

    vm_object_release(&first);
    second = new_object(f, 1);
    assert_true(second->id > id);
    vm_object_release(&second);
}

static void
the_last_release_frees_the_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object = new_object(f, 2), *again = object;
    uint64_t free_pages = f->system->machine->frames.free_count;

    fill(object, 0, 'A');
    fill(object, 1, 'B');
    vm_object_reference(object);
    vm_object_release(&again);
    assert_null(again);
    assert_shown(object, "AB");
    assert_int_equal(f->system->machine->frames.free_count, free_pages - 2);
    vm_object_release(&object);
    assert_int_equal(f->system->machine->frames.free_count, free_pages);
    assert_int_equal(count_of(f, EV_OBJECT_FREE), 1);
}

static void
releasing_no_object_is_allowed(void **state)
{
    struct vm_object *none = NULL;

    (void)state;
    vm_object_release(&none);
    assert_null(none);
}

/* ---- shadows ---- */

/*  A private object of just that length is its own shadow: nothing happens                       */
static void
shadow_leaves_a_private_object_alone(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object = new_object(f, 2), *before = object;
    vmm_off offset = 0;

    assert_int_equal(vm_object_shadow(&object, &offset, 2 * PAGE), VMM_OK);
    assert_ptr_equal(object, before);
    assert_int_equal(count_of(f, EV_OBJECT_SHADOW), 0);
    vm_object_release(&object);
}

/*  below   ABCD         shadow pages 1..2: the top begins at its own 0 and shows BC              */
static void
shadow_puts_an_object_on_top(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *below = new_object(f, 4), *top = below;
    vmm_off offset = PAGE;

    for (unsigned n = 0; n < 4; n++)
        fill(below, n, (uint8_t)('A' + n));
    assert_int_equal(vm_object_shadow(&top, &offset, 2 * PAGE), VMM_OK);
    assert_ptr_not_equal(top, below);
    assert_ptr_equal(top->shadow, below);
    assert_int_equal(top->shadow_offset, PAGE);
    assert_int_equal(top->size, 2 * PAGE);
    assert_int_equal(offset, 0);
    assert_int_equal(below->ref_count, 1); /* the caller's, handed over */
    assert_shown(top, "BC");
    assert_own(top, "--");
    vm_object_release(&top);
    assert_int_equal(count_of(f, EV_OBJECT_FREE), 2);
}

static void
shadow_is_made_for_an_object_with_two_names(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object = new_object(f, 2), *mine = object;
    vmm_off offset = 0;

    vm_object_reference(object);
    assert_int_equal(vm_object_shadow(&mine, &offset, 2 * PAGE), VMM_OK);
    assert_ptr_equal(mine->shadow, object);
    vm_object_release(&mine);
    vm_object_release(&object);
}

/*  A copy object is private by its counts, but its source still pushes to it: it gets a shadow    */
static void
shadow_is_made_over_a_copy_object(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 1);
    struct vm_object_copy copy;

    vm_object_share(source);
    assert_int_equal(vm_object_copy(source, 0, PAGE, &copy), VMM_OK);
    assert_int_equal(vm_object_shadow(&copy.object, &copy.offset, PAGE), VMM_OK);
    assert_int_equal(vm_object_depth(copy.object), 2);
    assert_ptr_equal(copy.object->shadow, source->copy);
    vm_object_release(&copy.object);
    vm_object_release(&source);
}

/*  bottom  ABCD
 *  middle  -X-          from page 1 on
 *  top     Y-           from page 2 on                                                            */
static void
the_chain_shows_the_topmost_page(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *chain = new_object(f, 4);
    vmm_off offset = PAGE;

    for (unsigned n = 0; n < 4; n++)
        fill(chain, n, (uint8_t)('A' + n));
    assert_int_equal(vm_object_shadow(&chain, &offset, 3 * PAGE), VMM_OK);
    fill(chain, 1, 'X');
    assert_shown(chain, "BXD");
    offset = PAGE;
    assert_int_equal(vm_object_shadow(&chain, &offset, 2 * PAGE), VMM_OK);
    assert_shown(chain, "XD");
    fill(chain, 0, 'Y');
    assert_shown(chain, "YD");
    assert_int_equal(vm_object_depth(chain), 2);
    vm_object_release(&chain);
}

static void
resident_counts_each_page_of_the_chain_once(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *chain = new_object(f, 4);
    vmm_off offset = 0;

    fill(chain, 0, 'A');
    fill(chain, 1, 'B');
    vm_object_reference(chain);
    struct vm_object *below = chain;
    assert_int_equal(vm_object_shadow(&chain, &offset, 4 * PAGE), VMM_OK);
    fill(chain, 1, 'X');
    fill(chain, 3, 'Y');
    assert_int_equal(vm_object_resident(chain, 0, 4 * PAGE), 3);
    assert_int_equal(vm_object_resident(chain, PAGE, 2 * PAGE), 1);
    assert_int_equal(vm_object_resident(below, 0, 4 * PAGE), 2);
    assert_int_equal(vm_object_resident(NULL, 0, 4 * PAGE), 0);
    assert_int_equal(vm_object_depth(NULL), 0);
    vm_object_release(&chain);
    vm_object_release(&below);
}

static void
a_long_chain_goes_with_its_last_name(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *chain = new_object(f, 1);
    uint64_t freed = count_of(f, EV_OBJECT_FREE);

    for (unsigned i = 0; i < 1000; i++) {
        vmm_off offset = 0;

        assert_int_equal(vm_object_shadow_always(&chain, &offset, PAGE), VMM_OK);
    }
    assert_int_equal(vm_object_depth(chain), 1000);
    vm_object_release(&chain);
    assert_int_equal(count_of(f, EV_OBJECT_FREE) - freed, 1001);
}

/*  top     . b . .         nobody else names the object below: its pages move up
 *  below   a x c .    ->   a b c .                                                          */
static void
collapse_takes_over_an_object_that_nobody_else_names(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *top = new_object(f, 4);
    vmm_off offset = 0;
    uint32_t below = top->id;

    fill(top, 0, 'a');
    fill(top, 1, 'x');
    fill(top, 2, 'c');
    assert_int_equal(vm_object_shadow_always(&top, &offset, 4 * PAGE), VMM_OK);
    fill(top, 1, 'b');
    vm_object_collapse(top, true);
    assert_null(top->shadow);
    assert_int_not_equal(top->id, below);
    assert_shown(top, "abc-");
    assert_own(top, "xxx-");
    vm_object_release(&top);
}

/*  top     a b             every page of its own: it looks past an object that others still name
 *  below   x x                                                                              */
static void
collapse_looks_past_an_object_that_shows_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *top = new_object(f, 2);
    struct vm_object *below = top;
    vmm_off offset = 0;

    fill(below, 0, 'x');
    fill(below, 1, 'x');
    vm_object_reference(below);
    assert_int_equal(vm_object_shadow(&top, &offset, 2 * PAGE), VMM_OK);
    fill(top, 0, 'a');
    vm_object_collapse(top, true);
    assert_ptr_equal(top->shadow, below); /* page 1 shows through */
    fill(top, 1, 'b');
    vm_object_collapse(top, false);
    assert_ptr_equal(top->shadow, below); /* not asked to look past */
    vm_object_collapse(top, true);
    assert_null(top->shadow);
    assert_int_equal(below->ref_count, 1);
    vm_object_release(&top);
    vm_object_release(&below);
}

/* ---- copies ---- */

static void
a_shared_object_is_copied_by_delay_from_then_on(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object = new_object(f, 1);

    vm_object_share(object);
    assert_true(object->true_share);
    assert_int_equal(object->copy_strategy, VM_COPY_DELAY);
    vm_object_release(&object);
}

/*  source  A-C-         an eager copy of pages 0..3: what is there is copied, what is not is not    */
static void
copy_slowly_copies_what_is_there(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 4), *copy = NULL;

    fill(source, 0, 'A');
    fill(source, 2, 'C');
    assert_int_equal(vm_object_copy_slowly(source, 0, 4 * PAGE, &copy), VMM_OK);
    assert_own(copy, "x-x-");
    assert_shown(copy, "A-C-");
    assert_null(copy->shadow);
    assert_int_equal(count_of(f, EV_PAGE_COPY), 2);
    assert_int_equal(source->ref_count, 1);
    vm_object_release(&copy);
    vm_object_release(&source);
}

/*  A part of the source, some of it from below: the copy begins at its own 0 and stands alone       */
static void
copy_slowly_follows_the_chain_and_the_offset(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 4), *copy = NULL;
    vmm_off offset = PAGE;

    for (unsigned n = 0; n < 4; n++)
        fill(source, n, (uint8_t)('A' + n));
    assert_int_equal(vm_object_shadow(&source, &offset, 3 * PAGE), VMM_OK);
    fill(source, 1, 'X');
    assert_int_equal(vm_object_copy_slowly(source, PAGE, 2 * PAGE, &copy), VMM_OK);
    vm_object_release(&source);
    assert_shown(copy, "XD");
    assert_own(copy, "xx");
    vm_object_release(&copy);
}

/*  The machine has no frame left: no copy, and what was taken for it is given back                  */
static void
copy_slowly_without_a_free_page_leaves_nothing(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 4), *hog = new_object(f, 512), *copy = NULL;
    uint64_t freed;

    for (unsigned n = 0; n < 4; n++)
        fill(source, n, 'A');
    for (unsigned n = 0; f->system->machine->frames.free_count > 2; n++)
        fill(hog, n, 'H');
    freed = count_of(f, EV_OBJECT_FREE);
    assert_int_equal(vm_object_copy_slowly(source, 0, 4 * PAGE, &copy), VMM_MODEL_NO_FRAME);
    assert_null(copy);
    assert_int_equal(f->system->machine->frames.free_count, 2);
    assert_int_equal(count_of(f, EV_OBJECT_FREE), freed + 1);
    vm_object_release(&hog);
    vm_object_release(&source);
}

/*  source <-- copy      the copy has no page; it shows the source's until the source pushes          */
static void
o2_a_delayed_copy_is_an_empty_object_over_its_source(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 2);
    struct vm_object_copy copy;

    vm_object_share(source);
    fill(source, 0, 'A');
    assert_int_equal(vm_object_copy(source, 0, 2 * PAGE, &copy), VMM_OK);
    assert_ptr_equal(source->copy, copy.object);
    assert_ptr_equal(copy.object->shadow, source);
    assert_true(copy.needs_copy);
    assert_int_equal(copy.offset, 0);
    assert_int_equal(source->ref_count, 2);
    assert_own(copy.object, "--");
    assert_shown(copy.object, "A-");
    assert_int_equal(count_of(f, EV_PAGE_COPY), 0);
    vm_object_release(&copy.object);
    assert_null(source->copy);
    assert_int_equal(source->ref_count, 1);
    vm_object_release(&source);
}

/*  Pages 2..3 of the source: the copy covers it from its very start and says where the part is       */
static void
a_delayed_copy_of_a_part_keeps_the_offset(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 8);
    struct vm_object_copy copy;

    vm_object_share(source);
    assert_int_equal(vm_object_copy(source, 2 * PAGE, 2 * PAGE, &copy), VMM_OK);
    assert_int_equal(copy.offset, 2 * PAGE);
    assert_int_equal(copy.object->size, 4 * PAGE);
    vm_object_release(&copy.object);
    vm_object_release(&source);
}

static void
an_untouched_copy_object_serves_again_and_grows(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 8);
    struct vm_object_copy first, second;

    vm_object_share(source);
    assert_int_equal(vm_object_copy(source, 0, 2 * PAGE, &first), VMM_OK);
    assert_int_equal(vm_object_copy(source, 0, 4 * PAGE, &second), VMM_OK);
    assert_ptr_equal(first.object, second.object);
    assert_int_equal(first.object->ref_count, 2);
    assert_int_equal(first.object->size, 4 * PAGE);
    assert_int_equal(source->ref_count, 2);
    vm_object_release(&first.object);
    vm_object_release(&second.object);
    vm_object_release(&source);
}

/*  source <-- first     the first copy was given a page; a second copy goes in between:
 *  source <-- second <-- first                                                                       */
static void
a_copy_object_with_pages_moves_up_for_the_next_one(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 1);
    struct vm_object_copy first, second;

    vm_object_share(source);
    fill(source, 0, 'B');
    assert_int_equal(vm_object_copy(source, 0, PAGE, &first), VMM_OK);
    fill(first.object, 0, 'A'); /* as a push leaves it */
    assert_int_equal(vm_object_copy(source, 0, PAGE, &second), VMM_OK);
    assert_ptr_not_equal(second.object, first.object);
    assert_ptr_equal(source->copy, second.object);
    assert_ptr_equal(first.object->shadow, second.object);
    assert_ptr_equal(second.object->shadow, source);
    assert_int_equal(second.object->ref_count, 2);
    assert_int_equal(source->ref_count, 2);
    assert_shown(first.object, "A");
    assert_shown(second.object, "B");
    assert_null(vm_system_check(f->system));
    vm_object_release(&second.object);
    vm_object_release(&first.object);
    vm_object_release(&source);
}

/*  A wired page may be written by a device at any time, so nothing can be delayed (vm.md 1.9)        */
static void
a_copy_of_a_range_with_a_wired_page_is_made_at_once(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 3);
    struct vm_object_copy copy;
    struct vm_page *wired;

    vm_object_share(source);
    fill(source, 1, 'B');
    wired = fill(source, 2, 'C');
    vm_page_wire(wired);
    assert_int_equal(vm_object_copy(source, PAGE, 2 * PAGE, &copy), VMM_OK);
    assert_false(copy.needs_copy);
    assert_int_equal(copy.offset, 0);
    assert_null(source->copy);
    assert_null(copy.object->shadow);
    assert_shown(copy.object, "BC");
    vm_page_unwire(wired);
    vm_object_release(&copy.object);
    vm_object_release(&source);
}

static void
a_wired_page_behind_the_range_delays_nothing_less(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 3);
    struct vm_object_copy copy;
    struct vm_page *wired;

    vm_object_share(source);
    wired = fill(source, 2, 'C');
    vm_page_wire(wired);
    assert_int_equal(vm_object_copy(source, 0, 2 * PAGE, &copy), VMM_OK);
    assert_true(copy.needs_copy);
    vm_page_unwire(wired);
    vm_object_release(&copy.object);
    vm_object_release(&source);
}

/*  PTEs    wwww         copy pages 0..1: the source's resident pages of that range lose WRITE        */
static void
a_delayed_copy_write_protects_its_range(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object_copy copy;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, 1), VMM_OK);
    vm_object_share(object_at(f, 0));
    assert_int_equal(vm_object_copy(object_at(f, 0), 0, 2 * PAGE, &copy), VMM_OK);
    assert_translated(f, "rrww");
    vm_object_release(&copy.object);
}

/*  Both windows show one object; narrowing goes by page and finds every mapping of it                 */
static void
pmap_protect_narrows_every_mapping_of_the_range(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_map_enter_args args = { .size = 3 * PAGE,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL };
    vmm_va address = page(f, 4);

    draw_pages(f, "xxx");
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(user_store(f, n, 1), VMM_OK);
    args.object = object_at(f, 0);
    vm_object_reference(args.object);
    assert_int_equal(vm_map_enter(f->map, &address, &args), VMM_OK);
    for (unsigned n = 4; n < 7; n++)
        assert_int_equal(user_store(f, n, 2), VMM_OK);
    assert_translated(f, "www-www");
    vm_object_pmap_protect(args.object, PAGE, PAGE, VMM_PROT_READ);
    assert_translated(f, "wrw-wrw");
    vm_object_pmap_protect(args.object, PAGE, 2 * PAGE, VMM_PROT_NONE);
    assert_translated(f, "w---w--");
}

static void
a_copy_survives_every_failing_allocation(void **state)
{
    struct vm_fixture *f = *state;
    enum vmm_status status = VMM_MODEL_NO_MEMORY;

    for (uint64_t n = 1; status != VMM_OK && n < 200; n++) {
        struct vm_object *source;
        struct vm_object_copy copies[64];
        unsigned made = 0;

        vm_fixture_restart(f, "macos-15.4");
        source = new_object(f, 1);
        vm_object_share(source);
        f->counting.requests = 0;
        f->counting.fail_at = n;
        for (status = VMM_OK; made < VMM_COUNT_OF(copies) && status == VMM_OK;) {
            struct vm_page *pushed;

            status = vm_object_copy(source, 0, PAGE, &copies[made]);
            if (status == VMM_OK)
                status = vm_page_alloc(copies[made++].object, 0, &pushed);
        }
        f->counting.fail_at = 0;
        if (status != VMM_OK)
            assert_int_equal(status, VMM_MODEL_NO_MEMORY);
        assert_null(vm_system_check(f->system));
        while (made > 0)
            vm_object_release(&copies[--made].object);
        assert_int_equal(source->ref_count, 1);
        vm_object_release(&source);
    }
    assert_int_equal(status, VMM_OK);
}

/*  source      a b c d
 *  copy [0,4)  a b c d      store to page 0, copy [0,1), store to page 3:
 *  still       a b c d      the newer, smaller request must not hide page 3 from the older copy  */
static void
an_older_and_larger_copy_keeps_its_bytes(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object_copy older = { 0 };
    struct vm_object_copy newer = { 0 };
    struct vm_object *source;

    draw_pages(f, "xxxx");
    for (unsigned n = 0; n < 4; n++)
        assert_int_equal(user_store(f, n, (uint8_t)('a' + n)), VMM_OK);
    source = object_at(f, 0);
    vm_object_share(source);
    assert_int_equal(vm_object_copy(source, 0, 4 * PAGE, &older), VMM_OK);
    assert_int_equal(user_store(f, 0, 'X'), VMM_OK);
    assert_int_equal(vm_object_copy(source, 0, PAGE, &newer), VMM_OK);
    assert_int_equal(user_store(f, 3, 'Y'), VMM_OK);
    assert_shown(older.object, "abcd");
    assert_shown(newer.object, "X");
    vm_object_release(&newer.object);
    vm_object_release(&older.object);
}

/*  source  -            the copy was read: a page of zeroes, clean, stands in it
 *  copy    0            then the source is written. The copy's page must not be dropped as clean,
 *                       or the source's A would show through it                                  */
static void
a_clean_page_that_hides_something_is_kept(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *source = new_object(f, 1);
    struct vm_object_copy copy;
    struct vm_page *zeroes;
    enum vm_page_origin origin;

    f->system->store.limit = 8;
    vm_object_share(source);
    assert_int_equal(vm_object_copy(source, 0, PAGE, &copy), VMM_OK);
    assert_int_equal(vm_page_alloc(copy.object, 0, &zeroes), VMM_OK);
    fill(source, 0, 'A');
    assert_int_equal(vm_page_out(zeroes), VMM_OK);
    assert_int_equal(shown(copy.object, 0), '-'); /* in the store, and not the source's A */
    assert_int_equal(vm_page_in(copy.object, 0, &origin), VMM_OK);
    assert_int_equal(origin, VM_PAGE_WAS_STORED);
    assert_int_equal(shown(copy.object, 0), 0);
    vm_object_release(&copy.object);
    vm_object_release(&source);
}

/*  a G x G, b - - -: afterwards b has a's page, and the guards around it                             */
static void
transposed_objects_change_guards_with_their_pages(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *a = new_object(f, 3);
    struct vm_object *b = new_object(f, 3);

    a->guard_first = a->guard_last = true;
    fill(a, 1, 'x');
    assert_int_equal(vm_object_transpose(a, b), VMM_OK);
    assert_shown(a, "---");
    assert_shown(b, "-x-");
    assert_false(vm_object_is_guard(a, 0));
    assert_false(vm_object_is_guard(a, 2 * PAGE));
    assert_true(vm_object_is_guard(b, 0));
    assert_true(vm_object_is_guard(b, 2 * PAGE));
    vm_object_release(&a);
    vm_object_release(&b);
}

/*  b can be purged from now on, and so a copy of it is made at once; a is copied as b was before     */
static void
transposed_objects_change_how_they_are_copied(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *a = new_object(f, 1);
    struct vm_object *b = new_object(f, 1);

    vm_object_make_purgable(a);
    vm_object_share(b);
    assert_int_equal(vm_object_transpose(a, b), VMM_OK);
    assert_int_equal(a->purgable, VM_PURGABLE_DENY);
    assert_int_equal(a->copy_strategy, VM_COPY_DELAY);
    assert_int_equal(b->purgable, VM_PURGABLE_NONVOLATILE);
    assert_int_equal(b->copy_strategy, VM_COPY_NONE);
    vm_object_release(&a);
    vm_object_release(&b);
}

/*  top - middle - bottom: no two of them can change places, for one would lie below itself then      */
static void
an_object_and_one_below_it_are_not_transposed(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *bottom = new_object(f, 1);
    struct vm_object *top = bottom;
    vmm_off offset = 0;

    fill(bottom, 0, 'x');
    vm_object_reference(bottom);
    assert_int_equal(vm_object_shadow_always(&top, &offset, PAGE), VMM_OK);
    assert_int_equal(vm_object_shadow_always(&top, &offset, PAGE), VMM_OK);
    assert_int_equal(vm_object_transpose(top, bottom), VMM_INVALID_VALUE);
    assert_int_equal(vm_object_transpose(bottom, top), VMM_INVALID_VALUE);
    assert_int_equal(vm_object_transpose(bottom, bottom), VMM_INVALID_VALUE);
    assert_shown(top, "x");
    vm_object_release(&top);
    vm_object_release(&bottom);
}

/*  The pages that the entry wired lie below, and would come to another object's entries              */
static void
an_object_under_wires_is_not_transposed(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *a = new_object(f, 1);
    struct vm_object *b = new_object(f, 1);

    a->is_under_wires = true;
    assert_int_equal(vm_object_transpose(a, b), VMM_INVALID_VALUE);
    assert_int_equal(vm_object_transpose(b, a), VMM_INVALID_VALUE);
    vm_object_release(&a);
    vm_object_release(&b);
}

/*  Each of very many lists holds the page once, however many bits a Mac has for their number       */
static void
a_page_may_be_wired_more_often_than_an_entry(void **state)
{
    struct vm_fixture *f = *state;
    struct vm_object *object = new_object(f, 1);
    struct vm_page *page;

    assert_int_equal(vm_page_alloc(object, 0, &page), VMM_OK);
    for (uint32_t n = 0; n < UINT16_MAX + 2; n++)
        vm_page_wire(page);
    assert_int_equal(vm_page_wire_count(page), UINT16_MAX + 2);
    for (uint32_t n = 0; n < UINT16_MAX + 2; n++)
        vm_page_unwire(page);
    vm_object_release(&object);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_object_is_empty_and_has_one_reference),
        TEST(ids_are_never_used_again),
        TEST(the_last_release_frees_the_pages),
        TEST(releasing_no_object_is_allowed),
        TEST(shadow_leaves_a_private_object_alone),
        TEST(shadow_puts_an_object_on_top),
        TEST(shadow_is_made_for_an_object_with_two_names),
        TEST(shadow_is_made_over_a_copy_object),
        TEST(the_chain_shows_the_topmost_page),
        TEST(resident_counts_each_page_of_the_chain_once),
        TEST(a_long_chain_goes_with_its_last_name),
        TEST(collapse_takes_over_an_object_that_nobody_else_names),
        TEST(collapse_looks_past_an_object_that_shows_nothing),
        TEST(a_shared_object_is_copied_by_delay_from_then_on),
        TEST(copy_slowly_copies_what_is_there),
        TEST(copy_slowly_follows_the_chain_and_the_offset),
        TEST(copy_slowly_without_a_free_page_leaves_nothing),
        TEST(o2_a_delayed_copy_is_an_empty_object_over_its_source),
        TEST(a_delayed_copy_of_a_part_keeps_the_offset),
        TEST(an_untouched_copy_object_serves_again_and_grows),
        TEST(a_copy_object_with_pages_moves_up_for_the_next_one),
        TEST(a_copy_of_a_range_with_a_wired_page_is_made_at_once),
        TEST(a_wired_page_behind_the_range_delays_nothing_less),
        TEST(a_delayed_copy_write_protects_its_range),
        TEST(pmap_protect_narrows_every_mapping_of_the_range),
        TEST(a_copy_survives_every_failing_allocation),
        TEST(an_older_and_larger_copy_keeps_its_bytes),
        TEST(a_clean_page_that_hides_something_is_kept),
        TEST(transposed_objects_change_guards_with_their_pages),
        TEST(transposed_objects_change_how_they_are_copied),
        TEST(an_object_and_one_below_it_are_not_transposed),
        TEST(an_object_under_wires_is_not_transposed),
        TEST(a_page_may_be_wired_more_often_than_an_entry),
    };

    return cmocka_run_group_tests_name("vm_object", tests, NULL, NULL);
}
