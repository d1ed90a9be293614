// Timestamps: from PostgreSQL's microseconds to text. Years outside 0 to 9999 have a sign and five digits.
#pragma once

#include "copy.hpp"

namespace wire {

constexpr int64_t EPOCH = 946684800000000;  // PostgreSQL counts from 2000, everybody else from 1970
constexpr int64_t FIRST = -3217830796800000000, LAST = 3093527980799999999;  // years -99999 and 99999
constexpr int64_t DAY = 86400000000;
constexpr int32_t LONGEST_MOMENT = 29;

// Microseconds since 1970; false for NULL and, if `bounded`, what lies beyond the years any format can write.
inline bool moment(const Cell &cell, int32_t column, bool bounded, int64_t &microseconds) {
    if (cell.is_null()) return false;
    if (cell.length != 8) throw Failure{MALFORMED, column};
    int64_t sent = int64_t(big64(cell.data));
    if (sent == INT64_MAX || sent == INT64_MIN) return false;  // infinity
    if (__builtin_add_overflow(sent, EPOCH, &microseconds)) return false;
    return !bounded || (microseconds >= FIRST && microseconds <= LAST);
}

inline char *digits(char *p, uint32_t value, int count) {
    for (int i = count; i-- > 0; value /= 10) p[i] = char('0' + value % 10);
    return p + count;
}

// Writes at most LONGEST_MOMENT characters.
inline char *write_moment(char *p, int64_t microseconds) {
    int64_t day = microseconds / DAY, rest = microseconds % DAY;
    if (rest < 0) rest += DAY, day--;
    // Days to a date of the proleptic Gregorian calendar, whose eras of 400 years have 146097 days.
    int64_t shifted = day + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    uint32_t of_era = uint32_t(shifted - era * 146097);
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t from_march = (5 * of_year + 2) / 153;
    uint32_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    int64_t year = int64_t(year_of_era) + era * 400 + (month <= 2);
    if (year < 0 || year > 9999) {
        *p++ = year < 0 ? '-' : '+';
        p = digits(p, uint32_t(year < 0 ? -year : year), 5);
    } else {
        p = digits(p, uint32_t(year), 4);
    }
    *p++ = '-';
    p = digits(p, month, 2);
    *p++ = '-';
    p = digits(p, of_year - (153 * from_march + 2) / 5 + 1, 2);
    *p++ = 'T';
    uint32_t second = uint32_t(rest / 1000000), fraction = uint32_t(rest % 1000000);
    p = digits(p, second / 3600, 2);
    *p++ = ':';
    p = digits(p, second / 60 % 60, 2);
    *p++ = ':';
    p = digits(p, second % 60, 2);
    if (fraction == 0) return p;
    *p++ = '.';
    return fraction % 1000 ? digits(p, fraction, 6) : digits(p, fraction / 1000, 3);
}

}  // namespace wire
