/* Which prompt each call was sent: benchmarks may have asked models one question in several words.
 */
#ifndef RG_TRACES_TRACE_PROMPTS_H
#define RG_TRACES_TRACE_PROMPTS_H

#include <stdint.h>

#include "base/err.h"
#include "traces/trace.h"

/* Hash of a prompt (XXH3, 64 bits). */
uint64_t rg_trace_prompt_hash(const char *text);

/* Into *out, to free, of each call the hash of its own prompt where this is another one than the
 * text of its query: that is what the attribute prompt_hash of a call says (16 hexadecimal digits;
 * any other text is hashed). 0: the query's own. *out is NULL when there is no such call. */
RG_MUST_USE enum rg_status rg_trace_prompts(const struct rg_trace *t, uint64_t **out,
                                            struct rg_err *err);

#endif
