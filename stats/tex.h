/* Texts for LaTeX: what they are made of means nothing to TeX, and pdflatex with its usual fonts
 * (OT1) and the encoding utf8 can set all of it.
 *
 * ASCII stands for itself. Latin letters that OT1 can put together, dashes, quotation marks and
 * Greek letters are set; so are some signs that technical labels have. Any other character becomes
 * its number, [U+4E2D]. */
#ifndef RG_STATS_TEX_H
#define RG_STATS_TEX_H

#include "base/buf.h"

/* Append s, valid UTF-8 without control characters. */
void rg_tex_put(struct rg_buf *out, const char *s);

#endif
