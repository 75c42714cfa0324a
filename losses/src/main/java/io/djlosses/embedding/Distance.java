/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;

/**
 * How far apart embeddings are: small for what is alike, not negative.
 *
 * <p>{@link PairwiseDistance} and {@link CosineSimilarity#asDistance()} are distances; any other is
 * a lambda of differentiable operations:
 *
 * <pre>{@code
 * Distance squared = (x1, x2) -> x1.sub(x2).square().sum(new int[] {-1});
 * }</pre>
 */
@FunctionalInterface
public interface Distance {

    /**
     * Measures the distance of every pair of embeddings.
     *
     * @param x1 the first embeddings, usually of shape (…, D)
     * @param x2 the second embeddings, of the same shape
     * @return one distance per pair, usually of shape (…), with the gradient of both
     */
    NDArray between(NDArray x1, NDArray x2);
}
