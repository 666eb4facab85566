/*
 * scn_program.c - what anyone may ask of a program
 */
#include "scn_program.h"

void
scn_program_free(struct scn_program *program)
{
    if (program != NULL)
        core_arena_destroy(&program->arena);
}

bool
scn_program_has_line(const struct scn_program *program, uint32_t line)
{
    const struct scn_statement *statement = program->first;

    while (statement != NULL && statement->line != line)
        statement = statement->next;
    return statement != NULL;
}

uint32_t
scn_program_last_line(const struct scn_program *program)
{
    const struct scn_statement *statement = program->first;

    while (statement->next != NULL)
        statement = statement->next;
    return statement->line;
}

const char *
scn_program_title(const struct scn_program *program)
{
    return program->title;
}

const char *
scn_program_machine(const struct scn_program *program)
{
    return program->geometry.name;
}

size_t
scn_program_profile_count(const struct scn_program *program)
{
    return program->profile_count;
}

size_t
scn_program_profile_at(const struct scn_program *program, size_t index)
{
    return program->profiles[index];
}

uint32_t
scn_program_thread_count(const struct scn_program *program)
{
    return program->thread_count;
}

const char *
scn_program_thread_name(const struct scn_program *program, uint32_t index)
{
    return program->threads[index];
}
