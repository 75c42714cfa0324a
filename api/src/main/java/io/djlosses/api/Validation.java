/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;

/** How closely a loss looks at its inputs. Ranks, shapes, types and devices are always checked. */
public enum Validation {
    /**
     * Reads no data. A class index out of range gives NaN for its sample, never a crash and never
     * another class's value.
     */
    SHAPES,
    /**
     * The default: reads class indices, lengths and other index data where that is free, which is
     * on a CPU, and rejects what is out of range. Elsewhere like {@link #SHAPES}.
     */
    INDICES,
    /**
     * Reads all data on any device: finite predictions, labels in {−1, 1}, probabilities in [0, 1]
     * and whatever else a loss requires. Waits for the device, so it is meant for finding faults.
     */
    STRICT;

    /**
     * Tells whether index data are read, and rejected when out of range.
     *
     * @param array the index data
     * @return whether they are
     */
    public boolean reads(NDArray array) {
        return this == STRICT || (this == INDICES && !array.getDevice().isGpu());
    }
}
