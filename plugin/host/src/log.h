/* Log lines on stderr as Fluent Bit 5.1 writes them: "[2026/11/21 10:00:00.123] [ info] message". */
#ifndef HOST_LOG_H
#define HOST_LOG_H

/* Fluent Bit's numbers, which plugins use through the API. */
enum log_level {
    LOG_OFF = 0,
    LOG_ERROR = 1,
    LOG_WARN = 2,
    LOG_INFO = 3,
    LOG_DEBUG = 4,
    LOG_TRACE = 5,
};

/* Writes one line if level is wanted. Any thread may call. */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *fmt, ...);

/* The API's log_print: written whatever the level is, since a plugin asks with input_log_check first. */
__attribute__((format(printf, 4, 5))) void log_print(int level, const char *file, int line, const char *fmt, ...);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Level of a name as the configuration gives it, -1 for none. */
int log_level_of(const char *name);

#endif
