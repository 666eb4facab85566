/*
 * fuzz_json.c - any bytes as JSON that the program reads: a machine, a recording, two reports
 *
 * The readers take files, so the bytes stand in one without a name. Each verb refuses them with one
 * complaint, or takes them; what it prints is nobody's business here.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/cmd_backend.h"

enum { PATH_BYTES = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file without a name that holds the bytes, or -1. */
static int
hold(const uint8_t *data, size_t size, char path[PATH_BYTES])
{
    FILE *file = tmpfile();
    int descriptor;

    if (file == NULL)
        return -1;
    if (fwrite(data, 1, size, file) != size || fflush(file) != 0) {
        fclose(file);
        return -1;
    }
    descriptor = dup(fileno(file));
    fclose(file);
    snprintf(path, PATH_BYTES, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

/* Once: what the verbs print goes nowhere; fuzz.sh lets what they complain about go there too. */
static void
be_quiet(void)
{
    static int nowhere = -1;

    if (nowhere >= 0)
        return;
    nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        abort();
}

static void
load_machine(const char *path)
{
    struct io_bytes err = { 0 };
    struct hw_geometry geometry;
    struct machine machine;

    if (!cmd_machine_shape(path, &machine, &geometry, &err) && err.length == 0)
        abort(); /* whoever refuses says why */
    io_bytes_free(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PATH_BYTES];
    char *files[] = { path, path };
    struct cmd_words one = { .word = files, .count = 1 };
    struct cmd_words two = { .word = files, .count = 2 };
    const struct cmd_verb verb = { "diff", "", "", cmd_diff };
    int descriptor = hold(data, size, path);

    if (descriptor < 0)
        return 0;
    be_quiet();
    load_machine(path);
    (void)cmd_replay_recording(&one, false);
    if (cmd_diff(&verb, &two) == CMD_FINDINGS)
        abort(); /* nothing differs from itself */
    close(descriptor);
    return 0;
}
