/* Reference values of routers for tests: rows "section,key,value" that a NumPy program printed from
 * the recorded data of RouterDC, RouterBench, RouterArena and RouteLLM. They stand beside the data
 * outside the tree (ROUTERGYM_DATA, else ../shared/data); tests skip without them. Include after
 * cmocka.h. */
#ifndef RG_TESTS_LEARN_REFERENCE_H
#define RG_TESTS_LEARN_REFERENCE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/line.h"
#include "base/mem.h"

struct reference {
    char **section, **key, **value;
    size_t n, cap[3];
    size_t used; /* values that tests have asked for */
};

static inline char *
reference_path(const char *name)
{
    const char *data = getenv("ROUTERGYM_DATA"), *top = getenv("abs_top_srcdir");
    struct rg_buf path = {0};

    if (data && *data)
        rg_buf_printf(&path, "%s/%s", data, name);
    else
        rg_buf_printf(&path, "%s/../shared/data/%s", top ? top : ".", name);
    return rg_buf_take(&path);
}

static inline void
reference_row(struct reference *r, const char *line)
{
    const char *key = strchr(line, ','), *value = key ? strchr(key + 1, ',') : NULL;
    size_t n;

    if (!value)
        return;
    r->section = rg_grow(r->section, &r->cap[0], r->n + 1, sizeof *r->section);
    r->key = rg_grow(r->key, &r->cap[1], r->n + 1, sizeof *r->key);
    r->value = rg_grow(r->value, &r->cap[2], r->n + 1, sizeof *r->value);
    r->section[r->n] = rg_strndup(line, (size_t)(key - line));
    r->key[r->n] = rg_strndup(key + 1, (size_t)(value - key - 1));
    value++;
    n = strlen(value);
    if (n >= 2 && value[0] == '"')
        value++, n -= 2;
    r->value[r->n++] = rg_strndup(value, n);
}

/* False: not there. */
static inline bool
reference_load(struct reference *r)
{
    char *path = reference_path("../oracles/router_reference.csv");
    struct rg_lines *in;
    struct rg_line line;
    struct rg_err err;
    bool there = access(path, R_OK) == 0;

    *r = (struct reference){0};
    if (there) {
        assert_int_equal(rg_lines_open(&in, path, &err), RG_OK);
        while (rg_lines_next(in, &line, &err) == RG_OK && line.data)
            if (line.data[0] != '#')
                reference_row(r, line.data);
        rg_lines_close(in);
    }
    free(path);
    return there;
}

static inline void
reference_clear(struct reference *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->section[i]);
        free(r->key[i]);
        free(r->value[i]);
    }
    free(r->section);
    free(r->key);
    free(r->value);
}

static inline const char *
reference_text(struct reference *r, const char *section, const char *key)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->section[i], section) == 0 && strcmp(r->key[i], key) == 0) {
            r->used++;
            return r->value[i];
        }
    fail_msg("no reference value %s %s", section, key);
    return NULL;
}

/* Equal to 1e-9 relative, 1e-12 near 0. */
static inline void
reference_near(double found, double expected, const char *section, const char *key)
{
    if (!(fabs(found - expected) <= 1e-9 * fabs(expected) + 1e-12))
        fail_msg("%s %s: found %.17g, expected %.17g", section, key, found, expected);
}

static inline void
reference_is(struct reference *r, const char *section, const char *key, double found)
{
    reference_near(found, strtod(reference_text(r, section, key), NULL), section, key);
}

/* Several numbers in one value. */
static inline void
reference_are(struct reference *r, const char *section, const char *key, const double *x, size_t n)
{
    char *at = (char *)(uintptr_t)reference_text(r, section, key);

    for (size_t i = 0; i < n; i++)
        reference_near(x[i], strtod(at, &at), section, key);
    assert_true(*at == '\0');
}

#endif
