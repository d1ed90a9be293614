// Memory that grows with what is written into it.
#pragma once

#include <cstdlib>
#include <cstring>
#include <new>

#include "interface.hpp"

namespace wire {

// What one huge value needed is not kept for all the others.
constexpr int64_t KEPT = 4 << 20;

class Buffer {
  public:
    Buffer(char *&data, int64_t &capacity) : data_(data), capacity_(capacity) {
        if (capacity_ > KEPT) {
            free(data_);
            data_ = nullptr;
            capacity_ = 0;
        }
    }

    int64_t length() const { return length_; }
    char *data() { return data_; }

    // Room for `count` more bytes; what is written there counts after `advance`.
    char *room(int64_t count) {
        if (capacity_ - length_ < count) grow(count);
        return data_ + length_;
    }

    void advance(const char *end) { length_ = end - data_; }

    void put(const void *data, int64_t count) {
        if (count == 0) return;
        memcpy(room(count), data, size_t(count));
        length_ += count;
    }

    void put(const Span &text) { put(text.data, text.length); }

    void put(char character) {
        *room(1) = character;
        length_++;
    }

    void fill(char character, int64_t count) {
        if (count == 0) return;
        memset(room(count), character, size_t(count));
        length_ += count;
    }

  private:
    void grow(int64_t count) {
        int64_t wanted = (length_ + count) + (length_ + count) / 2 + 65536;
        void *grown = realloc(data_, size_t(wanted));
        if (!grown) throw std::bad_alloc();
        data_ = static_cast<char *>(grown);
        capacity_ = wanted;
    }

    char *&data_;
    int64_t &capacity_;
    int64_t length_ = 0;
};

}  // namespace wire
