/* The graph network of GraphRouter's learner, for its tests: sizes, and loss with its gradient. The
 * formulas are in graph.c. */
#ifndef RG_REPLAY_LEARN_GRAPH_H
#define RG_REPLAY_LEARN_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RG_GRAPH_EDGE = 4,  /* numbers of an edge: utility, cost, score, 1 */
    RG_GRAPH_INNER = 3, /* that its network makes of them */
};

/* n queries of d numbers, m models, `tasks` data sets, h numbers a node. */
struct rg_graph {
    size_t n, m, d, tasks, h;
    const double *x;      /* n x d */
    const uint32_t *task; /* per query; tasks: of none. NULL: all of none */
    double *edge;         /* n x m x RG_GRAPH_EDGE */
    double *target;       /* n x m: 1 where the utility is the query's greatest, NaN: no edge */
    bool *visible;        /* per query: messages pass along its edges; the others are learnt from */
};

/* Parameters are one array of this many numbers. */
size_t rg_graph_size(const struct rg_graph *g);

/* Cross entropy of the hidden queries' edges (0 when there are none), and its gradient by the
 * parameters, which is added to gradient (NULL: not wanted). */
double rg_graph_loss(const struct rg_graph *g, const double *parameters, double *gradient);

/* The nodes by which queries are valued once all are visible: models (m x h) and tasks (tasks + 1)
 * x h, the last for queries of none, the mean of the others. */
void rg_graph_nodes(const struct rg_graph *g, const double *parameters, double *models,
                    double *tasks);

#endif
