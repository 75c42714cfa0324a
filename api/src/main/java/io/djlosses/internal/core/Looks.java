/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

import java.nio.FloatBuffer;

/** Checks of the data of an array, which wait for the array. */
public final class Looks {

    /** Below this size, checking in Java is faster than on the engine. */
    private static final long SMALL = 4096;

    private Looks() {}

    /**
     * Returns whether no probability is close to 0, or false if the check would wait for a device.
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
     * Returns whether every value is finite; waits for the array.
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
     * Returns whether every value is known to be finite, or false if the check would wait for a
     * device.
     *
     * @param x the array
     * @return whether it holds neither NaN nor an infinity, and is in the memory of the CPU
     */
    public static boolean isKnownFinite(NDArray x) {
        return !x.getDevice().isGpu() && allFinite(x);
    }
}
