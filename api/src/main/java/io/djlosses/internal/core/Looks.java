/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

import java.nio.FloatBuffer;

/** Questions to the data of an array, which wait for it. */
public final class Looks {

    /** Up to this size Java looks faster than an engine does. */
    private static final long SMALL = 4096;

    private Looks() {}

    /**
     * Tells whether no probability is close to 0; false where a look would wait for a device.
     *
     * @param prob the probabilities
     * @return whether their logarithms are exact
     */
    public static boolean isNormal(NDArray prob) {
        if (prob.getDevice().isGpu()) {
            return false;
        }
        for (double value : NdBase.toDoubles(prob.stopGradient())) {
            if (!(value > 1e-30)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Tells whether every value is finite; waits for the array.
     *
     * @param x the array
     * @return whether it holds neither NaN nor an infinity
     */
    public static boolean allFinite(NDArray x) {
        if (x.size() == 0 || !x.getDataType().isFloating()) {
            return true;
        }
        if (x.size() < SMALL && !x.getDevice().isGpu()) {
            boolean finite = true;
            if (x.getDataType() == DataType.FLOAT32) {
                FloatBuffer values = NdBase.bytes(x).asFloatBuffer();
                for (int i = 0; i < values.limit(); i++) {
                    finite &= Float.isFinite(values.get(i));
                }
            } else {
                for (double value : NdBase.toDoubles(x)) {
                    finite &= Double.isFinite(value);
                }
            }
            return finite;
        }
        NDArray constant = x.stopGradient();
        return constant.sub(constant).eq(0).all().getBoolean();
    }

    /**
     * Tells whether every value is known to be finite: false where a look would wait for a device.
     *
     * @param x the array
     * @return whether it holds neither NaN nor an infinity, and is in the memory of the processor
     */
    public static boolean isKnownFinite(NDArray x) {
        return !x.getDevice().isGpu() && allFinite(x);
    }
}
