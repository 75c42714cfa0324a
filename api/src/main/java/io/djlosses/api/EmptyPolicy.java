/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/**
 * The value of a mean when there is nothing to average: the batch is empty, every target is
 * ignored, or the weights sum to 0.
 *
 * <p>The parts of a batch ({@link AbstractLoss#fraction}) and the batches of an epoch
 * (accumulators) may each be empty under every policy. It decides about {@link Fraction#value}, the
 * mean of all parts, and about an accumulator to which nothing has been added but empty batches.
 */
public enum EmptyPolicy {
    /** NaN, with gradient zero, as in PyTorch. */
    NAN,
    /** Zero, connected to the predictions, so that {@code backward} works and gives zeros. */
    ZERO,
    /**
     * An {@link IllegalArgumentException}, but NaN in an accumulator; on a GPU this waits for the
     * device.
     */
    ERROR
}
