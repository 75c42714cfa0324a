/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;

import io.djlosses.nd.Nd;

/**
 * The function that turns a merged mean Σ numerators / Σ denominators into the result. It lets a
 * loss that is a function of a mean, such as a root mean square, merge exactly.
 */
public enum Transform {
    /** The mean itself. */
    IDENTITY {
        @Override
        NDArray of(NDArray mean) {
            return mean;
        }

        @Override
        double of(double mean) {
            return mean;
        }
    },
    /** The square root, with gradient 0 at 0. */
    SQUARE_ROOT {
        @Override
        NDArray of(NDArray mean) {
            // √1 − 1 where the mean is 0, because the gradient of √0 is infinite.
            NDArray zero = Nd.cast(mean.stopGradient().eq(0), mean);
            return mean.add(zero).sqrt().sub(zero);
        }

        @Override
        double of(double mean) {
            return Math.sqrt(mean);
        }
    };

    abstract NDArray of(NDArray mean);

    abstract double of(double mean);
}
