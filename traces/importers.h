/* The functions of the formats that traces/import.c lists in its table: one pair for each.
 * detect looks at a file's beginning, file reads a whole file into the import. */
#ifndef RG_TRACES_IMPORTERS_H
#define RG_TRACES_IMPORTERS_H

#include <stdbool.h>

#include "base/err.h"
#include "traces/import.h"

/* RouterGym: per-row gold scores of April 2026, CSV. */
bool rg_import_gold_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_gold_file(struct rg_import *im, const char *path,
                                               struct rg_err *err);

/* RouterGym: result CSV of the 200-ticket run, 16 or 30 columns. */
bool rg_import_results_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_results_file(struct rg_import *im, const char *path,
                                                  struct rg_err *err);

/* RouterGym: raw result lines, JSON Lines of 27, 30 or 45 keys. */
bool rg_import_raw_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_raw_file(struct rg_import *im, const char *path,
                                              struct rg_err *err);

/* RouterArena: cached results of one model, JSON Lines. */
bool rg_import_arena_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_arena_file(struct rg_import *im, const char *path,
                                                struct rg_err *err);

/* LLMRouterBench's result files, in a folder or a tar archive. */
bool rg_import_llmrouterbench_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_llmrouterbench_file(struct rg_import *im, const char *path,
                                                         struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_llmrouterbench_folder(struct rg_import *im, const char *path,
                                                           struct rg_err *err);

/* RouterBench's wide table of scores, answers and costs, CSV. */
bool rg_import_routerbench_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_routerbench_file(struct rg_import *im, const char *path,
                                                      struct rg_err *err);

/* RouterDC's questions with their scores, a JSON list. */
bool rg_import_routerdc_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_routerdc_file(struct rg_import *im, const char *path,
                                                   struct rg_err *err);

/* RouteLLM's evaluation tables, CSV; and its lists of contaminated prompts, JSON Lines, which hold
 * for the tables behind them. */
bool rg_import_routellm_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_routellm_file(struct rg_import *im, const char *path,
                                                   struct rg_err *err);
bool rg_import_contaminated_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_contaminated_file(struct rg_import *im, const char *path,
                                                       struct rg_err *err);

/* Azure's LLM inference traces: arrivals with token counts, CSV. */
bool rg_import_azure_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_azure_file(struct rg_import *im, const char *path,
                                                struct rg_err *err);

/* llmperf leaderboard calls: recorded latencies of public endpoints, CSV. */
bool rg_import_llmperf_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_llmperf_file(struct rg_import *im, const char *path,
                                                  struct rg_err *err);

/* Arrival times in seconds: one a line, CSV or JSON Lines. */
bool rg_import_arrivals_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_arrivals_file(struct rg_import *im, const char *path,
                                                   struct rg_err *err);

/* A trace file. */
bool rg_import_trace_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_trace_file(struct rg_import *im, const char *path,
                                                struct rg_err *err);

/* Articles of the knowledge base: a folder of Markdown files, or one. */
bool rg_import_kb_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_kb_file(struct rg_import *im, const char *path,
                                             struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_kb_folder(struct rg_import *im, const char *path,
                                               struct rg_err *err);

/* Embeddings of queries, see import_embeddings.h. */
bool rg_import_embeddings_npy_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_embeddings_npy_file(struct rg_import *im, const char *path,
                                                         struct rg_err *err);
bool rg_import_embeddings_sqlite_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_embeddings_sqlite_file(struct rg_import *im, const char *path,
                                                            struct rg_err *err);
bool rg_import_embeddings_csv_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_embeddings_csv_file(struct rg_import *im, const char *path,
                                                         struct rg_err *err);
bool rg_import_embeddings_jsonl_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_embeddings_jsonl_file(struct rg_import *im, const char *path,
                                                           struct rg_err *err);

/* Any CSV with a map of its columns. */
bool rg_import_csv_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_csv_file(struct rg_import *im, const char *path,
                                              struct rg_err *err);

/* Logs of chat completions, JSON Lines. */
bool rg_import_openai_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_openai_file(struct rg_import *im, const char *path,
                                                 struct rg_err *err);

/* The native interchange format, JSON Lines. */
bool rg_import_jsonl_detect(const struct rg_import_head *head);
RG_MUST_USE enum rg_status rg_import_jsonl_file(struct rg_import *im, const char *path,
                                                struct rg_err *err);

#endif
