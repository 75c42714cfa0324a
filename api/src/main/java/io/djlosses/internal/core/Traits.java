/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

/** Traits in which engines differ. */
public final class Traits {

    /** An engine's fused log-softmax along the last axis is as exact as other operations. */
    public static final Trait EXACT_LOG_SOFTMAX = new Trait(probe -> isExact(probe, 2, 10));

    /** An engine's fused log-softmax along an axis other than the last is exact. */
    public static final Trait EXACT_INNER_LOG_SOFTMAX =
            new Trait(probe -> isExact(probe, 2, 10, 2));

    private static boolean isExact(NDManager probe, long... shape) {
        // Ten equal logits, for which some fused kernels are wrong in the sixth digit.
        NDArray equal = probe.zeros(new Shape(shape)).logSoftmax(1);
        return Math.abs(NdBase.toDoubles(equal)[0] + Math.log(10)) < 1e-6;
    }

    /** An engine's fused softplus is exact for small values. */
    public static final Trait EXACT_SOFTPLUS =
            new Trait(
                    probe -> {
                        NDArray small = Activation.softPlus(vector(probe, -20));
                        return Math.abs(NdBase.toDoubles(small)[0] / Math.exp(-20) - 1) < 1e-6;
                    });

    /**
     * An engine's sum of values, one of which is infinite, is infinite. Otherwise the engine
     * compensates rounding errors, which also makes its sum ten times slower than a product.
     */
    public static final Trait SUMS_INFINITIES =
            new Trait(
                    probe -> {
                        NDArray sum = vector(probe, Double.POSITIVE_INFINITY, 1).sum();
                        return !Double.isNaN(NdBase.toDoubles(sum)[0]);
                    });

    /** Creates a FLOAT32 array for a trial. */
    private static NDArray vector(NDManager manager, double... values) {
        return NdBase.create(manager, values, new Shape(values.length), DataType.FLOAT32);
    }

    private Traits() {}
}
