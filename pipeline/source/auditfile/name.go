package auditfile

import (
	"path/filepath"
	"regexp"
	"strings"
)

var (
	// number is what logrotate appends.
	number = regexp.MustCompile(`\.\d{1,9}$`)
	// stamp is a date, with or without a time, or seconds since 1970, as
	// logrotate's dateext, lumberjack and others put into names.
	stamp = regexp.MustCompile(`[-._](?:\d{4}-?\d{2}-?\d{2}(?:[-T_.]?\d{2}(?:[-:.]?\d{2}){0,2}(?:\.\d{1,9})?Z?)?|\d{10})$`)
)

const gzipSuffix = ".gz"

// logOf returns the name of the log that a file belongs to, and whether the
// file's name says that it was rotated.
func logOf(name string) (log string, rotated bool) {
	log = strings.TrimSuffix(name, gzipSuffix)
	log = number.ReplaceAllString(log, "")
	log = stamp.ReplaceAllString(log, "")
	ext := filepath.Ext(log)
	log = stamp.ReplaceAllString(strings.TrimSuffix(log, ext), "") + ext
	return log, log != name
}

// isLog reports whether a file in a directory is taken for a log, going by its
// name alone.
func isLog(name string) bool {
	log, _ := logOf(name)
	switch filepath.Ext(log) {
	case ".log", ".json", ".jsonl", ".ndjson":
		return true
	}
	return false
}
