/*
 * vm_profile.h - a release is data
 *
 * PURPOSE     What changed between XNU releases, as named fields. The code asks for a behaviour and
 *             never for a version number.
 * INVARIANTS  F1  rows stand in the order of release; each row says only what changed against the
 *                 row before it, with its source, so every field of every row has a source
 * UNITS       as each field says
 * OWNERSHIP   rows and texts are constants; struct vm_profile is a plain value
 * ERRORS      false for a name that no row has
 * EVENTS      none
 * XNU         iokit.md 5.2, vm.md 11. Differs: `seed-view` is not a release but what the report of
 *             the radar believed of 10.9, and says so.
 */
#ifndef VM_VM_PROFILE_H
#define VM_VM_PROFILE_H

#include "base/types.h"

/* Values of the fields that are not plain truths. */
enum { VM_PREFAULT_ABSENT, VM_PREFAULT_NOT_KERNEL, VM_PREFAULT_ANY };
enum { VM_MISMATCH_VM_ERROR, VM_MISMATCH_NOT_ALIGNED, VM_MISMATCH_TRUNCATES };
enum { VM_MULTI_ANONYMOUS, VM_MULTI_NULL, VM_MULTI_CHILDREN };
enum { VM_FREE_SPACE_FIRST_FREE, VM_FREE_SPACE_HOLES };
enum { VM_WIRE_LIMIT_RESERVE, VM_WIRE_LIMIT_PERCENT };
enum { VM_MLOCK_ENOMEM, VM_MLOCK_EACCES, VM_MLOCK_EPERM };
enum { VM_PANIC_PLAIN, VM_PANIC_PL, VM_PANIC_PL_VF, VM_PANIC_PL_VF_TYPE_EQUALS };

struct vm_profile {
    const char *name;  /* "macos-10.12.2" */
    const char *label; /* what a reader should know about the row: "macOS 10.12.2-10.12.5" */
    const char *tag;   /* the XNU tag it was read from: "xnu-3789.31.2" */
    bool is_release;   /* false: seed-view */
#define VM_PROFILE_FIELD(field, type, text) type field;
#include "vm/vm_profile_fields.def"
#undef VM_PROFILE_FIELD
};

/* How many rows there are, in order of release; seed-view is the last. */
size_t vm_profile_count(void);

/* Fills *profile from row `index` < vm_profile_count(). */
void vm_profile_at(size_t index, struct vm_profile *profile);

/*
 * Finds a row by name: an exact name, else the last row of that release ("macos-10.12" is
 * macos-10.12.6, "macos-15" is macos-15.5). True: *index is the row.
 */
bool vm_profile_find(const char *name, size_t length, size_t *index);

/* The row whose changes come before those of row `index`; false: there is none. */
bool vm_profile_base(size_t index, size_t *base);

struct vm_profile_field {
    const char *name;
    const char *text; /* what the field means */
    uint64_t value;
    const char *value_name; /* "true", "refused for kernel_map"; NULL: the number speaks */
    const char *since;      /* the row that set the value */
    const char *source;     /* where it was read */
};

/* How many fields a profile has, and one of them with its source, as `profiles show` prints it. */
size_t vm_profile_field_count(void);
void vm_profile_field_at(size_t row, size_t field, struct vm_profile_field *out);

/* Gives *profile one field of another profile: to ask which of two rows' differences decides. */
void vm_profile_field_copy(struct vm_profile *profile, size_t field, const struct vm_profile *from);

#endif
