/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/**
 * What an evaluation has to compute.
 *
 * @param kind which values
 * @param gradient whether the gradient is needed. It is not in validation and accumulators, which
 *     must not change the state of a loss
 * @param apart whether numerator and denominator are needed separately, rather than the result
 * @param forced whether a reading is to be used even if another one is faster; for tests
 */
public record Goal(Kind kind, boolean gradient, boolean apart, boolean forced) {

    /** Which values to compute. */
    public enum Kind {
        /** The unreduced values. */
        VALUES,
        /** Their sum. */
        SUM,
        /** Their mean. */
        MEAN
    }

    /**
     * Returns whether to compute the mean.
     *
     * @return whether the kind is {@link Kind#MEAN}
     */
    public boolean isMean() {
        return kind == Kind.MEAN;
    }
}
