/* traps_main.c - the traps of vm.md 10, each on every release; words: trap_program.h */
#include "trap_program.h"
#include "traps.h"

static const struct trap_line lines[] = {
#define TRAP(name) { #name, true },
#include "traps.def"
#undef TRAP
};

static void (*const bodies[])(struct vm_fixture *f) = {
#define TRAP(name) name,
#include "traps.def"
#undef TRAP
};

static void
start(void *fixture, const char *profile)
{
    vm_fixture_start(fixture, profile);
}

static void
run(void *fixture, size_t line)
{
    bodies[line](fixture);
}

static void
end(void *fixture)
{
    vm_fixture_end(fixture);
}

int
main(int count, char **words)
{
    static const struct trap_program program = { .name = "traps",
                                                 .lines = lines,
                                                 .line_count = VMM_COUNT_OF(lines),
                                                 .fixture_bytes = sizeof(struct vm_fixture),
                                                 .start = start,
                                                 .run = run,
                                                 .end = end };

    return trap_program_main(&program, count, words);
}
