/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;

/** How strictly a loss checks its inputs. Ranks, shapes, types and devices are always checked. */
public enum Validation {
    /**
     * Reads no data. A class index that is out of range, or no whole number, gives NaN for its
     * sample, never a crash and never another class's value.
     */
    SHAPES,
    /**
     * The default: reads class indices, lengths and other index data where that costs nothing,
     * which is on a CPU, and rejects those out of range or no whole numbers. On other devices it is
     * like {@link #SHAPES}.
     */
    INDICES,
    /**
     * Reads and checks all data on any device: finite predictions, labels in {−1, 1}, probabilities
     * in [0, 1] and all else that a loss requires. It waits for the device, so use it for
     * debugging.
     */
    STRICT;

    /**
     * Returns whether index data are read and checked to be in range.
     *
     * @param array the index data
     * @return whether they are
     */
    public boolean reads(NDArray array) {
        return this == STRICT || (this == INDICES && !array.getDevice().isGpu());
    }
}
