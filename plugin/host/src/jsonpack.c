#include "jsonpack.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    struct text *out;
};

static void big_endian(struct text *out, unsigned char head, uint64_t value, int bytes)
{
    text_add_char(out, (char)head);
    for (int i = bytes - 1; i >= 0; i--) {
        text_add_char(out, (char)(value >> (8 * i)));
    }
}

void jsonpack_string(struct text *out, const char *bytes, size_t len)
{
    if (len < 32) {
        text_add_char(out, (char)(0xa0 | len));
    } else if (len < 256) {
        big_endian(out, 0xd9, len, 1);
    } else if (len < 65536) {
        big_endian(out, 0xda, len, 2);
    } else {
        big_endian(out, 0xdb, len, 4);
    }
    text_add(out, bytes, len);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) {
        r->at++;
    }
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at >= r->end || *r->at != c) {
        return false;
    }
    r->at++;
    return true;
}

static bool word(struct reader *r, const char *text, unsigned char packed)
{
    size_t len = strlen(text);

    if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0) {
        return false;
    }
    r->at += len;
    text_add_char(r->out, (char)packed);
    return true;
}

static bool hex4(struct reader *r, uint32_t *value)
{
    *value = 0;
    if (r->end - r->at < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (digit < 0) {
            return false;
        }
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static void add_rune(struct text *out, uint32_t c)
{
    if (c < 0x80) {
        text_add_char(out, (char)c);
    } else if (c < 0x800) {
        text_add_char(out, (char)(0xc0 | c >> 6));
        text_add_char(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        text_add_char(out, (char)(0xe0 | c >> 12));
        text_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
        text_add_char(out, (char)(0x80 | (c & 0x3f)));
    } else {
        text_add_char(out, (char)(0xf0 | c >> 18));
        text_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
        text_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
        text_add_char(out, (char)(0x80 | (c & 0x3f)));
    }
}

/* What follows \u; half of a pair alone becomes U+FFFD. */
static bool unicode(struct reader *r, struct text *out)
{
    uint32_t c, low;

    if (!hex4(r, &c)) {
        return false;
    }
    if (c >= 0xd800 && c < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        const char *back = r->at;

        r->at += 2;
        if (!hex4(r, &low)) {
            return false;
        }
        if (low >= 0xdc00 && low < 0xe000) {
            add_rune(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
            return true;
        }
        r->at = back;
    }
    add_rune(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    return true;
}

static bool escape(struct reader *r, struct text *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (r->at >= r->end) {
        return false;
    }
    if (*r->at == 'u') {
        r->at++;
        return unicode(r, out);
    }
    found = *r->at != '\0' ? strchr(from, *r->at) : NULL;
    if (found == NULL) {
        return false;
    }
    r->at++;
    text_add_char(out, to[found - from]);
    return true;
}

static bool string(struct reader *r)
{
    struct text value = {0};
    bool ok = take(r, '"');

    while (ok && r->at < r->end && *r->at != '"') {
        const char *start = r->at;

        while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= 0x20) {
            r->at++;
        }
        text_add(&value, start, (size_t)(r->at - start));
        if (r->at < r->end && *r->at == '\\') {
            r->at++;
            ok = escape(r, &value);
        } else if (r->at < r->end && *r->at != '"') {
            ok = false; /* a control character */
        }
    }
    ok = ok && take(r, '"');
    if (ok) {
        jsonpack_string(r->out, value.data != NULL ? value.data : "", value.len);
    }
    text_free(&value);
    return ok;
}

static bool digits(struct reader *r)
{
    const char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        r->at++;
    }
    return r->at > start;
}

static void pack_double(struct text *out, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    big_endian(out, 0xcb, bits, 8);
}

static void pack_whole(struct text *out, const char *text)
{
    errno = 0;
    if (*text == '-') {
        long long value = strtoll(text, NULL, 10);

        if (errno == 0) {
            big_endian(out, 0xd3, (uint64_t)value, 8);
            return;
        }
    } else {
        unsigned long long value = strtoull(text, NULL, 10);

        if (errno == 0 && value < 128) {
            text_add_char(out, (char)value);
            return;
        }
        if (errno == 0) {
            big_endian(out, 0xcf, value, 8);
            return;
        }
    }
    pack_double(out, strtod(text, NULL));
}

static bool number(struct reader *r)
{
    const char *start = r->at;
    bool whole = true, zero;
    char *text;

    if (*r->at == '-') {
        r->at++;
    }
    zero = r->at < r->end && *r->at == '0';
    if (!digits(r) || (zero && r->at - start > (*start == '-' ? 2 : 1))) {
        return false;
    }
    if (r->at < r->end && *r->at == '.') {
        whole = false;
        r->at++;
        if (!digits(r)) {
            return false;
        }
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        whole = false;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) {
            r->at++;
        }
        if (!digits(r)) {
            return false;
        }
    }
    text = mem_copy_len(start, (size_t)(r->at - start));
    if (whole) {
        pack_whole(r->out, text);
    } else {
        pack_double(r->out, strtod(text, NULL));
    }
    free(text);
    return true;
}

static bool value(struct reader *r, int depth);

/* A list or an object, behind its bracket. The count is put in front once it is known. */
static bool members(struct reader *r, bool object, int depth)
{
    size_t head = r->out->len;
    uint32_t count = 0;

    if (depth > JSONPACK_MAX_DEPTH) {
        return false;
    }
    big_endian(r->out, object ? 0xdf : 0xdd, 0, 4);
    if (take(r, object ? '}' : ']')) {
        return true;
    }
    do {
        skip_blanks(r);
        if ((object && (!string(r) || !take(r, ':'))) || !value(r, depth)) {
            return false;
        }
        count++;
    } while (take(r, ','));
    for (int i = 0; i < 4; i++) {
        r->out->data[head + 1 + (size_t)i] = (char)(count >> (24 - 8 * i));
    }
    return take(r, object ? '}' : ']');
}

static bool value(struct reader *r, int depth)
{
    skip_blanks(r);
    if (r->at >= r->end) {
        return false;
    }
    switch (*r->at) {
    case '{':
    case '[':
        return members(r, *r->at++ == '{', depth + 1);
    case '"':
        return string(r);
    case 't':
        return word(r, "true", 0xc3);
    case 'f':
        return word(r, "false", 0xc2);
    case 'n':
        return word(r, "null", 0xc0);
    default:
        return number(r);
    }
}

bool jsonpack_object(struct text *out, const char *json, size_t len)
{
    struct reader r = {.at = json, .end = json + len, .out = out};
    size_t start = out->len;
    bool ok = take(&r, '{') && members(&r, true, 1);

    skip_blanks(&r);
    if (!ok || r.at != r.end) {
        out->len = start;
        return false;
    }
    return true;
}
