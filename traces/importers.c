#include "traces/importers.h"

/* In the order in which they are tried on a file of unknown format. */
const struct rg_importer rg_importers[] = {
    {"routergym-gold", "RouterGym: gold scores of April 2026 (CSV)", rg_import_gold_detect,
     rg_import_gold_file},
    {"routergym-results", "RouterGym: result table of the 200-ticket run (CSV, 16 or 30 columns)",
     rg_import_results_detect, rg_import_results_file},
    {"routergym-raw", "RouterGym: raw result lines (JSON Lines of 27, 30 or 45 keys)",
     rg_import_raw_detect, rg_import_raw_file},
    {"routerarena", "RouterArena: cached results of a model (JSON Lines)", rg_import_arena_detect,
     rg_import_arena_file},
    {"jsonl", "the native format, see routergym-trace(5)", rg_import_jsonl_detect,
     rg_import_jsonl_file},
};

const size_t rg_n_importers = sizeof rg_importers / sizeof rg_importers[0];
