/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/** How the numbers of an array lie in memory, where an engine has views. */
enum Layout {
    /** One after the other. */
    PLAIN,

    /** Column by column, as a transposed array has them. */
    TRANSPOSED,

    /** With a NaN after each, as a column of a wider array has them. */
    STRIDED,

    /** Not at the start, as the rows of a longer array. */
    OFFSET,

    /** Once for all rows, as a broadcast array has them. Where rows differ they are plain. */
    EXPANDED;

    /** Makes arrays of numbers that lie so. */
    NDList arrays(List<Data> data, NDManager manager, DataType floating) {
        NDList list = new NDList(data.size());
        data.forEach(one -> list.add(array(one, manager, (all, of) -> all.array(of, floating))));
        return list;
    }

    /** Makes an array of numbers that lie so. */
    NDArray array(Data data, NDManager manager, BiFunction<Data, NDManager, NDArray> maker) {
        Shape shape = data.shape();
        int rank = shape.dimension();
        if (rank == 0 || data.values().length == 0) {
            return maker.apply(data, manager);
        }
        return switch (this) {
            case PLAIN -> maker.apply(data, manager);
            case TRANSPOSED -> maker.apply(transposed(data), manager).transpose();
            case STRIDED -> {
                double[] wide = new double[2 * data.values().length];
                Arrays.setAll(wide, i -> i % 2 == 0 ? data.values()[i / 2] : Double.NaN);
                Shape wider = shape.slice(0, rank - 1).add(2 * shape.tail());
                NDArray array = maker.apply(new Data(data.type(), wider, wide), manager);
                yield array.get(new NDIndex("...,::2"));
            }
            case OFFSET -> {
                Data row = data.take(0, 0).map(value -> Double.NaN);
                NDArray array = maker.apply(Data.concat(List.of(row, data)), manager);
                yield array.get(new NDIndex("1:"));
            }
            case EXPANDED -> {
                Data row = data.take(0, 0);
                Data rows = row.take(0, new int[Math.toIntExact(shape.get(0))]);
                yield Arrays.equals(rows.values(), data.values())
                        ? maker.apply(row, manager).broadcast(shape)
                        : maker.apply(data, manager);
            }
        };
    }

    /** Reverses the axes. */
    private static Data transposed(Data data) {
        long[] sizes = data.shape().getShape();
        int rank = sizes.length;
        double[] values = new double[data.values().length];
        int[] position = new int[rank];
        for (double value : data.values()) {
            int place = 0;
            for (int i = rank - 1; i >= 0; i--) {
                place = place * (int) sizes[i] + position[i];
            }
            values[place] = value;
            for (int i = rank - 1; i >= 0 && ++position[i] == sizes[i]; i--) {
                position[i] = 0;
            }
        }
        long[] reversed = new long[rank];
        Arrays.setAll(reversed, i -> sizes[rank - 1 - i]);
        return new Data(data.type(), new Shape(reversed), values);
    }
}
