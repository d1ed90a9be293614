// UTF-8: how formats escape it, and what becomes of it in UTF-16 and ASCII. Broken UTF-8 is refused, not read.
#pragma once

#include "buffer.hpp"
#include "copy.hpp"

namespace wire {

constexpr char REPLACEMENT[] = "\xEF\xBF\xBD";

// For each byte whether the escapes below have something to do at it.
struct Special {
    bool at[256] = {};

    constexpr explicit Special(Escape escape) {
        const char *characters = escape == XML ? "&<>\"\r" : escape == CSV ? "\",\r\n" : escape == TSV ? "\\\t\n\r" : "\\\"";
        for (; *characters; characters++) at[uint8_t(*characters)] = true;
        for (int c = 0; c < 0x20; c++)
            if (escape == JSON || (escape == XML && c != '\t' && c != '\n')) at[c] = true;
        if (escape == XML) at[0xEF] = true;  // begins U+FFFE and U+FFFF
    }
};

constexpr Special SPECIAL[] = {Special(XML), Special(CSV), Special(TSV), Special(JSON)};

inline void put_literal(Buffer &out, const char *text) { out.put(text, int64_t(strlen(text))); }

// One special character, and how many bytes of the text it took.
inline int64_t put_xml(Buffer &out, const uint8_t *at, const uint8_t *end) {
    switch (*at) {
        case '&': put_literal(out, "&amp;"); return 1;
        case '<': put_literal(out, "&lt;"); return 1;
        case '>': put_literal(out, "&gt;"); return 1;
        case '"': put_literal(out, "&quot;"); return 1;
        case '\r': put_literal(out, "&#13;"); return 1;
        case 0xEF:
            if (end - at >= 3 && at[1] == 0xBF && at[2] >= 0xBE) {
                put_literal(out, REPLACEMENT);
                return 3;
            }
            out.put(char(0xEF));
            return 1;
    }
    put_literal(out, REPLACEMENT);
    return 1;
}

inline void put_backslashed(Buffer &out, uint8_t character) {
    constexpr char HEX[] = "0123456789abcdef";
    out.put('\\');
    switch (character) {
        case '\n': return out.put('n');
        case '\r': return out.put('r');
        case '\t': return out.put('t');
        case '"': case '\\': return out.put(char(character));
    }
    put_literal(out, "u00");
    out.put(HEX[character >> 4]);
    out.put(HEX[character & 15]);
}

inline void put_escaped(Buffer &out, const Cell &cell, uint8_t escape) {
    const bool *special = SPECIAL[escape].at;
    const uint8_t *at = cell.data, *end = at + cell.length;
    if (escape == CSV) {
        bool quoted = cell.length == 0;  // the empty text is not NULL
        for (const uint8_t *p = at; p < end && !quoted; p++) quoted = special[*p];
        if (!quoted) return out.put(at, cell.length);
        out.put('"');
        for (; at < end; at++) {
            if (*at == '"') out.put('"');
            out.put(char(*at));
        }
        return out.put('"');
    }
    while (at < end) {
        const uint8_t *plain = at;
        while (at < end && !special[*at]) at++;
        out.put(plain, at - plain);
        if (at == end) return;
        if (escape == XML) {
            at += put_xml(out, at, end);
        } else {
            put_backslashed(out, *at++);
        }
    }
}

// The code point at `at`, which moves behind it.
inline uint32_t code_point(const uint8_t *&at, const uint8_t *end, int32_t column) {
    uint8_t first = *at++;
    if (first < 0x80) return first;
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC0 || first > 0xF4 || end - at < more) throw Failure{MALFORMED, column};
    uint32_t code = first & (0x3F >> more);
    for (; more; more--, at++) {
        if ((*at & 0xC0) != 0x80) throw Failure{MALFORMED, column};
        code = code << 6 | (*at & 0x3F);
    }
    return code;
}

inline bool is_ascii(const Cell &cell) {
    const uint8_t *p = cell.data, *end = p + cell.length;
    uint64_t seen = 0, word;
    for (; end - p >= 8; p += 8) {
        memcpy(&word, p, 8);
        seen |= word;
    }
    for (; p < end; p++) seen |= uint64_t(*p) << 56;
    return (seen & 0x8080808080808080) == 0;
}

inline void put_count(Buffer &out, int64_t count) {
    uint32_t swapped = __builtin_bswap32(uint32_t(count));
    out.put(&swapped, 4);
}

// UTF-16, big-endian, after the number of its units.
inline void put_utf16(Buffer &out, const Cell &cell, int32_t column) {
    if (cell.length > INT32_MAX / 2) throw std::bad_alloc();
    char *begin = out.room(4 + 2 * int64_t(cell.length)), *p = begin + 4;
    const uint8_t *at = cell.data, *end = at + cell.length;
    if (is_ascii(cell)) {
        for (; at < end; at++) *p++ = 0, *p++ = char(*at);
    } else {
        while (at < end) {
            uint32_t code = code_point(at, end, column);
            if (code > 0xFFFF) {
                uint32_t high = 0xD800 + ((code - 0x10000) >> 10);
                *p++ = char(high >> 8), *p++ = char(high);
                code = 0xDC00 + ((code - 0x10000) & 0x3FF);
            }
            *p++ = char(code >> 8), *p++ = char(code);
        }
    }
    uint32_t units = __builtin_bswap32(uint32_t((p - begin - 4) / 2));
    memcpy(begin, &units, 4);
    out.advance(p);
}

// ASCII after the number of its bytes; ? for each character beyond it.
inline void put_ascii(Buffer &out, const Cell &cell, int32_t column) {
    if (is_ascii(cell)) {
        put_count(out, cell.length);
        return out.put(cell.data, cell.length);
    }
    char *begin = out.room(4 + int64_t(cell.length)), *p = begin + 4;
    for (const uint8_t *at = cell.data, *end = at + cell.length; at < end;) {
        uint32_t code = code_point(at, end, column);
        *p++ = code < 0x80 ? char(code) : '?';
    }
    uint32_t count = __builtin_bswap32(uint32_t(p - begin - 4));
    memcpy(begin, &count, 4);
    out.advance(p);
}

}  // namespace wire
