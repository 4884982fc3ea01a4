# Nearest neighbours and k-means by scikit-learn, for learn.sh: seconds of the processor, the least of
# five runs but for k-means, on the rows of the file named.
import sys
import time

import numpy
import sklearn
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

TRAIN, QUERIES, NUMBERS = 8000, 2000, 768
x = numpy.fromfile(sys.argv[1], dtype=numpy.float32).reshape(TRAIN + QUERIES, NUMBERS)
train, query = x[:TRAIN].copy(), x[TRAIN:].copy()


def seconds(work, runs):
    least = float("inf")
    for _ in range(runs):
        start = time.process_time()
        result = work()
        least = min(least, time.process_time() - start)
    return least, result


def one_by_one():
    for i in range(100):
        near.kneighbors(query[i : i + 1])


near = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(train)
near.kneighbors(query[:10])
batch, found = seconds(lambda: near.kneighbors(query, return_distance=False), 5)
single, _ = seconds(one_by_one, 5)
means, k = seconds(lambda: KMeans(64, n_init=10, random_state=42).fit(train), 1)
print("version", sklearn.__version__)
print("batch", batch, int(found.sum()))
print("single", single / 100)
print("means", means, k.inertia_)
