#include "replay/contract/loose.h"

#include <string.h>

size_t
rg_loose_blanks(const char *text, size_t n, size_t i)
{
    while (i < n && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r'))
        i++;
    return i;
}

bool
rg_loose_is_comment(const char *text, size_t n, size_t i)
{
    if (i < n && text[i] == '#')
        return true;
    return i + 1 < n && text[i] == '/' && (text[i + 1] == '/' || text[i + 1] == '*');
}

size_t
rg_loose_comment(const char *text, size_t n, size_t i)
{
    if (text[i] == '#' || text[i + 1] == '/') {
        const char *nl = memchr(text + i, '\n', n - i);

        return nl ? (size_t)(nl - text) : n;
    }
    for (i += 2; i + 1 < n; i++)
        if (text[i] == '*' && text[i + 1] == '/')
            return i + 2;
    return n;
}

/* Only blanks up to the next byte are looked at, so that all quotes together take linear time. */
static bool
closes(const char *text, size_t n, size_t i)
{
    i++;
    while (i < n && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r'))
        i++;
    if (i == n)
        return true;
    switch (text[i]) {
    case '\n':
    case ',':
    case ':':
    case '}':
    case ']':
        return true;
    default:
        return rg_loose_is_comment(text, n, i);
    }
}

size_t
rg_loose_string(const char *text, size_t n, size_t i)
{
    char quote = text[i++];

    while (i < n) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == quote && closes(text, n, i))
            return i;
        i++;
    }
    return n;
}

bool
rg_loose_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
}
