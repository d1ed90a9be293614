// What occurs in columns, and columns as Arrow has them.
#pragma once

#include "moments.hpp"

namespace wire {

class Surveyor {
  public:
    Surveyor(const Column *columns, int32_t count, Survey *surveys)
        : columns_(columns), count_(count), surveys_(surveys) {}

    void row(Cursor &from) {
        from.begin_row(count_);
        for (int32_t i = 0; i < count_; i++) cell(from.next(), columns_[i], surveys_[i], i);
    }

  private:
    static void cell(const Cell &cell, const Column &column, Survey &survey, int32_t index) {
        if (column.array) return array(cell, column, survey, index);
        if (column.kind == TEXT) return length(survey, cell.is_null() ? 0 : cell.length);
        if (column.kind == TIMESTAMP) {
            int64_t microseconds;
            char written[LONGEST_MOMENT];
            bool there = moment(cell, index, true, microseconds);
            return length(survey, there ? write_moment(written, microseconds) - written : 0);
        }
        check_width(cell, column.kind, index);
        element(cell, column, survey, index);
    }

    static void length(Survey &survey, int64_t length) {
        if (length > survey.longest) survey.longest = length;
        survey.total += length;
    }

    static void element(const Cell &cell, const Column &column, Survey &survey, int32_t index) {
        if (cell.is_null()) {
            survey.has_null = 1;
        } else if (column.kind >= BYTE && column.kind <= LONG) {
            int64_t value = integer(cell, column.kind, index);
            if (!survey.has_number || value < survey.least) survey.least = value;
            if (!survey.has_number || value > survey.greatest) survey.greatest = value;
            survey.has_number = 1;
        }
    }

    static void array(const Cell &cell, const Column &column, Survey &survey, int32_t index) {
        if (cell.is_null()) {
            // Where lengths vary a NULL array is an empty one, and takes no value of NULL.
            if (column.size >= 0) survey.has_null = 1;
            return;
        }
        Elements elements(cell, column, index);
        length(survey, elements.count());
        for (int64_t i = 0; i < elements.count(); i++) element(elements.next(), column, survey, index);
        elements.end();
    }

    const Column *columns_;
    int32_t count_;
    Survey *surveys_;
};

// Fills buffers that are as large as a survey said; bits of validity begin as zeros.
class ArrowRows {
  public:
    ArrowRows(const Column *columns, int32_t count, ArrowColumn *arrays)
        : columns_(columns), count_(count), arrays_(arrays) {}

    void row(Cursor &from, int64_t row) {
        from.begin_row(count_);
        for (int32_t i = 0; i < count_; i++) cell(from.next(), columns_[i], arrays_[i], row, i);
    }

  private:
    static void set(uint8_t *bits, int64_t place) { bits[place >> 3] |= uint8_t(1 << (place & 7)); }

    static void cell(const Cell &cell, const Column &column, ArrowColumn &array, int64_t row, int32_t index) {
        bool there = !cell.is_null();
        if (column.array) {
            elements(cell, column, array, row, index);
        } else if (column.kind == TEXT) {
            int32_t begin = array.offsets[row];
            if (there) memcpy(array.values + begin, cell.data, size_t(cell.length));
            array.offsets[row + 1] = begin + (there ? cell.length : 0);
        } else if (column.kind == TIMESTAMP) {
            int64_t microseconds = 0;
            there = moment(cell, index, false, microseconds);
            if (!there) microseconds = 0;
            memcpy(array.values + 8 * row, &microseconds, 8);
        } else {
            check_width(cell, column.kind, index);
            if (there) value(cell, column.kind, array.values, row);
        }
        if (there) set(array.valid, row);
        else array.nulls++;
    }

    static void value(const Cell &cell, uint8_t kind, uint8_t *values, int64_t place) {
        switch (SENT[kind]) {
            case 1: {
                if (cell.data[0]) set(values, place);
                return;
            }
            case 2: {
                uint16_t bits = big16(cell.data);
                memcpy(values + 2 * place, &bits, 2);
                return;
            }
            case 4: {
                uint32_t bits = big32(cell.data);
                memcpy(values + 4 * place, &bits, 4);
                return;
            }
        }
        uint64_t bits = big64(cell.data);
        memcpy(values + 8 * place, &bits, 8);
    }

    static void elements(const Cell &cell, const Column &column, ArrowColumn &array, int64_t row, int32_t index) {
        int32_t place = array.offsets[row];
        if (!cell.is_null()) {
            Elements elements(cell, column, index);
            for (int64_t i = 0; i < elements.count(); i++, place++) {
                const Cell element = elements.next();
                if (element.is_null()) {
                    array.element_nulls++;
                } else {
                    value(element, column.kind, array.values, place);
                    set(array.elements_valid, place);
                }
            }
            elements.end();
        }
        array.offsets[row + 1] = place;
    }

    const Column *columns_;
    int32_t count_;
    ArrowColumn *arrays_;
};

}  // namespace wire
