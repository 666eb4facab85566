/* cmd_files.c - files that the user names, read and written with one complaint for all verbs */
#include "cmd/cmd.h"
#include "io/io_file.h"

bool
cmd_read_file(const char *path, size_t limit, struct io_bytes *bytes, struct io_bytes *err)
{
    char why[IO_WHY_BYTES];

    if (io_file_read(path, limit, bytes, why))
        return true;
    cmd_complain(err, "%s: cannot be read: %s", path, why);
    return false;
}

bool
cmd_write_file(const char *path, const char *data, size_t length, struct io_bytes *err)
{
    char why[IO_WHY_BYTES];

    if (io_file_write(path, data, length, why))
        return true;
    cmd_complain(err, "%s: cannot be written: %s", path, why);
    return false;
}
