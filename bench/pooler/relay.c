// The floor of a proxy's cost: joins each client to a server connection of its own and moves bytes, over edge-triggered
// epoll or, with a third argument, over io_uring. It pools nothing and looks at nothing.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_URING
#include <liburing.h>
#endif

enum { DESCRIPTORS = 65536, BUFFER = 16384, BUFFERS = 512 };

static int peer[DESCRIPTORS];

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int listen_at(int port)
{
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("listen");
        exit(1);
    }
    return listener;
}

static int join(int client, int server_port)
{
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(server_port);
    if (connect(server, (struct sockaddr *)&address, sizeof address)) {
        perror("connect");
        exit(1);
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    peer[client] = server;
    peer[server] = client;
    return server;
}

// Ends this side, and tells the other to end: its own end of stream closes it.
static void part(int side)
{
    int other = peer[side];
    if (other)
        shutdown(other, SHUT_RDWR);
    peer[side] = peer[other] = 0;
    close(side);
}

static void watch(int poller, int descriptor, unsigned events)
{
    struct epoll_event event = { .events = events, .data.fd = descriptor };
    epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

static void run_epoll(int listener, int server_port)
{
    static char bytes[BUFFER];
    struct epoll_event ready[64];
    int poller = epoll_create1(0);
    watch(poller, listener, EPOLLIN);
    for (;;) {
        int count = epoll_wait(poller, ready, 64, -1);
        for (int i = 0; i < count; i++) {
            int side = ready[i].data.fd;
            if (side == listener) {
                int client = accept(listener, 0, 0);
                int server = join(client, server_port);
                watch(poller, client, EPOLLIN | EPOLLET);
                watch(poller, server, EPOLLIN | EPOLLET);
                continue;
            }
            ssize_t received;
            do {
                received = recv(side, bytes, BUFFER, MSG_DONTWAIT);
                if (received > 0)
                    send(peer[side], bytes, received, MSG_NOSIGNAL);
            } while (received == BUFFER);
            if (received == 0 || (received < 0 && errno != EAGAIN))
                part(side);
        }
    }
}

#ifdef WITH_URING
static struct io_uring ring;

static void await_bytes(int side)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
    io_uring_prep_recv_multishot(entry, side, NULL, 0, 0);
    entry->ioprio |= IORING_RECVSEND_POLL_FIRST;
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->user_data = side;
}

static void await_client(int listener)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
    io_uring_prep_accept(entry, listener, 0, 0, 0);
    entry->user_data = listener;
}

// One system call per turn: it sends what the last turn made, and waits. A send either succeeds at once, in silence, or
// answers with an error; its bytes are copied, because the receive buffer goes back before.
static void run_uring(int listener, int server_port)
{
    static char sent[1 << 20];
    struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
                                          | IORING_SETUP_CQSIZE, .cq_entries = 4096 };
    struct io_uring_buf_ring *buffers;
    char *bytes = malloc((size_t)BUFFERS * BUFFER);
    if (io_uring_queue_init_params(256, &ring, &params)
        || posix_memalign((void **)&buffers, 4096, BUFFERS * sizeof(struct io_uring_buf))) {
        fputs("no io_uring\n", stderr);
        exit(1);
    }
    struct io_uring_buf_reg registration = { .ring_addr = (unsigned long)buffers, .ring_entries = BUFFERS };
    io_uring_register_buf_ring(&ring, &registration, 0);
    io_uring_buf_ring_init(buffers);
    for (int i = 0; i < BUFFERS; i++)
        io_uring_buf_ring_add(buffers, bytes + (size_t)i * BUFFER, BUFFER, i, BUFFERS - 1, i);
    io_uring_buf_ring_advance(buffers, BUFFERS);
    await_client(listener);
    for (;;) {
        io_uring_submit_and_wait(&ring, 1);
        size_t used = 0;
        unsigned head, count = 0;
        struct io_uring_cqe *done;
        io_uring_for_each_cqe(&ring, head, done) {
            count++;
            int side = (int)done->user_data;
            if (done->user_data >> 32)
                continue;
            if (side == listener) {
                await_bytes(join(done->res, server_port));
                await_bytes(done->res);
                await_client(listener);
                continue;
            }
            if (done->res <= 0) {
                part(side);
                continue;
            }
            int number = done->flags >> IORING_CQE_BUFFER_SHIFT;
            char *received = bytes + (size_t)number * BUFFER;
            memcpy(sent + used, received, done->res);
            struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
            io_uring_prep_send(entry, peer[side], sent + used, done->res, MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTWAIT);
            entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
            entry->user_data = (1ULL << 32) | side;
            used += done->res;
            io_uring_buf_ring_add(buffers, received, BUFFER, number, BUFFERS - 1, 0);
            io_uring_buf_ring_advance(buffers, 1);
            if (!(done->flags & IORING_CQE_F_MORE))
                await_bytes(side);
        }
        io_uring_cq_advance(&ring, count);
    }
}
#endif

int main(int count, char **words)
{
    if (count < 3) {
        fputs("usage: relay PORT SERVER-PORT [uring]\n", stderr);
        return 2;
    }
    int listener = listen_at(atoi(words[1]));
#ifdef WITH_URING
    if (count > 3)
        run_uring(listener, atoi(words[2]));
#endif
    run_epoll(listener, atoi(words[2]));
}
