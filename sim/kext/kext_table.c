/*
 * kext_table.c - the objects that a run made, and what it wired
 *
 * Each mapping that was ever wired has two small counts for each of its pages. An unwire may have undone
 * a wire for writing, so it takes one from both: the worst is assumed.
 */
#include "kext/kext.h"

#include <string.h>

struct kext_page {
    uint8_t wires;
    uint8_t for_store; /* of them, at least so many for writing */
};

static struct kext_entry kext_entries[KEXT_OBJECTS];
static uint64_t kext_made; /* entries ever */

void
kext_table_clear(void)
{
    memset(kext_entries, 0, sizeof(kext_entries));
}

struct kext_entry *
kext_table_find(enum kext_kind kind, const void *object)
{
    for (size_t i = 0; object != NULL && i < KEXT_OBJECTS; i++) {
        if (kext_entries[i].kind == kind && kext_entries[i].object == object)
            return &kext_entries[i];
    }
    return NULL;
}

static struct kext_entry *
kext_table_free_entry(void)
{
    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        if (kext_entries[i].kind == KEXT_FREE)
            return &kext_entries[i];
    }
    return NULL;
}

struct kext_entry *
kext_table_add(enum kext_kind kind, void *object, struct kext_entry *held)
{
    struct kext_entry *entry = kext_table_find(kind, object);

    if (entry == NULL) {
        entry = kext_table_free_entry();
        if (entry == NULL)
            return NULL;
        *entry = (struct kext_entry){
            .kind = kind, .object = object, .number = ++kext_made, .held = held
        };
        if (held != NULL)
            held->holds++;
    }
    entry->references++;
    return entry;
}

static void
kext_table_forget_wires(struct kext_entry *map)
{
    if (map->pages != NULL)
        kext_give(map->pages, map->page_count * sizeof(*map->pages));
    map->pages = NULL;
}

void
kext_table_drop(struct kext_entry *entry)
{
    if (entry->references > 0)
        entry->references--;
    while (entry != NULL && entry->references == 0 && entry->holds == 0) {
        struct kext_entry *held = entry->held;

        kext_table_forget_wires(entry);
        *entry = (struct kext_entry){ .kind = KEXT_FREE };
        if (held != NULL)
            held->holds--;
        entry = held;
    }
}

struct kext_entry *
kext_table_any(void)
{
    struct kext_entry *other = NULL;

    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        if (kext_entries[i].references == 0 || kext_table_would_hang(&kext_entries[i]) ||
            kext_table_is_described(&kext_entries[i]))
            continue;
        if (kext_entries[i].kind == KEXT_MAP || kext_entries[i].kind == KEXT_DMA)
            return &kext_entries[i];
        other = &kext_entries[i];
    }
    return other;
}

/* ---- wires ---- */

/* [*first, *end): the pages of the range, as far as the mapping has them. */
static void
kext_pages_of(const struct kext_entry *map, uint64_t offset, uint64_t length, uint64_t *first,
              uint64_t *end)
{
    uint64_t head = map->address % KEXT_PAGE;

    if (offset > map->length)
        offset = map->length;
    if (length > map->length - offset)
        length = map->length - offset;
    *first = (head + offset) / KEXT_PAGE;
    *end = length == 0 ? *first : (head + offset + length - 1) / KEXT_PAGE + 1;
}

bool
kext_table_may_wire(struct kext_entry *map, uint64_t offset, uint64_t length)
{
    uint64_t first, end;

    if (map->pages == NULL) {
        kext_pages_of(map, 0, map->length, &first, &end);
        map->page_count = (size_t)end;
        map->pages = kext_take((map->page_count + 1) * sizeof(*map->pages));
        if (map->pages == NULL)
            return false;
        map->page_count++; /* never 0 bytes */
        memset(map->pages, 0, map->page_count * sizeof(*map->pages));
    }
    kext_pages_of(map, offset, length, &first, &end);
    for (uint64_t page = first; page < end; page++) {
        if (map->pages[page].wires == UINT8_MAX)
            return false;
    }
    return true;
}

static void
kext_page_wire(struct kext_page *page, uint32_t direction)
{
    if (direction != 0) {
        page->wires++;
        if ((direction & 2) != 0)
            page->for_store++;
        return;
    }
    if (page->wires > 0)
        page->wires--;
    if (page->for_store > 0)
        page->for_store--;
}

void
kext_table_wire(struct kext_entry *map, uint32_t direction, uint64_t offset, uint64_t length)
{
    uint64_t first, end;

    kext_pages_of(map, offset, length, &first, &end);
    for (uint64_t page = first; page < end; page++)
        kext_page_wire(&map->pages[page], direction);
}

bool
kext_table_is_wired(const struct kext_entry *map, bool for_store, uint64_t offset, uint64_t length)
{
    uint64_t first, end;

    if (map->pages == NULL || length == 0 || length > map->length || offset > map->length - length)
        return false;
    kext_pages_of(map, offset, length, &first, &end);
    for (uint64_t page = first; page < end; page++) {
        const struct kext_page *at = &map->pages[page];

        if (at->wires == 0 || (for_store && at->for_store == 0))
            return false;
    }
    return true;
}

bool
kext_table_wired_run(const struct kext_entry *map, uint64_t *offset, uint64_t *length)
{
    uint64_t head = map->address % KEXT_PAGE;
    uint64_t first = 0;
    uint64_t end;

    if (map->pages == NULL)
        return false;
    while (first < map->page_count && map->pages[first].wires == 0)
        first++;
    if (first == map->page_count)
        return false;
    for (end = first; end < map->page_count && map->pages[end].wires > 0; end++)
        ;
    *offset = first == 0 ? 0 : first * KEXT_PAGE - head;
    *length = end * KEXT_PAGE - head - *offset;
    if (*length > map->length - *offset)
        *length = map->length - *offset;
    return true;
}

struct kext_entry *
kext_table_wired_map(uint64_t *offset, uint64_t *length)
{
    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        if (kext_table_wired_run(&kext_entries[i], offset, length))
            return &kext_entries[i];
    }
    return NULL;
}

/* ---- mappings with the same place ---- */

struct kext_entry *
kext_table_memory(struct kext_entry *entry)
{
    while (entry->held != NULL)
        entry = entry->held;
    return entry;
}

static bool
kext_shares_place(struct kext_entry *map, struct kext_entry *other)
{
    return map->kind == KEXT_MAP && other->kind == KEXT_MAP &&
           kext_table_memory(map) == kext_table_memory(other) &&
           ((map->flags ^ other->flags) & KEXT_IN_KERNEL) == 0 &&
           map->address < other->address + other->length &&
           other->address < map->address + map->length;
}

bool
kext_table_would_hang(struct kext_entry *map)
{
    uint64_t offset, length;

    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        struct kext_entry *entry = &kext_entries[i];

        if ((entry == map || kext_shares_place(map, entry)) &&
            kext_table_wired_run(entry, &offset, &length))
            return true;
    }
    return false;
}

void
kext_table_unmap(struct kext_entry *map)
{
    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        struct kext_entry *entry = &kext_entries[i];

        if (entry == map || !kext_shares_place(map, entry) || entry->address < map->address ||
            entry->address + entry->length > map->address + map->length)
            continue; /* a part takes nothing along */
        entry->flags = KEXT_STALE;
        entry->length = 0;
    }
    map->flags = 0;
    map->length = 0;
}

bool
kext_table_is_described(const struct kext_entry *entry)
{
    for (size_t i = 0; (entry->flags & KEXT_IN_KERNEL) != 0 && i < KEXT_OBJECTS; i++) {
        const struct kext_entry *other = &kext_entries[i];

        if (other->kind == KEXT_DESC && other->number > entry->number &&
            (other->flags & KEXT_IN_KERNEL) == 0 &&
            entry->address < other->address + other->length &&
            other->address < entry->address + entry->length)
            return true;
    }
    return false;
}

bool
kext_table_has_stale(struct kext_entry *desc)
{
    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        if ((kext_entries[i].flags & KEXT_STALE) != 0 &&
            kext_table_memory(&kext_entries[i]) == kext_table_memory(desc))
            return true;
    }
    return false;
}

/* ---- what the kernel may touch ---- */

/* The live object whose bytes these are. */
static const struct kext_entry *
kext_entry_around(uint64_t address, uint64_t length)
{
    for (size_t i = 0; i < KEXT_OBJECTS; i++) {
        const struct kext_entry *entry = &kext_entries[i];

        if (entry->kind != KEXT_FREE && (entry->flags & KEXT_IN_KERNEL) != 0 &&
            address >= entry->address && length <= entry->length &&
            address - entry->address <= entry->length - length)
            return entry;
    }
    return NULL;
}

static bool
kext_is_seen(uint64_t address, uint64_t length)
{
    for (uint64_t at = address - address % KEXT_PAGE; at < address + length; at += KEXT_PAGE) {
        if (kext_look(at) != 1)
            return false;
    }
    return true;
}

bool
kext_may_touch(uint64_t address, uint64_t length, bool is_store, bool is_guarded)
{
    const struct kext_entry *entry = kext_entry_around(address, length);

    if (entry == NULL || (is_store && (entry->flags & KEXT_READ_ONLY) != 0))
        return false;
    if (!is_guarded || (entry->flags & KEXT_WIRED) != 0)
        return true;
    if (entry->kind == KEXT_MAP &&
        kext_table_is_wired(entry, is_store, address - entry->address, length))
        return true;
    return !is_store && kext_is_seen(address, length);
}
