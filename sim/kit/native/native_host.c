/*
 * native_host.c - the host's mappings follow the page tables
 *
 * Told of a translation, we wait: the next one is often its neighbour in both spaces, and then one
 * mapping serves for all. What is pending the host does not allow yet, so the first touch traps, the
 * trap flushes, and the access goes on. Whatever takes a right away is done at once.
 */
#define _GNU_SOURCE 1 /* memfd_create */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "native_internal.h"
#include "vm/vm_task.h"

bool
native_host_ram(struct faultline_world *world)
{
    void *ram;

    world->file = memfd_create("faultline RAM", MFD_CLOEXEC);
    if (world->file < 0 || ftruncate(world->file, (off_t)world->ram_bytes) != 0)
        return false;
    ram = mmap(NULL, world->ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
               world->file, 0);
    if (ram == MAP_FAILED)
        return false;
    world->ram = ram;
    return true;
}

void
native_host_release_ram(struct faultline_world *world)
{
    if (world->ram != NULL)
        munmap(world->ram, world->ram_bytes);
    if (world->file >= 0)
        close(world->file);
}

/* ---- ranges ---- */

static void *
native_reserve(uint64_t at, uint64_t bytes)
{
    return mmap((void *)(uintptr_t)at, bytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at != 0 ? MAP_FIXED : 0), -1, 0);
}

static uint64_t
native_bits_bytes(uint64_t span, uint64_t page_bytes)
{
    return span / page_bytes / 8 + 8;
}

struct native_space *
native_host_reserve(uint32_t id, uint64_t base, uint64_t span, uint64_t page_bytes)
{
    struct native_space *space = calloc(1, sizeof(*space));
    void *bits = mmap(NULL, native_bits_bytes(span, page_bytes), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *host = native_reserve(0, span);

    if (space == NULL || bits == MAP_FAILED || host == MAP_FAILED) {
        if (bits != MAP_FAILED)
            munmap(bits, native_bits_bytes(span, page_bytes));
        if (host != MAP_FAILED)
            munmap(host, span);
        free(space);
        return NULL;
    }
    *space = (struct native_space){
        .id = id, .base = base, .host = (uintptr_t)host, .span = span, .mapped = bits
    };
    return space;
}

void
native_host_release(struct native_space *space, uint64_t page_bytes)
{
    munmap((void *)(uintptr_t)space->host, space->span);
    munmap(space->mapped, native_bits_bytes(space->span, page_bytes));
    free(space);
}

static struct native_space *
native_space_of(const struct faultline_world *world, uint32_t id)
{
    struct native_space *space = world->spaces;

    while (space != NULL && space->id != id)
        space = space->next;
    return space;
}

static bool
native_holds(const struct native_space *space, vmm_va va)
{
    return va - space->base < space->span;
}

/* ---- which pages the host maps ---- */

static bool
native_is_mapped(const struct native_space *space, uint64_t page)
{
    return (space->mapped[page / 64] >> page % 64 & 1) != 0;
}

static void
native_mark(struct native_space *space, uint64_t page, uint64_t pages, bool is_mapped)
{
    for (uint64_t at = page; at < page + pages; at++) {
        uint64_t bit = (uint64_t)1 << at % 64;

        if (is_mapped)
            space->mapped[at / 64] |= bit;
        else
            space->mapped[at / 64] &= ~bit;
    }
}

/* The first page of [page, end) that is mapped (or is not); `end` when there is none. */
static uint64_t
native_next(const struct native_space *space, uint64_t page, uint64_t end, bool is_mapped)
{
    uint64_t skipped = is_mapped ? 0 : UINT64_MAX;

    while (page < end && native_is_mapped(space, page) != is_mapped)
        page += page % 64 == 0 && space->mapped[page / 64] == skipped ? 64 : 1;
    return page < end ? page : end;
}

/* ---- giving and taking ---- */

static int
native_rights(vmm_prot prot)
{
    return PROT_READ | (prot & VMM_PROT_WRITE ? PROT_WRITE : 0);
}

static void *
native_place(const struct faultline_world *world, const struct native_space *space, uint64_t page)
{
    return (void *)(uintptr_t)(space->host + page * world->page_bytes);
}

static void
native_need(bool holds)
{
    if (!holds && errno == ENOMEM)
        native_give_up("the host has no room for one more mapping. Linux allows a process\n"
                       "vm.max_map_count of them; simulated memory that is touched out of order\n"
                       "takes one for each page. Raise it with\n"
                       "    sysctl -w vm.max_map_count=1048576");
    if (!holds)
        native_give_up("the host refuses to map simulated memory");
}

static void
native_map(struct faultline_world *world, const struct native_run *run)
{
    uint64_t page = (run->va - run->space->base) / world->page_bytes;

    native_need(mmap(native_place(world, run->space, page), run->pages * world->page_bytes,
                     native_rights(run->prot), MAP_SHARED | MAP_FIXED, world->file,
                     (off_t)((run->ppn - 1) * world->page_bytes)) != MAP_FAILED);
    native_mark(run->space, page, run->pages, true);
    world->maps++;
}

void
native_host_flush(struct faultline_world *world)
{
    if (world->pending.pages > 0)
        native_map(world, &world->pending);
    world->pending.pages = 0;
}

/* Whether a page follows on what is pending, in both spaces and with the same rights. */
static bool
native_continues(const struct faultline_world *world, const struct native_run *run)
{
    const struct native_run *pending = &world->pending;

    return pending->pages > 0 && pending->space == run->space && pending->prot == run->prot &&
           pending->va + pending->pages * world->page_bytes == run->va &&
           pending->ppn + pending->pages == run->ppn;
}

void
native_host_entered(void *context, uint32_t id, vmm_va va, vmm_ppn ppn, vmm_prot prot)
{
    struct faultline_world *world = context;
    struct native_run run = { native_space_of(world, id), va, ppn, 1, prot & VMM_PROT_DEFAULT };

    if (run.space == NULL || !native_holds(run.space, va))
        return;
    if (ppn > world->frame_count) { /* a device's */
        native_host_removed(context, id, va, world->page_bytes);
        return;
    }
    if (native_continues(world, &run)) {
        world->pending.pages++;
        return;
    }
    native_host_flush(world);
    if (native_is_mapped(run.space, (va - run.space->base) / world->page_bytes))
        native_map(world, &run); /* it may have less rights now, or another frame */
    else
        world->pending = run;
}

/* The pages of a range that lie in the space; false: none. */
static bool
native_clip(const struct faultline_world *world, const struct native_space *space, vmm_va va,
            vmm_size bytes, uint64_t *page, uint64_t *end)
{
    vmm_va start = va > space->base ? va : space->base;
    vmm_va limit = space->base + space->span;
    vmm_va stop = va + bytes < limit ? va + bytes : limit;

    if (start >= stop)
        return false;
    *page = (start - space->base) / world->page_bytes;
    *end = (stop - space->base) / world->page_bytes;
    return true;
}

void
native_host_removed(void *context, uint32_t id, vmm_va va, vmm_size bytes)
{
    struct faultline_world *world = context;
    struct native_space *space = native_space_of(world, id);
    uint64_t page, end;

    if (space == NULL || !native_clip(world, space, va, bytes, &page, &end))
        return;
    native_host_flush(world);
    for (page = native_next(space, page, end, true); page < end;
         page = native_next(space, page, end, true)) {
        uint64_t stop = native_next(space, page, end, false);

        native_need(native_reserve((uintptr_t)native_place(world, space, page),
                                   (stop - page) * world->page_bytes) != MAP_FAILED);
        native_mark(space, page, stop - page, false);
    }
}

void
native_host_narrowed(void *context, uint32_t id, vmm_va va, vmm_size bytes, vmm_prot prot)
{
    struct faultline_world *world = context;
    struct native_space *space = native_space_of(world, id);
    uint64_t page, end;

    if (space == NULL || !native_clip(world, space, va, bytes, &page, &end))
        return;
    native_host_flush(world);
    for (page = native_next(space, page, end, true); page < end;
         page = native_next(space, page, end, true)) {
        uint64_t stop = native_next(space, page, end, false);

        native_need(mprotect(native_place(world, space, page), (stop - page) * world->page_bytes,
                             native_rights(prot)) == 0);
        page = stop;
    }
}

bool
native_host_refresh(struct faultline_world *world, struct native_space *space, vmm_va va)
{
    const struct vm_map *map = vm_task_map(vm_task_find(world->system, space->id));
    struct vm_page_view view;

    vm_map_probe(map, va, &view);
    if (!view.is_translated || view.translation_ppn > world->frame_count)
        return false;
    native_map(world, &(struct native_run){ .space = space,
                                            .va = va & ~(world->page_bytes - 1),
                                            .ppn = view.translation_ppn,
                                            .pages = 1,
                                            .prot = view.translation_prot });
    return true;
}
