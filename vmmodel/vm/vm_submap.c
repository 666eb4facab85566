/*
 * vm_submap.c - see vm_submap.h
 *
 * A fault walks down: the entry of the first map that holds the address may name a submap, whose
 * entry may name another. Rights are those of the last entry. A store through an entry that is
 * needs_copy must not reach the submap: the entry is cut down to what one entry of the submap shows
 * (and one nesting unit, which is unnested), and becomes a copy-on-write entry of that memory.
 *
 * A nested entry's translations are entered into the submap's own pmap, at the address of the map that
 * shows it; every map that nests that range has its leaf tables. So nothing in them may allow a store:
 * a store unnests its unit first, whether there is something to copy or not.
 */
#include "vm/vm_submap.h"

#include "vm/vm_map_copy.h"
#include "vm/vm_map_store.h"
#include "vm/vm_object.h"

/* ---- life ---- */

enum vmm_status
vm_map_suballoc(struct vm_map *parent, vmm_va *address, vmm_size size, uint32_t flags,
                struct vm_map **made)
{
    struct vm_map_enter_args args = { .size = vm_map_round_page(parent, size),
                                      .flags = flags,
                                      .protection = VMM_PROT_DEFAULT,
                                      .max_protection = VMM_PROT_ALL,
                                      .inheritance = VMM_INHERIT_COPY };
    enum vmm_status status = vm_map_create(parent->system, parent->space, 0, 0, &args.submap);
    vmm_va at = flags & VM_MAP_ANYWHERE ? parent->min : vm_map_trunc_page(parent, *address);

    if (status != VMM_OK)
        return status;
    args.submap->pmap = parent->pmap;
    status = vm_map_enter(parent, &at, &args);
    if (status != VMM_OK) {
        vm_map_release(&args.submap);
        return status;
    }
    args.submap->min = at;
    args.submap->max = at + args.size;
    vm_map_search_within(args.submap, at, at + args.size);
    vm_map_entry_at_or_after(parent, at)->offset = at;
    vm_map_reference(args.submap);
    *made = args.submap;
    *address = at;
    return VMM_OK;
}

enum vmm_status
vm_map_create_submap(struct vm_system *system, vmm_size size, struct vm_map **submap)
{
    return vm_map_create(system, VM_SUBMAP_SPACE, 0, size, submap);
}

vmm_size
vm_map_nesting_bytes(const struct vm_system *system)
{
    return system->page_bytes << system->machine->geometry->index_bits;
}

enum vmm_status
vm_map_nest_entry(struct vm_map *map, const struct vm_map_entry *entry)
{
    struct vm_map *submap = entry->submap;
    enum vmm_status status;

    if (submap->shared_pmap == NULL)
        submap->shared_pmap = pmap_create_shared(map->system->pmaps, submap->space);
    if (submap->shared_pmap == NULL)
        return VMM_MODEL_NO_MEMORY;
    status = pmap_nest(map->pmap, submap->shared_pmap, entry->start, entry->end);
    if (status != VMM_OK)
        pmap_unnest(map->pmap, entry->start, entry->end);
    return status;
}

/* The tables of a nested entry that was just made; without them it goes again. */
static enum vmm_status
vm_map_nest_entered(struct vm_map *map, vmm_va at, const struct vm_map_enter_args *args)
{
    enum vmm_status status = vm_map_nest_entry(map, vm_map_entry_at_or_after(map, at));
    enum vmm_status removed;

    if (status == VMM_OK)
        return VMM_OK;
    vm_map_reference(args->submap); /* the caller's, which the entry had taken over */
    removed = vm_map_delete(map, at, at + args->size);
    return removed == VMM_OK ? status : removed;
}

enum vmm_status
vm_map_enter_submap(struct vm_map *map, vmm_va *address, const struct vm_map_enter_args *args)
{
    vmm_size mask = vm_map_nesting_bytes(map->system) - 1;
    struct vm_map_enter_args aligned = *args;
    bool is_nested = (args->vmk_flags & VMKF_NESTED_PMAP) != 0;
    vmm_va at = *address;
    enum vmm_status status;

    if (args->offset < args->submap->min || args->offset > args->submap->max ||
        args->submap->max - args->offset < args->size ||
        args->submap->page_shift != map->page_shift)
        return VMM_INVALID_ARGUMENT;
    if (is_nested && (((args->offset | args->size) & mask) != 0 || map->task == NULL ||
                      vm_map_is_kernel_pmap(map)))
        return VMM_INVALID_ARGUMENT;
    aligned.mask |= is_nested ? mask : 0;
    args->submap->mapped_in_other_pmaps |= args->submap->pmap != map->pmap;
    status = vm_map_enter(map, &at, &aligned);
    if (status == VMM_OK && is_nested)
        status = vm_map_nest_entered(map, at, args);
    if (status == VMM_OK)
        *address = at;
    return status;
}

/* ---- looking ---- */

static vmm_size
vm_smaller(vmm_size a, vmm_size b)
{
    return a < b ? a : b;
}

/* One step down, from an entry that names a submap; false: nothing is mapped there. */
static bool
vm_place_descend(struct vm_place *place, vmm_va va)
{
    const struct vm_map_entry *above = place->entry;
    vmm_va inside = vm_entry_offset(above, place->address);

    if (!vm_map_lookup_entry(above->submap, inside, &place->entry))
        return false;
    place->start = va - vm_smaller(va - place->start, inside - place->entry->start);
    place->end = va + vm_smaller(place->end - va, place->entry->end - inside);
    place->needs_copy |= above->needs_copy;
    place->nested = above->use_pmap ? above->submap->shared_pmap : place->nested;
    place->map = place->submap = above->submap;
    place->address = inside;
    place->depth++;
    return true;
}

bool
vm_map_find_below(vmm_va address, struct vm_place *place)
{
    bool is_mapped = true;

    while (is_mapped && place->entry->submap != NULL)
        is_mapped = vm_place_descend(place, address);
    return is_mapped;
}

/* ---- a private copy instead of the submap (vm.md 4.2) ---- */

/* Cuts a nested entry down to the nesting unit that holds the address; that unit is unnested. */
static enum vmm_status
vm_submap_cut_unit(struct vm_map *map, struct vm_map_entry *entry, vmm_va address)
{
    return entry->submap != NULL && entry->use_pmap
               ? vm_map_clip_start(map, entry, address & ~(vm_map_nesting_bytes(map->system) - 1))
               : VMM_OK;
}

/*
 * The entry shows `below` from its start on. It gets a copy of that memory, and the rights of both.
 * Translations stay where they still name what is there: a copy that was made at once is new.
 */
static enum vmm_status
vm_submap_replace(struct vm_map *map, struct vm_map_entry *entry, const struct vm_place *below)
{
    struct vm_map *submap = entry->submap;
    struct vm_object_copy copy;
    enum vmm_status status = vm_map_copy_object(below->map, below->entry, &copy);

    if (status != VMM_OK)
        return status;
    if (!copy.needs_copy)
        pmap_remove(map->pmap, entry->start, entry->end);
    entry->submap = NULL;
    entry->use_pmap = true;
    entry->object = copy.object;
    entry->offset = copy.object == NULL ? 0 : copy.offset + (below->address - below->entry->start);
    entry->needs_copy = copy.needs_copy;
    entry->is_shared = false;
    entry->protection |= below->entry->protection;
    entry->max_protection |= below->entry->max_protection;
    if (entry->inheritance == VMM_INHERIT_SHARE)
        entry->inheritance = VMM_INHERIT_COPY;
    vm_map_release(&submap);
    return VMM_OK;
}

static enum vmm_status
vm_submap_copy(struct vm_map *map, struct vm_map_entry *entry, vmm_va address)
{
    enum vmm_status status = vm_submap_cut_unit(map, entry, address);
    struct vm_place below;

    if (status != VMM_OK)
        return status;
    (void)vm_map_find_place(map, address, &below);
    status = vm_map_clip_range(map, entry, below.start, below.end);
    if (status != VMM_OK)
        return status;
    (void)vm_map_find_place(map, entry->start, &below);
    return vm_submap_replace(map, entry, &below);
}

enum vmm_status
vm_map_lookup_through(struct vm_map *map, vmm_va address, vmm_prot access, struct vm_place *place)
{
    bool copies = (access & (VMM_PROT_WRITE | VMM_PROT_COPY)) != 0;
    vmm_prot rights = place->entry->protection;
    struct vm_map_entry *entry;
    enum vmm_status status = VMM_OK;

    access &= VMM_PROT_ALL;
    (void)vm_map_lookup_entry(map, address, &entry);
    if (copies && place->needs_copy)
        rights |= entry->protection; /* those of the copy */
    if (access & ~rights)
        return VMM_PROTECTION_FAILURE;
    if (copies && place->needs_copy)
        status = vm_submap_copy(map, entry, address);
    else if (copies)
        status = vm_submap_cut_unit(map, entry, address);
    if (copies)
        (void)vm_map_find_place(map, address, place);
    return status;
}

/* ---- translations ---- */

void
vm_map_submap_clean(struct vm_map *map, struct vm_map_entry *entry)
{
    vmm_va shown_end = entry->offset + vm_entry_size(entry);
    vmm_va delta = entry->start - entry->offset;
    const struct vm_map_entry *below = vm_map_entry_at_or_after(entry->submap, entry->offset);

    for (; !entry->use_pmap && below != NULL && below->start < shown_end;
         below = vm_map_next(entry->submap, below))
        pmap_remove(map->pmap,
                    (below->start < entry->offset ? entry->offset : below->start) + delta,
                    (below->end > shown_end ? shown_end : below->end) + delta);
    if (entry->use_pmap)
        pmap_unnest(map->pmap, entry->start, entry->end);
    entry->use_pmap = false;
}
