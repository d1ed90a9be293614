// The functions that archive/wire/library.py calls. None of them throws, keeps a pointer of the caller's, or
// touches Python: ctypes lets other threads run meanwhile.

#include "binary.hpp"
#include "columns.hpp"
#include "reader.hpp"
#include "text.hpp"

namespace wire {

// Runs `work`, and tells in `output` what went wrong.
template <class Work>
int32_t guarded(Output &output, Work work) {
    try {
        work();
        return OK;
    } catch (const Failure &failure) {
        output.column = failure.column;
        output.value = failure.value;
        return failure.outcome;
    } catch (const std::bad_alloc &) {
        output.column = -1;
        return NO_MEMORY;
    }
}

// Hands `rows` rows, one by one, to `writer`; `whole` if nothing may come behind them.
template <class Writer>
void each_row(const uint8_t *data, int64_t size, int64_t rows, bool whole, Writer writer) {
    Cursor from(data, size);
    for (int64_t row = 0; row < rows; row++) writer(from, row);
    if (whole && !from.at_end()) throw Failure{MALFORMED};
}

}  // namespace wire

using namespace wire;

extern "C" {

const char *wire_source() { return WIRE_SOURCE; }

int32_t wire_read(Reader *reader, int32_t linger, int32_t tick) { return fill(*reader, linger, tick); }

void wire_forget(Reader *reader) {
    if (reader->row) reader->free_memory(reader->row);
    reader->row = nullptr;
}

void wire_release(Output *output) {
    free(output->data);
    free(output->scratch);
    output->data = output->scratch = nullptr;
    output->capacity = output->scratch_capacity = output->length = 0;
}

int32_t wire_text(const Column *columns, int32_t count, const Style *style, const uint8_t *data, int64_t size,
                  int64_t rows, int32_t whole, Output *output) {
    output->length = 0;
    return guarded(*output, [&] {
        Buffer out(output->data, output->capacity);
        TextRows writer(columns, count, *style, out);
        each_row(data, size, rows, whole, [&](Cursor &from, int64_t) { writer.row(from); });
        output->length = out.length();
    });
}

int32_t wire_binary(const Column *columns, int32_t count, const uint8_t *data, int64_t size, int64_t rows,
                    int32_t whole, Output *output) {
    output->length = 0;
    return guarded(*output, [&] {
        Buffer out(output->data, output->capacity);
        BinaryRows writer(columns, count, false, out);
        each_row(data, size, rows, whole, [&](Cursor &from, int64_t) { writer.row(from); });
        output->length = out.length();
    });
}

int32_t wire_base64(const Column *columns, int32_t count, int32_t masked, const uint8_t *data, int64_t size,
                    int64_t rows, int32_t whole, Output *output) {
    output->length = 0;
    return guarded(*output, [&] {
        Buffer packed(output->scratch, output->scratch_capacity);
        packed.put(output->pending, output->pending_length);
        BinaryRows writer(columns, count, masked, packed);
        each_row(data, size, rows, whole, [&](Cursor &from, int64_t) { writer.row(from); });
        int64_t groups = packed.length() / 3;
        Buffer out(output->data, output->capacity);
        char *end = write_base64(out.room(groups * 4 + 1), reinterpret_cast<uint8_t *>(packed.data()), groups * 3);
        *end++ = '\n';
        out.advance(end);
        output->pending_length = int32_t(packed.length() - groups * 3);
        memcpy(output->pending, packed.data() + groups * 3, size_t(output->pending_length));
        output->length = out.length();
    });
}

int32_t wire_survey(const Column *columns, int32_t count, const uint8_t *data, int64_t size, int64_t rows,
                    int32_t whole, Survey *surveys, Output *output) {
    return guarded(*output, [&] {
        Surveyor surveyor(columns, count, surveys);
        each_row(data, size, rows, whole, [&](Cursor &from, int64_t) { surveyor.row(from); });
    });
}

int32_t wire_arrow(const Column *columns, int32_t count, const uint8_t *data, int64_t size, int64_t rows,
                   ArrowColumn *arrays, Output *output) {
    return guarded(*output, [&] {
        ArrowRows writer(columns, count, arrays);
        each_row(data, size, rows, false, [&](Cursor &from, int64_t row) { writer.row(from, row); });
    });
}
}
