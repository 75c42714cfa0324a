/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.catalog;

/**
 * Draws arrays at random: plain numbers for tests, or arrays of an engine for the benchmark, where
 * the heap of Java would be too small.
 *
 * @param <A> what stands for an array
 */
public interface Draw<A> {

    /**
     * Draws numbers of a normal distribution.
     *
     * @param shape the shape
     * @return the numbers
     */
    A normal(long... shape);

    /**
     * Draws numbers of an interval.
     *
     * @param low the lower end
     * @param high the upper end
     * @param shape the shape
     * @return the numbers
     */
    A uniform(double low, double high, long... shape);

    /**
     * Draws whole numbers from 0, as floating-point numbers.
     *
     * @param end the first number that is not drawn
     * @param shape the shape
     * @return the numbers
     */
    A counts(long end, long... shape);

    /**
     * Draws −1 and 1.
     *
     * @param shape the shape
     * @return the signs
     */
    A signs(long... shape);

    /**
     * Draws distributions along axis 1.
     *
     * @param shape the shape
     * @return the probabilities
     */
    A distribution(long... shape);

    /**
     * Draws the logarithms of distributions along axis 1.
     *
     * @param shape the shape
     * @return the logarithms of the probabilities
     */
    A logDistribution(long... shape);

    /**
     * Draws whole numbers, as integers.
     *
     * @param from the first number
     * @param to the number after the last
     * @param shape the shape
     * @return the numbers
     */
    A integers(long from, long to, long... shape);

    /**
     * Returns rows of three different classes, which −1 ends.
     *
     * @param rows the number of rows
     * @param classes the number of classes, which is the width of a row
     * @return the rows, as integers
     */
    A classLists(long rows, long classes);

    /**
     * Draws probabilities that are not 0 or 1.
     *
     * @param shape the shape
     * @return the probabilities
     */
    default A probabilities(long... shape) {
        return uniform(0.01, 0.99, shape);
    }

    /**
     * Draws 0 and 1, as floating-point numbers.
     *
     * @param shape the shape
     * @return the numbers
     */
    default A binary(long... shape) {
        return counts(2, shape);
    }

    /**
     * Draws class indices.
     *
     * @param classes the number of classes
     * @param shape the shape
     * @return the indices
     */
    default A classes(long classes, long... shape) {
        return integers(0, classes, shape);
    }

    /**
     * Returns the same integer throughout.
     *
     * @param value the integer
     * @param shape the shape
     * @return the integers
     */
    default A integer(long value, long... shape) {
        return integers(value, value + 1, shape);
    }
}
