// Rows as big-endian bytes: BINARY, BINARY2 and FITS; and base64.
#pragma once

#include "characters.hpp"
#include "moments.hpp"

namespace wire {

class BinaryRows {
  public:
    BinaryRows(const Column *columns, int32_t count, bool masked, Buffer &out)
        : columns_(columns), count_(count), masked_(masked ? (count + 7) / 8 : 0), out_(out) {}

    void row(Cursor &from) {
        from.begin_row(count_);
        int64_t flags = out_.length();
        out_.fill(0, masked_);
        for (int32_t i = 0; i < count_; i++) {
            bool is_null = !cell(from.next(), columns_[i], i);
            // One bit for each column, the most significant first (VOTable 1.5, 5.4).
            if (is_null && masked_) out_.data()[flags + (i >> 3)] |= char(0x80 >> (i & 7));
        }
    }

  private:
    // False if it was written as NULL.
    bool cell(const Cell &cell, const Column &column, int32_t index) {
        if (column.array) return array(cell, column, index);
        switch (column.kind) {
            case TEXT: text(cell, column, index); return !cell.is_null();
            case TIMESTAMP: return timestamp(cell, column, index);
        }
        check_width(cell, column.kind, index);
        element(cell, column, index);
        return !cell.is_null();
    }

    void text(const Cell &cell, const Column &column, int32_t index) {
        if (cell.is_null()) return column.form == PADDED ? out_.fill(0, column.width) : put_count(out_, 0);
        switch (column.form) {
            case COUNTED: put_count(out_, cell.length); return out_.put(cell.data, cell.length);
            case COUNTED_ASCII: return put_ascii(out_, cell, index);
            case COUNTED_UTF16: return put_utf16(out_, cell, index);
        }
        if (cell.length > column.width) throw Failure{MALFORMED, index};
        out_.put(cell.data, cell.length);
        out_.fill(' ', column.width - cell.length);
    }

    bool timestamp(const Cell &cell, const Column &column, int32_t index) {
        int64_t microseconds;
        if (!moment(cell, index, true, microseconds)) {
            text(Cell{nullptr, -1}, column, index);
            return false;
        }
        char written[LONGEST_MOMENT];
        char *end = write_moment(written, microseconds);
        text(Cell{reinterpret_cast<uint8_t *>(written), int32_t(end - written)}, column, index);
        return true;
    }

    void element(const Cell &cell, const Column &column, int32_t index) {
        int32_t width = WRITTEN[column.written];
        char *room = out_.room(8);
        if (cell.is_null()) {
            absent(room, column);
        } else if (column.kind == BOOLEAN) {
            *room = cell.data[0] ? 'T' : 'F';
        } else if (column.kind == column.written && column.kind != BYTE) {
            memcpy(room, cell.data, size_t(width));
        } else {
            uint64_t swapped = __builtin_bswap64(uint64_t(integer(cell, column.kind, index)));
            memcpy(room, reinterpret_cast<char *>(&swapped) + 8 - width, size_t(width));
        }
        out_.advance(room + width);
    }

    static void absent(char *room, const Column &column) {
        int32_t width = WRITTEN[column.written];
        uint64_t bits = column.kind == FLOAT ? 0x7FC00000 : column.kind == DOUBLE ? 0x7FF8000000000000 : uint64_t(column.missing);
        bits = __builtin_bswap64(bits);
        memcpy(room, reinterpret_cast<char *>(&bits) + 8 - width, size_t(width));
    }

    bool array(const Cell &cell, const Column &column, int32_t index) {
        if (cell.is_null()) {
            if (column.size < 0) put_count(out_, 0);
            for (int32_t i = 0; i < column.size; i++) element(cell, column, index);
            return false;
        }
        Elements elements(cell, column, index);
        if (column.size < 0) put_count(out_, elements.count());
        for (int64_t i = 0; i < elements.count(); i++) element(elements.next(), column, index);
        elements.end();
        return true;
    }

    const Column *columns_;
    int32_t count_;
    int32_t masked_;
    Buffer &out_;
};

// Two characters for each twelve bits.
struct Pairs {
    char of[4096][2] = {};

    constexpr Pairs() {
        constexpr char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (int i = 0; i < 4096; i++) of[i][0] = DIGITS[i >> 6], of[i][1] = DIGITS[i & 63];
    }
};

constexpr Pairs PAIRS;

// Groups of three bytes as four characters; `length` is a multiple of three.
inline char *write_base64(char *p, const uint8_t *at, int64_t length) {
    const uint8_t *end = at + length;
    for (; end - at > 5; at += 6, p += 8) {  // big64 reads two bytes more than it uses
        if (end - at < 8) break;
        uint64_t bits = big64(at) >> 16;
        memcpy(p, PAIRS.of[bits >> 36], 2);
        memcpy(p + 2, PAIRS.of[bits >> 24 & 4095], 2);
        memcpy(p + 4, PAIRS.of[bits >> 12 & 4095], 2);
        memcpy(p + 6, PAIRS.of[bits & 4095], 2);
    }
    for (; at < end; at += 3, p += 4) {
        uint32_t bits = uint32_t(at[0]) << 16 | uint32_t(at[1]) << 8 | at[2];
        memcpy(p, PAIRS.of[bits >> 12], 2);
        memcpy(p + 2, PAIRS.of[bits & 4095], 2);
    }
    return p;
}

}  // namespace wire
