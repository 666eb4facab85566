/* embed.c - a program that embeds the model and nothing else */
#include <stdlib.h>
#include <vmmodel.h>
#include <hooks/vmk_sim.h>

static void *
take(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void
give(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

int
main(void)
{
    const struct vmm_alloc alloc = { take, give, NULL };
    struct vm_profile profile;
    vmk_world_t world;
    uint64_t at = 0;

    vm_profile_at(0, &profile);
    world = vmk_sim_create(&(struct vmk_sim_config){ .alloc = &alloc, .profile = &profile });
    if (world == NULL)
        return 1;
    (void)vmk_sim_make_current(world);
    if (vmk_sim_allocate(vmk_sim_task_create(), &at, 4096) != 0)
        return 1;
    (void)vmk_sim_make_current(NULL);
    vmk_sim_destroy(world);
    return 0;
}
