/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

/** What a mean is when there is nothing to average: an empty batch, or every target ignored. */
public enum EmptyPolicy {
    /** NaN, with gradient zero: what PyTorch returns. */
    NAN,
    /** Zero, connected to the predictions, so that {@code backward} works and gives zeros. */
    ZERO,
    /** An {@link IllegalArgumentException}; on a GPU this waits for the device. */
    ERROR
}
