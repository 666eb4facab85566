/*
 * bench_pieces.c - iokit.md 8, row 18, at its full size: offsets, pieces and mappings of 16 MiB
 *
 *     bench_pieces [PAGES]           default: 4096, 16 MiB
 *
 * Kernel memory that holds its own word index, its map entries cut by memory of other objects; over
 * many (offset, size) a descriptor of one range, of three that follow one another, and of three whose
 * first two pages change places; each mapped from many offsets on, prepared, and every word compared
 * through the mapping and through readBytes(). The program stops at the first word that is wrong; the
 * tests run a small size on every release. One line: descriptors, mappings, words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "hooks/vmk_sim.h"
#include "vm/vm_user.h"

enum { PAGE = 4096, IN_OUT = 3, ANYWHERE = 1, ONE = 7634, TWO = 9870 };

struct sweep {
    vmk_task_t kernel;
    uint64_t memory;
    uint64_t bytes;
    uint8_t *mapped; /* bytes of one mapping */
    uint8_t *read;
    uint64_t descriptors;
    uint64_t mappings;
    uint64_t words;
};

/* ---- the memory ---- */

/* Makes [offset, offset + length) a map entry of its own, as the original does. */
static void
cut_out(const struct sweep *sweep, uint64_t offset, uint64_t length)
{
    bench_check(vm_inherit(vmk_sim_task_map(sweep->kernel), sweep->memory + offset, length,
                           VMM_INHERIT_NONE) == VMM_OK,
                "cannot cut the memory");
}

static void
fill(const struct sweep *sweep)
{
    uint32_t *words = (uint32_t *)(void *)sweep->mapped;

    for (uint64_t i = 0; i < sweep->bytes / sizeof(*words); i++)
        words[i] = (uint32_t)i;
    bench_check(vmk_sim_write(sweep->kernel, sweep->memory, words, 0, sweep->bytes, NULL) == 0,
                "cannot fill the memory");
}

/* ---- looking ---- */

/* Where byte `at` of the descriptor is in the memory: the first two pages may have changed places. */
static uint64_t
source_of(uint64_t at, uint64_t first, bool is_swapped)
{
    return is_swapped && at < 2 * PAGE ? first + (at ^ PAGE) : first + at;
}

static void
compare(struct sweep *sweep, uint64_t map_offset, uint64_t length, uint64_t first, bool is_swapped)
{
    bench_check(memcmp(sweep->mapped, sweep->read, length) == 0,
                "the mapping and readBytes() differ");
    for (uint64_t at = (4 - (first + map_offset) % 4) % 4; at + 4 <= length; at += 4) {
        uint32_t word;

        memcpy(&word, sweep->mapped + at, sizeof(word));
        bench_check(word == source_of(map_offset + at, first, is_swapped) / 4, "a wrong word");
        sweep->words++;
    }
}

static void
look_from(struct sweep *sweep, vmk_desc_t md, uint64_t map_offset, uint64_t first, bool is_swapped)
{
    uint64_t length = vmk_desc_length(md) - map_offset;
    vmk_map_t m = vmk_map_create(md, sweep->kernel, 0, ANYWHERE, map_offset, length);

    bench_check(m != NULL, "a mapping was refused");
    bench_check(vmk_desc_prepare(md, 0) == 0, "prepare() failed");
    bench_check(vmk_sim_read(sweep->kernel, vmk_map_address(m), sweep->mapped, length, NULL) == 0,
                "the mapping cannot be read");
    bench_check(vmk_desc_read(md, map_offset, sweep->read, length) == length, "readBytes() failed");
    compare(sweep, map_offset, length, first, is_swapped);
    bench_check(vmk_desc_complete(md, 0) == 0, "complete() failed");
    vmk_map_release(m);
    sweep->mappings++;
}

/* Maps the descriptor from every offset of a growing row, and lets it go. */
static void
look(struct sweep *sweep, vmk_desc_t md, uint64_t first, bool is_swapped)
{
    uint64_t length = md == NULL ? 0 : vmk_desc_length(md);

    bench_check(md != NULL, "a descriptor was refused");
    for (uint64_t at = 0; at < length; at = at * 5 + (is_swapped ? PAGE : 4))
        look_from(sweep, md, at, first, is_swapped);
    vmk_desc_release(md);
    sweep->descriptors++;
}

/* ---- (offset, size) ---- */

static void
sweep_one(struct sweep *sweep, uint64_t offset, uint64_t size)
{
    uint64_t at = sweep->memory + offset;
    const vmk_range_t three[] = { { at, ONE },
                                  { at + ONE, TWO },
                                  { at + ONE + TWO, size - ONE - TWO } };
    const vmk_range_t swapped[] = { { at + PAGE, PAGE },
                                    { at, PAGE },
                                    { at + 2 * PAGE, size - 2 * PAGE } };

    look(sweep, vmk_desc_range(sweep->kernel, at, size, IN_OUT), offset, false);
    if (size > 5 * PAGE)
        look(sweep, vmk_desc_ranges(sweep->kernel, three, 3, IN_OUT), offset, false);
    if (size > 2 * PAGE && offset % PAGE == 0 && size % PAGE == 0)
        look(sweep, vmk_desc_ranges(sweep->kernel, swapped, 3, IN_OUT), offset, true);
}

static void
sweep_all(struct sweep *sweep)
{
    static const uint64_t offsets[] = {
        0, 4, 0x7fc, PAGE - 4, PAGE, 3 * PAGE + 8, 15 * PAGE + 8, 20 * PAGE
    };

    for (size_t i = 0; i < VMM_COUNT_OF(offsets); i++) {
        uint64_t most = sweep->bytes - offsets[i];

        for (uint64_t size = 4; size < most; size = size * 3 + 8)
            sweep_one(sweep, offsets[i], size);
        for (uint64_t size = 3 * PAGE; size < most; size *= 3)
            sweep_one(sweep, offsets[i], size);
        sweep_one(sweep, offsets[i], most);
    }
}

int
main(int argc, char **argv)
{
    uint64_t pages = argc > 1 ? bench_number(argv[1]) : 4096;
    struct sweep sweep = { .bytes = pages * PAGE };
    struct vm_profile profile;
    vmk_world_t world;

    bench_check(pages >= 32 && pages <= 1 << 16, "32 to 65536 pages");
    sweep.mapped = malloc(sweep.bytes);
    sweep.read = malloc(sweep.bytes);
    bench_check(sweep.mapped != NULL && sweep.read != NULL, "memory ran out");
    vm_profile_at(vm_profile_count() - 2, &profile);
    world = vmk_sim_create(&(struct vmk_sim_config){
        .alloc = &bench_heap, .profile = &profile, .frame_count = (uint32_t)(pages * 3 + 1024) });
    bench_check(world != NULL, "memory ran out");
    vmk_sim_make_current(world);
    sweep.kernel = vmk_kernel_task();
    bench_check(vmk_sim_allocate(sweep.kernel, &sweep.memory, sweep.bytes) == 0, "no room");
    cut_out(&sweep, PAGE, PAGE);
    cut_out(&sweep, 16 * PAGE, 4 * PAGE);
    fill(&sweep);
    sweep_all(&sweep);
    bench_check(vmk_sim_check() == NULL, "an invariant is broken");
    printf("%llu descriptors, %llu mappings, %llu words: every word its own\n",
           (unsigned long long)sweep.descriptors, (unsigned long long)sweep.mappings,
           (unsigned long long)sweep.words);
    vmk_sim_destroy(world);
    free(sweep.mapped);
    free(sweep.read);
    return 0;
}
