// The fewest digits that give a floating number back, and of those the nearest: Raffaello Giulietti's Schubfach
// ("The Schubfach way to render doubles", 2021), four times as fast as the standard library's.
#pragma once

#include <cstdint>
#include <cstring>

namespace wire {

// 10^k for k from -292 to 324 with 128 bits of which the first is set, rounded up; `high` alone serves floats.
class Powers {
  public:
    static constexpr int FIRST = -292, LAST = 324;

    struct Power {
        uint64_t high, low;
    };

    Powers() {
        // Exact numbers of so many words, the least significant first: 10^k, and 2^N / 10^-k rounded down.
        Number up, down;
        up.words[0] = 1;
        down.words[WORDS - 1] = uint64_t(1) << 63;
        for (int k = 0; k <= LAST; k++, up.multiply()) at_[k - FIRST] = up.leading(false);
        for (int k = -1; k >= FIRST; k--) {
            down.divide();
            at_[k - FIRST] = down.leading(true);
        }
    }

    const Power &operator[](int k) const { return at_[k - FIRST]; }

  private:
    static constexpr int WORDS = 20;

    struct Number {
        uint64_t words[WORDS] = {};

        void multiply() {
            unsigned __int128 carry = 0;
            for (uint64_t &word : words) {
                carry += (unsigned __int128)word * 10;
                word = uint64_t(carry);
                carry >>= 64;
            }
        }

        void divide() {
            unsigned __int128 rest = 0;
            for (int i = WORDS; i-- > 0;) {
                rest = rest << 64 | words[i];
                words[i] = uint64_t(rest / 10);
                rest %= 10;
            }
        }

        // The first 128 bits; `more` if something beyond the last word was lost.
        Power leading(bool more) const {
            int top = WORDS - 1;
            while (!words[top]) top--;
            int shift = __builtin_clzll(words[top]);
            auto word = [&](int i) { return i < 0 ? 0 : words[i]; };
            auto shifted = [&](int i) { return shift ? word(i) << shift | word(i - 1) >> (64 - shift) : word(i); };
            Power power{shifted(top), shifted(top - 1)};
            more = more || (shift && top >= 2 && word(top - 2) << shift);
            for (int i = shift ? top - 3 : top - 2; i >= 0; i--) more = more || words[i];
            if (more && ++power.low == 0) power.high++;
            return power;
        }
    };

    Power at_[LAST - FIRST + 1];
};

inline const Powers POWERS;

// digits * 10^exponent
struct Decimal {
    uint64_t digits;
    int exponent;
};

// How the two formats differ: bits of the fraction, the exponent's bias, products with a power of ten rounded to odd.
struct Single {
    using Bits = uint32_t;
    static constexpr int FRACTION = 23, BIAS = 150;

    static uint64_t product(int k, uint64_t value) {
        uint64_t power = POWERS[k].high + (POWERS[k].low != 0);
        auto all = (unsigned __int128)power * value;
        uint32_t rest = uint32_t(uint64_t(all) >> 32);
        return uint64_t(all >> 64) | (rest > 1);
    }
};

struct Double {
    using Bits = uint64_t;
    static constexpr int FRACTION = 52, BIAS = 1075;

    static uint64_t product(int k, uint64_t value) {
        const Powers::Power &power = POWERS[k];
        uint64_t carried = uint64_t((unsigned __int128)power.low * value >> 64);
        auto high = (unsigned __int128)power.high * value + carried;
        return uint64_t(high >> 64) | (uint64_t(high) > 1);
    }
};

// Of a positive, finite number given by its bits.
template <class Format>
Decimal shortest(typename Format::Bits bits) {
    uint64_t fraction = bits & ((typename Format::Bits(1) << Format::FRACTION) - 1);
    int exponent = int(bits >> Format::FRACTION);
    uint64_t c = exponent ? fraction | uint64_t(1) << Format::FRACTION : fraction;
    int q = (exponent ? exponent : 1) - Format::BIAS;
    if (q <= 0 && -q <= Format::FRACTION && (c & ((uint64_t(1) << -q) - 1)) == 0) return {c >> -q, 0};

    // Halfway to both neighbours, in quarters; below a power of two the lower one is nearer.
    bool nearer = fraction == 0 && exponent > 1;
    int k = (q * 1262611 - (nearer ? 524031 : 0)) >> 22;
    int h = q + ((-k * 1741647) >> 19) + 1;
    uint64_t lower = Format::product(-k, (4 * c - 2 + nearer) << h) + (c & 1);
    uint64_t value = Format::product(-k, 4 * c << h);
    uint64_t upper = Format::product(-k, (4 * c + 2) << h) - (c & 1);
    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
        if (below != above) return {tens + above, k + 1};
    }
    bool below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above) return {s + above, k};
    uint64_t middle = 4 * s + 2;
    return {s + (value > middle || (value == middle && (s & 1))), k};
}

// Decimal digits without zeros at the end, which go into the exponent; their number.
inline int write_digits(char *to, Decimal &decimal) {
    constexpr char PAIRS[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051"
        "525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
    char backwards[40];
    char *p = backwards + 20;
    uint64_t rest = decimal.digits;
    if (rest % 100000000 == 0) rest /= 100000000, decimal.exponent += 8;
    for (; rest >= 100; rest /= 100) p -= 2, memcpy(p, PAIRS + 2 * (rest % 100), 2);
    if (rest >= 10) p -= 2, memcpy(p, PAIRS + 2 * rest, 2);
    else *--p = char('0' + rest);
    const char *end = backwards + 20;
    while (end - p > 1 && end[-1] == '0') end--, decimal.exponent++;
    memcpy(to, p, 20);
    return int(end - p);
}

inline char *write_repeated(char *p, char character, int count) {
    memset(p, character, size_t(count));
    return p + count;
}

// Room for a number: 24 characters at most, and what is copied beyond them because that is quicker.
constexpr int ROOM = 64;

// The number with an exponent outside 1e-6 to 1e10, as Arrow has it; `p` has ROOM.
template <class Format>
char *write_shortest(char *p, typename Format::Bits bits) {
    constexpr typename Format::Bits SIGN = typename Format::Bits(1) << (8 * sizeof bits - 1);
    if (bits & SIGN) *p++ = '-';
    Decimal decimal = shortest<Format>(bits & ~SIGN);
    char found[48];
    int count = write_digits(found, decimal);
    int exponent = decimal.exponent + count - 1;
    auto take = [&](int from, int digits) {
        memcpy(p, found + from, 20);
        p += digits;
    };
    if (exponent < -6 || exponent >= 10) {
        take(0, 1);
        if (count > 1) *p++ = '.';
        take(1, count - 1);
        *p++ = 'e';
        *p++ = exponent < 0 ? '-' : '+';
        if (exponent < 0) exponent = -exponent;
        if (exponent >= 100) *p++ = char('0' + exponent / 100);
        if (exponent >= 10) *p++ = char('0' + exponent / 10 % 10);
        *p++ = char('0' + exponent % 10);
    } else if (exponent < 0) {
        *p++ = '0';
        *p++ = '.';
        p = write_repeated(p, '0', -exponent - 1);
        take(0, count);
    } else if (count <= exponent + 1) {
        take(0, count);
        p = write_repeated(p, '0', exponent + 1 - count);
    } else {
        take(0, exponent + 1);
        *p++ = '.';
        take(exponent + 1, count - exponent - 1);
    }
    return p;
}

}  // namespace wire
