/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

import ai.djl.ndarray.types.Shape;

import java.util.Random;
import java.util.function.DoubleSupplier;

/** Draws in Java, so that every engine sees the same numbers. */
public final class SeededDraw implements Draw<Numbers> {

    private final Random random;

    /**
     * Begins to draw.
     *
     * @param seed what decides the numbers
     */
    public SeededDraw(long seed) {
        random = new Random(seed);
    }

    @Override
    public Numbers normal(long... shape) {
        return draw(false, random::nextGaussian, shape);
    }

    @Override
    public Numbers uniform(double low, double high, long... shape) {
        return draw(false, () -> low + (high - low) * random.nextDouble(), shape);
    }

    @Override
    public Numbers counts(long end, long... shape) {
        return draw(false, () -> below(end), shape);
    }

    @Override
    public Numbers signs(long... shape) {
        return draw(false, () -> random.nextBoolean() ? 1 : -1, shape);
    }

    @Override
    public Numbers distribution(long... shape) {
        return logDistribution(shape).map(Math::exp);
    }

    @Override
    public Numbers logDistribution(long... shape) {
        Numbers scores = normal(shape);
        double[] values = scores.values();
        int classes = Math.toIntExact(shape[1]);
        int inner = Math.toIntExact(scores.shape().slice(2).size());
        for (int i = 0; i < values.length; i++) {
            if (i / inner % classes == 0) {
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    sum += Math.exp(values[i + c * inner]);
                }
                for (int c = 0; c < classes; c++) {
                    values[i + c * inner] -= Math.log(sum);
                }
            }
        }
        return scores;
    }

    @Override
    public Numbers integers(long from, long to, long... shape) {
        return draw(true, () -> from + below(to - from), shape);
    }

    @Override
    public Numbers classLists(long rows, long classes) {
        long third = classes / 3;
        Numbers lists = draw(true, () -> -1, rows, classes);
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < 3; i++) {
                lists.values()[(int) (row * classes) + i] = i * third + below(third);
            }
        }
        return lists;
    }

    private double below(long end) {
        return Math.floor(random.nextDouble() * end);
    }

    private static Numbers draw(boolean whole, DoubleSupplier number, long... shape) {
        Shape made = new Shape(shape);
        double[] values = new double[Math.toIntExact(made.size())];
        for (int i = 0; i < values.length; i++) {
            values[i] = number.getAsDouble();
        }
        return new Numbers(whole, made, values);
    }
}
