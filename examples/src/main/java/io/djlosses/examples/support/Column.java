/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.nd.Nd;

import java.util.Arrays;

/**
 * One array of a data set, kept in Java: the same numbers on every engine.
 *
 * @param rows the numbers of every sample
 * @param shape the shape of one sample
 */
@SuppressWarnings("ArrayRecordComponent")
public record Column(double[][] rows, Shape shape) {

    /**
     * Makes a column of rows of numbers.
     *
     * @param rows the rows, of equal length
     * @return the column
     */
    public static Column of(double[][] rows) {
        return new Column(rows, new Shape(rows[0].length));
    }

    /**
     * Makes a column with one class a sample.
     *
     * @param classes the classes
     * @return the column, of scalars
     */
    public static Column ofClasses(int[] classes) {
        double[][] rows =
                Arrays.stream(classes).mapToObj(c -> new double[] {c}).toArray(double[][]::new);
        return new Column(rows, new Shape());
    }

    /**
     * Makes the array of all samples.
     *
     * @param manager the manager of the array
     * @return the array, FLOAT32
     */
    public NDArray toArray(NDManager manager) {
        return toArray(manager, rows);
    }

    NDArray toArray(NDManager manager, double[][] selected) {
        double[] flat = Arrays.stream(selected).flatMapToDouble(Arrays::stream).toArray();
        Shape whole = new Shape(selected.length).addAll(shape);
        return Nd.create(manager, flat, whole, DataType.FLOAT32);
    }
}
