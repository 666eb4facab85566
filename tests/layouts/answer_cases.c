/*
 * answer_cases.c - reads cases, asks the model, and writes the cases with the model's answers
 *
 * A case lays out an address space, makes calls, and shows every entry of the space between them, in
 * the form that the conformance kit's replayer reads. Answers in the input are ignored, so a file
 * whose answers are right comes out as it went in: that is the test. Lines (units are pages):
 *
 *      object N pages=P fill=BYTE|-
 *      entry A PAGES share=empty|private|shared|cow obj=N|- off=O prot=P max=M permanent=0|1
 *      entry H PAGES                                a hole
 *      range START PAGES                            what the calls are about; the layout is made here
 *      state                                        then one line for each entry: " r ..."
 *      do VERB START PAGES ... -> CODE              one call
 *      read|write START PAGES -> CODE byte=B|-      one access to each page
 *      mincore START PAGES resident=0|1|-           what mincore() says about each page
 *      gone                                         then what is left: " h ..." holes, " p ..." closed
 *
 *      answer_cases FILE [PROFILE [MACHINE]]
 */
#include <mach/mach.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mach_kit.h"

enum {
    MOST_ENTRIES = 2100,
    MOST_OBJECTS = 8,
    TAG_OBJECT = 86,
    TAG_FIRST = 240,
    TAG_COUNT = 16,
    ANYWHERE = 1,
    RANDOM_ADDRESS = 8,
    PERMANENT = 0x80,
    OVERWRITE = 0x4000,
    MEM_VM_SHARE = 0x400000,
    MAP_PRIVATE_FIXED_ANON = 0x1012
};

struct entry {
    char share; /* the first letter; 'h' is a hole */
    int pages, object, offset, prot, max, permanent;
};

struct object {
    int pages, fill; /* fill -1: nobody writes to it */
    long needed;
    mach_vm_address_t at;
};

struct named_object {
    uint64_t id;
    unsigned number;
};

static struct {
    struct entry entries[MOST_ENTRIES];
    struct object objects[MOST_OBJECTS];
    struct named_object names[MOST_ENTRIES];
    int entry_count, object_count;
    unsigned name_count;
    long total;
    mach_vm_address_t base;
    mach_vm_size_t page_bytes;
    const char *name;
} now;

static mach_vm_address_t
at_page(long page)
{
    return now.base + (mach_vm_size_t)page * now.page_bytes;
}

static void
must(kern_return_t code, const char *what)
{
    if (code == KERN_SUCCESS)
        return;
    fprintf(stderr, "%s: %s gave %d\n", now.name, what, code);
    exit(2);
}

static mach_vm_size_t
bytes_of(long pages)
{
    return (mach_vm_size_t)pages * now.page_bytes;
}

static uint32_t
tag_flag(unsigned tag)
{
    return (uint32_t)tag << 24;
}

static bool
region_at(mach_vm_address_t *address, mach_vm_size_t *size, struct vm_region_submap_info_64 *info)
{
    mach_msg_type_number_t words = sizeof(*info) / sizeof(natural_t);
    natural_t depth = 0;

    return mach_vm_region_recurse(mach_task_self(), address, size, &depth, (int *)info, &words) ==
           KERN_SUCCESS;
}

/* ---- the layout ---- */

static void
fill(mach_vm_address_t at, long pages, int value)
{
    uint8_t byte = (uint8_t)value;

    for (long page = 0; page < pages; page++)
        must(mach_kit_touch(at + bytes_of(page), 1, &byte), "filling");
}

/* The memory that shared and copied entries come from: as large as its users need. */
static void
make_objects(void)
{
    for (int i = 0; i < now.entry_count; i++) {
        const struct entry *entry = &now.entries[i];
        struct object *object = entry->object < 0 ? NULL : &now.objects[entry->object];

        if (object != NULL && (entry->share == 's' || entry->share == 'c') &&
            entry->offset + entry->pages > object->needed)
            object->needed = entry->offset + entry->pages;
    }
    for (int i = 0; i < now.object_count; i++) {
        struct object *object = &now.objects[i];

        if (object->needed == 0)
            continue;
        object->needed = object->pages != 0 ? object->pages : object->needed;
        must(mach_vm_allocate(mach_task_self(), &object->at, bytes_of(object->needed),
                              (int)(ANYWHERE | tag_flag(TAG_OBJECT))),
             "an object");
        if (object->fill >= 0)
            fill(object->at, object->needed, object->fill);
    }
}

static void
make_shared(const struct entry *entry, mach_vm_address_t at, int flags)
{
    memory_object_size_t size = bytes_of(entry->pages);
    mach_port_t port = 0;

    must(mach_make_memory_entry_64(mach_task_self(), &size,
                                   now.objects[entry->object].at + bytes_of(entry->offset),
                                   (vm_prot_t)((unsigned)entry->prot | MEM_VM_SHARE), &port, 0),
         "a memory entry");
    must(mach_vm_map(mach_task_self(), &at, bytes_of(entry->pages), 0, flags, port, 0, 0,
                     entry->prot, entry->max, 1),
         "mapping it");
    must(mach_port_deallocate(mach_task_self(), port), "giving it back");
}

/* A private entry is written to, a copy is copied to, and only then gets the rights it should have. */
static void
make_own(const struct entry *entry, mach_vm_address_t at, int flags)
{
    mach_vm_size_t size = bytes_of(entry->pages);
    int open = entry->share == 'e' ? 0 : 3;

    must(mach_vm_map(mach_task_self(), &at, size, 0, flags, 0, 0, 0, entry->prot | open,
                     entry->max | open, 1),
         "an entry");
    if (entry->share == 'c')
        must(mach_vm_copy(mach_task_self(), now.objects[entry->object].at + bytes_of(entry->offset),
                          size, at),
             "a copy");
    else if (entry->share == 'p')
        fill(at, entry->pages, entry->object < 0 ? 0 : now.objects[entry->object].fill);
    if (entry->share == 'p' && entry->object < 0) { /* an object, and no page in it */
        must(mach_vm_behavior_set(mach_task_self(), at, size, 6), "freeing");
        must(mach_vm_behavior_set(mach_task_self(), at, size, 11), "paging out");
    }
    if (open == 0)
        return;
    must(mach_vm_protect(mach_task_self(), at, size, 0, entry->prot), "protecting");
    must(mach_vm_protect(mach_task_self(), at, size, 1, entry->max), "protecting");
}

static void
make_entry(int index, mach_vm_address_t at)
{
    const struct entry *entry = &now.entries[index];
    int flags = (int)(OVERWRITE | tag_flag(TAG_FIRST + (unsigned)index % TAG_COUNT) |
                      (entry->permanent ? PERMANENT : 0u));

    if (entry->share == 'h')
        must(mach_vm_deallocate(mach_task_self(), at, bytes_of(entry->pages)), "a hole");
    else if (entry->share == 's')
        make_shared(entry, at, flags);
    else
        make_own(entry, at, flags);
}

static void
make_layout(void)
{
    mach_vm_address_t at;

    make_objects();
    now.total = 0;
    for (int i = 0; i < now.entry_count; i++)
        now.total += now.entries[i].pages;
    now.base = 0;
    must(mach_vm_map(mach_task_self(), &now.base, bytes_of(now.total), 0, ANYWHERE | RANDOM_ADDRESS,
                     0, 0, 0, 0, 0, 0),
         "the room");
    at = now.base;
    for (int i = 0; i < now.entry_count; at += bytes_of(now.entries[i].pages), i++)
        make_entry(i, at);
    for (int i = 0; i < now.object_count; i++) {
        if (now.objects[i].at != 0)
            must(mach_vm_deallocate(mach_task_self(), now.objects[i].at,
                                    bytes_of(now.objects[i].needed)),
                 "an object's end");
    }
}

/* ---- what there is ---- */

static unsigned
number_of(uint64_t id)
{
    unsigned i = 0;

    while (i < now.name_count && now.names[i].id != id)
        i++;
    if (i == now.name_count)
        now.names[now.name_count++] = (struct named_object){ id, i + 1 };
    return now.names[i].number;
}

static void
show_entry(long start, long pages, const struct vm_region_submap_info_64 *info)
{
    static const char *const modes[] = { "-",      "cow",    "private",         "empty",
                                         "shared", "shared", "private_aliased", "shared_aliased",
                                         "large" };

    printf(" r %ld %ld prot=%d max=%d inherit=%u behavior=%d wired=%u tag=%u share=%s resident=%u",
           start, pages, info->protection, info->max_protection, info->inheritance, info->behavior,
           info->user_wired_count, info->user_tag, modes[info->share_mode], info->pages_resident);
    if (info->object_id_full == 0)
        printf(" obj=null");
    else
        printf(" obj=o%u", number_of(info->object_id_full));
    printf(" off=%lu ref=%u depth=%u\n", (unsigned long)(info->offset / now.page_bytes),
           info->ref_count, info->shadow_depth);
}

/* Every entry of the layout, or (`closed`) holes and what would not go. */
static void
show_state(bool closed)
{
    struct vm_region_submap_info_64 info;
    mach_vm_address_t end = at_page(now.total);
    mach_vm_address_t at = now.base;
    mach_vm_size_t size = 0;

    for (long seen = 0; seen < now.total; at += size) {
        bool found = region_at(&at, &size, &info) && at < end;
        long start = found ? (long)((at - now.base) / now.page_bytes) : now.total;
        long pages = (long)(size / now.page_bytes);

        if (start > seen)
            printf(" h %ld %ld\n", seen, start - seen);
        if (!found)
            return;
        if (closed)
            printf(" p %ld %ld\n", start, pages);
        else
            show_entry(start, pages, &info);
        seen = start + pages;
    }
}

/* ---- calls ---- */

static int
field(const char *line, const char *key)
{
    const char *found = strstr(line, key);

    return found == NULL ? 0 : (int)strtol(found + strlen(key), NULL, 0);
}

/* "tag=L" is the neighbour's on the left, "tag=R" the one's on the right. */
static unsigned
tag_of(const char *line, long start, long pages)
{
    const char *tag = strstr(line, " tag=");
    struct vm_region_submap_info_64 info;
    mach_vm_address_t where, at;
    mach_vm_size_t size = 0;

    if (tag == NULL || (tag[5] != 'L' && tag[5] != 'R'))
        return (unsigned)field(line, " tag=");
    where = at = tag[5] == 'L' ? at_page(start) - 1 : at_page(start + pages);
    if (!region_at(&at, &size, &info) || at > where || info.user_tag < TAG_FIRST)
        return 0;
    return info.user_tag;
}

static int
do_mmap(mach_vm_address_t at, mach_vm_size_t size, unsigned tag)
{
    return mach_kit_mmap(&at, size, 3, MAP_PRIVATE_FIXED_ANON, (int)tag);
}

static int
do_call(const char *line, const char *verb, long start, long pages)
{
    mach_vm_address_t at = at_page(start);
    mach_vm_size_t size = bytes_of(pages);
    mach_port_t self = mach_task_self();
    host_priv_t host = 0;

    must(host_get_host_priv_port(mach_host_self(), &host), "the host");
    if (strcmp(verb, "wire") == 0)
        return mach_vm_wire(host, self, at, size, field(line, "prot="));
    if (strcmp(verb, "protect") == 0)
        return mach_vm_protect(self, at, size, field(line, "set_max="), field(line, "prot="));
    if (strcmp(verb, "inherit") == 0)
        return mach_vm_inherit(self, at, size, (vm_inherit_t)field(line, "inherit="));
    if (strcmp(verb, "behavior") == 0)
        return mach_vm_behavior_set(self, at, size, field(line, "behavior="));
    if (strcmp(verb, "deallocate") == 0)
        return mach_vm_deallocate(self, at, size);
    if (strcmp(verb, "mmap") == 0)
        return do_mmap(at, size, tag_of(line, start, pages));
    return mach_vm_allocate(self, &at, size,
                            (int)(tag_flag(tag_of(line, start, pages)) |
                                  (strstr(line, "overwrite") != NULL ? OVERWRITE : 0u)));
}

static void
answer_call(const char *line, const char *verb, long start, long pages)
{
    const char *arrow = strstr(line, " ->");
    int length = arrow == NULL ? (int)strcspn(line, "\n") : (int)(arrow - line);

    printf("%.*s -> ", length, line);
    printf("%d\n", do_call(line, verb, start, pages));
}

static void
answer_access(const char *verb, const char *line, long start, long pages)
{
    bool write = strcmp(verb, "write") == 0;
    uint8_t byte = 0, first_byte = 0;
    int code, first_code = 0;
    long first = start;

    for (long page = start; page <= start + pages; page++) {
        byte = write ? (uint8_t)field(line, "byte=") : 0;
        code = page < start + pages ? mach_kit_touch(at_page(page), write, &byte) : -1;
        if (page > start && (code != first_code || byte != first_byte)) {
            printf("%s %ld %ld -> %d byte=", verb, first, page - first, first_code);
            if (first_code != KERN_SUCCESS && !write)
                printf("-\n");
            else
                printf("%u\n", first_byte);
            first = page;
        }
        first_code = code;
        first_byte = byte;
    }
}

/* '1' resident, '0' not, '-' nothing at all but "anonymous" */
static char
mincore_letter(uint8_t found)
{
    enum { RESIDENT = 1, ANONYMOUS = 0x80 };

    return found & RESIDENT ? '1' : found & ~ANONYMOUS & 0xFF ? '0' : '-';
}

static void
answer_mincore(long start, long pages)
{
    uint8_t *found = calloc((size_t)pages + 1, 1);
    long first = 0;

    if (found == NULL)
        exit(2);
    must(mach_kit_mincore(at_page(start), bytes_of(pages), found), "mincore");
    for (long page = 1; page <= pages; page++) {
        if (page < pages && mincore_letter(found[page]) == mincore_letter(found[first]))
            continue;
        printf("mincore %ld %ld resident=%c\n", start + first, page - first,
               mincore_letter(found[first]));
        first = page;
    }
    free(found);
}

/* ---- lines ---- */

static bool
read_layout(const char *line)
{
    struct entry *entry = &now.entries[now.entry_count];
    struct object *object = &now.objects[now.object_count];
    char share[16], number[8], value[32];

    if (sscanf(line, "object %*d pages=%d fill=%31s", &object->pages, value) == 2) {
        object->fill = value[0] == '-' ? -1 : (int)(strtoull(value, NULL, 0) & 0xFF);
        object->needed = 0;
        object->at = 0;
        now.object_count++;
    } else if (sscanf(line, "entry A %d share=%15s obj=%7s off=%d prot=%d max=%d permanent=%d",
                      &entry->pages, share, number, &entry->offset, &entry->prot, &entry->max,
                      &entry->permanent) == 7) {
        entry->share = share[0];
        entry->object = number[0] == '-' ? -1 : atoi(number);
        now.entry_count++;
    } else if (sscanf(line, "entry H %d", &entry->pages) == 1) {
        entry->share = 'h';
        entry->object = -1;
        now.entry_count++;
    } else {
        return false;
    }
    return true;
}

static void
answer_line(const char *line)
{
    char verb[24];
    long start, pages;

    if (line[0] == ' ')
        return; /* an old answer */
    if (sscanf(line, "do %23s %ld %ld", verb, &start, &pages) == 3) {
        answer_call(line, verb, start, pages);
    } else if (sscanf(line, "mincore %ld %ld", &start, &pages) == 2) {
        answer_mincore(start, pages);
    } else if (strncmp(line, "range", 5) != 0 &&
               sscanf(line, "%23s %ld %ld", verb, &start, &pages) == 3) {
        answer_access(verb, line, start, pages);
    } else {
        fputs(line, stdout);
        if (strcmp(line, "state\n") == 0 || strcmp(line, "gone\n") == 0)
            show_state(line[0] == 'g');
        else if (strncmp(line, "range", 5) == 0)
            make_layout();
        else
            (void)read_layout(line);
    }
}

static void
begin_case(const char *profile, const char *machine)
{
    if (mach_kit_start(profile, machine) != 0) {
        fprintf(stderr, "no such profile or machine\n");
        exit(2);
    }
    now.page_bytes = (mach_vm_size_t)1 << mach_kit_page_shift();
    now.entry_count = now.object_count = 0;
    now.name_count = 0;
}

int
main(int argc, char **argv)
{
    static char line[512], name[512];
    FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;

    if (file == NULL) {
        fprintf(stderr, "usage: answer_cases FILE [PROFILE [MACHINE]]\n");
        return 2;
    }
    now.name = name;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "case ", 5) == 0) {
            begin_case(argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
            strcpy(name, line);
            name[strcspn(name, "\n")] = '\0';
        }
        answer_line(line);
    }
    fclose(file);
    mach_kit_stop();
    return 0;
}
