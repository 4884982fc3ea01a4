/* Reference values of routers for tests: rows "section,key,value" that a NumPy program printed from
 * the recorded data of RouterDC, RouterBench, RouterArena and RouteLLM. They stand beside the data
 * outside the tree (ROUTERGYM_DATA, else ../shared/data); tests skip without them. Include after
 * cmocka.h.
 *
 * Every section belongs to one program, which fails when it has not looked at each of its rows
 * (reference_all_used); a section that belongs to none fails everywhere. */
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
    bool *used; /* a test has asked for it */
    size_t n, cap[4];
};

/* Which program looks at the sections that begin so. */
static const struct {
    const char *begins, *program;
} reference_owners[] = {
    {"rng", "learn"},           {"fit/", "learn"},          {"frugalgpt_opt/", "stages"},
    {"automix/", "stages"},     {"routerbench/", "stages"}, {"routellm/", "routers"},
    {"routerarena", "routers"}, {"routerdc/", "routers"},
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
    const char *key = strchr(line, ','), *value;
    bool quoted = key && key[1] == '"';
    size_t n;

    value = !key ? NULL : quoted ? strstr(key, "\",") : strchr(key + 1, ',');
    if (!value)
        return;
    key += quoted;
    value += quoted;
    r->section = rg_grow(r->section, &r->cap[0], r->n + 1, sizeof *r->section);
    r->key = rg_grow(r->key, &r->cap[1], r->n + 1, sizeof *r->key);
    r->value = rg_grow(r->value, &r->cap[2], r->n + 1, sizeof *r->value);
    r->used = rg_grow(r->used, &r->cap[3], r->n + 1, sizeof *r->used);
    r->used[r->n] = false;
    r->section[r->n] = rg_strndup(line, (size_t)(key - quoted - line));
    r->key[r->n] = rg_strndup(key + 1, (size_t)(value - key - 1 - quoted));
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
    bool there = access(path, R_OK) == 0, head = false;

    *r = (struct reference){0};
    if (there) {
        assert_int_equal(rg_lines_open(&in, path, &err), RG_OK);
        while (rg_lines_next(in, &line, &err) == RG_OK && line.data)
            if (line.data[0] != '#' && head)
                reference_row(r, line.data);
            else
                head = head || line.data[0] != '#';
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
    free(r->used);
}

static inline size_t
reference_find(const struct reference *r, const char *section, const char *key)
{
    size_t i = 0;

    while (i < r->n && (strcmp(r->section[i], section) != 0 || strcmp(r->key[i], key) != 0))
        i++;
    return i;
}

/* The numbers of b, as many as there are, are those that a begins with. */
static inline bool
reference_begins(const char *a, const char *b)
{
    while (*b) {
        char *ends[2];
        double x = strtod(a, &ends[0]), y = strtod(b, &ends[1]);

        if (ends[0] == a || ends[1] == b || !(fabs(x - y) <= 1e-12 * fmax(1, fabs(y))))
            return false;
        a = ends[0] + (*ends[0] == ',');
        b = ends[1] + (*ends[1] == ',');
        b += strspn(b, " ");
    }
    return true;
}

/* The value, which is looked at from now on. Where the project's own program printed it, too (key
 * xcheck/...), the two must agree. */
static inline const char *
reference_text(struct reference *r, const char *section, const char *key)
{
    size_t i = reference_find(r, section, key), own;
    char other[200];

    if (i == r->n)
        fail_msg("no reference value %s %s", section, key);
    snprintf(other, sizeof other, "xcheck/%s", key);
    own = reference_find(r, section, other);
    if (own < r->n && !reference_begins(r->value[i], r->value[own]))
        fail_msg("%s %s: %s, but the project's own program printed %s", section, key, r->value[i],
                 r->value[own]);
    r->used[i] = true;
    if (own < r->n)
        r->used[own] = true;
    return r->value[i];
}

static inline const char *
reference_owner(const char *section)
{
    for (size_t i = 0; i < sizeof reference_owners / sizeof *reference_owners; i++)
        if (strncmp(section, reference_owners[i].begins, strlen(reference_owners[i].begins)) == 0)
            return reference_owners[i].program;
    return NULL;
}

/* Rows of the program's sections that no test has looked at, each named; there should be none. */
static inline size_t
reference_unused(const struct reference *r, const char *program)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        const char *owner = reference_owner(r->section[i]);

        if (owner && (strcmp(owner, program) != 0 || r->used[i]))
            continue;
        fprintf(stderr, "%s: %s %s\n", owner ? "never compared" : "a section of no program",
                r->section[i], r->key[i]);
        n++;
    }
    return n;
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
