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
    "Loads Fluent Bit Go plugins and calls them as Fluent Bit 5.1 does. Records of the\n"
    "inputs go to the output plugins, or are printed, each as a line of JSON, where\n"
    "there is none. This is not Fluent Bit.\n"
    "\n"
    "  -e, --plugin=FILE        load a plugin (may be repeated)\n"
    "  -i, --input=NAME         run an input (may be repeated)\n"
    "  -F, --chunk=FILE         run an input that hands over a file of msgpack as one chunk\n"
    "  -O, --sink=NAME          run an output (may be repeated)\n"
    "  -p, --prop=KEY=VALUE     set a key of the last -i, -F or -O\n"
    "  -t, --tag=TAG            set the tag of the last -i or -F, same as -p tag=TAG\n"
    "  -m, --match=PATTERN      set which tags the last -O gets, same as -p match=PATTERN\n"
    "  -c, --config=FILE        read a Fluent Bit configuration in YAML\n"
    "  -o, --output=FILE        append the records to FILE; - or stdout is standard output (default)\n"
    "  -f, --flush=SECONDS      hand chunks to outputs that often; without outputs records are printed at once\n"
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
    {"chunk", required_argument, NULL, 'F'},
    {"sink", required_argument, NULL, 'O'},
    {"match", required_argument, NULL, 'm'},
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

static void add_pair(struct argument_instance *in, char *key, const char *value)
{
    in->pairs = mem_resize(in->pairs, (in->count + 1) * sizeof(*in->pairs));
    in->pairs[in->count++] = (struct argument_pair){key, mem_copy(value)};
}

static void add_instance(struct argument_instance **list, size_t *count, const char *name)
{
    *list = mem_resize(*list, (*count + 1) * sizeof(**list));
    (*list)[(*count)++] = (struct argument_instance){.name = mem_copy(name)};
}

static bool property(struct arguments *args, const char *text)
{
    const char *equals = strchr(text, '=');
    struct argument_instance *last;

    if (args->input_count == 0 && args->output_count == 0) {
        return complain("-p", "belongs to an input or an output: put it behind -i or -O");
    }
    if (equals == NULL || equals == text) {
        return complain("-p", "wants key=value");
    }
    last = args->output_last ? &args->outputs[args->output_count - 1] : &args->inputs[args->input_count - 1];
    add_pair(last, mem_copy_len(text, (size_t)(equals - text)), equals + 1);
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

static bool match(struct arguments *args, const char *text)
{
    if (args->output_count == 0) {
        return complain("-m", "belongs to an output: put it behind -O");
    }
    add_pair(&args->outputs[args->output_count - 1], mem_copy("match"), text);
    return true;
}

static void replace(char **where, const char *text)
{
    free(*where);
    *where = mem_copy(text);
}

static bool take(struct arguments *args, int option, const char *text)
{
    switch (option) {
    case 'e':
        args->plugins = mem_resize(args->plugins, (args->plugin_count + 1) * sizeof(*args->plugins));
        args->plugins[args->plugin_count++] = mem_copy(text);
        return true;
    case 'i':
        add_instance(&args->inputs, &args->input_count, text);
        args->output_last = false;
        return true;
    case 'F':
        add_instance(&args->inputs, &args->input_count, "chunk");
        add_pair(&args->inputs[args->input_count - 1], mem_copy("path"), text);
        args->output_last = false;
        return true;
    case 'O':
        add_instance(&args->outputs, &args->output_count, text);
        args->output_last = true;
        return true;
    case 'm':
        return match(args, text);
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
        return seconds("-f", text, &args->flush) && (args->flush > 0 || complain("-f", "has to be more than 0"));
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
    while ((option = getopt_long(argc, argv, "e:i:p:t:F:O:m:c:o:f:Yvqh", options, NULL)) != -1) {
        if (!take(args, option, optarg)) {
            return false;
        }
    }
    if (optind < argc) {
        return complain(argv[optind], "is not understood");
    }
    return true;
}

static void free_instances(struct argument_instance *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < list[i].count; k++) {
            free(list[i].pairs[k].key);
            free(list[i].pairs[k].value);
        }
        free(list[i].pairs);
        free(list[i].name);
    }
    free(list);
}

void arguments_free(struct arguments *args)
{
    for (size_t i = 0; i < args->plugin_count; i++) {
        free(args->plugins[i]);
    }
    free_instances(args->inputs, args->input_count);
    free_instances(args->outputs, args->output_count);
    free(args->plugins);
    free(args->config);
    free(args->output);
    *args = (struct arguments){0};
}
