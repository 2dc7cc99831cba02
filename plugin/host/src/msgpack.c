#include "msgpack.h"

#include <inttypes.h>
#include <math.h>

#include "item.h"
#include "json.h"

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

static void write_scalar(struct item_reader *r, const struct item *it)
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
static bool write_key(struct item_reader *r)
{
    struct item it;

    if (!item_next(r, &it)) {
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
        return item_fail(r, it.at, "a map's key is neither a string nor a number");
    }
    text_add_char(r->out, ':');
    return true;
}

static bool write_value(struct item_reader *r, int depth);

static bool write_container(struct item_reader *r, const struct item *it, int depth)
{
    bool map = it->kind == MAP;

    if (depth > MSGPACK_MAX_DEPTH) {
        return item_fail(r, it->at, "nested too deep");
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

static bool write_value(struct item_reader *r, int depth)
{
    struct item it;

    if (!item_next(r, &it)) {
        return false;
    }
    if (it.kind == ARRAY || it.kind == MAP) {
        return write_container(r, &it, depth);
    }
    write_scalar(r, &it);
    return true;
}

/* Metadata and body have to be maps. */
static bool write_map(struct item_reader *r, const char *error)
{
    struct item it;

    if (!item_next(r, &it)) {
        return false;
    }
    if (it.kind != MAP) {
        return item_fail(r, it.at, error);
    }
    return write_container(r, &it, 1);
}

/* Writes the time as seconds with nanoseconds; *marker tells that the event is a group's start or end. */
static bool write_time(struct item_reader *r, const struct item *it, bool *marker)
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
    return item_fail(r, it->at, "an event's time is no time");
}

static bool write_event(struct item_reader *r, bool with_time, bool *marker)
{
    struct item it;
    size_t start = r->out->len;

    if (!item_next(r, &it)) {
        return false;
    }
    if (it.kind != ARRAY || it.count != 2) {
        return item_fail(r, it.at, "an event has to be an array of two");
    }
    if (!item_next(r, &it)) {
        return false;
    }
    text_add_str(r->out, "{\"time\":");
    if (it.kind == ARRAY) {
        if (it.count != 2) {
            return item_fail(r, it.at, "an event's head has to be an array of time and metadata");
        }
        if (!item_next(r, &it) || !write_time(r, &it, marker)) {
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

/* Walks the events; where keep is false each one's line is thrown away. */
static struct msgpack_result walk(struct text *out, const void *data, size_t len, bool with_time, bool keep)
{
    struct item_reader r = {.data = data, .len = len, .out = out};
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
        result.whole = r.pos;
        if (marker || !keep) {
            out->len = start;
        }
        if (!marker) {
            result.records++;
        }
    }
    return result;
}

struct msgpack_result msgpack_lines(struct text *out, const void *data, size_t len, bool with_time)
{
    return walk(out, data, len, with_time, true);
}

struct msgpack_result msgpack_check(const void *data, size_t len)
{
    struct text out = {0};
    struct msgpack_result result = walk(&out, data, len, false, false);

    text_free(&out);
    return result;
}
