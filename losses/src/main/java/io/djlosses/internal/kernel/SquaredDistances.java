/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;

import io.djlosses.nd.Nd;

/**
 * Squared distances ‖aᵢ − bⱼ‖² of all pairs of rows, for embeddings of any magnitude. None is
 * computed as ‖a‖² + ‖b‖² − 2ab, whose terms cancel where embeddings are close to each other
 * compared with their length.
 */
public final class SquaredDistances {

    /** The number of differences that are in memory at once. */
    private static final long CHUNK = 1 << 22;

    private SquaredDistances() {}

    /**
     * Returns ‖aᵢ − bⱼ‖². Each is exact to the last digits, but differences between them are not:
     * see {@link #beyondNearest}.
     *
     * @param a an array of shape (N, D)
     * @param b an array of shape (M, D)
     * @return an array of shape (N, M)
     */
    public static NDArray between(NDArray a, NDArray b) {
        return Nd.sum(differences(a, b).square(), 2);
    }

    /**
     * Returns ‖aᵢ − bⱼ‖² − minⱼ ‖aᵢ − bⱼ‖², which decides softmaxes, margins and rankings. It keeps
     * its digits where aᵢ is far from all bⱼ, as it is (bₖ − bⱼ)(2aᵢ − bⱼ − bₖ) for the nearest bₖ.
     *
     * @param a an array of shape (N, D)
     * @param b an array of shape (M, D)
     * @return an array of shape (N, M)
     */
    public static NDArray beyondNearest(NDArray a, NDArray b) {
        NDArray index = between(a.stopGradient(), b.stopGradient()).neg().argMax(1);
        NDArray nearest = b.get(index); // [N, D]
        NDArray sums = differences(a, b).add(a.sub(nearest).expandDims(1));
        return Nd.sum(differences(nearest, b).mul(sums), 2);
    }

    /**
     * Returns {@link #beyondNearest} of constants, with memory for the differences of some rows
     * only.
     *
     * @param a an array of shape (N, D), detached
     * @param b an array of shape (M, D), detached
     * @return an array of shape (N, M)
     */
    public static NDArray ofConstantsBeyondNearest(NDArray a, NDArray b) {
        long rows = a.getShape().get(0);
        long step = Math.max(1, CHUNK / Math.max(1, b.size()));
        NDList parts = new NDList();
        for (long i = 0; i < rows; i += step) {
            NDArray part = a.get(new NDIndex("{}:{}", i, Math.min(rows, i + step)));
            parts.add(Nd.scoped(() -> beyondNearest(part, b)));
        }
        return NDArrays.concat(parts);
    }

    private static NDArray differences(NDArray a, NDArray b) {
        return a.expandDims(1).sub(b.expandDims(0)); // [N, M, D]
    }
}
