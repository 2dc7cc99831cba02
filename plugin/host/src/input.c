#define _XOPEN_SOURCE 700
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "clock.h"
#include "log.h"
#include "memory.h"
#include "msgpack.h"
#include "output.h"

enum command { RUN, RUN_HOT, PAUSE, EXIT, EXIT_HOT, ABANDON };

enum state { NEW, STARTED, FAILED };

struct input {
    struct abi_context context;
    struct plugin *plugin;
    struct instance_config *config;
    struct pipeline *pipeline; /* NULL: the records are printed */
    size_t nth;                /* among the inputs of the configuration */
    char *label; /* "live_status:live_status.0", as in Fluent Bit's logs */
    pthread_t thread;
    int commands[2]; /* pipe: the starter writes bytes of enum command at [1] */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum state state;
    bool joinable;
    atomic_bool ticking; /* cleared by the thread of another input too: see struct plugin's last */
};

static atomic_bool malformed;

bool input_saw_malformed(void)
{
    return atomic_load(&malformed);
}

struct input *input_new(struct plugin *plugin, struct instance_config *config, int number, struct pipeline *pipeline,
                        size_t nth)
{
    struct input *in = mem_zeroed(sizeof(*in));
    struct text label = {0};

    if (pipe(in->commands) != 0) {
        log_line(LOG_ERROR, "[host] no pipe for input %s: %s", config->name, strerror(errno));
        free(in);
        return NULL;
    }
    fcntl(in->commands[0], F_SETFD, FD_CLOEXEC);
    fcntl(in->commands[1], F_SETFD, FD_CLOEXEC);
    text_addf(&label, "%s:%s", plugin->abi.name, config->alias != NULL ? config->alias : plugin->abi.name);
    if (config->alias == NULL) {
        text_addf(&label, ".%d", number);
    }
    in->label = text_take(&label);
    in->plugin = plugin;
    in->config = config;
    in->pipeline = pipeline;
    in->nth = nth;
    in->context.proxy = plugin;
    pthread_mutex_init(&in->lock, NULL);
    pthread_cond_init(&in->changed, NULL);
    return in;
}

static bool call_init(struct input *in)
{
    struct abi_plugin *abi = &in->plugin->abi;

    abi->instance = in->config;
    abi->context = &in->context;
    in->plugin->last = in;
    if (abi->init(abi) <= 0) {
        log_line(LOG_ERROR, "[go proxy]: plugin '%s' failed to initialize", abi->name);
        return false;
    }
    return true;
}

static void call_cleanup(struct input *in, void *data)
{
    struct abi_plugin *abi = &in->plugin->abi;

    if (abi->cleanup_ctx != NULL) {
        abi->cleanup_ctx(in->context.remote_context, data);
    } else if (abi->cleanup != NULL) {
        abi->cleanup(data);
    } else {
        free(data);
    }
}

/* Puts the whole events of a batch into a chunk; false, with a line logged, when there are others. */
static bool hand_over(struct input *in, const void *data, size_t len)
{
    struct msgpack_result result = msgpack_check(data, len);

    if (result.whole > 0) {
        pipeline_append(in->pipeline, in->nth, NULL, data, result.whole, result.records, false);
    }
    if (result.error != NULL) {
        log_line(LOG_ERROR, "[input:%s] malformed records: %s, at byte %zu of %zu; %zu records before it are taken",
                 in->label, result.error, result.offset, len, result.records);
    }
    return result.error == NULL;
}

static void tick(struct input *in)
{
    struct abi_plugin *abi = &in->plugin->abi;
    void *data = NULL;
    size_t len = 0;
    int ret;

    if (abi->collect_ctx != NULL) {
        ret = abi->collect_ctx(in->context.remote_context, &data, &len);
    } else {
        ret = abi->collect(&data, &len);
    }
    if (len == 0) {
        return;
    }
    if (ret == -1) {
        /* Fluent Bit does not clean up either: the plugin still owns the buffer. */
        log_line(LOG_ERROR, "[input:%s] the tick failed: its %zu bytes are dropped", in->label, len);
        return;
    }
    if (data == NULL) {
        log_line(LOG_ERROR, "[input:%s] the tick returned %zu bytes at a null pointer", in->label, len);
        atomic_store(&malformed, true);
        return;
    }
    if (in->pipeline != NULL ? !hand_over(in, data, len) : !output_batch("input", in->label, data, len)) {
        atomic_store(&malformed, true);
    }
    call_cleanup(in, data);
}

static void call_pause(struct input *in)
{
    if (in->plugin->pause != NULL) {
        in->plugin->pause();
    }
    atomic_store(&in->plugin->last->ticking, false);
}

static void call_exit(struct input *in, bool hot)
{
    if (in->plugin->pre_exit != NULL) {
        in->plugin->pre_exit(hot);
    }
    log_line(LOG_DEBUG, "[GO] running exit callback");
    if (in->plugin->abi.exit != NULL) {
        in->plugin->abi.exit();
    }
}

/* Waits for a command until then; false when the time came first. */
static bool next_command(struct input *in, int64_t until, enum command *command)
{
    struct pollfd ready = {.fd = in->commands[0], .events = POLLIN};
    unsigned char byte;

    for (;;) {
        int n = poll(&ready, 1, until < 0 ? -1 : clock_poll_timeout(until));

        if (n == 0) {
            return false;
        }
        if (n > 0 && read(in->commands[0], &byte, 1) == 1) {
            *command = (enum command)byte;
            return true;
        }
    }
}

/* Ticks on whole seconds until told to exit. Ticks missed by a slow plugin are made up for by one, as a timer's are. */
static void loop(struct input *in, int64_t next)
{
    enum command command;

    for (;;) {
        if (!next_command(in, next, &command)) {
            next = clock_next_second();
            if (atomic_load(&in->ticking)) {
                tick(in);
            }
            continue;
        }
        switch (command) {
        case PAUSE:
            call_pause(in);
            break;
        case EXIT:
        case EXIT_HOT:
            call_exit(in, command == EXIT_HOT);
            return;
        default:
            return;
        }
    }
}

static void set_state(struct input *in, enum state state)
{
    pthread_mutex_lock(&in->lock);
    in->state = state;
    pthread_cond_signal(&in->changed);
    pthread_mutex_unlock(&in->lock);
}

static void *thread_main(void *arg)
{
    struct input *in = arg;
    enum command command;
    int64_t first;

#ifdef __linux__
    char name[16];

    snprintf(name, sizeof(name), "in-%s", strchr(in->label, ':') + 1);
    prctl(PR_SET_NAME, name, 0, 0, 0);
#endif
    if (!call_init(in)) {
        set_state(in, FAILED);
        return NULL;
    }
    set_state(in, STARTED);
    next_command(in, -1, &command);
    switch (command) {
    case RUN:
    case RUN_HOT:
        break;
    case EXIT:
    case EXIT_HOT:
        call_exit(in, command == EXIT_HOT);
        return NULL;
    default:
        return NULL;
    }
    atomic_store(&in->ticking, true);
    first = clock_next_second();
    if (in->plugin->pre_run != NULL) {
        in->plugin->pre_run(command == RUN_HOT);
    }
    loop(in, first);
    return NULL;
}

bool input_init(struct input *in)
{
    enum state state;
    int error = pthread_create(&in->thread, NULL, thread_main, in);

    if (error != 0) {
        log_line(LOG_ERROR, "[input:%s] no thread: %s", in->label, strerror(error));
        return false;
    }
    in->joinable = true;
    pthread_mutex_lock(&in->lock);
    while (in->state == NEW) {
        pthread_cond_wait(&in->changed, &in->lock);
    }
    state = in->state;
    pthread_mutex_unlock(&in->lock);
    if (state == FAILED) {
        log_line(LOG_ERROR, "[input:%s] could not initialize threaded plugin instance", in->label);
        return false;
    }
    log_line(LOG_INFO, "[input:%s] thread instance initialized", in->label);
    return true;
}

static void send(struct input *in, enum command command)
{
    unsigned char byte = (unsigned char)command;

    while (write(in->commands[1], &byte, 1) != 1) {
        if (errno != EINTR) {
            log_line(LOG_ERROR, "[input:%s] cannot reach its thread: %s", in->label, strerror(errno));
            _exit(1);
        }
    }
}

static void join(struct input *in)
{
    if (in->joinable) {
        pthread_join(in->thread, NULL);
        in->joinable = false;
    }
}

void input_run(struct input *in, bool hot_reload_enabled)
{
    send(in, hot_reload_enabled ? RUN_HOT : RUN);
}

void input_pause(struct input *in)
{
    send(in, PAUSE);
}

void input_exit(struct input *in, bool hot)
{
    if (in->state == STARTED) {
        send(in, hot ? EXIT_HOT : EXIT);
    }
    join(in);
}

void input_abandon(struct input *in)
{
    send(in, ABANDON);
    join(in);
}

void input_free(struct input *in)
{
    close(in->commands[0]);
    close(in->commands[1]);
    pthread_mutex_destroy(&in->lock);
    pthread_cond_destroy(&in->changed);
    free(in->label);
    free(in);
}
