/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** What every loss of the library can do beyond a loss of DJL, sums of losses included. */
public interface MergeableLoss {

    /**
     * Computes the loss without any gradient: what validation and logging need, at the price of a
     * forward pass.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return a 0-d array, or the unreduced values with {@link Reduction#NONE}
     */
    NDArray value(NDList labels, NDList predictions);

    /**
     * Computes the loss as numerator and denominator, for merging the parts of a batch exactly.
     *
     * @param labels the labels
     * @param predictions the predictions
     * @return the fraction, whose numerator carries the gradient of the predictions
     * @throws IllegalStateException if the reduction is a function of the user, which cannot be
     *     merged
     */
    Fraction fraction(NDList labels, NDList predictions);

    /**
     * Returns the value of an accumulator in full precision.
     *
     * @param key the accumulator
     * @return the loss of all that it has seen, NaN if nothing has been added
     */
    double getAccumulatorAsDouble(String key);
}
