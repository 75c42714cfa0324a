/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import java.util.EnumSet;
import java.util.Set;

/** Replaces what masks hide. */
public final class Masks {

    /** The types among which every engine selects. */
    private static final Set<DataType> SELECTED =
            EnumSet.of(
                    DataType.FLOAT32,
                    DataType.FLOAT64,
                    DataType.INT32,
                    DataType.INT64,
                    DataType.UINT8);

    private Masks() {}

    /**
     * Replaces what a mask hides of an array whose first axes are those of the values. An axis of
     * size 1 or one that is missing stands for all positions, and is hidden if all of these are.
     *
     * @param mask the BOOLEAN mask, with the axes of the values, of the same size or 1
     * @param values the shape of the values
     * @param array the array, of any type
     * @param fill a number that every formula can take
     * @return the array itself if its axes are not those of the values
     */
    public static NDArray shown(NDArray mask, Shape values, NDArray array, double fill) {
        Shape shape = array.getShape();
        NDArray aligned = mask;
        for (int i = 0; i < values.dimension(); i++) {
            long size = i < shape.dimension() ? shape.get(i) : 1;
            if (size != values.get(i)) {
                if (size != 1) {
                    return array;
                }
                aligned = Nd.any(aligned, i);
            }
        }
        return shown(Nd.withRank(aligned, shape.dimension()), array, fill);
    }

    /**
     * Replaces what a mask hides of an array to whose shape it broadcasts.
     *
     * @param mask the BOOLEAN mask
     * @param array the array, of any type
     * @param fill a number that every formula can take
     * @return the array; FLOAT32 if its type is none among which every engine selects
     */
    public static NDArray shown(NDArray mask, NDArray array, double fill) {
        boolean selected = SELECTED.contains(array.getDataType());
        return Nd.where(mask, selected ? array : array.toType(DataType.FLOAT32, false), fill);
    }
}
