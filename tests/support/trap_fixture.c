/* trap_fixture.c - see trap_fixture.h */
#include "trap_fixture.h"

#include "releases.h"
#include "vm/vm_memory_entry.h"
#include "vm/vm_upl.h"

/* ---- releases ---- */

bool
release_from(const struct vm_fixture *f, const char *version)
{
    return profile_is_from(&f->profile, version);
}

bool
release_before(const struct vm_fixture *f, const char *version)
{
    return !release_from(f, version);
}

bool
release_until(const struct vm_fixture *f, const char *version)
{
    return profile_is_until(&f->profile, version);
}

void
start_again(struct vm_fixture *f)
{
    const char *name = f->profile.name;

    vm_fixture_restart(f, name);
}

/* ---- wiring ---- */

enum vmm_status
kernel_wire(struct vm_fixture *f, unsigned from, unsigned to)
{
    return vm_map_wire(f->map, page(f, from), page(f, to), VMM_PROT_READ, false);
}

enum vmm_status
kernel_unwire(struct vm_fixture *f, unsigned from, unsigned to)
{
    return vm_map_unwire(f->map, page(f, from), page(f, to), false);
}

enum vmm_status
user_wire(struct vm_fixture *f, unsigned from, unsigned to)
{
    return vm_map_wire(f->map, page(f, from), page(f, to), VMM_PROT_READ, true);
}

enum vmm_status
user_unwire(struct vm_fixture *f, unsigned from, unsigned to)
{
    return vm_map_unwire(f->map, page(f, from), page(f, to), true);
}

/* ---- memory ---- */

void
protect(struct vm_fixture *f, unsigned from, unsigned to, vmm_prot prot)
{
    assert_int_equal(vm_protect(f->map, page(f, from), page(f, to) - page(f, from), false, prot),
                     VMM_OK);
}

void
make_resident(struct vm_fixture *f, unsigned from, unsigned to)
{
    vmm_size size = page(f, to) - page(f, from);
    struct vm_upl *upl;

    assert_int_equal(vm_upl_create(f->map, page(f, from), &size, VM_UPL_COPYOUT_FROM, &upl),
                     VMM_OK);
    assert_int_equal(size, page(f, to) - page(f, from));
    vm_upl_commit(&upl);
}

static void
map_entry_at(struct vm_fixture *f, struct vm_memory_entry *entry, unsigned at, vmm_size size,
             vmm_prot prot)
{
    vmm_va address = page(f, at);

    assert_int_equal(vm_memory_entry_map(entry, f->map, &address, 0, size, VM_MAP_FIXED, prot),
                     VMM_OK);
    vm_memory_entry_release(&entry);
}

void
map_again(struct vm_fixture *f, unsigned from, unsigned count, unsigned at, vmm_prot prot)
{
    vmm_size size = (vmm_size)count * PAGE;
    struct vm_memory_entry *entry;

    assert_int_equal(vm_memory_entry_create(f->map, page(f, from), &size, prot, &entry), VMM_OK);
    assert_int_equal(size, (vmm_size)count * PAGE);
    map_entry_at(f, entry, at, size, prot);
}

void
map_copy(struct vm_fixture *f, unsigned from, unsigned count, unsigned at)
{
    vmm_size size = (vmm_size)count * PAGE;
    struct vm_memory_entry *entry;

    assert_int_equal(vm_memory_entry_copy(f->map, page(f, from), size, &entry), VMM_OK);
    map_entry_at(f, entry, at, size, VMM_PROT_DEFAULT);
}

void
map_device(struct vm_fixture *f, unsigned at, unsigned count)
{
    struct vm_device_range range = { 0xfee00, count }; /* far beyond the fixture's memory */
    struct vm_device_layout layout = { VM_DEVICE_BLOCK, &range, 1 };
    struct vm_memory_entry *entry;

    assert_int_equal(vm_memory_entry_device(f->system, &layout, VMM_PROT_DEFAULT, &entry), VMM_OK);
    map_entry_at(f, entry, at, (vmm_size)count * PAGE, VMM_PROT_DEFAULT);
}

/* ---- looking ---- */

struct vm_page_view
look(const struct vm_fixture *f, unsigned n)
{
    struct vm_page_view view;

    vm_map_probe(f->map, page(f, n), &view);
    return view;
}

uint64_t
events(const struct vm_fixture *f, enum trace_kind kind)
{
    return vm_system_trace(f->system)->counters[kind];
}

unsigned
entries_in(const struct vm_fixture *f, unsigned from, unsigned to)
{
    struct vm_region region;
    vmm_va at = page(f, from);
    unsigned count = 0;

    for (; vm_map_region(f->map, at, &region) && region.start < page(f, to); at = region.end)
        count++;
    return count;
}
