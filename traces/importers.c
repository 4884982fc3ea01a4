#include "traces/importers.h"

/* In the order in which they are tried on a file of unknown format. */
const struct rg_importer rg_importers[] = {
    {"routergym-gold", "RouterGym: gold scores of April 2026 (CSV)", rg_import_gold_detect,
     rg_import_gold_file, NULL},
    {"routergym-results", "RouterGym: result table of the 200-ticket run (CSV, 16 or 30 columns)",
     rg_import_results_detect, rg_import_results_file, NULL},
    {"routergym-raw", "RouterGym: raw result lines (JSON Lines of 27, 30 or 45 keys)",
     rg_import_raw_detect, rg_import_raw_file, NULL},
    {"routerarena", "RouterArena: cached results of a model (JSON Lines)", rg_import_arena_detect,
     rg_import_arena_file, NULL},
    {"azure", "Azure LLM inference trace: arrivals with token counts (CSV)", rg_import_azure_detect,
     rg_import_azure_file, NULL},
    {"llmperf", "llmperf leaderboard: calls with latencies (CSV)", rg_import_llmperf_detect,
     rg_import_llmperf_file, NULL},
    {"arrivals", "arrival times in seconds (plain numbers, CSV or JSON Lines)",
     rg_import_arrivals_detect, rg_import_arrivals_file, NULL},
    {"trace", "a trace file of this program, to be joined with others", rg_import_trace_detect,
     rg_import_trace_file, NULL},
    {"kb", "a folder of Markdown files: articles of the knowledge base (must be named)",
     rg_import_kb_detect, rg_import_kb_file, rg_import_kb_folder},
    {"jsonl", "the native format, see routergym-trace(5)", rg_import_jsonl_detect,
     rg_import_jsonl_file, NULL},
};

const size_t rg_n_importers = sizeof rg_importers / sizeof rg_importers[0];
