/*
 * vm_profile.c - releases computed from what each one changed
 *
 * One flat table: a row starts, its changes follow, the next row starts. A profile is what is left
 * after every change up to its row was made, beginning at the first row (or at the row's base).
 */
#include "vm/vm_profile.h"

#include <string.h>

#include "base/assert.h"

enum vm_profile_field_id {
#define VM_PROFILE_FIELD(field, type, text) FIELD_##field,
#include "vm/vm_profile_fields.def"
#undef VM_PROFILE_FIELD
    FIELD_COUNT
};

struct vm_profile_layout {
    const char *name;
    const char *text;
    size_t offset;
    size_t size;
    bool is_truth;
};

static const struct vm_profile_layout layouts[FIELD_COUNT] = {
#define VM_PROFILE_FIELD(field, type, text)                           \
    { #field, text, offsetof(struct vm_profile, field), sizeof(type), \
      _Generic((type)0, bool                                          \
               : true, default                                        \
               : false) },
#include "vm/vm_profile_fields.def"
#undef VM_PROFILE_FIELD
};

/* A row (name set) or one change of the row before it. */
struct vm_profile_line {
    const char *name;
    const char *label;
    const char *tag;
    const char *base;
    enum vm_profile_field_id field;
    uint64_t value;
    const char *source;
};

static const struct vm_profile_line lines[] = {
#define VM_PROFILE_ROW(row_name, row_label, row_tag, row_base) \
    { .name = row_name, .label = row_label, .tag = row_tag, .base = row_base },
#define VM_PROFILE_SET(row_field, row_value, row_source) \
    { .field = FIELD_##row_field, .value = row_value, .source = row_source },
#include "vm/vm_profile_rows.def"
#undef VM_PROFILE_ROW
#undef VM_PROFILE_SET
};

/* What numbers of the fields with choices mean. */
struct vm_profile_choice {
    enum vm_profile_field_id field;
    uint64_t value;
    const char *name;
};

static const struct vm_profile_choice choices[] = {
    { FIELD_prefault, VM_PREFAULT_ABSENT, "ignored: the option does not exist" },
    { FIELD_prefault, VM_PREFAULT_NOT_KERNEL, "refused for kernel_task and when not prepared" },
    { FIELD_prefault, VM_PREFAULT_ANY, "refused when not prepared" },
    { FIELD_fixed_offset_mismatch, VM_MISMATCH_VM_ERROR, "refused with kIOReturnVMError" },
    { FIELD_fixed_offset_mismatch, VM_MISMATCH_NOT_ALIGNED, "refused with kIOReturnNotAligned" },
    { FIELD_fixed_offset_mismatch, VM_MISMATCH_TRUNCATES, "the address is moved silently" },
    { FIELD_multi_map, VM_MULTI_ANONYMOUS, "zero-filled memory that is none of the children's" },
    { FIELD_multi_map, VM_MULTI_NULL, "NULL" },
    { FIELD_multi_map, VM_MULTI_CHILDREN, "the children one after another" },
    { FIELD_free_space, VM_FREE_SPACE_FIRST_FREE, "first_free: may answer below the hint" },
    { FIELD_free_space, VM_FREE_SPACE_HOLES, "list of holes" },
    { FIELD_mlock_errno, VM_MLOCK_ENOMEM, "EAGAIN for a limit, else ENOMEM" },
    { FIELD_mlock_errno, VM_MLOCK_EACCES, "EAGAIN, EACCES for rights, else ENOMEM" },
    { FIELD_mlock_errno, VM_MLOCK_EPERM, "EAGAIN, EPERM for rights, EINVAL, else ENOMEM" },
    { FIELD_wire_limit, VM_WIRE_LIMIT_RESERVE, "RAM less a fifth, at most 64 MiB" },
    { FIELD_wire_limit, VM_WIRE_LIMIT_PERCENT, "70 % of RAM or more, by size" },
    { FIELD_panic_shape, VM_PANIC_PLAIN, "ends with Fault CPU" },
    { FIELD_panic_shape, VM_PANIC_PL, "ends with PL" },
    { FIELD_panic_shape, VM_PANIC_PL_VF, "ends with PL and VF" },
    { FIELD_panic_shape, VM_PANIC_PL_VF_TYPE_EQUALS, "says type = 14; ends with PL and VF" },
};

/* The line that starts row `index`. */
static size_t
vm_profile_row_line(size_t index)
{
    size_t line = 0;

    VMM_ASSERT(index < vm_profile_count());
    for (size_t rows = 0;; line++) {
        if (lines[line].name != NULL && rows++ == index)
            return line;
    }
}

static const struct vm_profile_line *
vm_profile_row(size_t index)
{
    return &lines[vm_profile_row_line(index)];
}

size_t
vm_profile_count(void)
{
    size_t rows = 0;

    for (size_t line = 0; line < VMM_COUNT_OF(lines); line++)
        rows += lines[line].name != NULL;
    return rows;
}

bool
vm_profile_base(size_t index, size_t *base)
{
    const char *name = vm_profile_row(index)->base;

    if (name != NULL)
        return vm_profile_find(name, strlen(name), base);
    *base = index - 1;
    return index > 0;
}

/* The last change of a field up to row `index`, and the row it stands in; NULL: never set. */
static const struct vm_profile_line *
vm_profile_change(size_t index, enum vm_profile_field_id field, size_t *since)
{
    for (;;) {
        size_t line = vm_profile_row_line(index) + 1;

        for (; line < VMM_COUNT_OF(lines) && lines[line].name == NULL; line++) {
            if (lines[line].field == field) {
                *since = index;
                return &lines[line];
            }
        }
        if (!vm_profile_base(index, &index))
            return NULL;
    }
}

static void
vm_profile_store(struct vm_profile *profile, enum vm_profile_field_id field, uint64_t value)
{
    char *place = (char *)profile + layouts[field].offset;
    uint32_t word = (uint32_t)value;
    uint8_t byte = (uint8_t)value;

    if (layouts[field].size == sizeof(word))
        memcpy(place, &word, sizeof(word));
    else
        memcpy(place, &byte, sizeof(byte));
}

/* From the line that starts a row to the one that starts its base: vm_profile_base(), without counting rows. */
static bool
vm_profile_base_line(size_t *line)
{
    const char *name = lines[*line].base;
    size_t index;

    if (name != NULL) {
        if (!vm_profile_find(name, strlen(name), &index))
            return false;
        *line = vm_profile_row_line(index);
        return true;
    }
    while (*line > 0) {
        if (lines[--*line].name != NULL)
            return true;
    }
    return false;
}

/* What a row sets counts before what the rows below it do, so each field is set once, from the top. */
void
vm_profile_at(size_t index, struct vm_profile *profile)
{
    size_t start = vm_profile_row_line(index);
    const struct vm_profile_line *row = &lines[start];
    bool is_set[FIELD_COUNT] = { false };
    unsigned left = FIELD_COUNT;

    *profile = (struct vm_profile){
        .name = row->name, .label = row->label, .tag = row->tag, .is_release = row->base == NULL
    };
    do {
        size_t line = start + 1;

        for (; line < VMM_COUNT_OF(lines) && lines[line].name == NULL; line++) {
            if (is_set[lines[line].field])
                continue;
            vm_profile_store(profile, lines[line].field, lines[line].value);
            is_set[lines[line].field] = true;
            left--;
        }
    } while (vm_profile_base_line(&start));
    VMM_ASSERT(left == 0); /* F1: the first row sets every field */
}

/* Whether a row belongs to the release asked for: the name itself, or the name and a point. */
static bool
vm_profile_matches(const char *row, const char *name, size_t length)
{
    return strlen(row) >= length && memcmp(row, name, length) == 0 &&
           (row[length] == '\0' || row[length] == '.');
}

/* Whether two rows are of one release: a point release changes no Darwin major. */
static bool
vm_profile_is_sibling(size_t row, size_t other)
{
    struct vm_profile a;
    struct vm_profile b;

    vm_profile_at(row, &a);
    vm_profile_at(other, &b);
    return a.darwin_major == b.darwin_major;
}

bool
vm_profile_find(const char *name, size_t length, size_t *index)
{
    size_t found = SIZE_MAX;
    size_t row = 0;

    for (size_t line = 0; length > 0 && line < VMM_COUNT_OF(lines); line++) {
        if (lines[line].name == NULL)
            continue;
        if (vm_profile_matches(lines[line].name, name, length)) {
            if (found != SIZE_MAX && !vm_profile_is_sibling(found, row))
                return false; /* "macos-10" is the start of many names and no release */
            found = row;
            if (strlen(lines[line].name) == length)
                break; /* an exact name wins; else the last row of the release does */
        }
        row++;
    }
    if (found != SIZE_MAX)
        *index = found;
    return found != SIZE_MAX;
}

size_t
vm_profile_field_count(void)
{
    return FIELD_COUNT;
}

static const char *
vm_profile_value_name(enum vm_profile_field_id field, uint64_t value)
{
    if (layouts[field].is_truth)
        return value ? "true" : "false";
    for (size_t i = 0; i < VMM_COUNT_OF(choices); i++) {
        if (choices[i].field == field && choices[i].value == value)
            return choices[i].name;
    }
    return NULL;
}

void
vm_profile_field_at(size_t row, size_t field, struct vm_profile_field *out)
{
    enum vm_profile_field_id id = (enum vm_profile_field_id)field;
    const struct vm_profile_line *change;
    size_t since = 0;

    VMM_ASSERT(field < FIELD_COUNT);
    change = vm_profile_change(row, id, &since);
    *out = (struct vm_profile_field){ .name = layouts[id].name,
                                      .text = layouts[id].text,
                                      .value = change->value,
                                      .value_name = vm_profile_value_name(id, change->value),
                                      .since = vm_profile_row(since)->name,
                                      .source = change->source };
}

void
vm_profile_field_copy(struct vm_profile *profile, size_t field, const struct vm_profile *from)
{
    VMM_ASSERT(field < FIELD_COUNT);
    memcpy((char *)profile + layouts[field].offset, (const char *)from + layouts[field].offset,
           layouts[field].size);
}
