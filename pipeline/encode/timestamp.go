package encode

import "time"

// timeLen is the length of a time as records have it.
const timeLen = len("2006-01-02T15:04:05.000000000Z")

// appendTime appends t as RFC 3339 in UTC, always with nine digits of
// nanoseconds, so that times sort as text. Years outside 0 to 9999, which RFC
// 3339 cannot write, are brought to the nearest it can.
func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	switch year := t.Year(); {
	case year < 0:
		t = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case year > 9999:
		t = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
	}
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = append(appendDigits(b, year, 4), '-')
	b = append(appendDigits(b, int(month), 2), '-')
	b = append(appendDigits(b, day, 2), 'T')
	b = append(appendDigits(b, hour, 2), ':')
	b = append(appendDigits(b, minute, 2), ':')
	b = append(appendDigits(b, second, 2), '.')
	return append(appendDigits(b, t.Nanosecond(), 9), 'Z')
}

// appendDigits appends n, not negative, in the given number of digits.
func appendDigits(b []byte, n, digits int) []byte {
	const zeros = "000000000"
	b = append(b, zeros[:digits]...)
	for i := len(b) - 1; n > 0; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
	return b
}
