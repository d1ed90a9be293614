// Rows as text: CSV, TSV, JSON, the rows of TABLEDATA and HTML. How each spells its values is in its Style.
#pragma once

#include <charconv>

#include "characters.hpp"
#include "floating.hpp"
#include "moments.hpp"

namespace wire {

constexpr int64_t LONGEST_NUMBER = 20;  // of integers

class TextRows {
  public:
    TextRows(const Column *columns, int32_t count, const Style &style, Buffer &out)
        : columns_(columns), count_(count), style_(style), out_(out) {}

    void row(Cursor &from) {
        from.begin_row(count_);
        out_.put(style_.before);
        for (int32_t i = 0; i < count_; i++) {
            if (i) out_.put(style_.between);
            const Cell cell = from.next();
            const Column &column = columns_[i];
            if (cell.is_null()) {
                out_.put(column.null);
            } else if (column.array) {
                array(cell, column, i);
            } else {
                scalar(cell, column, i);
            }
        }
        out_.put(style_.after);
    }

  private:
    void scalar(const Cell &cell, const Column &column, int32_t index) {
        switch (column.kind) {
            case TEXT: return text(cell, column);
            case TIMESTAMP: return timestamp(cell, column, index);
        }
        check_width(cell, column.kind, index);
        if (!number(cell, column.kind, index)) out_.put(column.null);
    }

    void text(const Cell &cell, const Column &column) {
        out_.put(style_.quote);
        bool link = column.link && begins(cell, "http://", 7);
        link = link || (column.link && begins(cell, "https://", 8));
        if (link) put_literal(out_, "<a href=\"");
        int64_t address = out_.length();
        put_escaped(out_, cell, style_.escape);
        if (link) {
            int64_t length = out_.length() - address;
            put_literal(out_, "\">");
            out_.room(length);
            out_.put(out_.data() + address, length);
            put_literal(out_, "</a>");
        }
        out_.put(style_.quote);
    }

    static bool begins(const Cell &cell, const char *text, int32_t length) {
        return cell.length >= length && memcmp(cell.data, text, size_t(length)) == 0;
    }

    void timestamp(const Cell &cell, const Column &column, int32_t index) {
        int64_t microseconds;
        if (!moment(cell, index, true, microseconds)) return out_.put(column.null);
        out_.put(style_.quote);
        out_.advance(write_moment(out_.room(LONGEST_MOMENT), microseconds));
        out_.put(style_.quote);
    }

    // False for a number that the format has no way to write.
    bool number(const Cell &cell, uint8_t kind, int32_t index) {
        switch (kind) {
            case BOOLEAN: out_.put(cell.data[0] ? style_.yes : style_.no); return true;
            case FLOAT: return floating<Single>(big32(cell.data));
            case DOUBLE: return floating<Double>(big64(cell.data));
        }
        int64_t value = integer(cell, kind, index);
        char *room = out_.room(LONGEST_NUMBER);
        out_.advance(std::to_chars(room, room + LONGEST_NUMBER, value).ptr);
        return true;
    }

    template <class Format>
    bool floating(typename Format::Bits bits) {
        constexpr typename Format::Bits SIGN = typename Format::Bits(1) << (8 * sizeof bits - 1);
        constexpr typename Format::Bits INFINITE = SIGN - (typename Format::Bits(1) << Format::FRACTION);
        typename Format::Bits size = bits & ~SIGN;
        if (size == 0) {
            if (bits) out_.put(style_.negative_zero);
            else out_.put('0');
            return true;
        }
        if (size < INFINITE) {
            out_.advance(write_shortest<Format>(out_.room(ROOM), bits));
            return true;
        }
        const Span &word = size > INFINITE ? style_.nan : bits & SIGN ? style_.minus_infinity : style_.infinity;
        if (word.length < 0) return false;
        out_.put(word);
        return true;
    }

    void array(const Cell &cell, const Column &column, int32_t index) {
        Elements elements(cell, column, index);
        out_.put(style_.opening);
        for (int64_t i = 0; i < elements.count(); i++) {
            if (i) out_.put(style_.separator);
            const Cell element = elements.next();
            if (element.is_null() || !number(element, column.kind, index)) out_.put(column.absent);
        }
        elements.end();
        out_.put(style_.closing);
    }

    const Column *columns_;
    int32_t count_;
    const Style &style_;
    Buffer &out_;
};

}  // namespace wire
