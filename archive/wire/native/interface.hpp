// What Python and this library tell each other: archive/wire/library.py mirrors these structures.
// Nothing here belongs to a format or to PostgreSQL alone.
#pragma once

#include <cstdint>

namespace wire {

enum Kind : uint8_t { BOOLEAN, BYTE, SHORT, INTEGER, LONG, FLOAT, DOUBLE, TEXT, TIMESTAMP };

// How binary formats write a text: its bytes or UTF-16 units after their number, or bytes padded to a width.
enum Form : uint8_t { COUNTED, COUNTED_ASCII, COUNTED_UTF16, PADDED };

enum Escape : uint8_t { XML, CSV, TSV, JSON };

enum Outcome : int32_t { OK, MALFORMED, WRONG_LENGTH, NOT_A_BYTE, NO_MEMORY };

// A text that belongs to Python; none at all if `length` is negative.
struct Span {
    const char *data;
    int64_t length;
};

struct Column {
    uint8_t kind;     // of the value or of an array's elements; a BYTE comes as a smallint
    uint8_t array;
    uint8_t form;
    uint8_t written;  // the kind that binary formats write: FITS may widen integers
    uint8_t link;     // HTML: a text that begins as a web address becomes a link
    int32_t size;     // elements of each array, -1 if that varies
    int32_t width;    // of PADDED text
    int64_t missing;  // what binary formats write for NULL
    Span null;        // what text formats write for NULL
    Span absent;      // the same inside an array
};

struct Style {
    uint8_t escape;
    Span nan, infinity, minus_infinity, negative_zero, quote, yes, no, opening, separator, closing;
    Span before, between, after;  // of rows
};

struct Survey {
    uint8_t has_null;
    uint8_t has_number;
    int64_t longest;   // bytes of text, elements of an array
    int64_t total;     // sum of these
    int64_t least, greatest;
};

// Where an Arrow array of a column is built; the sizes come from a survey.
struct ArrowColumn {
    uint8_t *valid;
    uint8_t *values;
    int32_t *offsets;
    uint8_t *elements_valid;
    int64_t nulls;
    int64_t element_nulls;
};

// Bytes written, kept from call to call. `pending` are those that wait for base64's next group of three.
struct Output {
    char *data;
    int64_t length;
    int64_t capacity;
    char *scratch;
    int64_t scratch_capacity;
    uint8_t pending[4];
    int32_t pending_length;
    int32_t column;  // of what is wrong
    int64_t value;
};

}  // namespace wire
