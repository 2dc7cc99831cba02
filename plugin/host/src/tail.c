#define _XOPEN_SOURCE 700
#include "tail.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "jsonpack.h"
#include "log.h"
#include "reserved.h"

enum { READ_MOST = 256 * 1024, LINE_MOST = 32 * 1024 };

struct file {
    struct file *next;
    char *path, *tag;
    int fd;
    dev_t device;
    ino_t number;
    off_t offset;
    struct text rest; /* of a line that has not ended yet */
    bool skipping;    /* the rest of a line that is too long */
};

struct tail {
    const char *path, *key;
    bool from_head, json;
    size_t line_most;
    char *tag; /* NULL: the input's */
    struct file *files;
    int64_t next_search;
    bool searched;
};

/* Keys of Fluent Bit's that change nothing in what is read here. */
static const char *const ignored[] = {
    "db",          "db.sync",         "db.locking",        "db.journal_mode", "buffer_chunk_size",
    "rotate_wait", "inotify_watcher", "static_batch_size", "event_batch_size", "refresh_interval",
};

static bool flag(struct instance_config *config, const char *key, bool *value)
{
    const char *text = instance_config_get(config, key);
    int on = text != NULL ? reserved_bool(text) : 0;

    if (on < 0) {
        log_line(LOG_ERROR, "[config] key \"%s\" of input %s is neither on nor off (%s)", key, config->name,
                 config->where);
        return false;
    }
    *value = on == 1;
    return true;
}

static bool read_keys(struct tail *tail, struct instance_config *config)
{
    const char *parser = instance_config_get(config, "parser"), *most = instance_config_get(config, "buffer_max_size");
    const char *key = instance_config_get(config, "key");
    bool skip_long;

    tail->path = instance_config_get(config, "path");
    if (tail->path == NULL) {
        log_line(LOG_ERROR, "[config] input tail (%s) has no path", config->where);
        return false;
    }
    if (parser != NULL && strcasecmp(parser, "json") != 0) {
        log_line(LOG_ERROR, "[config] the plugin host's tail knows no parser but json (%s)", config->where);
        return false;
    }
    tail->json = parser != NULL;
    tail->key = key != NULL ? key : "log";
    tail->line_most = most != NULL ? reserved_size(most) : LINE_MOST;
    tail->tag = config->tag != NULL ? mem_copy(config->tag) : NULL;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        if (instance_config_get(config, ignored[i]) != NULL) {
            log_line(LOG_WARN, "[config] key \"%s\" of input tail (%s) means nothing to the plugin host and is ignored",
                     ignored[i], config->where);
        }
    }
    /* Long lines are always left out: Fluent Bit otherwise stops to read the file. */
    return flag(config, "read_from_head", &tail->from_head) && flag(config, "skip_long_lines", &skip_long);
}

struct tail *tail_new(struct instance_config *config)
{
    struct tail *tail = mem_zeroed(sizeof(*tail));

    if (!read_keys(tail, config)) {
        tail_free(tail);
        return NULL;
    }
    return tail;
}

/* The input's tag, in which * stands for the path with dots for its slashes. */
static char *tag_of(const struct tail *tail, const char *path)
{
    const char *star = tail->tag != NULL ? strchr(tail->tag, '*') : NULL;
    struct text tag = {0};

    if (star == NULL) {
        return tail->tag != NULL ? mem_copy(tail->tag) : NULL;
    }
    text_add(&tag, tail->tag, (size_t)(star - tail->tag));
    for (const char *p = *path == '/' ? path + 1 : path; *p != '\0'; p++) {
        text_add_char(&tag, *p == '/' ? '.' : *p);
    }
    text_add_str(&tag, star + 1);
    return text_take(&tag);
}

static void open_file(struct tail *tail, const char *path)
{
    struct file *file, **last = &tail->files;
    struct stat about;
    int fd;

    for (; *last != NULL; last = &(*last)->next) {
        if (strcmp((*last)->path, path) == 0) {
            return;
        }
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        return; /* it is looked for again */
    }
    file = mem_zeroed(sizeof(*file));
    file->path = mem_copy(path);
    file->tag = tag_of(tail, path);
    file->fd = fd;
    file->device = about.st_dev;
    file->number = about.st_ino;
    /* What comes to be later is read from its head. */
    file->offset = tail->from_head || tail->searched ? 0 : about.st_size;
    *last = file;
    log_line(LOG_DEBUG, "[tail] reads %s from byte %lld", path, (long long)file->offset);
}

/* The path may be several, with commas between, and each a pattern. */
static void search(struct tail *tail)
{
    char *copy = mem_copy(tail->path), *rest = copy, *save = NULL, *pattern;

    for (; (pattern = strtok_r(rest, ",", &save)) != NULL; rest = NULL) {
        glob_t found;

        while (*pattern == ' ') {
            pattern++;
        }
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t i = 0; i < found.gl_pathc; i++) {
                open_file(tail, found.gl_pathv[i]);
            }
            globfree(&found);
        }
    }
    free(copy);
    tail->searched = true;
}

static void free_file(struct file *file)
{
    close(file->fd);
    text_free(&file->rest);
    free(file->path);
    free(file->tag);
    free(file);
}

/* One event: [[now, {}], {"log": line}], or the line's own object. */
static void add_event(const struct tail *tail, struct text *out, const char *line, size_t len)
{
    struct timespec now;
    unsigned char head[13] = {0x92, 0x92, 0xd7, 0x00};

    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < 4; i++) {
        head[4 + i] = (unsigned char)((uint64_t)now.tv_sec >> (24 - 8 * i));
        head[8 + i] = (unsigned char)((uint64_t)now.tv_nsec >> (24 - 8 * i));
    }
    head[12] = 0x80;
    text_add(out, head, sizeof(head));
    if (tail->json && jsonpack_object(out, line, len)) {
        return;
    }
    text_add_char(out, (char)0x81);
    jsonpack_string(out, tail->key, strlen(tail->key));
    jsonpack_string(out, line, len);
}

/* Takes the whole lines out of the rest. */
static size_t take_lines(const struct tail *tail, struct file *file, struct text *events)
{
    size_t at = 0, count = 0;
    char *end;

    while (at < file->rest.len && (end = memchr(file->rest.data + at, '\n', file->rest.len - at)) != NULL) {
        size_t len = (size_t)(end - file->rest.data) - at, next = at + len + 1;

        if (len > 0 && file->rest.data[at + len - 1] == '\r') {
            len--;
        }
        if (file->skipping || len > tail->line_most) {
            file->skipping = false;
            log_line(LOG_WARN, "[tail] a line of %s is longer than %zu bytes and is left out", file->path,
                     tail->line_most);
        } else if (len > 0) {
            add_event(tail, events, file->rest.data + at, len);
            count++;
        }
        at = next;
    }
    memmove(file->rest.data, file->rest.data + at, file->rest.len - at);
    file->rest.len -= at;
    if (file->rest.len > tail->line_most + 1) {
        file->skipping = true;
        file->rest.len = 0;
    }
    return count;
}

/* Whether anything was read. */
static bool read_file(const struct tail *tail, struct file *file,
                      void (*take)(void *arg, const char *tag, const struct text *events, size_t count), void *arg)
{
    struct text events = {0};
    struct stat about;
    char *buffer;
    size_t count;
    ssize_t n;

    if (fstat(file->fd, &about) == 0 && about.st_size < file->offset) {
        log_line(LOG_INFO, "[tail] %s was truncated", file->path);
        file->offset = 0;
        file->rest.len = 0;
    }
    buffer = mem_zeroed(READ_MOST);
    n = pread(file->fd, buffer, READ_MOST, file->offset);
    if (n > 0) {
        file->offset += n;
        text_add(&file->rest, buffer, (size_t)n);
        count = take_lines(tail, file, &events);
        if (count > 0) {
            take(arg, file->tag, &events, count);
        }
    }
    text_free(&events);
    free(buffer);
    return n > 0;
}

/* Whether another file has that path by now, or none. */
static bool is_replaced(const struct file *file)
{
    struct stat about;

    return stat(file->path, &about) != 0 || about.st_dev != file->device || about.st_ino != file->number;
}

bool tail_read(struct tail *tail, void (*take)(void *arg, const char *tag, const struct text *events, size_t count),
               void *arg)
{
    bool any = false;

    if (clock_now() >= tail->next_search) {
        search(tail);
        tail->next_search = clock_now() + CLOCK_SECOND;
    }
    for (struct file **link = &tail->files; *link != NULL;) {
        struct file *file = *link;
        /* Looked at first: what is written before the file is moved away is read. */
        bool replaced = is_replaced(file);

        if (read_file(tail, file, take, arg)) {
            any = true;
        } else if (replaced) {
            *link = file->next;
            free_file(file);
            tail->next_search = 0;
            continue;
        }
        link = &file->next;
    }
    return any;
}

void tail_free(struct tail *tail)
{
    while (tail->files != NULL) {
        struct file *file = tail->files;

        tail->files = file->next;
        free_file(file);
    }
    free(tail->tag);
    free(tail);
}
