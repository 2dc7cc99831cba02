package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		in   string
		want time.Duration // Negative for an error.
	}{
		{"0", 0},
		{"90", 90 * time.Second},
		{"+5", 5 * time.Second},
		{"30s", 30 * time.Second},
		{"30S", 30 * time.Second},
		{"10m", 10 * time.Minute},
		{"10M", 10 * time.Minute},
		{"1h", time.Hour},
		{"1H", time.Hour},
		{"1d", day},
		{"2D", 2 * day},
		{"1h30m", 90 * time.Minute},
		{"1.5h", 90 * time.Minute},
		{"250ms", 250 * time.Millisecond},
		{"106751d", 106751 * day},
		{"106752d", -1},
		{"99999999999999999999", -1},
		{"m", -1},
		{"1w", -1},
		{"1 h", -1},
		{"-5", -1},
		{"-5m", -1},
		{"-1h30m", -1},
		{"1d12h", -1},
	}
	for _, tt := range tests {
		got, err := parseDuration(tt.in)
		switch {
		case tt.want < 0 && err == nil:
			t.Errorf("%q: got %v, want an error", tt.in, got)
		case tt.want >= 0 && (err != nil || got != tt.want):
			t.Errorf("%q: got %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	tests := []struct {
		in   string
		want int64 // Negative for an error.
	}{
		{"1000", 1000},
		{"1k", 1000},
		{"1K", 1000},
		{"1KB", 1000},
		{"8M", 8_000_000},
		{"8mb", 8_000_000},
		{"1.5M", 1_500_000},
		{"1G", 1_000_000_000},
		{"8MiB", 8 << 20},
		{"8 MiB", 8 << 20},
		{"64KiB", 64 << 10},
		{"", -1},
		{"M", -1},
		{"-1", -1},
		{"nan", -1},
		{"1T", -1},
		{"1e300", -1},
		{"9007199254740992G", -1},
	}
	for _, tt := range tests {
		got, err := parseSize(tt.in)
		switch {
		case tt.want < 0 && err == nil:
			t.Errorf("%q: got %v, want an error", tt.in, got)
		case tt.want >= 0 && (err != nil || got != tt.want):
			t.Errorf("%q: got %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseBool(t *testing.T) {
	for in, want := range map[string]bool{
		"true": true, "On": true, "YES": true, "false": false, "Off": false, "no": false,
	} {
		got, err := parseBool(in)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"1", "0", "y", "enabled"} {
		if got, err := parseBool(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}
