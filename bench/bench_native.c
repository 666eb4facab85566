/*
 * bench_native.c - a soft fault through a driver's pointer against the least a host can do
 *
 * Prints
 *
 *     bench native-soft-fault model X Mfault/s bare Y Mfault/s ratio Z
 *
 * and behind it the spread of both sides (harness.h). Here the ratio is cost over cost: how many
 * times a bare round trip one of ours takes. Its bar is 3.
 *
 * model  the first load of each page of a prepared buffer through its kernel mapping: trap, the
 *        model's fault with its TLB, tables, pv record and events, the host's mapping, the load again
 * bare   the same loads over the same kind of memory file, where the handler of SIGSEGV only maps
 *        the page with mmap(MAP_FIXED)
 */
#define _GNU_SOURCE 1 /* memfd_create, RTLD_NEXT */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faultline/native.h"
#include "harness.h"
#include "hooks/vmk_sim.h"

enum { TURNS = 11, PAGES = 8192, PAGE = 4096, DIRECTION_IN_OUT = 3, ANYWHERE = 1 };

static uint64_t
load_pages(const volatile uint8_t *bytes)
{
    uint64_t sum = 0;

    for (size_t n = 0; n < PAGES; n++)
        sum += bytes[n * PAGE];
    return sum;
}

/* ---- the kit ---- */

static faultline_world_t *world;
static vmk_map_t map;

static void *
start_model(const void *context)
{
    vmk_desc_t md;
    vmk_task_t app;
    uint64_t at = 0;

    (void)context;
    world = faultline_start(NULL);
    bench_check(world != NULL, faultline_trouble());
    app = vmk_sim_task_create();
    bench_check(vmk_sim_allocate(app, &at, (uint64_t)PAGES * PAGE) == 0, "no memory");
    bench_check(vmk_sim_write(app, at, NULL, 1, (uint64_t)PAGES * PAGE, NULL) == 0, "no write");
    md = vmk_desc_range(app, at, (uint64_t)PAGES * PAGE, DIRECTION_IN_OUT);
    bench_check(vmk_desc_prepare(md, 0) == 0, "no prepare");
    map = vmk_map_create(md, vmk_kernel_task(), 0, ANYWHERE, 0, (uint64_t)PAGES * PAGE);
    return faultline_pointer(vmk_kernel_task(), vmk_map_address(map));
}

static uint64_t
run_model(void *state)
{
    return load_pages(state);
}

static void
end_model(void *state)
{
    (void)state;
    bench_check(vmk_sim_task_faults(vmk_kernel_task()) == PAGES, "a page did not fault once");
    faultline_stop(world);
}

/* ---- the host alone ---- */

static struct {
    int file;
    uint8_t *ram;
    uint8_t *range;
    struct sigaction kits; /* the handler that was there */
} bare;

/* The host's own call: the kit's would keep the kit's handler in front of ours. */
static int
host_sigaction(const struct sigaction *action, struct sigaction *before)
{
    int (*call)(int, const struct sigaction *, struct sigaction *);
    void *found = dlsym(RTLD_NEXT, "sigaction");

    memcpy(&call, &found, sizeof(call));
    return call(SIGSEGV, action, before);
}

static void
map_one(int number, siginfo_t *info, void *context)
{
    uint8_t *page = (uint8_t *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

    (void)number;
    (void)context;
    if (mmap(page, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, bare.file, page - bare.range) ==
        MAP_FAILED)
        _exit(2);
}

static void *
start_bare(const void *context)
{
    struct sigaction action = { .sa_flags = SA_SIGINFO | SA_NODEFER };
    size_t bytes = (size_t)PAGES * PAGE;

    (void)context;
    bare.file = memfd_create("bare", MFD_CLOEXEC);
    bench_check(bare.file >= 0 && ftruncate(bare.file, (off_t)bytes) == 0, "no memory file");
    bare.ram = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bare.file, 0);
    bare.range = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bench_check(bare.ram != MAP_FAILED && bare.range != MAP_FAILED, "no mapping");
    for (size_t i = 0; i < bytes; i++)
        bare.ram[i] = 1;
    action.sa_sigaction = map_one;
    bench_check(host_sigaction(&action, &bare.kits) == 0, "no handler");
    return bare.range;
}

static uint64_t
run_bare(void *state)
{
    return load_pages(state);
}

static void
end_bare(void *state)
{
    munmap(state, (size_t)PAGES * PAGE);
    munmap(bare.ram, (size_t)PAGES * PAGE);
    close(bare.file);
    bench_check(host_sigaction(&bare.kits, NULL) == 0, "no handler");
}

int
main(void)
{
    static const struct bench_side sides[] = { { NULL, start_model, run_model, end_model },
                                               { NULL, start_bare, run_bare, end_bare } };
    struct bench_time times[2];

    bench_race(sides, 2, TURNS, times);
    printf("bench native-soft-fault model %.3f Mfault/s bare %.3f Mfault/s ratio %.2f "
           "spread %.0f%% %.0f%%\n",
           PAGES / times[0].median * 1e-6, PAGES / times[1].median * 1e-6,
           times[0].median / times[1].median, times[0].spread * 100, times[1].spread * 100);
    return 0;
}
