#include "replay/contract/extract.h"

#include <string.h>

#include "base/json.h"
#include "replay/contract/loose.h"
#include "replay/contract/steps.h"

enum ending { CLOSED, CUT, TOO_DEEP };

/* The brackets that are open. */
struct open {
    unsigned depth, objects;
    bool object[RG_JSON_DEPTH];
};

static bool
push(struct open *o, bool object)
{
    if (o->depth == RG_JSON_DEPTH)
        return false;
    o->object[o->depth++] = object;
    o->objects += object;
    return true;
}

/* A closing bracket closes what is open inside of its partner; without one it is passed over. */
static void
pop(struct open *o, bool object)
{
    bool top = !object;

    if (object ? o->objects == 0 : o->objects == o->depth)
        return;
    while (top != object) {
        top = o->object[--o->depth];
        o->objects -= top;
    }
}

static bool
is_fence(const char *text, size_t n, size_t i)
{
    return n - i >= 3 && memcmp(text + i, "```", 3) == 0;
}

/* Walks over the value that begins at i (at a bracket); *end is behind it or where the walk ended.
 */
static enum ending
walk(const char *text, size_t n, size_t i, size_t *end)
{
    struct open open;
    char before = '\0'; /* the last byte that is not blank */

    open.depth = open.objects = 0;
    do {
        char c = text[i];

        *end = i;
        if (c == '{' || c == '[') {
            if (!push(&open, c == '{'))
                return TOO_DEEP;
        } else if (c == '}' || c == ']') {
            pop(&open, c == '}');
        } else if (c == '"' || (c == '\'' && before && strchr("{[,:", before))) {
            i = rg_loose_string(text, n, i);
        } else if (rg_loose_is_comment(text, n, i)) {
            i = rg_loose_comment(text, n, i);
            continue;
        } else if (c == '`' && is_fence(text, n, i)) {
            return CUT;
        }
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            before = c;
        i++;
    } while (open.depth > 0 && i < n);
    *end = i < n ? i : n;
    return open.depth > 0 ? CUT : CLOSED;
}

/* Can a value begin with the bracket at i? bare: at the beginning of a text or block, where it need
 * not show more. */
static bool
begins(const char *text, size_t n, size_t i, bool bare)
{
    bool object = text[i] == '{';
    char c;

    i = rg_loose_blanks(text, n, i + 1);
    if (i == n)
        return bare;
    c = text[i];
    if (c == '"' || c == '\'' || rg_loose_is_comment(text, n, i))
        return true;
    if (!object)
        return (c && strchr("{[-0123456789tfnTFN", c)) || (bare && c == ']');
    if (c == '}')
        return bare;
    if (!rg_loose_is_word(c))
        return false;
    while (i < n && rg_loose_is_word(text[i]))
        i++;
    i = rg_loose_blanks(text, n, i);
    return i < n ? text[i] == ':' : bare;
}

/* ---- choosing ---- */
struct search {
    const char *text;
    size_t n;
    const struct rg_extract_options *options;
    size_t first; /* behind a byte order mark and blanks */
    size_t block; /* where the content of the fenced block begins that we are in, else n */
    struct rg_extract *best;
};

static uint32_t
step_of(const struct search *s, size_t start, size_t end)
{
    if (start == s->first && rg_loose_blanks(s->text, s->n, end) == s->n)
        return 0;
    return RG_STEP_BIT(start == s->block ? RG_STEP_FENCE : RG_STEP_PROSE);
}

static int
rank(const struct rg_extract *x)
{
    return 2 * x->closed + (x->step != RG_STEP_BIT(RG_STEP_PROSE));
}

static void
offer(struct search *s, size_t start, size_t end, bool closed)
{
    struct rg_extract *best = s->best;
    struct rg_extract x = {start, end, closed, step_of(s, start, end), best->found + 1};

    if (x.step & ~s->options->steps)
        return;
    if (best->found > 0 && (rank(&x) < rank(best) || (s->options->first && rank(&x) == rank(best))))
        best->found++;
    else
        *best = x;
}

/* Offset behind the fence at i; the block's content begins behind its word ("json"). */
static size_t
cross_fence(struct search *s, size_t i)
{
    bool inside = s->block < s->n;

    i += 3;
    s->block = s->n;
    if (inside)
        return i;
    while (i < s->n && (rg_loose_is_word(s->text[i]) || s->text[i] == '-' || s->text[i] == '+'))
        i++;
    return s->block = rg_loose_blanks(s->text, s->n, i);
}

/* Offset behind the bracket at i, or behind the value that it begins. What lies in one that is
 * nested too deeply is no value by itself. */
static size_t
try_value(struct search *s, size_t i)
{
    size_t end;
    enum ending ending;

    if (!begins(s->text, s->n, i, i == s->first || i == s->block))
        return i + 1;
    ending = walk(s->text, s->n, i, &end);
    if (ending == TOO_DEEP)
        return s->n;
    offer(s, i, end, ending == CLOSED);
    return end;
}

bool
rg_extract(struct rg_extract *out, const char *text, size_t n,
           const struct rg_extract_options *options)
{
    struct search s = {text, n, options, 0, n, out};
    size_t i = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    *out = (struct rg_extract){.end = n};
    i = s.first = rg_loose_blanks(text, n, i);
    while (i < n) {
        char c = text[i];

        if (c == '{' || (c == '[' && options->arrays))
            i = try_value(&s, i);
        else if (c == '`' && is_fence(text, n, i))
            i = cross_fence(&s, i);
        else
            i++;
    }
    return out->found > 0;
}
