/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.ndarray.types.Shape;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * An array as plain numbers, for any engine.
 *
 * @param whole whether the numbers are 64-bit integers
 * @param shape the shape
 * @param values the values in row-major order
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Numbers(boolean whole, Shape shape, double[] values) {

    Numbers map(DoubleUnaryOperator function) {
        return new Numbers(whole, shape, Arrays.stream(values).map(function).toArray());
    }
}
