/* io_memory_state.c - see io_memory_state.h */
#include "iokit/io_memory_state.h"

#include "iokit/io_internal.h"
#include "vm/vm_user.h"

/* ---- getPageCounts() ---- */

/* What the parts of a view or a row say together. */
static enum vmm_status
io_child_page_counts(const struct io_md *md, uint64_t *resident, uint64_t *dirty)
{
    enum vmm_status status = VMM_OK;

    for (uint32_t i = 0; i < md->child_count && status == VMM_OK; i++) {
        uint64_t more_resident = 0;
        uint64_t more_dirty = 0;

        status = io_md_page_counts(md->children[i], &more_resident, &more_dirty);
        *resident += more_resident;
        *dirty += more_dirty;
    }
    return status;
}

enum vmm_status
io_md_page_counts(const struct io_md *md, uint64_t *resident, uint64_t *dirty)
{
    *resident = 0;
    *dirty = 0;
    if (md->child_count > 0 && vm_system_profile(md->system)->views_delegate_state)
        return io_child_page_counts(md, resident, dirty);
    if (md->source.pieces == NULL)
        return VMM_IO_NOT_READY;
    for (size_t i = 0; i < md->source.count; i++)
        vm_memory_entry_count_pages(md->source.pieces[i].entry, resident, dirty);
    return VMM_OK;
}

/* ---- setPurgeable() ---- */

/* VM_PURGABLE_NONVOLATILE, _VOLATILE and _EMPTY, in the low bits of the vm floor's state. */
enum { IO_VM_PURGABLE_MASK = 3 };

/* The vm floor's state for one of ours, and back: they count from 0, we from 2. */
static int
io_purgable_of(uint32_t state)
{
    return (int)(state - IO_PURGEABLE_NON_VOLATILE);
}

static uint32_t
io_purgeable_of(int state)
{
    return ((uint32_t)state & IO_VM_PURGABLE_MASK) + IO_PURGEABLE_NON_VOLATILE;
}

/* All named entries; the old state is the most volatile one's, as IOMemoryReference's walk says. */
static enum vmm_status
io_purge_entries(struct io_md *md, uint32_t control, int state, uint32_t *old)
{
    enum vmm_status status = VMM_OK;

    *old = IO_PURGEABLE_NON_VOLATILE;
    for (size_t i = 0; i < md->source.count && status == VMM_OK; i++) {
        int one = state;

        status = vm_memory_entry_purgable(md->source.pieces[i].entry, control, &one);
        if (status == VMM_OK && io_purgeable_of(one) > *old)
            *old = io_purgeable_of(one);
    }
    return status;
}

enum vmm_status
io_md_set_purgeable(struct io_md *md, uint32_t state, uint32_t *old)
{
    uint32_t control = state == IO_PURGEABLE_KEEP_CURRENT ? (uint32_t)VM_PURGABLE_GET_STATE
                                                          : (uint32_t)VM_PURGABLE_SET_STATE;
    struct vm_map *map = io_md_map(md);
    int wanted;
    enum vmm_status status;

    if (state < IO_PURGEABLE_KEEP_CURRENT || state > IO_PURGEABLE_EMPTY)
        return VMM_IO_BAD_ARGUMENT;
    if (md->child_count == 1 && vm_system_profile(md->system)->views_delegate_state)
        return io_md_set_purgeable(md->children[0], state, old);
    if (io_md_is_physical(md) || md->range_count == 0)
        return VMM_IO_UNSUPPORTED;
    wanted = state == IO_PURGEABLE_KEEP_CURRENT ? 0 : io_purgable_of(state);
    if (md->source.pieces != NULL)
        return io_purge_entries(md, control, wanted, old);
    if (map == NULL)
        return VMM_IO_NOT_READY;
    status = vm_purgable_control(map, md->ranges[0].address, control, &wanted);
    if (status == VMM_OK)
        *old = io_purgeable_of(wanted);
    return status;
}

/* ---- performOperation() ---- */

static bool
io_operation_is_known(uint32_t operation)
{
    return operation == IO_MEMORY_INCOHERENT_IO_FLUSH ||
           operation == IO_MEMORY_INCOHERENT_IO_STORE || operation == IO_MEMORY_CLEAR_ENCRYPTED ||
           operation == IO_MEMORY_SET_ENCRYPTED;
}

enum vmm_status
io_md_perform(struct io_md *md, uint32_t operation, uint64_t offset, uint64_t length)
{
    enum vmm_status status = io_operation_is_known(operation) ? VMM_OK : VMM_IO_UNSUPPORTED;

    while (status == VMM_OK && length > 0) {
        uint64_t address = 0;
        uint64_t run = 0;

        status = io_md_segment(md, offset, 0, &address, &run);
        if (status == VMM_OK && run == 0)
            status = VMM_IO_UNDERRUN;
        run = run < length ? run : length;
        offset += run;
        length -= run;
    }
    return status;
}
