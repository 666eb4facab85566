/* recorded.c - see recorded.h */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "recorded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEN_SLOTS = 1 << 20, PAGE = 4096 };

/* Pages by their number in the program, hashed; each with one more than its number here. */
struct seen {
    uint64_t pages[SEEN_SLOTS];
    uint32_t numbers[SEEN_SLOTS];
    uint32_t count;
};

static uint32_t
seen_number(struct seen *seen, uint64_t page)
{
    uint64_t slot = page * UINT64_C(0x9E3779B97F4A7C15) >> 44;

    while (seen->numbers[slot] != 0 && seen->pages[slot] != page)
        slot = (slot + 1) % SEEN_SLOTS;
    if (seen->numbers[slot] == 0) {
        seen->pages[slot] = page;
        seen->numbers[slot] = ++seen->count;
    }
    return seen->numbers[slot] - 1;
}

/* "I  04001090,3" or " S 1ffeffe7e8,8" */
static bool
read_line(const char *line, uint64_t *address, bool *is_store)
{
    char kind = line[0] == ' ' ? line[1] : line[0];

    *is_store = kind == 'S' || kind == 'M';
    return (kind == 'I' || kind == 'L' || *is_store) &&
           sscanf(line + (line[0] == ' ' ? 2 : 1), " %" SCNx64 ",", address) == 1;
}

bool
bench_record(const char *command, uint64_t skip, uint64_t *references, uint32_t count,
             uint32_t pages_max)
{
    struct seen *seen = calloc(1, sizeof(*seen));
    FILE *pipe = seen == NULL ? NULL : popen(command, "r");
    uint32_t done = 0;
    char line[128];

    while (pipe != NULL && done < count && fgets(line, sizeof(line), pipe) != NULL) {
        uint64_t address;
        bool is_store;

        if (!read_line(line, &address, &is_store) || (skip > 0 && skip-- > 0))
            continue;
        references[done++] = (uint64_t)seen_number(seen, address / PAGE) * PAGE +
                             (address % PAGE & ~(uint64_t)3) + is_store;
        if (seen->count >= pages_max)
            break;
    }
    if (pipe != NULL)
        (void)pclose(pipe);
    free(seen);
    return done == count;
}
