/*
 * cases_grid.c - every combination of layout, direction, option and order, iokit.md 2-4
 *
 * A layout is ranges of the user's memory; its bytes are known page by page, so each combination can be
 * looked at byte by byte through the mapping, through readBytes() and, once wired, without a fault.
 */
#include "cases_words.h"

enum { PAGES = 12, MAX_RANGES = 3, COW_RELEASE = 3789, PIECES_RELEASE = 2782 };

/* Ranges in pages and bytes: [at pages + offset, + length pages + more). */
struct layout {
    unsigned count;
    struct {
        unsigned at, offset, pages, more;
    } ranges[MAX_RANGES];
};

static const struct layout layouts[] = {
    { 1, { { 0, 0, 1, 0 } } },                                 /* one page */
    { 1, { { 2, 0, 5, 0 } } },                                 /* several */
    { 1, { { 1, 16, 0, 1 } } },                                /* one byte */
    { 1, { { 1, 100, 2, 0 } } },                               /* touches one page more */
    { 1, { { 3, 0, 2, 7 } } },                                 /* ends inside a page */
    { 2, { { 0, 0, 2, 0 }, { 2, 0, 2, 0 } } },                 /* neighbours */
    { 2, { { 6, 0, 2, 0 }, { 1, 0, 1, 0 } } },                 /* apart, and the other way round */
    { 3, { { 0, 0, 1, 0 }, { 4, 0, 2, 0 }, { 2, 0, 1, 5 } } }, /* three; the last ends anywhere */
    { 2, { { 5, 64, 0, 0 }, { 8, 0, 2, 0 } } },                /* the first ends with its page */
};

static void
ranges_of(const struct layout *layout, uint64_t base, oracle_range_t ranges[MAX_RANGES])
{
    for (unsigned i = 0; i < layout->count; i++) {
        uint64_t length = layout->ranges[i].pages * page + layout->ranges[i].more;

        if (length == 0)
            length = page - layout->ranges[i].offset;
        ranges[i] = (oracle_range_t){ base + layout->ranges[i].at * page + layout->ranges[i].offset,
                                      length };
    }
}

static oracle_md_t
describe_layout(const struct layout *layout, uint64_t base, uint32_t options)
{
    oracle_range_t ranges[MAX_RANGES];
    oracle_md_t md;

    ranges_of(layout, base, ranges);
    md = oracle_md_with_ranges(ranges, layout->count, options, user());
    CHECK(md != NULL);
    return md;
}

/* The user's memory: every byte of page i is FILL + i. */
static uint64_t
filled_wholly(unsigned pages)
{
    uint64_t va = filled(pages);

    for (uint64_t at = 0; at < pages * page; at++)
        CHECK(store(user(), va + at, (uint8_t)(FILL + at / page)) == 0);
    return va;
}

/* What byte `at` of the layout is. */
static uint8_t
byte_of(const struct layout *layout, uint64_t at)
{
    oracle_range_t ranges[MAX_RANGES];

    ranges_of(layout, 0, ranges);
    for (unsigned i = 0; i < layout->count; i++) {
        if (at < ranges[i].length)
            return (uint8_t)(FILL + (ranges[i].address + at) / page);
        at -= ranges[i].length;
    }
    return 0;
}

/* Pages that a mapping of [offset, + length) of the layout takes. */
static unsigned
pages_of(oracle_map_t map)
{
    uint64_t in_page = oracle_map_address(map) % page;

    return (unsigned)((in_page + oracle_map_length(map) + page - 1) / page);
}

static void
look_at(const struct layout *layout, oracle_map_t map, uint64_t offset)
{
    uint64_t length = oracle_map_length(map);

    for (uint64_t at = 0; at < length; at += at + page / 2 < length ? page / 2 : 1) {
        CHECK(shows(kernel(), oracle_map_address(map) + at, byte_of(layout, offset + at)));
        if (at + page / 2 >= length && at + 1 < length)
            at = length - 2; /* and the last byte */
    }
}

static uint64_t
page_start(oracle_map_t map)
{
    return oracle_map_address(map) & ~(page - 1);
}

void
every_layout_shows_its_bytes(void)
{
    uint64_t base = filled_wholly(PAGES);

    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        oracle_md_t md = describe_layout(&layouts[i], base, OMD_OUTIN);
        oracle_map_t map = map_whole(md, kernel(), 0);
        uint8_t byte = 0;

        CHECK(map != NULL);
        if (map == NULL)
            continue;
        CHECK(oracle_map_length(map) == oracle_md_length(md));
        CHECK(ready_pages(kernel(), page_start(map), pages_of(map), false) ==
              (is_seed_view ? pages_of(map) : 0));
        look_at(&layouts[i], map, 0);
        CHECK(oracle_md_prepare(md, 0) == 0);
        for (uint64_t at = 0; at < oracle_md_length(md); at += page / 4)
            CHECK(oracle_md_read(md, at, &byte, 1) == 1 && byte == byte_of(&layouts[i], at));
        CHECK(oracle_md_complete(md, 0) == 0);
        oracle_map_release(map);
        oracle_md_release(md);
    }
}

/* A read-only mapping gives READ; any other READ and WRITE, whatever the direction. */
static void
wire_one(const struct layout *layout, uint64_t base, uint32_t direction, uint32_t option,
         uint32_t wanted)
{
    oracle_md_t md = describe_layout(layout, base, direction);
    oracle_map_t map = map_whole(md, kernel(), option);
    bool is_writable = (option & OMAP_READ_ONLY) == 0;
    bool is_allowed = is_writable || (wanted & OMD_OUT) == 0;
    bool is_submapped = layout->count > 1 && release < PIECES_RELEASE;
    int code;

    CHECK(map != NULL);
    if (map == NULL)
        return;
    code = oracle_map_wire_range(map, wanted, 0, oracle_map_length(map));
    CHECK(code == (is_allowed ? 0 : is_submapped ? 5 : 2));
    if (code == 0) {
        CHECK(ready_pages(kernel(), page_start(map), pages_of(map), false) == pages_of(map));
        CHECK(ready_pages(kernel(), page_start(map), pages_of(map), true) ==
              (is_writable ? pages_of(map) : 0));
        CHECK(oracle_map_wire_range(map, 0, 0, oracle_map_length(map)) == 0);
        CHECK(ready_pages(kernel(), page_start(map), pages_of(map), false) == pages_of(map));
    } else if (!is_seed_view) {
        CHECK(ready_pages(kernel(), page_start(map), pages_of(map), false) == 0);
    }
    oracle_map_release(map);
    oracle_md_release(md);
}

void
every_direction_wires_what_the_mapping_allows(void)
{
    static const uint32_t directions[] = { OMD_IN, OMD_OUT, OMD_OUTIN };
    uint64_t base = filled_wholly(PAGES);

    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        for (size_t d = 0; d < COUNT_OF(directions); d++) {
            for (uint32_t wanted = OMD_IN; wanted <= OMD_OUTIN; wanted++) {
                wire_one(&layouts[i], base, directions[d], 0, wanted);
                wire_one(&layouts[i], base, directions[d], OMAP_READ_ONLY, wanted);
            }
        }
    }
}

/* A request that a mapping covers is a part of it (3.3): at its distance, and with its translations. */
void
parts_of_a_mapping_are_at_their_distance(void)
{
    uint64_t base = filled_wholly(PAGES);

    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        oracle_md_t md = describe_layout(&layouts[i], base, OMD_OUTIN);
        uint64_t length = oracle_md_length(md);
        oracle_map_t whole = map_whole(md, kernel(), 0);

        CHECK(whole != NULL);
        for (uint64_t offset = 0; offset < length; offset += length / 3 + 1) {
            oracle_map_t part =
                oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE, offset, length - offset);
            oracle_map_t apart = oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE | OMAP_UNIQUE, offset,
                                               length - offset);

            CHECK(part != NULL && apart != NULL);
            if (part == NULL || apart == NULL)
                continue;
            CHECK(oracle_map_address(part) == oracle_map_address(whole) + offset);
            CHECK(oracle_map_length(part) == length - offset);
            CHECK(oracle_map_address(apart) != oracle_map_address(part));
            look_at(&layouts[i], part, offset);
            look_at(&layouts[i], apart, offset);
            oracle_map_release(part);
            oracle_map_release(apart);
            look_at(&layouts[i], whole, 0); /* a part never unmaps */
        }
        oracle_map_release(whole);
        oracle_md_release(md);
    }
}

/* prepare() before, after, both, or not at all: no order makes a translation (trap T2). */
void
every_order_of_prepare_and_map_is_lazy(void)
{
    static const uint32_t directions[] = { OMD_IN, OMD_OUT, OMD_OUTIN };
    uint64_t base = filled_wholly(PAGES);

    for (unsigned order = 0; order < 4 * COUNT_OF(directions); order++) {
        const struct layout *layout = &layouts[order % COUNT_OF(layouts)];
        bool before = (order & 1) != 0;
        bool after = (order & 2) != 0;
        oracle_md_t md = describe_layout(layout, base, directions[order / 4]);
        uint64_t faults;
        oracle_map_t map;

        CHECK(!before || oracle_md_prepare(md, 0) == 0);
        map = map_whole(md, kernel(), 0);
        CHECK(map != NULL);
        if (map == NULL)
            continue;
        CHECK(!after || oracle_md_prepare(md, 0) == 0);
        CHECK(is_seed_view || ready_pages(kernel(), page_start(map), pages_of(map), false) == 0);
        faults = oracle_fault_count(kernel());
        look_at(layout, map, 0);
        CHECK(oracle_fault_count(kernel()) - faults == (is_seed_view ? 0 : pages_of(map)));
        oracle_map_release(map);
        CHECK(!before || oracle_md_complete(md, 0) == 0);
        CHECK(!after || oracle_md_complete(md, 0) == 0);
        oracle_md_release(md);
    }
}

/* From 10.12.2 on the mapping shows the bytes as they were; before, the bit means nothing. */
void
a_copy_of_every_layout_keeps_its_bytes(void)
{
    bool copies = release >= COW_RELEASE;

    for (size_t i = 0; i < 2 * COUNT_OF(layouts); i++) {
        const struct layout *layout = &layouts[i / 2];
        bool prepares = (i & 1) != 0;
        uint64_t base = filled_wholly(PAGES);
        oracle_md_t md = describe_layout(layout, base, OMD_OUT | OMD_MAP_COPY_ON_WRITE);
        oracle_map_t map;

        CHECK(!prepares || oracle_md_prepare(md, 0) == 0);
        map = map_whole(md, kernel(), 0);
        CHECK(map != NULL);
        if (map == NULL)
            continue;
        for (unsigned n = 0; n < PAGES; n++) {
            for (uint64_t at = 0; at < page; at += page / 16)
                CHECK(store(user(), base + n * page + at, 0xEE) == 0);
        }
        CHECK(shows(kernel(), oracle_map_address(map),
                    copies                                       ? byte_of(layout, 0)
                    : oracle_map_address(map) % (page / 16) == 0 ? 0xEE
                                                                 : byte_of(layout, 0)));
        if (copies)
            look_at(layout, map, 0);
        CHECK(oracle_map_wire_range(map, OMD_OUT, 0, oracle_map_length(map)) == 0);
        CHECK(ready_pages(kernel(), page_start(map), pages_of(map), false) == pages_of(map));
        if (copies)
            look_at(layout, map, 0);
        CHECK(store(kernel(), oracle_map_address(map), 0x11) == 0);
        CHECK(!copies ||
              !shows(user(), base + layout->ranges[0].at * page + layout->ranges[0].offset, 0x11));
        CHECK(oracle_map_wire_range(map, 0, 0, oracle_map_length(map)) == 0);
        oracle_map_release(map);
        CHECK(!prepares || oracle_md_complete(md, 0) == 0);
        oracle_md_release(md);
        oracle_task_free(user(), base, PAGES * page);
    }
}

/* The user frees a part of what is mapped and wired: the pages live on (trap T29). */
void
the_source_can_be_cut_under_a_mapping(void)
{
    static const struct layout whole = { 1, { { 0, 0, PAGES, 0 } } };

    for (unsigned first = 0; first < PAGES; first += 4) {
        uint64_t base = filled_wholly(PAGES);
        oracle_md_t md = describe_layout(&whole, base, OMD_OUTIN);
        oracle_map_t map = map_whole(md, kernel(), 0);

        CHECK(map != NULL && oracle_md_prepare(md, 0) == 0);
        CHECK(oracle_map_wire_range(map, OMD_IN, 0, PAGES * page) == 0);
        oracle_task_free(user(), base + first * page, 3 * page);
        CHECK(!load(user(), base + first * page, &(uint8_t){ 0 }));
        CHECK(ready_pages(kernel(), page_start(map), PAGES, true) == PAGES);
        CHECK(store(kernel(), oracle_map_address(map) + first * page, 0x77) == 0);
        CHECK(oracle_map_wire_range(map, 0, 0, PAGES * page) == 0);
        CHECK(oracle_md_complete(md, 0) == 0);
        CHECK(shows(kernel(), oracle_map_address(map) + first * page, 0x77));
        oracle_map_release(map);
        oracle_md_release(md);
    }
}

/* One object, two regions of the kernel: each has counts of its own (3.3, 4.2). */
void
wires_through_two_mappings_add_up(void)
{
    uint64_t base = filled_wholly(4);
    oracle_md_t md = describe(base, 4 * page, OMD_OUTIN);
    oracle_map_t shared = map_whole(md, kernel(), 0);
    oracle_map_t same = map_whole(md, kernel(), 0);
    oracle_map_t apart = map_whole(md, kernel(), OMAP_UNIQUE);

    CHECK(shared != NULL && same != NULL && apart != NULL);
    CHECK(oracle_map_address(shared) == oracle_map_address(same));
    CHECK(oracle_map_wire_range(shared, OMD_IN, 0, 4 * page) == 0);
    CHECK(oracle_map_wire_range(same, OMD_OUT, page, 2 * page) == 0);
    CHECK(ready_pages(kernel(), oracle_map_address(apart), 4, false) == (is_seed_view ? 4 : 0));
    CHECK(oracle_map_wire_range(apart, OMD_OUTIN, 3 * page, page) == 0);
    CHECK(ready_pages(kernel(), oracle_map_address(apart) + 3 * page, 1, true) == 1);
    CHECK(oracle_map_wire_range(shared, 0, 0, 4 * page) == 0);
    CHECK(oracle_map_wire_range(shared, 0, page, 2 * page) == 0); /* what `same` wired */
    CHECK(oracle_map_wire_range(apart, 0, 3 * page, page) == 0);
    oracle_map_release(apart);
    oracle_map_release(same);
    CHECK(shows(kernel(), oracle_map_address(shared), FILL));
    oracle_map_release(shared);
    oracle_md_release(md);
}

/* Edges of offset and length: past the end is refused, the last byte is not (3.1). */
void
bits_and_edges_of_requests(void)
{
    uint64_t base = filled_wholly(4);
    oracle_md_t md = describe(base + 8, 2 * page, OMD_OUTIN);
    static const struct {
        uint64_t offset_pages, offset, length_pages, length;
        bool works;
    } requests[] = {
        { 0, 0, 0, 0, true },           { 0, 0, 2, 0, true },
        { 0, 0, 2, 1, false },          { 0, 1, 2, 0, false },
        { 1, 0, 1, 0, true },           { 1, 1, 1, 0, false },
        { 2, 0, 0, 1, false },          { 2, 0, 0, 0, false },
        { 0, 7, 0, 1, true },           { 0, UINT64_MAX, 0, 1, false },
        { 0, 1, 0, UINT64_MAX, false }, { 0, 0, 0, UINT64_MAX, false },
    };

    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        uint64_t offset = requests[i].offset_pages * page + requests[i].offset;
        uint64_t length = requests[i].length_pages * page + requests[i].length;
        oracle_map_t map = oracle_md_map(md, kernel(), 0, OMAP_ANYWHERE, offset, length);

        CHECK((map != NULL) == requests[i].works);
        if (map == NULL)
            continue;
        CHECK(oracle_map_address(map) % page == (8 + offset) % page);
        CHECK(oracle_map_length(map) == (length == 0 ? 2 * page : length));
        oracle_map_release(map);
    }
    oracle_md_release(md);
}
