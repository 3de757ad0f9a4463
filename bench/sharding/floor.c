// The floor of a scatter: asks several servers the same at the same time, with nothing in between, and waits for the
// last of them. Prints the mean in milliseconds. Arguments: seconds, statement, one connection string for each server.
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SERVERS = 64 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(PGconn *server)
{
    fprintf(stderr, "%s", PQerrorMessage(server));
    exit(1);
}

// Takes what has come; true when the answer is whole.
static int hear(PGconn *server)
{
    PGresult *result;
    if (!PQconsumeInput(server))
        fail(server);
    while (!PQisBusy(server)) {
        if (!(result = PQgetResult(server)))
            return 1;
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            fail(server);
        PQclear(result);
    }
    return 0;
}

int main(int count, char **words)
{
    PGconn *servers[SERVERS];
    struct pollfd waiting[SERVERS];
    int shards = count - 3, rounds = 0;
    if (shards < 1 || shards > SERVERS)
        return 2;
    for (int i = 0; i < shards; i++) {
        servers[i] = PQconnectdb(words[3 + i]);
        if (PQstatus(servers[i]) != CONNECTION_OK)
            fail(servers[i]);
    }
    double begin = now(), end = begin + atof(words[1]);
    for (; now() < end; rounds++) {
        int left = shards;
        for (int i = 0; i < shards; i++) {
            if (!PQsendQuery(servers[i], words[2]))
                fail(servers[i]);
            waiting[i] = (struct pollfd){ .fd = PQsocket(servers[i]), .events = POLLIN };
        }
        while (left > 0) {
            poll(waiting, shards, -1);
            for (int i = 0; i < shards; i++) {
                if (waiting[i].revents && hear(servers[i])) {
                    waiting[i].fd = -1;
                    left--;
                }
            }
        }
    }
    printf("%.4f\n", (now() - begin) / rounds * 1e3);
    return 0;
}
