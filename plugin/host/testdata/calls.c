/*
 * Makes every call of a Go plugin once, with the least that a host gives it, and says after each what it returned:
 * "<call> <code>". With an argument more it aborts at the end.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *library;

typedef void (*call)(void);

/* ISO C knows no way from dlsym's result to a function but through its bytes. */
static call find(const char *name)
{
    void *found = dlsym(library, name);
    call function;

    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    memcpy(&function, &found, sizeof(function));
    return function;
}

static void said(const char *call, int code)
{
    printf("%s %d\n", call, code);
    fflush(stdout);
}

static void call_input(void)
{
    void *data = NULL;
    size_t size = 0;

    said("FLBPluginInputPreRun", ((int (*)(int))find("FLBPluginInputPreRun"))(0));
    said("FLBPluginInputCallbackCtx",
         ((int (*)(uintptr_t, void **, size_t *))find("FLBPluginInputCallbackCtx"))(1, &data, &size));
    said("FLBPluginInputCleanupCallbackCtx",
         ((int (*)(uintptr_t, void *))find("FLBPluginInputCleanupCallbackCtx"))(1, NULL));
    find("FLBPluginInputPause")();
    said("FLBPluginInputPause", 0);
    find("FLBPluginInputResume")();
    said("FLBPluginInputResume", 0);
    ((void (*)(int))find("FLBPluginInputPreExit"))(0);
    said("FLBPluginInputPreExit", 0);
}

static void call_output(void)
{
    /* What is handed over is in pages of its own in a host; here it is on the stack. */
    char data[] = "\x92\x92\x00\x80\x80", tag[] = "tag";

    said("FLBPluginFlushCtx",
         ((int (*)(uintptr_t, const void *, size_t, const char *))find("FLBPluginFlushCtx"))(1, data, sizeof(data) - 1, tag));
    said("FLBPluginExitCtx", ((int (*)(uintptr_t))find("FLBPluginExitCtx"))(1));
}

int main(int argc, char **argv)
{
    /* flbgo_proxy_definition and the plugin, which the calls that panic do not come to read. */
    void *def[8] = {0}, *plugin[8] = {0};

    if (argc < 2 || (library = dlopen(argv[1], RTLD_LAZY)) == NULL) {
        fprintf(stderr, "%s\n", argc < 2 ? "usage: calls PLUGIN [abort]" : dlerror());
        return 2;
    }
    said("FLBPluginPreRegister", ((int (*)(int))find("FLBPluginPreRegister"))(0));
    said("FLBPluginRegister", ((int (*)(void *))find("FLBPluginRegister"))(def));
    said("FLBPluginInit", ((int (*)(void *))find("FLBPluginInit"))(plugin));
    if (dlsym(library, "FLBPluginFlushCtx") != NULL) {
        call_output();
    } else {
        call_input();
    }
    said("FLBPluginExit", ((int (*)(void))find("FLBPluginExit"))());
    ((void (*)(void *))find("FLBPluginUnregister"))(def);
    said("FLBPluginUnregister", 0);
    if (argc > 2) {
        abort();
    }
    return 0;
}
