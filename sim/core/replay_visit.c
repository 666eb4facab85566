/*
 * replay_visit.c - a block by its visits, and all that stays as a count
 *
 * A reference that stays (memtrace.h) finds its page, and finds it used last of its set, as nothing else of its
 * class came between: one more hit, and nothing else of the machine changes. That holds until the CPU forgets
 * something, which only a trap or the kernel makes it do. So a run stops behind each trap, and looks whether the
 * pages of all slots are where they were. If one is not, or if nothing serves a visit, it matters in which order
 * the others come: the rest of the block is made one by one. What was made already is then only counted, as the
 * visits do not say how many stayed behind each.
 */
#include "replay_internal.h"

static void
replay_empty_slots(struct replay_visiting *visiting)
{
    visiting->slots = (struct memtrace_slots){ { 0 }, { 0 } };
    visiting->unseen = 0;
}

/* Ends the visits; what stayed behind the last one was, or was not, only hits. */
static bool
replay_give_up(struct replay *replay, bool passes_last)
{
    struct replay_visiting *visiting = &replay->visiting;

    visiting->block = NULL;
    replay_empty_slots(visiting);
    visiting->is_passing = true;
    visiting->passes_last = passes_last;
    return false;
}

static bool
replay_begins(void *context, const struct memtrace_block *block)
{
    struct replay *replay = context;
    struct replay_visiting *visiting = &replay->visiting;

    if (!replay->takes_visits)
        return false;
    for (size_t i = 0; i < block->word_count; i++) {
        vmm_va va = block->words[i] >> 2 << MEMTRACE_PAGE_SHIFT;

        if (va + ((vmm_va)1 << MEMTRACE_PAGE_SHIFT) - 1 >= replay->user_max)
            return false;
        visiting->words[i] = va | replay_hw_kind((enum memtrace_kind)(block->words[i] & 3));
    }
    visiting->block = block;
    replay_empty_slots(visiting);
    visiting->has_looked = false;
    visiting->visits = visiting->crossings = visiting->events = 0;
    return true;
}

/* ---- what comes one by one ---- */

void
replay_note_between(struct replay *replay, uint64_t references, uint64_t events)
{
    struct replay_visiting *visiting = &replay->visiting;

    if (visiting->block == NULL)
        return;
    visiting->crossings += references;
    visiting->events += events;
    replay_empty_slots(visiting);
}

/* Of a block that comes again. */
static bool
replay_passes_stay(struct replay *replay, uint64_t va, uint32_t how)
{
    struct replay_visiting *visiting = &replay->visiting;
    bool stays = memtrace_stays(&visiting->slots, va >> MEMTRACE_PAGE_SHIFT, MEMTRACE_KIND(how));

    if (stays) {
        replay->stays++;
        replay->result.accesses++;
    } else if (visiting->visits == 0) {
        return false;
    } else {
        visiting->visits--;
    }
    replay->result.references[MEMTRACE_KIND(how)]++;
    replay_count_only(replay, va);
    return true;
}

/* Whether more of what was made comes again. */
static bool
replay_passes_more(const struct replay_visiting *visiting)
{
    return visiting->visits + visiting->crossings + visiting->events > 0;
}

bool
replay_passes(struct replay *replay, uint64_t va, uint32_t how)
{
    struct replay_visiting *visiting = &replay->visiting;

    if (!memtrace_crosses(va, how)) {
        visiting->is_passing = replay_passes_stay(replay, va, how);
        if (!visiting->is_passing)
            return false;
        visiting->is_passing = visiting->passes_last || replay_passes_more(visiting);
        return true;
    }
    visiting->is_passing = visiting->crossings > 0;
    if (!visiting->is_passing)
        return false;
    visiting->crossings--;
    replay_empty_slots(visiting);
    visiting->is_passing = replay_passes_more(visiting);
    return true;
}

bool
replay_passes_event(struct replay *replay)
{
    struct replay_visiting *visiting = &replay->visiting;
    bool passes = visiting->is_passing && visiting->events > 0;

    visiting->events -= passes;
    if (passes)
        replay_empty_slots(visiting);
    visiting->is_passing = passes && replay_passes_more(visiting);
    return passes;
}

/* ---- visits ---- */

/* Whether whatever stays is still a hit that changes nothing. */
static bool
replay_keeps(const struct replay *replay)
{
    const struct memtrace_slots *slots = &replay->visiting.slots;

    for (uint32_t slot = 0; slot < MEMTRACE_SLOTS; slot++) {
        for (uint32_t kind = 0; slots->page[slot] != 0 && kind < 4; kind++) {
            uint64_t word = (slots->page[slot] - 1) << MEMTRACE_PAGE_SHIFT |
                            replay_hw_kind((enum memtrace_kind)kind);

            if ((slots->kinds[slot] >> kind & 1) != 0 &&
                !vm_access_repeats(replay_task(replay), word))
                return false;
        }
    }
    return true;
}

/* Visits were made; their slots are looked at when somebody asks. */
static void
replay_visited(struct replay_visiting *visiting, size_t count)
{
    visiting->visits += count;
    visiting->unseen += count;
}

/* Brings the slots up to the visits that were made; `end` is behind the last of these. */
static void
replay_see(struct replay_visiting *visiting, const uint8_t *end)
{
    for (const uint8_t *visit = end - visiting->unseen; visit < end; visit++) {
        uint64_t word = visiting->block->words[*visit];

        memtrace_stays(&visiting->slots, word >> 2, (enum memtrace_kind)(word & 3));
    }
    visiting->unseen = 0;
}

/* Visits to pages that are known. False: the rest of the block has to come again. */
static bool
replay_run(struct replay *replay, const uint8_t *visits, size_t count)
{
    struct replay_visiting *visiting = &replay->visiting;
    bool traps;

    for (size_t i = 0; i < count; i++)
        replay->words[i] = visiting->words[visits[i]];
    for (size_t at = 0, done; at < count; at += done) {
        enum vmm_status status = vm_access_run_to_trap(replay_task(replay), replay->words + at,
                                                       count - at, &done, &traps);

        replay->result.accesses += done;
        replay->result.refused += status != VMM_OK;
        replay_visited(visiting, done + (status != VMM_OK));
        if (status != VMM_OK || !replay_runs(replay))
            return replay_give_up(replay, false);
        if (!traps)
            continue;
        replay_see(visiting, visits + at + done);
        if (!replay_keeps(replay))
            return replay_give_up(replay, false);
    }
    return true;
}

/* A visit's page is used first: as it was mapped, anything may have been forgotten. */
static bool
replay_use(struct replay *replay, const uint8_t *visit)
{
    vmm_va va = replay->visiting.words[*visit] & ~(uint64_t)HW_REFERENCE_KIND;
    bool is_new;

    replay->visiting.is_known[*visit] = true;
    if (!replay_count(replay, replay_key(replay, va), 0, &is_new))
        return replay_give_up(replay, true);
    if (!is_new)
        return true;
    replay_know(replay, va);
    replay_see(&replay->visiting, visit);
    return (replay_runs(replay) && replay_keeps(replay)) || replay_give_up(replay, true);
}

/* Which pages were used before. All of the block is of one space. */
static void
replay_look(struct replay *replay)
{
    struct replay_visiting *visiting = &replay->visiting;

    visiting->has_looked = visiting->are_all_known = true;
    for (size_t i = 0; i < visiting->block->word_count; i++) {
        visiting->is_known[i] =
            replay_find(replay, replay_key(replay, visiting->words[i]))->key != 0;
        visiting->are_all_known &= visiting->is_known[i];
    }
}

/* How many visits are to pages that are known, from one that is. */
static size_t
replay_known(const struct replay_visiting *visiting, const uint8_t *visits, size_t count)
{
    size_t end = 1;

    if (visiting->are_all_known)
        return count;
    while (end < count && visiting->is_known[visits[end]])
        end++;
    return end;
}

static bool
replay_visits(void *context, const uint8_t *visits, size_t count)
{
    struct replay *replay = context;
    struct replay_visiting *visiting = &replay->visiting;

    replay_flush(replay);
    if (!replay_runs(replay))
        return replay_give_up(replay, true);
    if (!visiting->has_looked)
        replay_look(replay);
    for (size_t at = 0, part; at < count; at += part) {
        size_t most = count - at < REPLAY_WORDS ? count - at : REPLAY_WORDS;

        if (!visiting->is_known[visits[at]] && !replay_use(replay, visits + at))
            return false;
        part = replay_known(visiting, visits + at, most);
        if (!replay_run(replay, visits + at, part))
            return false;
    }
    return true;
}

static bool
replay_ends(void *context)
{
    struct replay *replay = context;
    struct replay_visiting *visiting = &replay->visiting;
    const struct memtrace_block *block = visiting->block;
    uint64_t stays = block->references - visiting->visits - visiting->crossings;
    bool is_new;

    if (!replay_runs(replay))
        return replay_give_up(replay, true);
    for (size_t i = 0; i < block->word_count; i++) {
        replay->result.references[block->words[i] & 3] += block->counts[i];
        replay_count(replay, replay_key(replay, visiting->words[i]), block->counts[i], &is_new);
    }
    replay->stays += stays;
    replay->result.accesses += stays;
    visiting->block = NULL;
    return true;
}

const struct memtrace_visitor replay_visitor = { replay_begins, replay_visits, replay_ends };
