/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.examples.catalog.Draw;

import java.util.function.UnaryOperator;

/** Random input, made by the engine itself so that the heap of Java stays small. */
record Data(NDManager manager) implements Draw<NDArray> {

    @Override
    public NDArray normal(long... shape) {
        return manager.randomNormal(new Shape(shape));
    }

    @Override
    public NDArray uniform(double low, double high, long... shape) {
        return manager.randomUniform((float) low, (float) high, new Shape(shape));
    }

    @Override
    public NDArray distribution(long... shape) {
        return closing(normal(shape), array -> array.softmax(1));
    }

    @Override
    public NDArray logDistribution(long... shape) {
        return closing(normal(shape), array -> array.logSoftmax(1));
    }

    @Override
    public NDArray counts(long end, long... shape) {
        // Rounding may make the upper bound of a uniform number.
        return closing(uniform(0, end, shape), array -> array.floor().minimum(end - 1));
    }

    @Override
    public NDArray signs(long... shape) {
        return closing(binary(shape), array -> array.mul(2).sub(1));
    }

    @Override
    public NDArray integers(long from, long to, long... shape) {
        NDArray whole =
                closing(counts(to - from, shape), array -> array.toType(DataType.INT64, false));
        return from == 0 ? whole : closing(whole, array -> array.add(from));
    }

    @Override
    public NDArray integer(long value, long... shape) {
        return manager.full(new Shape(shape), (float) value, DataType.INT64);
    }

    @Override
    public NDArray classLists(long rows, long classes) {
        long third = classes / 3;
        NDArray starts = manager.arange(3).toType(DataType.INT64, false).mul(third);
        return classes(third, rows, 3).add(starts).concat(integer(-1, rows, classes - 3), 1);
    }

    /** Returns class indices, one in ten of which is replaced. */
    NDArray classesWithGaps(long classes, long gap, long... shape) {
        NDArray gaps = uniform(0, 1, shape).lt(0.1f).toType(DataType.INT64, false);
        NDArray indices = classes(classes, shape);
        return indices.mul(gaps.neg().add(1)).add(gaps.mul(gap));
    }

    /** Returns {@link #weights(long)} as an array. */
    NDArray weightArray(long classes) {
        return manager.arange(Math.toIntExact(classes))
                .toType(DataType.FLOAT32, false)
                .mod(7)
                .mul(0.25)
                .add(0.5);
    }

    /** Returns a weight for each class. */
    static double[] weights(long classes) {
        double[] weights = new double[Math.toIntExact(classes)];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = 0.5 + i % 7 * 0.25;
        }
        return weights;
    }

    private static NDArray closing(NDArray array, UnaryOperator<NDArray> function) {
        try (array) {
            return function.apply(array);
        }
    }
}
