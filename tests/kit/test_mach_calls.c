/*
 * test_mach_calls.c - what programs get when they pass the Mach and BSD calls what they should not
 *
 * Everything here is the newest release's. Sizes are chosen around a page and around the end of the
 * address space, where adding and rounding go wrong.
 */
#include <mach/mach.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mach_kit.h"

enum { PAGE = 4096, EACCES_ = 13, EBADF_ = 9, EINVAL_ = 22, ENOMEM_ = 12, EPERM_ = 1 };
enum { FIXED = 0, ANYWHERE = 1, OVERWRITE = 0x4000, PRIVATE_ANON = 0x1002, MAP_FIXED_ = 0x10 };

#define LAST (UINT64_MAX - PAGE + 1) /* the last page there could be */

static int
start(void **state)
{
    (void)state;
    return mach_kit_start("macos-15.4", "x86_64");
}

static int
stop(void **state)
{
    (void)state;
    mach_kit_stop();
    return 0;
}

static mach_vm_address_t
memory(mach_vm_size_t pages)
{
    mach_vm_address_t at = 0;

    assert_int_equal(mach_vm_allocate(mach_task_self(), &at, pages * PAGE, ANYWHERE), KERN_SUCCESS);
    return at;
}

static host_priv_t
priv(void)
{
    host_priv_t port = 0;

    assert_int_equal(host_get_host_priv_port(mach_host_self(), &port), KERN_SUCCESS);
    return port;
}

/* ---- ports ---- */

static void
calls_on_a_port_that_is_no_task(void **state)
{
    const mach_port_t wrong[] = { 0, UINT32_MAX, mach_host_self(), mach_task_self() + 0x100000 };
    mach_vm_address_t at = memory(1);

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        mach_vm_address_t place = 0;

        assert_int_equal(mach_vm_allocate(wrong[i], &place, PAGE, ANYWHERE), 4);
        assert_int_equal(mach_vm_deallocate(wrong[i], at, PAGE), 4);
        assert_int_equal(mach_vm_protect(wrong[i], at, PAGE, 0, 1), 4);
        assert_int_equal(mach_vm_inherit(wrong[i], at, PAGE, 1), 4);
        assert_int_equal(mach_vm_behavior_set(wrong[i], at, PAGE, 0), 4);
        assert_int_equal(mach_vm_msync(wrong[i], at, PAGE, 1), 16);
        assert_int_equal(mach_vm_wire(priv(), wrong[i], at, PAGE, 1), 16);
        assert_int_equal(mach_vm_wire(0, wrong[i], at, PAGE, 1), 22);
        assert_int_equal(mach_port_deallocate(wrong[i], mach_host_self()), 16);
    }
    assert_int_equal(mach_vm_wire(mach_host_self(), mach_task_self(), at, PAGE, 1), 22);
}

static void
a_memory_entry_is_given_back_once(void **state)
{
    mach_vm_address_t at = memory(1);
    mach_vm_address_t place = 0;
    memory_object_size_t size = PAGE;
    mach_port_t entry = 0;

    (void)state;
    assert_int_equal(mach_make_memory_entry_64(mach_task_self(), &size, at, 3, &entry, 0), 0);
    assert_int_equal(mach_port_deallocate(mach_task_self(), entry), KERN_SUCCESS);
    assert_int_equal(mach_port_deallocate(mach_task_self(), entry), KERN_INVALID_NAME);
    assert_int_equal(mach_vm_map(mach_task_self(), &place, PAGE, 0, ANYWHERE, entry, 0, 0, 3, 3, 1),
                     29);
    assert_int_equal(mach_port_deallocate(mach_task_self(), 0), KERN_INVALID_NAME);
    assert_int_equal(mach_port_deallocate(mach_task_self(), mach_task_self()), KERN_SUCCESS);
}

/* There are fewer names for memory entries than between one task's name and the next one's. */
static void
names_for_memory_entries_run_out_before_they_are_a_tasks(void **state)
{
    enum { MOST = 8192 };
    static mach_port_t entries[MOST];
    mach_vm_address_t at = memory(1);
    mach_vm_size_t size = PAGE;
    mach_port_t more;
    size_t made = 0;

    (void)state;
    while (made < MOST && mach_make_memory_entry_64(mach_task_self(), &size, at, 3, &entries[made],
                                                    0) == KERN_SUCCESS) {
        assert_int_not_equal(entries[made], mach_task_self());
        made++;
    }
    assert_true(made > 1000 && made < MOST);
    assert_int_equal(mach_make_memory_entry_64(mach_task_self(), &size, at, 3, &more, 0),
                     KERN_RESOURCE_SHORTAGE);
    assert_int_equal(mach_port_deallocate(mach_task_self(), entries[7]), KERN_SUCCESS);
    assert_int_equal(mach_make_memory_entry_64(mach_task_self(), &size, at, 3, &more, 0),
                     KERN_SUCCESS);
    assert_int_equal(more, entries[7]);
}

/*  parent  x = 1, fork, x = 2      the child still reads 1, and what it stores is its own  */
static void
a_child_has_its_own_memory(void **state)
{
    mach_port_t parent = mach_task_self();
    mach_vm_address_t at = memory(1);
    mach_port_t child;
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(mach_kit_touch(at, 1, &byte), 0);
    child = mach_kit_fork();
    assert_int_not_equal(child, 0);
    byte = 2;
    assert_int_equal(mach_kit_touch(at, 1, &byte), 0);
    assert_true(mach_kit_become(child));
    assert_int_equal(mach_task_self(), child);
    assert_int_equal(mach_kit_touch(at, 0, &byte), 0);
    assert_int_equal(byte, 1);
    assert_int_equal(mach_vm_deallocate(child, at, PAGE), 0);
    assert_int_equal(mach_kit_touch(at, 0, &byte), 1);
    assert_true(mach_kit_become(parent));
    assert_int_equal(mach_kit_touch(at, 0, &byte), 0);
    assert_int_equal(byte, 2);
    assert_false(mach_kit_become(mach_host_self()));
}

/* ---- ranges ---- */

static void
ranges_that_wrap_or_round_away(void **state)
{
    /* address, size, then the codes: deallocate, protect, inherit, wire, behaviour, msync */
    static const struct {
        uint64_t address, size;
        int codes[6];
    } rows[] = {
        { PAGE, UINT64_MAX, { 4, 4, 4, 4, 4, 4 } },
        { UINT64_MAX, PAGE, { 4, 4, 4, 4, 4, 4 } },
        { 0, UINT64_MAX, { 4, 1, 4, 4, 1, 4 } },
        { 1, UINT64_MAX - 1, { 4, 1, 4, 4, 1, 4 } },
        { PAGE, UINT64_MAX - PAGE, { 4, 1, 4, 4, 3, 4 } },
        { LAST, PAGE - 1, { 4, 1, 4, 4, 3, 4 } },
        { UINT64_MAX, 0, { 0, 0, 0, 0, 0, 0 } },
        { 0, 0, { 0, 0, 0, 0, 0, 0 } },
    };
    mach_port_t self = mach_task_self();

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t at = rows[i].address, size = rows[i].size;
        const int found[6] = {
            mach_vm_deallocate(self, at, size),      mach_vm_protect(self, at, size, 0, 1),
            mach_vm_inherit(self, at, size, 1),      mach_vm_wire(priv(), self, at, size, 1),
            mach_vm_behavior_set(self, at, size, 1), mach_vm_msync(self, at, size, 0x20)
        };

        for (size_t call = 0; call < 6; call++)
            assert_int_equal(found[call], rows[i].codes[call]);
    }
}

/* Nothing to do is success whatever else is wrong, as the range is looked at first. */
static void
a_size_of_0_hides_a_wrong_value(void **state)
{
    mach_port_t self = mach_task_self();

    (void)state;
    assert_int_equal(mach_vm_protect(self, PAGE, 0, 0, 0x80), 0);
    assert_int_equal(mach_vm_inherit(self, PAGE, 0, 7), 0);
    assert_int_equal(mach_vm_behavior_set(self, PAGE, 0, 99), 0);
    assert_int_equal(mach_vm_wire(priv(), self, PAGE, 0, 0x80), 0);
    assert_int_equal(mach_vm_msync(self, PAGE, 0, 3), 0);
}

static void
flags_that_are_not_the_calls_own(void **state)
{
    mach_vm_address_t at = memory(1);
    mach_vm_address_t place = 0;
    vm_prot_t current = 1, most = 1;
    mach_port_t self = mach_task_self();

    (void)state;
    assert_int_equal(mach_vm_allocate(self, &place, PAGE, ANYWHERE | 0x20), 4);
    assert_int_equal(mach_vm_map(self, &place, PAGE, 0, ANYWHERE | 0x20, 0, 0, 0, 3, 3, 1), 4);
    assert_int_equal(
        mach_vm_remap(self, &place, PAGE, 0, ANYWHERE | 0x20, self, at, 0, &current, &most, 1),
        0); /* resilient: remap's own */
    assert_int_equal(mach_vm_remap(self, &place, PAGE, 0, (int)(ANYWHERE | 240u << 24), self, at, 0,
                                   &current, &most, 1),
                     4); /* a tag is not */
}

/* Superpages of the kinds that there are; a memory entry's flags that there are not. */
static void
flags_that_no_call_knows(void **state)
{
    enum { ANY = 1, TWO_MB = 2, KINDS = 8 };
    mach_port_t self = mach_task_self();
    mach_vm_address_t at = memory(1);
    mach_vm_address_t place = 0;
    memory_object_size_t size = PAGE;
    mach_port_t entry;

    (void)state;
    for (int kind = 1; kind < KINDS; kind++) {
        int flags = ANYWHERE | kind << 16;
        int of_a_page = kind == ANY ? 0 : 4;
        int of_its_size = kind <= TWO_MB ? 0 : 4;

        assert_int_equal(mach_vm_allocate(self, &place, PAGE, flags), of_a_page);
        assert_int_equal(mach_vm_allocate(self, &place, 2 << 20, flags), of_its_size);
        if (of_its_size == 0)
            assert_int_equal(place % (2 << 20), 0);
        assert_int_equal(mach_vm_map(self, &place, PAGE, 0, flags, 0, 0, 0, 3, 3, 1), of_a_page);
    }
    for (int bit = 0x100; bit <= 0x1000; bit <<= 1)
        assert_int_equal(mach_make_memory_entry_64(self, &size, at, 3 | bit, &entry, 0), 18);
    assert_int_equal(mach_make_memory_entry_64(self, &size, at, 3 | 0x2000, &entry, 0), 0);
}

/* ---- data ---- */

static void
a_list_is_read_to_its_end(void **state)
{
    mach_vm_address_t at = memory(2);
    mach_vm_read_entry_t list = { { at, PAGE }, { at + 64 * PAGE, PAGE }, { at + PAGE, PAGE } };

    (void)state;
    assert_int_equal(mach_vm_deallocate(mach_task_self(), at + PAGE, PAGE), 0);
    list[2].address = at;
    assert_int_equal(mach_vm_read_list(mach_task_self(), list, 3), KERN_SUCCESS);
    assert_true(list[0].address != 0 && list[0].size == PAGE);
    assert_true(list[1].address == 0 && list[1].size == 0);
    assert_true(list[2].address != 0 && list[2].size == PAGE);
    assert_int_equal(mach_vm_read_list(mach_task_self(), list, 257), 4);
}

static void
a_message_that_cannot_carry_its_data(void **state)
{
    mach_vm_address_t at = memory(2);

    (void)state;
    assert_int_equal(mach_vm_write(mach_task_self(), at, at + 64 * PAGE, PAGE),
                     MACH_SEND_INVALID_MEMORY);
    assert_int_equal(mach_vm_protect(mach_task_self(), at + PAGE, PAGE, 0, 0), 0);
    assert_int_equal(mach_vm_write(mach_task_self(), at, at, 2 * PAGE), MACH_SEND_INVALID_MEMORY);
    assert_int_equal(mach_vm_write(mach_task_self(), at, at + PAGE, 0), KERN_SUCCESS);
}

/* ---- looking ---- */

static void
counts_of_words_that_a_flavor_takes(void **state)
{
    /* flavor, words, code */
    static const struct {
        int flavor;
        mach_msg_type_number_t words;
        int code;
    } rows[] = { { 9, 9, 0 },  { 9, 8, 4 },  { 9, 12, 0 },  { 10, 9, 0 }, { 10, 8, 4 },
                 { 12, 5, 0 }, { 12, 4, 4 }, { 13, 11, 0 }, { 0, 64, 4 }, { 11, 64, 4 } };
    int info[64];

    (void)state;
    (void)memory(1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        mach_msg_type_number_t words = rows[i].words;
        mach_vm_address_t at = 0;
        mach_vm_size_t size = 0;
        mach_port_t name;

        assert_int_equal(
            mach_vm_region(mach_task_self(), &at, &size, rows[i].flavor, info, &words, &name),
            rows[i].code);
    }
    for (mach_msg_type_number_t words = 0; words < 12; words++) {
        mach_msg_type_number_t count = words;

        assert_int_equal(mach_vm_page_info(mach_task_self(), 0, 1, info, &count),
                         words == 7 || words == 8 ? 0 : 4);
    }
}

/* Four pages that are all there. */
static mach_vm_address_t
share_source(void)
{
    mach_vm_address_t at = memory(4);
    uint8_t byte = 1;

    for (mach_vm_size_t n = 0; n < 4; n++)
        assert_int_equal(mach_kit_touch(at + n * PAGE, 1, &byte), 0);
    return at;
}

static struct vm_region_top_info
top_of(mach_vm_address_t at)
{
    struct vm_region_top_info info;
    mach_msg_type_number_t words = sizeof(info) / sizeof(int);
    mach_vm_size_t size = 0;

    assert_int_equal(mach_vm_region(mach_task_self(), &at, &size, VM_REGION_TOP_INFO, (int *)&info,
                                    &words, NULL),
                     0);
    return info;
}

/*  Two entries share one object of 4 pages: each tells of all its pages, and that they are shared.
 *  A copy that has one page of its own tells of the chain.                                        */
static void
the_top_flavor_tells_of_objects(void **state)
{
    enum { COW = 1, PRIVATE = 2, EMPTY = 3, SHARED = 4 };
    mach_port_t self = mach_task_self();
    mach_vm_address_t at = memory(4);
    mach_vm_address_t share = 0, copy = 0;
    vm_prot_t current, most;
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(top_of(at).share_mode, EMPTY);
    for (mach_vm_size_t n = 0; n < 4; n++)
        assert_int_equal(mach_kit_touch(at + n * PAGE, 1, &byte), 0);
    assert_int_equal(top_of(at).share_mode, PRIVATE);
    assert_int_equal(top_of(at).private_pages_resident, 4);
    assert_int_equal(
        mach_vm_remap(self, &copy, 4 * PAGE, 0, ANYWHERE, self, at, 1, &current, &most, 1), 0);
    assert_int_equal(top_of(copy).share_mode, COW);
    assert_int_equal(top_of(copy).shared_pages_resident, 4);
    assert_int_equal(mach_kit_touch(copy, 1, &byte), 0);
    assert_int_equal(top_of(copy).private_pages_resident, 1);
    assert_int_equal(top_of(copy).shared_pages_resident, 4);
    assert_int_equal(mach_vm_remap(self, &share, 2 * PAGE, 0, ANYWHERE, self, share_source(), 0,
                                   &current, &most, 1),
                     0);
    assert_int_equal(top_of(share).share_mode, SHARED);
    assert_int_equal(top_of(share).shared_pages_resident, 4);
}

static void
pages_are_asked_for_from_the_page_of_the_address(void **state)
{
    mach_vm_address_t at = memory(4);
    mach_vm_size_t count = 8;
    uint8_t byte = 1;
    int found[3];

    (void)state;
    assert_int_equal(mach_kit_touch(at + PAGE, 1, &byte), 0);
    assert_int_equal(
        mach_vm_page_range_query(mach_task_self(), at + PAGE - 1, 2, at + 3 * PAGE, &count), 0);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < sizeof(found); i++)
        assert_int_equal(mach_kit_touch(at + 3 * PAGE + i, 0, (uint8_t *)found + i), 0);
    assert_int_equal(found[0] & 1, 0);
    assert_int_equal(found[1] & 1, 1);
    count = 1;
    assert_int_equal(mach_vm_page_range_query(mach_task_self(), at, UINT64_MAX, at, &count), 4);
}

static void
a_page_that_is_not_mapped_is_no_error_to_ask_about(void **state)
{
    int disposition = 99, references = 99;

    (void)state;
    assert_int_equal(mach_vm_page_query(mach_task_self(), PAGE, &disposition, &references), 0);
    assert_int_equal(disposition, 0);
    assert_int_equal(references, 0);
}

/* ---- BSD ---- */

static void
mmap_and_its_flags(void **state)
{
    mach_vm_address_t at = memory(1);
    mach_vm_address_t place = at + 1;

    (void)state;
    assert_int_equal(mach_kit_mmap(&place, PAGE, 3, PRIVATE_ANON | MAP_FIXED_, 0), EINVAL_);
    assert_int_equal(mach_kit_mmap(&place, 0, 3, PRIVATE_ANON, 0), EINVAL_);
    assert_int_equal(mach_kit_mmap(&place, PAGE, 3, 0x1000, 0), EINVAL_);
    assert_int_equal(mach_kit_mmap(&place, PAGE, 3, 2, 0), EBADF_);
    assert_int_equal(mach_kit_mmap(&place, UINT64_MAX, 3, PRIVATE_ANON, 0), EINVAL_);
    assert_int_equal(mach_kit_mmap(&place, UINT64_C(1) << 60, 3, PRIVATE_ANON, 0), ENOMEM_);
    place = LAST; /* a hint that is no good is none */
    assert_int_equal(mach_kit_mmap(&place, PAGE, 3, PRIVATE_ANON, 0), 0);
    assert_true(place < LAST);
}

static vm_prot_t
rights_at(mach_vm_address_t at)
{
    struct vm_region_basic_info_64 info;
    mach_msg_type_number_t words = sizeof(info) / sizeof(int);
    mach_vm_size_t size = 0;

    assert_int_equal(mach_vm_region(mach_task_self(), &at, &size, VM_REGION_BASIC_INFO_64,
                                    (int *)&info, &words, NULL),
                     0);
    return info.protection;
}

/* Who may write or execute may read (BSD); a Mach call takes the rights as they are. */
static void
bsd_rights_bring_read_with_them(void **state)
{
    mach_vm_address_t at = 0;

    (void)state;
    assert_int_equal(mach_kit_mmap(&at, PAGE, 2, PRIVATE_ANON, 0), 0);
    assert_int_equal(rights_at(at), 3);
    assert_int_equal(mach_kit_mprotect(at, PAGE, 4), 0);
    assert_int_equal(rights_at(at), 5);
    assert_int_equal(mach_kit_mprotect(at, PAGE, 0x100), 0); /* other bits are not looked at */
    assert_int_equal(rights_at(at), 0);
    assert_int_equal(mach_vm_protect(mach_task_self(), at, PAGE, 0, 2), 0);
    assert_int_equal(rights_at(at), 2);
}

static void
madvise_counts_otherwise_than_mach(void **state)
{
    enum { WILLNEED = 3, DONTNEED = 4, FREE = 5, ZERO = 11, UNKNOWN = 12 };
    mach_vm_address_t at = memory(2);
    uint8_t byte = 7;

    (void)state;
    assert_int_equal(mach_vm_deallocate(mach_task_self(), at + PAGE, PAGE), 0);
    assert_int_equal(mach_kit_touch(at, 1, &byte), 0);
    assert_int_equal(mach_kit_madvise(at, PAGE, WILLNEED), 0);
    assert_int_equal(mach_kit_madvise(at, PAGE, DONTNEED), 0);
    assert_int_equal(mach_kit_madvise(at, PAGE, UNKNOWN), EINVAL_);
    assert_int_equal(mach_kit_madvise(at, 2 * PAGE, FREE), EINVAL_);               /* a hole */
    assert_int_equal(mach_kit_madvise(LAST - 16 * PAGE, PAGE, WILLNEED), ENOMEM_); /* no map */
    assert_int_equal(mach_kit_madvise(at, PAGE, ZERO), 0);
    assert_int_equal(mach_kit_touch(at, 0, &byte), 0);
    assert_int_equal(byte, 0);
    assert_int_equal(mach_vm_protect(mach_task_self(), at, PAGE, 0, 1), 0);
    assert_int_equal(mach_kit_madvise(at, PAGE, ZERO), EPERM_);
}

static void
msync_munmap_mlock_and_their_errors(void **state)
{
    mach_vm_address_t at = memory(2);

    (void)state;
    assert_int_equal(mach_vm_deallocate(mach_task_self(), at + PAGE, PAGE), 0);
    assert_int_equal(mach_kit_msync(at, 0, 0x10), EINVAL_);
    assert_int_equal(mach_kit_msync(at + 1, PAGE, 0x10), EINVAL_);
    assert_int_equal(mach_kit_msync(at, PAGE, 0x11), EINVAL_);
    assert_int_equal(mach_kit_msync(at, 2 * PAGE, 0x10), ENOMEM_);
    assert_int_equal(mach_kit_msync(at, PAGE, 0x10), 0);
    assert_int_equal(mach_kit_munmap(at, 0), EINVAL_);
    assert_int_equal(mach_kit_munmap(at + 1, PAGE), EINVAL_);
    assert_int_equal(mach_kit_munmap(at, UINT64_MAX), EINVAL_);
    assert_int_equal(mach_kit_mlock(at, 0), 0);
    assert_int_equal(mach_kit_mlock(at, 2 * PAGE), ENOMEM_);
    assert_int_equal(mach_kit_mlock(at, UINT64_MAX), EINVAL_);
    assert_int_equal(mach_kit_munlock(at + PAGE, PAGE), ENOMEM_);
    assert_int_equal(mach_vm_protect(mach_task_self(), at, PAGE, 1, 1), 0);
    assert_int_equal(mach_kit_mprotect(at, PAGE, 3), EACCES_);
    assert_int_equal(mach_kit_minherit(at, PAGE, 9), EINVAL_);
}

/* Everything but a file's memory is anonymous, a hole too. */
static void
mincore_of_what_is_and_is_not_there(void **state)
{
    enum { RESIDENT = 1, ANONYMOUS = 0x80 };
    mach_vm_address_t at = memory(2);
    uint8_t found[3] = { 0 };
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(mach_kit_touch(at, 1, &byte), 0);
    assert_int_equal(mach_vm_deallocate(mach_task_self(), at + PAGE, PAGE), 0);
    assert_int_equal(mach_kit_mincore(at, 2 * PAGE, found), 0);
    assert_int_equal(found[0] & (RESIDENT | ANONYMOUS), RESIDENT | ANONYMOUS);
    assert_int_equal(found[1], ANONYMOUS);
    assert_int_equal(mach_kit_mincore(UINT64_MAX, PAGE, found), EINVAL_);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(calls_on_a_port_that_is_no_task),
        TEST(a_memory_entry_is_given_back_once),
        TEST(names_for_memory_entries_run_out_before_they_are_a_tasks),
        TEST(a_child_has_its_own_memory),
        TEST(ranges_that_wrap_or_round_away),
        TEST(a_size_of_0_hides_a_wrong_value),
        TEST(flags_that_are_not_the_calls_own),
        TEST(flags_that_no_call_knows),
        TEST(a_list_is_read_to_its_end),
        TEST(a_message_that_cannot_carry_its_data),
        TEST(counts_of_words_that_a_flavor_takes),
        TEST(the_top_flavor_tells_of_objects),
        TEST(pages_are_asked_for_from_the_page_of_the_address),
        TEST(a_page_that_is_not_mapped_is_no_error_to_ask_about),
        TEST(mmap_and_its_flags),
        TEST(bsd_rights_bring_read_with_them),
        TEST(madvise_counts_otherwise_than_mach),
        TEST(msync_munmap_mlock_and_their_errors),
        TEST(mincore_of_what_is_and_is_not_there),
    };

    return cmocka_run_group_tests_name("mach_calls", tests, NULL, NULL);
}
