/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** The operations that all losses of the library, sums included, add to those of a DJL loss. */
public interface MergeableLoss {

    /**
     * Computes the loss without a gradient, for validation and logging, at the cost of a forward
     * pass.
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
     * @throws IllegalStateException if the reduction is a custom function, which cannot be merged
     */
    Fraction fraction(NDList labels, NDList predictions);

    /**
     * Computes what a batch adds to accumulators, without adding it, so that a sum of losses adds
     * nothing if one of them fails.
     *
     * @param keys the accumulators
     * @param labels the labels
     * @param predictions the predictions
     * @return adds what has been computed
     */
    Runnable accumulation(String[] keys, NDList labels, NDList predictions);

    /**
     * Returns the value of an accumulator in double precision.
     *
     * @param key the accumulator
     * @return the loss of all batches added, or NaN if there are none
     */
    double getAccumulatorAsDouble(String key);
}
