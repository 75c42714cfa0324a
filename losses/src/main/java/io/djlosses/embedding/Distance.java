/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;

/**
 * A distance between embeddings: non-negative, and small for similar ones.
 *
 * <p>{@link PairwiseDistance} and {@link CosineSimilarity#asDistance()} are distances; write any
 * other as a lambda of differentiable operations:
 *
 * <pre>{@code
 * Distance squared = (x1, x2) -> x1.sub(x2).square().sum(new int[] {-1});
 * }</pre>
 */
@FunctionalInterface
public interface Distance {

    /**
     * Computes the distance of every pair of embeddings.
     *
     * @param x1 the first embeddings, usually of shape (…, D)
     * @param x2 the second embeddings, of the same shape
     * @return one distance per pair, usually of shape (…), with the gradient of both arguments
     */
    NDArray between(NDArray x1, NDArray x2);
}
