/* Import: read files of other programs into a new trace file.
 *
 * Each format is a row of one table (rg_importers): its name, what it is, how it is recognised and
 * how a file of it is read. Importers are strict: unknown columns are named, a bad record is an
 * error with file, line and column. With keep_going a bad record is rejected, counted and reported,
 * and the import goes on; nothing is ever dropped silently. */
#ifndef RG_TRACES_IMPORT_H
#define RG_TRACES_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "traces/store.h"

/* Names, borrowed; list NULL is no list at all, which is not an empty one. */
struct rg_import_list {
    const char *const *list;
    size_t n;
};

struct rg_import_options {
    const char *format; /* name, or NULL to detect it for each file */
    /* The same for each of the paths, in place of format where not NULL; NULL: none. */
    const char *const *formats;
    const char *dataset; /* overrides the importer's dataset name; NULL: its own */
    bool keep_going;
    bool no_text;  /* leave texts of answers and prompts out */
    bool raw_text; /* keep texts that are written as Python lists as they stand */
    bool demo;     /* take recordings that are marked as demonstrations, too */
    /* What a benchmark of many datasets and models gives; {NULL}: all. Excluded names only count
     * where no names are given. */
    struct rg_import_list datasets, models, splits;
    struct rg_import_list not_datasets, not_models, not_splits;
    const char *columns; /* which column is what: "FIELD=COLUMN,..." or a file "@MAP"; or NULL */
    const char *space;   /* name of the encoder of embeddings; NULL: the importer's own */
    const char *index;   /* file that says which query each row of a matrix is; NULL: beside it */
};

/* A kind of remark or rejection, with its count and its first place. */
struct rg_import_note {
    char *what;  /* e.g. "cost derived from tokens and prices" */
    char *first; /* place of the first one, "FILE:LINE:COL", with its cause for a rejection; or NULL
                  */
    uint64_t count;
    bool rejected; /* a rejection, not a remark */
};

struct rg_import_report {
    uint64_t files, read, kept, superseded,
        rejected;                 /* records: read = kept + superseded + rejected */
    uint64_t calls, runs;         /* of those kept */
    struct rg_import_note *notes; /* in order of first appearance */
    size_t n_notes, notes_cap;
};

/* State of one import, handed to the format's function. */
struct rg_import {
    const struct rg_import_options *options;
    struct rg_store *store;
    struct rg_import_report *report;
    struct rg_import_state *states; /* see rg_import_state */
};

/* The beginning of a file (uncompressed, at most 64 KiB), for recognising it. */
struct rg_import_head {
    const char *path; /* as given */
    const char *data;
    size_t len;
};

struct rg_importer {
    const char *name;
    const char *help; /* one line for --help and the manual */
    bool (*detect)(const struct rg_import_head *head);
    enum rg_status (*file)(struct rg_import *im, const char *path, struct rg_err *err);
    /* A folder as a whole, when the format is named; NULL: file by file. */
    enum rg_status (*folder)(struct rg_import *im, const char *path, struct rg_err *err);
};

extern const struct rg_importer rg_importers[];
extern const size_t rg_n_importers;

/* Is this the name of a format, or of a group of them? */
bool rg_import_is_format(const char *name);

/* Import paths[0..n) (files, or folders whose regular files are taken sorted by name) into a new
 * trace file at out. A pipe (or "-") whose format is not named is taken for the native one; the
 * name before a '-' ("routergym") means whichever of its formats a file has. Records of a keyed
 * kind that come again with equal content are "superseded". The report is filled also when it
 * fails; release it with rg_import_report_clear. Returns RG_EINPUT when a record was rejected, also
 * under keep_going: then the trace file has been written all the same, unless nothing was kept.
 * Without keep_going a failed import writes nothing. */
RG_MUST_USE enum rg_status rg_import_run(const char *out, const char *const *paths, size_t n,
                                         const struct rg_import_options *options,
                                         struct rg_import_report *report, struct rg_err *err);
void rg_import_report_clear(struct rg_import_report *report);

/* Open path for reading whatever it is: a trace file as it stands, anything that can be imported
 * (file or folder, "-" for standard input) through a private database in memory. Strict: a bad
 * record is an error. report may be NULL; it stays empty for a trace file. Close with
 * rg_store_close. */
RG_MUST_USE enum rg_status rg_store_load(struct rg_store **out, const char *path,
                                         struct rg_import_report *report, struct rg_err *err);

/* ---- for the formats ---- */

/* Count a remark; place may be NULL. */
void rg_import_note(struct rg_import *im, const char *what, const struct rg_place *place);

/* A record is bad, for the cause in err: under keep_going counts it under `reason` and returns
 * RG_OK, else returns err's status. Causes that are no bad input (RG_ESYSTEM) are always returned.
 */
RG_MUST_USE enum rg_status rg_import_reject(struct rg_import *im, const char *reason,
                                            struct rg_err *err);

/* Put a call or run and count it: kept when new, "superseded" when an equal one was there already
 * (reported as a repeated record), rejected when its key is taken by other content. */
RG_MUST_USE enum rg_status rg_import_call(struct rg_import *im, const struct rg_call_rec *rec,
                                          const struct rg_place *place, struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_run_rec(struct rg_import *im, const struct rg_run_rec *rec,
                                             const struct rg_place *place, struct rg_err *err);
/* Put a model, query; content other than before is an error at place. */
RG_MUST_USE enum rg_status rg_import_model(struct rg_import *im, const struct rg_model_rec *rec,
                                           const struct rg_place *place, struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_query(struct rg_import *im, const struct rg_query_rec *rec,
                                           const struct rg_place *place, struct rg_err *err);

/* For formats in which these are records of their own: the same, and what became of it in *what
 * (new or same, when RG_OK), for rg_import_count. */
RG_MUST_USE enum rg_status rg_import_put_model(struct rg_import *im, const struct rg_model_rec *rec,
                                               enum rg_put *what, const struct rg_place *place,
                                               struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_put_query(struct rg_import *im, const struct rg_query_rec *rec,
                                               enum rg_put *what, const struct rg_place *place,
                                               struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_put_kb(struct rg_import *im, const struct rg_kb_rec *rec,
                                            enum rg_put *what, const struct rg_place *place,
                                            struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_put_embedding(struct rg_import *im,
                                                   const struct rg_embedding_rec *rec,
                                                   enum rg_put *what, const struct rg_place *place,
                                                   struct rg_err *err);
RG_MUST_USE enum rg_status rg_import_put_arrival(struct rg_import *im,
                                                 const struct rg_arrival_rec *rec,
                                                 const struct rg_place *place, struct rg_err *err);
/* An arrival that says how many tokens came and went: besides the arrival a query, whose id is the
 * number of the record in the import, and its call by a model "recorded" of which only the tokens
 * are known, so that a service model can replay it. Without tokens it is a plain arrival. */
RG_MUST_USE enum rg_status rg_import_put_request(struct rg_import *im, struct rg_arrival_rec *rec,
                                                 const struct rg_place *place, struct rg_err *err);
/* Count such a record as read, and as kept or superseded. */
void rg_import_count(struct rg_import *im, enum rg_put what, const struct rg_place *place);

/* What a format keeps from file to file: the pointer that belongs to this function, which is called
 * for it at the end unless it is still NULL, as it is at first. */
void **rg_import_state(struct rg_import *im, void (*free_state)(void *state));
/* The end of an import: free them all. */
void rg_import_end(struct rg_import *im);

/* Is the text a placeholder that a client wrote in place of an answer ("LLM unavailable", ...)? */
bool rg_import_is_placeholder(const char *text);

#endif
