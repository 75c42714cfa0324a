/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;

/**
 * A loss as numerator and denominator, kept apart so that the parts of a batch, of an epoch or of a
 * cluster merge exactly: the loss of the whole is Σ numerators / Σ denominators.
 *
 * <p>For {@link Reduction#MEAN} the denominator is what the mean divides by, for {@link
 * Reduction#BATCH_MEAN} the batch size, else 1.
 *
 * @param numerator the sum of the terms, a 0-d array with the gradient of the predictions
 * @param denominator what it is to be divided by, a 0-d constant
 */
public record Fraction(NDArray numerator, NDArray denominator) implements AutoCloseable {

    /**
     * Merges two parts.
     *
     * @param other the other part, of the same loss
     * @return Σ numerators over Σ denominators
     */
    public Fraction plus(Fraction other) {
        return new Fraction(numerator.add(other.numerator), denominator.add(other.denominator));
    }

    /**
     * Divides. The result carries the gradient of the numerator; where the denominator is 0 it is
     * NaN.
     *
     * @return the loss of all parts together, a 0-d array
     */
    public NDArray value() {
        return numerator.div(denominator);
    }

    /** Closes both arrays. */
    @Override
    public void close() {
        numerator.close();
        denominator.close();
    }
}
