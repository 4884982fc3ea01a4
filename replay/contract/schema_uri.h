/* References: RFC 3986, section 5.2, and the files that stand for them. */
#ifndef RG_REPLAY_CONTRACT_SCHEMA_URI_H
#define RG_REPLAY_CONTRACT_SCHEMA_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* ref, resolved against base (which may be relative or ""), into out (which is reset first). The
 * fragment, if any, is kept. */
void rg_schema_uri_resolve(const char *base, const char *ref, struct rg_buf *out);

/* Cuts s at its '#'; returns the fragment, or NULL when there is no '#'. */
char *rg_schema_uri_cut(char *s);

/* Decodes %XX in place; false when one is malformed or stands for NUL. */
bool rg_schema_uri_decode(char *s);

/* The file below folder that stands for a URI without fragment, into out; with host, the host is
 * part of the path. False when the scheme is neither http nor https nor absent, or the path is
 * empty or would leave the folder. */
bool rg_schema_uri_file(const char *folder, const char *uri, bool host, struct rg_buf *out);

#endif
