/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

/** The hinges max(0, margin − x[y] + x[i]) of the margin losses over classes. */
public final class Hinge {

    private Hinge() {}

    /** Returns for every score (N, C) whether its class is that of an index (N). */
    public static NDArray isTarget(NDArray index, NDArray scores) {
        long classes = scores.getShape().get(1);
        NDArray all = scores.getManager().arange(0, (int) classes, 1, DataType.INT64);
        return index.expandDims(1).eq(all.expandDims(0));
    }

    /** Returns max(0, margin − x[y] + x), or 0 where hidden, with gradient 0 at the kink. */
    public static NDArray of(NDArray scores, NDArray own, double margin, NDArray hidden) {
        NDArray excess = excess(scores, own, margin);
        return NDArrays.where(excess.lte(0).logicalOr(hidden), excess.zerosLike(), excess);
    }

    /** Returns the same values as {@link #of}, faster and without a gradient. */
    public static NDArray detached(NDArray scores, NDArray own, double margin, NDArray hidden) {
        NDArray hinges = excess(scores, own, margin).maximum(Nd.num(scores, 0));
        NDArray zero = scores.getManager().zeros(new Shape(1, 1), scores.getDataType());
        return Nd.where(hidden, zero, hinges);
    }

    /**
     * Returns the gradient of the scores, given that of the hinges: each pulls its own class down
     * as much as it pushes the target up.
     */
    public static NDArray slopes(NDArray ofHinges, NDArray isTarget) {
        return Nd.where(isTarget, Nd.sum(ofHinges, 1).negi().expandDims(1), ofHinges); // [N, C]
    }

    /** Returns margin − x[y] + x. */
    public static NDArray excess(NDArray scores, NDArray own, double margin) {
        return scores.add(own.neg().add(margin).expandDims(1)); // [N, C]
    }
}
