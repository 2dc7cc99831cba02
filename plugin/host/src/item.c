#include "item.h"

#include <string.h>

bool item_fail(struct item_reader *r, size_t at, const char *error)
{
    if (r->error == NULL) {
        r->error = error;
        r->error_at = at;
    }
    return false;
}

static bool big_endian(struct item_reader *r, size_t at, size_t bytes, uint64_t *value)
{
    if (r->len - r->pos < bytes) {
        return item_fail(r, at, "the data ends within a value");
    }
    *value = 0;
    for (size_t i = 0; i < bytes; i++) {
        *value = *value << 8 | r->data[r->pos++];
    }
    return true;
}

static bool take_bytes(struct item_reader *r, struct item *it)
{
    if (r->len - r->pos < it->count) {
        return item_fail(r, it->at, "the data ends within a value");
    }
    it->bytes = r->data + r->pos;
    r->pos += it->count;
    return true;
}

static bool counted(struct item_reader *r, struct item *it, enum kind kind, size_t length_bytes)
{
    uint64_t count;

    it->kind = kind;
    if (!big_endian(r, it->at, length_bytes, &count)) {
        return false;
    }
    it->count = (uint32_t)count;
    return true;
}

static bool extension(struct item_reader *r, struct item *it)
{
    uint64_t type;

    it->kind = EXTENSION;
    if (!big_endian(r, it->at, 1, &type)) {
        return false;
    }
    it->extension = type < 128 ? (int)type : (int)type - 256;
    return take_bytes(r, it);
}

static bool integer(struct item_reader *r, struct item *it, size_t bytes, bool is_signed)
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

static bool real(struct item_reader *r, struct item *it, bool is_double)
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

static bool next_long(struct item_reader *r, struct item *it, unsigned char c)
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
        return item_fail(r, it->at, "0xc1 is no msgpack type");
    }
}

bool item_next(struct item_reader *r, struct item *it)
{
    unsigned char c;

    *it = (struct item){.at = r->pos};
    if (r->pos >= r->len) {
        return item_fail(r, r->pos, "the data ends where a value should be");
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
