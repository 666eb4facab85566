/*
 * io_serve_internal.h - the parts of a server, for its files
 *
 * PURPOSE     io_serve.c has the server: its port, its site, its news. io_serve_connection.c has what one
 *             connection goes through.
 * INVARIANTS  see io_serve.h
 * UNITS       none
 * OWNERSHIP   a connection frees itself behind its last callback; a site goes with its last reader
 * ERRORS      none of its own
 * EVENTS      none
 * XNU         none
 */
#ifndef IO_IO_SERVE_INTERNAL_H
#define IO_IO_SERVE_INTERNAL_H

#include <uv.h>

#include "io/io_serve.h"
#include "io/io_watch.h"

/* A site and who reads it. */
struct io_held_site {
    struct io_site site;
    unsigned readers;
};

struct io_connection;

struct io_server {
    const struct io_serve_user *user;
    uv_loop_t loop;
    uv_tcp_t port;
    uv_signal_t interrupt, ending;
    uv_timer_t watch;
    struct io_stamp stamp; /* of the watched file, as it was before it was read */
    uv_async_t told;
    uv_timer_t follow;
    uint64_t followed; /* bytes that have been handed on */
    uv_work_t work;
    uint16_t number; /* of the port */
    struct io_connection *connections[IO_SERVE_CONNECTIONS];
    size_t count, listener_count;
    bool has_waiting; /* a connection that was not accepted, since there are enough */
    struct io_held_site *site;
    uint64_t version; /* of the site, from 1; 0: none yet */
    /* While one is made: */
    bool is_making, is_stale, has_more;
    unsigned step;
    struct io_held_site *made;
    struct io_bytes err;
    /* What was told last. */
    uv_mutex_t lock;
    char news[IO_SERVE_NEWS_BYTES];
    uint64_t news_number;
    bool is_ending;
    enum io_end end;
};

/* Takes the connection that waits on the port. */
void io_connection_accept(struct io_server *server);

/* Brings a stream up to date. */
void io_connection_wake(struct io_connection *connection);

void io_connection_close(struct io_connection *connection);

void io_site_release(struct io_held_site *held);

/* A connection went away: another may come. */
void io_server_left(struct io_server *server);

/* io_serve_follow.c: hands on what is added to the followed file. */
void io_server_follow(struct io_server *server);

/* The number of the last news, which are copied unless they are those that were `seen`. */
uint64_t io_server_news(struct io_server *server, uint64_t seen, char news[IO_SERVE_NEWS_BYTES]);

#endif
