/* vm_inside.c - see vm_inside.h */
#include "vm_inside.h"

#include "vm/vm_map_store.h"
#include "vm/vm_object.h"

void
assert_broken(const struct vm_fixture *f, const char *expected)
{
    const char *broken = vm_system_check(f->system);

    assert_non_null(broken);
    assert_string_equal(broken, expected);
}

struct vm_map_entry *
entry_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry;

    assert_true(vm_map_lookup_entry(f->map, page(f, n), &entry));
    return entry;
}

struct vm_page *
page_at(const struct vm_fixture *f, unsigned n)
{
    struct vm_map_entry *entry = entry_at(f, n);
    struct vm_page *found = vm_object_find_page(entry->object, vm_entry_offset(entry, page(f, n)));

    assert_non_null(found);
    return found;
}

void
draw_and_touch(struct vm_fixture *f, const char *picture)
{
    draw_pages(f, picture);
    for (unsigned n = 0; picture[n] != '\0'; n++) {
        if (picture[n] == 'x')
            assert_int_equal(user_store(f, n, (uint8_t)n), VMM_OK);
    }
}
