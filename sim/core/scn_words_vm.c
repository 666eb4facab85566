/*
 * scn_words_vm.c - what the vm floor calls its states, advice and counters
 */
#include "scn_words.h"

#include <stddef.h>
#include <string.h>

static const struct scn_word inheritance_words[] = {
    { "share", VMM_INHERIT_SHARE },
    { "copy", VMM_INHERIT_COPY },
    { "none", VMM_INHERIT_NONE },
};

static const struct scn_word remap_words[] = { { "share", 0 }, { "copy", 1 } };

static const struct scn_word behavior_words[] = {
    { "default", VM_BEHAVIOR_DEFAULT },
    { "random", VM_BEHAVIOR_RANDOM },
    { "sequential", VM_BEHAVIOR_SEQUENTIAL },
    { "reverse-sequential", VM_BEHAVIOR_RSEQNTL },
    { "will-need", VM_BEHAVIOR_WILLNEED },
    { "dont-need", VM_BEHAVIOR_DONTNEED },
    { "free", VM_BEHAVIOR_FREE },
    { "zero-wired-pages", VM_BEHAVIOR_ZERO_WIRED_PAGES },
    { "reusable", VM_BEHAVIOR_REUSABLE },
    { "reuse", VM_BEHAVIOR_REUSE },
    { "can-reuse", VM_BEHAVIOR_CAN_REUSE },
    { "pageout", VM_BEHAVIOR_PAGEOUT },
    { "zero", VM_BEHAVIOR_ZERO },
};

static const struct scn_word sync_words[] = {
    { "async", VM_SYNC_ASYNCHRONOUS },     { "sync", VM_SYNC_SYNCHRONOUS },
    { "invalidate", VM_SYNC_INVALIDATE },  { "kill-pages", VM_SYNC_KILLPAGES },
    { "deactivate", VM_SYNC_DEACTIVATE },  { "contiguous", VM_SYNC_CONTIGUOUS },
    { "reusable", VM_SYNC_REUSABLEPAGES },
};

static const struct scn_word purgable_words[] = {
    { "nonvolatile", 0 },
    { "volatile", 1 },
    { "empty", 2 },
    { "denied", 3 },
    { "volatile-fault", 1 | 2 << 12 }, /* volatile, and a touch of what was emptied is error 10 */
};

static const struct scn_word share_mode_words[] = {
    { "cow", VM_SHARE_COW },
    { "private", VM_SHARE_PRIVATE },
    { "empty", VM_SHARE_EMPTY },
    { "shared", VM_SHARE_SHARED },
    { "true-shared", VM_SHARE_TRUESHARED },
    { "private-aliased", VM_SHARE_PRIVATE_ALIASED },
    { "shared-aliased", VM_SHARE_SHARED_ALIASED },
    { "large-page", VM_SHARE_LARGE_PAGE },
};

static const struct scn_word region_words[] = {
    { "pages", SCN_REGION_PAGES },           { "wires", SCN_REGION_WIRES },
    { "user-wires", SCN_REGION_USER_WIRES }, { "references", SCN_REGION_REFERENCES },
    { "depth", SCN_REGION_DEPTH },           { "resident", SCN_REGION_RESIDENT },
    { "dirty", SCN_REGION_DIRTY },           { "swapped-out", SCN_REGION_SWAPPED_OUT },
    { "reusable", SCN_REGION_REUSABLE },     { "external-pager", SCN_REGION_EXTERNAL_PAGER },
    { "shared", SCN_REGION_SHARED },         { "permanent", SCN_REGION_PERMANENT },
    { "submap", SCN_REGION_SUBMAP },         { "needs-copy", SCN_REGION_NEEDS_COPY },
    { "behavior", SCN_REGION_BEHAVIOR },     { "tag", SCN_REGION_TAG },
};

static const struct scn_word page_words[] = {
    { "none", 0 },
    { "present", VM_PAGE_QUERY_PRESENT },
    { "fictitious", VM_PAGE_QUERY_FICTITIOUS },
    { "ref", VM_PAGE_QUERY_REF },
    { "dirty", VM_PAGE_QUERY_DIRTY },
    { "paged-out", VM_PAGE_QUERY_PAGED_OUT },
    { "copied", VM_PAGE_QUERY_COPIED },
    { "speculative", VM_PAGE_QUERY_SPECULATIVE },
    { "external", VM_PAGE_QUERY_EXTERNAL },
};

/* Darwin's numbers, as vm_bsd.h takes them. */
static const struct scn_word advice_words[] = {
    { "normal", 0 },     { "random", 1 },    { "sequential", 2 },       { "willneed", 3 },
    { "dontneed", 4 },   { "free", 5 },      { "zero-wired-pages", 6 }, { "free-reusable", 7 },
    { "free-reuse", 8 }, { "can-reuse", 9 }, { "pageout", 10 },         { "zero", 11 },
};

static const struct scn_word bsd_sync_words[] = {
    { "async", VM_BSD_ASYNC },           { "sync", VM_BSD_SYNC },
    { "invalidate", VM_BSD_INVALIDATE }, { "kill-pages", VM_BSD_KILLPAGES },
    { "deactivate", VM_BSD_DEACTIVATE },
};

static const struct scn_word mincore_words[] = {
    { "none", 0 },
    { "incore", VM_MINCORE_INCORE },
    { "referenced", VM_MINCORE_REFERENCED },
    { "modified", VM_MINCORE_MODIFIED },
    { "paged-out", VM_MINCORE_PAGED_OUT },
    { "copied", VM_MINCORE_COPIED },
    { "anonymous", VM_MINCORE_ANONYMOUS },
};

/* vm_statistics64's words (vm.md 7.1), with - for _. */
#define STATISTIC(word, member)                                                     \
    {                                                                               \
        word, (uint32_t)(offsetof(struct vm_statistics, member) / sizeof(uint64_t)) \
    }
static const struct scn_word statistic_words[] = {
    STATISTIC("free", free_pages),
    STATISTIC("active", active_pages),
    STATISTIC("inactive", inactive_pages),
    STATISTIC("wire", wire_pages),
    STATISTIC("speculative", speculative_pages),
    STATISTIC("purgeable", purgeable_pages),
    STATISTIC("external", external_pages),
    STATISTIC("internal", internal_pages),
    STATISTIC("stored", stored_pages),
    STATISTIC("faults", faults),
    STATISTIC("cow-faults", cow_faults),
    STATISTIC("zero-fill", zero_fill_faults),
    STATISTIC("pageins", pageins),
    STATISTIC("pageouts", pageouts),
    STATISTIC("compressions", compressions),
    STATISTIC("decompressions", decompressions),
    STATISTIC("purges", purges),
    STATISTIC("reactivations", reactivations),
};

#define WORD_LIST(words)           \
    {                              \
        words, VMM_COUNT_OF(words) \
    }
const struct scn_word_list scn_inheritances = WORD_LIST(inheritance_words);
const struct scn_word_list scn_remap_kinds = WORD_LIST(remap_words);
const struct scn_word_list scn_behaviors = WORD_LIST(behavior_words);
const struct scn_word_list scn_syncs = WORD_LIST(sync_words);
const struct scn_word_list scn_purgables = WORD_LIST(purgable_words);
const struct scn_word_list scn_share_modes = WORD_LIST(share_mode_words);
const struct scn_word_list scn_region_facts = WORD_LIST(region_words);
const struct scn_word_list scn_page_bits = WORD_LIST(page_words);
const struct scn_word_list scn_advices = WORD_LIST(advice_words);
const struct scn_word_list scn_bsd_syncs = WORD_LIST(bsd_sync_words);
const struct scn_word_list scn_mincore_bits = WORD_LIST(mincore_words);
const struct scn_word_list scn_statistics = WORD_LIST(statistic_words);

const char *
scn_word_of(const struct scn_word_list *list, uint32_t value)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->words[i].value == value)
            return list->words[i].word;
    }
    return "?";
}

uint64_t
scn_statistic(const struct vm_statistics *statistics, uint32_t place)
{
    uint64_t value;

    memcpy(&value, (const char *)statistics + place * sizeof value, sizeof value);
    return value;
}
