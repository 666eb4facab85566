/* test_io_http.c - any head has one answer, and only our own pages are answered */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/io_http.h"

static struct io_http_request request;

static enum io_http_status
status_of(const char *head)
{
    return io_http_read(head, strlen(head), &request);
}

static void
a_plain_request_is_read(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET /run?x=1 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"
                               "Accept: */*\r\nORIGIN:\thttp://localhost:80 \r\n\r\nmore"),
                     IO_HTTP_OK);
    assert_int_equal(request.path.length, 4);
    assert_memory_equal(request.path.bytes, "/run", 4);
    assert_memory_equal(request.host.bytes, "127.0.0.1:80", request.host.length);
    assert_int_equal(request.origin.length, strlen("http://localhost:80"));
    assert_int_equal(status_of("GET / HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
                     IO_HTTP_OK);
}

static void
what_is_not_plainly_right_is_refused(void **state)
{
    static const struct {
        const char *head;
        enum io_http_status status;
    } cases[] = {
        { "", IO_HTTP_MORE },
        { "GET / HTTP/1.1\r\nHost: a\r\n", IO_HTTP_MORE },
        { "GET / HTTP/1.1\nHost: a\n\n", IO_HTTP_MORE }, /* no CRLF: no end */
        { "\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\n\r\n", IO_HTTP_BAD }, /* for whom? */
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nOrigin: b\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", IO_HTTP_BAD },
        { "GET /\r\nHost: a\r\n\r\n", IO_HTTP_BAD },
        { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", IO_HTTP_BAD },
        { "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", IO_HTTP_BAD },
        { "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", IO_HTTP_BAD },
        { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", IO_HTTP_VERSION },
        { "POST / HTTP/1.1\r\nHost: a\r\n\r\n", IO_HTTP_METHOD },
        { "get / HTTP/1.1\r\nHost: a\r\n\r\n", IO_HTTP_METHOD },
        { "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", IO_HTTP_BAD },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (status_of(cases[i].head) != cases[i].status)
            fail_msg("%s: %d", cases[i].head, (int)status_of(cases[i].head));
    }
}

static void
a_head_may_be_so_large_and_no_larger(void **state)
{
    static char head[IO_HTTP_HEAD_MAX + 8];
    const char *start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";

    (void)state;
    memset(head, 'x', sizeof head);
    memcpy(head, start, strlen(start));
    assert_int_equal(io_http_read(head, IO_HTTP_HEAD_MAX - 1, &request), IO_HTTP_MORE);
    assert_int_equal(io_http_read(head, IO_HTTP_HEAD_MAX, &request), IO_HTTP_LARGE);
    memcpy(head + IO_HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    assert_int_equal(io_http_read(head, IO_HTTP_HEAD_MAX, &request), IO_HTTP_OK);
    memcpy(head + IO_HTTP_HEAD_MAX - 4, "x\r\n\r\n", 5);
    assert_int_equal(io_http_read(head, IO_HTTP_HEAD_MAX + 1, &request), IO_HTTP_LARGE);
}

static void
the_same_bytes_in_pieces_are_the_same_request(void **state)
{
    const char *head = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

    (void)state;
    for (size_t length = 0; length < strlen(head); length++)
        assert_int_equal(io_http_read(head, length, &request), IO_HTTP_MORE);
    assert_int_equal(status_of(head), IO_HTTP_OK);
}

static bool
is_ours_at(unsigned port, const char *host, const char *origin)
{
    const struct io_http_request asked = {
        .host = { host, strlen(host) },
        .origin = { origin, origin != NULL ? strlen(origin) : 0 },
    };

    return io_http_is_ours(&asked, port);
}

static bool
is_ours(const char *host, const char *origin)
{
    return is_ours_at(8080, host, origin);
}

static void
foreign_names_and_pages_are_not_ours(void **state)
{
    (void)state;
    assert_true(is_ours("127.0.0.1:8080", NULL));
    assert_true(is_ours("LocalHost:8080", "http://localhost:8080"));
    assert_false(is_ours("localhost", NULL));
    assert_false(is_ours("localhost:80800", NULL));
    assert_false(is_ours("evil.example:8080", NULL)); /* its name may well lead to 127.0.0.1 */
    assert_false(is_ours("127.0.0.1:8080", "http://evil.example"));
    assert_false(is_ours("127.0.0.1:8080", "https://127.0.0.1:8080"));
    assert_false(is_ours("127.0.0.1:8080", "null"));
    assert_false(is_ours("127.0.0.1:8080", "http://localhost:8080")); /* another origin */
}

static void
the_port_of_http_may_be_left_out(void **state)
{
    (void)state;
    assert_true(is_ours_at(80, "127.0.0.1", NULL));
    assert_true(is_ours_at(80, "localhost", "http://localhost"));
    assert_true(is_ours_at(80, "localhost:80", "http://localhost"));
    assert_true(is_ours_at(80, "localhost", "http://localhost:80"));
    assert_false(is_ours_at(80, "localhost", "http://127.0.0.1")); /* another origin */
    assert_false(is_ours_at(80, "localhost", "http://evil.example"));
    assert_false(is_ours_at(80, "localhost:8080", NULL));
    assert_false(is_ours_at(80, "evil.example", NULL));
    assert_false(is_ours_at(8080, "localhost:8080", "http://localhost"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request_is_read),
        cmocka_unit_test(what_is_not_plainly_right_is_refused),
        cmocka_unit_test(a_head_may_be_so_large_and_no_larger),
        cmocka_unit_test(the_same_bytes_in_pieces_are_the_same_request),
        cmocka_unit_test(foreign_names_and_pages_are_not_ours),
        cmocka_unit_test(the_port_of_http_may_be_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
