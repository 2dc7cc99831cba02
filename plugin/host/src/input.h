/*
 * One running input. As in Fluent Bit every call to the plugin but registration comes on the input's own thread, which
 * is started here and told what to do through a pipe.
 */
#ifndef HOST_INPUT_H
#define HOST_INPUT_H

#include <stdbool.h>

#include "pipeline.h"
#include "plugin.h"
#include "property.h"

/*
 * An input of a plugin, numbered among those of its name for the logs. Its records go to the pipeline, as those of the
 * nth input, or are printed where that is NULL. config, plugin and pipeline are borrowed and have to outlive it. NULL
 * when the system has no pipe left.
 */
struct input *input_new(struct plugin *plugin, struct instance_config *config, int number, struct pipeline *pipeline,
                        size_t nth);

/* Starts the thread and waits for FLBPluginInit. False, with a line logged, when it fails. */
bool input_init(struct input *in);

/* Starts the timer, then calls FLBPluginInputPreRun. Returns at once. */
void input_run(struct input *in, bool hot_reload_enabled);

/* Calls FLBPluginInputPause and stops the timer of the plugin's last input. Returns at once. */
void input_pause(struct input *in);

/* Calls FLBPluginInputPreExit and FLBPluginExit and ends the thread. Does nothing where Init failed. */
void input_exit(struct input *in, bool hot);

/* Ends the thread of an input that was never run, without its exit calls, as a failed start of Fluent Bit does. */
void input_abandon(struct input *in);

/* Frees an input whose thread has ended. */
void input_free(struct input *in);

/* Whether any input of this process returned malformed records. */
bool input_saw_malformed(void);

#endif
