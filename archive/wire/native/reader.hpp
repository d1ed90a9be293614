// Rows out of libpq as fast as they come: PQgetCopyData in a loop that gives up its turn now and then.
// The functions of libpq are given as addresses, since it must be the very library that made the connection.
#pragma once

#include <poll.h>
#include <time.h>

#include <cerrno>

#include "copy.hpp"

namespace wire {

enum Reading : int32_t { END, FULL, WAITING, TOO_SMALL, LOST, FAILED, UNREADABLE };

struct Reader {
    void *connection;
    int (*get_copy_data)(void *, char **, int);
    int (*consume_input)(void *);
    void (*free_memory)(void *);
    int32_t socket;
    int32_t begun;      // whether the header of the stream is behind us
    char *row;          // one that did not fit any more
    int32_t row_length;
    int32_t row_header;
    uint8_t *buffer;
    int64_t capacity;
    int64_t used;
    int64_t rows;
    int64_t first_row;  // when the first row of the buffer came, milliseconds
    int32_t flowing;    // whether a buffer was filled before
};

// Nanoseconds for which rows that flow may gather in the socket: being woken for every eight kilobytes of them
// costs more than all else. The socket holds several times as much.
constexpr long GATHERING = 300000;

inline int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return int64_t(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

// Bytes before the first row; -1 if this is no COPY BINARY.
inline int32_t header_length(const uint8_t *data, int32_t length) {
    if (length < 19 || memcmp(data, "PGCOPY\n\377\r\n\0", 11) != 0) return -1;
    uint32_t extension = big32(data + 15);
    return extension > uint32_t(length) - 19 ? -1 : int32_t(19 + extension);
}

// Moves the row in hand into the buffer; false if there is no room for it.
inline bool keep(Reader &reader) {
    int32_t length = reader.row_length - reader.row_header;
    if (length > reader.capacity - reader.used) return false;
    const char *row = reader.row + reader.row_header;
    bool is_row = length > 0 && !(length == 2 && memcmp(row, "\xff\xff", 2) == 0);
    if (is_row) {
        memcpy(reader.buffer + reader.used, row, size_t(length));
        reader.used += length;
        if (!reader.rows++) reader.first_row = now();
    }
    reader.free_memory(reader.row);
    reader.row = nullptr;
    return true;
}

// Fills the buffer. It comes back before it is full when nothing came for `tick` milliseconds (WAITING, to be
// called again with the same buffer), or when the rows in it have waited for `linger`.
inline Reading fill(Reader &reader, int32_t linger, int32_t tick) {
    bool consumed = false, gathered = false;
    while (true) {
        if (reader.row) {
            if (!keep(reader)) {
                reader.flowing = 1;
                return reader.rows ? FULL : TOO_SMALL;
            }
            continue;
        }
        int length = reader.get_copy_data(reader.connection, &reader.row, 1);
        if (length > 0) {
            consumed = gathered = false;
            reader.row_length = length;
            reader.row_header = 0;
            if (!reader.begun) {
                reader.row_header = header_length(reinterpret_cast<uint8_t *>(reader.row), length);
                if (reader.row_header < 0) return UNREADABLE;
                reader.begun = 1;
            }
            continue;
        }
        if (length < 0) return length == -1 ? END : FAILED;
        if (!consumed) {  // often there is more already, which spares the poll
            if (!reader.consume_input(reader.connection)) return LOST;
            consumed = true;
            continue;
        }
        if (reader.flowing && !gathered) {
            timespec moment{0, GATHERING};
            nanosleep(&moment, nullptr);
            gathered = true;
            consumed = false;
            continue;
        }
        int64_t patience = tick;
        if (reader.rows) {
            int64_t left = reader.first_row + linger - now();
            if (left <= 0) return FULL;
            if (left < patience) patience = left;
        }
        pollfd waiting{reader.socket, POLLIN, 0};
        int ready = poll(&waiting, 1, int(patience));
        if (ready < 0 && errno != EINTR) return LOST;
        if (ready <= 0 && !reader.rows) return WAITING;
        consumed = false;
    }
}

}  // namespace wire
