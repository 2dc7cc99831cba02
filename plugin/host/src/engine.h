/*
 * One generation of plugins and inputs, from a configuration: what Fluent Bit calls a context. A reload builds the next
 * generation while the old one still runs, then swaps them.
 */
#ifndef HOST_ENGINE_H
#define HOST_ENGINE_H

#include "config.h"

/*
 * Loads the plugins and ties the inputs and outputs to them; the engine owns config from then on. NULL with a line logged on
 * failure, with config freed and what was loaded unregistered.
 */
struct engine *engine_load(struct config *config, bool hot);

/* Calls Init of each input and then of each output, one after the other. False with a line logged at the first that fails. */
bool engine_init(struct engine *engine);

/* Logs a line for every key that no plugin asked for since it was loaded; true when there is none. */
bool engine_keys_known(const struct engine *engine);

/* Has the outputs' flushes begin and starts the inputs' timers. */
void engine_run(struct engine *engine);

/*
 * Pauses the inputs, waits the grace time (as in struct arguments), pauses them again and ends first the outputs, then
 * the inputs.
 */
void engine_stop(struct engine *engine, double grace, bool hot);

/* Ends outputs and inputs that were initialised but never run. */
void engine_exit(struct engine *engine, bool hot);

/* Unregisters the plugins and frees everything; threads still waiting to be run are ended without their exit calls. */
void engine_free(struct engine *engine);

/* Whether the configuration allows a reload. */
bool engine_reloads(const struct engine *engine);

#endif
