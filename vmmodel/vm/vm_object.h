/*
 * vm_object.h - the bytes behind a range, and who copied them when
 *
 * PURPOSE     An object holds pages by offset. A shadow below supplies pages it does not have; a copy
 *             above must be given the old page before this one may change.
 * INVARIANTS  O1, O2 of vm_internal.h; I10
 * UNITS       offset, size: bytes, page aligned
 * OWNERSHIP   reference counted; the last reference frees the pages and lets the shadow go
 * ERRORS      VMM_MODEL_NO_MEMORY, VMM_MODEL_NO_FRAME; what a pager answers, of a copy made at once;
 *             others as each function says
 * EVENTS      OBJECT_CREATE OBJECT_SHADOW OBJECT_FREE PAGE_COPY PAGE_FREE
 * XNU         osfmk/vm/vm_object.c; vm.md 1.9
 *             Differs: only a pager takes time, so a chain collapses as soon as it may
 */
#ifndef VM_VM_OBJECT_H
#define VM_VM_OBJECT_H

#include "vm/vm_internal.h"
#include "vm/vm_page.h"

/* An anonymous object of `size` bytes with one reference. */
enum vmm_status vm_object_create(struct vm_system *system, vmm_size size,
                                 struct vm_object **object) VMM_MUST_USE;
void vm_object_reference(struct vm_object *object);

/*
 * Gives an object all its pages, zeroed, in frames that stand in a row at a multiple of its size, a power
 * of two. VMM_RESOURCE_SHORTAGE: there is no such row. XNU: cpm_allocate() in vm_map_enter().
 */
enum vmm_status vm_object_fill_superpage(struct vm_object *object) VMM_MUST_USE;

/* Drops one reference and clears the caller's pointer; NULL is allowed. */
void vm_object_release(struct vm_object **object);

/*
 * Puts a fresh object of `length` bytes on top of (*object, *offset) and hands the reference over to
 * it; does nothing when the object already is private and exactly that long (vm.md 1.9).
 */
enum vmm_status vm_object_shadow(struct vm_object **object, vmm_off *offset,
                                 vmm_size length) VMM_MUST_USE;

/* The same without asking: there is a fresh object on top afterwards. */
enum vmm_status vm_object_shadow_always(struct vm_object **object, vmm_off *offset,
                                        vmm_size length) VMM_MUST_USE;

/*
 * Shortens the chain under `object`: takes over an object that only this chain names; looks past one
 * that shows nothing here any more, if `can_bypass`. XNU: vm_object_collapse(), vm.md 1.9.
 */
void vm_object_collapse(struct vm_object *object, bool can_bypass);

/* Frees every page of [start, end) and forgets what the store keeps of it. Nothing there is wired. */
void vm_object_page_remove(struct vm_object *object, vmm_off start, vmm_off end);

/* Backs `size` more bytes from `offset` on, all untouched: what an old use left there goes. */
void vm_object_grow(struct vm_object *object, vmm_off offset, vmm_size size);

/* Forgets what the store keeps for [start, end). */
void vm_object_drop_slots(struct vm_object *object, vmm_off start, vmm_off end);

struct vm_object_copy {
    struct vm_object *object; /* one reference, the receiver's */
    vmm_off offset;
    bool needs_copy; /* the receiver's first write must shadow it */
};

/*
 * A virtual copy of [offset, offset + size) of an object that is not symmetric. Delayed: a copy
 * object on top, or an eager copy when a page of the range is wired; none or call: an eager copy.
 * VMM_PROTECTION_FAILURE: a device's block. On failure *copy is undefined and nothing is held.
 * XNU: vm_object_copy_strategically.
 */
enum vmm_status vm_object_copy(struct vm_object *source, vmm_off offset, vmm_size size,
                               struct vm_object_copy *copy) VMM_MUST_USE;

/* An eager copy, page by page. XNU: vm_object_copy_slowly. */
enum vmm_status vm_object_copy_slowly(struct vm_object *source, vmm_off offset, vmm_size size,
                                      struct vm_object **copy) VMM_MUST_USE;

/*
 * Two objects of one size change their contents: pages, what the store keeps, and what is below. No
 * translation of either is left, so whoever names one sees the other's bytes from now on.
 * VMM_INVALID_VALUE, and nothing is done: of two sizes, a device's, with a wired page, with a page on
 * its way, with a copy that waits for the old pages, one object twice, or one below the other (it would
 * come to lie below itself). XNU: vm_object_transpose.
 */
enum vmm_status vm_object_transpose(struct vm_object *a, struct vm_object *b) VMM_MUST_USE;

/* Whether the page at `offset` is a guard: it has no frame, and a touch of it is error 10. */
static inline bool
vm_object_is_guard(const struct vm_object *object, vmm_off offset)
{
    return (object->guard_first && offset < object->system->page_bytes) ||
           (object->guard_last && offset >= object->size - object->system->page_bytes);
}

/*
 * Takes what lies below the object away from it for good: a page that it does not have itself is error
 * 10 from now on, and translations to such pages go. False: a page below is wired through it.
 * XNU: shadow_severed, which vm_object_terminate() sets while somebody still works on the object.
 */
bool vm_object_sever(struct vm_object *object);

/* From now on: never copied symmetrically (vm.md 1.9 true_share). */
void vm_object_share(struct vm_object *object);

/*
 * Narrows the translations of every resident page of [offset, offset + size), in every pmap. With
 * VMM_PROT_NONE those go too that show pages below, which the chain has there (vm.md 5.3).
 * XNU: vm_object_pmap_protect.
 */
void vm_object_pmap_protect(struct vm_object *object, vmm_off offset, vmm_size size, vmm_prot prot);

/* Where the chain from an object ends for an offset, and what is there. */
struct vm_spot {
    struct vm_object *object; /* the first that has the page or its slot, else the last of all */
    vmm_off offset;
    struct vm_page *page; /* in memory, or NULL */
    uint32_t slot;        /* of the store, or 0 */
};

/* Goes on from an object that has nothing there. */
void vm_object_look_below(struct vm_spot *spot);

static inline void
vm_object_look(struct vm_object *object, vmm_off offset, struct vm_spot *spot)
{
    struct vm_page *page = vm_page_lookup(object, offset);

    *spot =
        (struct vm_spot){ object, offset, page, page == NULL ? vm_page_slot(object, offset) : 0 };
    if (page == NULL && spot->slot == 0 && object->shadow != NULL)
        vm_object_look_below(spot);
}

/* Whether the object's copy still needs this page as it is, so that a store must push it first. */
static inline bool
vm_object_is_unpushed(const struct vm_object *object, vmm_off offset)
{
    const struct vm_object *copy = object->copy;
    vmm_off at = copy == NULL ? 0 : offset - copy->shadow_offset;

    return copy != NULL && offset >= copy->shadow_offset && at < copy->size &&
           vm_page_lookup(copy, at) == NULL && vm_page_slot(copy, at) == 0;
}

/* The page that the chain from (object, offset) shows; NULL: it is not in memory. */
static inline struct vm_page *
vm_object_find_page(struct vm_object *object, vmm_off offset)
{
    struct vm_spot spot;

    vm_object_look(object, offset, &spot);
    return spot.page;
}

/*
 * Moves *offset to the first page at or after it that the chain under `object` (NULL: none) holds,
 * in memory or in the store; to `end` when there is none before it, and false. Offsets are page
 * aligned. A walk with it costs what is there, not what could be.
 */
bool vm_object_next_content(const struct vm_object *object, vmm_off *offset, vmm_off end);

/* The next page of this very object in [*offset, end); moves *offset past it. False: no more. */
bool vm_object_next_page(const struct vm_object *object, vmm_off *offset, vmm_off end,
                         struct vm_page **page);

/* How many pages of [offset, offset + size) the chain under `object` (NULL: none) has in memory. */
uint64_t vm_object_resident(struct vm_object *object, vmm_off offset, vmm_size size);

uint32_t vm_object_depth(const struct vm_object *object);

#endif
