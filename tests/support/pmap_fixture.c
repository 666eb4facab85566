/* pmap_fixture.c - see pmap_fixture.h */
#include "pmap_fixture.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pmap/pmap_internal.h"
#include "pmap/pmap_table.h"

#define USER_BASE ((vmm_va)1 << 33)
#define KERNEL_BASE ((vmm_va)0xffffff8000000000)

vmm_va
pmap_fixture_va(const struct pmap_fixture *f, const struct pmap *pmap, unsigned n)
{
    return (pmap == f->kernel ? KERNEL_BASE : USER_BASE) +
           (vmm_va)n * hw_page_bytes(f->machine->geometry);
}

/* ---- events as text ---- */

static int64_t
page_of(const struct trace_event *event, int64_t page_bytes)
{
    return (int64_t)(event->va - (event->space == 0 ? KERNEL_BASE : USER_BASE)) / page_bytes;
}

static int
spell(char *at, size_t room, const struct trace_event *event, uint32_t page_bytes)
{
    const char *name = trace_kind_name(event->kind);

    if (event->kind == EV_TLB_SYNC)
        return snprintf(at, room, "SYNC ");
    if (event->kind == EV_FAST_FAULT)
        return snprintf(at, room, "%s@%" PRId64 " ", name, page_of(event, page_bytes));
    if (event->kind == EV_TLB_SHOOTDOWN)
        return snprintf(at, room, "SHOOTDOWN>%u ", event->count);
    if (event->kind == EV_TLB_FLUSH)
        return snprintf(at, room, "FLUSH@%" PRId64 "+%" PRIu64 " ", page_of(event, page_bytes),
                        event->length / page_bytes);
    return snprintf(at, room, "%s@%" PRId64 " ", strchr(name, '_') + 1, page_of(event, page_bytes));
}

static void
see(struct trace_sink *sink, const struct trace_event *event)
{
    struct pmap_fixture *f = VMM_CONTAINER(sink, struct pmap_fixture, sink);
    size_t room = sizeof(f->events) - f->events_length;
    bool is_table = event->kind == EV_PMAP_TABLE || event->kind == EV_PMAP_TABLE_FREE;
    int length =
        is_table ? 0
                 : spell(f->events + f->events_length, room, event, f->machine->frames.page_bytes);

    if (length > 0 && (size_t)length < room)
        f->events_length += (size_t)length;
}

void
assert_events(struct pmap_fixture *f, const char *words)
{
    if (f->events_length > 0)
        f->events_length--; /* the last blank */
    f->events[f->events_length] = '\0';
    assert_string_equal(f->events, words);
    f->events_length = 0;
}

/* ---- building ---- */

bool
pmap_fixture_start(struct pmap_fixture *f)
{
    trace_init(&f->trace);
    f->sink = (struct trace_sink){ see, NULL };
    trace_attach(&f->trace, &f->sink);
    f->machine = hw_machine_create(&f->counting.alloc,
                                   f->geometry == NULL ? &hw_geometry_x86_64 : f->geometry, 3,
                                   FIXTURE_FRAMES);
    if (f->machine == NULL)
        return false;
    for (size_t i = 0; i < FIXTURE_DATA; i++)
        f->data[i] = hw_frame_alloc(&f->machine->frames);
    f->pmaps = pmap_system_create(&f->counting.alloc, f->machine, &f->trace);
    if (f->pmaps == NULL)
        return false;
    f->kernel = pmap_kernel(f->pmaps);
    f->user = pmap_create(f->pmaps, 1);
    f->other = f->user == NULL ? NULL : pmap_create(f->pmaps, 2);
    if (f->other == NULL)
        return false;
    pmap_switch(f->pmaps, 0, f->user);
    return true;
}

void
pmap_fixture_end(struct pmap_fixture *f)
{
    if (f->pmaps != NULL) {
        assert_pmap_invariants(f);
        pmap_system_destroy(f->pmaps);
        assert_int_equal(f->machine->frames.free_count, FIXTURE_FRAMES - FIXTURE_DATA);
    }
    if (f->machine != NULL)
        hw_machine_destroy(f->machine);
}

int
pmap_fixture_setup_on(void **state, const struct hw_geometry *geometry)
{
    static struct pmap_fixture fixture;

    fixture = (struct pmap_fixture){ .geometry = geometry };
    counting_alloc_init(&fixture.counting);
    assert_true(pmap_fixture_start(&fixture));
    *state = &fixture;
    return 0;
}

int
pmap_fixture_setup(void **state)
{
    return pmap_fixture_setup_on(state, &hw_geometry_x86_64);
}

int
pmap_fixture_setup_arm64(void **state)
{
    return pmap_fixture_setup_on(state, &hw_geometry_arm64_16k);
}

int
pmap_fixture_teardown(void **state)
{
    struct pmap_fixture *f = *state;

    pmap_fixture_end(f);
    test_alloc_assert_empty(&f->counting);
    return 0;
}

void
assert_pmap_invariants(const struct pmap_fixture *f)
{
    const char *broken = pmap_system_check(f->pmaps);

    if (broken != NULL)
        fail_msg("invariant: %s", broken);
}

/* ---- pictures ---- */

vmm_prot
picture_prot(char letter)
{
    switch (tolower((unsigned char)letter)) {
    case 'w':
        return VMM_PROT_READ | VMM_PROT_WRITE;
    case 'x':
        return VMM_PROT_READ | VMM_PROT_EXECUTE;
    case 'a':
        return VMM_PROT_ALL;
    default:
        return VMM_PROT_READ;
    }
}

uint32_t
picture_flags(char letter)
{
    return isupper((unsigned char)letter) ? PMAP_ENTER_WIRED : 0;
}

void
enter_picture(struct pmap_fixture *f, struct pmap *pmap, const char *picture)
{
    for (unsigned n = 0; picture[n] != '\0'; n++) {
        if (picture[n] != '-')
            assert_int_equal(pmap_enter(pmap, pmap_fixture_va(f, pmap, n), f->data[n],
                                        picture_prot(picture[n]), picture_flags(picture[n])),
                             VMM_OK);
    }
}

static char
letter_of(const struct pmap_translation *found)
{
    static const char letters[] = "????" /* READ is always there */
                                  "rwxa";
    bool writes = found->prot & VMM_PROT_WRITE;
    bool executes = found->prot & VMM_PROT_EXECUTE;
    char letter = letters[4 * (found->prot & VMM_PROT_READ) + 2 * executes + writes];

    return found->is_wired ? (char)toupper((unsigned char)letter) : letter;
}

void
assert_picture(const struct pmap_fixture *f, const struct pmap *pmap, const char *picture)
{
    char text[64] = "";

    for (unsigned n = 0; picture[n] != '\0'; n++) {
        struct pmap_translation found;

        text[n] = '-';
        if (pmap_query(pmap, pmap_fixture_va(f, pmap, n), &found))
            text[n] = letter_of(&found);
    }
    assert_string_equal(text, picture);
}

uint64_t *
fixture_leaf(struct pmap_fixture *f, struct pmap *pmap, unsigned n)
{
    uint64_t *slot = pmap_table_slot(pmap, pmap_fixture_va(f, pmap, n));

    assert_non_null(slot);
    return slot;
}

enum hw_outcome
fixture_access(struct pmap_fixture *f, uint32_t cpu, struct pmap *pmap, unsigned n,
               enum hw_access_kind kind)
{
    vmm_ppn ppn;

    return hw_access(f->machine, cpu, pmap_fixture_va(f, pmap, n), kind, false, &ppn);
}
