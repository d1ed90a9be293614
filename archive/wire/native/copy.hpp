// PostgreSQL's COPY BINARY taken apart, cell by cell. Every length is checked against what is there.
#pragma once

#include <cstring>

#include "interface.hpp"

namespace wire {

struct Failure {
    Outcome outcome;
    int32_t column = -1;
    int64_t value = 0;
};

inline uint16_t big16(const uint8_t *p) { return uint16_t(p[0] << 8 | p[1]); }

inline uint32_t big32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return __builtin_bswap32(value);
}

inline uint64_t big64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, 8);
    return __builtin_bswap64(value);
}

// A value's bytes; NULL if `length` is -1.
struct Cell {
    const uint8_t *data;
    int32_t length;

    bool is_null() const { return length < 0; }
};

class Cursor {
  public:
    Cursor(const uint8_t *data, int64_t size) : at_(data), end_(data + size) {}

    void begin_row(int32_t columns) {
        if (end_ - at_ < 2 || big16(at_) != columns) throw Failure{MALFORMED};
        at_ += 2;
    }

    Cell next() {
        if (end_ - at_ < 4) throw Failure{MALFORMED};
        int32_t length = int32_t(big32(at_));
        at_ += 4;
        if (length < 0) {
            if (length != -1) throw Failure{MALFORMED};
            return {nullptr, -1};
        }
        if (length > end_ - at_) throw Failure{MALFORMED};
        Cell cell{at_, length};
        at_ += length;
        return cell;
    }

    bool at_end() const { return at_ == end_; }

  private:
    const uint8_t *at_, *end_;
};

// By Kind: bytes that PostgreSQL sends, bytes that binary formats write, PostgreSQL's number of the type.
constexpr int32_t SENT[] = {1, 2, 2, 4, 8, 4, 8};
constexpr int32_t WRITTEN[] = {1, 1, 2, 4, 8, 4, 8};
constexpr uint32_t OIDS[] = {16, 21, 21, 23, 20, 700, 701};

// A scalar or an array's element, of the length its type has. NULL passes.
inline void check_width(const Cell &cell, uint8_t kind, int32_t column) {
    if (!cell.is_null() && cell.length != SENT[kind]) throw Failure{MALFORMED, column};
}

inline int64_t integer(const Cell &cell, uint8_t kind, int32_t column) {
    switch (kind) {
        case SHORT: return int16_t(big16(cell.data));
        case INTEGER: return int32_t(big32(cell.data));
        case LONG: return int64_t(big64(cell.data));
        case BYTE: {
            int16_t value = int16_t(big16(cell.data));
            if (value < 0 || value > 255) throw Failure{NOT_A_BYTE, column, value};
            return value;
        }
    }
    return cell.data[0] != 0;
}

// The elements of an array of any number of dimensions, one after the other.
class Elements {
  public:
    Elements(const Cell &cell, const Column &type, int32_t column)
        : inside_(cell.data, cell.length), kind_(type.kind), column_(column) {
        if (cell.length < 12) throw Failure{MALFORMED, column};
        uint32_t dimensions = big32(cell.data);
        if (dimensions > 6 || big32(cell.data + 8) != OIDS[type.kind] ||
            cell.length < 12 + 8 * int32_t(dimensions))
            throw Failure{MALFORMED, column};
        count_ = dimensions ? 1 : 0;
        for (uint32_t i = 0; i < dimensions; i++) {
            count_ *= big32(cell.data + 12 + 8 * i);
            if (count_ > cell.length) throw Failure{MALFORMED, column};
        }
        int32_t header = 12 + 8 * int32_t(dimensions);
        inside_ = Cursor(cell.data + header, cell.length - header);
        if (type.size >= 0 && count_ != type.size) throw Failure{WRONG_LENGTH, column, count_};
    }

    int64_t count() const { return count_; }

    Cell next() {
        Cell cell = inside_.next();
        check_width(cell, kind_, column_);
        return cell;
    }

    void end() const {
        if (!inside_.at_end()) throw Failure{MALFORMED, column_};
    }

  private:
    Cursor inside_;
    uint8_t kind_;
    int32_t column_;
    int64_t count_;
};

}  // namespace wire
