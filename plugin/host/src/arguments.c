#define _GNU_SOURCE
#include "arguments.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "memory.h"

const char arguments_usage[] =
    "Usage: live-status-host -e FILE.so [-e ...] [-i NAME [-p key=value ...] ...] [-c conf.yaml] [options]\n"
    "\n"
    "Loads Fluent Bit Go input plugins, calls them as Fluent Bit 5.1 does and prints\n"
    "each of their records as a line of JSON. This is not Fluent Bit.\n"
    "\n"
    "  -e, --plugin=FILE        load a plugin (may be repeated)\n"
    "  -i, --input=NAME         run an input (may be repeated)\n"
    "  -p, --prop=KEY=VALUE     set a key of the last -i\n"
    "  -t, --tag=TAG            set the tag of the last -i, same as -p tag=TAG\n"
    "  -c, --config=FILE        read a Fluent Bit configuration in YAML\n"
    "  -o, --output=FILE        append the records to FILE; - or stdout is standard output (default)\n"
    "  -f, --flush=SECONDS      accepted for Fluent Bit's sake: records are printed at once\n"
    "  -Y, --enable-hot-reload  reload at SIGHUP, as hot_reload: on in a configuration\n"
    "  -v, --verbose            log more; twice for still more\n"
    "  -q, --quiet              log nothing\n"
    "      --with-time          print {\"time\":...,\"metadata\":...,\"record\":...} instead of the record alone\n"
    "      --check              start, check that the plugins know every key, and exit\n"
    "      --grace=SECONDS      wait so long between pause and exit\n"
    "  -h, --help               print this\n"
    "\n"
    "Signals: SIGTERM, SIGINT, SIGQUIT stop in order, a second one at once; SIGHUP reloads.\n"
    "Exit codes: 0 stopped in order or checked, 1 error, 3 a plugin returned malformed records.\n";

enum { WITH_TIME = 256, CHECK, GRACE };

static const struct option options[] = {
    {"plugin", required_argument, NULL, 'e'},
    {"input", required_argument, NULL, 'i'},
    {"prop", required_argument, NULL, 'p'},
    {"tag", required_argument, NULL, 't'},
    {"config", required_argument, NULL, 'c'},
    {"output", required_argument, NULL, 'o'},
    {"flush", required_argument, NULL, 'f'},
    {"enable-hot-reload", no_argument, NULL, 'Y'},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    {"with-time", no_argument, NULL, WITH_TIME},
    {"check", no_argument, NULL, CHECK},
    {"grace", required_argument, NULL, GRACE},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool complain(const char *option, const char *trouble)
{
    fprintf(stderr, "live-status-host: %s: %s (try -h)\n", option, trouble);
    return false;
}

static bool seconds(const char *option, const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*value) || *value < 0 || *value > 86400) {
        return complain(option, "is no number of seconds between 0 and 86400");
    }
    return true;
}

static void add_pair(struct argument_input *in, char *key, const char *value)
{
    in->pairs = mem_resize(in->pairs, (in->count + 1) * sizeof(*in->pairs));
    in->pairs[in->count++] = (struct argument_pair){key, mem_copy(value)};
}

static bool property(struct arguments *args, const char *text)
{
    const char *equals = strchr(text, '=');

    if (args->input_count == 0) {
        return complain("-p", "belongs to an input: put it behind -i");
    }
    if (equals == NULL || equals == text) {
        return complain("-p", "wants key=value");
    }
    add_pair(&args->inputs[args->input_count - 1], mem_copy_len(text, (size_t)(equals - text)), equals + 1);
    return true;
}

static bool tag(struct arguments *args, const char *text)
{
    if (args->input_count == 0) {
        return complain("-t", "belongs to an input: put it behind -i");
    }
    add_pair(&args->inputs[args->input_count - 1], mem_copy("tag"), text);
    return true;
}

static void replace(char **where, const char *text)
{
    free(*where);
    *where = mem_copy(text);
}

static bool take(struct arguments *args, int option, const char *text)
{
    double ignored;

    switch (option) {
    case 'e':
        args->plugins = mem_resize(args->plugins, (args->plugin_count + 1) * sizeof(*args->plugins));
        args->plugins[args->plugin_count++] = mem_copy(text);
        return true;
    case 'i':
        args->inputs = mem_resize(args->inputs, (args->input_count + 1) * sizeof(*args->inputs));
        args->inputs[args->input_count++] = (struct argument_input){.name = mem_copy(text)};
        return true;
    case 'p':
        return property(args, text);
    case 't':
        return tag(args, text);
    case 'c':
        if (args->config != NULL) {
            return complain("-c", "is given twice");
        }
        replace(&args->config, text);
        return true;
    case 'o':
        replace(&args->output, text);
        return true;
    case 'f':
        return seconds("-f", text, &ignored) && (ignored > 0 || complain("-f", "has to be more than 0"));
    case 'Y':
        args->hot_reload = true;
        return true;
    case 'v':
        args->log_level = args->log_level < LOG_INFO ? LOG_DEBUG : LOG_TRACE;
        return true;
    case 'q':
        args->log_level = LOG_OFF;
        return true;
    case WITH_TIME:
        args->with_time = true;
        return true;
    case CHECK:
        args->check = true;
        return true;
    case GRACE:
        return seconds("--grace", text, &args->grace);
    case 'h':
        args->help = true;
        return true;
    default:
        return complain("usage", "unknown option or missing value");
    }
}

bool arguments_read(struct arguments *args, int argc, char **argv)
{
    int option;

    *args = (struct arguments){.grace = -1, .log_level = -1};
    optind = 1;
    while ((option = getopt_long(argc, argv, "e:i:p:t:c:o:f:Yvqh", options, NULL)) != -1) {
        if (!take(args, option, optarg)) {
            return false;
        }
    }
    if (optind < argc) {
        return complain(argv[optind], "is not understood");
    }
    return true;
}

void arguments_free(struct arguments *args)
{
    for (size_t i = 0; i < args->plugin_count; i++) {
        free(args->plugins[i]);
    }
    for (size_t i = 0; i < args->input_count; i++) {
        for (size_t k = 0; k < args->inputs[i].count; k++) {
            free(args->inputs[i].pairs[k].key);
            free(args->inputs[i].pairs[k].value);
        }
        free(args->inputs[i].pairs);
        free(args->inputs[i].name);
    }
    free(args->plugins);
    free(args->inputs);
    free(args->config);
    free(args->output);
    *args = (struct arguments){0};
}
