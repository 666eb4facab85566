/*
 * io_checkpoint.h - places in a computation to go on from, again and again
 *
 * PURPOSE     A checkpoint is a process, forked where the computation stands, that waits. Asked, it
 *             forks a worker that goes on from there and answers; the checkpoint itself stays as it
 *             is. So any later point is reached from the nearest checkpoint before it, however the
 *             computation keeps its state.
 * INVARIANTS  K1  at most IO_CHECKPOINTS wait; when there would be more, every other one goes and the
 *                 distance doubles
 * UNITS       at: whatever the caller counts, growing
 * OWNERSHIP   io_checkpoints_end() ends them; so does the end of this process
 * ERRORS      a fork that fails leaves one checkpoint fewer, which costs time only
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_CHECKPOINT_H
#define IO_IO_CHECKPOINT_H

#include <stdint.h>

#include "io/io_bytes.h"

enum { IO_CHECKPOINTS = 128 };

struct io_checkpoints {
    size_t count;
    uint64_t distance;
    struct {
        uint64_t at;
        int socket; /* our end */
    } checkpoint[IO_CHECKPOINTS];
    int answer_to; /* in a worker: where its answer goes; else -1 */
};

/* Before any thread is made. `distance`: between the first checkpoints. */
void io_checkpoints_begin(struct io_checkpoints *checkpoints, uint64_t distance);
/* Ends every checkpoint, and waits for its process. */
void io_checkpoints_end(struct io_checkpoints *checkpoints);

/*
 * Makes a checkpoint when `at` is the first point or far enough from the last one. False: we go on as
 * before. True: we are a worker, and *request is what was asked; io_checkpoint_answer() is to follow.
 */
bool io_checkpoint(struct io_checkpoints *checkpoints, uint64_t at, void *request, size_t size);

/* In a worker: hands the bytes to who asked, and ends the process. */
_Noreturn void io_checkpoint_answer(struct io_checkpoints *checkpoints,
                                    const struct io_bytes *answer);

/* Asks the last checkpoint at or before `at`; appends the answer. False: there was none. */
bool io_checkpoint_ask(const struct io_checkpoints *checkpoints, uint64_t at, const void *request,
                       size_t size, struct io_bytes *answer);

#endif
