"""Refuse so many clients with a code and a text, then pass on to a port."""

import contextlib
import socket
import sys
import threading


def pipe(source, target):
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def main(code, text, n_refused, port):
    fields = f"SFATAL\0C{code}\0M{text}\0\0".encode()
    answer = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields
    door = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{door.getsockname()[1]}\n")
    sys.stdout.flush()
    number = 0
    while True:
        client, _ = door.accept()
        number += 1
        if number <= n_refused:
            client.recv(1024)
            client.sendall(answer)
            client.close()
            continue
        server = socket.create_connection(("127.0.0.1", port))
        for pair in ((client, server), (server, client)):
            threading.Thread(target=pipe, args=pair, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
