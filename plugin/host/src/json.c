#include "json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Length of the UTF-8 sequence at s, or 0 with *bad set to how many bytes form the invalid part: the longest start
 * of a sequence that could have become valid, at least one byte.
 */
static size_t sequence(const unsigned char *s, size_t len, size_t *bad)
{
    unsigned char low = 0x80, high = 0xBF;
    size_t need;

    *bad = 1;
    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        need = 1;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        need = 2;
        low = s[0] == 0xE0 ? 0xA0 : 0x80;  /* no overlong forms */
        high = s[0] == 0xED ? 0x9F : 0xBF; /* no surrogates */
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        need = 3;
        low = s[0] == 0xF0 ? 0x90 : 0x80;
        high = s[0] == 0xF4 ? 0x8F : 0xBF; /* nothing beyond U+10FFFF */
    } else {
        return 0;
    }
    for (size_t i = 1; i <= need; i++) {
        if (i >= len || s[i] < low || s[i] > high) {
            *bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return need + 1;
}

static void escape(struct text *out, unsigned char c)
{
    switch (c) {
    case '"':
        text_add(out, "\\\"", 2);
        break;
    case '\\':
        text_add(out, "\\\\", 2);
        break;
    case '\b':
        text_add(out, "\\b", 2);
        break;
    case '\f':
        text_add(out, "\\f", 2);
        break;
    case '\n':
        text_add(out, "\\n", 2);
        break;
    case '\r':
        text_add(out, "\\r", 2);
        break;
    case '\t':
        text_add(out, "\\t", 2);
        break;
    default:
        text_addf(out, "\\u%04x", c);
    }
}

void json_string(struct text *out, const void *bytes, size_t len)
{
    const unsigned char *s = bytes;
    size_t plain = 0, i = 0; /* s[plain..i) is copied in one go */

    text_add_char(out, '"');
    while (i < len) {
        size_t bad, n;

        if (s[i] >= 0x20 && s[i] < 0x80 && s[i] != '"' && s[i] != '\\') {
            i++;
            continue;
        }
        n = sequence(s + i, len - i, &bad);
        if (n > 1) {
            i += n;
            continue;
        }
        text_add(out, s + plain, i - plain);
        if (n == 1) {
            escape(out, s[i]);
            i++;
        } else {
            text_add(out, "\xEF\xBF\xBD", 3);
            i += bad;
        }
        plain = i;
    }
    if (i > plain) {
        text_add(out, s + plain, i - plain);
    }
    text_add_char(out, '"');
}

void json_base64(struct text *out, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *s = bytes;

    text_add_char(out, '"');
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)s[i] << 16;
        char four[4] = {0, 0, '=', '='};

        if (n > 1) {
            v |= (uint32_t)s[i + 1] << 8;
        }
        if (n > 2) {
            v |= s[i + 2];
        }
        for (size_t k = 0; k <= n; k++) {
            four[k] = digits[(v >> (18 - 6 * k)) & 63];
        }
        text_add(out, four, 4);
    }
    text_add_char(out, '"');
}

/* Keeps the number a fraction for readers that tell 1 from 1.0. */
static void add_number(struct text *out, const char *digits)
{
    text_add_str(out, digits);
    if (strpbrk(digits, ".eE") == NULL) {
        text_add(out, ".0", 2);
    }
}

void json_double(struct text *out, double value)
{
    char digits[40];

    if (!isfinite(value)) {
        text_add_str(out, "null");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, value);
        if (strtod(digits, NULL) == value) {
            break;
        }
    }
    add_number(out, digits);
}

void json_float(struct text *out, float value)
{
    char digits[40];

    if (!isfinite(value)) {
        text_add_str(out, "null");
        return;
    }
    for (int precision = 6; precision <= 9; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, (double)value);
        if (strtof(digits, NULL) == value) {
            break;
        }
    }
    add_number(out, digits);
}
