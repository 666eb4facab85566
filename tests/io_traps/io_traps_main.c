/* io_traps_main.c - the traps of iokit.md 9 and the rows of iokit.md 8; words: trap_program.h */
#include "io_traps.h"
#include "trap_program.h"

static const struct trap_line lines[] = {
#define IO_ONCE(name) { #name, false },
#define IO_EACH(name) { #name, true },
#include "io_traps.def"
#undef IO_ONCE
#undef IO_EACH
};

static void (*const bodies[])(struct iokit_fixture *f) = {
#define IO_ONCE(name) name,
#define IO_EACH(name) name,
#include "io_traps.def"
#undef IO_ONCE
#undef IO_EACH
};

static void
start(void *fixture, const char *profile)
{
    iokit_fixture_start(fixture, profile, false);
}

static void
run(void *fixture, size_t line)
{
    bodies[line](fixture);
}

static void
end(void *fixture)
{
    iokit_fixture_end(fixture);
}

int
main(int count, char **words)
{
    static const struct trap_program program = { .name = "io_traps",
                                                 .lines = lines,
                                                 .line_count = VMM_COUNT_OF(lines),
                                                 .fixture_bytes = sizeof(struct iokit_fixture),
                                                 .start = start,
                                                 .run = run,
                                                 .end = end };

    return trap_program_main(&program, count, words);
}
