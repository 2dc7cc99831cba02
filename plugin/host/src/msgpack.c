#include "msgpack.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "json.h"

struct reader {
    const unsigned char *data;
    size_t len, pos;
    const char *error;
    size_t error_at;
    struct text *out;
};

enum kind { NIL, BOOLEAN, UNSIGNED, SIGNED, FLOAT32, FLOAT64, STRING, BINARY, ARRAY, MAP, EXTENSION };

/* One item's head; for STRING, BINARY and EXTENSION the bytes too. */
struct item {
    enum kind kind;
    size_t at; /* of its first byte */
    uint64_t unsigned_value;
    int64_t signed_value;
    double float_value;
    uint32_t count; /* elements, pairs or bytes */
    int extension;
    const unsigned char *bytes;
};

static bool fail(struct reader *r, size_t at, const char *error)
{
    if (r->error == NULL) {
        r->error = error;
        r->error_at = at;
    }
    return false;
}

static bool big_endian(struct reader *r, size_t at, size_t bytes, uint64_t *value)
{
    if (r->len - r->pos < bytes) {
        return fail(r, at, "the data ends within a value");
    }
    *value = 0;
    for (size_t i = 0; i < bytes; i++) {
        *value = *value << 8 | r->data[r->pos++];
    }
    return true;
}

static bool take_bytes(struct reader *r, struct item *it)
{
    if (r->len - r->pos < it->count) {
        return fail(r, it->at, "the data ends within a value");
    }
    it->bytes = r->data + r->pos;
    r->pos += it->count;
    return true;
}

static bool counted(struct reader *r, struct item *it, enum kind kind, size_t length_bytes)
{
    uint64_t count;

    it->kind = kind;
    if (!big_endian(r, it->at, length_bytes, &count)) {
        return false;
    }
    it->count = (uint32_t)count;
    return true;
}

static bool extension(struct reader *r, struct item *it)
{
    uint64_t type;

    it->kind = EXTENSION;
    if (!big_endian(r, it->at, 1, &type)) {
        return false;
    }
    it->extension = type < 128 ? (int)type : (int)type - 256;
    return take_bytes(r, it);
}

static bool integer(struct reader *r, struct item *it, size_t bytes, bool is_signed)
{
    uint64_t value;

    if (!big_endian(r, it->at, bytes, &value)) {
        return false;
    }
    it->kind = is_signed ? SIGNED : UNSIGNED;
    it->unsigned_value = value;
    switch (bytes) {
    case 1:
        it->signed_value = (int8_t)value;
        break;
    case 2:
        it->signed_value = (int16_t)value;
        break;
    case 4:
        it->signed_value = (int32_t)value;
        break;
    default:
        it->signed_value = (int64_t)value;
    }
    return true;
}

static bool real(struct reader *r, struct item *it, bool is_double)
{
    uint64_t bits;

    if (!big_endian(r, it->at, is_double ? 8 : 4, &bits)) {
        return false;
    }
    if (is_double) {
        it->kind = FLOAT64;
        memcpy(&it->float_value, &bits, sizeof(it->float_value));
    } else {
        uint32_t half = (uint32_t)bits;
        float value;

        it->kind = FLOAT32;
        memcpy(&value, &half, sizeof(value));
        it->float_value = (double)value;
    }
    return true;
}

static bool next_long(struct reader *r, struct item *it, unsigned char c)
{
    switch (c) {
    case 0xc0:
        it->kind = NIL;
        return true;
    case 0xc2:
    case 0xc3:
        it->kind = BOOLEAN;
        it->unsigned_value = c & 1;
        return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return counted(r, it, BINARY, (size_t)1 << (c - 0xc4)) && take_bytes(r, it);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return counted(r, it, EXTENSION, (size_t)1 << (c - 0xc7)) && extension(r, it);
    case 0xca:
    case 0xcb:
        return real(r, it, c == 0xcb);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return integer(r, it, (size_t)1 << (c - 0xcc), false);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return integer(r, it, (size_t)1 << (c - 0xd0), true);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        it->count = 1u << (c - 0xd4);
        return extension(r, it);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return counted(r, it, STRING, (size_t)1 << (c - 0xd9)) && take_bytes(r, it);
    case 0xdc:
    case 0xdd:
        return counted(r, it, ARRAY, c == 0xdc ? 2 : 4);
    case 0xde:
    case 0xdf:
        return counted(r, it, MAP, c == 0xde ? 2 : 4);
    default:
        return fail(r, it->at, "0xc1 is no msgpack type");
    }
}

static bool next(struct reader *r, struct item *it)
{
    unsigned char c;

    *it = (struct item){.at = r->pos};
    if (r->pos >= r->len) {
        return fail(r, r->pos, "the data ends where a value should be");
    }
    c = r->data[r->pos++];
    if (c < 0x80) {
        it->kind = UNSIGNED;
        it->unsigned_value = c;
        return true;
    }
    if (c >= 0xe0) {
        it->kind = SIGNED;
        it->signed_value = (int8_t)c;
        return true;
    }
    if (c < 0x90) {
        it->kind = MAP;
        it->count = c & 0x0f;
        return true;
    }
    if (c < 0xa0) {
        it->kind = ARRAY;
        it->count = c & 0x0f;
        return true;
    }
    if (c < 0xc0) {
        it->kind = STRING;
        it->count = c & 0x1f;
        return take_bytes(r, it);
    }
    return next_long(r, it, c);
}

static uint64_t be32(const unsigned char *b)
{
    return (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
}

static bool is_time(const struct item *it)
{
    return it->kind == EXTENSION && it->extension == 0 && it->count == 8;
}

static void write_seconds(struct text *out, uint64_t seconds, uint64_t nanoseconds)
{
    text_addf(out, "%" PRIu64 ".%09" PRIu64, seconds, nanoseconds);
}

static void write_scalar(struct reader *r, const struct item *it)
{
    switch (it->kind) {
    case NIL:
        text_add_str(r->out, "null");
        break;
    case BOOLEAN:
        text_add_str(r->out, it->unsigned_value != 0 ? "true" : "false");
        break;
    case UNSIGNED:
        text_addf(r->out, "%" PRIu64, it->unsigned_value);
        break;
    case SIGNED:
        text_addf(r->out, "%" PRId64, it->signed_value);
        break;
    case FLOAT32:
        json_float(r->out, (float)it->float_value);
        break;
    case FLOAT64:
        json_double(r->out, it->float_value);
        break;
    case STRING:
        json_string(r->out, it->bytes, it->count);
        break;
    case BINARY:
        json_base64(r->out, it->bytes, it->count);
        break;
    case EXTENSION:
        if (is_time(it)) {
            write_seconds(r->out, be32(it->bytes), be32(it->bytes + 4));
            break;
        }
        text_addf(r->out, "{\"ext\":%d,\"data\":", it->extension);
        json_base64(r->out, it->bytes, it->count);
        text_add_char(r->out, '}');
        break;
    case ARRAY:
    case MAP:
        break;
    }
}

/* JSON's keys are strings: other scalars are written as the text of their value. */
static bool write_key(struct reader *r)
{
    struct item it;

    if (!next(r, &it)) {
        return false;
    }
    switch (it.kind) {
    case STRING:
    case BINARY:
        write_scalar(r, &it);
        break;
    case NIL:
    case BOOLEAN:
    case UNSIGNED:
    case SIGNED:
    case FLOAT32:
    case FLOAT64:
        text_add_char(r->out, '"');
        write_scalar(r, &it);
        text_add_char(r->out, '"');
        break;
    default:
        return fail(r, it.at, "a map's key is neither a string nor a number");
    }
    text_add_char(r->out, ':');
    return true;
}

static bool write_value(struct reader *r, int depth);

static bool write_container(struct reader *r, const struct item *it, int depth)
{
    bool map = it->kind == MAP;

    if (depth > MSGPACK_MAX_DEPTH) {
        return fail(r, it->at, "nested too deep");
    }
    text_add_char(r->out, map ? '{' : '[');
    for (uint32_t i = 0; i < it->count; i++) {
        if (i > 0) {
            text_add_char(r->out, ',');
        }
        if ((map && !write_key(r)) || !write_value(r, depth + 1)) {
            return false;
        }
    }
    text_add_char(r->out, map ? '}' : ']');
    return true;
}

static bool write_value(struct reader *r, int depth)
{
    struct item it;

    if (!next(r, &it)) {
        return false;
    }
    if (it.kind == ARRAY || it.kind == MAP) {
        return write_container(r, &it, depth);
    }
    write_scalar(r, &it);
    return true;
}

/* Metadata and body have to be maps. */
static bool write_map(struct reader *r, const char *error)
{
    struct item it;

    if (!next(r, &it)) {
        return false;
    }
    if (it.kind != MAP) {
        return fail(r, it.at, error);
    }
    return write_container(r, &it, 1);
}

/* Writes the time as seconds with nanoseconds; *marker tells that the event is a group's start or end. */
static bool write_time(struct reader *r, const struct item *it, bool *marker)
{
    double whole, fraction;

    *marker = false;
    if (is_time(it)) {
        uint64_t seconds = be32(it->bytes);

        *marker = seconds >= 0xFFFFFFFE;
        write_seconds(r->out, seconds, be32(it->bytes + 4));
        return true;
    }
    switch (it->kind) {
    case UNSIGNED:
        write_seconds(r->out, it->unsigned_value, 0);
        return true;
    case FLOAT32:
    case FLOAT64:
        if (!(it->float_value >= 0 && it->float_value < 1e18)) {
            break;
        }
        fraction = modf(it->float_value, &whole);
        write_seconds(r->out, (uint64_t)whole, (uint64_t)(fraction * 1e9));
        return true;
    default:
        break;
    }
    return fail(r, it->at, "an event's time is no time");
}

static bool write_event(struct reader *r, bool with_time, bool *marker)
{
    struct item it;
    size_t start = r->out->len;

    if (!next(r, &it)) {
        return false;
    }
    if (it.kind != ARRAY || it.count != 2) {
        return fail(r, it.at, "an event has to be an array of two");
    }
    if (!next(r, &it)) {
        return false;
    }
    text_add_str(r->out, "{\"time\":");
    if (it.kind == ARRAY) {
        if (it.count != 2) {
            return fail(r, it.at, "an event's head has to be an array of time and metadata");
        }
        if (!next(r, &it) || !write_time(r, &it, marker)) {
            return false;
        }
        text_add_str(r->out, ",\"metadata\":");
        if (!write_map(r, "an event's metadata has to be a map")) {
            return false;
        }
    } else {
        if (!write_time(r, &it, marker)) {
            return false;
        }
        text_add_str(r->out, ",\"metadata\":{}");
    }
    if (with_time) {
        text_add_str(r->out, ",\"record\":");
    } else {
        r->out->len = start; /* read for its errors, not wanted */
    }
    if (!write_map(r, "an event's body has to be a map")) {
        return false;
    }
    text_add_str(r->out, with_time ? "}\n" : "\n");
    return true;
}

struct msgpack_result msgpack_lines(struct text *out, const void *data, size_t len, bool with_time)
{
    struct reader r = {.data = data, .len = len, .out = out};
    struct msgpack_result result = {0};

    while (r.pos < r.len) {
        size_t start = out->len;
        bool marker = false;

        if (!write_event(&r, with_time, &marker)) {
            out->len = start;
            result.error = r.error;
            result.offset = r.error_at;
            return result;
        }
        if (marker) {
            out->len = start;
            continue;
        }
        result.records++;
    }
    return result;
}
