/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/**
 * What is wanted of a loss.
 *
 * @param kind which values
 * @param gradient whether the gradient is wanted: not in validation and accumulators, from which a
 *     loss that learns from the batches it sees must not learn
 * @param apart whether numerator and denominator are wanted, and not the result
 * @param forced whether a reading is to serve although another is faster, as tests ask for
 */
public record Goal(Kind kind, boolean gradient, boolean apart, boolean forced) {

    /** Which values are wanted. */
    public enum Kind {
        /** The unreduced values. */
        VALUES,
        /** Their sum. */
        SUM,
        /** Their mean. */
        MEAN
    }

    /**
     * Tells whether the mean is wanted.
     *
     * @return whether it is
     */
    public boolean isMean() {
        return kind == Kind.MEAN;
    }
}
