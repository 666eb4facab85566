/*
 * replay_main.c - runs a fuzzer's entry over its corpus without libFuzzer
 *
 * replay FOLDER...: every file as it is, then a bounded number of mutations of each, the same on
 * every machine. No file at all, or one that cannot be read, is a failure.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { MUTATIONS = 200, FILE_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Flips a bit, cuts, doubles, splices a part elsewhere or writes a word; returns the new size. */
static size_t
mutate(struct vmm_rng *rng, uint8_t *bytes, size_t size)
{
    static const char *const words[] = { "0xffffffffffffffff",
                                         "18446744073709551616",
                                         "nofault",
                                         "expect",
                                         "{",
                                         "}",
                                         "=",
                                         "\n",
                                         "\xff" };
    const char *word = words[vmm_rng_below(rng, VMM_COUNT_OF(words))];
    size_t at, from, length;

    if (size == 0)
        return 0;
    at = (size_t)vmm_rng_below(rng, size);
    from = (size_t)vmm_rng_below(rng, size);
    switch (vmm_rng_below(rng, 5)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << vmm_rng_below(rng, 8));
        return size;
    case 1:
        return at;
    case 2:
        if (size > FILE_MAX / 2)
            return size;
        memcpy(bytes + size, bytes, size);
        return size * 2;
    case 3:
        length = size - (at > from ? at : from);
        memmove(bytes + at, bytes + from, length);
        return size;
    default:
        length = strlen(word);
        if (length <= size - at)
            memcpy(bytes + at, word, length);
        return size;
    }
}

/* The entry gets a block of exactly its size, so that a sanitizer sees a read past the end. */
static void
run_entry(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);

    if (exact == NULL)
        abort();
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void
replay(const uint8_t *original, size_t size)
{
    static uint8_t bytes[FILE_MAX];
    struct vmm_rng rng = { .state = size }; /* not the name or the order: folders have none */

    run_entry(original, size);
    for (unsigned i = 0; i < MUTATIONS; i++) {
        size_t now = size;

        memcpy(bytes, original, size);
        for (uint64_t rounds = 1 + vmm_rng_below(&rng, 4); rounds > 0; rounds--)
            now = mutate(&rng, bytes, now);
        run_entry(bytes, now);
    }
}

/* False, and said so, when the file cannot be read. */
static bool
replay_file(const char *folder, const char *name)
{
    static uint8_t bytes[FILE_MAX];
    char path[4096];
    FILE *file;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    replay(bytes, size);
    return true;
}

/* The number of files replayed, or -1 when something could not be read. */
static int
replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int files = 0;

    if (folder == NULL) {
        perror(path);
        return -1;
    }
    while (files >= 0 && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.')
            files = replay_file(path, entry->d_name) ? files + 1 : -1;
    }
    closedir(folder);
    return files;
}

int
main(int argc, char **argv)
{
    int files = 0;

    for (int i = 1; i < argc; i++) {
        int more = replay_folder(argv[i]);

        if (more < 0)
            return 1;
        files += more;
    }
    printf("replayed %d files, %d mutations each\n", files, MUTATIONS);
    return files > 0 ? 0 : 1;
}
