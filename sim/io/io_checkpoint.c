/*
 * io_checkpoint.c - see io_checkpoint.h
 *
 *     we -----------------------------> at the end -- ask --.
 *      \ fork         \ fork                                |
 *       checkpoint     checkpoint  <------------------------'
 *                        \ fork
 *                         worker ----> the point -- answer --> we
 */
#include "io/io_checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void
io_checkpoints_begin(struct io_checkpoints *checkpoints, uint64_t distance)
{
    checkpoints->count = 0;
    checkpoints->distance = distance;
    checkpoints->answer_to = -1;
}

void
io_checkpoints_end(struct io_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->count; i++)
        close(checkpoints->checkpoint[i].socket); /* its read ends, and so does it */
    checkpoints->count = 0;
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

/* ---- whole messages ---- */

static bool
io_put_all(int socket, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0) {
        ssize_t put = send(socket, at, length, MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        at += put;
        length -= (size_t)put;
    }
    return true;
}

static bool
io_get_all(int socket, void *bytes, size_t length)
{
    char *at = bytes;

    while (length > 0) {
        ssize_t got = recv(socket, at, length, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

/* ---- the checkpoint's side ---- */

/* Waits for requests for ever; returns in the workers only. */
static void
io_checkpoint_wait(int socket, void *request, size_t size)
{
    static const uint64_t no_answer = UINT64_MAX;

    while (io_get_all(socket, request, size)) {
        pid_t worker = fork();
        int status = 1;

        if (worker == 0)
            return;
        while (worker > 0 && waitpid(worker, &status, 0) < 0 && errno == EINTR)
            continue;
        if ((worker < 0 || status != 0) && !io_put_all(socket, &no_answer, sizeof(no_answer)))
            break;
    }
    _exit(0);
}

/* Every other checkpoint goes. */
static void
io_checkpoints_thin(struct io_checkpoints *checkpoints)
{
    size_t kept = 0;

    for (size_t i = 0; i < checkpoints->count; i++) {
        if (i % 2 == 0)
            checkpoints->checkpoint[kept++] = checkpoints->checkpoint[i];
        else
            close(checkpoints->checkpoint[i].socket);
    }
    checkpoints->count = kept;
    checkpoints->distance *= 2;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

static bool
io_checkpoint_fork(struct io_checkpoints *checkpoints, uint64_t at, void *request, size_t size)
{
    int ends[2];
    pid_t child;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return false;
    child = fork();
    if (child == 0) {
        for (size_t i = 0; i < checkpoints->count; i++)
            close(checkpoints->checkpoint[i].socket);
        checkpoints->count = 0;
        close(ends[0]);
        checkpoints->answer_to = ends[1];
        io_checkpoint_wait(ends[1], request, size);
        return true;
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return false;
    }
    checkpoints->checkpoint[checkpoints->count].at = at;
    checkpoints->checkpoint[checkpoints->count].socket = ends[0];
    checkpoints->count++;
    return false;
}

bool
io_checkpoint(struct io_checkpoints *checkpoints, uint64_t at, void *request, size_t size)
{
    size_t count = checkpoints->count;

    if (checkpoints->answer_to >= 0)
        return false; /* a worker makes none */
    if (count > 0 && at - checkpoints->checkpoint[count - 1].at < checkpoints->distance)
        return false;
    if (count == IO_CHECKPOINTS) {
        io_checkpoints_thin(checkpoints);
        return false; /* the next point that is far enough is ours */
    }
    return io_checkpoint_fork(checkpoints, at, request, size);
}

_Noreturn void
io_checkpoint_answer(struct io_checkpoints *checkpoints, const struct io_bytes *answer)
{
    uint64_t length = answer->length;
    bool is_put = !answer->is_short &&
                  io_put_all(checkpoints->answer_to, &length, sizeof(length)) &&
                  io_put_all(checkpoints->answer_to, answer->data, answer->length);

    _exit(is_put ? 0 : 1);
}

/* ---- our side ---- */

static bool
io_checkpoint_read(int socket, struct io_bytes *answer)
{
    uint64_t length;
    char chunk[4096];

    if (!io_get_all(socket, &length, sizeof(length)) || length == UINT64_MAX)
        return false;
    while (length > 0) {
        size_t piece = length < sizeof(chunk) ? (size_t)length : sizeof(chunk);

        if (!io_get_all(socket, chunk, piece))
            return false;
        io_bytes_put(answer, chunk, piece);
        length -= piece;
    }
    return !answer->is_short;
}

bool
io_checkpoint_ask(const struct io_checkpoints *checkpoints, uint64_t at, const void *request,
                  size_t size, struct io_bytes *answer)
{
    size_t i = checkpoints->count;

    while (i > 0 && checkpoints->checkpoint[i - 1].at > at)
        i--;
    return i > 0 && io_put_all(checkpoints->checkpoint[i - 1].socket, request, size) &&
           io_checkpoint_read(checkpoints->checkpoint[i - 1].socket, answer);
}
