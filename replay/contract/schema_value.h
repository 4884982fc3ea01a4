/* JSON values compared as JSON Schema has it (Core, section 4.2.2): 1 equals 1.0, the order of an
 * object's members does not count. Integers beyond 2^53 (cJSON_Raw) are exact. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_VALUE_H
#define RG_REPLAY_CONTRACT_SCHEMA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

enum { RG_SCHEMA_VALUE_DEPTH = 1000 };

bool rg_schema_value_same(const cJSON *a, const cJSON *b);

/* Equal values have equal hashes (XXH3, without a key). The number of values seen is added to
 * *steps. Below RG_SCHEMA_VALUE_DEPTH levels nothing is looked at. */
uint64_t rg_schema_value_hash(const cJSON *json, uint64_t *steps);

/* -1, 0 or 1 as the number a is less than, equal to or greater than b. */
int rg_schema_value_compare(const cJSON *a, const cJSON *b);

/* Is the number x a whole multiple of unit (> 0)? Both are read as the shortest decimals of their
 * doubles (or their digits), so that 0.0075 is a multiple of 0.0001; only when unit has more than
 * 17 digits, doubles are divided. */
bool rg_schema_value_multiple(const cJSON *x, const cJSON *unit);

/* Indices of two equal items of an array with n of them, the first such pair by its second item. */
bool rg_schema_value_twins(const cJSON *array, size_t n, uint64_t *steps, size_t pair[2]);

/* A short text for a message: what the value is, and the value itself when it is a short scalar. */
struct rg_buf;
void rg_schema_value_show(struct rg_buf *out, const cJSON *json);

#endif
