# faultline serve: right answers to a thousand requests in a row and two hundred at once, to slow, half,
# oversized and foreign ones; streams that say what changed; nothing outside 127.0.0.1; Ctrl-C
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ends() { wanted=$1; shift; code=0; "$@" >out 2>err || code=$?; [ "$code" = "$wanted" ] || { echo "$*: $code, not $wanted"; cat out err; exit 1; }; }

# What cannot be served: one line, exit 2.
ends 2 "$FAULTLINE" serve nowhere.scn; grep -qF 'nowhere.scn: cannot be read: no such file or directory' err
ends 2 "$FAULTLINE" serve -
ends 2 "$FAULTLINE" serve --watch
ends 2 "$FAULTLINE" serve --port 65536
ends 2 "$FAULTLINE" serve --prot 1; grep -qF "did you mean '--port'?" err

python3 - "$FAULTLINE" <<'P'
import atexit, json, os, re, signal, socket, subprocess, sys, threading, time

TEXT = 'title "t"\napp = task\nbuf = allocate app 4p\nload buf\n'
with open("s.scn", "w", encoding="utf-8") as file:
    file.write(TEXT)
server = subprocess.Popen([sys.argv[1], "serve", "--watch", "--follow", "live", "s.scn"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
atexit.register(server.kill)
said = server.stdout.readline().decode()
PORT = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/ shows s\.scn; Ctrl-C ends\n", said)[1])


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=60)


def read_all(link):
    pieces = []
    while piece := link.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def body_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return head, body, int(length[1]) if length else len(body)


# Who speaks gets the answer. The server's patience is no endless one: where this machine stands still for seconds,
# the answer is 408, or the link is gone, or what needs a reader meanwhile is cut; then we ask again. What is wrong
# each time ends the test.
TIMES = 20
def in_the_end(attempt):
    for _ in range(TIMES):
        try:
            answer = attempt()
        except (BrokenPipeError, ConnectionResetError) as trouble:
            answer = trouble
            continue
        _, body, length = body_of(answer)
        if not answer.startswith(b"HTTP/1.1 408 ") and (len(body) == length or len(body) < 65536):
            return answer
    raise AssertionError(answer)


def spoken(link, *pieces):
    with link:
        for piece in pieces:
            link.sendall(piece)
        return read_all(link)


def ask(raw):
    head, body, length = body_of(in_the_end(lambda: spoken(connect(), raw)))
    assert len(body) == length, head
    return int(head.split()[1]), head.decode(), body


def get(path, host=None, more=""):
    return ask(f"GET {path} HTTP/1.1\r\nHost: {host or f'127.0.0.1:{PORT}'}\r\n{more}\r\n".encode())


def until(true, what):
    for _ in range(2000):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(what)


# The page comes at once, the run when it is made.
until(lambda: get("/")[0] == 200, "no page")
until(lambda: get("/run")[0] == 200, "no run")
status, head, body = get("/run")
assert json.loads(body)["runs"][0]["verdict"] == "clean"
assert "default-src 'none'" in head and "no-store" in head and "nosniff" in head
given = json.loads(get("/scenario?x=1", f"localhost:{PORT}")[2])
assert given == {"file": "s.scn", "text": TEXT, "profile": None, "machine": None, "live": True}

# A thousand in a row.
assert all(get("/scenario")[2] == body for body in [get("/scenario")[2]] for _ in range(1000))

# Two hundred at once: all are connected before one speaks.
links = [connect() for _ in range(200)]
get_raw = f"GET /scenario HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n\r\n".encode()
answers = []
def one(link):
    waiting = [link]
    answers.append(in_the_end(lambda: spoken(waiting.pop() if waiting else connect(), get_raw)))
threads = [threading.Thread(target=one, args=(link,)) for link in links]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(answers) == 200 and len(set(answers)) == 1 and answers[0].startswith(b"HTTP/1.1 200 ")

# What is wrong is refused, each in its way.
own = f"Host: 127.0.0.1:{PORT}\r\n"
for raw, wanted in {
    f"GET /nowhere HTTP/1.1\r\n{own}\r\n": 404, f"GET /../etc/passwd HTTP/1.1\r\n{own}\r\n": 404,
    f"POST / HTTP/1.1\r\n{own}Content-Length: 3\r\n\r\nabc": 405, f"GET / HTTP/1.1\r\n{own}X: {'x' * 9000}\r\n\r\n": 431,
    f"GET /{'x' * 100000} HTTP/1.1\r\n{own}\r\n": 431, "GET / HTTP/1.1\r\n\r\n": 400, "\x16\x03\x01\r\n\r\n": 400,
    "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n": 403, f"GET / HTTP/1.1\r\nHost: evil.example:{PORT}\r\n\r\n": 403,
    f"GET /events HTTP/1.1\r\nHost: evil.example:{PORT}\r\n\r\n": 403,
    f"GET / HTTP/1.1\r\n{own}Origin: http://evil.example\r\n\r\n": 403,
    f"GET / HTTP/1.1\r\n{own}Origin: http://127.0.0.1:{PORT}\r\n\r\n": 200, f"GET / HTTP/9.9\r\n{own}\r\n": 505,
}.items():
    status, head, _ = ask(raw.encode())
    assert status == wanted, (raw[:60], status)

# Byte by byte is as good as at once; half a request gets its answer when patience is over, and others do
# not wait for it. Who goes away in the middle harms nobody.
assert in_the_end(lambda: spoken(connect(), *(bytes([byte]) for byte in get_raw))) == answers[0]
half = [connect() for _ in range(30)]
for link in half:
    link.sendall(b"GET / HT")
for link in half[10:20]:
    link.close()
gone = connect()
gone.sendall(f"GET / HTTP/1.1\r\n{own}\r\n".encode())
gone.close()
assert get("/scenario")[0] == 200
assert read_all(half[0]).startswith(b"HTTP/1.1 408 ")
for link in half:
    link.close()

# A stream says that the file has changed, and how the run ended; no more than sixteen are heard.
streams = []
def listen():
    stream = connect()
    stream.sendall(f"GET /events HTTP/1.1\r\n{own}\r\n".encode())
    if (start := stream.recv(13)) == b"HTTP/1.1 200 ":
        streams.append(stream)
    return start
for _ in range(16):
    assert in_the_end(listen) == b"HTTP/1.1 200 "
assert get("/events")[0] == 503
def hear(stream, wanted, size):
    heard = b""
    while not (told := re.search(wanted, heard)):
        piece = stream.recv(size)
        heard += piece
        assert piece and heard.count(b":\n\n") < 12, heard # so many heartbeats, and nothing else
    return told
def wait_for(stream, wanted):
    hear(stream, re.escape(wanted), 4096)
def version(stream): # of the next site that it tells of; the first is the one that is there
    return int(hear(stream, rb'event: site\ndata: \{"version": (\d+)\}\n\n', 1)[1])
before = version(streams[0])
with open("s.scn", "a", encoding="utf-8") as file:
    file.write("expect resident buf 3\n")
assert version(streams[0]) > before
for stream in streams:
    wait_for(stream, b'event: ran\ndata: {"runs": 1, "unclean": 1}\n\n')
def ran(): # nothing while the run is made
    status, _, body = get("/run")
    return json.loads(body) if status == 200 else {}
until(lambda: ran().get("runs", [{}])[0].get("verdict") == "failed", "the run did not follow")
# What a driver's test tells: whole lines count, also when they come in pieces; a new file counts from 0.
def tell(text, how="a"):
    with open("live", how, encoding="utf-8") as file:
        file.write(text)
EVENT = '{"event": "FAULT", "cpu": 0, "space": 0, "object": 0, "va": "0x1000", "length": 0}\n'
tell(EVENT + EVENT[:30])
wait_for(streams[1], b'{"events": 1, "findings": 0, "last": {"event": "FAULT"')
tell(EVENT[30:] + '{"finding": "r"}\nx\x01' + "y" * 1000 + "\n")
wait_for(streams[1], b'{"events": 2, "findings": 1, ')
tell(EVENT, "w")
wait_for(streams[1], b'{"events": 1, "findings": 0, ')
with open("new.scn", "w", encoding="utf-8") as file:
    file.write("app = tusk\n")
os.replace("new.scn", "s.scn") # whole at once, so nobody reads an empty one
told = {"error": "s.scn:1:7: unknown operation 'tusk': did you mean 'task'?"}
until(lambda: ran() == told, "the error was not told")
for stream in streams[:8]:
    stream.close()

# Only 127.0.0.1 listens: by what the kernel says, and by asking.
with open("/proc/net/tcp", encoding="ascii") as table:
    ours = [line.split()[1] for line in table if re.search(rf":{PORT:04X} [0-9A-F]+:0000 0A", line)]
assert ours == [f"0100007F:{PORT:04X}"], ours
if os.path.exists("/proc/net/tcp6"): # a system may have no IPv6
    with open("/proc/net/tcp6", encoding="ascii") as table:
        assert not [line for line in table if re.search(rf":{PORT:04X} [0-9A-F]+:0000 0A", line)]

# The port is taken now; Ctrl-C ends the server with streams open, at once and without a leak.
again = subprocess.run([sys.argv[1], "serve", "--port", str(PORT), "s.scn"], capture_output=True, text=True, check=False)
assert again.returncode == 2 and re.fullmatch(rf"faultline: port {PORT} of 127.0.0.1 cannot be had: .*\n", again.stderr), again
server.send_signal(signal.SIGINT)
assert server.wait(60) == 130
errors = server.stderr.read().decode()
assert set(errors.splitlines()) == {"s.scn:1:7: unknown operation 'tusk': did you mean 'task'?"}, errors
P
